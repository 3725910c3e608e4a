// Binder: aggregates and window functions.
#include <algorithm>

#include "sql/binder/internal/binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

bool SameCall(const plan::AggregateNode::Call& a, const plan::AggregateNode::Call& b) {
  if (a.function != b.function || a.distinct != b.distinct ||
      a.arguments.size() != b.arguments.size() || a.order_by.size() != b.order_by.size() ||
      (a.filter == nullptr) != (b.filter == nullptr)) {
    return false;
  }
  for (size_t i = 0; i < a.arguments.size(); ++i) {
    if (!expr::Equal(*a.arguments[i], *b.arguments[i]) || expr::ContainsVolatile(*a.arguments[i]) ||
        expr::ContainsSubplan(*a.arguments[i])) {
      return false;
    }
  }
  for (size_t i = 0; i < a.order_by.size(); ++i) {
    if (!expr::Equal(*a.order_by[i].expression, *b.order_by[i].expression) ||
        a.order_by[i].descending != b.order_by[i].descending ||
        a.order_by[i].nulls_first != b.order_by[i].nulls_first) {
      return false;
    }
  }
  return a.filter == nullptr || expr::Equal(*a.filter, *b.filter);
}
}  // namespace

// Binds one call of an aggregate for a Binder.
class AggregateBinder {
 public:
  AggregateBinder(Binder& binder, const ast::FunctionCall& call, Binder::ResolvedCall resolved,
                  QueryScope& scope)
      : b_(binder),
        call_(call),
        name_(call.name.back()),
        resolved_(std::move(resolved)),
        scope_(scope) {}

  Result<ExprPtr> Bind();

 private:
  Status CheckForm() const;
  // The row that is supposed to be there has the types of the rows that are.
  Status UnifyHypothetical();
  Status BindOrder();
  void PassRecordsAsJson();
  Status CheckDistinct() const;
  Status BindFilter();
  // The innermost query whose columns the call uses: it belongs to that.
  Result<QueryScope*> FindOwner();

  Binder& b_;
  const ast::FunctionCall& call_;
  const std::string& name_;
  Binder::ResolvedCall resolved_;
  QueryScope& scope_;
  plan::AggregateNode::Call bound_;
};

Status AggregateBinder::CheckForm() const {
  if (bound_.function->is_ordered_set && !call_.within_group) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("WITHIN GROUP is required for ordered-set aggregate {}", name_)
        .Position(PositionOf(call_.location));
  }
  if (!bound_.function->is_ordered_set && call_.within_group) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} is not an ordered-set aggregate, so it cannot have WITHIN GROUP", name_)
        .Position(PositionOf(call_.location));
  }
  if (call_.args.empty() && !call_.star && !call_.within_group && name_ == "count") {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{}(*) must be used to call a parameterless aggregate function", name_)
        .Position(PositionOf(call_.location));
  }
  return Status::Ok();
}

Status AggregateBinder::UnifyHypothetical() {
  const size_t direct_count = call_.args.size();
  std::vector<ExprPtr>& arguments = resolved_.arguments;
  if (direct_count != call_.order_by.size()) {
    std::vector<CallArgument> types;
    types.reserve(arguments.size());
    for (const ExprPtr& argument : arguments) types.push_back({argument->type.oid, ""});
    return Error(ErrorCode::kUndefinedFunction)
        .Message("function {} does not exist", b_.resolver_.Signature(name_, types))
        .Hint(
            "To use the hypothetical-set aggregate {}, the number of hypothetical direct arguments "
            "(here {}) must match the number of ordering columns (here {}).",
            name_, direct_count, call_.order_by.size())
        .Position(PositionOf(call_.location));
  }
  for (size_t i = 0; i < direct_count; ++i) {
    ExprPtr& direct = arguments[i];
    ExprPtr& sorted = arguments[direct_count + i];
    std::vector<ExprPtr> pair;
    pair.push_back(std::move(sorted));
    pair.push_back(std::move(direct));
    HELIOS_TRY(const Oid common, b_.types_.CommonType(pair, "WITHIN GROUP"));
    HELIOS_TRY(sorted, b_.types_.CoerceToCommon(std::move(pair[0]), common, "WITHIN GROUP"));
    HELIOS_TRY(direct, b_.types_.CoerceToCommon(std::move(pair[1]), common, "WITHIN GROUP"));
  }
  return Status::Ok();
}

Status AggregateBinder::BindOrder() {
  if (call_.within_group) {
    bound_.direct_argument_count = static_cast<uint32_t>(call_.args.size());
  }
  for (size_t i = 0; i < call_.order_by.size(); ++i) {
    const ast::SortItem& item = call_.order_by[i];
    ExprPtr value;
    if (call_.within_group) {
      value = resolved_.arguments[call_.args.size() + i]->Clone();
    } else {
      HELIOS_TRY(value, b_.BindExpr(*item.expr, scope_));
    }
    HELIOS_TRY(plan::SortKey key, b_.MakeSortKey(std::move(value), item));
    bound_.order_by.push_back(std::move(key));
  }
  return Status::Ok();
}

void AggregateBinder::PassRecordsAsJson() {
  if (name_ != "json_agg" && name_ != "jsonb_agg" && name_ != "json_object_agg" &&
      name_ != "jsonb_object_agg") {
    return;
  }
  // Only the expression of a record knows its fields' names: it becomes json before it is passed as
  // a value. The typmod tells json_agg, which shows rows on lines of their own.
  const Oid record[] = {t::kRecord};
  for (ExprPtr& argument : bound_.arguments) {
    if (argument->type.oid != t::kRecord) continue;
    auto row_as_json = std::make_unique<expr::FunctionExpr>(
        expr::FindFunction("row_to_json", record), SqlType{t::kJson, expr::kJsonOfRowTypmod});
    row_as_json->children.push_back(std::move(argument));
    argument = std::move(row_as_json);
  }
}

Status AggregateBinder::CheckDistinct() const {
  if (!call_.distinct) return Status::Ok();
  for (const ExprPtr& argument : bound_.arguments) {
    if (b_.types_.Equality(argument->type.oid) != nullptr) continue;
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify an equality operator for type {}",
                 b_.types_.Name(argument->type.oid))
        .Position(PositionOf(argument->location));
  }
  for (const plan::SortKey& key : bound_.order_by) {
    // An expression that is an argument too may be cast there.
    const auto is_key = [&](const ExprPtr& argument) {
      const expr::Expr* plain = argument.get();
      while (plain->kind == ExprKind::kCast && !expr::Equal(*plain, *key.expression)) {
        plain = plain->children[0].get();
      }
      return expr::Equal(*plain, *key.expression);
    };
    if (std::any_of(bound_.arguments.begin(), bound_.arguments.end(), is_key)) continue;
    return Error(ErrorCode::kInvalidColumnReference)
        .Message("in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
        .Position(PositionOf(key.expression->location));
  }
  return Status::Ok();
}

Status AggregateBinder::BindFilter() {
  if (call_.filter == nullptr) return Status::Ok();
  const Temporarily clause(scope_.clause, Clause::kFilter);
  HELIOS_TRY(bound_.filter, b_.BindExpr(*call_.filter, scope_));
  HELIOS_TRY(bound_.filter, b_.types_.CoerceBoolean(std::move(bound_.filter), "FILTER"));
  return Status::Ok();
}

Result<QueryScope*> AggregateBinder::FindOwner() {
  plan::IdSet ids;
  for (const ExprPtr& argument : bound_.arguments) {
    plan::CollectIds(*argument, b_.plan_->subplans, &ids);
  }
  if (bound_.filter != nullptr) plan::CollectIds(*bound_.filter, b_.plan_->subplans, &ids);
  QueryScope* owner = &scope_;
  const auto owns_one = [&](const QueryScope* level) {
    return std::any_of(ids.begin(), ids.end(),
                       [&](uint32_t id) { return b_.owners_[id] == level; });
  };
  while (owner != nullptr && !owns_one(owner)) owner = owner->parent;
  if (owner == nullptr) owner = &scope_;
  for (const PendingAggregate& other : owner->aggregates) {
    if (!ids.contains(other.id)) continue;
    return Error(ErrorCode::kGroupingError)
        .Message("aggregate function calls cannot be nested")
        .Position(PositionOf(call_.location));
  }
  for (const PendingWindow& other : owner->windows) {
    if (!ids.contains(other.id)) continue;
    return Error(ErrorCode::kGroupingError)
        .Message("aggregate function calls cannot contain window function calls")
        .Position(PositionOf(call_.location));
  }
  HELIOS_TRY(b_.CheckAggregateAllowed(*owner, call_.location));
  return owner;
}

Result<ExprPtr> AggregateBinder::Bind() {
  bound_.function = resolved_.callable.aggregate;
  bound_.distinct = call_.distinct;
  bound_.type = {resolved_.result, -1};
  HELIOS_TRY(CheckForm());
  if (bound_.function->is_hypothetical) HELIOS_TRY(UnifyHypothetical());
  {
    const Temporarily inside(scope_.inside_aggregate, true);
    HELIOS_TRY(BindOrder());
    bound_.arguments = std::move(resolved_.arguments);
    PassRecordsAsJson();
    HELIOS_TRY(CheckDistinct());
    HELIOS_TRY(BindFilter());
  }
  HELIOS_TRY(QueryScope* const owner, FindOwner());
  for (const PendingAggregate& other : owner->aggregates) {
    if (SameCall(other.call, bound_)) return b_.MakeColumn(other.id, call_.location);
  }
  const uint32_t id = b_.NewColumn(name_, bound_.type, owner);
  owner->aggregates.push_back({std::move(bound_), id});
  return b_.MakeColumn(id, call_.location);
}

Result<ExprPtr> Binder::BindAggregate(const ast::FunctionCall& call, ResolvedCall resolved,
                                      QueryScope& scope) {
  return AggregateBinder(*this, call, std::move(resolved), scope).Bind();
}

Result<ExprPtr> Binder::BindGrouping(const ast::Grouping& grouping, QueryScope& scope) {
  PendingGrouping pending;
  if (grouping.args.size() > 31) {
    return Error(ErrorCode::kTooManyArguments)
        .Message("GROUPING must have fewer than 32 arguments")
        .Position(PositionOf(grouping.location));
  }
  for (const ast::ExprPtr& arg : grouping.args) {
    HELIOS_TRY(ExprPtr bound, BindExpr(*arg, scope));
    pending.arguments.push_back(std::move(bound));
  }
  pending.id = NewColumn("grouping", {t::kInt4, -1}, &scope);
  pending.location = grouping.location;
  scope.groupings.push_back(std::move(pending));
  return MakeColumn(scope.groupings.back().id, grouping.location);
}

Status Binder::BindFrame(const ast::WindowSpec& spec, QueryScope& scope, PendingWindow* out) {
  plan::WindowFrame& frame = out->call.frame;
  if (!spec.has_frame) return Status::Ok();
  frame.mode = spec.unit == ast::FrameUnit::kRows    ? plan::WindowFrame::Mode::kRows
               : spec.unit == ast::FrameUnit::kRange ? plan::WindowFrame::Mode::kRange
                                                     : plan::WindowFrame::Mode::kGroups;
  frame.start = static_cast<plan::WindowFrame::Bound>(spec.start.bound);
  frame.end = static_cast<plan::WindowFrame::Bound>(spec.end.bound);
  frame.exclude = static_cast<plan::WindowFrame::Exclude>(spec.exclusion);
  if (frame.mode == plan::WindowFrame::Mode::kGroups && out->order_by.empty()) {
    return Error(ErrorCode::kWindowingError)
        .Message("GROUPS mode requires an ORDER BY clause")
        .Position(PositionOf(spec.location));
  }
  const bool range = frame.mode == plan::WindowFrame::Mode::kRange;
  for (const ast::FrameBound* bound : {&spec.start, &spec.end}) {
    if (bound->offset == nullptr) continue;
    const Clause outer = scope.clause;
    scope.clause = Clause::kWindowFrame;
    HELIOS_TRY(ExprPtr offset, BindExpr(*bound->offset, scope));
    scope.clause = outer;
    plan::IdSet ids;
    plan::CollectIds(*offset, plan_->subplans, &ids);
    for (uint32_t id : ids) {
      if (owners_[id] == &scope) {
        return Error(ErrorCode::kInvalidColumnReference)
            .Message("argument of {} must not contain variables",
                     range ? "RANGE" : (spec.unit == ast::FrameUnit::kRows ? "ROWS" : "GROUPS"))
            .Position(PositionOf(bound->offset->location));
      }
    }
    ExprPtr& slot = bound == &spec.start ? frame.start_offset : frame.end_offset;
    if (!range) {
      HELIOS_TRY(slot, types_.CoerceInt8(std::move(offset),
                                         spec.unit == ast::FrameUnit::kRows ? "ROWS" : "GROUPS"));
      continue;
    }
    if (out->order_by.size() != 1) {
      return Error(ErrorCode::kWindowingError)
          .Message("RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
          .Position(PositionOf(spec.location));
    }
    const SqlType key = out->order_by[0].expression->type;
    if (offset->type.oid == t::kUnknown) {
      // An undecided literal shifts times by an interval, and numbers by one of their kind.
      const TypeCategory category = types_.Category(key.oid);
      const SqlType shift{category == TypeCategory::kDateTime ? Oid{t::kInterval} : key.oid, -1};
      HELIOS_TRY(offset, types_.TryCoerce(std::move(offset), shift, CastContext::kImplicit,
                                          bound->offset->location));
    }
    for (const char* op : {"-", "+"}) {
      auto probe = std::make_unique<expr::ColumnExpr>(0, key);
      probe->physical = types_.Physical(key.oid);
      auto shifted = MakeOperator(op, std::move(probe), offset->Clone(), -1);
      if (!shifted.ok() || shifted.value()->kind != ExprKind::kFunction ||
          shifted.value()->children[0]->kind != ExprKind::kColumn) {
        return Error(ErrorCode::kFeatureNotSupported)
            .Message(
                "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {} "
                "and offset type {}",
                types_.Name(key.oid), types_.Name(offset->type.oid))
            .Hint("Cast the offset value to an appropriate type.")
            .Position(PositionOf(bound->offset->location));
      }
      const auto* function = As<expr::FunctionExpr>(*shifted.value()).function;
      (op[0] == '-' ? frame.minus : frame.plus) = function;
      slot = std::move(shifted.value()->children[1]);
    }
  }
  return Status::Ok();
}

Status Binder::BindWindowSpec(const ast::WindowSpec& spec, QueryScope& scope, PendingWindow* out) {
  const std::string& base = spec.is_reference ? spec.name : spec.base_window;
  if (!base.empty()) {
    const ast::WindowSpec* found = nullptr;
    if (scope.window_clause != nullptr) {
      for (const ast::WindowSpec& candidate : *scope.window_clause) {
        if (candidate.name == base && &candidate != &spec) found = &candidate;
      }
    }
    if (found == nullptr) {
      return Error(ErrorCode::kUndefinedObject)
          .Message("window \"{}\" does not exist", base)
          .Position(PositionOf(spec.location));
    }
    if (!spec.is_reference && found->has_frame) {
      return Error(ErrorCode::kWindowingError)
          .Message("cannot copy window \"{}\" because it has a frame clause", base)
          .Position(PositionOf(spec.location));
    }
    HELIOS_TRY(BindWindowSpec(*found, scope, out));
    if (spec.is_reference) return Status::Ok();
    if (!spec.partition_by.empty()) {
      return Error(ErrorCode::kWindowingError)
          .Message("cannot override PARTITION BY clause of window \"{}\"", base)
          .Position(PositionOf(spec.location));
    }
    if (!spec.order_by.empty() && !out->order_by.empty()) {
      return Error(ErrorCode::kWindowingError)
          .Message("cannot override ORDER BY clause of window \"{}\"", base)
          .Position(PositionOf(spec.location));
    }
  }
  const Clause outer = scope.clause;
  scope.clause = Clause::kWindowPartition;
  for (const ast::ExprPtr& key : spec.partition_by) {
    HELIOS_TRY(ExprPtr bound, BindExpr(*key, scope));
    HELIOS_TRY(bound, types_.ResolveUnknown(std::move(bound)));
    if (types_.Less(bound->type.oid) == nullptr) {
      return Error(ErrorCode::kUndefinedFunction)
          .Message("could not identify an ordering operator for type {}",
                   types_.Name(bound->type.oid))
          .Position(PositionOf(key->location));
    }
    out->partition_by.push_back(std::move(bound));
  }
  scope.clause = Clause::kWindowOrder;
  for (const ast::SortItem& item : spec.order_by) {
    HELIOS_TRY(ExprPtr bound, BindExpr(*item.expr, scope));
    HELIOS_TRY(plan::SortKey key, MakeSortKey(std::move(bound), item));
    out->order_by.push_back(std::move(key));
  }
  scope.clause = outer;
  return BindFrame(spec, scope, out);
}

Result<ExprPtr> Binder::BindWindowCall(const ast::FunctionCall& call, ResolvedCall resolved,
                                       QueryScope& scope) {
  const std::string& name = call.name.back();
  if (call.over == nullptr) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("window function {} requires an OVER clause", name)
        .Position(PositionOf(call.location));
  }
  if (call.distinct) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("DISTINCT is not implemented for window functions")
        .Position(PositionOf(call.location));
  }
  if (!call.order_by.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("aggregate ORDER BY is not implemented for window functions")
        .Position(PositionOf(call.location));
  }
  if (resolved.callable.aggregate != nullptr && resolved.callable.aggregate->is_ordered_set) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("WITHIN GROUP is required for ordered-set aggregate {}", name)
        .Position(PositionOf(call.location));
  }
  if (call.filter != nullptr && resolved.callable.window != nullptr) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("FILTER is not implemented for non-aggregate window functions")
        .Position(PositionOf(call.location));
  }
  if (call.args.empty() && !call.star && name == "count") {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{}(*) must be used to call a parameterless aggregate function", name)
        .Position(PositionOf(call.location));
  }
  if (scope.clause != Clause::kSelect && scope.clause != Clause::kOrderBy &&
      scope.clause != Clause::kDistinctOn) {
    return Error(ErrorCode::kWindowingError)
        .Message("window functions are not allowed in {}", ClauseName(scope.clause))
        .Position(PositionOf(call.location));
  }
  if (scope.inside_aggregate) {
    return Error(ErrorCode::kGroupingError)
        .Message("aggregate function calls cannot contain window function calls")
        .Position(PositionOf(call.location));
  }
  PendingWindow pending;
  pending.call.window = resolved.callable.window;
  pending.call.aggregate = resolved.callable.aggregate;
  pending.call.type = {resolved.result, -1};
  pending.call.arguments = std::move(resolved.arguments);
  if (call.filter != nullptr) {
    const Clause outer = scope.clause;
    scope.clause = Clause::kFilter;
    HELIOS_TRY(pending.call.filter, BindExpr(*call.filter, scope));
    HELIOS_TRY(pending.call.filter, types_.CoerceBoolean(std::move(pending.call.filter), "FILTER"));
    scope.clause = outer;
  }
  plan::IdSet ids;
  for (const ExprPtr& argument : pending.call.arguments) {
    plan::CollectIds(*argument, plan_->subplans, &ids);
  }
  for (const PendingWindow& other : scope.windows) {
    if (ids.contains(other.id)) {
      return Error(ErrorCode::kWindowingError)
          .Message("window function calls cannot be nested")
          .Position(PositionOf(call.location));
    }
  }
  HELIOS_TRY(BindWindowSpec(*call.over, scope, &pending));
  pending.id = NewColumn(name, pending.call.type, &scope);
  scope.windows.push_back(std::move(pending));
  return MakeColumn(scope.windows.back().id, call.location);
}

}  // namespace helios::sql::binder
