#include "sql/optimizer/optimizer.h"

namespace helios::sql::optimizer {

Status Optimize(PassContext& context) {
  if (!context.planner.settings.enable_optimizer) return Status::Ok();
  return Status::Ok();
}

void FindPointStatement(plan::Plan&) {}

}  // namespace helios::sql::optimizer
