#pragma once

#include <cstdint>

#include "ann/search.h"

namespace helios::ann::internal {

// What the steps of a search cost on this machine and this index; measured by HnswIndex when it has
// been built or loaded.
struct Costs {
  double scan_ns = 25;           // A vector of a scan over codes in order.
  double walk_distance_ns = 40;  // A distance of a walk, with all that the walk does around it.
  // Distances of a walk for each place in its list, without a filter.
  double walk_distances_each = 14;
};

// Chooses how a filtered search goes about it.
//
// Thread safety: all calls, from any thread, but SetCosts beside no other.
class Planner {
 public:
  void SetCosts(const Costs& costs) { costs_ = costs; }
  const Costs& costs() const { return costs_; }

  // `passing_count` of `live_count` pass.
  Strategy Choose(const SearchOptions& options, uint64_t passing_count, uint64_t live_count) const;
  // How many distances a walk may take before the scan is the better end of it.
  uint64_t WalkDistancesMax(uint64_t passing_count) const;
  // When a walk has starved: the scan, unless it takes long and there is a way over bridges.
  Strategy AfterStarving(uint64_t passing_count) const;

 private:
  double ScanNanos(uint64_t passing_count) const {
    return static_cast<double>(passing_count) * costs_.scan_ns;
  }
  double WalkNanos(const SearchOptions& options, double selectivity) const;

  Costs costs_;
};

}  // namespace helios::ann::internal
