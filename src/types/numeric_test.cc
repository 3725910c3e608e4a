#include "types/numeric.h"

#include <gtest/gtest.h>

#include <random>

namespace helios {
namespace {

TEST(NumericTest, SmallEncodingsAgreeWithTheGeneralOne) {
  for (const int64_t value :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{127}, int64_t{128}, int64_t{-128},
        int64_t{-129}, int64_t{255}, int64_t{32768}, INT64_MAX, INT64_MIN}) {
    for (const int32_t scale : {0, 2, 16383}) {
      const StringRef small = EncodeSmallNumeric(value, scale);
      EXPECT_EQ(small.view(), Numeric::FromParts(value, scale).Encode()) << value;
      SmallNumeric decoded;
      ASSERT_TRUE(DecodeSmallNumeric(small, &decoded));
      EXPECT_EQ(decoded.coefficient, value);
      EXPECT_EQ(decoded.scale, scale);
    }
  }
  SmallNumeric unused;
  EXPECT_FALSE(DecodeSmallNumeric(StringRef(Numeric::NaN().Encode()), &unused));
}

TEST(NumericTest, EveryEncodingReadsBack) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 500; ++i) {
    std::string digits(1 + random() % 90, '0');
    for (char& digit : digits) digit = static_cast<char>('0' + random() % 10);
    const Numeric value =
        Numeric::FromDigits(random() % 2 == 0, digits, static_cast<int32_t>(random() % 50));
    EXPECT_EQ(Numeric::Decode(value.Encode()).ToString(), value.ToString());
    EXPECT_TRUE(Numeric::DecodeChecked(value.Encode()).ok());
    EXPECT_EQ(Numeric::Parse(value.ToString()).value().Encode(), value.Encode());
    std::string wire;
    value.FormatBinary(&wire);
    EXPECT_EQ(Numeric::ParseBinary(wire).value().Encode(), value.Encode()) << value.ToString();
    EXPECT_EQ(value.Hash(), HashNumericEncoded(value.Encode()));
    const Numeric wider = value.Round(value.scale() + 7);
    EXPECT_EQ(value.Hash(), wider.Hash());
    EXPECT_EQ(wider.TrimScale().Encode(), value.TrimScale().Encode());
  }
}

TEST(NumericTest, OtherEncodingsAreRefused) {
  EXPECT_FALSE(Numeric::DecodeChecked("").ok());
  EXPECT_FALSE(Numeric::DecodeChecked(std::string("\0\0\1\0", 4)).ok());  // Not minimal.
  EXPECT_FALSE(Numeric::DecodeChecked(std::string("\0\x40\1", 3)).ok());  // NaN with digits.
}

TEST(NumericTest, SumsAreExactWhateverTheMix) {
  NumericSum sum;
  Numeric expected;
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string digits(1 + random() % (i % 100 == 0 ? 60 : 15), '9');
    const Numeric value =
        Numeric::FromDigits(random() % 3 == 0, digits, static_cast<int32_t>(random() % 12));
    const std::string encoded = value.Encode();
    sum.Add(StringRef(encoded));
    expected = Numeric::Add(expected, value).value();
  }
  EXPECT_EQ(sum.Sum().value().ToString(), expected.ToString());
  EXPECT_EQ(sum.count(), 2000);
  std::string bytes;
  sum.EncodeTo(&bytes);
  bytes += "tail";
  std::string_view rest = bytes;
  const NumericSum back = NumericSum::Decode(&rest).value();
  EXPECT_EQ(rest, "tail");
  EXPECT_EQ(back.Sum().value().ToString(), expected.ToString());
  NumericSum merged;
  merged.Merge(back);
  merged.Merge(sum);
  EXPECT_EQ(merged.Sum().value().ToString(), Numeric::Add(expected, expected).value().ToString());
  NumericSum integers;
  const std::string large = Numeric::FromInt64(INT64_MAX).Encode();
  for (int i = 0; i < 3; ++i) integers.Add(StringRef(large));
  EXPECT_EQ(integers.Sum().value().ToString(), "27670116110564327421");
  NumericSum special;
  special.Add(StringRef(Numeric::Infinity(false).Encode()));
  special.Add(StringRef(Numeric::Infinity(true).Encode()));
  EXPECT_TRUE(special.Sum().value().is_nan());
}

TEST(NumericTest, HugeValuesStayWithinTheFormat) {
  const Numeric huge = Numeric::Parse("1e131071").value();
  EXPECT_EQ(Numeric::Multiply(huge, Numeric::FromInt64(10)).status().info().message,
            "value overflows numeric format");
  EXPECT_FALSE(Numeric::Parse("1e131072").ok());
  EXPECT_FALSE(Numeric::Parse("1e999999999999").ok());
  EXPECT_FALSE(Numeric::Parse("1e-16384").ok());
  EXPECT_EQ(Numeric::Compare(huge, Numeric::Parse("1e131070").value()), 1);
}

}  // namespace
}  // namespace helios
