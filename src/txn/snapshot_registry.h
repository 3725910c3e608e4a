#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>

#include "base/ids.h"
#include "hidb/storage_service.h"
#include "txn/timestamp_oracle.h"

namespace helios::txn {

// The snapshots in use: garbage collection keeps what they see.
//
// Thread safety: all calls, from any thread. Registering and releasing are a few instructions under
// one lock: snapshots of one horizon are taken in timestamp order, so they queue at the end of its
// list.
class SnapshotRegistry {
 public:
  explicit SnapshotRegistry(const TimestampOracle& oracle) : oracle_(oracle) {
    for (Entry& head : heads_) head.previous_ = head.next_ = &head;
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

  // Registers `entry` at the present timestamp of the horizon. It stays where it is until Release.
  void Acquire(Entry* entry, hidb::SnapshotHorizon horizon) {
    const bool is_durable = horizon == hidb::SnapshotHorizon::kDurable;
    Entry& head = heads_[is_durable ? 0 : 1];
    std::lock_guard lock(mutex_);
    entry->timestamp_ = is_durable ? oracle_.visible() : oracle_.stored();
    entry->previous_ = head.previous_;
    entry->next_ = &head;
    head.previous_->next_ = entry;
    head.previous_ = entry;
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
    Timestamp oldest = oracle_.visible();
    for (const Entry& head : heads_) {
      if (head.next_ != &head) oldest = std::min(oldest, head.next_->timestamp_);
    }
    return oldest;
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  const TimestampOracle& oracle_;
  mutable std::mutex mutex_;
  std::array<Entry, 2> heads_;  // Of the lists of either horizon, durable first.
  size_t count_ = 0;
};

}  // namespace helios::txn
