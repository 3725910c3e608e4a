#include "exec/internal/expressions.h"

namespace helios::exec {

namespace plan = sql::plan;

Expression::Expression(const expr::Expr& expression, expr::EvalContext& context)
    : expr_(&expression) {
  if (expression.kind == expr::ExprKind::kColumn) {
    column_ = static_cast<int32_t>(expr::As<expr::ColumnExpr>(expression).index);
  } else {
    evaluator_.emplace(expression, context);
  }
}

Status Expression::Evaluate(const Chunk& input, Vector* out) {
  if (column_ < 0) return evaluator_->Evaluate(input, out);
  HELIOS_CHECK(static_cast<size_t>(column_) < input.column_count());
  *out = input.column(static_cast<size_t>(column_));
  return Status::Ok();
}

Expressions::Expressions(const std::vector<expr::ExprPtr>& list, expr::EvalContext& context) {
  list_.reserve(list.size());
  for (const expr::ExprPtr& expression : list) Add(*expression, context);
}

void Expressions::Add(const expr::Expr& expression, expr::EvalContext& context) {
  list_.emplace_back(expression, context);
}

Status Expressions::Evaluate(const Chunk& input, Chunk* out) {
  Chunk result;
  result.columns().reserve(list_.size());
  for (Expression& expression : list_) {
    Vector column;
    HELIOS_TRY(expression.Evaluate(input, &column));
    result.AddColumn(std::move(column));
  }
  result.SetRowCount(input.row_count());
  *out = std::move(result);
  return Status::Ok();
}

std::vector<const Vector*> ColumnPointers(const Chunk& chunk, size_t first, size_t count) {
  std::vector<const Vector*> pointers(count);
  for (size_t i = 0; i < count; ++i) pointers[i] = &chunk.column(first + i);
  return pointers;
}

Chunk OneRow() {
  Chunk chunk;
  chunk.SetRowCount(1);
  return chunk;
}

namespace {

using Visit = std::function<void(const expr::Expr&)>;

void VisitOne(const expr::ExprPtr& expression, const Visit& visit) {
  if (expression != nullptr) visit(*expression);
}
void VisitOne(const std::shared_ptr<const expr::Expr>& expression, const Visit& visit) {
  if (expression != nullptr) visit(*expression);
}
void VisitAll(const std::vector<expr::ExprPtr>& list, const Visit& visit) {
  for (const expr::ExprPtr& expression : list) VisitOne(expression, visit);
}
void VisitAll(const std::vector<plan::SortKey>& keys, const Visit& visit) {
  for (const plan::SortKey& key : keys) VisitOne(key.expression, visit);
}
void VisitAll(const std::vector<std::pair<uint32_t, expr::ExprPtr>>& list, const Visit& visit) {
  for (const auto& item : list) VisitOne(item.second, visit);
}

void VisitScan(const plan::ScanNode& node, const Visit& visit) {
  VisitOne(node.filter, visit);
  for (const plan::ScanNode::Bound& bound : node.bounds) {
    VisitAll(bound.equal, visit);
    VisitOne(bound.any, visit);
    VisitOne(bound.lower, visit);
    VisitOne(bound.upper, visit);
    VisitOne(bound.row_key, visit);
  }
}

void VisitWindow(const plan::WindowNode& node, const Visit& visit) {
  VisitAll(node.partition_by, visit);
  VisitAll(node.order_by, visit);
  for (const plan::WindowNode::Call& call : node.calls) {
    VisitAll(call.arguments, visit);
    VisitOne(call.filter, visit);
    VisitOne(call.frame.start_offset, visit);
    VisitOne(call.frame.end_offset, visit);
  }
}

void VisitWrites(const plan::Node& node, const Visit& visit) {
  if (node.kind == plan::NodeKind::kInsert) {
    const auto& insert = static_cast<const plan::InsertNode&>(node);
    VisitAll(insert.set, visit);
    VisitOne(insert.set_where, visit);
    VisitAll(insert.returning, visit);
    VisitOne(insert.check_option, visit);
  } else if (node.kind == plan::NodeKind::kUpdate) {
    const auto& update = static_cast<const plan::UpdateNode&>(node);
    VisitAll(update.set, visit);
    VisitAll(update.returning, visit);
    VisitOne(update.check_option, visit);
  } else if (node.kind == plan::NodeKind::kDelete) {
    VisitAll(static_cast<const plan::DeleteNode&>(node).returning, visit);
  } else {
    for (const auto& action : static_cast<const plan::MergeNode&>(node).actions) {
      VisitOne(action.condition, visit);
      VisitAll(action.set, visit);
      VisitAll(action.values, visit);
    }
  }
}

void VisitJoin(const plan::JoinNode& node, const Visit& visit) {
  for (const plan::JoinNode::Key& key : node.keys) {
    VisitOne(key.left, visit);
    VisitOne(key.right, visit);
  }
  VisitOne(node.condition, visit);
}

void VisitAggregate(const plan::AggregateNode& node, const Visit& visit) {
  VisitAll(node.groups, visit);
  for (const plan::AggregateNode::Call& call : node.calls) {
    VisitAll(call.arguments, visit);
    VisitAll(call.order_by, visit);
    VisitOne(call.filter, visit);
  }
}

}  // namespace

void ForEachExpression(const plan::Node& node, const Visit& visit) {
  using plan::NodeKind;
  switch (node.kind) {
    case NodeKind::kScan:
      VisitScan(static_cast<const plan::ScanNode&>(node), visit);
      break;
    case NodeKind::kSystemScan:
      VisitAll(static_cast<const plan::SystemScanNode&>(node).equal_hints, visit);
      break;
    case NodeKind::kTableFunction:
      for (const auto& call : static_cast<const plan::TableFunctionNode&>(node).calls) {
        VisitOne(call.scalar, visit);
        VisitAll(call.arguments, visit);
      }
      break;
    case NodeKind::kValues:
      for (const auto& row : static_cast<const plan::ValuesNode&>(node).rows) VisitAll(row, visit);
      break;
    case NodeKind::kFilter:
      VisitOne(static_cast<const plan::FilterNode&>(node).predicate, visit);
      break;
    case NodeKind::kProject:
      VisitAll(static_cast<const plan::ProjectNode&>(node).expressions, visit);
      break;
    case NodeKind::kProjectSet:
      for (const auto& item : static_cast<const plan::ProjectSetNode&>(node).items) {
        VisitOne(item.scalar, visit);
        VisitAll(item.arguments, visit);
      }
      break;
    case NodeKind::kAggregate:
      VisitAggregate(static_cast<const plan::AggregateNode&>(node), visit);
      break;
    case NodeKind::kJoin:
      VisitJoin(static_cast<const plan::JoinNode&>(node), visit);
      break;
    case NodeKind::kApply:
      VisitOne(static_cast<const plan::ApplyNode&>(node).condition, visit);
      break;
    case NodeKind::kSort:
      VisitAll(static_cast<const plan::SortNode&>(node).keys, visit);
      VisitOne(static_cast<const plan::SortNode&>(node).limit_hint, visit);
      break;
    case NodeKind::kLimit:
      VisitOne(static_cast<const plan::LimitNode&>(node).limit, visit);
      VisitOne(static_cast<const plan::LimitNode&>(node).offset, visit);
      VisitAll(static_cast<const plan::LimitNode&>(node).tie_keys, visit);
      break;
    case NodeKind::kDistinctOn:
      VisitAll(static_cast<const plan::DistinctOnNode&>(node).keys, visit);
      break;
    case NodeKind::kWindow:
      VisitWindow(static_cast<const plan::WindowNode&>(node), visit);
      break;
    case NodeKind::kInsert:
    case NodeKind::kUpdate:
    case NodeKind::kDelete:
    case NodeKind::kMerge:
      VisitWrites(node, visit);
      break;
    case NodeKind::kSetOperation:
    case NodeKind::kCteScan:
    case NodeKind::kWithCte:
    case NodeKind::kRecursiveUnion:
    case NodeKind::kWorkTable:
    case NodeKind::kLockRows:
      break;
  }
}

void ForEachNode(const plan::Node& node, const std::function<void(const plan::Node&)>& visit) {
  visit(node);
  for (const plan::NodePtr& child : node.children) ForEachNode(*child, visit);
}

}  // namespace helios::exec
