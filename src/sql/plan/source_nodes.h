// Plan nodes without children: where rows come from.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "hidb/storage_service.h"
#include "sql/plan/node_base.h"

namespace helios::sql::plan {

// Reads a table, filtered and limited in storage.
struct ScanNode : Node {
  ScanNode() : Node(NodeKind::kScan) {}
  Oid table = kInvalidOid;
  std::string table_name, alias, index_name;
  std::vector<std::string> column_names;  // Of the layout, for EXPLAIN.
  std::shared_ptr<const hidb::TableLayout> layout;
  std::shared_ptr<const hidb::IndexLayout> index;  // Null: by primary key.
  std::vector<uint32_t> columns;                   // Output: positions in layout->columns,
  bool with_writer = false;                        // then who wrote the row (xid),
  bool with_row_key = false;                       // then the row key (bytea).
  std::shared_ptr<const expr::Expr> filter;        // Over the output columns; null: none.
  bool reverse = false;
  // Output comes in the order of the index or key: then run in one thread, ranges in order.
  bool ordered = false;
  uint64_t limit = 0;
  // What bounds the key columns of the index (or the primary key), a prefix of them: equality on
  // each but the last, which may have a range instead. Bounds are expressions without columns (they
  // may use parameters), of the key column's type, evaluated when the scan opens; a NULL bound
  // makes the scan empty. Several alternatives (IN lists, OR) are scanned in key order, duplicates
  // dropped.
  struct Bound {
    std::vector<expr::ExprPtr> equal;  // For the first equal.size() key parts.
    // Sets of values for the part after `equal`: = ANY(array expression). Null: none.
    expr::ExprPtr any;
    expr::ExprPtr lower, upper;  // For the next part; null: open.
    bool lower_inclusive = true, upper_inclusive = true;
    bool next_is_null = false;  // IS NULL on the next part.
    // Instead of all that: the row with this key (bytea; NULL: none), or the rows with these keys
    // (bytea[]). Rows by row key only.
    expr::ExprPtr row_key;
  };
  std::vector<Bound> bounds;     // Empty: the whole table.
  double bound_selectivity = 1;  // The part of the table within the bounds, as estimated.
};

// Rows that compute makes itself: pg_catalog, information_schema tables.
struct SystemScanNode : Node {
  SystemScanNode() : Node(NodeKind::kSystemScan) {}
  const catalog::SystemTable* table = nullptr;
  std::string alias;
  std::vector<uint32_t> columns;
  // Conjuncts `column = constant expression` that a generator may use to make fewer rows; the
  // filter above still holds them.
  std::vector<std::pair<uint32_t, expr::ExprPtr>> equal_hints;
};

// Functions in FROM (ROWS FROM when several): rows side by side, shorter ones padded with NULL.
struct TableFunctionNode : Node {
  TableFunctionNode() : Node(NodeKind::kTableFunction) {}
  struct Call {
    const expr::TableFunction* function = nullptr;
    // A plain scalar function in FROM gives one row: then `scalar` is set and `function` is null.
    expr::ExprPtr scalar;
    std::vector<expr::ExprPtr> arguments;  // No columns; parameters allowed (LATERAL by Apply).
    std::vector<SqlType> column_types;
    // A record-returning scalar is split into these columns.
    bool expand_record = false;
  };
  std::vector<Call> calls;
  bool with_ordinality = false;
};

// VALUES, and one row without columns for SELECT without FROM.
struct ValuesNode : Node {
  ValuesNode() : Node(NodeKind::kValues) {}
  std::vector<std::vector<expr::ExprPtr>> rows;
};

}  // namespace helios::sql::plan
