#include "exec/internal/write/row_locker.h"

#include <algorithm>

namespace helios::exec {

hidb::RowLockRequest RowLocker::Request(hidb::SpaceId space,
                                        std::span<const std::string> keys) const {
  hidb::RowLockRequest request;
  request.txn = query_.context.txn;
  request.space = space;
  request.keys = keys;
  request.options.timeout_us = query_.context.lock_timeout_us;
  request.options.canceled = query_.context.canceled;
  request.options.relation = name_;
  return request;
}

Result<bool> RowLocker::Escalate(size_t key_count, hidb::TableLockMode mode) {
  key_count_ += key_count;
  if (table_lock_ < mode) {
    if (key_count_ < next_try_) return false;
    next_try_ = key_count_ + kTryKeys;
  }
  // Also when it was granted: a portal may outlive the savepoint that it was granted under.
  return LockTable(mode);
}

Result<bool> RowLocker::LockTable(hidb::TableLockMode mode) {
  hidb::LockOptions options;
  options.wait = hidb::LockWait::kNoWait;
  options.relation = name_;
  Status status = query_.context.storage->LockTable(query_.context.txn, table_, mode, options);
  if (status.Is(ErrorCode::kLockNotAvailable)) {
    table_lock_ = hidb::TableLockMode::kAccessShare;
    return false;
  }
  HELIOS_TRY(std::move(status));
  table_lock_ = std::max(table_lock_, mode);
  return true;
}

Status RowLocker::LockNew(hidb::SpaceId space, std::span<const std::string> keys) {
  if (keys.empty()) return Status::Ok();
  constexpr auto kTableMode = hidb::TableLockMode::kShareRowExclusive;
  HELIOS_TRY(bool is_covered, Escalate(keys.size(), kTableMode));
  if (is_covered) return Status::Ok();
  hidb::RowLockRequest request = Request(space, keys);
  request.snapshot = kTimestampMax;
  Status status = query_.context.storage->LockRows(request).status();
  if (!status.Is(ErrorCode::kOutOfMemory)) return status;
  HELIOS_TRY(is_covered, LockTable(kTableMode));
  return is_covered ? Status::Ok() : status;
}

Result<std::vector<hidb::RowLockOutcome>> RowLocker::LockStored(hidb::SpaceId space,
                                                                std::span<const std::string> keys,
                                                                const Options& options) {
  if (keys.empty()) return std::vector<hidb::RowLockOutcome>();
  hidb::RowLockRequest request = Request(space, keys);
  request.mode = options.mode;
  request.options.wait = options.wait;
  request.snapshot = options.snapshot;
  // Whoever locks rows holds RowShare on their table: kExclusive keeps them away too. Those who
  // only share keys need not care for other lockers, but for writers.
  const bool is_shared = options.mode == hidb::RowLockMode::kKeyShare;
  const auto table_mode = is_shared ? hidb::TableLockMode::kShare : hidb::TableLockMode::kExclusive;
  if (options.may_lock_table) {
    HELIOS_TRY(request.is_covered, Escalate(keys.size(), table_mode));
  }
  auto outcomes = query_.context.storage->LockRows(request);
  if (!outcomes.status().Is(ErrorCode::kOutOfMemory) || !options.may_lock_table) return outcomes;
  HELIOS_TRY(request.is_covered, LockTable(table_mode));
  if (!request.is_covered) return outcomes;
  return query_.context.storage->LockRows(request);
}

}  // namespace helios::exec
