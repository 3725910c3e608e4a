// The root of bound expressions; their kinds are in expr.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "types/type.h"

namespace helios::expr {

enum class ExprKind : uint8_t {
  kConstant,
  kColumn,
  kParameter,
  kFunction,
  kAnd,
  kOr,
  kNot,
  kIsNull,
  kIsBool,
  kIsDistinct,
  kCase,
  kCoalesce,
  kMinMax,
  kNullIf,
  kCast,
  kScalarArrayOp,
  kInList,
  kArray,
  kRow,
  kFieldSelect,
  kSubscript,
  kSubplan,
};

// A bound expression: names resolved, types known, casts explicit. Immutable once built and shared
// by threads; what evaluation needs to remember lives in an Evaluator.
struct Expr {
  Expr(ExprKind kind_in, SqlType type_in)
      : kind(kind_in), type(type_in), physical(PhysicalTypeOf(type_in.oid)) {}
  virtual ~Expr() = default;
  virtual std::unique_ptr<Expr> Clone() const = 0;

  const ExprKind kind;
  SqlType type;
  PhysicalType physical;  // Differs from PhysicalTypeOf for user-defined enums (kInt64).
  int location = -1;      // Character offset in the statement's text, from 0; -1 unknown.
  std::vector<std::unique_ptr<Expr>> children;

 protected:
  Expr(const Expr& other);
};
using ExprPtr = std::unique_ptr<Expr>;

// Implements Clone for a leaf class of the hierarchy.
template <typename Derived, ExprKind kKindValue>
struct ExprBase : Expr {
  static constexpr ExprKind kKind = kKindValue;
  explicit ExprBase(SqlType type) : Expr(kKindValue, type) {}
  ExprPtr Clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

}  // namespace helios::expr
