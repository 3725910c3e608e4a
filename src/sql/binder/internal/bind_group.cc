// Binder: ORDER BY, GROUP BY, DISTINCT and what aggregation does to the expressions above it.
#include <algorithm>

#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/select_state.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

constexpr size_t kGroupingSetsMax = 4096;

std::string_view ListName(Clause clause) {
  return clause == Clause::kOrderBy   ? "ORDER BY"
         : clause == Clause::kGroupBy ? "GROUP BY"
                                      : "DISTINCT ON";
}
}  // namespace

// SQL92's rule: a bare name means an output column (in GROUP BY an input column first), a bare
// number the position of one; anything else is an expression of the input, perhaps one that is
// selected too.
Result<size_t> Binder::FindTarget(const ast::Expr& expr, QueryScope& scope, Clause clause,
                                  std::vector<Target>* targets) {
  scope.clause = clause;
  if (const auto* ref = ast::TryAs<ast::ColumnRef>(&expr);
      ref != nullptr && ref->names.size() == 1 && !ref->star) {
    bool input_first = false;
    if (clause == Clause::kGroupBy) {
      QueryScope* parent = scope.parent;
      scope.parent = nullptr;
      auto column = FindColumn(ref->names[0], scope, ref->location);
      scope.parent = parent;
      input_first = column.ok() && column.value() != nullptr;
    }
    if (!input_first) {
      size_t found = SIZE_MAX;
      for (size_t i = 0; i < targets->size(); ++i) {
        if ((*targets)[i].junk || (*targets)[i].name != ref->names[0]) continue;
        if (found != SIZE_MAX && !expr::Equal(*(*targets)[found].expr, *(*targets)[i].expr)) {
          return Error(ErrorCode::kAmbiguousColumn)
              .Message("{} \"{}\" is ambiguous", ListName(clause), ref->names[0])
              .Position(PositionOf(ref->location));
        }
        if (found == SIZE_MAX) found = i;
      }
      if (found != SIZE_MAX) return found;
    }
  }
  if (const auto* constant = ast::TryAs<ast::Constant>(&expr)) {
    if (constant->constant_kind != ast::ConstantKind::kInteger) {
      return Error(ErrorCode::kSyntaxError)
          .Message("non-integer constant in {}", ListName(clause))
          .Position(PositionOf(constant->location));
    }
    int position = 0;
    for (size_t i = 0; i < targets->size(); ++i) {
      if ((*targets)[i].junk) continue;
      if (++position == constant->int_value) return i;
    }
    return Error(ErrorCode::kInvalidColumnReference)
        .Message("{} position {} is not in select list", ListName(clause), constant->int_value)
        .Position(PositionOf(constant->location));
  }
  HELIOS_TRY(ExprPtr bound, BindExpr(expr, scope));
  for (size_t i = 0; i < targets->size(); ++i) {
    if (expr::Equal(*(*targets)[i].expr, *bound) && !expr::ContainsVolatile(*bound)) return i;
  }
  Target target;
  target.location = expr.location;
  target.name = TargetName(expr);
  HELIOS_TRY(target.expr, types_.ResolveUnknown(std::move(bound)));
  target.junk = true;
  targets->push_back(std::move(target));
  return targets->size() - 1;
}

Status Binder::BindOrderBy(const std::vector<ast::SortItem>& items, QueryScope& scope,
                           SelectState* state) {
  for (const ast::SortItem& item : items) {
    HELIOS_TRY(const size_t index,
               FindTarget(*item.expr, scope, Clause::kOrderBy, &state->targets));
    Target& target = state->targets[index];
    HELIOS_TRY(target.expr, types_.ResolveUnknown(std::move(target.expr)));
    HELIOS_TRY(plan::SortKey key, MakeSortKey(target.expr->Clone(), item));
    const bool repeated = std::any_of(state->order_by.begin(), state->order_by.end(),
                                      [&](const auto& other) { return other.first == index; });
    if (!repeated) state->order_by.push_back({index, std::move(key)});
  }
  return Status::Ok();
}

Result<uint32_t> Binder::AddGroupExpr(const ast::Expr& expr, QueryScope& scope,
                                      SelectState* state) {
  const size_t target_count = state->targets.size();
  HELIOS_TRY(const size_t index, FindTarget(expr, scope, Clause::kGroupBy, &state->targets));
  Target& target = state->targets[index];
  HELIOS_TRY(target.expr, types_.ResolveUnknown(std::move(target.expr)));
  ExprPtr group = target.expr->Clone();
  if (state->targets.size() != target_count) state->targets.pop_back();
  plan::IdSet ids;
  plan::CollectIds(*group, plan_->subplans, &ids);
  for (const PendingAggregate& aggregate : scope.aggregates) {
    if (ids.contains(aggregate.id)) {
      return Error(ErrorCode::kGroupingError)
          .Message("aggregate functions are not allowed in GROUP BY")
          .Position(PositionOf(group->location));
    }
  }
  for (const PendingWindow& window : scope.windows) {
    if (ids.contains(window.id)) {
      return Error(ErrorCode::kWindowingError)
          .Message("window functions are not allowed in GROUP BY")
          .Position(PositionOf(group->location));
    }
  }
  if (types_.Equality(group->type.oid) == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify an equality operator for type {}",
                 types_.Name(group->type.oid))
        .Position(PositionOf(expr.location));
  }
  for (size_t i = 0; i < state->groups.size(); ++i) {
    if (expr::Equal(*state->groups[i], *group)) return static_cast<uint32_t>(i);
  }
  state->groups.push_back(std::move(group));
  return static_cast<uint32_t>(state->groups.size() - 1);
}

// Appends to `sets` the grouping sets that `item` alone stands for.
Status Binder::AddGroupingItem(const ast::GroupingItem& item, QueryScope& scope, SelectState* state,
                               std::vector<std::vector<uint32_t>>* sets) {
  using Set = std::vector<uint32_t>;
  if (item.grouping == ast::GroupingKind::kEmpty) {
    sets->push_back({});
    return Status::Ok();
  }
  if (item.grouping == ast::GroupingKind::kExpr) {
    Set set;
    const auto* row = ast::TryAs<ast::Row>(item.expr.get());
    if (row != nullptr && !row->explicit_row) {
      for (const ast::ExprPtr& field : row->fields) {
        HELIOS_TRY(const uint32_t group, AddGroupExpr(*field, scope, state));
        set.push_back(group);
      }
    } else {
      HELIOS_TRY(const uint32_t group, AddGroupExpr(*item.expr, scope, state));
      set.push_back(group);
    }
    sets->push_back(std::move(set));
    return Status::Ok();
  }
  if (item.grouping == ast::GroupingKind::kSets) {
    for (const ast::GroupingItem& inner : item.items) {
      HELIOS_TRY(AddGroupingItem(inner, scope, state, sets));
    }
    return Status::Ok();
  }
  std::vector<Set> elements;
  for (const ast::GroupingItem& inner : item.items) {
    HELIOS_TRY(AddGroupingItem(inner, scope, state, &elements));
  }
  if (item.grouping == ast::GroupingKind::kRollup) {
    for (size_t count = elements.size() + 1; count-- > 0;) {
      Set set;
      for (size_t i = 0; i < count; ++i) {
        set.insert(set.end(), elements[i].begin(), elements[i].end());
      }
      sets->push_back(std::move(set));
    }
    return Status::Ok();
  }
  if (elements.size() > 12) {
    return Error(ErrorCode::kTooManyColumns).Message("CUBE is limited to 12 elements");
  }
  const size_t all = (size_t{1} << elements.size()) - 1;
  for (size_t mask = all + 1; mask-- > 0;) {
    Set set;
    for (size_t i = 0; i < elements.size(); ++i) {
      if ((mask >> (elements.size() - 1 - i) & 1) != 0) {
        set.insert(set.end(), elements[i].begin(), elements[i].end());
      }
    }
    sets->push_back(std::move(set));
  }
  return Status::Ok();
}

Status Binder::BindGroupBy(const ast::SelectStatement& select, QueryScope& scope,
                           SelectState* state) {
  // GROUP BY a, ROLLUP (b): the product of the items' sets.
  std::vector<std::vector<uint32_t>> product{{}};
  for (const ast::GroupingItem& item : select.group_by) {
    std::vector<std::vector<uint32_t>> sets;
    HELIOS_TRY(AddGroupingItem(item, scope, state, &sets));
    std::vector<std::vector<uint32_t>> next;
    for (const auto& left : product) {
      for (const auto& right : sets) {
        std::vector<uint32_t> both = left;
        both.insert(both.end(), right.begin(), right.end());
        std::sort(both.begin(), both.end());
        both.erase(std::unique(both.begin(), both.end()), both.end());
        next.push_back(std::move(both));
      }
    }
    if (next.size() > kGroupingSetsMax) {
      return Error(ErrorCode::kStatementTooComplex)
          .Message("too many grouping sets present (maximum {})", kGroupingSetsMax);
    }
    product = std::move(next);
  }
  if (select.group_distinct) {
    std::sort(product.begin(), product.end());
    product.erase(std::unique(product.begin(), product.end()), product.end());
  }
  state->several_sets = product.size() > 1;
  if (product.size() == 1 && product[0].size() < state->groups.size()) state->several_sets = true;
  state->grouping_sets = std::move(product);
  return Status::Ok();
}

Status Binder::BindDistinct(const ast::SelectStatement& select, QueryScope& scope,
                            SelectState* state) {
  if (!select.distinct) return Status::Ok();
  if (select.distinct_on.empty()) {
    for (const auto& [index, key] : state->order_by) {
      if (!state->targets[index].junk) continue;
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("for SELECT DISTINCT, ORDER BY expressions must appear in select list")
          .Position(PositionOf(state->targets[index].location));
    }
    return Status::Ok();
  }
  for (const ast::ExprPtr& expr : select.distinct_on) {
    HELIOS_TRY(const size_t index, FindTarget(*expr, scope, Clause::kDistinctOn, &state->targets));
    Target& target = state->targets[index];
    HELIOS_TRY(target.expr, types_.ResolveUnknown(std::move(target.expr)));
    state->distinct_on.push_back(index);
  }
  // The first ORDER BY items must be the DISTINCT ON expressions, in any order.
  bool skipped = false;
  for (const auto& [index, key] : state->order_by) {
    const bool listed = std::find(state->distinct_on.begin(), state->distinct_on.end(), index) !=
                        state->distinct_on.end();
    if (!listed) {
      skipped = true;
    } else if (skipped) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
          .Position(PositionOf(state->targets[index].location));
    }
  }
  size_t covered = 0;
  for (size_t index : state->distinct_on) {
    for (const auto& [sorted, key] : state->order_by) covered += sorted == index ? 1 : 0;
  }
  if (skipped && covered < state->distinct_on.size()) {
    return Error(ErrorCode::kInvalidColumnReference)
        .Message("SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
        .Position(PositionOf(state->targets[state->distinct_on[0]].location));
  }
  return Status::Ok();
}

// A column that is not grouped is fixed all the same when its table's primary key is.
bool Binder::AddDependentColumn(uint32_t id, QueryScope&, SelectState* state) {
  const ScopeRelation* relation = relations_of_[id];
  if (relation == nullptr || relation->catalog_table == nullptr || state->several_sets) {
    return false;
  }
  const std::vector<int16_t>& key = relation->catalog_table->primary_key;
  if (key.empty() || relation->scan == nullptr) return false;
  for (int16_t number : key) {
    const bool grouped =
        std::any_of(state->groups.begin(), state->groups.end(), [&](const ExprPtr& group) {
          if (group->kind != ExprKind::kColumn) return false;
          const uint32_t group_id = As<expr::ColumnExpr>(*group).index;
          return relations_of_[group_id] == relation && columns_[group_id].column_number == number;
        });
    if (!grouped) return false;
  }
  state->groups.push_back(MakeColumn(id, -1));
  state->group_ids.push_back(id);
  state->grouping_sets[0].push_back(static_cast<uint32_t>(state->groups.size() - 1));
  return true;
}

Status Binder::ReplaceGroups(ExprPtr* expr, QueryScope& scope, SelectState* state,
                             bool in_subquery) {
  for (size_t i = 0; i < state->groups.size(); ++i) {
    if (!expr::Equal(**expr, *state->groups[i])) continue;
    const int location = (*expr)->location;
    const SqlType type = (*expr)->type;
    *expr = MakeColumn(state->group_ids[i], location);
    (*expr)->type = type;
    return Status::Ok();
  }
  if ((*expr)->kind == ExprKind::kColumn) {
    const uint32_t id = As<expr::ColumnExpr>(**expr).index;
    if (owners_[id] != &scope || relations_of_[id] == nullptr) return Status::Ok();
    if (AddDependentColumn(id, scope, state)) return Status::Ok();
    const ScopeRelation& relation = *relations_of_[id];
    std::string name = columns_[id].name;
    for (const ScopeColumn& column : relation.columns) {
      if (column.id == id) name = column.name;
    }
    if (!relation.alias.empty()) name = relation.alias + "." + name;
    if (in_subquery) {
      return Error(ErrorCode::kGroupingError)
          .Message("subquery uses ungrouped column \"{}\" from outer query", name)
          .Position(PositionOf((*expr)->location));
    }
    return Error(ErrorCode::kGroupingError)
        .Message(
            "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate "
            "function",
            name)
        .Position(PositionOf((*expr)->location));
  }
  if ((*expr)->kind == ExprKind::kSubplan) {
    NodePtr& subplan = plan_->subplans[As<expr::SubplanExpr>(**expr).subplan];
    if (subplan != nullptr) HELIOS_TRY(ReplaceGroupsInNode(subplan.get(), scope, state));
  }
  for (ExprPtr& child : (*expr)->children) {
    HELIOS_TRY(ReplaceGroups(&child, scope, state, in_subquery));
  }
  return Status::Ok();
}

Status Binder::ReplaceGroupsInNode(plan::Node* node, QueryScope& scope, SelectState* state) {
  Status status;
  plan::ForEachExpr(*node, [&](ExprPtr& expr) {
    if (status.ok()) status = ReplaceGroups(&expr, scope, state, true);
  });
  HELIOS_TRY(status);
  for (NodePtr& child : node->children) {
    HELIOS_TRY(ReplaceGroupsInNode(child.get(), scope, state));
  }
  return Status::Ok();
}

Status Binder::CheckDirectArguments(const plan::AggregateNode::Call& call, QueryScope& scope,
                                    SelectState* state) {
  for (uint32_t i = 0; i < call.direct_argument_count; ++i) {
    if (expr::ContainsSubplan(*call.arguments[i])) continue;
    ExprPtr copy = call.arguments[i]->Clone();
    Status status = ReplaceGroups(&copy, scope, state, false);
    if (status.ok()) continue;
    status.mutable_info().detail =
        "Direct arguments of an ordered-set aggregate must use only grouped columns.";
    return status;
  }
  return Status::Ok();
}

Status Binder::BuildAggregate(const ast::SelectStatement&, QueryScope& scope, SelectState* state,
                              NodePtr* node) {
  // A grouped column keeps its id, unless grouping sets may turn it into NULL.
  for (const ExprPtr& group : state->groups) {
    if (group->kind == ExprKind::kColumn && !state->several_sets) {
      state->group_ids.push_back(As<expr::ColumnExpr>(*group).index);
    } else {
      const std::string name =
          group->kind == ExprKind::kColumn ? columns_[As<expr::ColumnExpr>(*group).index].name : "";
      state->group_ids.push_back(NewColumn(name, group->type, nullptr));
    }
  }
  for (Target& target : state->targets) {
    HELIOS_TRY(ReplaceGroups(&target.expr, scope, state, false));
  }
  if (state->having != nullptr) HELIOS_TRY(ReplaceGroups(&state->having, scope, state, false));
  for (PendingWindow& window : scope.windows) {
    for (ExprPtr& argument : window.call.arguments) {
      HELIOS_TRY(ReplaceGroups(&argument, scope, state, false));
    }
    if (window.call.filter != nullptr) {
      HELIOS_TRY(ReplaceGroups(&window.call.filter, scope, state, false));
    }
    for (ExprPtr& key : window.partition_by) HELIOS_TRY(ReplaceGroups(&key, scope, state, false));
    for (plan::SortKey& key : window.order_by) {
      HELIOS_TRY(ReplaceGroups(&key.expression, scope, state, false));
    }
  }
  for (PendingSet& set : scope.sets) {
    for (ExprPtr& argument : set.arguments) {
      HELIOS_TRY(ReplaceGroups(&argument, scope, state, false));
    }
  }
  auto aggregate = std::make_unique<plan::AggregateNode>();
  for (size_t i = 0; i < state->groups.size(); ++i) {
    aggregate->ids.push_back(state->group_ids[i]);
    aggregate->groups.push_back(state->groups[i]->Clone());
  }
  for (PendingAggregate& pending : scope.aggregates) {
    HELIOS_TRY(CheckDirectArguments(pending.call, scope, state));
    aggregate->ids.push_back(pending.id);
    aggregate->calls.push_back(std::move(pending.call));
  }
  if (!state->groups.empty() || state->grouping_sets.size() > 1) {
    aggregate->grouping_sets = state->grouping_sets;
  }
  for (const PendingGrouping& grouping : scope.groupings) {
    std::vector<uint32_t> arguments;
    for (const ExprPtr& argument : grouping.arguments) {
      size_t i = 0;
      while (i < state->groups.size() && !expr::Equal(*state->groups[i], *argument)) ++i;
      if (i == state->groups.size()) {
        return Error(ErrorCode::kGroupingError)
            .Message(
                "arguments to GROUPING must be grouping expressions of the associated query "
                "level")
            .Position(PositionOf(argument->location));
      }
      arguments.push_back(static_cast<uint32_t>(i));
    }
    aggregate->ids.push_back(grouping.id);
    aggregate->grouping_calls.push_back(std::move(arguments));
  }
  aggregate->children.push_back(std::move(*node));
  *node = std::move(aggregate);
  if (state->having != nullptr) {
    auto filter = std::make_unique<plan::FilterNode>();
    filter->ids = (*node)->ids;
    filter->predicate = std::move(state->having);
    state->having = nullptr;
    filter->children.push_back(std::move(*node));
    *node = std::move(filter);
  }
  return Status::Ok();
}

void Binder::BuildWindows(QueryScope& scope, NodePtr* node) {
  const auto same = [](const PendingWindow& a, const PendingWindow& b) {
    if (a.partition_by.size() != b.partition_by.size() || a.order_by.size() != b.order_by.size()) {
      return false;
    }
    for (size_t i = 0; i < a.partition_by.size(); ++i) {
      if (!expr::Equal(*a.partition_by[i], *b.partition_by[i])) return false;
    }
    for (size_t i = 0; i < a.order_by.size(); ++i) {
      if (!expr::Equal(*a.order_by[i].expression, *b.order_by[i].expression) ||
          a.order_by[i].descending != b.order_by[i].descending ||
          a.order_by[i].nulls_first != b.order_by[i].nulls_first) {
        return false;
      }
    }
    return true;
  };
  std::vector<bool> done(scope.windows.size(), false);
  for (size_t i = 0; i < scope.windows.size(); ++i) {
    if (done[i]) continue;
    auto window = std::make_unique<plan::WindowNode>();
    window->ids = (*node)->ids;
    for (size_t j = i; j < scope.windows.size(); ++j) {
      if (done[j] || !same(scope.windows[i], scope.windows[j])) continue;
      done[j] = true;
      window->ids.push_back(scope.windows[j].id);
      window->calls.push_back(std::move(scope.windows[j].call));
    }
    for (const ExprPtr& key : scope.windows[i].partition_by) {
      window->partition_by.push_back(key->Clone());
    }
    for (const plan::SortKey& key : scope.windows[i].order_by) {
      window->order_by.push_back({key.expression->Clone(), key.descending, key.nulls_first});
    }
    window->children.push_back(std::move(*node));
    *node = std::move(window);
  }
}

// The sets that GROUP BY names run below the aggregation.
void Binder::BuildGroupedSets(QueryScope& scope, const SelectState& state, NodePtr* node) {
  plan::IdSet used;
  for (const ExprPtr& group : state.groups) plan::CollectIds(*group, plan_->subplans, &used);
  std::vector<PendingSet> grouped, later;
  for (PendingSet& set : scope.sets) {
    (used.contains(set.id) ? grouped : later).push_back(std::move(set));
  }
  scope.sets = std::move(grouped);
  if (!scope.sets.empty()) BuildSets(scope, node);
  scope.sets = std::move(later);
}

void Binder::BuildSets(QueryScope& scope, NodePtr* node) {
  // Sets whose arguments use other sets come in a later step.
  std::vector<bool> done(scope.sets.size(), false);
  for (size_t left = scope.sets.size(); left > 0;) {
    auto step = std::make_unique<plan::ProjectSetNode>();
    for (uint32_t id : (*node)->ids) {
      step->ids.push_back(id);
      plan::ProjectSetNode::Item item;
      item.scalar = MakeColumn(id, -1);
      step->items.push_back(std::move(item));
    }
    plan::IdSet waiting;
    for (size_t i = 0; i < scope.sets.size(); ++i) {
      if (!done[i]) waiting.insert(scope.sets[i].id);
    }
    for (size_t i = 0; i < scope.sets.size(); ++i) {
      if (done[i]) continue;
      plan::IdSet used;
      for (const ExprPtr& argument : scope.sets[i].arguments) {
        plan::CollectIds(*argument, plan_->subplans, &used);
      }
      if (plan::Intersects(used, waiting)) continue;
      done[i] = true;
      --left;
      plan::ProjectSetNode::Item item;
      item.function = scope.sets[i].function;
      item.arguments = std::move(scope.sets[i].arguments);
      item.column_types = scope.sets[i].column_types;
      step->items.push_back(std::move(item));
      step->ids.push_back(scope.sets[i].id);
    }
    step->children.push_back(std::move(*node));
    *node = std::move(step);
  }
}

}  // namespace helios::sql::binder
