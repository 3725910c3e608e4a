#pragma once

#include "ann/internal/chunked_rows.h"
#include "ann/internal/codes.h"
#include "ann/kernels.h"

namespace helios::ann::internal {

// A bfloat16 an element, (element - mean of the dimension) / scale: within a 256th of the element
// wherever it lies, so that elements of very different sizes lose nothing to each other, in half
// the memory of floats. Under cosine vectors get length 1 first and compare by L2; under inner
// product means are 0. What the code's own square adds under L2 is kept with it.
class Bfloat16Codes final : public Codes {
 public:
  // Requires: HasCodes(shape, metric).
  Bfloat16Codes(VectorShape shape, Metric metric);
  // Dense vectors of numbers, under L2, inner product and cosine.
  static bool HasCodes(VectorShape shape, Metric metric);

  void Train(std::span<const VectorRef> sample) override;
  void Grow(uint32_t ordinal_count) override;
  void Encode(uint32_t ordinal, const VectorRef& vector) override;
  void Prepare(const VectorRef& vector, CodeQuery* query) const override;
  void PrepareStored(uint32_t ordinal, CodeQuery* query) const override;
  void Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
            std::span<float> ranks) const override;
  void SetPrefetchDistance(size_t ordinal_count) override { prefetch_distance_ = ordinal_count; }
  size_t prefetch_distance() const override { return prefetch_distance_; }
  std::vector<ChunkedRows*> arrays() override { return {&codes_, &squares_}; }
  std::string Trained() const override;
  bool SetTrained(std::string_view bytes) override;
  std::optional<size_t> FindBadArray(uint32_t ordinal) const override;
  size_t memory_bytes() const override { return codes_.memory_bytes() + squares_.memory_bytes(); }

 private:
  bool is_product() const { return metric_ == Metric::kInnerProduct; }
  void ToElements(const VectorRef& vector, std::vector<float>* floats) const;
  uint16_t CodeOf(float element, size_t dimension, float scale) const;
  float Product(const uint16_t* left, const uint16_t* right) const {
    return kernels_.inner_product_bf16(left, right, shape_.dimension_count);
  }
  const uint16_t* CodesOf(uint32_t ordinal) const { return &codes_.At<uint16_t>(ordinal); }

  const VectorShape shape_;
  const Metric metric_;
  const Kernels& kernels_;
  std::vector<float> means_;
  float scale_ = 1;
  size_t prefetch_distance_ = 8;
  ChunkedRows codes_;
  ChunkedRows squares_;
};

}  // namespace helios::ann::internal
