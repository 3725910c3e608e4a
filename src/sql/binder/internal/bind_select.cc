// Binder: queries.
#include <algorithm>

#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/select_state.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

constexpr int kQueryDepthMax = 200;
constexpr size_t kTargetsMax = 1664;
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
  auto query = select.op != ast::SetOperation::kNone ? BindSetOperation(select, scope, options)
               : !select.values.empty()              ? BindValues(select, scope, options)
                                                     : BindPlainSelect(select, scope, options);
  if (!query.ok() || bodies.empty()) return query;
  BoundQuery result = std::move(query).value();
  HELIOS_TRY(result.node,
             WrapCtes(std::move(result.node), &own, std::move(bodies), std::move(always_run)));
  return result;
}

Status Binder::ExpandStar(const ast::TargetItem& item, QueryScope& scope,
                          std::vector<Target>* targets) {
  const auto& ref = ast::As<ast::ColumnRef>(*item.expr);
  RecordedStar record{&item, {}};
  const auto add = [&](const ScopeRelation& relation, const std::string& qualifier) {
    const size_t shown_count = relation.columns.size() - relation.hidden_count;
    for (size_t i = 0; i < shown_count; ++i) {
      const ScopeColumn& column = relation.columns[i];
      Target target;
      NoteUse(column.id);
      target.expr = MakeColumn(column.id, ref.location);
      target.name = column.name;
      target.location = ref.location;
      targets->push_back(std::move(target));
      record.columns.push_back({qualifier, column.name});
    }
  };
  if (ref.names.empty()) {
    bool any = false;
    for (const ScopeRelation* relation : scope.relations) {
      if (!relation->columns_visible || relation->lateral_only) continue;
      any = true;
      add(*relation, relation->name_visible ? relation->alias : std::string());
    }
    if (!any) {
      return Error(ErrorCode::kSyntaxError)
          .Message("SELECT * with no tables specified is not valid")
          .Position(PositionOf(ref.location));
    }
  } else {
    const std::string schema = ref.names.size() >= 2 ? ref.names[ref.names.size() - 2] : "";
    HELIOS_TRY(ScopeRelation * relation,
               FindRelation(schema, ref.names.back(), scope, ref.location));
    if (relation == nullptr) return MissingRelation(ref.names.back(), scope, ref.location);
    add(*relation, relation->alias);
  }
  if (record_names_) recorded_stars_.push_back(std::move(record));
  return Status::Ok();
}

Status Binder::BindTargets(const std::vector<ast::TargetItem>& items, QueryScope& scope,
                           std::vector<Target>* targets) {
  for (const ast::TargetItem& item : items) {
    if (const auto* ref = ast::TryAs<ast::ColumnRef>(item.expr.get());
        ref != nullptr && ref->star) {
      HELIOS_TRY(ExpandStar(item, scope, targets));
      continue;
    }
    if (const auto* star = ast::TryAs<ast::Indirection>(item.expr.get());
        star != nullptr && !star->steps.empty() &&
        star->steps.back().step == ast::IndirectionKind::kStar) {
      if (star->steps.size() != 1) {
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("row expansion of this expression is not supported")
            .Position(PositionOf(star->location));
      }
      HELIOS_TRY(ExprPtr row, BindExpr(*star->operand, scope));
      if (OpenRow(&row)) {
        for (size_t i = 0; i < row->children.size(); ++i) {
          Target target;
          target.name = As<expr::RowExpr>(*row).field_names[i];
          target.location = star->location;
          target.expr = std::move(row->children[i]);
          targets->push_back(std::move(target));
        }
        continue;
      }
      if (const RecordShapes::Fields* fields = records_.Of(*row, plan_->subplans)) {
        for (const auto& [name, type] : std::vector(*fields)) {
          Target target;
          HELIOS_TRY(target.expr, BindFieldSelect(row->Clone(), name, star->location));
          target.name = name;
          target.location = star->location;
          targets->push_back(std::move(target));
        }
        continue;
      }
      const catalog::UserType* user = context_.snapshot->FindUserType(row->type.oid);
      if (user == nullptr || !types_.IsComposite(row->type.oid)) {
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("record type has not been registered")
            .Position(PositionOf(star->location));
      }
      for (const catalog::Column& column : user->fields) {
        Target target;
        HELIOS_TRY(target.expr, BindFieldSelect(row->Clone(), column.name, star->location));
        target.name = column.name;
        target.location = star->location;
        targets->push_back(std::move(target));
      }
      continue;
    }
    Target target;
    HELIOS_TRY(target.expr, BindExpr(*item.expr, scope));
    target.name = item.name.empty() ? TargetName(*item.expr) : item.name;
    target.location = item.expr->location;
    targets->push_back(std::move(target));
  }
  if (targets->size() > kTargetsMax) {
    return Error(ErrorCode::kTooManyColumns)
        .Message("target lists can have at most {} entries", kTargetsMax);
  }
  return Status::Ok();
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

Result<BoundQuery> Binder::BindPlainSelect(const ast::SelectStatement& select, QueryScope& scope,
                                           const QueryOptions& options) {
  SelectState state;
  scope.window_clause = &select.windows;
  HELIOS_TRY(CheckWindowNames(select.windows));
  scope.clause = Clause::kFromSubquery;
  HELIOS_TRY(NodePtr node, BindFromList(select.from, scope));
  scope.clause = Clause::kSelect;
  HELIOS_TRY(BindTargets(select.targets, scope, &state.targets));
  for (size_t i = 0; i < state.targets.size() && i < options.targets.size(); ++i) {
    Target& target = state.targets[i];
    if (target.expr->type.oid != t::kUnknown || !options.targets[i].valid()) continue;
    HELIOS_TRY(target.expr, types_.TryCoerce(std::move(target.expr), options.targets[i],
                                             CastContext::kAssignment, target.location));
  }
  ExprPtr where;
  if (select.where != nullptr) {
    scope.clause = Clause::kWhere;
    HELIOS_TRY(where, BindExpr(*select.where, scope));
    HELIOS_TRY(where, types_.CoerceBoolean(std::move(where), "WHERE"));
  }
  if (select.having != nullptr) {
    scope.clause = Clause::kHaving;
    HELIOS_TRY(state.having, BindExpr(*select.having, scope));
    HELIOS_TRY(state.having, types_.CoerceBoolean(std::move(state.having), "HAVING"));
  }
  HELIOS_TRY(BindOrderBy(select.order_by, scope, &state));
  HELIOS_TRY(BindGroupBy(select, scope, &state));
  HELIOS_TRY(BindDistinct(select, scope, &state));
  if (options.resolve_unknown) {
    for (Target& target : state.targets) {
      HELIOS_TRY(target.expr, types_.ResolveUnknown(std::move(target.expr)));
    }
  }
  if (where != nullptr) {
    auto filter = std::make_unique<plan::FilterNode>();
    filter->ids = node->ids;
    filter->predicate = std::move(where);
    filter->children.push_back(std::move(node));
    node = std::move(filter);
  }
  const bool grouped = !select.group_by.empty() || !scope.aggregates.empty() ||
                       state.having != nullptr || !scope.groupings.empty();
  if (scope.self_reference && !scope.aggregates.empty()) {
    return Error(ErrorCode::kInvalidRecursion)
        .Message("aggregate functions are not allowed in a recursive query's recursive term");
  }
  if (grouped) BuildGroupedSets(scope, state, &node);
  if (grouped) HELIOS_TRY(BuildAggregate(select, scope, &state, &node));
  BuildWindows(scope, &node);
  BuildSets(scope, &node);
  const bool simple = !grouped && !select.distinct && scope.windows.empty() && scope.sets.empty();
  if (!select.locking.empty()) state.lock_keys = true;
  BoundQuery result;
  const bool has_sets = !scope.sets.empty();
  for (ScopeRelation* relation : scope.relations) {
    if (!simple) break;
    if (relation->row_key != kNoColumn) result.lockable.push_back(relation);
    for (ScopeRelation* inner : relation->inner_relations) result.lockable.push_back(inner);
  }
  if (!simple && !select.locking.empty()) {
    const char* what = select.distinct             ? "DISTINCT clause"
                       : !select.group_by.empty()  ? "GROUP BY clause"
                       : state.having != nullptr   ? "HAVING clause"
                       : !scope.aggregates.empty() ? "aggregate functions"
                       : has_sets                  ? "set-returning functions in the target list"
                                                   : "window functions";
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("{} is not allowed with {}", LockName(select.locking[0]), what);
  }
  for (ScopeRelation* relation : result.lockable) {
    state.row_keys.push_back(relation->row_key);
  }
  HELIOS_TRY(BuildProjection(scope, &state, &node));
  std::vector<plan::SortKey> keys;
  for (auto& [index, key] : state.order_by) {
    key.expression = MakeColumn(state.targets[index].id, -1);
    keys.push_back(std::move(key));
  }
  if (select.distinct) {
    HELIOS_TRY(node, MakeDistinct(select, state, std::move(node), &keys));
  }
  scope.pending_locks = simple ? &result.lockable : nullptr;
  HELIOS_TRY(AddSortAndLimit(select, scope, std::move(keys), &node));
  scope.pending_locks = nullptr;
  for (const Target& target : state.targets) {
    if (!target.junk) result.columns.push_back({target.name, target.id});
  }
  result.node = std::move(node);
  return result;
}

Result<NodePtr> Binder::MakeDistinct(const ast::SelectStatement& select, SelectState& state,
                                     NodePtr node, std::vector<plan::SortKey>* keys) {
  if (!select.distinct_on.empty()) {
    // The first row of each group in the order asked for: sort, then keep the first.
    auto sort = std::make_unique<plan::SortNode>();
    sort->ids = node->ids;
    for (const plan::SortKey& key : *keys) {
      sort->keys.push_back({key.expression->Clone(), key.descending, key.nulls_first});
    }
    for (size_t index : state.distinct_on) {
      const uint32_t id = state.targets[index].id;
      const bool present = std::any_of(keys->begin(), keys->end(), [&](const plan::SortKey& key) {
        return As<expr::ColumnExpr>(*key.expression).index == id;
      });
      if (!present) sort->keys.push_back({MakeColumn(id, -1), false, false});
    }
    sort->children.push_back(std::move(node));
    auto distinct = std::make_unique<plan::DistinctOnNode>();
    distinct->ids = sort->ids;
    for (size_t index : state.distinct_on) {
      distinct->keys.push_back(MakeColumn(state.targets[index].id, -1));
    }
    distinct->children.push_back(std::move(sort));
    keys->clear();  // The order is there already.
    return distinct;
  }
  auto distinct = std::make_unique<plan::AggregateNode>();
  std::vector<uint32_t> set;
  for (const Target& target : state.targets) {
    if (target.junk) continue;
    const auto& ids = distinct->ids;
    if (std::find(ids.begin(), ids.end(), target.id) != ids.end()) continue;
    if (types_.Equality(columns_[target.id].type.oid) == nullptr) {
      return Error(ErrorCode::kUndefinedFunction)
          .Message("could not identify an equality operator for type {}",
                   types_.Name(columns_[target.id].type.oid))
          .Position(PositionOf(target.location));
    }
    set.push_back(static_cast<uint32_t>(set.size()));
    distinct->ids.push_back(target.id);
    distinct->groups.push_back(MakeColumn(target.id, -1));
  }
  distinct->grouping_sets.push_back(std::move(set));
  distinct->children.push_back(std::move(node));
  return distinct;
}

Status Binder::BuildProjection(QueryScope&, SelectState* state, NodePtr* node) {
  auto project = std::make_unique<plan::ProjectNode>();
  for (Target& target : state->targets) {
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
    target.id = NewColumn(target.name, target.expr->type, nullptr);
    records_.Note(target.id, *target.expr);
    project->ids.push_back(target.id);
    project->expressions.push_back(std::move(target.expr));
  }
  for (uint32_t key : state->row_keys) {
    const auto& inputs = (*node)->ids;
    if (std::find(inputs.begin(), inputs.end(), key) == inputs.end()) continue;
    if (std::find(project->ids.begin(), project->ids.end(), key) != project->ids.end()) continue;
    project->ids.push_back(key);
    project->expressions.push_back(MakeColumn(key, -1));
  }
  project->children.push_back(std::move(*node));
  *node = std::move(project);
  return Status::Ok();
}

Result<ExprPtr> Binder::BindLimit(const ast::Expr& expr, QueryScope& scope, bool is_limit) {
  const char* name = is_limit ? "LIMIT" : "OFFSET";
  scope.clause = is_limit ? Clause::kLimit : Clause::kOffset;
  HELIOS_TRY(ExprPtr bound, BindExpr(expr, scope));
  HELIOS_TRY(bound, types_.CoerceInt8(std::move(bound), name));
  plan::IdSet ids;
  plan::CollectIds(*bound, plan_->subplans, &ids);
  for (uint32_t id : ids) {
    if (owners_[id] == &scope) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("argument of {} must not contain variables", name)
          .Position(PositionOf(expr.location));
    }
  }
  return bound;
}

Status Binder::AddSortAndLimit(const ast::SelectStatement& select, QueryScope& scope,
                               std::vector<plan::SortKey> keys, NodePtr* node) {
  ExprPtr limit, offset;
  if (select.limit != nullptr) {
    HELIOS_TRY(limit, BindLimit(*select.limit, scope, true));
  }
  if (select.offset != nullptr) {
    HELIOS_TRY(offset, BindLimit(*select.offset, scope, false));
  }
  std::vector<plan::SortKey> ties;
  if (select.with_ties) {
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
  if (!select.locking.empty()) {
    HELIOS_TRY(AddLocks(select, scope, scope.pending_locks != nullptr, node));
  }
  if (limit != nullptr || offset != nullptr) {
    auto limit_node = std::make_unique<plan::LimitNode>();
    limit_node->ids = (*node)->ids;
    limit_node->limit = std::move(limit);
    limit_node->offset = std::move(offset);
    limit_node->with_ties = select.with_ties;
    limit_node->tie_keys = std::move(ties);
    limit_node->children.push_back(std::move(*node));
    *node = std::move(limit_node);
  }
  return Status::Ok();
}

Status Binder::AddLocks(const ast::SelectStatement& select, QueryScope& scope, bool simple,
                        NodePtr* node) {
  if (!simple) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("{} is not allowed with UNION/INTERSECT/EXCEPT", LockName(select.locking[0]));
  }
  auto lock = std::make_unique<plan::LockRowsNode>();
  lock->ids = (*node)->ids;
  const auto add = [&](ScopeRelation* relation, const ast::LockingClause& clause) {
    if (relation->scan == nullptr) return;
    plan::LockRowsNode::Target target;
    target.space = relation->scan->layout->space;
    target.key_id = relation->row_key;
    target.mode = static_cast<hidb::RowLockMode>(clause.strength);
    target.wait = clause.wait == ast::LockWait::kBlock        ? hidb::LockWait::kWait
                  : clause.wait == ast::LockWait::kSkipLocked ? hidb::LockWait::kSkipLocked
                                                              : hidb::LockWait::kNoWait;
    target.relation = relation->scan->table_name;
    for (plan::LockRowsNode::Target& other : lock->targets) {
      if (other.key_id != target.key_id) continue;
      other.mode = std::max(other.mode, target.mode);
      other.wait = std::max(other.wait, target.wait);
      return;
    }
    NeedTable(relation->scan->table, target.relation, hidb::TableLockMode::kRowShare);
    NeedPrivilege(relation->scan->table, catalog::Privilege::kUpdate, 0);
    lock->targets.push_back(std::move(target));
  };
  for (const ast::LockingClause& clause : select.locking) {
    for (const ScopeRelation* relation : scope.relations) {
      const bool meant = std::any_of(clause.tables.begin(), clause.tables.end(),
                                     [&](const auto& t) { return t.name == relation->alias; });
      if (!relation->nullable || (!clause.tables.empty() && !meant)) continue;
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("{} cannot be applied to the nullable side of an outer join", LockName(clause));
    }
    if (clause.tables.empty()) {
      for (ScopeRelation* relation : *scope.pending_locks) add(relation, clause);
      continue;
    }
    for (const ast::RelationName& name : clause.tables) {
      ScopeRelation* found = nullptr;
      for (ScopeRelation* relation : scope.relations) {
        if (relation->name_visible && relation->alias == name.name) found = relation;
      }
      if (found == nullptr) {
        return Error(ErrorCode::kUndefinedTable)
            .Message("relation \"{}\" in {} clause not found in FROM clause", name.name,
                     LockName(clause))
            .Position(PositionOf(name.location));
      }
      add(found, clause);
      for (ScopeRelation* inner : found->inner_relations) add(inner, clause);
    }
  }
  lock->children.push_back(std::move(*node));
  *node = std::move(lock);
  return Status::Ok();
}

}  // namespace helios::sql::binder
