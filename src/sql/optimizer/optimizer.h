// Passes over bound plans. A bound plan names columns by id (plan::Node::ids); FinishPlan turns ids
// into positions and is always the last step.
#pragma once

#include "base/status.h"
#include "sql/plan/column_table.h"
#include "sql/plan/plan.h"
#include "sql/planner.h"

namespace helios::sql::optimizer {

// What passes share. Not owned.
struct PassContext {
  plan::Plan& plan;
  plan::ColumnTable& columns;
  PlannerContext& planner;
};

// Runs the passes that the settings ask for.
Status Optimize(PassContext& context);

// Makes a bound plan runnable: joins whose right side uses the left become Apply nodes, outer
// columns become parameter slots, column ids become positions.
void FinishPlan(PassContext& context);

// Recognises point statements (Plan::point) in a finished plan.
void FindPointStatement(plan::Plan& plan);

}  // namespace helios::sql::optimizer
