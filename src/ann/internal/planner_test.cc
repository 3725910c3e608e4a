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
TEST_F(PlannerTest, ScansWhatCostsLittleMoreThanAWalkWithoutFilter) {
  EXPECT_EQ(Choose(2'700), Strategy::kExact);
  EXPECT_EQ(Choose(2'800), Strategy::kFilteredWalk);
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
  EXPECT_EQ(pace.FoundMax(0.5), 45u);   // 64 * 0.5^0.5
  EXPECT_EQ(pace.FoundMax(0.25), 64u);  // 64 * 0.25^0.5 * 2
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
}

// The scan costs 100,000 distances.
TEST(FilteredPaceTest, WalksGiveWayWhenWhatIsLeftCostsMoreThanTheScan) {
  const FilteredPace pace(kCosts, 10, 64, 0.2, kLiveCount / 5);
  EXPECT_FALSE(pace.IsScanBetter(6'000, 0.2, false));
  EXPECT_FALSE(pace.IsScanBetter(4'000, 1e-5, false)) << "too early to tell";
  EXPECT_TRUE(pace.IsScanBetter(6'000, 1e-5, false));
  EXPECT_TRUE(pace.IsScanBetter(100'001, 0.2, false)) << "it has spent as much";
}

// Of 800,000 that do not pass 160,000 are to be met first; of 200,000 they are 40,000.
TEST(FilteredPaceTest, StarvedWalksGiveWayWhereMuchIsExcluded) {
  const FilteredPace few(kCosts, 10, 64, 0.2, kLiveCount / 5);
  EXPECT_TRUE(few.IsScanBetter(6'000, 0.02, true));
  const FilteredPace most(kCosts, 10, 64, 0.8, kLiveCount / 5 * 4);
  EXPECT_FALSE(most.IsScanBetter(25'000, 0.08, true));
}

}  // namespace
}  // namespace helios::ann::internal
