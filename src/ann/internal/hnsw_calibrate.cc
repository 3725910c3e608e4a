#include <algorithm>
#include <limits>
#include <vector>

#include "ann/internal/hnsw_impl.h"
#include "sys/clock.h"
#include "sys/randomness.h"

namespace helios::ann {
namespace {

constexpr size_t kSampleCount = 2048;
constexpr size_t kBatch = 32;  // As a walk ranks the neighbours of a node.
constexpr size_t kWalkCount = 16;
constexpr size_t kShortList = 32;
constexpr size_t kLongList = 128;
// As where a filter lets few through, but not so few that the scan is short anyway.
constexpr uint32_t kScanStride = 16;
constexpr size_t kPrefetchDistances[] = {2, 4, 6, 8, 12, 16, 24};
// Each cost is the median of several short measurements: where others want the processor too, some
// of them last many times as long, and a wrong cost would make every later search choose wrongly.
constexpr size_t kTryCount = 9;

template <typename Body>
double NanosOf(const Body& body) {
  constexpr double kNanosPerMicro = 1000;
  const int64_t start_us = sys::SystemClock().MonotonicMicros();
  body();
  return static_cast<double>(sys::SystemClock().MonotonicMicros() - start_us) * kNanosPerMicro;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The one with which scattered codes, as walks rank them, take least.
void ChoosePrefetchDistance(uint32_t count, const internal::CodeQuery& query, sys::Random* random,
                            internal::Codes* codes) {
  std::vector<uint32_t> scattered(kSampleCount);
  std::vector<float> ranks(kSampleCount);
  double best_ns = std::numeric_limits<double>::infinity();
  size_t best_distance = kPrefetchDistances[0];
  for (const size_t distance : kPrefetchDistances) {
    codes->SetPrefetchDistance(distance);
    std::vector<double> tries;
    for (size_t number = 0; number < kTryCount; ++number) {
      // Others each time, or the first try would warm the caches for the next.
      for (uint32_t& ordinal : scattered) ordinal = static_cast<uint32_t>(random->Below(count));
      tries.push_back(NanosOf([&] {
        for (size_t at = 0; at < kSampleCount; at += kBatch) {
          codes->Rank(query, std::span(scattered).subspan(at, kBatch), ranks);
        }
      }));
    }
    const double ns = Median(std::move(tries));
    if (ns >= best_ns) continue;
    best_ns = ns;
    best_distance = distance;
  }
  codes->SetPrefetchDistance(best_distance);
}

}  // namespace

// Some milliseconds. What comes out decides how long searches take, never what they may return.
void HnswIndex::Impl::Calibrate() {
  const uint32_t count = ordinal_count();
  const uint32_t entry = graph_.entry();
  if (entry == internal::kNoOrdinal || count < kSampleCount) return;
  const internal::ScratchPool::Lease scratch = scratches_.Take();
  codes_->PrepareStored(entry, &scratch->query);
  sys::Random random(options_.seed);
  std::vector<uint32_t> scattered(kSampleCount);
  std::vector<float> ranks(kSampleCount);

  ChoosePrefetchDistance(count, scratch->query, &random, codes_.get());

  internal::Costs costs;
  const uint32_t stride =
      std::max<uint32_t>(1, std::min<uint32_t>(kScanStride, count / kSampleCount));
  std::vector<double> scans;
  for (size_t number = 0; number < kTryCount; ++number) {
    const auto first = static_cast<uint32_t>(random.Below(count - stride * (kSampleCount - 1)));
    for (uint32_t at = 0; at < kSampleCount; ++at) scattered[at] = first + at * stride;
    scans.push_back(NanosOf([&] { codes_->Rank(scratch->query, scattered, ranks); }));
  }
  costs.scan_ns = std::max(Median(std::move(scans)) / kSampleCount, 1.0);

  std::vector<double> walks;  // Nanoseconds for each distance of one.
  const Filter all;
  const internal::PassTest passes(all, live_, duplicates_);
  const auto distances_of = [&](size_t ef) {
    // Never given up for a scan: of so many it would take for ever.
    const internal::FilteredPace pace(costs, 1, ef, 1, std::numeric_limits<uint32_t>::max());
    uint64_t distance_count = 0;
    internal::Patience patience;
    for (size_t at = 0; at < kWalkCount; ++at) {
      codes_->PrepareStored(static_cast<uint32_t>(random.Below(count)), &scratch->query);
      scratch->visited.Reset(count);
      scratch->distance_count = 0;
      internal::Walk walk(graph_, *codes_, scratch->query, &*scratch);
      const double ns = NanosOf([&] {
        walk.FindPassing(walk.Descend(walk.Start(entry), graph_.LevelOf(entry), 0), pace, passes,
                         &patience);
      });
      walks.push_back(ns / static_cast<double>(std::max<uint64_t>(scratch->distance_count, 1)));
      distance_count += scratch->distance_count;
    }
    return static_cast<double>(distance_count) / kWalkCount;
  };
  const double few = distances_of(kShortList);
  const double many = distances_of(kLongList);
  costs.walk_distance_ns = std::max(Median(std::move(walks)), 1.0);
  costs.walk_distances_each = std::max(many - few, 1.0) / (kLongList - kShortList);
  costs.walk_distances_base = std::max(few - costs.walk_distances_each * kShortList, 0.0);
  planner_.SetCosts(costs);
}

}  // namespace helios::ann
