#pragma once

#include "ann/internal/codes.h"
#include "ann/internal/graph.h"
#include "ann/internal/pass_test.h"
#include "ann/internal/planner.h"
#include "ann/internal/search_scratch.h"
#include "ann/search.h"

namespace helios::ann::internal {

// Ends a walk that was stopped or has no time left. Asked often, it looks seldom.
class Patience {
 public:
  explicit Patience(const SearchOptions& options)
      : deadline_us_(options.deadline_us), stop_(options.stop) {}
  // For builds, which are stopped between their inserts.
  Patience() : deadline_us_(sys::kNoDeadline) {}

  bool IsOver() {
    if (is_over_ || asked_++ % kAskedPerLook != 0) return is_over_;
    is_over_ = stop_.stop_requested() || (deadline_us_ != sys::kNoDeadline &&
                                          sys::SystemClock().MonotonicMicros() >= deadline_us_);
    return is_over_;
  }
  bool was_over() const { return is_over_; }

 private:
  static constexpr uint32_t kAskedPerLook = 16;

  const int64_t deadline_us_;
  const std::stop_token stop_;
  uint32_t asked_ = 0;
  bool is_over_ = false;
};

// What ended a filtered walk.
enum class WalkEnd : uint8_t {
  kFound,    // Nothing nearer passes.
  kStarved,  // What passes lies elsewhere: another strategy should go on.
  kOver,     // Stopped, or out of time.
};

// Searches of one graph for one query. Ranks are of codes.
//
// Thread safety: none; the scratch and the query belong to it while it lives.
class Walk {
 public:
  Walk(const Graph& graph, const Codes& codes, const CodeQuery& query, SearchScratch* scratch)
      : graph_(graph), codes_(codes), query_(query), scratch_(*scratch) {}

  Candidate Start(uint32_t ordinal);
  // Goes to the nearest node of each level in turn, from `from_level` down to above `to_level`.
  Candidate Descend(Candidate from, int from_level, int to_level);
  // Leaves the `ef` nearest that can be reached on the level in scratch.nearest.
  void FindNearest(Candidate from, int level, size_t ef, Patience* patience);

  // Distances first: nodes are expanded whatever the filter says, and asked for it only when near
  // enough to be found. Leaves what it found in scratch.found, sorted.
  WalkEnd FindPassing(Candidate from, const FilteredPace& pace, const PassTest& passes,
                      Patience* patience);
  // Only nodes that pass, reached over one that does not: for filters of which nothing lies where
  // the query does. Starts from `seeds`, which pass. Leaves the `ef` nearest in scratch.found,
  // sorted; starved when they are fewer than k.
  WalkEnd FindBridged(std::span<const uint32_t> seeds, size_t k, size_t ef, const PassTest& passes,
                      Patience* patience);

 private:
  // Those neighbours that were not met before, into scratch.batch.
  void TakeNeighbors(uint32_t ordinal, int level);
  // Of scratch.batch, into scratch.ranks.
  void RankBatch();
  void CollectBridged(uint32_t ordinal, const PassTest& passes, size_t count_max);

  const Graph& graph_;
  const Codes& codes_;
  const CodeQuery& query_;
  SearchScratch& scratch_;
};

}  // namespace helios::ann::internal
