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
  size_t memory_bytes() const {
    return (values_.size() + squares_.size() + mean_.size()) * sizeof(float) +
           words_.size() * sizeof(uint64_t);
  }

 private:
  uint32_t count_ = 0;
  size_t stride_ = 0;
  std::vector<float> values_;
  std::vector<uint64_t> words_;
  std::vector<float> mean_;
  std::vector<float> squares_;  // Of their lengths.
};

// The place of the least. Requires: not empty.
uint32_t LeastOf(std::span<const float> values);

}  // namespace helios::ann::internal
