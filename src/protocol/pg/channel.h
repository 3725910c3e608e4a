#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sys/clock.h"
#include "sys/stream.h"

namespace helios::protocol::pg {

// Frames messages in both directions over a byte stream. Memory for a message grows as its bytes
// arrive, never by what its length claims.
//
// Thread safety: none.
class Channel {
 public:
  explicit Channel(std::unique_ptr<sys::Stream> stream) : stream_(std::move(stream)) {}

  sys::Stream& stream() { return *stream_; }
  // From now on through this stream. Requires: nothing is buffered.
  void ReplaceStream(std::unique_ptr<sys::Stream> stream) { stream_ = std::move(stream); }

  enum class Outcome : uint8_t { kMessage, kEnd, kTimeout, kWoken };
  struct Incoming {
    Outcome outcome = Outcome::kEnd;
    char type = 0;
    std::string_view body;  // Valid until the next read.
  };
  // The next message. kEnd in the middle of one is an error, 08P01; so are a length and a type that
  // cannot be. After kTimeout and kWoken the call may be repeated: nothing is lost.
  Result<Incoming> ReadMessage(int64_t deadline_us);
  // A packet without a type, as connections begin with.
  Result<Incoming> ReadStartupPacket(int64_t deadline_us);
  // The password family of messages, with its own bound.
  Result<Incoming> ReadPasswordMessage(int64_t deadline_us);

  // Whether ReadMessage would return without reading from the stream.
  bool HasMessage() const;
  // Whether a read would find at least part of a message without waiting.
  bool HasInput() const { return begin_ != end_ || stream_->HasBufferedBytes(); }
  bool HasBufferedInput() const { return begin_ != end_; }
  // After a timeout: whether a message has begun to arrive.
  bool HasPartialInput() const { return begin_ != end_ || large_bytes_ != 0; }

  // What is to be sent; Flush sends it.
  std::string& out() { return out_; }
  Status Flush(int64_t deadline_us = sys::kNoDeadline);
  // Flushes when much is waiting.
  Status FlushIfLarge() { return out_.size() >= kFlushBytes ? Flush() : Status::Ok(); }
  // Gives buffers back while the connection idles. Requires: nothing is buffered.
  void ReleaseMemory();

  uint64_t received_bytes() const { return received_bytes_; }
  uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  static constexpr size_t kReadBytes = 16 * 1024;
  static constexpr size_t kFlushBytes = 64 * 1024;
  // An output buffer that a large row has blown up is not kept.
  static constexpr size_t kKeptOutBytes = 256 * 1024;

  // Reads more into the buffer. Requires: it has room.
  Result<Outcome> Fill(int64_t deadline_us);
  // Makes `byte_count` bytes available from begin_ on. Requires: they fit in the buffer.
  Result<Outcome> Need(size_t byte_count, int64_t deadline_us);
  // The body of `byte_count` bytes behind a header of `header_bytes` that lies at begin_.
  Result<Incoming> ReadBody(char type, size_t header_bytes, size_t byte_count, int64_t deadline_us);
  Result<Incoming> ReadLargeBody(char type, size_t byte_count, int64_t deadline_us);

  std::unique_ptr<sys::Stream> stream_;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  // A message that does not fit the buffer, as far as it has arrived.
  std::string large_;
  size_t large_bytes_ = 0;  // 0: none is under way.
  char large_type_ = 0;
  std::string out_;
  uint64_t received_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
};

}  // namespace helios::protocol::pg
