#pragma once

#include <cstddef>

#include "expr/internal/kernel.h"

namespace helios::expr {

// Loops over fixed-width arguments without a branch a row. A dictionary argument is gathered into a
// flat scratch array first; then an argument is either an array or one value.
//
// Rows whose argument is NULL are computed too, on whatever bytes lie there: an operation must be
// defined for every bit pattern and report trouble as a flag, which is looked at again, row by row,
// only when it was set at all.

template <typename T>
struct FixedArgument {
  FixedArgument(const Vector& vector, size_t row_count) : is_constant(vector.is_constant()) {
    if (vector.kind() != VectorKind::kDictionary) {
      data = vector.Data<T>();
      return;
    }
    gathered = std::make_unique_for_overwrite<T[]>(row_count);
    const T* from = vector.Data<T>();
    const SelectionIndex* positions = vector.selection()->data();
    for (size_t row = 0; row < row_count; ++row) gathered[row] = from[positions[row]];
    data = gathered.get();
  }
  T at(size_t row) const { return data[is_constant ? 0 : row]; }

  bool is_constant;
  const T* data;
  std::unique_ptr<T[]> gathered;
};

// Calls body(left, right, row) with the loop specialised for constant sides.
template <typename A, typename B, typename Body>
inline void ForEachPair(const FixedArgument<A>& left, const FixedArgument<B>& right,
                        size_t row_count, Body body) {
  const A* a = left.data;
  const B* b = right.data;
  if (right.is_constant) {
    const B constant = b[0];
    if (left.is_constant) {
      const A other = a[0];
      for (size_t row = 0; row < row_count; ++row) body(other, constant, row);
      return;
    }
    for (size_t row = 0; row < row_count; ++row) body(a[row], constant, row);
  } else if (left.is_constant) {
    const A constant = a[0];
    for (size_t row = 0; row < row_count; ++row) body(constant, b[row], row);
  } else {
    for (size_t row = 0; row < row_count; ++row) body(a[row], b[row], row);
  }
}

// `Op::Apply(a, b, &result)` returns whether it failed; `Op::Failure(a, b)` says how.
template <typename Op, typename R, typename A, typename B>
Status BinaryLoop(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  const FixedArgument<A> left(*arguments[0], row_count);
  const FixedArgument<B> right(*arguments[1], row_count);
  R* result = out->Data<R>();
  bool failed = false;
  ForEachPair(left, right, row_count,
              [result, &failed](A a, B b, size_t row) { failed |= Op::Apply(a, b, &result[row]); });
  if (!failed) [[likely]]
    return Status::Ok();
  for (size_t row = 0; row < row_count; ++row) {
    R ignored;
    if (!out->validity().IsValid(row)) continue;
    if (Op::Apply(left.at(row), right.at(row), &ignored)) {
      return Op::Failure(left.at(row), right.at(row));
    }
  }
  return Status::Ok();
}

template <typename Op, typename R, typename A>
Status UnaryLoop(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  const FixedArgument<A> argument(*arguments[0], row_count);
  R* result = out->Data<R>();
  const size_t count = argument.is_constant ? std::min<size_t>(row_count, 1) : row_count;
  bool failed = false;
  for (size_t row = 0; row < count; ++row) {
    failed |= Op::Apply(argument.data[row], &result[row]);
  }
  for (size_t row = count; row < row_count; ++row) result[row] = result[0];
  if (!failed) [[likely]]
    return Status::Ok();
  for (size_t row = 0; row < row_count; ++row) {
    R ignored;
    if (!out->validity().IsValid(row)) continue;
    if (Op::Apply(argument.at(row), &ignored)) return Op::Failure(argument.at(row));
  }
  return Status::Ok();
}

// `Op::Test(a, b)`: the filter form of a comparison.
template <typename Op, typename A, typename B>
void SelectLoop(Arguments arguments, size_t row_count, Selection* out) {
  const FixedArgument<A> left(*arguments[0], row_count);
  const FixedArgument<B> right(*arguments[1], row_count);
  out->resize(row_count);
  SelectionIndex* selected = out->data();
  size_t count = 0;
  const Vector& a = *arguments[0];
  const Vector& b = *arguments[1];
  if (a.validity().AllValid() && b.validity().AllValid()) {
    ForEachPair(left, right, row_count, [selected, &count](A x, B y, size_t row) {
      selected[count] = static_cast<SelectionIndex>(row);
      count += Op::Test(x, y) ? 1 : 0;
    });
  } else {
    ForEachPair(left, right, row_count, [&](A x, B y, size_t row) {
      selected[count] = static_cast<SelectionIndex>(row);
      count += (Op::Test(x, y) && !a.IsNull(row) && !b.IsNull(row)) ? 1 : 0;
    });
  }
  out->resize(count);
}

}  // namespace helios::expr
