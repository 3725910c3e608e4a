#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "expr/expr.h"
#include "types/io.h"
#include "types/vector.h"

namespace helios::sys {
class Clock;
}

namespace helios::expr {

// Runs subplans for SubplanExpr; implemented by exec.
class SubplanRunner {
 public:
  virtual ~SubplanRunner() = default;
  // Row i of `out` (flat) is the subplan's answer for row i of `arguments` (SubplanExpr::children).
  virtual Status Run(const SubplanExpr& expr, std::span<const Vector> arguments, size_t row_count,
                     Vector* out) = 0;
};

// What functions like nextval, current_user, pg_get_indexdef and set_config ask of the session. The
// implementation is compute's; where storage evaluates a fragment there is none, and the binder
// keeps such functions (volatile or marked so) out of fragments.
class SessionServices {
 public:
  virtual ~SessionServices() = default;
  // Dispatches a session function by its name; `arguments` of one row, result into out[out_row].
  // Errors are the function's own.
  virtual Status Call(std::string_view function, std::span<const Vector* const> arguments,
                      size_t row, Vector* out, size_t out_row) = 0;
};

// What evaluation may look at besides its input rows. Not owned: lives as long as the evaluators.
//
// Thread safety: read-only during execution, except `canceled`, which any thread may set.
class EvalContext {
 public:
  std::span<const Value> parameters;  // By ParameterExpr::slot.
  TextFormat text_format;             // DateStyle, TimeZone, lookup of user types ...
  int64_t transaction_start_us = 0;   // now(): microseconds since 2000-01-01 UTC.
  int64_t statement_start_us = 0;
  SubplanRunner* subplan_runner = nullptr;
  SessionServices* session = nullptr;
  const std::atomic<bool>* canceled = nullptr;
  const sys::Clock* clock = nullptr;  // clock_timestamp(); null: the machine's.
  // The session's random(): a counter that every draw advances, set by setseed(). Null: one of the
  // process.
  std::atomic<uint64_t>* random_state = nullptr;
  MemoryTracker* memory = nullptr;  // Whose limit values must stay within; null: no limit.

  // Whether so many bytes more may be held for a moment: 53200. They are not counted.
  Status CheckMemory(size_t bytes) const;
  bool IsCanceled() const {
    return canceled != nullptr && canceled->load(std::memory_order_relaxed);
  }
};

// Evaluates one expression over chunks. Holds scratch vectors and call-site state.
//
// Thread safety: none; each thread has its own. Lifetime: `expr` and `context` outlive it.
class Evaluator {
 public:
  Evaluator(const Expr& expr, EvalContext& context);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  // The value of each input row; `out` may be flat, constant or dictionary and may share the
  // input's data. On error `out` is undefined and the evaluator can be used again.
  Status Evaluate(const Chunk& input, Vector* out);
  // For a boolean expression: the rows where it is true, ascending.
  Status Select(const Chunk& input, Selection* out);

  const Expr& expr() const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

// One value of an expression without columns. kDataException and the like as evaluation gives them.
Result<Value> EvaluateConstant(const Expr& expr, EvalContext& context);

}  // namespace helios::expr
