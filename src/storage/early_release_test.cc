// Row locks go when a commit is in the log, before it is durable (ADR 23): who may see it then, who
// waits, and what is left of it when the disk fails.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/internal/test_support.h"

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
  disk_.End(EIO);
  writer.join();
  follower.join();
  EXPECT_TRUE(first.Is(ErrorCode::kStatementCompletionUnknown)) << first.ToString();
  EXPECT_FALSE(second.ok());
  EXPECT_EQ(Durable(), Strings{"a:1:old"});
  EXPECT_EQ(Stored(), Strings{"a:1:old"});
  TestSession late(*node_);
  ASSERT_TRUE(late.Put("b", 1, "late").ok());
  EXPECT_TRUE(late.Commit().status().Is(ErrorCode::kIoError));
}

}  // namespace
}  // namespace helios::storage
