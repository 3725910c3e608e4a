#include "sql/optimizer/internal/pushdown.h"

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

// Whether the expression is NULL when every column of `side` is. False is not NULL: NOT turns it to
// true.
bool IsNullWith(const expr::Expr& expr, const IdSet& side) {
  const auto is_null = [&](const ExprPtr& child) { return IsNullWith(*child, side); };
  switch (expr.kind) {
    case ExprKind::kColumn:
      return side.contains(As<expr::ColumnExpr>(expr).index);
    case ExprKind::kFunction:
      return As<expr::FunctionExpr>(expr).function->strict &&
             std::any_of(expr.children.begin(), expr.children.end(), is_null);
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return std::all_of(expr.children.begin(), expr.children.end(), is_null);
    case ExprKind::kCast:
    case ExprKind::kInList:
    case ExprKind::kNot:
      return is_null(expr.children[0]);
    default:
      return false;
  }
}

}  // namespace

ExprPtr Substitute(ExprPtr expr, const ExprMap& map) {
  return expr::Rewrite(std::move(expr), [&](ExprPtr node) -> ExprPtr {
    if (node->kind != ExprKind::kColumn) return node;
    const auto found = map.find(As<expr::ColumnExpr>(*node).index);
    return found == map.end() ? std::move(node) : found->second->Clone();
  });
}

IdSet Pushdown::IdsOf(const expr::Expr& expr) const {
  IdSet ids;
  plan::CollectIds(expr, context_.plan.subplans, &ids);
  return ids;
}

void Pushdown::Keep(NodePtr& node, Conjuncts conjuncts) {
  if (conjuncts.empty()) return;
  node = plan::MakeFilter(std::move(node), plan::JoinAnd(std::move(conjuncts)));
}

void Pushdown::Run() {
  Push(context_.plan.root, {});
  for (NodePtr& subplan : context_.plan.subplans) {
    if (subplan != nullptr) Push(subplan, {});
  }
}

void Pushdown::Push(NodePtr& node, Conjuncts conjuncts) {
  switch (node->kind) {
    case NodeKind::kFilter: {
      Conjuncts own = plan::SplitAnd(std::move(static_cast<plan::FilterNode&>(*node).predicate));
      NodePtr child = std::move(node->children[0]);
      node = std::move(child);
      Conjuncts stay;
      for (ExprPtr& conjunct : own) {
        (expr::ContainsVolatile(*conjunct) ? stay : conjuncts).push_back(std::move(conjunct));
      }
      ExtractFromOr(&conjuncts, {}, context_.plan.subplans);
      Push(node, std::move(conjuncts));
      return Keep(node, std::move(stay));
    }
    case NodeKind::kProject:
      return PushProject(node, std::move(conjuncts));
    case NodeKind::kJoin:
      return PushJoin(node, std::move(conjuncts));
    case NodeKind::kAggregate:
      return PushAggregate(node, std::move(conjuncts));
    case NodeKind::kSetOperation:
      return PushSetOperation(node, std::move(conjuncts));
    case NodeKind::kWindow:
      return PushWindow(node, std::move(conjuncts));
    case NodeKind::kScan:
      return PushScan(node, std::move(conjuncts));
    case NodeKind::kSystemScan:
      return PushSystemScan(node, std::move(conjuncts));
    case NodeKind::kSort:
      Push(node->children[0], std::move(conjuncts));
      return;
    case NodeKind::kDistinctOn: {
      IdSet keys;
      for (const ExprPtr& key : static_cast<plan::DistinctOnNode&>(*node).keys) {
        if (key->kind == ExprKind::kColumn) keys.insert(As<expr::ColumnExpr>(*key).index);
      }
      return PushPartly(node, std::move(conjuncts), keys);
    }
    case NodeKind::kProjectSet: {
      IdSet plain;
      const auto& set = static_cast<plan::ProjectSetNode&>(*node);
      for (size_t i = 0; i < set.items.size(); ++i) {
        const auto& item = set.items[i];
        if (item.scalar != nullptr && item.scalar->kind == ExprKind::kColumn &&
            As<expr::ColumnExpr>(*item.scalar).index == set.ids[i]) {
          plain.insert(set.ids[i]);
        }
      }
      return PushPartly(node, std::move(conjuncts), plain);
    }
    case NodeKind::kWithCte:
      Push(node->children[0], std::move(conjuncts));
      for (size_t i = 1; i < node->children.size(); ++i) Push(node->children[i], {});
      return;
    default:
      for (NodePtr& child : node->children) Push(child, {});
      return Keep(node, std::move(conjuncts));
  }
}

// Conjuncts over `allowed` columns (and outer ones) go below, the others stay.
void Pushdown::PushPartly(NodePtr& node, Conjuncts conjuncts, const IdSet& allowed) {
  const IdSet own(node->ids.begin(), node->ids.end());
  Conjuncts down, stay;
  for (ExprPtr& conjunct : conjuncts) {
    bool fits = !expr::ContainsVolatile(*conjunct);
    for (uint32_t id : IdsOf(*conjunct)) fits = fits && (!own.contains(id) || allowed.contains(id));
    (fits ? down : stay).push_back(std::move(conjunct));
  }
  Push(node->children[0], std::move(down));
  Keep(node, std::move(stay));
}

void Pushdown::PushProject(NodePtr& node, Conjuncts conjuncts) {
  auto& project = static_cast<plan::ProjectNode&>(*node);
  ExprMap map;
  IdSet blocked, computed;
  for (size_t i = 0; i < project.expressions.size() && !project.shape_only; ++i) {
    const expr::Expr& value = *project.expressions[i];
    const uint32_t id = project.ids[i];
    if (value.kind == ExprKind::kColumn && As<expr::ColumnExpr>(value).index == id) continue;
    if (expr::ContainsVolatile(value) || expr::ContainsSubplan(value)) {
      blocked.insert(id);
    } else {
      map[id] = &value;
      computed.insert(id);
    }
  }
  Conjuncts down, stay;
  for (ExprPtr& conjunct : conjuncts) {
    const IdSet used = IdsOf(*conjunct);
    // A sub-select's own use of a computed column is not rewritten.
    const bool hard = expr::ContainsSubplan(*conjunct) && plan::Intersects(used, computed);
    if (plan::Intersects(used, blocked) || hard) {
      stay.push_back(std::move(conjunct));
    } else {
      down.push_back(Substitute(std::move(conjunct), map));
    }
  }
  Push(node->children[0], std::move(down));
  Keep(node, std::move(stay));
}

// Whether the expression cannot be true when every column of `side` is NULL.
bool Pushdown::RejectsNulls(const expr::Expr& expr, const IdSet& side) const {
  const auto rejects = [&](const ExprPtr& child) { return RejectsNulls(*child, side); };
  switch (expr.kind) {
    case ExprKind::kAnd:
      return std::any_of(expr.children.begin(), expr.children.end(), rejects);
    case ExprKind::kOr:
      return std::all_of(expr.children.begin(), expr.children.end(), rejects);
    case ExprKind::kScalarArrayOp: {
      // ALL over an empty array is true, whatever is compared with it.
      const auto& compared = As<expr::ScalarArrayOpExpr>(expr);
      return !compared.all && compared.function->strict && IsNullWith(*expr.children[0], side);
    }
    case ExprKind::kIsNull:
      return As<expr::IsNullExpr>(expr).negated && IsNullWith(*expr.children[0], side);
    case ExprKind::kIsBool: {
      const auto& is = As<expr::IsBoolExpr>(expr);
      if (is.test == expr::IsBoolExpr::Test::kTrue && !is.negated) return rejects(expr.children[0]);
      return is.negated == (is.test == expr::IsBoolExpr::Test::kUnknown) &&
             IsNullWith(*expr.children[0], side);
    }
    default:
      return IsNullWith(expr, side);
  }
}

void Pushdown::PushJoin(NodePtr& node, Conjuncts conjuncts) {
  auto& join = static_cast<plan::JoinNode&>(*node);
  const IdSet left(join.children[0]->ids.begin(), join.children[0]->ids.end());
  const IdSet right(join.children[1]->ids.begin(), join.children[1]->ids.end());
  // A conjunct above that no padded row passes makes the padding pointless.
  for (const ExprPtr& conjunct : conjuncts) {
    const bool needs_left = RejectsNulls(*conjunct, left);
    const bool needs_right = RejectsNulls(*conjunct, right);
    if (join.join_type == JoinType::kLeft && needs_right) join.join_type = JoinType::kInner;
    if (join.join_type == JoinType::kRight && needs_left) join.join_type = JoinType::kInner;
    if (join.join_type == JoinType::kFull) {
      if (needs_left && needs_right) {
        join.join_type = JoinType::kInner;
      } else if (needs_left) {
        join.join_type = JoinType::kLeft;
      } else if (needs_right) {
        join.join_type = JoinType::kRight;
      }
    }
  }
  if (join.join_type == JoinType::kRight) {
    std::swap(join.children[0], join.children[1]);
    join.join_type = JoinType::kLeft;
  }
  if (join.join_type == JoinType::kInner) return PushInner(join, std::move(conjuncts));
  PushOuter(node, std::move(conjuncts));
}

void Pushdown::PushInner(plan::JoinNode& join, Conjuncts conjuncts) {
  for (ExprPtr& conjunct : plan::SplitAnd(std::move(join.condition))) {
    conjuncts.push_back(std::move(conjunct));
  }
  const IdSet left(join.children[0]->ids.begin(), join.children[0]->ids.end());
  const IdSet right(join.children[1]->ids.begin(), join.children[1]->ids.end());
  SpreadConstants(&conjuncts);
  ExtractFromOr(&conjuncts, {left, right}, context_.plan.subplans);
  Conjuncts to_left, to_right, both;
  for (ExprPtr& conjunct : conjuncts) {
    const IdSet used = IdsOf(*conjunct);
    const bool on_left = plan::Intersects(used, left);
    const bool on_right = plan::Intersects(used, right);
    if ((on_left && on_right) || expr::ContainsVolatile(*conjunct)) {
      both.push_back(std::move(conjunct));
    } else if (on_right) {
      to_right.push_back(std::move(conjunct));
    } else {
      to_left.push_back(std::move(conjunct));
    }
  }
  join.condition = plan::JoinAnd(std::move(both));
  Push(join.children[0], std::move(to_left));
  Push(join.children[1], std::move(to_right));
}

// Left, full, semi, anti, mark and single joins: what stands above filters the left side alone; the
// condition's conjuncts over the right side alone filter that.
void Pushdown::PushOuter(NodePtr& node, Conjuncts conjuncts) {
  auto& join = static_cast<plan::JoinNode&>(*node);
  const IdSet left(join.children[0]->ids.begin(), join.children[0]->ids.end());
  const IdSet right(join.children[1]->ids.begin(), join.children[1]->ids.end());
  IdSet made;  // Columns that only the join itself has: the mark.
  for (uint32_t id : join.ids) {
    if (!left.contains(id) && !right.contains(id)) made.insert(id);
  }
  const bool full = join.join_type == JoinType::kFull;
  Conjuncts to_left, to_right, stay, condition;
  std::vector<ExprPtr> known;  // Left equalities, to spread through the condition.
  for (ExprPtr& conjunct : conjuncts) {
    const IdSet used = IdsOf(*conjunct);
    if (full || plan::Intersects(used, right) || plan::Intersects(used, made) ||
        expr::ContainsVolatile(*conjunct)) {
      stay.push_back(std::move(conjunct));
    } else {
      known.push_back(conjunct->Clone());
      to_left.push_back(std::move(conjunct));
    }
  }
  Conjuncts own = plan::SplitAnd(std::move(join.condition));
  if (!full && !join.null_aware) {
    // The left side's constants hold for every row that the condition is asked about.
    for (const ExprPtr& conjunct : own) known.push_back(conjunct->Clone());
    const size_t before = known.size();
    SpreadConstants(&known);
    for (size_t i = before; i < known.size(); ++i) own.push_back(std::move(known[i]));
  }
  for (ExprPtr& conjunct : own) {
    const IdSet used = IdsOf(*conjunct);
    const bool on_left = plan::Intersects(used, left);
    const bool semi = join.join_type == JoinType::kSemi;
    const bool right_ok = !full && !expr::ContainsVolatile(*conjunct) && !on_left &&
                          plan::Intersects(used, right) &&
                          !(join.null_aware || join.join_type == JoinType::kMark);
    if (right_ok) {
      to_right.push_back(std::move(conjunct));
    } else if (semi && on_left && !plan::Intersects(used, right) &&
               !expr::ContainsVolatile(*conjunct)) {
      to_left.push_back(std::move(conjunct));
    } else {
      condition.push_back(std::move(conjunct));
    }
  }
  join.condition = plan::JoinAnd(std::move(condition));
  Push(join.children[0], std::move(to_left));
  Push(join.children[1], std::move(to_right));
  Keep(node, std::move(stay));
}

void Pushdown::PushAggregate(NodePtr& node, Conjuncts conjuncts) {
  auto& aggregate = static_cast<plan::AggregateNode&>(*node);
  ExprMap map;
  IdSet groups;
  if (!aggregate.groups.empty() && aggregate.grouping_sets.size() <= 1) {
    for (size_t i = 0; i < aggregate.groups.size(); ++i) {
      if (expr::ContainsVolatile(*aggregate.groups[i]) ||
          expr::ContainsSubplan(*aggregate.groups[i])) {
        continue;
      }
      if (!aggregate.grouping_sets.empty() &&
          aggregate.grouping_sets[0].size() != aggregate.groups.size()) {
        continue;
      }
      map[aggregate.ids[i]] = aggregate.groups[i].get();
      groups.insert(aggregate.ids[i]);
    }
  }
  const IdSet own(node->ids.begin(), node->ids.end());
  Conjuncts down, stay;
  for (ExprPtr& conjunct : conjuncts) {
    bool fits = !aggregate.groups.empty() && !groups.empty() && !expr::ContainsSubplan(*conjunct);
    for (uint32_t id : IdsOf(*conjunct)) fits = fits && (!own.contains(id) || groups.contains(id));
    if (fits) {
      down.push_back(Substitute(std::move(conjunct), map));
    } else {
      stay.push_back(std::move(conjunct));
    }
  }
  Push(node->children[0], std::move(down));
  Keep(node, std::move(stay));
}

void Pushdown::PushSetOperation(NodePtr& node, Conjuncts conjuncts) {
  const std::vector<uint32_t> ids = node->ids;
  std::vector<Conjuncts> below(node->children.size());
  Conjuncts stay;
  for (ExprPtr& conjunct : conjuncts) {
    if (expr::ContainsSubplan(*conjunct)) {
      stay.push_back(std::move(conjunct));
      continue;
    }
    for (size_t c = 0; c < node->children.size(); ++c) {
      plan::IdMap map;
      for (size_t i = 0; i < ids.size(); ++i) map[ids[i]] = node->children[c]->ids[i];
      ExprPtr copy = conjunct->Clone();
      plan::RenameIds(*copy, map, context_.plan.subplans);
      below[c].push_back(std::move(copy));
    }
  }
  for (size_t c = 0; c < node->children.size(); ++c) {
    Push(node->children[c], std::move(below[c]));
  }
  Keep(node, std::move(stay));
}

void Pushdown::PushWindow(NodePtr& node, Conjuncts conjuncts) {
  const auto& window = static_cast<plan::WindowNode&>(*node);
  IdSet partition;
  for (const ExprPtr& key : window.partition_by) {
    if (key->kind == ExprKind::kColumn) partition.insert(As<expr::ColumnExpr>(*key).index);
  }
  PushPartly(node, std::move(conjuncts), partition);
}

void Pushdown::PushScan(NodePtr& node, Conjuncts conjuncts) {
  auto& scan = static_cast<plan::ScanNode&>(*node);
  Conjuncts inside, stay;
  for (ExprPtr& conjunct : conjuncts) {
    const bool fits = !expr::ContainsSubplan(*conjunct) && !expr::ContainsVolatile(*conjunct);
    (fits ? inside : stay).push_back(std::move(conjunct));
  }
  if (!inside.empty()) {
    if (scan.filter != nullptr) inside.insert(inside.begin(), scan.filter->Clone());
    scan.filter = plan::JoinAnd(std::move(inside));
  }
  Keep(node, std::move(stay));
}

// The generator of a system table gets equalities as hints, and they are checked all the same.
void Pushdown::PushSystemScan(NodePtr& node, Conjuncts conjuncts) {
  auto& scan = static_cast<plan::SystemScanNode&>(*node);
  const IdSet own(node->ids.begin(), node->ids.end());
  for (const ExprPtr& conjunct : conjuncts) {
    if (conjunct->kind != ExprKind::kFunction || conjunct->children.size() != 2 ||
        As<expr::FunctionExpr>(*conjunct).operator_name != "=") {
      continue;
    }
    for (const size_t side : {0, 1}) {
      const expr::Expr* column = conjunct->children[side].get();
      while (column->kind == ExprKind::kCast &&
             As<expr::CastExpr>(*column).method == expr::CastExpr::Method::kBinary) {
        column = column->children[0].get();
      }
      const expr::Expr& value = *conjunct->children[1 - side];
      if (column->kind != ExprKind::kColumn || expr::ContainsSubplan(value) ||
          plan::Intersects(IdsOf(value), own)) {
        continue;
      }
      for (size_t i = 0; i < scan.ids.size(); ++i) {
        if (scan.ids[i] == As<expr::ColumnExpr>(*column).index) {
          scan.equal_hints.push_back({scan.columns[i], value.Clone()});
        }
      }
    }
  }
  Keep(node, std::move(conjuncts));
}

}  // namespace helios::sql::optimizer
