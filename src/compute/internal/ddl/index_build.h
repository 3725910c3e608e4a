#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compute/internal/session_impl.h"
#include "sql/ast.h"

namespace helios::compute {

// Fills new indexes of a table from its rows, as the transaction sees them, and checks uniqueness
// (23505). The table is locked against writers.
Status BuildIndexes(SessionImpl& session, Oid table, const std::vector<Oid>& indexes);

// Fills an index that is in the committed catalog as being built, while writers go on, and makes it
// ready: the steps of CREATE INDEX CONCURRENTLY after the first. Ends and begins transactions of
// the session. `guard`: a transaction that keeps DDL away from the table. After an error the index
// stays as it is, kept up but not used, as in PostgreSQL.
Status BuildIndexOnline(SessionImpl& session, TxnId guard, Oid table, Oid index);

// A lock of the statement's own that outlasts the session's transactions.
class TableGuard {
 public:
  explicit TableGuard(SessionImpl& session)
      : storage_(session.storage()), txn_(storage_.BeginTransaction()) {}
  ~TableGuard() { storage_.Abort(txn_); }
  TableGuard(const TableGuard&) = delete;
  TableGuard& operator=(const TableGuard&) = delete;
  TxnId txn() const { return txn_; }

  Status Lock(SessionImpl& session, Oid table, const std::string& name) {
    hidb::LockOptions options;
    options.timeout_us = session.settings().run().lock_timeout_us;
    options.canceled = &session.canceled();
    options.relation = name;
    HELIOS_TRY(
        storage_.LockTable(txn_, table, hidb::TableLockMode::kShareUpdateExclusive, options));
    if (session.Catalog()->FindTable(table) != nullptr) return Status::Ok();
    return Error(ErrorCode::kUndefinedTable).Message("relation \"{}\" does not exist", name);
  }

 private:
  hidb::StorageService& storage_;
  const TxnId txn_;
};

// Checks existing rows against new constraints of the table (CHECK, NOT NULL, FOREIGN KEY): 23514,
// 23502, 23503 as an INSERT would say, "... is violated by some row" where PostgreSQL says so.
Status ValidateConstraints(SessionImpl& session, Oid table, const std::vector<Oid>& constraints,
                           const std::vector<int16_t>& not_null_columns);

// Whether the condition, over the table's columns, is true for some row.
Result<bool> AnyRow(SessionImpl& session, const catalog::Table& table,
                    const std::string& condition);

// Adds the rows of a query to a table without going through INSERT: its columns are the table's, in
// order. Returns how many.
Result<uint64_t> FillTable(SessionImpl& session, std::shared_ptr<const sql::plan::Plan> query,
                           std::vector<Value> parameters, const catalog::Table& table);

// Writes every row anew into a new storage space: the primary key or a column's type changed.
// `values` gives each live column's new value as SQL over the old columns, in attnum order.
Status RewriteTable(SessionImpl& session, const catalog::Table& before, const catalog::Table& after,
                    const std::vector<std::string>& values);

// The same with a function that makes chunks of new rows (live columns of `after`) of old ones.
Status RewriteRows(SessionImpl& session, const catalog::Table& before, const catalog::Table& after,
                   const std::function<Status(Chunk*)>& convert);

// OWNED BY of a sequence.
Status ApplySequenceOwner(SessionImpl& session, const std::vector<sql::ast::Option>& options,
                          catalog::Sequence* sequence);

}  // namespace helios::compute
