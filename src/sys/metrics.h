#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace helios::sys {

// What only grows. Thread safety: all calls, from any thread; one relaxed addition.
class Counter {
 public:
  void Add(uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// What goes up and down.
class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t delta) { value_.fetch_add(delta, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// How durations are distributed: buckets whose bounds double from 1 µs (the name ends in _seconds).
class Histogram {
 public:
  // Bounds 1 µs, 2 µs, ... 2^26 µs (67 s), then all the rest.
  static constexpr size_t kBoundCount = 27;
  void ObserveMicros(int64_t us);
  uint64_t count() const;

 private:
  friend class MetricsRegistry;
  std::atomic<uint64_t> buckets_[kBoundCount + 1] = {};
  std::atomic<uint64_t> sum_us_{0};
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// The metrics of a process, written out in Prometheus' text format 0.0.4.
//
// Thread safety: all calls, from any thread. Lifetime: metrics live as long as the registry.
class MetricsRegistry {
 public:
  // The same name and labels give the same metric; a name has one kind and one help text.
  Counter& AddCounter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& AddGauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  Histogram& AddHistogram(std::string_view name, std::string_view help, MetricLabels labels = {});
  // Asked whenever somebody looks: for values that are kept elsewhere. Thread-safe, quick; it
  // outlives the registry or is removed by RemoveCallbacks(owner).
  void AddCallback(std::string_view name, std::string_view help, const void* owner,
                   std::function<double()> value, MetricLabels labels = {});
  void RemoveCallbacks(const void* owner);

  std::string Expose() const;

 private:
  enum class Kind : uint8_t { kCounter, kGauge, kHistogram, kCallback };
  struct Metric {
    std::string labels;  // As exposed, without braces: a="b",c="d"
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> callback;
    const void* owner = nullptr;
  };
  struct Family {
    std::string name;
    std::string help;
    Kind kind;
    std::vector<std::unique_ptr<Metric>> metrics;
  };
  Metric& FindOrAdd(std::string_view name, std::string_view help, Kind kind,
                    const MetricLabels& labels);
  static void ExposeFamily(const Family& family, std::string* out);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;
};

// The process's registry.
MetricsRegistry& Metrics();

}  // namespace helios::sys
