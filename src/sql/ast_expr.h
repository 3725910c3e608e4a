// Expressions and type names.
#pragma once

#include "sql/ast_base.h"

namespace helios::sql::ast {

// A type as written: `numeric(10,2)[]`, `pg_catalog.int4`, `timestamp(3) with time zone`. The
// standard's spellings arrive under the system's names, qualified by pg_catalog ("integer" is
// pg_catalog.int4, "varchar(9)" is pg_catalog.varchar with the modifier 9).
struct TypeName {
  NameList names;
  ExprList modifiers;  // In parentheses. Of interval: the field mask, then the precision.
  std::vector<int> array_bounds;  // One entry a pair of brackets; -1: no bound given.
  bool set_of = false;            // SETOF
  bool percent_type = false;      // name%TYPE
  int location = -1;

  HELIOS_AST_FIELDS(TypeName, names, modifiers, array_bounds, set_of, percent_type)
};

enum class ConstantKind : uint8_t { kNull, kBoolean, kInteger, kFloat, kString, kBitString };

struct Constant : ExprOf<ExprKind::kConstant> {
  ConstantKind constant_kind = ConstantKind::kNull;
  bool bool_value = false;  // kBoolean
  int32_t int_value = 0;    // kInteger: fits 32 bits; longer whole numbers are kFloat.
  std::string text;         // kFloat: as written. kString. kBitString: 'b101' or 'x1F'.

  HELIOS_AST_FIELDS(Constant, constant_kind, bool_value, int_value, text)
};

// `a`, `t.a`, `s.t.a`, `*`, `t.*`.
struct ColumnRef : ExprOf<ExprKind::kColumnRef> {
  NameList names;
  bool star = false;  // Ends with `*`; `names` is what stands before it, perhaps nothing.

  HELIOS_AST_FIELDS(ColumnRef, names, star)
};

// $n
struct Parameter : ExprOf<ExprKind::kParameter> {
  int number = 0;  // From 1.

  HELIOS_AST_FIELDS(Parameter, number)
};

// `left op right`, or `op right` with left null. `op` may be qualified: OPERATOR(schema.+).
struct Operator : ExprOf<ExprKind::kOperator> {
  NameList op;
  ExprPtr left;
  ExprPtr right;

  HELIOS_AST_FIELDS(Operator, op, left, right)
};

enum class LikeKind : uint8_t { kLike, kILike, kSimilar };

struct Like : ExprOf<ExprKind::kLike> {
  LikeKind like_kind = LikeKind::kLike;
  bool negated = false;
  ExprPtr operand;
  ExprPtr pattern;
  ExprPtr escape;  // May be null.

  HELIOS_AST_FIELDS(Like, like_kind, negated, operand, pattern, escape)
};

struct Between : ExprOf<ExprKind::kBetween> {
  bool negated = false;
  bool symmetric = false;
  ExprPtr operand;
  ExprPtr low;
  ExprPtr high;

  HELIOS_AST_FIELDS(Between, negated, symmetric, operand, low, high)
};

// `operand [NOT] IN (item, ...)`. IN (SELECT ...) is a Subquery.
struct In : ExprOf<ExprKind::kIn> {
  bool negated = false;
  ExprPtr operand;
  ExprList items;

  HELIOS_AST_FIELDS(In, negated, operand, items)
};

// `left op ANY (array)` or `left op ALL (array)`. Over a SELECT it is a Subquery.
struct Quantified : ExprOf<ExprKind::kQuantified> {
  NameList op;
  bool all = false;
  ExprPtr left;
  ExprPtr right;

  HELIOS_AST_FIELDS(Quantified, op, all, left, right)
};

// left IS [NOT] DISTINCT FROM right
struct IsDistinct : ExprOf<ExprKind::kIsDistinct> {
  bool negated = false;
  ExprPtr left;
  ExprPtr right;

  HELIOS_AST_FIELDS(IsDistinct, negated, left, right)
};

struct NullIf : ExprOf<ExprKind::kNullIf> {
  ExprPtr left;
  ExprPtr right;

  HELIOS_AST_FIELDS(NullIf, left, right)
};

enum class BooleanOp : uint8_t { kAnd, kOr, kNot };

struct Boolean : ExprOf<ExprKind::kBoolean> {
  BooleanOp op = BooleanOp::kAnd;
  ExprList args;  // One for kNot, two or more else.

  HELIOS_AST_FIELDS(Boolean, op, args)
};

enum class SortDirection : uint8_t { kDefault, kAscending, kDescending, kUsing };
enum class NullsOrder : uint8_t { kDefault, kFirst, kLast };

struct SortItem {
  ExprPtr expr;
  SortDirection direction = SortDirection::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
  NameList using_op;  // kUsing: the operator.
  int location = -1;

  HELIOS_AST_FIELDS(SortItem, expr, direction, nulls, using_op)
};

enum class FrameUnit : uint8_t { kRange, kRows, kGroups };
enum class FrameBoundKind : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing,
};
enum class FrameExclusion : uint8_t { kNoOthers, kCurrentRow, kGroup, kTies };

struct FrameBound {
  FrameBoundKind bound = FrameBoundKind::kUnboundedPreceding;
  ExprPtr offset;  // kPreceding, kFollowing

  HELIOS_AST_FIELDS(FrameBound, bound, offset)
};

// OVER (...), OVER name, or an entry of the WINDOW clause.
struct WindowSpec {
  std::string name;           // Its own name (WINDOW clause), or the one referred to by OVER name.
  std::string base_window;    // The window that the parentheses begin with.
  bool is_reference = false;  // OVER name: only `name` counts.
  ExprList partition_by;
  std::vector<SortItem> order_by;
  bool has_frame = false;  // Else the default: RANGE UNBOUNDED PRECEDING to CURRENT ROW.
  bool between = false;    // Written as BETWEEN start AND end.
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start;
  FrameBound end{FrameBoundKind::kCurrentRow, nullptr};
  FrameExclusion exclusion = FrameExclusion::kNoOthers;
  int location = -1;

  HELIOS_AST_FIELDS(WindowSpec, name, base_window, is_reference, partition_by, order_by, has_frame,
                    between, unit, start, end, exclusion)
};

struct FunctionCall : ExprOf<ExprKind::kFunctionCall> {
  NameList name;
  ExprList args;      // May hold NamedArgument.
  bool star = false;  // count(*)
  bool distinct = false;
  bool variadic = false;      // The last argument is marked VARIADIC.
  bool within_group = false;  // order_by is that of WITHIN GROUP.
  // Written in the standard's own syntax, a call of pg_catalog: EXTRACT (extract), AT TIME ZONE
  // (timezone), OVERLAPS (overlaps), OVERLAY, POSITION, SUBSTRING (substring, or
  // substring with SIMILAR), TRIM (btrim, ltrim, rtrim), NORMALIZE, IS NORMALIZED, COLLATION FOR.
  bool sql_syntax = false;
  std::vector<SortItem> order_by;
  ExprPtr filter;                    // FILTER (WHERE ...), may be null.
  std::unique_ptr<WindowSpec> over;  // Null unless a window call.

  HELIOS_AST_FIELDS(FunctionCall, name, args, star, distinct, variadic, within_group, sql_syntax,
                    order_by, filter, over)
};

}  // namespace helios::sql::ast
