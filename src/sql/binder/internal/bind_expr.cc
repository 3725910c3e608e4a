// Binder: expressions, first part: dispatch, literals, operators, conditions.
#include <algorithm>
#include <charconv>

#include "sql/binder/internal/binder.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;

constexpr int kDepthMax = 2500;

template <typename T>
ExprPtr WithLocation(std::unique_ptr<T> expr, int location) {
  expr->location = location;
  return expr;
}
}  // namespace

Result<ExprPtr> Binder::BindExpr(const ast::Expr& expr, QueryScope& scope) {
  if (++depth_ > kDepthMax) {
    return Error(ErrorCode::kStatementTooComplex)
        .Message("stack depth limit exceeded")
        .Hint("The statement nests expressions more than {} deep.", kDepthMax);
  }
  auto result = BindExprNode(expr, scope);
  --depth_;
  return result;
}

Result<ExprPtr> Binder::BindExprNode(const ast::Expr& expr, QueryScope& scope) {
  switch (expr.kind) {
    case ast::ExprKind::kConstant:
      return BindConstant(ast::As<ast::Constant>(expr));
    case ast::ExprKind::kColumnRef:
      return BindColumnRef(ast::As<ast::ColumnRef>(expr), scope);
    case ast::ExprKind::kParameter:
      return BindParameter(ast::As<ast::Parameter>(expr));
    case ast::ExprKind::kOperator:
      return BindOperatorExpr(ast::As<ast::Operator>(expr), scope);
    case ast::ExprKind::kLike:
      return BindLike(ast::As<ast::Like>(expr), scope);
    case ast::ExprKind::kBetween:
      return BindBetween(ast::As<ast::Between>(expr), scope);
    case ast::ExprKind::kIn:
      return BindIn(ast::As<ast::In>(expr), scope);
    case ast::ExprKind::kQuantified:
      return BindQuantified(ast::As<ast::Quantified>(expr), scope);
    case ast::ExprKind::kIsDistinct:
      return BindIsDistinct(ast::As<ast::IsDistinct>(expr), scope);
    case ast::ExprKind::kNullIf:
      return BindNullIf(ast::As<ast::NullIf>(expr), scope);
    case ast::ExprKind::kBoolean:
      return BindBooleanExpr(ast::As<ast::Boolean>(expr), scope);
    case ast::ExprKind::kFunctionCall:
      return BindFunctionCall(ast::As<ast::FunctionCall>(expr), scope);
    case ast::ExprKind::kNamedArgument:
      return BindExpr(*ast::As<ast::NamedArgument>(expr).value, scope);
    case ast::ExprKind::kCase:
      return BindCase(ast::As<ast::Case>(expr), scope);
    case ast::ExprKind::kCoalesce:
      return BindCoalesce(ast::As<ast::Coalesce>(expr), scope);
    case ast::ExprKind::kMinMax:
      return BindMinMax(ast::As<ast::MinMax>(expr), scope);
    case ast::ExprKind::kCast:
      return BindCast(ast::As<ast::Cast>(expr), scope);
    case ast::ExprKind::kCollate:
      return BindCollate(ast::As<ast::Collate>(expr), scope);
    case ast::ExprKind::kSubquery:
      return BindSubquery(ast::As<ast::Subquery>(expr), scope);
    case ast::ExprKind::kArray:
      return BindArray(ast::As<ast::Array>(expr), scope, {});
    case ast::ExprKind::kRow:
      return BindRow(ast::As<ast::Row>(expr), scope);
    case ast::ExprKind::kIndirection:
      return BindIndirection(ast::As<ast::Indirection>(expr), scope);
    case ast::ExprKind::kNullTest:
      return BindNullTest(ast::As<ast::NullTest>(expr), scope);
    case ast::ExprKind::kBooleanTest:
      return BindBooleanTest(ast::As<ast::BooleanTest>(expr), scope);
    case ast::ExprKind::kSqlValue:
      return BindSqlValue(ast::As<ast::SqlValue>(expr));
    case ast::ExprKind::kGrouping:
      return BindGrouping(ast::As<ast::Grouping>(expr), scope);
    case ast::ExprKind::kCurrentOf:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("WHERE CURRENT OF is not supported in this context")
          .Position(PositionOf(expr.location));
    case ast::ExprKind::kDefault:
      return Error(ErrorCode::kSyntaxError)
          .Message("DEFAULT is not allowed in this context")
          .Position(PositionOf(expr.location));
  }
  HELIOS_CHECK(false);
  __builtin_unreachable();
}

Result<ExprPtr> Binder::BindConstant(const ast::Constant& constant) {
  Value value;
  switch (constant.constant_kind) {
    case ast::ConstantKind::kNull:
      value = Value::Null({t::kUnknown, -1});
      break;
    case ast::ConstantKind::kBoolean:
      value = Value::Bool(constant.bool_value);
      break;
    case ast::ConstantKind::kInteger:
      value = Value::Int4(constant.int_value);
      break;
    case ast::ConstantKind::kString:
      value = Value::Bytes({t::kUnknown, -1}, constant.text);
      break;
    case ast::ConstantKind::kFloat: {
      int64_t whole = 0;
      const char* end = constant.text.data() + constant.text.size();
      const auto parsed = std::from_chars(constant.text.data(), end, whole);
      if (parsed.ec == std::errc() && parsed.ptr == end) {
        // -2147483648 comes as one literal, which integer can hold.
        value = whole == static_cast<int32_t>(whole) ? Value::Int4(static_cast<int32_t>(whole))
                                                     : Value::Int8(whole);
        break;
      }
      auto numeric = ParseTextValue({t::kNumeric, -1}, constant.text, types_.format());
      if (!numeric.ok()) return AtLocation(std::move(numeric).status(), constant.location);
      value = std::move(numeric).value();
      break;
    }
    case ast::ConstantKind::kBitString: {
      auto bits = ParseTextValue({t::kBit, -1}, constant.text, types_.format());
      if (!bits.ok()) return AtLocation(std::move(bits).status(), constant.location);
      value = std::move(bits).value();
      break;
    }
  }
  return WithLocation(std::make_unique<expr::ConstantExpr>(std::move(value)), constant.location);
}

Result<ExprPtr> Binder::BindParameter(const ast::Parameter& parameter) {
  if (parameter.number < 1 || parameter.number > 65535) {
    return Error(ErrorCode::kUndefinedParameter)
        .Message("there is no parameter ${}", parameter.number)
        .Position(PositionOf(parameter.location));
  }
  const size_t slot = static_cast<size_t>(parameter.number) - 1;
  if (slot >= parameters_.types.size()) parameters_.types.resize(slot + 1, t::kUnknown);
  auto result = std::make_unique<expr::ParameterExpr>(static_cast<uint32_t>(slot),
                                                      SqlType{parameters_.types[slot], -1});
  result->location = parameter.location;
  return types_.Typed(std::move(result));
}

Result<std::string> Binder::OperatorName(const ast::NameList& op, int location) {
  if (op.size() > 1 && op[op.size() - 2] != "pg_catalog") {
    const std::string& schema = op[op.size() - 2];
    if (context_.snapshot->FindSchema(schema) == nullptr) {
      return Error(ErrorCode::kInvalidSchemaName)
          .Message("schema \"{}\" does not exist", schema)
          .Position(PositionOf(location));
    }
    return Error(ErrorCode::kUndefinedFunction)
        .Message("operator does not exist: {}.{}", schema, op.back())
        .Position(PositionOf(location));
  }
  if (op.back() == "!=") return std::string("<>");
  return op.back();
}

Result<ExprPtr> Binder::MakeOperator(const std::string& op, ExprPtr left, ExprPtr right,
                                     int location) {
  const Oid left_type = left == nullptr ? kInvalidOid : left->type.oid;
  HELIOS_TRY(const expr::Operator* found,
             resolver_.FindOperator(op, left_type, right->type.oid, location));
  std::vector<Oid> actual, declared;
  if (left != nullptr) {
    actual.push_back(left_type);
    declared.push_back(found->left);
  }
  actual.push_back(right->type.oid);
  declared.push_back(found->right);
  HELIOS_TRY(const Oid result_type,
             resolver_.ResolvePolymorphic(actual, &declared, found->result, location));
  auto call = std::make_unique<expr::FunctionExpr>(found->function, SqlType{result_type, -1});
  call->operator_name = found->name;
  call->location = location;
  if (left != nullptr) {
    HELIOS_TRY(left, types_.CoerceArgument(std::move(left), declared[0]));
    call->children.push_back(std::move(left));
  }
  HELIOS_TRY(right, types_.CoerceArgument(std::move(right), declared.back()));
  call->children.push_back(std::move(right));
  return types_.Typed(std::move(call));
}

Result<ExprPtr> Binder::BindOperatorExpr(const ast::Operator& op, QueryScope& scope) {
  HELIOS_TRY(const std::string name, OperatorName(op.op, op.location));
  if (op.left == nullptr) {
    HELIOS_TRY(ExprPtr operand, BindExpr(*op.right, scope));
    return MakeOperator(name, nullptr, std::move(operand), op.location);
  }
  const auto* left_row = ast::TryAs<ast::Row>(op.left.get());
  const auto* right_row = ast::TryAs<ast::Row>(op.right.get());
  if (left_row != nullptr && right_row != nullptr) {
    if (left_row->fields.size() != right_row->fields.size()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("unequal number of entries in row expressions")
          .Position(PositionOf(op.location));
    }
    std::vector<ExprPtr> left, right;
    for (size_t i = 0; i < left_row->fields.size(); ++i) {
      HELIOS_TRY(ExprPtr l, BindExpr(*left_row->fields[i], scope));
      HELIOS_TRY(ExprPtr r, BindExpr(*right_row->fields[i], scope));
      left.push_back(std::move(l));
      right.push_back(std::move(r));
    }
    return MakeRowComparison(name, std::move(left), std::move(right), op.location);
  }
  const auto* subquery = ast::TryAs<ast::Subquery>(op.right.get());
  if (left_row != nullptr && subquery != nullptr &&
      subquery->subquery_kind == ast::SubqueryKind::kScalar) {
    return BindRowSubquery(name, *left_row, *subquery, op.location, scope);
  }
  HELIOS_TRY(ExprPtr left, BindExpr(*op.left, scope));
  HELIOS_TRY(ExprPtr right, BindExpr(*op.right, scope));
  HELIOS_TRY(CheckCollations(*op.left, *op.right));
  return MakeOperator(name, std::move(left), std::move(right), op.location);
}

Result<ExprPtr> Binder::MakeRowComparison(const std::string& op, std::vector<ExprPtr> left,
                                          std::vector<ExprPtr> right, int location) {
  if (left.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot compare rows of zero length")
        .Position(PositionOf(location));
  }
  if (left.size() == 1) {
    return MakeOperator(op, std::move(left[0]), std::move(right[0]), location);
  }
  const bool equal = op == "=";
  if (equal || op == "<>") {
    ExprPtr result;
    if (equal)
      result = std::make_unique<expr::AndExpr>();
    else
      result = std::make_unique<expr::OrExpr>();
    for (size_t i = 0; i < left.size(); ++i) {
      HELIOS_TRY(ExprPtr pair, MakeOperator(op, std::move(left[i]), std::move(right[i]), location));
      result->children.push_back(std::move(pair));
    }
    return WithLocation(std::move(result), location);
  }
  if (op != "<" && op != "<=" && op != ">" && op != ">=") {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("could not determine interpretation of row comparison operator {}", op)
        .Hint("Row comparison operators must be associated with btree operator families.")
        .Position(PositionOf(location));
  }
  // (a, b) < (c, d): a < c OR (a = c AND (b < d)).
  ExprPtr result;
  for (size_t i = left.size(); i-- > 0;) {
    const bool last = i + 1 == left.size();
    const std::string strict = last ? op : op.substr(0, 1);
    HELIOS_TRY(ExprPtr less, MakeOperator(strict, left[i]->Clone(), right[i]->Clone(), location));
    if (last) {
      result = std::move(less);
      continue;
    }
    HELIOS_TRY(ExprPtr same, MakeOperator("=", std::move(left[i]), std::move(right[i]), location));
    auto both = std::make_unique<expr::AndExpr>();
    both->children.push_back(std::move(same));
    both->children.push_back(std::move(result));
    auto either = std::make_unique<expr::OrExpr>();
    either->children.push_back(std::move(less));
    either->children.push_back(std::move(both));
    either->location = location;
    result = std::move(either);
  }
  return result;
}

Result<ExprPtr> Binder::BindLike(const ast::Like& like, QueryScope& scope) {
  HELIOS_TRY(ExprPtr operand, BindExpr(*like.operand, scope));
  HELIOS_TRY(ExprPtr pattern, BindExpr(*like.pattern, scope));
  std::string op = like.negated ? "!~~" : "~~";
  if (like.like_kind == ast::LikeKind::kILike) op += "*";
  if (like.like_kind == ast::LikeKind::kSimilar) {
    op = like.negated ? "!~" : "~";
    std::vector<ExprPtr> arguments;
    arguments.push_back(std::move(pattern));
    if (like.escape != nullptr) {
      HELIOS_TRY(ExprPtr escape, BindExpr(*like.escape, scope));
      arguments.push_back(std::move(escape));
    }
    HELIOS_TRY(pattern, MakeFunction("similar_to_escape", std::move(arguments), like.location));
  } else if (like.escape != nullptr) {
    HELIOS_TRY(ExprPtr escape, BindExpr(*like.escape, scope));
    std::vector<ExprPtr> arguments;
    arguments.push_back(std::move(pattern));
    arguments.push_back(std::move(escape));
    HELIOS_TRY(pattern, MakeFunction("like_escape", std::move(arguments), like.location));
  }
  return MakeOperator(op, std::move(operand), std::move(pattern), like.location);
}

Result<ExprPtr> Binder::BindBetween(const ast::Between& between, QueryScope& scope) {
  const auto compare = [&](const char* op, const ast::Expr& bound) -> Result<ExprPtr> {
    HELIOS_TRY(ExprPtr operand, BindExpr(*between.operand, scope));
    HELIOS_TRY(ExprPtr other, BindExpr(bound, scope));
    return MakeOperator(op, std::move(operand), std::move(other), between.location);
  };
  const auto range = [&](const ast::Expr& low, const ast::Expr& high) -> Result<ExprPtr> {
    HELIOS_TRY(ExprPtr lower, compare(between.negated ? "<" : ">=", low));
    HELIOS_TRY(ExprPtr upper, compare(between.negated ? ">" : "<=", high));
    ExprPtr both;
    if (between.negated)
      both = std::make_unique<expr::OrExpr>();
    else
      both = std::make_unique<expr::AndExpr>();
    both->children.push_back(std::move(lower));
    both->children.push_back(std::move(upper));
    return WithLocation(std::move(both), between.location);
  };
  HELIOS_TRY(ExprPtr first, range(*between.low, *between.high));
  if (!between.symmetric) return first;
  HELIOS_TRY(ExprPtr second, range(*between.high, *between.low));
  ExprPtr either;
  if (between.negated)
    either = std::make_unique<expr::AndExpr>();
  else
    either = std::make_unique<expr::OrExpr>();
  either->children.push_back(std::move(first));
  either->children.push_back(std::move(second));
  return either;
}

Result<ExprPtr> Binder::BindQuantified(const ast::Quantified& quantified, QueryScope& scope) {
  HELIOS_TRY(const std::string name, OperatorName(quantified.op, quantified.location));
  HELIOS_TRY(ExprPtr left, BindExpr(*quantified.left, scope));
  HELIOS_TRY(ExprPtr right, BindExpr(*quantified.right, scope));
  const int location = quantified.location;
  Oid element = t::kUnknown;
  if (right->type.oid != t::kUnknown) {
    element = types_.Element(types_.BaseType(right->type.oid));
    if (element == kInvalidOid) {
      return Error(ErrorCode::kWrongObjectType)
          .Message("op ANY/ALL (array) requires array on right side")
          .Position(PositionOf(location));
    }
  }
  HELIOS_TRY(const expr::Operator* op,
             resolver_.FindOperator(name, left->type.oid, element, location));
  if (op->result != t::kBool) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("op ANY/ALL (array) requires operator to yield boolean")
        .Position(PositionOf(location));
  }
  std::vector<Oid> declared{op->left, op->right};
  const std::vector<Oid> actual{left->type.oid, element == t::kUnknown ? left->type.oid : element};
  HELIOS_TRY(const Oid result_type,
             resolver_.ResolvePolymorphic(actual, &declared, op->result, location));
  (void)result_type;
  const Oid array = types_.ArrayOf(declared[1]);
  if (array == kInvalidOid) {
    return Error(ErrorCode::kUndefinedObject)
        .Message("could not find array type for data type {}", types_.Name(declared[1]))
        .Position(PositionOf(location));
  }
  HELIOS_TRY(left, types_.CoerceArgument(std::move(left), declared[0]));
  HELIOS_TRY(right, types_.CoerceArgument(std::move(right), array));
  auto result = std::make_unique<expr::ScalarArrayOpExpr>(op->function, quantified.all);
  result->operator_name = op->name;
  result->children.push_back(std::move(left));
  result->children.push_back(std::move(right));
  return WithLocation(std::move(result), location);
}

Result<ExprPtr> Binder::BindIsDistinct(const ast::IsDistinct& node, QueryScope& scope) {
  const auto* left_row = ast::TryAs<ast::Row>(node.left.get());
  const auto* right_row = ast::TryAs<ast::Row>(node.right.get());
  const auto distinct = [&](const ast::Expr& l, const ast::Expr& r) -> Result<ExprPtr> {
    HELIOS_TRY(ExprPtr left, BindExpr(l, scope));
    HELIOS_TRY(ExprPtr right, BindExpr(r, scope));
    HELIOS_TRY(ExprPtr equal, MakeOperator("=", std::move(left), std::move(right), node.location));
    auto result = std::make_unique<expr::IsDistinctExpr>(As<expr::FunctionExpr>(*equal).function,
                                                         node.negated);
    result->children = std::move(equal->children);
    return WithLocation(std::move(result), node.location);
  };
  if (left_row == nullptr || right_row == nullptr ||
      left_row->fields.size() != right_row->fields.size() || left_row->fields.empty()) {
    return distinct(*node.left, *node.right);
  }
  ExprPtr result;
  if (node.negated)
    result = std::make_unique<expr::AndExpr>();
  else
    result = std::make_unique<expr::OrExpr>();
  for (size_t i = 0; i < left_row->fields.size(); ++i) {
    HELIOS_TRY(ExprPtr pair, distinct(*left_row->fields[i], *right_row->fields[i]));
    result->children.push_back(std::move(pair));
  }
  if (result->children.size() == 1) return std::move(result->children[0]);
  return result;
}

Result<ExprPtr> Binder::BindNullIf(const ast::NullIf& node, QueryScope& scope) {
  HELIOS_TRY(ExprPtr left, BindExpr(*node.left, scope));
  HELIOS_TRY(ExprPtr right, BindExpr(*node.right, scope));
  HELIOS_TRY(ExprPtr equal, MakeOperator("=", std::move(left), std::move(right), node.location));
  if (equal->type.oid != t::kBool) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("NULLIF requires = operator to yield boolean")
        .Position(PositionOf(node.location));
  }
  auto result = std::make_unique<expr::NullIfExpr>(equal->children[0]->type,
                                                   As<expr::FunctionExpr>(*equal).function);
  result->children = std::move(equal->children);
  result->location = node.location;
  return types_.Typed(std::move(result));
}

Result<ExprPtr> Binder::BindBooleanExpr(const ast::Boolean& node, QueryScope& scope) {
  const char* name = node.op == ast::BooleanOp::kAnd  ? "AND"
                     : node.op == ast::BooleanOp::kOr ? "OR"
                                                      : "NOT";
  ExprPtr result;
  if (node.op == ast::BooleanOp::kAnd)
    result = std::make_unique<expr::AndExpr>();
  else if (node.op == ast::BooleanOp::kOr)
    result = std::make_unique<expr::OrExpr>();
  else
    result = std::make_unique<expr::NotExpr>();
  for (const ast::ExprPtr& arg : node.args) {
    HELIOS_TRY(ExprPtr child, BindExpr(*arg, scope));
    HELIOS_TRY(child, types_.CoerceBoolean(std::move(child), name));
    result->children.push_back(std::move(child));
  }
  return WithLocation(std::move(result), node.location);
}

Result<ExprPtr> Binder::BindNullTest(const ast::NullTest& test, QueryScope& scope) {
  HELIOS_TRY(ExprPtr operand, BindExpr(*test.operand, scope));
  HELIOS_TRY(operand, types_.ResolveUnknown(std::move(operand)));
  const auto is_null = [&](ExprPtr child) -> ExprPtr {
    auto result = std::make_unique<expr::IsNullExpr>(test.negated);
    result->location = test.location;
    result->children.push_back(std::move(child));
    return result;
  };
  if (!OpenRow(&operand) || operand->children.empty()) {
    return is_null(std::move(operand));
  }
  // A row is null when all its fields are, and not null when none is.
  if (operand->children.size() == 1) return is_null(std::move(operand->children[0]));
  auto all = std::make_unique<expr::AndExpr>();
  for (ExprPtr& field : operand->children) all->children.push_back(is_null(std::move(field)));
  return all;
}

Result<ExprPtr> Binder::BindBooleanTest(const ast::BooleanTest& test, QueryScope& scope) {
  using Test = expr::IsBoolExpr::Test;
  HELIOS_TRY(ExprPtr operand, BindExpr(*test.operand, scope));
  Test kind = Test::kTrue;
  bool negated = false;
  const char* name = "IS TRUE";
  switch (test.test) {
    case ast::BooleanTestKind::kTrue:
      break;
    case ast::BooleanTestKind::kNotTrue:
      negated = true;
      name = "IS NOT TRUE";
      break;
    case ast::BooleanTestKind::kFalse:
      kind = Test::kFalse;
      name = "IS FALSE";
      break;
    case ast::BooleanTestKind::kNotFalse:
      kind = Test::kFalse;
      negated = true;
      name = "IS NOT FALSE";
      break;
    case ast::BooleanTestKind::kUnknown:
      kind = Test::kUnknown;
      name = "IS UNKNOWN";
      break;
    case ast::BooleanTestKind::kNotUnknown:
      kind = Test::kUnknown;
      negated = true;
      name = "IS NOT UNKNOWN";
      break;
  }
  HELIOS_TRY(operand, types_.CoerceBoolean(std::move(operand), name));
  auto result = std::make_unique<expr::IsBoolExpr>(kind, negated);
  result->children.push_back(std::move(operand));
  return WithLocation(std::move(result), test.location);
}

}  // namespace helios::sql::binder
