#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/objects.h"
#include "catalog/snapshot.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "hidb/storage_service.h"
#include "sql/plan/node.h"
#include "sql/plan/write_nodes.h"

namespace helios::sql::plan {

// A statement ready to run. Immutable and shared: executions keep their state elsewhere.
struct Plan {
  NodePtr root;
  // Sub-selects of SubplanExpr, by index.
  std::vector<NodePtr> subplans;
  std::vector<std::unique_ptr<WriteTarget>> write_targets;
  // Parameter slots: the statement's $1..$n first, then slots for outer rows.
  uint32_t statement_parameter_count = 0;
  uint32_t slot_count = 0;
  std::vector<SqlType> slot_types;
  // Names and types that clients see, one for each of the root's output columns that they get.
  std::vector<OutputColumn> output;
  bool returns_rows = false;
  bool writes = false;
  uint64_t catalog_version = 0;
  std::vector<TableLockNeed> locks;  // Taken before execution, in this order.
  std::vector<PrivilegeNeed> privileges;  // Checked before each execution.
};

}  // namespace helios::sql::plan
