// PostgreSQL's rules of types: categories, which type turns into which and how, the common type of
// several expressions (its parse_coerce.c and the chapter "Type Conversion").
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "catalog/type_lookup.h"
#include "expr/expr.h"
#include "expr/function_registry.h"
#include "types/io.h"

namespace helios::sql::binder {

using expr::CastContext;
using expr::ExprPtr;

// Error(code) at a location in the statement (characters from 0; -1 unknown).
inline int PositionOf(int location) { return location < 0 ? 0 : location + 1; }
// Gives an error a position if it has none yet.
Status AtLocation(Status status, int location);

// The types of $1, $2, ... as far as they are known; kUnknown until something decides.
struct ParameterTypes {
  std::vector<Oid> types;
};

// Casts that analysis added and that PostgreSQL shows, by the location of the expression below, and
// whether an explicit cast stands between the two.
struct ShownCast {
  SqlType type;
  std::optional<std::string> text;  // Of a literal, as its type writes it.
};
using ShownCasts = std::map<std::pair<int, bool>, ShownCast>;

// Thread safety: none. Lifetime: the lookup, format and parameters outlive it.
class TypeRules {
 public:
  TypeRules(const catalog::CatalogTypeLookup* lookup, const TextFormat* format,
            ParameterTypes* parameters)
      : lookup_(lookup), format_(format), parameters_(parameters) {}

  // Binds what a domain asks of its values. Without it casts to domains check nothing.
  using DomainConditions = std::vector<expr::CastExpr::DomainCondition>;
  void set_domain_binder(std::function<Result<DomainConditions>(const catalog::UserType&)> binder) {
    bind_domain_ = std::move(binder);
  }

  TypeCategory Category(Oid type) const;
  bool IsPreferred(Oid type) const;
  Oid BaseType(Oid type) const;          // Through domains.
  SqlType BaseType(SqlType type) const;  // The typmod of a domain is its definition's.
  Oid Element(Oid type) const;           // kInvalidOid: not an array.
  Oid ArrayOf(Oid type) const;           // kInvalidOid: none.
  bool IsArray(Oid type) const { return Element(BaseType(type)) != kInvalidOid; }
  bool IsEnum(Oid type) const;
  bool IsDomain(Oid type) const;
  bool IsComposite(Oid type) const;
  std::string Name(Oid type) const { return Name(SqlType{type, -1}); }
  std::string Name(SqlType type) const { return FormatType(type, lookup_); }
  PhysicalType Physical(Oid type) const { return PhysicalTypeOf(type, lookup_); }
  // Sets Expr::physical for types that only the catalog knows.
  ExprPtr Typed(ExprPtr expr) const;

  bool IsBinaryCoercible(Oid source, Oid target) const;
  enum class Path : uint8_t { kNone, kRelabel, kFunction, kArray, kText, kEnum };
  Path FindPath(Oid source, Oid target, CastContext context, const expr::Cast** cast) const;
  bool CanCoerce(Oid source, Oid target, CastContext context) const;

  // Casts without checks of context beyond `context`; `location` is the cast's. Null result: there
  // is no such cast (the caller words the error). Resolves unknown literals and parameters.
  Result<ExprPtr> TryCoerce(ExprPtr expr, SqlType target, CastContext context, int location);
  // As TryCoerce; 42846 "cannot cast type a to b" when impossible.
  Result<ExprPtr> Cast(ExprPtr expr, SqlType target, int location);
  // To the type of a function's argument or the like, implicitly; the caller knows that it is
  // possible.
  Result<ExprPtr> CoerceArgument(ExprPtr expr, Oid target);
  // For INSERT, UPDATE: 42804 `column "a" is of type x but expression is of type y`.
  Result<ExprPtr> CoerceAssignment(ExprPtr expr, SqlType target, std::string_view column,
                                   int location);
  // 42804 "argument of WHERE must be type boolean, not type integer".
  Result<ExprPtr> CoerceBoolean(ExprPtr expr, std::string_view construct);
  Result<ExprPtr> CoerceInt8(ExprPtr expr, std::string_view construct);
  // A literal or parameter whose type nothing decides is text.
  Result<ExprPtr> ResolveUnknown(ExprPtr expr);

  // kInvalidOid with `context` empty when they do not match, else 42804
  // "CASE types a and b cannot be matched".
  Result<Oid> CommonType(std::span<const ExprPtr> exprs, std::string_view context) const;
  Result<Oid> CommonType(std::span<const SqlType> types, std::span<const int> locations,
                         std::string_view context) const;
  Result<ExprPtr> CoerceToCommon(ExprPtr expr, Oid type, std::string_view context);
  // The typmod of all when they agree, else -1.
  static int32_t CommonTypmod(std::span<const ExprPtr> exprs, Oid type);

  // The type named; 42704.
  const catalog::CatalogTypeLookup* lookup() const { return lookup_; }
  const TextFormat& format() const { return *format_; }
  ParameterTypes& parameters() { return *parameters_; }

  // Of a stored definition: who uses it need not be allowed to name what it names, since whoever
  // made it was.
  bool& names_are_granted() { return names_are_granted_; }

  // Where to note casts from now on; null: nowhere.
  void set_shown_casts(ShownCasts* casts) { shown_casts_ = casts; }

  // Equality and order of a type, user types included; null when there is none.
  const expr::Operator* Equality(Oid type) const;
  const expr::Operator* Less(Oid type) const;

 private:
  Result<ExprPtr> CoerceUnknownConstant(const expr::ConstantExpr& constant, SqlType target,
                                        CastContext context, int location);
  Result<Value> ParseConstant(SqlType type, std::string_view text) const;
  Result<ExprPtr> CoerceParameter(ExprPtr expr, SqlType target, int location);
  Result<ExprPtr> CoerceToDomain(ExprPtr expr, SqlType target, CastContext context, int location);
  Result<ExprPtr> CoerceRow(ExprPtr expr, SqlType target, CastContext context, int location);
  Result<ExprPtr> ConvertByPath(ExprPtr expr, SqlType target, Path path, const expr::Cast* cast,
                                CastContext context);
  ExprPtr ApplyTypmodTo(ExprPtr expr, SqlType target, CastContext context);
  void NoteConstant(const Value& value, int location, CastContext context);
  void NoteCast(const expr::Expr& operand, Oid target, CastContext context);

  const catalog::CatalogTypeLookup* lookup_;
  const TextFormat* format_;
  ParameterTypes* parameters_;
  ShownCasts* shown_casts_ = nullptr;
  bool names_are_granted_ = false;
  std::function<Result<DomainConditions>(const catalog::UserType&)> bind_domain_;
};

}  // namespace helios::sql::binder
