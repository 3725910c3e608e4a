#include "sys/stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "sys/internal/poll_wait.h"

namespace helios::sys {

using internal::Direction;
using internal::PollFor;
using internal::PollOutcome;

Status ConnectionError(std::string_view what, int error_number) {
  return Error(ErrorCode::kConnectionFailure)
      .Message("could not {} client: {}", what, std::strerror(error_number));
}

Result<ReadResult> PlainStream::Read(char* to, size_t byte_count_max, int64_t deadline_us) {
  return Receive(to, byte_count_max, 0, deadline_us);
}

Result<ReadResult> PlainStream::Peek(char* to, size_t byte_count_max, int64_t deadline_us) {
  return Receive(to, byte_count_max, MSG_PEEK, deadline_us);
}

Result<ReadResult> PlainStream::Receive(char* to, size_t byte_count_max, int flags,
                                        int64_t deadline_us) {
  while (true) {
    if (is_drained_) {
      switch (PollFor(fd(), Direction::kRead, wake_fd_, deadline_us)) {
        case PollOutcome::kReady:
          break;
        case PollOutcome::kTimeout:
          return ReadResult{ReadOutcome::kTimeout};
        case PollOutcome::kWoken:
          return ReadResult{ReadOutcome::kWoken};
      }
    }
    const ssize_t received = recv(fd(), to, byte_count_max, flags);
    is_drained_ = received < 0 ? errno == EAGAIN
                               : static_cast<size_t>(received) < byte_count_max && flags == 0;
    if (received > 0) {
      return ReadResult{ReadOutcome::kBytes, static_cast<size_t>(received)};
    }
    if (received == 0) return ReadResult{ReadOutcome::kEnd};
    if (errno != EAGAIN && errno != EINTR) return ConnectionError("receive data from", errno);
  }
}

Status PlainStream::Write(std::string_view bytes, int64_t deadline_us) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return ConnectionError("send data to", errno);
    if (PollFor(fd(), Direction::kWrite, -1, deadline_us) == PollOutcome::kTimeout) {
      return ConnectionError("send data to", ETIMEDOUT);
    }
  }
  return Status::Ok();
}

void PlainStream::CloseWrite() { shutdown(fd(), SHUT_WR); }

}  // namespace helios::sys
