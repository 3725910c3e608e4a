#include "compute/internal/ddl/index_build.h"

#include <algorithm>

#include "catalog/names.h"
#include "compute/internal/ddl/ddl_editor.h"
#include "exec/backfill.h"
#include "exec/insert_stream.h"
#include "sql/parser/parser.h"

namespace helios::compute {

namespace {

std::string QualifiedTable(SessionImpl& session, const catalog::Table& table) {
  const catalog::Schema* schema = session.Catalog()->FindSchema(table.schema);
  return catalog::QuoteName(schema->name) + "." + catalog::QuoteName(table.name);
}

// Rows of a query of our own making.
Result<std::vector<Chunk>> Query(SessionImpl& session, const std::string& text) {
  HELIOS_TRY(std::vector<sql::RawStatement> statements, sql::Parse(text));
  HELIOS_CHECK(statements.size() == 1);
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(std::unique_ptr<sql::plan::Plan> plan,
             sql::PlanStatement(*statements[0].statement, context));
  std::vector<Chunk> chunks;
  HELIOS_TRY(session.RunPlan(std::move(plan), {}, &chunks));
  return chunks;
}

Result<bool> HasRows(SessionImpl& session, const std::string& text) {
  HELIOS_TRY(const std::vector<Chunk> chunks, Query(session, text));
  return !chunks.empty();
}

Status CheckExisting(SessionImpl& session, const catalog::Table& table,
                     const catalog::Constraint& check) {
  HELIOS_TRY(const bool violated,
             HasRows(session, fmt::format("SELECT 1 FROM {} WHERE NOT ({}) LIMIT 1",
                                          QualifiedTable(session, table), check.check_sql)));
  if (!violated) return Status::Ok();
  return Error(ErrorCode::kCheckViolation)
      .Message("check constraint \"{}\" of relation \"{}\" is violated by some row", check.name,
               table.name)
      .Table(table.name)
      .Constraint(check.name);
}

Status CheckReferences(SessionImpl& session, const catalog::Table& table,
                       const catalog::Constraint& key) {
  const catalog::Table* parent = session.Catalog()->FindTable(key.referenced_table);
  std::string columns, joined, not_null, names, shown;
  for (size_t part = 0; part < key.columns.size(); ++part) {
    const std::string child = catalog::QuoteName(table.FindColumn(key.columns[part])->name);
    const std::string other =
        catalog::QuoteName(parent->FindColumn(key.referenced_columns[part])->name);
    columns += fmt::format("{}c.{}::text", part == 0 ? "" : ", ", child);
    joined += fmt::format("{}p.{} = c.{}", part == 0 ? "" : " AND ", other, child);
    not_null += fmt::format(" AND c.{} IS NOT NULL", child);
    names += (part == 0 ? "" : ", ") + table.FindColumn(key.columns[part])->name;
  }
  HELIOS_TRY(const std::vector<Chunk> rows,
             Query(session, fmt::format("SELECT {} FROM {} c WHERE NOT EXISTS (SELECT 1 FROM {} p "
                                        "WHERE {}){} LIMIT 1",
                                        columns, QualifiedTable(session, table),
                                        QualifiedTable(session, *parent), joined, not_null)));
  if (rows.empty()) return Status::Ok();
  for (size_t part = 0; part < key.columns.size(); ++part) {
    shown += (part == 0 ? "" : ", ") + std::string(rows[0].column(part).View(0));
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

// Plans that only own a write target.
Result<std::pair<std::shared_ptr<const sql::plan::Plan>, const sql::plan::WriteTarget*>> MakeTarget(
    SessionImpl& session, const catalog::Table& table) {
  auto plan = std::make_shared<sql::plan::Plan>();
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(const sql::plan::WriteTarget* target, sql::BuildWriteTarget(table, *plan, context));
  return std::pair(std::shared_ptr<const sql::plan::Plan>(std::move(plan)), target);
}

}  // namespace

Status BuildIndexes(SessionImpl& session, Oid table_oid, const std::vector<Oid>& indexes) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  HELIOS_TRY(auto owned, MakeTarget(session, *snapshot->FindTable(table_oid)));
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
  {
    const std::unique_ptr<hidb::SnapshotLease> snapshot = storage.AcquireSnapshot();
    HELIOS_TRY(exec::FillIndexOnline(owned.first, *owned.second, position, context_at(*snapshot)));
  }
  if (index->unique) {
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
               HasRows(session, fmt::format("SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1",
                                            QualifiedTable(session, table),
                                            catalog::QuoteName(column->name))));
    if (violated) {
      return Error(ErrorCode::kNotNullViolation)
          .Message("column \"{}\" of relation \"{}\" contains null values", column->name,
                   table.name)
          .Table(table.name)
          .Column(column->name);
    }
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

Status RewriteTable(SessionImpl& session, const catalog::Table& before, const catalog::Table& after,
                    const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ", ") + value;
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
  HELIOS_TRY(auto owned, MakeTarget(session, after));
  session.txn().id();
  HELIOS_TRY(std::unique_ptr<exec::Execution> reader,
             exec::Execution::Start(plan, session.MakeExecutionContext({})));
  HELIOS_TRY(
      std::unique_ptr<exec::InsertStream> writer,
      exec::InsertStream::Open(owned.first, *owned.second, session.MakeExecutionContext({})));
  while (true) {
    Chunk chunk;
    HELIOS_TRY(reader->Next(&chunk));
    if (chunk.row_count() == 0) break;
    HELIOS_TRY(writer->Append(&chunk));
  }
  HELIOS_TRY(writer->Finish());
  return Status::Ok();
}

}  // namespace helios::compute
