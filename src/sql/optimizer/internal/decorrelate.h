// Sub-selects become joins (Neumann and Kemper, "Unnesting Arbitrary Queries", BTW 2015, gives the
// general method; these are the cases that pay):
//
// - EXISTS and IN as conjuncts of a filter: semi joins; NOT EXISTS, NOT IN: anti joins, NOT IN
// aware
//   of NULLs; IN elsewhere: a mark join;
// - a scalar aggregate that is correlated by equalities: grouped by them and joined;
// - another correlated scalar sub-select: a join that allows one match.
//
// For that, predicates that use outer columns are pulled up to the join. Where one stands out of
// reach (below a LIMIT, in a select list), the sub-select stays as it is and runs for each row.
#pragma once

#include <unordered_map>
#include <vector>

#include "sql/optimizer/optimizer.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

class Decorrelate {
 public:
  explicit Decorrelate(PassContext& context) : context_(context) {}
  void Run();

 private:
  using Conjuncts = std::vector<expr::ExprPtr>;

  void Visit(plan::NodePtr& node);
  void VisitFilter(plan::NodePtr& node);
  void VisitProject(plan::NodePtr& node);
  void VisitLateral(plan::JoinNode& join);
  // Joins the sub-select to `input` if that can be done; the conjunct is then spent.
  bool TrySemi(const expr::Expr& conjunct, plan::NodePtr& input);
  // Replaces sub-selects inside the expression by columns that joins below provide.
  void ReplaceInside(expr::ExprPtr& expr, plan::NodePtr& input, bool conditional);
  expr::ExprPtr TryMark(const expr::SubplanExpr& subplan, plan::NodePtr& input);
  expr::ExprPtr TryScalar(const expr::SubplanExpr& subplan, plan::NodePtr& input);
  expr::ExprPtr TryScalarAggregate(const expr::SubplanExpr& subplan, plan::NodePtr& input);
  expr::ExprPtr Comparison(const expr::SubplanExpr& subplan) const;
  plan::IdSet OuterOf(uint32_t subplan) const;

  // Whether every use of `outer` below is in a conjunct that PullUp can reach.
  bool CanPull(plan::Node& node, const plan::IdSet& outer) const;
  void PullUp(plan::NodePtr& node, const plan::IdSet& outer, Conjuncts* pulled);
  // Makes the node hand on these columns of its input too.
  void Expose(plan::Node& node, const plan::IdSet& wanted);
  bool Uses(const expr::Expr& expr, const plan::IdSet& ids) const;
  plan::NodePtr MakeJoin(plan::JoinType type, plan::NodePtr left, plan::NodePtr right,
                         Conjuncts conjuncts) const;
  expr::ExprPtr ColumnOf(uint32_t id) const;
  static void StripOrder(plan::NodePtr& node);

  PassContext& context_;
  // What stands for a sub-select that has become a join: an expression may hold it twice.
  std::unordered_map<uint32_t, expr::ExprPtr> replaced_;
};

}  // namespace helios::sql::optimizer
