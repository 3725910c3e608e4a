#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "ann/internal/product_codes.h"
#include "ann/internal/rabitq_codes.h"
#include "ann/internal/rotation.h"

namespace helios::ann::internal {
namespace {

std::vector<float> RandomFloats(size_t count, uint64_t seed, float offset = 0) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> distribution(offset);
  std::vector<float> floats(count);
  for (float& value : floats) value = distribution(random);
  return floats;
}

std::vector<VectorRef> Rows(const std::vector<float>& values, size_t dimension_count) {
  std::vector<VectorRef> rows;
  for (size_t at = 0; at < values.size(); at += dimension_count) {
    rows.push_back(Float32Vector(std::span(values).subspan(at, dimension_count)));
  }
  return rows;
}

double Product(const std::vector<float>& left, const std::vector<float>& right) {
  double sum = 0;
  for (size_t at = 0; at < left.size(); ++at) sum += static_cast<double>(left[at]) * right[at];
  return sum;
}

TEST(RotationTest, KeepsProductsAndTurnsBack) {
  for (const size_t count : {1, 3, 63, 64, 65, 100, 128, 384, 768, 1000, 1536, 16'000}) {
    const Rotation rotation(count, 7);
    EXPECT_EQ(rotation.padded_count() % 64, 0);
    const std::vector<float> left = RandomFloats(count, 1);
    const std::vector<float> right = RandomFloats(count, 2);
    std::vector<float> turned_left = left;
    std::vector<float> turned_right = right;
    rotation.Apply(&turned_left);
    rotation.Apply(&turned_right);
    const double size = std::sqrt(Product(left, left) * Product(right, right));
    EXPECT_NEAR(Product(turned_left, turned_right), Product(left, right), 1e-4 * size) << count;
    rotation.Undo(&turned_left);
    for (size_t at = 0; at < count; ++at) EXPECT_NEAR(turned_left[at], left[at], 1e-3);
    for (size_t at = count; at < turned_left.size(); ++at) EXPECT_NEAR(turned_left[at], 0, 1e-3);
  }
}

// A vector of which one element is all: after rotation none is.
TEST(RotationTest, SpreadsOneElementOverAll) {
  for (const size_t count : {128, 384, 1000}) {
    const Rotation rotation(count, 7);
    for (size_t at = 0; at < count; at += 37) {
      std::vector<float> floats(count);
      floats[at] = 1;
      rotation.Apply(&floats);
      for (const float value : floats) EXPECT_LT(std::abs(value), 0.6f) << count << " " << at;
    }
  }
}

struct Case {
  Metric metric;
  size_t dimension_count;
};

class CenteredCodesTest : public testing::TestWithParam<Case> {
 protected:
  static constexpr size_t kCount = 600;

  void SetUp() override {
    values_ = RandomFloats(kCount * GetParam().dimension_count, 3, 0.3f);
    rows_ = Rows(values_, GetParam().dimension_count);
    shape_ = {ElementType::kFloat32, static_cast<uint32_t>(GetParam().dimension_count)};
    for (uint32_t at = 0; at < kCount; ++at) ordinals_.push_back(at);
  }
  void Fill(Codes* codes) {
    codes->Train(rows_);
    codes->Grow(kCount);
    for (uint32_t at = 0; at < kCount; ++at) codes->Encode(at, rows_[at]);
  }

  std::vector<float> values_;
  std::vector<VectorRef> rows_;
  VectorShape shape_;
  std::vector<uint32_t> ordinals_;
};

TEST_P(CenteredCodesTest, ErrorsOfBitsAreAsLargeAsSaid) {
  RabitqCodes codes(shape_, GetParam().metric, 42);
  Fill(&codes);
  size_t outside = 0;
  size_t count = 0;
  double errors_over_said = 0;
  for (uint64_t seed = 100; seed < 120; ++seed) {
    const std::vector<float> floats = RandomFloats(shape_.dimension_count, seed);
    const VectorRef vector = Float32Vector(floats);
    CodeQuery query;
    codes.Prepare(vector, &query);
    std::vector<float> ranks(kCount);
    std::vector<float> errors(kCount);
    codes.RankWithErrors(query, ordinals_, ranks, errors);
    const DistanceTo distance_to(GetParam().metric, vector);
    for (size_t at = 0; at < kCount; ++at) {
      const float error = ranks[at] - distance_to.Rank(rows_[at]);
      ++count;
      outside += std::abs(error) > 2 * errors[at] ? 1 : 0;
      errors_over_said += static_cast<double>(error) * error / (errors[at] * errors[at]);
    }
    std::vector<float> again(kCount);
    codes.Rank(query, ordinals_, again);
    EXPECT_EQ(again, ranks);
  }
  // Of a normal distribution 4.6 % are more than two standard deviations off.
  EXPECT_LT(static_cast<double>(outside) / static_cast<double>(count), 0.08);
  EXPECT_LT(errors_over_said / static_cast<double>(count), 1.3);
  EXPECT_GT(errors_over_said / static_cast<double>(count), 0.5);
}

TEST_P(CenteredCodesTest, ProductsOrderNearlyAsDistancesDo) {
  ProductCodes codes(shape_, GetParam().metric, shape_.dimension_count / 3, 42);
  Fill(&codes);
  const std::vector<float> floats = RandomFloats(shape_.dimension_count, 5);
  const VectorRef vector = Float32Vector(floats);
  CodeQuery query;
  codes.Prepare(vector, &query);
  std::vector<float> ranks(kCount);
  codes.Rank(query, ordinals_, ranks);
  const DistanceTo distance_to(GetParam().metric, vector);
  double mean = 0;
  for (size_t at = 0; at < kCount; ++at) mean += distance_to.Rank(rows_[at]) / kCount;
  double variance = 0;
  double error = 0;
  for (size_t at = 0; at < kCount; ++at) {
    const float rank = distance_to.Rank(rows_[at]);
    variance += (rank - mean) * (rank - mean);
    error += (ranks[at] - rank) * (ranks[at] - rank);
  }
  EXPECT_LT(error, 0.2 * variance);
}

TEST_P(CenteredCodesTest, AStoredVectorIsNearItself) {
  RabitqCodes bits(shape_, GetParam().metric, 42);
  ProductCodes products(shape_, GetParam().metric, shape_.dimension_count / 3, 42);
  for (Codes* const codes : {static_cast<Codes*>(&bits), static_cast<Codes*>(&products)}) {
    Fill(codes);
    if (GetParam().metric == Metric::kInnerProduct) continue;  // Longer ones are nearer.
    for (uint32_t at = 0; at < 20; ++at) {
      CodeQuery query;
      codes->PrepareStored(at, &query);
      std::vector<float> ranks(kCount);
      codes->Rank(query, ordinals_, ranks);
      EXPECT_EQ(LeastOf(ranks), at);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CenteredCodesTest,
                         testing::Values(Case{Metric::kL2, 128}, Case{Metric::kL2, 100},
                                         Case{Metric::kInnerProduct, 128},
                                         Case{Metric::kCosine, 192}));

// Equal vectors: no difference to code, and nothing to divide by.
TEST(RabitqCodesTest, VectorsAtTheirCenterAreExact) {
  const std::vector<float> values(70 * 40, 0.5f);
  RabitqCodes codes({ElementType::kFloat32, 40}, Metric::kL2, 42);
  const std::vector<VectorRef> rows = Rows(values, 40);
  codes.Train(rows);
  codes.Grow(70);
  codes.Encode(0, rows[0]);
  const std::vector<float> zeros(40);
  CodeQuery query;
  codes.Prepare(Float32Vector(zeros), &query);
  float rank = 0;
  float error = 0;
  const uint32_t ordinal = 0;
  codes.RankWithErrors(query, {&ordinal, 1}, {&rank, 1}, {&error, 1});
  EXPECT_NEAR(rank, 10, 1e-3);
  EXPECT_NEAR(error, 0, 1e-3);
}

}  // namespace
}  // namespace helios::ann::internal
