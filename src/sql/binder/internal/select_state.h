// What BindPlainSelect gathers before it builds the plan.
#pragma once

#include <utility>
#include <vector>

#include "sql/binder/internal/binder.h"

namespace helios::sql::binder {

struct Binder::SelectState {
  std::vector<Target> targets;  // The select list, then junk for ORDER BY and the like.
  ExprPtr having;
  // Index of the target to sort by, with the order.
  std::vector<std::pair<size_t, plan::SortKey>> order_by;
  std::vector<size_t> distinct_on;
  std::vector<ExprPtr> groups;
  std::vector<uint32_t> group_ids;
  std::vector<std::vector<uint32_t>> grouping_sets;
  bool several_sets = false;
  bool lock_keys = false;
  std::vector<uint32_t> row_keys;
};

}  // namespace helios::sql::binder
