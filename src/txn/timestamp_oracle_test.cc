#include "txn/timestamp_oracle.h"

#include <gtest/gtest.h>

#include <thread>

#include "txn/snapshot_registry.h"

namespace helios::txn {
namespace {

class OracleTest : public testing::Test {
 protected:
  TimestampOracle Make() {
    return TimestampOracle(clock_, bound_, [this](Timestamp bound) {
      if (fail_) return Error(ErrorCode::kDiskFull).Message("full").ToStatus();
      bound_ = bound;
      ++stores_;
      return Status::Ok();
    });
  }
  sys::ManualClock clock_;
  Timestamp bound_ = 0;
  int stores_ = 0;
  bool fail_ = false;
};

TEST_F(OracleTest, TimestampsRiseWithTheClockAndWithoutIt) {
  TimestampOracle oracle = Make();
  Timestamp last = 0;
  for (int round = 0; round < 1000; ++round) {
    const Timestamp next = oracle.Begin().value();
    EXPECT_GT(next, last);
    EXPECT_LT(next, bound_);
    last = next;
    oracle.Publish(next);
    if (round % 100 == 0) clock_.Advance(2'000'000);
  }
  EXPECT_GE(last, TimestampOracle::FromUnixMicros(clock_.UnixMicros() - 2'000'000));
  // The bound is stored seldom.
  EXPECT_LT(stores_, 5);
}

TEST_F(OracleTest, RestartNeverGoesBack) {
  Timestamp last = 0;
  {
    TimestampOracle oracle = Make();
    last = oracle.Begin().value();
  }
  const sys::ManualClock earlier(1'000'000);
  TimestampOracle oracle(earlier, bound_, [this](Timestamp bound) {
    bound_ = bound;
    return Status::Ok();
  });
  EXPECT_GT(oracle.visible(), last);
  EXPECT_GT(oracle.Begin().value(), last);
}

TEST_F(OracleTest, NothingIsVisibleBeforeAllEarlierOnes) {
  TimestampOracle oracle = Make();
  const Timestamp first = oracle.Begin().value();
  const Timestamp second = oracle.Begin().value();
  const Timestamp third = oracle.Begin().value();
  oracle.Publish(second);
  EXPECT_LT(oracle.visible(), first);
  std::thread waiter([&] { oracle.AwaitVisible(second); });
  oracle.Publish(first);
  waiter.join();
  EXPECT_EQ(oracle.visible(), second);
  oracle.Publish(third);
  EXPECT_EQ(oracle.visible(), third);
}

TEST_F(OracleTest, WhatIsStoredIsVisibleOnceItIsDurable) {
  TimestampOracle oracle = Make();
  const Timestamp first = oracle.Begin().value();
  const Timestamp second = oracle.Begin().value();
  oracle.MarkStored(second);
  EXPECT_LT(oracle.stored(), first);
  oracle.MarkStored(first);
  EXPECT_EQ(oracle.stored(), second);
  EXPECT_LT(oracle.visible(), first);
  oracle.AwaitStored(second);
  std::thread waiter([&] { EXPECT_TRUE(oracle.AwaitVisible(second)); });
  oracle.Publish(first);
  EXPECT_EQ(oracle.visible(), first);
  oracle.Publish(second);
  waiter.join();
  EXPECT_EQ(oracle.visible(), second);
}

TEST_F(OracleTest, AfterStopNothingBecomesVisible) {
  TimestampOracle oracle = Make();
  const Timestamp first = oracle.Begin().value();
  oracle.Publish(first);
  const Timestamp lost = oracle.Begin().value();
  const Timestamp later = oracle.Begin().value();
  oracle.MarkStored(lost);
  std::thread waiter([&] { EXPECT_FALSE(oracle.AwaitVisible(lost)); });
  oracle.Stop();
  waiter.join();
  oracle.Publish(later);
  EXPECT_EQ(oracle.visible(), first);
  EXPECT_EQ(oracle.stored(), first);
  EXPECT_FALSE(oracle.AwaitVisible(later));
  EXPECT_TRUE(oracle.AwaitVisible(first));
}

TEST_F(OracleTest, FailureToStoreTheBoundGivesNoTimestamp) {
  TimestampOracle oracle = Make();
  fail_ = true;
  EXPECT_TRUE(oracle.Begin().status().Is(ErrorCode::kDiskFull));
  fail_ = false;
  const Timestamp timestamp = oracle.Begin().value();
  oracle.Publish(timestamp);
  EXPECT_EQ(oracle.visible(), timestamp);
}

TEST_F(OracleTest, OldestSnapshotIsKnown) {
  TimestampOracle oracle = Make();
  SnapshotRegistry registry(oracle);
  oracle.Publish(oracle.Begin().value());
  SnapshotRegistry::Entry first;
  registry.Acquire(&first, hidb::SnapshotHorizon::kDurable);
  oracle.Publish(oracle.Begin().value());
  SnapshotRegistry::Entry second;
  registry.Acquire(&second, hidb::SnapshotHorizon::kDurable);
  EXPECT_EQ(registry.Oldest(), first.timestamp());
  EXPECT_LT(first.timestamp(), second.timestamp());
  registry.Release(&first);
  EXPECT_EQ(registry.Oldest(), second.timestamp());
  registry.Release(&second);
  oracle.Publish(oracle.Begin().value());
  EXPECT_EQ(registry.Oldest(), oracle.visible());
  EXPECT_EQ(registry.count(), 0u);
}

// A snapshot of what is stored is ahead of those of what is durable that come after it.
TEST_F(OracleTest, OldestSnapshotIsThatOfEitherHorizon) {
  TimestampOracle oracle = Make();
  SnapshotRegistry registry(oracle);
  const Timestamp durable = oracle.Begin().value();
  oracle.Publish(durable);
  const Timestamp stored = oracle.Begin().value();
  oracle.MarkStored(stored);
  SnapshotRegistry::Entry ahead;
  registry.Acquire(&ahead, hidb::SnapshotHorizon::kStored);
  EXPECT_EQ(ahead.timestamp(), stored);
  EXPECT_EQ(registry.Oldest(), durable);
  SnapshotRegistry::Entry behind;
  registry.Acquire(&behind, hidb::SnapshotHorizon::kDurable);
  EXPECT_EQ(behind.timestamp(), durable);
  oracle.Publish(stored);
  EXPECT_EQ(registry.Oldest(), durable);
  registry.Release(&behind);
  EXPECT_EQ(registry.Oldest(), stored);
  registry.Release(&ahead);
  EXPECT_EQ(registry.count(), 0u);
}

}  // namespace
}  // namespace helios::txn
