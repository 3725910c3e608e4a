// Start-up, authentication, and what reaches a connection from outside: notifications,
// cancellation, termination, time.

#include <gtest/gtest.h>

#include "base/codec.h"
#include "protocol/common/scram.h"
#include "protocol/pg/internal/test_client.h"
#include "protocol/pg/messages.h"
#include "sys/crypto.h"

namespace helios::protocol::pg {
namespace {

std::string Request(uint32_t code) {
  std::string bytes;
  AppendBigEndian<uint32_t>(&bytes, 8);
  AppendBigEndian(&bytes, code);
  return bytes;
}

std::string ErrorOf(TestServer& server, const std::string& first_bytes, std::string* message) {
  auto client = server.Connect();
  client->Send(first_bytes);
  client->ReceiveUntil('E');
  EXPECT_EQ(client->Field('E', 'S'), "FATAL");
  EXPECT_TRUE(client->AtEnd());
  *message = client->Field('E', 'M');
  return client->Field('E', 'C');
}

TEST(StartUp, EncryptionIsDeclinedWithoutCertificate) {
  TestServer server;
  auto client = server.Connect();
  client->Send(Request(kGssEncRequestCode));
  EXPECT_EQ(client->ReceiveBytes(1), "N");
  client->Send(Request(kSslRequestCode));
  EXPECT_EQ(client->ReceiveBytes(1), "N");
  client->Send(Startup({{"user", "u"}, {"database", "d"}, {"client_encoding", "'utf-8'"}}));
  EXPECT_EQ(client->ReceiveUntil('Z'), "RSSKZ");
  EXPECT_EQ(server.engine.options().user, "u");
  EXPECT_EQ(server.engine.options().database, "d");
  ASSERT_EQ(server.engine.options().settings.size(), 1u);
  EXPECT_EQ(server.engine.options().settings[0].second, "UTF8");
}

TEST(StartUp, BytesBehindTheSslRequestAreAnAttack) {
  TestServer server;
  std::string message;
  EXPECT_EQ(ErrorOf(server, Request(kSslRequestCode) + "x", &message), "08P01");
  EXPECT_EQ(message, "received unencrypted data after SSL request");
}

TEST(StartUp, NewerMinorVersionsAndUnknownOptionsAreNegotiated) {
  TestServer server;
  auto client = server.Connect();
  client->Send(Startup({{"user", "u"}, {"_pq_.wish", "1"}}, (3u << 16) | 2));
  EXPECT_EQ(client->ReceiveUntil('Z'), "vRSSKZ");
  EXPECT_EQ(client->Body('v'), std::string("\0\3\0\0\0\0\0\1_pq_.wish\0", 18));
}

TEST(StartUp, BadPacketsAreRefused) {
  TestServer server;
  std::string message;
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}}, 2u << 16), &message), "0A000");
  EXPECT_EQ(message, "unsupported frontend protocol 2.0: server supports 3.0 to 3.0");
  EXPECT_EQ(ErrorOf(server, Startup({{"database", "d"}}), &message), "28000");
  EXPECT_EQ(message, "no PostgreSQL user name specified in startup packet");
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}, {"database", "missing"}}), &message), "3D000");
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}, {"replication", "true"}}), &message), "0A000");
  EXPECT_EQ(ErrorOf(server, std::string("\0\0\x40\0\0\3\0\0", 8), &message), "08P01");
  EXPECT_EQ(message, "invalid length of startup packet");
  EXPECT_EQ(ErrorOf(server, std::string("\0\0\0\x0c\0\3\0\0user", 12), &message), "08P01");
}

TEST(StartUp, CommandLineOptionsAreSettings) {
  TestServer server;
  auto client = server.Connect();
  client->Send(
      Startup({{"user", "u"}, {"options", " -c search_path=a,\\ b  --work-mem=4MB -cgeqo=off "}}));
  EXPECT_EQ(client->ReceiveUntil('Z'), "RSSKZ");
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"search_path", "a, b"}, {"work_mem", "4MB"}, {"geqo", "off"}};
  EXPECT_EQ(server.engine.options().settings, wanted);
}

TEST(StartUp, BadCommandLineOptionsAreRefused) {
  TestServer server;
  std::string message;
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}, {"options", "-c geqo"}}), &message), "42601");
  EXPECT_EQ(message, "-c geqo requires a value");
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}, {"options", "--geqo"}}), &message), "42601");
  EXPECT_EQ(message, "--geqo requires a value");
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}, {"options", "x"}}), &message), "42601");
  EXPECT_EQ(message, "invalid command-line argument for server process: x");
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}, {"options", "-c"}}), &message), "42601");
}

TEST(StartUp, TooManyClients) {
  TestServer server({.auth = AuthMethod::kTrust, .connection_count_max = 1, .linger_us = 1000});
  auto first = server.Login();
  std::string message;
  EXPECT_EQ(ErrorOf(server, Startup({{"user", "u"}}), &message), "53300");
  EXPECT_EQ(message, "sorry, too many clients already");
}

TEST(StartUp, SilentClientsAreSentAwayInTime) {
  TestServer server;
  auto client = server.Connect(1000);
  EXPECT_TRUE(client->AtEnd());
}

// Runs the exchange; returns the types received and leaves the messages with `client`.
std::string Scram(TestClient& client, std::string_view user, std::string_view password) {
  client.Send(Startup({{"user", std::string(user)}}));
  EXPECT_EQ(client.ReceiveUntil('R'), "R");
  EXPECT_EQ(client.Body('R'), std::string("\0\0\0\x0aSCRAM-SHA-256\0\0", 19));
  const std::string first_bare = "n=,r=clientnonce";
  std::string initial("SCRAM-SHA-256\0", 14);
  AppendBigEndian(&initial, static_cast<int32_t>(first_bare.size() + 3));
  client.Send(Frame('p', initial + "n,," + first_bare));
  EXPECT_EQ(client.ReceiveUntil('R'), "R");
  const std::string server_first = client.Body('R').substr(4);
  const size_t salt_at = server_first.find(",s=");
  const size_t count_at = server_first.find(",i=");
  const std::string salt =
      sys::Base64Decode(server_first.substr(salt_at + 3, count_at - salt_at - 3)).value();
  const std::string nonce = server_first.substr(2, salt_at - 2);
  EXPECT_TRUE(nonce.starts_with("clientnonce"));
  const std::string salted = sys::Pbkdf2Sha256(
      password, salt, static_cast<uint32_t>(std::stoi(server_first.substr(count_at + 3))));
  const std::string client_key = sys::HmacSha256(salted, "Client Key");
  const std::string without_proof = "c=biws,r=" + nonce;
  const std::string auth_message = first_bare + "," + server_first + "," + without_proof;
  std::string proof = sys::HmacSha256(sys::Sha256(client_key), auth_message);
  for (size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  client.Send(Frame('p', without_proof + ",p=" + sys::Base64Encode(proof)));
  const std::string types = client.ReceiveUntil(password == "right" ? 'Z' : 'E');
  if (password == "right") {
    const std::string signature =
        sys::HmacSha256(sys::HmacSha256(salted, "Server Key"), auth_message);
    EXPECT_EQ(client.Body('R').substr(4), "v=" + sys::Base64Encode(signature));
  }
  return types;
}

TEST(Authentication, Scram) {
  TestServer server({.auth = AuthMethod::kScram, .linger_us = 1000});
  server.engine.AddUser("u", "right");
  auto client = server.Connect();
  EXPECT_EQ(Scram(*client, "u", "right"), "RRSSKZ");
  client = server.Connect();
  EXPECT_EQ(Scram(*client, "u", "wrong"), "E");
  EXPECT_EQ(client->Field('E', 'C'), "28P01");
  EXPECT_EQ(client->Field('E', 'M'), "password authentication failed for user \"u\"");
  EXPECT_TRUE(client->AtEnd());
  // Unknown users get the same dialogue, to the same end.
  client = server.Connect();
  EXPECT_EQ(Scram(*client, "nobody", "wrong"), "E");
  EXPECT_EQ(client->Field('E', 'M'), "password authentication failed for user \"nobody\"");
}

TEST(Authentication, NonsenseInsteadOfScram) {
  TestServer server({.auth = AuthMethod::kScram, .linger_us = 1000});
  server.engine.AddUser("u", "right");
  const std::vector<std::string> answers = {
      Frame('p', "PLAIN"), Frame('p', std::string("SCRAM-SHA-256-PLUS\0\0\0\0\0", 23)),
      Frame('p', std::string("SCRAM-SHA-256\0\0\0\0\2n,", 20)), Frame('Q', std::string("x\0", 2)),
      std::string("p\x7f\0\0\0", 5)};
  for (const std::string& answer : answers) {
    auto client = server.Connect();
    client->Send(Startup({{"user", "u"}}));
    client->ReceiveUntil('R');
    client->Send(answer);
    EXPECT_EQ(client->ReceiveUntil('E'), "E");
    EXPECT_EQ(client->Field('E', 'C'), "08P01");
    EXPECT_TRUE(client->AtEnd());
  }
}

TEST(Outside, NotificationsReachIdleClients) {
  TestServer server;
  auto client = server.Login();
  for (int i = 0; i < 20; ++i) {
    server.engine.newest()->Notify("news");
    const auto message = client->Receive();
    EXPECT_EQ(message.type, 'A');
    EXPECT_EQ(message.body, std::string("\0\0\0\7news\0payload\0", 17));
  }
  // Not in a transaction.
  client->Send(QueryMessage("begin"));
  client->ReceiveUntil('Z');
  server.engine.newest()->Notify("late");
  client->Send(QueryMessage("notice"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "NCZ");
  client->Send(QueryMessage("commit"));
  EXPECT_EQ(client->ReceiveUntil('Z'), "CAZ");
}

TEST(Outside, CancelRequestEndsTheStatement) {
  TestServer server;
  auto client = server.Login();
  client->Send(QueryMessage("wait"));
  const int32_t process_id = server.engine.newest()->process_id();
  for (const uint32_t key : {0u, 0x01020304u}) {
    auto second = server.Connect();
    std::string request;
    AppendBigEndian<uint32_t>(&request, 16);
    AppendBigEndian(&request, kCancelRequestCode);
    AppendBigEndian(&request, process_id);
    AppendBigEndian(&request, key);
    second->Send(request);
    EXPECT_TRUE(second->AtEnd());
  }
  EXPECT_EQ(client->ReceiveUntil('Z'), "EZ");
  EXPECT_EQ(client->Field('E', 'C'), "57014");
}

TEST(Outside, TerminationReachesIdleBusyAndCopyingClients) {
  TestServer server;
  const Status reason = Error(ErrorCode::kAdminShutdown)
                            .Message("terminating connection due to administrator command");
  for (const std::string sql : {"", "wait", "copyin"}) {
    auto client = server.Login();
    if (!sql.empty()) client->Send(QueryMessage(sql));
    if (sql == "wait") server.engine.newest()->AwaitWaiting();
    if (sql == "copyin") client->ReceiveUntil('G');
    server.engine.newest()->Terminate(reason);
    do {
      client->ReceiveUntil('E');
    } while (client->Field('E', 'S') == "ERROR" && client->Receive().type == 'Z');
    EXPECT_EQ(client->Field('E', 'S'), "FATAL");
    EXPECT_EQ(client->Field('E', 'C'), "57P01");
    EXPECT_TRUE(client->AtEnd());
  }
}

TEST(Outside, IdleSessionsEndInTime) {
  TestServer server;
  auto client = server.Login();
  server.engine.newest()->SetIdleLimit(1000);
  client->Send(QueryMessage("series 1"));
  client->ReceiveUntil('Z');
  EXPECT_EQ(client->ReceiveUntil('E'), "E");
  EXPECT_EQ(client->Field('E', 'C'), "57P05");
  EXPECT_TRUE(client->AtEnd());
}

TEST(Outside, ShutdownLetsRunningStatementsFinish) {
  TestServer server;
  auto idle = server.Login();
  auto busy = server.Login();
  FakeSession* session = server.engine.newest();
  busy->Send(QueryMessage("wait"));
  session->AwaitWaiting();
  auto half = server.Connect();
  server.runner.AskAllToEnd(Error(ErrorCode::kAdminShutdown).Message("bye"));
  EXPECT_EQ(idle->ReceiveUntil('E'), "E");
  EXPECT_EQ(idle->Field('E', 'C'), "57P01");
  EXPECT_TRUE(half->AtEnd());
  EXPECT_FALSE(server.runner.WaitUntilEmpty(0));
  session->Cancel();
  // The statement's own end first.
  EXPECT_EQ(busy->ReceiveUntil('Z'), "EZ");
  EXPECT_EQ(busy->ReceiveUntil('E'), "E");
  EXPECT_EQ(busy->Field('E', 'C'), "57P01");
  EXPECT_TRUE(server.runner.WaitUntilEmpty(sys::SystemClock().MonotonicMicros() +
                                           20 * sys::kMicrosPerSecond));
}

}  // namespace
}  // namespace helios::protocol::pg
