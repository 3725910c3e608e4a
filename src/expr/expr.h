#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "expr/expr_base.h"
#include "types/type.h"
#include "types/value.h"

namespace helios::expr {

struct ScalarFunction;

struct ConstantExpr : ExprBase<ConstantExpr, ExprKind::kConstant> {
  explicit ConstantExpr(Value value_in) : ExprBase(value_in.type()), value(std::move(value_in)) {
    physical = value.physical();
  }
  Value value;
};

// Column `index` of the input chunk.
struct ColumnExpr : ExprBase<ColumnExpr, ExprKind::kColumn> {
  ColumnExpr(uint32_t index_in, SqlType type) : ExprBase(type), index(index_in) {}
  uint32_t index;
  std::string name;  // For EXPLAIN only.
  // Of a column of anonymous records whose fields are known by name.
  std::shared_ptr<const std::vector<std::string>> field_names;
};

// Slot of EvalContext::parameters: first the statement's $1..$n, then the slots that Apply nodes
// and subplans fill with values of outer rows.
struct ParameterExpr : ExprBase<ParameterExpr, ExprKind::kParameter> {
  ParameterExpr(uint32_t slot_in, SqlType type) : ExprBase(type), slot(slot_in) {}
  uint32_t slot;
};

// A call of a function or operator on children.
struct FunctionExpr : ExprBase<FunctionExpr, ExprKind::kFunction> {
  FunctionExpr(const ScalarFunction* function_in, SqlType type)
      : ExprBase(type), function(function_in) {}
  const ScalarFunction* function;  // Lives forever (registry).
  std::string operator_name;       // Set when written as an operator, for EXPLAIN and deparsing.
  Oid collation = kInvalidOid;
};

// Three-valued AND / OR over two or more children, NOT over one.
struct AndExpr : ExprBase<AndExpr, ExprKind::kAnd> {
  AndExpr() : ExprBase({type_oid::kBool}) {}
};
struct OrExpr : ExprBase<OrExpr, ExprKind::kOr> {
  OrExpr() : ExprBase({type_oid::kBool}) {}
};
struct NotExpr : ExprBase<NotExpr, ExprKind::kNot> {
  NotExpr() : ExprBase({type_oid::kBool}) {}
};

// `x IS [NOT] NULL`.
struct IsNullExpr : ExprBase<IsNullExpr, ExprKind::kIsNull> {
  explicit IsNullExpr(bool negated_in) : ExprBase({type_oid::kBool}), negated(negated_in) {}
  bool negated;
};

// `x IS [NOT] TRUE | FALSE | UNKNOWN`; never NULL.
struct IsBoolExpr : ExprBase<IsBoolExpr, ExprKind::kIsBool> {
  enum class Test : uint8_t { kTrue, kFalse, kUnknown };
  IsBoolExpr(Test test_in, bool negated_in)
      : ExprBase({type_oid::kBool}), test(test_in), negated(negated_in) {}
  Test test;
  bool negated;
};

// `a IS [NOT] DISTINCT FROM b`; never NULL. `equality` is the = operator's function.
struct IsDistinctExpr : ExprBase<IsDistinctExpr, ExprKind::kIsDistinct> {
  IsDistinctExpr(const ScalarFunction* equality_in, bool negated_in)
      : ExprBase({type_oid::kBool}), equality(equality_in), negated(negated_in) {}
  const ScalarFunction* equality;
  bool negated;
};

// Searched CASE: children are when1, then1, when2, then2, ..., [else]. A branch is evaluated only
// for the rows that reach it. (`CASE x WHEN v` is bound as `x = v`.)
struct CaseExpr : ExprBase<CaseExpr, ExprKind::kCase> {
  explicit CaseExpr(SqlType type) : ExprBase(type) {}
};

// The first child that is not NULL; later children are evaluated only where needed.
struct CoalesceExpr : ExprBase<CoalesceExpr, ExprKind::kCoalesce> {
  explicit CoalesceExpr(SqlType type) : ExprBase(type) {}
};

// GREATEST, LEAST: NULL children are ignored.
struct MinMaxExpr : ExprBase<MinMaxExpr, ExprKind::kMinMax> {
  MinMaxExpr(SqlType type, bool greatest_in) : ExprBase(type), greatest(greatest_in) {}
  bool greatest;
};

// NULLIF(a, b): NULL where `equality`(a, b) is true, else a.
struct NullIfExpr : ExprBase<NullIfExpr, ExprKind::kNullIf> {
  NullIfExpr(SqlType type, const ScalarFunction* equality_in)
      : ExprBase(type), equality(equality_in) {}
  const ScalarFunction* equality;
};

// Conversion of the child's type to `type`.
struct CastExpr : ExprBase<CastExpr, ExprKind::kCast> {
  enum class Method : uint8_t {
    kFunction,  // `function`, with PostgreSQL's (value[, typmod, is_explicit]) convention handled
                // inside
    kBinary,    // The same bytes under another type.
    kText,      // Through the text form: output function, then input function.
    kArray,     // Each element by `element` (a CastExpr over a placeholder column 0).
    kLength,    // Same type, apply `type.typmod` (varchar(n), numeric(p,s), timestamp(p), ...).
    kEnum,      // Text to a user-defined enum or back.
    kDomain,    // The same bytes under a domain's type, once `conditions` hold.
  };
  // What a domain asks of its values. A condition that is false for some value ends in 23514, a
  // null where `condition` is null in 23502.
  struct DomainCondition {
    std::string constraint;
    std::shared_ptr<const Expr> condition;  // Over the value as column 0; null: NOT NULL.
  };
  CastExpr(SqlType type, Method method_in, bool is_explicit_in)
      : ExprBase(type), method(method_in), is_explicit(is_explicit_in) {}
  CastExpr(const CastExpr& other)
      : ExprBase(other),
        method(other.method),
        is_explicit(other.is_explicit),
        function(other.function),
        element(other.element == nullptr ? nullptr : other.element->Clone()),
        conditions(other.conditions) {}
  Method method;
  bool is_explicit;  // Explicit casts cut strings silently; others raise 22001.
  const ScalarFunction* function = nullptr;
  ExprPtr element;
  std::vector<DomainCondition> conditions;  // kDomain; shared by the clones.
};

// `child0 op ANY|ALL (child1 array)`.
struct ScalarArrayOpExpr : ExprBase<ScalarArrayOpExpr, ExprKind::kScalarArrayOp> {
  ScalarArrayOpExpr(const ScalarFunction* function_in, bool all_in)
      : ExprBase({type_oid::kBool}), function(function_in), all(all_in) {}
  const ScalarFunction* function;
  bool all;
  std::string operator_name;
};

// `child0 [NOT] IN (child1, child2, ...)`, all of child0's type, compared by `equality`. Constant
// lists are hashed by the evaluator.
struct InListExpr : ExprBase<InListExpr, ExprKind::kInList> {
  InListExpr(const ScalarFunction* equality_in, bool negated_in)
      : ExprBase({type_oid::kBool}), equality(equality_in), negated(negated_in) {}
  const ScalarFunction* equality;
  bool negated;
};

// ARRAY[...]; with `nested` the children are arrays of the same type and one more dimension
// results.
struct ArrayExpr : ExprBase<ArrayExpr, ExprKind::kArray> {
  ArrayExpr(SqlType type, Oid element_in) : ExprBase(type), element(element_in) {}
  Oid element;
  bool nested = false;
};

// ROW(...) as a record value. Row comparisons are expanded by the binder.
struct RowExpr : ExprBase<RowExpr, ExprKind::kRow> {
  explicit RowExpr(SqlType type) : ExprBase(type) {}
  std::vector<std::string> field_names;
};

// Field `index` (from 0) of a record value.
struct FieldSelectExpr : ExprBase<FieldSelectExpr, ExprKind::kFieldSelect> {
  FieldSelectExpr(SqlType type, uint32_t index_in) : ExprBase(type), index(index_in) {}
  uint32_t index;
};

// child0[child1][child2]...; with `slice` the subscripts are pairs (lower, upper), a missing bound
// being a NULL constant of type int4 marked in `omitted`.
struct SubscriptExpr : ExprBase<SubscriptExpr, ExprKind::kSubscript> {
  explicit SubscriptExpr(SqlType type) : ExprBase(type) {}
  bool slice = false;
  std::vector<bool> omitted;
};

// A sub-select that runs for each row. `subplan` indexes plan::Plan::subplans. Children are the
// outer values for the subplan's parameter slots `slots`, in order; for kAny and kAll the left-hand
// values follow, compared with the subplan's columns by `comparison` (an expression over a chunk of
// left values, then subplan columns). Evaluated through EvalContext::subplan_runner.
struct SubplanExpr : ExprBase<SubplanExpr, ExprKind::kSubplan> {
  enum class Test : uint8_t { kScalar, kExists, kAny, kAll, kArray };
  SubplanExpr(SqlType type, Test test_in, uint32_t subplan_in)
      : ExprBase(type), test(test_in), subplan(subplan_in) {}
  SubplanExpr(const SubplanExpr& other)
      : ExprBase(other),
        test(other.test),
        subplan(other.subplan),
        slots(other.slots),
        comparison(other.comparison == nullptr ? nullptr : other.comparison->Clone()) {}
  Test test;
  uint32_t subplan;
  std::vector<uint32_t> slots;
  ExprPtr comparison;
};

template <typename T>
const T& As(const Expr& expr) {
  HELIOS_CHECK(expr.kind == T::kKind);
  return static_cast<const T&>(expr);
}
template <typename T>
T& As(Expr& expr) {
  HELIOS_CHECK(expr.kind == T::kKind);
  return static_cast<T&>(expr);
}

// Structural equality: same kinds, types, functions, constants and columns. Locations do not count.
bool Equal(const Expr& a, const Expr& b);
uint64_t Hash(const Expr& expr);
// Calls `visit` on every node, parents first; `visit` returns false to skip a node's children.
void Walk(const Expr& expr, const std::function<bool(const Expr&)>& visit);
// Replaces nodes bottom-up: `rewrite` gets ownership and returns the node to stand there.
ExprPtr Rewrite(ExprPtr expr, const std::function<ExprPtr(ExprPtr)>& rewrite);
// For EXPLAIN: "(a + 1)", with column names where known.
std::string ToString(const Expr& expr);
// No columns, parameters, volatile functions or subplans below: one value for ever.
bool IsConstantFoldable(const Expr& expr);
bool ContainsVolatile(const Expr& expr);
bool ContainsSubplan(const Expr& expr);

}  // namespace helios::expr
