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

// A point statement: one row of one table by its whole primary key, no sub-selects, joins, foreign
// keys or triggers in the way. The plan's nodes say the same; a short road may run this instead.
struct PointStatement {
  enum class Kind : uint8_t { kGet, kInsert, kUpdate, kDelete };
  Kind kind = Kind::kGet;
  // kGet, kUpdate, kDelete: the scan at the bottom; its single bound holds one `equal` expression
  // (constants and parameters, of the key part's type) for each key column.
  const ScanNode* scan = nullptr;
  // kGet: the select list over the scan's columns (after its filter); empty: the scan's own
  // columns.
  const ProjectNode* project = nullptr;
  // The writing node. kInsert: its child is a ValuesNode of one row in layout order.
  const InsertNode* insert = nullptr;
  const ValuesNode* values = nullptr;
  const UpdateNode* update = nullptr;  // Its child is the scan.
  const DeleteNode* del = nullptr;     // Its child is the scan.
};

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
  // The root may have more columns behind these (sort keys that are not selected).
  std::vector<OutputColumn> output;
  // Of a cursor's query (PlannerContext::keep_row_keys): where a row of the result comes from. The
  // keys are the root's columns behind `output`, one for each of these.
  struct RowSource {
    Oid table = kInvalidOid;
    bool locked = false;  // FOR UPDATE or the like reaches it.
  };
  std::vector<RowSource> row_sources;
  bool returns_rows = false;
  bool writes = false;
  uint64_t catalog_version = 0;
  std::vector<TableLockNeed> locks;       // Taken before execution, in this order.
  std::vector<PrivilegeNeed> privileges;  // Checked before each execution.
  std::optional<PointStatement> point;
  // The slots filled from sub-selects or outer rows start at statement_parameter_count. Numbers of
  // CTE bodies (WithCteNode, CteScanNode) and work tables.
  uint32_t cte_count = 0;
  uint32_t work_table_count = 0;
};

}  // namespace helios::sql::plan
