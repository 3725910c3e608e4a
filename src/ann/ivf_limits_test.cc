// Inverted files at their limits: huge values and numbers, and what happens while a search or a
// build is under way.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "ann/internal/test_vectors.h"
#include "ann/ivf.h"

namespace helios::ann {
namespace {

using internal::TestVectors;

constexpr uint32_t kCount = 2000;
constexpr uint32_t kDimensions = 24;
constexpr size_t kK = 10;
constexpr VectorShape kShape{ElementType::kFloat32, kDimensions};
constexpr ListCodes kAllCodes[] = {ListCodes::kFlat, ListCodes::kCopy, ListCodes::kScalar8,
                                   ListCodes::kRabitq, ListCodes::kProduct};

// Vectors that say which of them is read.
class WatchedVectors final : public VectorSource {
 public:
  explicit WatchedVectors(const VectorSource& source) : source_(source) {}

  VectorRef Get(uint32_t ordinal) const override {
    if (on_get) on_get(ordinal);
    return source_.Get(ordinal);
  }
  void Prefetch(uint32_t ordinal) const override { source_.Prefetch(ordinal); }

  std::function<void(uint32_t ordinal)> on_get;

 private:
  const VectorSource& source_;
};

class IvfLimitsTest : public testing::TestWithParam<ListCodes> {
 protected:
  IvfLimitsTest() {
    for (uint32_t at = 0; at < kCount; ++at) vectors_.SetRandom(at, at, at % 20);
  }
  std::unique_ptr<IvfIndex> Empty(IvfOptions options = {}) const {
    options.shape = kShape;
    options.codes = GetParam();
    Result<std::unique_ptr<IvfIndex>> index = IvfIndex::Create(options, watched_);
    EXPECT_TRUE(index.ok());
    return std::move(*index);
  }
  std::unique_ptr<IvfIndex> Built(const IvfOptions& options = {}, uint32_t count = kCount) const {
    auto index = Empty(options);
    EXPECT_TRUE(index->Build(Ordinals(count), {.thread_count = 2}).ok());
    EXPECT_EQ(index->size(), count);
    return index;
  }
  static std::vector<uint32_t> Ordinals(uint32_t count) {
    std::vector<uint32_t> ordinals(count);
    std::iota(ordinals.begin(), ordinals.end(), 0);
    return ordinals;
  }
  void SetElement(uint32_t ordinal, uint32_t dimension, float value) {
    const auto elements = vectors_.Get(ordinal).elements<float>();
    std::vector<float> floats(elements.begin(), elements.end());
    floats[dimension] = value;
    vectors_.Set(ordinal, floats);
  }

  TestVectors vectors_{kShape, kCount};
  WatchedVectors watched_{vectors_};
};

// FAISS relies on finite distances: with others it writes where it must not, or does not end.
TEST_P(IvfLimitsTest, HugeVectorsDoNotSpoilTheOthers) {
  SetElement(5, 3, 1e20f);
  SetElement(6, 3, 3e38f);
  SetElement(7, 3, -3e38f);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    const auto index = Built({.metric = metric});
    for (const uint32_t outlier : {5u, 6u, 7u}) {
      const auto found = index->Search(vectors_.Get(outlier), {.k = kK, .probes = 20});
      ASSERT_TRUE(found.ok());
      EXPECT_EQ(found->neighbors.size(), kK);
    }
    // One step for all elements is as large as the largest wants it: eight bits say nothing here.
    if (metric == Metric::kInnerProduct || GetParam() == ListCodes::kScalar8) continue;
    size_t hits = 0;
    for (uint32_t ordinal = 100; ordinal < 200; ++ordinal) {
      const auto found = index->Search(vectors_.Get(ordinal), {.k = kK, .probes = 2});
      ASSERT_EQ(found->neighbors.size(), kK);
      hits += found->neighbors[0].ordinal == ordinal ? 1 : 0;
    }
    EXPECT_GE(hits, 98) << MetricName(metric);
  }
}

TEST_P(IvfLimitsTest, AllVectorsMayBeHuge) {
  for (uint32_t at = 0; at < kCount; ++at)
    SetElement(at, at % kDimensions, at % 2 ? 3e38f : -3e38f);
  const auto index = Built();
  const auto found = index->Search(vectors_.Get(0), {.k = kK});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->neighbors.size(), kK);
}

TEST_P(IvfLimitsTest, AHugeQueryFindsAsManyAsAnother) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    const auto index = Built({.metric = metric});
    for (const float value : {1e19f, 3e38f}) {
      std::vector<float> query(kDimensions, value);
      query[1] = -value;
      for (const uint32_t probes : {1u, 1000u}) {
        const auto found = index->Search(Float32Vector(query), {.k = kK, .probes = probes});
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(found->neighbors.size(), kK) << MetricName(metric) << ' ' << value;
      }
      const auto scan = index->Scan(Float32Vector(query), {.k = kCount, .probes = 1000});
      ASSERT_TRUE(scan.ok());
      EXPECT_EQ((*scan)->Next().neighbors.size(), kCount) << MetricName(metric) << ' ' << value;
    }
  }
}

// What a code says of a huge vector may be infinite, or nothing: it counts as near then.
TEST_P(IvfLimitsTest, HugeVectorsAreFoundAmongAll) {
  for (uint32_t at = 0; at < kCount; at += 50) SetElement(at, at % 3, at % 4 ? 1e25f : -3e38f);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    const auto index = Built({.metric = metric});
    for (const uint32_t query : {0u, 1u, 50u}) {
      const SearchOptions options{.k = kCount, .probes = 1000};
      const auto found = index->Search(vectors_.Get(query), options);
      ASSERT_TRUE(found.ok());
      EXPECT_EQ(found->neighbors.size(), kCount) << MetricName(metric) << ' ' << query;
      const auto scan = index->Scan(vectors_.Get(query), options);
      ASSERT_TRUE(scan.ok());
      EXPECT_EQ((*scan)->Next().neighbors.size(), kCount) << MetricName(metric) << ' ' << query;
    }
  }
}

TEST_P(IvfLimitsTest, AScanLeavesOutWhatWasDeletedSinceItsLastBatch) {
  // Without clusters, and with them.
  for (const uint32_t count : {100u, kCount}) {
    const auto index = Empty();
    if (count == kCount) {
      ASSERT_TRUE(index->Build(Ordinals(count), {}).ok());
    } else {
      for (uint32_t at = 0; at < count; ++at) ASSERT_TRUE(index->Insert(at).ok());
    }
    const auto scan = index->Scan(vectors_.Get(0), {.k = kK, .probes = 1000});
    ASSERT_TRUE(scan.ok());
    std::set<uint32_t> returned;
    for (const Neighbor& neighbor : (*scan)->Next().neighbors) returned.insert(neighbor.ordinal);
    EXPECT_EQ(returned.size(), kK);
    for (uint32_t at = 0; at < count; ++at) {
      if (returned.contains(at)) continue;
      ASSERT_TRUE(index->Delete(at).ok());
    }
    EXPECT_TRUE((*scan)->Next().neighbors.empty());
  }
}

// Only flat lists read the source while they are looked into.
class IvfFlatLimitsTest : public IvfLimitsTest {};
INSTANTIATE_TEST_SUITE_P(All, IvfFlatLimitsTest, testing::Values(ListCodes::kFlat));

TEST_P(IvfFlatLimitsTest, ASearchThatIsStoppedInAListEndsThere) {
  const auto index = Built({.lists = 10});
  const std::vector<uint64_t> all((kCount + 63) / 64, ~uint64_t{0});
  for (const Strategy strategy : {Strategy::kProbe, Strategy::kExact}) {
    std::stop_source stop;
    uint32_t read_count = 0;
    watched_.on_get = [&](uint32_t) {
      stop.request_stop();
      ++read_count;
    };
    const auto found = index->Search(vectors_.Get(0), {.k = kK,
                                                       .probes = 10,
                                                       .filter = {.passing = all},
                                                       .stop = stop.get_token(),
                                                       .strategy = strategy});
    watched_.on_get = nullptr;
    ASSERT_TRUE(found.ok());
    EXPECT_FALSE(found->report.complete) << StrategyName(strategy);
    EXPECT_LE(read_count, 640) << StrategyName(strategy);
  }
}

TEST_P(IvfLimitsTest, ADeleteDuringASearchLeavesItWhole) {
  const auto index = Built({.lists = 10});
  const std::vector<uint64_t> all((kCount + 63) / 64, ~uint64_t{0});
  for (const Strategy strategy : {Strategy::kProbe, Strategy::kExact}) {
    const SearchOptions options{
        .k = kK, .probes = 10, .filter = {.passing = all}, .strategy = strategy};
    const auto nearest = index->Search(vectors_.Get(0), options)->neighbors[0].ordinal;
    bool is_deleted = false;
    watched_.on_get = [&](uint32_t ordinal) {
      if (ordinal != nearest || is_deleted) return;
      is_deleted = true;
      EXPECT_TRUE(index->Delete(nearest).ok());
    };
    const auto found = index->Search(vectors_.Get(0), options);
    watched_.on_get = nullptr;
    ASSERT_TRUE(found.ok());
    EXPECT_TRUE(found->report.complete);
    EXPECT_EQ(is_deleted, GetParam() != ListCodes::kCopy);  // Which reads no source.
    EXPECT_EQ(found->neighbors.size(), kK) << StrategyName(strategy);
  }
}

TEST_P(IvfLimitsTest, MoreThanThereIsReturnsAll) {
  const auto index = Built({}, 1200);
  for (const size_t k : {size_t{1200}, size_t{1201}, size_t{100'000}, SIZE_MAX / 10 + 2,
                         SIZE_MAX / 3 + 2, size_t{1} << 63, SIZE_MAX}) {
    const auto found = index->Search(vectors_.Get(0), {.k = k, .probes = 2});
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->neighbors.size(), 1200u) << k;
    for (const Neighbor& neighbor : found->neighbors) {
      EXPECT_NEAR(neighbor.distance,
                  ExactDistance(vectors_.Get(0), vectors_.Get(neighbor.ordinal), Metric::kL2),
                  1e-3);
    }
    const auto scan = index->Scan(vectors_.Get(0), {.k = k, .probes = 1000});
    ASSERT_TRUE(scan.ok());
    EXPECT_EQ((*scan)->Next().neighbors.size(), 1200u) << k;
  }
}

TEST_P(IvfLimitsTest, AnIndexThatIsEmptyAgainIsBuiltAgain) {
  const auto index = Empty();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(index->Build(Ordinals(kCount), {.stop = stop.get_token()}).ok());
  EXPECT_EQ(index->size(), 0);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(index->Build(Ordinals(kCount), {}).ok());
    EXPECT_EQ(index->size(), kCount);
    const auto found = index->Search(vectors_.Get(0), {.k = kK, .probes = 4});
    EXPECT_EQ(found->neighbors.size(), kK);
    for (uint32_t at = 0; at < kCount; ++at) ASSERT_TRUE(index->Delete(at).ok());
  }
}

// All lie about as far from the query, so that codes order them only roughly.
TEST_P(IvfLimitsTest, AScanByCosineBelievesCodesNoFurtherThanTheyReach) {
  std::vector<float> query(kDimensions);
  query[0] = 1;
  std::vector<float> floats;
  for (uint32_t at = 0; at < kCount; ++at) {
    const auto elements = vectors_.Get(at).elements<float>();
    floats.assign(elements.begin(), elements.end());
    floats[0] = 0;
    double squares = 0;
    for (const float value : floats) squares += value * value;
    floats[0] = static_cast<float>(std::sqrt(squares) * (1 + 1e-6 * (at % 1000)));
    vectors_.Set(at, floats);
  }
  const auto index = Built({.metric = Metric::kCosine, .lists = 10});
  const auto scan = index->Scan(Float32Vector(query), {.k = 1, .probes = 10});
  ASSERT_TRUE(scan.ok());
  const SearchResult first = (*scan)->Next();
  ASSERT_EQ(first.neighbors.size(), 1);
  size_t nearer = 0;
  for (uint32_t at = 0; at < kCount; ++at) {
    const double distance = ExactDistance(Float32Vector(query), vectors_.Get(at), Metric::kCosine);
    nearer += distance < first.neighbors[0].distance - 1e-6 ? 1 : 0;
  }
  EXPECT_LT(nearer, 20u);
}

INSTANTIATE_TEST_SUITE_P(All, IvfLimitsTest, testing::ValuesIn(kAllCodes));

}  // namespace
}  // namespace helios::ann
