// Plans that are being made: expressions of nodes, columns used and provided by id, conditions.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sql/plan/plan.h"

namespace helios::sql::plan {

using IdSet = std::unordered_set<uint32_t>;

// Calls `visit` on each expression of the node itself (not of its children), in a fixed order.
// `visit` may replace the expression.
void ForEachExpr(Node& node, const std::function<void(expr::ExprPtr&)>& visit);

// The ids of columns that the expression uses; for sub-selects below it, those that come from
// outside of them.
void CollectIds(const expr::Expr& expr, const std::vector<NodePtr>& subplans, IdSet* ids);
// The ids that the tree uses and does not provide itself: its outer columns.
IdSet OuterIds(Node& root, const std::vector<NodePtr>& subplans);
// Whether any of `ids` is in `set`.
bool Intersects(const IdSet& a, const IdSet& b);
bool IsSubset(const IdSet& small, const IdSet& large);
// Replaces each column of the expression, and of the sub-selects below it, whose id is a key of
// `map`.
using IdMap = std::unordered_map<uint32_t, uint32_t>;
void RenameIds(expr::Expr& expr, const IdMap& map, std::vector<NodePtr>& subplans);
void RenameIds(Node& root, const IdMap& map, std::vector<NodePtr>& subplans);

// The conjuncts of an AND tree; a single expression is its own conjunct; null has none.
std::vector<expr::ExprPtr> SplitAnd(expr::ExprPtr expr);
// The reverse; null for none.
expr::ExprPtr JoinAnd(std::vector<expr::ExprPtr> conjuncts);
// `node` below a filter.
NodePtr MakeFilter(NodePtr node, expr::ExprPtr predicate);

}  // namespace helios::sql::plan
