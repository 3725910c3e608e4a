#pragma once

#include <atomic>
#include <cstdint>

#include "ann/internal/chunked_rows.h"

namespace helios::ann::internal {

inline constexpr uint32_t kWordBits = 64;

// One bit for each ordinal, in words.
//
// Thread safety: all calls, from any thread; Grow before the ordinal is used.
class OrdinalBits {
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

}  // namespace helios::ann::internal
