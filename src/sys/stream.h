#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sys/net.h"

namespace helios::sys {

enum class ReadOutcome : uint8_t {
  kBytes,
  kEnd,      // The peer has ended its side.
  kTimeout,  // The deadline came first.
  kWoken,    // The wake event was signalled; it stays so until it is cleared.
};

struct ReadResult {
  ReadOutcome outcome;
  size_t byte_count = 0;  // More than 0 exactly when the outcome is kBytes.
};

// Bytes both ways between us and a peer, in clear or through TLS, with blocking calls.
//
// Thread safety: one thread at a time. Lifetime: the socket, which it borrows, outlives it.
class Stream {
 public:
  virtual ~Stream() = default;

  // Blocks until there is something. A broken connection is 08006.
  virtual Result<ReadResult> Read(char* to, size_t byte_count_max, int64_t deadline_us) = 0;
  // Writes everything. 08006 when the peer is gone or the deadline has come.
  virtual Status Write(std::string_view bytes, int64_t deadline_us) = 0;
  // Whether Read would return bytes that already left the socket.
  virtual bool HasBufferedBytes() const = 0;
  // Says goodbye where the protocol has a way to.
  virtual void CloseWrite() = 0;
  virtual int fd() const = 0;
  virtual bool is_encrypted() const { return false; }

  // What interrupts Read; null: nothing. The event outlives the stream or is set back.
  void SetWakeEvent(const WakeEvent* wake) { wake_fd_ = wake == nullptr ? -1 : wake->fd(); }

 protected:
  int wake_fd_ = -1;
};

class PlainStream final : public Stream {
 public:
  explicit PlainStream(int fd) : fd_(fd) {}
  Result<ReadResult> Read(char* to, size_t byte_count_max, int64_t deadline_us) override;
  Status Write(std::string_view bytes, int64_t deadline_us) override;
  bool HasBufferedBytes() const override { return false; }
  void CloseWrite() override;
  int fd() const override { return fd_; }

  // Reads without taking.
  Result<ReadResult> Peek(char* to, size_t byte_count_max, int64_t deadline_us);

 private:
  Result<ReadResult> Receive(char* to, size_t byte_count_max, int flags, int64_t deadline_us);
  const int fd_;
  // The socket had no more when it was last read: a client that waits for its answer has sent
  // nothing yet, so the next read starts by waiting and saves a call that would find nothing.
  bool is_drained_ = false;
};

// 08006 with the system's words for `error_number`.
Status ConnectionError(std::string_view what, int error_number);

}  // namespace helios::sys
