// The order of inner joins: by exhaustive search over connected pairs for a few relations, greedily
// for many (Moerkotte and Neumann, "Dynamic Programming Strikes Back", SIGMOD 2008; the greedy
// order is Fegaras' GOO). The smaller input of each join becomes the build side.
#pragma once

#include <vector>

#include "sql/optimizer/internal/estimate.h"
#include "sql/optimizer/optimizer.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

class JoinOrder {
 public:
  JoinOrder(PassContext& context, Estimator& estimator)
      : context_(context), estimator_(estimator) {}
  // Reorders below `node`. Requires: estimates of the tree are filled.
  void Visit(plan::NodePtr& node);

 private:
  struct Edge {
    expr::ExprPtr conjunct;
    uint64_t relations = 0;  // Bits of the relations that it uses.
  };
  struct Entry {
    double rows = 0;
    double cost = 0;
    uint64_t left = 0, right = 0;  // 0: a single relation.
    bool valid = false;
  };

  bool Flatten(plan::NodePtr& node, std::vector<plan::NodePtr>* leaves,
               std::vector<expr::ExprPtr>* conjuncts);
  bool CanReorder(const plan::Node& node) const;
  double JoinRows(double left, double right, uint64_t left_set, uint64_t right_set) const;
  bool Connected(uint64_t left, uint64_t right) const;
  void SearchAll(size_t count);
  void SearchGreedy(size_t count);
  plan::NodePtr Build(uint64_t set);
  plan::NodePtr BuildChain(std::vector<expr::ExprPtr> conjuncts);
  Entry& At(uint64_t set) { return table_[set]; }
  void SinkSemi(plan::NodePtr& node);
  void OrientOuter(plan::JoinNode& join);

  PassContext& context_;
  Estimator& estimator_;
  std::vector<plan::NodePtr> leaves_;
  std::vector<Edge> edges_;
  std::unordered_map<uint64_t, Entry> table_;
};

}  // namespace helios::sql::optimizer
