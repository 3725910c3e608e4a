#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ann/kernels.h"
#include "ann/vector.h"

namespace helios::ann::internal {

// Points that stand for the clusters of vectors around them: of numbers, compared by L2, or of
// bits, compared by Hamming.
//
// Thread safety: all calls, from any thread.
class Centers {
 public:
  Centers() = default;
  // Requires: values.size() is a multiple of `dimension_count`.
  Centers(std::vector<float> values, size_t dimension_count);
  Centers(std::vector<uint64_t> words, size_t dimension_count);

  uint32_t count() const { return count_; }
  std::span<const float> At(uint32_t center) const {
    return {values_.data() + center * stride_, stride_};
  }
  // All of them, one after the other. Requires: of numbers.
  std::span<const float> values() const { return values_; }
  // Their middle. Requires: of numbers.
  std::span<const float> mean() const { return mean_; }
  float square(uint32_t center) const { return squares_[center]; }

  // The square of how far each is from the point, or the bits that differ.
  void Squares(std::span<const float> point, std::vector<float>* squares) const;
  void Squares(std::span<const uint64_t> point, std::vector<float>* squares) const;
  // Of one alone. Requires: of numbers.
  float Square(uint32_t center, std::span<const float> point) const;
  // About the same, some thousandths off, from codes of eight bits: all of them together are less
  // than a cache holds where the centers themselves are more. False, and nothing is known, when the
  // point lies where codes do not reach. The bytes are for the point's own code.
  bool RoughSquares(std::span<const float> point, std::vector<uint8_t>* bytes,
                    std::vector<float>* squares) const;
  size_t memory_bytes() const {
    return (values_.size() + squares_.size() + mean_.size()) * sizeof(float) +
           words_.size() * sizeof(uint64_t) + codes_.size() + biases_.size() * sizeof(int32_t);
  }

 private:
  void Encode();

  uint32_t count_ = 0;
  size_t stride_ = 0;
  std::vector<float> values_;
  std::vector<uint64_t> words_;
  std::vector<float> mean_;
  std::vector<float> squares_;  // Of their lengths.
  // Codes of what they differ from the mean by, in steps; empty when no step fits. A bias has what
  // a distance wants of the center alone.
  float step_ = 0;
  size_t code_bytes_ = 0;
  std::vector<int8_t> codes_;
  std::vector<int32_t> biases_;
};

// The place of the least. Requires: not empty.
uint32_t LeastOf(std::span<const float> values);

}  // namespace helios::ann::internal
