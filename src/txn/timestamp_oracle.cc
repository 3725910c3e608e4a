#include "txn/timestamp_oracle.h"

#include <algorithm>

#include "base/check.h"

namespace helios::txn {
namespace {

// How far ahead of the clock the stored bound lies: one write to the log in this time.
constexpr Timestamp kBoundAhead = Timestamp{10'000} << TimestampOracle::kCounterBits;

}  // namespace

TimestampOracle::TimestampOracle(const sys::Clock& clock, Timestamp bound, StoreBound store_bound)
    : clock_(clock),
      store_bound_(std::move(store_bound)),
      last_(std::max<Timestamp>(bound, 1)),
      bound_(bound),
      stored_(last_),
      visible_(last_) {}

Result<Timestamp> TimestampOracle::Begin() {
  std::lock_guard lock(mutex_);
  const Timestamp now = FromUnixMicros(clock_.UnixMicros());
  const Timestamp next = std::max(last_ + 1, now);
  if (next >= bound_) {
    const Timestamp bound = next + kBoundAhead;
    HELIOS_TRY(store_bound_(bound));
    bound_ = bound;
  }
  HELIOS_CHECK(next > last_);
  last_ = next;
  flights_.push_back({next, State::kBegun});
  return next;
}

void TimestampOracle::MarkStored(Timestamp timestamp) { Advance({&timestamp, 1}, State::kStored); }

void TimestampOracle::Publish(Timestamp timestamp) { Advance({&timestamp, 1}, State::kPublished); }

void TimestampOracle::PublishAll(std::span<const Timestamp> timestamps) {
  Advance(timestamps, State::kPublished);
}

void TimestampOracle::Advance(std::span<const Timestamp> timestamps, State state) {
  {
    std::lock_guard lock(mutex_);
    for (const Timestamp timestamp : timestamps) {
      const auto flight = std::lower_bound(
          flights_.begin(), flights_.end(), timestamp,
          [](const Flight& flight, Timestamp sought) { return flight.timestamp < sought; });
      HELIOS_CHECK(flight != flights_.end() && flight->timestamp == timestamp);
      HELIOS_CHECK(flight->state < state);
      flight->state = state;
    }
    // After Stop only what has no writes is published, and nobody waits for it.
    if (stopped_) return;
    Timestamp stored = stored_.load(std::memory_order_relaxed);
    for (const Flight& next : flights_) {
      if (next.state == State::kBegun) break;
      stored = next.timestamp;
    }
    stored_.store(stored, std::memory_order_release);
    while (!flights_.empty() && flights_.front().state == State::kPublished) {
      visible_.store(flights_.front().timestamp, std::memory_order_release);
      flights_.pop_front();
    }
  }
  advanced_.notify_all();
}

void TimestampOracle::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    stored_.store(visible(), std::memory_order_release);
  }
  advanced_.notify_all();
}

void TimestampOracle::AwaitStored(Timestamp timestamp) {
  if (stored() >= timestamp) return;
  std::unique_lock lock(mutex_);
  advanced_.wait(lock, [&] { return stopped_ || stored() >= timestamp; });
}

bool TimestampOracle::AwaitVisible(Timestamp timestamp) {
  if (visible() >= timestamp) return true;
  std::unique_lock lock(mutex_);
  advanced_.wait(lock, [&] { return stopped_ || visible() >= timestamp; });
  return visible() >= timestamp;
}

bool TimestampOracle::AwaitAllStored() {
  std::unique_lock lock(mutex_);
  const Timestamp last = stored();
  advanced_.wait(lock, [&] { return stopped_ || visible() >= last; });
  return !stopped_;
}

}  // namespace helios::txn
