// Binder: FROM items.
#include <algorithm>

#include "expr/internal_functions.h"
#include "sql/binder/internal/binder.h"
#include "sql/parser/parser.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;

constexpr int kViewDepthMax = 64;
}  // namespace

ScopeRelation* Binder::NewRelation(QueryScope&) {
  relation_pool_.push_back(std::make_unique<ScopeRelation>());
  return relation_pool_.back().get();
}

Status Binder::AddRelation(QueryScope& scope, ScopeRelation* relation, int location) {
  for (const ScopeRelation* other : scope.relations) {
    if (relation->alias.empty() || !other->name_visible || other->alias != relation->alias)
      continue;
    // Two tables of one name in different schemas may stand side by side.
    if (other->table != kInvalidOid && relation->table != kInvalidOid &&
        other->table != relation->table && !other->schema.empty() && !relation->schema.empty()) {
      continue;
    }
    return Error(ErrorCode::kDuplicateAlias)
        .Message("table name \"{}\" specified more than once", relation->alias)
        .Position(PositionOf(location >= 0 ? -1 : -1));
  }
  for (const ScopeColumn& column : relation->columns) {
    if (relations_of_[column.id] == nullptr) {
      relations_of_[column.id] = relation;
      owners_[column.id] = &scope;
    }
  }
  for (const uint32_t id : {relation->row_key, relation->writer}) {
    if (id != kNoColumn) owners_[id] = &scope;
  }
  scope.relations.push_back(relation);
  return Status::Ok();
}

Status Binder::ApplyAlias(const ast::Alias* alias, ScopeRelation* relation, int location) {
  if (alias == nullptr) return Status::Ok();
  relation->alias = alias->name;
  relation->schema.clear();
  if (alias->columns.size() > relation->columns.size()) {
    return Error(ErrorCode::kInvalidColumnReference)
        .Message("table \"{}\" has {} columns available but {} columns specified", alias->name,
                 relation->columns.size(), alias->columns.size())
        .Position(PositionOf(location));
  }
  for (size_t i = 0; i < alias->columns.size(); ++i) relation->columns[i].name = alias->columns[i];
  return Status::Ok();
}

Result<NodePtr> Binder::BindFromList(const std::vector<ast::FromPtr>& items, QueryScope& scope) {
  NodePtr tree;
  for (const ast::FromPtr& item : items) {
    // Earlier items are visible to LATERAL ones only.
    std::vector<ScopeRelation*> mine;
    for (ScopeRelation* relation : scope.relations) {
      relation->lateral_only = true;
      relation->lateral_ok = true;
    }
    HELIOS_TRY(NodePtr node, BindFrom(*item, scope));
    if (tree == nullptr) {
      tree = std::move(node);
      continue;
    }
    auto join = std::make_unique<plan::JoinNode>();
    join->ids = tree->ids;
    join->ids.insert(join->ids.end(), node->ids.begin(), node->ids.end());
    join->children.push_back(std::move(tree));
    join->children.push_back(std::move(node));
    tree = std::move(join);
  }
  for (ScopeRelation* relation : scope.relations) {
    relation->lateral_only = false;
    relation->lateral_ok = true;
  }
  if (tree == nullptr) {
    auto one_row = std::make_unique<plan::ValuesNode>();
    one_row->rows.emplace_back();
    tree = std::move(one_row);
  }
  return tree;
}

Result<NodePtr> Binder::BindFrom(const ast::FromItem& item, QueryScope& scope) {
  switch (item.kind) {
    case ast::FromKind::kTable:
      return BindTable(ast::As<ast::FromTable>(item), scope);
    case ast::FromKind::kSubquery:
      return BindFromSubquery(ast::As<ast::FromSubquery>(item), scope);
    case ast::FromKind::kFunction:
      return BindFromFunction(ast::As<ast::FromFunction>(item), scope);
    case ast::FromKind::kJoin:
      return BindJoin(ast::As<ast::FromJoin>(item), scope);
  }
  HELIOS_CHECK(false);
  __builtin_unreachable();
}

NodePtr Binder::MakeScan(const catalog::Table& table, ScopeRelation* relation) {
  auto scan = std::make_unique<plan::ScanNode>();
  scan->table = table.oid;
  scan->table_name = table.name;
  scan->alias = relation->alias;
  scan->layout = BuildTableLayout(table, context_);
  uint32_t position = 0;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    const uint32_t id = NewColumn(column.name, column.type, nullptr);
    columns_[id].table = table.oid;
    columns_[id].column_number = column.number;
    relation->columns.push_back({column.name, id});
    relation->column_numbers.push_back(column.number);
    scan->ids.push_back(id);
    scan->columns.push_back(position++);
  }
  relation->writer = NewColumn("xmin", {t::kXid, -1}, nullptr);
  scan->ids.push_back(relation->writer);
  scan->with_writer = true;
  relation->row_key = NewColumn("(row key)", {t::kBytea, -1}, nullptr);
  relation->present = relation->row_key;
  scan->ids.push_back(relation->row_key);
  scan->with_row_key = true;
  relation->scan = scan.get();
  return scan;
}

namespace {
Status SampleOfWrongObject(const ast::TableSample& sample) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("TABLESAMPLE clause can only be applied to tables and materialized views")
      .Position(PositionOf(sample.location));
}
}  // namespace

Result<NodePtr> Binder::BindTable(const ast::FromTable& item, QueryScope& scope) {
  if (const CteEntry* cte = FindCte(item.relation, scope.ctes)) {
    if (item.sample != nullptr) return SampleOfWrongObject(*item.sample);
    return BindCteReference(const_cast<CteEntry&>(*cte), item, scope);
  }
  HELIOS_TRY(const TableName found, LookUpTable(item.relation));
  ScopeRelation* relation = NewRelation(scope);
  relation->alias = item.relation.name;
  if (const catalog::Schema* schema = context_.snapshot->FindSchema(found.schema)) {
    relation->schema = schema->name;
  } else if (found.schema == catalog::kPgCatalogSchema) {
    relation->schema = "pg_catalog";
  } else if (found.schema == catalog::kInformationSchema) {
    relation->schema = "information_schema";
  }
  if (record_names_) recorded_.relation_schemas[&item.relation] = relation->schema;
  NodePtr node;
  if (found.system != nullptr) {
    relation->table = found.system->oid;
    HELIOS_TRY(node, BindSystemTable(*found.system, relation));
  } else if (found.object->kind() == catalog::ObjectKind::kTable) {
    const auto& table = static_cast<const catalog::Table&>(*found.object);
    if (view_depth_ == 0) AddDependency(table.oid);
    relation->table = table.oid;
    NeedTable(table.oid, table.name, hidb::TableLockMode::kAccessShare);
    NeedPrivilege(table.oid, catalog::Privilege::kSelect, 0);
    if (table.table_kind == catalog::TableKind::kView) {
      HELIOS_TRY(node, BindView(table, relation, item.relation.location));
      relation->catalog_table = &table;
    } else {
      relation->catalog_table = &table;
      node = MakeScan(table, relation);
    }
  } else if (found.object->kind() == catalog::ObjectKind::kSequence) {
    // Its one row, as a query over the state of all sequences.
    NeedPrivilege(found.object->oid, catalog::Privilege::kSelect, 0);
    catalog::Table view;
    view.name = found.object->name;
    view.owner = catalog::kBootstrapRole;
    view.view_sql = fmt::format(
        "SELECT last_value, log_cnt, is_called FROM pg_catalog.helios_sequence_state "
        "WHERE seqrelid = {}",
        found.object->oid);
    HELIOS_TRY(node, BindView(view, relation, item.relation.location));
  } else {
    return Error(ErrorCode::kWrongObjectType)
        .Message("\"{}\" is an index", item.relation.name)
        .Position(PositionOf(item.relation.location));
  }
  HELIOS_TRY(ApplyAlias(item.alias.get(), relation, item.location));
  if (relation->scan != nullptr) relation->scan->alias = relation->alias;
  if (node->kind == plan::NodeKind::kSystemScan) {
    static_cast<plan::SystemScanNode&>(*node).alias = relation->alias;
  }
  if (item.sample != nullptr) {
    if (relation->scan == nullptr) return SampleOfWrongObject(*item.sample);
    HELIOS_TRY(node, BindSample(*item.sample, *relation, std::move(node), scope));
  }
  HELIOS_TRY(AddRelation(scope, relation, item.location));
  return node;
}

// Each row is drawn for itself, for SYSTEM too: storage has no pages that could be drawn.
Result<NodePtr> Binder::BindSample(const ast::TableSample& sample, const ScopeRelation& relation,
                                   NodePtr node, QueryScope& scope) {
  const std::string& method = sample.method.back();
  if (method != "bernoulli" && method != "system") {
    return Error(ErrorCode::kUndefinedObject)
        .Message("tablesample method {} does not exist", method)
        .Position(PositionOf(sample.location));
  }
  if (sample.args.size() != 1) {
    return Error(ErrorCode::kInvalidTablesampleArgument)
        .Message("tablesample method {} requires 1 argument, not {}", method, sample.args.size())
        .Position(PositionOf(sample.location));
  }
  auto call = std::make_unique<expr::FunctionExpr>(expr::SampleFunction(), SqlType{t::kBool, -1});
  const Clause outer = scope.clause;
  scope.clause = Clause::kFromFunction;
  for (const ast::Expr* argument : {sample.args[0].get(), sample.repeatable.get()}) {
    if (argument == nullptr) continue;
    HELIOS_TRY(ExprPtr bound, BindExpr(*argument, scope));
    const Oid source = bound->type.oid;
    const Oid wanted = call->children.empty() ? t::kFloat4 : t::kFloat8;
    HELIOS_TRY(bound, types_.TryCoerce(std::move(bound), {wanted, -1}, CastContext::kAssignment,
                                       argument->location));
    if (bound == nullptr) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("argument of {} must be type {}, not type {}",
                   call->children.empty() ? "TABLESAMPLE" : "REPEATABLE",
                   call->children.empty() ? "real" : "double precision", types_.Name(source))
          .Position(PositionOf(argument->location));
    }
    HELIOS_TRY(bound, types_.Cast(std::move(bound), {t::kFloat8, -1}, argument->location));
    call->children.push_back(std::move(bound));
  }
  scope.clause = outer;
  if (sample.repeatable != nullptr) call->children.push_back(MakeColumn(relation.row_key, -1));
  return plan::MakeFilter(std::move(node), std::move(call));
}

Result<NodePtr> Binder::BindView(const catalog::Table& view, ScopeRelation* relation,
                                 int location) {
  if (++view_depth_ > kViewDepthMax) {
    return Error(ErrorCode::kInvalidObjectDefinition)
        .Message("infinite recursion detected in rules for relation \"{}\"", view.name)
        .Position(PositionOf(location));
  }
  HELIOS_TRY(auto statements, Parse(view.view_sql));
  if (statements.size() != 1 || statements[0].statement->kind != ast::StatementKind::kSelect) {
    return Error(ErrorCode::kDataCorrupted).Message("view \"{}\" has no query", view.name);
  }
  view_trees_.push_back(std::move(statements[0].statement));
  const Temporarily granted(types_.names_are_granted(), true);
  const Oid outer_role = role_;
  const bool outer_record = record_names_;
  role_ = view.owner;
  SetRecording(false);
  auto query = BindQuery(ast::As<ast::SelectStatement>(*view_trees_.back()), nullptr, nullptr, {});
  role_ = outer_role;
  SetRecording(outer_record);
  --view_depth_;
  if (!query.ok()) {
    Status status = std::move(query).status();
    status.mutable_info().position = 0;  // Of the view's text, not of the statement's.
    return status;
  }
  size_t position = 0;
  for (const catalog::Column& column : view.columns) {
    if (column.dropped || position >= query->columns.size()) continue;
    const uint32_t id = query->columns[position++].id;
    relation->columns.push_back({column.name, id});
    relation->column_numbers.push_back(column.number);
  }
  if (view.columns.empty()) {  // A system view: its query names the columns.
    int16_t number = 0;
    for (const auto& column : query->columns) {
      relation->columns.push_back({column.name, column.id});
      relation->column_numbers.push_back(++number);
    }
  }
  relation->inner_relations = query->lockable;
  // One id of the query may be two columns of the view, and relations must own theirs.
  auto project = std::make_unique<plan::ProjectNode>();
  for (ScopeColumn& column : relation->columns) {
    project->expressions.push_back(MakeColumn(column.id, -1));
    const uint32_t table_id = column.id;
    column.id = NewColumn(column.name, columns_[table_id].type, nullptr);
    project->ids.push_back(column.id);
  }
  for (ScopeRelation* inner : query->lockable) {
    if (inner->row_key == kNoColumn) continue;
    const auto& ids = query->node->ids;
    if (std::find(ids.begin(), ids.end(), inner->row_key) == ids.end()) continue;
    project->expressions.push_back(MakeColumn(inner->row_key, -1));
    project->ids.push_back(inner->row_key);
  }
  project->children.push_back(std::move(query->node));
  return project;
}

Result<NodePtr> Binder::BindSystemTable(const catalog::SystemTable& table,
                                        ScopeRelation* relation) {
  if (!table.view_sql.empty()) {
    catalog::Table view;
    view.name = table.name;
    view.view_sql = table.view_sql;
    view.owner = catalog::kBootstrapRole;
    int16_t number = 0;
    for (const catalog::SystemColumn& column : table.columns) {
      catalog::Column copy;
      copy.number = ++number;
      copy.name = column.name;
      copy.type = column.type;
      view.columns.push_back(std::move(copy));
    }
    HELIOS_TRY(NodePtr node, BindView(view, relation, -1));
    return node;
  }
  auto scan = std::make_unique<plan::SystemScanNode>();
  scan->table = &table;
  scan->alias = relation->alias;
  uint32_t position = 0;
  for (const catalog::SystemColumn& column : table.columns) {
    const uint32_t id = NewColumn(column.name, column.type, nullptr);
    columns_[id].table = table.oid;
    columns_[id].column_number = static_cast<int16_t>(position + 1);
    relation->columns.push_back({column.name, id});
    scan->ids.push_back(id);
    scan->columns.push_back(position++);
  }
  return scan;
}

Result<NodePtr> Binder::BindFromSubquery(const ast::FromSubquery& item, QueryScope& scope) {
  const bool outer_lateral = scope.lateral_active;
  const Clause outer_clause = scope.clause;
  scope.lateral_active = item.lateral;
  scope.clause = Clause::kFromSubquery;
  // Without LATERAL, relations of this level are invisible: their lateral_only flags see to it,
  // and those of the item's own join are in `relations` only once the join is bound.
  std::vector<ScopeRelation*> hidden;
  if (!item.lateral) hidden.swap(scope.relations);
  auto query = BindQuery(ast::As<ast::SelectStatement>(*item.query), &scope, scope.ctes, {});
  if (!item.lateral) hidden.swap(scope.relations);
  scope.lateral_active = outer_lateral;
  scope.clause = outer_clause;
  if (!query.ok()) return std::move(query).status();
  ScopeRelation* relation = NewRelation(scope);
  std::vector<uint32_t> seen;
  NodePtr node = std::move(query->node);
  // Columns selected twice, or handed through from outer queries, get ids of their own.
  std::vector<std::pair<uint32_t, uint32_t>> copies;
  for (const ResultColumn& column : query->columns) {
    uint32_t id = column.id;
    if (std::find(seen.begin(), seen.end(), id) != seen.end()) {
      id = NewColumn(column.name, columns_[column.id].type, nullptr);
      copies.push_back({column.id, id});
      if (const RecordShapes::Fields* fields = records_.Find(column.id)) {
        records_[id] = RecordShapes::Fields(*fields);
      }
    }
    seen.push_back(id);
    relation->columns.push_back({column.name, id});
  }
  if (!copies.empty()) {
    auto project = std::make_unique<plan::ProjectNode>();
    for (uint32_t id : node->ids) {
      project->expressions.push_back(MakeColumn(id, -1));
      project->ids.push_back(id);
    }
    for (const auto& [from, to] : copies) {
      project->expressions.push_back(MakeColumn(from, -1));
      project->ids.push_back(to);
    }
    project->children.push_back(std::move(node));
    node = std::move(project);
  }
  // Seen from here, the columns belong to this level.
  for (const ScopeColumn& column : relation->columns) {
    relations_of_[column.id] = nullptr;
  }
  relation->inner_relations = query->lockable;
  HELIOS_TRY(ApplyAlias(item.alias.get(), relation, item.location));
  HELIOS_TRY(AddRelation(scope, relation, item.location));
  return node;
}

}  // namespace helios::sql::binder
