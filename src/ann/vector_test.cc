#include "ann/vector.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "ann/distance.h"
#include "sys/randomness.h"

namespace helios::ann {
namespace {

Status Check(const std::vector<float>& elements, uint32_t dimension_count, Metric metric) {
  return CheckVector(Float32Vector(elements), {ElementType::kFloat32, dimension_count}, metric);
}

TEST(MetricTest, NamesAreReadBack) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1,
                              Metric::kHamming, Metric::kJaccard}) {
    EXPECT_EQ(ParseMetric(MetricName(metric)).value(), metric);
  }
  const auto unknown = ParseMetric("manhattan");
  EXPECT_EQ(unknown.status().code(), ErrorCode::kInvalidParameterValue);
  EXPECT_EQ(unknown.status().info().message, "unknown distance metric \"manhattan\"");
}

TEST(MetricTest, BitsHaveTheirOwn) {
  EXPECT_TRUE(HasMetric(ElementType::kBit, Metric::kHamming));
  EXPECT_FALSE(HasMetric(ElementType::kBit, Metric::kL2));
  EXPECT_TRUE(HasMetric(ElementType::kSparse, Metric::kCosine));
  EXPECT_FALSE(HasMetric(ElementType::kFloat32, Metric::kJaccard));
}

TEST(VectorTest, ShapesHaveBounds) {
  EXPECT_TRUE(CheckShape({ElementType::kFloat32, 1}).ok());
  EXPECT_TRUE(CheckShape({ElementType::kFloat32, kDimensionsMax}).ok());
  EXPECT_EQ(CheckShape({ElementType::kFloat32, 0}).info().message,
            "vector must have at least 1 dimension");
  EXPECT_EQ(CheckShape({ElementType::kInt8, kDimensionsMax + 1}).info().message,
            "vector cannot have more than 16000 dimensions");
  EXPECT_EQ(CheckShape({ElementType::kFloat16, 0}).info().message,
            "halfvec must have at least 1 dimension");
  EXPECT_TRUE(CheckShape({ElementType::kBit, kBitDimensionsMax}).ok());
  EXPECT_TRUE(CheckShape({ElementType::kSparse, kSparseDimensionsMax}).ok());
}

TEST(VectorTest, BadVectorsAreRefused) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(Check({1, 2, 3}, 3, Metric::kL2).ok());
  EXPECT_EQ(Check({1, 2}, 3, Metric::kL2).info().message, "expected 3 dimensions, not 2");
  EXPECT_EQ(Check({1, kNan, 3}, 3, Metric::kL2).info().message, "NaN not allowed in vector");
  EXPECT_EQ(Check({1, 2, -kInfinity}, 3, Metric::kL1).info().message,
            "infinite value not allowed in vector");
  EXPECT_TRUE(Check({0, 0, 0}, 3, Metric::kL2).ok());
  EXPECT_EQ(Check({0, -0.0f, 0}, 3, Metric::kCosine).code(), ErrorCode::kDataException);
  const std::vector<uint16_t> infinite_half = {ToHalf(1), 0x7c00};
  EXPECT_FALSE(
      CheckVector(Float16Vector(infinite_half), {ElementType::kFloat16, 2}, Metric::kL2).ok());
}

TEST(VectorTest, SparseIndicesAscendWithinTheDimensions) {
  const VectorShape shape = {ElementType::kSparse, 10};
  const auto check = [&](std::vector<uint32_t> indices) {
    const std::vector<float> values(indices.size(), 1);
    return CheckVector(SparseVector(indices, values, 10), shape, Metric::kL2);
  };
  EXPECT_TRUE(check({}).ok());
  EXPECT_TRUE(check({0, 4, 9}).ok());
  EXPECT_EQ(check({0, 10}).info().message, "sparsevec index out of bounds");
  EXPECT_EQ(check({4, 4}).info().message, "sparsevec indices must not contain duplicates");
  EXPECT_EQ(check({4, 3}).info().message, "sparsevec indices must be in ascending order");
}

TEST(VectorTest, DistancesAreTheDefined) {
  const std::vector<float> left = {1, 2, 3};
  const std::vector<float> right = {4, -2, 3};
  const VectorRef a = Float32Vector(left);
  const VectorRef b = Float32Vector(right);
  EXPECT_DOUBLE_EQ(ExactDistance(a, b, Metric::kL2), 5);
  EXPECT_DOUBLE_EQ(ExactDistance(a, b, Metric::kInnerProduct), -9);
  EXPECT_DOUBLE_EQ(ExactDistance(a, b, Metric::kL1), 7);
  EXPECT_DOUBLE_EQ(ExactDistance(a, b, Metric::kCosine), 1 - 9 / std::sqrt(14.0 * 29.0));
}

TEST(VectorTest, NoCosineDistanceIsBelowZero) {
  sys::Random random(5);
  for (int round = 0; round < 1000; ++round) {
    std::vector<float> floats(7);
    for (float& value : floats) value = static_cast<float>(random.NextDouble()) - 0.5f;
    const VectorRef vector = Float32Vector(floats);
    EXPECT_GE(ExactDistance(vector, vector, Metric::kCosine), 0);
    EXPECT_GE(DistanceTo(Metric::kCosine, vector)(vector), 0);
    EXPECT_GE(DistanceTo(Metric::kCosine, vector).Rank(vector), 0);
  }
}

TEST(VectorTest, SparseVectorsAreThoseWithTheirZeros) {
  const std::vector<uint32_t> left_indices = {0, 3, 5};
  const std::vector<float> left_values = {1, 2, 3};
  const std::vector<uint32_t> right_indices = {3, 4};
  const std::vector<float> right_values = {-2, 7};
  const std::vector<float> left = {1, 0, 0, 2, 0, 3};
  const std::vector<float> right = {0, 0, 0, -2, 7, 0};
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1}) {
    EXPECT_DOUBLE_EQ(ExactDistance(SparseVector(left_indices, left_values, 6),
                                   SparseVector(right_indices, right_values, 6), metric),
                     ExactDistance(Float32Vector(left), Float32Vector(right), metric));
  }
}

TEST(VectorTest, NoBitsAtAllAreTheSame) {
  const std::vector<uint64_t> none = {0};
  EXPECT_EQ(ExactDistance(BitVector(none, 5), BitVector(none, 5), Metric::kJaccard), 0);
}

// Every half there is, and the floats between each two.
TEST(HalfTest, ConvertsExactlyAndRoundsToEven) {
  for (uint32_t half = 0; half < 0x7c00; ++half) {
    const float value = FromHalf(static_cast<uint16_t>(half));
    ASSERT_EQ(ToHalf(value), half);
    ASSERT_EQ(ToHalf(-value), half | 0x8000u);
    const float next = FromHalf(static_cast<uint16_t>(half + 1));
    if (half + 1 == 0x7c00) break;
    const float middle = (value + next) / 2;
    ASSERT_EQ(ToHalf(middle), half + (half & 1));
    ASSERT_EQ(ToHalf(std::nextafter(middle, 0.0f)), half);
    ASSERT_EQ(ToHalf(std::nextafter(middle, next)), half + 1);
  }
  EXPECT_EQ(ToHalf(65504), 0x7bff);
  EXPECT_EQ(ToHalf(65519.996f), 0x7bff);
  EXPECT_EQ(ToHalf(65520), 0x7c00);
  EXPECT_EQ(FromHalf(0x7c00), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(FromHalf(ToHalf(std::numeric_limits<float>::quiet_NaN()))));
}

}  // namespace
}  // namespace helios::ann
