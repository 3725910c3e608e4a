#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ann/hnsw.h"
#include "ann/vector.h"
#include "ann/vector_source.h"
#include "sys/randomness.h"

namespace helios::ann::internal {

// Vectors of one shape by ordinal, for tests: made from the same random floats whatever their type.
class TestVectors final : public VectorSource {
 public:
  TestVectors(VectorShape shape, uint32_t count)
      : shape_(shape), row_bytes_(RowBytes(shape)), rows_(count), indices_(count) {
    for (auto& row : rows_) row.resize(row_bytes_ / sizeof(uint64_t));
  }

  uint32_t count() const { return static_cast<uint32_t>(rows_.size()); }
  VectorShape shape() const { return shape_; }

  // Bits are set where an element is positive; sparse vectors keep what is larger than 0.5; bytes
  // hold sixteenths.
  void Set(uint32_t ordinal, std::span<const float> floats) {
    auto* const row = rows_[ordinal].data();
    std::fill(rows_[ordinal].begin(), rows_[ordinal].end(), uint64_t{0});
    indices_[ordinal].clear();
    for (uint32_t at = 0; at < floats.size(); ++at) {
      const float value = floats[at];
      switch (shape_.type) {
        case ElementType::kFloat32:
          reinterpret_cast<float*>(row)[at] = value;
          break;
        case ElementType::kFloat16:
          reinterpret_cast<uint16_t*>(row)[at] = ToHalf(value);
          break;
        case ElementType::kInt8:
          reinterpret_cast<int8_t*>(row)[at] =
              static_cast<int8_t>(std::clamp(value * 16, -128.0f, 127.0f));
          break;
        case ElementType::kBit:
          if (value > 0) row[at / 64] |= uint64_t{1} << (at % 64);
          break;
        case ElementType::kSparse:
          if (value <= 0.5f) break;
          reinterpret_cast<float*>(row)[indices_[ordinal].size()] = value;
          indices_[ordinal].push_back(at);
          break;
      }
    }
  }
  // A point around one of `cluster_count` centres, the same for equal seeds.
  void SetRandom(uint32_t ordinal, uint64_t seed, uint32_t cluster, float spread = 0.5f) {
    const std::vector<float> floats = Point(seed, cluster, spread);
    Set(ordinal, floats);
  }
  void FillRandom(uint64_t seed, uint32_t cluster_count = 16) {
    for (uint32_t at = 0; at < count(); ++at) SetRandom(at, seed + at, at % cluster_count);
  }
  std::vector<float> Point(uint64_t seed, uint32_t cluster, float spread = 0.5f) const {
    sys::Random centre(cluster * 7919 + 1);
    sys::Random random(seed * 2654435761 + 17);
    std::vector<float> floats(shape_.dimension_count);
    for (float& value : floats) {
      value = Normal(&centre) + spread * Normal(&random);
    }
    return floats;
  }

  VectorRef Get(uint32_t ordinal) const override {
    return {shape_, rows_[ordinal].data(), indices_[ordinal]};
  }
  void Prefetch(uint32_t) const override {}

 private:
  static size_t RowBytes(VectorShape shape) {
    const size_t bytes = shape.type == ElementType::kSparse ? shape.dimension_count * sizeof(float)
                                                            : DenseBytes(shape);
    return (bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
  }
  static float Normal(sys::Random* random) {
    double sum = -6;
    for (int at = 0; at < 12; ++at) sum += random->NextDouble();
    return static_cast<float>(sum);
  }

  const VectorShape shape_;
  const size_t row_bytes_;
  std::vector<std::vector<uint64_t>> rows_;
  std::vector<std::vector<uint32_t>> indices_;
};

// The nearest of those that pass, by definition.
template <typename Passes>
std::vector<Neighbor> BruteForce(const VectorSource& vectors, uint32_t count,
                                 const VectorRef& query, Metric metric, size_t k, Passes passes) {
  std::vector<Neighbor> all;
  for (uint32_t ordinal = 0; ordinal < count; ++ordinal) {
    if (!passes(ordinal)) continue;
    all.push_back(
        {ordinal, static_cast<float>(ExactDistance(query, vectors.Get(ordinal), metric))});
  }
  std::sort(all.begin(), all.end(), IsNearer);
  if (all.size() > k) all.resize(k);
  return all;
}

// The share of the true nearest that were found: whatever is as near as the last of them counts.
inline double RecallOf(std::span<const Neighbor> found, std::span<const Neighbor> expected) {
  if (expected.empty()) return 1;
  const float last = expected.back().distance;
  const float slack = 1e-5f + 1e-5f * std::abs(last);
  size_t hits = 0;
  for (const Neighbor& neighbor : found) hits += neighbor.distance <= last + slack ? 1 : 0;
  return static_cast<double>(std::min(hits, expected.size())) /
         static_cast<double>(expected.size());
}

// Allocates and inserts all vectors of the source, which starts at ordinal 0.
inline Status InsertAll(HnswIndex* index, uint32_t count) {
  for (uint32_t at = 0; at < count; ++at) {
    HELIOS_TRY(const uint32_t ordinal, index->Allocate());
    HELIOS_TRY(index->Insert(ordinal));
  }
  return Status::Ok();
}

// One bit an ordinal.
class Bitmap {
 public:
  explicit Bitmap(uint32_t count) : words_((count + 63) / 64) {}
  void Set(uint32_t ordinal) { words_[ordinal / 64] |= uint64_t{1} << (ordinal % 64); }
  void Clear(uint32_t ordinal) { words_[ordinal / 64] &= ~(uint64_t{1} << (ordinal % 64)); }
  bool Test(uint32_t ordinal) const { return (words_[ordinal / 64] >> (ordinal % 64) & 1) != 0; }
  std::span<const uint64_t> words() const { return words_; }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace helios::ann::internal
