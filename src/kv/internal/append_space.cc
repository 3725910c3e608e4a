#include "kv/internal/append_space.h"

#include <utility>

namespace helios::kv {
namespace {

constexpr uint64_t kPageBytes = 4096;

uint64_t RoundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

bool AppendSpace::Begin(const void* file, Allocate allocate) {
  File next{.id = file, .allocate = std::move(allocate)};
  if (!Grow(next, reserved_bytes_ + slack_bytes_)) return false;
  newest_ = std::move(next);
  return true;
}

void AppendSpace::End(const void* file) {
  if (newest_.id == file) newest_ = {};
}

void AppendSpace::Appended(const void* file, uint64_t byte_count) {
  if (newest_.id == file) newest_.written_end += byte_count;
}

bool AppendSpace::Reserve(uint64_t byte_count) {
  if (newest_.id != nullptr && !Grow(newest_, reserved_bytes_ + byte_count + slack_bytes_)) {
    return false;
  }
  reserved_bytes_ += byte_count;
  return true;
}

// Makes sure of `room_bytes` behind what is written: in whole chunks; on a device that is nearly
// full only what is needed, even if it takes what was kept for this.
bool AppendSpace::Grow(File& file, uint64_t room_bytes) const {
  const uint64_t needed_end = file.written_end + room_bytes;
  if (!file.is_supported || needed_end <= file.taken_end) return true;
  const auto take = [&](uint64_t end) {
    const Taken taken = file.allocate(file.taken_end, end);
    if (taken == Taken::kYes) file.taken_end = end;
    if (taken == Taken::kUnsupported) file.is_supported = false;
    return taken != Taken::kDeviceFull;
  };
  const uint64_t enough = RoundUp(needed_end, kPageBytes);
  return take(RoundUp(needed_end, kChunkBytes)) || take(enough) || (make_room_() && take(enough));
}

}  // namespace helios::kv
