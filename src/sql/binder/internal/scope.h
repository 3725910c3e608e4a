// What names mean at a point of a query.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "sql/ast.h"
#include "sql/plan/plan.h"

namespace helios::sql::binder {

inline constexpr uint32_t kNoColumn = ~uint32_t{0};

// Gives a variable another value while the object lives: what is bound meanwhile sees it, also when
// binding ends with an error.
template <typename T>
class Temporarily {
 public:
  Temporarily(T& variable, T value) : variable_(variable), outer_(std::exchange(variable, value)) {}
  ~Temporarily() { variable_ = std::move(outer_); }
  Temporarily(const Temporarily&) = delete;

 private:
  T& variable_;
  T outer_;
};

// Where in a statement an expression stands; decides what it may hold.
enum class Clause : uint8_t {
  kNone,
  kSelect,
  kFromFunction,
  kFromSubquery,
  kJoinOn,
  kWhere,
  kGroupBy,
  kHaving,
  kFilter,
  kWindowPartition,
  kWindowOrder,
  kWindowFrame,
  kOrderBy,
  kDistinctOn,
  kLimit,
  kOffset,
  kValues,
  kInsertValues,
  kUpdateSource,
  kReturning,
  kOnConflict,
  kMergeWhen,
  kCheck,
  kDefault,
  kGenerated,
  kIndexExpression,
  kIndexPredicate,
  kAlterUsing,
  kPolicy,
};
// As error messages name it: "WHERE", "check constraints".
std::string_view ClauseName(Clause clause);

struct ScopeColumn {
  std::string name;
  uint32_t id = kNoColumn;
};

struct CteEntry;

// A name in FROM.
struct ScopeRelation {
  std::string alias;
  Oid table = kInvalidOid;  // Of a plain table or view.
  std::string schema;       // Of a plain table without alias.
  const catalog::Table* catalog_table = nullptr;
  std::vector<ScopeColumn> columns;
  std::vector<int16_t> column_numbers;  // attnums, for plain tables.
  size_t hidden_count = 0;              // So many of the last columns are not part of `*`.
  uint32_t row_key = kNoColumn;
  // NULL where an outer join found no row: the row key, or a constant below the join.
  uint32_t present = kNoColumn;
  uint32_t writer = kNoColumn;     // xmin.
  uint32_t xmax = kNoColumn;       // Of INSERT's rows: 0 unless they were there before.
  plan::ScanNode* scan = nullptr;  // Of a plain table; valid while binding.
  bool written = false;            // What UPDATE or INSERT writes: RETURNING sees the new row.
  bool name_visible = true;        // t.a works.
  bool columns_visible = true;     // a works.
  bool lateral_only = false;       // Seen from LATERAL items only,
  bool nullable = false;           // On the far side of an outer join.
  bool lateral_ok = true;          // and even there an error (the far side of an outer join).
  std::vector<std::unique_ptr<ScopeRelation>> locked_children;
  // A subquery in FROM: the relations below it that FOR UPDATE reaches.
  std::vector<ScopeRelation*> inner_relations;
};

struct CteEntry {
  std::string name;
  std::vector<std::string> column_names;
  std::vector<SqlType> column_types;
  const ast::CommonTable* definition = nullptr;
  uint32_t index = 0;  // Of plan::CteScanNode.
  uint32_t work_table = 0;
  bool recursive_open = false;  // Being bound: a reference is the work table.
  bool allow_self_reference = false;
  size_t sequence_count = 0;   // Columns at the end that SEARCH and CYCLE add.
  bool not_yet_bound = false;  // Visible to error hints only.
  bool data_modifying = false;
  bool returns_rows = true;
  bool inline_each = false;  // NOT MATERIALIZED: bound again at each reference.
  int uses = 0;
};

struct CteScope {
  const CteScope* parent = nullptr;
  std::deque<CteEntry> entries;
};

struct PendingAggregate {
  plan::AggregateNode::Call call;
  uint32_t id = kNoColumn;
};
struct PendingGrouping {
  std::vector<expr::ExprPtr> arguments;
  uint32_t id = kNoColumn;
  int location = -1;
};
struct PendingWindow {
  plan::WindowNode::Call call;
  std::vector<expr::ExprPtr> partition_by;
  std::vector<plan::SortKey> order_by;
  uint32_t id = kNoColumn;
};
struct PendingSet {
  const expr::TableFunction* function = nullptr;
  std::vector<expr::ExprPtr> arguments;
  std::vector<SqlType> column_types;
  uint32_t id = kNoColumn;
};

// One level of a query while it is bound.
struct QueryScope {
  QueryScope* parent = nullptr;
  int depth = 0;
  CteScope* ctes = nullptr;
  std::vector<ScopeRelation*> relations;
  Clause clause = Clause::kNone;
  std::deque<std::unique_ptr<ScopeRelation>> owned;
  std::vector<PendingAggregate> aggregates;
  std::vector<PendingGrouping> groupings;
  std::vector<PendingWindow> windows;
  std::vector<PendingSet> sets;
  const std::vector<ast::WindowSpec>* window_clause = nullptr;
  bool lateral_active = false;  // Binding a LATERAL item: lateral_only relations are visible.
  bool self_reference = false;  // FROM names the recursive query whose term this is.
  bool inside_aggregate = false;
  bool inside_window = false;
  // Set-returning functions cannot stand here: the construct's name for the message.
  const char* no_sets = nullptr;
  const ast::SelectStatement* select = nullptr;
};

}  // namespace helios::sql::binder
