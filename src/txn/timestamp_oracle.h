#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>

#include "base/ids.h"
#include "base/status.h"
#include "sys/clock.h"

namespace helios::txn {

// Gives out commit timestamps and says up to which one everything is stored, and up to which one it
// is durable too and so visible to all (ADR 23).
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
  // Its writes are stored, but not durable yet.
  void MarkStored(Timestamp timestamp);
  // Ends the flight of a timestamp: its writes are stored and durable, or there are none.
  void Publish(Timestamp timestamp);
  // The same of many at once.
  void PublishAll(std::span<const Timestamp> timestamps);
  // Nobody knows what is durable of that which is in flight: nothing of it becomes visible any
  // more.
  void Stop();
  // Waits until everything up to `timestamp` is stored. Requires: it was marked or published.
  void AwaitStored(Timestamp timestamp);
  // Waits until everything up to `timestamp` is visible; false: Stop came before. Requires: what is
  // in flight up to there will be published, or Stop called.
  bool AwaitVisible(Timestamp timestamp);
  // Waits until all that is stored now is visible; false: there was a Stop, and whoever has read at
  // stored() before may have seen what is lost.
  bool AwaitAllStored();

  // Every commit up to here is stored; none below will ever be added. Never below visible().
  Timestamp stored() const { return stored_.load(std::memory_order_acquire); }
  // As stored(), and all of it is durable.
  Timestamp visible() const { return visible_.load(std::memory_order_acquire); }

  static constexpr int kCounterBits = 18;
  static Timestamp FromUnixMicros(int64_t us) {
    return static_cast<Timestamp>(us / 1000) << kCounterBits;
  }

 private:
  enum class State : uint8_t { kBegun, kStored, kPublished };
  void Advance(std::span<const Timestamp> timestamps, State state);

  const sys::Clock& clock_;
  const StoreBound store_bound_;
  std::mutex mutex_;
  std::condition_variable advanced_;
  // In flight or published out of order, ascending; the front is in flight.
  struct Flight {
    Timestamp timestamp;
    State state;
  };
  std::deque<Flight> flights_;
  bool stopped_ = false;
  Timestamp last_;   // The highest given out.
  Timestamp bound_;  // Timestamps below may be given out.
  std::atomic<Timestamp> stored_;
  std::atomic<Timestamp> visible_;
};

}  // namespace helios::txn
