// Messages byte by byte.

#include <gtest/gtest.h>

#include <limits>

#include "protocol/pg/messages.h"
#include "protocol/pg/row_encoder.h"

namespace helios::protocol::pg {
namespace {

template <size_t kSize>
std::string Bytes(const char (&literal)[kSize]) {
  return std::string(literal, kSize - 1);
}

TEST(Encode, SmallMessages) {
  std::string out;
  AppendEmpty('1', &out);
  EXPECT_EQ(out, Bytes("1\0\0\0\4"));
  out.clear();
  AppendAuthentication(0, "", &out);
  EXPECT_EQ(out, Bytes("R\0\0\0\x08\0\0\0\0"));
  out.clear();
  AppendSaslMechanisms(true, &out);
  EXPECT_EQ(out, Bytes("R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"));
  out.clear();
  AppendParameterStatus("a", "b", &out);
  EXPECT_EQ(out, Bytes("S\0\0\0\x08"
                       "a\0b\0"));
  out.clear();
  AppendBackendKeyData(1, 0xffffffff, &out);
  EXPECT_EQ(out, Bytes("K\0\0\0\x0c\0\0\0\1\xff\xff\xff\xff"));
  out.clear();
  AppendReadyForQuery(compute::TransactionStatus::kFailed, &out);
  EXPECT_EQ(out, Bytes("Z\0\0\0\5E"));
  out.clear();
  AppendCommandComplete("SELECT 1", &out);
  EXPECT_EQ(out, Bytes("C\0\0\0\x0dSELECT 1\0"));
  out.clear();
  AppendParameterDescription({23, 25}, &out);
  EXPECT_EQ(out, Bytes("t\0\0\0\x0e\0\2\0\0\0\x17\0\0\0\x19"));
  out.clear();
  AppendCopyResponse('H', {.binary = true, .column_count = 2}, &out);
  EXPECT_EQ(out, Bytes("H\0\0\0\x0b\1\0\2\0\1\0\1"));
  out.clear();
  AppendNotification({1, "c", "p"}, &out);
  EXPECT_EQ(out, Bytes("A\0\0\0\x0c\0\0\0\1c\0p\0"));
}

TEST(Encode, RowDescription) {
  const std::vector<compute::FieldDescription> fields = {
      {.name = "n", .type = {23, -1}, .type_length = 4, .table = 16385, .column_number = 2},
      {.name = "v", .type = {1043, 14}}};
  std::string out;
  AppendRowDescription(fields, std::vector<int16_t>{0, 1}, &out);
  EXPECT_EQ(out, Bytes("T\0\0\0\x2e\0\2"
                       "n\0\0\0\x40\1\0\2\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"
                       "v\0\0\0\0\0\0\0\0\0\4\x13\xff\xff\0\0\0\x0e\0\1"));
}

TEST(Encode, ErrorsAndNotices) {
  ErrorInfo error;
  error.code = ErrorCode::kUniqueViolation;
  error.message = "duplicate";
  error.detail = "Key.";
  error.position = 7;
  error.schema = "s";
  error.table = "t";
  error.column = "c";
  error.datatype = "d";
  error.constraint = "n";
  error.context = Bytes("w\0cut");
  std::string out;
  AppendError("ERROR", error, &out);
  EXPECT_EQ(out.substr(5),
            Bytes("SERROR\0VERROR\0C23505\0Mduplicate\0DKey.\0P7\0Ww\0ss\0tt\0cc\0dd\0nn\0\0"));
  compute::Notice notice;
  notice.severity = compute::Notice::Severity::kWarning;
  notice.sqlstate = "01000";
  out.clear();
  AppendNotice(notice, &out);
  EXPECT_EQ(out.substr(5), Bytes("SWARNING\0VWARNING\0C01000\0M\0\0"));
}

TEST(Decode, Messages) {
  // Decoded messages point into the bytes.
  const std::string parse_bytes = Bytes("s\0select\0\0\1\0\0\0\x17");
  const auto parse = DecodeParse(parse_bytes);
  ASSERT_TRUE(parse.ok());
  EXPECT_EQ(parse->statement, "s");
  EXPECT_EQ(parse->sql, "select");
  EXPECT_EQ(parse->parameter_types, std::vector<Oid>{23});
  const std::string bind_bytes = Bytes("p\0s\0\0\1\0\1\0\2\xff\xff\xff\xff\0\0\0\2ab\0\2\0\0\0\1");
  const auto bind = DecodeBind(bind_bytes);
  ASSERT_TRUE(bind.ok());
  ASSERT_EQ(bind->parameters.size(), 2u);
  EXPECT_TRUE(bind->parameters[0].is_null);
  EXPECT_EQ(bind->parameters[1].bytes, "ab");
  EXPECT_EQ(bind->result_formats, (std::vector<int16_t>{0, 1}));
  EXPECT_EQ(DecodeExecute(Bytes("p\0\xff\xff\xff\xff"))->row_count_max, -1);
  EXPECT_EQ(DecodeTarget(Bytes("Sname\0"))->kind, 'S');
  const auto sasl = DecodeSaslInitial(Bytes("M\0\xff\xff\xff\xff"));
  ASSERT_TRUE(sasl.ok());
  EXPECT_FALSE(sasl->has_data);
  const auto cancel = DecodeStartupPacket(Bytes("\x04\xd2\x16\x2e\0\0\0\1\0\0\0\2"));
  ASSERT_TRUE(cancel.ok());
  EXPECT_EQ(cancel->cancel_process_id, 1);
  EXPECT_EQ(cancel->cancel_key, 2u);
}

// Whatever is cut off, nothing is read past the end, and nothing decodes.
TEST(Decode, EveryPrefixIsRefused) {
  const std::string parse = Bytes("s\0select\0\0\1\0\0\0\x17");
  for (size_t size = 0; size < parse.size(); ++size) {
    EXPECT_TRUE(DecodeParse(parse.substr(0, size)).status().Is(ErrorCode::kProtocolViolation));
  }
  const std::string bind = Bytes("p\0s\0\0\1\0\1\0\2\xff\xff\xff\xff\0\0\0\2ab\0\2\0\0\0\1");
  for (size_t size = 0; size < bind.size(); ++size) {
    EXPECT_TRUE(DecodeBind(bind.substr(0, size)).status().Is(ErrorCode::kProtocolViolation));
  }
  const std::string startup = Bytes("\0\3\0\0user\0u\0\0");
  for (size_t size = 0; size < startup.size(); ++size) {
    EXPECT_FALSE(DecodeStartupPacket(startup.substr(0, size)).ok());
  }
  EXPECT_TRUE(DecodeStartupPacket(startup).ok());
}

class RowsTest : public ::testing::Test {
 protected:
  RowsTest()
      : pair_(sys::SocketPair()), channel_(std::make_unique<sys::PlainStream>(pair_.first.fd())) {}

  template <typename T>
  std::string Encode(Oid type, T raw, int16_t format) {
    Vector vector(SqlType{type});
    vector.Set<T>(0, raw);
    return EncodeVector(std::move(vector), format);
  }
  std::string EncodeVector(Vector vector, int16_t format) {
    Chunk chunk;
    chunk.AddColumn(std::move(vector));
    chunk.SetRowCount(1);
    channel_.out().clear();
    const int16_t formats[] = {format};
    const Status status = SendDataRows(chunk, formats, TextFormat(), channel_);
    EXPECT_TRUE(status.ok()) << status.ToString();
    // Behind type, length, column count and the value's own length.
    return channel_.out().size() < 11 ? channel_.out() : channel_.out().substr(11);
  }

  std::pair<sys::Socket, sys::Socket> pair_;
  Channel channel_;
};

TEST_F(RowsTest, NumbersInTextAndBinary) {
  EXPECT_EQ(Encode<int16_t>(type_oid::kInt2, -32768, 0), "-32768");
  EXPECT_EQ(Encode<int16_t>(type_oid::kInt2, -2, 1), Bytes("\xff\xfe"));
  EXPECT_EQ(Encode<int32_t>(type_oid::kInt4, -7, 0), "-7");
  EXPECT_EQ(Encode<int32_t>(type_oid::kInt4, 258, 1), Bytes("\0\0\1\2"));
  EXPECT_EQ(Encode<int64_t>(type_oid::kInt8, std::numeric_limits<int64_t>::min(), 0),
            "-9223372036854775808");
  EXPECT_EQ(Encode<int64_t>(type_oid::kInt8, 258, 1), Bytes("\0\0\0\0\0\0\1\2"));
  EXPECT_EQ(Encode<uint8_t>(type_oid::kBool, 1, 0), "t");
  EXPECT_EQ(Encode<uint8_t>(type_oid::kBool, 1, 1), Bytes("\1"));
  EXPECT_EQ(Encode<double>(type_oid::kFloat8, 1.5, 0), "1.5");
  EXPECT_EQ(Encode<double>(type_oid::kFloat8, 1.5, 1), Bytes("\x3f\xf8\0\0\0\0\0\0"));
  EXPECT_EQ(Encode<int32_t>(type_oid::kDate, 0, 0), "2000-01-01");
}

TEST_F(RowsTest, StringsAndNulls) {
  for (const std::string text : {"short", "longer than twelve bytes"}) {
    Vector vector(SqlType{type_oid::kText});
    vector.SetString(0, text);
    EXPECT_EQ(EncodeVector(vector, 0), text);
    EXPECT_EQ(EncodeVector(vector, 1), text);
  }
  EncodeVector(Vector::ConstantNull(SqlType{type_oid::kText}), 0);
  EXPECT_EQ(channel_.out(), Bytes("D\0\0\0\x0a\0\1\xff\xff\xff\xff"));
}

}  // namespace
}  // namespace helios::protocol::pg
