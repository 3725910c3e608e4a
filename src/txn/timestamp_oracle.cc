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
  flights_.push_back({next, false});
  return next;
}

void TimestampOracle::Publish(Timestamp timestamp) {
  bool advanced = false;
  {
    std::lock_guard lock(mutex_);
    const auto flight = std::lower_bound(
        flights_.begin(), flights_.end(), timestamp,
        [](const Flight& flight, Timestamp sought) { return flight.timestamp < sought; });
    HELIOS_CHECK(flight != flights_.end() && flight->timestamp == timestamp);
    HELIOS_CHECK(!flight->published);
    flight->published = true;
    while (!flights_.empty() && flights_.front().published) {
      visible_.store(flights_.front().timestamp, std::memory_order_release);
      flights_.pop_front();
      advanced = true;
    }
  }
  if (advanced) published_.notify_all();
}

void TimestampOracle::AwaitVisible(Timestamp timestamp) {
  if (visible() >= timestamp) return;
  std::unique_lock lock(mutex_);
  published_.wait(lock, [&] { return visible() >= timestamp; });
}

}  // namespace helios::txn
