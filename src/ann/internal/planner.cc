// The choice is between two costs: a scan's is known, the number of passing vectors times what one
// takes; a walk's follows from the share that passes where the walk is, which only the walk finds
// out. So a scan that costs no more than a walk without a filter is taken at once; otherwise a walk
// begins, and gives way to the scan when what it has seen makes the scan the cheaper end.

#include "ann/internal/planner.h"

#include <algorithm>
#include <cmath>

namespace helios::ann::internal {
namespace {

// Measured (docs/benchmarks/vectors.md): exponents from 0.5 to 0.9 were tried.
constexpr double kShrink = 0.7;
constexpr double kListPartMin = 0.25;
constexpr double kGrowthMax = 4;
// A walk that is given up costs this part of the scan that follows.
constexpr double kProbePart = 0.1;
constexpr double kProbeDistancesMin = 128;
// To put one into its place in a list of so many costs as much as a distance.
constexpr double kListCostDivisor = 4096;
constexpr size_t kLongList = 1024;
// A share of zero has been seen in too few tests to be one.
constexpr double kShareMin = 1e-6;
// Starved walks give way to a scan up to here: of 200,000 in a million, the way over bridges took
// as long and found less.
constexpr double kScanNanosMax = 12e6;

}  // namespace

FilteredPace::FilteredPace(const Costs& costs, size_t k, size_t ef, double selectivity,
                           uint64_t passing_count)
    : costs_(costs),
      k_(k),
      ef_(ef),
      selectivity_(selectivity),
      scan_distances_(static_cast<double>(passing_count) * costs.scan_ns / costs.walk_distance_ns),
      probe_distances_(std::max(kProbeDistancesMin, kProbePart * scan_distances_)) {}

size_t FilteredPace::FoundMax(double share) const {
  share = std::max(share, kShareMin);
  const double growth = std::clamp(selectivity_ / share, 1.0, kGrowthMax);
  const double part = std::max(std::pow(share, kShrink), kListPartMin);
  const double list = static_cast<double>(ef_) * part * growth;
  return std::max(k_, static_cast<size_t>(list));
}

double FilteredPace::DistancesNeeded(double share) const {
  share = std::max(share, kShareMin);
  const auto list = static_cast<double>(FoundMax(share));
  return costs_.walk_distances_base +
         costs_.walk_distances_each * list / share * (1 + list / kListCostDivisor);
}

Strategy Planner::ChooseUnfiltered(const SearchOptions& options, uint64_t count) const {
  if (options.strategy.has_value()) return *options.strategy;
  const size_t ef = std::max(options.ef, options.k);
  if (ef < kLongList) return Strategy::kWalk;
  const FilteredPace pace(costs_, options.k, ef, 1, count);
  return pace.scan_distances() <= pace.DistancesNeeded(1) ? Strategy::kExact : Strategy::kWalk;
}

Strategy Planner::Choose(const SearchOptions& options, uint64_t passing_count,
                         double selectivity) const {
  if (options.strategy.has_value()) return *options.strategy;
  if (passing_count <= options.k) return Strategy::kReturnAll;
  const size_t ef = std::max(options.ef, options.k);
  const FilteredPace pace(costs_, options.k, ef, selectivity, passing_count);
  const double unfiltered = pace.DistancesNeeded(1);
  return pace.scan_distances() <= unfiltered ? Strategy::kExact : Strategy::kFilteredWalk;
}

Strategy Planner::AfterStarving(uint64_t passing_count) const {
  return static_cast<double>(passing_count) * costs_.scan_ns <= kScanNanosMax
             ? Strategy::kExact
             : Strategy::kBridgedWalk;
}

}  // namespace helios::ann::internal
