// Expressions but for calls.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/printer.h"
#include "sql/planner.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here reads nodes of the tree.

std::string Printer::LineBegin(int extra) const {
  constexpr int kIndentMax = 40;  // Deeper lines stay here, as PostgreSQL limits them.
  return '\n' + std::string(static_cast<size_t>(std::clamp(level_, 0, kIndentMax) + extra), ' ');
}

void Printer::Line(std::string_view text, int before, int after, int extra) {
  if (!options_.multiline) {
    if (text.empty() || text[0] != ' ') Put(" ");
    Put(text);
    return;
  }
  level_ += before;
  while (!out_.empty() && out_.back() == ' ') out_.pop_back();
  out_ += LineBegin(extra);
  Put(text);
  level_ += after;
}

void Printer::PutList(const ExprList& list) {
  Separated(list, [this](const ExprPtr& expr) { Print(*expr); });
}

namespace {

int ArithmeticPriority(const Operator& expr) {
  if (expr.op.empty() || expr.left == nullptr) return 0;
  const std::string& op = expr.op.back();
  if (op == "+" || op == "-") return 1;
  if (op == "*" || op == "/" || op == "%") return 2;
  return 0;
}

bool IsPrimary(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant: {
      const auto& constant = As<Constant>(expr);
      const bool is_float = constant.constant_kind == ConstantKind::kFloat;
      return constant.int_value >= 0 && !(is_float && constant.text.starts_with('-'));
    }
    case ExprKind::kColumnRef:
    case ExprKind::kParameter:
    case ExprKind::kFunctionCall:
    case ExprKind::kCase:
    case ExprKind::kCoalesce:
    case ExprKind::kMinMax:
    case ExprKind::kNullIf:
    case ExprKind::kArray:
    case ExprKind::kRow:
    case ExprKind::kIndirection:
    case ExprKind::kSqlValue:
    case ExprKind::kGrouping:
    case ExprKind::kCast:
    case ExprKind::kSubquery:  // Brings its own parentheses, as do the calls in SQL syntax.
    case ExprKind::kDefault:
      return true;
    default:
      return false;
  }
}

// Whether `child` below `parent` reads back without parentheses.
bool IsSafe(const Expr& child, const Expr& parent) {
  if (IsPrimary(child)) return true;
  const auto* inner = TryAs<Boolean>(&child);
  const auto* outer = TryAs<Boolean>(&parent);
  if (outer != nullptr) {
    if (inner == nullptr) {
      return child.kind != ExprKind::kCollate && child.kind != ExprKind::kQuantified &&
             child.kind != ExprKind::kIn;
    }
    if (outer->op == BooleanOp::kNot) return false;
    return inner->op == BooleanOp::kNot ||
           (inner->op == BooleanOp::kAnd && outer->op == BooleanOp::kOr);
  }
  const auto* inner_op = TryAs<Operator>(&child);
  const auto* outer_op = TryAs<Operator>(&parent);
  if (inner_op == nullptr || outer_op == nullptr) return false;
  const int inner_priority = ArithmeticPriority(*inner_op);
  const int outer_priority = ArithmeticPriority(*outer_op);
  if (inner_priority == 0 || outer_priority == 0) return false;
  if (inner_priority != outer_priority) return inner_priority > outer_priority;
  return outer_op->left.get() == &child;
}

}  // namespace

void Printer::PutOperand(const Expr& child, const Expr& parent) {
  // Without `pretty` whatever needs parentheses brings its own.
  const bool parentheses = options_.pretty && !IsSafe(child, parent);
  if (parentheses) Put("(");
  Print(child);
  if (parentheses) Put(")");
}

void Printer::PutConstant(const Constant& constant) {
  switch (constant.constant_kind) {
    case ConstantKind::kNull:
      return Put("NULL");
    case ConstantKind::kBoolean:
      return Put(constant.bool_value ? "true" : "false");
    case ConstantKind::kInteger:
      if (constant.int_value >= 0) return Put(fmt::format("{}", constant.int_value));
      return Put(options_.analyzed ? fmt::format("'{}'::integer", constant.int_value)
                                   : fmt::format("({})", constant.int_value));
    case ConstantKind::kFloat: {
      const bool is_negative = constant.text.starts_with('-');
      if (!options_.analyzed) {
        return Put(is_negative ? fmt::format("({})", constant.text) : constant.text);
      }
      constexpr size_t kDigitsOfBigint = 19;
      const bool is_whole = constant.text.find_first_not_of("-0123456789") == std::string::npos;
      const size_t digits = constant.text.size() - (is_negative ? 1 : 0);
      const bool is_bigint =
          is_whole && (digits < kDigitsOfBigint ||
                       (digits == kDigitsOfBigint &&
                        constant.text.substr(is_negative ? 1 : 0) <= "9223372036854775807"));
      if (is_bigint) return Put(fmt::format("'{}'::bigint", constant.text));
      return Put(is_negative || is_whole ? fmt::format("'{}'::numeric", constant.text)
                                         : constant.text);
    }
    case ConstantKind::kString: {
      // Backslashes are plain characters: stored text is read with standard_conforming_strings.
      Put("'");
      for (const char c : constant.text) out_.append(c == '\'' ? 2 : 1, c);
      return Put("'");
    }
    case ConstantKind::kBitString: {
      if (constant.text.empty()) return Put("B''");
      Put(constant.text[0] == 'x' ? "X'" : "B'");
      Put(std::string_view(constant.text).substr(1));
      return Put("'");
    }
  }
}

void Printer::PutColumn(const ColumnRef& column) {
  if (options_.domain_value && column.names == NameList{kDomainValueName}) return Put("VALUE");
  Put(QuoteQualifiedName(column.names));
  if (column.star) Put(column.names.empty() ? "*" : ".*");
}

void Printer::PutOperatorExpr(const Operator& expr) {
  Open();
  if (expr.left != nullptr) {
    PutOperand(*expr.left, expr);
    Put(" ");
  }
  PutOperator(expr.op);
  Put(" ");
  PutOperand(*expr.right, expr);
  Close();
}

void Printer::PutLike(const Like& expr) {
  Open();
  PutOperand(*expr.operand, expr);
  const bool is_similar = expr.like_kind == LikeKind::kSimilar;
  if (options_.analyzed) {
    const std::string_view op = is_similar                           ? "~"
                                : expr.like_kind == LikeKind::kILike ? "~~*"
                                                                     : "~~";
    Put(expr.negated ? " !" : " ");
    Put(op);
    const std::string_view wrapper = is_similar               ? "similar_to_escape"
                                     : expr.escape != nullptr ? "like_escape"
                                                              : "";
    Put(" ");
    if (wrapper.empty()) {
      PutOperand(*expr.pattern, expr);
    } else {
      Put(wrapper);
      Put("(");
      Print(*expr.pattern);
      if (expr.escape != nullptr) {
        Put(", ");
        Print(*expr.escape);
      }
      Put(")");
    }
    return Close();
  }
  if (expr.negated) Put(" NOT");
  Put(is_similar ? " SIMILAR TO " : expr.like_kind == LikeKind::kILike ? " ILIKE " : " LIKE ");
  PutOperand(*expr.pattern, expr);
  if (expr.escape != nullptr) {
    Put(" ESCAPE ");
    PutOperand(*expr.escape, expr);
  }
  Close();
}

void Printer::PutBetween(const Between& expr) {
  Open();
  if (options_.analyzed && !expr.symmetric) {
    const auto compare = [&](std::string_view op, const Expr& bound) {
      Open();
      PutOperand(*expr.operand, expr);
      Put(op);
      PutOperand(bound, expr);
      Close();
    };
    compare(expr.negated ? " < " : " >= ", *expr.low);
    Put(expr.negated ? " OR " : " AND ");
    compare(expr.negated ? " > " : " <= ", *expr.high);
    return Close();
  }
  PutOperand(*expr.operand, expr);
  Put(expr.negated ? " NOT BETWEEN " : " BETWEEN ");
  if (expr.symmetric) Put("SYMMETRIC ");
  PutOperand(*expr.low, expr);
  Put(" AND ");
  PutOperand(*expr.high, expr);
  Close();
}

void Printer::PutIn(const In& expr) {
  Open();
  PutOperand(*expr.operand, expr);
  if (!options_.analyzed) {
    Put(expr.negated ? " NOT IN (" : " IN (");
    PutList(expr.items);
    Put(")");
  } else if (expr.items.size() == 1) {
    Put(expr.negated ? " <> " : " = ");
    PutOperand(*expr.items[0], expr);
  } else {
    Put(expr.negated ? " <> ALL (ARRAY[" : " = ANY (ARRAY[");
    PutList(expr.items);
    Put("])");
  }
  Close();
}

void Printer::PutBoolean(const Boolean& expr) {
  Open();
  if (expr.op == BooleanOp::kNot) Put("NOT ");
  bool is_first = true;
  for (const ExprPtr& arg : expr.args) {
    if (!is_first) Put(expr.op == BooleanOp::kAnd ? " AND " : " OR ");
    is_first = false;
    PutOperand(*arg, expr);
  }
  Close();
}

void Printer::PutCase(const Case& expr) {
  constexpr int kStep = 4;
  Line("CASE", 0, kStep, 0);
  if (expr.operand != nullptr) {
    Put(" ");
    Print(*expr.operand);
  }
  for (const CaseWhen& when : expr.whens) {
    Line("WHEN ", 0, 0, 0);
    Print(*when.condition);
    Put(" THEN ");
    Print(*when.result);
  }
  if (expr.else_result != nullptr) {
    Line("ELSE ", 0, 0, 0);
    Print(*expr.else_result);
  }
  Line("END", -kStep, 0, 0);
}

void Printer::PutCast(const Cast& expr) {
  if (expr.implicit) return Print(*expr.operand);
  // Only what the grammar takes as one word may stand before :: without parentheses.
  const Expr& operand = *expr.operand;
  const auto* constant = TryAs<Constant>(&operand);
  const bool is_number =
      constant != nullptr && (constant->constant_kind == ConstantKind::kInteger ||
                              constant->constant_kind == ConstantKind::kFloat);
  const bool is_literal = operand.kind == ExprKind::kArray || (constant != nullptr && !is_number);
  const bool parentheses = options_.pretty ? !IsPrimary(operand) : !is_literal;
  if (parentheses) Put("(");
  Print(operand);
  if (parentheses) Put(")");
  Put("::");
  Print(expr.type);
}

void Printer::PutNested(const Statement& query) {
  Put("(");
  const int level = level_;
  Print(query);
  level_ = level;
  Put(")");
}

void Printer::PutSubquery(const Subquery& expr) {
  switch (expr.subquery_kind) {
    case SubqueryKind::kScalar:
      return PutNested(*expr.query);
    case SubqueryKind::kArray:
      Put("ARRAY");
      return PutNested(*expr.query);
    case SubqueryKind::kExists:
      Put("(EXISTS ");
      PutNested(*expr.query);
      return Put(")");
    case SubqueryKind::kAny:
    case SubqueryKind::kAll:
      break;
  }
  Put("(");
  const auto* row = TryAs<Row>(expr.left.get());
  if (row != nullptr && !row->explicit_row && row->fields.size() > 1) {
    Put("(");
    PutList(row->fields);
    Put(")");
  } else {
    PutOperand(*expr.left, expr);
  }
  Put(" ");
  if (expr.op.empty()) {
    Put("IN ");
  } else {
    PutOperator(expr.op);
    Put(expr.subquery_kind == SubqueryKind::kAny ? " ANY " : " ALL ");
  }
  PutNested(*expr.query);
  Put(")");
}

void Printer::PutRow(const Row& expr) {
  constexpr size_t kImplicitFieldsMin = 2;
  const bool bare =
      !expr.explicit_row && !options_.analyzed && expr.fields.size() >= kImplicitFieldsMin;
  Put(bare ? "(" : "ROW(");
  PutList(expr.fields);
  Put(")");
}

void Printer::PutSteps(const std::vector<IndirectionStep>& steps) {
  for (const IndirectionStep& step : steps) {
    switch (step.step) {
      case IndirectionKind::kField:
        Put(".");
        PutName(step.field);
        break;
      case IndirectionKind::kStar:
        Put(".*");
        break;
      case IndirectionKind::kSubscript:
        Put("[");
        Print(*step.upper);
        Put("]");
        break;
      case IndirectionKind::kSlice:
        Put("[");
        if (step.lower != nullptr) Print(*step.lower);
        Put(":");
        if (step.upper != nullptr) Print(*step.upper);
        Put("]");
        break;
    }
  }
}

void Printer::PutIndirection(const Indirection& expr) {
  const ExprKind kind = expr.operand->kind;
  const bool is_subscript =
      !expr.steps.empty() && (expr.steps[0].step == IndirectionKind::kSubscript ||
                              expr.steps[0].step == IndirectionKind::kSlice);
  const bool bare = is_subscript && (kind == ExprKind::kColumnRef || kind == ExprKind::kParameter);
  const bool chained = options_.analyzed && kind == ExprKind::kIndirection;
  const bool parentheses = !bare && !chained;
  if (parentheses) Put("(");
  Print(*expr.operand);
  if (parentheses) Put(")");
  PutSteps(expr.steps);
}

void Printer::Print(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return PutConstant(As<Constant>(expr));
    case ExprKind::kColumnRef:
      return PutColumn(As<ColumnRef>(expr));
    case ExprKind::kParameter:
      return Put(fmt::format("${}", As<Parameter>(expr).number));
    case ExprKind::kOperator:
      return PutOperatorExpr(As<Operator>(expr));
    case ExprKind::kLike:
      return PutLike(As<Like>(expr));
    case ExprKind::kBetween:
      return PutBetween(As<Between>(expr));
    case ExprKind::kIn:
      return PutIn(As<In>(expr));
    case ExprKind::kBoolean:
      return PutBoolean(As<Boolean>(expr));
    case ExprKind::kFunctionCall:
      return PutCall(As<FunctionCall>(expr));
    case ExprKind::kCase:
      return PutCase(As<Case>(expr));
    case ExprKind::kCast:
      return PutCast(As<Cast>(expr));
    case ExprKind::kSubquery:
      return PutSubquery(As<Subquery>(expr));
    case ExprKind::kRow:
      return PutRow(As<Row>(expr));
    case ExprKind::kIndirection:
      return PutIndirection(As<Indirection>(expr));
    case ExprKind::kSqlValue:
      return PutSqlValue(As<SqlValue>(expr));
    default:
      return PutForm(expr);
  }
}

std::string Deparse(const Expr& expr, const DeparseOptions& options) {
  Printer printer(options);
  printer.Print(expr);
  return printer.Take();
}

}  // namespace helios::sql
