// REINDEX: an index is filled anew into a storage space of its own.
//
// Plain REINDEX does it in its transaction, which keeps everybody else from the table. CONCURRENTLY
// builds a second index beside the first while readers and writers go on, lets the first take over
// the space of the second, and drops the old space once nobody is left who may read it.

#include <algorithm>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/ddl/index_build.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

// Indexes of a table with a space of their own: all but the primary key, which is the order of the
// rows.
std::vector<Oid> IndexesOf(const catalog::Snapshot& snapshot, const catalog::Table& table) {
  std::vector<Oid> indexes;
  for (const Oid oid : table.indexes) {
    if (snapshot.FindIndex(oid)->storage_id != 0) indexes.push_back(oid);
  }
  return indexes;
}

Status RebuildIndexes(SessionImpl& session, Oid table, const std::vector<Oid>& indexes) {
  HELIOS_TRY(session.LockRelation(table, hidb::TableLockMode::kAccessExclusive,
                                  session.Catalog()->FindTable(table)->name));
  DdlEditor editor(session);
  std::vector<Oid> rebuilt;
  for (const Oid oid : indexes) {
    if (editor.current().FindIndex(oid) == nullptr) continue;  // Gone while we waited.
    auto index = editor.Copy<catalog::Index>(oid);
    session.txn().dropped_spaces.push_back(index->storage_id);
    HELIOS_TRY(index->storage_id, session.NewOid());
    index->state = catalog::Index::State::kReady;
    editor.Put(std::move(index));
    rebuilt.push_back(oid);
  }
  editor.Save();
  return BuildIndexes(session, table, rebuilt);
}

Status CommitAndGoOn(SessionImpl& session) {
  HELIOS_TRY(session.Commit());
  session.EnsureTransaction();
  return Status::Ok();
}

// A second index of the same kind, not ready yet.
Result<Oid> AddTwin(SessionImpl& session, Oid table_oid, Oid index_oid) {
  DdlEditor editor(session);
  auto table = editor.Copy<catalog::Table>(table_oid);
  auto twin = editor.Copy<catalog::Index>(index_oid);
  HELIOS_TRY(twin->oid, session.NewOid());
  twin->storage_id = twin->oid;
  twin->name = ChooseName(editor.current(), twin->schema, twin->name, "", "ccnew", {});
  twin->constraint = kInvalidOid;
  twin->state = catalog::Index::State::kBuilding;
  table->indexes.push_back(twin->oid);
  const Oid oid = twin->oid;
  editor.Put(std::move(twin));
  editor.Put(std::move(table));
  editor.Save();
  return oid;
}

// The index takes over the twin's space. Returns the space that it had.
hidb::SpaceId TakeOver(SessionImpl& session, Oid table_oid, Oid index_oid, Oid twin_oid) {
  DdlEditor editor(session);
  auto table = editor.Copy<catalog::Table>(table_oid);
  auto index = editor.Copy<catalog::Index>(index_oid);
  const hidb::SpaceId old_space = index->storage_id;
  index->storage_id = editor.current().FindIndex(twin_oid)->storage_id;
  index->state = catalog::Index::State::kReady;
  std::erase(table->indexes, twin_oid);
  editor.Remove(twin_oid);
  editor.Put(std::move(index));
  editor.Put(std::move(table));
  editor.Save();
  return old_space;
}

Status RebuildOnline(SessionImpl& session, Oid table_oid, Oid index_oid) {
  const catalog::Table* table = session.Catalog()->FindTable(table_oid);
  if (table == nullptr) return Status::Ok();  // Dropped since REINDEX began.
  if (table->temporary) return RebuildIndexes(session, table_oid, {index_oid});
  const std::string name = table->name;
  TableGuard guard(session);
  HELIOS_TRY(guard.Lock(session, table_oid, name));
  if (session.Catalog()->FindIndex(index_oid) == nullptr) return Status::Ok();
  HELIOS_TRY(const Oid twin_oid, AddTwin(session, table_oid, index_oid));
  HELIOS_TRY(CommitAndGoOn(session));
  HELIOS_TRY(BuildIndexOnline(session, guard.txn(), table_oid, twin_oid));
  const hidb::SpaceId old_space = TakeOver(session, table_oid, index_oid, twin_oid);
  HELIOS_TRY(CommitAndGoOn(session));
  hidb::LockOptions options;
  options.canceled = &session.canceled();
  options.relation = name;
  HELIOS_TRY(session.storage().AwaitTableHolders(guard.txn(), table_oid,
                                                 hidb::TableLockMode::kAccessExclusive, options));
  session.txn().dropped_spaces.push_back(old_space);
  return CommitAndGoOn(session);
}

struct Options {
  bool concurrently = false;
  bool verbose = false;
};

Result<Options> ReadOptions(const ast::ReindexStatement& statement) {
  Options options;
  for (const ast::Option& option : statement.options) {
    const bool on = option.value_kind == ast::OptionValueKind::kNone || option.boolean ||
                    option.text == "on" || option.text == "true" || option.text == "1";
    if (option.name == "concurrently") {
      options.concurrently = on;
    } else if (option.name == "verbose") {
      options.verbose = on;
    } else if (option.name == "tablespace") {
      return Error(ErrorCode::kUndefinedObject)
          .Message("tablespace \"{}\" does not exist", option.text);
    } else {
      return Error(ErrorCode::kSyntaxError)
          .Message("unrecognized REINDEX option \"{}\"", option.name)
          .Position(option.location < 0 ? 0 : option.location + 1);
    }
  }
  return options;
}

// What one statement rebuilds: indexes table by table.
using Work = std::vector<std::pair<Oid, std::vector<Oid>>>;

Result<Work> FindIndexWork(SessionImpl& session, const ast::ReindexStatement& statement) {
  HELIOS_TRY(const catalog::Object* object, FindRelation(session, statement.relation));
  if (object->kind() != catalog::ObjectKind::kIndex) {
    return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not an index", object->name);
  }
  HELIOS_TRY(RequireOwner(session, *object));
  const auto& index = static_cast<const catalog::Index&>(*object);
  Work work;
  if (index.storage_id != 0) work.push_back({index.table, {index.oid}});
  return work;
}

Result<Work> FindTableWork(SessionImpl& session, const ast::ReindexStatement& statement,
                           bool concurrently) {
  HELIOS_TRY(const catalog::Object* object, FindRelation(session, statement.relation));
  const auto* table = object->kind() == catalog::ObjectKind::kTable
                          ? static_cast<const catalog::Table*>(object)
                          : nullptr;
  if (table == nullptr || table->table_kind == catalog::TableKind::kView) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("\"{}\" is not a table or materialized view", object->name);
  }
  HELIOS_TRY(RequireOwner(session, *table));
  if (table->indexes.empty()) {
    session.Notice(
        Notice::Severity::kNotice, "00000",
        concurrently ? fmt::format("table \"{}\" has no indexes that can be reindexed concurrently",
                                   table->name)
                     : fmt::format("table \"{}\" has no indexes to reindex", table->name));
  }
  return Work{{table->oid, IndexesOf(*session.Catalog(), *table)}};
}

// REINDEX SCHEMA, DATABASE and SYSTEM. The system catalog has no indexes.
Result<Work> FindWideWork(SessionImpl& session, const ast::ReindexStatement& statement,
                          bool concurrently) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  Oid only_schema = kInvalidOid;
  if (statement.target == ast::ReindexTarget::kSchema) {
    HELIOS_TRY(const catalog::Schema* schema, FindSchemaByName(session, statement.name));
    HELIOS_TRY(RequireOwner(session, *schema));
    only_schema = schema->oid;
  } else {
    if (statement.target == ast::ReindexTarget::kSystem && concurrently) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("cannot reindex system catalogs concurrently");
    }
    if (!statement.name.empty() && statement.name != session.database()) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("can only reindex the currently open database");
    }
    const catalog::Database* database = snapshot->FindDatabase(session.database());
    HELIOS_TRY(RequireOwner(session, *database));
    if (statement.target == ast::ReindexTarget::kSystem) return Work();
  }
  Work work;
  for (const auto& [oid, object] : snapshot->objects()) {
    if (object->kind() != catalog::ObjectKind::kTable) continue;
    const auto& table = static_cast<const catalog::Table&>(*object);
    if (only_schema != kInvalidOid && table.schema != only_schema) continue;
    std::vector<Oid> indexes = IndexesOf(*snapshot, table);
    if (!indexes.empty()) work.push_back({oid, std::move(indexes)});
  }
  return work;
}

Result<Work> FindWork(SessionImpl& session, const ast::ReindexStatement& statement,
                      bool concurrently) {
  switch (statement.target) {
    case ast::ReindexTarget::kIndex:
      return FindIndexWork(session, statement);
    case ast::ReindexTarget::kTable:
      return FindTableWork(session, statement, concurrently);
    default:
      return FindWideWork(session, statement, concurrently);
  }
}

}  // namespace

Status RunReindex(SessionImpl& session, const ast::ReindexStatement& statement) {
  HELIOS_TRY(const Options options, ReadOptions(statement));
  const bool wide = statement.target != ast::ReindexTarget::kIndex &&
                    statement.target != ast::ReindexTarget::kTable;
  if ((wide || options.concurrently) && session.in_transaction_block()) {
    const char* what = options.concurrently                              ? "CONCURRENTLY"
                       : statement.target == ast::ReindexTarget::kSchema ? "SCHEMA"
                       : statement.target == ast::ReindexTarget::kSystem ? "SYSTEM"
                                                                         : "DATABASE";
    return Error(ErrorCode::kActiveSqlTransaction)
        .Message("REINDEX {} cannot run inside a transaction block", what);
  }
  HELIOS_TRY(const Work work, FindWork(session, statement, options.concurrently));
  for (const auto& [table, indexes] : work) {
    if (wide && session.Catalog()->FindTable(table) == nullptr) continue;
    if (!options.concurrently) {
      HELIOS_TRY(RebuildIndexes(session, table, indexes));
      // Each table has a transaction of its own, so that the others can be used meanwhile.
      if (wide) HELIOS_TRY(CommitAndGoOn(session));
      continue;
    }
    for (const Oid index : indexes) HELIOS_TRY(RebuildOnline(session, table, index));
  }
  if (!options.verbose) return Status::Ok();
  for (const auto& [table, indexes] : work) {
    for (const Oid oid : indexes) {
      const catalog::Index* index = session.Catalog()->FindIndex(oid);
      if (index == nullptr) continue;
      session.Notice(Notice::Severity::kInfo, "00000",
                     fmt::format("index \"{}\" was reindexed", index->name));
    }
  }
  return Status::Ok();
}

}  // namespace helios::compute
