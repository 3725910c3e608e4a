#include "ann/internal/product_codes.h"

#include <algorithm>
#include <cmath>

#include "ann/internal/ivf_train.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kRowUnit = 4;

size_t RoundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

ProductCodes::ProductCodes(VectorShape shape, Metric metric, uint32_t part_count, uint64_t seed)
    : CenteredCodes(shape, metric),
      part_count_(part_count),
      part_length_((shape.dimension_count + part_count - 1) / part_count),
      seed_(seed),
      rows_(sizeof(Row) + RoundUp(part_count, kRowUnit)) {
  HELIOS_CHECK(part_count > 0 && part_count <= shape.dimension_count);
}

const float* ProductCodes::Column(size_t part, size_t dimension) const {
  return codewords_.data() + (part * part_length_ + dimension) * kCodewordCount;
}

void ProductCodes::TrainCodes(std::span<const VectorRef> sample) {
  const size_t padded_count = part_count_ * part_length_;
  std::vector<float> differences;
  std::vector<float> floats;
  std::vector<float> squares;
  for (const VectorRef& vector : sample) {
    ToElements(vector, &floats);
    centers().Squares(floats, &squares);
    const std::span<const float> center = centers().At(LeastOf(squares));
    for (size_t at = 0; at < floats.size(); ++at) floats[at] -= center[at];
    floats.resize(padded_count, 0);
    differences.insert(differences.end(), floats.begin(), floats.end());
  }
  const std::vector<float> trained =
      TrainCodewords(differences, padded_count, part_count_, {.seed = seed_});
  codewords_.resize(trained.size());
  for (size_t part = 0; part < part_count_; ++part) {
    for (size_t codeword = 0; codeword < kCodewordCount; ++codeword) {
      const float* const from = trained.data() + (part * kCodewordCount + codeword) * part_length_;
      for (size_t at = 0; at < part_length_; ++at) {
        codewords_[(part * part_length_ + at) * kCodewordCount + codeword] = from[at];
      }
    }
  }
}

void ProductCodes::EncodeElements(uint32_t ordinal, std::span<const float> elements,
                                  uint32_t center) {
  const std::span<const float> point = centers().At(center);
  auto* const bytes = reinterpret_cast<uint8_t*>(rows_.Row(ordinal) + sizeof(Row));
  double alone = 0;
  std::vector<float> distances(kCodewordCount);
  for (size_t part = 0; part < part_count_; ++part) {
    std::fill(distances.begin(), distances.end(), 0.0f);
    const size_t first = part * part_length_;
    for (size_t at = 0; at < part_length_ && first + at < elements.size(); ++at) {
      const float element = elements[first + at] - point[first + at];
      const float* const column = Column(part, at);
      for (size_t codeword = 0; codeword < kCodewordCount; ++codeword) {
        const float difference = element - column[codeword];
        distances[codeword] += difference * difference;
      }
    }
    const uint32_t nearest = LeastOf(distances);
    bytes[part] = static_cast<uint8_t>(nearest);
    for (size_t at = 0; at < part_length_ && first + at < elements.size(); ++at) {
      const double element = Column(part, at)[nearest];
      alone += element * element + 2 * element * point[first + at];
    }
  }
  auto& row = rows_.At<Row>(ordinal);
  row.center = center;
  row.rank = is_product() ? 0 : static_cast<float>(square_factor() * alone);
}

std::optional<size_t> ProductCodes::FindBadArray(uint32_t ordinal) const {
  const auto& row = rows_.At<Row>(ordinal);
  if (std::isfinite(row.rank) && row.center < centers().count()) return std::nullopt;
  return 0;
}

bool ProductCodes::SetTrainedCodes(std::span<const float> floats) {
  if (floats.size() != part_count_ * part_length_ * kCodewordCount) return false;
  codewords_.assign(floats.begin(), floats.end());
  return true;
}

void ProductCodes::PrepareElements(std::span<const float> elements, CodeQuery* query) const {
  query->floats.assign(part_count_ * kCodewordCount, 0);
  for (size_t part = 0; part < part_count_; ++part) {
    float* const products = query->floats.data() + part * kCodewordCount;
    const size_t first = part * part_length_;
    for (size_t at = 0; at < part_length_ && first + at < elements.size(); ++at) {
      const float element = elements[first + at];
      const float* const column = Column(part, at);
      for (size_t codeword = 0; codeword < kCodewordCount; ++codeword) {
        products[codeword] += element * column[codeword];
      }
    }
  }
  query->scale = is_product() ? -1 : -2 * square_factor();
}

void ProductCodes::PrepareStored(uint32_t ordinal, CodeQuery* query) const {
  const std::span<const float> point = centers().At(rows_.At<Row>(ordinal).center);
  const uint8_t* const bytes = BytesOf(ordinal);
  std::vector<float> floats(point.begin(), point.end());
  for (size_t at = 0; at < floats.size(); ++at) {
    const size_t part = at / part_length_;
    floats[at] += Column(part, at % part_length_)[bytes[part]];
  }
  centers().Squares(floats, &query->center_squares);
  PrepareAt(Float32Vector(floats), query);
}

void ProductCodes::Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
                        std::span<float> ranks) const {
  for (size_t at = 0; at < ordinals.size(); ++at) {
    if (at + prefetch_distance_ < ordinals.size()) {
      __builtin_prefetch(rows_.Row(ordinals[at + prefetch_distance_]));
    }
    const uint8_t* const bytes = BytesOf(ordinals[at]);
    const float* products = query.floats.data();
    float even = 0;
    float odd = 0;
    uint32_t part = 0;
    for (; part + 1 < part_count_; part += 2, products += 2 * kCodewordCount) {
      even += products[bytes[part]];
      odd += products[kCodewordCount + bytes[part + 1]];
    }
    if (part < part_count_) even += products[bytes[part]];
    const auto& row = rows_.At<Row>(ordinals[at]);
    // Of huge values the terms are infinite, and nothing infinite would be found.
    ranks[at] = FiniteRank(row.rank + query.center_ranks[row.center] + query.scale * (even + odd));
  }
}

}  // namespace helios::ann::internal
