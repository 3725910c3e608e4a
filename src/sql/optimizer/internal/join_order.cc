#include "sql/optimizer/internal/join_order.h"

#include <algorithm>
#include <bit>

namespace helios::sql::optimizer {

namespace {
using expr::ExprPtr;
using plan::IdSet;
using plan::JoinType;
using plan::NodeKind;
using plan::NodePtr;

constexpr size_t kRelationsMax = 64;  // Bits of a set.
// What a row costs: to put into a hash table, to look up, to hand on.
constexpr double kBuildCost = 2.0;
constexpr double kProbeCost = 1.0;
constexpr double kOutputCost = 0.5;

double CostOf(double left, double right, double rows, bool connected) {
  if (!connected) return left * right * 2;
  return std::min(left, right) * kBuildCost + std::max(left, right) * kProbeCost +
         rows * kOutputCost;
}
}  // namespace

bool JoinOrder::CanReorder(const plan::Node& node) const {
  if (node.kind != NodeKind::kJoin) return false;
  const auto& join = static_cast<const plan::JoinNode&>(node);
  if (join.join_type != JoinType::kInner) return false;
  if (join.condition != nullptr &&
      (expr::ContainsVolatile(*join.condition) || expr::ContainsSubplan(*join.condition))) {
    return false;
  }
  // A side that uses the other's columns fixes the order.
  const IdSet left(join.children[0]->ids.begin(), join.children[0]->ids.end());
  return !plan::Intersects(plan::OuterIds(*join.children[1], context_.plan.subplans), left);
}

bool JoinOrder::Flatten(NodePtr& node, std::vector<NodePtr>* leaves,
                        std::vector<ExprPtr>* conjuncts) {
  if (!CanReorder(*node)) {
    leaves->push_back(std::move(node));
    return false;
  }
  auto& join = static_cast<plan::JoinNode&>(*node);
  for (ExprPtr& conjunct : plan::SplitAnd(std::move(join.condition))) {
    conjuncts->push_back(std::move(conjunct));
  }
  Flatten(join.children[0], leaves, conjuncts);
  Flatten(join.children[1], leaves, conjuncts);
  return true;
}

bool JoinOrder::Connected(uint64_t left, uint64_t right) const {
  return std::any_of(edges_.begin(), edges_.end(), [&](const Edge& edge) {
    return (edge.relations & left) != 0 && (edge.relations & right) != 0 &&
           (edge.relations & ~(left | right)) == 0;
  });
}

double JoinOrder::JoinRows(double left, double right, uint64_t left_set, uint64_t right_set) const {
  double rows = left * right;
  int equalities = 0;
  for (const Edge& edge : edges_) {
    if ((edge.relations & left_set) == 0 || (edge.relations & right_set) == 0 ||
        (edge.relations & ~(left_set | right_set)) != 0) {
      continue;
    }
    const double selectivity = estimator_.JoinSelectivity(*edge.conjunct, left, right);
    // Several equalities between two inputs are mostly parts of one key: the others count for less.
    rows *= equalities == 0 ? selectivity : std::max(selectivity, 0.1);
    if (selectivity < 0.2) ++equalities;
  }
  return std::max(rows, 1.0);
}

void JoinOrder::SearchAll(size_t count) {
  const uint64_t all = (uint64_t{1} << count) - 1;
  for (uint64_t set = 1; set <= all; ++set) {
    if (std::popcount(set) < 2) continue;
    Entry best;
    for (const bool want_connected : {true, false}) {
      // Each split once: the half with the lowest relation is `left`.
      const uint64_t lowest = set & (~set + 1);
      for (uint64_t left = (set - 1) & set; left != 0; left = (left - 1) & set) {
        if ((left & lowest) == 0) continue;
        const uint64_t right = set & ~left;
        const Entry& a = At(left);
        const Entry& b = At(right);
        if (!a.valid || !b.valid || Connected(left, right) != want_connected) continue;
        const double rows = JoinRows(a.rows, b.rows, left, right);
        const double cost = a.cost + b.cost + CostOf(a.rows, b.rows, rows, want_connected);
        if (best.valid && best.cost <= cost) continue;
        best = {rows, cost, left, right, true};
      }
      if (best.valid) break;  // Cross products only where nothing connects.
    }
    if (best.valid) At(set) = best;
  }
}

void JoinOrder::SearchGreedy(size_t count) {
  std::vector<uint64_t> parts;
  for (size_t i = 0; i < count; ++i) parts.push_back(uint64_t{1} << i);
  while (parts.size() > 1) {
    Entry best;
    size_t first = 0, second = 1;
    for (const bool want_connected : {true, false}) {
      for (size_t i = 0; i < parts.size(); ++i) {
        for (size_t j = i + 1; j < parts.size(); ++j) {
          if (Connected(parts[i], parts[j]) != want_connected) continue;
          const Entry& a = At(parts[i]);
          const Entry& b = At(parts[j]);
          const double rows = JoinRows(a.rows, b.rows, parts[i], parts[j]);
          const double cost = CostOf(a.rows, b.rows, rows, want_connected);
          if (best.valid && best.cost <= cost) continue;
          best = {rows, cost, parts[i], parts[j], true};
          first = i;
          second = j;
        }
      }
      if (best.valid) break;
    }
    best.cost += At(parts[first]).cost + At(parts[second]).cost;
    At(parts[first] | parts[second]) = best;
    parts[first] |= parts[second];
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(second));
  }
}

NodePtr JoinOrder::Build(uint64_t set) {
  const Entry entry = At(set);
  if (entry.left == 0) return std::move(leaves_[static_cast<size_t>(std::countr_zero(set))]);
  uint64_t left_set = entry.left;
  uint64_t right_set = entry.right;
  if (At(left_set).rows < At(right_set).rows) std::swap(left_set, right_set);
  auto join = std::make_unique<plan::JoinNode>();
  NodePtr left = Build(left_set);
  NodePtr right = Build(right_set);
  join->ids = left->ids;
  join->ids.insert(join->ids.end(), right->ids.begin(), right->ids.end());
  std::vector<ExprPtr> mine;
  for (Edge& edge : edges_) {
    if (edge.conjunct == nullptr || (edge.relations & ~set) != 0) continue;
    mine.push_back(std::move(edge.conjunct));
  }
  join->condition = plan::JoinAnd(std::move(mine));
  join->estimated_rows = entry.rows;
  join->children.push_back(std::move(left));
  join->children.push_back(std::move(right));
  return join;
}

// A hash join builds from its right side. A left join that keeps the small side and reads the large
// one is turned around.
void JoinOrder::OrientOuter(plan::JoinNode& join) {
  if (join.join_type != JoinType::kLeft && join.join_type != JoinType::kFull) return;
  const double left = join.children[0]->estimated_rows;
  const double right = join.children[1]->estimated_rows;
  if (left * 2 >= right || join.condition == nullptr) return;
  const IdSet right_ids(join.children[1]->ids.begin(), join.children[1]->ids.end());
  const IdSet left_ids(join.children[0]->ids.begin(), join.children[0]->ids.end());
  if (plan::Intersects(plan::OuterIds(*join.children[1], context_.plan.subplans), left_ids)) {
    return;
  }
  std::swap(join.children[0], join.children[1]);
  if (join.join_type == JoinType::kLeft) join.join_type = JoinType::kRight;
}

// A semi or anti join with few rows on the right goes below the inner joins on its left, to the one
// input that it looks at.
void JoinOrder::SinkSemi(NodePtr& node) {
  auto& semi = static_cast<plan::JoinNode&>(*node);
  if ((semi.join_type != JoinType::kSemi && semi.join_type != JoinType::kAnti) ||
      semi.condition == nullptr || !CanReorder(*semi.children[0])) {
    return;
  }
  IdSet used;
  plan::CollectIds(*semi.condition, context_.plan.subplans, &used);
  for (uint32_t id : plan::OuterIds(*semi.children[1], context_.plan.subplans)) used.insert(id);
  NodePtr* slot = &semi.children[0];
  while (CanReorder(**slot)) {
    NodePtr* next = nullptr;
    for (NodePtr& side : (*slot)->children) {
      const IdSet ids(side->ids.begin(), side->ids.end());
      const IdSet all(semi.children[0]->ids.begin(), semi.children[0]->ids.end());
      const bool covers = std::all_of(used.begin(), used.end(), [&](uint32_t id) {
        return !all.contains(id) || ids.contains(id);
      });
      if (covers) next = &side;
    }
    if (next == nullptr) break;
    slot = next;
  }
  if (slot == &semi.children[0] || semi.children[1]->estimated_rows * 2 > (*slot)->estimated_rows) {
    return;
  }
  NodePtr input = std::move(*slot);
  NodePtr top = std::move(semi.children[0]);
  NodePtr self = std::move(node);
  auto& sunk = static_cast<plan::JoinNode&>(*self);
  sunk.ids = input->ids;
  sunk.estimated_rows = std::max(1.0, input->estimated_rows / 2);
  sunk.children[0] = std::move(input);
  *slot = std::move(self);
  node = std::move(top);
}

// More relations than a set has bits for: a chain that goes on with a relation that a condition
// ties to those before, as long as there is one, and applies each condition as soon as it can.
NodePtr JoinOrder::BuildChain(std::vector<ExprPtr> conjuncts) {
  std::vector<IdSet> uses(conjuncts.size());
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    plan::CollectIds(*conjuncts[i], context_.plan.subplans, &uses[i]);
  }
  IdSet elsewhere;  // Ids of relations that are not in the chain yet.
  for (const NodePtr& leaf : leaves_) elsewhere.insert(leaf->ids.begin(), leaf->ids.end());
  const auto add = [&elsewhere](const plan::Node& leaf) {
    for (uint32_t id : leaf.ids) elsewhere.erase(id);
  };
  // Whether a condition waits for nothing but this relation.
  const auto tied = [&](const plan::Node& leaf) {
    const IdSet own(leaf.ids.begin(), leaf.ids.end());
    return std::any_of(uses.begin(), uses.end(), [&](const IdSet& used) {
      size_t missing = 0;
      size_t mine = 0;
      for (uint32_t id : used) {
        missing += elsewhere.contains(id) ? 1 : 0;
        mine += own.contains(id) ? 1 : 0;
      }
      return mine > 0 && missing == mine && used.size() > mine;
    });
  };
  NodePtr chain = std::move(leaves_[0]);
  leaves_.erase(leaves_.begin());
  add(*chain);
  while (!leaves_.empty()) {
    auto next = std::find_if(leaves_.begin(), leaves_.end(),
                             [&](const NodePtr& leaf) { return tied(*leaf); });
    if (next == leaves_.end()) next = leaves_.begin();
    auto join = std::make_unique<plan::JoinNode>();
    join->ids = chain->ids;
    join->ids.insert(join->ids.end(), (*next)->ids.begin(), (*next)->ids.end());
    join->estimated_rows = std::max(chain->estimated_rows, (*next)->estimated_rows);
    add(**next);
    std::vector<ExprPtr> mine;
    for (size_t i = 0; i < conjuncts.size(); ++i) {
      if (conjuncts[i] != nullptr && !plan::Intersects(uses[i], elsewhere)) {
        mine.push_back(std::move(conjuncts[i]));
      }
    }
    join->condition = plan::JoinAnd(std::move(mine));
    join->children.push_back(std::move(chain));
    join->children.push_back(std::move(*next));
    leaves_.erase(next);
    chain = std::move(join);
  }
  return chain;
}

void JoinOrder::Visit(NodePtr& node) {
  if (node->kind == NodeKind::kJoin) SinkSemi(node);
  if (!CanReorder(*node)) {
    for (NodePtr& child : node->children) Visit(child);
    if (node->kind == NodeKind::kJoin) OrientOuter(static_cast<plan::JoinNode&>(*node));
    return;
  }
  std::vector<NodePtr> leaves;
  std::vector<ExprPtr> conjuncts;
  Flatten(node, &leaves, &conjuncts);
  for (NodePtr& leaf : leaves) Visit(leaf);
  leaves_ = std::move(leaves);
  edges_.clear();
  table_.clear();
  const size_t count = leaves_.size();
  if (count > kRelationsMax) {
    node = BuildChain(std::move(conjuncts));
    return;
  }
  for (ExprPtr& conjunct : conjuncts) {
    IdSet used;
    plan::CollectIds(*conjunct, context_.plan.subplans, &used);
    Edge edge;
    for (size_t i = 0; i < count; ++i) {
      for (uint32_t id : leaves_[i]->ids) {
        if (used.contains(id)) edge.relations |= uint64_t{1} << i;
      }
    }
    edge.conjunct = std::move(conjunct);
    edges_.push_back(std::move(edge));
  }
  for (size_t i = 0; i < count; ++i) {
    At(uint64_t{1} << i) = {leaves_[i]->estimated_rows, 0, 0, 0, true};
  }
  if (count <=
      static_cast<size_t>(std::clamp(context_.planner.settings.join_collapse_limit, 1, 12))) {
    SearchAll(count);
  } else {
    SearchGreedy(count);
  }
  node = Build(~uint64_t{0} >> (kRelationsMax - count));
}

}  // namespace helios::sql::optimizer
