#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "hidb/write_set.h"

namespace helios::storage {

// Staged writes are versions that lie in the store before their transaction's outcome is known,
// each batch of them under a timestamp of its own (docs/adr/0014-staged-writes.md). This says what
// a staged timestamp means at the moment.
struct StagedState {
  TxnId txn;                // 0 after a restart.
  Timestamp committed = 0;  // 0: not committed; then only `txn` itself sees the versions.
};
using StagedStates = std::map<Timestamp, StagedState>;

// The staged timestamps that differ from ordinary ones. An entry appears before the versions are
// written. It goes when every snapshot in use is later than its commit (the versions are then
// ordinary) or when the versions of an undone transaction have been swept.
//
// Thread safety: all calls, from any thread.
class StagedRegistry {
 public:
  // The states now; null, and cheap, if there are none.
  std::shared_ptr<const StagedStates> Capture() const {
    if (count_.load(std::memory_order_acquire) == 0) return nullptr;
    std::lock_guard lock(mutex_);
    return states_;
  }
  void Add(std::span<const Timestamp> timestamps, TxnId txn);
  // Those of `timestamps` are committed at `commit`; 0 takes it back.
  void SetCommitted(std::span<const Timestamp> timestamps, Timestamp commit);
  void Remove(std::span<const Timestamp> timestamps);
  // At the end of a transaction: its staged timestamps that are not committed, ascending.
  std::vector<Timestamp> TakeUndone(TxnId txn);
  // Removes entries committed at or before `oldest`, the oldest snapshot in use.
  void Settle(Timestamp oldest);
  // The lowest timestamp here; kTimestampMax if there is none.
  Timestamp Lowest() const;
  size_t size() const { return count_.load(std::memory_order_acquire); }

 private:
  template <typename Change>
  void Update(Change change);

  mutable std::mutex mutex_;
  std::shared_ptr<const StagedStates> states_ = std::make_shared<StagedStates>();
  std::unordered_set<uint64_t> stagers_;  // Transactions that have not ended. Guarded by mutex_.
  std::atomic<size_t> count_{0};
};

}  // namespace helios::storage
