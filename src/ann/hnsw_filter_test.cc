// Whatever the filter, and by whatever strategy: only what passes, and k of it when there are k.

#include <gtest/gtest.h>

#include <set>

#include "ann/hnsw.h"
#include "ann/internal/test_vectors.h"
#include "base/check.h"

namespace helios::ann {
namespace {

using internal::Bitmap;
using internal::BruteForce;
using internal::InsertAll;
using internal::RecallOf;
using internal::TestVectors;

constexpr uint32_t kCount = 4096;
constexpr uint32_t kClusterCount = 32;
constexpr uint32_t kDimensions = 24;
constexpr size_t kK = 10;
// Every so many-th vector is equal to the one before it.
constexpr uint32_t kDuplicateStride = 8;
constexpr uint32_t kDeletedStride = 10;

enum class Shape { kUncorrelated, kNear, kFar, kDuplicatesOnly };

class HnswFilterTest : public testing::TestWithParam<std::tuple<CodeKind, bool>> {
 protected:
  static uint32_t ClusterOf(uint32_t ordinal) { return ordinal % kClusterCount; }
  static bool IsDuplicate(uint32_t ordinal) { return ordinal % kDuplicateStride == 1; }
  bool has_deleted() const { return std::get<1>(GetParam()); }
  bool IsDeleted(uint32_t ordinal) const { return has_deleted() && ordinal % kDeletedStride == 3; }

  void SetUp() override {
    vectors_.FillRandom(1, kClusterCount);
    for (uint32_t at = 1; at < kCount; at += kDuplicateStride) {
      vectors_.SetRandom(at, 1 + at - 1, ClusterOf(at - 1));
    }
    index_ =
        HnswIndex::Create({.shape = vectors_.shape(), .codes = std::get<0>(GetParam())}, vectors_)
            .value();
    ASSERT_TRUE(InsertAll(index_.get(), kCount).ok());
    for (uint32_t at = 0; at < kCount; ++at) {
      if (!IsDeleted(at)) continue;
      ASSERT_TRUE(index_->Delete(at).ok());
    }
  }

  // A share of all, taken as the shape says for queries around cluster 0.
  Bitmap MakeFilter(Shape shape, double share) const {
    std::vector<uint32_t> order(kCount);
    for (uint32_t at = 0; at < kCount; ++at) order[at] = at;
    if (shape == Shape::kUncorrelated || shape == Shape::kDuplicatesOnly) {
      sys::Random random(99);
      for (uint32_t at = kCount - 1; at > 0; --at) {
        std::swap(order[at], order[random.Below(at + 1)]);
      }
    } else {
      const std::vector<float> centre = vectors_.Point(0, 0, 0);
      std::vector<double> distances(kCount);
      for (uint32_t at = 0; at < kCount; ++at) {
        distances[at] = ExactDistance(Float32Vector(centre), vectors_.Get(at), Metric::kL2);
      }
      std::sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
        return shape == Shape::kNear ? distances[left] < distances[right]
                                     : distances[left] > distances[right];
      });
    }
    Bitmap filter(kCount);
    auto left = static_cast<uint32_t>(share * kCount);
    for (const uint32_t ordinal : order) {
      if (left == 0) break;
      if (shape == Shape::kDuplicatesOnly && !IsDuplicate(ordinal)) continue;
      filter.Set(ordinal);
      --left;
    }
    return filter;
  }

  double ExpectRight(const VectorRef& query, const Filter& filter, auto passes,
                     std::optional<Strategy> strategy, size_t k = kK) const {
    const auto lives = [&](uint32_t ordinal) { return passes(ordinal) && !IsDeleted(ordinal); };
    const auto expected = BruteForce(vectors_, kCount, query, Metric::kL2, k, lives);
    const auto result =
        index_->Search(query, {.k = k, .ef = 60, .filter = filter, .strategy = strategy}).value();
    EXPECT_TRUE(result.report.complete);
    EXPECT_EQ(result.neighbors.size(), expected.size());
    std::set<uint32_t> seen;
    float previous = 0;
    for (const Neighbor& neighbor : result.neighbors) {
      EXPECT_TRUE(lives(neighbor.ordinal)) << neighbor.ordinal;
      EXPECT_TRUE(seen.insert(neighbor.ordinal).second) << neighbor.ordinal;
      EXPECT_GE(neighbor.distance, previous);
      EXPECT_NEAR(neighbor.distance,
                  ExactDistance(query, vectors_.Get(neighbor.ordinal), Metric::kL2), 1e-3);
      previous = neighbor.distance;
    }
    return RecallOf(result.neighbors, expected);
  }

  TestVectors vectors_{{ElementType::kFloat32, kDimensions}, kCount};
  std::unique_ptr<HnswIndex> index_;
};

constexpr std::optional<Strategy> kStrategies[] = {
    std::nullopt,     Strategy::kWalk,         Strategy::kReturnAll,
    Strategy::kExact, Strategy::kFilteredWalk, Strategy::kBridgedWalk,
};

TEST_P(HnswFilterTest, EveryCellIsRight) {
  for (const Shape shape :
       {Shape::kUncorrelated, Shape::kNear, Shape::kFar, Shape::kDuplicatesOnly}) {
    for (const double share : {0.0005, 0.005, 0.05, 0.5, 0.95}) {
      const Bitmap filter = MakeFilter(shape, share);
      for (const auto strategy : kStrategies) {
        SCOPED_TRACE(testing::Message()
                     << "shape " << static_cast<int>(shape) << " share " << share << " strategy "
                     << (strategy.has_value() ? StrategyName(*strategy) : "chosen"));
        double recall = 0;
        constexpr int kQueryCount = 8;
        for (int at = 0; at < kQueryCount; ++at) {
          const std::vector<float> query = vectors_.Point(500'000 + at, 0);
          recall += ExpectRight(
                        Float32Vector(query), {.passing = filter.words()},
                        [&](uint32_t ordinal) { return filter.Test(ordinal); }, strategy) /
                    kQueryCount;
        }
        const bool is_chosen = !strategy.has_value();
        const bool is_exact = strategy == Strategy::kExact || strategy == Strategy::kReturnAll;
        EXPECT_GE(recall, is_chosen ? 0.95 : is_exact ? 0.98 : 0);
      }
    }
  }
}

TEST_P(HnswFilterTest, ASinglePassingOrdinalIsFound) {
  for (const uint32_t only : {0u, 1u, 9u, 4000u, 4001u, kCount - 1}) {
    if (IsDeleted(only)) continue;
    Bitmap filter(kCount);
    filter.Set(only);
    for (const auto strategy : kStrategies) {
      for (const uint32_t cluster : {0u, 5u}) {
        const std::vector<float> query = vectors_.Point(7, cluster);
        EXPECT_EQ(ExpectRight(
                      Float32Vector(query), {.passing = filter.words()},
                      [&](uint32_t ordinal) { return ordinal == only; }, strategy),
                  1);
      }
    }
  }
}

TEST_P(HnswFilterTest, WhatPassesMustBeVisibleToo) {
  Bitmap passing(kCount);
  Bitmap visible(kCount);
  Bitmap odd(kCount);
  for (uint32_t at = 0; at < kCount; ++at) {
    if (at % 3 == 0) passing.Set(at);
    if (at % 5 != 0) visible.Set(at);
    if (at % 3 != 0) odd.Set(at);
  }
  const std::vector<float> query = vectors_.Point(7, 3);
  for (const auto strategy : kStrategies) {
    const Filter both{.passing = passing.words(), .visible = visible.words()};
    ExpectRight(
        Float32Vector(query), both,
        [](uint32_t ordinal) { return ordinal % 3 == 0 && ordinal % 5 != 0; }, strategy);
    ExpectRight(
        Float32Vector(query), {.passing = {}, .visible = visible.words()},
        [](uint32_t ordinal) { return ordinal % 5 != 0; }, strategy);
    // Nothing is in both.
    const Filter none{.passing = passing.words(), .visible = odd.words()};
    ExpectRight(
        Float32Vector(query), none, [](uint32_t) { return false; }, strategy);
  }
}

TEST_P(HnswFilterTest, AsManyAsPassAreReturned) {
  const Bitmap filter = MakeFilter(Shape::kUncorrelated, 0.02);
  const auto passes = [&](uint32_t ordinal) { return filter.Test(ordinal); };
  const std::vector<float> query = vectors_.Point(7, 3);
  for (const auto strategy : kStrategies) {
    for (const size_t k : {size_t{1}, size_t{100}, size_t{160}, size_t{kCount}, SIZE_MAX}) {
      ExpectRight(Float32Vector(query), {.passing = filter.words()}, passes, strategy, k);
    }
  }
}

TEST_P(HnswFilterTest, BitsOfOrdinalsToComeFindNothing) {
  Bitmap filter(2 * kCount);
  for (uint32_t at = kCount; at < 2 * kCount; ++at) filter.Set(at);
  for (const auto strategy : kStrategies) {
    const auto result = index_->Search(
        vectors_.Get(0), {.k = 10, .filter = {.passing = filter.words()}, .strategy = strategy});
    EXPECT_TRUE(result.value().neighbors.empty());
  }
}

TEST_P(HnswFilterTest, WhatIsCutShortSaysSo) {
  const Bitmap filter = MakeFilter(Shape::kUncorrelated, 0.5);
  std::stop_source stop;
  stop.request_stop();
  SearchOptions late{.k = 10, .filter = {.passing = filter.words()}, .deadline_us = 1};
  SearchOptions stopped{.k = 10, .filter = {.passing = filter.words()}, .stop = stop.get_token()};
  for (const auto strategy : kStrategies) {
    for (SearchOptions options : {late, stopped}) {
      options.strategy = strategy;
      const auto result = index_->Search(vectors_.Get(0), options).value();
      EXPECT_FALSE(result.report.complete);
      EXPECT_LT(result.report.distance_count, kCount / 4);
      EXPECT_LE(result.neighbors.size(), 10u);
      for (const Neighbor& neighbor : result.neighbors) {
        EXPECT_TRUE(filter.Test(neighbor.ordinal) && !IsDeleted(neighbor.ordinal));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codes, HnswFilterTest,
                         testing::Combine(testing::Values(CodeKind::kScalar8, CodeKind::kFull),
                                          testing::Bool()));

}  // namespace
}  // namespace helios::ann
