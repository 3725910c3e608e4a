#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "ann/metric.h"
#include "base/bitmap.h"
#include "base/status.h"
#include "sys/clock.h"

namespace helios::ann {

// A vector that a search found.
struct Neighbor {
  uint32_t ordinal = 0;
  float distance = 0;  // As the metric defines it: what pgvector's operator shows.
};

// The order of results: by distance, and of equal ones by ordinal.
inline bool IsNearer(const Neighbor& left, const Neighbor& right) {
  return left.distance < right.distance ||
         (left.distance == right.distance && left.ordinal < right.ordinal);
}

// How a search went about it.
enum class Strategy : uint8_t {
  kWalk,          // No filter, nothing deleted: the graph alone.
  kReturnAll,     // No more than k pass: no search.
  kExact,         // The codes of all that pass, then the nearest in full.
  kFilteredWalk,  // The graph, distances first; only what passes counts as found.
  kBridgedWalk,   // The graph among what passes, over bridges of what does not.
  kProbe,         // The lists of an inverted file whose centers are nearest.
};
std::string_view StrategyName(Strategy strategy);

// Which ordinals may be returned: those that are in all of what is given here, each as bits, bit i
// of word i / 64 being the ordinal i's, or as a compressed set. An empty bitmap lets everything
// pass, and so does a set that is null; an empty set lets nothing pass. An index adds its own: what
// was deleted never passes.
struct Filter {
  std::span<const uint64_t> passing;
  std::span<const uint64_t> visible;
  const CompressedBitmap* passing_set = nullptr;
  const CompressedBitmap* visible_set = nullptr;

  bool empty() const {
    return passing.empty() && visible.empty() && passing_set == nullptr && visible_set == nullptr;
  }
};
// 22000 for a bitmap that does not reach as far as the index. A set has no length: what it does not
// have does not pass.
Status CheckFilter(const Filter& filter, uint32_t ordinal_count);

struct SearchOptions {
  size_t k = 10;
  // Length of the list of the nearest that a walk keeps: longer finds more and takes longer.
  size_t ef = 40;
  // Lists of an inverted file that a search looks into: more find more and take longer. It goes on
  // to others, up to `probes_max`, while it has found fewer than k.
  uint32_t probes = 1;
  uint32_t probes_max = 32'768;
  // Codes of one bit know how far they may be off, in standard deviations: what by its code might
  // still be near, if it is off by so many, is compared in full.
  float epsilon = 1.9f;
  Filter filter;
  // By SystemClock().MonotonicMicros(). After it a search returns what it has, with `complete`
  // false. Asked every few hundred distances.
  int64_t deadline_us = sys::kNoDeadline;
  std::stop_token stop;
  // For measurements: not the planner's choice but this one.
  std::optional<Strategy> strategy;
};

struct SearchReport {
  Strategy strategy = Strategy::kWalk;
  double selectivity = 1;  // Share of the index that passes.
  uint64_t distance_count = 0;
  uint64_t filter_test_count = 0;
  bool complete = true;    // Neither stopped nor out of time.
  bool fell_back = false;  // A walk starved and gave way to the strategy above.
};

struct SearchResult {
  std::vector<Neighbor> neighbors;  // From near to far.
  SearchReport report;
};

}  // namespace helios::ann
