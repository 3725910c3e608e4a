#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "base/hash.h"
#include "txn/lock_table.h"

namespace helios::txn {

enum class LockKind : uint8_t { kRow, kTable };
inline constexpr size_t kLockModeCount = 8;

// The modes that each mode excludes, as a bit set, by kind.
uint8_t ConflictMask(LockKind kind, uint8_t mode);
// As errors name them: "row lock FOR UPDATE", "AccessExclusiveLock".
std::string_view LockModeName(LockKind kind, uint8_t mode);

// What a lock protects.
struct LockTable::Target {
  LockKind kind;
  hidb::SpaceId space;
  std::string_view key;

  uint64_t Hash() const {
    return HashCombine(key.empty() ? 0 : HashBytes(key),
                       uint64_t{space} << 1 | static_cast<uint64_t>(kind));
  }
};

struct LockTable::Holder {
  Transaction* txn;
  uint8_t modes;  // Bit set.
};

struct LockTable::Lock {
  uint64_t hash = 0;
  LockKind kind = LockKind::kRow;
  hidb::SpaceId space = 0;
  std::string key;
  std::vector<Holder> holders;
  Waiter* first_waiter = nullptr;
  Waiter* last_waiter = nullptr;
  Lock* next = nullptr;  // In its bucket, or in the free list.

  bool Is(uint64_t other_hash, const Target& target) const {
    return hash == other_hash && space == target.space && kind == target.kind && key == target.key;
  }
  Holder* Find(const Transaction* txn) {
    for (Holder& holder : holders) {
      if (holder.txn == txn) return &holder;
    }
    return nullptr;
  }
  // Modes that transactions other than `txn` hold.
  uint8_t OthersModes(const Transaction* txn) const {
    uint8_t modes = 0;
    for (const Holder& holder : holders) {
      if (holder.txn != txn) modes |= holder.modes;
    }
    return modes;
  }
  bool unused() const { return holders.empty() && first_waiter == nullptr; }
};

struct LockTable::Transaction {
  // A mode of a lock, granted once; in the order in which they came.
  struct Grant {
    Lock* lock;
    uint8_t mode;
  };
  TxnId id;
  std::vector<Grant> grants;
  bool only_reads = true;  // It was only granted what plain readers take.

  void Granted(Lock* lock, uint8_t mode) {
    grants.push_back({lock, mode});
    only_reads &= lock->kind == LockKind::kTable &&
                  mode == static_cast<uint8_t>(hidb::TableLockMode::kAccessShare);
  }
};

// A request that sleeps; lives on its thread's stack.
struct LockTable::Waiter {
  Transaction* txn;
  Lock* lock;
  uint8_t mode;
  const std::string* relation;
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  std::mutex mutex;
  std::condition_variable wake;
  bool granted = false;  // Guarded by mutex.
};

// A part of the hash table. Everything in it is guarded by its mutex.
struct alignas(64) LockTable::Shard {
  std::mutex mutex;
  std::vector<Lock*> buckets = std::vector<Lock*>(64, nullptr);
  size_t lock_count = 0;
  Lock* free = nullptr;
  size_t free_count = 0;

  ~Shard();
  Lock* Find(uint64_t hash, const Target& target) const;
  Lock* FindOrAdd(uint64_t hash, const Target& target, bool* added);
  void Remove(Lock* lock);
  void Grow();
  // Grants what the queue of `lock` allows, in order.
  static void GrantWaiters(Lock* lock);
  static void Enqueue(Lock* lock, Waiter* waiter, bool at_front);
  static void Dequeue(Lock* lock, Waiter* waiter);
};

struct alignas(64) LockTable::Registry {
  mutable std::mutex mutex;
  std::unordered_map<uint64_t, std::unique_ptr<Transaction>> transactions;
};

}  // namespace helios::txn
