#include "sys/clock.h"

#include <ctime>

namespace helios::sys {
namespace {

int64_t ReadMicros(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * kMicrosPerSecond + now.tv_nsec / 1000;
}

class MachineClock final : public Clock {
 public:
  int64_t MonotonicMicros() const override { return ReadMicros(CLOCK_MONOTONIC); }
  int64_t UnixMicros() const override { return ReadMicros(CLOCK_REALTIME); }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

}  // namespace helios::sys
