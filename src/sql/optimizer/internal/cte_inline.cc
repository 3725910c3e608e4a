#include <algorithm>

#include "sql/optimizer/internal/passes.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

namespace {
using expr::ExprPtr;
using plan::NodeKind;
using plan::NodePtr;

bool HasEffects(plan::Node& node, const std::vector<NodePtr>& subplans) {
  switch (node.kind) {
    case NodeKind::kInsert:
    case NodeKind::kUpdate:
    case NodeKind::kDelete:
    case NodeKind::kMerge:
    case NodeKind::kLockRows:
    case NodeKind::kRecursiveUnion:
      return true;
    default:
      break;
  }
  bool found = false;
  plan::ForEachExpr(node, [&](ExprPtr& expr) { found = found || expr::ContainsVolatile(*expr); });
  for (NodePtr& child : node.children) found = found || HasEffects(*child, subplans);
  return found;
}

using Uses = std::unordered_map<uint32_t, std::vector<NodePtr*>>;

void CollectUses(NodePtr& node, Uses* uses) {
  if (node->kind == NodeKind::kCteScan) {
    (*uses)[static_cast<plan::CteScanNode&>(*node).cte].push_back(&node);
  }
  for (NodePtr& child : node->children) CollectUses(child, uses);
}

void CollectWiths(NodePtr& node, std::vector<NodePtr*>* withs) {
  if (node->kind == NodeKind::kWithCte) withs->push_back(&node);
  for (NodePtr& child : node->children) CollectWiths(child, withs);
}

// Puts `body` where the scan stands; the scan's columns are the body's by position.
void Replace(NodePtr* scan, NodePtr body, PassContext& context) {
  auto project = std::make_unique<plan::ProjectNode>();
  project->ids = (*scan)->ids;
  for (size_t i = 0; i < project->ids.size(); ++i) {
    const uint32_t from = body->ids[i];
    auto column = std::make_unique<expr::ColumnExpr>(from, context.columns[from].type);
    column->physical = context.columns[from].physical;
    column->name = context.columns[from].name;
    project->expressions.push_back(std::move(column));
  }
  project->children.push_back(std::move(body));
  *scan = std::move(project);
}

// One step: true if something changed, after which every pointer must be found anew.
bool Step(PassContext& context) {
  Uses uses;
  std::vector<NodePtr*> withs;
  CollectUses(context.plan.root, &uses);
  CollectWiths(context.plan.root, &withs);
  Uses in_subplans;
  for (NodePtr& subplan : context.plan.subplans) {
    if (subplan == nullptr) continue;
    CollectUses(subplan, &in_subplans);
    CollectWiths(subplan, &withs);
  }
  for (NodePtr* slot : withs) {
    auto& with = static_cast<plan::WithCteNode&>(**slot);
    for (size_t i = 0; i < with.cte_indexes.size(); ++i) {
      const uint32_t cte = with.cte_indexes[i];
      const size_t count = uses[cte].size() + in_subplans[cte].size();
      if (count > 1 || with.materialize[i] || with.always_run[i] ||
          (count == 1 && uses[cte].empty()) ||
          HasEffects(*with.children[i + 1], context.plan.subplans)) {
        if (count > 0 || with.always_run[i]) continue;
      }
      NodePtr body = std::move(with.children[i + 1]);
      const auto at = static_cast<ptrdiff_t>(i);
      NodePtr* scan = count == 1 ? uses[cte][0] : nullptr;
      if (scan != nullptr) Replace(scan, std::move(body), context);
      with.children.erase(with.children.begin() + at + 1);
      with.cte_indexes.erase(with.cte_indexes.begin() + at);
      with.materialize.erase(with.materialize.begin() + at);
      with.always_run.erase(with.always_run.begin() + at);
      if (with.cte_indexes.empty()) {
        NodePtr child = std::move(with.children[0]);
        *slot = std::move(child);
      }
      return true;
    }
  }
  return false;
}
}  // namespace

void InlineCtes(PassContext& context) {
  while (Step(context)) {
  }
}

}  // namespace helios::sql::optimizer
