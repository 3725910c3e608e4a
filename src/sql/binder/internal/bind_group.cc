// ORDER BY, GROUP BY, DISTINCT and what aggregation does to the expressions above it.
#include <algorithm>

#include "sql/binder/internal/select_binder.h"
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
Result<size_t> SelectBinder::FindTarget(const ast::Expr& expr, Clause clause) {
  scope_.clause = clause;
  if (const auto* ref = ast::TryAs<ast::ColumnRef>(&expr);
      ref != nullptr && ref->names.size() == 1 && !ref->star) {
    bool input_first = false;
    if (clause == Clause::kGroupBy) {
      QueryScope* parent = scope_.parent;
      scope_.parent = nullptr;
      auto column = b_.FindColumn(ref->names[0], scope_, ref->location);
      scope_.parent = parent;
      input_first = column.ok() && column.value() != nullptr;
    }
    if (!input_first) {
      size_t found = SIZE_MAX;
      for (size_t i = 0; i < targets_.size(); ++i) {
        if (targets_[i].junk || targets_[i].name != ref->names[0]) continue;
        if (found != SIZE_MAX && !expr::Equal(*targets_[found].expr, *targets_[i].expr)) {
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
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (targets_[i].junk) continue;
      if (++position == constant->int_value) return i;
    }
    return Error(ErrorCode::kInvalidColumnReference)
        .Message("{} position {} is not in select list", ListName(clause), constant->int_value)
        .Position(PositionOf(constant->location));
  }
  HELIOS_TRY(ExprPtr bound, b_.BindExpr(expr, scope_));
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (expr::Equal(*targets_[i].expr, *bound) && !expr::ContainsVolatile(*bound)) return i;
  }
  TargetEntry target;
  target.location = expr.location;
  target.name = TargetName(expr);
  HELIOS_TRY(target.expr, b_.types_.ResolveUnknown(std::move(bound)));
  target.junk = true;
  targets_.push_back(std::move(target));
  return targets_.size() - 1;
}

Status SelectBinder::BindOrderBy() {
  for (const ast::SortItem& item : select_.order_by) {
    HELIOS_TRY(const size_t index, FindTarget(*item.expr, Clause::kOrderBy));
    TargetEntry& target = targets_[index];
    HELIOS_TRY(target.expr, b_.types_.ResolveUnknown(std::move(target.expr)));
    HELIOS_TRY(plan::SortKey key, b_.MakeSortKey(target.expr->Clone(), item));
    const bool repeated = std::any_of(order_by_.begin(), order_by_.end(),
                                      [&](const auto& other) { return other.first == index; });
    if (!repeated) order_by_.push_back({index, std::move(key)});
  }
  return Status::Ok();
}

Result<uint32_t> SelectBinder::AddGroupExpr(const ast::Expr& expr) {
  const size_t target_count = targets_.size();
  HELIOS_TRY(const size_t index, FindTarget(expr, Clause::kGroupBy));
  TargetEntry& target = targets_[index];
  HELIOS_TRY(target.expr, b_.types_.ResolveUnknown(std::move(target.expr)));
  ExprPtr group = target.expr->Clone();
  if (targets_.size() != target_count) targets_.pop_back();
  plan::IdSet ids;
  plan::CollectIds(*group, b_.plan_->subplans, &ids);
  for (const PendingAggregate& aggregate : scope_.aggregates) {
    if (ids.contains(aggregate.id)) {
      return Error(ErrorCode::kGroupingError)
          .Message("aggregate functions are not allowed in GROUP BY")
          .Position(PositionOf(group->location));
    }
  }
  for (const PendingWindow& window : scope_.windows) {
    if (ids.contains(window.id)) {
      return Error(ErrorCode::kWindowingError)
          .Message("window functions are not allowed in GROUP BY")
          .Position(PositionOf(group->location));
    }
  }
  if (b_.types_.Equality(group->type.oid) == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify an equality operator for type {}",
                 b_.types_.Name(group->type.oid))
        .Position(PositionOf(expr.location));
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (expr::Equal(*groups_[i], *group)) return static_cast<uint32_t>(i);
  }
  groups_.push_back(std::move(group));
  return static_cast<uint32_t>(groups_.size() - 1);
}

Status SelectBinder::AddGroupingItem(const ast::GroupingItem& item,
                                     std::vector<GroupingSet>* sets) {
  if (item.grouping == ast::GroupingKind::kEmpty) {
    sets->push_back({});
    return Status::Ok();
  }
  if (item.grouping == ast::GroupingKind::kExpr) {
    GroupingSet set;
    const auto* row = ast::TryAs<ast::Row>(item.expr.get());
    if (row != nullptr && !row->explicit_row) {
      for (const ast::ExprPtr& field : row->fields) {
        HELIOS_TRY(const uint32_t group, AddGroupExpr(*field));
        set.push_back(group);
      }
    } else {
      HELIOS_TRY(const uint32_t group, AddGroupExpr(*item.expr));
      set.push_back(group);
    }
    sets->push_back(std::move(set));
    return Status::Ok();
  }
  if (item.grouping == ast::GroupingKind::kSets) {
    for (const ast::GroupingItem& inner : item.items) {
      HELIOS_TRY(AddGroupingItem(inner, sets));
    }
    return Status::Ok();
  }
  std::vector<GroupingSet> elements;
  for (const ast::GroupingItem& inner : item.items) {
    HELIOS_TRY(AddGroupingItem(inner, &elements));
  }
  if (item.grouping == ast::GroupingKind::kRollup) {
    for (size_t count = elements.size() + 1; count-- > 0;) {
      GroupingSet set;
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
    GroupingSet set;
    for (size_t i = 0; i < elements.size(); ++i) {
      if ((mask >> (elements.size() - 1 - i) & 1) != 0) {
        set.insert(set.end(), elements[i].begin(), elements[i].end());
      }
    }
    sets->push_back(std::move(set));
  }
  return Status::Ok();
}

Status SelectBinder::BindGroupBy() {
  // GROUP BY a, ROLLUP (b): the product of the items' sets.
  std::vector<GroupingSet> product{{}};
  for (const ast::GroupingItem& item : select_.group_by) {
    std::vector<GroupingSet> sets;
    HELIOS_TRY(AddGroupingItem(item, &sets));
    std::vector<GroupingSet> next;
    for (const auto& left : product) {
      for (const auto& right : sets) {
        GroupingSet both = left;
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
  if (select_.group_distinct) {
    std::sort(product.begin(), product.end());
    product.erase(std::unique(product.begin(), product.end()), product.end());
  }
  several_sets_ = product.size() > 1;
  if (product.size() == 1 && product[0].size() < groups_.size()) several_sets_ = true;
  grouping_sets_ = std::move(product);
  return Status::Ok();
}

Status SelectBinder::BindDistinct() {
  if (!select_.distinct) return Status::Ok();
  if (select_.distinct_on.empty()) {
    for (const auto& [index, key] : order_by_) {
      if (!targets_[index].junk) continue;
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("for SELECT DISTINCT, ORDER BY expressions must appear in select list")
          .Position(PositionOf(targets_[index].location));
    }
    for (TargetEntry& target : targets_) {
      HELIOS_TRY(target.expr, b_.types_.ResolveUnknown(std::move(target.expr)));
    }
    return Status::Ok();
  }
  for (const ast::ExprPtr& expr : select_.distinct_on) {
    HELIOS_TRY(const size_t index, FindTarget(*expr, Clause::kDistinctOn));
    TargetEntry& target = targets_[index];
    HELIOS_TRY(target.expr, b_.types_.ResolveUnknown(std::move(target.expr)));
    distinct_on_.push_back(index);
  }
  // The first ORDER BY items must be the DISTINCT ON expressions, in any order.
  bool skipped = false;
  for (const auto& [index, key] : order_by_) {
    const bool listed =
        std::find(distinct_on_.begin(), distinct_on_.end(), index) != distinct_on_.end();
    if (!listed) {
      skipped = true;
    } else if (skipped) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
          .Position(PositionOf(targets_[index].location));
    }
  }
  size_t covered = 0;
  for (size_t index : distinct_on_) {
    for (const auto& [sorted, key] : order_by_) covered += sorted == index ? 1 : 0;
  }
  if (skipped && covered < distinct_on_.size()) {
    return Error(ErrorCode::kInvalidColumnReference)
        .Message("SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
        .Position(PositionOf(targets_[distinct_on_[0]].location));
  }
  return Status::Ok();
}

bool SelectBinder::AddDependentColumn(uint32_t id) {
  const ScopeRelation* relation = b_.relations_of_[id];
  if (relation == nullptr || relation->catalog_table == nullptr || several_sets_) {
    return false;
  }
  const std::vector<int16_t>& key = relation->catalog_table->primary_key;
  if (key.empty() || relation->scan == nullptr) return false;
  for (int16_t number : key) {
    const bool grouped = std::any_of(groups_.begin(), groups_.end(), [&](const ExprPtr& group) {
      if (group->kind != ExprKind::kColumn) return false;
      const uint32_t group_id = As<expr::ColumnExpr>(*group).index;
      return b_.relations_of_[group_id] == relation &&
             b_.columns_[group_id].column_number == number;
    });
    if (!grouped) return false;
  }
  groups_.push_back(b_.MakeColumn(id, -1));
  group_ids_.push_back(id);
  grouping_sets_[0].push_back(static_cast<uint32_t>(groups_.size() - 1));
  return true;
}

Status SelectBinder::ReplaceGroups(ExprPtr* expr, bool in_subquery) {
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (!expr::Equal(**expr, *groups_[i])) continue;
    const int location = (*expr)->location;
    const SqlType type = (*expr)->type;
    *expr = b_.MakeColumn(group_ids_[i], location);
    (*expr)->type = type;
    return Status::Ok();
  }
  if ((*expr)->kind == ExprKind::kColumn) {
    const uint32_t id = As<expr::ColumnExpr>(**expr).index;
    if (b_.owners_[id] != &scope_ || b_.relations_of_[id] == nullptr) return Status::Ok();
    if (AddDependentColumn(id)) return Status::Ok();
    const ScopeRelation& relation = *b_.relations_of_[id];
    std::string name = b_.columns_[id].name;
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
    NodePtr& subplan = b_.plan_->subplans[As<expr::SubplanExpr>(**expr).subplan];
    if (subplan != nullptr) HELIOS_TRY(ReplaceGroupsInNode(subplan.get()));
  }
  for (ExprPtr& child : (*expr)->children) {
    HELIOS_TRY(ReplaceGroups(&child, in_subquery));
  }
  return Status::Ok();
}

Status SelectBinder::ReplaceGroupsInNode(plan::Node* node) {
  Status status;
  plan::ForEachExpr(*node, [&](ExprPtr& expr) {
    if (status.ok()) status = ReplaceGroups(&expr, true);
  });
  HELIOS_TRY(status);
  for (NodePtr& child : node->children) {
    HELIOS_TRY(ReplaceGroupsInNode(child.get()));
  }
  return Status::Ok();
}

Status SelectBinder::CheckDirectArguments(const plan::AggregateNode::Call& call) {
  for (uint32_t i = 0; i < call.direct_argument_count; ++i) {
    if (expr::ContainsSubplan(*call.arguments[i])) continue;
    ExprPtr copy = call.arguments[i]->Clone();
    Status status = ReplaceGroups(&copy, false);
    if (status.ok()) continue;
    status.mutable_info().detail =
        "Direct arguments of an ordered-set aggregate must use only grouped columns.";
    return status;
  }
  return Status::Ok();
}

Status SelectBinder::ReplaceGroupsAbove() {
  for (TargetEntry& target : targets_) HELIOS_TRY(ReplaceGroups(&target.expr, false));
  if (having_ != nullptr) HELIOS_TRY(ReplaceGroups(&having_, false));
  for (PendingWindow& window : scope_.windows) {
    for (ExprPtr& argument : window.call.arguments) HELIOS_TRY(ReplaceGroups(&argument, false));
    if (window.call.filter != nullptr) HELIOS_TRY(ReplaceGroups(&window.call.filter, false));
    for (ExprPtr& key : window.partition_by) HELIOS_TRY(ReplaceGroups(&key, false));
    for (plan::SortKey& key : window.order_by) HELIOS_TRY(ReplaceGroups(&key.expression, false));
  }
  for (PendingSet& set : scope_.sets) {
    for (ExprPtr& argument : set.arguments) HELIOS_TRY(ReplaceGroups(&argument, false));
  }
  return Status::Ok();
}

Result<SelectBinder::GroupingSet> SelectBinder::FindGroups(const PendingGrouping& grouping) const {
  GroupingSet positions;
  for (const ExprPtr& argument : grouping.arguments) {
    size_t i = 0;
    while (i < groups_.size() && !expr::Equal(*groups_[i], *argument)) ++i;
    if (i == groups_.size()) {
      return Error(ErrorCode::kGroupingError)
          .Message(
              "arguments to GROUPING must be grouping expressions of the associated query level")
          .Position(PositionOf(argument->location));
    }
    positions.push_back(static_cast<uint32_t>(i));
  }
  return positions;
}

Status SelectBinder::BuildAggregate(NodePtr* node) {
  // A grouped column keeps its id, unless grouping sets may turn it into NULL, or it is an outer
  // query's, whose id stays the outer value's.
  for (const ExprPtr& group : groups_) {
    const uint32_t column =
        group->kind == ExprKind::kColumn ? As<expr::ColumnExpr>(*group).index : kNoColumn;
    if (column != kNoColumn && !several_sets_ && b_.owners_[column] == &scope_) {
      group_ids_.push_back(column);
    } else {
      const std::string name = column != kNoColumn ? b_.columns_[column].name : "";
      group_ids_.push_back(b_.NewColumn(name, group->type, nullptr));
    }
  }
  HELIOS_TRY(ReplaceGroupsAbove());
  auto aggregate = std::make_unique<plan::AggregateNode>();
  for (size_t i = 0; i < groups_.size(); ++i) {
    aggregate->ids.push_back(group_ids_[i]);
    aggregate->groups.push_back(groups_[i]->Clone());
  }
  for (PendingAggregate& pending : scope_.aggregates) {
    HELIOS_TRY(CheckDirectArguments(pending.call));
    aggregate->ids.push_back(pending.id);
    aggregate->calls.push_back(std::move(pending.call));
  }
  if (!groups_.empty() || grouping_sets_.size() > 1) aggregate->grouping_sets = grouping_sets_;
  for (const PendingGrouping& grouping : scope_.groupings) {
    HELIOS_TRY(GroupingSet positions, FindGroups(grouping));
    aggregate->ids.push_back(grouping.id);
    aggregate->grouping_calls.push_back(std::move(positions));
  }
  aggregate->children.push_back(std::move(*node));
  *node = std::move(aggregate);
  if (having_ != nullptr) *node = plan::MakeFilter(std::move(*node), std::move(having_));
  return Status::Ok();
}

void SelectBinder::BuildWindows(NodePtr* node) {
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
  std::vector<bool> done(scope_.windows.size(), false);
  for (size_t i = 0; i < scope_.windows.size(); ++i) {
    if (done[i]) continue;
    auto window = std::make_unique<plan::WindowNode>();
    window->ids = (*node)->ids;
    for (size_t j = i; j < scope_.windows.size(); ++j) {
      if (done[j] || !same(scope_.windows[i], scope_.windows[j])) continue;
      done[j] = true;
      window->ids.push_back(scope_.windows[j].id);
      window->calls.push_back(std::move(scope_.windows[j].call));
    }
    for (const ExprPtr& key : scope_.windows[i].partition_by) {
      window->partition_by.push_back(key->Clone());
    }
    for (const plan::SortKey& key : scope_.windows[i].order_by) {
      window->order_by.push_back({key.expression->Clone(), key.descending, key.nulls_first});
    }
    window->children.push_back(std::move(*node));
    *node = std::move(window);
  }
}

void SelectBinder::BuildGroupedSets(NodePtr* node) {
  plan::IdSet used;
  for (const ExprPtr& group : groups_) plan::CollectIds(*group, b_.plan_->subplans, &used);
  std::vector<PendingSet> grouped, later;
  for (PendingSet& set : scope_.sets) {
    (used.contains(set.id) ? grouped : later).push_back(std::move(set));
  }
  scope_.sets = std::move(grouped);
  if (!scope_.sets.empty()) b_.BuildSets(scope_, node);
  scope_.sets = std::move(later);
}

}  // namespace helios::sql::binder
