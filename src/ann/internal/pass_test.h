#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "ann/internal/duplicates.h"
#include "ann/internal/ordinal_bits.h"
#include "ann/search.h"

namespace helios::ann::internal {

// Whether an ordinal may be returned: its bit is set in the filter, in what is visible, and among
// the living. Of a filter it knows the bitmaps alone: see DenseFilter.
class PassTest {
 public:
  PassTest(const Filter& filter, const OrdinalBits& live, const Duplicates& duplicates)
      : filter_(filter), live_(live), duplicates_(duplicates) {}

  bool Passes(uint32_t ordinal) const {
    return live_.Test(ordinal) && Has(filter_.passing, ordinal) && Has(filter_.visible, ordinal);
  }
  // Whether the node stands for an ordinal that passes: its own or one with the same vector.
  bool operator()(uint32_t node) const {
    return Passes(node) ||
           duplicates_.AnyOf(node, [&](uint32_t ordinal) { return Passes(ordinal); });
  }
  uint64_t WordAt(uint32_t word) const {
    return live_.WordAt(word) & WordOf(filter_.passing, word) & WordOf(filter_.visible, word);
  }
  uint64_t Count(uint32_t ordinal_count) const {
    uint64_t count = 0;
    const uint32_t word_count = (ordinal_count + kWordBits - 1) / kWordBits;
    for (uint32_t word = 0; word < word_count; ++word) {
      count += static_cast<uint64_t>(std::popcount(WordAt(word)));
    }
    return count;
  }

 private:
  static bool Has(std::span<const uint64_t> bits, uint32_t ordinal) {
    return bits.empty() || (WordOf(bits, ordinal / kWordBits) >> (ordinal % kWordBits) & 1) != 0;
  }
  // What was inserted after the filter was made does not pass it.
  static uint64_t WordOf(std::span<const uint64_t> bits, uint32_t word) {
    if (bits.empty()) return ~uint64_t{0};
    return word < bits.size() ? bits[word] : 0;
  }

  const Filter& filter_;
  const OrdinalBits& live_;
  const Duplicates& duplicates_;
};

}  // namespace helios::ann::internal
