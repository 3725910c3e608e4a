#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ann/metric.h"
#include "base/status.h"

namespace helios::ann {

// What all vectors of an index have in common.
struct VectorShape {
  ElementType type = ElementType::kFloat32;
  uint32_t dimension_count = 0;
};

// 22000 without a dimension, 54000 with more than the type has room for.
Status CheckShape(const VectorShape& shape);

// A vector that belongs to somebody else.
struct VectorRef {
  VectorShape shape;
  // Dense: the elements, aligned as their type asks. Sparse: the values.
  const void* data = nullptr;
  // Sparse: the dimensions of the values, from 0, ascending.
  std::span<const uint32_t> indices;
  // Requires: the type has elements of this size.
  template <typename Element>
  std::span<const Element> elements() const {
    const size_t count =
        shape.type == ElementType::kSparse ? indices.size() : shape.dimension_count;
    return {static_cast<const Element*>(data), count};
  }
};

VectorRef Float32Vector(std::span<const float> elements);
VectorRef Float16Vector(std::span<const uint16_t> elements);
VectorRef Int8Vector(std::span<const int8_t> elements);
// Requires: `words` has room for the dimensions and no other bit is set.
VectorRef BitVector(std::span<const uint64_t> words, uint32_t dimension_count);
VectorRef SparseVector(std::span<const uint32_t> indices, std::span<const float> values,
                       uint32_t dimension_count);

// The bytes of a dense vector.
size_t DenseBytes(const VectorShape& shape);

// Whether a vector may be indexed or searched for under the metric: 22000 for another number of
// dimensions, NaN, infinity, indices that are out of range or order, and a vector of length 0 under
// cosine, each in pgvector's words where it has them.
Status CheckVector(const VectorRef& vector, const VectorShape& shape, Metric metric);

// The distance as the metric defines it, in double precision and without any tricks: what results
// show, and what kernels are tested against. Requires: equal shapes, checked vectors.
double ExactDistance(const VectorRef& left, const VectorRef& right, Metric metric);

// IEEE 754 binary16 to binary32, exactly, and back, rounding half to even.
float FromHalf(uint16_t half);
uint16_t ToHalf(float value);

}  // namespace helios::ann
