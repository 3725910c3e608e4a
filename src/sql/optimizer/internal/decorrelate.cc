#include "sql/optimizer/internal/decorrelate.h"

#include <algorithm>

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
using plan::IdSet;
using plan::JoinType;
using plan::NodeKind;
using plan::NodePtr;
using Test = expr::SubplanExpr::Test;

bool IsEquality(const expr::Expr& expr) {
  return expr.kind == ExprKind::kFunction && expr.children.size() == 2 &&
         As<expr::FunctionExpr>(expr).operator_name == "=";
}

IdSet SetOf(const plan::Node& node) { return IdSet(node.ids.begin(), node.ids.end()); }
}  // namespace

void Decorrelate::Run() {
  // Inner sub-selects have the lower numbers.
  for (NodePtr& subplan : context_.plan.subplans) {
    if (subplan != nullptr) Visit(subplan);
  }
  Visit(context_.plan.root);
}

void Decorrelate::Visit(NodePtr& node) {
  for (NodePtr& child : node->children) Visit(child);
  if (node->kind == NodeKind::kFilter)
    VisitFilter(node);
  else if (node->kind == NodeKind::kProject)
    VisitProject(node);
  else if (node->kind == NodeKind::kJoin)
    VisitLateral(static_cast<plan::JoinNode&>(*node));
}

// A LATERAL item whose use of the left side can be pulled up is a plain join.
void Decorrelate::VisitLateral(plan::JoinNode& join) {
  if (join.join_type != JoinType::kInner && join.join_type != JoinType::kLeft &&
      join.join_type != JoinType::kSingle) {
    return;
  }
  const IdSet left = SetOf(*join.children[0]);
  const IdSet outer = plan::OuterIds(*join.children[1], context_.plan.subplans);
  if (!plan::Intersects(outer, left) || !CanPull(*join.children[1], left)) return;
  Conjuncts conjuncts = plan::SplitAnd(std::move(join.condition));
  PullUp(join.children[1], left, &conjuncts);
  join.condition = plan::JoinAnd(std::move(conjuncts));
  join.ids = join.children[0]->ids;
  const auto& right = join.children[1]->ids;
  join.ids.insert(join.ids.end(), right.begin(), right.end());
}

bool Decorrelate::Uses(const expr::Expr& expr, const IdSet& ids) const {
  IdSet used;
  plan::CollectIds(expr, context_.plan.subplans, &used);
  return plan::Intersects(used, ids);
}

IdSet Decorrelate::OuterOf(uint32_t subplan) const {
  return plan::OuterIds(*context_.plan.subplans[subplan], context_.plan.subplans);
}

ExprPtr Decorrelate::ColumnOf(uint32_t id) const {
  auto column = std::make_unique<expr::ColumnExpr>(id, context_.columns[id].type);
  column->physical = context_.columns[id].physical;
  column->name = context_.columns[id].name;
  return column;
}

NodePtr Decorrelate::MakeJoin(JoinType type, NodePtr left, NodePtr right,
                              Conjuncts conjuncts) const {
  auto join = std::make_unique<plan::JoinNode>();
  join->join_type = type;
  join->ids = left->ids;
  if (type == JoinType::kInner || type == JoinType::kLeft || type == JoinType::kSingle) {
    join->ids.insert(join->ids.end(), right->ids.begin(), right->ids.end());
  }
  join->condition = plan::JoinAnd(std::move(conjuncts));
  join->children.push_back(std::move(left));
  join->children.push_back(std::move(right));
  return join;
}

// An order below EXISTS or IN means nothing.
void Decorrelate::StripOrder(NodePtr& node) {
  while (node->kind == NodeKind::kSort) {
    NodePtr child = std::move(node->children[0]);
    node = std::move(child);
  }
}

bool Decorrelate::CanPull(plan::Node& node, const IdSet& outer) const {
  const IdSet used = plan::OuterIds(node, context_.plan.subplans);
  if (!plan::Intersects(used, outer)) return true;
  bool own_use = false;  // In an expression from which it cannot be pulled.
  switch (node.kind) {
    case NodeKind::kFilter:
      for (const ExprPtr& conjunct :
           plan::SplitAnd(static_cast<plan::FilterNode&>(node).predicate->Clone())) {
        if (Uses(*conjunct, outer) &&
            (expr::ContainsVolatile(*conjunct) || expr::ContainsSubplan(*conjunct))) {
          own_use = true;
        }
      }
      return !own_use && CanPull(*node.children[0], outer);
    case NodeKind::kProject:
    case NodeKind::kSort:
      plan::ForEachExpr(node, [&](ExprPtr& expr) { own_use = own_use || Uses(*expr, outer); });
      return !own_use && CanPull(*node.children[0], outer);
    case NodeKind::kJoin: {
      auto& join = static_cast<plan::JoinNode&>(node);
      const bool inner = join.join_type == JoinType::kInner;
      if (join.condition != nullptr && Uses(*join.condition, outer) &&
          (!inner || expr::ContainsVolatile(*join.condition) ||
           expr::ContainsSubplan(*join.condition))) {
        return false;
      }
      if (!CanPull(*join.children[0], outer)) return false;
      if (inner) return CanPull(*join.children[1], outer);
      return !plan::Intersects(plan::OuterIds(*join.children[1], context_.plan.subplans), outer);
    }
    default:
      return false;
  }
}

void Decorrelate::Expose(plan::Node& node, const IdSet& wanted) {
  if (node.kind == NodeKind::kProject) {
    auto& project = static_cast<plan::ProjectNode&>(node);
    if (project.shape_only) {
      project.shape_only = false;
      for (uint32_t id : project.ids) project.expressions.push_back(ColumnOf(id));
    }
    std::vector<uint32_t> missing;
    const IdSet have = SetOf(project);
    for (uint32_t id : project.children[0]->ids) {
      if (wanted.contains(id) && !have.contains(id)) missing.push_back(id);
    }
    for (uint32_t id : missing) {
      if (std::find(project.ids.begin(), project.ids.end(), id) != project.ids.end()) continue;
      project.ids.push_back(id);
      project.expressions.push_back(ColumnOf(id));
    }
  }
}

void Decorrelate::PullUp(NodePtr& node, const IdSet& outer, Conjuncts* pulled) {
  if (!plan::Intersects(plan::OuterIds(*node, context_.plan.subplans), outer)) return;
  switch (node->kind) {
    case NodeKind::kFilter: {
      PullUp(node->children[0], outer, pulled);
      auto& filter = static_cast<plan::FilterNode&>(*node);
      Conjuncts rest;
      for (ExprPtr& conjunct : plan::SplitAnd(std::move(filter.predicate))) {
        (Uses(*conjunct, outer) ? *pulled : rest).push_back(std::move(conjunct));
      }
      filter.ids = filter.children[0]->ids;
      if (rest.empty()) {
        NodePtr child = std::move(filter.children[0]);
        node = std::move(child);
      } else {
        filter.predicate = plan::JoinAnd(std::move(rest));
      }
      return;
    }
    case NodeKind::kProject: {
      PullUp(node->children[0], outer, pulled);
      IdSet wanted;
      for (const ExprPtr& conjunct : *pulled) {
        plan::CollectIds(*conjunct, context_.plan.subplans, &wanted);
      }
      return Expose(*node, wanted);
    }
    case NodeKind::kSort:
      PullUp(node->children[0], outer, pulled);
      node->ids = node->children[0]->ids;
      return;
    case NodeKind::kJoin: {
      auto& join = static_cast<plan::JoinNode&>(*node);
      PullUp(join.children[0], outer, pulled);
      const bool inner = join.join_type == JoinType::kInner;
      if (inner) PullUp(join.children[1], outer, pulled);
      if (inner && join.condition != nullptr) {
        Conjuncts rest;
        for (ExprPtr& conjunct : plan::SplitAnd(std::move(join.condition))) {
          (Uses(*conjunct, outer) ? *pulled : rest).push_back(std::move(conjunct));
        }
        join.condition = plan::JoinAnd(std::move(rest));
      }
      const IdSet right = SetOf(*join.children[1]);
      std::vector<uint32_t> ids = join.children[0]->ids;
      for (uint32_t id : join.ids) {  // A mark, and the right side where it is handed on.
        if (std::find(ids.begin(), ids.end(), id) == ids.end() && !right.contains(id)) {
          ids.push_back(id);
        }
      }
      if (join.join_type == JoinType::kInner || join.join_type == JoinType::kLeft ||
          join.join_type == JoinType::kSingle || join.join_type == JoinType::kFull ||
          join.join_type == JoinType::kRight) {
        const auto& r = join.children[1]->ids;
        ids.insert(ids.end(), r.begin(), r.end());
      }
      join.ids = std::move(ids);
      return;
    }
    default:
      return;
  }
}

// The comparison of IN with ids: left values for the first columns, the subplan's for the rest.
ExprPtr Decorrelate::Comparison(const expr::SubplanExpr& subplan) const {
  const size_t width = subplan.children.size();
  const plan::Node& node = *context_.plan.subplans[subplan.subplan];
  return expr::Rewrite(subplan.comparison->Clone(), [&](ExprPtr expr) -> ExprPtr {
    if (expr->kind != ExprKind::kColumn) return expr;
    const uint32_t index = As<expr::ColumnExpr>(*expr).index;
    if (index < width) return subplan.children[index]->Clone();
    return ColumnOf(node.ids[index - width]);
  });
}

bool Decorrelate::TrySemi(const expr::Expr& conjunct, NodePtr& input) {
  const bool negated = conjunct.kind == ExprKind::kNot;
  const expr::Expr& inside = negated ? *conjunct.children[0] : conjunct;
  if (inside.kind != ExprKind::kSubplan) return false;
  const auto& subplan = As<expr::SubplanExpr>(inside);
  if (subplan.test != Test::kExists && subplan.test != Test::kAny) return false;
  NodePtr& body = context_.plan.subplans[subplan.subplan];
  if (body == nullptr) return false;
  StripOrder(body);
  const IdSet left = SetOf(*input);
  const IdSet outer = OuterOf(subplan.subplan);
  const bool correlated = plan::Intersects(outer, left);
  if (subplan.test == Test::kExists && !correlated) return false;  // Runs once as it is.
  Conjuncts conjuncts;
  bool null_aware = false;
  if (subplan.test == Test::kAny) {
    for (const ExprPtr& value : subplan.children) {
      if (expr::ContainsSubplan(*value) || expr::ContainsVolatile(*value)) return false;
    }
    ExprPtr comparison = Comparison(subplan);
    if (negated) {
      // NOT IN needs NULLs told apart, which only plain equality on an uncorrelated list does.
      if (correlated || !IsEquality(*comparison) ||
          comparison->children[0]->type.oid != comparison->children[1]->type.oid) {
        return false;
      }
      null_aware = true;
    }
    conjuncts.push_back(std::move(comparison));
  }
  if (correlated) {
    if (!CanPull(*body, left)) return false;
    PullUp(body, left, &conjuncts);
  }
  input = MakeJoin(negated ? JoinType::kAnti : JoinType::kSemi, std::move(input), std::move(body),
                   std::move(conjuncts));
  static_cast<plan::JoinNode&>(*input).null_aware = null_aware;
  return true;
}

ExprPtr Decorrelate::TryMark(const expr::SubplanExpr& subplan, NodePtr& input) {
  NodePtr& body = context_.plan.subplans[subplan.subplan];
  const IdSet left = SetOf(*input);
  if (subplan.test != Test::kAny || body == nullptr ||
      plan::Intersects(OuterOf(subplan.subplan), left)) {
    return nullptr;
  }
  for (const ExprPtr& value : subplan.children) {
    if (expr::ContainsSubplan(*value) || expr::ContainsVolatile(*value)) return nullptr;
  }
  ExprPtr comparison = Comparison(subplan);
  if (!IsEquality(*comparison) ||
      comparison->children[0]->type.oid != comparison->children[1]->type.oid) {
    return nullptr;
  }
  StripOrder(body);
  plan::ColumnRecord record;
  record.name = "mark";
  record.type = {type_oid::kBool, -1};
  record.physical = PhysicalType::kBool;
  const uint32_t mark = context_.columns.Add(std::move(record));
  Conjuncts conjuncts;
  conjuncts.push_back(std::move(comparison));
  input = MakeJoin(JoinType::kMark, std::move(input), std::move(body), std::move(conjuncts));
  input->ids.push_back(mark);
  return ColumnOf(mark);
}

ExprPtr Decorrelate::TryScalar(const expr::SubplanExpr& subplan, NodePtr& input) {
  NodePtr& body = context_.plan.subplans[subplan.subplan];
  const IdSet left = SetOf(*input);
  if (subplan.test != Test::kScalar || body == nullptr ||
      !plan::Intersects(OuterOf(subplan.subplan), left)) {
    return nullptr;
  }
  if (ExprPtr column = TryScalarAggregate(subplan, input)) return column;
  if (!CanPull(*body, left)) return nullptr;
  const uint32_t value = body->ids[0];
  Conjuncts conjuncts;
  StripOrder(body);
  PullUp(body, left, &conjuncts);
  input = MakeJoin(JoinType::kSingle, std::move(input), std::move(body), std::move(conjuncts));
  return ColumnOf(value);
}

namespace {

// `value`, over the outputs of the projects, as an expression over the last one's input.
ExprPtr ThroughProjects(ExprPtr value, const std::vector<plan::ProjectNode*>& projects) {
  for (plan::ProjectNode* project : projects) {
    if (project->shape_only) continue;
    value = expr::Rewrite(std::move(value), [&](ExprPtr expr) -> ExprPtr {
      if (expr->kind != ExprKind::kColumn) return expr;
      for (size_t i = 0; i < project->ids.size(); ++i) {
        if (project->ids[i] == As<expr::ColumnExpr>(*expr).index) {
          return project->expressions[i]->Clone();
        }
      }
      return expr;
    });
  }
  return value;
}

// By conjunct, which side of the equality is of inner columns only; -1: it is no such equality.
std::vector<int> InnerSides(const std::vector<ExprPtr>& pulled, const IdSet& inner) {
  std::vector<int> inner_side;
  for (const ExprPtr& conjunct : pulled) {
    int side = -1;
    for (const int candidate : {0, 1}) {
      if (!IsEquality(*conjunct)) break;
      IdSet mine, other;
      plan::CollectIds(*conjunct->children[candidate], {}, &mine);
      plan::CollectIds(*conjunct->children[1 - candidate], {}, &other);
      if (!mine.empty() && plan::IsSubset(mine, inner) && !plan::Intersects(other, inner)) {
        side = candidate;
      }
    }
    inner_side.push_back(side);
  }
  return inner_side;
}

// `value` with 0 in place of a NULL that a count gives where no row matches.
ExprPtr WithZeroCounts(ExprPtr value, const plan::AggregateNode& aggregate,
                       const std::vector<uint32_t>& call_ids) {
  return expr::Rewrite(std::move(value), [&](ExprPtr expr) -> ExprPtr {
    if (expr->kind != ExprKind::kColumn) return expr;
    for (size_t i = 0; i < call_ids.size(); ++i) {
      if (call_ids[i] != As<expr::ColumnExpr>(*expr).index ||
          aggregate.calls[i].function->name != "count") {
        continue;
      }
      auto zero = std::make_unique<expr::CoalesceExpr>(expr->type);
      zero->children.push_back(std::move(expr));
      zero->children.push_back(std::make_unique<expr::ConstantExpr>(Value::Int8(0)));
      return zero;
    }
    return expr;
  });
}

}  // namespace

// (SELECT f(agg(x)) FROM s WHERE s.k = t.k): s is grouped by k, joined on k, and f is computed
// above.
ExprPtr Decorrelate::TryScalarAggregate(const expr::SubplanExpr& subplan, NodePtr& input) {
  NodePtr& body = context_.plan.subplans[subplan.subplan];
  const IdSet left = SetOf(*input);
  std::vector<plan::ProjectNode*> projects;
  plan::Node* node = body.get();
  while (node->kind == NodeKind::kProject) {
    projects.push_back(static_cast<plan::ProjectNode*>(node));
    node = node->children[0].get();
  }
  if (node->kind != NodeKind::kAggregate) return nullptr;
  auto& aggregate = static_cast<plan::AggregateNode&>(*node);
  if (!aggregate.groups.empty() || !aggregate.grouping_sets.empty()) return nullptr;
  bool uses_outer = false;
  plan::ForEachExpr(aggregate, [&](ExprPtr& expr) { uses_outer |= Uses(*expr, left); });
  // The value, as an expression over the aggregate's output.
  uint32_t id = body->ids[0];
  ExprPtr value = ThroughProjects(ColumnOf(id), projects);
  if (uses_outer || expr::ContainsVolatile(*value) || expr::ContainsSubplan(*value) ||
      Uses(*value, left) || !CanPull(*aggregate.children[0], left)) {
    return nullptr;
  }
  Conjuncts pulled;
  PullUp(aggregate.children[0], left, &pulled);
  const IdSet inner = SetOf(*aggregate.children[0]);
  // Every pulled conjunct must be an equality of an inner with an outer expression.
  const std::vector<int> inner_side = InnerSides(pulled, inner);
  if (std::find(inner_side.begin(), inner_side.end(), -1) != inner_side.end()) {
    // Back where they came from: above the aggregate's input.
    NodePtr& input = aggregate.children[0];
    input = plan::MakeFilter(std::move(input), plan::JoinAnd(std::move(pulled)));
    return nullptr;
  }
  std::vector<uint32_t> call_ids = aggregate.ids;
  std::vector<uint32_t> ids;
  std::vector<uint32_t> set;
  for (size_t i = 0; i < pulled.size(); ++i) {
    ExprPtr& key = pulled[i]->children[inner_side[i]];
    plan::ColumnRecord record;
    record.name = key->kind == ExprKind::kColumn ? As<expr::ColumnExpr>(*key).name : "key";
    if (key->kind == ExprKind::kColumn) {
      record = context_.columns[As<expr::ColumnExpr>(*key).index];
    }
    record.type = key->type;
    record.physical = key->physical;
    const uint32_t group = context_.columns.Add(std::move(record));
    ids.push_back(group);
    set.push_back(static_cast<uint32_t>(i));
    aggregate.groups.push_back(std::move(key));
    key = ColumnOf(group);
  }
  aggregate.grouping_sets.push_back(std::move(set));
  ids.insert(ids.end(), call_ids.begin(), call_ids.end());
  aggregate.ids = std::move(ids);
  // Where no row matches, count gives 0 and every other aggregate NULL, as over no rows.
  value = WithZeroCounts(std::move(value), aggregate, call_ids);
  NodePtr right;
  if (projects.empty()) {
    right = std::move(body);
  } else {
    right = std::move(projects.back()->children[0]);
    body.reset();
  }
  input = MakeJoin(JoinType::kLeft, std::move(input), std::move(right), std::move(pulled));
  return value;
}

void Decorrelate::ReplaceInside(ExprPtr& expr, NodePtr& input, bool conditional) {
  if (expr->kind == ExprKind::kSubplan) {
    const auto& subplan = As<expr::SubplanExpr>(*expr);
    if (const auto known = replaced_.find(subplan.subplan); known != replaced_.end()) {
      expr = known->second->Clone();
      return;
    }
    const uint32_t number = subplan.subplan;
    ExprPtr column = TryMark(subplan, input);
    // A sub-select that may not run must not raise errors: below CASE and the like it stays.
    if (column == nullptr && !conditional) column = TryScalar(subplan, input);
    if (column != nullptr) {
      replaced_[number] = column->Clone();
      expr = std::move(column);
    }
    return;
  }
  const bool guards = expr->kind == ExprKind::kCase || expr->kind == ExprKind::kCoalesce;
  for (ExprPtr& child : expr->children) ReplaceInside(child, input, conditional || guards);
}

void Decorrelate::VisitFilter(NodePtr& node) {
  auto& filter = static_cast<plan::FilterNode&>(*node);
  if (!expr::ContainsSubplan(*filter.predicate)) return;
  NodePtr input = std::move(filter.children[0]);
  Conjuncts rest;
  for (ExprPtr& conjunct : plan::SplitAnd(std::move(filter.predicate))) {
    if (!expr::ContainsSubplan(*conjunct)) {
      rest.push_back(std::move(conjunct));
      continue;
    }
    if (TrySemi(*conjunct, input)) continue;
    if (!expr::ContainsVolatile(*conjunct)) ReplaceInside(conjunct, input, false);
    rest.push_back(std::move(conjunct));
  }
  if (rest.empty()) {
    node = std::move(input);
    return;
  }
  filter.ids = input->ids;
  filter.predicate = plan::JoinAnd(std::move(rest));
  filter.children[0] = std::move(input);
}

void Decorrelate::VisitProject(NodePtr& node) {
  auto& project = static_cast<plan::ProjectNode&>(*node);
  for (ExprPtr& expr : project.expressions) {
    if (expr::ContainsSubplan(*expr) && !expr::ContainsVolatile(*expr)) {
      ReplaceInside(expr, project.children[0], false);
    }
  }
}

}  // namespace helios::sql::optimizer
