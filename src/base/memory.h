#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "base/status.h"

namespace helios {

// Counts bytes against a limit, and against every parent's limit: server, query, operator.
//
// Thread safety: all calls, from any thread. Lifetime: a parent outlives its children.
class MemoryTracker {
 public:
  // A limit of 0 bytes means no limit of its own.
  MemoryTracker(std::string name, size_t limit_bytes, MemoryTracker* parent = nullptr)
      : name_(std::move(name)), limit_bytes_(limit_bytes), parent_(parent) {}
  ~MemoryTracker();
  MemoryTracker(const MemoryTracker&) = delete;
  MemoryTracker& operator=(const MemoryTracker&) = delete;

  // Counts `bytes` here and in every parent, or counts nothing and returns kOutOfMemory (53200).
  Status Reserve(size_t bytes);
  // Requires: `bytes` are reserved.
  void Release(size_t bytes);

  size_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  size_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  size_t limit_bytes() const { return limit_bytes_; }
  // Whether `bytes` more would pass a limit here or above: time to spill.
  bool WouldExceed(size_t bytes) const;

 private:
  bool TryAdd(size_t bytes);

  const std::string name_;
  const size_t limit_bytes_;
  MemoryTracker* const parent_;
  std::atomic<size_t> used_bytes_{0};
  std::atomic<size_t> peak_bytes_{0};
};

// Bytes reserved for as long as the object lives. Movable; never copied.
class MemoryReservation {
 public:
  explicit MemoryReservation(MemoryTracker* tracker) : tracker_(tracker) {}
  ~MemoryReservation() { ReleaseAll(); }
  MemoryReservation(MemoryReservation&& other) noexcept
      : tracker_(other.tracker_), bytes_(other.bytes_) {
    other.bytes_ = 0;
  }
  MemoryReservation& operator=(MemoryReservation&& other) noexcept {
    if (this != &other) {
      ReleaseAll();
      tracker_ = other.tracker_;
      bytes_ = other.bytes_;
      other.bytes_ = 0;
    }
    return *this;
  }

  size_t bytes() const { return bytes_; }
  // Grows or shrinks to `bytes`; on error the reservation keeps its size.
  Status Resize(size_t bytes);
  void ReleaseAll();

 private:
  MemoryTracker* tracker_;
  size_t bytes_ = 0;
};

}  // namespace helios
