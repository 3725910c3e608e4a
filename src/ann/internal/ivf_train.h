#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace helios::ann::internal {

struct TrainingOptions {
  // FAISS and BLAS take no more than that; they run on a thread of their own that ends with the
  // call.
  size_t thread_count = 1;
  uint64_t seed = 42;
  uint32_t round_count = 10;
};

// Centers of clusters (k-means), one after the other. There are fewer when there are fewer vectors:
// those are the centers then. Vectors too long to be measured in single precision do not count,
// unless there are no others. Requires: vectors.size() is a multiple of `dimension_count`, not 0.
std::vector<float> TrainCenters(std::span<const float> vectors, size_t dimension_count,
                                uint32_t center_count, const TrainingOptions& options);

// The same for bits, in whole words: a center has the bits that most of its cluster have
// (k-majority).
std::vector<uint64_t> TrainBitCenters(std::span<const uint64_t> vectors, size_t word_count,
                                      uint32_t center_count, const TrainingOptions& options);

inline constexpr size_t kCodewordCount = 256;

// For each of `part_count` parts of the vectors kCodewordCount codewords, each of
// dimension_count / part_count elements (product quantisation: Jégou et al. 2011). The
// same vectors do not count. Requires: part_count divides dimension_count.
std::vector<float> TrainCodewords(std::span<const float> vectors, size_t dimension_count,
                                  size_t part_count, const TrainingOptions& options);

}  // namespace helios::ann::internal
