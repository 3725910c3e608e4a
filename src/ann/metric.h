#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace helios::ann {

// How far two vectors are apart: the smaller, the nearer.
enum class Metric : uint8_t {
  kL2,            // Euclidean distance.
  kInnerProduct,  // The inner product with its sign changed.
  kCosine,        // 1 - cosine of the angle; a vector of length 0 has none.
  kL1,            // Sum of the differences' sizes.
  kHamming,       // Bits that differ.
  kJaccard,       // 1 - bits set in both / bits set in either; 0 when no bit is set in either.
};

// What the elements of a vector are.
enum class ElementType : uint8_t {
  kFloat32,
  kFloat16,  // IEEE 754 binary16.
  kInt8,
  kBit,     // In words of 64 bits, the first dimension lowest; unused bits of the last word are 0.
  kSparse,  // Those that are not 0, as float32 with their dimensions.
};

inline constexpr uint32_t kDimensionsMax = 16'000;
inline constexpr uint32_t kBitDimensionsMax = 64'000;
inline constexpr uint32_t kSparseDimensionsMax = 1'000'000'000;
// Elements that are not 0, of a sparse vector.
inline constexpr uint32_t kSparseElementsMax = 16'000;

// Whether vectors of the type have the metric: bits have the last two, all others the first four.
bool HasMetric(ElementType type, Metric metric);

// `l2`, `ip`, `cosine`, `l1`, `hamming`, `jaccard`. 22023 for other names.
Result<Metric> ParseMetric(std::string_view name);
std::string_view MetricName(Metric metric);

}  // namespace helios::ann
