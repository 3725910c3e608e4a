#include "ann/metric.h"

#include <array>
#include <utility>

namespace helios::ann {
namespace {

constexpr std::array<std::pair<std::string_view, Metric>, 6> kNames = {{
    {"l2", Metric::kL2},
    {"ip", Metric::kInnerProduct},
    {"cosine", Metric::kCosine},
    {"l1", Metric::kL1},
    {"hamming", Metric::kHamming},
    {"jaccard", Metric::kJaccard},
}};

}  // namespace

bool HasMetric(ElementType type, Metric metric) {
  const bool is_of_bits = metric == Metric::kHamming || metric == Metric::kJaccard;
  return (type == ElementType::kBit) == is_of_bits;
}

Result<Metric> ParseMetric(std::string_view name) {
  for (const auto& [known, metric] : kNames) {
    if (known == name) return metric;
  }
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("unknown distance metric \"{}\"", name)
      .Hint("Metrics are l2, ip, cosine, l1, hamming and jaccard.");
}

std::string_view MetricName(Metric metric) { return kNames[static_cast<size_t>(metric)].first; }

}  // namespace helios::ann
