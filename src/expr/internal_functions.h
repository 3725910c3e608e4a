#pragma once

#include "expr/function.h"

namespace helios::expr {

// Functions that SQL text cannot name and that no catalog lists: what the binder builds plans of
// besides the built-in ones. Thread safety: all calls, from any thread; results live forever.

enum class InternalFunction : uint8_t {
  // (array, element, subscript...): the array with that element replaced or added.
  kArraySetElement,
  // (array, source, given, lower, upper, ...): the slice replaced. Bit 2i of the int4 `given` says
  // that the i-th lower bound is written, bit 2i + 1 that the upper one is.
  kArraySetSlice,
  // (jsonb, value, subscript...): the value put at the path; subscripts are int4 or text.
  kJsonbSetPath,
};
const ScalarFunction* GetInternalFunction(InternalFunction function);

// Whether a row is in a TABLESAMPLE: (percent), both float8, or (percent, seed, row key).
const ScalarFunction* SampleFunction();

// What a call with an array marked VARIADIC means where the function's last argument is VARIADIC
// "any": the array's elements are the last arguments. Every other function is itself.
const ScalarFunction* WithSpreadArray(const ScalarFunction* function);

}  // namespace helios::expr
