// Predicates as far down as they may go.
//
// A conjunct travels through projections (rewritten by what they compute), joins, grouping, set
// operations and windows to the scans. Conjuncts that reject NULLs turn outer joins into inner ones
// on the way; equalities with constants spread over equi-joins. A volatile conjunct stays where it
// is.
#pragma once

#include <vector>

#include "sql/optimizer/optimizer.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

class Pushdown {
 public:
  explicit Pushdown(PassContext& context) : context_(context) {}
  void Run();

 private:
  using Conjuncts = std::vector<expr::ExprPtr>;

  // Puts the conjuncts, and those below, where they belong; what cannot go down stays above `node`.
  void Push(plan::NodePtr& node, Conjuncts conjuncts);
  void PushProject(plan::NodePtr& node, Conjuncts conjuncts);
  void PushJoin(plan::NodePtr& node, Conjuncts conjuncts);
  void PushInner(plan::JoinNode& join, Conjuncts conjuncts);
  void PushOuter(plan::NodePtr& node, Conjuncts conjuncts);
  void PushAggregate(plan::NodePtr& node, Conjuncts conjuncts);
  void PushSetOperation(plan::NodePtr& node, Conjuncts conjuncts);
  void PushWindow(plan::NodePtr& node, Conjuncts conjuncts);
  void PushScan(plan::NodePtr& node, Conjuncts conjuncts);
  void PushSystemScan(plan::NodePtr& node, Conjuncts conjuncts);
  void PushPartly(plan::NodePtr& node, Conjuncts conjuncts, const plan::IdSet& allowed);
  static void Keep(plan::NodePtr& node, Conjuncts conjuncts);
  plan::IdSet IdsOf(const expr::Expr& expr) const;
  bool RejectsNulls(const expr::Expr& expr, const plan::IdSet& side) const;

  PassContext& context_;
};

// The expression with columns replaced by what `map` says; every column of it that is a key.
using ExprMap = std::unordered_map<uint32_t, const expr::Expr*>;
expr::ExprPtr Substitute(expr::ExprPtr expr, const ExprMap& map);
// Adds `b = c` for each `a = b` and `a = c` with c free of columns.
void SpreadConstants(std::vector<expr::ExprPtr>* conjuncts);
// (A and B) or (A and C) becomes A and (B or C); an OR whose every arm restricts one relation alone
// gives a restriction of that relation. `relations` are the column sets of the joined relations.
void ExtractFromOr(std::vector<expr::ExprPtr>* conjuncts, const std::vector<plan::IdSet>& relations,
                   const std::vector<plan::NodePtr>& subplans);

}  // namespace helios::sql::optimizer
