#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exec/internal/operator.h"
#include "types/key_codec.h"

namespace helios::exec {

// The key columns of an index, or of a table's primary key.
std::vector<KeyColumn> KeyColumnsOf(const hidb::TableLayout& table);
std::vector<KeyColumn> KeyColumnsOf(const hidb::IndexLayout& index);

// The key ranges that a scan's bounds give now: disjoint, ascending. None: no rows. A scan without
// bounds gives one open range.
Result<std::vector<hidb::KeyRange>> EvaluateBounds(const plan::ScanNode& node,
                                                   expr::EvalContext& context);

// 55000 for a materialized view that has no rows yet, not even none: it has no storage.
Status RequirePopulated(const plan::ScanNode& node);

Result<OperatorPtr> MakeScan(QueryState& query, const plan::ScanNode& node, ParallelGroup* group);

}  // namespace helios::exec
