// WITH.
#include <algorithm>

#include "sql/ast_util.h"
#include "sql/binder/internal/binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;

bool Mentions(const ast::Statement& statement, const std::string& name) {
  bool found = false;
  ast::WalkRelations(statement, [&](const ast::RelationName& relation) {
    found = found || (relation.schema.empty() && relation.name == name);
  });
  return found;
}

Status CheckNames(const ast::WithClause& with) {
  for (size_t i = 0; i < with.tables.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (with.tables[j].name != with.tables[i].name) continue;
      return Error(ErrorCode::kDuplicateAlias)
          .Message("WITH query name \"{}\" specified more than once", with.tables[i].name)
          .Position(PositionOf(with.tables[i].location));
    }
  }
  return Status::Ok();
}

// RECURSIVE lets queries refer to later ones; they are bound in an order that allows it.
Result<std::vector<const ast::CommonTable*>> OrderTables(const ast::WithClause& with) {
  std::vector<const ast::CommonTable*> waiting, ordered;
  for (const ast::CommonTable& table : with.tables) waiting.push_back(&table);
  if (!with.recursive) return waiting;
  while (!waiting.empty()) {
    const auto is_ready = [&](const ast::CommonTable* table) {
      return std::none_of(waiting.begin(), waiting.end(), [&](const ast::CommonTable* other) {
        return other != table && Mentions(*table->query, other->name);
      });
    };
    const auto ready = std::find_if(waiting.begin(), waiting.end(), is_ready);
    if (ready == waiting.end()) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("mutual recursion between WITH items is not implemented")
          .Position(PositionOf(with.tables[0].location));
    }
    ordered.push_back(*ready);
    waiting.erase(ready);
  }
  return ordered;
}
}  // namespace

Status Binder::NameCteColumns(const ast::CommonTable& table,
                              const std::vector<ResultColumn>& columns, CteEntry* entry) {
  if (table.columns.size() > columns.size()) {
    return Error(ErrorCode::kInvalidColumnReference)
        .Message("WITH query \"{}\" has {} columns available but {} columns specified", table.name,
                 columns.size(), table.columns.size())
        .Position(PositionOf(table.location));
  }
  entry->column_names.clear();
  entry->column_types.clear();
  for (size_t i = 0; i < columns.size(); ++i) {
    entry->column_names.push_back(i < table.columns.size() ? table.columns[i] : columns[i].name);
    entry->column_types.push_back(columns_[columns[i].id].type);
  }
  return Status::Ok();
}

Result<NodePtr> Binder::BindCommonTable(const ast::CommonTable& table, QueryScope* parent,
                                        CteScope* ctes, CteEntry* entry) {
  const bool is_select = table.query->kind == ast::StatementKind::kSelect;
  if (!is_select && parent != nullptr) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("WITH clause containing a data-modifying statement must be at the top level")
        .Position(PositionOf(table.location));
  }
  if (is_select && (!table.search_column.empty() || !table.cycle_mark.empty())) {
    return Error(ErrorCode::kSyntaxError)
        .Message("WITH query is not recursive")
        .Position(PositionOf(table.location));
  }
  entry->not_yet_bound = true;
  HELIOS_TRY(BoundQuery query,
             is_select ? BindQuery(ast::As<ast::SelectStatement>(*table.query), parent, ctes, {})
                       : BindDml(*table.query, parent, ctes));
  entry->not_yet_bound = false;
  HELIOS_TRY(NameCteColumns(table, query.columns, entry));
  if (is_select) {
    entry->inline_each = table.materialize == ast::CteMaterialize::kNever;
  } else {
    entry->data_modifying = true;
    entry->returns_rows = !query.columns.empty();
    if (!entry->returns_rows) return std::move(query.node);
  }
  std::vector<uint32_t> ids;
  for (const ResultColumn& column : query.columns) ids.push_back(column.id);
  return Shape(std::move(query.node), ids);
}

Status Binder::BindWith(const ast::WithClause& with, QueryScope* parent, CteScope* ctes,
                        std::vector<NodePtr>* bodies, std::vector<bool>* always_run) {
  HELIOS_TRY(CheckNames(with));
  HELIOS_TRY(const std::vector<const ast::CommonTable*> tables, OrderTables(with));
  for (const ast::CommonTable* table : tables) {
    CteEntry& entry = ctes->entries.emplace_back();
    entry.name = table->name;
    entry.definition = table;
    entry.index = plan_->cte_count++;
    const bool is_recursive = with.recursive && Mentions(*table->query, table->name) &&
                              table->query->kind == ast::StatementKind::kSelect;
    HELIOS_TRY(NodePtr body, is_recursive ? BindRecursive(*table, &entry, ctes, parent)
                                          : BindCommonTable(*table, parent, ctes, &entry));
    bodies->push_back(std::move(body));
    always_run->push_back(entry.data_modifying);
  }
  return Status::Ok();
}

Result<NodePtr> Binder::WrapCtes(NodePtr node, CteScope* ctes, std::vector<NodePtr> bodies,
                                 std::vector<bool> always_run) {
  auto with = std::make_unique<plan::WithCteNode>();
  with->ids = node->ids;
  with->first_cte = ctes->entries.front().index;
  with->children.push_back(std::move(node));
  size_t i = 0;
  for (const CteEntry& entry : ctes->entries) {
    with->cte_indexes.push_back(entry.index);
    with->materialize.push_back(entry.definition->materialize == ast::CteMaterialize::kAlways);
    with->children.push_back(std::move(bodies[i++]));
  }
  with->always_run = std::move(always_run);
  return with;
}

Result<NodePtr> Binder::BindCteReference(CteEntry& cte, const ast::FromTable& item,
                                         QueryScope& scope) {
  if (!cte.returns_rows) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("WITH query \"{}\" does not have a RETURNING clause", cte.name)
        .Position(PositionOf(item.relation.location));
  }
  ScopeRelation* relation = NewRelation(scope);
  relation->alias = cte.name;
  NodePtr node;
  std::vector<uint32_t> ids;
  for (size_t i = 0; i < cte.column_names.size(); ++i) {
    const uint32_t id = NewColumn(cte.column_names[i], cte.column_types[i], nullptr);
    relation->columns.push_back({cte.column_names[i], id});
    ids.push_back(id);
  }
  if (cte.recursive_open) {
    relation->hidden_count = cte.sequence_count;
    scope.self_reference = true;
    auto work = std::make_unique<plan::WorkTableNode>();
    work->work_table = cte.work_table;
    work->name = cte.name;
    node = std::move(work);
  } else {
    ++cte.uses;
    auto scan = std::make_unique<plan::CteScanNode>();
    scan->cte = cte.index;
    scan->name = cte.name;
    node = std::move(scan);
  }
  node->ids = ids;
  HELIOS_TRY(ApplyAlias(item.alias.get(), relation, item.location));
  HELIOS_TRY(AddRelation(scope, relation, item.location));
  return node;
}

}  // namespace helios::sql::binder
