// INSERT, UPDATE, DELETE, MERGE and COPY, and the options that many statements take.
#pragma once

#include "sql/ast_select.h"

namespace helios::sql::ast {

enum class OptionValueKind : uint8_t { kNone, kInteger, kFloat, kString, kBoolean, kStar, kList };
enum class OptionAction : uint8_t { kUnspecified, kSet, kAdd, kDrop };

// `name value` inside parentheses, WITH (...) and many other places.
struct Option {
  std::string space;  // The part before the dot of `toast.autovacuum_enabled`.
  std::string name;
  OptionValueKind value_kind = OptionValueKind::kNone;
  std::string
      text;  // The value in words whatever its kind ("on", "9", "0.5"); a dotted name joined.
  int64_t integer = 0;
  bool boolean = false;
  NameList list;  // kList
  OptionAction action = OptionAction::kUnspecified;
  int location = -1;

  HELIOS_AST_FIELDS(Option, space, name, value_kind, text, integer, boolean, list, action)
};

// A column on the left of an assignment: `a`, `a[1]`, `a.b`.
struct AssignmentTarget {
  std::string name;
  std::vector<IndirectionStep> steps;
  int location = -1;

  HELIOS_AST_FIELDS(AssignmentTarget, name, steps)
};

// `a = value` (one target) or `(a, b) = value`, where value is a Row or a scalar Subquery.
struct Assignment {
  std::vector<AssignmentTarget> targets;
  bool multiple = false;  // Written with parentheses on the left.
  ExprPtr value;

  HELIOS_AST_FIELDS(Assignment, targets, multiple, value)
};

// One key of an index, or of ON CONFLICT (...).
struct IndexElement {
  std::string column;  // Empty when `expr` is set.
  ExprPtr expr;
  NameList collation;
  NameList op_class;
  std::vector<Option> op_class_options;
  SortDirection direction = SortDirection::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
  std::string index_column_name;  // The name that the index column has been given, if any.

  HELIOS_AST_FIELDS(IndexElement, column, expr, collation, op_class, op_class_options, direction,
                    nulls, index_column_name)
};

enum class ConflictAction : uint8_t { kNothing, kUpdate };

struct OnConflict {
  ConflictAction action = ConflictAction::kNothing;
  std::vector<IndexElement> elements;  // ON CONFLICT (...), with `elements_where`.
  ExprPtr elements_where;
  std::string constraint;  // ON CONFLICT ON CONSTRAINT name
  std::vector<Assignment> assignments;
  ExprPtr where;
  int location = -1;
  int target_location = -1;  // Of the parenthesis or of ON CONSTRAINT.

  HELIOS_AST_FIELDS(OnConflict, action, elements, elements_where, constraint, assignments, where)
};

enum class Overriding : uint8_t { kNone, kUser, kSystem };

struct InsertStatement : StatementOf<StatementKind::kInsert> {
  std::unique_ptr<WithClause> with;
  RelationName relation;
  std::unique_ptr<Alias> alias;
  std::vector<AssignmentTarget> columns;  // Empty: all.
  Overriding overriding = Overriding::kNone;
  std::unique_ptr<SelectStatement> source;  // Null: DEFAULT VALUES.
  std::unique_ptr<OnConflict> on_conflict;
  std::vector<TargetItem> returning;

  HELIOS_AST_FIELDS(InsertStatement, with, relation, alias, columns, overriding, source,
                    on_conflict, returning)
};

struct UpdateStatement : StatementOf<StatementKind::kUpdate> {
  std::unique_ptr<WithClause> with;
  RelationName relation;
  std::unique_ptr<Alias> alias;
  std::vector<Assignment> assignments;
  std::vector<FromPtr> from;
  ExprPtr where;
  std::vector<TargetItem> returning;

  HELIOS_AST_FIELDS(UpdateStatement, with, relation, alias, assignments, from, where, returning)
};

struct DeleteStatement : StatementOf<StatementKind::kDelete> {
  std::unique_ptr<WithClause> with;
  RelationName relation;
  std::unique_ptr<Alias> alias;
  std::vector<FromPtr> using_items;
  ExprPtr where;
  std::vector<TargetItem> returning;

  HELIOS_AST_FIELDS(DeleteStatement, with, relation, alias, using_items, where, returning)
};

enum class MergeAction : uint8_t { kNothing, kInsert, kUpdate, kDelete };

struct MergeWhen {
  bool matched = false;
  ExprPtr condition;  // AND condition, may be null.
  MergeAction action = MergeAction::kNothing;
  std::vector<Assignment> assignments;    // kUpdate
  std::vector<AssignmentTarget> columns;  // kInsert
  ExprList values;                        // kInsert; empty: DEFAULT VALUES
  Overriding overriding = Overriding::kNone;

  HELIOS_AST_FIELDS(MergeWhen, matched, condition, action, assignments, columns, values, overriding)
};

struct MergeStatement : StatementOf<StatementKind::kMerge> {
  std::unique_ptr<WithClause> with;
  RelationName relation;
  std::unique_ptr<Alias> alias;
  FromPtr source;
  ExprPtr on;
  std::vector<MergeWhen> whens;

  HELIOS_AST_FIELDS(MergeStatement, with, relation, alias, source, on, whens)
};

// COPY table (columns) FROM|TO file|STDIN|STDOUT, or COPY (query) TO ...
struct CopyStatement : StatementOf<StatementKind::kCopy> {
  std::unique_ptr<RelationName> relation;  // Null when `query` is set.
  StatementPtr query;
  NameList columns;
  bool from = false;
  bool program = false;
  std::string file;  // Empty: STDIN or STDOUT.
  std::vector<Option> options;
  ExprPtr where;

  HELIOS_AST_FIELDS(CopyStatement, relation, query, columns, from, program, file, options, where)
};

}  // namespace helios::sql::ast
