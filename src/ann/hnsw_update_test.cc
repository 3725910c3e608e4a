// Deleting and inserting anew, with repair in slices: nothing is lost, nothing comes back.

#include <gtest/gtest.h>

#include <atomic>
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

constexpr uint32_t kSlice = 64;

void RepairAll(HnswIndex* index) {
  while (index->Repair(kSlice)) {
  }
}

// Vectors whose ordinals come and go.
class Churn {
 public:
  // There is room for `spare_count` more.
  Churn(uint32_t count, uint32_t dimension_count, uint32_t cluster_count, CodeKind codes,
        uint32_t spare_count = 0)
      : vectors_({ElementType::kFloat32, dimension_count}, count + spare_count),
        live_(count + spare_count),
        cluster_count_(cluster_count) {
    vectors_.FillRandom(1, cluster_count);
    index_ = HnswIndex::Create({.shape = vectors_.shape(), .codes = codes}, vectors_).value();
    HELIOS_CHECK(InsertAll(index_.get(), count).ok());
    for (uint32_t at = 0; at < count; ++at) live_.Set(at);
  }

  HnswIndex& index() { return *index_; }
  TestVectors& vectors() { return vectors_; }
  uint32_t count() const { return vectors_.count(); }
  bool IsLive(uint32_t ordinal) const { return live_.Test(ordinal); }
  void Delete(uint32_t ordinal) {
    ASSERT_TRUE(index_->Delete(ordinal).ok());
    live_.Clear(ordinal);
  }
  // Another vector of the cluster, at whatever ordinal is free.
  uint32_t Insert(uint64_t seed, uint32_t cluster) {
    const uint32_t ordinal = index_->Allocate().value();
    HELIOS_CHECK(ordinal < count());
    HELIOS_CHECK(!IsLive(ordinal));
    vectors_.SetRandom(ordinal, seed, cluster);
    HELIOS_CHECK(index_->Insert(ordinal).ok());
    live_.Set(ordinal);
    return ordinal;
  }
  uint32_t ClusterOf(uint32_t ordinal) const { return ordinal % cluster_count_; }

  double Recall(const HnswIndex& index, uint32_t query_count) const {
    double recall = 0;
    for (uint32_t at = 0; at < query_count; ++at) {
      const std::vector<float> query = vectors_.Point(9'000'000 + at, at % cluster_count_);
      const auto lives = [&](uint32_t ordinal) { return IsLive(ordinal); };
      const auto expected =
          BruteForce(vectors_, count(), Float32Vector(query), Metric::kL2, 10, lives);
      const auto result = index.Search(Float32Vector(query), {.k = 10, .ef = 40}).value();
      EXPECT_EQ(result.neighbors.size(), expected.size());
      for (const Neighbor& neighbor : result.neighbors) EXPECT_TRUE(IsLive(neighbor.ordinal));
      recall += RecallOf(result.neighbors, expected) / query_count;
    }
    return recall;
  }
  // Whether a walk that keeps everything it meets meets all.
  bool AreAllReachable() const {
    const auto result =
        index_->Search(vectors_.Get(0), {.k = count(), .strategy = Strategy::kWalk}).value();
    EXPECT_EQ(result.neighbors.size(), index_->size());
    return !result.report.fell_back;
  }
  // How many of the living a search for their own vector does not find by the graph alone.
  uint32_t CountUnreachable(size_t ef) const {
    uint32_t lost = 0;
    for (uint32_t at = 0; at < count(); ++at) {
      if (!IsLive(at)) continue;
      const auto result =
          index_->Search(vectors_.Get(at), {.k = 1, .ef = ef, .strategy = Strategy::kWalk}).value();
      lost += result.neighbors.empty() || result.neighbors[0].distance > 0 ? 1 : 0;
    }
    return lost;
  }
  // The recall of an index that was built of what lives now.
  double FreshRecall(CodeKind codes, uint32_t query_count) {
    auto fresh = HnswIndex::Create({.shape = vectors_.shape(), .codes = codes}, vectors_).value();
    for (uint32_t at = 0; at < count(); ++at) {
      HELIOS_CHECK(fresh->Allocate().value() == at);
      if (!IsLive(at)) continue;
      HELIOS_CHECK(fresh->Insert(at).ok());
    }
    return Recall(*fresh, query_count);
  }

 private:
  TestVectors vectors_;
  Bitmap live_;
  const uint32_t cluster_count_;
  std::unique_ptr<HnswIndex> index_;
};

TEST(HnswUpdateTest, RecallLastsThroughDeletesAndInserts) {
  for (const double share : {0.2, 0.5}) {
    SCOPED_TRACE(share);
    Churn churn(20'000, 32, 64, CodeKind::kScalar8);
    HnswIndex& index = churn.index();
    EXPECT_TRUE(churn.AreAllReachable());
    EXPECT_EQ(churn.CountUnreachable(64), 0u);
    sys::Random random(5);
    size_t memory_bytes = 0;
    for (int round = 0; round < 5; ++round) {
      std::vector<uint32_t> clusters;
      for (uint32_t at = 0; at < churn.count(); ++at) {
        if (random.NextDouble() >= share) continue;
        churn.Delete(at);
        clusters.push_back(churn.ClusterOf(at));
      }
      EXPECT_EQ(index.size(), churn.count() - clusters.size());
      churn.Recall(index, 20);
      RepairAll(&index);
      uint64_t seed = static_cast<uint64_t>(round + 1) * 100'000;
      for (const uint32_t cluster : clusters) churn.Insert(++seed, cluster);
      EXPECT_EQ(index.ordinal_count(), churn.count());
      EXPECT_TRUE(churn.AreAllReachable());
      if (round == 1) memory_bytes = index.memory().total();
    }
    EXPECT_LE(index.memory().total(), memory_bytes + memory_bytes / 50);
    EXPECT_GE(churn.Recall(index, 200), churn.FreshRecall(CodeKind::kScalar8, 200) - 0.01);
    // All can be reached, one or two in many thousands by a long way round.
    EXPECT_LE(churn.CountUnreachable(64), churn.count() / 1000);
    EXPECT_EQ(churn.CountUnreachable(400), 0u);
  }
}

// Deletes, inserts and slices of repair take turns, so that rounds begin and end in between.
TEST(HnswUpdateTest, InsertsWhileRepairIsUnderWay) {
  Churn churn(4000, 16, 16, CodeKind::kScalar8);
  HnswIndex& index = churn.index();
  sys::Random random(5);
  uint64_t seed = 1'000'000;
  uint32_t missing = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto ordinal = static_cast<uint32_t>(random.Below(churn.count()));
    if (churn.IsLive(ordinal)) {
      churn.Delete(ordinal);
      ++missing;
    }
    index.Repair(kSlice);
    // A round takes some slices, until which what was deleted is not free.
    if (missing <= 400) continue;
    churn.Insert(++seed, churn.ClusterOf(ordinal));
    --missing;
  }
  EXPECT_EQ(index.ordinal_count(), churn.count());
  EXPECT_GE(churn.Recall(index, 100), churn.FreshRecall(CodeKind::kScalar8, 100) - 0.01);
  EXPECT_TRUE(churn.AreAllReachable());
  EXPECT_EQ(churn.CountUnreachable(64), 0u);
}

TEST(HnswUpdateTest, WholeClustersAreDeletedAndInsertedAgain) {
  for (const bool repairs_first : {true, false}) {
    SCOPED_TRACE(repairs_first);
    Churn churn(6000, 16, 12, CodeKind::kScalar8, 1000);
    HnswIndex& index = churn.index();
    uint64_t seed = 1'000'000;
    for (uint32_t round = 0; round < 4; ++round) {
      uint32_t count = 0;
      for (uint32_t at = 0; at < churn.count(); ++at) {
        if (!churn.IsLive(at)) continue;
        const std::vector<float> centre = churn.vectors().Point(0, round, 0);
        if (ExactDistance(Float32Vector(centre), churn.vectors().Get(at), Metric::kL2) > 4) {
          continue;
        }
        churn.Delete(at);
        ++count;
      }
      EXPECT_GT(count, 300u);
      if (repairs_first) RepairAll(&index);
      // Without it, all are inserted among the dead, and repair goes on meanwhile.
      for (uint32_t at = 0; at < count; ++at) {
        if (!repairs_first) index.Repair(16);
        churn.Insert(++seed, round);
      }
      RepairAll(&index);
      EXPECT_TRUE(churn.AreAllReachable());
      EXPECT_EQ(churn.CountUnreachable(64), 0u);
    }
    EXPECT_GE(churn.Recall(index, 100), churn.FreshRecall(CodeKind::kScalar8, 100) - 0.01);
  }
}

TEST(HnswUpdateTest, EverythingIsDeletedAndBegunAnew) {
  for (const CodeKind codes : {CodeKind::kScalar8, CodeKind::kFull}) {
    for (const bool repairs_first : {true, false}) {
      Churn churn(2000, 16, 8, codes, 2000);
      HnswIndex& index = churn.index();
      uint64_t seed = 1'000'000;
      for (int round = 0; round < 2; ++round) {
        for (uint32_t at = 0; at < churn.count(); ++at) {
          if (churn.IsLive(at)) churn.Delete(at);
        }
        EXPECT_EQ(index.size(), 0u);
        EXPECT_TRUE(index.Search(churn.vectors().Get(0), {}).value().neighbors.empty());
        if (repairs_first) {
          RepairAll(&index);
          EXPECT_FALSE(index.Repair(kSlice));
        }
        for (uint32_t at = 0; at < 1000; ++at) churn.Insert(++seed, at % 8);
        EXPECT_TRUE(churn.AreAllReachable());
        EXPECT_EQ(churn.CountUnreachable(64), 0u);
        RepairAll(&index);
        EXPECT_EQ(index.size(), 1000u);
        EXPECT_TRUE(churn.AreAllReachable());
        EXPECT_EQ(churn.CountUnreachable(64), 0u);
        EXPECT_GE(churn.Recall(index, 50), 0.95);
      }
    }
  }
}

// Whoever is the entry is among the first to go.
TEST(HnswUpdateTest, TheEntryIsDeleted) {
  Churn churn(3000, 16, 8, CodeKind::kFull);
  HnswIndex& index = churn.index();
  for (uint32_t at = 0; at < 2990; ++at) {
    churn.Delete(at);
    if (at % 500 == 499) RepairAll(&index);
  }
  churn.Recall(index, 20);
  RepairAll(&index);
  EXPECT_TRUE(churn.AreAllReachable());
  EXPECT_EQ(churn.CountUnreachable(16), 0u);
}

TEST(HnswUpdateTest, DuplicatesOutliveTheirNode) {
  for (const CodeKind codes : {CodeKind::kScalar8, CodeKind::kFull}) {
    Churn churn(1000, 16, 8, codes);
    HnswIndex& index = churn.index();
    const TestVectors original = churn.vectors();
    // Ordinals 990 to 999 come back as copies of 5.
    for (uint32_t at = 990; at < 1000; ++at) churn.Delete(at);
    RepairAll(&index);
    std::vector<uint32_t> copies;
    for (uint32_t at = 990; at < 1000; ++at) copies.push_back(churn.Insert(1 + 5, 5));
    const VectorRef query = original.Get(5);
    const auto found = [&] {
      std::set<uint32_t> equal;
      const auto result = index.Search(query, {.k = 20, .ef = 40}).value();
      for (const Neighbor& neighbor : result.neighbors) {
        if (neighbor.distance == 0) equal.insert(neighbor.ordinal);
      }
      return equal;
    };
    std::set<uint32_t> expected(copies.begin(), copies.end());
    expected.insert(5);
    EXPECT_EQ(found(), expected);
    for (const uint32_t gone : {5u, copies[3], copies[0]}) {
      churn.Delete(gone);
      expected.erase(gone);
      EXPECT_EQ(found(), expected);
      RepairAll(&index);
      EXPECT_EQ(found(), expected);
    }
    // The node of a deleted ordinal takes new copies.
    expected.insert(churn.Insert(1 + 5, 5));
    EXPECT_EQ(found(), expected);
    for (const uint32_t gone : std::vector<uint32_t>(expected.begin(), expected.end())) {
      churn.Delete(gone);
      expected.erase(gone);
    }
    EXPECT_EQ(found(), expected);
    RepairAll(&index);
    EXPECT_FALSE(index.Repair(kSlice));
    EXPECT_TRUE(churn.AreAllReachable());
    EXPECT_EQ(churn.CountUnreachable(32), 0u);
    // All ordinals come back: the node's too.
    while (index.size() < churn.count()) churn.Insert(77 + index.size(), 3);
    EXPECT_TRUE(churn.AreAllReachable());
    EXPECT_EQ(churn.CountUnreachable(32), 0u);
  }
}

// Counts how often a vector is read: with full codes, once a distance and once a comparison's base.
class CountingVectors final : public VectorSource {
 public:
  explicit CountingVectors(const TestVectors& vectors) : vectors_(vectors) {}
  VectorRef Get(uint32_t ordinal) const override {
    count_.fetch_add(1, std::memory_order_relaxed);
    return vectors_.Get(ordinal);
  }
  void Prefetch(uint32_t) const override {}
  uint64_t TakeCount() { return count_.exchange(0); }

 private:
  const TestVectors& vectors_;
  mutable std::atomic<uint64_t> count_{0};
};

TEST(HnswUpdateTest, ASliceOfRepairIsBounded) {
  constexpr uint32_t kLinks = 8;
  // A list is filled from at most three lists' worth of candidates, each compared with each chosen;
  // each of those may have to choose among its own links.
  constexpr uint64_t kListMax = 2 * kLinks;
  constexpr uint64_t kPerNodeMax = 2 * (3 * kListMax * kListMax + kListMax * kListMax * kListMax);
  for (const uint32_t count : {1000u, 8000u}) {
    TestVectors vectors({ElementType::kFloat32, 8}, count);
    vectors.FillRandom(1, 4);
    CountingVectors counting(vectors);
    const auto index = HnswIndex::Create({.shape = vectors.shape(),
                                          .m = kLinks,
                                          .ef_construction = 40,
                                          .codes = CodeKind::kFull},
                                         counting)
                           .value();
    ASSERT_TRUE(InsertAll(index.get(), count).ok());
    // A whole cluster, every second one of another, and some of the rest.
    for (uint32_t at = 0; at < count; ++at) {
      if (at % 4 != 0 && at % 8 != 1 && at % 37 != 0) continue;
      ASSERT_TRUE(index->Delete(at).ok());
    }
    for (const uint32_t slice : {1u, 16u}) {
      bool is_left = true;
      while (is_left) {
        counting.TakeCount();
        is_left = index->Repair(slice);
        EXPECT_LE(counting.TakeCount(), slice * kPerNodeMax);
      }
      for (uint32_t at = 2; at < count; at += 4) {
        if (slice != 1 || at % 37 == 0) continue;
        ASSERT_TRUE(index->Delete(at).ok());
      }
    }
  }
}

}  // namespace
}  // namespace helios::ann
