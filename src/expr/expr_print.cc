// Expressions as EXPLAIN shows them.

#include "expr/expr.h"
#include "expr/function.h"
#include "types/io.h"

namespace helios::expr {
namespace {

void Print(const Expr& expr, std::string* out);

void PrintList(const Expr& expr, size_t from, std::string_view separator, std::string* out) {
  for (size_t i = from; i < expr.children.size(); ++i) {
    if (i > from) out->append(separator);
    Print(*expr.children[i], out);
  }
}

std::string TypeName(SqlType type) { return FormatType(type, nullptr); }

void PrintConstant(const Value& value, std::string* out) {
  if (value.is_null()) {
    out->append("NULL::").append(TypeName(value.type()));
    return;
  }
  TextFormat format;
  Result<std::string> text = FormatTextValue(value, format);
  const std::string shown = text.ok() ? *text : "?";
  const Oid type = value.type().oid;
  if (type == type_oid::kBool) {
    out->append(shown == "t" ? "true" : "false");
    return;
  }
  const bool bare =
      (type == type_oid::kInt4 || type == type_oid::kNumeric) && shown[0] >= '0' && shown[0] <= '9';
  if (bare) {
    out->append(shown);
    return;
  }
  out->push_back('\'');
  for (const char c : shown) {
    if (c == '\'') out->push_back('\'');
    out->push_back(c);
  }
  out->append("'::").append(TypeName(value.type()));
}

void PrintCall(const FunctionExpr& expr, std::string* out) {
  if (expr.operator_name.empty()) {
    out->append(expr.function->name).push_back('(');
    PrintList(expr, 0, ", ", out);
    out->push_back(')');
    return;
  }
  out->push_back('(');
  if (expr.children.size() == 2) {
    Print(*expr.children[0], out);
    out->push_back(' ');
  }
  out->append(expr.operator_name).push_back(' ');
  Print(*expr.children.back(), out);
  out->push_back(')');
}

void PrintCase(const Expr& expr, std::string* out) {
  out->append("CASE");
  size_t i = 0;
  for (; i + 1 < expr.children.size(); i += 2) {
    out->append(" WHEN ");
    Print(*expr.children[i], out);
    out->append(" THEN ");
    Print(*expr.children[i + 1], out);
  }
  if (i < expr.children.size()) {
    out->append(" ELSE ");
    Print(*expr.children[i], out);
  }
  out->append(" END");
}

void PrintCast(const CastExpr& expr, std::string* out) {
  if (!expr.is_explicit && expr.method != CastExpr::Method::kLength) {
    Print(*expr.children[0], out);
    return;
  }
  out->push_back('(');
  Print(*expr.children[0], out);
  out->append(")::").append(TypeName(expr.type));
}

void PrintSubscript(const SubscriptExpr& expr, std::string* out) {
  out->push_back('(');
  Print(*expr.children[0], out);
  out->push_back(')');
  for (size_t i = 1; i < expr.children.size(); i += expr.slice ? 2 : 1) {
    out->push_back('[');
    const auto omitted = [&](size_t index) {
      return index < expr.omitted.size() && expr.omitted[index];
    };
    if (!expr.slice || !omitted(i - 1)) Print(*expr.children[i], out);
    if (expr.slice) {
      out->push_back(':');
      if (!omitted(i)) Print(*expr.children[i + 1], out);
    }
    out->push_back(']');
  }
}

void PrintSubplan(const SubplanExpr& expr, std::string* out) {
  const std::string name = "SubPlan " + std::to_string(expr.subplan + 1);
  switch (expr.test) {
    case SubplanExpr::Test::kExists:
      out->append("EXISTS(" + name + ")");
      break;
    case SubplanExpr::Test::kArray:
      out->append("ARRAY(" + name + ")");
      break;
    default:
      out->append("(" + name + ")");
      break;
  }
}

void PrintBoolTest(const IsBoolExpr& expr, std::string* out) {
  out->push_back('(');
  Print(*expr.children[0], out);
  out->append(expr.negated ? " IS NOT " : " IS ");
  switch (expr.test) {
    case IsBoolExpr::Test::kTrue:
      out->append("TRUE)");
      break;
    case IsBoolExpr::Test::kFalse:
      out->append("FALSE)");
      break;
    case IsBoolExpr::Test::kUnknown:
      out->append("UNKNOWN)");
      break;
  }
}

void PrintWrapped(std::string_view before, const Expr& expr, std::string_view separator,
                  std::string_view after, std::string* out) {
  out->append(before);
  PrintList(expr, 0, separator, out);
  out->append(after);
}

void Print(const Expr& expr, std::string* out) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return PrintConstant(As<ConstantExpr>(expr).value, out);
    case ExprKind::kColumn: {
      const auto& column = As<ColumnExpr>(expr);
      out->append(column.name.empty() ? "#" + std::to_string(column.index) : column.name);
      return;
    }
    case ExprKind::kParameter:
      out->append("$" + std::to_string(As<ParameterExpr>(expr).slot + 1));
      return;
    case ExprKind::kFunction:
      return PrintCall(As<FunctionExpr>(expr), out);
    case ExprKind::kAnd:
      return PrintWrapped("(", expr, " AND ", ")", out);
    case ExprKind::kOr:
      return PrintWrapped("(", expr, " OR ", ")", out);
    case ExprKind::kNot:
      return PrintWrapped("(NOT ", expr, "", ")", out);
    case ExprKind::kIsNull:
      return PrintWrapped("(", expr, "",
                          As<IsNullExpr>(expr).negated ? " IS NOT NULL)" : " IS NULL)", out);
    case ExprKind::kIsBool:
      return PrintBoolTest(As<IsBoolExpr>(expr), out);
    case ExprKind::kIsDistinct:
      return PrintWrapped(
          "(", expr,
          As<IsDistinctExpr>(expr).negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ", ")",
          out);
    case ExprKind::kCase:
      return PrintCase(expr, out);
    case ExprKind::kCoalesce:
      return PrintWrapped("COALESCE(", expr, ", ", ")", out);
    case ExprKind::kMinMax:
      return PrintWrapped(As<MinMaxExpr>(expr).greatest ? "GREATEST(" : "LEAST(", expr, ", ", ")",
                          out);
    case ExprKind::kNullIf:
      return PrintWrapped("NULLIF(", expr, ", ", ")", out);
    case ExprKind::kCast:
      return PrintCast(As<CastExpr>(expr), out);
    case ExprKind::kScalarArrayOp: {
      const auto& node = As<ScalarArrayOpExpr>(expr);
      out->push_back('(');
      Print(*expr.children[0], out);
      out->append(" " + node.operator_name + (node.all ? " ALL (" : " ANY ("));
      Print(*expr.children[1], out);
      out->append("))");
      return;
    }
    case ExprKind::kInList:
      out->push_back('(');
      Print(*expr.children[0], out);
      out->append(As<InListExpr>(expr).negated ? " <> ALL (ARRAY[" : " = ANY (ARRAY[");
      PrintList(expr, 1, ", ", out);
      out->append("]))");
      return;
    case ExprKind::kArray:
      return PrintWrapped("ARRAY[", expr, ", ", "]", out);
    case ExprKind::kRow:
      return PrintWrapped("ROW(", expr, ", ", ")", out);
    case ExprKind::kFieldSelect:
      PrintWrapped("(", expr, "", ").f", out);
      out->append(std::to_string(As<FieldSelectExpr>(expr).index + 1));
      return;
    case ExprKind::kSubscript:
      return PrintSubscript(As<SubscriptExpr>(expr), out);
    case ExprKind::kSubplan:
      return PrintSubplan(As<SubplanExpr>(expr), out);
  }
}

}  // namespace

std::string ToString(const Expr& expr) {
  std::string out;
  Print(expr, &out);
  return out;
}

}  // namespace helios::expr
