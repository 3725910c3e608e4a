#include "kv/kv_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "kv/internal/append_space.h"
#include "kv/open.h"
#include "kv/tsan_suppressions.h"
#include "sys/files.h"
#include "sys/testing/temporary_directory.h"

namespace helios::kv {
namespace {

RocksDbOptions Options(const std::string& directory) {
  RocksDbOptions options;
  options.directory = directory;
  options.memory_bytes = 64 << 20;
  options.reserved_disk_bytes = 0;
  return options;
}

Status PutOne(KvStore& store, std::string_view key, std::string_view value, bool sync = true) {
  auto batch = store.NewBatch();
  batch->Put(Family::kLocal, key, value);
  return store.Write(batch.get(), sync);
}

std::string GetOne(KvStore& store, std::string_view key) {
  PinnedValue value;
  const Result<bool> found = store.Get(Family::kLocal, key, &value);
  if (!found.ok()) return found.status().ToString();
  return *found ? std::string(value.view()) : "(none)";
}

// Both engines, one behaviour.
class KvStoreTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      store_ = OpenInMemory();
      return;
    }
    auto store = OpenRocksDb(Options(directory_.path()));
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    store_ = std::move(*store);
  }
  std::string Walk(ReadOptions options, bool reverse) {
    auto iterator = store_->NewIterator(Family::kLocal, std::move(options));
    std::string keys;
    if (reverse) {
      for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) keys += iterator->key();
    } else {
      for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) keys += iterator->key();
    }
    EXPECT_TRUE(iterator->status().ok());
    return keys;
  }
  const sys::TemporaryDirectory directory_;
  std::unique_ptr<KvStore> store_;
};

TEST_P(KvStoreTest, PutGetDelete) {
  ASSERT_TRUE(PutOne(*store_, "a", "1").ok());
  EXPECT_EQ(GetOne(*store_, "a"), "1");
  EXPECT_EQ(GetOne(*store_, "b"), "(none)");
  auto batch = store_->NewBatch();
  batch->Delete(Family::kLocal, "a");
  batch->Put(Family::kLocal, "b", "2");
  batch->Put(Family::kRows, "12345678_version_", "other family");
  EXPECT_EQ(batch->operation_count(), 3u);
  ASSERT_TRUE(store_->Write(batch.get(), false).ok());
  EXPECT_EQ(GetOne(*store_, "a"), "(none)");
  EXPECT_EQ(GetOne(*store_, "b"), "2");

  const std::vector<std::string_view> keys = {"a", "b"};
  std::vector<PinnedValue> values;
  std::vector<bool> found;
  ASSERT_TRUE(store_->MultiGet(Family::kLocal, keys, &values, &found).ok());
  EXPECT_EQ(found, (std::vector<bool>{false, true}));
  EXPECT_EQ(values[1].view(), "2");
  EXPECT_GE(store_->GetMetrics().write_batches, 2u);
}

TEST_P(KvStoreTest, IteratorsKeepBoundsAndSnapshots) {
  for (const char* key : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(PutOne(*store_, key, "v").ok());
  EXPECT_EQ(Walk({}, false), "abcde");
  EXPECT_EQ(Walk({.lower = "b", .upper = "e"}, false), "bcd");
  EXPECT_EQ(Walk({.lower = "b", .upper = "e"}, true), "dcb");
  auto snapshot = store_->NewSnapshot();
  auto batch = store_->NewBatch();
  batch->DeleteRange(Family::kLocal, "b", "d");
  batch->Put(Family::kLocal, "f", "v");
  ASSERT_TRUE(store_->Write(batch.get(), true).ok());
  EXPECT_EQ(Walk({}, false), "adef");
  EXPECT_EQ(Walk({.snapshot = snapshot.get()}, false), "abcde");
  auto iterator = store_->NewIterator(Family::kLocal, {});
  iterator->Seek("b");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "d");
  iterator->SeekForPrev("c");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "a");
  iterator->Prev();
  EXPECT_FALSE(iterator->Valid());
}

TEST_P(KvStoreTest, OneKeySeeksFindEveryVersion) {
  const auto versioned = [](std::string key, char version) {
    return key + std::string(8, version);
  };
  auto batch = store_->NewBatch();
  for (char version : {'1', '2', '3'}) {
    batch->Put(Family::kRows, versioned("space_key", version), std::string(1, version));
  }
  ASSERT_TRUE(store_->Write(batch.get(), true).ok());
  ASSERT_TRUE(store_->Flush().ok());
  auto iterator = store_->NewIterator(Family::kRows, {.one_key = true});
  iterator->Seek(versioned("space_key", '2'));
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "2");
  iterator->Next();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "3");
  const std::string begin = "space";
  const std::string end = "spacf";
  const KeyRangeView range{begin, end};
  EXPECT_EQ(store_->ApproximateSizes(Family::kRows, {&range, 1}).size(), 1u);
  EXPECT_TRUE(store_->CompactRange(Family::kRows, begin, end).ok());
}

INSTANTIATE_TEST_SUITE_P(Engines, KvStoreTest, testing::Values(false, true));

class RocksDbTest : public testing::Test {
 protected:
  Status Open(RocksDbOptions options) {
    store_.reset();
    HELIOS_TRY(store_, OpenRocksDb(std::move(options)));
    return Status::Ok();
  }
  // With a plan for a full disk, not armed yet.
  void OpenWithFaults(sys::FileOperation operation) {
    store_.reset();
    faults_.emplace(sys::FaultBit(operation), 1, ENOSPC, true);
    faults_->Disarm();
    RocksDbOptions options = Options(directory_.path());
    options.faults = &*faults_;
    const Status opened = Open(options);
    ASSERT_TRUE(opened.ok()) << opened.ToString();
  }
  const sys::TemporaryDirectory directory_;
  // Before the store, whose background threads ask it to the end even where an assertion leaves the
  // test.
  std::optional<sys::FailNth> faults_;
  std::unique_ptr<KvStore> store_;
};

TEST_F(RocksDbTest, SyncedWritesSurvivePowerFailure) {
  DurabilityTracker tracker;
  RocksDbOptions options = Options(directory_.path());
  options.durability = &tracker;
  ASSERT_TRUE(Open(options).ok());
  ASSERT_TRUE(PutOne(*store_, "synced", "1", true).ok());
  ASSERT_TRUE(PutOne(*store_, "lost", "2", false).ok());
  store_.reset();
  ASSERT_TRUE(tracker.DropUnsynced().ok());
  ASSERT_TRUE(Open(Options(directory_.path())).ok());
  EXPECT_EQ(GetOne(*store_, "synced"), "1");
  EXPECT_EQ(GetOne(*store_, "lost"), "(none)");
}

// The largest log's path.
std::string LargestLog(const std::string& directory) {
  std::string largest;
  size_t size_max = 0;
  for (const std::string& name : sys::ListDirectory(directory).value()) {
    if (!name.ends_with(".log")) continue;
    const std::string path = directory + "/" + name;
    const size_t size = sys::ReadFile(path).value().size();
    if (size > size_max) largest = path;
    size_max = std::max(size_max, size);
  }
  return largest;
}

// Goal: after a power failure that keeps any pages of what was not synced, the store opens with all
// that was, and with a prefix of the rest. Method: values that end in zeros, small and large, each
// third synced at first, then none.
TEST_F(RocksDbTest, PowerFailureThatKeepsSomePages) {
  constexpr int kWrites = 40;
  constexpr int kSynced = 13;
  const auto value = [](int write) {
    return std::string(write % 5 == 0 ? 20'000 : 700 * write, 'v') + std::string(100, '\0');
  };
  const std::vector<DurabilityTracker::LosesPage> patterns = {
      {},
      [](uint64_t) { return false; },
      [](uint64_t page) { return page % 2 == 0; },
      [](uint64_t page) { return page % 2 == 1; },
      [](uint64_t page) { return page % 7 != 3; },
      [](uint64_t page) { return page % 16 == 9; },
  };
  for (size_t pattern = 0; pattern < patterns.size(); ++pattern) {
    const std::string directory = directory_.path() + "/" + std::to_string(pattern);
    ASSERT_TRUE(sys::CreateDirectory(directory).ok());
    DurabilityTracker tracker;
    RocksDbOptions options = Options(directory);
    options.durability = &tracker;
    ASSERT_TRUE(Open(options).ok());
    for (int write = 0; write < kWrites; ++write) {
      const bool sync = write < kSynced && write % 3 == 0;
      ASSERT_TRUE(PutOne(*store_, fmt::format("{:03}", write), value(write), sync).ok());
    }
    store_.reset();
    ASSERT_TRUE(tracker.DropUnsynced(patterns[pattern]).ok());
    // Twice: the second start finds what the first has left.
    for (int start = 0; start < 2; ++start) {
      const Status opened = Open(Options(directory));
      ASSERT_TRUE(opened.ok()) << pattern << ": " << opened.ToString();
      int kept = 0;
      while (kept < kWrites && GetOne(*store_, fmt::format("{:03}", kept)) == value(kept)) ++kept;
      EXPECT_GE(kept, kSynced) << pattern;
      if (pattern == 0) {
        EXPECT_EQ(kept, kSynced);
      } else if (pattern == 1) {
        EXPECT_EQ(kept, kWrites);
      }
      for (int write = kept; write < kWrites; ++write) {
        EXPECT_EQ(GetOne(*store_, fmt::format("{:03}", write)), "(none)") << pattern;
      }
    }
    ASSERT_TRUE(PutOne(*store_, "after", "1").ok());
    ASSERT_TRUE(Open(Options(directory)).ok());
    EXPECT_EQ(GetOne(*store_, "after"), "1");
  }
}

// What was acknowledged and cannot be read is damage, also when it reads as zeros.
TEST_F(RocksDbTest, DamageInTheMiddleOfALogIsRefused) {
  ASSERT_TRUE(Open(Options(directory_.path())).ok());
  for (int write = 0; write < 100; ++write) {
    ASSERT_TRUE(PutOne(*store_, fmt::format("{:03}", write), std::string(2000, 'v')).ok());
  }
  store_.reset();
  const std::string log = LargestLog(directory_.path());
  const std::string bytes = sys::ReadFile(log).value();
  EXPECT_NE(bytes.back(), '\0') << "closing takes the zeros away";
  for (bool as_zeros : {false, true}) {
    for (bool is_filled : {false, true}) {
      std::string damaged = bytes;
      const size_t middle = bytes.size() / 2;
      damaged.replace(middle, as_zeros ? 8192 : 1, as_zeros ? 8192 : 1, '\0');
      if (is_filled) damaged.append(100'000, '\0');
      ASSERT_TRUE(sys::WriteFileAtomically(log, damaged).ok());
      const Status status = Open(Options(directory_.path()));
      ASSERT_TRUE(status.Is(ErrorCode::kDataCorrupted)) << status.ToString();
      EXPECT_NE(status.info().message.find(log), std::string::npos) << status.ToString();
      EXPECT_TRUE(sys::ReadFile(log).value() == damaged) << "it must be kept for whoever looks";
    }
  }
}

TEST_F(RocksDbTest, FullDiskRefusesWritesAndServesReads) {
  OpenWithFaults(sys::FileOperation::kWrite);
  ASSERT_TRUE(PutOne(*store_, "a", "1").ok());
  faults_->Arm();
  const Status full = PutOne(*store_, "b", "2");
  EXPECT_TRUE(full.Is(ErrorCode::kDiskFull)) << full.ToString();
  EXPECT_TRUE(PutOne(*store_, "c", "3").Is(ErrorCode::kDiskFull));
  EXPECT_EQ(GetOne(*store_, "a"), "1");
  EXPECT_EQ(store_->health(), Health::kDiskFull);
  faults_->Disarm();
  store_->CheckDisk();
  ASSERT_EQ(store_->health(), Health::kServing);
  const Status after = PutOne(*store_, "d", "4");
  EXPECT_TRUE(after.ok()) << after.ToString();
  store_.reset();
  ASSERT_TRUE(Open(Options(directory_.path())).ok());
  EXPECT_EQ(GetOne(*store_, "a"), "1");
  EXPECT_EQ(GetOne(*store_, "b"), "(none)");
  EXPECT_EQ(GetOne(*store_, "d"), "4");
}

// RocksDB cannot go on after a failed append to a log whose memtables are empty: it must not
// happen.
TEST_F(RocksDbTest, SpaceIsTakenBeforeTheLogIsWritten) {
  OpenWithFaults(sys::FileOperation::kAllocate);
  ASSERT_TRUE(PutOne(*store_, "a", "1").ok());
  ASSERT_TRUE(store_->Flush().ok());
  const std::string large(AppendSpace::kChunkBytes, 'x');
  faults_->Arm();
  EXPECT_TRUE(PutOne(*store_, "b", large).Is(ErrorCode::kDiskFull));
  EXPECT_EQ(store_->health(), Health::kDiskFull);
  EXPECT_TRUE(PutOne(*store_, "c", "3").Is(ErrorCode::kDiskFull));
  EXPECT_EQ(GetOne(*store_, "a"), "1");
  faults_->Disarm();
  store_->CheckDisk();
  ASSERT_EQ(store_->health(), Health::kServing);
  EXPECT_TRUE(PutOne(*store_, "d", large).ok());
  store_.reset();
  ASSERT_TRUE(Open(Options(directory_.path())).ok());
  EXPECT_EQ(GetOne(*store_, "a"), "1");
  EXPECT_EQ(GetOne(*store_, "b"), "(none)");
  EXPECT_EQ(GetOne(*store_, "c"), "(none)");
  EXPECT_TRUE(GetOne(*store_, "d") == large);
}

// The old log stays in use.
TEST_F(RocksDbTest, NoRoomForANewLog) {
  for (sys::FileOperation operation : {sys::FileOperation::kAllocate, sys::FileOperation::kOpen}) {
    OpenWithFaults(operation);
    ASSERT_TRUE(PutOne(*store_, "a", "1").ok());
    faults_->Arm();
    const Status full = store_->Flush();
    EXPECT_TRUE(full.Is(ErrorCode::kDiskFull)) << full.ToString();
    EXPECT_TRUE(PutOne(*store_, "b", "2").Is(ErrorCode::kDiskFull));
    store_->CheckDisk();
    EXPECT_EQ(store_->health(), Health::kDiskFull);
    faults_->Disarm();
    store_->CheckDisk();
    ASSERT_EQ(store_->health(), Health::kServing);
    EXPECT_TRUE(PutOne(*store_, "c", "3").ok());
    EXPECT_TRUE(store_->Flush().ok());
    EXPECT_TRUE(PutOne(*store_, "d", "4").ok());
    ASSERT_TRUE(Open(Options(directory_.path())).ok());
    EXPECT_EQ(GetOne(*store_, "a") + GetOne(*store_, "c") + GetOne(*store_, "d"), "134");
    EXPECT_EQ(GetOne(*store_, "b"), "(none)");
  }
}

// What each writer was told holds: `value` under what was acknowledged, nothing under the rest.
void ExpectOutcomes(KvStore& store, const std::vector<std::vector<bool>>& outcomes,
                    std::string_view value) {
  for (size_t writer = 0; writer < outcomes.size(); ++writer) {
    for (size_t index = 0; index < outcomes[writer].size(); ++index) {
      const std::string found = GetOne(store, fmt::format("{}/{}", writer, index));
      EXPECT_TRUE(found == (outcomes[writer][index] ? value : "(none)"))
          << writer << "/" << index << " has " << found.size();
    }
  }
}

// Goal: several writers, a disk that is full now and then, memtables that are switched meanwhile:
// what was acknowledged is there, what was refused is not, and writing always goes on.
TEST_F(RocksDbTest, WritersOnADiskThatIsFullNowAndThen) {
  OpenWithFaults(sys::FileOperation::kAllocate);
  constexpr int kWriters = 4;
  constexpr int kWrites = 600;
  const std::string value(50'000, 'v');
  std::vector<std::vector<bool>> outcomes(kWriters);
  // Who waits for the other side sleeps: on few processors those that spin take turns with those
  // that work.
  std::mutex mutex;
  std::condition_variable changed;
  int busy = kWriters;
  int attempt_count = 0;
  int check_count = 0;
  int refused = 0;  // Writers that wait for the next check.
  const auto write = [&](int writer) {
    std::vector<bool>& mine = outcomes[writer];
    for (int acknowledged = 0; acknowledged < kWrites;) {
      const std::string key = fmt::format("{}/{}", writer, mine.size());
      const Status status = PutOne(*store_, key, value, mine.size() % 8 == 0);
      mine.push_back(status.ok());
      if (status.ok()) ++acknowledged;
      if (!status.ok() && !status.Is(ErrorCode::kDiskFull)) {
        ADD_FAILURE() << status.ToString();
        break;
      }
      std::unique_lock lock(mutex);
      ++attempt_count;
      changed.notify_all();
      if (status.ok()) continue;
      ++refused;
      changed.wait(lock, [&, seen = check_count] { return check_count > seen; });
    }
    std::lock_guard lock(mutex);
    --busy;
    changed.notify_all();
  };
  std::vector<std::thread> writers;
  writers.reserve(kWriters);
  for (int writer = 0; writer < kWriters; ++writer) writers.emplace_back(write, writer);
  // Some writes begin while the disk is full, some while it is not.
  const auto await_attempt = [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [&, seen = attempt_count] { return attempt_count > seen || refused == busy; });
    return busy > 0;
  };
  for (bool is_writing = true; is_writing;) {
    faults_->Arm();
    await_attempt();
    faults_->Disarm();
    store_->CheckDisk();
    {
      std::lock_guard lock(mutex);
      ++check_count;
      refused = 0;
      changed.notify_all();
    }
    is_writing = await_attempt();
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(faults_->fired());
  for (bool reopened : {false, true}) {
    if (reopened) {
      ASSERT_TRUE(Open(Options(directory_.path())).ok());
    }
    ExpectOutcomes(*store_, outcomes, value);
  }
}

// Of a log's end and what is in the next one a crash must not keep the second alone.
TEST_F(RocksDbTest, ALogIsDurableBeforeTheNextIsWritten) {
  // What happened to logs, in order.
  class Recorder final : public sys::FaultPlan {
   public:
    int Decide(sys::FileOperation operation, std::string_view path, size_t* /*bytes*/) override {
      if (!path.ends_with(".log")) return 0;
      std::lock_guard lock(mutex);
      events.emplace_back(operation, path);
      return 0;
    }
    std::mutex mutex;
    std::vector<std::pair<sys::FileOperation, std::string>> events;
  } recorder;
  RocksDbOptions options = Options(directory_.path());
  options.faults = &recorder;
  ASSERT_TRUE(Open(options).ok());
  for (int number = 0; number < 3; ++number) {
    ASSERT_TRUE(PutOne(*store_, std::to_string(number), "value", false).ok());
    ASSERT_TRUE(store_->Flush().ok());
  }
  store_.reset();
  std::set<std::string> unsynced;
  int replaced_count = 0;
  for (const auto& [operation, path] : recorder.events) {
    if (operation == sys::FileOperation::kSync) unsynced.erase(path);
    if (operation == sys::FileOperation::kOpen) {
      EXPECT_EQ(unsynced, std::set<std::string>()) << path;
      ++replaced_count;
    }
    if (operation == sys::FileOperation::kWrite) unsynced.insert(path);
  }
  EXPECT_GE(replaced_count, 3);
}

TEST_F(RocksDbTest, SyncMakesDurableWhatWasWrittenBefore) {
  DurabilityTracker durability;
  RocksDbOptions options = Options(directory_.path());
  options.durability = &durability;
  ASSERT_TRUE(Open(options).ok());
  ASSERT_TRUE(PutOne(*store_, "before", "1", false).ok());
  ASSERT_TRUE(store_->Sync().ok());
  ASSERT_TRUE(PutOne(*store_, "after", "2", false).ok());
  store_.reset();
  ASSERT_TRUE(durability.DropUnsynced().ok());
  ASSERT_TRUE(Open(Options(directory_.path())).ok());
  EXPECT_EQ(GetOne(*store_, "before"), "1");
  EXPECT_EQ(GetOne(*store_, "after"), "(none)");
}

TEST_F(RocksDbTest, FailedSyncStopsWriting) {
  faults_.emplace(sys::FaultBit(sys::FileOperation::kSync), 1, EIO, false);
  faults_->Disarm();
  RocksDbOptions options = Options(directory_.path());
  options.faults = &*faults_;
  ASSERT_TRUE(Open(options).ok());
  ASSERT_TRUE(PutOne(*store_, "a", "1").ok());
  faults_->Arm();
  const Status unknown = PutOne(*store_, "b", "2");
  EXPECT_TRUE(unknown.Is(ErrorCode::kStatementCompletionUnknown)) << unknown.ToString();
  const Status stopped = PutOne(*store_, "c", "3");
  EXPECT_TRUE(stopped.Is(ErrorCode::kIoError)) << stopped.ToString();
  EXPECT_NE(stopped.info().message.find(directory_.path()), std::string::npos);
  // What is in the log before is not known to be durable either.
  EXPECT_TRUE(store_->Sync().Is(ErrorCode::kStatementCompletionUnknown));
  EXPECT_EQ(GetOne(*store_, "a"), "1");
  store_->CheckDisk();
  EXPECT_EQ(store_->health(), Health::kStopped);
}

TEST_F(RocksDbTest, DamagedFileIsNamed) {
  ASSERT_TRUE(Open(Options(directory_.path())).ok());
  ASSERT_TRUE(PutOne(*store_, "a", std::string(100, 'x')).ok());
  ASSERT_TRUE(store_->Flush().ok());
  store_.reset();
  bool damaged = false;
  for (const std::string& name : sys::ListDirectory(directory_.path()).value()) {
    if (!name.starts_with("MANIFEST")) continue;
    std::string bytes = sys::ReadFile(directory_.path() + "/" + name).value();
    bytes[bytes.size() / 2] ^= 0x55;
    ASSERT_TRUE(sys::WriteFileAtomically(directory_.path() + "/" + name, bytes).ok());
    damaged = true;
  }
  ASSERT_TRUE(damaged);
  const Status status = Open(Options(directory_.path()));
  ASSERT_TRUE(status.Is(ErrorCode::kDataCorrupted)) << status.ToString();
  EXPECT_NE(status.info().message.find(directory_.path()), std::string::npos);
  EXPECT_FALSE(status.info().hint.empty());
}

// Goal: whichever I/O operation fails, the error is clear and what was acknowledged is there
// afterwards. Method: fail the k-th operation of a small workload, for every k, then reopen without
// faults.
TEST_F(RocksDbTest, EveryFaultLeavesAcknowledgedWrites) {
  using sys::FileOperation;
  const uint32_t kinds =
      sys::FaultBit(FileOperation::kWrite) | sys::FaultBit(FileOperation::kSync) |
      sys::FaultBit(FileOperation::kOpen) | sys::FaultBit(FileOperation::kRename) |
      sys::FaultBit(FileOperation::kAllocate) | sys::FaultBit(FileOperation::kSyncDirectory);
  for (int error : {EIO, ENOSPC}) {
    for (int k = 1; k < 400; k += k < 20 ? 1 : 7) {
      const std::string directory =
          directory_.path() + "/" + std::to_string(error) + "_" + std::to_string(k);
      ASSERT_TRUE(sys::CreateDirectory(directory).ok());
      sys::FailNth plan(kinds, k, error, false);
      RocksDbOptions options = Options(directory);
      options.faults = &plan;
      std::vector<std::string> acknowledged;
      if (Status opened = Open(options); opened.ok()) {
        for (int write = 0; write < 6; ++write) {
          const std::string key = "key" + std::to_string(write);
          const Status status = PutOne(*store_, key, key);
          if (status.ok()) acknowledged.push_back(key);
          EXPECT_TRUE(status.ok() || !status.info().message.empty());
          if (write == 2) static_cast<void>(store_->Flush().ok());
        }
      } else {
        EXPECT_TRUE(plan.fired()) << opened.ToString();
      }
      const bool fired = plan.fired();
      store_.reset();
      const Status reopened = Open(Options(directory));
      ASSERT_TRUE(reopened.ok()) << "k=" << k << " error=" << error << " " << reopened.ToString();
      for (const std::string& key : acknowledged) EXPECT_EQ(GetOne(*store_, key), key) << k;
      store_.reset();
      ASSERT_TRUE(sys::RemoveTree(directory).ok());
      if (!fired) break;
    }
  }
}

}  // namespace
}  // namespace helios::kv
