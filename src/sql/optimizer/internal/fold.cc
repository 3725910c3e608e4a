// Constant folding, and simpler forms of what is left.
#include <algorithm>

#include "expr/evaluator.h"
#include "expr/function_registry.h"
#include "sql/optimizer/internal/passes.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
using plan::NodeKind;
using plan::NodePtr;
namespace t = type_oid;

constexpr int64_t kMicrosecondsPerDay = int64_t{86400} * 1000000;

bool IsBool(const expr::Expr& expr, bool value) {
  if (expr.kind != ExprKind::kConstant || expr.type.oid != t::kBool) return false;
  const Value& constant = As<expr::ConstantExpr>(expr).value;
  return !constant.is_null() && (constant.As<uint8_t>() != 0) == value;
}

bool IsConstant(const expr::Expr& expr) { return expr.kind == ExprKind::kConstant; }

bool IsNullConstant(const expr::Expr& expr) {
  return IsConstant(expr) && As<expr::ConstantExpr>(expr).value.is_null();
}

// A strict call with a constant NULL is NULL, whatever its other arguments are: they do not run, so
// that an error of theirs does not show either.
bool IsSurelyNull(const expr::Expr& expr) {
  if (expr.kind != ExprKind::kFunction || !As<expr::FunctionExpr>(expr).function->strict) {
    return false;
  }
  return std::any_of(expr.children.begin(), expr.children.end(),
                     [](const ExprPtr& child) { return IsNullConstant(*child); });
}

// A node whose children are all constants and that gives one value for ever.
ExprPtr Evaluate(ExprPtr expr, PassContext& context) {
  switch (expr->kind) {
    case ExprKind::kConstant:
    case ExprKind::kColumn:
    case ExprKind::kParameter:
    case ExprKind::kSubplan:
    case ExprKind::kRow:
      return expr;
    default:
      break;
  }
  if (expr->children.empty() && expr->kind != ExprKind::kFunction) return expr;
  if (IsSurelyNull(*expr)) {
    Value null = Value::Null(expr->type);
    null.SetPhysical(expr->physical);
    auto constant = std::make_unique<expr::ConstantExpr>(std::move(null));
    constant->location = expr->location;
    return constant;
  }
  if (!std::all_of(expr->children.begin(), expr->children.end(),
                   [](const ExprPtr& child) { return IsConstant(*child); }) ||
      !expr::IsConstantFoldable(*expr)) {
    return expr;
  }
  expr::EvalContext evaluation;
  evaluation.text_format = *context.planner.format;
  auto value = expr::EvaluateConstant(*expr, evaluation);
  // What fails now fails again when it runs, if it runs at all.
  if (!value.ok()) return expr;
  value->SetType(expr->type);
  value->SetPhysical(expr->physical);
  auto constant = std::make_unique<expr::ConstantExpr>(std::move(value).value());
  constant->location = expr->location;
  return constant;
}

// date < timestamp at midnight is date < date.
ExprPtr CompareAsDates(ExprPtr expr) {
  if (expr->kind != ExprKind::kFunction || expr->children.size() != 2) return expr;
  auto& call = As<expr::FunctionExpr>(*expr);
  if (call.operator_name.empty() || expr->children[0]->type.oid != t::kDate ||
      expr->children[1]->type.oid != t::kTimestamp || !IsConstant(*expr->children[1])) {
    return expr;
  }
  const Value& value = As<expr::ConstantExpr>(*expr->children[1]).value;
  if (value.is_null()) return expr;
  const int64_t microseconds = value.As<int64_t>();
  if (microseconds % kMicrosecondsPerDay != 0 || microseconds == INT64_MIN ||
      microseconds == INT64_MAX) {
    return expr;
  }
  for (const expr::Operator* op : expr::OperatorsNamed(call.operator_name)) {
    if (op->left != t::kDate || op->right != t::kDate || op->result != t::kBool) continue;
    call.function = op->function;
    const auto days = static_cast<int32_t>(microseconds / kMicrosecondsPerDay);
    expr->children[1] = std::make_unique<expr::ConstantExpr>(Value::Fixed({t::kDate, -1}, days));
    return expr;
  }
  return expr;
}

// TRUE AND x is x, FALSE AND x is FALSE; the same with OR; NOT a = b is a <> b.
ExprPtr SimplifyLogic(ExprPtr expr) {
  const bool is_and = expr->kind == ExprKind::kAnd;
  if (is_and || expr->kind == ExprKind::kOr) {
    std::vector<ExprPtr> kept;
    for (ExprPtr& child : expr->children) {
      if (IsBool(*child, is_and)) continue;
      if (IsBool(*child, !is_and)) return std::move(child);
      if (child->kind == expr->kind) {
        for (ExprPtr& inner : child->children) kept.push_back(std::move(inner));
      } else {
        kept.push_back(std::move(child));
      }
    }
    if (kept.empty()) return std::make_unique<expr::ConstantExpr>(Value::Bool(is_and));
    if (kept.size() == 1) return std::move(kept[0]);
    expr->children = std::move(kept);
    return expr;
  }
  if (expr->kind != ExprKind::kNot) return expr;
  ExprPtr& child = expr->children[0];
  if (child->kind == ExprKind::kNot) return std::move(child->children[0]);
  if (child->kind == ExprKind::kIsNull) {
    auto& test = As<expr::IsNullExpr>(*child);
    test.negated = !test.negated;
    return std::move(child);
  }
  if (child->kind == ExprKind::kInList) {
    auto& list = As<expr::InListExpr>(*child);
    list.negated = !list.negated;
    return std::move(child);
  }
  if (child->kind != ExprKind::kFunction || child->children.size() != 2) return expr;
  auto& call = As<expr::FunctionExpr>(*child);
  for (const expr::Operator* op : expr::OperatorsNamed(call.operator_name)) {
    if (op->function != call.function || op->negator.empty()) continue;
    for (const expr::Operator* negator : expr::OperatorsNamed(op->negator)) {
      if (negator->left != op->left || negator->right != op->right) continue;
      call.function = negator->function;
      call.operator_name = negator->name;
      return std::move(child);
    }
  }
  return expr;
}
}  // namespace

ExprPtr Fold(ExprPtr expr, PassContext& context) {
  return expr::Rewrite(std::move(expr), [&](ExprPtr node) {
    return SimplifyLogic(Evaluate(CompareAsDates(std::move(node)), context));
  });
}

void FoldConstants(NodePtr& node, PassContext& context) {
  for (NodePtr& child : node->children) FoldConstants(child, context);
  plan::ForEachExpr(*node, [&](ExprPtr& expr) { expr = Fold(std::move(expr), context); });
  if (node->kind == NodeKind::kFilter &&
      IsBool(*static_cast<plan::FilterNode&>(*node).predicate, true)) {
    NodePtr child = std::move(node->children[0]);
    node = std::move(child);
    return;
  }
  if (node->kind == NodeKind::kJoin) {
    auto& join = static_cast<plan::JoinNode&>(*node);
    if (join.condition != nullptr && IsBool(*join.condition, true)) join.condition = nullptr;
  }
}

}  // namespace helios::sql::optimizer
