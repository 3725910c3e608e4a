#include "sql/optimizer/internal/access_path.h"
#include "sql/optimizer/internal/decorrelate.h"
#include "sql/optimizer/internal/estimate.h"
#include "sql/optimizer/internal/join_order.h"
#include "sql/optimizer/internal/passes.h"
#include "sql/optimizer/internal/prune.h"
#include "sql/optimizer/internal/pushdown.h"
#include "sql/optimizer/optimizer.h"

namespace helios::sql::optimizer {

Status Optimize(PassContext& context) {
  plan::Plan& plan = context.plan;
  Estimator estimator(context);
  const auto each_tree = [&](auto&& visit) {
    visit(plan.root);
    for (plan::NodePtr& subplan : plan.subplans) {
      if (subplan != nullptr) visit(subplan);
    }
  };
  if (context.planner.settings.enable_optimizer) {
    InlineCtes(context);
    each_tree([&](plan::NodePtr& tree) { FoldConstants(tree, context); });
    Decorrelate(context).Run();
    Pushdown(context).Run();
    each_tree([&](plan::NodePtr& tree) { estimator.Visit(*tree); });
    each_tree([&](plan::NodePtr& tree) { JoinOrder(context, estimator).Visit(tree); });
    each_tree([&](plan::NodePtr& tree) { estimator.Visit(*tree); });
    AccessPaths paths(context, estimator);
    each_tree([&](plan::NodePtr& tree) { paths.MakeIndexJoins(tree); });
    paths.Run();
    each_tree([&](plan::NodePtr& tree) { estimator.Visit(*tree); });
    each_tree([&](plan::NodePtr& tree) { UseKeyOrder(tree, context, estimator); });
    Prune(context).Run();
  }
  each_tree([&](plan::NodePtr& tree) { estimator.Visit(*tree); });
  return Status::Ok();
}

}  // namespace helios::sql::optimizer
