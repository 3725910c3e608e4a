#include "txn/lock_table.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "base/check.h"
#include "txn/internal/lock_types.h"

namespace helios::txn {
namespace {

constexpr size_t kShardCount = 64;
constexpr size_t kRegistryCount = 16;
// How often a sleeper looks at its cancel flag and its deadline.
constexpr std::chrono::milliseconds kPollInterval(5);
constexpr size_t kLockOverheadBytes = 192;

std::string Describe(LockKind kind, const std::string& relation, hidb::SpaceId space) {
  const std::string name = relation.empty() ? fmt::format("{}", space) : relation;
  return kind == LockKind::kRow ? fmt::format("a row in relation \"{}\"", name)
                                : fmt::format("relation \"{}\"", name);
}

}  // namespace

LockTable::LockTable(const sys::Clock& clock, Options options)
    : clock_(clock),
      options_(options),
      shards_(std::make_unique<Shard[]>(kShardCount)),
      registries_(std::make_unique<Registry[]>(kRegistryCount)),
      next_txn_(options.first_txn) {}

LockTable::~LockTable() = default;

LockTable::Shard& LockTable::ShardOf(uint64_t hash) const {
  return shards_[hash >> 32 & (kShardCount - 1)];
}

LockTable::Registry& LockTable::RegistryOf(TxnId txn) const {
  return registries_[txn.value() & (kRegistryCount - 1)];
}

TxnId LockTable::Begin() {
  const TxnId id(next_txn_.fetch_add(1, std::memory_order_relaxed));
  auto txn = std::make_unique<Transaction>();
  txn->id = id;
  Registry& registry = RegistryOf(id);
  std::lock_guard lock(registry.mutex);
  registry.transactions.emplace(id.value(), std::move(txn));
  return id;
}

LockTable::Transaction* LockTable::Find(TxnId txn) const {
  Registry& registry = RegistryOf(txn);
  std::lock_guard lock(registry.mutex);
  const auto found = registry.transactions.find(txn.value());
  return found == registry.transactions.end() ? nullptr : found->second.get();
}

bool LockTable::IsActive(TxnId txn) const { return Find(txn) != nullptr; }

size_t LockTable::active_count() const {
  size_t count = 0;
  for (size_t index = 0; index < kRegistryCount; ++index) {
    std::lock_guard lock(registries_[index].mutex);
    count += registries_[index].transactions.size();
  }
  return count;
}

Result<bool> LockTable::LockRow(TxnId txn, hidb::SpaceId space, std::string_view key,
                                hidb::RowLockMode mode, const hidb::LockOptions& options) {
  return Acquire(txn, {LockKind::kRow, space, key}, static_cast<uint8_t>(mode), options);
}

Status LockTable::LockObject(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                             const hidb::LockOptions& options) {
  HELIOS_TRY(Acquire(txn, {LockKind::kTable, object, {}}, static_cast<uint8_t>(mode), options));
  return Status::Ok();
}

Result<bool> LockTable::Acquire(TxnId id, const Target& target, uint8_t mode,
                                const hidb::LockOptions& options) {
  Transaction* const txn = Find(id);
  if (txn == nullptr) {
    return Error(ErrorCode::kInvalidTransactionState)
        .Message("transaction {} has ended", id.value());
  }
  const uint64_t hash = target.Hash();
  Shard& shard = ShardOf(hash);
  const uint8_t conflicts = ConflictMask(target.kind, mode);
  std::unique_lock guard(shard.mutex);
  bool added = false;
  Lock* const lock = shard.FindOrAdd(hash, target, &added);
  if (added) {
    const size_t bytes = kLockOverheadBytes + target.key.size();
    const size_t total = memory_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    // Few tables are locked, and who has no memory for rows may lock the table instead.
    if (target.kind == LockKind::kRow && options_.memory_bytes_max != 0 &&
        total > options_.memory_bytes_max) {
      shard.Remove(lock);
      memory_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      return Error(ErrorCode::kOutOfMemory)
          .Message("out of shared memory")
          .Hint("Too many rows are locked. Use fewer rows a transaction or a larger memory limit.");
    }
    lock_count_.fetch_add(1, std::memory_order_relaxed);
  }
  Holder* const holder = lock->Find(txn);
  if (holder != nullptr && (holder->modes >> mode & 1) != 0) return true;
  uint8_t obstacles = lock->OthersModes(txn);
  if (holder == nullptr) {
    for (Waiter* waiter = lock->first_waiter; waiter != nullptr; waiter = waiter->next) {
      obstacles |= 1 << waiter->mode;
    }
  }
  if ((conflicts & obstacles) == 0) {
    if (holder != nullptr) {
      holder->modes |= 1 << mode;
    } else {
      lock->holders.push_back({txn, static_cast<uint8_t>(1 << mode)});
    }
    txn->Granted(lock, mode);
    return true;
  }
  if (options.wait == hidb::LockWait::kSkipLocked) return false;
  if (options.wait == hidb::LockWait::kNoWait) {
    return Error(ErrorCode::kLockNotAvailable)
        .Message("could not obtain lock on {}{} \"{}\"",
                 target.kind == LockKind::kRow ? "row in " : "", "relation", options.relation);
  }
  Waiter waiter{txn, lock, mode, &options.relation};
  Shard::Enqueue(lock, &waiter, holder != nullptr);
  guard.unlock();
  return Wait(waiter, options);
}

// Sleeps until the lock is granted or something ends the wait. The waiter is in the queue.
Result<bool> LockTable::Wait(Waiter& waiter, const hidb::LockOptions& options) {
  Status failure;
  {
    std::lock_guard graph(graph_mutex_);
    waits_.emplace(waiter.txn->id.value(), &waiter);
    failure = CheckDeadlock(waiter);
    wait_count_.fetch_add(1, std::memory_order_relaxed);
  }
  const int64_t deadline_us =
      options.timeout_us == 0 ? sys::kNoDeadline : clock_.MonotonicMicros() + options.timeout_us;
  if (failure.ok()) {
    std::unique_lock sleep(waiter.mutex);
    while (!waiter.granted) {
      if (options.canceled != nullptr && options.canceled->load(std::memory_order_relaxed)) {
        failure =
            Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
        break;
      }
      if (clock_.MonotonicMicros() >= deadline_us) {
        failure =
            Error(ErrorCode::kLockNotAvailable).Message("canceling statement due to lock timeout");
        break;
      }
      if (options.canceled == nullptr && deadline_us == sys::kNoDeadline) {
        waiter.wake.wait(sleep);
      } else {
        waiter.wake.wait_for(sleep, kPollInterval);
      }
    }
  }
  {
    std::lock_guard graph(graph_mutex_);
    waits_.erase(waiter.txn->id.value());
  }
  // Under the shard's lock nobody else touches the waiter any more: it may go after this.
  std::lock_guard guard(ShardOf(waiter.lock->hash).mutex);
  if (waiter.granted) {
    waiter.txn->Granted(waiter.lock, waiter.mode);
    return true;
  }
  Shard::Dequeue(waiter.lock, &waiter);
  // Those behind may have waited only for this request.
  Shard::GrantWaiters(waiter.lock);
  return failure;
}

// The transactions that `waiter` waits for: conflicting holders, and conflicting requests before
// it.
std::vector<TxnId> LockTable::BlockersOf(const Waiter& waiter) {
  std::vector<TxnId> blockers;
  Lock& lock = *waiter.lock;
  std::lock_guard guard(ShardOf(lock.hash).mutex);
  if (waiter.granted) return blockers;
  const uint8_t conflicts = ConflictMask(lock.kind, waiter.mode);
  for (const Holder& holder : lock.holders) {
    if (holder.txn != waiter.txn && (holder.modes & conflicts) != 0) {
      blockers.push_back(holder.txn->id);
    }
  }
  for (const Waiter* ahead = waiter.previous; ahead != nullptr; ahead = ahead->previous) {
    if ((conflicts >> ahead->mode & 1) != 0) blockers.push_back(ahead->txn->id);
  }
  return blockers;
}

// Depth-first search for a path of waits from `waiter` back to its transaction. Requires:
// graph_mutex_, so that waiters in waits_ stay where they are.
Status LockTable::CheckDeadlock(const Waiter& waiter) {
  struct Step {
    const Waiter* waiter;
    std::vector<TxnId> blockers;
    size_t next = 0;
  };
  std::vector<Step> path;
  std::unordered_set<uint64_t> seen;
  path.push_back({&waiter, BlockersOf(waiter)});
  while (!path.empty()) {
    Step& step = path.back();
    if (step.next == step.blockers.size()) {
      path.pop_back();
      continue;
    }
    const TxnId blocker = step.blockers[step.next++];
    if (blocker == waiter.txn->id) {
      deadlock_count_.fetch_add(1, std::memory_order_relaxed);
      std::string detail;
      for (const Step& link : path) {
        if (!detail.empty()) detail += '\n';
        const Lock& lock = *link.waiter->lock;
        detail +=
            fmt::format("Transaction {} waits for {} on {}; blocked by transaction {}.",
                        link.waiter->txn->id.value(), LockModeName(lock.kind, link.waiter->mode),
                        Describe(lock.kind, *link.waiter->relation, lock.space),
                        link.blockers[link.next - 1].value());
      }
      return Error(ErrorCode::kDeadlockDetected).Message("deadlock detected").Detail("{}", detail);
    }
    if (!seen.insert(blocker.value()).second) continue;
    const auto wait = waits_.find(blocker.value());
    if (wait != waits_.end()) path.push_back({wait->second, BlockersOf(*wait->second)});
  }
  return Status::Ok();
}

// Whether `from` waits, directly or through others, for `to`.
bool LockTable::WaitsFor(TxnId from, TxnId to) {
  std::lock_guard graph(graph_mutex_);
  std::vector<TxnId> open = {from};
  std::unordered_set<uint64_t> seen;
  while (!open.empty()) {
    const TxnId next = open.back();
    open.pop_back();
    if (!seen.insert(next.value()).second) continue;
    const auto wait = waits_.find(next.value());
    if (wait == waits_.end()) continue;
    for (const TxnId blocker : BlockersOf(*wait->second)) {
      if (blocker == to) return true;
      open.push_back(blocker);
    }
  }
  return false;
}

Status LockTable::AwaitHolders(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                               const hidb::LockOptions& options) {
  const Target target{LockKind::kTable, object, {}};
  const uint8_t conflicts = ConflictMask(target.kind, static_cast<uint8_t>(mode));
  const uint64_t hash = target.Hash();
  std::vector<TxnId> holders;
  {
    Shard& shard = ShardOf(hash);
    std::lock_guard guard(shard.mutex);
    const Lock* const lock = shard.Find(hash, target);
    if (lock == nullptr) return Status::Ok();
    for (const Holder& holder : lock->holders) {
      if (holder.txn->id != txn && (holder.modes & conflicts) != 0) {
        holders.push_back(holder.txn->id);
      }
    }
  }
  if (holders.empty()) return Status::Ok();
  wait_count_.fetch_add(1, std::memory_order_relaxed);
  const int64_t deadline_us =
      options.timeout_us == 0 ? sys::kNoDeadline : clock_.MonotonicMicros() + options.timeout_us;
  // Nobody signals this: DDL can afford to look now and then.
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock sleep(mutex);
  for (const TxnId holder : holders) {
    while (IsActive(holder)) {
      if (options.canceled != nullptr && options.canceled->load(std::memory_order_relaxed)) {
        return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
      }
      if (clock_.MonotonicMicros() >= deadline_us) {
        return Error(ErrorCode::kLockNotAvailable)
            .Message("canceling statement due to lock timeout");
      }
      if (WaitsFor(holder, txn)) {
        deadlock_count_.fetch_add(1, std::memory_order_relaxed);
        return Error(ErrorCode::kDeadlockDetected)
            .Message("deadlock detected")
            .Detail("Transaction {} waits for the end of transaction {}, which waits for it.",
                    txn.value(), holder.value());
      }
      never.wait_for(sleep, kPollInterval);
    }
  }
  return Status::Ok();
}

bool LockTable::End(TxnId id) {
  std::unique_ptr<Transaction> txn;
  {
    Registry& registry = RegistryOf(id);
    std::lock_guard lock(registry.mutex);
    const auto found = registry.transactions.find(id.value());
    if (found == registry.transactions.end()) return false;
    txn = std::move(found->second);
    registry.transactions.erase(found);
  }
  ReleaseGrants(*txn, 0);
  return !txn->only_reads;
}

size_t LockTable::Mark(TxnId id) const {
  const Transaction* const txn = Find(id);
  return txn == nullptr ? 0 : txn->grants.size();
}

void LockTable::ReleaseTo(TxnId id, size_t mark) {
  Transaction* const txn = Find(id);
  if (txn != nullptr) ReleaseGrants(*txn, mark);
}

void LockTable::ReleaseRows(TxnId id) {
  Transaction* const txn = Find(id);
  if (txn == nullptr) return;
  std::erase_if(txn->grants, [&](const Transaction::Grant& grant) {
    if (grant.lock->kind != LockKind::kRow) return false;
    Release(*txn, grant.lock, grant.mode);
    return true;
  });
}

// Gives back the grants from position `first` on.
void LockTable::ReleaseGrants(Transaction& txn, size_t first) {
  for (; txn.grants.size() > first; txn.grants.pop_back()) {
    Release(txn, txn.grants.back().lock, txn.grants.back().mode);
  }
}

// Gives back one grant.
void LockTable::Release(Transaction& txn, Lock* lock, uint8_t mode) {
  Shard& shard = ShardOf(lock->hash);
  std::lock_guard guard(shard.mutex);
  Holder* const holder = lock->Find(&txn);
  HELIOS_CHECK(holder != nullptr);
  holder->modes &= ~(1 << mode);
  if (holder->modes == 0) {
    *holder = lock->holders.back();
    lock->holders.pop_back();
  }
  if (lock->first_waiter != nullptr) Shard::GrantWaiters(lock);
  if (!lock->unused()) return;
  memory_bytes_.fetch_sub(kLockOverheadBytes + lock->key.size(), std::memory_order_relaxed);
  lock_count_.fetch_sub(1, std::memory_order_relaxed);
  shard.Remove(lock);
}

}  // namespace helios::txn
