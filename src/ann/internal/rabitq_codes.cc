#include "ann/internal/rabitq_codes.h"

#include <algorithm>
#include <cmath>

#include "ann/distance.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kWordBits = 64;
constexpr size_t kPlaneCount = 6;
constexpr int kQueryMax = (1 << kPlaneCount) - 1;
constexpr size_t kBatch = 64;

}  // namespace

RabitqCodes::RabitqCodes(VectorShape shape, Metric metric, uint64_t seed)
    : CenteredCodes(shape, metric),
      kernels_(BestKernels()),
      rotation_(shape.dimension_count, seed),
      word_count_(rotation_.padded_count() / kWordBits),
      plane_words_((word_count_ + kPlaneWords - 1) / kPlaneWords * kPlaneWords),
      rows_(sizeof(Row) + word_count_ * sizeof(uint64_t)) {}

void RabitqCodes::EncodeElements(uint32_t ordinal, std::span<const float> elements,
                                 uint32_t center) {
  const std::span<const float> point = centers().At(center);
  const std::span<const float> mean = centers().mean();
  std::vector<float> difference(elements.size());
  std::vector<float> shift(elements.size());
  double product_with_center = 0;
  for (size_t at = 0; at < elements.size(); ++at) {
    difference[at] = elements[at] - point[at];
    shift[at] = point[at] - mean[at];
    product_with_center += static_cast<double>(difference[at]) * point[at];
  }
  rotation_.Apply(&difference);
  rotation_.Apply(&shift);
  auto& row = rows_.At<Row>(ordinal);
  auto* const words = reinterpret_cast<uint64_t*>(rows_.Row(ordinal) + sizeof(Row));
  std::fill_n(words, word_count_, uint64_t{0});
  double squares = 0;
  double sizes = 0;
  double shifted = 0;
  uint16_t bit_count = 0;
  for (size_t at = 0; at < difference.size(); ++at) {
    const bool is_positive = difference[at] > 0;
    squares += static_cast<double>(difference[at]) * difference[at];
    sizes += std::abs(difference[at]);
    shifted += is_positive ? shift[at] : -shift[at];
    if (!is_positive) continue;
    words[at / kWordBits] |= uint64_t{1} << (at % kWordBits);
    ++bit_count;
  }
  const double scale = sizes > 0 ? squares / sizes : 0;
  const auto count = static_cast<double>(difference.size());
  const double cosine_square = squares > 0 ? sizes * sizes / (count * squares) : 1;
  const double spread = std::sqrt(std::max(1 / cosine_square - 1, 0.0) / (count - 1));
  // |v - q|^2 = |d|^2 + |q - c|^2 - 2 <d, q - c>, and <v, q> = <d, q - c> + <d, c> + <c, q>.
  const double factor = is_product() ? 1 : 2 * static_cast<double>(square_factor());
  const double alone = is_product() ? -product_with_center : square_factor() * squares;
  // What overflows is far from everything, but has to be found and saved like the rest.
  row = {.rank = FiniteRank(static_cast<float>(alone + factor * scale * shifted)),
         .factor = FiniteRank(static_cast<float>(-factor * scale)),
         .error = FiniteRank(static_cast<float>(factor * std::sqrt(squares) * spread)),
         .center = static_cast<uint16_t>(center),
         .bit_count = bit_count};
}

std::optional<size_t> RabitqCodes::FindBadArray(uint32_t ordinal) const {
  const auto& row = rows_.At<Row>(ordinal);
  const bool is_finite =
      std::isfinite(row.rank) && std::isfinite(row.factor) && std::isfinite(row.error);
  if (is_finite && row.center < centers().count()) return std::nullopt;
  return 0;
}

void RabitqCodes::PrepareElements(std::span<const float> elements, CodeQuery* query) const {
  const std::span<const float> mean = centers().mean();
  std::vector<float>& floats = query->floats;
  floats.resize(elements.size());
  for (size_t at = 0; at < elements.size(); ++at) floats[at] = elements[at] - mean[at];
  rotation_.Apply(&floats);
  const auto [least, most] = std::minmax_element(floats.begin(), floats.end());
  const float low = *least;
  const float step = *most > low ? (*most - low) / kQueryMax : 1;
  query->planes.assign(plane_words_ * kPlaneCount, 0);
  float sum = 0;
  for (size_t at = 0; at < floats.size(); ++at) {
    const long value = std::lrintf((floats[at] - low) / step);
    sum += low + step * static_cast<float>(value);
    for (size_t plane = 0; plane < kPlaneCount; ++plane) {
      query->planes[plane * plane_words_ + at / kWordBits] |=
          static_cast<uint64_t>(value >> plane & 1) << (at % kWordBits);
    }
  }
  // sum(s * p) = 2 * (p of the bits that are set) - sum(p), with p = low + step * value.
  query->scale = 2 * step;
  query->offset = sum;
  query->low = 2 * low;
  // What rounding takes from each element is spread evenly over a step.
  constexpr float kEvenVariance = 1.0f / 12;
  query->error = step * std::sqrt(kEvenVariance * static_cast<float>(floats.size()));
}

void RabitqCodes::PrepareStored(uint32_t ordinal, CodeQuery* query) const {
  const auto& row = rows_.At<Row>(ordinal);
  const uint64_t* const words = WordsOf(ordinal);
  std::vector<float> signs(rotation_.padded_count());
  const float factor = -row.factor / (is_product() ? 1 : 2 * square_factor());
  for (size_t at = 0; at < signs.size(); ++at) {
    signs[at] = (words[at / kWordBits] >> (at % kWordBits) & 1) != 0 ? factor : -factor;
  }
  rotation_.Undo(&signs);
  const std::span<const float> point = centers().At(row.center);
  signs.resize(point.size());
  for (size_t at = 0; at < point.size(); ++at) signs[at] += point[at];
  centers().Squares(signs, &query->center_squares);
  PrepareAt(Float32Vector(signs), query);
}

template <bool kWithErrors>
void RabitqCodes::RankAll(const CodeQuery& query, std::span<const uint32_t> ordinals,
                          std::span<float> ranks, std::span<float> errors) const {
  for (size_t first = 0; first < ordinals.size(); first += kBatch) {
    const size_t count = std::min(kBatch, ordinals.size() - first);
    const uint64_t* codes[kBatch];
    uint32_t products[kBatch];
    for (size_t at = 0; at < count; ++at) codes[at] = WordsOf(ordinals[first + at]);
    kernels_.plane_products(query.planes.data(), kPlaneCount, plane_words_, codes, count,
                            word_count_, prefetch_distance_, products);
    for (size_t at = 0; at < count; ++at) {
      const auto& row = rows_.At<Row>(ordinals[first + at]);
      const float sum = query.scale * static_cast<float>(products[at]) +
                        query.low * static_cast<float>(row.bit_count) - query.offset;
      const float rank = row.rank + query.center_ranks[row.center] + row.factor * sum;
      if constexpr (kWithErrors) {
        ranks[first + at] = rank;
        errors[first + at] = row.error * std::sqrt(query.center_squares[row.center]) +
                             std::abs(row.factor) * query.error;
      } else {
        ranks[first + at] = FiniteRank(rank);
      }
    }
  }
}

void RabitqCodes::Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
                       std::span<float> ranks) const {
  RankAll<false>(query, ordinals, ranks, {});
}

void RabitqCodes::RankWithErrors(const CodeQuery& query, std::span<const uint32_t> ordinals,
                                 std::span<float> ranks, std::span<float> errors) const {
  RankAll<true>(query, ordinals, ranks, errors);
}

}  // namespace helios::ann::internal
