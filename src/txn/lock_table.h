#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "hidb/storage_service.h"
#include "sys/clock.h"

namespace helios::txn {

// Whether two modes, held by two transactions, exclude each other (PostgreSQL's tables 13.3
// and 13.2).
bool Conflict(hidb::RowLockMode a, hidb::RowLockMode b);
bool Conflict(hidb::TableLockMode a, hidb::TableLockMode b);

// Locks on rows and tables, held until the end of the transaction.
//
// Requests that cannot be granted queue in order of arrival; a transaction that holds the object
// already goes to the front, since those behind wait for it anyway. Before it sleeps, a request
// looks for a cycle of waits through itself and fails with 40P01 if it closes one, so every
// deadlock is found at once, by its last participant.
//
// Thread safety: all calls, from any thread; calls for one transaction one at a time.
class LockTable {
 public:
  struct Options {
    // Bound on the memory of all locks; a request for a row beyond it gets 53200. 0: none.
    size_t memory_bytes_max = 0;
    uint64_t first_txn = 1;
  };
  LockTable(const sys::Clock& clock, Options options);
  ~LockTable();
  LockTable(const LockTable&) = delete;
  LockTable& operator=(const LockTable&) = delete;

  // A transaction without locks. Ids rise, and are unique in this process.
  TxnId Begin();
  bool IsActive(TxnId txn) const;
  // True: granted. False: kSkipLocked and another holds it. Errors: 40P01, 55P03 (kNoWait or
  // timeout), 57014, 53200; 25000 for a transaction that has ended.
  Result<bool> LockRow(TxnId txn, hidb::SpaceId space, std::string_view key, hidb::RowLockMode mode,
                       const hidb::LockOptions& options);
  Status LockObject(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                    const hidb::LockOptions& options);
  // Waits for the transactions that hold `object` now in a mode that conflicts with `mode` to end,
  // outside the queue. Errors: 40P01 (one of them waits for `txn`), 55P03 (timeout), 57014.
  Status AwaitHolders(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                      const hidb::LockOptions& options);
  // Releases the locks on rows, for a commit that is in the log; marks are void afterwards.
  void ReleaseRows(TxnId txn);
  // Ends the transaction: releases its locks and grants those who waited. Whether it has ever been
  // granted one that plain readers do not take: on a row, or above kAccessShare on a table.
  bool End(TxnId txn);
  // How much the transaction has been granted so far, and the release of what came after that: for
  // savepoints. Releasing all leaves the transaction open.
  size_t Mark(TxnId txn) const;
  void ReleaseTo(TxnId txn, size_t mark);

  size_t lock_count() const { return lock_count_.load(std::memory_order_relaxed); }
  size_t active_count() const;
  uint64_t deadlock_count() const { return deadlock_count_.load(std::memory_order_relaxed); }
  uint64_t wait_count() const { return wait_count_.load(std::memory_order_relaxed); }

 private:
  struct Transaction;
  struct Holder;
  struct Waiter;
  struct Lock;
  struct Shard;
  struct Registry;
  struct Target;

  Transaction* Find(TxnId txn) const;
  Result<bool> Acquire(TxnId txn, const Target& target, uint8_t mode,
                       const hidb::LockOptions& options);
  Result<bool> Wait(Waiter& waiter, const hidb::LockOptions& options);
  Status CheckDeadlock(const Waiter& waiter);
  bool WaitsFor(TxnId from, TxnId to);
  std::vector<TxnId> BlockersOf(const Waiter& waiter);
  void ReleaseGrants(Transaction& txn, size_t first);
  void Release(Transaction& txn, Lock* lock, uint8_t mode);
  Shard& ShardOf(uint64_t hash) const;
  Registry& RegistryOf(TxnId txn) const;

  const sys::Clock& clock_;
  const Options options_;
  std::unique_ptr<Shard[]> shards_;
  std::unique_ptr<Registry[]> registries_;
  std::atomic<uint64_t> next_txn_;
  std::atomic<size_t> lock_count_{0};
  std::atomic<size_t> memory_bytes_{0};
  std::atomic<uint64_t> deadlock_count_{0};
  std::atomic<uint64_t> wait_count_{0};

  // Lock order: graph_mutex_, then one shard's mutex, then one waiter's.
  std::mutex graph_mutex_;
  std::unordered_map<uint64_t, const Waiter*> waits_;  // By transaction; guarded by graph_mutex_.
};

}  // namespace helios::txn
