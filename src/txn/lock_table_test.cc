#include "txn/lock_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sys/randomness.h"

namespace helios::txn {
namespace {

using hidb::LockOptions;
using hidb::LockWait;
using hidb::RowLockMode;
using hidb::TableLockMode;

constexpr hidb::SpaceId kTable = 16'400;

// PostgreSQL 15's tables 13.3 and 13.2, X where the modes conflict.
constexpr const char* kRowTable[4] = {"...X", "..XX", ".XXX", "XXXX"};
constexpr const char* kObjectTable[8] = {".......X", "......XX", "....XXXX", "...XXXXX",
                                         "..XX.XXX", "..XXXXXX", ".XXXXXXX", "XXXXXXXX"};

class LockTableTest : public testing::Test {
 protected:
  Result<bool> Row(TxnId txn, const std::string& key, RowLockMode mode,
                   LockWait wait = LockWait::kWait) {
    LockOptions options;
    options.wait = wait;
    options.relation = "t";
    return locks_.LockRow(txn, kTable, key, mode, options);
  }
  // Runs `request` on a thread and returns once it sleeps.
  std::thread Sleeping(std::function<void()> request) {
    const uint64_t before = locks_.wait_count();
    std::thread thread(std::move(request));
    while (locks_.wait_count() == before) std::this_thread::yield();
    return thread;
  }
  sys::ManualClock clock_;
  LockTable locks_{clock_, {}};
};

TEST_F(LockTableTest, RowModesConflictAsInPostgres) {
  for (uint8_t held = 0; held < 4; ++held) {
    for (uint8_t asked = 0; asked < 4; ++asked) {
      const TxnId first = locks_.Begin();
      const TxnId second = locks_.Begin();
      ASSERT_TRUE(*Row(first, "k", RowLockMode{held}));
      const bool conflict = kRowTable[held][asked] == 'X';
      EXPECT_EQ(*Row(second, "k", RowLockMode{asked}, LockWait::kSkipLocked), !conflict);
      EXPECT_EQ(Conflict(RowLockMode{held}, RowLockMode{asked}), conflict);
      locks_.End(first);
      locks_.End(second);
    }
  }
  EXPECT_EQ(locks_.lock_count(), 0u);
}

TEST_F(LockTableTest, TableModesConflictAsInPostgres) {
  LockOptions options;
  options.wait = LockWait::kNoWait;
  options.relation = "t";
  for (uint8_t held = 0; held < 8; ++held) {
    for (uint8_t asked = 0; asked < 8; ++asked) {
      const TxnId first = locks_.Begin();
      const TxnId second = locks_.Begin();
      ASSERT_TRUE(locks_.LockObject(first, kTable, TableLockMode{held}, options).ok());
      const Status status = locks_.LockObject(second, kTable, TableLockMode{asked}, options);
      const bool conflict = kObjectTable[held][asked] == 'X';
      EXPECT_EQ(status.ok(), !conflict) << int{held} << " " << int{asked};
      EXPECT_EQ(Conflict(TableLockMode{held}, TableLockMode{asked}), conflict);
      if (conflict) {
        EXPECT_TRUE(status.Is(ErrorCode::kLockNotAvailable));
        EXPECT_EQ(status.info().message, "could not obtain lock on relation \"t\"");
      }
      locks_.End(first);
      locks_.End(second);
    }
  }
}

TEST_F(LockTableTest, OwnLocksNeverConflictAndRowsAreNotTables) {
  const TxnId txn = locks_.Begin();
  ASSERT_TRUE(*Row(txn, "", RowLockMode::kShare));
  ASSERT_TRUE(*Row(txn, "", RowLockMode::kUpdate));
  ASSERT_TRUE(*Row(txn, "", RowLockMode::kKeyShare));
  ASSERT_TRUE(locks_.LockObject(txn, kTable, TableLockMode::kAccessExclusive, {}).ok());
  const TxnId other = locks_.Begin();
  EXPECT_TRUE(*Row(other, "other", RowLockMode::kUpdate));
  EXPECT_EQ(locks_.lock_count(), 3u);
  EXPECT_EQ(locks_.active_count(), 2u);
  locks_.End(txn);
  locks_.End(other);
  EXPECT_EQ(locks_.lock_count(), 0u);
  EXPECT_FALSE(locks_.IsActive(txn));
  EXPECT_TRUE(Row(txn, "k", RowLockMode::kUpdate).status().Is(ErrorCode::kInvalidTransactionState));
}

TEST_F(LockTableTest, ReleaseToAMarkGivesBackWhatCameLater) {
  const TxnId txn = locks_.Begin();
  const TxnId other = locks_.Begin();
  ASSERT_TRUE(*Row(txn, "before", RowLockMode::kUpdate));
  ASSERT_TRUE(*Row(txn, "raised", RowLockMode::kKeyShare));
  const size_t mark = locks_.Mark(txn);
  ASSERT_TRUE(*Row(txn, "raised", RowLockMode::kUpdate));
  ASSERT_TRUE(*Row(txn, "after", RowLockMode::kUpdate));
  std::thread waiting = Sleeping([&] { EXPECT_TRUE(*Row(other, "after", RowLockMode::kUpdate)); });
  locks_.ReleaseTo(txn, mark);
  waiting.join();
  EXPECT_EQ(locks_.Mark(txn), mark);
  EXPECT_FALSE(*Row(other, "before", RowLockMode::kShare, LockWait::kSkipLocked));
  // What was held before in a weaker mode is held in that mode again.
  EXPECT_TRUE(*Row(other, "raised", RowLockMode::kNoKeyUpdate, LockWait::kSkipLocked));
  EXPECT_FALSE(*Row(other, "raised", RowLockMode::kUpdate, LockWait::kSkipLocked));
  locks_.ReleaseTo(txn, 0);
  EXPECT_TRUE(locks_.IsActive(txn));
  EXPECT_TRUE(*Row(other, "before", RowLockMode::kUpdate, LockWait::kSkipLocked));
  locks_.End(txn);
  locks_.End(other);
  EXPECT_EQ(locks_.lock_count(), 0u);
}

TEST_F(LockTableTest, RowsCanBeReleasedBeforeTables) {
  const TxnId first = locks_.Begin();
  const TxnId second = locks_.Begin();
  ASSERT_TRUE(locks_.LockObject(first, kTable, TableLockMode::kRowExclusive, {}).ok());
  ASSERT_TRUE(*Row(first, "a", RowLockMode::kUpdate));
  ASSERT_TRUE(*Row(first, "b", RowLockMode::kKeyShare));
  bool granted = false;
  std::thread waiter = Sleeping([&] { granted = *Row(second, "a", RowLockMode::kUpdate); });
  locks_.ReleaseRows(first);
  waiter.join();
  EXPECT_TRUE(granted);
  LockOptions no_wait;
  no_wait.wait = LockWait::kNoWait;
  EXPECT_TRUE(locks_.LockObject(second, kTable, TableLockMode::kExclusive, no_wait)
                  .Is(ErrorCode::kLockNotAvailable));
  EXPECT_TRUE(locks_.End(first));
  EXPECT_TRUE(locks_.LockObject(second, kTable, TableLockMode::kExclusive, no_wait).ok());
  EXPECT_TRUE(locks_.End(second));
  const TxnId third = locks_.Begin();
  ASSERT_TRUE(locks_.LockObject(third, kTable, TableLockMode::kAccessShare, {}).ok());
  EXPECT_FALSE(locks_.End(third));
  const TxnId fourth = locks_.Begin();
  ASSERT_TRUE(locks_.LockObject(fourth, kTable, TableLockMode::kRowShare, {}).ok());
  EXPECT_TRUE(locks_.End(fourth));
  EXPECT_EQ(locks_.lock_count(), 0u);
}

TEST_F(LockTableTest, WaitersAreServedInOrder) {
  const TxnId holder = locks_.Begin();
  const TxnId writer = locks_.Begin();
  const TxnId reader = locks_.Begin();
  ASSERT_TRUE(*Row(holder, "k", RowLockMode::kShare));
  std::atomic<int> order{0};
  int writer_place = 0;
  std::thread waiting_writer = Sleeping([&] {
    EXPECT_TRUE(*Row(writer, "k", RowLockMode::kUpdate));
    writer_place = ++order;
    locks_.End(writer);
  });
  // Compatible with the holder, but behind the writer.
  EXPECT_FALSE(*Row(reader, "k", RowLockMode::kShare, LockWait::kSkipLocked));
  int reader_place = 0;
  std::thread waiting_reader = Sleeping([&] {
    EXPECT_TRUE(*Row(reader, "k", RowLockMode::kShare));
    reader_place = ++order;
    locks_.End(reader);
  });
  locks_.End(holder);
  waiting_writer.join();
  waiting_reader.join();
  EXPECT_EQ(writer_place, 1);
  EXPECT_EQ(reader_place, 2);
  EXPECT_EQ(locks_.lock_count(), 0u);
}

TEST_F(LockTableTest, UpgradeGoesBeforeNewcomers) {
  const TxnId first = locks_.Begin();
  const TxnId second = locks_.Begin();
  const TxnId newcomer = locks_.Begin();
  ASSERT_TRUE(*Row(first, "k", RowLockMode::kShare));
  ASSERT_TRUE(*Row(second, "k", RowLockMode::kShare));
  std::thread waiting = Sleeping([&] {
    EXPECT_TRUE(*Row(newcomer, "k", RowLockMode::kUpdate));
    locks_.End(newcomer);
  });
  std::thread upgrading = Sleeping([&] {
    EXPECT_TRUE(*Row(first, "k", RowLockMode::kUpdate));
    locks_.End(first);
  });
  locks_.End(second);
  upgrading.join();
  waiting.join();
}

TEST_F(LockTableTest, DeadlockPicksTheLastOne) {
  const TxnId first = locks_.Begin();
  const TxnId second = locks_.Begin();
  ASSERT_TRUE(*Row(first, "a", RowLockMode::kUpdate));
  ASSERT_TRUE(*Row(second, "b", RowLockMode::kUpdate));
  std::thread waiting = Sleeping([&] { EXPECT_TRUE(*Row(first, "b", RowLockMode::kUpdate)); });
  const Status status = Row(second, "a", RowLockMode::kUpdate).status();
  ASSERT_TRUE(status.Is(ErrorCode::kDeadlockDetected));
  EXPECT_EQ(status.info().message, "deadlock detected");
  EXPECT_NE(status.info().detail.find("blocked by transaction"), std::string::npos);
  locks_.End(second);
  waiting.join();
  locks_.End(first);
  EXPECT_EQ(locks_.deadlock_count(), 1u);
  EXPECT_EQ(locks_.lock_count(), 0u);
}

TEST_F(LockTableTest, UpgradeOfTwoSharersIsADeadlock) {
  const TxnId first = locks_.Begin();
  const TxnId second = locks_.Begin();
  ASSERT_TRUE(*Row(first, "k", RowLockMode::kShare));
  ASSERT_TRUE(*Row(second, "k", RowLockMode::kShare));
  std::thread waiting = Sleeping([&] { EXPECT_TRUE(*Row(first, "k", RowLockMode::kUpdate)); });
  EXPECT_TRUE(Row(second, "k", RowLockMode::kUpdate).status().Is(ErrorCode::kDeadlockDetected));
  locks_.End(second);
  waiting.join();
  locks_.End(first);
}

TEST_F(LockTableTest, TimeoutAndCancelEndTheWait) {
  const TxnId holder = locks_.Begin();
  const TxnId waiter = locks_.Begin();
  ASSERT_TRUE(*Row(holder, "k", RowLockMode::kUpdate));
  LockOptions options;
  options.timeout_us = 1000;
  Status timed_out;
  std::thread sleeping = Sleeping([&] {
    timed_out = locks_.LockRow(waiter, kTable, "k", RowLockMode::kUpdate, options).status();
  });
  // The deadline counts from when the sleeper looked at the clock: move until it has passed.
  std::atomic<bool> done{false};
  std::thread mover([&] {
    while (!done) {
      clock_.Advance(1000);
      std::this_thread::yield();
    }
  });
  sleeping.join();
  done = true;
  mover.join();
  EXPECT_TRUE(timed_out.Is(ErrorCode::kLockNotAvailable));
  EXPECT_EQ(timed_out.info().message, "canceling statement due to lock timeout");

  std::atomic<bool> canceled{false};
  options.timeout_us = 0;
  options.canceled = &canceled;
  Status stopped;
  std::thread canceling = Sleeping([&] {
    stopped = locks_.LockRow(waiter, kTable, "k", RowLockMode::kUpdate, options).status();
  });
  canceled = true;
  canceling.join();
  EXPECT_TRUE(stopped.Is(ErrorCode::kQueryCanceled));
  // The failed requests left nothing behind.
  locks_.End(holder);
  EXPECT_TRUE(*Row(waiter, "k", RowLockMode::kUpdate, LockWait::kNoWait));
  locks_.End(waiter);
  EXPECT_EQ(locks_.lock_count(), 0u);
}

TEST_F(LockTableTest, MemoryIsBounded) {
  LockTable locks(clock_, {.memory_bytes_max = 10'000});
  const TxnId txn = locks.Begin();
  Status status;
  for (int key = 0; status.ok(); ++key) {
    ASSERT_LT(key, 1000);
    status = locks.LockRow(txn, kTable, std::to_string(key), RowLockMode::kUpdate, {}).status();
  }
  EXPECT_TRUE(status.Is(ErrorCode::kOutOfMemory));
  EXPECT_TRUE(locks.LockObject(txn, kTable, hidb::TableLockMode::kExclusive, {}).ok());
  locks.End(txn);
  EXPECT_TRUE(*locks.LockRow(locks.Begin(), kTable, "k", RowLockMode::kUpdate, {}));
}

// Goal: under random contention every request ends, exclusive locks exclude, and nothing is left.
TEST_F(LockTableTest, RandomTransactionsExcludeEachOther) {
  constexpr int kThreads = 4;
  constexpr int kKeys = 6;
  int values[kKeys] = {};  // Not atomic: the locks, and tsan, must do.
  std::atomic<int> expected{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      sys::Random random(thread + 1);
      for (int round = 0; round < 400; ++round) {
        const TxnId txn = locks_.Begin();
        for (int step = 0; step < 3; ++step) {
          const uint64_t key = random.Below(kKeys);
          const bool write = random.Below(2) == 0;
          const Result<bool> granted =
              Row(txn, std::to_string(key), write ? RowLockMode::kUpdate : RowLockMode::kShare);
          if (!granted.ok()) {
            EXPECT_TRUE(granted.status().Is(ErrorCode::kDeadlockDetected));
            break;
          }
          if (write) {
            ++values[key];
            ++expected;
          }
        }
        locks_.End(txn);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  for (int value : values) sum += value;
  EXPECT_EQ(sum, expected);
  EXPECT_EQ(locks_.lock_count(), 0u);
  EXPECT_EQ(locks_.active_count(), 0u);
}

TEST_F(LockTableTest, AwaitHoldersLeavesTheQueueAlone) {
  const TxnId ddl = locks_.Begin();
  const TxnId writer = locks_.Begin();
  ASSERT_TRUE(locks_.LockObject(ddl, kTable, TableLockMode::kShareUpdateExclusive, {}).ok());
  ASSERT_TRUE(locks_.LockObject(writer, kTable, TableLockMode::kRowExclusive, {}).ok());
  std::atomic<bool> done{false};
  std::thread waiting = Sleeping([&] {
    EXPECT_TRUE(locks_.AwaitHolders(ddl, kTable, TableLockMode::kShare, {}).ok());
    done = true;
  });
  // Others come and go meanwhile, and are not waited for.
  const TxnId later = locks_.Begin();
  EXPECT_TRUE(locks_.LockObject(later, kTable, TableLockMode::kRowExclusive, {}).ok());
  EXPECT_FALSE(done);
  locks_.End(writer);
  waiting.join();
  locks_.End(later);
  locks_.End(ddl);
}

TEST_F(LockTableTest, AwaitHoldersFindsWhoWaitsForIt) {
  const TxnId ddl = locks_.Begin();
  const TxnId writer = locks_.Begin();
  ASSERT_TRUE(locks_.LockObject(ddl, kTable, TableLockMode::kShareUpdateExclusive, {}).ok());
  ASSERT_TRUE(locks_.LockObject(writer, kTable, TableLockMode::kRowExclusive, {}).ok());
  std::thread upgrade = Sleeping([&] {
    EXPECT_TRUE(locks_.LockObject(writer, kTable, TableLockMode::kAccessExclusive, {}).ok());
    locks_.End(writer);
  });
  const Status status = locks_.AwaitHolders(ddl, kTable, TableLockMode::kShare, {});
  EXPECT_TRUE(status.Is(ErrorCode::kDeadlockDetected)) << status.ToString();
  locks_.End(ddl);
  upgrade.join();
}

TEST_F(LockTableTest, AwaitHoldersCanBeCanceled) {
  const TxnId ddl = locks_.Begin();
  const TxnId writer = locks_.Begin();
  ASSERT_TRUE(locks_.LockObject(writer, kTable, TableLockMode::kRowExclusive, {}).ok());
  const std::atomic<bool> canceled{true};
  LockOptions options;
  options.canceled = &canceled;
  EXPECT_TRUE(locks_.AwaitHolders(ddl, kTable, TableLockMode::kShare, options)
                  .Is(ErrorCode::kQueryCanceled));
  // Nobody holds it in a conflicting mode.
  EXPECT_TRUE(locks_.AwaitHolders(ddl, kTable, TableLockMode::kRowShare, options).ok());
  locks_.End(writer);
  locks_.End(ddl);
}

}  // namespace
}  // namespace helios::txn
