#include "ann/vector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace helios::ann {
namespace {

constexpr size_t kWordBits = 64;

uint32_t DimensionsMax(ElementType type) {
  switch (type) {
    case ElementType::kBit:
      return kBitDimensionsMax;
    case ElementType::kSparse:
      return kSparseDimensionsMax;
    default:
      return kDimensionsMax;
  }
}

// The element as a number. Requires: the vector is neither of bits nor sparse.
double ElementAt(const VectorRef& vector, size_t index) {
  switch (vector.shape.type) {
    case ElementType::kFloat16:
      return FromHalf(vector.elements<uint16_t>()[index]);
    case ElementType::kInt8:
      return vector.elements<int8_t>()[index];
    default:
      return vector.elements<float>()[index];
  }
}

// Calls `visit(left, right)` for each dimension in which one of the two may be other than 0.
template <typename Visit>
void ForEachPair(const VectorRef& left, const VectorRef& right, Visit visit) {
  if (left.shape.type != ElementType::kSparse) {
    for (size_t index = 0; index < left.shape.dimension_count; ++index) {
      visit(ElementAt(left, index), ElementAt(right, index));
    }
    return;
  }
  const auto left_values = left.elements<float>();
  const auto right_values = right.elements<float>();
  size_t at_left = 0;
  size_t at_right = 0;
  while (at_left < left_values.size() || at_right < right_values.size()) {
    const bool has_left = at_left < left_values.size();
    const bool has_right = at_right < right_values.size();
    const bool takes_left =
        has_left && (!has_right || left.indices[at_left] <= right.indices[at_right]);
    const bool takes_right =
        has_right && (!has_left || right.indices[at_right] <= left.indices[at_left]);
    const double left_value = takes_left ? left_values[at_left++] : 0;
    const double right_value = takes_right ? right_values[at_right++] : 0;
    visit(left_value, right_value);
  }
}

double BitDistance(const VectorRef& left, const VectorRef& right, Metric metric) {
  const size_t word_count = (left.shape.dimension_count + kWordBits - 1) / kWordBits;
  const auto* left_words = static_cast<const uint64_t*>(left.data);
  const auto* right_words = static_cast<const uint64_t*>(right.data);
  int64_t differ = 0;
  int64_t both = 0;
  int64_t either = 0;
  for (size_t word = 0; word < word_count; ++word) {
    differ += std::popcount(left_words[word] ^ right_words[word]);
    both += std::popcount(left_words[word] & right_words[word]);
    either += std::popcount(left_words[word] | right_words[word]);
  }
  if (metric == Metric::kHamming) return static_cast<double>(differ);
  return either == 0 ? 0 : 1 - static_cast<double>(both) / static_cast<double>(either);
}

// What pgvector calls a type; it has none of bytes.
std::string_view TypeName(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
    case ElementType::kInt8:
      return "vector";
    case ElementType::kFloat16:
      return "halfvec";
    case ElementType::kBit:
      return "bit";
    case ElementType::kSparse:
      return "sparsevec";
  }
  return "vector";
}

Status CheckFinite(double value, ElementType type) {
  if (std::isnan(value)) {
    return Error(ErrorCode::kDataException).Message("NaN not allowed in {}", TypeName(type));
  }
  if (std::isinf(value)) {
    return Error(ErrorCode::kDataException)
        .Message("infinite value not allowed in {}", TypeName(type));
  }
  return Status::Ok();
}

Status CheckIndices(const VectorRef& vector) {
  if (vector.indices.size() > kSparseElementsMax) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("sparsevec cannot have more than {} non-zero elements", kSparseElementsMax);
  }
  for (size_t at = 0; at < vector.indices.size(); ++at) {
    if (vector.indices[at] >= vector.shape.dimension_count) {
      return Error(ErrorCode::kDataException).Message("sparsevec index out of bounds");
    }
    if (at > 0 && vector.indices[at] == vector.indices[at - 1]) {
      return Error(ErrorCode::kDataException)
          .Message("sparsevec indices must not contain duplicates");
    }
    if (at > 0 && vector.indices[at] < vector.indices[at - 1]) {
      return Error(ErrorCode::kDataException)
          .Message("sparsevec indices must be in ascending order");
    }
  }
  return Status::Ok();
}

}  // namespace

Status CheckShape(const VectorShape& shape) {
  if (shape.dimension_count == 0) {
    return Error(ErrorCode::kDataException)
        .Message("{} must have at least 1 dimension", TypeName(shape.type));
  }
  const uint32_t dimensions_max = DimensionsMax(shape.type);
  if (shape.dimension_count > dimensions_max) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("{} cannot have more than {} dimensions", TypeName(shape.type), dimensions_max);
  }
  return Status::Ok();
}

VectorRef Float32Vector(std::span<const float> elements) {
  return {{ElementType::kFloat32, static_cast<uint32_t>(elements.size())}, elements.data(), {}};
}

VectorRef Float16Vector(std::span<const uint16_t> elements) {
  return {{ElementType::kFloat16, static_cast<uint32_t>(elements.size())}, elements.data(), {}};
}

VectorRef Int8Vector(std::span<const int8_t> elements) {
  return {{ElementType::kInt8, static_cast<uint32_t>(elements.size())}, elements.data(), {}};
}

VectorRef BitVector(std::span<const uint64_t> words, uint32_t dimension_count) {
  HELIOS_CHECK(words.size() >= (dimension_count + kWordBits - 1) / kWordBits);
  return {{ElementType::kBit, dimension_count}, words.data(), {}};
}

VectorRef SparseVector(std::span<const uint32_t> indices, std::span<const float> values,
                       uint32_t dimension_count) {
  HELIOS_CHECK(indices.size() == values.size());
  return {{ElementType::kSparse, dimension_count}, values.data(), indices};
}

size_t DenseBytes(const VectorShape& shape) {
  const size_t count = shape.dimension_count;
  switch (shape.type) {
    case ElementType::kFloat32:
      return count * sizeof(float);
    case ElementType::kFloat16:
      return count * sizeof(uint16_t);
    case ElementType::kInt8:
      return count;
    case ElementType::kBit:
      return (count + kWordBits - 1) / kWordBits * sizeof(uint64_t);
    case ElementType::kSparse:
      break;
  }
  HELIOS_CHECK(shape.type != ElementType::kSparse);
  return 0;
}

Status CheckVector(const VectorRef& vector, const VectorShape& shape, Metric metric) {
  HELIOS_CHECK(vector.shape.type == shape.type);
  if (vector.shape.dimension_count != shape.dimension_count) {
    return Error(ErrorCode::kDataException)
        .Message("expected {} dimensions, not {}", shape.dimension_count,
                 vector.shape.dimension_count);
  }
  if (shape.type == ElementType::kBit) return Status::Ok();
  if (shape.type == ElementType::kSparse) HELIOS_TRY(CheckIndices(vector));
  double squares = 0;
  Status status = Status::Ok();
  ForEachPair(vector, vector, [&](double value, double) {
    if (status.ok()) status = CheckFinite(value, vector.shape.type);
    squares += value * value;
  });
  HELIOS_TRY(status);
  if (metric == Metric::kCosine && squares == 0) {
    return Error(ErrorCode::kDataException)
        .Message("a vector of length zero has no cosine distance");
  }
  return Status::Ok();
}

double ExactDistance(const VectorRef& left, const VectorRef& right, Metric metric) {
  if (left.shape.type == ElementType::kBit) return BitDistance(left, right, metric);
  double products = 0;
  double left_squares = 0;
  double right_squares = 0;
  double squares = 0;
  double sizes = 0;
  ForEachPair(left, right, [&](double left_value, double right_value) {
    products += left_value * right_value;
    left_squares += left_value * left_value;
    right_squares += right_value * right_value;
    const double difference = left_value - right_value;
    squares += difference * difference;
    sizes += std::abs(difference);
  });
  switch (metric) {
    case Metric::kL2:
      return std::sqrt(squares);
    case Metric::kInnerProduct:
      return -products;
    case Metric::kCosine:
      return 1 - std::clamp(products / std::sqrt(left_squares * right_squares), -1.0, 1.0);
    case Metric::kL1:
      return sizes;
    case Metric::kHamming:
    case Metric::kJaccard:
      break;
  }
  HELIOS_CHECK(HasMetric(left.shape.type, metric));
  return 0;
}

float FromHalf(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t exponent = half >> 10 & 0x1fu;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {
    // Zero and subnormal numbers: the fraction counts units of 2^-24.
    const float size = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -size : size;
  }
  // Infinity and NaN keep their exponent of ones.
  const uint32_t widened = exponent == 0x1f ? 0xffu : exponent + (127 - 15);
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

uint16_t ToHalf(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;
  // From halfway between the largest number and the next on, everything is infinity.
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
  if (magnitude < 0x38800000u) {
    // Subnormal: adding 0.5 leaves the units of 2^-24 in the lowest bits, rounded by the processor.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3f000000u);
  }
  const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return sign | static_cast<uint16_t>((rounded >> 13) - ((127 - 15) << 10));
}

}  // namespace helios::ann
