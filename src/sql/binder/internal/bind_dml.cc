// What INSERT, UPDATE and DELETE share, and UPDATE and DELETE themselves.
#include <algorithm>

#include "expr/internal_functions.h"
#include "sql/binder/internal/dml_binder.h"
#include "sql/binder/internal/target_list.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;
}  // namespace

Result<BoundQuery> Binder::BindDml(const ast::Statement& statement, QueryScope* parent,
                                   CteScope* ctes) {
  plan_->writes = true;
  DmlBinder dml(*this, parent, ctes);
  switch (statement.kind) {
    case ast::StatementKind::kInsert:
      return dml.BindInsert(ast::As<ast::InsertStatement>(statement));
    case ast::StatementKind::kUpdate:
      return dml.BindUpdate(ast::As<ast::UpdateStatement>(statement));
    case ast::StatementKind::kDelete:
      return dml.BindDelete(ast::As<ast::DeleteStatement>(statement));
    case ast::StatementKind::kMerge:
      return dml.BindMerge(ast::As<ast::MergeStatement>(statement));
    default:
      break;
  }
  return Error(ErrorCode::kFeatureNotSupported).Message("this statement cannot be planned");
}

Result<DmlBinder::Target> DmlBinder::OpenTarget(const ast::RelationName& name,
                                                hidb::TableLockMode mode, const char* verb) {
  HELIOS_TRY(const Binder::TableName found, b_.LookUpTable(name));
  if (found.system != nullptr) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("permission denied: \"{}\" is a system catalog", name.name);
  }
  if (found.object->kind() != catalog::ObjectKind::kTable) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("cannot {} {} \"{}\"", verb,
                 found.object->kind() == catalog::ObjectKind::kSequence ? "sequence" : "index",
                 name.name)
        .Position(PositionOf(name.location));
  }
  Target target;
  target.table = static_cast<const catalog::Table*>(found.object);
  target.name = target.table->name;
  if (target.table->table_kind == catalog::TableKind::kMaterializedView) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("cannot change materialized view \"{}\"", name.name);
  }
  if (target.table->table_kind == catalog::TableKind::kView) {
    // The table below is written with the rights of the view's owner.
    const Oid role = b_.role_;
    HELIOS_TRY(OpenView(*target.table, verb, &target));
    const catalog::Privilege privilege = verb[0] == 'i'   ? catalog::Privilege::kInsert
                                         : verb[0] == 'u' ? catalog::Privilege::kUpdate
                                                          : catalog::Privilege::kDelete;
    b_.NeedPrivilege(target.table->oid, privilege, 0);
    b_.role_ = role;
  } else {
    for (const catalog::Column& column : target.table->columns) {
      if (column.dropped) continue;
      target.order.push_back(static_cast<uint32_t>(target.columns.size()));
      target.columns.push_back(&column);
      target.names.push_back(column.name);
    }
  }
  b_.NeedTable(target.table->oid, target.table->name, mode);
  HELIOS_TRY(target.write, BuildWriteTarget(*target.table, *b_.plan_, b_.context_));
  return target;
}

Result<uint32_t> DmlBinder::FindTargetColumn(const Target& target,
                                             const ast::AssignmentTarget& name,
                                             bool inserts) const {
  for (uint32_t i = 0; i < target.names.size(); ++i) {
    if (target.names[i] == name.name) return i;
  }
  static constexpr std::string_view kSystem[] = {"tableoid", "ctid", "xmin",
                                                 "xmax",     "cmin", "cmax"};
  if (!inserts &&
      std::find(std::begin(kSystem), std::end(kSystem), name.name) != std::end(kSystem)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot assign to system column \"{}\"", name.name)
        .Position(PositionOf(name.location));
  }
  return Error(ErrorCode::kUndefinedColumn)
      .Message("column \"{}\" of relation \"{}\" does not exist", name.name, target.name)
      .Position(PositionOf(name.location));
}

QueryScope& DmlBinder::NewScope() {
  b_.scope_pool_.push_back(std::make_unique<QueryScope>());
  QueryScope& scope = *b_.scope_pool_.back();
  scope.parent = parent_;
  scope.depth = parent_ == nullptr ? 0 : parent_->depth + 1;
  scope.ctes = ctes_;
  return scope;
}

Status DmlBinder::BeginWith(const ast::WithClause* with) {
  if (with == nullptr) return Status::Ok();
  own_ctes_.parent = ctes_;
  HELIOS_TRY(b_.BindWith(*with, parent_, &own_ctes_, &bodies_, &always_run_));
  ctes_ = &own_ctes_;
  return Status::Ok();
}

Result<BoundQuery> DmlBinder::Finish(NodePtr node, std::vector<ResultColumn> columns) {
  BoundQuery query;
  query.columns = std::move(columns);
  if (bodies_.empty()) {
    query.node = std::move(node);
  } else {
    HELIOS_TRY(query.node, b_.WrapCtes(std::move(node), &own_ctes_, std::move(bodies_),
                                       std::move(always_run_)));
  }
  return query;
}

ScopeRelation* DmlBinder::MakeRelation(QueryScope& scope, const Target& target,
                                       const std::string& alias,
                                       const std::vector<std::string>& names,
                                       const std::vector<uint32_t>& ids) {
  ScopeRelation* relation = b_.NewRelation(scope);
  relation->alias = alias;
  relation->table = target.table->oid;
  if (target.views.empty()) relation->catalog_table = target.table;
  if (alias == target.table->name) relation->schema = target.write->schema_name;
  const auto add = [&](uint32_t i) {
    if (names[i].empty()) return;
    relation->columns.push_back({names[i], ids[i]});
    relation->column_numbers.push_back(target.columns[i]->number);
    b_.relations_of_[ids[i]] = relation;
    b_.owners_[ids[i]] = &scope;
  };
  if (&names == &target.names) {
    for (uint32_t i : target.order) add(i);
  } else {
    for (uint32_t i = 0; i < names.size(); ++i) add(i);
  }
  return relation;
}

Status DmlBinder::BindReturning(const std::vector<ast::TargetItem>& items, QueryScope& scope,
                                std::vector<ExprPtr>* returning, std::vector<uint32_t>* ids,
                                std::vector<ResultColumn>* columns) {
  scope.clause = Clause::kReturning;
  std::vector<TargetEntry> targets;
  HELIOS_TRY(TargetListBinder(b_, scope).Bind(items, &targets));
  for (TargetEntry& target : targets) {
    HELIOS_TRY(target.expr, b_.types_.ResolveUnknown(std::move(target.expr)));
    const uint32_t id = b_.NewColumn(target.name, target.expr->type, nullptr);
    if (target.expr->kind == ExprKind::kColumn) {
      const plan::ColumnRecord& from = b_.columns_[As<expr::ColumnExpr>(*target.expr).index];
      b_.columns_[id].table = from.table;
      b_.columns_[id].column_number = from.column_number;
    }
    columns->push_back({target.name, id});
    ids->push_back(id);
    returning->push_back(std::move(target.expr));
  }
  return Status::Ok();
}

Status DmlBinder::LoadDefaults(const Target& target) {
  if (!defaults_.empty()) return Status::Ok();
  HELIOS_TRY(defaults_, BindColumnDefaults(*target.table, b_.context_));
  return Status::Ok();
}

ExprPtr DmlBinder::DefaultOf(const Target& target, uint32_t position) {
  if (defaults_[position] != nullptr) return defaults_[position]->Clone();
  Value null = Value::Null(target.columns[position]->type);
  null.SetPhysical(b_.types_.Physical(target.columns[position]->type.oid));
  return std::make_unique<expr::ConstantExpr>(std::move(null));
}

std::vector<uint32_t> DmlBinder::NewRowIds(const Target& target) {
  std::vector<uint32_t> ids;
  for (const catalog::Column* column : target.columns) {
    const uint32_t id = b_.NewColumn(column->name, column->type, nullptr);
    b_.columns_[id].table = target.table->oid;
    b_.columns_[id].column_number = column->number;
    ids.push_back(id);
  }
  return ids;
}

Result<ExprPtr> DmlBinder::BindAssignedValue(const ast::Expr& value, const Target& target,
                                             uint32_t position, QueryScope& scope) {
  const catalog::Column& column = *target.columns[position];
  if (value.kind == ast::ExprKind::kDefault) {
    HELIOS_TRY(LoadDefaults(target));
    return DefaultOf(target, position);
  }
  if (column.generated) {
    return Error(ErrorCode::kGeneratedAlways)
        .Message("column \"{}\" can only be updated to DEFAULT", column.name)
        .Detail("Column \"{}\" is a generated column.", column.name);
  }
  if (column.identity == catalog::Identity::kAlways) {
    return Error(ErrorCode::kGeneratedAlways)
        .Message("column \"{}\" can only be updated to DEFAULT", column.name)
        .Detail("Column \"{}\" is an identity column defined as GENERATED ALWAYS.", column.name);
  }
  HELIOS_TRY(ExprPtr bound, b_.BindExpr(value, scope));
  return bound;
}

Status DmlBinder::AddAssignment(const Target& target, const ast::AssignmentTarget& name,
                                const std::vector<uint32_t>& current, ExprPtr value,
                                QueryScope& scope, std::vector<std::pair<uint32_t, ExprPtr>>* set) {
  HELIOS_TRY(const uint32_t position, FindTargetColumn(target, name));
  const catalog::Column& column = *target.columns[position];
  const auto other = std::find_if(set->begin(), set->end(),
                                  [&](const auto& item) { return item.first == position; });
  // Several parts of one column may be set: each assignment starts from what the last one made.
  const bool both_parts = !name.steps.empty() && !whole_columns_.contains(position);
  if (other != set->end() && !both_parts) {
    return Error(ErrorCode::kSyntaxError)
        .Message("multiple assignments to same column \"{}\"", name.name);
  }
  if (target.views.empty()) {
    b_.NeedPrivilege(target.table->oid, catalog::Privilege::kUpdate, column.number);
  }
  if (!name.steps.empty()) {
    ExprPtr base = other != set->end() ? std::move(other->second)
                                       : b_.MakeColumn(current[position], name.location);
    HELIOS_TRY(value, AssignPart(name, std::move(base), column.type, 0, std::move(value), scope));
    if (other != set->end()) {
      other->second = std::move(value);
    } else {
      set->push_back({position, std::move(value)});
    }
    return Status::Ok();
  }
  whole_columns_.insert(position);
  const int location = value->location;
  HELIOS_TRY(value,
             b_.types_.CoerceAssignment(std::move(value), column.type, column.name, location));
  if (!column.generated) set->push_back({position, std::move(value)});
  return Status::Ok();
}

Status DmlBinder::BindAssignments(const std::vector<ast::Assignment>& assignments,
                                  const Target& target, const std::vector<uint32_t>& current,
                                  QueryScope& scope, NodePtr* node,
                                  std::vector<std::pair<uint32_t, ExprPtr>>* set) {
  whole_columns_.clear();
  for (const ast::Assignment& assignment : assignments) {
    scope.clause = Clause::kUpdateSource;
    if (!assignment.multiple) {
      HELIOS_TRY(const uint32_t position, FindTargetColumn(target, assignment.targets[0]));
      HELIOS_TRY(CheckAssignable(assignment.targets[0], *assignment.value));
      HELIOS_TRY(ExprPtr value, BindAssignedValue(*assignment.value, target, position, scope));
      HELIOS_TRY(
          AddAssignment(target, assignment.targets[0], current, std::move(value), scope, set));
      continue;
    }
    const size_t count = assignment.targets.size();
    const auto mismatch = [&]() {
      return Error(ErrorCode::kSyntaxError)
          .Message("number of columns does not match number of values")
          .Position(PositionOf(assignment.value->location));
    };
    if (const auto* row = ast::TryAs<ast::Row>(assignment.value.get())) {
      if (row->fields.size() != count) return mismatch();
      for (size_t i = 0; i < count; ++i) {
        HELIOS_TRY(const uint32_t position, FindTargetColumn(target, assignment.targets[i]));
        HELIOS_TRY(CheckAssignable(assignment.targets[i], *row->fields[i]));
        HELIOS_TRY(ExprPtr value, BindAssignedValue(*row->fields[i], target, position, scope));
        HELIOS_TRY(
            AddAssignment(target, assignment.targets[i], current, std::move(value), scope, set));
      }
      continue;
    }
    const auto* subquery = ast::TryAs<ast::Subquery>(assignment.value.get());
    if (subquery == nullptr || subquery->subquery_kind != ast::SubqueryKind::kScalar ||
        node == nullptr) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message(
              "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() "
              "expression")
          .Position(PositionOf(assignment.value->location));
    }
    HELIOS_TRY(BoundQuery query,
               b_.BindQuery(ast::As<ast::SelectStatement>(*subquery->query), &scope, ctes_, {}));
    if (query.columns.size() != count) return mismatch();
    // One run of the sub-select for each row gives all the values.
    auto join = std::make_unique<plan::JoinNode>();
    join->join_type = plan::JoinType::kSingle;
    std::vector<uint32_t> ids;
    auto project = std::make_unique<plan::ProjectNode>();
    for (const ResultColumn& column : query.columns) {
      const uint32_t id = b_.NewColumn(column.name, b_.columns_[column.id].type, nullptr);
      project->expressions.push_back(b_.MakeColumn(column.id, -1));
      project->ids.push_back(id);
      ids.push_back(id);
    }
    project->children.push_back(std::move(query.node));
    join->ids = (*node)->ids;
    join->ids.insert(join->ids.end(), ids.begin(), ids.end());
    join->children.push_back(std::move(*node));
    join->children.push_back(std::move(project));
    *node = std::move(join);
    for (size_t i = 0; i < count; ++i) {
      HELIOS_TRY(AddAssignment(target, assignment.targets[i], current,
                               b_.MakeColumn(ids[i], assignment.value->location), scope, set));
    }
  }
  return Status::Ok();
}

Result<NodePtr> DmlBinder::BindMatched(const Target& target, const ast::RelationName& name,
                                       const ast::Alias* alias,
                                       const std::vector<ast::FromPtr>& from,
                                       const ast::Expr* where, QueryScope& scope) {
  ScopeRelation base;
  base.alias = target.table->name;
  NodePtr node = b_.MakeScan(*target.table, &base);
  scan_ = base.scan;
  static_cast<plan::ScanNode&>(*node).alias = alias == nullptr ? target.table->name : alias->name;
  for (const ScopeColumn& column : base.columns) scan_ids_.push_back(column.id);
  row_key_ = base.row_key;
  writer_ = base.writer;
  std::string unused;
  HELIOS_TRY(ExprPtr visible, ViewConditions(target, scan_ids_, false, &unused));
  if (visible != nullptr) node = plan::MakeFilter(std::move(node), std::move(visible));
  ScopeRelation* relation = MakeRelation(scope, target, alias == nullptr ? name.name : alias->name,
                                         target.names, scan_ids_);
  relation->row_key = row_key_;
  relation->writer = writer_;
  scope.relations.push_back(relation);
  if (!from.empty()) {
    // Items of FROM do not see the target, except as a name that is taken.
    HELIOS_TRY(NodePtr other, b_.BindFromList(from, scope));
    auto join = std::make_unique<plan::JoinNode>();
    join->ids = node->ids;
    join->ids.insert(join->ids.end(), other->ids.begin(), other->ids.end());
    join->children.push_back(std::move(node));
    join->children.push_back(std::move(other));
    node = std::move(join);
  }
  if (const auto* current = ast::TryAs<ast::CurrentOf>(where)) {
    HELIOS_TRY(BindCurrentOf(*current, target));
  } else if (where != nullptr) {
    scope.clause = Clause::kWhere;
    HELIOS_TRY(ExprPtr predicate, b_.BindExpr(*where, scope));
    HELIOS_TRY(predicate, b_.types_.CoerceBoolean(std::move(predicate), "WHERE"));
    node = plan::MakeFilter(std::move(node), std::move(predicate));
  }
  return node;
}

Status DmlBinder::BindCurrentOf(const ast::CurrentOf& current, const Target& target) {
  if (!target.views.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("WHERE CURRENT OF on a view is not implemented");
  }
  auto call = std::make_unique<expr::FunctionExpr>(
      expr::GetInternalFunction(expr::InternalFunction::kCurrentOf), SqlType{t::kBytea, -1});
  const auto add = [&](Value value) {
    call->children.push_back(std::make_unique<expr::ConstantExpr>(std::move(value)));
  };
  add(Value::Text(current.cursor));
  add(Value::Fixed<uint32_t>({t::kOid, -1}, target.table->oid));
  add(Value::Text(target.table->name));
  scan_->bounds.emplace_back();
  scan_->bounds.back().row_key = std::move(call);
  scan_->bound_selectivity = 0;
  return Status::Ok();
}

NodePtr DmlBinder::ShapeForWrite(NodePtr node, plan::Node& writer) {
  std::vector<uint32_t> ids = scan_ids_;
  const plan::IdSet own(ids.begin(), ids.end());
  ids.push_back(row_key_);
  plan::IdSet used;
  plan::ForEachExpr(writer,
                    [&](ExprPtr& expr) { plan::CollectIds(*expr, b_.plan_->subplans, &used); });
  for (uint32_t id : node->ids) {
    if (used.contains(id) && !own.contains(id)) ids.push_back(id);
  }
  return Binder::Shape(std::move(node), ids);
}

void DmlBinder::NeedParents(const plan::WriteTarget& target) {
  for (const plan::ReferenceTarget& reference : target.references) {
    b_.NeedTable(reference.parent, reference.parent_name, hidb::TableLockMode::kRowShare);
  }
}

void DmlBinder::NeedChildren(const plan::WriteTarget& target, const Assignments* set,
                             std::set<const plan::WriteTarget*>* seen) {
  using Action = catalog::ForeignKeyAction;
  if (!seen->insert(&target).second) return;
  for (const plan::ReferencedByTarget& reference : target.referenced_by) {
    const auto is_key = [&](const auto& assignment) {
      return std::find(reference.key_columns.begin(), reference.key_columns.end(),
                       assignment.first) != reference.key_columns.end();
    };
    // A generated column counts as assigned.
    if (set != nullptr && std::none_of(set->begin(), set->end(), is_key) &&
        std::none_of(target.generated.begin(), target.generated.end(), is_key)) {
      continue;
    }
    const Action action = set != nullptr ? reference.on_update : reference.on_delete;
    if (action == Action::kNoAction || action == Action::kRestrict) {
      b_.NeedTable(reference.child, reference.child_name, hidb::TableLockMode::kRowShare);
      continue;
    }
    b_.NeedTable(reference.child, reference.child_name, hidb::TableLockMode::kRowExclusive);
    if (reference.child_target == nullptr) continue;
    if (action == Action::kCascade && set == nullptr) {
      NeedChildren(*reference.child_target, nullptr, seen);
      continue;
    }
    // The children's key columns change, which their own children may refer to.
    Assignments changed;
    for (uint32_t column : reference.child_columns) changed.emplace_back(column, nullptr);
    NeedParents(*reference.child_target);
    NeedChildren(*reference.child_target, &changed, seen);
  }
}

Result<BoundQuery> DmlBinder::BindUpdate(const ast::UpdateStatement& update) {
  HELIOS_TRY(BeginWith(update.with.get()));
  QueryScope& scope = NewScope();
  HELIOS_TRY(Target target,
             OpenTarget(update.relation, hidb::TableLockMode::kRowExclusive, "update"));
  HELIOS_TRY(NodePtr child, BindMatched(target, update.relation, update.alias.get(), update.from,
                                        update.where.get(), scope));
  auto node = std::make_unique<plan::UpdateNode>();
  node->target = target.write;
  HELIOS_TRY(BindAssignments(update.assignments, target, scan_ids_, scope, &child, &node->set));
  NeedParents(*target.write);
  std::set<const plan::WriteTarget*> seen;
  NeedChildren(*target.write, &node->set, &seen);
  std::vector<ResultColumn> columns;
  node->row_ids = scan_ids_;
  scope.relations.front()->written = true;
  HELIOS_TRY(node->check_option, ViewConditions(target, scan_ids_, true, &node->check_option_view));
  if (!update.returning.empty()) {
    node->has_returning = true;
    HELIOS_TRY(BindReturning(update.returning, scope, &node->returning, &node->ids, &columns));
  }
  node->children.push_back(ShapeForWrite(std::move(child), *node));
  return Finish(std::move(node), std::move(columns));
}

Result<BoundQuery> DmlBinder::BindDelete(const ast::DeleteStatement& statement) {
  HELIOS_TRY(BeginWith(statement.with.get()));
  QueryScope& scope = NewScope();
  HELIOS_TRY(Target target,
             OpenTarget(statement.relation, hidb::TableLockMode::kRowExclusive, "delete from"));
  if (target.views.empty()) {
    b_.NeedPrivilege(target.table->oid, catalog::Privilege::kDelete, 0);
  }
  HELIOS_TRY(NodePtr child, BindMatched(target, statement.relation, statement.alias.get(),
                                        statement.using_items, statement.where.get(), scope));
  auto node = std::make_unique<plan::DeleteNode>();
  node->target = target.write;
  std::set<const plan::WriteTarget*> seen;
  NeedChildren(*target.write, nullptr, &seen);
  std::vector<ResultColumn> columns;
  if (!statement.returning.empty()) {
    node->has_returning = true;
    HELIOS_TRY(BindReturning(statement.returning, scope, &node->returning, &node->ids, &columns));
  }
  node->children.push_back(ShapeForWrite(std::move(child), *node));
  return Finish(std::move(node), std::move(columns));
}

}  // namespace helios::sql::binder
