#include "base/codec.h"

#include <gtest/gtest.h>

namespace helios {
namespace {

TEST(CodecTest, VarintsRoundTripAtTheirLimits) {
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{16383},
                         uint64_t{1} << 63, ~uint64_t{0}}) {
    std::string bytes;
    AppendVarint(&bytes, value);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.Varint().value(), value);
    EXPECT_TRUE(reader.empty());
  }
}

TEST(CodecTest, TruncatedInputIsAnErrorThatConsumesNothing) {
  std::string bytes;
  AppendLengthPrefixed(&bytes, "hello");
  bytes.pop_back();
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.LengthPrefixed().status().Is(ErrorCode::kDataCorrupted));
  EXPECT_EQ(reader.rest().size(), bytes.size());
  EXPECT_FALSE(reader.BigEndian<int64_t>().ok());
}

TEST(CodecTest, OverlongVarintIsRefused) {
  const std::string bytes(11, static_cast<char>(0xff));
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.Varint().status().Is(ErrorCode::kDataCorrupted));
}

TEST(CodecTest, BigEndianSortsAsUnsigned) {
  std::string low, high;
  AppendBigEndian<uint32_t>(&low, 255);
  AppendBigEndian<uint32_t>(&high, 256);
  EXPECT_LT(low, high);
  EXPECT_EQ(ByteReader(high).BigEndian<uint32_t>().value(), 256u);
}

}  // namespace
}  // namespace helios
