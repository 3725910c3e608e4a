#pragma once

#include "ann/internal/centered_codes.h"
#include "ann/internal/chunked_rows.h"
#include "ann/internal/rotation.h"

namespace helios::ann::internal {

// One bit an element (RaBitQ: Gao, Long 2024). A vector's difference d from its center is turned by
// a random rotation, and of each element the sign s is kept. For any turned query p
//
//   <d, p> is estimated by r * sum(s * p), r = |d|^2 / sum(|d_i|),
//
// without bias, and with an error whose standard deviation is |d| * |p| * sqrt(1/a^2 - 1) / sqrt(n
// - 1), a being the cosine of the angle between d and s. The query is held against the centers'
// mean and has kPlaneCount bits an element, so that sum(s * p) is a count of bits; what that costs
// is part of the error. What the center and the vector contribute alone is kept with the code.
class RabitqCodes final : public CenteredCodes {
 public:
  // Requires: HasCodes(shape, metric).
  RabitqCodes(VectorShape shape, Metric metric, uint64_t seed);

  void Grow(uint32_t ordinal_count) override { rows_.Grow(ordinal_count); }
  // The query is what the code stands for, put together again.
  void PrepareStored(uint32_t ordinal, CodeQuery* query) const override;
  void Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
            std::span<float> ranks) const override;
  // With each rank the standard deviation of its error; what overflows is infinite or no number.
  // Requires: errors.size() >= ordinals.size().
  void RankWithErrors(const CodeQuery& query, std::span<const uint32_t> ordinals,
                      std::span<float> ranks, std::span<float> errors) const;
  void SetPrefetchDistance(size_t ordinal_count) override { prefetch_distance_ = ordinal_count; }
  size_t prefetch_distance() const override { return prefetch_distance_; }
  std::vector<ChunkedRows*> arrays() override { return {&rows_}; }
  std::optional<size_t> FindBadArray(uint32_t ordinal) const override;
  size_t memory_bytes() const override { return rows_.memory_bytes(); }

 private:
  struct Row {
    float rank = 0;
    float factor = 0;  // Of the count of bits.
    float error = 0;   // For a query at distance 1 from the center.
    uint16_t center = 0;
    uint16_t bit_count = 0;
    // Then the words.
  };
  static_assert(sizeof(Row) == 16);

  void TrainCodes(std::span<const VectorRef>) override {}
  std::span<const float> TrainedCodes() const override { return {}; }
  bool SetTrainedCodes(std::span<const float> floats) override { return floats.empty(); }
  void EncodeElements(uint32_t ordinal, std::span<const float> elements, uint32_t center) override;
  void PrepareElements(std::span<const float> elements, CodeQuery* query) const override;
  const uint64_t* WordsOf(uint32_t ordinal) const {
    return reinterpret_cast<const uint64_t*>(rows_.Row(ordinal) + sizeof(Row));
  }
  template <bool kWithErrors>
  void RankAll(const CodeQuery& query, std::span<const uint32_t> ordinals, std::span<float> ranks,
               std::span<float> errors) const;

  const Kernels& kernels_;
  const Rotation rotation_;
  const size_t word_count_;
  const size_t plane_words_;
  size_t prefetch_distance_ = 8;
  ChunkedRows rows_;
};

}  // namespace helios::ann::internal
