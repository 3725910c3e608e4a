#include "base/memory.h"

#include <gtest/gtest.h>

namespace helios {
namespace {

TEST(MemoryTrackerTest, ParentLimitHoldsAndFailureCountsNothing) {
  MemoryTracker server("server", 100);
  MemoryTracker query("query", 0, &server);
  ASSERT_TRUE(query.Reserve(80).ok());
  EXPECT_TRUE(query.WouldExceed(21));
  const Status status = query.Reserve(21);
  EXPECT_TRUE(status.Is(ErrorCode::kOutOfMemory));
  EXPECT_EQ(SqlState(status.code()), "53200");
  EXPECT_EQ(query.used_bytes(), 80u);
  EXPECT_EQ(server.used_bytes(), 80u);
  query.Release(80);
  EXPECT_EQ(server.peak_bytes(), 80u);
}

TEST(MemoryReservationTest, GivesBackOnDestruction) {
  MemoryTracker tracker("t", 10);
  {
    MemoryReservation reservation(&tracker);
    ASSERT_TRUE(reservation.Resize(10).ok());
    EXPECT_FALSE(reservation.Resize(11).ok());
    EXPECT_EQ(reservation.bytes(), 10u);
    MemoryReservation moved = std::move(reservation);
    EXPECT_EQ(tracker.used_bytes(), 10u);
  }
  EXPECT_EQ(tracker.used_bytes(), 0u);
}

}  // namespace
}  // namespace helios
