#pragma once

#include "ann/internal/codes.h"

namespace helios::ann::internal {

// Copies of the vectors, so that those of a list lie together in memory: no loss, and no space is
// saved. For dense vectors.
class CopiedCodes final : public Codes {
 public:
  CopiedCodes(VectorShape shape, Metric metric)
      : shape_(shape), metric_(metric), rows_(DenseBytes(shape)) {}

  void Train(std::span<const VectorRef>) override {}
  void Grow(uint32_t ordinal_count) override { rows_.Grow(ordinal_count); }
  void Encode(uint32_t ordinal, const VectorRef& vector) override;
  void Prepare(const VectorRef& vector, CodeQuery* query) const override {
    query->full.emplace(metric_, vector);
  }
  void PrepareStored(uint32_t ordinal, CodeQuery* query) const override {
    query->full.emplace(metric_, At(ordinal));
  }
  void Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
            std::span<float> ranks) const override;
  void SetPrefetchDistance(size_t ordinal_count) override { prefetch_distance_ = ordinal_count; }
  size_t prefetch_distance() const override { return prefetch_distance_; }
  std::vector<ChunkedRows*> arrays() override { return {&rows_}; }
  std::string Trained() const override { return {}; }
  bool SetTrained(std::string_view bytes) override { return bytes.empty(); }
  std::optional<size_t> FindBadArray(uint32_t) const override { return std::nullopt; }
  size_t memory_bytes() const override { return rows_.memory_bytes(); }

 private:
  VectorRef At(uint32_t ordinal) const { return {shape_, rows_.Row(ordinal), {}}; }

  const VectorShape shape_;
  const Metric metric_;
  ChunkedRows rows_;
  size_t prefetch_distance_ = 2;
};

}  // namespace helios::ann::internal
