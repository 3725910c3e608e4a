#pragma once

#include <utility>

#include "ann/internal/centers.h"
#include "ann/internal/codes.h"
#include "base/check.h"

namespace helios::ann::internal {

// Codes of the difference between a vector and the center of its cluster, which is smaller than the
// vector and so is coded better. A rank is a term of the center alone, which Prepare computes for
// each, and one of the code; so a query is prepared once for vectors of all centers. Ranks are
// estimates of DistanceTo::Rank.
class CenteredCodes : public Codes {
 public:
  CenteredCodes(VectorShape shape, Metric metric) : shape_(shape), metric_(metric) {
    HELIOS_CHECK(HasCodes(shape, metric));
  }
  // Dense vectors of numbers, under L2, inner product and cosine.
  static bool HasCodes(VectorShape shape, Metric metric) {
    return shape.type != ElementType::kBit && shape.type != ElementType::kSparse &&
           metric != Metric::kL1;
  }

  // Finds a few centers itself, unless SetCenters gave some.
  void Train(std::span<const VectorRef> sample) override {
    if (centers_.count() == 0) SetCenters(FewCenters(sample));
    TrainCodes(sample);
  }
  // Before anything else. At most kCenterCountMax.
  void SetCenters(Centers centers) {
    HELIOS_CHECK(centers.count() > 0 && centers.count() <= kCenterCountMax);
    centers_ = std::move(centers);
  }
  void Encode(uint32_t ordinal, const VectorRef& vector) override;
  // For who knows the vector's center.
  void EncodeAt(uint32_t ordinal, const VectorRef& vector, uint32_t center);

  void Prepare(const VectorRef& vector, CodeQuery* query) const override;
  // For who has query->center_squares.
  void PrepareAt(const VectorRef& vector, CodeQuery* query) const;

  std::string Trained() const override;
  bool SetTrained(std::string_view bytes) override;

  const Centers& centers() const { return centers_; }
  static constexpr uint32_t kCenterCountMax = 32'768;

 protected:
  virtual void TrainCodes(std::span<const VectorRef> sample) = 0;
  // What TrainCodes has learnt, and what takes its place: as Trained and SetTrained.
  virtual std::span<const float> TrainedCodes() const = 0;
  virtual bool SetTrainedCodes(std::span<const float> floats) = 0;
  // Of a vector's elements; under cosine of length 1.
  virtual void EncodeElements(uint32_t ordinal, std::span<const float> elements,
                              uint32_t center) = 0;
  virtual void PrepareElements(std::span<const float> elements, CodeQuery* query) const = 0;
  void ToElements(const VectorRef& vector, std::vector<float>* floats) const;

  bool is_product() const { return metric_ == Metric::kInnerProduct; }
  // What the square of a distance counts for.
  float square_factor() const { return metric_ == Metric::kCosine ? 0.5f : 1.0f; }

  const VectorShape shape_;
  const Metric metric_;

 private:
  Centers FewCenters(std::span<const VectorRef> sample) const;

  Centers centers_;
};

}  // namespace helios::ann::internal
