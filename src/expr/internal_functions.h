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
  // (cursor's name, table's OID, table's name): the key of the row that the cursor is on, as the
  // session knows it. 34000, 24000 as PostgreSQL says them.
  kCurrentOf,
  // (row key): the row's ctid. Of a table without primary key, whose keys are row ids of 8 bytes,
  // and of one with: docs/compatibility.md says how.
  kTidOfRowId,
  kTidOfRowKey,
  // (tid or tid[]): the keys of the first kind of table.
  kRowIdOfTid,
  // The own transaction as rows name it (xid).
  kCurrentXid,
};
const ScalarFunction* GetInternalFunction(InternalFunction function);

// Whether a row is in a TABLESAMPLE: (percent), both float8, or (percent, seed, row key).
const ScalarFunction* SampleFunction();

// What a call with an array marked VARIADIC means where the function's last argument is VARIADIC
// "any": the array's elements are the last arguments. Every other function is itself.
const ScalarFunction* WithSpreadArray(const ScalarFunction* function);

}  // namespace helios::expr
