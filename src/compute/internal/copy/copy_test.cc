#include <gtest/gtest.h>

#include "compute/internal/copy/copy_reader.h"
#include "compute/internal/copy/copy_writer.h"

namespace helios::compute {
namespace {

constexpr SqlType kInt4{type_oid::kInt4};
constexpr SqlType kText{type_oid::kText};

CopyOptions Csv() {
  CopyOptions options;
  options.form = CopyForm::kCsv;
  options.delimiter = ',';
  options.null.clear();
  return options;
}

// Reads (int4, text) rows from `data`, fed `piece` bytes at a time; rows as "1|a;2|NULL", or the
// error.
std::string ReadAll(const CopyOptions& options, const std::string& data, size_t piece) {
  size_t at = 0;
  const TextFormat format;
  CopyReader reader("t", options, {{"a", kInt4, 0, false, false}, {"b", kText, 1, false, false}},
                    format, [&](std::string* out) -> Result<bool> {
                      if (at >= data.size()) return false;
                      out->append(data, at, piece);
                      at += piece;
                      return true;
                    });
  std::string out;
  while (true) {
    Chunk chunk;
    chunk.AddColumn(Vector(kInt4));
    chunk.AddColumn(Vector(kText));
    const Result<size_t> count = reader.Read(&chunk, 2);
    if (!count.ok()) {
      const ErrorInfo& info = count.status().info();
      return info.message + (info.context.empty() ? "" : " / " + info.context);
    }
    if (*count == 0) return out;
    for (size_t row = 0; row < *count; ++row) {
      if (!out.empty()) out += ";";
      out +=
          chunk.column(0).IsNull(row) ? "NULL" : std::to_string(chunk.column(0).At<int32_t>(row));
      out += "|";
      out += chunk.column(1).IsNull(row) ? "NULL" : std::string(chunk.column(1).View(row));
    }
  }
}

// The same whatever the sizes of the pieces.
std::string ReadInPieces(const CopyOptions& options, const std::string& data) {
  const std::string whole = ReadAll(options, data, data.size() + 1);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
    EXPECT_EQ(ReadAll(options, data, piece), whole) << data;
  }
  return whole;
}

TEST(CopyReaderTest, TextFormat) {
  const CopyOptions text;
  EXPECT_EQ(ReadInPieces(text, "1\ta\n2\tb\n3\tc\n"), "1|a;2|b;3|c");
  EXPECT_EQ(ReadInPieces(text, "1\ta\r\n2\tb\r\n"), "1|a;2|b");
  EXPECT_EQ(ReadInPieces(text, "1\ta\n2\tb"), "1|a;2|b");
  EXPECT_EQ(ReadInPieces(text, "\\N\t\\N\n2\t\n"), "NULL|NULL;2|");
  EXPECT_EQ(ReadInPieces(text, "1\tx\\ty\\\\z\\x41\\101\\q\n"), "1|x\ty\\zAAq");
  EXPECT_EQ(ReadInPieces(text, "1\tx\\\ny\n"), "1|x\ny");
  EXPECT_EQ(ReadInPieces(text, "1\ta\n\\.\n2\tb\n"), "1|a");
  EXPECT_EQ(ReadInPieces(text, ""), "");
}

TEST(CopyReaderTest, TextErrorsNameTheirPlace) {
  const CopyOptions text;
  EXPECT_EQ(ReadInPieces(text, "1\ta\nx\tb\n"),
            "invalid input syntax for type integer: \"x\" / COPY t, line 2, column a: \"x\"");
  EXPECT_EQ(ReadInPieces(text, "1\n"), "missing data for column \"b\" / COPY t, line 1: \"1\"");
  EXPECT_EQ(ReadInPieces(text, "1\ta\tz\n"),
            "extra data after last expected column / COPY t, line 1: \"1\ta\tz\"");
  EXPECT_TRUE(ReadInPieces(text, "1\ta\n2\tb\r\n").starts_with("literal carriage return found"));
}

TEST(CopyReaderTest, CsvFormat) {
  EXPECT_EQ(ReadInPieces(Csv(), "1,a\n2,\"b,\"\"c\"\"\nd\"\n3,\n,\"\"\n"),
            "1|a;2|b,\"c\"\nd;3|NULL;NULL|");
  EXPECT_EQ(ReadInPieces(Csv(), "1,\"open\n"),
            "unterminated CSV quoted field / COPY t, line 2: \"1,\"open\n\"");
  CopyOptions escaped = Csv();
  escaped.escape = '\\';
  EXPECT_EQ(ReadInPieces(escaped, "1,\"a\\\"b\\\\c\"\n"), "1|a\"b\\c");
  CopyOptions header = Csv();
  header.header = CopyHeader::kMatch;
  EXPECT_EQ(ReadInPieces(header, "a,b\n1,x\n"), "1|x");
  EXPECT_EQ(ReadInPieces(header, "a,c\n1,x\n"),
            "column name mismatch in header line field 2: got \"c\", expected \"b\" / "
            "COPY t, line 1: \"a,c\"");
  EXPECT_EQ(ReadInPieces(header, "a\n1,x\n"),
            "wrong number of fields in header line: got 1, expected 2 / COPY t, line 1: \"a\"");
}

// Writes two rows; what comes out.
std::string WriteAll(const CopyOptions& options) {
  Chunk chunk;
  chunk.AddColumn(Vector(kInt4));
  chunk.AddColumn(Vector(kText));
  chunk.column(0).Set<int32_t>(0, 1);
  chunk.column(1).SetString(0, "a\tb,\"c\"\\\nd");
  chunk.column(0).SetNull(1);
  chunk.column(1).SetString(1, "");
  chunk.SetRowCount(2);
  std::string out;
  const TextFormat format;
  CopyWriter writer(options, {"a", "b"}, {false, false}, format, [&out](std::string_view bytes) {
    out.append(bytes);
    return Status::Ok();
  });
  EXPECT_TRUE(writer.Begin().ok());
  EXPECT_TRUE(writer.Write(chunk).ok());
  EXPECT_TRUE(writer.End().ok());
  EXPECT_EQ(writer.row_count(), 2u);
  return out;
}

TEST(CopyWriterTest, WritesWhatTheReaderReads) {
  EXPECT_EQ(WriteAll(CopyOptions()), "1\ta\\tb,\"c\"\\\\\\nd\n\\N\t\n");
  CopyOptions csv = Csv();
  csv.header = CopyHeader::kPresent;
  EXPECT_EQ(WriteAll(csv), "a,b\n1,\"a\tb,\"\"c\"\"\\\nd\"\n,\"\"\n");
  CopyOptions binary;
  binary.form = CopyForm::kBinary;
  EXPECT_EQ(ReadInPieces(CopyOptions(), WriteAll(CopyOptions())), "1|a\tb,\"c\"\\\nd;NULL|");
  EXPECT_EQ(ReadInPieces(csv, WriteAll(csv)), "1|a\tb,\"c\"\\\nd;NULL|");
  EXPECT_EQ(ReadInPieces(binary, WriteAll(binary)), "1|a\tb,\"c\"\\\nd;NULL|");
}

TEST(CopyReaderTest, DamagedBinaryDataIsRefused) {
  CopyOptions binary;
  binary.form = CopyForm::kBinary;
  const std::string good = WriteAll(binary);
  EXPECT_EQ(ReadInPieces(binary, "nonsense, and more of it"), "COPY file signature not recognized");
  for (size_t length = 0; length + 2 < good.size(); ++length) {
    ReadAll(binary, good.substr(0, length), 5);
  }
  EXPECT_EQ(ReadInPieces(binary, good + "x"), "received copy data after EOF marker");
  std::string three = good;
  three[20] = 3;
  EXPECT_EQ(ReadInPieces(binary, three), "row field count is 3, expected 2");
}

}  // namespace
}  // namespace helios::compute
