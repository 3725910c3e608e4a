// Compressed filters, against the same as bits: searches find the same.

#include <gtest/gtest.h>

#include "ann/hnsw.h"
#include "ann/internal/dense_filter.h"
#include "ann/internal/test_vectors.h"
#include "ann/ivf.h"
#include "ann/search_cursor.h"

namespace helios::ann {
namespace {

using internal::Bitmap;
using internal::InsertAll;
using internal::TestVectors;

constexpr uint32_t kCount = 5000;

TEST(DenseFilterTest, ASetBesideBitmapsPassesWhatIsInAll) {
  Bitmap third(kCount);
  for (uint32_t at = 0; at < kCount; at += 3) third.Set(at);
  CompressedBitmap even;
  for (uint32_t at = 0; at < kCount; at += 2) even.Add(at);
  CompressedBitmap low;
  low.AddRange(0, 100);
  const Filter filter{.passing = third.words(), .passing_set = &even, .visible_set = &low};
  internal::DenseFilter dense(filter);
  EXPECT_EQ(dense.set()->size(), 50u);
  std::vector<uint64_t> words;
  dense.SetToBits(kCount, &words);
  for (uint32_t at = 0; at < kCount; ++at) {
    EXPECT_EQ((dense.bitmaps().passing[at / 64] >> (at % 64) & 1) != 0, at < 100 && at % 6 == 0);
  }
  // Nothing passes a set without members, though the index has no ordinals yet.
  const CompressedBitmap none;
  internal::DenseFilter empty(Filter{.passing_set = &none});
  empty.SetToBits(0, &words);
  EXPECT_FALSE(empty.bitmaps().empty());
}

class SetFilterTest : public testing::TestWithParam<CodeKind> {
 protected:
  void SetUp() override {
    vectors_.FillRandom(1, 32);
    for (uint32_t at = 1; at < kCount; at += 8) vectors_.SetRandom(at, at, (at - 1) % 32);
    hnsw_ = HnswIndex::Create({.shape = vectors_.shape(), .codes = GetParam()}, vectors_).value();
    ASSERT_TRUE(InsertAll(hnsw_.get(), kCount).ok());
    ivf_ = IvfIndex::Create({.shape = vectors_.shape(), .lists = 32}, vectors_).value();
    for (uint32_t at = 0; at < kCount; ++at) ASSERT_TRUE(ivf_->Insert(at).ok());
    for (uint32_t at = 3; at < kCount; at += 10) {
      ASSERT_TRUE(hnsw_->Delete(at).ok());
      ASSERT_TRUE(ivf_->Delete(at).ok());
    }
  }

  template <typename Index>
  void ExpectEqual(const Index& index, const Filter& bits, const Filter& sets) {
    for (const auto strategy : {std::optional<Strategy>(), std::optional(Strategy::kExact)}) {
      for (uint32_t at = 0; at < 5; ++at) {
        const std::vector<float> query = vectors_.Point(500'000 + at, at);
        SearchOptions options{.k = 10, .probes = 4, .filter = bits, .strategy = strategy};
        const SearchResult expected = index.Search(Float32Vector(query), options).value();
        options.filter = sets;
        const SearchResult result = index.Search(Float32Vector(query), options).value();
        const auto are_same = [](const Neighbor& left, const Neighbor& right) {
          return left.ordinal == right.ordinal && left.distance == right.distance;
        };
        EXPECT_TRUE(std::ranges::equal(result.neighbors, expected.neighbors, are_same));
        EXPECT_EQ(result.report.strategy, expected.report.strategy);
        EXPECT_EQ(result.report.selectivity, expected.report.selectivity);
      }
    }
  }

  TestVectors vectors_{{ElementType::kFloat32, 24}, kCount};
  std::unique_ptr<HnswIndex> hnsw_;
  std::unique_ptr<IvfIndex> ivf_;
};

TEST_P(SetFilterTest, FindsWhatTheBitsFind) {
  Bitmap visible(kCount);
  CompressedBitmap visible_set;
  for (uint32_t at = 0; at < kCount; ++at) {
    if (at % 7 == 0) continue;
    visible.Set(at);
    visible_set.Add(at);
  }
  // From one that passes to nearly all: lists, scans of bits, walks.
  for (const uint32_t stride : {kCount, 1000u, 200u, 40u, 10u, 3u, 1u}) {
    SCOPED_TRACE(stride);
    Bitmap passing(kCount);
    CompressedBitmap passing_set;
    for (uint32_t at = 0; at < kCount; at += stride) {
      passing.Set(at);
      passing_set.Add(at);
    }
    // Beyond the index there is nothing to be found.
    passing_set.Add(kCount + 5);
    passing_set.AddRange(1'000'000, 2'000'000);
    for (const bool is_visible : {true, false}) {
      const Filter bits{.passing = passing.words(),
                        .visible = is_visible ? visible.words() : std::span<const uint64_t>()};
      const Filter mixed{.visible = bits.visible, .passing_set = &passing_set};
      const Filter sets{.passing_set = &passing_set,
                        .visible_set = is_visible ? &visible_set : nullptr};
      for (const Filter& filter : {mixed, sets}) {
        ExpectEqual(*hnsw_, bits, filter);
        ExpectEqual(*ivf_, bits, filter);
      }
    }
  }
  ExpectEqual(*hnsw_, {.visible = visible.words()}, {.visible_set = &visible_set});
}

TEST_P(SetFilterTest, AnEmptySetLetsNothingPass) {
  const CompressedBitmap none;
  const SearchOptions options{.k = 10, .filter = {.passing_set = &none}};
  EXPECT_TRUE(hnsw_->Search(vectors_.Get(0), options).value().neighbors.empty());
  EXPECT_TRUE(ivf_->Search(vectors_.Get(0), options).value().neighbors.empty());
}

TEST_P(SetFilterTest, ABitmapThatIsTooShortIsRefusedBesideASet) {
  const Bitmap shorter(kCount - 64);
  const CompressedBitmap set;
  const SearchOptions options{.filter = {.visible = shorter.words(), .passing_set = &set}};
  EXPECT_EQ(hnsw_->Search(vectors_.Get(0), options).status().code(), ErrorCode::kDataException);
  EXPECT_EQ(ivf_->Search(vectors_.Get(0), options).status().code(), ErrorCode::kDataException);
}

TEST_P(SetFilterTest, IsKeptByScansAndCursors) {
  std::vector<uint32_t> ordinals;
  for (uint32_t at = 0; at < kCount; at += 100) ordinals.push_back(at);
  const CompressedBitmap set(ordinals);
  const SearchOptions options{.k = 7, .probes = 32, .filter = {.passing_set = &set}};
  const auto scan = ivf_->Scan(vectors_.Get(0), options).value();
  const auto count_all = [&](auto next) {
    size_t count = 0;
    for (SearchResult result = next(); !result.neighbors.empty(); result = next()) {
      for (const Neighbor& neighbor : result.neighbors) EXPECT_EQ(neighbor.ordinal % 100, 0u);
      count += result.neighbors.size();
    }
    return count;
  };
  EXPECT_EQ(count_all([&] { return scan->Next(); }), ordinals.size());
  SearchCursor cursor(*hnsw_, vectors_.Get(0), options, CursorOrder::kRelaxed);
  EXPECT_EQ(count_all([&] { return cursor.Next(7).value(); }), ordinals.size());
}

// Too few for a graph: they are searched one by one.
TEST(SetFilterOfFewTest, IsKeptBeforeCodesAreTrained) {
  TestVectors vectors({ElementType::kFloat32, 8}, 40);
  vectors.FillRandom(1, 4);
  const auto index = HnswIndex::Create({.shape = vectors.shape()}, vectors).value();
  ASSERT_TRUE(InsertAll(index.get(), 40).ok());
  const CompressedBitmap set(std::vector<uint32_t>{39});
  const auto result = index->Search(vectors.Get(0), {.filter = {.passing_set = &set}}).value();
  ASSERT_EQ(result.neighbors.size(), 1u);
  EXPECT_EQ(result.neighbors[0].ordinal, 39u);
}

INSTANTIATE_TEST_SUITE_P(Codes, SetFilterTest,
                         testing::Values(CodeKind::kScalar8, CodeKind::kFull));

}  // namespace
}  // namespace helios::ann
