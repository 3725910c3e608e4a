#include "compute/internal/ddl/index_build.h"

#include <algorithm>
#include <functional>

#include "catalog/names.h"
#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/ddl/own_query.h"
#include "exec/backfill.h"
#include "exec/insert_stream.h"
#include "expr/evaluator.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "types/text.h"

namespace helios::compute {

namespace {

std::string QualifiedTable(SessionImpl& session, const catalog::Table& table) {
  const catalog::Schema* schema = session.Catalog()->FindSchema(table.schema);
  return QuoteIdentifier(schema->name) + "." + QuoteIdentifier(table.name);
}

Status ViolatedBySomeRow(const catalog::Table& table, const std::string& check) {
  return Error(ErrorCode::kCheckViolation)
      .Message("check constraint \"{}\" of relation \"{}\" is violated by some row", check,
               table.name)
      .Table(table.name)
      .Constraint(check);
}

Status ContainsNulls(const catalog::Table& table, const std::string& column) {
  return Error(ErrorCode::kNotNullViolation)
      .Message("column \"{}\" of relation \"{}\" contains null values", column, table.name)
      .Table(table.name)
      .Column(column);
}

Status CheckExisting(SessionImpl& session, const catalog::Table& table,
                     const catalog::Constraint& check) {
  HELIOS_TRY(const bool violated, AnyRow(session, table, fmt::format("NOT ({})", check.check_sql)));
  if (!violated) return Status::Ok();
  return ViolatedBySomeRow(table, check.name);
}

Status CheckReferences(SessionImpl& session, const catalog::Table& table,
                       const catalog::Constraint& key) {
  const catalog::Table* parent = session.Catalog()->FindTable(key.referenced_table);
  std::string columns, joined, not_null, names, shown;
  for (size_t part = 0; part < key.columns.size(); ++part) {
    const std::string child = QuoteIdentifier(table.FindColumn(key.columns[part])->name);
    const std::string other =
        QuoteIdentifier(parent->FindColumn(key.referenced_columns[part])->name);
    columns += fmt::format("{}c.{}::text", part == 0 ? "" : ", ", child);
    joined += fmt::format("{}p.{} = c.{}", part == 0 ? "" : " AND ", other, child);
    not_null += fmt::format(" AND c.{} IS NOT NULL", child);
    names += (part == 0 ? "" : ", ") + table.FindColumn(key.columns[part])->name;
  }
  HELIOS_TRY(
      const Chunk rows,
      RunOwnQuery(session, fmt::format("SELECT {} FROM {} c WHERE NOT EXISTS (SELECT 1 FROM {} p "
                                       "WHERE {}){} LIMIT 1",
                                       columns, QualifiedTable(session, table),
                                       QualifiedTable(session, *parent), joined, not_null)));
  if (rows.row_count() == 0) return Status::Ok();
  for (size_t part = 0; part < key.columns.size(); ++part) {
    shown += (part == 0 ? "" : ", ") + std::string(rows.column(part).View(0));
  }
  const catalog::Schema* schema = session.Catalog()->FindSchema(table.schema);
  return Error(ErrorCode::kForeignKeyViolation)
      .Message("insert or update on table \"{}\" violates foreign key constraint \"{}\"",
               table.name, key.name)
      .Detail("Key ({})=({}) is not present in table \"{}\".", names, shown, parent->name)
      .Schema(schema->name)
      .Table(table.name)
      .Constraint(key.name);
}

// The error of a row that was there before, where the rewrite reports one of a new row.
Status ForExistingRow(Status status, const catalog::Table& table) {
  if (status.ok()) return status;
  const ErrorInfo& info = status.info();
  if (status.Is(ErrorCode::kCheckViolation) && table.FindConstraint(info.constraint) != nullptr) {
    return ViolatedBySomeRow(table, info.constraint);
  }
  if (status.Is(ErrorCode::kNotNullViolation) && table.FindColumn(info.column) != nullptr) {
    return ContainsNulls(table, info.column);
  }
  return status;
}

// Plans that only own a write target.
Result<std::pair<std::shared_ptr<const sql::plan::Plan>, const sql::plan::WriteTarget*>> MakeTarget(
    SessionImpl& session, const catalog::Table& table) {
  auto plan = std::make_shared<sql::plan::Plan>();
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(const sql::plan::WriteTarget* target, sql::BuildWriteTarget(table, *plan, context));
  return std::pair(std::shared_ptr<const sql::plan::Plan>(std::move(plan)), target);
}

// Reads a query, changes its rows by `convert` and adds them to the table.
Result<uint64_t> FillTable(SessionImpl& session, std::shared_ptr<const sql::plan::Plan> query,
                           std::vector<Value> parameters, const catalog::Table& table,
                           const std::function<Status(Chunk*)>& convert) {
  HELIOS_TRY(auto owned, MakeTarget(session, table));
  session.txn().id();
  HELIOS_TRY(std::unique_ptr<exec::Execution> reader,
             exec::Execution::Start(std::move(query),
                                    session.MakeExecutionContext(std::move(parameters))));
  HELIOS_TRY(
      std::unique_ptr<exec::InsertStream> writer,
      exec::InsertStream::Open(owned.first, *owned.second, session.MakeExecutionContext({})));
  while (true) {
    Chunk chunk;
    HELIOS_TRY(reader->Next(&chunk));
    if (chunk.row_count() == 0) return writer->Finish();
    // Columns behind the query's own (sort keys that are not selected) stay out.
    const size_t width = reader->plan().output.size();
    if (chunk.column_count() > width) chunk.columns().resize(width);
    HELIOS_TRY(convert(&chunk));
    HELIOS_TRY(writer->Append(&chunk));
  }
}

}  // namespace

Result<bool> AnyRow(SessionImpl& session, const catalog::Table& table,
                    const std::string& condition) {
  HELIOS_TRY(const Chunk rows,
             RunOwnQuery(session, fmt::format("SELECT 1 FROM {} WHERE {} LIMIT 1",
                                              QualifiedTable(session, table), condition)));
  return rows.row_count() > 0;
}

Status BuildIndexes(SessionImpl& session, Oid table_oid, const std::vector<Oid>& indexes) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Table& table = *snapshot->FindTable(table_oid);
  if (table.storage_id == 0) return Status::Ok();  // A materialized view without rows.
  HELIOS_TRY(auto owned, MakeTarget(session, table));
  std::vector<size_t> positions;
  for (size_t position = 0; position < owned.second->indexes.size(); ++position) {
    const Oid oid = owned.second->indexes[position].oid;
    if (std::find(indexes.begin(), indexes.end(), oid) != indexes.end()) {
      positions.push_back(position);
    }
  }
  if (positions.empty()) return Status::Ok();
  session.txn().id();
  exec::ExecutionContext context = session.MakeExecutionContext({});
  // Under the lock the newest state is the table's; a transaction's snapshot may be older.
  const std::unique_ptr<hidb::SnapshotLease> newest = session.storage().AcquireSnapshot();
  context.snapshot = newest->timestamp();
  return exec::BackfillIndexes(owned.first, *owned.second, positions, std::move(context));
}

// Why this needs no lock on rows: once every transaction has ended that wrote by a catalog without
// the index, writers keep up the entries of all rows that they touch. Entries of the others are
// added under the timestamp of their row's version, so that whatever a writer does to such an entry
// stands above it. See StorageService::FillIndex.
Status BuildIndexOnline(SessionImpl& session, TxnId guard, Oid table_oid, Oid index_oid) {
  hidb::StorageService& storage = session.storage();
  const std::string name = session.Catalog()->FindTable(table_oid)->name;
  const auto await_writers = [&] {
    hidb::LockOptions options;
    options.canceled = &session.canceled();
    options.relation = name;
    return storage.AwaitTableHolders(guard, table_oid, hidb::TableLockMode::kShare, options);
  };
  HELIOS_TRY(await_writers());
  const catalog::Table* table = session.Catalog()->FindTable(table_oid);
  const catalog::Index* index = session.Catalog()->FindIndex(index_oid);
  HELIOS_CHECK(table != nullptr && index != nullptr);  // The guard is held.
  HELIOS_TRY(auto owned, MakeTarget(session, *table));
  size_t position = 0;
  while (owned.second->indexes[position].oid != index_oid) ++position;
  const auto context_at = [&](const hidb::SnapshotLease& snapshot) {
    exec::ExecutionContext context = session.MakeExecutionContext({});
    context.snapshot = snapshot.timestamp();
    context.writes = nullptr;
    return context;
  };
  const bool is_stored = table->storage_id != 0;  // Not so: a materialized view without rows.
  if (is_stored) {
    const std::unique_ptr<hidb::SnapshotLease> snapshot = storage.AcquireSnapshot();
    HELIOS_TRY(exec::FillIndexOnline(owned.first, *owned.second, position, context_at(*snapshot)));
  }
  if (is_stored && index->unique) {
    // Those who looked for a key before all entries were there.
    HELIOS_TRY(await_writers());
    const std::unique_ptr<hidb::SnapshotLease> snapshot = storage.AcquireSnapshot();
    HELIOS_TRY(exec::CheckIndexUnique(owned.first, *owned.second, position, context_at(*snapshot)));
  }
  DdlEditor editor(session);
  auto ready = editor.Copy<catalog::Index>(index_oid);
  ready->state = catalog::Index::State::kReady;
  editor.Put(std::move(ready));
  editor.Save();
  HELIOS_TRY(session.Commit());
  session.EnsureTransaction();
  return Status::Ok();
}

Status ValidateConstraints(SessionImpl& session, Oid table_oid, const std::vector<Oid>& constraints,
                           const std::vector<int16_t>& not_null_columns) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Table& table = *snapshot->FindTable(table_oid);
  for (const int16_t number : not_null_columns) {
    const catalog::Column* column = table.FindColumn(number);
    HELIOS_TRY(const bool violated,
               AnyRow(session, table, fmt::format("{} IS NULL", QuoteIdentifier(column->name))));
    if (violated) return ContainsNulls(table, column->name);
  }
  for (const catalog::Constraint& constraint : table.constraints) {
    if (!constraint.validated ||
        std::find(constraints.begin(), constraints.end(), constraint.oid) == constraints.end()) {
      continue;
    }
    if (constraint.kind == catalog::ConstraintKind::kCheck) {
      HELIOS_TRY(CheckExisting(session, table, constraint));
    } else if (constraint.kind == catalog::ConstraintKind::kForeignKey) {
      HELIOS_TRY(CheckReferences(session, table, constraint));
    }
  }
  return Status::Ok();
}

Result<uint64_t> FillTable(SessionImpl& session, std::shared_ptr<const sql::plan::Plan> query,
                           std::vector<Value> parameters, const catalog::Table& table) {
  return FillTable(session, std::move(query), std::move(parameters), table,
                   [](Chunk*) { return Status::Ok(); });
}

Status RewriteRows(SessionImpl& session, const catalog::Table& before, const catalog::Table& after,
                   const std::function<Status(Chunk*)>& convert) {
  if (before.storage_id == 0) return Status::Ok();  // A materialized view without rows.
  std::string list;
  for (const catalog::Column& column : before.columns) {
    if (!column.dropped) list += (list.empty() ? "" : ", ") + QuoteIdentifier(column.name);
  }
  // The old rows are read through a catalog of their own, in which the table is still as it was.
  HELIOS_TRY(std::vector<sql::RawStatement> statements,
             sql::Parse(fmt::format("SELECT {} FROM {}", list, QualifiedTable(session, after))));
  catalog::Editor editor(session.Catalog());
  auto old_table = std::make_shared<catalog::Table>(before);
  old_table->name = after.name;
  old_table->schema = after.schema;
  editor.Put(std::move(old_table));
  const std::shared_ptr<const catalog::Snapshot> old_catalog = editor.Finish(0);
  const catalog::CatalogTypeLookup old_lookup(old_catalog, session.SearchPath());
  sql::PlannerContext context = session.MakePlannerContext();
  context.snapshot = old_catalog;
  context.lookup = &old_lookup;
  HELIOS_TRY(std::shared_ptr<const sql::plan::Plan> plan,
             sql::PlanStatement(*statements[0].statement, context));
  return ForExistingRow(FillTable(session, std::move(plan), {}, after, convert).status(), after);
}

Status RewriteTable(SessionImpl& session, const catalog::Table& before, const catalog::Table& after,
                    const std::vector<std::string>& values) {
  std::vector<sql::TableColumn> columns;
  for (const catalog::Column& column : before.columns) {
    if (!column.dropped) columns.push_back({column.name, column.type, column.generated});
  }
  sql::PlannerContext context = session.MakePlannerContext();
  // New values are assigned, as an INSERT would: a string that is too long is an error.
  std::vector<expr::ExprPtr> expressions;
  std::vector<std::unique_ptr<expr::Evaluator>> evaluators;
  expr::EvalContext evaluation = session.MakeEvalContext();
  size_t position = 0;
  for (const catalog::Column& column : after.columns) {
    if (column.dropped) continue;
    HELIOS_TRY(sql::ast::ExprPtr tree, sql::ParseExpression(values[position++]));
    HELIOS_TRY(
        sql::BoundTableExpression bound,
        sql::BindTableExpression(*tree, before.name, columns, sql::ExpressionPurpose::kAlterUsing,
                                 column.type, column.name, context));
    expressions.push_back(std::move(bound.expr));
    evaluators.push_back(std::make_unique<expr::Evaluator>(*expressions.back(), evaluation));
  }
  const auto convert = [&evaluators](Chunk* rows) -> Status {
    Chunk converted;
    for (const auto& evaluator : evaluators) {
      Vector value;
      HELIOS_TRY(evaluator->Evaluate(*rows, &value));
      converted.AddColumn(std::move(value));
    }
    converted.SetRowCount(rows->row_count());
    *rows = std::move(converted);
    return Status::Ok();
  };
  return RewriteRows(session, before, after, convert);
}

}  // namespace helios::compute
