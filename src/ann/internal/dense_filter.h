#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ann/search.h"
#include "base/bitmap.h"

namespace helios::ann::internal {

// What searches make of a filter's compressed sets once, before they begin: bits, so that a test of
// an ordinal is the same load whatever the filter came as, or where few pass, a list of them.
//
// Lifetime: the filter outlives it.
class DenseFilter {
 public:
  explicit DenseFilter(const Filter& filter) : filter_(filter) {
    if (filter.passing_set != nullptr && filter.visible_set != nullptr) {
      both_.emplace(filter.passing_set->Intersect(*filter.visible_set));
      set_ = &*both_;
    } else {
      set_ = filter.passing_set != nullptr ? filter.passing_set : filter.visible_set;
    }
    filter_.passing_set = nullptr;
    filter_.visible_set = nullptr;
  }

  // What is in all compressed sets of the filter; null when it has none.
  const CompressedBitmap* set() const { return set_; }
  // The filter without its sets.
  const Filter& bitmaps() const { return filter_; }
  // From here on bitmaps() are the whole filter, with bits in `words`, which outlives this.
  void SetToBits(uint32_t ordinal_count, std::vector<uint64_t>* words);

 private:
  Filter filter_;
  std::optional<CompressedBitmap> both_;
  const CompressedBitmap* set_ = nullptr;
};

}  // namespace helios::ann::internal
