#include "ann/internal/planner.h"

#include <algorithm>
#include <cmath>

namespace helios::ann::internal {
namespace {

// A walk under a filter takes 1 / selectivity^kWalkGrowth times as many distances as one without:
// its list shrinks, but more of what it meets does not pass.
constexpr double kWalkGrowth = 0.6;
// A scan is preferred while it costs no more than this times the walk: it is exact, and the walk's
// cost is a guess.
constexpr double kScanPreference = 1.0;
// Starved walks give way to a scan up to here.
constexpr double kScanNanosMax = 4e6;

}  // namespace

double Planner::WalkNanos(const SearchOptions& options, double selectivity) const {
  const double ef = static_cast<double>(std::max(options.ef, options.k));
  return ef * costs_.walk_distances_each * costs_.walk_distance_ns /
         std::pow(selectivity, kWalkGrowth);
}

Strategy Planner::Choose(const SearchOptions& options, uint64_t passing_count,
                         uint64_t live_count) const {
  if (options.strategy.has_value()) return *options.strategy;
  if (passing_count <= options.k) return Strategy::kReturnAll;
  const double selectivity =
      static_cast<double>(passing_count) / static_cast<double>(std::max<uint64_t>(live_count, 1));
  return ScanNanos(passing_count) <= kScanPreference * WalkNanos(options, selectivity)
             ? Strategy::kExact
             : Strategy::kFilteredWalk;
}

uint64_t Planner::WalkDistancesMax(uint64_t passing_count) const {
  return static_cast<uint64_t>(ScanNanos(passing_count) / costs_.walk_distance_ns);
}

Strategy Planner::AfterStarving(uint64_t passing_count) const {
  return ScanNanos(passing_count) <= kScanNanosMax ? Strategy::kExact : Strategy::kBridgedWalk;
}

}  // namespace helios::ann::internal
