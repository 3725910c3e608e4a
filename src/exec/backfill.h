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

// Fills an index that writers keep up already and nobody reads: entries for the rows that the
// context's snapshot shows, which the caller holds until the end. Locks nothing; two rows with one
// key are left to CheckIndexUnique.
Status FillIndexOnline(std::shared_ptr<const plan::Plan> owner, const plan::WriteTarget& target,
                       size_t index, ExecutionContext context);

// 23505 as BackfillIndexes when two rows of the context's snapshot have one key in the index.
Status CheckIndexUnique(std::shared_ptr<const plan::Plan> owner, const plan::WriteTarget& target,
                        size_t index, ExecutionContext context);

}  // namespace helios::exec
