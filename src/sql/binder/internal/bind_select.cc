// Queries: the steps of a SELECT, and what every query ends with.
#include <algorithm>

#include "sql/binder/internal/select_binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

constexpr int kQueryDepthMax = 200;
}  // namespace

NodePtr Binder::Shape(NodePtr node, const std::vector<uint32_t>& ids) {
  // Even when the columns are those already: later passes may change them, the consumer counts on
  // positions. One that changes nothing goes in the end.
  auto project = std::make_unique<plan::ProjectNode>();
  project->ids = ids;
  project->shape_only = true;
  project->children.push_back(std::move(node));
  return project;
}

Result<BoundQuery> Binder::BindQuery(const ast::SelectStatement& select, QueryScope* parent,
                                     CteScope* ctes, const QueryOptions& options) {
  scope_pool_.push_back(std::make_unique<QueryScope>());
  QueryScope& scope = *scope_pool_.back();
  scope.parent = parent;
  scope.depth = parent == nullptr ? 0 : parent->depth + 1;
  if (scope.depth > kQueryDepthMax) {
    return Error(ErrorCode::kStatementTooComplex).Message("sub-selects are nested too deeply");
  }
  scope.select = &select;
  CteScope own;
  own.parent = ctes;
  scope.ctes = ctes;
  std::vector<NodePtr> bodies;
  std::vector<bool> always_run;
  if (select.with != nullptr) {
    HELIOS_TRY(BindWith(*select.with, parent, &own, &bodies, &always_run));
    scope.ctes = &own;
  }
  auto query = SelectBinder(*this, select, scope, options).Bind();
  if (!query.ok() || bodies.empty()) return query;
  BoundQuery result = std::move(query).value();
  HELIOS_TRY(result.node,
             WrapCtes(std::move(result.node), &own, std::move(bodies), std::move(always_run)));
  return result;
}

namespace {
const char* LockName(const ast::LockingClause& clause) {
  static constexpr const char* kNames[] = {"FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE",
                                           "FOR UPDATE"};
  return kNames[static_cast<size_t>(clause.strength)];
}

Status CheckWindowNames(const std::vector<ast::WindowSpec>& windows) {
  for (size_t i = 0; i < windows.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (windows[i].name != windows[j].name) continue;
      return Error(ErrorCode::kWindowingError)
          .Message("window \"{}\" is already defined", windows[i].name)
          .Position(PositionOf(windows[i].location));
    }
  }
  return Status::Ok();
}
}  // namespace

Result<BoundQuery> SelectBinder::Bind() {
  if (select_.op != ast::SetOperation::kNone) return BindSetOperation();
  return select_.values.empty() ? BindPlainSelect() : BindValues();
}

Result<BoundQuery> SelectBinder::BindPlainSelect() {
  HELIOS_TRY(CheckWindowNames(select_.windows));
  scope_.window_clause = &select_.windows;
  scope_.clause = Clause::kFromSubquery;
  HELIOS_TRY(NodePtr node, b_.BindFromList(select_.from, scope_));
  HELIOS_TRY(BindClauses());
  if (scope_.self_reference && !scope_.aggregates.empty()) {
    return Error(ErrorCode::kInvalidRecursion)
        .Message("aggregate functions are not allowed in a recursive query's recursive term");
  }
  HELIOS_TRY(FindLockable());
  if (where_ != nullptr) node = plan::MakeFilter(std::move(node), std::move(where_));
  if (IsGrouped()) {
    BuildGroupedSets(&node);
    HELIOS_TRY(BuildAggregate(&node));
  }
  BuildWindows(&node);
  b_.BuildSets(scope_, &node);
  BuildProjection(&node);
  std::vector<plan::SortKey> keys = TakeSortKeys();
  if (!select_.distinct_on.empty()) {
    node = MakeDistinctOn(std::move(node), std::move(keys));
    keys.clear();  // The order is there already.
  } else if (select_.distinct) {
    HELIOS_TRY(node, MakeDistinct(std::move(node)));
  }
  return FinishQuery(std::move(node), std::move(keys));
}

Status SelectBinder::BindClauses() {
  scope_.clause = Clause::kSelect;
  HELIOS_TRY(TargetListBinder(b_, scope_).Bind(select_.targets, &targets_));
  for (size_t i = 0; i < targets_.size() && i < options_.targets.size(); ++i) {
    TargetEntry& target = targets_[i];
    if (target.expr->type.oid != t::kUnknown || !options_.targets[i].valid()) continue;
    HELIOS_TRY(target.expr, b_.types_.TryCoerce(std::move(target.expr), options_.targets[i],
                                                CastContext::kAssignment, target.location));
  }
  if (select_.where != nullptr) {
    scope_.clause = Clause::kWhere;
    HELIOS_TRY(where_, b_.BindExpr(*select_.where, scope_));
    HELIOS_TRY(where_, b_.types_.CoerceBoolean(std::move(where_), "WHERE"));
  }
  if (select_.having != nullptr) {
    scope_.clause = Clause::kHaving;
    HELIOS_TRY(having_, b_.BindExpr(*select_.having, scope_));
    HELIOS_TRY(having_, b_.types_.CoerceBoolean(std::move(having_), "HAVING"));
  }
  HELIOS_TRY(BindOrderBy());
  HELIOS_TRY(BindGroupBy());
  HELIOS_TRY(BindDistinct());
  if (!options_.resolve_unknown) return Status::Ok();
  for (TargetEntry& target : targets_) {
    HELIOS_TRY(target.expr, b_.types_.ResolveUnknown(std::move(target.expr)));
  }
  return Status::Ok();
}

bool SelectBinder::IsGrouped() const {
  return !select_.group_by.empty() || !scope_.aggregates.empty() || select_.having != nullptr ||
         !scope_.groupings.empty();
}

Status SelectBinder::FindLockable() {
  const char* prevents = select_.distinct             ? "DISTINCT clause"
                         : !select_.group_by.empty()  ? "GROUP BY clause"
                         : select_.having != nullptr  ? "HAVING clause"
                         : !scope_.aggregates.empty() ? "aggregate functions"
                         : !scope_.windows.empty()    ? "window functions"
                         : !scope_.sets.empty()       ? "set-returning functions in the target list"
                                                      : nullptr;
  may_lock_ = prevents == nullptr && !IsGrouped();
  if (prevents != nullptr && !select_.locking.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("{} is not allowed with {}", LockName(select_.locking[0]), prevents);
  }
  if (!may_lock_) return Status::Ok();
  for (ScopeRelation* relation : scope_.relations) {
    if (relation->row_key != kNoColumn) lockable_.push_back(relation);
    for (ScopeRelation* inner : relation->inner_relations) lockable_.push_back(inner);
  }
  return Status::Ok();
}

std::vector<plan::SortKey> SelectBinder::TakeSortKeys() {
  std::vector<plan::SortKey> keys;
  for (auto& [index, key] : order_by_) {
    key.expression = b_.MakeColumn(targets_[index].id, -1);
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<BoundQuery> SelectBinder::FinishQuery(NodePtr node, std::vector<plan::SortKey> keys) {
  HELIOS_TRY(AddSortAndLimit(std::move(keys), &node));
  BoundQuery query;
  for (const TargetEntry& target : targets_) {
    if (!target.junk) query.columns.push_back({target.name, target.id});
  }
  query.node = std::move(node);
  query.lockable = std::move(lockable_);
  return query;
}

NodePtr SelectBinder::MakeDistinctOn(NodePtr node, std::vector<plan::SortKey> keys) {
  // The first row of each group in the order asked for: sort, then keep the first.
  for (size_t index : distinct_on_) {
    const uint32_t id = targets_[index].id;
    const bool present = std::any_of(keys.begin(), keys.end(), [&](const plan::SortKey& key) {
      return As<expr::ColumnExpr>(*key.expression).index == id;
    });
    if (!present) keys.push_back({b_.MakeColumn(id, -1), false, false});
  }
  auto sort = std::make_unique<plan::SortNode>();
  sort->ids = node->ids;
  sort->keys = std::move(keys);
  sort->children.push_back(std::move(node));
  auto distinct = std::make_unique<plan::DistinctOnNode>();
  distinct->ids = sort->ids;
  for (size_t index : distinct_on_) {
    distinct->keys.push_back(b_.MakeColumn(targets_[index].id, -1));
  }
  distinct->children.push_back(std::move(sort));
  return distinct;
}

Result<NodePtr> SelectBinder::MakeDistinct(NodePtr node) {
  auto distinct = std::make_unique<plan::AggregateNode>();
  std::vector<uint32_t> set;
  for (const TargetEntry& target : targets_) {
    if (target.junk) continue;
    const auto& ids = distinct->ids;
    if (std::find(ids.begin(), ids.end(), target.id) != ids.end()) continue;
    if (b_.types_.Equality(b_.columns_[target.id].type.oid) == nullptr) {
      return Error(ErrorCode::kUndefinedFunction)
          .Message("could not identify an equality operator for type {}",
                   b_.types_.Name(b_.columns_[target.id].type.oid))
          .Position(PositionOf(target.location));
    }
    set.push_back(static_cast<uint32_t>(set.size()));
    distinct->ids.push_back(target.id);
    distinct->groups.push_back(b_.MakeColumn(target.id, -1));
  }
  distinct->grouping_sets.push_back(std::move(set));
  distinct->children.push_back(std::move(node));
  return distinct;
}

void SelectBinder::BuildProjection(NodePtr* node) {
  auto project = std::make_unique<plan::ProjectNode>();
  for (TargetEntry& target : targets_) {
    if (target.expr->kind == ExprKind::kColumn) {
      const uint32_t id = As<expr::ColumnExpr>(*target.expr).index;
      const auto& inputs = (*node)->ids;
      if (std::find(inputs.begin(), inputs.end(), id) != inputs.end()) {
        target.id = id;
        if (std::find(project->ids.begin(), project->ids.end(), id) != project->ids.end()) continue;
        project->ids.push_back(id);
        project->expressions.push_back(std::move(target.expr));
        continue;
      }
    }
    target.id = b_.NewColumn(target.name, target.expr->type, nullptr);
    b_.records_.Note(target.id, *target.expr);
    project->ids.push_back(target.id);
    project->expressions.push_back(std::move(target.expr));
  }
  for (const ScopeRelation* relation : lockable_) {
    const uint32_t key = relation->row_key;
    const auto& inputs = (*node)->ids;
    if (std::find(inputs.begin(), inputs.end(), key) == inputs.end()) continue;
    if (std::find(project->ids.begin(), project->ids.end(), key) != project->ids.end()) continue;
    project->ids.push_back(key);
    project->expressions.push_back(b_.MakeColumn(key, -1));
  }
  project->children.push_back(std::move(*node));
  *node = std::move(project);
}

Result<ExprPtr> SelectBinder::BindLimit(const ast::Expr& expr, bool is_limit) {
  const char* name = is_limit ? "LIMIT" : "OFFSET";
  scope_.clause = is_limit ? Clause::kLimit : Clause::kOffset;
  HELIOS_TRY(ExprPtr bound, b_.BindExpr(expr, scope_));
  HELIOS_TRY(bound, b_.types_.CoerceInt8(std::move(bound), name));
  plan::IdSet ids;
  plan::CollectIds(*bound, b_.plan_->subplans, &ids);
  for (uint32_t id : ids) {
    if (b_.owners_[id] == &scope_) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("argument of {} must not contain variables", name)
          .Position(PositionOf(expr.location));
    }
  }
  return bound;
}

Status SelectBinder::AddSortAndLimit(std::vector<plan::SortKey> keys, NodePtr* node) {
  ExprPtr limit, offset;
  if (select_.limit != nullptr) {
    HELIOS_TRY(limit, BindLimit(*select_.limit, true));
  }
  if (select_.offset != nullptr) {
    HELIOS_TRY(offset, BindLimit(*select_.offset, false));
  }
  std::vector<plan::SortKey> ties;
  if (select_.with_ties) {
    if (keys.empty()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("WITH TIES cannot be specified without ORDER BY clause");
    }
    for (const plan::SortKey& key : keys) {
      ties.push_back({key.expression->Clone(), key.descending, key.nulls_first});
    }
  }
  if (!keys.empty()) {
    auto sort = std::make_unique<plan::SortNode>();
    sort->ids = (*node)->ids;
    sort->keys = std::move(keys);
    sort->children.push_back(std::move(*node));
    *node = std::move(sort);
  }
  if (!select_.locking.empty()) {
    HELIOS_TRY(AddLocks(node));
  }
  if (limit != nullptr || offset != nullptr) {
    auto limit_node = std::make_unique<plan::LimitNode>();
    limit_node->ids = (*node)->ids;
    limit_node->limit = std::move(limit);
    limit_node->offset = std::move(offset);
    limit_node->with_ties = select_.with_ties;
    limit_node->tie_keys = std::move(ties);
    limit_node->children.push_back(std::move(*node));
    *node = std::move(limit_node);
  }
  return Status::Ok();
}

Status SelectBinder::AddLocks(NodePtr* node) {
  if (!may_lock_) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("{} {}", LockName(select_.locking[0]),
                 select_.values.empty() ? "is not allowed with UNION/INTERSECT/EXCEPT"
                                        : "cannot be applied to VALUES");
  }
  auto lock = std::make_unique<plan::LockRowsNode>();
  lock->ids = (*node)->ids;
  const auto add = [&](ScopeRelation* relation, const ast::LockingClause& clause) -> Status {
    if (relation->scan == nullptr) return Status::Ok();
    if (relation->catalog_table != nullptr &&
        relation->catalog_table->table_kind == catalog::TableKind::kMaterializedView) {
      return Error(ErrorCode::kWrongObjectType)
          .Message("cannot lock rows in materialized view \"{}\"", relation->catalog_table->name);
    }
    plan::LockRowsNode::Target target;
    target.space = relation->scan->layout->space;
    target.key_id = relation->row_key;
    target.mode = static_cast<hidb::RowLockMode>(clause.strength);
    target.wait = clause.wait == ast::LockWait::kBlock        ? hidb::LockWait::kWait
                  : clause.wait == ast::LockWait::kSkipLocked ? hidb::LockWait::kSkipLocked
                                                              : hidb::LockWait::kNoWait;
    target.table = relation->scan->table;
    target.relation = relation->scan->table_name;
    for (plan::LockRowsNode::Target& other : lock->targets) {
      if (other.key_id != target.key_id) continue;
      other.mode = std::max(other.mode, target.mode);
      other.wait = std::max(other.wait, target.wait);
      return Status::Ok();
    }
    b_.NeedTable(relation->scan->table, target.relation, hidb::TableLockMode::kRowShare);
    b_.NeedPrivilege(relation->scan->table, catalog::Privilege::kUpdate, 0);
    lock->targets.push_back(std::move(target));
    return Status::Ok();
  };
  for (const ast::LockingClause& clause : select_.locking) {
    for (const ScopeRelation* relation : scope_.relations) {
      const bool meant = std::any_of(clause.tables.begin(), clause.tables.end(),
                                     [&](const auto& t) { return t.name == relation->alias; });
      if (!relation->nullable || (!clause.tables.empty() && !meant)) continue;
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("{} cannot be applied to the nullable side of an outer join", LockName(clause));
    }
    if (clause.tables.empty()) {
      for (ScopeRelation* relation : lockable_) HELIOS_TRY(add(relation, clause));
      continue;
    }
    for (const ast::RelationName& name : clause.tables) {
      ScopeRelation* found = nullptr;
      for (ScopeRelation* relation : scope_.relations) {
        if (relation->name_visible && relation->alias == name.name) found = relation;
      }
      if (found == nullptr) {
        return Error(ErrorCode::kUndefinedTable)
            .Message("relation \"{}\" in {} clause not found in FROM clause", name.name,
                     LockName(clause))
            .Position(PositionOf(name.location));
      }
      HELIOS_TRY(add(found, clause));
      for (ScopeRelation* inner : found->inner_relations) HELIOS_TRY(add(inner, clause));
    }
  }
  lock->children.push_back(std::move(*node));
  *node = std::move(lock);
  return Status::Ok();
}

}  // namespace helios::sql::binder
