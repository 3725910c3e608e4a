#include "sql/binder/internal/table_expr.h"

#include <algorithm>

#include "sql/ast_util.h"
#include "sql/binder/internal/binder.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "sql/plan/walk.h"

namespace helios::sql {

namespace {
namespace t = type_oid;
using binder::Binder;
using binder::Clause;
using binder::PositionOf;

Clause ClauseOf(ExpressionPurpose purpose) {
  switch (purpose) {
    case ExpressionPurpose::kCheck:
    case ExpressionPurpose::kDomainCheck:
      return Clause::kCheck;
    case ExpressionPurpose::kDefault:
      return Clause::kDefault;
    case ExpressionPurpose::kGenerated:
      return Clause::kGenerated;
    case ExpressionPurpose::kIndexExpression:
      return Clause::kIndexExpression;
    case ExpressionPurpose::kIndexPredicate:
      return Clause::kIndexPredicate;
    case ExpressionPurpose::kAlterUsing:
      return Clause::kAlterUsing;
    case ExpressionPurpose::kPolicy:
      return Clause::kPolicy;
  }
  return Clause::kNone;
}

// text || anything is only as stable as the text form of the other side. PostgreSQL sees that by
// inlining the operator's function.
bool IsPlainConcatenation(const expr::Expr& node) {
  if (node.kind != expr::ExprKind::kFunction) return false;
  const expr::ScalarFunction& function = *expr::As<expr::FunctionExpr>(node).function;
  if (function.name != "textanycat" && function.name != "anytextcat") return false;
  for (const expr::ExprPtr& child : node.children) {
    switch (child->type.oid) {
      case t::kText:
      case t::kVarchar:
      case t::kBpchar:
      case t::kName:
      case t::kInt2:
      case t::kInt4:
      case t::kInt8:
      case t::kFloat4:
      case t::kFloat8:
      case t::kNumeric:
      case t::kBool:
      case t::kUuid:
      case t::kJson:
      case t::kJsonb:
        break;
      default:
        return false;
    }
  }
  return true;
}

bool IsMutable(const expr::Expr& expr) {
  bool found = false;
  expr::Walk(expr, [&](const expr::Expr& node) {
    const expr::ScalarFunction* function = nullptr;
    if (node.kind == expr::ExprKind::kFunction) {
      function = expr::As<expr::FunctionExpr>(node).function;
    } else if (node.kind == expr::ExprKind::kCast) {
      function = expr::As<expr::CastExpr>(node).function;
    }
    if (function != nullptr && function->volatility != expr::Volatility::kImmutable &&
        !IsPlainConcatenation(node)) {
      found = true;
    }
    return !found;
  });
  return found;
}

Status CheckPurpose(const expr::Expr& expr, ExpressionPurpose purpose,
                    const std::vector<TableColumn>& columns) {
  switch (purpose) {
    case ExpressionPurpose::kIndexExpression:
      if (IsMutable(expr)) {
        return Error(ErrorCode::kInvalidObjectDefinition)
            .Message("functions in index expression must be marked IMMUTABLE");
      }
      return Status::Ok();
    case ExpressionPurpose::kIndexPredicate:
      if (IsMutable(expr)) {
        return Error(ErrorCode::kInvalidObjectDefinition)
            .Message("functions in index predicate must be marked IMMUTABLE");
      }
      return Status::Ok();
    case ExpressionPurpose::kGenerated: {
      if (IsMutable(expr)) {
        return Error(ErrorCode::kInvalidObjectDefinition)
            .Message("generation expression is not immutable");
      }
      plan::IdSet ids;
      plan::CollectIds(expr, {}, &ids);
      for (uint32_t id : ids) {
        if (id >= columns.size() || !columns[id].generated) continue;
        return Error(ErrorCode::kInvalidObjectDefinition)
            .Message("cannot use generated column \"{}\" in column generation expression",
                     columns[id].name)
            .Detail("A generated column cannot reference another generated column.");
      }
      return Status::Ok();
    }
    default:
      return Status::Ok();
  }
}

// A default is computed without a row, so that no column means anything in it.
Status RefuseColumns(const ast::Expr& tree) {
  const ast::ColumnRef* column = nullptr;
  ast::WalkExprs(tree, [&column](const ast::Expr& node) {
    // A sub-select has columns of its own; it is refused for what it is.
    if (node.kind == ast::ExprKind::kSubquery) return ast::WalkStep::kSkip;
    if (column == nullptr) column = ast::TryAs<ast::ColumnRef>(&node);
    return column == nullptr ? ast::WalkStep::kDescend : ast::WalkStep::kStop;
  });
  if (column == nullptr) return Status::Ok();
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("cannot use column reference in DEFAULT expression")
      .Position(PositionOf(column->location));
}

// nextval('s') becomes nextval('schema.s'::regclass), which DROP SEQUENCE looks for.
void QualifySequence(ast::FunctionCall* call, const PlannerContext& context) {
  const std::string& name = call->name.back();
  if ((name != "nextval" && name != "currval" && name != "setval") || call->args.empty()) return;
  ast::ExprPtr& argument = call->args[0];
  auto* cast = ast::TryAs<ast::Cast>(argument.get());
  auto* constant =
      ast::TryAs<ast::Constant>(cast == nullptr ? argument.get() : cast->operand.get());
  if (constant == nullptr || constant->constant_kind != ast::ConstantKind::kString ||
      (cast != nullptr && cast->type.names.back() != "regclass")) {
    return;
  }
  const Result<Oid> oid = context.lookup->ResolveName(t::kRegclass, constant->text);
  const catalog::Object* found = oid.ok() ? context.snapshot->Find(*oid) : nullptr;
  const catalog::Schema* schema =
      found == nullptr ? nullptr : context.snapshot->FindSchema(found->schema);
  if (schema == nullptr) return;
  constant->text = QuoteQualifiedName({schema->name, found->name});
  if (cast != nullptr) return;
  auto regclass = std::make_unique<ast::Cast>();
  regclass->type.names = {"regclass"};
  regclass->operand = std::move(argument);
  argument = std::move(regclass);
}

// Names that depend on the search path are written in full, so that the text means the same for
// ever.
std::string CanonicalText(const ast::Expr& tree, const Binder& binder,
                          const PlannerContext& context) {
  // The clone has the same shape, so the n-th cast of one is the n-th of the other.
  std::vector<const ast::Cast*> casts;
  ast::WalkExprs(tree, [&](const ast::Expr& node) {
    if (const auto* cast = ast::TryAs<ast::Cast>(&node)) casts.push_back(cast);
    return ast::WalkStep::kDescend;
  });
  ast::ExprPtr copy = ast::Clone(tree);
  std::vector<ast::FunctionCall*> calls;
  size_t index = 0;
  ast::WalkExprs(*copy, [&](ast::Expr& node) {
    if (auto* call = ast::TryAs<ast::FunctionCall>(&node)) calls.push_back(call);
    if (auto* cast = ast::TryAs<ast::Cast>(&node)) {
      const auto& schemas = binder.recorded().type_schemas;
      const auto found = schemas.find(&casts[index++]->type);
      if (found != schemas.end() && cast->type.names.size() == 1) {
        cast->type.names.insert(cast->type.names.begin(), found->second);
      }
    }
    return ast::WalkStep::kDescend;
  });
  for (ast::FunctionCall* call : calls) QualifySequence(call, context);
  return Deparse(*copy);
}
}  // namespace

Result<BoundTableExpression> BindTableExpression(const ast::Expr& tree,
                                                 const std::string& table_name,
                                                 const std::vector<TableColumn>& columns,
                                                 ExpressionPurpose purpose, SqlType expected,
                                                 const std::string& expected_column,
                                                 PlannerContext& context) {
  // Without a table it is an argument, where a column is only unknown.
  if (purpose == ExpressionPurpose::kDefault && !table_name.empty()) {
    HELIOS_TRY(RefuseColumns(tree));
  }
  plan::Plan scratch;
  Binder binder(context, &scratch);
  binder.RecordNames();
  binder::QueryScope scope;
  scope.clause = ClauseOf(purpose);
  binder.AddDefinitionRelation(scope, table_name, columns);
  BoundTableExpression result;
  HELIOS_TRY(result.expr, binder.BindExpr(tree, scope));
  plan::IdSet ids;
  plan::CollectIds(*result.expr, {}, &ids);
  result.columns.assign(ids.begin(), ids.end());
  std::sort(result.columns.begin(), result.columns.end());
  switch (purpose) {
    case ExpressionPurpose::kCheck:
    case ExpressionPurpose::kDomainCheck: {
      HELIOS_TRY(result.expr, binder.types().CoerceBoolean(std::move(result.expr), "CHECK"));
      break;
    }
    case ExpressionPurpose::kIndexPredicate: {
      HELIOS_TRY(result.expr, binder.types().CoerceBoolean(std::move(result.expr), "WHERE"));
      break;
    }
    case ExpressionPurpose::kPolicy: {
      HELIOS_TRY(result.expr, binder.types().CoerceBoolean(std::move(result.expr), "POLICY"));
      break;
    }
    case ExpressionPurpose::kAlterUsing:
    case ExpressionPurpose::kDefault:
    case ExpressionPurpose::kGenerated:
    case ExpressionPurpose::kIndexExpression: {
      if (expected.valid()) {
        const Oid source = result.expr->type.oid;
        HELIOS_TRY(expr::ExprPtr cast,
                   binder.types().TryCoerce(std::move(result.expr), expected,
                                            expr::CastContext::kAssignment, tree.location));
        if (cast == nullptr && purpose == ExpressionPurpose::kAlterUsing) {
          return Error(ErrorCode::kDatatypeMismatch)
              .Message(
                  "result of USING clause for column \"{}\" cannot be cast automatically to "
                  "type {}",
                  expected_column, binder.types().Name(expected.oid))
              .Hint("You might need to add an explicit cast.");
        }
        if (cast == nullptr) {
          return Error(ErrorCode::kDatatypeMismatch)
              .Message("column \"{}\" is of type {} but {} expression is of type {}",
                       expected_column, binder.types().Name(expected.oid),
                       purpose == ExpressionPurpose::kDefault ? "default" : "generation",
                       binder.types().Name(source))
              .Hint("You will need to rewrite or cast the expression.");
        }
        result.expr = std::move(cast);
      } else {
        HELIOS_TRY(result.expr, binder.types().ResolveUnknown(std::move(result.expr)));
      }
      break;
    }
  }
  HELIOS_TRY(CheckPurpose(*result.expr, purpose, columns));
  result.sql = CanonicalText(tree, binder, context);
  result.depends_on = binder.dependencies();
  return result;
}

}  // namespace helios::sql

namespace helios::sql::binder {

ScopeRelation* Binder::AddDefinitionRelation(QueryScope& scope, const std::string& name,
                                             const std::vector<TableColumn>& columns) {
  HELIOS_CHECK(columns_.size() == 0);
  ScopeRelation* relation = NewRelation(scope);
  relation->alias = name;
  for (const TableColumn& column : columns) {
    relation->columns.push_back({column.name, NewColumn(column.name, column.type, &scope)});
  }
  for (const ScopeColumn& column : relation->columns) relations_of_[column.id] = relation;
  scope.relations.push_back(relation);
  return relation;
}

Result<ExprPtr> BindStoredExpression(const std::string& sql, const std::string& table_name,
                                     const std::vector<TableColumn>& columns, SqlType expected,
                                     const std::string& column_name, PlannerContext& context) {
  HELIOS_TRY(ast::ExprPtr tree, ParseExpression(sql));
  plan::Plan scratch;
  Binder binder(context, &scratch);
  binder.types().names_are_granted() = true;
  QueryScope scope;
  binder.AddDefinitionRelation(scope, table_name, columns);
  auto bound = binder.BindExpr(*tree, scope);
  if (bound.ok()) {
    bound = binder.types().CoerceAssignment(std::move(bound).value(), expected, column_name, -1);
  }
  if (!bound.ok()) {
    // The position is in the stored text, which the client never saw.
    Status status = std::move(bound).status();
    status.mutable_info().position = 0;
    return status;
  }
  return bound;
}

Result<std::vector<expr::CastExpr::DomainCondition>> BindDomain(const catalog::UserType& domain,
                                                                PlannerContext& context) {
  std::vector<expr::CastExpr::DomainCondition> conditions;
  if (domain.not_null) conditions.push_back({"", nullptr});
  for (const catalog::Constraint& check : domain.checks) {
    HELIOS_TRY(ExprPtr condition,
               BindStoredExpression(check.check_sql, "", {{kDomainValueName, domain.base}},
                                    {t::kBool, -1}, "", context));
    conditions.push_back({check.name, std::move(condition)});
  }
  // As a table's checks, in the order of their names.
  std::sort(conditions.begin(), conditions.end(),
            [](const auto& a, const auto& b) { return a.constraint < b.constraint; });
  return conditions;
}

Result<ExprPtr> CastColumn(uint32_t index, SqlType from, SqlType to, PlannerContext& context) {
  plan::Plan scratch;
  Binder binder(context, &scratch);
  ExprPtr column = binder.types().Typed(std::make_unique<expr::ColumnExpr>(index, from));
  return binder.types().Cast(std::move(column), to, -1);
}

Result<ExprPtr> ColumnEqualsSlot(uint32_t column, SqlType column_type, uint32_t slot,
                                 SqlType slot_type, PlannerContext& context) {
  plan::Plan scratch;
  Binder binder(context, &scratch);
  ExprPtr left = binder.types().Typed(std::make_unique<expr::ColumnExpr>(column, column_type));
  ExprPtr right = binder.types().Typed(std::make_unique<expr::ParameterExpr>(slot, slot_type));
  return binder.MakeOperator("=", std::move(left), std::move(right), -1);
}

Result<ExprPtr> NextValueOf(const catalog::Column& column, PlannerContext& context) {
  plan::Plan scratch;
  Binder binder(context, &scratch);
  std::vector<ExprPtr> arguments;
  Value sequence = Value::Fixed<uint32_t>({type_oid::kRegclass, -1}, column.sequence);
  arguments.push_back(std::make_unique<expr::ConstantExpr>(std::move(sequence)));
  HELIOS_TRY(ExprPtr value, binder.MakeFunction("nextval", std::move(arguments), -1));
  return binder.types().Cast(std::move(value), column.type, -1);
}

uint32_t NewSlot(plan::Plan& plan, SqlType type) {
  plan.slot_types.push_back(type);
  return plan.slot_count++;
}

}  // namespace helios::sql::binder
