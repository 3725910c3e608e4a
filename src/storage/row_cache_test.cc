#include "storage/internal/row_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "sys/thread.h"

namespace helios::storage {
namespace {

constexpr size_t kCapacityBytes = 1 << 20;

std::optional<std::string> FindRow(RowCache& cache, std::string_view key, Timestamp snapshot) {
  std::string value;
  if (!cache.Find(key, snapshot, &value)) return std::nullopt;
  return value;
}

TEST(RowCacheTest, AnswersSnapshotsFromItsVersionOn) {
  RowCache cache(kCapacityBytes);
  EXPECT_EQ(FindRow(cache, "k", 100), std::nullopt);
  cache.Add("k", 50, 20, "twenty");
  EXPECT_EQ(FindRow(cache, "k", 20), "twenty");
  EXPECT_EQ(FindRow(cache, "k", 100), "twenty");
  EXPECT_EQ(FindRow(cache, "k", 19), std::nullopt);
  EXPECT_EQ(cache.FindVersion("k"), 20);
  EXPECT_EQ(cache.FindVersion("l"), std::nullopt);
  EXPECT_EQ(cache.hit_count(), 2u);
}

TEST(RowCacheTest, CommitReplacesWhatIsThere) {
  RowCache cache(kCapacityBytes);
  cache.Add("k", 50, 20, "a");
  cache.NoteCommitted("k", 60, "b");
  EXPECT_EQ(FindRow(cache, "k", 60), "b");
  EXPECT_EQ(FindRow(cache, "k", 59), std::nullopt);
  cache.NoteCommitted("k", 70, "of another length");
  EXPECT_EQ(FindRow(cache, "k", 70), "of another length");
  cache.NoteCommitted("k", 80, std::nullopt);
  EXPECT_EQ(FindRow(cache, "k", 90), std::nullopt);
  cache.NoteCommitted("never read", 90, "c");
  EXPECT_EQ(FindRow(cache, "never read", 90), std::nullopt);
}

// The read found the version of 20, and a commit at 60 came between it and the cache.
TEST(RowCacheTest, DropsWhatMayBeOutdated) {
  RowCache cache(kCapacityBytes);
  cache.NoteCommitted("k", 60, "new");
  cache.Add("k", 59, 20, "old");
  EXPECT_EQ(FindRow(cache, "k", 100), std::nullopt);
  cache.Add("k", 60, 60, "new");
  EXPECT_EQ(FindRow(cache, "k", 100), "new");
  cache.Clear(80);
  EXPECT_EQ(FindRow(cache, "k", 100), std::nullopt);
  cache.Add("k", 79, 60, "new");
  EXPECT_EQ(FindRow(cache, "k", 100), std::nullopt);
}

TEST(RowCacheTest, StaysWithinItsCapacity) {
  RowCache cache(kCapacityBytes);
  size_t bytes_max = 0;
  for (int number = 0; number < 50'000; ++number) {
    const std::string key = "row " + std::to_string(number);
    cache.Add(key, 10, 5, std::string(static_cast<size_t>(number % 300), 'x'));
    // Rows that are asked for again and again outlive those that are not.
    if (number > 10) FindRow(cache, "row 10", 10);
    bytes_max = std::max(bytes_max, number % 1000 == 0 ? cache.used_bytes() : 0);
  }
  EXPECT_LE(bytes_max, kCapacityBytes);
  EXPECT_GT(bytes_max, kCapacityBytes / 2);
  EXPECT_EQ(FindRow(cache, "row 10", 10), std::string(10, 'x'));
  cache.Add("wide", 10, 5, std::string(kCapacityBytes, 'x'));
  EXPECT_EQ(FindRow(cache, "wide", 10), std::nullopt);
}

TEST(RowCacheTest, AgreesWithAMap) {
  RowCache cache(kCapacityBytes);
  std::mt19937 random(7);
  std::map<std::string, std::pair<Timestamp, std::string>> rows;
  for (Timestamp now = 1; now < 100'000; ++now) {
    const std::string key = std::to_string(random() % 2000);
    const auto row = rows.find(key);
    switch (random() % 4) {
      case 0: {
        const std::string value(random() % 100, static_cast<char>('a' + now % 26));
        cache.NoteCommitted(key, now, value);
        rows[key] = {now, value};
        break;
      }
      case 1:
        cache.NoteCommitted(key, now, std::nullopt);
        rows.erase(key);
        break;
      default: {
        const std::optional<std::string> found = FindRow(cache, key, now);
        if (row == rows.end()) {
          ASSERT_EQ(found, std::nullopt);
        } else if (found) {
          ASSERT_EQ(*found, row->second.second);
          ASSERT_EQ(cache.FindVersion(key), row->second.first);
        } else {
          cache.Add(key, now, row->second.first, row->second.second);
        }
      }
    }
  }
}

// One writer counts a row up; readers never see it go back below what was visible to them.
TEST(RowCacheTest, NoReaderGoesBack) {
  RowCache cache(kCapacityBytes);
  std::atomic<Timestamp> visible = 1;
  std::atomic<bool> failed = false;
  constexpr int kReaders = 3;
  std::vector<sys::Thread> readers;
  readers.reserve(kReaders);
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back("reader", [&] {
      std::string value;
      while (visible.load() < 20'000) {
        const Timestamp snapshot = visible.load();
        // As in the store: the version of a commit has its timestamp for a value.
        if (!cache.Find("k", snapshot, &value)) {
          cache.Add("k", snapshot, snapshot, std::to_string(snapshot));
        } else if (std::stoull(value) != snapshot) {
          failed = true;
        }
      }
    });
  }
  for (Timestamp now = 2; now <= 20'000; ++now) {
    cache.NoteCommitted("k", now, std::to_string(now));
    visible.store(now);
  }
  for (sys::Thread& reader : readers) reader.Join();
  EXPECT_FALSE(failed.load());
}

}  // namespace
}  // namespace helios::storage
