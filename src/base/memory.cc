#include "base/memory.h"

namespace helios {

MemoryTracker::~MemoryTracker() { HELIOS_DCHECK(used_bytes_.load() == 0); }

bool MemoryTracker::TryAdd(size_t bytes) {
  const size_t before = used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  const size_t after = before + bytes;
  if (after < before || (limit_bytes_ != 0 && after > limit_bytes_)) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  size_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (after > peak && !peak_bytes_.compare_exchange_weak(peak, after)) {
  }
  return true;
}

Status MemoryTracker::Reserve(size_t bytes) {
  for (MemoryTracker* tracker = this; tracker != nullptr; tracker = tracker->parent_) {
    if (tracker->TryAdd(bytes)) continue;
    for (MemoryTracker* undo = this; undo != tracker; undo = undo->parent_) {
      undo->used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    }
    return Error(ErrorCode::kOutOfMemory)
        .Message("out of memory")
        .Detail("Failed on request of size {} in \"{}\", whose limit is {} bytes.", bytes,
                tracker->name_, tracker->limit_bytes_)
        .Hint("Raise the memory limit or reduce what the statement must hold at once.");
  }
  return Status::Ok();
}

void MemoryTracker::Release(size_t bytes) {
  for (MemoryTracker* tracker = this; tracker != nullptr; tracker = tracker->parent_) {
    const size_t before = tracker->used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    HELIOS_CHECK(before >= bytes);
  }
}

bool MemoryTracker::WouldExceed(size_t bytes) const {
  for (const MemoryTracker* tracker = this; tracker != nullptr; tracker = tracker->parent_) {
    if (tracker->limit_bytes_ != 0 && tracker->used_bytes() + bytes > tracker->limit_bytes_) {
      return true;
    }
  }
  return false;
}

Status MemoryReservation::Resize(size_t bytes) {
  if (bytes > bytes_) {
    HELIOS_TRY(tracker_->Reserve(bytes - bytes_));
  } else if (bytes < bytes_) {
    tracker_->Release(bytes_ - bytes);
  }
  bytes_ = bytes;
  return Status::Ok();
}

void MemoryReservation::ReleaseAll() {
  if (bytes_ > 0) tracker_->Release(bytes_);
  bytes_ = 0;
}

}  // namespace helios
