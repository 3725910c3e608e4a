#include "ann/internal/scalar_codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ann/distance.h"
#include "base/check.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kLineBytes = 64;
constexpr int kCodeMax = 127;
constexpr int kShift = 128;
// This share of the sample's elements may lie beyond the last code: their rest is lost, and every
// other element gains by the smaller step.
constexpr double kClippedShare = 0.0005;
constexpr size_t kBatch = 64;
constexpr float kScaleMin = 1e-28f;
constexpr float kScaleMax = 1e28f;

}  // namespace

ScalarCodes::ScalarCodes(VectorShape shape, Metric metric)
    : shape_(shape),
      metric_(metric),
      kernels_(BestKernels()),
      code_bytes_((shape.dimension_count + kLineBytes - 1) / kLineBytes * kLineBytes),
      means_(shape.dimension_count),
      codes_(code_bytes_),
      biases_(sizeof(int32_t)) {
  HELIOS_CHECK(shape.type != ElementType::kBit && shape.type != ElementType::kSparse);
}

void ScalarCodes::ToElements(const VectorRef& vector, std::vector<float>* floats) const {
  ToFloats(vector, floats);
  if (metric_ == Metric::kCosine) Normalize(floats);
}

void ScalarCodes::Train(std::span<const VectorRef> sample) {
  HELIOS_CHECK(!sample.empty());
  if (metric_ != Metric::kInnerProduct) {
    std::vector<double> sums(means_.size());
    std::vector<float> floats;
    for (const VectorRef& vector : sample) {
      ToElements(vector, &floats);
      for (size_t at = 0; at < floats.size(); ++at) sums[at] += floats[at];
    }
    for (size_t at = 0; at < sums.size(); ++at) {
      means_[at] = static_cast<float>(sums[at] / static_cast<double>(sample.size()));
    }
  }
  ChooseStep(sample);
}

void ScalarCodes::ChooseStep(std::span<const VectorRef> sample) {
  std::vector<float> sizes;
  std::vector<float> floats;
  for (const VectorRef& vector : sample) {
    ToElements(vector, &floats);
    for (size_t at = 0; at < floats.size(); ++at) {
      sizes.push_back(std::abs(floats[at] - means_[at]));
    }
  }
  const auto beyond = static_cast<size_t>(static_cast<double>(sizes.size()) * kClippedShare);
  const auto bound = sizes.end() - 1 - static_cast<std::ptrdiff_t>(beyond);
  std::nth_element(sizes.begin(), bound, sizes.end());
  // Of vectors that are nearly all zeros the few other elements are all there is to tell.
  const float largest = *bound > 0 ? *bound : *std::max_element(bound, sizes.end());
  using Limits = std::numeric_limits<float>;
  step_ = largest > 0 ? std::max(std::min(largest, Limits::max()) / kCodeMax, Limits::min()) : 1;
}

int8_t ScalarCodes::CodeOf(float element, size_t dimension) const {
  const float steps = (element - means_[dimension]) / step_;
  return static_cast<int8_t>(
      std::lrintf(std::clamp(steps, -static_cast<float>(kCodeMax), static_cast<float>(kCodeMax))));
}

std::string ScalarCodes::Trained() const {
  std::string bytes(reinterpret_cast<const char*>(&step_), sizeof(step_));
  bytes.append(reinterpret_cast<const char*>(means_.data()), means_.size() * sizeof(float));
  return bytes;
}

bool ScalarCodes::SetTrained(std::string_view bytes) {
  if (bytes.size() != sizeof(step_) + means_.size() * sizeof(float)) return false;
  std::memcpy(&step_, bytes.data(), sizeof(step_));
  std::memcpy(means_.data(), bytes.data() + sizeof(step_), bytes.size() - sizeof(step_));
  return std::isfinite(step_) && step_ > 0 &&
         std::ranges::all_of(means_, [](float mean) { return std::isfinite(mean); });
}

// Within these bounds no sum in Rank overflows.
std::optional<size_t> ScalarCodes::FindBadArray(uint32_t ordinal) const {
  constexpr int64_t kBiasMaxEach = kShift * kShift + 2 * kShift * kShift;
  const int64_t bias_max = kBiasMaxEach * shape_.dimension_count;
  const int64_t bias = biases_.At<int32_t>(ordinal);
  if (bias < -bias_max || bias > bias_max) return 1;
  return std::nullopt;
}

void ScalarCodes::Grow(uint32_t ordinal_count) {
  codes_.Grow(ordinal_count);
  biases_.Grow(ordinal_count);
}

void ScalarCodes::Encode(uint32_t ordinal, const VectorRef& vector) {
  std::vector<float> floats;
  ToElements(vector, &floats);
  auto* const codes = reinterpret_cast<int8_t*>(codes_.Row(ordinal));
  int32_t sum = 0;
  int32_t squares = 0;
  for (size_t at = 0; at < floats.size(); ++at) {
    const int8_t code = CodeOf(floats[at], at);
    codes[at] = code;
    sum += code;
    squares += code * code;
  }
  biases_.At<int32_t>(ordinal) = compares_by_l2() ? squares + 2 * kShift * sum : kShift * sum;
}

// `codes` are the query's before they are shifted; `scale` turns whole numbers into ranks.
void ScalarCodes::SetScale(const int8_t* codes, float query_step, CodeQuery* query) const {
  query->offset = compares_by_l2()
                      ? static_cast<float>(kernels_.inner_product_i8(codes, codes, code_bytes_))
                      : 0;
  // It only makes ranks comparable with a query's others: those must not become infinite.
  query->scale = std::clamp(query_step * step_, kScaleMin, kScaleMax);
}

void ScalarCodes::Prepare(const VectorRef& vector, CodeQuery* query) const {
  std::vector<float>& floats = query->floats;
  ToElements(vector, &floats);
  query->bytes.assign(code_bytes_, 0);
  auto* const codes = reinterpret_cast<int8_t*>(query->bytes.data());
  float query_step = step_;
  if (metric_ == Metric::kInnerProduct) {
    // Nothing is subtracted from it, so it may have a step of its own.
    float size_max = 0;
    for (const float element : floats) size_max = std::max(size_max, std::abs(element));
    query_step = size_max > 0 ? size_max / kCodeMax : 1;
    for (size_t at = 0; at < floats.size(); ++at) {
      codes[at] = static_cast<int8_t>(std::lrintf(floats[at] / query_step));
    }
  } else {
    for (size_t at = 0; at < floats.size(); ++at) codes[at] = CodeOf(floats[at], at);
  }
  SetScale(codes, query_step, query);
  for (uint8_t& code : query->bytes) code ^= kShift;
}

void ScalarCodes::PrepareStored(uint32_t ordinal, CodeQuery* query) const {
  const auto* const codes = reinterpret_cast<const int8_t*>(codes_.Row(ordinal));
  SetScale(codes, step_, query);
  query->bytes.resize(code_bytes_);
  for (size_t at = 0; at < code_bytes_; ++at) {
    query->bytes[at] = static_cast<uint8_t>(codes[at]) ^ kShift;
  }
}

void ScalarCodes::Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
                       std::span<float> ranks) const {
  for (size_t first = 0; first < ordinals.size(); first += kBatch) {
    const size_t count = std::min(kBatch, ordinals.size() - first);
    const int8_t* codes[kBatch];
    int32_t products[kBatch];
    for (size_t at = 0; at < count; ++at) {
      const uint32_t ordinal = ordinals[first + at];
      codes[at] = reinterpret_cast<const int8_t*>(codes_.Row(ordinal));
      __builtin_prefetch(biases_.Row(ordinal));
    }
    if (metric_ == Metric::kL1) {
      // The query's bytes are shifted, not so the codes: 128 off each is a change of the sign bit.
      alignas(kLineBytes) int8_t shifted[kDimensionsMax + kLineBytes];
      for (size_t at = 0; at < code_bytes_; ++at) {
        shifted[at] = static_cast<int8_t>(query.bytes[at] ^ kShift);
      }
      for (size_t at = 0; at < count; ++at) {
        ranks[first + at] =
            static_cast<float>(kernels_.l1_i8(shifted, codes[at], code_bytes_)) * query.scale;
      }
      continue;
    }
    kernels_.inner_products_u8i8(query.bytes.data(), codes, count, code_bytes_, prefetch_distance_,
                                 products);
    for (size_t at = 0; at < count; ++at) {
      const int32_t bias = biases_.At<int32_t>(ordinals[first + at]);
      const int32_t steps = compares_by_l2() ? bias - 2 * products[at] : bias - products[at];
      ranks[first + at] = (static_cast<float>(steps) + query.offset) * query.scale;
    }
  }
}

}  // namespace helios::ann::internal
