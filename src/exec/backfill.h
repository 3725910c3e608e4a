#pragma once

#include <memory>
#include <span>

#include "exec/executor.h"

namespace helios::exec {

// Writes the entries of new indexes for the rows that the context's view shows, own writes
// included. `target` belongs to `owner`; `indexes` are positions in target.indexes. 23505 when a
// unique one meets a key twice: `could not create unique index "x"`. Large write sets are staged on
// the way.
Status BackfillIndexes(std::shared_ptr<const plan::Plan> owner, const plan::WriteTarget& target,
                       std::span<const size_t> indexes, ExecutionContext context);

}  // namespace helios::exec
