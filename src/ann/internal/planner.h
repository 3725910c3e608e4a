#pragma once

#include <cstdint>

#include "ann/search.h"

namespace helios::ann::internal {

// What the steps of a search cost on this machine and this index; measured by HnswIndex when it has
// been built, and kept in its snapshots.
struct Costs {
  double scan_ns = 25;  // A vector of a scan over codes, some of which are left out.
  // A distance of a walk under a filter, with all that the walk does around it.
  double walk_distance_ns = 60;
  // Distances of a walk without a filter: so many to get near, and for each place in its list.
  double walk_distances_base = 500;
  double walk_distances_each = 10;
};

// How a walk under a filter goes on, given the share of nodes that pass as it has seen it. All in
// distances of walks.
class FilteredPace {
 public:
  FilteredPace(const Costs& costs, size_t k, size_t ef, double selectivity, uint64_t passing_count);

  // The length of the list of what was found: ef * share^0.5, at least k and ef / 4, because among
  // near nodes of which few pass, a short list of passing ones stands for many that were looked at.
  // Longer again where fewer pass than elsewhere: then what passes lies on all sides.
  size_t FoundMax(double share) const;
  // What the whole walk takes if it goes on like this.
  double DistancesNeeded(double share) const;
  // Whether a walk that has spent so many should give way to the scan. It is starved where far
  // fewer pass than elsewhere.
  bool IsScanBetter(double spent, double share, bool is_starved) const;
  // What a scan of all that pass costs.
  double scan_distances() const { return scan_distances_; }
  double selectivity() const { return selectivity_; }
  size_t k() const { return k_; }

 private:
  const Costs costs_;
  const size_t k_;
  const size_t ef_;
  const double selectivity_;
  const double scan_distances_;
  // Before so many nothing is decided: the share that is seen on the way says little.
  const double probe_distances_;
  const double starved_distances_;  // What a walk that is starved takes, at least.
};

// Chooses how a filtered search goes about it.
//
// Thread safety: all calls, from any thread, but SetCosts beside no other.
class Planner {
 public:
  void SetCosts(const Costs& costs) { costs_ = costs; }
  const Costs& costs() const { return costs_; }

  // Nothing is left out: the walk, unless its list is to be so long that the scan is cheaper.
  Strategy ChooseUnfiltered(const SearchOptions& options, uint64_t count) const;
  // `passing_count` of all pass, the given share.
  Strategy Choose(const SearchOptions& options, uint64_t passing_count, double selectivity) const;
  // When a walk has starved: the scan, unless it takes long and there is a way over bridges.
  Strategy AfterStarving(uint64_t passing_count) const;

 private:
  Costs costs_;
};

}  // namespace helios::ann::internal
