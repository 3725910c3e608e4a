// Binder: calls of functions, aggregates, window functions and sets.
#include <algorithm>

#include "expr/internal_functions.h"
#include "sql/binder/internal/binder.h"
#include "sql/parser/parser.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::ExprKind;
}  // namespace

// Functions of other schemas than pg_catalog are listed by their full names.
std::string Binder::RegisteredName(const ast::NameList& name) {
  if (name.size() < 2 || name[name.size() - 2] == "pg_catalog") return name.back();
  return name[name.size() - 2] + "." + name.back();
}

Result<Binder::ResolvedCall> Binder::ResolveCall(const ast::FunctionCall& call, QueryScope& scope) {
  ResolvedCall resolved;
  std::vector<CallArgument> arguments;
  bool named = false;
  for (const ast::ExprPtr& arg : call.args) {
    const auto* named_argument = ast::TryAs<ast::NamedArgument>(arg.get());
    if (named && named_argument == nullptr) {
      return Error(ErrorCode::kSyntaxError)
          .Message("positional argument cannot follow named argument")
          .Position(PositionOf(arg->location));
    }
    HELIOS_TRY(ExprPtr bound, BindExpr(*arg, scope));
    // Parameters of type void are left out, as in PostgreSQL: pgjdbc declares the output parameters
    // of a call so.
    if (bound->kind == ExprKind::kParameter && bound->type.oid == t::kVoid) continue;
    arguments.push_back({bound->type.oid, named_argument == nullptr ? "" : named_argument->name});
    named = named_argument != nullptr;
    resolved.arguments.push_back(std::move(bound));
  }
  if (call.within_group) {
    for (const ast::SortItem& item : call.order_by) {
      HELIOS_TRY(ExprPtr bound, BindExpr(*item.expr, scope));
      arguments.push_back({bound->type.oid, ""});
      resolved.arguments.push_back(std::move(bound));
    }
  }
  std::string written;
  for (const std::string& part : call.name) written += (written.empty() ? "" : ".") + part;
  if (call.sql_syntax) written = "pg_catalog." + call.name.back();
  const std::string registered = RegisteredName(call.name);
  if (call.name.size() > 1 && call.name[call.name.size() - 2] != "pg_catalog" &&
      expr::TableFunctionsNamed(registered).empty()) {
    const std::string& schema = call.name[call.name.size() - 2];
    if (context_.snapshot->FindSchema(schema) == nullptr) {
      return Error(ErrorCode::kInvalidSchemaName)
          .Message("schema \"{}\" does not exist", schema)
          .Position(PositionOf(call.location));
    }
    return Error(ErrorCode::kUndefinedFunction)
        .Message("function {} does not exist", resolver_.Signature(written, arguments))
        .Hint(
            "No function matches the given name and argument types. You might need to add "
            "explicit type casts.")
        .Position(PositionOf(call.location));
  }
  Resolver::FunctionQuery query;
  query.name = registered;
  query.written_name = written;
  query.arguments = arguments;
  query.star = call.star;
  query.variadic = call.variadic;
  query.location = call.location;
  query.may_cast = !call.star && !call.distinct && call.order_by.empty() && !named &&
                   call.filter == nullptr && call.over == nullptr;
  HELIOS_TRY(resolved.callable, resolver_.FindFunction(query));
  if (resolved.callable.cast_target.valid()) return resolved;
  HELIOS_TRY(CoerceCallArguments(&resolved, call.location));
  return resolved;
}

Status Binder::CoerceCallArguments(ResolvedCall* resolved, int location) {
  Callable& callable = resolved->callable;
  QueryScope empty;
  for (const std::string& sql : callable.defaults) {
    HELIOS_TRY(ast::ExprPtr tree, ParseExpression(sql));
    HELIOS_TRY(ExprPtr bound, BindExpr(*tree, empty));
    resolved->arguments.push_back(std::move(bound));
  }
  if (!callable.order.empty()) {
    std::vector<ExprPtr> ordered;
    for (size_t from : callable.order) ordered.push_back(std::move(resolved->arguments[from]));
    resolved->arguments = std::move(ordered);
  }
  std::vector<Oid> actual;
  for (const ExprPtr& argument : resolved->arguments) actual.push_back(argument->type.oid);
  std::vector<Oid> declared = callable.arguments;
  HELIOS_TRY(resolved->result,
             resolver_.ResolvePolymorphic(actual, &declared, callable.result, location));
  // What asks for a type, or finds one itself, is not to be told that a literal is text.
  const bool asks_type = (callable.scalar != nullptr && callable.scalar->name == "pg_typeof") ||
                         (callable.aggregate != nullptr && callable.aggregate->is_hypothetical);
  for (size_t i = 0; i < resolved->arguments.size(); ++i) {
    if (asks_type && resolved->arguments[i]->kind == ExprKind::kConstant) continue;
    HELIOS_TRY(resolved->arguments[i],
               types_.CoerceArgument(std::move(resolved->arguments[i]), declared[i]));
  }
  if (callable.expanded_variadic) {
    const Oid element = declared[callable.fixed_count];
    auto array = std::make_unique<expr::ArrayExpr>(SqlType{types_.ArrayOf(element), -1}, element);
    array->location = location;
    for (size_t i = callable.fixed_count; i < resolved->arguments.size(); ++i) {
      array->children.push_back(std::move(resolved->arguments[i]));
    }
    resolved->arguments.resize(callable.fixed_count);
    resolved->arguments.push_back(std::move(array));
  }
  for (const ExprPtr& argument : resolved->arguments) resolved->types.push_back(argument->type);
  return Status::Ok();
}

Status Binder::SpreadVariadic(const ast::FunctionCall& call, ResolvedCall* resolved) {
  const expr::ScalarFunction* spread = expr::WithSpreadArray(resolved->callable.scalar);
  if (spread == resolved->callable.scalar) return Status::Ok();
  const ExprPtr& list = resolved->arguments.back();
  if (!types_.IsArray(list->type.oid)) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("VARIADIC argument must be an array")
        .Position(PositionOf(call.args.back()->location));
  }
  resolved->callable.scalar = spread;
  return Status::Ok();
}

Result<ExprPtr> Binder::MakeScalarCall(ResolvedCall resolved, int location) {
  auto call =
      std::make_unique<expr::FunctionExpr>(resolved.callable.scalar, SqlType{resolved.result, -1});
  call->children = std::move(resolved.arguments);
  call->location = location;
  return types_.Typed(std::move(call));
}

Result<ExprPtr> Binder::MakeFunction(const std::string& name, std::vector<ExprPtr> arguments,
                                     int location) {
  std::vector<CallArgument> types;
  types.reserve(arguments.size());
  for (const ExprPtr& argument : arguments) types.push_back({argument->type.oid, ""});
  Resolver::FunctionQuery query;
  query.name = name;
  query.written_name = "pg_catalog." + name;
  query.arguments = types;
  query.location = location;
  ResolvedCall resolved;
  HELIOS_TRY(resolved.callable, resolver_.FindFunction(query));
  resolved.arguments = std::move(arguments);
  HELIOS_TRY(CoerceCallArguments(&resolved, location));
  if (resolved.callable.scalar == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("function {} does not exist", resolver_.Signature(name, types))
        .Position(PositionOf(location));
  }
  return MakeScalarCall(std::move(resolved), location);
}

Status Binder::CheckPlainCall(const ast::FunctionCall& call) const {
  const std::string& name = call.name.back();
  const auto wrong = [&](std::string_view text) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} {}", text, name + " is not an aggregate function")
        .Position(PositionOf(call.location))
        .ToStatus();
  };
  if (call.star) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{}(*) specified, but {} is not an aggregate function", name, name)
        .Position(PositionOf(call.location));
  }
  if (call.distinct) return wrong("DISTINCT specified, but");
  if (call.within_group) return wrong("WITHIN GROUP specified, but");
  if (!call.order_by.empty()) return wrong("ORDER BY specified, but");
  if (call.filter != nullptr) return wrong("FILTER specified, but");
  if (call.over != nullptr) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("OVER specified, but {} is not a window function nor an aggregate function", name)
        .Position(PositionOf(call.location));
  }
  return Status::Ok();
}

Result<ExprPtr> Binder::BindFunctionCall(const ast::FunctionCall& call, QueryScope& scope) {
  // f(x) may mean x.f, and x.f may mean f(x): only the first is worth keeping for whole rows.
  if (expr::AggregatesNamed(call.name.back()).empty()) {
    HELIOS_TRY(ResolvedCall resolved, ResolveCall(call, scope));
    if (resolved.callable.cast_target.valid()) {
      return types_.Cast(std::move(resolved.arguments[0]), resolved.callable.cast_target,
                         call.location);
    }
    if (resolved.callable.window != nullptr) {
      return BindWindowCall(call, std::move(resolved), scope);
    }
    HELIOS_TRY(CheckPlainCall(call));
    if (call.variadic && resolved.callable.scalar != nullptr) {
      HELIOS_TRY(SpreadVariadic(call, &resolved));
    }
    if (resolved.callable.table != nullptr) return BindSetCall(call, std::move(resolved), scope);
    return MakeScalarCall(std::move(resolved), call.location);
  }
  const bool outer_aggregate = scope.inside_aggregate;
  const bool outer_window = scope.inside_window;
  const char* outer_sets = scope.no_sets;
  if (call.over == nullptr) {
    scope.inside_aggregate = true;
  } else {
    scope.inside_window = true;
  }
  scope.no_sets = "aggregate function calls";
  auto resolved = ResolveCall(call, scope);
  scope.inside_aggregate = outer_aggregate;
  scope.inside_window = outer_window;
  scope.no_sets = outer_sets;
  if (!resolved.ok()) return std::move(resolved).status();
  if (resolved->callable.window != nullptr) {
    // rank() is a window function too, not only the aggregate of WITHIN GROUP.
    return BindWindowCall(call, std::move(resolved).value(), scope);
  }
  if (resolved->callable.aggregate == nullptr) {
    HELIOS_TRY(CheckPlainCall(call));
    if (resolved->callable.cast_target.valid()) {
      return types_.Cast(std::move(resolved->arguments[0]), resolved->callable.cast_target,
                         call.location);
    }
    if (resolved->callable.table != nullptr) {
      return BindSetCall(call, std::move(resolved).value(), scope);
    }
    return MakeScalarCall(std::move(resolved).value(), call.location);
  }
  if (call.over != nullptr) return BindWindowCall(call, std::move(resolved).value(), scope);
  return BindAggregate(call, std::move(resolved).value(), scope);
}

Status Binder::CheckAggregateAllowed(const QueryScope& scope, int location) const {
  switch (scope.clause) {
    case Clause::kNone:
    case Clause::kSelect:
    case Clause::kHaving:
    case Clause::kOrderBy:
    case Clause::kDistinctOn:
    case Clause::kWindowPartition:
    case Clause::kWindowOrder:
    case Clause::kWindowFrame:
      return Status::Ok();
    default:
      break;
  }
  if (scope.clause == Clause::kFromSubquery) {
    return Error(ErrorCode::kGroupingError)
        .Message("aggregate functions are not allowed in {}", ClauseName(scope.clause))
        .Position(PositionOf(location));
  }
  return Error(ErrorCode::kGroupingError)
      .Message("aggregate functions are not allowed in {}", ClauseName(scope.clause))
      .Position(PositionOf(location));
}

Result<plan::SortKey> Binder::MakeSortKey(ExprPtr expr, const ast::SortItem& item) {
  plan::SortKey key;
  HELIOS_TRY(key.expression, types_.ResolveUnknown(std::move(expr)));
  const Oid type = key.expression->type.oid;
  if (types_.Less(type) == nullptr) {
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not identify an ordering operator for type {}", types_.Name(type))
        .Hint("Use an explicit ordering operator or modify the query.")
        .Position(PositionOf(item.expr->location));
  }
  key.descending = item.direction == ast::SortDirection::kDescending;
  if (item.direction == ast::SortDirection::kUsing) {
    const std::string& op = item.using_op.back();
    if (op != "<" && op != ">" && op != "<=" && op != ">=") {
      return Error(ErrorCode::kWrongObjectType)
          .Message("operator {} is not a valid ordering operator", op)
          .Hint("Ordering operators must be \"<\" or \">\" members of btree operator families.")
          .Position(PositionOf(item.location));
    }
    key.descending = op[0] == '>';
  }
  key.nulls_first = item.nulls == ast::NullsOrder::kFirst ||
                    (item.nulls == ast::NullsOrder::kDefault && key.descending);
  return key;
}

Result<ExprPtr> Binder::BindSetCall(const ast::FunctionCall& call, ResolvedCall resolved,
                                    QueryScope& scope) {
  if (scope.no_sets != nullptr) {
    const std::string where = scope.no_sets;
    if (where == "aggregate function calls") {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("aggregate function calls cannot contain set-returning function calls")
          .Hint("You might be able to move the set-returning function into a LATERAL FROM item.")
          .Position(PositionOf(call.location));
    }
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("set-returning functions are not allowed in {}", where)
        .Hint("You might be able to move the set-returning function into a LATERAL FROM item.")
        .Position(PositionOf(call.location));
  }
  switch (scope.clause) {
    case Clause::kSelect:
    case Clause::kOrderBy:
    case Clause::kGroupBy:
    case Clause::kDistinctOn:
    case Clause::kInsertValues:
      break;
    case Clause::kUpdateSource:
    default:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("set-returning functions are not allowed in {}", ClauseName(scope.clause))
          .Position(PositionOf(call.location));
  }
  PendingSet pending;
  pending.function = resolved.callable.table;
  pending.arguments = std::move(resolved.arguments);
  const expr::TableFunction& function = *pending.function;
  std::vector<Oid> declared = function.arguments;
  for (Oid column : function.column_types) {
    std::vector<Oid> arguments = resolved.callable.arguments;
    std::vector<Oid> actual;
    for (const SqlType& type : resolved.types) actual.push_back(type.oid);
    arguments.resize(actual.size(), t::kAny);
    HELIOS_TRY(const Oid type,
               resolver_.ResolvePolymorphic(actual, &arguments, column, call.location));
    pending.column_types.push_back({type, -1});
  }
  SqlType type =
      pending.column_types.size() == 1 ? pending.column_types[0] : SqlType{t::kRecord, -1};
  pending.id = NewColumn(call.name.back(), type, &scope);
  if (type.oid == t::kRecord) {
    auto& fields = records_[pending.id];
    for (size_t i = 0; i < pending.column_types.size(); ++i) {
      fields.emplace_back(function.column_names[i], pending.column_types[i]);
    }
  }
  scope.sets.push_back(std::move(pending));
  return MakeColumn(scope.sets.back().id, call.location);
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
