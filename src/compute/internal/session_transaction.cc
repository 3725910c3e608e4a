// Transaction blocks: BEGIN to COMMIT, the implicit ones around single statements, savepoints'
// ends, and what a commit has to do in order: deferred checks, storage (with DDL, atomically),
// settings, LISTEN and NOTIFY.

#include "compute/internal/session_impl.h"

namespace helios::compute {

namespace {

Isolation ParseIsolation(const std::string& name) {
  if (name == "repeatable read") return Isolation::kRepeatableRead;
  if (name == "serializable") return Isolation::kSerializable;
  return Isolation::kReadCommitted;
}

const char* IsolationName(sql::ast::IsolationLevel level) {
  switch (level) {
    case sql::ast::IsolationLevel::kSerializable:
      return "serializable";
    case sql::ast::IsolationLevel::kRepeatableRead:
      return "repeatable read";
    case sql::ast::IsolationLevel::kReadUncommitted:
      return "read uncommitted";
    default:
      return "read committed";
  }
}

}  // namespace

TransactionStatus SessionImpl::transaction_status() const {
  switch (block_) {
    case BlockState::kExplicit:
      return TransactionStatus::kInTransaction;
    case BlockState::kFailed:
      return TransactionStatus::kFailed;
    default:
      return TransactionStatus::kIdle;
  }
}

void SessionImpl::EnsureTransaction() {
  if (txn_ != nullptr) return;
  // now() is the time at which the first statement came in.
  const int64_t now_us = statement_start_us_ > 0 ? statement_start_us_ : NowMicros();
  txn_ = std::make_unique<Transaction>(storage(), memory_.get(),
                                       ParseIsolation(settings_.run().default_isolation),
                                       settings_.run().default_read_only, now_us);
  settings_.in_transaction = true;
  settings_.mutable_text_format().now_us = now_us;
  if (block_ == BlockState::kNone) block_ = BlockState::kImplicit;
}

Status SessionImpl::BeginBlock(const sql::ast::TransactionModes& modes) {
  if (block_ == BlockState::kExplicit) {
    Notice(Notice::Severity::kWarning, "25001", "there is already a transaction in progress");
    return Status::Ok();
  }
  EnsureTransaction();
  block_ = BlockState::kExplicit;
  if (!settings_.run().modes_are_default) {
    settings_.SetInternal("transaction_isolation", settings_.Raw("default_transaction_isolation"),
                          true);
    settings_.SetInternal("transaction_read_only", settings_.Raw("default_transaction_read_only"),
                          true);
  }
  return ApplyModes(modes);
}

Status SessionImpl::ApplyModes(const sql::ast::TransactionModes& modes) {
  if (modes.isolation != sql::ast::IsolationLevel::kUnspecified) {
    const Isolation wanted = ParseIsolation(IsolationName(modes.isolation));
    if (txn_->ran_query && wanted != txn_->isolation) {
      return Error(ErrorCode::kActiveSqlTransaction)
          .Message("SET TRANSACTION ISOLATION LEVEL must be called before any query");
    }
    txn_->isolation = wanted;
    settings_.SetInternal("transaction_isolation", IsolationName(modes.isolation), true);
  }
  if (modes.read_only != sql::ast::Choice::kUnspecified) {
    const bool read_only = modes.read_only == sql::ast::Choice::kYes;
    if (!read_only && txn_->read_only && txn_->ran_query) {
      return Error(ErrorCode::kActiveSqlTransaction)
          .Message("transaction read-write mode must be set before any query");
    }
    txn_->read_only = read_only;
    settings_.SetInternal("transaction_read_only", read_only ? "on" : "off", true);
  }
  if (modes.deferrable != sql::ast::Choice::kUnspecified) {
    txn_->deferrable = modes.deferrable == sql::ast::Choice::kYes;
    settings_.SetInternal("transaction_deferrable", txn_->deferrable ? "on" : "off", true);
  }
  return Status::Ok();
}

Status SessionImpl::CommitBlock(bool chain) {
  if (block_ == BlockState::kNone || block_ == BlockState::kImplicit) {
    if (chain) {
      return Error(ErrorCode::kNoActiveSqlTransaction)
          .Message("COMMIT AND CHAIN can only be used in transaction blocks");
    }
    Notice(Notice::Severity::kWarning, "25P01", "there is no transaction in progress");
    // Between the statements of one simple query it ends what they have done so far.
    return Commit();
  }
  sql::ast::TransactionModes modes;
  if (chain) {
    modes.isolation = txn_->isolation == Isolation::kReadCommitted
                          ? sql::ast::IsolationLevel::kReadCommitted
                          : (txn_->isolation == Isolation::kRepeatableRead
                                 ? sql::ast::IsolationLevel::kRepeatableRead
                                 : sql::ast::IsolationLevel::kSerializable);
    modes.read_only = txn_->read_only ? sql::ast::Choice::kYes : sql::ast::Choice::kNo;
    modes.deferrable = txn_->deferrable ? sql::ast::Choice::kYes : sql::ast::Choice::kNo;
  }
  Status status = Commit();
  if (!status.ok()) return status;
  return chain ? BeginBlock(modes) : Status::Ok();
}

Status SessionImpl::RollbackBlock(bool chain) {
  if (block_ == BlockState::kNone || block_ == BlockState::kImplicit) {
    if (chain) {
      return Error(ErrorCode::kNoActiveSqlTransaction)
          .Message("ROLLBACK AND CHAIN can only be used in transaction blocks");
    }
    Notice(Notice::Severity::kWarning, "25P01", "there is no transaction in progress");
    if (txn_ != nullptr) Rollback();
    return Status::Ok();
  }
  sql::ast::TransactionModes modes;
  if (chain && txn_ != nullptr) {
    modes.isolation = txn_->isolation == Isolation::kReadCommitted
                          ? sql::ast::IsolationLevel::kReadCommitted
                          : (txn_->isolation == Isolation::kRepeatableRead
                                 ? sql::ast::IsolationLevel::kRepeatableRead
                                 : sql::ast::IsolationLevel::kSerializable);
    modes.read_only = txn_->read_only ? sql::ast::Choice::kYes : sql::ast::Choice::kNo;
  }
  Rollback();
  return chain ? BeginBlock(modes) : Status::Ok();
}

Status SessionImpl::Commit() {
  if (txn_ == nullptr) {
    block_ = BlockState::kNone;
    return Status::Ok();
  }
  const auto run = [this]() -> Status {
    if (!txn_->deferred.empty()) {
      HELIOS_TRY(txn_->deferred.Run(MakeExecutionContext({}), /*all=*/true));
    }
    HELIOS_TRY(MaterializeHeldCursors());
    HELIOS_TRY(EndTemporaryTables());
    if (!txn_->has_id() && txn_->catalog == nullptr) return Status::Ok();
    hidb::CommitRequest request;
    request.txn = txn_->id();
    request.writes = &txn_->writes();
    request.dropped_spaces = txn_->dropped_spaces;
    if (txn_->has_snapshot()) {
      request.reads = txn_->reads();
      request.snapshot = txn_->snapshot_timestamp();
    }
    request.durable = settings_.run().durable_commit;
    request.base_catalog_version = storage().CatalogVersion();
    if (txn_->catalog == nullptr) {
      HELIOS_TRY(storage().Commit(request));
      return Status::Ok();
    }
    return CommitWithCatalog(std::move(request));
  };
  Status status = run();
  if (!status.ok()) {
    status = Rewrite(std::move(status));
    Rollback();
    return status;
  }
  txn_->MarkFinished();
  std::vector<Notification> notifications;
  for (const PendingNotify& notify : txn_->notifies) {
    notifications.push_back({process_id_, notify.channel, notify.payload});
  }
  ApplyListens();
  txn_.reset();
  core_.advisory_locks.EndTransaction(process_id_);
  block_ = BlockState::kNone;
  settings_.Commit();
  settings_.in_transaction = false;
  core_.commits.fetch_add(1, std::memory_order_relaxed);
  std::erase_if(portals_, [](const auto& entry) { return !entry.second.with_hold; });
  if (!notifications.empty()) core_.sessions.Deliver(notifications);
  return Status::Ok();
}

Status SessionImpl::CommitWithCatalog(hidb::CommitRequest request) {
  // Temporary objects are this session's own and are not stored.
  CatalogChanges changes = DiffSnapshots(*txn_->base_catalog, *txn_->catalog);
  CatalogChanges shared;
  const auto is_temporary = [this](const catalog::Object& object) {
    return temporary_schema_ != kInvalidOid &&
           (object.schema == temporary_schema_ || object.oid == temporary_schema_);
  };
  std::vector<std::shared_ptr<const catalog::Object>> temporary = temporary_objects_;
  const auto forget = [&temporary](Oid oid) {
    std::erase_if(temporary, [oid](const auto& object) { return object->oid == oid; });
  };
  for (const auto& object : changes.put) {
    if (is_temporary(*object)) {
      forget(object->oid);
      temporary.push_back(object);
    } else {
      shared.put.push_back(object);
    }
  }
  for (const auto& object : changes.removed) {
    if (is_temporary(*object)) {
      forget(object->oid);
    } else {
      shared.removed.push_back(object);
    }
  }
  if (shared.empty()) {
    HELIOS_TRY(storage().Commit(request));
  } else {
    HELIOS_TRY(core_.catalog.Commit(shared, *txn_->base_catalog, std::move(request)));
  }
  temporary_objects_ = std::move(temporary);
  overlay_base_.reset();
  return Status::Ok();
}

void SessionImpl::ApplyListens() {
  std::lock_guard lock(shared_mutex_);
  for (const auto& [channel, listen] : txn_->listens) {
    if (channel.empty()) {
      channels_.clear();
    } else if (listen) {
      channels_.insert(channel);
    } else {
      channels_.erase(channel);
    }
  }
}

void SessionImpl::Rollback() {
  // Executions hold the transaction's writes and snapshot: they go first.
  std::erase_if(portals_, [](const auto& entry) {
    return !entry.second.with_hold || entry.second.created_command != 0;
  });
  txn_.reset();
  core_.advisory_locks.EndTransaction(process_id_);
  block_ = BlockState::kNone;
  settings_.Rollback();
  settings_.in_transaction = false;
  const std::string& role = settings_.Raw("role");
  if (role.empty() || role == "none") role_ = session_role_;
  lookup_.reset();
  settings_.mutable_text_format().lookup = nullptr;
  core_.rollbacks.fetch_add(1, std::memory_order_relaxed);
}

void SessionImpl::FailStatement() {
  if (txn_ == nullptr) {
    block_ = BlockState::kNone;
    return;
  }
  if (block_ == BlockState::kExplicit || block_ == BlockState::kFailed) {
    block_ = BlockState::kFailed;
    // Running portals are of no more use, but for those that ROLLBACK TO the newest savepoint
    // leaves alone.
    const hidb::CommandId lost =
        txn_->savepoints.empty() ? 0 : txn_->savepoints.back().first_command;
    for (auto& [name, portal] : portals_) {
      if (portal.created_command < lost || (portal.with_hold && portal.created_command == 0)) {
        continue;
      }
      portal.rows.reset();
      portal.finished = true;
    }
    txn_->ReleaseFailed();
    if (txn_->savepoints.empty()) core_.advisory_locks.EndTransaction(process_id_);
    return;
  }
  Rollback();
}

void SessionImpl::AbortStatement() { FailStatement(); }

Status SessionImpl::RollbackToSavepoint(const std::string& name) {
  const std::optional<size_t> index = txn_->FindSavepoint(name);
  if (!index.has_value()) {
    return Error(ErrorCode::kInvalidSavepoint).Message("savepoint \"{}\" does not exist", name);
  }
  const hidb::CommandId first = txn_->savepoints[*index].first_command;
  // Cursors made since the savepoint are gone; the portal that runs this statement is not in the
  // map.
  std::erase_if(portals_, [first](const auto& entry) {
    return entry.second.created_command >= first && entry.second.created_command != 0;
  });
  settings_.RollbackTo(txn_->savepoints[*index].settings_mark);
  txn_->RollbackToSavepoint(*index);
  block_ = BlockState::kExplicit;
  return Status::Ok();
}

void SessionImpl::CloseAllCursors() {
  std::erase_if(portals_, [](const auto& entry) { return entry.second.is_cursor; });
}

// ON COMMIT DELETE ROWS and ON COMMIT DROP.
Status SessionImpl::EndTemporaryTables() {
  if (temporary_schema_ == kInvalidOid) return Status::Ok();
  std::vector<std::string> emptied;
  std::vector<Oid> dropped;
  for (const auto& [oid, object] : Catalog()->objects()) {
    if (object->schema != temporary_schema_ || object->kind() != catalog::ObjectKind::kTable) {
      continue;
    }
    const auto& table = static_cast<const catalog::Table&>(*object);
    if (table.on_commit == catalog::Table::OnCommit::kDrop) dropped.push_back(oid);
    if (table.on_commit == catalog::Table::OnCommit::kDelete) emptied.push_back(table.name);
  }
  for (const std::string& name : emptied) {
    sql::ast::DeleteStatement statement;
    statement.relation.schema = fmt::format("pg_temp_{}", process_id_);
    statement.relation.name = name;
    HELIOS_TRY(RunStatement(statement));
  }
  return DropTemporaryTables(dropped);
}

}  // namespace helios::compute
