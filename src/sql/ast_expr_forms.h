// The rest of the expressions: casts, conditionals, constructors, tests and sub-selects.
#pragma once

#include "sql/ast_expr.h"

namespace helios::sql::ast {

// name => value, in a call.
struct NamedArgument : ExprOf<ExprKind::kNamedArgument> {
  std::string name;
  ExprPtr value;

  HELIOS_AST_FIELDS(NamedArgument, name, value)
};

struct CaseWhen {
  ExprPtr condition;  // Of CASE operand: the value to compare with.
  ExprPtr result;
  int location = -1;

  HELIOS_AST_FIELDS(CaseWhen, condition, result)
};

struct Case : ExprOf<ExprKind::kCase> {
  ExprPtr operand;  // May be null.
  std::vector<CaseWhen> whens;
  ExprPtr else_result;  // May be null.

  HELIOS_AST_FIELDS(Case, operand, whens, else_result)
};

struct Coalesce : ExprOf<ExprKind::kCoalesce> {
  ExprList args;

  HELIOS_AST_FIELDS(Coalesce, args)
};

// GREATEST or LEAST.
struct MinMax : ExprOf<ExprKind::kMinMax> {
  bool greatest = false;
  ExprList args;

  HELIOS_AST_FIELDS(MinMax, greatest, args)
};

// CAST(operand AS type), operand::type, or type 'literal'.
struct Cast : ExprOf<ExprKind::kCast> {
  ExprPtr operand;
  TypeName type;
  bool implicit = false;  // Added by analysis; not printed.

  HELIOS_AST_FIELDS(Cast, operand, type, implicit)
};

struct Collate : ExprOf<ExprKind::kCollate> {
  ExprPtr operand;  // Null where only a collation is named (CREATE DOMAIN).
  NameList collation;

  HELIOS_AST_FIELDS(Collate, operand, collation)
};

enum class SubqueryKind : uint8_t { kScalar, kExists, kAny, kAll, kArray };

// (SELECT), EXISTS (SELECT), left op ANY (SELECT), left op ALL (SELECT), ARRAY(SELECT).
// `left IN (SELECT)` is kAny with an empty op; NOT IN is a Boolean kNot above it.
struct Subquery : ExprOf<ExprKind::kSubquery> {
  SubqueryKind subquery_kind = SubqueryKind::kScalar;
  ExprPtr left;  // kAny, kAll; a Row when several columns are compared.
  NameList op;
  StatementPtr query;  // A SelectStatement.

  HELIOS_AST_FIELDS(Subquery, subquery_kind, left, op, query)
};

// ARRAY[...]
struct Array : ExprOf<ExprKind::kArray> {
  ExprList elements;

  HELIOS_AST_FIELDS(Array, elements)
};

struct Row : ExprOf<ExprKind::kRow> {
  ExprList fields;
  bool explicit_row = false;  // Written with ROW.

  HELIOS_AST_FIELDS(Row, fields, explicit_row)
};

enum class IndirectionKind : uint8_t { kField, kStar, kSubscript, kSlice };

struct IndirectionStep {
  IndirectionKind step = IndirectionKind::kField;
  std::string field;  // kField
  ExprPtr lower;      // kSlice, may be null: [:3]
  ExprPtr upper;      // kSubscript; kSlice, may be null: [2:]

  HELIOS_AST_FIELDS(IndirectionStep, step, field, lower, upper)
};

// (operand).field, operand[i], operand[a:b], (operand).*
struct Indirection : ExprOf<ExprKind::kIndirection> {
  ExprPtr operand;
  std::vector<IndirectionStep> steps;

  HELIOS_AST_FIELDS(Indirection, operand, steps)
};

// operand IS [NOT] NULL
struct NullTest : ExprOf<ExprKind::kNullTest> {
  bool negated = false;
  ExprPtr operand;

  HELIOS_AST_FIELDS(NullTest, negated, operand)
};

enum class BooleanTestKind : uint8_t {
  kTrue,
  kNotTrue,
  kFalse,
  kNotFalse,
  kUnknown,
  kNotUnknown,
};

struct BooleanTest : ExprOf<ExprKind::kBooleanTest> {
  BooleanTestKind test = BooleanTestKind::kTrue;
  ExprPtr operand;

  HELIOS_AST_FIELDS(BooleanTest, test, operand)
};

enum class SqlValueKind : uint8_t {
  kCurrentDate,
  kCurrentTime,
  kCurrentTimestamp,
  kLocalTime,
  kLocalTimestamp,
  kCurrentRole,
  kCurrentUser,
  kUser,
  kSessionUser,
  kCurrentCatalog,
  kCurrentSchema,
};

// CURRENT_DATE, CURRENT_TIMESTAMP(3), CURRENT_USER, ...
struct SqlValue : ExprOf<ExprKind::kSqlValue> {
  SqlValueKind value = SqlValueKind::kCurrentDate;
  int precision = -1;  // Of the times; -1: none given.

  HELIOS_AST_FIELDS(SqlValue, value, precision)
};

// GROUPING(...)
struct Grouping : ExprOf<ExprKind::kGrouping> {
  ExprList args;

  HELIOS_AST_FIELDS(Grouping, args)
};

// WHERE CURRENT OF cursor
struct CurrentOf : ExprOf<ExprKind::kCurrentOf> {
  std::string cursor;

  HELIOS_AST_FIELDS(CurrentOf, cursor)
};

// DEFAULT, in VALUES of INSERT and on the right of UPDATE's SET.
struct Default : ExprOf<ExprKind::kDefault> {
  HELIOS_AST_FIELDS(Default)
};

}  // namespace helios::sql::ast
