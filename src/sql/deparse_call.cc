// Calls, windows and the small forms of expressions.
#include <fmt/format.h>

#include "sql/internal/printer.h"
#include "types/text.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here reads nodes of the tree.

void Printer::PutSortKey(const Expr& expr) {
  const bool is_plain = expr.kind == ExprKind::kColumnRef || expr.kind == ExprKind::kConstant;
  const bool parentheses =
      options_.analyzed && !is_plain && (options_.pretty || expr.kind == ExprKind::kFunctionCall);
  if (parentheses) Put("(");
  Print(expr);
  if (parentheses) Put(")");
}

void Printer::PutSort(const SortItem& item) {
  PutSortKey(*item.expr);
  switch (item.direction) {
    case SortDirection::kDefault:
      break;
    case SortDirection::kAscending:
      if (!options_.analyzed) Put(" ASC");
      break;
    case SortDirection::kDescending:
      Put(" DESC");
      break;
    case SortDirection::kUsing:
      Put(" USING ");
      PutOperator(item.using_op);
      break;
  }
  if (item.nulls == NullsOrder::kFirst) Put(" NULLS FIRST");
  if (item.nulls == NullsOrder::kLast) Put(" NULLS LAST");
}

void Printer::PutFrameBound(const FrameBound& bound) {
  switch (bound.bound) {
    case FrameBoundKind::kUnboundedPreceding:
      return Put("UNBOUNDED PRECEDING");
    case FrameBoundKind::kUnboundedFollowing:
      return Put("UNBOUNDED FOLLOWING");
    case FrameBoundKind::kCurrentRow:
      return Put("CURRENT ROW");
    case FrameBoundKind::kPreceding:
      Print(*bound.offset);
      return Put(" PRECEDING");
    case FrameBoundKind::kFollowing:
      Print(*bound.offset);
      return Put(" FOLLOWING");
  }
}

void Printer::PutFrame(const WindowSpec& window) {
  switch (window.unit) {
    case FrameUnit::kRange:
      Put("RANGE ");
      break;
    case FrameUnit::kRows:
      Put("ROWS ");
      break;
    case FrameUnit::kGroups:
      Put("GROUPS ");
      break;
  }
  if (window.between) Put("BETWEEN ");
  PutFrameBound(window.start);
  if (window.between) {
    Put(" AND ");
    PutFrameBound(window.end);
  }
  switch (window.exclusion) {
    case FrameExclusion::kNoOthers:
      break;
    case FrameExclusion::kCurrentRow:
      Put(" EXCLUDE CURRENT ROW");
      break;
    case FrameExclusion::kGroup:
      Put(" EXCLUDE GROUP");
      break;
    case FrameExclusion::kTies:
      Put(" EXCLUDE TIES");
      break;
  }
}

void Printer::PutWindow(const WindowSpec& window) {
  Put("(");
  std::string_view blank;
  const auto word = [&](std::string_view text) {
    Put(blank);
    Put(text);
    blank = " ";
  };
  if (!window.base_window.empty()) word(QuoteIdentifier(window.base_window));
  if (!window.partition_by.empty()) {
    word("PARTITION BY ");
    Separated(window.partition_by, [this](const ExprPtr& key) { PutSortKey(*key); });
  }
  if (!window.order_by.empty()) {
    word("ORDER BY ");
    Separated(window.order_by, [this](const SortItem& item) { PutSort(item); });
  }
  if (window.has_frame) {
    word("");
    PutFrame(window);
  }
  Put(")");
}

void Printer::PutTrim(const FunctionCall& call, std::string_view side) {
  Put("TRIM(");
  Put(side);
  if (call.args.size() > 1) {
    Put(" ");
    Print(*call.args[1]);
  }
  Put(" FROM ");
  Print(*call.args[0]);
  Put(")");
}

namespace {

// The words that EXTRACT takes without quotes.
bool IsExtractField(const std::string& field) {
  constexpr size_t kNameBytesMax = 63;  // A longer word would come back cut off.
  if (field.size() > kNameBytesMax) return false;
  for (const std::string_view word : {"year", "month", "day", "hour", "minute", "second"}) {
    if (field == word) return true;
  }
  return QuoteIdentifier(field) == field;
}

const Constant* StringConstant(const Expr& expr) {
  const auto* constant = TryAs<Constant>(&expr);
  return constant != nullptr && constant->constant_kind == ConstantKind::kString ? constant
                                                                                 : nullptr;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): one branch a function of the standard.
bool Printer::PutSqlSyntax(const FunctionCall& call) {
  const std::string& name = call.name.back();
  const ExprList& args = call.args;
  const size_t count = args.size();
  if (name == "timezone" && count == 2) {
    Put("(");
    Print(*args[1]);
    Put(" AT TIME ZONE ");
    Print(*args[0]);
    Put(")");
  } else if (name == "extract" && count == 2) {
    const Constant* field = StringConstant(*args[0]);
    Put("EXTRACT(");
    if (field != nullptr && IsExtractField(field->text)) {
      Put(field->text);
    } else {
      Print(*args[0]);
    }
    Put(" FROM ");
    Print(*args[1]);
    Put(")");
  } else if (name == "overlaps" && count == 4) {
    Put("((");
    Print(*args[0]);
    Put(", ");
    Print(*args[1]);
    Put(") OVERLAPS (");
    Print(*args[2]);
    Put(", ");
    Print(*args[3]);
    Put("))");
  } else if ((name == "overlay" || name == "substring") &&
             (count == 3 || count == 4 || count == 2)) {
    const bool is_overlay = name == "overlay";
    if (is_overlay && count < 3) return false;
    Put(is_overlay ? "OVERLAY(" : "SUBSTRING(");
    Print(*args[0]);
    if (is_overlay) {
      Put(" PLACING ");
      Print(*args[1]);
    }
    const size_t from = is_overlay ? 2 : 1;
    Put(" FROM ");
    Print(*args[from]);
    if (from + 1 < count) {
      Put(" FOR ");
      Print(*args[from + 1]);
    }
    Put(")");
  } else if (name == "position" && count == 2) {
    Put("POSITION((");
    Print(*args[1]);
    Put(") IN (");
    Print(*args[0]);
    Put("))");
  } else if ((name == "btrim" || name == "ltrim" || name == "rtrim") &&
             (count == 1 || count == 2)) {
    PutTrim(call, name == "btrim" ? "BOTH" : name == "ltrim" ? "LEADING" : "TRAILING");
  } else if (name == "is_normalized" && (count == 1 || count == 2)) {
    const Constant* form = count == 2 ? StringConstant(*args[1]) : nullptr;
    Put("(");
    Print(*args[0]);
    Put(" IS ");
    if (form != nullptr) Put(form->text);
    Put(form != nullptr ? " NORMALIZED)" : "NORMALIZED)");
  } else if (name == "normalize" && (count == 1 || count == 2)) {
    const Constant* form = count == 2 ? StringConstant(*args[1]) : nullptr;
    Put("NORMALIZE(");
    Print(*args[0]);
    if (form != nullptr) Put(", ");
    if (form != nullptr) Put(form->text);
    Put(")");
  } else if (name == "pg_collation_for" && count == 1) {
    Put("COLLATION FOR (");
    Print(*args[0]);
    Put(")");
  } else {
    return false;
  }
  return true;
}

void Printer::PutCall(const FunctionCall& call) {
  if (call.sql_syntax && PutSqlSyntax(call)) return;
  PutQualified(call.name);
  Put("(");
  if (call.distinct) Put("DISTINCT ");
  if (call.star) Put("*");
  bool is_first = true;
  for (const ExprPtr& arg : call.args) {
    if (!is_first) Put(", ");
    is_first = false;
    if (call.variadic && &arg == &call.args.back()) Put("VARIADIC ");
    Print(*arg);
  }
  if (!call.order_by.empty()) {
    Put(call.within_group ? ") WITHIN GROUP (ORDER BY " : " ORDER BY ");
    Separated(call.order_by, [this](const SortItem& item) { PutSort(item); });
  }
  Put(")");
  if (call.filter != nullptr) {
    Put(" FILTER (WHERE ");
    Print(*call.filter);
    Put(")");
  }
  if (call.over == nullptr) return;
  Put(" OVER ");
  if (call.over->is_reference) {
    PutName(call.over->name);
  } else {
    PutWindow(*call.over);
  }
}

void Printer::PutSqlValue(const SqlValue& value) {
  switch (value.value) {
    case SqlValueKind::kCurrentDate:
      Put("CURRENT_DATE");
      break;
    case SqlValueKind::kCurrentTime:
      Put("CURRENT_TIME");
      break;
    case SqlValueKind::kCurrentTimestamp:
      Put("CURRENT_TIMESTAMP");
      break;
    case SqlValueKind::kLocalTime:
      Put("LOCALTIME");
      break;
    case SqlValueKind::kLocalTimestamp:
      Put("LOCALTIMESTAMP");
      break;
    case SqlValueKind::kCurrentRole:
      Put("CURRENT_ROLE");
      break;
    case SqlValueKind::kCurrentUser:
      Put("CURRENT_USER");
      break;
    case SqlValueKind::kUser:
      Put("USER");
      break;
    case SqlValueKind::kSessionUser:
      Put("SESSION_USER");
      break;
    case SqlValueKind::kCurrentCatalog:
      Put("CURRENT_CATALOG");
      break;
    case SqlValueKind::kCurrentSchema:
      Put("CURRENT_SCHEMA");
      break;
  }
  if (value.precision >= 0) Put(fmt::format("({})", value.precision));
}

namespace {

std::string_view BooleanTestWords(BooleanTestKind test) {
  switch (test) {
    case BooleanTestKind::kTrue:
      return " IS TRUE";
    case BooleanTestKind::kNotTrue:
      return " IS NOT TRUE";
    case BooleanTestKind::kFalse:
      return " IS FALSE";
    case BooleanTestKind::kNotFalse:
      return " IS NOT FALSE";
    case BooleanTestKind::kUnknown:
      return " IS UNKNOWN";
    case BooleanTestKind::kNotUnknown:
      return " IS NOT UNKNOWN";
  }
  return "";
}

}  // namespace

void Printer::PutForm(const Expr& expr) {
  const auto call = [this](std::string_view name, const ExprList& args) {
    Put(name);
    Put("(");
    PutList(args);
    Put(")");
  };
  switch (expr.kind) {
    case ExprKind::kCoalesce:
      return call("COALESCE", As<Coalesce>(expr).args);
    case ExprKind::kMinMax: {
      const auto& min_max = As<MinMax>(expr);
      return call(min_max.greatest ? "GREATEST" : "LEAST", min_max.args);
    }
    case ExprKind::kGrouping:
      return call("GROUPING", As<Grouping>(expr).args);
    case ExprKind::kNullIf: {
      Put("NULLIF(");
      Print(*As<NullIf>(expr).left);
      Put(", ");
      Print(*As<NullIf>(expr).right);
      return Put(")");
    }
    case ExprKind::kArray: {
      Put("ARRAY[");
      PutList(As<Array>(expr).elements);
      return Put("]");
    }
    case ExprKind::kNamedArgument: {
      PutName(As<NamedArgument>(expr).name);
      Put(" => ");
      return Print(*As<NamedArgument>(expr).value);
    }
    case ExprKind::kCurrentOf: {
      Put("CURRENT OF ");
      return PutName(As<CurrentOf>(expr).cursor);
    }
    case ExprKind::kDefault:
      return Put("DEFAULT");
    default:
      break;
  }
  Open();
  if (const auto* distinct = TryAs<IsDistinct>(&expr)) {
    PutOperand(*distinct->left, expr);
    Put(distinct->negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
    PutOperand(*distinct->right, expr);
  } else if (const auto* null_test = TryAs<NullTest>(&expr)) {
    PutOperand(*null_test->operand, expr);
    Put(null_test->negated ? " IS NOT NULL" : " IS NULL");
  } else if (const auto* boolean_test = TryAs<BooleanTest>(&expr)) {
    PutOperand(*boolean_test->operand, expr);
    Put(BooleanTestWords(boolean_test->test));
  } else if (const auto* collate = TryAs<Collate>(&expr)) {
    PutOperand(*collate->operand, expr);
    Put(" COLLATE ");
    PutQualified(collate->collation);
  } else if (const auto* quantified = TryAs<Quantified>(&expr)) {
    PutOperand(*quantified->left, expr);
    Put(" ");
    PutOperator(quantified->op);
    Put(quantified->all ? " ALL (" : " ANY (");
    Print(*quantified->right);
    Put(")");
  }
  Close();
}

}  // namespace helios::sql
