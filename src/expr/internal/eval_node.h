#pragma once

#include <memory>
#include <span>
#include <vector>

#include "expr/evaluator.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "expr/internal/kernel.h"

namespace helios::expr {

// The evaluation side of one expression node.
//
// Thread safety: none. Lifetime: the expression and the context outlive it.
class EvalNode {
 public:
  EvalNode(const Expr& expr, EvalContext& context);
  virtual ~EvalNode() = default;
  EvalNode(const EvalNode&) = delete;
  EvalNode& operator=(const EvalNode&) = delete;

  static std::unique_ptr<EvalNode> Make(const Expr& expr, EvalContext& context);

  // Requires: input.row_count() > 0.
  virtual Status Evaluate(const Chunk& input, Vector* out) = 0;
  // Rows where a boolean expression is true. Requires: input.row_count() > 0.
  virtual Status Select(const Chunk& input, Selection* out);

  const Expr& expr() const { return expr_; }
  EvalContext& context() { return context_; }

  // The chosen rows of the columns that this node reads; other columns are left empty.
  Chunk SliceFor(const Chunk& input, std::shared_ptr<const Selection> rows) const;

 protected:
  EvalNode& child(size_t index) { return *children_[index]; }
  size_t child_count() const { return children_.size(); }
  // A flat vector of this node's type.
  Vector NewResult() const { return Vector(expr_.type, expr_.physical); }
  Status EvaluateChildren(const Chunk& input, std::vector<Vector>* values);

  const Expr& expr_;
  EvalContext& context_;
  std::vector<std::unique_ptr<EvalNode>> children_;
  std::vector<uint32_t> used_columns_;
};

// One call of a function on evaluated arguments: strictness, constants, call-site state.
class FunctionCaller {
 public:
  FunctionCaller(const ScalarFunction& function, SqlType result, PhysicalType physical,
                 std::vector<SqlType> argument_types, EvalContext& context,
                 const Expr* site = nullptr)
      : function_(function),
        result_(result),
        physical_(physical),
        argument_types_(std::move(argument_types)),
        context_(context),
        site_(site) {}

  const ScalarFunction& function() const { return function_; }
  Status Call(Arguments arguments, size_t row_count, Vector* out);

 private:
  const ScalarFunction& function_;
  SqlType result_;
  PhysicalType physical_;
  std::vector<SqlType> argument_types_;
  EvalContext& context_;
  const Expr* site_;
  std::shared_ptr<void> state_;
};

// Pointers to vectors, as kernels take them.
class ArgumentList {
 public:
  explicit ArgumentList(std::span<const Vector> vectors) {
    pointers_.reserve(vectors.size());
    for (const Vector& vector : vectors) pointers_.push_back(&vector);
  }
  operator Arguments() const { return pointers_; }  // NOLINT: conversion is the purpose.

 private:
  std::vector<const Vector*> pointers_;
};

// A boolean's three states per row.
inline bool IsTrue(const Vector& vector, size_t row) {
  return !vector.IsNull(row) && vector.At<uint8_t>(row) != 0;
}
inline bool IsFalse(const Vector& vector, size_t row) {
  return !vector.IsNull(row) && vector.At<uint8_t>(row) == 0;
}
void SelectTrue(const Vector& vector, size_t row_count, Selection* out);
// Row i of `from` becomes row rows[i] of `out` (flat), sharing strings.
void Scatter(const Vector& from, const Selection& rows, Vector* out);
std::shared_ptr<const Selection> AllRows(size_t row_count);
// The rows of `outer` that `inner` chooses, both ascending.
Selection Compose(const Selection& outer, const Selection& inner);

std::unique_ptr<EvalNode> MakeLogicNode(const Expr& expr, EvalContext& context);
std::unique_ptr<EvalNode> MakeMembershipNode(const Expr& expr, EvalContext& context);
std::unique_ptr<EvalNode> MakeCastNode(const CastExpr& expr, EvalContext& context);
std::unique_ptr<EvalNode> MakeCompositeNode(const Expr& expr, EvalContext& context);

}  // namespace helios::expr
