#include "ann/internal/centered_codes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ann/internal/ivf_train.h"

namespace helios::ann::internal {
namespace {

constexpr uint32_t kFewCenters = 16;

}  // namespace

void CenteredCodes::ToElements(const VectorRef& vector, std::vector<float>* floats) const {
  ToFloats(vector, floats);
  if (metric_ == Metric::kCosine) Normalize(floats);
}

Centers CenteredCodes::FewCenters(std::span<const VectorRef> sample) const {
  std::vector<float> all;
  std::vector<float> floats;
  for (const VectorRef& vector : sample) {
    ToElements(vector, &floats);
    all.insert(all.end(), floats.begin(), floats.end());
  }
  return Centers(TrainCenters(all, shape_.dimension_count, kFewCenters, {}),
                 shape_.dimension_count);
}

std::string CenteredCodes::Trained() const {
  const uint32_t count = centers_.count();
  std::string bytes(reinterpret_cast<const char*>(&count), sizeof(count));
  for (const std::span<const float> floats : {centers_.values(), TrainedCodes()}) {
    bytes.append(reinterpret_cast<const char*>(floats.data()), floats.size_bytes());
  }
  return bytes;
}

bool CenteredCodes::SetTrained(std::string_view bytes) {
  uint32_t count = 0;
  if (bytes.size() < sizeof(count) || bytes.size() % sizeof(float) != 0) return false;
  std::memcpy(&count, bytes.data(), sizeof(count));
  std::vector<float> floats(bytes.size() / sizeof(float) - 1);
  std::memcpy(floats.data(), bytes.data() + sizeof(count), bytes.size() - sizeof(count));
  const size_t value_count = size_t{count} * shape_.dimension_count;
  const bool fits = count > 0 && count <= kCenterCountMax && value_count <= floats.size();
  const auto is_finite = [](float value) { return std::isfinite(value); };
  if (!fits || !std::ranges::all_of(floats, is_finite)) return false;
  const auto codes_begin = floats.begin() + static_cast<std::ptrdiff_t>(value_count);
  const std::vector<float> of_codes(codes_begin, floats.end());
  floats.resize(value_count);
  SetCenters(Centers(std::move(floats), shape_.dimension_count));
  return SetTrainedCodes(of_codes);
}

void CenteredCodes::Encode(uint32_t ordinal, const VectorRef& vector) {
  std::vector<float> floats;
  std::vector<float> squares;
  ToElements(vector, &floats);
  centers_.Squares(floats, &squares);
  EncodeElements(ordinal, floats, LeastOf(squares));
}

void CenteredCodes::EncodeAt(uint32_t ordinal, const VectorRef& vector, uint32_t center) {
  std::vector<float> floats;
  ToElements(vector, &floats);
  EncodeElements(ordinal, floats, center);
}

void CenteredCodes::Prepare(const VectorRef& vector, CodeQuery* query) const {
  ToElements(vector, &query->floats);
  centers_.Squares(query->floats, &query->center_squares);
  PrepareAt(vector, query);
}

void CenteredCodes::PrepareAt(const VectorRef& vector, CodeQuery* query) const {
  HELIOS_CHECK(query->center_squares.size() == centers_.count());
  std::vector<float> floats;
  ToElements(vector, &floats);
  query->center_ranks.resize(centers_.count());
  float square = 0;
  for (const float value : floats) square += value * value;
  for (uint32_t center = 0; center < centers_.count(); ++center) {
    const float distance = query->center_squares[center];
    query->center_ranks[center] = is_product() ? (distance - square - centers_.square(center)) / 2
                                               : square_factor() * distance;
  }
  PrepareElements(floats, query);
}

}  // namespace helios::ann::internal
