#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "ann/kernels.h"
#include "ann/metric.h"
#include "ann/vector.h"

namespace helios::ann {

// Distances of full vectors to one vector, by the kernels of this machine: in single precision
// where ExactDistance is in double.
//
// Thread safety: calls of one object from one thread. Lifetime: the vector outlives it.
class DistanceTo {
 public:
  // Requires: CheckVector(vector, vector.shape, metric) is Ok and HasMetric.
  DistanceTo(Metric metric, const VectorRef& vector);

  // As the metric defines it; for L2 the root is taken. Requires: the same shape.
  float operator()(const VectorRef& other) const;
  // What orders as the distance does and costs less: for L2 without the root.
  // A finite one, always.
  float Rank(const VectorRef& other) const;

 private:
  float RawRank(const VectorRef& other) const;
  float DenseRank(const VectorRef& other) const;

  const Metric metric_;
  const VectorRef vector_;
  const Kernels& kernels_;
  std::vector<float> floats_;  // The vector's elements; under cosine with length 1.
};

// A rank that sorts: the nearest finite one, and for NaN the farthest.
inline float FiniteRank(float rank) {
  constexpr float kRankMax = std::numeric_limits<float>::max();
  return std::isnan(rank) ? kRankMax : std::clamp(rank, -kRankMax, kRankMax);
}
// The distance from a rank.
float DistanceFromRank(Metric metric, float rank);

// The elements of a dense vector of numbers as float32. Requires: neither bits nor sparse.
void ToFloats(const VectorRef& vector, std::vector<float>* floats);
// Divides by the length. Requires: some element is not 0.
void Normalize(std::vector<float>* floats);

}  // namespace helios::ann
