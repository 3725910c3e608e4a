#pragma once

#include <span>
#include <string_view>

#include "expr/function.h"

namespace helios::expr {

// The built-in functions, operators, casts and aggregates, as PostgreSQL 15's pg_proc, pg_operator
// and pg_cast list those that we have. Thread safety: all calls, from any thread; results live
// forever.

std::span<const ScalarFunction* const> ScalarFunctionsNamed(std::string_view name);
std::span<const TableFunction* const> TableFunctionsNamed(std::string_view name);
std::span<const AggregateFunction* const> AggregatesNamed(std::string_view name);
std::span<const WindowFunction* const> WindowFunctionsNamed(std::string_view name);

// The function with exactly these argument types, or null.
const ScalarFunction* FindFunction(std::string_view name, std::span<const Oid> arguments);

struct Operator {
  Oid oid;
  std::string_view name;  // "+", "=", "~~"
  Oid left;               // kInvalidOid for a prefix operator.
  Oid right;
  Oid result;
  const ScalarFunction* function;
  std::string_view commutator;  // Empty if none.
  std::string_view negator;
};
std::span<const Operator* const> OperatorsNamed(std::string_view name);

// The default btree comparison and equality for a type (after binary coercion, as varchar -> text);
// null when the type has none.
const Operator* EqualityOperator(Oid type);
const Operator* LessOperator(Oid type);

enum class CastContext : char { kImplicit = 'i', kAssignment = 'a', kExplicit = 'e' };
enum class CastMethod : char { kFunction = 'f', kBinary = 'b', kText = 'i' };
struct Cast {
  Oid source;
  Oid target;
  CastContext context;
  CastMethod method;
  const ScalarFunction* function;  // For kFunction.
};
// The cast from pg_cast, or null. Casts through text form (any type to and from the string
// category), domains, arrays and enums are the binder's rules.
const Cast* FindCast(Oid source, Oid target);
std::span<const Cast* const> AllCasts();

// Typmod of json that the binder made of a row value: json_agg shows rows on lines of their own.
inline constexpr int32_t kJsonOfRowTypmod = 1;

// For pg_proc, pg_operator, pg_aggregate.
std::span<const ScalarFunction* const> AllScalarFunctions();
std::span<const TableFunction* const> AllTableFunctions();
std::span<const AggregateFunction* const> AllAggregates();
std::span<const WindowFunction* const> AllWindowFunctions();
std::span<const Operator* const> AllOperators();

}  // namespace helios::expr
