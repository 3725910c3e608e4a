#pragma once

#include <span>
#include <string>
#include <vector>

#include "exec/internal/operator.h"

namespace helios::exec {

// Locks rows of one table for one statement. From 50,000 keys on it tries, again and again, to lock
// the whole table instead, which it gets when nobody else is about to write or lock rows there: the
// memory for locks on rows has a bound, and a statement may change any number of rows. It tries the
// same when that memory is used up.
//
// Thread safety: none. Errors: those of hidb::StorageService::LockRows.
class RowLocker {
 public:
  // `table`: what table locks are taken on; `name` is for messages.
  RowLocker(QueryState& query, Oid table, std::string name)
      : query_(query), table_(table), name_(std::move(name)) {}

  // Keys that the statement adds: of rows, or in `space`, of a unique index's entries. Against
  // other writers; whoever only locks rows that are there is not in the way.
  Status LockNew(hidb::SpaceId space, std::span<const std::string> keys);
  struct Options {
    hidb::RowLockMode mode = hidb::RowLockMode::kUpdate;
    hidb::LockWait wait = hidb::LockWait::kWait;
    Timestamp snapshot = kTimestampMax;  // As in hidb::RowLockRequest.
    bool may_lock_table = true;
  };
  // Rows that are there; an outcome for each.
  Result<std::vector<hidb::RowLockOutcome>> LockStored(hidb::SpaceId space,
                                                       std::span<const std::string> keys,
                                                       const Options& options);

 private:
  // Whether the table is ours in `mode`, or has become so for `key_count` more keys.
  Result<bool> Escalate(size_t key_count, hidb::TableLockMode mode);
  // False: somebody is in the way.
  Result<bool> LockTable(hidb::TableLockMode mode);
  hidb::RowLockRequest Request(hidb::SpaceId space, std::span<const std::string> keys) const;

  QueryState& query_;
  const Oid table_;
  const std::string name_;
  size_t key_count_ = 0;
  size_t next_try_ = kTryKeys;
  // The statement began with less.
  hidb::TableLockMode table_lock_ = hidb::TableLockMode::kAccessShare;

  static constexpr size_t kTryKeys = 50'000;
};

}  // namespace helios::exec
