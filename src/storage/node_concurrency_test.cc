// Many threads on one node: transfers between accounts keep their sum in every snapshot, whatever
// garbage collection, staging and undone transactions happen meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "kv/tsan_suppressions.h"
#include "storage/internal/test_support.h"
#include "sys/randomness.h"

namespace helios::storage {
namespace {

constexpr int kAccounts = 12;
constexpr int kOpening = 1000;
constexpr int kWriters = 4;

std::string AccountKey(uint64_t account) { return fmt::format("account{:02}", account); }

class ConcurrencyTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    NodeOptions options = TestOptions(GetParam() ? directory_.path() : "");
    options.background_maintenance = true;
    auto node = OpenNode(options);
    ASSERT_TRUE(node.ok()) << node.status().ToString();
    node_ = std::move(*node);
    TestSession session(*node_);
    for (int account = 0; account < kAccounts; ++account) {
      ASSERT_TRUE(session.Put(AccountKey(account), kOpening, "account").ok());
    }
    ASSERT_TRUE(session.Commit().ok());
  }

  // The balance that `view` shows; -1 for an error.
  int32_t Balance(const std::string& key, const hidb::ReadView& view) {
    hidb::GetRequest get;
    get.table = TestTable();
    get.row_keys = {key};
    get.columns = {0};
    get.view = view;
    Chunk chunk;
    std::vector<bool> found;
    if (!node_->Get(get, &chunk, &found).ok() || !found[0]) return -1;
    return chunk.column(0).At<int32_t>(0);
  }

  // Moves money; false when the transaction was a deadlock's victim.
  bool Transfer(sys::Random& random) {
    TestSession session(*node_);
    const std::string keys[2] = {AccountKey(random.Below(kAccounts)),
                                 AccountKey(random.Below(kAccounts))};
    if (keys[0] == keys[1]) {
      session.Abort();
      return true;
    }
    for (const std::string& key : keys) {
      hidb::RowLockRequest lock;
      lock.txn = session.txn();
      lock.space = kTableSpace;
      lock.keys = {&key, 1};
      lock.snapshot = kTimestampMax;
      const auto outcome = node_->LockRows(lock);
      if (!outcome.ok()) {
        EXPECT_TRUE(outcome.status().Is(ErrorCode::kDeadlockDetected));
        session.Abort();
        return false;
      }
    }
    const int32_t amount = static_cast<int32_t>(random.Below(50));
    const int32_t from = Balance(keys[0], {kTimestampMax});
    const int32_t to = Balance(keys[1], {kTimestampMax});
    EXPECT_GE(from, 0);
    EXPECT_GE(to, 0);
    if (from < amount) {
      session.Abort();
      return true;
    }
    EXPECT_TRUE(session.Put(keys[0], from - amount, "account").ok());
    EXPECT_TRUE(session.Put(keys[1], to + amount, "account").ok());
    if (random.Below(10) == 0) {
      EXPECT_TRUE(node_->StageWrites(session.txn(), &session.writes()).ok());
      EXPECT_EQ(Balance(keys[0], session.View()), from - amount);
    }
    if (random.Below(10) == 0) {
      session.Abort();
    } else {
      EXPECT_TRUE(session.Commit(random.Below(8) == 0).ok());
    }
    return true;
  }

  int64_t Sum(Timestamp at, bool reverse) {
    int64_t sum = 0;
    int rows = 0;
    hidb::ScanRequest request = TableScan({at}, reverse);
    request.columns = {0};
    auto stream = node_->Scan(request);
    Chunk chunk;
    do {
      if (!(*stream)->Next(&chunk).ok()) return -1;
      for (size_t row = 0; row < chunk.row_count(); ++row) {
        sum += chunk.column(0).At<int32_t>(row);
        ++rows;
      }
    } while (chunk.row_count() > 0);
    return rows == kAccounts ? sum : -rows;
  }

  sys::TemporaryDirectory directory_;
  std::unique_ptr<Node> node_;
};

TEST_P(ConcurrencyTest, SumsHoldInEverySnapshot) {
  std::atomic<int> running{kWriters};
  std::vector<std::thread> threads;
  threads.reserve(kWriters);
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      sys::Random random(writer + 1);
      for (int round = 0; round < 200; ++round) Transfer(random);
      --running;
    });
  }
  threads.emplace_back([&] {
    while (running > 0) {
      const auto lease = node_->AcquireSnapshot();
      EXPECT_EQ(Sum(lease->timestamp(), false), kAccounts * kOpening);
      EXPECT_EQ(Sum(lease->timestamp(), true), kAccounts * kOpening);
      EXPECT_EQ(Sum(kTimestampMax, false), kAccounts * kOpening);
    }
  });
  threads.emplace_back([&] {
    while (running > 0) {
      EXPECT_TRUE(node_->CollectGarbage(kTableSpace).ok());
      static_cast<void>(node_->GetMetrics());
      static_cast<void>(node_->Statistics(kTableSpace));
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Sum(kTimestampMax, false), kAccounts * kOpening);
  EXPECT_EQ(node_->GetMetrics().locks_held, 0u);
  EXPECT_EQ(node_->GetMetrics().active_snapshots, 0u);
}

// Goal: ids and sequence values are given once, whoever asks.
TEST_P(ConcurrencyTest, IdentifiersAreGivenOnce) {
  constexpr int kThreads = 4;
  constexpr int kValues = 300;
  std::vector<std::vector<int64_t>> values(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int count = 0; count < kValues; ++count) {
        values[thread].push_back(node_->NextSequenceValue(7, {}).value());
        values[thread].push_back(
            1'000'000 + static_cast<int64_t>(node_->AllocateRowIds(kTableSpace, 1).value()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<int64_t, int> seen;
  for (const std::vector<int64_t>& of_thread : values) {
    for (int64_t value : of_thread) ++seen[value];
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(2 * kThreads * kValues));
}

INSTANTIATE_TEST_SUITE_P(Engines, ConcurrencyTest, testing::Values(false, true));

}  // namespace
}  // namespace helios::storage
