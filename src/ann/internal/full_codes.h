#pragma once

#include "ann/internal/codes.h"
#include "ann/vector_source.h"

namespace helios::ann::internal {

// No codes: the vectors themselves are compared, from wherever they lie. For those that have no
// codes (bits, sparse vectors) and for who wants no loss.
class FullCodes final : public Codes {
 public:
  FullCodes(Metric metric, const VectorSource& source) : metric_(metric), source_(source) {}

  void Train(std::span<const VectorRef>) override {}
  void Grow(uint32_t) override {}
  void Encode(uint32_t, const VectorRef&) override {}
  void Prepare(const VectorRef& vector, CodeQuery* query) const override {
    query->full.emplace(metric_, vector);
  }
  void PrepareStored(uint32_t ordinal, CodeQuery* query) const override {
    query->full.emplace(metric_, source_.Get(ordinal));
  }
  void Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
            std::span<float> ranks) const override;
  void SetPrefetchDistance(size_t ordinal_count) override { prefetch_distance_ = ordinal_count; }
  size_t prefetch_distance() const override { return prefetch_distance_; }
  std::vector<ChunkedRows*> arrays() override { return {}; }
  std::string Trained() const override { return {}; }
  bool SetTrained(std::string_view bytes) override { return bytes.empty(); }
  std::optional<size_t> FindBadArray(uint32_t) const override { return std::nullopt; }
  size_t memory_bytes() const override { return 0; }

 private:
  const Metric metric_;
  const VectorSource& source_;
  size_t prefetch_distance_ = 4;
};

}  // namespace helios::ann::internal
