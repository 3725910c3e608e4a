#include "sql/plan/walk.h"

#include <algorithm>

namespace helios::sql::plan {

namespace {
using expr::ExprPtr;
using Visit = std::function<void(ExprPtr&)>;

void VisitOne(ExprPtr& expr, const Visit& visit) {
  if (expr != nullptr) visit(expr);
}
void VisitAll(std::vector<ExprPtr>& exprs, const Visit& visit) {
  for (ExprPtr& expr : exprs) VisitOne(expr, visit);
}
void VisitKeys(std::vector<SortKey>& keys, const Visit& visit) {
  for (SortKey& key : keys) VisitOne(key.expression, visit);
}

void VisitScan(ScanNode& scan, const Visit& visit) {
  if (scan.filter != nullptr) {
    ExprPtr filter = scan.filter->Clone();
    visit(filter);
    scan.filter = std::move(filter);
  }
  for (ScanNode::Bound& bound : scan.bounds) {
    VisitAll(bound.equal, visit);
    VisitOne(bound.any, visit);
    VisitOne(bound.lower, visit);
    VisitOne(bound.upper, visit);
    VisitOne(bound.row_key, visit);
  }
}

void VisitWindow(WindowNode& window, const Visit& visit) {
  VisitAll(window.partition_by, visit);
  VisitKeys(window.order_by, visit);
  for (WindowNode::Call& call : window.calls) {
    VisitAll(call.arguments, visit);
    VisitOne(call.filter, visit);
    VisitOne(call.frame.start_offset, visit);
    VisitOne(call.frame.end_offset, visit);
  }
}

void VisitAggregate(AggregateNode& aggregate, const Visit& visit) {
  VisitAll(aggregate.groups, visit);
  for (AggregateNode::Call& call : aggregate.calls) {
    VisitAll(call.arguments, visit);
    VisitKeys(call.order_by, visit);
    VisitOne(call.filter, visit);
  }
}

void VisitInsert(InsertNode& insert, const Visit& visit) {
  for (auto& [column, value] : insert.set) VisitOne(value, visit);
  VisitOne(insert.set_where, visit);
  VisitAll(insert.returning, visit);
  VisitOne(insert.check_option, visit);
}
}  // namespace

void ForEachExpr(Node& node, const Visit& visit) {  // NOLINT(readability-function-size): a list.
  switch (node.kind) {
    case NodeKind::kScan:
      return VisitScan(static_cast<ScanNode&>(node), visit);
    case NodeKind::kSystemScan:
      for (auto& hint : static_cast<SystemScanNode&>(node).equal_hints)
        VisitOne(hint.second, visit);
      return;
    case NodeKind::kTableFunction:
      for (TableFunctionNode::Call& call : static_cast<TableFunctionNode&>(node).calls) {
        VisitOne(call.scalar, visit);
        VisitAll(call.arguments, visit);
      }
      return;
    case NodeKind::kValues:
      for (auto& row : static_cast<ValuesNode&>(node).rows) VisitAll(row, visit);
      return;
    case NodeKind::kFilter:
      return VisitOne(static_cast<FilterNode&>(node).predicate, visit);
    case NodeKind::kProject:
      return VisitAll(static_cast<ProjectNode&>(node).expressions, visit);
    case NodeKind::kProjectSet:
      for (ProjectSetNode::Item& item : static_cast<ProjectSetNode&>(node).items) {
        VisitOne(item.scalar, visit);
        VisitAll(item.arguments, visit);
      }
      return;
    case NodeKind::kAggregate:
      return VisitAggregate(static_cast<AggregateNode&>(node), visit);
    case NodeKind::kJoin: {
      auto& join = static_cast<JoinNode&>(node);
      for (JoinNode::Key& key : join.keys) {
        VisitOne(key.left, visit);
        VisitOne(key.right, visit);
      }
      return VisitOne(join.condition, visit);
    }
    case NodeKind::kApply:
      return VisitOne(static_cast<ApplyNode&>(node).condition, visit);
    case NodeKind::kSort: {
      auto& sort = static_cast<SortNode&>(node);
      VisitKeys(sort.keys, visit);
      return VisitOne(sort.limit_hint, visit);
    }
    case NodeKind::kLimit: {
      auto& limit = static_cast<LimitNode&>(node);
      VisitOne(limit.limit, visit);
      VisitOne(limit.offset, visit);
      return VisitKeys(limit.tie_keys, visit);
    }
    case NodeKind::kDistinctOn:
      return VisitAll(static_cast<DistinctOnNode&>(node).keys, visit);
    case NodeKind::kWindow:
      return VisitWindow(static_cast<WindowNode&>(node), visit);
    case NodeKind::kInsert:
      return VisitInsert(static_cast<InsertNode&>(node), visit);
    case NodeKind::kUpdate: {
      auto& update = static_cast<UpdateNode&>(node);
      for (auto& [column, value] : update.set) VisitOne(value, visit);
      VisitAll(update.returning, visit);
      return VisitOne(update.check_option, visit);
    }
    case NodeKind::kDelete:
      return VisitAll(static_cast<DeleteNode&>(node).returning, visit);
    case NodeKind::kMerge:
      for (MergeNode::Action& action : static_cast<MergeNode&>(node).actions) {
        VisitOne(action.condition, visit);
        for (auto& [column, value] : action.set) VisitOne(value, visit);
        VisitAll(action.values, visit);
      }
      return;
    case NodeKind::kSetOperation:
    case NodeKind::kCteScan:
    case NodeKind::kWithCte:
    case NodeKind::kRecursiveUnion:
    case NodeKind::kWorkTable:
    case NodeKind::kLockRows:
      return;
  }
}

namespace {
void CollectOuter(Node& node, const std::vector<NodePtr>& subplans, IdSet* used, IdSet* provided) {
  provided->insert(node.ids.begin(), node.ids.end());
  if (node.kind == NodeKind::kInsert || node.kind == NodeKind::kUpdate) {
    const auto& extra = node.kind == NodeKind::kInsert ? static_cast<InsertNode&>(node).row_ids
                                                       : static_cast<UpdateNode&>(node).row_ids;
    provided->insert(extra.begin(), extra.end());
  }
  if (node.kind == NodeKind::kInsert) {
    const auto& system = static_cast<InsertNode&>(node).system_ids;
    provided->insert(system.begin(), system.end());
  }
  ForEachExpr(node, [&](ExprPtr& expr) { CollectIds(*expr, subplans, used); });
  for (NodePtr& child : node.children) CollectOuter(*child, subplans, used, provided);
}
}  // namespace

void CollectIds(const expr::Expr& expr, const std::vector<NodePtr>& subplans, IdSet* ids) {
  if (expr.kind == expr::ExprKind::kColumn) {
    ids->insert(expr::As<expr::ColumnExpr>(expr).index);
    return;
  }
  if (expr.kind == expr::ExprKind::kSubplan) {
    const uint32_t subplan = expr::As<expr::SubplanExpr>(expr).subplan;
    if (subplan < subplans.size() && subplans[subplan] != nullptr) {
      const IdSet outer = OuterIds(*subplans[subplan], subplans);
      ids->insert(outer.begin(), outer.end());
    }
  }
  for (const ExprPtr& child : expr.children) CollectIds(*child, subplans, ids);
}

IdSet OuterIds(Node& root, const std::vector<NodePtr>& subplans) {
  IdSet used, provided;
  CollectOuter(root, subplans, &used, &provided);
  for (uint32_t id : provided) used.erase(id);
  return used;
}

bool Intersects(const IdSet& a, const IdSet& b) {
  const IdSet& small = a.size() < b.size() ? a : b;
  const IdSet& large = a.size() < b.size() ? b : a;
  return std::any_of(small.begin(), small.end(), [&](uint32_t id) { return large.contains(id); });
}

bool IsSubset(const IdSet& small, const IdSet& large) {
  return std::all_of(small.begin(), small.end(), [&](uint32_t id) { return large.contains(id); });
}

void RenameIds(expr::Expr& expr, const IdMap& map, std::vector<NodePtr>& subplans) {
  if (expr.kind == expr::ExprKind::kColumn) {
    auto& column = expr::As<expr::ColumnExpr>(expr);
    const auto found = map.find(column.index);
    if (found != map.end()) column.index = found->second;
    return;
  }
  if (expr.kind == expr::ExprKind::kSubplan) {
    const uint32_t subplan = expr::As<expr::SubplanExpr>(expr).subplan;
    if (subplans[subplan] != nullptr) RenameIds(*subplans[subplan], map, subplans);
  }
  for (ExprPtr& child : expr.children) RenameIds(*child, map, subplans);
}

void RenameIds(Node& root, const IdMap& map, std::vector<NodePtr>& subplans) {
  const auto rename_list = [&](std::vector<uint32_t>& ids) {
    for (uint32_t& id : ids) {
      const auto found = map.find(id);
      if (found != map.end()) id = found->second;
    }
  };
  rename_list(root.ids);
  ForEachExpr(root, [&](ExprPtr& expr) { RenameIds(*expr, map, subplans); });
  for (NodePtr& child : root.children) RenameIds(*child, map, subplans);
}

std::vector<ExprPtr> SplitAnd(ExprPtr expr) {
  std::vector<ExprPtr> result;
  if (expr == nullptr) return result;
  if (expr->kind != expr::ExprKind::kAnd) {
    result.push_back(std::move(expr));
    return result;
  }
  for (ExprPtr& child : expr->children) {
    for (ExprPtr& part : SplitAnd(std::move(child))) result.push_back(std::move(part));
  }
  return result;
}

ExprPtr JoinAnd(std::vector<ExprPtr> conjuncts) {
  if (conjuncts.empty()) return nullptr;
  if (conjuncts.size() == 1) return std::move(conjuncts[0]);
  auto result = std::make_unique<expr::AndExpr>();
  result->children = std::move(conjuncts);
  return result;
}

NodePtr MakeFilter(NodePtr node, ExprPtr predicate) {
  auto filter = std::make_unique<FilterNode>();
  filter->ids = node->ids;
  filter->predicate = std::move(predicate);
  filter->children.push_back(std::move(node));
  return filter;
}

}  // namespace helios::sql::plan
