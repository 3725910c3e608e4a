// Plans as EXPLAIN shows them, in PostgreSQL's style.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sql/plan/plan.h"

namespace helios::sql::plan {

// What ANALYZE measured at one node.
struct NodeActuals {
  double startup_ms = 0;
  double total_ms = 0;   // For each loop.
  double rows = 0;       // For each loop.
  uint64_t loops = 0;    // 0: never executed.
  // Further lines, as ("Sort Method", "quicksort  Memory: 25kB").
  std::vector<std::pair<std::string, std::string>> details;
};
// Null: nothing is known of the node.
using ActualsLookup = std::function<const NodeActuals*(const Node*)>;

struct ExplainOptions {
  bool costs = true;
  bool verbose = false;
  bool analyze = false;
  bool timing = true;
};

// The plan's lines, without those about planning and execution time.
std::vector<std::string> ExplainText(const Plan& plan, const ExplainOptions& options,
                                     const ActualsLookup& actuals = {});
// The plan as a JSON object ({"Node Type": ...}), indented by `indent` spaces; the caller puts it
// into [{"Plan": ...}].
std::string ExplainJson(const Plan& plan, const ExplainOptions& options, int indent,
                        const ActualsLookup& actuals = {});

}  // namespace helios::sql::plan
