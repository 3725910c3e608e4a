#include "ann/distance.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace helios::ann {
namespace {

// Between them a sum of squares has lost nothing to the bounds of single precision. No vector of
// another type than float32 reaches them.
constexpr float kSquaresMin = 1e-25f;
constexpr float kSquaresMax = 1e35f;

}  // namespace

void ToFloats(const VectorRef& vector, std::vector<float>* floats) {
  floats->resize(vector.shape.dimension_count);
  switch (vector.shape.type) {
    case ElementType::kFloat32: {
      const auto elements = vector.elements<float>();
      floats->assign(elements.begin(), elements.end());
      return;
    }
    case ElementType::kFloat16: {
      const auto elements = vector.elements<uint16_t>();
      for (size_t at = 0; at < elements.size(); ++at) (*floats)[at] = FromHalf(elements[at]);
      return;
    }
    case ElementType::kInt8: {
      const auto elements = vector.elements<int8_t>();
      floats->assign(elements.begin(), elements.end());
      return;
    }
    case ElementType::kBit:
    case ElementType::kSparse:
      break;
  }
  HELIOS_CHECK(false);
}

void Normalize(std::vector<float>* floats) {
  double squares = 0;
  for (const float value : *floats) squares += static_cast<double>(value) * value;
  // A factor in single precision would be infinite for the smallest.
  const double factor = 1 / std::sqrt(squares);
  for (float& value : *floats) value = static_cast<float>(value * factor);
}

DistanceTo::DistanceTo(Metric metric, const VectorRef& vector)
    : metric_(metric), vector_(vector), kernels_(BestKernels()) {
  HELIOS_CHECK(HasMetric(vector.shape.type, metric));
  if (vector.shape.type == ElementType::kBit || vector.shape.type == ElementType::kSparse) return;
  ToFloats(vector, &floats_);
  if (metric == Metric::kCosine) Normalize(&floats_);
}

float DistanceTo::operator()(const VectorRef& other) const {
  const float rank = RawRank(other);
  // A sum of squares may be too large, or too small, where the distance is not.
  const bool is_lost = metric_ == Metric::kL2 && rank < kSquaresMin;
  if (std::isfinite(rank) && !is_lost) return DistanceFromRank(metric_, rank);
  return static_cast<float>(ExactDistance(vector_, other, metric_));
}

float DistanceTo::Rank(const VectorRef& other) const { return FiniteRank(RawRank(other)); }

float DistanceTo::RawRank(const VectorRef& other) const {
  switch (other.shape.type) {
    case ElementType::kBit: {
      const auto* left = static_cast<const uint64_t*>(vector_.data);
      const auto* right = static_cast<const uint64_t*>(other.data);
      const size_t word_count = DenseBytes(other.shape) / sizeof(uint64_t);
      if (metric_ == Metric::kHamming) {
        return static_cast<float>(kernels_.hamming(left, right, word_count));
      }
      const BitCounts counts = kernels_.bit_counts(left, right, word_count);
      if (counts.either == 0) return 0;
      return 1 - static_cast<float>(counts.both) / static_cast<float>(counts.either);
    }
    case ElementType::kSparse: {
      const auto distance = static_cast<float>(ExactDistance(vector_, other, metric_));
      return metric_ == Metric::kL2 ? distance * distance : distance;
    }
    default:
      return DenseRank(other);
  }
}

float DistanceTo::DenseRank(const VectorRef& other) const {
  const size_t count = floats_.size();
  const float* query = floats_.data();
  if (other.shape.type == ElementType::kFloat32) {
    const float* data = other.elements<float>().data();
    switch (metric_) {
      case Metric::kL2:
        return kernels_.l2_squared_f32(query, data, count);
      case Metric::kL1:
        return kernels_.l1_f32(query, data, count);
      case Metric::kInnerProduct:
        return -kernels_.inner_product_f32(query, data, count);
      default: {
        const Products products = kernels_.products_f32(query, data, count);
        if (products.right < kSquaresMin || products.right > kSquaresMax) {
          return static_cast<float>(ExactDistance(vector_, other, metric_));
        }
        // Rounding takes it beyond 1, and no distance is below 0.
        return 1 - std::clamp(products.both / std::sqrt(products.right), -1.0f, 1.0f);
      }
    }
  }
  if (other.shape.type == ElementType::kFloat16 && metric_ != Metric::kCosine) {
    const uint16_t* data = other.elements<uint16_t>().data();
    switch (metric_) {
      case Metric::kL2:
        return kernels_.l2_squared_f16(query, data, count);
      case Metric::kL1:
        return kernels_.l1_f16(query, data, count);
      default:
        return -kernels_.inner_product_f16(query, data, count);
    }
  }
  // Bytes, and halves under cosine, whose length is needed too: rare enough to be widened first.
  std::vector<float> floats;
  ToFloats(other, &floats);
  VectorRef widened = Float32Vector(floats);
  return DenseRank(widened);
}

float DistanceFromRank(Metric metric, float rank) {
  return metric == Metric::kL2 ? std::sqrt(std::max(rank, 0.0f)) : rank;
}

}  // namespace helios::ann
