#include "sql/optimizer/internal/prune.h"

#include <algorithm>

namespace helios::sql::optimizer {

namespace {
using expr::ExprPtr;
using plan::IdSet;
using plan::NodeKind;
using plan::NodePtr;
}  // namespace

void Prune::Run() {
  Visit(*context_.plan.root, All(*context_.plan.root));
  for (NodePtr& subplan : context_.plan.subplans) {
    if (subplan != nullptr) Visit(*subplan, All(*subplan));
  }
}

void Prune::AddExprs(plan::Node& node, IdSet* needed) const {
  plan::ForEachExpr(
      node, [&](ExprPtr& expr) { plan::CollectIds(*expr, context_.plan.subplans, needed); });
}

void Prune::Visit(plan::Node& node, const IdSet& needed) {
  switch (node.kind) {
    case NodeKind::kScan:
      return VisitScan(static_cast<plan::ScanNode&>(node), needed);
    case NodeKind::kSystemScan: {
      auto& scan = static_cast<plan::SystemScanNode&>(node);
      std::vector<uint32_t> ids, columns;
      for (size_t i = 0; i < scan.ids.size(); ++i) {
        if (!needed.contains(scan.ids[i])) continue;
        ids.push_back(scan.ids[i]);
        columns.push_back(scan.columns[i]);
      }
      scan.ids = std::move(ids);
      scan.columns = std::move(columns);
      return;
    }
    case NodeKind::kProject:
      return VisitProject(static_cast<plan::ProjectNode&>(node), needed);
    case NodeKind::kAggregate:
      return VisitAggregate(static_cast<plan::AggregateNode&>(node), needed);
    case NodeKind::kValues:
      return VisitValues(static_cast<plan::ValuesNode&>(node), needed);
    case NodeKind::kSetOperation:
      return VisitSetOperation(static_cast<plan::SetOperationNode&>(node), needed);
    case NodeKind::kWindow:
      return VisitWindow(static_cast<plan::WindowNode&>(node), needed);
    case NodeKind::kProjectSet:
      return VisitProjectSet(static_cast<plan::ProjectSetNode&>(node), needed);
    case NodeKind::kJoin:
    case NodeKind::kApply: {
      IdSet below = needed;
      AddExprs(node, &below);
      Visit(*node.children[1], below);
      const IdSet outer = plan::OuterIds(*node.children[1], context_.plan.subplans);
      below.insert(outer.begin(), outer.end());
      return Visit(*node.children[0], below);
    }
    case NodeKind::kFilter:
    case NodeKind::kSort:
    case NodeKind::kLimit:
    case NodeKind::kDistinctOn:
    case NodeKind::kLockRows: {
      IdSet below = needed;
      AddExprs(node, &below);
      if (node.kind == NodeKind::kLockRows) {
        for (const auto& target : static_cast<plan::LockRowsNode&>(node).targets) {
          below.insert(target.key_id);
        }
      }
      return Visit(*node.children[0], below);
    }
    case NodeKind::kWithCte:
      Visit(*node.children[0], needed);
      for (size_t i = 1; i < node.children.size(); ++i) {
        Visit(*node.children[i], All(*node.children[i]));
      }
      return;
    default:
      for (NodePtr& child : node.children) Visit(*child, All(*child));
  }
}

void Prune::VisitScan(plan::ScanNode& scan, const IdSet& needed) {
  IdSet used = needed;
  if (scan.filter != nullptr) plan::CollectIds(*scan.filter, context_.plan.subplans, &used);
  std::vector<uint32_t> ids, columns;
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (!used.contains(scan.ids[i])) continue;
    ids.push_back(scan.ids[i]);
    columns.push_back(scan.columns[i]);
  }
  if (scan.with_writer) {
    const uint32_t id = scan.ids[scan.columns.size()];
    scan.with_writer = used.contains(id);
    if (scan.with_writer) ids.push_back(id);
  }
  if (scan.with_row_key) {
    scan.with_row_key = used.contains(scan.ids.back());
    if (scan.with_row_key) ids.push_back(scan.ids.back());
  }
  scan.ids = std::move(ids);
  scan.columns = std::move(columns);
}

void Prune::VisitProject(plan::ProjectNode& project, const IdSet& needed) {
  IdSet below;
  if (project.shape_only) {
    below.insert(project.ids.begin(), project.ids.end());
    return Visit(*project.children[0], below);
  }
  std::vector<uint32_t> ids;
  std::vector<ExprPtr> expressions;
  for (size_t i = 0; i < project.ids.size(); ++i) {
    // A volatile expression runs for its effects too.
    if (!needed.contains(project.ids[i]) && !expr::ContainsVolatile(*project.expressions[i])) {
      continue;
    }
    plan::CollectIds(*project.expressions[i], context_.plan.subplans, &below);
    ids.push_back(project.ids[i]);
    expressions.push_back(std::move(project.expressions[i]));
  }
  project.ids = std::move(ids);
  project.expressions = std::move(expressions);
  Visit(*project.children[0], below);
}

void Prune::VisitAggregate(plan::AggregateNode& aggregate, const IdSet& needed) {
  const size_t group_count = aggregate.groups.size();
  std::vector<uint32_t> ids(aggregate.ids.begin(),
                            aggregate.ids.begin() + static_cast<ptrdiff_t>(group_count));
  std::vector<plan::AggregateNode::Call> calls;
  for (size_t i = 0; i < aggregate.calls.size(); ++i) {
    if (!needed.contains(aggregate.ids[group_count + i])) continue;
    ids.push_back(aggregate.ids[group_count + i]);
    calls.push_back(std::move(aggregate.calls[i]));
  }
  for (size_t i = group_count + aggregate.calls.size(); i < aggregate.ids.size(); ++i) {
    ids.push_back(aggregate.ids[i]);
  }
  aggregate.calls = std::move(calls);
  aggregate.ids = std::move(ids);
  IdSet below;
  AddExprs(aggregate, &below);
  Visit(*aggregate.children[0], below);
}

void Prune::VisitValues(plan::ValuesNode& values, const IdSet& needed) {
  std::vector<size_t> kept;
  for (size_t i = 0; i < values.ids.size(); ++i) {
    if (needed.contains(values.ids[i])) kept.push_back(i);
  }
  if (kept.size() == values.ids.size()) return;
  std::vector<uint32_t> ids;
  for (size_t i : kept) ids.push_back(values.ids[i]);
  values.ids = std::move(ids);
  for (auto& row : values.rows) {
    std::vector<ExprPtr> out;
    for (size_t i : kept) out.push_back(std::move(row[i]));
    row = std::move(out);
  }
}

void Prune::VisitSetOperation(plan::SetOperationNode& node, const IdSet& needed) {
  if (node.operation != plan::SetOperationNode::Operation::kUnionAll) {
    for (NodePtr& child : node.children) Visit(*child, All(*child));
    return;
  }
  std::vector<size_t> kept;
  for (size_t i = 0; i < node.ids.size(); ++i) {
    if (needed.contains(node.ids[i])) kept.push_back(i);
  }
  if (kept.size() < node.ids.size()) {
    const auto keep = [&](const std::vector<uint32_t>& from) {
      std::vector<uint32_t> to;
      for (size_t i : kept) to.push_back(from[i]);
      return to;
    };
    for (NodePtr& child : node.children) {
      auto shape = std::make_unique<plan::ProjectNode>();
      shape->shape_only = true;
      shape->ids = keep(child->ids);
      shape->children.push_back(std::move(child));
      child = std::move(shape);
    }
    node.ids = keep(node.ids);
  }
  for (NodePtr& child : node.children) Visit(*child, All(*child));
}

void Prune::VisitWindow(plan::WindowNode& window, IdSet needed) {
  const size_t first = window.ids.size() - window.calls.size();
  std::vector<uint32_t> ids(window.ids.begin(), window.ids.begin() + static_cast<ptrdiff_t>(first));
  std::vector<plan::WindowNode::Call> calls;
  for (size_t i = 0; i < window.calls.size(); ++i) {
    if (!needed.contains(window.ids[first + i])) continue;
    ids.push_back(window.ids[first + i]);
    calls.push_back(std::move(window.calls[i]));
  }
  window.calls = std::move(calls);
  window.ids = std::move(ids);
  AddExprs(window, &needed);
  Visit(*window.children[0], needed);
}

void Prune::VisitProjectSet(plan::ProjectSetNode& node, const IdSet& needed) {
  std::vector<uint32_t> ids;
  std::vector<plan::ProjectSetNode::Item> items;
  for (size_t i = 0; i < node.items.size(); ++i) {
    // Sets decide how many rows there are.
    if (node.items[i].scalar != nullptr && !needed.contains(node.ids[i])) continue;
    ids.push_back(node.ids[i]);
    items.push_back(std::move(node.items[i]));
  }
  node.ids = std::move(ids);
  node.items = std::move(items);
  IdSet below;
  AddExprs(node, &below);
  Visit(*node.children[0], below);
}

}  // namespace helios::sql::optimizer
