#pragma once

#include "ann/internal/centered_codes.h"
#include "ann/internal/chunked_rows.h"

namespace helios::ann::internal {

// A byte for each of several parts of a vector's difference from its center: which of 256 codewords
// is nearest (product quantisation: Jégou et al. 2011). The products of the query with all
// codewords are computed once, because
//
//   |v - q|^2 = |c - q|^2 + (|d|^2 + 2 <c, d>) - 2 <q, d>,
//
// where the first term is the center's and the second is kept with the code.
class ProductCodes final : public CenteredCodes {
 public:
  // Requires: HasCodes(shape, metric); 0 < part_count <= dimension_count.
  ProductCodes(VectorShape shape, Metric metric, uint32_t part_count, uint64_t seed);

  void Grow(uint32_t ordinal_count) override { rows_.Grow(ordinal_count); }
  void PrepareStored(uint32_t ordinal, CodeQuery* query) const override;
  void Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
            std::span<float> ranks) const override;
  void SetPrefetchDistance(size_t ordinal_count) override { prefetch_distance_ = ordinal_count; }
  size_t prefetch_distance() const override { return prefetch_distance_; }
  std::vector<ChunkedRows*> arrays() override { return {&rows_}; }
  std::optional<size_t> FindBadArray(uint32_t ordinal) const override;
  size_t memory_bytes() const override {
    return rows_.memory_bytes() + codewords_.size() * sizeof(float);
  }

 private:
  struct Row {
    float rank = 0;
    uint32_t center = 0;
    // Then a byte for each part.
  };

  void TrainCodes(std::span<const VectorRef> sample) override;
  std::span<const float> TrainedCodes() const override { return codewords_; }
  bool SetTrainedCodes(std::span<const float> floats) override;
  void EncodeElements(uint32_t ordinal, std::span<const float> elements, uint32_t center) override;
  // Leaves a product for each part and codeword in query->floats.
  void PrepareElements(std::span<const float> elements, CodeQuery* query) const override;
  const uint8_t* BytesOf(uint32_t ordinal) const {
    return reinterpret_cast<const uint8_t*>(rows_.Row(ordinal) + sizeof(Row));
  }
  // The elements of all codewords of a part that belong to one of its dimensions.
  const float* Column(size_t part, size_t dimension) const;

  const uint32_t part_count_;
  const size_t part_length_;
  const uint64_t seed_;
  size_t prefetch_distance_ = 8;
  std::vector<float> codewords_;  // By part, then dimension, then codeword.
  ChunkedRows rows_;
};

}  // namespace helios::ann::internal
