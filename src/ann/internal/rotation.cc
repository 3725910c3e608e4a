#include "ann/internal/rotation.h"

#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/hash.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kWordBits = 64;
constexpr size_t kRounds = 4;

size_t Padded(size_t count) { return (count + kWordBits - 1) / kWordBits * kWordBits; }

// Keeps lengths. Requires: `count` is a power of two.
void Hadamard(float* floats, size_t count) {
  for (size_t half = 1; half < count; half *= 2) {
    for (size_t first = 0; first < count; first += 2 * half) {
      for (size_t at = first; at < first + half; ++at) {
        const float left = floats[at];
        const float right = floats[at + half];
        floats[at] = left + right;
        floats[at + half] = left - right;
      }
    }
  }
  const float factor = 1 / std::sqrt(static_cast<float>(count));
  for (size_t at = 0; at < count; ++at) floats[at] *= factor;
}

}  // namespace

Rotation::Rotation(size_t dimension_count, uint64_t seed)
    : padded_count_(Padded(dimension_count)), block_count_(std::bit_floor(padded_count_)) {
  constexpr uint32_t kSign = 1u << 31;
  for (size_t at = 0; at < kRounds * padded_count_; ++at) {
    signs_.push_back((HashCombine(seed, at) >> 40 & 1) != 0 ? kSign : 0);
  }
}

void Rotation::ChangeSigns(size_t round, std::vector<float>* floats) const {
  const uint32_t* const signs = signs_.data() + round * padded_count_;
  for (size_t at = 0; at < padded_count_; ++at) {
    (*floats)[at] = std::bit_cast<float>(std::bit_cast<uint32_t>((*floats)[at]) ^ signs[at]);
  }
}

void Rotation::Apply(std::vector<float>* floats) const {
  floats->resize(padded_count_, 0);
  for (size_t round = 0; round < kRounds; ++round) {
    ChangeSigns(round, floats);
    Hadamard(floats->data() + FirstOf(round), block_count_);
  }
}

void Rotation::Undo(std::vector<float>* floats) const {
  HELIOS_CHECK(floats->size() == padded_count_);
  for (size_t round = kRounds; round-- > 0;) {
    Hadamard(floats->data() + FirstOf(round), block_count_);
    ChangeSigns(round, floats);
  }
}

}  // namespace helios::ann::internal
