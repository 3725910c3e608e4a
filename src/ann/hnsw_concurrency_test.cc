// Threads that insert, delete, search, and repair at once. What is asserted holds however they
// interleave; the sanitizers see the rest.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <vector>

#include "ann/hnsw.h"
#include "ann/internal/test_vectors.h"
#include "base/check.h"
#include "sys/thread.h"

namespace helios::ann {
namespace {

using internal::Bitmap;
using internal::TestVectors;

constexpr uint32_t kDimensions = 12;
constexpr uint32_t kClusterCount = 8;
constexpr uint32_t kRoom = 4096;
constexpr uint32_t kSlice = 16;

// Each ordinal has a vector that tells which insertion it is from: who reads it while it is being
// written, or after the ordinal went to another, is seen by the thread sanitizer.
class HnswConcurrencyTest : public testing::TestWithParam<CodeKind> {
 protected:
  static constexpr uint32_t kPinnedCount = 400;

  void SetUp() override {
    vectors_.FillRandom(1, kClusterCount);
    index_ = HnswIndex::Create(
                 {.shape = vectors_.shape(), .m = 8, .ef_construction = 32, .codes = GetParam()},
                 vectors_)
                 .value();
  }
  // Ordinals below kPinnedCount, which nobody deletes.
  void InsertPinned() { ASSERT_TRUE(internal::InsertAll(index_.get(), kPinnedCount).ok()); }

  // Inserts and deletes its own ordinals, some of them copies of pinned ones.
  void Write(uint64_t seed, int step_count) {
    sys::Random random(seed);
    std::vector<uint32_t> own;
    for (int step = 0; step < step_count; ++step) {
      const bool inserts = own.size() < 20 || random.Below(2) == 0;
      if (inserts) {
        const auto ordinal = index_->Allocate();
        HELIOS_CHECK(ordinal.ok());
        if (*ordinal >= kRoom) break;
        const bool is_copy = random.Below(3) == 0;
        const uint64_t vector_seed =
            is_copy ? 1 + random.Below(8) : (seed << 32) + static_cast<uint64_t>(step);
        vectors_.SetRandom(*ordinal, vector_seed,
                           static_cast<uint32_t>((vector_seed - 1) % kClusterCount));
        EXPECT_TRUE(index_->Insert(*ordinal).ok());
        own.push_back(*ordinal);
      } else {
        const size_t at = random.Below(own.size());
        EXPECT_TRUE(index_->Delete(own[at]).ok());
        own[at] = own.back();
        own.pop_back();
      }
    }
    left_.fetch_add(static_cast<uint32_t>(own.size()));
  }

  void SearchAll(uint64_t seed, int step_count) {
    sys::Random random(seed);
    constexpr std::optional<Strategy> kStrategies[] = {
        std::nullopt,     Strategy::kWalk,         Strategy::kReturnAll,
        Strategy::kExact, Strategy::kFilteredWalk, Strategy::kBridgedWalk,
    };
    // Pinned ones and every third of the others pass.
    Bitmap filter(kRoom);
    for (uint32_t at = 0; at < kRoom; ++at) {
      if (at < kPinnedCount || at % 3 == 0) filter.Set(at);
    }
    for (int step = 0; step < step_count; ++step) {
      const std::vector<float> query =
          vectors_.Point(random.Next(), static_cast<uint32_t>(random.Below(kClusterCount)));
      SearchOptions options{.k = 1 + random.Below(30), .ef = 20};
      options.strategy = kStrategies[random.Below(std::size(kStrategies))];
      const bool has_filter = random.Below(2) == 0;
      if (has_filter) options.filter.passing = filter.words();
      const auto result = index_->Search(Float32Vector(query), options);
      ASSERT_TRUE(result.ok());
      EXPECT_TRUE(result->report.complete);
      // The pinned alone are enough.
      EXPECT_GE(result->neighbors.size(), is_pinned_in_ ? options.k : 0);
      EXPECT_LE(result->neighbors.size(), options.k);
      std::set<uint32_t> seen;
      float previous = 0;
      for (const Neighbor& neighbor : result->neighbors) {
        EXPECT_TRUE(seen.insert(neighbor.ordinal).second);
        EXPECT_TRUE(!has_filter || filter.Test(neighbor.ordinal));
        EXPECT_GE(neighbor.distance, previous);
        previous = neighbor.distance;
      }
    }
  }

  void RunTogether(const std::vector<std::function<void()>>& bodies) {
    std::vector<sys::Thread> threads;
    threads.reserve(bodies.size());
    for (const auto& body : bodies) threads.emplace_back("ann test", body);
  }

  void ExpectWhole() {
    while (index_->Repair(kSlice)) {
    }
    const uint32_t live = (is_pinned_in_ ? kPinnedCount : 0) + left_.load();
    EXPECT_EQ(index_->size(), live);
    const auto all =
        index_->Search(vectors_.Get(0), {.k = kRoom, .strategy = Strategy::kExact}).value();
    EXPECT_EQ(all.neighbors.size(), live);
    uint32_t lost = 0;
    for (const Neighbor& neighbor : all.neighbors) {
      const auto found = index_->Search(vectors_.Get(neighbor.ordinal),
                                        {.k = 1, .ef = 100, .strategy = Strategy::kWalk});
      lost += found->neighbors.empty() || found->neighbors[0].distance > 0 ? 1 : 0;
    }
    EXPECT_LE(lost, live / 500);
  }

  TestVectors vectors_{{ElementType::kFloat32, kDimensions}, kRoom};
  std::unique_ptr<HnswIndex> index_;
  bool is_pinned_in_ = false;
  std::atomic<uint32_t> left_{0};
};

TEST_P(HnswConcurrencyTest, WritersSearchersAndRepair) {
  InsertPinned();
  is_pinned_in_ = true;
  std::atomic<bool> is_done{false};
  sys::Thread repair("ann repair", [&] {
    while (!is_done.load()) index_->Repair(kSlice);
  });
  RunTogether({
      [&] { Write(11, 900); },
      [&] { Write(12, 900); },
      [&] { SearchAll(13, 500); },
      [&] { SearchAll(14, 500); },
  });
  is_done = true;
  repair.Join();
  ExpectWhole();
}

// The codes are learnt, and the first nodes linked, while others look on.
TEST_P(HnswConcurrencyTest, TheFirstVectorsBesideSearches) {
  RunTogether({
      [&] { Write(21, 600); },
      [&] { Write(22, 600); },
      [&] { Write(23, 600); },
      [&] { SearchAll(24, 1500); },
  });
  ExpectWhole();
}

// All vectors are of few kinds: duplicates come to nodes that are being deleted.
TEST_P(HnswConcurrencyTest, CopiesOfFewVectors) {
  const auto write = [&](uint64_t seed) {
    sys::Random random(seed);
    std::vector<uint32_t> own;
    for (int step = 0; step < 1500; ++step) {
      if (own.size() < 4) {
        const uint32_t ordinal = index_->Allocate().value();
        HELIOS_CHECK(ordinal < kRoom);
        const uint64_t kind = random.Below(3);
        vectors_.SetRandom(ordinal, kind, 0);
        HELIOS_CHECK(index_->Insert(ordinal).ok());
        own.push_back(ordinal);
      } else {
        const size_t at = random.Below(own.size());
        HELIOS_CHECK(index_->Delete(own[at]).ok());
        std::swap(own[at], own.back());
        own.pop_back();
      }
    }
    left_.fetch_add(static_cast<uint32_t>(own.size()));
  };
  std::atomic<bool> is_done{false};
  sys::Thread repair("ann repair", [&] {
    while (!is_done.load()) index_->Repair(kSlice);
  });
  RunTogether(
      {[&] { write(31); }, [&] { write(32); }, [&] { write(33); }, [&] { SearchAll(34, 1000); }});
  is_done = true;
  repair.Join();
  ExpectWhole();
}

// Everything is deleted again and again, the entry with it.
TEST_P(HnswConcurrencyTest, NothingIsLeftTimeAndAgain) {
  const auto write = [&](uint64_t seed) {
    for (int round = 0; round < 30; ++round) {
      std::vector<uint32_t> own;
      for (uint32_t at = 0; at < 12; ++at) {
        const uint32_t ordinal = index_->Allocate().value();
        if (ordinal >= kRoom) break;
        vectors_.SetRandom(ordinal, (seed << 32) + static_cast<uint64_t>(round) * 100 + at, at % 4);
        HELIOS_CHECK(index_->Insert(ordinal).ok());
        own.push_back(ordinal);
      }
      for (const uint32_t ordinal : own) HELIOS_CHECK(index_->Delete(ordinal).ok());
    }
  };
  std::atomic<bool> is_done{false};
  sys::Thread repair("ann repair", [&] {
    while (!is_done.load()) index_->Repair(kSlice);
  });
  RunTogether({[&] { write(41); }, [&] { write(42); }, [&] { SearchAll(43, 500); }});
  is_done = true;
  repair.Join();
  ExpectWhole();
  EXPECT_EQ(index_->size(), 0u);
}

// One of them gets it, and one of the deletes.
TEST_P(HnswConcurrencyTest, TheSameOrdinalByTwo) {
  InsertPinned();
  for (int round = 0; round < 200; ++round) {
    const uint32_t ordinal = index_->Allocate().value();
    ASSERT_LT(ordinal, kRoom);
    vectors_.SetRandom(ordinal, 5000 + static_cast<uint64_t>(round), 1);
    std::atomic<int> inserted{0};
    std::atomic<int> deleted{0};
    const auto body = [&] {
      inserted += index_->Insert(ordinal).ok() ? 1 : 0;
      deleted += index_->Delete(ordinal).ok() ? 1 : 0;
    };
    RunTogether({body, body});
    EXPECT_EQ(inserted, 1);
    EXPECT_EQ(deleted, 1);
    EXPECT_EQ(index_->size(), kPinnedCount);
    while (index_->Repair(kSlice)) {
    }
  }
  EXPECT_LE(index_->ordinal_count(), kPinnedCount + 1);
}

TEST_P(HnswConcurrencyTest, BuildWithSeveralThreads) {
  ASSERT_TRUE(index_->Build(2000, {.thread_count = 4}).ok());
  left_ = 2000;
  ExpectWhole();
}

INSTANTIATE_TEST_SUITE_P(Codes, HnswConcurrencyTest,
                         testing::Values(CodeKind::kScalar8, CodeKind::kFull));

}  // namespace
}  // namespace helios::ann
