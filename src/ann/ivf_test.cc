#include "ann/ivf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include "ann/hnsw.h"
#include "sys/thread.h"

namespace helios::ann {
namespace {

constexpr uint32_t kCount = 3000;
constexpr uint32_t kDimensions = 24;
constexpr size_t kK = 10;

// Vectors around a few points, and how they are found without an index.
struct Data {
  explicit Data(Metric metric = Metric::kL2) : metric(metric) {
    std::mt19937_64 random(42);
    std::normal_distribution<float> normal;
    std::vector<float> points(20 * kDimensions);
    for (float& value : points) value = normal(random);
    const auto fill = [&](std::vector<float>* floats, size_t count) {
      for (size_t at = 0; at < count; ++at) {
        const size_t point = random() % 20;
        for (size_t dimension = 0; dimension < kDimensions; ++dimension) {
          floats->push_back(points[point * kDimensions + dimension] + 0.4f * normal(random));
        }
      }
    };
    fill(&values, kCount);
    fill(&queries, 30);
  }

  VectorRef query(size_t at) const {
    return Float32Vector(std::span(queries).subspan(at * kDimensions, kDimensions));
  }
  std::vector<uint32_t> Nearest(size_t at, const std::vector<bool>& passes) const {
    std::vector<std::pair<double, uint32_t>> all;
    for (uint32_t ordinal = 0; ordinal < kCount; ++ordinal) {
      if (!passes[ordinal]) continue;
      all.emplace_back(ExactDistance(query(at), source.Get(ordinal), metric), ordinal);
    }
    std::sort(all.begin(), all.end());
    std::vector<uint32_t> nearest;
    for (size_t index = 0; index < std::min(kK, all.size()); ++index) {
      nearest.push_back(all[index].second);
    }
    return nearest;
  }

  Metric metric;
  std::vector<float> values;
  std::vector<float> queries;
  VectorShape shape{ElementType::kFloat32, kDimensions};
  FlatVectors source{shape, (values.reserve(size_t{kCount} * kDimensions), values.data())};
};

const std::vector<bool> kAll(kCount, true);

std::vector<uint64_t> Bitmap(const std::vector<bool>& passes) {
  std::vector<uint64_t> words((passes.size() + 63) / 64);
  for (size_t at = 0; at < passes.size(); ++at) {
    if (passes[at]) words[at / 64] |= uint64_t{1} << (at % 64);
  }
  return words;
}

std::vector<bool> EveryNth(uint32_t step) {
  std::vector<bool> passes(kCount);
  for (uint32_t at = 0; at < kCount; at += step) passes[at] = true;
  return passes;
}

std::unique_ptr<IvfIndex> MakeIndex(const IvfOptions& options, const VectorSource& source) {
  Result<std::unique_ptr<IvfIndex>> index = IvfIndex::Create(options, source);
  EXPECT_TRUE(index.ok());
  return std::move(*index);
}

std::vector<uint32_t> AllOrdinals(uint32_t count = kCount) {
  std::vector<uint32_t> ordinals(count);
  std::iota(ordinals.begin(), ordinals.end(), 0);
  return ordinals;
}

std::unique_ptr<IvfIndex> BuiltIndex(const Data& data, ListCodes codes, uint32_t lists = 60) {
  auto index = MakeIndex(
      {.shape = data.shape, .metric = data.metric, .lists = lists, .codes = codes}, data.source);
  EXPECT_TRUE(index->Build(AllOrdinals(), {.thread_count = 2}).ok());
  EXPECT_EQ(index->size(), kCount);
  return index;
}

std::vector<uint32_t> Ordinals(const std::vector<Neighbor>& neighbors) {
  std::vector<uint32_t> ordinals;
  ordinals.reserve(neighbors.size());
  for (const Neighbor& neighbor : neighbors) ordinals.push_back(neighbor.ordinal);
  return ordinals;
}

double Recall(const IvfIndex& index, const Data& data, const SearchOptions& options,
              const std::vector<bool>& passes = kAll) {
  size_t hits = 0;
  size_t wanted = 0;
  for (size_t query = 0; query < 30; ++query) {
    const Result<SearchResult> result = index.Search(data.query(query), options);
    EXPECT_TRUE(result.ok());
    const std::vector<uint32_t> nearest = data.Nearest(query, passes);
    EXPECT_EQ(result->neighbors.size(), nearest.size());
    for (const Neighbor& neighbor : result->neighbors) {
      EXPECT_TRUE(passes[neighbor.ordinal]);
      hits += static_cast<size_t>(std::ranges::count(nearest, neighbor.ordinal));
      EXPECT_NEAR(neighbor.distance,
                  ExactDistance(data.query(query), data.source.Get(neighbor.ordinal), data.metric),
                  1e-3);
    }
    EXPECT_TRUE(std::ranges::is_sorted(result->neighbors, {}, &Neighbor::distance));
    wanted += nearest.size();
  }
  return static_cast<double>(hits) / static_cast<double>(wanted);
}

struct Kind {
  ListCodes codes;
  Metric metric;
};

class IvfTest : public testing::TestWithParam<Kind> {
 protected:
  Data data_{GetParam().metric};
};

TEST_P(IvfTest, AllListsHaveAllNeighbors) {
  const auto index = BuiltIndex(data_, GetParam().codes);
  const double recall = Recall(*index, data_, {.k = kK, .probes = index->list_count()});
  if (GetParam().codes == ListCodes::kFlat || GetParam().codes == ListCodes::kCopy) {
    EXPECT_EQ(recall, 1);
  } else {
    EXPECT_GT(recall, 0.97);
  }
}

TEST_P(IvfTest, MoreProbesFindMore) {
  const auto index = BuiltIndex(data_, GetParam().codes);
  double before = 0;
  for (const uint32_t probes : {1, 4, 16, 60}) {
    const double recall = Recall(*index, data_, {.k = kK, .probes = probes});
    EXPECT_GE(recall, before - 0.02) << probes;
    before = recall;
  }
  EXPECT_GT(Recall(*index, data_, {.k = kK, .probes = 16}), 0.8);
  EXPECT_LT(Recall(*index, data_, {.k = kK, .probes = 1}), 0.9);
}

TEST_P(IvfTest, ResultsPassTheFilterAndAreAsManyAsMatch) {
  const auto index = BuiltIndex(data_, GetParam().codes);
  for (const uint32_t step : {2, 20, 150, 700, 2999}) {
    const std::vector<bool> passes = EveryNth(step);
    const std::vector<uint64_t> bitmap = Bitmap(passes);
    SearchOptions options{.k = kK, .probes = 60, .filter = {.passing = bitmap}};
    EXPECT_GT(Recall(*index, data_, options, passes), 0.97) << step;
    // One list has fewer than k of them: the search goes on.
    options.probes = 1;
    options.strategy = Strategy::kProbe;
    Recall(*index, data_, options, passes);
    options.strategy = Strategy::kExact;
    EXPECT_GT(Recall(*index, data_, options, passes), 0.97) << step;
  }
}

TEST_P(IvfTest, WhatWasDeletedIsGoneAndComesBack) {
  const auto index = BuiltIndex(data_, GetParam().codes);
  std::vector<bool> lives = kAll;
  for (uint32_t round = 0; round < 3; ++round) {
    for (uint32_t ordinal = round; ordinal < kCount; ordinal += 3) {
      EXPECT_TRUE(index->Delete(ordinal).ok());
      lives[ordinal] = false;
    }
    SearchOptions options{.k = kK, .probes = 60};
    EXPECT_GT(Recall(*index, data_, options, lives), 0.97);
    for (int slice = 0; slice < 100 && index->Compact(7); ++slice) {
    }
    EXPECT_FALSE(index->Compact(7));
    EXPECT_GT(Recall(*index, data_, options, lives), 0.97);
    EXPECT_EQ(index->size(), kCount - 1000);
    for (uint32_t ordinal = round; ordinal < kCount; ordinal += 3) {
      EXPECT_TRUE(index->Insert(ordinal).ok());
      lives[ordinal] = true;
    }
    EXPECT_GT(Recall(*index, data_, options), 0.97);
  }
}

TEST_P(IvfTest, AScanGoesOnUntilAllHaveCome) {
  const auto index = BuiltIndex(data_, GetParam().codes);
  const std::vector<bool> passes = EveryNth(4);
  const std::vector<uint64_t> bitmap = Bitmap(passes);
  auto scan = index->Scan(data_.query(0), {.k = kK, .probes = 5, .filter = {.passing = bitmap}});
  ASSERT_TRUE(scan.ok());
  std::set<uint32_t> seen;
  for (;;) {
    const SearchResult batch = (*scan)->Next();
    if (batch.neighbors.empty()) break;
    EXPECT_TRUE(std::ranges::is_sorted(batch.neighbors, {}, &Neighbor::distance));
    for (const Neighbor& neighbor : batch.neighbors) {
      EXPECT_TRUE(passes[neighbor.ordinal]);
      EXPECT_TRUE(seen.insert(neighbor.ordinal).second);
    }
  }
  EXPECT_EQ(seen.size(), kCount / 4);
  // Bounded, it ends before.
  auto bounded = index->Scan(data_.query(0), {.k = kCount, .probes = 5, .probes_max = 10});
  const size_t count = (*bounded)->Next().neighbors.size();
  EXPECT_GT(count, 0);
  EXPECT_LT(count, kCount);
  EXPECT_TRUE((*bounded)->Next().neighbors.empty());
}

TEST_P(IvfTest, OneByOneIsAsGoodAsBuilt) {
  const auto index = MakeIndex(
      {.shape = data_.shape, .metric = data_.metric, .codes = GetParam().codes}, data_.source);
  for (uint32_t ordinal = 0; ordinal < kCount; ++ordinal) {
    ASSERT_TRUE(index->Insert(ordinal).ok());
    if (ordinal != 500) continue;
    // Before there are clusters, all are compared.
    EXPECT_EQ(index->list_count(), 0);
    std::vector<bool> inserted(kCount);
    std::fill_n(inserted.begin(), 501, true);
    EXPECT_EQ(Recall(*index, data_, {.k = kK}, inserted), 1);
    auto scan = index->Scan(data_.query(0), {.k = 400});
    EXPECT_EQ((*scan)->Next().neighbors.size(), 400);
    EXPECT_EQ((*scan)->Next().neighbors.size(), 101);
  }
  EXPECT_GT(index->list_count(), 0);
  EXPECT_GT(Recall(*index, data_, {.k = kK, .probes = index->list_count()}), 0.97);
}

// Readers, a writer that deletes and inserts, and one that compacts, beside each other.
TEST_P(IvfTest, SearchesRunBesideChanges) {
  const auto index = BuiltIndex(data_, GetParam().codes);
  const std::vector<bool> kept = EveryNth(2);
  const std::vector<uint64_t> bitmap = Bitmap(kept);
  std::atomic<bool> is_over{false};
  std::vector<sys::Thread> threads;
  threads.emplace_back("search", [&] {
    for (size_t at = 0; !is_over; ++at) {
      const auto found = index->Search(data_.query(at % 30),
                                       {.k = kK, .probes = 60, .filter = {.passing = bitmap}});
      EXPECT_TRUE(found.ok());
      EXPECT_EQ(found->neighbors.size(), kK);
      for (const Neighbor& neighbor : found->neighbors) EXPECT_TRUE(kept[neighbor.ordinal]);
      auto scan = index->Scan(data_.query(at % 30), {.k = kK, .probes = 2});
      (*scan)->Next();
      (*scan)->Next();
    }
  });
  threads.emplace_back("compact", [&] {
    while (!is_over) index->Compact(3);
  });
  for (int round = 0; round < 2; ++round) {
    for (uint32_t ordinal = 1; ordinal < kCount; ordinal += 2) {
      EXPECT_TRUE(index->Delete(ordinal).ok());
    }
    for (uint32_t ordinal = 1; ordinal < kCount; ordinal += 2) {
      EXPECT_TRUE(index->Insert(ordinal).ok());
    }
  }
  is_over = true;
  threads.clear();
  EXPECT_EQ(index->size(), kCount);
  EXPECT_GT(Recall(*index, data_, {.k = kK, .probes = 60}), 0.97);
}

INSTANTIATE_TEST_SUITE_P(All, IvfTest,
                         testing::Values(Kind{ListCodes::kFlat, Metric::kL2},
                                         Kind{ListCodes::kFlat, Metric::kInnerProduct},
                                         Kind{ListCodes::kCopy, Metric::kL2},
                                         Kind{ListCodes::kCopy, Metric::kCosine},
                                         Kind{ListCodes::kScalar8, Metric::kL2},
                                         Kind{ListCodes::kScalar8, Metric::kCosine},
                                         Kind{ListCodes::kRabitq, Metric::kL2},
                                         Kind{ListCodes::kRabitq, Metric::kInnerProduct},
                                         Kind{ListCodes::kRabitq, Metric::kCosine},
                                         Kind{ListCodes::kProduct, Metric::kL2},
                                         Kind{ListCodes::kProduct, Metric::kInnerProduct}));

// So many that the nearest centers are found by their codes; and one query that these do not reach.
TEST(IvfIndexTest, CodesOfCentersFindTheSameLists) {
  const Data data;
  for (const ListCodes codes : {ListCodes::kScalar8, ListCodes::kRabitq, ListCodes::kProduct}) {
    const auto index = BuiltIndex(data, codes, 400);
    const SearchOptions few{.k = kK, .probes = 40};
    const double recall = Recall(*index, data, few);
    EXPECT_GT(recall, 0.85);
    // With a farther list to look into after each, all lists are measured in the end.
    SearchOptions wide = few;
    wide.k = 1000;
    wide.probes = 1;
    const auto found = index->Search(data.query(0), wide);
    EXPECT_EQ(found->neighbors.size(), 1000u);
    std::vector<float> far(kDimensions);
    far[0] = 1e6f;
    const auto from_far = index->Search(Float32Vector(far), few);
    EXPECT_EQ(from_far->neighbors.size(), kK);
  }
}

// Inserts from several threads train once, and lose nothing.
TEST(IvfIndexTest, ThreadsInsertFromTheFirstOn) {
  const Data data;
  const auto index = MakeIndex({.shape = data.shape, .codes = ListCodes::kRabitq}, data.source);
  {
    std::vector<sys::Thread> threads;
    for (uint32_t part = 0; part < 3; ++part) {
      threads.emplace_back("insert", [&, part] {
        for (uint32_t ordinal = part; ordinal < kCount; ordinal += 3) {
          EXPECT_TRUE(index->Insert(ordinal).ok());
          if (ordinal % 40 == part) {
            EXPECT_TRUE(index->Search(data.query(0), {.k = kK, .probes = 4}).ok());
            EXPECT_GT(index->memory().total(), 0u);
          }
          if (ordinal % 10 != part) continue;
          EXPECT_TRUE(index->Delete(ordinal).ok());
          EXPECT_TRUE(index->Insert(ordinal).ok());
        }
      });
    }
  }
  EXPECT_EQ(index->size(), kCount);
  EXPECT_GT(Recall(*index, data, {.k = kK, .probes = index->list_count()}), 0.97);
}

TEST(IvfIndexTest, BitsAreClusteredByTheirMajority) {
  constexpr uint32_t kBits = 100;
  std::mt19937_64 random(42);
  std::vector<uint64_t> words;
  const uint64_t unused = ~((uint64_t{1} << (kBits - 64)) - 1);
  for (uint32_t at = 0; at < 2 * 2000; at += 2) {
    // Ten clusters: a few bits of each vector differ from its point.
    std::mt19937_64 point(at / 2 % 10);
    words.push_back(point() ^ (random() & random() & random()));
    words.push_back((point() ^ (random() & random() & random())) & ~unused);
  }
  const VectorShape shape{ElementType::kBit, kBits};
  const FlatVectors source(shape, words.data());
  const auto index = MakeIndex(
      {.shape = shape, .metric = Metric::kHamming, .lists = 10, .codes = ListCodes::kFlat}, source);
  ASSERT_TRUE(index->Build(AllOrdinals(2000), {}).ok());
  for (uint32_t query = 0; query < 50; ++query) {
    std::vector<double> distances;
    for (uint32_t ordinal = 0; ordinal < 2000; ++ordinal) {
      distances.push_back(ExactDistance(source.Get(query), source.Get(ordinal), Metric::kHamming));
    }
    std::ranges::sort(distances);
    const auto found = index->Search(source.Get(query), {.k = kK, .probes = 10});
    ASSERT_EQ(found->neighbors.size(), kK);
    EXPECT_EQ(found->neighbors[0].distance, 0);
    for (size_t at = 0; at < kK; ++at) EXPECT_EQ(found->neighbors[at].distance, distances[at]);
  }
}

TEST(IvfIndexTest, HalvesAndBytesHaveListsToo) {
  const Data data;
  std::vector<uint16_t> halves;
  std::vector<int8_t> bytes;
  for (const float value : data.values) {
    halves.push_back(ToHalf(value));
    bytes.push_back(static_cast<int8_t>(std::lround(std::clamp(value * 20, -127.0f, 127.0f))));
  }
  const VectorShape half_shape{ElementType::kFloat16, kDimensions};
  const VectorShape byte_shape{ElementType::kInt8, kDimensions};
  const FlatVectors half_source(half_shape, halves.data());
  const FlatVectors byte_source(byte_shape, bytes.data());
  for (const auto& [shape, source] :
       {std::pair(half_shape, &half_source), std::pair(byte_shape, &byte_source)}) {
    for (const ListCodes codes : {ListCodes::kFlat, ListCodes::kCopy, ListCodes::kScalar8,
                                  ListCodes::kRabitq, ListCodes::kProduct}) {
      const auto index = MakeIndex({.shape = shape, .lists = 30, .codes = codes}, *source);
      ASSERT_TRUE(index->Build(AllOrdinals(), {}).ok());
      for (uint32_t query = 0; query < 20; ++query) {
        const auto found = index->Search(source->Get(query), {.k = 1, .probes = 1});
        ASSERT_EQ(found->neighbors.size(), 1);
        EXPECT_EQ(found->neighbors[0].distance, 0);
      }
    }
  }
}

TEST(IvfIndexTest, FewVectorsAndManyEqualOnes) {
  const std::vector<float> same(2000 * 8, 1.0f);
  const VectorShape shape{ElementType::kFloat32, 8};
  const FlatVectors source(shape, same.data());
  for (const ListCodes codes : {ListCodes::kFlat, ListCodes::kCopy, ListCodes::kScalar8,
                                ListCodes::kRabitq, ListCodes::kProduct}) {
    for (const uint32_t count : {1u, 2u, 7u, 2000u}) {
      const auto index = MakeIndex({.shape = shape, .codes = codes}, source);
      ASSERT_TRUE(index->Build(AllOrdinals(count), {}).ok());
      const auto found = index->Search(source.Get(0), {.k = kK});
      EXPECT_EQ(found->neighbors.size(), std::min<size_t>(kK, count));
      for (const Neighbor& neighbor : found->neighbors) EXPECT_NEAR(neighbor.distance, 0, 1e-3);
    }
  }
}

std::string MessageOf(const Status& status) {
  EXPECT_FALSE(status.ok());
  return status.ok() ? "" : status.info().message;
}

TEST(IvfIndexTest, OptionsOutOfRangeAreRefused) {
  const Data data;
  const IvfOptions good{.shape = data.shape};
  const auto message = [&](auto change) {
    IvfOptions options = good;
    change(options);
    return MessageOf(CheckOptions(options));
  };
  EXPECT_TRUE(CheckOptions(good).ok());
  EXPECT_EQ(message([](auto& options) { options.lists = 32'769; }),
            "value 32769 out of bounds for option \"lists\"");
  EXPECT_EQ(message([](auto& options) { options.metric = Metric::kL1; }),
            "metric \"l1\" is not supported for this type of vector");
  EXPECT_EQ(message([](auto& options) {
              options.codes = ListCodes::kProduct;
              options.product_bytes = kDimensions + 1;
            }),
            "value 25 out of bounds for option \"product_bytes\"");
  EXPECT_EQ(message([](auto& options) {
              options.shape.type = ElementType::kBit;
              options.metric = Metric::kHamming;
            }),
            "this type of vector has no codes for lists");
  EXPECT_EQ(message([](auto& options) { options.shape.type = ElementType::kSparse; }),
            "metric \"l2\" is not supported for this type of vector");
}

TEST(IvfIndexTest, BadInputIsRefusedAndChangesNothing) {
  Data data;
  const auto index = BuiltIndex(data, ListCodes::kScalar8);
  const std::vector<float> longer(kDimensions + 1);
  std::vector<float> not_a_number(kDimensions);
  not_a_number[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(MessageOf(index->Search(Float32Vector(longer), {}).status()),
            "expected 24 dimensions, not 25");
  EXPECT_EQ(MessageOf(index->Search(Float32Vector(not_a_number), {}).status()),
            "NaN not allowed in vector");
  EXPECT_EQ(MessageOf(index->Scan(Float32Vector(longer), {}).status()),
            "expected 24 dimensions, not 25");
  const std::vector<uint64_t> bitmap(40);
  EXPECT_EQ(MessageOf(index->Search(data.query(0), {.filter = {.passing = bitmap}}).status()),
            "bitmap of 2560 ordinals is shorter than the index of 3000");
  EXPECT_EQ(MessageOf(index->Search(data.query(0), {.probes = 0}).status()),
            "0 is outside the valid range for parameter \"ivfflat.probes\" (1 .. 32768)");
  EXPECT_EQ(MessageOf(index->Delete(kCount)), "ordinal 3000 is out of range: the index has 3000");
  EXPECT_EQ(MessageOf(index->Insert(5)), "ordinal 5 is in the index");
  EXPECT_TRUE(index->Delete(5).ok());
  EXPECT_EQ(MessageOf(index->Delete(5)), "ordinal 5 is not in the index");
  data.values[5 * kDimensions] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(index->Insert(5).ok());
  data.values[5 * kDimensions] = 0;
  EXPECT_TRUE(index->Insert(5).ok());
  EXPECT_EQ(index->size(), kCount);
}

TEST(IvfIndexTest, ABuildThatIsStoppedSaysSo) {
  const Data data;
  const auto index = MakeIndex({.shape = data.shape}, data.source);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(MessageOf(index->Build(AllOrdinals(), {.stop = stop.get_token()})),
            "building the vector index was canceled");
  EXPECT_TRUE(index->Insert(0).ok());
}

TEST(IvfIndexTest, ASearchThatIsStoppedSaysSo) {
  const Data data;
  const auto index = BuiltIndex(data, ListCodes::kFlat);
  std::stop_source stop;
  stop.request_stop();
  const auto found =
      index->Search(data.query(0), {.k = kK, .probes = 60, .stop = stop.get_token()});
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->report.complete);
}

// A graph whose walks compare codes of one bit.
TEST(IvfIndexTest, AGraphWalksOnCodesOfOneBit) {
  const Data data;
  auto graph = HnswIndex::Create(
      {.shape = data.shape, .ef_construction = 64, .codes = CodeKind::kRabitq}, data.source);
  ASSERT_TRUE(graph.ok());
  ASSERT_TRUE((*graph)->Build(kCount, {}).ok());
  size_t hits = 0;
  for (size_t query = 0; query < 30; ++query) {
    const auto found = (*graph)->Search(data.query(query), {.k = kK, .ef = 200});
    const std::vector<uint32_t> nearest = data.Nearest(query, kAll);
    for (const uint32_t ordinal : Ordinals(found->neighbors)) {
      hits += static_cast<size_t>(std::ranges::count(nearest, ordinal));
    }
  }
  EXPECT_GT(static_cast<double>(hits) / (30 * kK), 0.9);
}

}  // namespace
}  // namespace helios::ann
