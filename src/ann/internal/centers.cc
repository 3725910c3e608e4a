#include "ann/internal/centers.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kLineBytes = 64;
constexpr int kCodeMax = 127;
// One side of the kernel's product has no sign.
constexpr int kShift = 128;
// Points lie farther from the middle than centers do: so many times as far codes reach.
constexpr float kReach = 2;
constexpr size_t kBatch = 64;

}  // namespace

Centers::Centers(std::vector<float> values, size_t dimension_count)
    : count_(static_cast<uint32_t>(values.size() / dimension_count)),
      stride_(dimension_count),
      values_(std::move(values)),
      mean_(dimension_count),
      squares_(count_) {
  HELIOS_CHECK(values_.size() == count_ * stride_);
  std::vector<double> sums(stride_);
  for (uint32_t center = 0; center < count_; ++center) {
    const std::span<const float> point = At(center);
    for (size_t at = 0; at < stride_; ++at) sums[at] += point[at];
    squares_[center] = BestKernels().inner_product_f32(point.data(), point.data(), stride_);
  }
  for (size_t at = 0; at < stride_; ++at) {
    mean_[at] = static_cast<float>(sums[at] / static_cast<double>(std::max(count_, 1u)));
  }
  Encode();
}

void Centers::Encode() {
  float farthest = 0;
  for (uint32_t center = 0; center < count_; ++center) {
    const std::span<const float> point = At(center);
    for (size_t at = 0; at < stride_; ++at) {
      farthest = std::max(farthest, std::abs(point[at] - mean_[at]));
    }
  }
  step_ = kReach * farthest / kCodeMax;
  if (!std::isnormal(step_ * step_)) return;
  code_bytes_ = (stride_ + kLineBytes - 1) / kLineBytes * kLineBytes;
  codes_.resize(count_ * code_bytes_);
  biases_.resize(count_);
  for (uint32_t center = 0; center < count_; ++center) {
    const std::span<const float> point = At(center);
    int8_t* const codes = codes_.data() + center * code_bytes_;
    int32_t bias = 0;
    for (size_t at = 0; at < stride_; ++at) {
      codes[at] = static_cast<int8_t>(std::lrintf((point[at] - mean_[at]) / step_));
      bias += codes[at] * codes[at] + 2 * kShift * codes[at];
    }
    biases_[center] = bias;
  }
}

Centers::Centers(std::vector<uint64_t> words, size_t dimension_count)
    : stride_((dimension_count + 63) / 64), words_(std::move(words)) {
  count_ = static_cast<uint32_t>(words_.size() / stride_);
  HELIOS_CHECK(words_.size() == count_ * stride_);
}

void Centers::Squares(std::span<const float> point, std::vector<float>* squares) const {
  HELIOS_CHECK(point.size() == stride_);
  const Kernels& kernels = BestKernels();
  squares->resize(count_);
  for (uint32_t center = 0; center < count_; ++center) {
    (*squares)[center] =
        kernels.l2_squared_f32(point.data(), values_.data() + center * stride_, stride_);
  }
}

float Centers::Square(uint32_t center, std::span<const float> point) const {
  return BestKernels().l2_squared_f32(point.data(), values_.data() + center * stride_, stride_);
}

bool Centers::RoughSquares(std::span<const float> point, std::vector<uint8_t>* bytes,
                           std::vector<float>* squares) const {
  HELIOS_CHECK(point.size() == stride_);
  if (codes_.empty()) return false;
  bytes->assign(code_bytes_, kShift);
  int32_t own = 0;
  for (size_t at = 0; at < stride_; ++at) {
    const float steps = (point[at] - mean_[at]) / step_;
    if (!(std::abs(steps) <= kCodeMax)) return false;
    const auto code = static_cast<int32_t>(std::lrintf(steps));
    own += code * code;
    (*bytes)[at] = static_cast<uint8_t>(code + kShift);
  }
  const Kernels& kernels = BestKernels();
  squares->resize(count_);
  const float factor = step_ * step_;
  for (uint32_t first = 0; first < count_; first += kBatch) {
    const size_t count = std::min<size_t>(kBatch, count_ - first);
    const int8_t* codes[kBatch];
    int32_t products[kBatch];
    for (size_t at = 0; at < count; ++at) codes[at] = codes_.data() + (first + at) * code_bytes_;
    // They follow each other: the processor fetches them by itself.
    kernels.inner_products_u8i8(bytes->data(), codes, count, code_bytes_, 0, products);
    for (size_t at = 0; at < count; ++at) {
      const int32_t steps = own + (biases_[first + at] - 2 * products[at]);
      (*squares)[first + at] = factor * static_cast<float>(steps);
    }
  }
  return true;
}

void Centers::Squares(std::span<const uint64_t> point, std::vector<float>* squares) const {
  HELIOS_CHECK(point.size() == stride_);
  const Kernels& kernels = BestKernels();
  squares->resize(count_);
  for (uint32_t center = 0; center < count_; ++center) {
    (*squares)[center] = static_cast<float>(
        kernels.hamming(point.data(), words_.data() + center * stride_, stride_));
  }
}

uint32_t LeastOf(std::span<const float> values) {
  HELIOS_CHECK(!values.empty());
  return static_cast<uint32_t>(std::min_element(values.begin(), values.end()) - values.begin());
}

}  // namespace helios::ann::internal
