// The choice is between two costs: a scan's is known, the number of passing vectors times what one
// takes; a walk's follows from the share that passes where the walk is, which only the walk finds
// out. So a scan that costs little more than a walk without a filter is taken at once; otherwise a
// walk begins, and gives way to the scan when what it has seen makes the scan the cheaper end.
//
// The constants were chosen on the tuning half of queries and cells of docs/benchmarks/vectors.md,
// by replaying what walks had seen at each step: ADR 21.

#include "ann/internal/planner.h"

#include <algorithm>
#include <cmath>

namespace helios::ann::internal {
namespace {

constexpr double kListPartMin = 0.25;
constexpr double kGrowthMax = 4;
// A scan that costs so many times as much as a walk without a filter is still taken at once: under
// a filter the walk costs more, or has to be given up.
constexpr double kScanMargin = 1.2;
// A walk that is given up costs this part of the scan that follows.
constexpr double kProbePart = 0.05;
constexpr double kProbeDistancesMin = 48;
// A starved walk has to leave the region that the filter excludes, and looks at this part of all
// that does not pass before it does: 0.03 to 0.4 were seen.
constexpr double kExcludedPart = 0.2;
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
      probe_distances_(std::max(kProbeDistancesMin, kProbePart * scan_distances_)),
      starved_distances_(kExcludedPart * static_cast<double>(passing_count) *
                         (1 / std::max(selectivity, kShareMin) - 1)) {}

size_t FilteredPace::FoundMax(double share) const {
  share = std::max(share, kShareMin);
  const double growth = std::clamp(selectivity_ / share, 1.0, kGrowthMax);
  const double part = std::max(std::sqrt(share), kListPartMin);
  const double list = static_cast<double>(ef_) * part * growth;
  return std::max(k_, static_cast<size_t>(list));
}

double FilteredPace::DistancesNeeded(double share) const {
  share = std::max(share, kShareMin);
  const auto list = static_cast<double>(FoundMax(share));
  return costs_.walk_distances_base +
         costs_.walk_distances_each * list / share * (1 + list / kListCostDivisor);
}

bool FilteredPace::IsScanBetter(double spent, double share, bool is_starved) const {
  if (spent < probe_distances_) return false;
  double needed = DistancesNeeded(share);
  if (is_starved) needed = std::max(needed, starved_distances_);
  return std::max(needed - spent, spent) > scan_distances_;
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
  const double walk_max = kScanMargin * pace.DistancesNeeded(1);
  return pace.scan_distances() <= walk_max ? Strategy::kExact : Strategy::kFilteredWalk;
}

Strategy Planner::AfterStarving(uint64_t passing_count) const {
  return static_cast<double>(passing_count) * costs_.scan_ns <= kScanNanosMax
             ? Strategy::kExact
             : Strategy::kBridgedWalk;
}

}  // namespace helios::ann::internal
