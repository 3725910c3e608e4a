// COPY's binary format: a signature, flags, and rows of counted fields up to a count of -1.

#include "base/codec.h"
#include "compute/internal/copy/copy_reader.h"

namespace helios::compute {

namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr uint32_t kCriticalFlags = 0xffff0000;

Status BadFormat(std::string_view message) {
  return Error(ErrorCode::kBadCopyFileFormat).Message("{}", message);
}

}  // namespace

// Makes `byte_count` bytes available at `at_`.
Status CopyReader::Need(size_t byte_count) {
  if (byte_count > kRowBytesMax) return BadFormat("invalid field size");
  while (buffer_.size() - at_ < byte_count) {
    scanned_ = at_;
    HELIOS_TRY(const bool more, More());
    if (!more) return BadFormat("unexpected EOF in COPY data");
  }
  return Status::Ok();
}

Status CopyReader::ReadBinaryHeader() {
  if (!Need(kSignature.size()).ok() ||
      std::string_view(buffer_).substr(at_, kSignature.size()) != kSignature) {
    return BadFormat("COPY file signature not recognized");
  }
  at_ += kSignature.size();
  if (!Need(8).ok()) return BadFormat("invalid COPY file header (missing flags)");
  const uint32_t flags = LoadBigEndian<uint32_t>(buffer_.data() + at_);
  const int32_t extension = LoadBigEndian<int32_t>(buffer_.data() + at_ + 4);
  at_ += 8;
  if ((flags & kCriticalFlags) != 0) {
    return BadFormat("unrecognized critical flags in COPY file header");
  }
  if (extension < 0) return BadFormat("invalid COPY file header (missing length)");
  if (!Need(static_cast<size_t>(extension)).ok()) {
    return BadFormat("invalid COPY file header (wrong length)");
  }
  at_ += static_cast<size_t>(extension);
  return Status::Ok();
}

Result<size_t> CopyReader::ReadBinary(Chunk* out, size_t row_count_max) {
  if (!started_) {
    started_ = true;
    HELIOS_TRY(ReadBinaryHeader());
  }
  size_t row = 0;
  while (row < row_count_max && !finished_) {
    ++line_;
    // A stream may end without the mark when it ends between rows.
    if (at_ == buffer_.size()) {
      HELIOS_TRY(const bool more, More());
      if (!more) {
        finished_ = true;
        break;
      }
    }
    HELIOS_TRY(Need(2));
    const int16_t count = LoadBigEndian<int16_t>(buffer_.data() + at_);
    at_ += 2;
    if (count == -1) {
      finished_ = true;
      while (at_ == buffer_.size()) {
        HELIOS_TRY(const bool more, More());
        if (!more) break;
      }
      if (at_ != buffer_.size()) return BadFormat("received copy data after EOF marker");
      break;
    }
    if (count != static_cast<int64_t>(columns_.size())) {
      return BadFormat(fmt::format("row field count is {}, expected {}", count, columns_.size()));
    }
    for (const CopyColumn& column : columns_) {
      Status status = Need(4);
      if (!status.ok()) return WithColumn(std::move(status), column, nullptr);
      const int32_t size = LoadBigEndian<int32_t>(buffer_.data() + at_);
      at_ += 4;
      if (size == -1) {
        out->column(column.target).SetNull(row);
        continue;
      }
      status = size < 0 ? BadFormat("invalid field size") : Need(static_cast<size_t>(size));
      if (status.ok()) {
        const std::string_view bytes =
            std::string_view(buffer_).substr(at_, static_cast<size_t>(size));
        status = ParseBinary(column.type, bytes, format_, &out->column(column.target), row);
        at_ += static_cast<size_t>(size);
      }
      if (!status.ok()) return WithColumn(std::move(status), column, nullptr);
    }
    ++row;
  }
  return row;
}

}  // namespace helios::compute
