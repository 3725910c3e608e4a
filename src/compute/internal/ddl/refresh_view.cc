// REFRESH MATERIALIZED VIEW.

#include <algorithm>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/ddl/index_build.h"
#include "compute/internal/ddl/own_query.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "sql/parser/parser.h"
#include "types/text.h"

namespace helios::compute {

namespace {

// Whether the index tells every two rows of its table apart by their columns.
bool IdentifiesRows(const catalog::Index& index) {
  return index.unique && index.state == catalog::Index::State::kReady &&
         index.predicate_sql.empty() &&
         std::all_of(index.keys.begin(), index.keys.end(),
                     [](const catalog::IndexKey& key) { return key.column != 0; });
}

Status CheckConcurrently(SessionImpl& session, const catalog::Table& view,
                         const ast::RefreshViewStatement& statement) {
  if (!statement.concurrently) return Status::Ok();
  if (view.storage_id == 0) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("CONCURRENTLY cannot be used when the materialized view is not populated");
  }
  if (!statement.with_data) {
    return Error(ErrorCode::kSyntaxError)
        .Message("CONCURRENTLY and WITH NO DATA options cannot be used together");
  }
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const Oid oid : view.indexes) {
    if (IdentifiesRows(*snapshot->FindIndex(oid))) return Status::Ok();
  }
  return Error(ErrorCode::kObjectNotInPrerequisiteState)
      .Message("cannot refresh materialized view \"{}.{}\" concurrently",
               QuoteIdentifier(snapshot->FindSchema(view.schema)->name), QuoteIdentifier(view.name))
      .Hint(
          "Create a unique index with no WHERE clause on one or more columns of the materialized "
          "view.");
}

// What a duplicate key among the new rows is called.
Status ForNewRows(SessionImpl& session, Status status, const catalog::Table& view,
                  bool concurrently) {
  if (!status.Is(ErrorCode::kUniqueViolation)) return status;
  if (!concurrently) {
    ErrorInfo& info = status.mutable_info();
    info.message = fmt::format("could not create unique index \"{}\"", info.constraint);
    const size_t end = info.detail.rfind(" already exists.");
    if (end != std::string::npos) info.detail.replace(end, std::string::npos, " is duplicated.");
    return status;
  }
  HELIOS_TRY(const Chunk twice,
             RunOwnQuery(session, fmt::format("SELECT q::text FROM ({}) q WHERE q IS NOT NULL "
                                              "GROUP BY 1 HAVING count(*) > 1 LIMIT 1",
                                              view.view_sql)));
  if (twice.row_count() == 0) return status;
  return Error(ErrorCode::kCardinalityViolation)
      .Message(
          "new data for materialized view \"{}\" contains duplicate rows without any null columns",
          view.name)
      .Detail("Row: {}", twice.column(0).View(0));
}

}  // namespace

// The rows come anew into storage of their own, so that a rollback brings the old ones back.
Status RunRefreshView(SessionImpl& session, const ast::RefreshViewStatement& statement) {
  HELIOS_TRY(const catalog::Table* found, FindTableOrView(session, statement.relation));
  if (found->table_kind == catalog::TableKind::kView) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("\"{}\" is not a table or materialized view", found->name);
  }
  HELIOS_TRY(RequireOwner(session, *found));
  if (found->table_kind != catalog::TableKind::kMaterializedView) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("\"{}\" is not a materialized view", found->name);
  }
  const Oid oid = found->oid;
  HELIOS_TRY(session.LockRelation(oid, hidb::TableLockMode::kAccessExclusive, found->name));
  DdlEditor editor(session);
  auto view = editor.Copy<catalog::Table>(oid);
  HELIOS_TRY(CheckConcurrently(session, *view, statement));
  if (view->storage_id != 0) session.txn().dropped_spaces.push_back(view->storage_id);
  view->storage_id = 0;  // Not populated: readers get 55000.
  if (statement.with_data) {
    HELIOS_TRY(view->storage_id, session.NewOid());
  }
  for (const Oid index_oid : view->indexes) {
    auto index = editor.Copy<catalog::Index>(index_oid);
    if (index->storage_id == 0) continue;
    session.txn().dropped_spaces.push_back(index->storage_id);
    HELIOS_TRY(index->storage_id, session.NewOid());
    editor.Put(std::move(index));
  }
  editor.Put(view);
  editor.Save();
  if (!statement.with_data) return Status::Ok();
  HELIOS_TRY(std::vector<sql::RawStatement> query, sql::Parse(view->view_sql));
  if (query.size() != 1 || query[0].statement->kind != ast::StatementKind::kSelect) {
    return Error(ErrorCode::kDataCorrupted)
        .Message("the stored query of materialized view \"{}\" is no query", view->name);
  }
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(std::shared_ptr<const sql::plan::Plan> plan,
             sql::PlanStatement(*query[0].statement, context));
  HELIOS_TRY(session.LockForPlan(*plan));
  return ForNewRows(session, FillTable(session, std::move(plan), {}, *view).status(), *view,
                    statement.concurrently);
}

}  // namespace helios::compute
