#include "compute/internal/transaction.h"

namespace helios::compute {

Transaction::Transaction(hidb::StorageService& storage, MemoryTracker* memory,
                         Isolation isolation_in, bool read_only_in, int64_t start_us_in)
    : isolation(isolation_in),
      read_only(read_only_in),
      start_us(start_us_in),
      deferred(memory),
      storage_(storage),
      writes_(memory) {}

Transaction::~Transaction() {
  if (!finished_ && id_.valid()) storage_.Abort(id_);
}

TxnId Transaction::id() {
  if (!id_.valid()) id_ = storage_.BeginTransaction();
  return id_;
}

void Transaction::BeginLocking() {
  id();
  locks_rows_ = true;
}

Timestamp Transaction::TakeSnapshot() {
  ran_query = true;
  const bool is_read_committed = isolation == Isolation::kReadCommitted;
  if (lease_ == nullptr || is_read_committed) {
    lease_ = storage_.AcquireSnapshot(is_read_committed && locks_rows_
                                          ? hidb::SnapshotHorizon::kStored
                                          : hidb::SnapshotHorizon::kDurable);
  }
  return lease_->timestamp();
}

void Transaction::AddSavepoint(std::string name, size_t settings_mark) {
  savepoints.push_back({std::move(name), command_ + 1, base_catalog, catalog, dropped_spaces.size(),
                        notifies.size(), listens.size(), settings_mark,
                        id_.valid() ? storage_.LockMark(id_) : 0});
}

std::optional<size_t> Transaction::FindSavepoint(std::string_view name) const {
  for (size_t index = savepoints.size(); index > 0; --index) {
    if (savepoints[index - 1].name == name) return index - 1;
  }
  return std::nullopt;
}

void Transaction::RollbackToSavepoint(size_t index) {
  const Savepoint& savepoint = savepoints[index];
  writes_.RollbackTo(savepoint.first_command);
  deferred.RollbackTo(savepoint.first_command);
  base_catalog = savepoint.base_catalog;
  catalog = savepoint.catalog;
  dropped_spaces.resize(savepoint.dropped_count);
  notifies.resize(savepoint.notify_count);
  listens.resize(savepoint.listen_count);
  if (id_.valid()) storage_.ReleaseLocks(id_, savepoint.lock_mark);
  savepoints.resize(index + 1);
}

void Transaction::ReleaseFailed() {
  if (finished_ || !id_.valid()) return;
  if (!savepoints.empty()) {
    storage_.ReleaseLocks(id_, savepoints.back().lock_mark);
    return;
  }
  storage_.Abort(id_);
  finished_ = true;
}

}  // namespace helios::compute
