#include "ann/internal/centers.h"

#include <algorithm>

#include "base/check.h"

namespace helios::ann::internal {

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
