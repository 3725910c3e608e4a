#include "ann/search_cursor.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "ann/internal/test_vectors.h"

namespace helios::ann {
namespace {

constexpr uint32_t kCount = 3000;

class SearchCursorTest : public testing::TestWithParam<CursorOrder> {
 protected:
  void SetUp() override {
    vectors_.FillRandom(1);
    index_ = HnswIndex::Create({.shape = vectors_.shape()}, vectors_).value();
    ASSERT_TRUE(internal::InsertAll(index_.get(), kCount).ok());
  }

  internal::TestVectors vectors_{{ElementType::kFloat32, 16}, kCount};
  std::unique_ptr<HnswIndex> index_;
};

INSTANTIATE_TEST_SUITE_P(Orders, SearchCursorTest,
                         testing::Values(CursorOrder::kRelaxed, CursorOrder::kStrict));

TEST_P(SearchCursorTest, GivesEachOnceInOrder) {
  const std::vector<float> query = vectors_.Point(77, 3);
  SearchCursor cursor(*index_, Float32Vector(query), {.ef = 40}, GetParam());
  std::set<uint32_t> given;
  float last = 0;
  for (int batch = 0; batch < 20; ++batch) {
    const SearchResult result = cursor.Next(25).value();
    ASSERT_EQ(result.neighbors.size(), 25u);
    for (const Neighbor& neighbor : result.neighbors) {
      EXPECT_TRUE(given.insert(neighbor.ordinal).second) << neighbor.ordinal;
      if (GetParam() == CursorOrder::kStrict) {
        EXPECT_GE(neighbor.distance, last);
      }
      last = neighbor.distance;
    }
  }
}

TEST_P(SearchCursorTest, EndsWhenAllThatPassWereGiven) {
  internal::Bitmap filter(kCount);
  std::set<uint32_t> expected;
  for (uint32_t ordinal = 0; ordinal < kCount; ordinal += 13) {
    filter.Set(ordinal);
    expected.insert(ordinal);
  }
  const std::vector<float> query = vectors_.Point(78, 4);
  SearchCursor cursor(*index_, Float32Vector(query), {.filter = {.passing = filter.words()}},
                      GetParam());
  std::set<uint32_t> given;
  while (true) {
    const SearchResult result = cursor.Next(50).value();
    for (const Neighbor& neighbor : result.neighbors) given.insert(neighbor.ordinal);
    if (result.neighbors.empty()) break;
  }
  // In strict order what a batch missed stays out; relaxed gives everything.
  if (GetParam() == CursorOrder::kRelaxed) {
    EXPECT_EQ(given, expected);
  }
  EXPECT_GE(given.size(), expected.size() * 9 / 10);
  EXPECT_TRUE(cursor.Next(50).value().neighbors.empty());
}

TEST_P(SearchCursorTest, AnyNumberMayBeAskedFor) {
  const std::vector<float> query = vectors_.Point(79, 5);
  SearchCursor cursor(*index_, Float32Vector(query), {.k = 1}, GetParam());
  const size_t first = cursor.Next(1)->neighbors.size();
  EXPECT_EQ(first + cursor.Next(std::numeric_limits<size_t>::max())->neighbors.size(), kCount);
}

TEST_P(SearchCursorTest, StaysWhereItWasWhenCutShort) {
  const std::vector<float> query = vectors_.Point(79, 5);
  const SearchOptions late{.ef = 40, .deadline_us = 1};
  SearchCursor cursor(*index_, Float32Vector(query), late, GetParam());
  EXPECT_FALSE(cursor.Next(10).value().report.complete);
  EXPECT_FALSE(cursor.Next(10).value().report.complete);
}

}  // namespace
}  // namespace helios::ann
