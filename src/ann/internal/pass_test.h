#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <span>

#include "ann/internal/chunked_rows.h"
#include "ann/internal/duplicates.h"
#include "ann/search.h"

namespace helios::ann::internal {

inline constexpr uint32_t kWordBits = 64;

// One bit for each ordinal, in words.
//
// Thread safety: all calls, from any thread; Grow before the ordinal is used.
class LiveBits {
 public:
  void Grow(uint32_t ordinal_count) { words_.Grow((ordinal_count + kWordBits - 1) / kWordBits); }
  // Returns what it was.
  bool Set(uint32_t ordinal) {
    const uint64_t before = Word(ordinal).fetch_or(Bit(ordinal));
    words_.Mark(ordinal / kWordBits);
    return (before & Bit(ordinal)) != 0;
  }
  bool Clear(uint32_t ordinal) {
    const uint64_t before = Word(ordinal).fetch_and(~Bit(ordinal));
    words_.Mark(ordinal / kWordBits);
    return (before & Bit(ordinal)) != 0;
  }
  bool Test(uint32_t ordinal) const { return (WordAt(ordinal / kWordBits) & Bit(ordinal)) != 0; }
  uint64_t WordAt(uint32_t word) const {
    return words_.At<std::atomic<uint64_t>>(word).load(std::memory_order_acquire);
  }
  ChunkedRows& words() { return words_; }
  size_t memory_bytes() const { return words_.memory_bytes(); }

 private:
  static uint64_t Bit(uint32_t ordinal) { return uint64_t{1} << (ordinal % kWordBits); }
  std::atomic<uint64_t>& Word(uint32_t ordinal) {
    return words_.At<std::atomic<uint64_t>>(ordinal / kWordBits);
  }

  ChunkedRows words_{sizeof(uint64_t)};
};

// Whether an ordinal may be returned: its bit is set in the filter, in what is visible, and among
// the living.
class PassTest {
 public:
  PassTest(const Filter& filter, const LiveBits& live, const Duplicates& duplicates)
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
  const LiveBits& live_;
  const Duplicates& duplicates_;
};

}  // namespace helios::ann::internal
