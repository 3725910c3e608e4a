// SELECT, in the layout of pg_get_viewdef: each clause on a line, its word right-aligned.
#include <fmt/format.h>

#include "sql/internal/printer.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here reads nodes of the tree.

namespace {

constexpr int kStandard = 8;  // A query's clauses lie this much deeper than what holds it.
constexpr int kVariable = 4;  // The second and later targets.
constexpr int kJoin = 4;

bool NeedsParentheses(const SelectStatement& operand) {
  return operand.with != nullptr || !operand.order_by.empty() || operand.limit != nullptr ||
         operand.offset != nullptr || !operand.locking.empty();
}

}  // namespace

void Printer::PutCommonTable(const CommonTable& table) {
  PutName(table.name);
  if (!table.columns.empty()) PutNames(table.columns);
  Put(" AS ");
  if (table.materialize == CteMaterialize::kAlways) Put("MATERIALIZED ");
  if (table.materialize == CteMaterialize::kNever) Put("NOT MATERIALIZED ");
  Put("(");
  Line("", 0, 0, 0);
  const int level = level_;
  Print(*table.query);
  level_ = level;
  Line("", 0, 0, 0);
  Put(")");
  if (!table.search_columns.empty()) {
    Put(table.search_breadth_first ? " SEARCH BREADTH FIRST BY " : " SEARCH DEPTH FIRST BY ");
    Separated(table.search_columns, [this](const std::string& name) { PutName(name); });
    Put(" SET ");
    PutName(table.search_column);
  }
  if (table.cycle_columns.empty()) return;
  Put(" CYCLE ");
  Separated(table.cycle_columns, [this](const std::string& name) { PutName(name); });
  Put(" SET ");
  PutName(table.cycle_mark);
  if (table.cycle_value != nullptr && table.cycle_default != nullptr) {
    Put(" TO ");
    Print(*table.cycle_value);
    Put(" DEFAULT ");
    Print(*table.cycle_default);
  }
  Put(" USING ");
  PutName(table.cycle_path);
}

void Printer::PutWith(const WithClause& with) {
  if (options_.multiline) {
    level_ += kStandard;
    Put(" ");
  }
  Put(with.recursive ? "WITH RECURSIVE " : "WITH ");
  Separated(with.tables, [this](const CommonTable& table) { PutCommonTable(table); });
  if (options_.multiline) level_ -= kStandard;
  Line("", 0, 0, 0);
}

void Printer::PutTargets(const std::vector<TargetItem>& targets) {
  bool is_first = true;
  for (const TargetItem& target : targets) {
    Put(is_first ? " " : ",");
    if (!is_first && !options_.multiline) Put(" ");
    const size_t begin = out_.size();
    Print(*target.expr);
    // A target that begins with CASE brings its own line.
    if (!is_first && options_.multiline && out_[begin] != '\n') {
      level_ -= kStandard;
      out_.insert(begin, LineBegin(kVariable));
      level_ += kStandard;
    }
    is_first = false;
    if (target.name.empty()) continue;
    const auto* column = TryAs<ColumnRef>(target.expr.get());
    const bool says_itself = options_.analyzed && column != nullptr && !column->names.empty() &&
                             column->names.back() == target.name;
    if (says_itself) continue;
    Put(" AS ");
    PutName(target.name);
  }
}

void Printer::PutValues(const std::vector<ExprList>& rows) {
  Put("VALUES ");
  Separated(rows, [this](const ExprList& row) {
    Put("(");
    bool is_first = true;
    for (const ExprPtr& value : row) {
      if (!is_first) Put(options_.analyzed ? "," : ", ");
      is_first = false;
      Print(*value);
    }
    Put(")");
  });
}

void Printer::PutGrouping(const GroupingItem& item) {
  switch (item.grouping) {
    case GroupingKind::kExpr:
      return PutSortKey(*item.expr);
    case GroupingKind::kEmpty:
      return Put("()");
    case GroupingKind::kRollup:
      Put("ROLLUP(");
      break;
    case GroupingKind::kCube:
      Put("CUBE(");
      break;
    case GroupingKind::kSets:
      Put("GROUPING SETS (");
      break;
  }
  Separated(item.items, [this](const GroupingItem& inner) { PutGrouping(inner); });
  Put(")");
}

void Printer::PutAlias(const Alias* alias) {
  if (alias == nullptr) return;
  Put(" ");
  PutName(alias->name);
  if (!alias->columns.empty()) PutNames(alias->columns);
}

void Printer::PutFunctionColumns(const std::vector<FunctionColumn>& columns) {
  Put("(");
  Separated(columns, [this](const FunctionColumn& column) {
    PutName(column.name);
    Put(" ");
    Print(column.type);
    if (column.collation.empty()) return;
    Put(" COLLATE ");
    PutQualified(column.collation);
  });
  Put(")");
}

void Printer::PutFromFunction(const FromFunction& function) {
  if (function.lateral) Put("LATERAL ");
  if (function.rows_from) Put("ROWS FROM(");
  Separated(function.functions, [this](const FromFunctionItem& item) {
    Print(*item.call);
    if (item.columns.empty()) return;
    Put(" AS ");
    PutFunctionColumns(item.columns);
  });
  if (function.rows_from) Put(")");
  if (function.with_ordinality) Put(" WITH ORDINALITY");
  if (!function.columns.empty()) Put(" AS");
  PutAlias(function.alias.get());
  if (function.columns.empty()) return;
  if (function.alias == nullptr) Put(" ");
  PutFunctionColumns(function.columns);
}

void Printer::PutJoin(const FromJoin& join) {
  const bool parentheses = !options_.pretty || join.alias != nullptr;
  if (parentheses) Put("(");
  PutFromItem(*join.left);
  const bool is_cross = join.join == JoinKind::kInner && !join.natural && join.on == nullptr &&
                        join.using_columns.empty();
  std::string words = join.natural ? " NATURAL" : "";
  switch (join.join) {
    case JoinKind::kInner:
      words += is_cross ? " CROSS JOIN " : " JOIN ";
      break;
    case JoinKind::kLeft:
      words += " LEFT JOIN ";
      break;
    case JoinKind::kRight:
      words += " RIGHT JOIN ";
      break;
    case JoinKind::kFull:
      words += " FULL JOIN ";
      break;
  }
  Line(words, -kStandard, kStandard, kJoin);
  const auto* right_join = TryAs<FromJoin>(join.right.get());
  const bool wrap_right = options_.pretty && right_join != nullptr && right_join->alias == nullptr;
  if (wrap_right) Put("(");
  PutFromItem(*join.right);
  if (wrap_right) Put(")");
  if (!join.using_columns.empty()) {
    Put(" USING ");
    PutNames(join.using_columns);
    if (join.using_alias != nullptr) {
      Put(" AS ");
      PutName(join.using_alias->name);
    }
  } else if (join.on != nullptr) {
    Put(" ON ");
    Open();
    Print(*join.on);
    Close();
  }
  if (parentheses) Put(")");
  PutAlias(join.alias.get());
}

void Printer::PutFromItem(const FromItem& item) {
  switch (item.kind) {
    case FromKind::kTable: {
      const auto& table = As<FromTable>(item);
      PutRelation(table.relation);
      PutAlias(table.alias.get());
      if (table.sample == nullptr) return;
      Put(" TABLESAMPLE ");
      PutQualified(table.sample->method);
      Put(" (");
      PutList(table.sample->args);
      Put(")");
      if (table.sample->repeatable == nullptr) return;
      Put(" REPEATABLE (");
      Print(*table.sample->repeatable);
      return Put(")");
    }
    case FromKind::kSubquery: {
      const auto& subquery = As<FromSubquery>(item);
      if (subquery.lateral) Put("LATERAL ");
      PutNested(*subquery.query);
      return PutAlias(subquery.alias.get());
    }
    case FromKind::kFunction:
      return PutFromFunction(As<FromFunction>(item));
    case FromKind::kJoin:
      return PutJoin(As<FromJoin>(item));
  }
}

void Printer::PutFrom(const std::vector<FromPtr>& items, std::string_view word) {
  if (items.empty()) return;
  bool is_first = true;
  for (const FromPtr& item : items) {
    if (is_first) {
      Line(word, -kStandard, kStandard, 2);
    } else {
      Put(",");
      Line("", -kStandard, kStandard, kVariable);
    }
    is_first = false;
    PutFromItem(*item);
  }
}

void Printer::PutSelectBody(const SelectStatement& select) {
  if (options_.multiline) {
    level_ += kStandard;
    Put(" ");
  }
  if (!select.values.empty()) return PutValues(select.values);
  Put("SELECT");
  if (!select.distinct_on.empty()) {
    Put(" DISTINCT ON (");
    PutList(select.distinct_on);
    Put(")");
  } else if (select.distinct) {
    Put(" DISTINCT");
  }
  PutTargets(select.targets);
  if (select.into != nullptr) {
    Put(" INTO ");
    if (select.into->persistence == Persistence::kTemporary) Put("TEMPORARY ");
    if (select.into->persistence == Persistence::kUnlogged) Put("UNLOGGED ");
    PutRelation(*select.into);
  }
  PutFrom(select.from, " FROM ");
  if (select.where != nullptr) {
    Line(" WHERE ", -kStandard, kStandard, 1);
    Print(*select.where);
  }
  if (!select.group_by.empty()) {
    Line(" GROUP BY ", -kStandard, kStandard, 1);
    if (select.group_distinct) Put("DISTINCT ");
    Separated(select.group_by, [this](const GroupingItem& item) { PutGrouping(item); });
  }
  if (select.having != nullptr) {
    Line(" HAVING ", -kStandard, kStandard, 0);
    Print(*select.having);
  }
  if (!select.windows.empty()) {
    Line(" WINDOW ", -kStandard, kStandard, 1);
    Separated(select.windows, [this](const WindowSpec& window) {
      PutName(window.name);
      Put(" AS ");
      PutWindow(window);
    });
  }
}

void Printer::PutSetOperand(const SelectStatement& operand, bool parentheses) {
  if (parentheses) Put("(");
  const int level = level_;
  if (parentheses || operand.op == SetOperation::kNone) {
    Print(operand);
  } else {
    PutSetOperation(operand);
  }
  level_ = level;
  if (parentheses) Put(")");
}

void Printer::PutSetOperation(const SelectStatement& select) {
  const bool left_differs = select.left->op != SetOperation::kNone &&
                            (select.left->op != select.op || select.left->all != select.all);
  PutSetOperand(*select.left, left_differs || NeedsParentheses(*select.left));
  switch (select.op) {
    case SetOperation::kUnion:
      Line("UNION ", 0, 0, 0);
      break;
    case SetOperation::kIntersect:
      Line("INTERSECT ", 0, 0, 0);
      break;
    case SetOperation::kExcept:
      Line("EXCEPT ", 0, 0, 0);
      break;
    case SetOperation::kNone:
      break;
  }
  if (select.all) Put("ALL ");
  const bool right_nests = select.right->op != SetOperation::kNone;
  if (options_.multiline && !right_nests) Line("", 0, 0, 0);
  PutSetOperand(*select.right, right_nests || NeedsParentheses(*select.right));
}

void Printer::PutLocking(const LockingClause& locking) {
  std::string_view words;
  switch (locking.strength) {
    case LockStrength::kKeyShare:
      words = " FOR KEY SHARE";
      break;
    case LockStrength::kShare:
      words = " FOR SHARE";
      break;
    case LockStrength::kNoKeyUpdate:
      words = " FOR NO KEY UPDATE";
      break;
    case LockStrength::kUpdate:
      words = " FOR UPDATE";
      break;
  }
  Line(words, -kStandard, kStandard, 0);
  if (!locking.tables.empty()) {
    Put(" OF ");
    Separated(locking.tables, [this](const RelationName& name) { PutRelation(name); });
  }
  if (locking.wait == LockWait::kNoWait) Put(" NOWAIT");
  if (locking.wait == LockWait::kSkipLocked) Put(" SKIP LOCKED");
}

void Printer::PutTail(const SelectStatement& select) {
  if (!select.order_by.empty()) {
    Line(" ORDER BY ", -kStandard, kStandard, 1);
    Separated(select.order_by, [this](const SortItem& item) { PutSort(item); });
  }
  if (select.offset != nullptr) {
    Line(" OFFSET ", -kStandard, kStandard, 0);
    Print(*select.offset);
  }
  if (select.limit != nullptr) {
    const auto* constant = TryAs<Constant>(select.limit.get());
    const bool is_all = constant != nullptr && constant->constant_kind == ConstantKind::kNull;
    if (select.with_ties) {
      Line(" FETCH FIRST ", -kStandard, kStandard, 0);
      const bool is_plain = constant != nullptr;
      if (!is_plain) Put("(");
      Print(*select.limit);
      Put(is_plain ? " ROWS WITH TIES" : ") ROWS WITH TIES");
    } else {
      Line(" LIMIT ", -kStandard, kStandard, 0);
      if (is_all) {
        Put("ALL");
      } else {
        Print(*select.limit);
      }
    }
  }
  for (const LockingClause& locking : select.locking) PutLocking(locking);
}

void Printer::Print(const SelectStatement& select) {
  const int level = level_;
  if (select.with != nullptr) PutWith(*select.with);
  if (select.op != SetOperation::kNone) {
    PutSetOperation(select);
    // The tail's clauses step back by one standard indent.
    if (options_.multiline) level_ += kStandard;
  } else {
    PutSelectBody(select);
  }
  PutTail(select);
  level_ = level;
}

std::string Deparse(const SelectStatement& select, const DeparseOptions& options) {
  Printer printer(options);
  printer.Print(select);
  return printer.Take();
}

}  // namespace helios::sql
