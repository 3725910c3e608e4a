#include "protocol/pg/channel.h"

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "protocol/pg/messages.h"

namespace helios::protocol::pg {
namespace {

Status UnexpectedEnd() {
  return Error(ErrorCode::kConnectionFailure).Message("unexpected EOF within message");
}

Status InvalidLength() {
  return Error(ErrorCode::kProtocolViolation).Message("invalid message length");
}

}  // namespace

Result<Channel::Outcome> Channel::Fill(int64_t deadline_us) {
  if (buffer_ == nullptr) buffer_ = std::make_unique_for_overwrite<char[]>(kReadBytes);
  HELIOS_TRY(const sys::ReadResult result,
             stream_->Read(buffer_.get() + end_, kReadBytes - end_, deadline_us));
  switch (result.outcome) {
    case sys::ReadOutcome::kBytes:
      end_ += result.byte_count;
      received_bytes_ += result.byte_count;
      return Outcome::kMessage;
    case sys::ReadOutcome::kEnd:
      return Outcome::kEnd;
    case sys::ReadOutcome::kTimeout:
      return Outcome::kTimeout;
    case sys::ReadOutcome::kWoken:
      return Outcome::kWoken;
  }
  return Outcome::kEnd;
}

Result<Channel::Outcome> Channel::Need(size_t byte_count, int64_t deadline_us) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ + byte_count > kReadBytes) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < byte_count) {
    HELIOS_TRY(const Outcome outcome, Fill(deadline_us));
    if (outcome == Outcome::kEnd && end_ != begin_) return UnexpectedEnd();
    if (outcome != Outcome::kMessage) return outcome;
  }
  return Outcome::kMessage;
}

Result<Channel::Incoming> Channel::ReadBody(char type, size_t header_bytes, size_t byte_count,
                                            int64_t deadline_us) {
  if (header_bytes + byte_count <= kReadBytes) {
    HELIOS_TRY(const Outcome outcome, Need(header_bytes + byte_count, deadline_us));
    if (outcome != Outcome::kMessage) return Incoming{outcome};
    const std::string_view body(buffer_.get() + begin_ + header_bytes, byte_count);
    begin_ += header_bytes + byte_count;
    return Incoming{Outcome::kMessage, type, body};
  }
  begin_ += header_bytes;
  large_bytes_ = byte_count;
  large_type_ = type;
  const size_t here = std::min(byte_count, end_ - begin_);
  large_.assign(buffer_.get() + begin_, here);
  begin_ += here;
  return ReadLargeBody(type, byte_count, deadline_us);
}

Result<Channel::Incoming> Channel::ReadLargeBody(char type, size_t byte_count,
                                                 int64_t deadline_us) {
  while (large_.size() < byte_count) {
    const size_t have = large_.size();
    // At most as much again as has come: a claim alone costs nothing.
    const size_t step = std::min(byte_count - have, std::max<size_t>(have, 64 * 1024));
    Result<sys::ReadResult> result = sys::ReadResult{sys::ReadOutcome::kEnd};
    large_.resize_and_overwrite(have + step, [&](char* data, size_t) {
      result = stream_->Read(data + have, step, deadline_us);
      return have + (result.ok() ? result->byte_count : 0);
    });
    if (!result.ok()) return std::move(result).status();
    received_bytes_ += result->byte_count;
    switch (result->outcome) {
      case sys::ReadOutcome::kBytes:
        break;
      case sys::ReadOutcome::kEnd:
        return UnexpectedEnd();
      case sys::ReadOutcome::kTimeout:
        return Incoming{Outcome::kTimeout};
      case sys::ReadOutcome::kWoken:
        return Incoming{Outcome::kWoken};
    }
  }
  large_bytes_ = 0;
  return Incoming{Outcome::kMessage, type, large_};
}

Result<Channel::Incoming> Channel::ReadMessage(int64_t deadline_us) {
  if (large_bytes_ != 0) return ReadLargeBody(large_type_, large_bytes_, deadline_us);
  if (large_.capacity() > kReadBytes) large_ = std::string();
  HELIOS_TRY(const Outcome outcome, Need(5, deadline_us));
  if (outcome != Outcome::kMessage) return Incoming{outcome};
  const char type = buffer_[begin_];
  const auto length = LoadBigEndian<uint32_t>(buffer_.get() + begin_ + 1);
  const size_t bytes_max = MessageBytesMax(type);
  if (bytes_max == 0) {
    return Error(ErrorCode::kProtocolViolation)
        .Message("invalid frontend message type {}", static_cast<unsigned char>(type));
  }
  if (length < 4 || length - 4 > bytes_max) return InvalidLength();
  return ReadBody(type, 5, length - 4, deadline_us);
}

bool Channel::HasMessage() const {
  if (end_ - begin_ < 5 || large_bytes_ != 0) return false;
  return end_ - begin_ - 1 >= LoadBigEndian<uint32_t>(buffer_.get() + begin_ + 1);
}

Result<Channel::Incoming> Channel::ReadPasswordMessage(int64_t deadline_us) {
  HELIOS_TRY(const Outcome outcome, Need(5, deadline_us));
  if (outcome != Outcome::kMessage) return Incoming{outcome};
  const char type = buffer_[begin_];
  if (type != 'p') {
    return Error(ErrorCode::kProtocolViolation)
        .Message("expected SASL response, got message type {}", static_cast<unsigned char>(type));
  }
  const auto length = LoadBigEndian<uint32_t>(buffer_.get() + begin_ + 1);
  // Less than the buffer holds, and far more than a SCRAM message needs.
  if (length < 4 || length - 4 > kReadBytes - 5 || length - 4 > kPasswordMessageBytesMax) {
    return InvalidLength();
  }
  return ReadBody(type, 5, length - 4, deadline_us);
}

Result<Channel::Incoming> Channel::ReadStartupPacket(int64_t deadline_us) {
  HELIOS_TRY(const Outcome outcome, Need(4, deadline_us));
  if (outcome != Outcome::kMessage) return Incoming{outcome};
  const auto length = LoadBigEndian<uint32_t>(buffer_.get() + begin_);
  if (length < 8 || length > kStartupPacketBytesMax) {
    return Error(ErrorCode::kProtocolViolation).Message("invalid length of startup packet");
  }
  return ReadBody(0, 4, length - 4, deadline_us);
}

Status Channel::Flush(int64_t deadline_us) {
  if (out_.empty()) return Status::Ok();
  Status status = stream_->Write(out_, deadline_us);
  sent_bytes_ += out_.size();
  out_.clear();
  if (out_.capacity() > kKeptOutBytes) out_ = std::string();
  return status;
}

void Channel::ReleaseMemory() {
  HELIOS_DCHECK(begin_ == end_ && out_.empty() && large_bytes_ == 0);
  buffer_.reset();
  begin_ = end_ = 0;
  large_ = std::string();
  out_ = std::string();
}

}  // namespace helios::protocol::pg
