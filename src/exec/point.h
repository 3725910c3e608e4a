#pragma once

#include <cstdint>

#include "exec/executor.h"

namespace helios::exec {

// The short road: a statement about one row by its primary key (plan.point is set), without
// operators. An update or delete locks the row first and then works on its newest version, so in
// READ COMMITTED it never has to run again. `out` gets the rows that the statement returns, at most
// one.
//
// `context` is only read; it must outlive the call. Deferred checks keep the plan.
Status RunPoint(const std::shared_ptr<const plan::Plan>& plan, const ExecutionContext& context,
                Chunk* out, uint64_t* affected_rows);

}  // namespace helios::exec
