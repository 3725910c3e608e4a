#pragma once

#include <cstddef>
#include <mutex>

#include "base/ids.h"
#include "txn/timestamp_oracle.h"

namespace helios::txn {

// The snapshots in use: garbage collection keeps what they see.
//
// Thread safety: all calls, from any thread. Registering and releasing are a few instructions under
// one lock: snapshots are taken in timestamp order, so they queue at the end of a list.
class SnapshotRegistry {
 public:
  explicit SnapshotRegistry(const TimestampOracle& oracle) : oracle_(oracle) {
    head_.previous_ = head_.next_ = &head_;
  }

  class Entry {
   public:
    Timestamp timestamp() const { return timestamp_; }

   private:
    friend class SnapshotRegistry;
    Timestamp timestamp_ = 0;
    Entry* previous_ = nullptr;
    Entry* next_ = nullptr;
  };

  // Registers `entry` at the visible timestamp. It stays where it is until Release.
  void Acquire(Entry* entry) {
    std::lock_guard lock(mutex_);
    entry->timestamp_ = oracle_.visible();
    entry->previous_ = head_.previous_;
    entry->next_ = &head_;
    head_.previous_->next_ = entry;
    head_.previous_ = entry;
    ++count_;
  }
  void Release(Entry* entry) {
    std::lock_guard lock(mutex_);
    entry->previous_->next_ = entry->next_;
    entry->next_->previous_ = entry->previous_;
    --count_;
  }

  // No snapshot in use, now or later, is older than this.
  Timestamp Oldest() const {
    std::lock_guard lock(mutex_);
    return head_.next_ == &head_ ? oracle_.visible() : head_.next_->timestamp_;
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  const TimestampOracle& oracle_;
  mutable std::mutex mutex_;
  Entry head_;
  size_t count_ = 0;
};

}  // namespace helios::txn
