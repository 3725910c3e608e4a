// The root of plan nodes; the kinds are in node.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "types/type.h"

namespace helios::sql::plan {

enum class NodeKind : uint8_t {
  kScan,
  kSystemScan,
  kTableFunction,
  kValues,
  kFilter,
  kProject,
  kProjectSet,
  kAggregate,
  kJoin,
  kApply,
  kSort,
  kLimit,
  kDistinctOn,
  kSetOperation,
  kWindow,
  kCteScan,
  kWithCte,
  kRecursiveUnion,
  kWorkTable,
  kLockRows,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
};

// One operator of a physical plan. Its output is a chunk with these columns; expressions of a node
// refer to the columns of its child (of a join: the left child's columns, then the right's).
struct Node {
  explicit Node(NodeKind kind_in) : kind(kind_in) {}
  virtual ~Node() = default;
  const NodeKind kind;
  std::vector<SqlType> types;
  std::vector<PhysicalType> physicals;  // As types; differs from the default for enums.
  std::vector<std::string> names;       // For EXPLAIN and for records of whole rows.
  // While a plan is made, each column of the statement has an id of its own, ColumnExpr::index
  // holds such ids, and these are the output's. In a finished plan indexes are positions and ids
  // mean nothing.
  std::vector<uint32_t> ids;
  std::vector<std::unique_ptr<Node>> children;
  double estimated_rows = 1;
  double estimated_cost = 0;
};
using NodePtr = std::unique_ptr<Node>;

}  // namespace helios::sql::plan
