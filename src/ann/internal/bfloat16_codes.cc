#include "ann/internal/bfloat16_codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ann/bfloat16.h"
#include "ann/distance.h"
#include "base/check.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kLineBytes = 64;
// Elements beyond it, in parts of the scale, are clipped: no sum of squares overflows.
constexpr float kElementMax = 1e15f;

size_t RowBytes(VectorShape shape) {
  const size_t bytes = shape.dimension_count * sizeof(uint16_t);
  return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
}

}  // namespace

Bfloat16Codes::Bfloat16Codes(VectorShape shape, Metric metric)
    : shape_(shape),
      metric_(metric),
      kernels_(BestKernels()),
      means_(shape.dimension_count),
      codes_(RowBytes(shape)),
      squares_(sizeof(float)) {
  HELIOS_CHECK(HasCodes(shape, metric));
}

bool Bfloat16Codes::HasCodes(VectorShape shape, Metric metric) {
  return shape.type != ElementType::kBit && shape.type != ElementType::kSparse &&
         metric != Metric::kL1;
}

void Bfloat16Codes::ToElements(const VectorRef& vector, std::vector<float>* floats) const {
  ToFloats(vector, floats);
  if (metric_ == Metric::kCosine) Normalize(floats);
}

void Bfloat16Codes::Train(std::span<const VectorRef> sample) {
  HELIOS_CHECK(!sample.empty());
  std::vector<double> sums(means_.size());
  std::vector<float> floats;
  float size_max = 0;
  for (const VectorRef& vector : sample) {
    ToElements(vector, &floats);
    for (size_t at = 0; at < floats.size(); ++at) {
      sums[at] += floats[at];
      size_max = std::max(size_max, std::abs(floats[at]));
    }
  }
  for (size_t at = 0; at < sums.size() && !is_product(); ++at) {
    means_[at] = static_cast<float>(sums[at] / static_cast<double>(sample.size()));
  }
  scale_ = size_max > 0 ? size_max : 1;
}

uint16_t Bfloat16Codes::CodeOf(float element, size_t dimension, float scale) const {
  const float value = (element - means_[dimension]) / scale;
  return ToBfloat16(std::clamp(value, -kElementMax, kElementMax));
}

std::string Bfloat16Codes::Trained() const {
  std::string bytes(reinterpret_cast<const char*>(&scale_), sizeof(scale_));
  bytes.append(reinterpret_cast<const char*>(means_.data()), means_.size() * sizeof(float));
  return bytes;
}

bool Bfloat16Codes::SetTrained(std::string_view bytes) {
  if (bytes.size() != sizeof(scale_) + means_.size() * sizeof(float)) return false;
  std::memcpy(&scale_, bytes.data(), sizeof(scale_));
  std::memcpy(means_.data(), bytes.data() + sizeof(scale_), bytes.size() - sizeof(scale_));
  return std::isfinite(scale_) && scale_ > 0 &&
         std::ranges::all_of(means_, [](float mean) { return std::isfinite(mean); });
}

std::optional<size_t> Bfloat16Codes::FindBadArray(uint32_t ordinal) const {
  const float element_max = FromBfloat16(ToBfloat16(kElementMax));
  const std::span<const uint16_t> codes(CodesOf(ordinal), shape_.dimension_count);
  const auto is_within = [&](uint16_t code) { return std::abs(FromBfloat16(code)) <= element_max; };
  if (!std::ranges::all_of(codes, is_within)) return 0;
  const auto square = squares_.At<float>(ordinal);
  return square >= 0 && std::isfinite(square) ? std::nullopt : std::optional<size_t>(1);
}

void Bfloat16Codes::Grow(uint32_t ordinal_count) {
  codes_.Grow(ordinal_count);
  squares_.Grow(ordinal_count);
}

void Bfloat16Codes::Encode(uint32_t ordinal, const VectorRef& vector) {
  std::vector<float> floats;
  ToElements(vector, &floats);
  auto* const codes = &codes_.At<uint16_t>(ordinal);
  for (size_t at = 0; at < floats.size(); ++at) codes[at] = CodeOf(floats[at], at, scale_);
  squares_.At<float>(ordinal) = is_product() ? 0 : Product(codes, codes);
}

void Bfloat16Codes::Prepare(const VectorRef& vector, CodeQuery* query) const {
  std::vector<float>& floats = query->floats;
  ToElements(vector, &floats);
  float scale = scale_;
  if (is_product()) {
    // Nothing is subtracted from it, so it may have a scale of its own.
    scale = 0;
    for (const float element : floats) scale = std::max(scale, std::abs(element));
    if (scale == 0) scale = 1;
  }
  query->halves.resize(floats.size());
  for (size_t at = 0; at < floats.size(); ++at) {
    query->halves[at] = CodeOf(floats[at], at, scale);
  }
  query->offset = is_product() ? 0 : Product(query->halves.data(), query->halves.data());
}

void Bfloat16Codes::PrepareStored(uint32_t ordinal, CodeQuery* query) const {
  const uint16_t* const codes = CodesOf(ordinal);
  query->halves.assign(codes, codes + shape_.dimension_count);
  query->offset = squares_.At<float>(ordinal);
}

void Bfloat16Codes::Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
                         std::span<float> ranks) const {
  const auto prefetch = [&](uint32_t ordinal) {
    const auto* const row = reinterpret_cast<const char*>(codes_.Row(ordinal));
    for (size_t at = 0; at < codes_.row_bytes(); at += kLineBytes) __builtin_prefetch(row + at);
    __builtin_prefetch(squares_.Row(ordinal));
  };
  for (size_t at = 0; at < ordinals.size() && at < prefetch_distance_; ++at) prefetch(ordinals[at]);
  for (size_t at = 0; at < ordinals.size(); ++at) {
    const size_t ahead = at + prefetch_distance_;
    if (ahead < ordinals.size()) prefetch(ordinals[ahead]);
    const float product = Product(query.halves.data(), CodesOf(ordinals[at]));
    const float square = query.offset + squares_.At<float>(ordinals[at]);
    // Equal codes are at 0 exactly, and nothing is nearer for its sum's last digit.
    ranks[at] = is_product() ? -product : std::max(square - 2 * product, 0.0f);
  }
}

}  // namespace helios::ann::internal
