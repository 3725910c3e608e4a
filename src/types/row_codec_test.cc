#include "types/row_codec.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "types/datetime.h"

namespace helios {
namespace {

constexpr SqlType kInt4{type_oid::kInt4};
constexpr SqlType kText{type_oid::kText};
constexpr SqlType kInterval{type_oid::kInterval};

std::vector<Value> SampleRow() {
  return {Value::Int4(7),     Value::Text("a text longer than twelve bytes"),
          Value::Null(kInt4), Value::Fixed(kInterval, Interval{5, 6, 7}),
          Value::Bool(true),  Value::Text("")};
}

std::vector<RowColumn> SampleColumns(const std::vector<ColumnId>& ids) {
  const SqlType types[] = {kInt4, kText, kInt4, kInterval, {type_oid::kBool}, kText};
  std::vector<RowColumn> columns;
  for (size_t i = 0; i < ids.size(); ++i) {
    columns.push_back({ids[i], types[i], PhysicalTypeOf(types[i].oid), Value::Null(types[i])});
  }
  return columns;
}

TEST(RowCodecTest, RoundTripsDenseAndSparseIds) {
  for (const std::vector<ColumnId>& ids :
       {std::vector<ColumnId>{1, 2, 3, 4, 5, 6}, std::vector<ColumnId>{2, 5, 9, 10, 11, 300},
        std::vector<ColumnId>{1, 2, 3, 4, 5, 70000}}) {
    const std::vector<Value> row = SampleRow();
    std::string encoded;
    RowEncoder(ids).Encode(row, &encoded);
    RowDecoder decoder(SampleColumns(ids));
    Chunk chunk;
    for (const RowColumn& column : decoder.columns()) chunk.AddColumn(Vector(column.type));
    ASSERT_TRUE(decoder.Decode(encoded, &chunk, 3).ok());
    for (size_t i = 0; i < row.size(); ++i) {
      EXPECT_TRUE(Value::FromVector(chunk.column(i), 3).SameAs(row[i])) << i;
    }
    // A second row of the same shape.
    ASSERT_TRUE(decoder.Decode(encoded, &chunk, 4).ok());
    EXPECT_EQ(chunk.column(1).View(4), "a text longer than twelve bytes");
  }
}

TEST(RowCodecTest, NotesItsWriter) {
  for (const std::vector<ColumnId>& ids :
       {std::vector<ColumnId>{1, 2, 3, 4, 5, 6}, std::vector<ColumnId>{1, 2, 3, 4, 5, 70000}}) {
    RowEncoder encoder(ids);
    std::string unsigned_row, signed_row;
    encoder.Encode(SampleRow(), &unsigned_row);
    encoder.set_writer(4000000000u);
    encoder.Encode(SampleRow(), &signed_row);
    RowDecoder decoder({{ids[1], kText, PhysicalType::kVarlen, Value::Null(kText)},
                        {kWriterColumnId, {type_oid::kXid}, PhysicalType::kInt32, Value()}});
    Chunk chunk;
    for (const RowColumn& column : decoder.columns()) chunk.AddColumn(Vector(column.type));
    ASSERT_TRUE(decoder.Decode(unsigned_row, &chunk, 0).ok());
    ASSERT_TRUE(decoder.Decode(signed_row, &chunk, 1).ok());
    EXPECT_EQ(chunk.column(1).At<uint32_t>(0), kFrozenWriter);
    EXPECT_EQ(chunk.column(1).At<uint32_t>(1), 4000000000u);
    EXPECT_EQ(chunk.column(0).View(1), "a text longer than twelve bytes");
    EXPECT_FALSE(decoder.Decode(std::string_view(signed_row).substr(0, 6), &chunk, 2).ok());
  }
}

TEST(RowCodecTest, ColumnsComeAndGoWithoutRewriting) {
  std::string old_row;
  RowEncoder({1, 2, 3}).Encode(std::vector<Value>{Value::Int4(1), Value::Int4(2), Value::Int4(3)},
                               &old_row);
  // Column 2 was dropped, columns 4 and 5 were added, 4 with a default.
  RowDecoder decoder({{1, kInt4, PhysicalType::kInt32, Value::Null(kInt4)},
                      {3, kInt4, PhysicalType::kInt32, Value::Null(kInt4)},
                      {4, kText, PhysicalType::kVarlen, Value::Text("default")},
                      {5, kInt4, PhysicalType::kInt32, Value::Null(kInt4)}});
  Chunk chunk;
  for (const RowColumn& column : decoder.columns()) chunk.AddColumn(Vector(column.type));
  ASSERT_TRUE(decoder.Decode(old_row, &chunk, 0).ok());
  EXPECT_EQ(chunk.column(0).At<int32_t>(0), 1);
  EXPECT_EQ(chunk.column(1).At<int32_t>(0), 3);
  EXPECT_EQ(chunk.column(2).View(0), "default");
  EXPECT_TRUE(chunk.column(3).IsNull(0));
  std::string new_row;
  RowEncoder({1, 3, 4, 5})
      .Encode(
          std::vector<Value>{Value::Int4(10), Value::Int4(30), Value::Text("set"), Value::Int4(50)},
          &new_row);
  ASSERT_TRUE(decoder.Decode(new_row, &chunk, 1).ok());
  EXPECT_EQ(chunk.column(1).At<int32_t>(1), 30);
  EXPECT_EQ(chunk.column(2).View(1), "set");
  EXPECT_EQ(chunk.column(3).At<int32_t>(1), 50);
}

TEST(RowCodecTest, LargeValuesUseWideOffsets) {
  const std::string large(100000, 'x');
  std::string encoded;
  RowEncoder({1, 2}).Encode(std::vector<Value>{Value::Text(large), Value::Int4(5)}, &encoded);
  RowDecoder decoder(
      {{2, kInt4, PhysicalType::kInt32, Value()}, {1, kText, PhysicalType::kVarlen, Value()}});
  Vector number(kInt4);
  Vector text(kText);
  Vector* const out[] = {&number, &text};
  ASSERT_TRUE(decoder.Decode(encoded, out, 0).ok());
  EXPECT_EQ(number.At<int32_t>(0), 5);
  EXPECT_EQ(text.View(0), large);
}

TEST(RowCodecTest, DamagedRowsAreRefused) {
  std::string encoded;
  RowEncoder({1, 2, 3, 4, 5, 6}).Encode(SampleRow(), &encoded);
  RowDecoder decoder(SampleColumns({1, 2, 3, 4, 5, 6}));
  Chunk chunk;
  for (const RowColumn& column : decoder.columns()) chunk.AddColumn(Vector(column.type));
  for (size_t length = 0; length < encoded.size(); ++length) {
    // A copy of the exact size, so that a sanitizer sees a read past the end.
    const std::unique_ptr<char[]> exact(new char[length]);
    std::memcpy(exact.get(), encoded.data(), length);
    EXPECT_TRUE(decoder.Decode(std::string_view(exact.get(), length), &chunk, 0)
                    .Is(ErrorCode::kDataCorrupted));
  }
  encoded[0] = 2;
  const Status newer = decoder.Decode(encoded, &chunk, 0);
  EXPECT_EQ(newer.info().message, "row has format version 2, this program knows 1");
}

}  // namespace
}  // namespace helios
