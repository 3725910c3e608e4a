#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/plan/node.h"

namespace helios::sql::plan {

struct OutputColumn {
  std::string name;
  SqlType type;
  Oid table = kInvalidOid;  // When it is a plain column of a table.
  int16_t column_number = 0;
};

struct TableLockNeed {
  hidb::SpaceId object = 0;  // The table's OID, which outlives its storage spaces.
  hidb::TableLockMode mode = hidb::TableLockMode::kAccessShare;
  std::string name;
};

// Checked as `role` (the view's owner below a view; kInvalidOid: the current role).
struct PrivilegeNeed {
  Oid object = kInvalidOid;
  catalog::Privilege privilege = catalog::Privilege::kSelect;
  Oid role = kInvalidOid;
  // The privilege on each of these columns is enough; empty: the table's. For "any column": {0}.
  std::vector<int16_t> columns;
};

// An index as writers maintain it. Expressions are over the table's columns in layout order.
struct IndexTarget {
  Oid oid = kInvalidOid;
  std::string name;  // Also the constraint's, for 23505.
  std::shared_ptr<const hidb::IndexLayout> layout;
  std::vector<expr::ExprPtr> parts;  // One for each part, of its type.
  expr::ExprPtr predicate;           // Partial index; null: every row.
  bool is_constraint = false;
  bool deferrable = false;
  bool initially_deferred = false;
};

struct CheckTarget {
  std::string name;
  expr::ExprPtr expression;  // Over the table's columns in layout order; false is 23514.
};

// A foreign key of this table, to check when rows come or change.
struct ReferenceTarget {
  std::string name;
  std::vector<uint32_t> columns;  // Positions in this table's layout.
  Oid parent = kInvalidOid;
  std::string parent_name;
  std::shared_ptr<const hidb::TableLayout> parent_layout;
  std::shared_ptr<const hidb::IndexLayout> parent_index;  // Null: the parent's primary key.
  // Order of `columns` matches the parent key's parts in this order.
  std::vector<uint32_t> parent_columns;  // Positions in the parent's layout, for messages.
  std::vector<expr::ExprPtr> casts;      // Column -> the parent key part's type; null: the same.
  bool match_full = false;
  bool deferrable = false;
  bool initially_deferred = false;
};

struct WriteTarget;

// A foreign key of another table (or this one) that points here: what happens to the children when
// a row goes or its key changes.
struct ReferencedByTarget {
  std::string name;
  std::vector<uint32_t> key_columns;  // Positions in this table's layout.
  Oid child = kInvalidOid;
  std::string child_name;
  catalog::ForeignKeyAction on_delete = catalog::ForeignKeyAction::kNoAction;
  catalog::ForeignKeyAction on_update = catalog::ForeignKeyAction::kNoAction;
  // Finds child rows: parameter slots `slots` hold the old key. Output: the child's columns in
  // layout order, then its row key.
  std::shared_ptr<const Node> find_children;
  std::vector<uint32_t> slots;
  std::vector<uint32_t> child_columns;      // Positions in the child's layout.
  std::vector<uint32_t> set_columns;        // SET NULL / SET DEFAULT: the columns to set,
  std::vector<expr::ExprPtr> set_defaults;  // and their defaults (null expression: NULL).
  // Not owned: foreign keys may form cycles. Plan::write_targets owns every target.
  const WriteTarget* child_target = nullptr;
  bool deferrable = false;
  bool initially_deferred = false;
};

// A table as writers see it: everything to keep true. All expressions are over the table's columns
// in layout order.
struct WriteTarget {
  Oid table = kInvalidOid;
  std::string schema_name, table_name;
  std::shared_ptr<const hidb::TableLayout> layout;
  std::vector<std::string> column_names;
  std::vector<uint32_t> not_null_columns;
  std::vector<CheckTarget> checks;
  std::vector<IndexTarget> indexes;  // Secondary ones; the primary key is the row key itself.
  std::string primary_key_name;      // Empty: none.
  std::vector<ReferenceTarget> references;
  std::vector<ReferencedByTarget> referenced_by;
  // Stored generated columns: computed after defaults and assignments, in this order.
  std::vector<std::pair<uint32_t, expr::ExprPtr>> generated;
};

// RETURNING expressions are over: the table's columns in layout order, then (UPDATE ... FROM,
// DELETE
// ... USING) the child's other columns.
struct InsertNode : Node {
  InsertNode() : Node(NodeKind::kInsert) {}
  const WriteTarget* target = nullptr;  // Owned by Plan::write_targets.
  // Child 0 gives the rows: one column for each layout column, defaults filled in.
  enum class OnConflict : uint8_t { kError, kNothing, kUpdate };
  OnConflict on_conflict = OnConflict::kError;
  // The arbiter: -1 the primary key, else an index of `target`; absent: any unique one (DO
  // NOTHING).
  std::optional<int32_t> arbiter;
  // DO UPDATE SET: assignments and WHERE over the existing row's columns, then the proposed row's
  // (EXCLUDED).
  std::vector<std::pair<uint32_t, expr::ExprPtr>> set;
  expr::ExprPtr set_where;
  std::vector<expr::ExprPtr> returning;  // Empty and !has_returning: no output.
  bool has_returning = false;
  expr::ExprPtr check_option;     // WITH CHECK OPTION; false is 44000.
  std::string check_option_view;  // Named in that error.
  // While the plan is made: ids of the row's columns, then those of EXCLUDED.
  std::vector<uint32_t> row_ids;
  // RETURNING sees the row's key (bytea) and xmax (xid; 0: inserted, not updated) behind the
  // table's columns; their ids while the plan is made.
  bool with_system_columns = false;
  std::vector<uint32_t> system_ids;
};

// Child 0: the table's columns in layout order (old values), the row key, then other columns.
// `set` expressions are over the child's columns.
struct UpdateNode : Node {
  UpdateNode() : Node(NodeKind::kUpdate) {}
  const WriteTarget* target = nullptr;  // Owned by Plan::write_targets.
  std::vector<std::pair<uint32_t, expr::ExprPtr>> set;
  std::vector<expr::ExprPtr> returning;
  bool has_returning = false;
  expr::ExprPtr check_option;
  std::string check_option_view;
  // While the plan is made: ids of the row's columns as RETURNING and the check see them.
  std::vector<uint32_t> row_ids;
};

struct DeleteNode : Node {
  DeleteNode() : Node(NodeKind::kDelete) {}
  const WriteTarget* target = nullptr;  // Owned by Plan::write_targets.
  std::vector<expr::ExprPtr> returning;
  bool has_returning = false;
};

// Child 0: the table's columns in layout order and the row key, NULLs where no row of the table
// matched, then the source's columns. All expressions are over the child's columns.
struct MergeNode : Node {
  MergeNode() : Node(NodeKind::kMerge) {}
  enum class ActionKind : uint8_t { kNothing, kInsert, kUpdate, kDelete };
  struct Action {
    bool matched = false;
    ActionKind kind = ActionKind::kNothing;
    expr::ExprPtr condition;                              // Null: always.
    std::vector<std::pair<uint32_t, expr::ExprPtr>> set;  // kUpdate
    std::vector<expr::ExprPtr> values;                    // kInsert: one for each layout column.
  };
  const WriteTarget* target = nullptr;  // Owned by Plan::write_targets.
  // For each row the first that fits does its work.
  std::vector<Action> actions;
};

// SELECT ... FOR UPDATE and its kin: locks each row by its key column and passes it on without key
// columns that the parent does not want.
struct LockRowsNode : Node {
  LockRowsNode() : Node(NodeKind::kLockRows) {}
  struct Target {
    Oid table = kInvalidOid;
    hidb::SpaceId space = 0;
    uint32_t key_column = 0;  // Of the child; NULL (outer join): not locked.
    hidb::RowLockMode mode = hidb::RowLockMode::kUpdate;
    hidb::LockWait wait = hidb::LockWait::kWait;
    std::string relation;
    uint32_t key_id = 0;  // While the plan is made: the id of the key column.
  };
  std::vector<Target> targets;
};

}  // namespace helios::sql::plan
