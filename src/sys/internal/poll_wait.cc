#include "sys/internal/poll_wait.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "sys/clock.h"

namespace helios::sys::internal {

PollOutcome PollFor(int fd, Direction direction, int wake_fd, int64_t deadline_us) {
  pollfd fds[2] = {{fd, static_cast<short>(direction == Direction::kRead ? POLLIN : POLLOUT), 0},
                   {wake_fd, POLLIN, 0}};
  while (true) {
    timespec timeout;
    timespec* timeout_or_forever = nullptr;
    if (deadline_us != kNoDeadline) {
      const int64_t left_us = std::max<int64_t>(0, deadline_us - SystemClock().MonotonicMicros());
      timeout = {.tv_sec = left_us / kMicrosPerSecond,
                 .tv_nsec = left_us % kMicrosPerSecond * 1000};
      timeout_or_forever = &timeout;
    }
    const int count = ppoll(fds, wake_fd < 0 ? 1 : 2, timeout_or_forever, nullptr);
    if (count < 0) {
      HELIOS_CHECK(errno == EINTR || errno == ENOMEM);
      continue;
    }
    if (count == 0) return PollOutcome::kTimeout;
    if (fds[0].revents != 0) return PollOutcome::kReady;
    return PollOutcome::kWoken;
  }
}

}  // namespace helios::sys::internal
