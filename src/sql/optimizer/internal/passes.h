// The small passes.
#pragma once

#include "sql/optimizer/internal/estimate.h"
#include "sql/optimizer/optimizer.h"

namespace helios::sql::optimizer {

// Immutable expressions of constants become constants, AND, OR and NOT their shortest form.
expr::ExprPtr Fold(expr::ExprPtr expr, PassContext& context);
void FoldConstants(plan::NodePtr& node, PassContext& context);

// WITH queries that are read once and have no effects move to where they are read; unread ones go.
void InlineCtes(PassContext& context);

// Orders that a key gives: no sort below them; LIMIT and min/max read only what they need; a sort
// below a LIMIT keeps no more rows than are asked for.
void UseKeyOrder(plan::NodePtr& node, PassContext& context, Estimator& estimator);

}  // namespace helios::sql::optimizer
