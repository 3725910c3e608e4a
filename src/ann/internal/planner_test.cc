#include "ann/internal/planner.h"

#include <gtest/gtest.h>

namespace helios::ann::internal {
namespace {

constexpr uint64_t kLiveCount = 1'000'000;
constexpr Costs kCosts = {
    .scan_ns = 20, .walk_distance_ns = 40, .walk_distances_base = 500, .walk_distances_each = 10};

class PlannerTest : public testing::Test {
 protected:
  PlannerTest() { planner_.SetCosts(kCosts); }
  Strategy Choose(uint64_t passing_count) const {
    return planner_.Choose({.k = 10, .ef = 64}, passing_count,
                           static_cast<double>(passing_count) / kLiveCount);
  }

  Planner planner_;
};

TEST_F(PlannerTest, ReturnsAllOfNoMoreThanK) {
  EXPECT_EQ(Choose(10), Strategy::kReturnAll);
  EXPECT_EQ(Choose(11), Strategy::kExact);
}

// A walk without a filter takes 500 + 10 * 64 distances, a little more for its list, of twice what
// one of the scan costs.
TEST_F(PlannerTest, ScansWhatCostsNoMoreThanAWalkWithoutFilter) {
  EXPECT_EQ(Choose(2'200), Strategy::kExact);
  EXPECT_EQ(Choose(2'400), Strategy::kFilteredWalk);
}

TEST_F(PlannerTest, DoesWhatItIsTold) {
  EXPECT_EQ(planner_.Choose({.strategy = Strategy::kBridgedWalk}, 5, 0.1), Strategy::kBridgedWalk);
  EXPECT_EQ(planner_.ChooseUnfiltered({.strategy = Strategy::kExact}, 5), Strategy::kExact);
}

TEST_F(PlannerTest, WalksUnfilteredButForLongLists) {
  EXPECT_EQ(planner_.ChooseUnfiltered({.k = 10, .ef = 64}, kLiveCount), Strategy::kWalk);
  EXPECT_EQ(planner_.ChooseUnfiltered({.k = 100'000}, kLiveCount), Strategy::kExact);
}

TEST_F(PlannerTest, StarvedWalksGiveWayToScansThatAreNotTooLong) {
  EXPECT_EQ(planner_.AfterStarving(500'000), Strategy::kExact);
  EXPECT_EQ(planner_.AfterStarving(5'000'000), Strategy::kBridgedWalk);
}

TEST(FilteredPaceTest, TheListShrinksWithTheShareAndGrowsWhereFewerPassThanElsewhere) {
  const FilteredPace pace(kCosts, 10, 64, 0.5, kLiveCount / 2);
  EXPECT_EQ(pace.FoundMax(1), 64u);
  EXPECT_EQ(pace.FoundMax(0.5), 39u);   // 64 * 0.5^0.7
  EXPECT_EQ(pace.FoundMax(0.25), 48u);  // 64 * 0.25^0.7 * 2
  EXPECT_EQ(pace.FoundMax(0), 64u);     // A quarter of it, four times.
}

TEST(FilteredPaceTest, TheListIsNeverShorterThanKOrAQuarter) {
  EXPECT_EQ(FilteredPace(kCosts, 10, 64, 0.01, 10'000).FoundMax(0.01), 16u);
  EXPECT_EQ(FilteredPace(kCosts, 30, 64, 0.01, 10'000).FoundMax(0.01), 30u);
}

TEST(FilteredPaceTest, TheFewerPassTheMoreDistancesItTakes) {
  const FilteredPace pace(kCosts, 10, 64, 0.2, kLiveCount / 5);
  EXPECT_LT(pace.DistancesNeeded(0.5), pace.DistancesNeeded(0.2));
  EXPECT_LT(pace.DistancesNeeded(0.2), pace.DistancesNeeded(0.01));
  EXPECT_DOUBLE_EQ(pace.scan_distances(), 100'000);
  EXPECT_DOUBLE_EQ(pace.probe_distances(), 10'000);
}

}  // namespace
}  // namespace helios::ann::internal
