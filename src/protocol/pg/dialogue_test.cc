#include <gtest/gtest.h>

#include "base/codec.h"
#include "protocol/pg/internal/test_client.h"
#include "protocol/pg/messages.h"

namespace helios::protocol::pg {
namespace {

std::string Int32Bytes(int32_t value) {
  std::string bytes;
  AppendBigEndian(&bytes, value);
  return bytes;
}

TEST(Simple, QueryEmptyQueryNoticeAndError) {
  TestServer server;
  auto client = server.Login();
  client->Send(QueryMessage("series 2"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDDCZ");
  EXPECT_EQ(client->Body('D'), std::string("\0\1\0\0\0\1", 6) + "1");
  EXPECT_EQ(client->Body('C'), std::string("SELECT 2\0", 9));
  client->Send(QueryMessage(""));
  EXPECT_EQ(client->ReceiveUntil('Z'), "IZ");
  client->Send(QueryMessage("notice"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "NCZ");
  EXPECT_EQ(client->Field('N', 'V'), "NOTICE");
  client->Send(QueryMessage("fail"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDEZ");
  EXPECT_EQ(client->Field('E', 'C'), "22012");
  EXPECT_EQ(client->Field('E', 'S'), "ERROR");
  EXPECT_EQ(client->Body('Z'), "I");
}

TEST(Simple, TransactionStatusAndChangedSettingsAreReported) {
  TestServer server;
  auto client = server.Login();
  client->Send(QueryMessage("begin"));
  client->ReceiveUntil('Z');
  EXPECT_EQ(client->Body('Z'), "T");
  client->Send(QueryMessage("fail"));
  client->ReceiveUntil('Z');
  EXPECT_EQ(client->Body('Z'), "E");
  client->Send(QueryMessage("series 1"));
  client->ReceiveUntil('Z');
  EXPECT_EQ(client->Field('E', 'C'), "25P02");
  client->Send(QueryMessage("rollback") + QueryMessage("set UTC"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "CZ");
  EXPECT_EQ(client->ReceiveUntil('Z'), "CSZ");
  EXPECT_EQ(client->Body('S'), std::string("TimeZone\0UTC\0", 13));
}

TEST(Simple, InvalidUtf8IsRefusedAndTheConnectionGoesOn) {
  TestServer server;
  auto client = server.Login();
  client->Send(QueryMessage("series \xff"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "EZ");
  EXPECT_EQ(client->Field('E', 'C'), "22021");
  client->Send(QueryMessage("series 1"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDCZ");
}

TEST(Simple, FunctionCallIsRefusedAndTheConnectionGoesOn) {
  TestServer server;
  auto client = server.Login();
  client->Send(Frame('F', "anything"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "EZ");
  EXPECT_EQ(client->Field('E', 'C'), "0A000");
}

TEST(Extended, ParseBindDescribeExecuteSync) {
  TestServer server;
  auto client = server.Login();
  client->Send(ParseMessageBytes("", "series 3") + BindMessageBytes("", "") +
               DescribeBytes('P', "") + ExecuteBytes("") + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "12TDDDCZ");
  client->Send(ParseMessageBytes("s", "begin") + DescribeBytes('S', "s") + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "1tnZ");
}

TEST(Extended, FlushAnswersWithoutSync) {
  TestServer server;
  auto client = server.Login();
  client->Send(ParseMessageBytes("s", "echo", {type_oid::kInt4}) + DescribeBytes('S', "s") +
               Frame('H', ""));
  EXPECT_EQ(client->ReceiveUntil('T'), "1tT");
  EXPECT_EQ(client->Body('t'), std::string("\0\1\0\0\0\x17", 6));
  // An error is told at once too, and then all is skipped up to Sync.
  client->Send(ParseMessageBytes("x", "syntax") + Frame('H', ""));
  EXPECT_EQ(client->ReceiveUntil('E'), "E");
  EXPECT_EQ(client->Field('E', 'P'), "1");
  client->Send(QueryMessage("series 1") + BindMessageBytes("", "s", {"1"}) + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "Z");
}

TEST(Extended, PortalsSuspendAndResume) {
  TestServer server;
  auto client = server.Login();
  client->Send(QueryMessage("begin") + ParseMessageBytes("s", "series 5") +
               BindMessageBytes("a", "s") + BindMessageBytes("b", "s") + ExecuteBytes("a", 2) +
               ExecuteBytes("b", 1) + ExecuteBytes("a", 2) + ExecuteBytes("a", 2) + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "CZ");
  EXPECT_EQ(client->ReceiveUntil('Z'), "122DDsDsDDsDCZ");
  // The portals live on while the transaction does.
  client->Send(ExecuteBytes("b", 0) + Frame('C', std::string("Pb\0", 3)) + ExecuteBytes("b") +
               SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "DDDDC3EZ");
  EXPECT_EQ(client->Field('E', 'C'), "34000");
  EXPECT_EQ(client->Body('Z'), "E");
}

TEST(Extended, ParametersAndResultsInTextAndBinary) {
  TestServer server;
  auto client = server.Login();
  const std::vector<Oid> types = {type_oid::kInt4, type_oid::kText, type_oid::kBool};
  client->Send(ParseMessageBytes("s", "echo", types));
  client->Send(BindMessageBytes("", "s", {"42", "\\N", "t"}, {}, {}) + DescribeBytes('P', "") +
               ExecuteBytes("") + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "12TDCZ");
  EXPECT_EQ(client->Body('D'), std::string("\0\3\0\0\0\2", 6) + "42" + "\xff\xff\xff\xff" +
                                   std::string("\0\0\0\1t", 5));
  // One code for all results; one a parameter.
  client->Send(BindMessageBytes("", "s", {Int32Bytes(7), "seven", "f"}, {1, 0, 0}, {1}) +
               DescribeBytes('P', "") + ExecuteBytes("") + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "2TDCZ");
  EXPECT_EQ(client->Body('D'), std::string("\0\3\0\0\0\4\0\0\0\7\0\0\0\5seven\0\0\0\1\0", 24));
  const std::string description = client->Body('T');
  EXPECT_EQ(description.substr(description.size() - 2), std::string("\0\1", 2));
  // One a result.
  client->Send(BindMessageBytes("", "s", {"1", "x", "f"}, {0}, {1, 0, 0}) + ExecuteBytes("") +
               SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "2DCZ");
  EXPECT_EQ(client->Body('D'), std::string("\0\3\0\0\0\4\0\0\0\1\0\0\0\1x\0\0\0\1f", 20));
}

struct BadBind {
  std::string message;
  std::string sqlstate;
  std::string text;
};

TEST(Extended, BadBindsAreRefused) {
  TestServer server;
  auto client = server.Login();
  client->Send(ParseMessageBytes("s", "echo", {type_oid::kInt4, type_oid::kInt4}) + SyncBytes());
  client->ReceiveUntil('Z');
  const std::vector<BadBind> cases = {
      {BindMessageBytes("", "s", {"1"}), "08P01",
       "bind message supplies 1 parameters, but prepared statement \"s\" requires 2"},
      {BindMessageBytes("", "s", {"1", "2"}, {0, 0, 0}), "08P01",
       "bind message has 3 parameter formats but 2 parameters"},
      {BindMessageBytes("", "s", {"1", "2"}, {}, {0, 0, 0}), "08P01",
       "bind message has 3 result formats but query has 2 columns"},
      {BindMessageBytes("", "s", {"1", "2"}, {9}), "22023", "unsupported format code: 9"},
      {BindMessageBytes("", "s", {"1", "2"}, {}, {9}), "22023", "unsupported format code: 9"},
      {BindMessageBytes("", "s", {"1", "x"}), "22P02",
       "invalid input syntax for type integer: \"x\""},
      {BindMessageBytes("", "s", {"1", "12345"}, {0, 1}), "22P03",
       "incorrect binary data format in bind parameter 2"},
      {BindMessageBytes("", "nope", {}), "26000", "prepared statement \"nope\" does not exist"},
      {Frame('B', std::string("\0s\0\0\0\0\1\xff\xff\xff\xfe", 11)), "08P01",
       "insufficient data left in message"},
      {Frame('B', "no end"), "08P01", "invalid string in message"},
      {Frame('E', std::string("\0\0\0\0\0junk", 9)), "08P01", "invalid message format"},
      {Frame('D', std::string("Xs\0", 3)), "08P01", "invalid DESCRIBE message subtype 88"},
      {Frame('C', std::string("Xs\0", 3)), "08P01", "invalid CLOSE message subtype 88"},
  };
  for (const BadBind& bad : cases) {
    client->Send(bad.message + ExecuteBytes("") + SyncBytes());
    EXPECT_EQ(client->ReceiveUntil('Z'), "EZ") << bad.text;
    EXPECT_EQ(client->Field('E', 'C'), bad.sqlstate) << bad.text;
    EXPECT_EQ(client->Field('E', 'M'), bad.text);
  }
}

TEST(Extended, ManyParameters) {
  TestServer server;
  auto client = server.Login();
  const std::vector<Oid> types(65535, type_oid::kInt4);
  const std::vector<std::string> values(65535, "5");
  client->Send(ParseMessageBytes("", "echo", types));
  client->Send(BindMessageBytes("", "", values) + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "12Z");
}

TEST(Copy, InAndOut) {
  TestServer server;
  auto client = server.Login();
  client->Send(QueryMessage("copyin"));
  EXPECT_EQ(client->ReceiveUntil('G'), "G");
  EXPECT_EQ(client->Body('G'), std::string("\0\0\2\0\0\0\0", 7));
  // Flush and Sync mean nothing here.
  client->Send(Frame('d', "one\n") + Frame('H', "") + SyncBytes() + Frame('d', "two\n") +
               Frame('c', ""));
  EXPECT_EQ(client->ReceiveUntil('Z'), "CZ");
  EXPECT_EQ(client->Body('C'), std::string("COPY 8\0", 7));
  client->Send(QueryMessage("copyout"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "HddcCZ");
}

TEST(Copy, FailuresInTheMiddle) {
  TestServer server;
  auto client = server.Login();
  client->Send(QueryMessage("copyin"));
  client->ReceiveUntil('G');
  client->Send(Frame('f', std::string("no more\0", 8)));
  EXPECT_EQ(client->ReceiveUntil('Z'), "EZ");
  EXPECT_EQ(client->Field('E', 'C'), "57014");
  EXPECT_EQ(client->Field('E', 'M'), "COPY from stdin failed: no more");
  // The server fails: what the client still sends is thrown away.
  client->Send(QueryMessage("copyin"));
  client->ReceiveUntil('G');
  client->Send(Frame('d', "bad\n") + Frame('d', "more\n") + Frame('c', "") +
               QueryMessage("series 1"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "EZ");
  EXPECT_EQ(client->Field('E', 'C'), "22P04");
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDCZ");
  // Something else than data.
  client->Send(QueryMessage("copyin"));
  client->ReceiveUntil('G');
  client->Send(QueryMessage("series 1"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "EZ");
  EXPECT_EQ(client->Field('E', 'M'), "unexpected message type 0x51 during COPY from stdin");
}

TEST(Copy, ExtendedSkipsToSyncAfterAnError) {
  TestServer server;
  auto client = server.Login();
  client->Send(ParseMessageBytes("", "copyin") + BindMessageBytes("", "") + ExecuteBytes(""));
  EXPECT_EQ(client->ReceiveUntil('G'), "12G");
  client->Send(Frame('d', "bad") + Frame('d', "more") + Frame('c', "") + SyncBytes());
  EXPECT_EQ(client->ReceiveUntil('Z'), "EZ");
  client->Send(QueryMessage("series 1"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDCZ");
}

TEST(Bounds, MessagesThatCannotBeEndTheConnection) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {std::string("y\0\0\0\4", 5), "invalid frontend message type 121"},
      {std::string("Q\0\0\0\3", 5), "invalid message length"},
      {std::string("Q\xff\xff\xff\xff", 5), "invalid message length"},
      {std::string("Q\x40\0\0\4", 5), "invalid message length"},
      {std::string("S\0\0\x40\0", 5), "invalid message length"},
  };
  TestServer server;
  for (const auto& [bytes, text] : cases) {
    auto client = server.Login();
    client->Send(bytes);
    EXPECT_EQ(client->ReceiveUntil('E'), "E");
    EXPECT_EQ(client->Field('E', 'S'), "FATAL");
    EXPECT_EQ(client->Field('E', 'C'), "08P01");
    EXPECT_EQ(client->Field('E', 'M'), text);
    EXPECT_TRUE(client->AtEnd());
  }
}

TEST(Bounds, LargeMessagesBothWays) {
  TestServer server;
  auto client = server.Login();
  const std::string sql = "begin" + std::string(3'000'000, ' ');
  client->Send(QueryMessage(sql));
  EXPECT_EQ(client->ReceiveUntil('Z'), "CZ");
  client->Send(QueryMessage("text 5000000"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDCZ");
  EXPECT_EQ(client->Body('D').size(), 5'000'006u);
  client->Send(QueryMessage("series 100000"));
  EXPECT_EQ(client->ReceiveUntil('Z').size(), 100'003u);
}

TEST(Leaving, TerminateHalfMessagesAndSilence) {
  TestServer server;
  auto client = server.Login();
  client->Send(Frame('X', ""));
  EXPECT_TRUE(client->AtEnd());
  // Half a message, then gone.
  client = server.Login();
  client->Send(std::string("Q\0\0\0\x20sel", 8));
  client->CloseWrite();
  EXPECT_TRUE(client->AtEnd());
  // Gone in the middle of a COPY.
  client = server.Login();
  client->Send(QueryMessage("copyin"));
  client->ReceiveUntil('G');
  client->CloseWrite();
  EXPECT_TRUE(client->AtEnd());
  // The reply does not wait for the rest of the next message.
  client = server.Login();
  client->Send(QueryMessage("series 1") + std::string("Q\0\0", 3));
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDCZ");
  client->Send(std::string("\0\x0dseries 2\0", 11));
  EXPECT_EQ(client->ReceiveUntil('Z'), "TDDCZ");
}

}  // namespace
}  // namespace helios::protocol::pg
