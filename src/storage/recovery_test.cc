// What a crash, a power failure and a failing disk leave behind.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>

#include "storage/internal/key_format.h"
#include "storage/internal/local_keys.h"
#include "storage/internal/test_support.h"

namespace helios::storage {
namespace {

using Strings = std::vector<std::string>;

// Names the directory to the process that is to die there.
constexpr const char* kDyingNode = "HELIOS_TEST_DYING_NODE";

class RecoveryTest : public testing::Test {
 protected:
  Status Open(NodeOptions options) {
    node_.reset();
    HELIOS_TRY(node_, OpenNode(options));
    return Status::Ok();
  }
  Status Open() { return Open(TestOptions(directory_.path())); }
  Strings Rows() { return ScanAll(*node_, TableScan({kTimestampMax})); }

  // Runs `work` on a node in another process, which ends as kill -9 would end it. A test calls this
  // first: the process is this program again at the same test, as a fork would lack the threads
  // that RocksDB has here.
  void InProcessThatDies(const std::function<void(Node&)>& work) {
    if (const char* path = std::getenv(kDyingNode)) WorkAndDie(path, work);
    const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
    const std::string filter =
        fmt::format("--gtest_filter={}.{}", test.test_suite_name(), test.name());
    setenv(kDyingNode, directory_.path().c_str(), 1);
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", "storage_test", filter.c_str(), nullptr);
      _exit(4);
    }
    unsetenv(kDyingNode);
    ASSERT_GE(child, 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 0);
  }

  sys::TemporaryDirectory directory_;
  std::unique_ptr<Node> node_;

 private:
  [[noreturn]] void WorkAndDie(const char* path, const std::function<void(Node&)>& work) {
    auto node = OpenNode(TestOptions(path));
    if (!node.ok()) _exit(3);
    work(**node);
    EXPECT_TRUE(sys::RemoveTree(directory_.path()).ok());
    _exit(testing::Test::HasFailure() ? 2 : 0);
  }
};

TEST_F(RecoveryTest, EverythingCommittedSurvivesACrash) {
  InProcessThatDies([](Node& node) {
    TestSession session(node);
    for (int id = 0; id < 100; ++id) {
      EXPECT_TRUE(session.Put("k" + std::to_string(100 + id), id, "n").ok());
      session.writes().AddRowCount(kTableSpace, 1, 1);
      EXPECT_TRUE(session.Commit(id % 2 == 0).ok());
    }
    EXPECT_TRUE(session.Put("lost", 0, "never committed").ok());
    hidb::CommitRequest ddl;
    ddl.txn = node.BeginTransaction();
    ddl.catalog = {{"t", "record"}};
    EXPECT_TRUE(node.Commit(ddl).ok());
  });
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Rows().size(), 100u);
  EXPECT_EQ(node_->CatalogVersion(), 1u);
  EXPECT_EQ(node_->LoadCatalog()->size(), 1u);
  EXPECT_FALSE(node_->is_new());
}

// Goal: plans after a crash know how large the tables are. What a bulk load adds is stored with it,
// the rest by maintenance.
TEST_F(RecoveryTest, RowCountsSurviveACrash) {
  InProcessThatDies([](Node& node) {
    TestSession session(node);
    const auto commit = [&](const std::string& key, int64_t rows) {
      EXPECT_TRUE(session.Put(key, 1, "n").ok());
      session.writes().AddRowCount(kTableSpace, rows, 1);
      EXPECT_TRUE(session.Commit().ok());
    };
    commit("bulk", 5000);
    commit("few", 10);
    node.RunMaintenance();
    commit("since then", 1);
  });
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(node_->Statistics(kTableSpace).row_count, 5010u);
}

// Goal: the same when the disk loses what was not synced.
TEST_F(RecoveryTest, RowCountOfABulkLoadSurvivesAPowerFailure) {
  kv::DurabilityTracker tracker;
  NodeOptions options = TestOptions(directory_.path());
  options.durability = &tracker;
  ASSERT_TRUE(Open(options).ok());
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("bulk", 1, "n").ok());
  session.writes().AddRowCount(kTableSpace, 5000, 1);
  ASSERT_TRUE(session.Commit().ok());
  node_.reset();
  ASSERT_TRUE(tracker.DropUnsynced().ok());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(node_->Statistics(kTableSpace).row_count, 5000u);
}

TEST_F(RecoveryTest, SequencesAndIdsNeverRepeatAfterACrash) {
  InProcessThatDies([](Node& node) {
    for (int64_t expected = 1; expected <= 40; ++expected) {
      EXPECT_EQ(node.NextSequenceValue(7, {}).value(), expected);
    }
    EXPECT_EQ(node.AllocateRowIds(kTableSpace, 5).value(), 1u);
    EXPECT_EQ(node.AllocateOids(1).value(), kFirstUserOid);
  });
  ASSERT_TRUE(Open().ok());
  const int64_t next = node_->NextSequenceValue(7, {}).value();
  EXPECT_GT(next, 40);
  EXPECT_LE(next, 40 + 33);
  EXPECT_GT(node_->AllocateRowIds(kTableSpace, 1).value(), 5u);
  EXPECT_GT(node_->AllocateOids(1).value(), kFirstUserOid);
  // An orderly restart skips nothing.
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(node_->NextSequenceValue(7, {}).value(), next + 1);
}

TEST_F(RecoveryTest, StagedWritesOfALostTransactionAreSwept) {
  InProcessThatDies([](Node& node) {
    TestSession session(node);
    EXPECT_TRUE(session.Put("a", 1, "stays").ok());
    EXPECT_TRUE(session.Commit().ok());
    EXPECT_TRUE(session.Put("a", 2, "gone").ok());
    EXPECT_TRUE(session.Put("b", 2, "gone").ok());
    EXPECT_TRUE(node.StageWrites(session.txn(), &session.writes()).ok());
    TestSession other(node);
    EXPECT_TRUE(other.Put("c", 3, "stays").ok());
    EXPECT_TRUE(node.StageWrites(other.txn(), &other.writes()).ok());
    EXPECT_TRUE(other.Commit().ok());
  });
  ASSERT_TRUE(Open().ok());
  const Strings expected = {"a:1:stays", "c:3:stays"};
  EXPECT_EQ(Rows(), expected);
  node_->RunMaintenance();
  EXPECT_EQ(Rows(), expected);
  EXPECT_EQ(node_->GetMetrics().versions_collected, 2u);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Rows(), expected);
}

TEST_F(RecoveryTest, InterruptedDropIsFinished) {
  ASSERT_TRUE(Open().ok());
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "v").ok());
  ASSERT_TRUE(session.Commit().ok());
  node_.reset();
  {
    auto store = kv::OpenRocksDb({.directory = directory_.path() + "/kv"});
    ASSERT_TRUE(store.ok());
    auto batch = (*store)->NewBatch();
    batch->Put(kv::Family::kLocal, LocalKey(kDroppedPrefix, kTableSpace), "");
    ASSERT_TRUE((*store)->Write(batch.get(), true).ok());
  }
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Rows(), Strings());
}

TEST_F(RecoveryTest, PowerFailureKeepsDurableCommits) {
  kv::DurabilityTracker tracker;
  NodeOptions options = TestOptions(directory_.path());
  options.durability = &tracker;
  ASSERT_TRUE(Open(options).ok());
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 1, "fast").ok());
  ASSERT_TRUE(session.Commit(false).ok());
  ASSERT_TRUE(session.Put("b", 2, "durable").ok());
  ASSERT_TRUE(session.Commit(true).ok());
  ASSERT_TRUE(session.Put("c", 3, "fast").ok());
  ASSERT_TRUE(session.Commit(false).ok());
  node_.reset();
  ASSERT_TRUE(tracker.DropUnsynced().ok());
  ASSERT_TRUE(Open().ok());
  const Strings rows = Rows();
  ASSERT_GE(rows.size(), 2u);
  EXPECT_EQ(rows[1], "b:2:durable");
}

TEST_F(RecoveryTest, TimestampsGoOnWhenTheClockWentBack) {
  sys::ManualClock later(2'000'000'000 * sys::kMicrosPerSecond);
  NodeOptions options = TestOptions(directory_.path());
  options.clock = &later;
  ASSERT_TRUE(Open(options).ok());
  Timestamp last = 0;
  {
    TestSession session(*node_);
    ASSERT_TRUE(session.Put("a", 1, "old").ok());
    last = session.Commit().value();
  }
  sys::ManualClock earlier(1'000'000'000 * sys::kMicrosPerSecond);
  options.clock = &earlier;
  ASSERT_TRUE(Open(options).ok());
  EXPECT_EQ(Rows(), Strings{"a:1:old"});
  TestSession session(*node_);
  ASSERT_TRUE(session.Put("a", 2, "new").ok());
  EXPECT_GT(session.Commit().value(), last);
  EXPECT_EQ(Rows(), Strings{"a:2:new"});
}

TEST_F(RecoveryTest, MalformedVersionsAreErrors) {
  ASSERT_TRUE(Open().ok());
  node_.reset();
  {
    auto store = kv::OpenRocksDb({.directory = directory_.path() + "/kv"});
    ASSERT_TRUE(store.ok());
    auto batch = (*store)->NewBatch();
    std::string key = SpacePrefix(kTableSpace) + "a";
    AppendVersion(&key, 1);
    batch->Put(kVersionFamily, key, "");
    ASSERT_TRUE((*store)->Write(batch.get(), true).ok());
  }
  ASSERT_TRUE(Open().ok());
  EXPECT_NE(Rows().at(0).find("XX001"), std::string::npos);
  EXPECT_NE(ScanAll(*node_, TableScan({kTimestampMax}, true)).at(0).find("XX001"),
            std::string::npos);
  hidb::GetRequest get;
  get.table = TestTable();
  get.row_keys = {"a"};
  get.view = {kTimestampMax};
  Chunk chunk;
  std::vector<bool> found;
  EXPECT_TRUE(node_->Get(get, &chunk, &found).Is(ErrorCode::kDataCorrupted));
}

// Goal: whichever I/O operation fails, the error is clear, acknowledged commits are there
// afterwards, and rows agree with index entries. Method: fail the k-th operation of a small
// workload, for many k, then reopen without faults.
TEST_F(RecoveryTest, EveryFaultLeavesWholeTransactions) {
  const uint32_t kinds =
      sys::FaultBit(sys::FileOperation::kWrite) | sys::FaultBit(sys::FileOperation::kSync) |
      sys::FaultBit(sys::FileOperation::kOpen) | sys::FaultBit(sys::FileOperation::kRename);
  for (int error : {EIO, ENOSPC}) {
    for (int k = 1; k < 300; k += 9) {
      const std::string path =
          directory_.path() + "/" + std::to_string(error) + "_" + std::to_string(k);
      sys::FailNth plan(kinds, k, error, false);
      NodeOptions options = TestOptions(path);
      options.faults = &plan;
      Strings acknowledged;
      if (Status opened = Open(options); opened.ok()) {
        TestSession session(*node_);
        for (int id = 0; id < 12; ++id) {
          const std::string key = "k" + std::to_string(100 + id);
          ASSERT_TRUE(session.Put(key, id, key).ok());
          ASSERT_TRUE(session.PutEntry(key, key).ok());
          if (id % 5 == 4)
            static_cast<void>(node_->StageWrites(session.txn(), &session.writes()).ok());
          const Result<Timestamp> committed = session.Commit();
          if (committed.ok()) acknowledged.push_back(key + ":" + std::to_string(id) + ":" + key);
          EXPECT_TRUE(committed.ok() || !committed.status().info().message.empty());
        }
        // What was acknowledged can be read whatever happened to the disk.
        const Strings rows = Rows();
        for (const std::string& row : acknowledged) {
          EXPECT_NE(std::find(rows.begin(), rows.end(), row), rows.end()) << row << " k=" << k;
        }
      } else {
        EXPECT_TRUE(plan.fired()) << opened.ToString();
      }
      const bool fired = plan.fired();
      const Status reopened = Open(TestOptions(path));
      ASSERT_TRUE(reopened.ok()) << "k=" << k << " " << reopened.ToString();
      const Strings rows = Rows();
      for (const std::string& row : acknowledged) {
        EXPECT_NE(std::find(rows.begin(), rows.end(), row), rows.end()) << row << " k=" << k;
      }
      EXPECT_EQ(ScanAll(*node_, IndexScan({kTimestampMax})), rows) << "k=" << k;
      node_.reset();
      ASSERT_TRUE(sys::RemoveTree(path).ok());
      if (!fired) break;
    }
  }
}

}  // namespace
}  // namespace helios::storage
