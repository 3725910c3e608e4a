// Row locks go when a commit is in the log, before it is durable (ADR 23): who may see it then, who
// waits, and what is left of it when the disk fails.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/internal/test_support.h"
#include "sys/randomness.h"

namespace helios::storage {
namespace {

using Strings = std::vector<std::string>;

// A disk whose syncs of the log last until the test ends them, one way or the other.
class SlowDisk final : public sys::FaultPlan {
 public:
  int Decide(sys::FileOperation operation, std::string_view path, size_t* /*byte_count*/) override {
    if (operation != sys::FileOperation::kSync || !path.ends_with(".log")) return 0;
    std::unique_lock lock(mutex_);
    ++sync_count_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_slow_; });
    return error_;
  }
  void Slow() {
    std::lock_guard lock(mutex_);
    is_slow_ = true;
    sync_count_ = 0;
  }
  void AwaitSync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return sync_count_ > 0; });
  }
  void End(int error = 0) {
    std::lock_guard lock(mutex_);
    is_slow_ = false;
    error_ = error;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_slow_ = false;
  int error_ = 0;
  int sync_count_ = 0;
};

class EarlyReleaseTest : public testing::Test {
 protected:
  void SetUp() override {
    NodeOptions options = TestOptions(directory_.path());
    options.faults = &disk_;
    auto node = OpenNode(options);
    ASSERT_TRUE(node.ok()) << node.status().ToString();
    node_ = std::move(*node);
    TestSession session(*node_);
    ASSERT_TRUE(session.Put("a", 1, "old").ok());
    ASSERT_TRUE(session.Commit().ok());
    disk_.Slow();
  }
  void TearDown() override { disk_.End(); }

  Result<bool> Lock(TestSession& session, Timestamp snapshot = kTimestampMax) {
    const std::string key = "a";
    hidb::RowLockRequest lock;
    lock.txn = session.txn();
    lock.space = kTableSpace;
    lock.keys = {&key, 1};
    lock.snapshot = snapshot;
    HELIOS_TRY(const auto outcomes, node_->LockRows(lock));
    return outcomes[0].changed;
  }
  // Starts a commit of a=`id`; it is in the log when this returns.
  std::thread Writing(int32_t id, Status* status) {
    std::thread writer([this, id, status] {
      TestSession session(*node_);
      ASSERT_TRUE(Lock(session).ok());
      ASSERT_TRUE(session.Put("a", id, "new").ok());
      *status = session.Commit().status();
    });
    disk_.AwaitSync();
    return writer;
  }
  Strings Rows(hidb::SnapshotHorizon horizon) {
    const auto lease = node_->AcquireSnapshot(horizon);
    return ScanAll(*node_, TableScan({lease->timestamp()}));
  }
  Strings Durable() { return Rows(hidb::SnapshotHorizon::kDurable); }
  Strings Stored() { return Rows(hidb::SnapshotHorizon::kStored); }

  sys::TemporaryDirectory directory_;
  SlowDisk disk_;
  std::unique_ptr<Node> node_;
};

TEST_F(EarlyReleaseTest, TheNextWriterGoesOnAndReadersSeeItOnceDurable) {
  Status first;
  std::thread writer = Writing(2, &first);
  TestSession next(*node_);
  const auto before = node_->AcquireSnapshot();
  Result<bool> changed = Lock(next, before->timestamp());
  ASSERT_TRUE(changed.ok()) << changed.status().ToString();
  EXPECT_TRUE(*changed);
  EXPECT_EQ(Durable(), Strings{"a:1:old"});
  EXPECT_EQ(Stored(), Strings{"a:2:new"});
  EXPECT_EQ(ScanAll(*node_, TableScan(next.View())), Strings{"a:2:new"});
  ASSERT_TRUE(next.Put("a", 3, "newer").ok());
  Status second;
  std::thread follower([&] { second = next.Commit().status(); });
  disk_.End();
  writer.join();
  follower.join();
  EXPECT_TRUE(first.ok()) << first.ToString();
  EXPECT_TRUE(second.ok()) << second.ToString();
  EXPECT_EQ(Durable(), Strings{"a:3:newer"});
  EXPECT_EQ(ScanAll(*node_, TableScan({before->timestamp()})), Strings{"a:1:old"});
}

TEST_F(EarlyReleaseTest, WhoEndsWithoutWritingWaitsForWhatItHasSeen) {
  Status first;
  std::thread writer = Writing(2, &first);
  TestSession reader(*node_);
  ASSERT_TRUE(Lock(reader).ok());
  std::atomic<bool> has_ended = false;
  std::thread ending([&] {
    reader.Abort();
    has_ended = true;
    EXPECT_EQ(Durable(), Strings{"a:2:new"});
  });
  // One that has locked nothing does not wait.
  TestSession idle(*node_);
  idle.Abort();
  EXPECT_FALSE(has_ended);
  disk_.End();
  ending.join();
  writer.join();
  EXPECT_TRUE(first.ok());
}

TEST_F(EarlyReleaseTest, WhoHasFoundNothingToChangeWaitsToo) {
  Status first;
  std::thread writer = Writing(2, &first);
  TestSession updater(*node_);
  const TxnId txn = updater.txn();
  ASSERT_TRUE(node_->LockTable(txn, kTableSpace, hidb::TableLockMode::kRowExclusive, {}).ok());
  Status ended;
  std::thread ending([&] { ended = updater.Commit().status(); });
  // The answer must not go out: the row that it did not find any more may come back.
  disk_.End(EIO);
  ending.join();
  writer.join();
  EXPECT_TRUE(ended.Is(ErrorCode::kStatementCompletionUnknown)) << ended.ToString();
}

TEST_F(EarlyReleaseTest, AValueOfASequenceWaitsForTheSyncOfAnother) {
  std::array<Status, 2> ended;
  std::atomic<bool> is_second_done = false;
  ASSERT_TRUE(node_->NextSequenceValue(7, {}).ok());
  std::thread first([&] { ended[0] = TestSession(*node_).Commit().status(); });
  disk_.AwaitSync();
  ASSERT_TRUE(node_->NextSequenceValue(7, {}).ok());
  std::thread second([&] {
    ended[1] = TestSession(*node_).Commit().status();
    is_second_done = true;
  });
  // Time for it to go wrong; it is right however long this takes.
  for (int round = 0; round < 10'000 && !is_second_done; ++round) std::this_thread::yield();
  disk_.End(EIO);
  first.join();
  second.join();
  for (const Status& status : ended) EXPECT_FALSE(status.ok());
}

TEST_F(EarlyReleaseTest, TableLocksWaitForTheDisk) {
  Status first;
  std::thread writer([&] {
    TestSession session(*node_);
    ASSERT_TRUE(
        node_->LockTable(session.txn(), kTableSpace, hidb::TableLockMode::kRowExclusive, {}).ok());
    ASSERT_TRUE(session.Put("a", 2, "new").ok());
    first = session.Commit().status();
  });
  disk_.AwaitSync();
  TestSession ddl(*node_);
  hidb::LockOptions no_wait;
  no_wait.wait = hidb::LockWait::kNoWait;
  EXPECT_TRUE(node_->LockTable(ddl.txn(), kTableSpace, hidb::TableLockMode::kExclusive, no_wait)
                  .Is(ErrorCode::kLockNotAvailable));
  disk_.End();
  writer.join();
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(
      node_->LockTable(ddl.txn(), kTableSpace, hidb::TableLockMode::kExclusive, no_wait).ok());
  ddl.Abort();
}

TEST_F(EarlyReleaseTest, AFailedSyncLeavesNothingOfItVisible) {
  Status first;
  std::thread writer = Writing(2, &first);
  TestSession next(*node_);
  ASSERT_TRUE(Lock(next).ok());
  ASSERT_TRUE(next.Put("a", 3, "newer").ok());
  Status second;
  std::thread follower([&] { second = next.Commit().status(); });
  while (Stored() != Strings{"a:3:newer"}) {
  }
  disk_.End(EIO);
  writer.join();
  follower.join();
  EXPECT_TRUE(first.Is(ErrorCode::kStatementCompletionUnknown)) << first.ToString();
  EXPECT_TRUE(second.Is(ErrorCode::kStatementCompletionUnknown)) << second.ToString();
  EXPECT_EQ(Durable(), Strings{"a:1:old"});
  EXPECT_EQ(Stored(), Strings{"a:1:old"});
  TestSession late(*node_);
  ASSERT_TRUE(late.Put("b", 1, "late").ok());
  EXPECT_TRUE(late.Commit().status().Is(ErrorCode::kIoError));
}

// Goal: a power failure under many writers of one row leaves every acknowledged commit, and none
// without those that it was built on. Method: each commit adds one to a row of its writer and to
// one of all; some sync of the log fails, and of what is not synced some pages are lost.
TEST(PowerFailureTest, LeavesAPrefixOfTheCommits) {
  constexpr int kWriters = 4;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const sys::TemporaryDirectory directory;
    kv::DurabilityTracker durability;
    sys::Random random(seed);
    sys::FailNth plan(sys::FaultBit(sys::FileOperation::kSync),
                      static_cast<int64_t>(20 + random.Below(60)), EIO, /*sticky=*/true);
    NodeOptions options = TestOptions(directory.path());
    options.faults = &plan;
    options.durability = &durability;
    auto node = OpenNode(options).value();
    const auto count_of = [&](const std::string& key) {
      for (const std::string& row : ScanAll(*node, TableScan({kTimestampMax}))) {
        if (row.starts_with(key + ":")) return std::stoi(row.substr(key.size() + 1));
      }
      return 0;
    };
    // Takes the lock of all first: the order of locks is that of the commits.
    const auto add_one = [&](const std::string& own) -> Status {
      TestSession session(*node);
      for (const std::string& key : {std::string("all"), own}) {
        hidb::RowLockRequest lock;
        lock.txn = session.txn();
        lock.space = kTableSpace;
        lock.keys = {&key, 1};
        lock.snapshot = kTimestampMax;
        Status status = node->LockRows(lock).status();
        if (status.ok()) status = session.Put(key, count_of(key) + 1, std::string(900, 'x'));
        if (!status.ok()) {
          session.Abort();
          return status;
        }
      }
      return session.Commit().status();
    };
    std::array<int, kWriters> acknowledged{};
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        while (add_one("w" + std::to_string(writer)).ok()) ++acknowledged[writer];
      });
    }
    for (std::thread& writer : writers) writer.join();
    ASSERT_TRUE(plan.fired());
    node.reset();
    ASSERT_TRUE(durability.DropUnsynced([&](uint64_t) { return random.Below(3) == 0; }).ok());
    auto reopened = OpenNode(TestOptions(directory.path()));
    ASSERT_TRUE(reopened.ok()) << reopened.status().ToString();
    node = std::move(*reopened);
    int sum = 0;
    for (int writer = 0; writer < kWriters; ++writer) {
      const int kept = count_of("w" + std::to_string(writer));
      EXPECT_GE(kept, acknowledged[writer]) << "seed " << seed;
      EXPECT_LE(kept, acknowledged[writer] + 1) << "seed " << seed;
      sum += kept;
    }
    EXPECT_EQ(count_of("all"), sum) << "seed " << seed;
  }
}

}  // namespace
}  // namespace helios::storage
