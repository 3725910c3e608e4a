#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "expr/evaluator.h"
#include "expr/function.h"
#include "types/numeric.h"
#include "types/vector.h"

namespace helios::expr {

using Arguments = std::span<const Vector* const>;

// Reads and writes of one value of a vector by its C++ type. Strings are views into the vector,
// numerics are decoded.
template <typename T>
struct ValueTraits {
  static T Load(const Vector& vector, size_t row) { return vector.At<T>(row); }
  static void Store(const T& value, Vector* out, size_t row) { out->Data<T>()[row] = value; }
};
template <>
struct ValueTraits<bool> {
  static bool Load(const Vector& vector, size_t row) { return vector.At<uint8_t>(row) != 0; }
  static void Store(bool value, Vector* out, size_t row) {
    out->Data<uint8_t>()[row] = value ? 1 : 0;
  }
};
template <>
struct ValueTraits<std::string_view> {
  static std::string_view Load(const Vector& vector, size_t row) { return vector.View(row); }
  static void Store(std::string_view value, Vector* out, size_t row) { out->SetString(row, value); }
};
template <>
struct ValueTraits<std::string> {
  static void Store(const std::string& value, Vector* out, size_t row) {
    out->SetString(row, value);
  }
};
template <>
struct ValueTraits<Numeric> {
  static Numeric Load(const Vector& vector, size_t row) {
    return Numeric::Decode(vector.View(row));
  }
  static void Store(const Numeric& value, Vector* out, size_t row) {
    out->SetString(row, value.Encode());
  }
};

template <typename T>
Status StoreResult(const T& value, Vector* out, size_t row) {
  ValueTraits<T>::Store(value, out, row);
  return Status::Ok();
}
template <typename T>
Status StoreResult(const std::optional<T>& value, Vector* out, size_t row) {
  if (value.has_value()) {
    ValueTraits<T>::Store(*value, out, row);
  } else {
    out->SetNull(row);
  }
  return Status::Ok();
}
template <typename T>
Status StoreResult(Result<T>&& value, Vector* out, size_t row) {
  if (!value.ok()) return std::move(value).status();
  return StoreResult(*value, out, row);
}

// Values larger than this ask the query's memory limit before they are made.
inline constexpr size_t kLargeBytes = 16 << 20;

// Keeps the long values that a loop over rows writes to a vector within the query's memory limit:
// the rows of a chunk are many, and each may be large.
class ResultGuard {
 public:
  ResultGuard(const EvalContext& context, Vector* out)
      : context_(context),
        heap_(out->physical() == PhysicalType::kVarlen ? &out->heap() : nullptr) {}
  // After a row.
  Status Check() {
    if (heap_ == nullptr || heap_->allocated_bytes() <= checked_bytes_) return Status::Ok();
    return CheckLarge();
  }

 private:
  Status CheckLarge();

  const EvalContext& context_;
  const Arena* const heap_;
  size_t checked_bytes_ = kLargeBytes;
};

namespace internal {

template <typename T>
constexpr bool kIsBytes = false;
template <>
inline constexpr bool kIsBytes<std::string> = true;
template <>
inline constexpr bool kIsBytes<std::string_view> = true;
template <>
inline constexpr bool kIsBytes<Numeric> = true;
template <typename T>
inline constexpr bool kIsBytes<std::optional<T>> = kIsBytes<T>;
template <typename T>
inline constexpr bool kIsBytes<Result<T>> = kIsBytes<T>;

// The rows that hold values: `store` computes one.
template <bool kLong, typename Store>
Status ForValidRows(FunctionCall& call, size_t row_count, Vector* out, Store store) {
  const bool all_valid = out->validity().AllValid();
  std::optional<ResultGuard> guard;
  if constexpr (kLong) guard.emplace(call.context, out);
  for (size_t row = 0; row < row_count; ++row) {
    if (!all_valid && !out->validity().IsValid(row)) continue;
    HELIOS_TRY(store(row));
    if constexpr (kLong) HELIOS_TRY(guard->Check());
  }
  return Status::Ok();
}

template <auto F, typename R, typename... A, size_t... I>
Status MapRows(FunctionCall& call, [[maybe_unused]] Arguments arguments, size_t row_count,
               Vector* out, R (*)(A...), std::index_sequence<I...>) {
  return ForValidRows<kIsBytes<R>>(call, row_count, out, [&](size_t row) {
    return StoreResult(F(ValueTraits<std::remove_cvref_t<A>>::Load(*arguments[I], row)...), out,
                       row);
  });
}
template <auto F, typename R, typename... A, size_t... I>
Status MapRows(FunctionCall& call, [[maybe_unused]] Arguments arguments, size_t row_count,
               Vector* out, R (*)(FunctionCall&, A...), std::index_sequence<I...>) {
  return ForValidRows<kIsBytes<R>>(call, row_count, out, [&](size_t row) {
    return StoreResult(F(call, ValueTraits<std::remove_cvref_t<A>>::Load(*arguments[I], row)...),
                       out, row);
  });
}

template <typename R, typename... A>
constexpr size_t ArityOf(R (*)(A...)) {
  return sizeof...(A);
}
template <typename R, typename... A>
constexpr size_t ArityOf(R (*)(FunctionCall&, A...)) {
  return sizeof...(A);
}

}  // namespace internal

// The kernel of a strict function from a plain function of one row: `F` takes values (fixed types,
// std::string_view, Numeric), with a FunctionCall& first if it needs one, and returns a value, a
// std::optional of one (empty: NULL), or a Result of either.
template <auto F>
Status Map(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  return internal::MapRows<F>(call, arguments, row_count, out, +F,
                              std::make_index_sequence<internal::ArityOf(+F)>());
}

// The state that a call site keeps between chunks, made when first asked for.
template <typename T>
T& CallState(FunctionCall& call) {
  if (call.state == nullptr) call.state = std::make_shared<T>();
  return *static_cast<T*>(call.state.get());
}

inline bool AnyNull(Arguments arguments, size_t row) {
  for (const Vector* argument : arguments) {
    if (argument->IsNull(row)) return true;
  }
  return false;
}

// One kernel of the tables in tables/functions.def, found by its key.
struct KernelEntry {
  std::string_view key;
  ScalarKernel kernel;
  SelectKernel select = nullptr;
};

using TableFunctionStart = Result<std::unique_ptr<TableFunctionState>> (*)(
    EvalContext& context, std::span<const Vector* const> arguments, size_t row,
    std::span<const SqlType> column_types);
struct TableKernelEntry {
  std::string_view key;
  TableFunctionStart start;
};

}  // namespace helios::expr
