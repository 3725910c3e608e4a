#pragma once

#include <vector>

#include "exec/internal/operator.h"

namespace helios::exec {

// Whether at most one live entry has these parts; 23505 otherwise. For deferrable constraints, at
// the end of the statement or transaction.
Status CheckUniqueNow(QueryState& query, const plan::WriteTarget& target,
                      const plan::IndexTarget& index, const std::vector<Value>& parts);

}  // namespace helios::exec
