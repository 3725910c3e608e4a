#include "ann/hnsw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "ann/internal/test_vectors.h"
#include "base/check.h"

namespace helios::ann {
namespace {

using internal::Bitmap;
using internal::BruteForce;
using internal::InsertAll;
using internal::RecallOf;
using internal::TestVectors;

constexpr auto kEverything = [](uint32_t) { return true; };

std::unique_ptr<HnswIndex> Make(const HnswOptions& options, const VectorSource& source) {
  auto index = HnswIndex::Create(options, source);
  HELIOS_CHECK(index.ok());
  return std::move(index).value();
}

std::set<uint32_t> OrdinalsOf(const SearchResult& result) {
  std::set<uint32_t> ordinals;
  for (const Neighbor& neighbor : result.neighbors) ordinals.insert(neighbor.ordinal);
  return ordinals;
}

// Sorted, each once, and as far as the definition says.
void ExpectTrueDistances(const SearchResult& result, const VectorSource& source,
                         const VectorRef& query, Metric metric) {
  EXPECT_EQ(OrdinalsOf(result).size(), result.neighbors.size());
  float previous = -std::numeric_limits<float>::infinity();
  for (const Neighbor& neighbor : result.neighbors) {
    const double exact = ExactDistance(query, source.Get(neighbor.ordinal), metric);
    EXPECT_NEAR(neighbor.distance, exact, 1e-3 + 1e-4 * std::abs(exact));
    EXPECT_GE(neighbor.distance, previous);
    previous = neighbor.distance;
  }
}

struct Kind {
  ElementType type;
  Metric metric;
  CodeKind codes;
  double recall_min;
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << static_cast<int>(kind.type) << " " << MetricName(kind.metric) << " "
       << static_cast<int>(kind.codes);
}

class HnswKindTest : public testing::TestWithParam<Kind> {
 protected:
  static constexpr uint32_t kCount = 2000;
  static constexpr uint32_t kQueryCount = 50;
  static constexpr size_t kK = 10;

  HnswOptions Options() const {
    return {.shape = vectors_.shape(), .metric = GetParam().metric, .codes = GetParam().codes};
  }
  void SetUp() override {
    vectors_.FillRandom(1);
    queries_.FillRandom(1'000'000);
  }

  TestVectors vectors_{{GetParam().type, 40}, kCount};
  TestVectors queries_{{GetParam().type, 40}, kQueryCount};
};

TEST_P(HnswKindTest, FindsTheNearest) {
  const auto index = Make(Options(), vectors_);
  ASSERT_TRUE(InsertAll(index.get(), kCount).ok());
  EXPECT_EQ(index->size(), kCount);
  double recall = 0;
  double exact_recall = 0;
  for (uint32_t at = 0; at < kQueryCount; ++at) {
    const VectorRef query = queries_.Get(at);
    const auto expected = BruteForce(vectors_, kCount, query, GetParam().metric, kK, kEverything);
    const auto result = index->Search(query, {.k = kK, .ef = 80}).value();
    ASSERT_EQ(result.neighbors.size(), kK);
    EXPECT_EQ(result.report.strategy, Strategy::kWalk);
    EXPECT_GT(result.report.distance_count, 0u);
    EXPECT_TRUE(result.report.complete);
    ExpectTrueDistances(result, vectors_, query, GetParam().metric);
    recall += RecallOf(result.neighbors, expected) / kQueryCount;
    const auto exact =
        index->Search(query, {.k = kK, .filter = {}, .strategy = Strategy::kExact}).value();
    ExpectTrueDistances(exact, vectors_, query, GetParam().metric);
    exact_recall += RecallOf(exact.neighbors, expected) / kQueryCount;
  }
  EXPECT_GE(recall, GetParam().recall_min);
  EXPECT_GE(exact_recall, GetParam().codes == CodeKind::kFull ? 1 : 0.99);
}

TEST_P(HnswKindTest, MoreThanThereIsReturnsAll) {
  const auto index = Make(Options(), vectors_);
  ASSERT_TRUE(InsertAll(index.get(), 700).ok());
  for (const size_t k : {size_t{700}, size_t{701}, size_t{100'000}, SIZE_MAX / 3 + 2, SIZE_MAX}) {
    const auto result = index->Search(queries_.Get(0), {.k = k}).value();
    EXPECT_EQ(result.neighbors.size(), 700u);
    ExpectTrueDistances(result, vectors_, queries_.Get(0), GetParam().metric);
  }
  const auto none = index->Search(queries_.Get(0), {.k = 0}).value();
  EXPECT_TRUE(none.neighbors.empty());
}

TEST_P(HnswKindTest, EqualVectorsAreAllFound) {
  for (uint32_t at = 1; at < kCount; ++at) vectors_.SetRandom(at, 1, 0);
  const auto index = Make(Options(), vectors_);
  ASSERT_TRUE(InsertAll(index.get(), 600).ok());
  for (const size_t k : {1u, 10u, 599u, 1000u}) {
    const auto result = index->Search(vectors_.Get(1), {.k = k}).value();
    EXPECT_EQ(result.neighbors.size(), std::min<size_t>(k, 600));
    ExpectTrueDistances(result, vectors_, vectors_.Get(1), GetParam().metric);
  }
}

std::vector<Kind> AllKinds() {
  std::vector<Kind> kinds;
  for (const ElementType type : {ElementType::kFloat32, ElementType::kFloat16, ElementType::kInt8,
                                 ElementType::kBit, ElementType::kSparse}) {
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1,
                                Metric::kHamming, Metric::kJaccard}) {
      if (!HasMetric(type, metric)) continue;
      kinds.push_back({type, metric, CodeKind::kFull, 0.95});
      if (type == ElementType::kBit || type == ElementType::kSparse) continue;
      kinds.push_back({type, metric, CodeKind::kScalar8, 0.95});
      if (metric == Metric::kL1) continue;
      kinds.push_back({type, metric, CodeKind::kBfloat16, 0.95});
    }
  }
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(AllKinds, HnswKindTest, testing::ValuesIn(AllKinds()));

TEST(HnswTest, EmptyIndexFindsNothing) {
  for (const CodeKind codes : {CodeKind::kScalar8, CodeKind::kFull}) {
    TestVectors vectors({ElementType::kFloat32, 8}, 1);
    vectors.FillRandom(1);
    const auto index = Make({.shape = vectors.shape(), .codes = codes}, vectors);
    for (const auto strategy : {Strategy::kWalk, Strategy::kReturnAll, Strategy::kExact,
                                Strategy::kFilteredWalk, Strategy::kBridgedWalk}) {
      const auto result = index->Search(vectors.Get(0), {.k = 10, .strategy = strategy}).value();
      EXPECT_TRUE(result.neighbors.empty());
      EXPECT_TRUE(result.report.complete);
    }
    EXPECT_FALSE(index->Repair(100));
    EXPECT_EQ(index->Delete(0).code(), ErrorCode::kDataException);
    EXPECT_TRUE(index->Build(0, {}).ok());
    EXPECT_EQ(index->ordinal_count(), 0u);
  }
}

TEST(HnswTest, OneVectorIsFoundByEveryStrategy) {
  for (const CodeKind codes : {CodeKind::kScalar8, CodeKind::kFull}) {
    TestVectors vectors({ElementType::kFloat32, 8}, 1);
    vectors.FillRandom(1);
    const auto index = Make({.shape = vectors.shape(), .codes = codes}, vectors);
    ASSERT_TRUE(InsertAll(index.get(), 1).ok());
    for (const auto strategy : {Strategy::kWalk, Strategy::kReturnAll, Strategy::kExact,
                                Strategy::kFilteredWalk, Strategy::kBridgedWalk}) {
      const auto result = index->Search(vectors.Get(0), {.k = 10, .strategy = strategy}).value();
      ASSERT_EQ(result.neighbors.size(), 1u);
      EXPECT_EQ(result.neighbors[0].ordinal, 0u);
      EXPECT_NEAR(result.neighbors[0].distance, 0, 1e-6);
    }
  }
}

TEST(HnswTest, EveryDimensionWorks) {
  for (const uint32_t dimension_count : {1u, 2u, 63u, 64u, 65u, 1536u, 16'000u}) {
    for (const CodeKind codes : {CodeKind::kScalar8, CodeKind::kBfloat16, CodeKind::kFull}) {
      TestVectors vectors({ElementType::kFloat32, dimension_count}, 300);
      vectors.FillRandom(5);
      const auto index =
          Make({.shape = vectors.shape(), .m = 8, .ef_construction = 32, .codes = codes}, vectors);
      ASSERT_TRUE(InsertAll(index.get(), 300).ok());
      const auto expected = BruteForce(vectors, 300, vectors.Get(7), Metric::kL2, 10, kEverything);
      const auto result = index->Search(vectors.Get(7), {.k = 10, .ef = 200}).value();
      ExpectTrueDistances(result, vectors, vectors.Get(7), Metric::kL2);
      EXPECT_EQ(result.neighbors[0].distance, 0) << dimension_count;
      EXPECT_GE(RecallOf(result.neighbors, expected), 0.8) << dimension_count;
    }
  }
}

// Squares of such elements are too large, or too small, for single precision.
TEST(HnswTest, HugeAndTinyElementsKeepTheirOrder) {
  for (const float factor : {1e30f, 1e-30f}) {
    for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kL1}) {
      for (const CodeKind codes : {CodeKind::kScalar8, CodeKind::kBfloat16, CodeKind::kFull}) {
        if (codes == CodeKind::kBfloat16 && metric == Metric::kL1) continue;
        SCOPED_TRACE(testing::Message()
                     << factor << " " << MetricName(metric) << " " << static_cast<int>(codes));
        TestVectors vectors({ElementType::kFloat32, 16}, 500);
        for (uint32_t at = 0; at < 500; ++at) {
          std::vector<float> point = vectors.Point(at, at % 16);
          for (float& value : point) value *= factor;
          vectors.Set(at, point);
        }
        const auto index =
            Make({.shape = vectors.shape(), .metric = metric, .codes = codes}, vectors);
        ASSERT_TRUE(InsertAll(index.get(), 500).ok());
        const auto expected = BruteForce(vectors, 500, vectors.Get(7), metric, 10, kEverything);
        const auto result = index->Search(vectors.Get(7), {.k = 10, .ef = 100}).value();
        ASSERT_EQ(result.neighbors.size(), 10u);
        size_t hits = 0;
        for (const Neighbor& neighbor : result.neighbors) {
          const double exact = ExactDistance(vectors.Get(7), vectors.Get(neighbor.ordinal), metric);
          EXPECT_NEAR(neighbor.distance / std::max(exact, 1e-35), exact / std::max(exact, 1e-35),
                      1e-3 + 1e-6 / std::max(exact, 1e-35));
          hits += std::ranges::any_of(
              expected, [&](const Neighbor& other) { return other.ordinal == neighbor.ordinal; });
        }
        // Ranks of full vectors are squares, which all are too large or too small alike.
        EXPECT_GE(hits, codes == CodeKind::kFull && metric == Metric::kL2 ? 1u : 8u);
      }
    }
  }
}

// Goal: rows that are all the same, as a column's default is, do not teach the codes for all that
// come after them.
TEST(HnswTest, EqualFirstVectorsTeachNothing) {
  constexpr uint32_t kSame = 600;
  constexpr uint32_t kCount = 2600;
  TestVectors vectors({ElementType::kFloat32, 32}, kCount);
  for (uint32_t at = 0; at < kCount; ++at) {
    std::vector<float> floats(32, 0.0f);
    if (at >= kSame) floats = vectors.Point(at, at % 16);
    for (float& value : floats) value *= 0.01f;
    vectors.Set(at, floats);
  }
  const auto index = Make({.shape = vectors.shape(), .codes = CodeKind::kScalar8}, vectors);
  ASSERT_TRUE(InsertAll(&*index, kCount).ok());
  double recall = 0;
  for (uint32_t query = kSame; query < kSame + 50; ++query) {
    const SearchOptions options{.k = 10, .strategy = Strategy::kWalk};
    const SearchResult found = *index->Search(vectors.Get(query), options);
    recall += RecallOf(found.neighbors, BruteForce(vectors, kCount, vectors.Get(query), Metric::kL2,
                                                   10, kEverything));
  }
  EXPECT_GE(recall / 50, 0.9);
}

TEST(HnswTest, FewElementsThatAreNotZeroAreTold) {
  constexpr uint32_t kCount = 600;
  constexpr uint32_t kDimensions = 4000;
  TestVectors vectors({ElementType::kFloat32, kDimensions}, kCount);
  for (uint32_t at = 0; at < kCount; ++at) {
    std::vector<float> floats(kDimensions, 0.0f);
    floats[at] = 0.3f;
    vectors.Set(at, floats);
  }
  const auto index =
      Make({.shape = vectors.shape(), .metric = Metric::kInnerProduct, .codes = CodeKind::kScalar8},
           vectors);
  ASSERT_TRUE(InsertAll(&*index, kCount).ok());
  const SearchOptions exact{.k = 1, .strategy = Strategy::kExact};
  EXPECT_EQ(index->Search(vectors.Get(7), exact)->neighbors.at(0).ordinal, 7u);
}

// Goal: a vector too far to be measured in single precision is found like others, and does not
// take their place.
TEST(HnswTest, RabitqKeepsWhatIsTooFarToMeasure) {
  constexpr uint32_t kCount = 600;
  TestVectors vectors({ElementType::kFloat32, 16}, kCount);
  vectors.FillRandom(3);
  for (const uint32_t huge : {400u, 401u}) {
    vectors.Set(huge, std::vector<float>(16, huge == 400 ? 1e20f : -3e38f));
  }
  const auto index = Make({.shape = vectors.shape(), .codes = CodeKind::kRabitq}, vectors);
  ASSERT_TRUE(InsertAll(&*index, kCount).ok());
  EXPECT_EQ(index->Search(vectors.Get(400), {.k = kCount})->neighbors.size(), kCount);
  for (uint32_t query = 0; query < 50; ++query) {
    const SearchResult found =
        *index->Search(vectors.Get(query), {.k = 1, .strategy = Strategy::kWalk});
    EXPECT_EQ(found.neighbors.at(0).ordinal, query);
    EXPECT_FALSE(found.report.fell_back);
  }
}

TEST(HnswTest, OptionsHaveBounds) {
  const VectorShape shape{ElementType::kFloat32, 8};
  const auto code = [](const HnswOptions& options) { return CheckOptions(options).code(); };
  EXPECT_TRUE(CheckOptions({.shape = shape}).ok());
  EXPECT_EQ(code({.shape = shape, .m = 1}), ErrorCode::kInvalidParameterValue);
  EXPECT_EQ(code({.shape = shape, .m = 101, .ef_construction = 300}),
            ErrorCode::kInvalidParameterValue);
  EXPECT_EQ(code({.shape = shape, .m = 2, .ef_construction = 3}),
            ErrorCode::kInvalidParameterValue);
  EXPECT_EQ(code({.shape = shape, .ef_construction = 1001}), ErrorCode::kInvalidParameterValue);
  EXPECT_EQ(code({.shape = shape, .m = 16, .ef_construction = 31}),
            ErrorCode::kInvalidParameterValue);
  EXPECT_EQ(code({.shape = shape, .metric = Metric::kJaccard}), ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(code({.shape = {ElementType::kBit, 8}, .metric = Metric::kHamming}),
            ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(code({.shape = shape, .metric = Metric::kL1, .codes = CodeKind::kBfloat16}),
            ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(code({.shape = {ElementType::kFloat32, 0}}), ErrorCode::kDataException);
  EXPECT_EQ(code({.shape = {ElementType::kFloat32, 16'001}}), ErrorCode::kProgramLimitExceeded);
  const TestVectors vectors({ElementType::kFloat32, 8}, 1);
  EXPECT_EQ(HnswIndex::Create({.shape = shape, .m = 0}, vectors).status().info().message,
            "value 0 out of bounds for option \"m\"");
}

// Before and after the codes have been learnt.
class HnswBadInputTest : public testing::TestWithParam<uint32_t> {
 protected:
  static constexpr uint32_t kDimensions = 8;

  void SetUp() override {
    vectors_.FillRandom(1);
    ASSERT_TRUE(InsertAll(index_.get(), count_).ok());
    bad_ = index_->Allocate().value();
    ASSERT_EQ(bad_, count_);
  }
  void TearDown() override {
    EXPECT_EQ(index_->size(), count_);
    const auto all = index_->Search(vectors_.Get(0), {.k = 10'000}).value();
    EXPECT_EQ(all.neighbors.size(), count_);
    // The ordinal is still allocated, and takes a good vector.
    vectors_.SetRandom(bad_, 77, 3);
    EXPECT_TRUE(index_->Insert(bad_).ok());
    EXPECT_EQ(index_->Search(vectors_.Get(bad_), {.k = 1}).value().neighbors[0].ordinal, bad_);
  }

  const uint32_t count_ = GetParam();
  TestVectors vectors_{{ElementType::kFloat32, kDimensions}, count_ + 1};
  const std::unique_ptr<HnswIndex> index_ =
      Make({.shape = vectors_.shape(), .metric = Metric::kCosine}, vectors_);
  uint32_t bad_ = 0;
};

TEST_P(HnswBadInputTest, BadVectorsAreRefused) {
  std::vector<float> floats(kDimensions, 1);
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    floats[3] = value;
    vectors_.Set(bad_, floats);
    EXPECT_EQ(index_->Insert(bad_).code(), ErrorCode::kDataException);
    EXPECT_EQ(index_->Search(Float32Vector(floats), {}).status().code(), ErrorCode::kDataException);
  }
  const std::vector<float> zeros(kDimensions);
  vectors_.Set(bad_, zeros);
  EXPECT_EQ(index_->Insert(bad_).code(), ErrorCode::kDataException);
  EXPECT_EQ(index_->Search(Float32Vector(zeros), {}).status().code(), ErrorCode::kDataException);
  const std::vector<float> longer(kDimensions + 1, 1);
  EXPECT_EQ(index_->Search(Float32Vector(longer), {}).status().info().message,
            "expected 8 dimensions, not 9");
}

TEST_P(HnswBadInputTest, BadOrdinalsAreRefused) {
  EXPECT_EQ(index_->Insert(bad_ + 1).code(), ErrorCode::kDataException);
  EXPECT_EQ(index_->Insert(UINT32_MAX).code(), ErrorCode::kDataException);
  EXPECT_EQ(index_->Delete(bad_ + 1).code(), ErrorCode::kDataException);
  EXPECT_EQ(index_->Delete(bad_).code(), ErrorCode::kDataException);
  EXPECT_EQ(index_->Insert(0).code(), ErrorCode::kUniqueViolation);
}

TEST_P(HnswBadInputTest, ShortBitmapsAreRefused) {
  const Bitmap shorter((count_ + 1) / 64 * 64);
  const Bitmap whole(count_ + 1);
  if (shorter.words().empty()) return;
  const auto search = [&](Filter filter) {
    return index_->Search(vectors_.Get(0), {.filter = filter}).status();
  };
  EXPECT_TRUE(search({.passing = whole.words()}).ok());
  EXPECT_EQ(search({.passing = shorter.words()}).code(), ErrorCode::kDataException);
  EXPECT_EQ(search({.passing = {}, .visible = shorter.words()}).code(), ErrorCode::kDataException);
}

INSTANTIATE_TEST_SUITE_P(Counts, HnswBadInputTest, testing::Values(100u, 1000u));

TEST(HnswTest, DeletedOrdinalsMustBeAllocatedAnew) {
  for (const uint32_t count : {100u, 1000u}) {
    TestVectors vectors({ElementType::kFloat32, 8}, count);
    vectors.FillRandom(1);
    const auto index = Make({.shape = vectors.shape()}, vectors);
    ASSERT_TRUE(InsertAll(index.get(), count).ok());
    ASSERT_TRUE(index->Delete(5).ok());
    EXPECT_EQ(index->Delete(5).code(), ErrorCode::kDataException);
    EXPECT_EQ(index->Insert(5).code(), ErrorCode::kDataException);
    EXPECT_EQ(index->size(), count - 1);
    while (index->Repair(64)) {
    }
    EXPECT_EQ(index->Insert(5).code(), ErrorCode::kDataException);
    EXPECT_EQ(index->Allocate().value(), 5u);
    EXPECT_TRUE(index->Insert(5).ok());
    EXPECT_EQ(index->Search(vectors.Get(5), {.k = 1}).value().neighbors[0].ordinal, 5u);
  }
}

TEST(HnswTest, BuildReportsAndStops) {
  TestVectors vectors({ElementType::kFloat32, 8}, 2000);
  vectors.FillRandom(1);
  uint32_t last = 0;
  const auto built = Make({.shape = vectors.shape()}, vectors);
  ASSERT_TRUE(built
                  ->Build(2000, {.thread_count = 2,
                                 .progress =
                                     [&](uint32_t inserted, uint32_t total) {
                                       EXPECT_GE(inserted, last);
                                       EXPECT_EQ(total, 2000u);
                                       last = inserted;
                                     }})
                  .ok());
  EXPECT_EQ(last, 2000u);
  EXPECT_EQ(built->size(), 2000u);

  const auto stopped = Make({.shape = vectors.shape()}, vectors);
  std::stop_source stop;
  const Status status = stopped->Build(
      2000,
      {.stop = stop.get_token(), .progress = [&](uint32_t, uint32_t) { stop.request_stop(); }});
  EXPECT_EQ(status.code(), ErrorCode::kQueryCanceled);
  const uint32_t in = stopped->size();
  EXPECT_LT(in, 2000u);
  EXPECT_EQ(stopped->Search(vectors.Get(0), {.k = 5000}).value().neighbors.size(), in);
  // The others are allocated, and can still be inserted.
  for (uint32_t at = in; at < 2000; ++at) ASSERT_TRUE(stopped->Insert(at).ok());
  EXPECT_EQ(stopped->size(), 2000u);

  const std::vector<float> bad(8, std::numeric_limits<float>::quiet_NaN());
  vectors.Set(1999, bad);
  const auto refused = Make({.shape = vectors.shape()}, vectors);
  EXPECT_EQ(refused->Build(2000, {}).code(), ErrorCode::kDataException);
  EXPECT_EQ(refused->ordinal_count(), 0u);
  EXPECT_EQ(refused->size(), 0u);
}

}  // namespace
}  // namespace helios::ann
