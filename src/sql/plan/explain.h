// Plans as EXPLAIN shows them, in PostgreSQL's style.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sql/plan/plan.h"

namespace helios::sql::plan {

// What ANALYZE measured at one node, over all loops.
struct NodeActuals {
  bool executed = false;
  uint64_t rows = 0;
  uint64_t loops = 0;
  int64_t first_row_us = 0;
  int64_t total_us = 0;
  size_t memory_bytes = 0;
  uint64_t spilled_bytes = 0;
  uint64_t removed_rows = 0;  // By a filter.
};

struct ExplainOptions {
  bool verbose = false;
  bool costs = true;
  bool timing = true;
  bool json = false;
  bool summary = false;                            // Prints the times at the end.
  int64_t execution_us = -1;                       // ANALYZE when >= 0.
  int64_t planning_us = -1;                        // >= 0: measured.
  std::function<NodeActuals(const Node&)> actual;  // For ANALYZE.
};

// The whole text: lines separated by line feeds without one at the end, or a JSON array.
std::string Explain(const Plan& plan, const ExplainOptions& options);

}  // namespace helios::sql::plan
