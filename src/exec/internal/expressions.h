#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/status.h"
#include "expr/evaluator.h"
#include "sql/plan/plan.h"
#include "types/vector.h"

namespace helios::exec {

// One expression, with plain columns passed through without evaluation.
class Expression {
 public:
  Expression(const expr::Expr& expression, expr::EvalContext& context);

  // `out` shares data with `input` or with the evaluator: valid until the next call.
  Status Evaluate(const Chunk& input, Vector* out);
  const expr::Expr& expr() const { return *expr_; }

 private:
  const expr::Expr* expr_;
  int32_t column_ = -1;
  std::optional<expr::Evaluator> evaluator_;
};

// Several expressions over the same input.
class Expressions {
 public:
  Expressions() = default;
  Expressions(const std::vector<expr::ExprPtr>& list, expr::EvalContext& context);
  void Add(const expr::Expr& expression, expr::EvalContext& context);

  size_t size() const { return list_.size(); }
  // Replaces `out` by one column an expression, with the input's row count.
  Status Evaluate(const Chunk& input, Chunk* out);
  Expression& operator[](size_t index) { return list_[index]; }

 private:
  std::vector<Expression> list_;
};

// Pointers to a chunk's columns [first, first + count), as kernels take them.
std::vector<const Vector*> ColumnPointers(const Chunk& chunk, size_t first, size_t count);
inline std::vector<const Vector*> ColumnPointers(const Chunk& chunk) {
  return ColumnPointers(chunk, 0, chunk.column_count());
}

// A chunk of one row without columns, for expressions that read none.
Chunk OneRow();

// Calls `visit` for every expression of this node (not of its children).
void ForEachExpression(const sql::plan::Node& node,
                       const std::function<void(const expr::Expr&)>& visit);
// Calls `visit` for this node and every node below it, parents first.
void ForEachNode(const sql::plan::Node& node,
                 const std::function<void(const sql::plan::Node&)>& visit);

}  // namespace helios::exec
