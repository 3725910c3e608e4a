#include "sys/metrics.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace helios::sys {
namespace {

std::string FormatLabels(const MetricLabels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text.push_back(',');
    text += name;
    text += "=\"";
    for (const char c : value) {
      if (c == '\n') {
        text += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') text.push_back('\\');
      text.push_back(c);
    }
    text.push_back('"');
  }
  return text;
}

std::string WithLabels(std::string_view name, const std::string& labels) {
  return labels.empty() ? std::string(name) : fmt::format("{}{{{}}}", name, labels);
}

}  // namespace

void Histogram::ObserveMicros(int64_t us) {
  const uint64_t value = static_cast<uint64_t>(std::max<int64_t>(us, 0));
  // The first bound that is not below the value: bounds are powers of two.
  const size_t index = value <= 1 ? 0 : static_cast<size_t>(std::bit_width(value - 1));
  buckets_[std::min(index, kBoundCount)].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(value, std::memory_order_relaxed);
}

uint64_t Histogram::count() const {
  uint64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  return total;
}

MetricsRegistry::Metric& MetricsRegistry::FindOrAdd(std::string_view name, std::string_view help,
                                                    Kind kind, const MetricLabels& labels) {
  Family* family = nullptr;
  for (const auto& known : families_) {
    if (known->name == name) family = known.get();
  }
  if (family == nullptr) {
    families_.push_back(std::make_unique<Family>());
    family = families_.back().get();
    family->name = name;
    family->help = help;
    family->kind = kind;
  }
  HELIOS_CHECK(family->kind == kind);
  const std::string text = FormatLabels(labels);
  for (const auto& known : family->metrics) {
    if (known->labels == text) return *known;
  }
  family->metrics.push_back(std::make_unique<Metric>());
  family->metrics.back()->labels = text;
  return *family->metrics.back();
}

Counter& MetricsRegistry::AddCounter(std::string_view name, std::string_view help,
                                     MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  Metric& metric = FindOrAdd(name, help, Kind::kCounter, labels);
  if (metric.counter == nullptr) metric.counter = std::make_unique<Counter>();
  return *metric.counter;
}

Gauge& MetricsRegistry::AddGauge(std::string_view name, std::string_view help,
                                 MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  Metric& metric = FindOrAdd(name, help, Kind::kGauge, labels);
  if (metric.gauge == nullptr) metric.gauge = std::make_unique<Gauge>();
  return *metric.gauge;
}

Histogram& MetricsRegistry::AddHistogram(std::string_view name, std::string_view help,
                                         MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  Metric& metric = FindOrAdd(name, help, Kind::kHistogram, labels);
  if (metric.histogram == nullptr) metric.histogram = std::make_unique<Histogram>();
  return *metric.histogram;
}

void MetricsRegistry::AddCallback(std::string_view name, std::string_view help, const void* owner,
                                  std::function<double()> value, MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  Metric& metric = FindOrAdd(name, help, Kind::kCallback, labels);
  metric.owner = owner;
  metric.callback = std::move(value);
}

void MetricsRegistry::RemoveCallbacks(const void* owner) {
  const std::lock_guard lock(mutex_);
  for (const auto& family : families_) {
    std::erase_if(family->metrics, [owner](const auto& metric) {
      return metric->callback != nullptr && metric->owner == owner;
    });
  }
}

void MetricsRegistry::ExposeFamily(const Family& family, std::string* out) {
  const char* const kind = family.kind == Kind::kCounter     ? "counter"
                           : family.kind == Kind::kHistogram ? "histogram"
                                                             : "gauge";
  *out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name, kind);
  for (const auto& metric : family.metrics) {
    const std::string name = WithLabels(family.name, metric->labels);
    switch (family.kind) {
      case Kind::kCounter:
        *out += fmt::format("{} {}\n", name, metric->counter->value());
        break;
      case Kind::kGauge:
        *out += fmt::format("{} {}\n", name, metric->gauge->value());
        break;
      case Kind::kCallback:
        *out += fmt::format("{} {}\n", name, metric->callback());
        break;
      case Kind::kHistogram: {
        const std::string comma = metric->labels.empty() ? "" : metric->labels + ",";
        uint64_t total = 0;
        for (size_t i = 0; i <= Histogram::kBoundCount; ++i) {
          total += metric->histogram->buckets_[i].load(std::memory_order_relaxed);
          const std::string bound =
              i == Histogram::kBoundCount
                  ? "+Inf"
                  : fmt::format("{}", static_cast<double>(uint64_t{1} << i) / 1e6);
          *out += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", family.name, comma, bound, total);
        }
        const double sum_seconds =
            static_cast<double>(metric->histogram->sum_us_.load(std::memory_order_relaxed)) / 1e6;
        *out +=
            fmt::format("{} {}\n", WithLabels(family.name + "_sum", metric->labels), sum_seconds);
        *out += fmt::format("{} {}\n", WithLabels(family.name + "_count", metric->labels), total);
        break;
      }
    }
  }
}

std::string MetricsRegistry::Expose() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& family : families_) {
    if (!family->metrics.empty()) ExposeFamily(*family, &text);
  }
  return text;
}

MetricsRegistry& Metrics() {
  // Never destroyed: counters are touched until the very end.
  static auto* const registry = new MetricsRegistry;
  return *registry;
}

}  // namespace helios::sys
