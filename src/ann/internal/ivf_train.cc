// The only file that knows FAISS. Its k-means multiplies matrices by BLAS, in threads of OpenMP;
// how many is a setting of the thread that calls, so each training has a thread of its own, with
// which its team ends.

#include "ann/internal/ivf_train.h"

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/impl/ProductQuantizer.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "ann/kernels.h"
#include "base/check.h"
#include "base/hash.h"
#include "sys/thread.h"

// OpenMP's; Clang does not find the header of GCC's runtime, which is the one that is linked.
extern "C" void omp_set_num_threads(int thread_count);

namespace helios::ann::internal {
namespace {

constexpr size_t kWordBits = 64;
// More for each center teach k-means nothing; FAISS takes a sample of them.
constexpr int kVectorsPerCenter = 256;
// The squares of distances between vectors that are no longer are finite, with some room.
constexpr float kLengthMax = 1e18f;

void RunBounded(size_t thread_count, const std::function<void()>& body) {
#ifdef __SANITIZE_THREAD__
  // It does not see what OpenMP's barriers order: neither FAISS nor they are instrumented.
  thread_count = 1;
#endif
  sys::Thread thread("ann train", [&] {
    omp_set_num_threads(static_cast<int>(std::max<size_t>(thread_count, 1)));
    body();
  });
}

faiss::ClusteringParameters Parameters(const TrainingOptions& options) {
  faiss::ClusteringParameters parameters;
  parameters.niter = static_cast<int>(options.round_count);
  parameters.seed = static_cast<int>(options.seed);
  parameters.min_points_per_centroid = 1;
  parameters.max_points_per_centroid = kVectorsPerCenter;
  return parameters;
}

// Those of the vectors that have no larger elements than finite distances allow, which FAISS relies
// on: with others it writes where it must not, or does not end. One of them would teach nothing
// either, for it is infinitely far from all the same. Where there are no others they are cut.
// `kept` is for what is returned.
std::span<const float> Measurable(std::span<const float> vectors, size_t dimension_count,
                                  std::vector<float>* kept) {
  const float size_max = kLengthMax / std::sqrt(static_cast<float>(dimension_count));
  const auto fits = [&](float value) { return std::abs(value) <= size_max; };
  if (std::ranges::all_of(vectors, fits)) return vectors;
  for (size_t first = 0; first < vectors.size(); first += dimension_count) {
    const std::span<const float> vector = vectors.subspan(first, dimension_count);
    if (std::ranges::all_of(vector, fits)) kept->insert(kept->end(), vector.begin(), vector.end());
  }
  if (kept->empty()) {
    for (const float value : vectors) kept->push_back(std::clamp(value, -size_max, size_max));
  }
  return *kept;
}

// The bits that most of each cluster have.
void TakeMajorities(std::span<const uint64_t> vectors, size_t word_count,
                    std::span<const uint32_t> cluster_of, std::vector<uint64_t>* centers) {
  const size_t center_count = centers->size() / word_count;
  std::vector<std::vector<uint32_t>> members(center_count);
  for (uint32_t at = 0; at < cluster_of.size(); ++at) members[cluster_of[at]].push_back(at);
  std::vector<uint32_t> counts(word_count * kWordBits);
  for (size_t center = 0; center < center_count; ++center) {
    if (members[center].empty()) continue;  // It stays where it was.
    std::fill(counts.begin(), counts.end(), 0);
    for (const uint32_t member : members[center]) {
      const uint64_t* const words = vectors.data() + member * word_count;
      for (size_t bit = 0; bit < counts.size(); ++bit) {
        counts[bit] += static_cast<uint32_t>(words[bit / kWordBits] >> (bit % kWordBits) & 1);
      }
    }
    uint64_t* const words = centers->data() + center * word_count;
    std::fill_n(words, word_count, uint64_t{0});
    for (size_t bit = 0; bit < counts.size(); ++bit) {
      if (2 * counts[bit] > members[center].size()) {
        words[bit / kWordBits] |= uint64_t{1} << (bit % kWordBits);
      }
    }
  }
}

}  // namespace

std::vector<float> TrainCenters(std::span<const float> vectors, size_t dimension_count,
                                uint32_t center_count, const TrainingOptions& options) {
  std::vector<float> kept;
  vectors = Measurable(vectors, dimension_count, &kept);
  const size_t vector_count = vectors.size() / dimension_count;
  HELIOS_CHECK(vector_count > 0 && vector_count * dimension_count == vectors.size());
  if (vector_count <= center_count) return {vectors.begin(), vectors.end()};
  std::vector<float> centers;
  RunBounded(options.thread_count, [&] {
    faiss::Clustering clustering(static_cast<int>(dimension_count), static_cast<int>(center_count),
                                 Parameters(options));
    faiss::IndexFlatL2 index(static_cast<faiss::Index::idx_t>(dimension_count));
    clustering.train(static_cast<faiss::Index::idx_t>(vector_count), vectors.data(), index);
    centers = std::move(clustering.centroids);
  });
  return centers;
}

std::vector<uint64_t> TrainBitCenters(std::span<const uint64_t> vectors, size_t word_count,
                                      uint32_t center_count, const TrainingOptions& options) {
  const auto vector_count = static_cast<uint32_t>(vectors.size() / word_count);
  HELIOS_CHECK(vector_count > 0 && vector_count * word_count == vectors.size());
  if (vector_count <= center_count) return {vectors.begin(), vectors.end()};
  std::vector<uint32_t> order(vector_count);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](uint32_t at) { return HashCombine(options.seed, at); });
  std::vector<uint64_t> centers;
  for (uint32_t center = 0; center < center_count; ++center) {
    const auto vector = vectors.subspan(order[center] * word_count, word_count);
    centers.insert(centers.end(), vector.begin(), vector.end());
  }
  const Kernels& kernels = BestKernels();
  std::vector<uint32_t> cluster_of(vector_count);
  for (uint32_t round = 0; round < options.round_count; ++round) {
    for (uint32_t at = 0; at < vector_count; ++at) {
      uint32_t least = std::numeric_limits<uint32_t>::max();
      for (uint32_t center = 0; center < center_count; ++center) {
        const uint32_t distance = kernels.hamming(vectors.data() + at * word_count,
                                                  centers.data() + center * word_count, word_count);
        if (distance >= least) continue;
        least = distance;
        cluster_of[at] = center;
      }
    }
    TakeMajorities(vectors, word_count, cluster_of, &centers);
  }
  return centers;
}

std::vector<float> TrainCodewords(std::span<const float> vectors, size_t dimension_count,
                                  size_t part_count, const TrainingOptions& options) {
  std::vector<float> kept;
  vectors = Measurable(vectors, dimension_count, &kept);
  const size_t vector_count = vectors.size() / dimension_count;
  HELIOS_CHECK(vector_count > 0 && dimension_count % part_count == 0);
  // FAISS refuses fewer vectors than codewords: some come more than once then.
  std::vector<float> repeated;
  if (vector_count < kCodewordCount) {
    while (repeated.size() < kCodewordCount * dimension_count) {
      repeated.insert(repeated.end(), vectors.begin(), vectors.end());
    }
    vectors = repeated;
  }
  constexpr size_t kCodeBits = 8;
  std::vector<float> codewords;
  RunBounded(options.thread_count, [&] {
    faiss::ProductQuantizer quantizer(dimension_count, part_count, kCodeBits);
    quantizer.cp = Parameters(options);
    quantizer.train(vectors.size() / dimension_count, vectors.data());
    codewords = std::move(quantizer.centroids);
  });
  return codewords;
}

}  // namespace helios::ann::internal
