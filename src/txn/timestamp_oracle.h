#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

#include "base/ids.h"
#include "base/status.h"
#include "sys/clock.h"

namespace helios::txn {

// Gives out commit timestamps and says up to which one everything is visible.
//
// A timestamp is hybrid: milliseconds since 1970 in the high 46 bits, a counter in the low 18. They
// only rise, also across restarts: an upper bound is stored before any timestamp below it is used,
// and a restarted oracle begins at the bound.
//
// Thread safety: all calls, from any thread.
class TimestampOracle {
 public:
  // Stores a new bound. It must reach the log before whatever is written under a timestamp below
  // it; it need not be synced, because those writes then vanish with it.
  using StoreBound = std::function<Status(Timestamp bound)>;

  // `bound`: the one last stored, or 0.
  TimestampOracle(const sys::Clock& clock, Timestamp bound, StoreBound store_bound);

  // A timestamp above all before, in flight until Publish: nothing at or above it becomes visible.
  Result<Timestamp> Begin();
  // Ends the flight of a timestamp: its writes are stored, or there are none.
  void Publish(Timestamp timestamp);
  // Waits until everything up to `timestamp` is visible. Requires: it was published.
  void AwaitVisible(Timestamp timestamp);

  // Every commit up to here is stored; none below will ever be added.
  Timestamp visible() const { return visible_.load(std::memory_order_acquire); }

  static constexpr int kCounterBits = 18;
  static Timestamp FromUnixMicros(int64_t us) {
    return static_cast<Timestamp>(us / 1000) << kCounterBits;
  }

 private:
  const sys::Clock& clock_;
  const StoreBound store_bound_;
  std::mutex mutex_;
  std::condition_variable published_;
  // In flight or published out of order, ascending; the front is in flight.
  struct Flight {
    Timestamp timestamp;
    bool published;
  };
  std::deque<Flight> flights_;
  Timestamp last_;   // The highest given out.
  Timestamp bound_;  // Timestamps below may be given out.
  std::atomic<Timestamp> visible_;
};

}  // namespace helios::txn
