#include "sql/optimizer/internal/estimate.h"

#include <algorithm>
#include <cmath>

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
using plan::JoinType;
using plan::NodeKind;
using plan::NodePtr;

constexpr double kDefaultTableRows = 1000;
constexpr double kRangeSelectivity = 1.0 / 3;
constexpr double kPatternSelectivity = 0.05;
constexpr double kDefaultDistinct = 200;

const expr::Expr& Plain(const expr::Expr& expr) {
  const expr::Expr* plain = &expr;
  while (plain->kind == ExprKind::kCast && !plain->children.empty())
    plain = plain->children[0].get();
  return *plain;
}
}  // namespace

double Estimator::TableRows(const plan::ScanNode& scan) {
  const auto found = table_rows_.find(scan.table);
  if (found != table_rows_.end()) return found->second;
  double rows = kDefaultTableRows;
  if (context_.planner.statistics) {
    rows = static_cast<double>(context_.planner.statistics(scan.layout->space).row_count);
  }
  rows = std::max(rows, 1.0);
  table_rows_[scan.table] = rows;
  return rows;
}

double Estimator::DistinctCount(uint32_t id, double rows) {
  return DistinctOf(context_.columns[id], rows);
}

double Estimator::DistinctOfPosition(const plan::ScanNode& scan, uint32_t position) {
  plan::ColumnRecord column;
  column.type = scan.layout->columns[position].type;
  column.table = scan.table;
  column.column_number = static_cast<int16_t>(scan.layout->columns[position].id);
  return DistinctOf(column, TableRows(scan));
}

double Estimator::DistinctOf(const plan::ColumnRecord& column, double rows) {
  const catalog::Table* table =
      column.table == kInvalidOid ? nullptr : context_.planner.snapshot->FindTable(column.table);
  if (table == nullptr) return std::min(rows, std::max(10.0, rows / 10));
  const auto unique_on = [&](const std::vector<int16_t>& key) {
    return key.size() == 1 && key[0] == column.column_number;
  };
  double table_rows = rows;
  if (context_.planner.statistics && table->storage_id != 0) {
    table_rows = std::max(
        1.0, static_cast<double>(context_.planner.statistics(table->storage_id).row_count));
  }
  if (unique_on(table->primary_key)) return table_rows;
  for (Oid oid : table->indexes) {
    const catalog::Index* index = context_.planner.snapshot->FindIndex(oid);
    if (index != nullptr && index->unique && index->keys.size() == 1 &&
        index->keys[0].column == column.column_number) {
      return table_rows;
    }
  }
  // A foreign key has at most as many values as its parent has rows.
  for (const catalog::Constraint& constraint : table->constraints) {
    if (constraint.kind != catalog::ConstraintKind::kForeignKey || !unique_on(constraint.columns)) {
      continue;
    }
    const catalog::Table* parent =
        context_.planner.snapshot->FindTable(constraint.referenced_table);
    if (parent == nullptr || !context_.planner.statistics) continue;
    const double parents =
        static_cast<double>(context_.planner.statistics(parent->storage_id).row_count);
    return std::clamp(parents, 1.0, table_rows);
  }
  if (column.type.oid == type_oid::kBool) return 2;
  if (column.type.oid == type_oid::kChar || column.type.typmod == 5)
    return std::min(table_rows, 5.0);
  // The first part of a longer key repeats; other columns are guessed by size.
  for (size_t i = 0; i < table->primary_key.size(); ++i) {
    if (table->primary_key[i] == column.column_number) {
      return std::max(1.0, i == 0 ? table_rows / 4 : std::pow(table_rows, 0.67));
    }
  }
  if (IsStringType(column.type.oid)) return std::min(table_rows, kDefaultDistinct);
  if (column.type.oid == type_oid::kDate) return std::min(table_rows, 2500.0);
  return std::max(std::min(table_rows, kDefaultDistinct), std::pow(table_rows, 0.67));
}

double Estimator::DistinctCount(const expr::Expr& expr, double rows) {
  const expr::Expr& plain = Plain(expr);
  if (plain.kind == ExprKind::kColumn) {
    return std::min(rows, DistinctCount(As<expr::ColumnExpr>(plain).index, rows));
  }
  if (plain.kind == ExprKind::kConstant) return 1;
  return std::min(rows, kDefaultDistinct);
}

double Estimator::Selectivity(const expr::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kAnd: {
      double result = 1;
      for (const ExprPtr& child : expr.children) result *= Selectivity(*child);
      return result;
    }
    case ExprKind::kOr: {
      double miss = 1;
      for (const ExprPtr& child : expr.children) miss *= 1 - Selectivity(*child);
      return 1 - miss;
    }
    case ExprKind::kNot:
      return 1 - Selectivity(*expr.children[0]);
    case ExprKind::kIsNull:
      return As<expr::IsNullExpr>(expr).negated ? 0.95 : 0.05;
    case ExprKind::kConstant: {
      const Value& value = As<expr::ConstantExpr>(expr).value;
      return value.is_null() ||
                     (value.physical() == PhysicalType::kBool && value.As<uint8_t>() == 0)
                 ? 0.0
                 : 1.0;
    }
    case ExprKind::kInList: {
      const double distinct = DistinctCount(*expr.children[0], 1e9);
      const double hit =
          std::min(1.0, static_cast<double>(expr.children.size() - 1) / std::max(distinct, 1.0));
      return As<expr::InListExpr>(expr).negated ? 1 - hit : hit;
    }
    case ExprKind::kScalarArrayOp:
      return std::min(1.0, 10 / DistinctCount(*expr.children[0], 1e9));
    case ExprKind::kFunction: {
      const std::string& op = As<expr::FunctionExpr>(expr).operator_name;
      if (expr.children.size() != 2) return 0.5;
      if (op == "=") {
        double distinct = 1;
        for (const ExprPtr& side : expr.children) {
          if (Plain(*side).kind == ExprKind::kColumn) {
            distinct = std::max(distinct, DistinctCount(*side, 1e9));
          }
        }
        return distinct > 1 ? 1 / distinct : 0.005;
      }
      if (op == "<>") return 0.9;
      if (op == "<" || op == ">" || op == "<=" || op == ">=") return kRangeSelectivity;
      if (op == "~~" || op == "~~*" || op == "~") return kPatternSelectivity;
      if (op == "!~~" || op == "!~~*" || op == "!~") return 1 - kPatternSelectivity;
      return 0.3;
    }
    default:
      return 0.5;
  }
}

double Estimator::JoinSelectivity(const expr::Expr& conjunct, double left_rows, double right_rows) {
  if (conjunct.kind == ExprKind::kFunction && conjunct.children.size() == 2 &&
      As<expr::FunctionExpr>(conjunct).operator_name == "=") {
    const double a = DistinctCount(*conjunct.children[0], 1e18);
    const double b = DistinctCount(*conjunct.children[1], 1e18);
    const double largest = std::max({left_rows, right_rows, 1.0});
    // Neither side can have more values than what the larger input could show.
    return 1 / std::max(1.0, std::min(std::max(a, b), std::max(largest, std::min(a, b))));
  }
  return Selectivity(conjunct);
}

void Estimator::VisitJoin(plan::Node& node, JoinType type, const expr::Expr* condition) {
  const double left = Visit(*node.children[0]);
  const double right = Visit(*node.children[1]);
  double rows = left * right;
  bool has_key = false;
  const auto apply = [&](const expr::Expr& conjunct) {
    const double selectivity = JoinSelectivity(conjunct, left, right);
    has_key = has_key || (conjunct.kind == ExprKind::kFunction && conjunct.children.size() == 2 &&
                          As<expr::FunctionExpr>(conjunct).operator_name == "=");
    rows *= selectivity;
  };
  if (condition != nullptr) {
    if (condition->kind == ExprKind::kAnd) {
      for (const ExprPtr& child : condition->children) apply(*child);
    } else {
      apply(*condition);
    }
  }
  switch (type) {
    case JoinType::kLeft:
      rows = std::max(rows, left);
      break;
    case JoinType::kRight:
      rows = std::max(rows, right);
      break;
    case JoinType::kFull:
      rows = std::max({rows, left, right});
      break;
    case JoinType::kSemi:
      rows = std::min(left, std::max(rows, 1.0));
      break;
    case JoinType::kAnti:
      rows = std::max(1.0, left - std::min(rows, left * 0.9));
      break;
    case JoinType::kMark:
    case JoinType::kSingle:
      rows = left;
      break;
    case JoinType::kInner:
      break;
  }
  node.estimated_rows = std::max(rows, 1.0);
  node.estimated_cost = node.children[0]->estimated_cost + node.children[1]->estimated_cost +
                        (has_key ? (left + right * 2) * 0.01 : left * right * 0.01) +
                        node.estimated_rows * 0.01;
}

double Estimator::Visit(plan::Node& node) {  // NOLINT(readability-function-size): a list.
  if (node.kind == NodeKind::kJoin) {
    auto& join = static_cast<plan::JoinNode&>(node);
    VisitJoin(node, join.join_type, join.condition.get());
    return node.estimated_rows;
  }
  if (node.kind == NodeKind::kApply) {
    auto& apply = static_cast<plan::ApplyNode&>(node);
    VisitJoin(node, apply.join_type, apply.condition.get());
    return node.estimated_rows;
  }
  double input = 1;
  double cost = 0;
  for (NodePtr& child : node.children) {
    input = Visit(*child);
    cost += child->estimated_cost;
  }
  if (!node.children.empty()) input = node.children[0]->estimated_rows;
  double rows = input;
  switch (node.kind) {
    case NodeKind::kScan: {
      auto& scan = static_cast<plan::ScanNode&>(node);
      const double all = TableRows(scan);
      rows = all * scan.bound_selectivity;
      cost = rows * 0.02;
      if (scan.filter != nullptr) rows *= Selectivity(*scan.filter);
      break;
    }
    case NodeKind::kSystemScan:
      rows = 500;
      break;
    case NodeKind::kTableFunction:
      rows = 100;
      break;
    case NodeKind::kValues:
      rows = static_cast<double>(static_cast<plan::ValuesNode&>(node).rows.size());
      break;
    case NodeKind::kFilter:
      rows = input * Selectivity(*static_cast<plan::FilterNode&>(node).predicate);
      break;
    case NodeKind::kProjectSet:
      rows = input * 10;
      break;
    case NodeKind::kAggregate: {
      auto& aggregate = static_cast<plan::AggregateNode&>(node);
      if (aggregate.groups.empty()) {
        rows = 1;
        break;
      }
      double groups = 1;
      for (const ExprPtr& group : aggregate.groups) groups *= DistinctCount(*group, input);
      rows = std::min(groups, input);
      cost += input * 0.02;
      break;
    }
    case NodeKind::kSort:
      cost += input * std::log2(std::max(input, 2.0)) * 0.01;
      break;
    case NodeKind::kLimit: {
      const auto& limit = static_cast<plan::LimitNode&>(node);
      if (limit.limit != nullptr && limit.limit->kind == ExprKind::kConstant) {
        const Value& value = As<expr::ConstantExpr>(*limit.limit).value;
        if (!value.is_null()) rows = std::min(rows, static_cast<double>(value.As<int64_t>()));
      } else if (limit.limit != nullptr) {
        rows = std::max(1.0, rows / 10);
      }
      break;
    }
    case NodeKind::kDistinctOn:
      rows = std::max(1.0, input / 2);
      break;
    case NodeKind::kSetOperation: {
      double sum = 0;
      for (NodePtr& child : node.children) sum += child->estimated_rows;
      const auto operation = static_cast<plan::SetOperationNode&>(node).operation;
      rows = operation == plan::SetOperationNode::Operation::kUnionAll ||
                     operation == plan::SetOperationNode::Operation::kUnion
                 ? sum
                 : input;
      break;
    }
    case NodeKind::kCteScan:
      rows = 1000;
      break;
    case NodeKind::kWorkTable:
      rows = 100;
      break;
    case NodeKind::kRecursiveUnion:
      rows = input * 100;
      break;
    default:
      break;
  }
  node.estimated_rows = std::max(rows, 1.0);
  node.estimated_cost = cost + node.estimated_rows * 0.01;
  return node.estimated_rows;
}

}  // namespace helios::sql::optimizer
