#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "types/compare.h"
#include "types/type.h"
#include "types/vector.h"

namespace helios::expr {

class EvalContext;
struct Expr;
struct ScalarFunction;

enum class Volatility : char { kImmutable = 'i', kStable = 's', kVolatile = 'v' };

// One call site during evaluation.
struct FunctionCall {
  EvalContext& context;
  std::span<const SqlType> argument_types;  // As bound, with typmods; actual types of polymorphics.
  SqlType result_type;
  // What the call site keeps between chunks (a compiled pattern, say). Owned by the evaluator, so
  // one thread at a time sees it.
  std::shared_ptr<void>& state;
  const ScalarFunction* function = nullptr;  // What is called: null in casts made by the evaluator.
  const Expr* site = nullptr;  // The expression that calls: its children may name record fields.
};

// Computes `row_count` results. `out` is flat, of the result type. For a strict function its
// validity is already set: rows where any argument is NULL are NULL, and the kernel must neither
// read the arguments of such a row nor write it. On error the contents of `out` are undefined. The
// arguments may be flat, constant or dictionary vectors.
using ScalarKernel = Status (*)(FunctionCall& call, std::span<const Vector* const> arguments,
                                size_t row_count, Vector* out);

// For a strict boolean function: appends to `out` the rows, ascending, where the result is true.
using SelectKernel = void (*)(std::span<const Vector* const> arguments, size_t row_count,
                              Selection* out);

struct ScalarFunction {
  Oid oid;  // PostgreSQL's where it has one, else ours from 9000.
  std::string_view name;
  std::vector<Oid> arguments;  // May hold pseudo-types (anyelement, anyarray, any).
  Oid result;
  bool strict = true;
  bool variadic = false;     // The last argument is an array that takes a list.
  bool returns_set = false;  // Never set here; see TableFunction.
  Volatility volatility = Volatility::kImmutable;
  ScalarKernel kernel = nullptr;
  uint32_t default_count = 0;  // Trailing arguments that may be left out (defaults below).
  std::vector<std::string> argument_names;
  std::vector<std::string> default_sql;  // One for each defaulted argument.
  bool needs_session = false;     // Asks EvalContext::session: never part of a storage fragment.
  SelectKernel select = nullptr;  // A faster road for filters, where there is one.
};

// A function in FROM or a set-returning function in a select list.
class TableFunctionState {
 public:
  virtual ~TableFunctionState() = default;
  // Fills `out` (flat, the function's columns) with up to kVectorRowsMax rows; no rows: finished.
  virtual Status Next(Chunk* out) = 0;
};

struct TableFunction {
  Oid oid;
  std::string_view name;
  std::vector<Oid> arguments;
  bool variadic = false;
  bool strict = true;  // With a NULL argument: no rows.
  Volatility volatility = Volatility::kImmutable;
  Oid result;                             // Element type, or kRecord for several columns.
  std::vector<std::string> column_names;  // Of the result columns (one name: the function's own).
  std::vector<Oid> column_types;
  uint32_t default_count = 0;
  std::vector<std::string> default_sql;
  // `arguments`: row `row` of each is one call. `column_types` are the actual ones after
  // polymorphic resolution.
  Result<std::unique_ptr<TableFunctionState>> (*start)(EvalContext& context,
                                                       std::span<const Vector* const> arguments,
                                                       size_t row,
                                                       std::span<const SqlType> column_types);
};

// One aggregate call site.
struct AggregateCall {
  EvalContext& context;
  std::span<const SqlType> argument_types;
  SqlType result_type;
  Arena& arena;  // Lives as long as the states; where states keep their variable parts.
  // WITHIN GROUP (ORDER BY ...) of hypothetical-set aggregates; empty: all ascending.
  std::span<const SortOrder> sort_orders = {};
};

// States are `state_bytes` of memory, aligned to 8, moved with memcpy. What they point to lies in
// the call's arena or is freed by `destroy`.
struct AggregateFunction {
  Oid oid;
  std::string_view name;
  std::vector<Oid> arguments;
  Oid result;
  bool variadic = false;
  bool ignores_nulls = true;  // Rows with a NULL argument never reach `update` (strict transition).
  bool is_ordered_set = false;   // WITHIN GROUP; direct arguments come first, then the sorted ones,
                                 // and rows reach `update` in that order.
  bool is_hypothetical = false;  // As many direct arguments as sorted ones; the row is inserted.
  uint32_t direct_count = 0;     // Direct arguments of an ordered-set aggregate.
  bool order_matters = false;    // array_agg, string_agg: keep the input's order.
  uint32_t state_bytes = 0;
  void (*init)(uint8_t* state) = nullptr;
  // Row i updates states[i]. Arguments hold no NULL where ignores_nulls.
  Status (*update)(AggregateCall& call, std::span<const Vector* const> arguments, size_t row_count,
                   uint8_t* const* states) = nullptr;
  // The same for rows that all belong to one state; null where there is no faster way.
  Status (*update_one)(AggregateCall& call, std::span<const Vector* const> arguments,
                       size_t row_count, uint8_t* state) = nullptr;
  // Adds source's input to target's; null when the aggregate cannot be split over threads.
  Status (*combine)(AggregateCall& call, const uint8_t* source, uint8_t* target) = nullptr;
  // Writes row i of `out` (flat) from states[i].
  Status (*finalize)(AggregateCall& call, uint8_t* const* states, size_t count, Vector* out,
                     size_t first_row) = nullptr;
  void (*destroy)(uint8_t* state) = nullptr;  // Null when there is nothing to free.
  // Bytes of a state for spilling: the reverse pair; null: groups of it are not spilled but kept.
  void (*serialize)(const uint8_t* state, std::string* out) = nullptr;
  Status (*deserialize)(AggregateCall& call, std::string_view bytes, uint8_t* state) = nullptr;
};

// Only-window functions; aggregates work as window functions through their own interface.
enum class WindowFunctionKind : uint8_t {
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,
  kLag,
  kLead,
  kFirstValue,
  kLastValue,
  kNthValue,
};
struct WindowFunction {
  Oid oid;
  std::string_view name;
  WindowFunctionKind kind;
  std::vector<Oid> arguments;
  Oid result;
};

}  // namespace helios::expr
