#include "txn/internal/lock_types.h"

#include <algorithm>
#include <array>

namespace helios::txn {
namespace {

// PostgreSQL 15, table 13.3: FOR KEY SHARE, SHARE, NO KEY UPDATE, UPDATE.
constexpr std::array<uint8_t, 4> kRowConflicts = {0b1000, 0b1100, 0b1110, 0b1111};
// Table 13.2, from ACCESS SHARE (bit 0) to ACCESS EXCLUSIVE (bit 7).
constexpr std::array<uint8_t, kLockModeCount> kTableConflicts = {
    0b10000000, 0b11000000, 0b11110000, 0b11111000, 0b11101100, 0b11111100, 0b11111110, 0b11111111};

constexpr size_t kFreeLocksMax = 256;

}  // namespace

uint8_t ConflictMask(LockKind kind, uint8_t mode) {
  return kind == LockKind::kRow ? kRowConflicts[mode] : kTableConflicts[mode];
}

bool Conflict(hidb::RowLockMode a, hidb::RowLockMode b) {
  return (kRowConflicts[static_cast<size_t>(a)] >> static_cast<int>(b) & 1) != 0;
}

bool Conflict(hidb::TableLockMode a, hidb::TableLockMode b) {
  return (kTableConflicts[static_cast<size_t>(a)] >> static_cast<int>(b) & 1) != 0;
}

std::string_view LockModeName(LockKind kind, uint8_t mode) {
  static constexpr std::array<std::string_view, 4> kRowNames = {
      "row lock FOR KEY SHARE", "row lock FOR SHARE", "row lock FOR NO KEY UPDATE",
      "row lock FOR UPDATE"};
  static constexpr std::array<std::string_view, kLockModeCount> kTableNames = {
      "AccessShareLock", "RowShareLock",          "RowExclusiveLock", "ShareUpdateExclusiveLock",
      "ShareLock",       "ShareRowExclusiveLock", "ExclusiveLock",    "AccessExclusiveLock"};
  return kind == LockKind::kRow ? kRowNames[mode] : kTableNames[mode];
}

LockTable::Shard::~Shard() {
  for (Lock* lock : buckets) {
    while (lock != nullptr) delete std::exchange(lock, lock->next);
  }
  while (free != nullptr) delete std::exchange(free, free->next);
}

LockTable::Lock* LockTable::Shard::Find(uint64_t hash, const Target& target) const {
  for (Lock* lock = buckets[hash & (buckets.size() - 1)]; lock != nullptr; lock = lock->next) {
    if (lock->Is(hash, target)) return lock;
  }
  return nullptr;
}

LockTable::Lock* LockTable::Shard::FindOrAdd(uint64_t hash, const Target& target, bool* added) {
  *added = false;
  Lock** bucket = &buckets[hash & (buckets.size() - 1)];
  for (Lock* lock = *bucket; lock != nullptr; lock = lock->next) {
    if (lock->Is(hash, target)) return lock;
  }
  if (lock_count >= buckets.size()) {
    Grow();
    bucket = &buckets[hash & (buckets.size() - 1)];
  }
  Lock* lock = free;
  if (lock != nullptr) {
    free = lock->next;
    --free_count;
  } else {
    lock = new Lock();
  }
  lock->hash = hash;
  lock->kind = target.kind;
  lock->space = target.space;
  lock->key.assign(target.key);
  lock->next = *bucket;
  *bucket = lock;
  ++lock_count;
  *added = true;
  return lock;
}

void LockTable::Shard::Remove(Lock* lock) {
  Lock** link = &buckets[lock->hash & (buckets.size() - 1)];
  while (*link != lock) link = &(*link)->next;
  *link = lock->next;
  --lock_count;
  if (free_count >= kFreeLocksMax) {
    delete lock;
    return;
  }
  lock->next = free;
  free = lock;
  ++free_count;
}

void LockTable::Shard::Grow() {
  std::vector<Lock*> larger(buckets.size() * 2, nullptr);
  for (Lock* lock : buckets) {
    while (lock != nullptr) {
      Lock* const next = lock->next;
      Lock*& bucket = larger[lock->hash & (larger.size() - 1)];
      lock->next = bucket;
      bucket = lock;
      lock = next;
    }
  }
  buckets = std::move(larger);
}

void LockTable::Shard::GrantWaiters(Lock* lock) {
  uint8_t waiting_modes = 0;  // Of those that stay in the queue: nobody overtakes them.
  for (Waiter* waiter = lock->first_waiter; waiter != nullptr;) {
    Waiter* const next = waiter->next;
    const uint8_t conflicts = ConflictMask(lock->kind, waiter->mode);
    if ((conflicts & (lock->OthersModes(waiter->txn) | waiting_modes)) != 0) {
      waiting_modes |= 1 << waiter->mode;
      waiter = next;
      continue;
    }
    Dequeue(lock, waiter);
    if (Holder* holder = lock->Find(waiter->txn); holder != nullptr) {
      holder->modes |= 1 << waiter->mode;
    } else {
      lock->holders.push_back({waiter->txn, static_cast<uint8_t>(1 << waiter->mode)});
    }
    std::lock_guard guard(waiter->mutex);
    waiter->granted = true;
    waiter->wake.notify_one();
    waiter = next;
  }
}

void LockTable::Shard::Enqueue(Lock* lock, Waiter* waiter, bool at_front) {
  Waiter*& end = at_front ? lock->first_waiter : lock->last_waiter;
  if (end == nullptr) {
    lock->first_waiter = lock->last_waiter = waiter;
    return;
  }
  if (at_front) {
    waiter->next = end;
    end->previous = waiter;
  } else {
    waiter->previous = end;
    end->next = waiter;
  }
  end = waiter;
}

void LockTable::Shard::Dequeue(Lock* lock, Waiter* waiter) {
  (waiter->previous == nullptr ? lock->first_waiter : waiter->previous->next) = waiter->next;
  (waiter->next == nullptr ? lock->last_waiter : waiter->next->previous) = waiter->previous;
  waiter->previous = waiter->next = nullptr;
}

}  // namespace helios::txn
