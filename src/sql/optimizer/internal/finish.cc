#include <algorithm>
#include <unordered_map>

#include "sql/optimizer/optimizer.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
using plan::IdSet;
using plan::NodeKind;
using plan::NodePtr;

using Positions = std::unordered_map<uint32_t, uint32_t>;

class Finisher {
 public:
  explicit Finisher(PassContext& context) : plan_(context.plan), columns_(context.columns) {}

  void Run();

 private:
  // Step one: structure, while columns are still ids.
  void Prepare(NodePtr& node);
  void MakeApply(NodePtr& node);
  void ExtractKeys(plan::JoinNode& join);
  void ExpandShape(plan::ProjectNode& project);
  // Step two: positions.
  void Resolve(NodePtr& node);
  void ResolveJoin(plan::JoinNode& join);
  void ResolveWrite(plan::Node& node);
  void ResolveExpr(ExprPtr& expr, const Positions& positions);
  void ResolveAll(std::vector<ExprPtr>& exprs, const Positions& positions);
  void ResolveSubplan(expr::SubplanExpr& subplan, const Positions& positions);
  void DropIdentity(NodePtr& node);
  void SetColumns(plan::Node& node);
  void CompactSubplans();
  uint32_t SlotOf(uint32_t id);
  ExprPtr ColumnOf(uint32_t id);
  static Positions PositionsOf(const std::vector<uint32_t>& ids);
  Positions InputsOf(const plan::Node& node) const;

  plan::Plan& plan_;
  plan::ColumnTable& columns_;
  std::unordered_map<uint32_t, uint32_t> slots_;      // Outer column id -> parameter slot.
  std::vector<std::vector<uint32_t>> subplan_outer_;  // By subplan.
  std::vector<bool> subplan_done_;
  std::unordered_map<uint32_t, uint32_t> cte_numbers_;
  uint32_t cte_count_ = 0;
};

Positions Finisher::PositionsOf(const std::vector<uint32_t>& ids) {
  Positions positions;
  for (uint32_t i = 0; i < ids.size(); ++i) positions.emplace(ids[i], i);
  return positions;
}

Positions Finisher::InputsOf(const plan::Node& node) const {
  if (node.kind == NodeKind::kScan || node.kind == NodeKind::kSystemScan) {
    return PositionsOf(node.ids);
  }
  std::vector<uint32_t> ids;
  const bool both = node.kind == NodeKind::kJoin || node.kind == NodeKind::kApply;
  for (const NodePtr& child : node.children) {
    ids.insert(ids.end(), child->ids.begin(), child->ids.end());
    if (!both) break;
  }
  return PositionsOf(ids);
}

uint32_t Finisher::SlotOf(uint32_t id) {
  const auto [found, added] = slots_.emplace(id, plan_.slot_count);
  if (added) {
    ++plan_.slot_count;
    plan_.slot_types.push_back(columns_[id].type);
  }
  return found->second;
}

ExprPtr Finisher::ColumnOf(uint32_t id) {
  auto column = std::make_unique<expr::ColumnExpr>(id, columns_[id].type);
  column->physical = columns_[id].physical;
  column->name = columns_[id].name;
  return column;
}

void Finisher::ExpandShape(plan::ProjectNode& project) {
  if (!project.shape_only) return;
  project.shape_only = false;
  for (uint32_t id : project.ids) project.expressions.push_back(ColumnOf(id));
}

// Equalities between one side and the other, of one type, are what a hash join can use.
void Finisher::ExtractKeys(plan::JoinNode& join) {
  if (join.condition == nullptr) return;
  const IdSet left(join.children[0]->ids.begin(), join.children[0]->ids.end());
  const IdSet right(join.children[1]->ids.begin(), join.children[1]->ids.end());
  std::vector<ExprPtr> rest;
  for (ExprPtr& conjunct : plan::SplitAnd(std::move(join.condition))) {
    const bool equality = conjunct->kind == ExprKind::kFunction && conjunct->children.size() == 2 &&
                          As<expr::FunctionExpr>(*conjunct).operator_name == "=";
    const bool null_safe =
        conjunct->kind == ExprKind::kIsDistinct && As<expr::IsDistinctExpr>(*conjunct).negated;
    if ((!equality && !null_safe) || expr::ContainsVolatile(*conjunct) ||
        expr::ContainsSubplan(*conjunct) ||
        conjunct->children[0]->type.oid != conjunct->children[1]->type.oid) {
      rest.push_back(std::move(conjunct));
      continue;
    }
    IdSet a, b;
    plan::CollectIds(*conjunct->children[0], plan_.subplans, &a);
    plan::CollectIds(*conjunct->children[1], plan_.subplans, &b);
    const auto on = [](const IdSet& used, const IdSet& side) {
      return !used.empty() && plan::IsSubset(used, side);
    };
    if (on(a, left) && on(b, right)) {
      join.keys.push_back(
          {std::move(conjunct->children[0]), std::move(conjunct->children[1]), null_safe});
    } else if (on(b, left) && on(a, right)) {
      join.keys.push_back(
          {std::move(conjunct->children[1]), std::move(conjunct->children[0]), null_safe});
    } else {
      rest.push_back(std::move(conjunct));
    }
  }
  join.condition = plan::JoinAnd(std::move(rest));
}

void Finisher::MakeApply(NodePtr& node) {
  auto& join = static_cast<plan::JoinNode&>(*node);
  const IdSet outer = plan::OuterIds(*join.children[1], plan_.subplans);
  const IdSet left(join.children[0]->ids.begin(), join.children[0]->ids.end());
  if (!plan::Intersects(outer, left)) {
    ExtractKeys(join);
    return;
  }
  auto apply = std::make_unique<plan::ApplyNode>();
  apply->join_type = join.join_type;
  apply->condition = std::move(join.condition);
  apply->ids = join.ids;
  apply->estimated_rows = join.estimated_rows;
  apply->estimated_cost = join.estimated_cost;
  const Positions positions = PositionsOf(join.children[0]->ids);
  std::vector<uint32_t> used(outer.begin(), outer.end());
  std::sort(used.begin(), used.end());
  for (uint32_t id : used) {
    const auto found = positions.find(id);
    if (found == positions.end()) continue;
    apply->slots.push_back({SlotOf(id), found->second});
    apply->slot_ids.push_back(id);
  }
  apply->children = std::move(join.children);
  node = std::move(apply);
}

void Finisher::Prepare(NodePtr& node) {
  if (node->kind == NodeKind::kWithCte) {
    auto& with = static_cast<plan::WithCteNode&>(*node);
    with.first_cte = cte_count_;
    for (uint32_t& index : with.cte_indexes) {
      cte_numbers_[index] = cte_count_;
      index = cte_count_++;
    }
  }
  if (node->kind == NodeKind::kProject) ExpandShape(static_cast<plan::ProjectNode&>(*node));
  for (NodePtr& child : node->children) Prepare(child);
  if (node->kind == NodeKind::kJoin) MakeApply(node);
}

void Finisher::ResolveSubplan(expr::SubplanExpr& subplan, const Positions& positions) {
  std::vector<ExprPtr> outer_values;
  subplan.slots.clear();
  for (uint32_t id : subplan_outer_[subplan.subplan]) {
    subplan.slots.push_back(SlotOf(id));
    ExprPtr value = ColumnOf(id);
    ResolveExpr(value, positions);
    outer_values.push_back(std::move(value));
  }
  for (ExprPtr& child : subplan.children) {
    ResolveExpr(child, positions);
    outer_values.push_back(std::move(child));
  }
  subplan.children = std::move(outer_values);
  if (!subplan_done_[subplan.subplan]) {
    subplan_done_[subplan.subplan] = true;
    Resolve(plan_.subplans[subplan.subplan]);
  }
}

void Finisher::ResolveExpr(ExprPtr& expr, const Positions& positions) {
  if (expr->kind == ExprKind::kSubplan) {
    ResolveSubplan(As<expr::SubplanExpr>(*expr), positions);
    return;
  }
  if (expr->kind == ExprKind::kColumn) {
    auto& column = As<expr::ColumnExpr>(*expr);
    const auto found = positions.find(column.index);
    if (found != positions.end()) {
      column.index = found->second;
      return;
    }
    auto parameter = std::make_unique<expr::ParameterExpr>(SlotOf(column.index), column.type);
    parameter->physical = column.physical;
    parameter->location = column.location;
    expr = std::move(parameter);
    return;
  }
  for (ExprPtr& child : expr->children) ResolveExpr(child, positions);
}

void Finisher::ResolveAll(std::vector<ExprPtr>& exprs, const Positions& positions) {
  for (ExprPtr& expr : exprs) ResolveExpr(expr, positions);
}

void Finisher::ResolveWrite(plan::Node& node) {
  const std::vector<uint32_t>& child = node.children[0]->ids;
  if (node.kind == NodeKind::kMerge) {
    const Positions inputs = PositionsOf(child);
    plan::ForEachExpr(node, [&](ExprPtr& expr) { ResolveExpr(expr, inputs); });
    return;
  }
  if (node.kind == NodeKind::kInsert) {
    auto& insert = static_cast<plan::InsertNode&>(node);
    const Positions rows = PositionsOf(insert.row_ids);
    for (auto& [column, value] : insert.set) ResolveExpr(value, rows);
    if (insert.set_where != nullptr) ResolveExpr(insert.set_where, rows);
    const auto width = static_cast<ptrdiff_t>(insert.target->layout->columns.size());
    std::vector<uint32_t> returned(insert.row_ids.begin(), insert.row_ids.begin() + width);
    returned.insert(returned.end(), insert.system_ids.begin(), insert.system_ids.end());
    ResolveAll(insert.returning, PositionsOf(returned));
    if (insert.check_option != nullptr) ResolveExpr(insert.check_option, rows);
    return;
  }
  // RETURNING sees the row's columns and what stands behind the row key.
  const size_t width = node.kind == NodeKind::kUpdate
                           ? static_cast<plan::UpdateNode&>(node).target->layout->columns.size()
                           : static_cast<plan::DeleteNode&>(node).target->layout->columns.size();
  std::vector<uint32_t> returned(child.begin(), child.end());
  returned.erase(returned.begin() + static_cast<ptrdiff_t>(width));
  const Positions inputs = PositionsOf(child);
  const Positions rows = PositionsOf(returned);
  if (node.kind == NodeKind::kDelete) {
    ResolveAll(static_cast<plan::DeleteNode&>(node).returning, rows);
    return;
  }
  auto& update = static_cast<plan::UpdateNode&>(node);
  for (auto& [column, value] : update.set) ResolveExpr(value, inputs);
  ResolveAll(update.returning, rows);
  if (update.check_option != nullptr) ResolveExpr(update.check_option, rows);
}

// A projection that changes nothing goes.
void Finisher::DropIdentity(NodePtr& node) {
  auto& project = static_cast<plan::ProjectNode&>(*node);
  if (project.expressions.size() != project.children[0]->ids.size()) return;
  for (uint32_t i = 0; i < project.expressions.size(); ++i) {
    const expr::Expr& expr = *project.expressions[i];
    if (expr.kind != ExprKind::kColumn || As<expr::ColumnExpr>(expr).index != i) return;
  }
  NodePtr child = std::move(project.children[0]);
  child->ids = project.ids;
  node = std::move(child);
}

void Finisher::SetColumns(plan::Node& node) {
  node.types.clear();
  node.physicals.clear();
  node.names.clear();
  for (uint32_t id : node.ids) {
    node.types.push_back(columns_[id].type);
    node.physicals.push_back(columns_[id].physical);
    node.names.push_back(columns_[id].name);
  }
}

void Finisher::ResolveJoin(plan::JoinNode& join) {
  const Positions left = PositionsOf(join.children[0]->ids);
  const Positions right = PositionsOf(join.children[1]->ids);
  for (plan::JoinNode::Key& key : join.keys) {
    ResolveExpr(key.left, left);
    ResolveExpr(key.right, right);
  }
  if (join.condition != nullptr) ResolveExpr(join.condition, InputsOf(join));
  // What a join hands on follows from its children.
  const auto& l = join.children[0]->ids;
  const auto& r = join.children[1]->ids;
  const uint32_t mark = join.ids.empty() ? 0 : join.ids.back();
  join.ids = l;
  if (join.join_type == plan::JoinType::kMark) {
    join.ids.push_back(mark);
  } else if (join.join_type != plan::JoinType::kSemi && join.join_type != plan::JoinType::kAnti) {
    join.ids.insert(join.ids.end(), r.begin(), r.end());
  }
}

void Finisher::Resolve(NodePtr& node) {
  for (NodePtr& child : node->children) Resolve(child);
  switch (node->kind) {
    case NodeKind::kInsert:
    case NodeKind::kUpdate:
    case NodeKind::kDelete:
    case NodeKind::kMerge:
      ResolveWrite(*node);
      break;
    case NodeKind::kJoin:
      ResolveJoin(static_cast<plan::JoinNode&>(*node));
      break;
    case NodeKind::kApply: {
      auto& apply = static_cast<plan::ApplyNode&>(*node);
      const Positions left = PositionsOf(apply.children[0]->ids);
      for (size_t i = 0; i < apply.slots.size(); ++i) {
        apply.slots[i].second = left.at(apply.slot_ids[i]);
      }
      if (apply.condition != nullptr) ResolveExpr(apply.condition, InputsOf(apply));
      const auto& r = apply.children[1]->ids;
      apply.ids = apply.children[0]->ids;
      if (apply.join_type != plan::JoinType::kSemi && apply.join_type != plan::JoinType::kAnti) {
        apply.ids.insert(apply.ids.end(), r.begin(), r.end());
      }
      break;
    }
    case NodeKind::kCteScan: {
      auto& scan = static_cast<plan::CteScanNode&>(*node);
      scan.cte = cte_numbers_.at(scan.cte);
      break;
    }
    case NodeKind::kLockRows: {
      auto& lock = static_cast<plan::LockRowsNode&>(*node);
      lock.ids = lock.children[0]->ids;
      const Positions inputs = InputsOf(lock);
      std::erase_if(lock.targets, [&](const auto& t) { return !inputs.contains(t.key_id); });
      for (plan::LockRowsNode::Target& target : lock.targets) {
        target.key_column = inputs.at(target.key_id);
      }
      break;
    }
    case NodeKind::kFilter:
    case NodeKind::kSort:
    case NodeKind::kLimit:
    case NodeKind::kDistinctOn:
    case NodeKind::kWithCte: {
      const Positions inputs = InputsOf(*node);
      plan::ForEachExpr(*node, [&](ExprPtr& expr) { ResolveExpr(expr, inputs); });
      node->ids = node->children[0]->ids;
      break;
    }
    case NodeKind::kWindow: {
      auto& window = static_cast<plan::WindowNode&>(*node);
      const Positions inputs = InputsOf(*node);
      plan::ForEachExpr(*node, [&](ExprPtr& expr) { ResolveExpr(expr, inputs); });
      std::vector<uint32_t> ids = window.children[0]->ids;
      ids.insert(ids.end(), window.ids.end() - static_cast<ptrdiff_t>(window.calls.size()),
                 window.ids.end());
      window.ids = std::move(ids);
      break;
    }
    default: {
      const Positions inputs = InputsOf(*node);
      plan::ForEachExpr(*node, [&](ExprPtr& expr) { ResolveExpr(expr, inputs); });
    }
  }
  if (node->kind == NodeKind::kProject) DropIdentity(node);
  SetColumns(*node);
}

// Sub-selects that became joins leave holes; the others move up.
void Finisher::CompactSubplans() {
  std::vector<uint32_t> numbers(plan_.subplans.size());
  std::vector<NodePtr> kept;
  for (size_t i = 0; i < plan_.subplans.size(); ++i) {
    numbers[i] = static_cast<uint32_t>(kept.size());
    if (subplan_done_[i]) kept.push_back(std::move(plan_.subplans[i]));
  }
  if (kept.size() == numbers.size()) {
    plan_.subplans = std::move(kept);
    return;
  }
  plan_.subplans = std::move(kept);
  const std::function<void(expr::Expr&)> renumber = [&](expr::Expr& expr) {
    if (expr.kind == ExprKind::kSubplan) {
      auto& subplan = As<expr::SubplanExpr>(expr);
      subplan.subplan = numbers[subplan.subplan];
    }
    for (ExprPtr& child : expr.children) renumber(*child);
  };
  const std::function<void(plan::Node&)> walk = [&](plan::Node& node) {
    plan::ForEachExpr(node, [&](ExprPtr& expr) { renumber(*expr); });
    for (NodePtr& child : node.children) walk(*child);
  };
  walk(*plan_.root);
  for (NodePtr& subplan : plan_.subplans) walk(*subplan);
}

void Finisher::Run() {
  Prepare(plan_.root);
  for (NodePtr& subplan : plan_.subplans) {
    if (subplan != nullptr) Prepare(subplan);
  }
  subplan_outer_.resize(plan_.subplans.size());
  subplan_done_.assign(plan_.subplans.size(), false);
  for (size_t i = 0; i < plan_.subplans.size(); ++i) {
    if (plan_.subplans[i] == nullptr) continue;
    const IdSet outer = plan::OuterIds(*plan_.subplans[i], plan_.subplans);
    subplan_outer_[i].assign(outer.begin(), outer.end());
    std::sort(subplan_outer_[i].begin(), subplan_outer_[i].end());
  }
  Resolve(plan_.root);
  plan_.cte_count = cte_count_;
  CompactSubplans();
}
}  // namespace

void FinishPlan(PassContext& context) { Finisher(context).Run(); }

}  // namespace helios::sql::optimizer
