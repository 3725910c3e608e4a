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
#include "sql/plan/node_base.h"
#include "sql/plan/source_nodes.h"

namespace helios::sql::plan {

struct FilterNode : Node {
  FilterNode() : Node(NodeKind::kFilter) {}
  expr::ExprPtr predicate;
};

struct ProjectNode : Node {
  ProjectNode() : Node(NodeKind::kProject) {}
  std::vector<expr::ExprPtr> expressions;
  // While the plan is made: hands on exactly the columns `ids` of its child (no expressions yet).
  bool shape_only = false;
};

// A select list with set-returning functions: for each input row, as many rows as the longest set,
// the others padded with NULL.
struct ProjectSetNode : Node {
  ProjectSetNode() : Node(NodeKind::kProjectSet) {}
  struct Item {
    expr::ExprPtr scalar;                           // Either this,
    const expr::TableFunction* function = nullptr;  // or a set.
    std::vector<expr::ExprPtr> arguments;
    std::vector<SqlType> column_types;  // Of the function; several make one record column.
  };
  std::vector<Item> items;
};

struct SortKey {
  expr::ExprPtr expression;
  bool descending = false;
  bool nulls_first = false;
};

// GROUP BY. Output: the group expressions, then the aggregates, then GROUPING() masks.
struct AggregateNode : Node {
  AggregateNode() : Node(NodeKind::kAggregate) {}
  struct Call {
    const expr::AggregateFunction* function = nullptr;
    std::vector<expr::ExprPtr> arguments;
    std::vector<SortKey> order_by;
    expr::ExprPtr filter;
    bool distinct = false;
    uint32_t direct_argument_count = 0;  // Ordered-set aggregates: the first arguments.
    SqlType type;
  };
  std::vector<expr::ExprPtr> groups;
  std::vector<Call> calls;
  // Each set lists indexes into `groups`; one set with all of them is plain GROUP BY. In a set that
  // lacks a group expression its column is NULL. No groups and no sets: one row over everything.
  std::vector<std::vector<uint32_t>> grouping_sets;
  // GROUPING(...) outputs: for each, the indexes of its arguments in `groups`.
  std::vector<std::vector<uint32_t>> grouping_calls;
};

enum class JoinType : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,    // Left rows with a match; output: left columns.
  kAnti,    // Left rows without; output: left columns.
  kMark,    // Left columns, then a boolean: matched, with IN's three-valued logic.
  kSingle,  // As kLeft; a second match is 21000 "more than one row returned by a subquery ...".
};

// The right child is the build side of a hash join (the optimizer has put the smaller one there).
struct JoinNode : Node {
  JoinNode() : Node(NodeKind::kJoin) {}
  JoinType join_type = JoinType::kInner;
  struct Key {
    expr::ExprPtr left;      // Over the left child's columns.
    expr::ExprPtr right;     // Over the right child's columns (numbered from 0).
    bool null_safe = false;  // IS NOT DISTINCT FROM
  };
  std::vector<Key> keys;    // Equalities of one type each; empty: nested loop.
  expr::ExprPtr condition;  // The rest of ON, over left then right columns; null: none.
  // kAnti for NOT IN: NULL-aware (no row passes when the right side has a NULL key).
  bool null_aware = false;
};

// For each left row the right child runs with `slots` set from left columns (LATERAL, correlated
// sub-selects that were not made joins). kInner, kLeft, kSemi, kAnti, kSingle.
struct ApplyNode : Node {
  ApplyNode() : Node(NodeKind::kApply) {}
  JoinType join_type = JoinType::kInner;
  std::vector<std::pair<uint32_t, uint32_t>> slots;  // (parameter slot, left column)
  std::vector<uint32_t> slot_ids;  // While the plan is made: ids of those columns.
  expr::ExprPtr condition;         // Over left then right columns.
};

// ORDER BY; with `limit` a top-N (limit plus offset rows are kept).
struct SortNode : Node {
  SortNode() : Node(NodeKind::kSort) {}
  std::vector<SortKey> keys;
  expr::ExprPtr limit_hint;  // No columns; rows that the parent needs at most; null: all.
};

struct LimitNode : Node {
  LimitNode() : Node(NodeKind::kLimit) {}
  expr::ExprPtr limit, offset;  // bigint without columns; null expression or NULL value: none.
  bool with_ties = false;       // Then the child is sorted by `tie_keys`.
  std::vector<SortKey> tie_keys;
};

// DISTINCT ON (keys): the first row of each group of a child sorted by the keys. (Plain DISTINCT is
// an Aggregate.)
struct DistinctOnNode : Node {
  DistinctOnNode() : Node(NodeKind::kDistinctOn) {}
  std::vector<expr::ExprPtr> keys;
};

struct SetOperationNode : Node {
  enum class Operation : uint8_t {
    kUnionAll,
    kUnion,
    kIntersect,
    kIntersectAll,
    kExcept,
    kExceptAll
  };
  SetOperationNode() : Node(NodeKind::kSetOperation) {}
  Operation operation = Operation::kUnionAll;  // Children have equal types.
};

struct WindowFrame {
  enum class Mode : uint8_t { kRows, kRange, kGroups };
  enum class Bound : uint8_t {
    kUnboundedPreceding,
    kPreceding,
    kCurrentRow,
    kFollowing,
    kUnboundedFollowing,
  };
  enum class Exclude : uint8_t { kNone, kCurrentRow, kGroup, kTies };
  Mode mode = Mode::kRange;
  Bound start = Bound::kUnboundedPreceding;
  Bound end = Bound::kCurrentRow;
  expr::ExprPtr start_offset, end_offset;  // No columns.
  // kRange with offsets: functions of (order key, offset) for the bounds, and the comparison.
  const expr::ScalarFunction* minus = nullptr;
  const expr::ScalarFunction* plus = nullptr;
  Exclude exclude = Exclude::kNone;
};

// Output: the child's columns, then one for each call. All calls share partition and order.
struct WindowNode : Node {
  struct Call {
    const expr::WindowFunction* window = nullptr;        // Either this,
    const expr::AggregateFunction* aggregate = nullptr;  // or this.
    std::vector<expr::ExprPtr> arguments;
    expr::ExprPtr filter;
    SqlType type;
    WindowFrame frame;
  };
  WindowNode() : Node(NodeKind::kWindow) {}
  std::vector<expr::ExprPtr> partition_by;
  std::vector<SortKey> order_by;
  std::vector<Call> calls;
};

// Child 0 is the statement, further children are CTE bodies, by index `first_cte` onwards: a body
// runs at most once, when it is first read (a data-modifying one to its end in any case), and is
// kept.
struct WithCteNode : Node {
  WithCteNode() : Node(NodeKind::kWithCte) {}
  uint32_t first_cte = 0;
  std::vector<bool> always_run;  // Data-modifying bodies.
  // For each body: its number (CteScanNode::cte). Normally first_cte, first_cte + 1, ...
  std::vector<uint32_t> cte_indexes;
  std::vector<bool> materialize;  // AS MATERIALIZED: not to be merged into the statement.
};
struct CteScanNode : Node {
  CteScanNode() : Node(NodeKind::kCteScan) {}
  uint32_t cte = 0;
  std::string name;
};

// WITH RECURSIVE: child 0 once, then child 1 over the rows of the round before (kWorkTable with the
// same id), until a round is empty. `distinct`: UNION drops rows seen before.
struct RecursiveUnionNode : Node {
  RecursiveUnionNode() : Node(NodeKind::kRecursiveUnion) {}
  uint32_t work_table = 0;
  bool distinct = false;
};
struct WorkTableNode : Node {
  WorkTableNode() : Node(NodeKind::kWorkTable) {}
  uint32_t work_table = 0;
  std::string name;
};

}  // namespace helios::sql::plan
