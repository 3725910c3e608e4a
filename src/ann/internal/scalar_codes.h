#pragma once

#include "ann/internal/chunked_rows.h"
#include "ann/internal/codes.h"
#include "ann/kernels.h"

namespace helios::ann::internal {

// Eight bits an element: code = round((element - mean of the dimension) / step), one step for all
// dimensions, so that distances of codes are sums of whole numbers. Under cosine vectors get length
// 1 first and compare by L2; under inner product means are 0.
//
// The kernel multiplies a query without sign, q + 128, by codes c with one: what the shift adds is
// 128 * sum(c), which is kept with each vector as its bias, for L2 together with sum(c * c).
class ScalarCodes final : public Codes {
 public:
  // Requires: the shape is dense, and of numbers; any metric of such.
  ScalarCodes(VectorShape shape, Metric metric);

  void Train(std::span<const VectorRef> sample) override;
  void Grow(uint32_t ordinal_count) override;
  void Encode(uint32_t ordinal, const VectorRef& vector) override;
  void Prepare(const VectorRef& vector, CodeQuery* query) const override;
  void PrepareStored(uint32_t ordinal, CodeQuery* query) const override;
  void Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
            std::span<float> ranks) const override;
  void SetPrefetchDistance(size_t ordinal_count) override { prefetch_distance_ = ordinal_count; }
  size_t prefetch_distance() const override { return prefetch_distance_; }
  std::vector<ChunkedRows*> arrays() override { return {&codes_, &biases_}; }
  std::string Trained() const override;
  bool SetTrained(std::string_view bytes) override;
  std::optional<size_t> FindBadArray(uint32_t ordinal) const override;
  size_t memory_bytes() const override { return codes_.memory_bytes() + biases_.memory_bytes(); }

 private:
  bool compares_by_l2() const { return metric_ == Metric::kL2 || metric_ == Metric::kCosine; }
  void ToElements(const VectorRef& vector, std::vector<float>* floats) const;
  // The step at which nearly all of the sample is within reach of a code.
  void ChooseStep(std::span<const VectorRef> sample);
  int8_t CodeOf(float element, size_t dimension) const;
  void SetScale(const int8_t* codes, float query_step, CodeQuery* query) const;

  const VectorShape shape_;
  const Metric metric_;
  const Kernels& kernels_;
  const size_t code_bytes_;  // Filled up with zeros to whole cache lines.
  std::vector<float> means_;
  float step_ = 1;
  size_t prefetch_distance_ = 8;
  ChunkedRows codes_;
  ChunkedRows biases_;
};

}  // namespace helios::ann::internal
