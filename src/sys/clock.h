#pragma once

#include <atomic>
#include <cstdint>

namespace helios::sys {

inline constexpr int64_t kMicrosPerMilli = 1'000;
inline constexpr int64_t kMicrosPerSecond = 1'000'000;
// A deadline that never comes.
inline constexpr int64_t kNoDeadline = INT64_MAX;

// Time. Everything above `sys` asks a Clock that it was given, so that tests and simulation decide
// what time it is.
//
// Thread safety: all calls, from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since an arbitrary moment; never goes back. For deadlines and durations.
  virtual int64_t MonotonicMicros() const = 0;
  // Microseconds since 1970-01-01 UTC, leap seconds not counted; may be set back by the operator.
  virtual int64_t UnixMicros() const = 0;
};

// The machine's clock. Lives as long as the process.
const Clock& SystemClock();

// A clock that moves when it is told to; both readings advance together.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t unix_us = 1'700'000'000 * kMicrosPerSecond)
      : unix_base_us_(unix_us) {}
  int64_t MonotonicMicros() const override { return elapsed_us_.load(); }
  int64_t UnixMicros() const override { return unix_base_us_ + elapsed_us_.load(); }
  void Advance(int64_t us) { elapsed_us_.fetch_add(us); }

 private:
  const int64_t unix_base_us_;
  std::atomic<int64_t> elapsed_us_{0};
};

}  // namespace helios::sys
