#pragma once

#include <cstdint>

namespace helios::sys::internal {

enum class Direction : uint8_t { kRead, kWrite };
enum class PollOutcome : uint8_t { kReady, kTimeout, kWoken };

// Waits until `fd` can be read or written (or has failed: the next call on it tells), until
// `wake_fd` (unless -1) can be read, or until the monotonic deadline.
PollOutcome PollFor(int fd, Direction direction, int wake_fd, int64_t deadline_us);

}  // namespace helios::sys::internal
