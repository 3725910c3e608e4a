// A plan node in words, before text or JSON is made of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sql/plan/internal/shown_columns.h"
#include "sql/plan/plan.h"

namespace helios::sql::plan {

struct NodeDescription {
  std::string type;   // "Index Scan"
  std::string label;  // "Index Scan using t_pkey on t a"
  // Lines below: ("Filter", {"(a > 1)"}), ("Sort Key", {"a", "b DESC"}).
  std::vector<std::pair<std::string, std::vector<std::string>>> properties;
  // Facts that only JSON has: ("Relation Name", "t").
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<const Node*> children;
  std::vector<uint32_t> subplans;  // Sub-selects that the node's expressions run.
  const Node* counted = nullptr;   // The node whose row estimate is shown.
  const Node* measured = nullptr;  // The node whose times are shown.
};

// Projections and filters are shown as part of the node below them.
NodeDescription Describe(const ShownColumns& columns, const Node& node, bool verbose);

}  // namespace helios::sql::plan
