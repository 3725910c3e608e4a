// SELECT, VALUES, set operations, WITH, and what may stand in FROM.
#pragma once

#include "sql/ast_expr_forms.h"

namespace helios::sql::ast {

struct SelectStatement;

enum class Persistence : uint8_t { kPermanent, kTemporary, kUnlogged };

// A table, view, index or sequence by name.
struct RelationName {
  std::string catalog;  // Empty when not given.
  std::string schema;   // Empty when not given.
  std::string name;
  bool only = false;                                  // ONLY name: without children.
  Persistence persistence = Persistence::kPermanent;  // Where one is created.
  int location = -1;

  HELIOS_AST_FIELDS(RelationName, catalog, schema, name, only, persistence)
};

struct Alias {
  std::string name;
  NameList columns;

  HELIOS_AST_FIELDS(Alias, name, columns)
};

// One entry of a SELECT list or of RETURNING.
struct TargetItem {
  ExprPtr expr;      // `*` is a ColumnRef with star.
  std::string name;  // AS name; empty when not given.
  int location = -1;

  HELIOS_AST_FIELDS(TargetItem, expr, name)
};

struct TableSample {
  NameList method;
  ExprList args;
  ExprPtr repeatable;  // May be null.
  int location = -1;

  HELIOS_AST_FIELDS(TableSample, method, args, repeatable)
};

struct FromTable : FromOf<FromKind::kTable> {
  RelationName relation;
  std::unique_ptr<Alias> alias;         // May be null.
  std::unique_ptr<TableSample> sample;  // May be null.

  HELIOS_AST_FIELDS(FromTable, relation, alias, sample)
};

struct FromSubquery : FromOf<FromKind::kSubquery> {
  bool lateral = false;
  StatementPtr query;  // A SelectStatement.
  std::unique_ptr<Alias> alias;

  HELIOS_AST_FIELDS(FromSubquery, lateral, query, alias)
};

// One column of `AS (name type COLLATE c, ...)`.
struct FunctionColumn {
  std::string name;
  TypeName type;
  NameList collation;
  int location = -1;

  HELIOS_AST_FIELDS(FunctionColumn, name, type, collation)
};

struct FromFunctionItem {
  ExprPtr
      call;  // A FunctionCall, or another expression in function form (SqlValue, Coalesce, ...).
  std::vector<FunctionColumn> columns;  // ROWS FROM (f() AS (a int)).

  HELIOS_AST_FIELDS(FromFunctionItem, call, columns)
};

struct FromFunction : FromOf<FromKind::kFunction> {
  bool lateral = false;
  bool with_ordinality = false;
  bool rows_from = false;
  std::vector<FromFunctionItem> functions;  // One, unless ROWS FROM.
  std::unique_ptr<Alias> alias;
  std::vector<FunctionColumn> columns;  // f() AS t(a int, b text)

  HELIOS_AST_FIELDS(FromFunction, lateral, with_ordinality, rows_from, functions, alias, columns)
};

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull };

struct FromJoin : FromOf<FromKind::kJoin> {
  JoinKind join = JoinKind::kInner;
  bool natural = false;
  FromPtr left;
  FromPtr right;
  NameList using_columns;
  std::unique_ptr<Alias> using_alias;  // USING (...) AS alias
  ExprPtr on;                          // Null for CROSS, NATURAL and USING.
  std::unique_ptr<Alias> alias;        // (a JOIN b ...) AS alias

  HELIOS_AST_FIELDS(FromJoin, join, natural, left, right, using_columns, using_alias, on, alias)
};

enum class CteMaterialize : uint8_t { kDefault, kAlways, kNever };

struct CommonTable {
  std::string name;
  NameList columns;
  CteMaterialize materialize = CteMaterialize::kDefault;
  StatementPtr query;  // SELECT, INSERT, UPDATE or DELETE.
  // SEARCH BREADTH|DEPTH FIRST BY search_columns SET search_column
  NameList search_columns;
  bool search_breadth_first = false;
  std::string search_column;
  // CYCLE cycle_columns SET cycle_mark TO value DEFAULT default USING cycle_path
  NameList cycle_columns;
  std::string cycle_mark;
  ExprPtr cycle_value;
  ExprPtr cycle_default;
  std::string cycle_path;
  int location = -1;

  HELIOS_AST_FIELDS(CommonTable, name, columns, materialize, query, search_columns,
                    search_breadth_first, search_column, cycle_columns, cycle_mark, cycle_value,
                    cycle_default, cycle_path)
};

struct WithClause {
  bool recursive = false;
  std::vector<CommonTable> tables;
  int location = -1;

  HELIOS_AST_FIELDS(WithClause, recursive, tables)
};

enum class GroupingKind : uint8_t { kExpr, kEmpty, kRollup, kCube, kSets };

// One entry of GROUP BY. `(a, b)` as one grouping is a kExpr with an implicit Row.
struct GroupingItem {
  GroupingKind grouping = GroupingKind::kExpr;
  ExprPtr expr;                     // kExpr
  std::vector<GroupingItem> items;  // kRollup, kCube, kSets
  int location = -1;

  HELIOS_AST_FIELDS(GroupingItem, grouping, expr, items)
};

enum class LockStrength : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };
enum class LockWait : uint8_t { kBlock, kSkipLocked, kNoWait };

// FOR UPDATE OF t NOWAIT
struct LockingClause {
  LockStrength strength = LockStrength::kUpdate;
  std::vector<RelationName> tables;  // Empty: all.
  LockWait wait = LockWait::kBlock;

  HELIOS_AST_FIELDS(LockingClause, strength, tables, wait)
};

enum class SetOperation : uint8_t { kNone, kUnion, kIntersect, kExcept };

// A plain SELECT, VALUES (values is not empty), or a set operation over two others (op != kNone:
// then only left, right, with, order_by, limit and locking count).
struct SelectStatement : StatementOf<StatementKind::kSelect> {
  std::unique_ptr<WithClause> with;

  bool distinct = false;  // DISTINCT or DISTINCT ON
  ExprList distinct_on;
  std::vector<TargetItem> targets;
  std::unique_ptr<RelationName> into;  // SELECT INTO
  std::vector<FromPtr> from;
  ExprPtr where;
  std::vector<GroupingItem> group_by;
  bool group_distinct = false;
  ExprPtr having;
  std::vector<WindowSpec> windows;

  std::vector<ExprList> values;

  SetOperation op = SetOperation::kNone;
  bool all = false;
  std::unique_ptr<SelectStatement> left;
  std::unique_ptr<SelectStatement> right;

  std::vector<SortItem> order_by;
  ExprPtr offset;
  ExprPtr limit;  // Null: none. LIMIT ALL is the constant NULL.
  bool with_ties = false;
  std::vector<LockingClause> locking;

  HELIOS_AST_FIELDS(SelectStatement, with, distinct, distinct_on, targets, into, from, where,
                    group_by, group_distinct, having, windows, values, op, all, left, right,
                    order_by, offset, limit, with_ties, locking)
};

}  // namespace helios::sql::ast
