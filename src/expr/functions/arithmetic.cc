// Arithmetic and bits of smallint, integer, bigint, real and double precision, with PostgreSQL's
// overflow errors.

#include <bit>
#include <cmath>
#include <limits>

#include "expr/internal/families.h"
#include "expr/internal/hot_loop.h"
#include "types/io.h"

namespace helios::expr {
namespace {

template <typename R>
Status IntegerOutOfRange() {
  if constexpr (sizeof(R) == 2) return OutOfRange("smallint");
  if constexpr (sizeof(R) == 4) return OutOfRange("integer");
  return OutOfRange("bigint");
}
Status DivisionByZero() { return Error(ErrorCode::kDivisionByZero).Message("division by zero"); }

template <typename R>
struct IntAdd {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    return __builtin_add_overflow(static_cast<R>(a), static_cast<R>(b), r);
  }
  static Status Failure(R, R) { return IntegerOutOfRange<R>(); }
};
template <typename R>
struct IntSubtract {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    return __builtin_sub_overflow(static_cast<R>(a), static_cast<R>(b), r);
  }
  static Status Failure(R, R) { return IntegerOutOfRange<R>(); }
};
template <typename R>
struct IntMultiply {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    return __builtin_mul_overflow(static_cast<R>(a), static_cast<R>(b), r);
  }
  static Status Failure(R, R) { return IntegerOutOfRange<R>(); }
};
template <typename R>
struct IntDivide {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    const R x = static_cast<R>(a);
    const R y = static_cast<R>(b);
    if (y == 0 || (y == -1 && x == std::numeric_limits<R>::min())) {
      *r = 0;
      return true;
    }
    *r = static_cast<R>(x / y);
    return false;
  }
  static Status Failure(R, R b) { return b == 0 ? DivisionByZero() : IntegerOutOfRange<R>(); }
};
template <typename R>
struct IntModulo {
  static bool Apply(R a, R b, R* r) {
    if (b == 0 || b == -1) {
      *r = 0;
      return b == 0;
    }
    *r = static_cast<R>(a % b);
    return false;
  }
  static Status Failure(R, R) { return DivisionByZero(); }
};
template <typename R>
struct IntNegate {
  static bool Apply(R a, R* r) { return __builtin_sub_overflow(R{0}, a, r); }
  static Status Failure(R) { return IntegerOutOfRange<R>(); }
};
template <typename R>
struct IntAbs {
  static bool Apply(R a, R* r) {
    if (a < 0) return __builtin_sub_overflow(R{0}, a, r);
    *r = a;
    return false;
  }
  static Status Failure(R) { return IntegerOutOfRange<R>(); }
};
template <typename T>
struct Same {
  static bool Apply(T a, T* r) {
    *r = a;
    return false;
  }
  static Status Failure(T) { return Status::Ok(); }
};

// Float results that pass the range become infinite, those too small become zero; PostgreSQL
// refuses both when the arguments do not explain them.
Status FloatOverflow() {
  return Error(ErrorCode::kNumericOutOfRange).Message("value out of range: overflow");
}
Status FloatUnderflow() {
  return Error(ErrorCode::kNumericOutOfRange).Message("value out of range: underflow");
}
template <typename R>
struct FloatAdd {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    *r = static_cast<R>(a) + static_cast<R>(b);
    return std::isinf(*r) & !std::isinf(a) & !std::isinf(b);
  }
  static Status Failure(R, R) { return FloatOverflow(); }
};
template <typename R>
struct FloatSubtract {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    *r = static_cast<R>(a) - static_cast<R>(b);
    return std::isinf(*r) & !std::isinf(a) & !std::isinf(b);
  }
  static Status Failure(R, R) { return FloatOverflow(); }
};
template <typename R>
struct FloatMultiply {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    *r = static_cast<R>(a) * static_cast<R>(b);
    return (std::isinf(*r) & !std::isinf(a) & !std::isinf(b)) | ((*r == 0) & (a != 0) & (b != 0));
  }
  static Status Failure(R a, R b) { return std::isinf(a * b) ? FloatOverflow() : FloatUnderflow(); }
};
template <typename R>
struct FloatDivide {
  template <typename A, typename B>
  static bool Apply(A a, B b, R* r) {
    *r = static_cast<R>(a) / static_cast<R>(b);
    return ((b == 0) & !std::isnan(a)) | (std::isinf(*r) & !std::isinf(a)) |
           ((*r == 0) & (a != 0) & !std::isinf(b));
  }
  static Status Failure(R a, R b) {
    if (b == 0) return DivisionByZero();
    return std::isinf(a / b) ? FloatOverflow() : FloatUnderflow();
  }
};
template <typename T>
struct FloatNegate {
  static bool Apply(T a, T* r) {
    *r = -a;
    return false;
  }
  static Status Failure(T) { return Status::Ok(); }
};
template <typename T>
struct FloatAbs {
  static bool Apply(T a, T* r) {
    *r = std::fabs(a);
    return false;
  }
  static Status Failure(T) { return Status::Ok(); }
};

// As on the machines that PostgreSQL runs on, the shift count is taken modulo the width of int.
template <typename T>
T ShiftLeft(T a, int32_t b) {
  if constexpr (sizeof(T) == 8) {
    return static_cast<T>(static_cast<uint64_t>(a) << (b & 63));
  } else {
    return static_cast<T>(static_cast<uint32_t>(static_cast<int32_t>(a)) << (b & 31));
  }
}
template <typename T>
T ShiftRight(T a, int32_t b) {
  if constexpr (sizeof(T) == 8) {
    return a >> (b & 63);
  } else {
    return static_cast<T>(static_cast<int32_t>(a) >> (b & 31));
  }
}
template <typename T>
T BitAnd(T a, T b) {
  return static_cast<T>(a & b);
}
template <typename T>
T BitOr(T a, T b) {
  return static_cast<T>(a | b);
}
template <typename T>
T BitXor(T a, T b) {
  return static_cast<T>(a ^ b);
}
template <typename T>
T BitNot(T a) {
  return static_cast<T>(~a);
}

template <typename T>
Result<T> GreatestCommonDivisor(T a, T b) {
  // Work with negative numbers: they reach one further.
  T x = a > 0 ? static_cast<T>(-a) : a;
  T y = b > 0 ? static_cast<T>(-b) : b;
  while (y != 0) {
    const T rest = y == -1 ? T{0} : static_cast<T>(x % y);
    x = y;
    y = rest;
  }
  if (x == std::numeric_limits<T>::min()) return IntegerOutOfRange<T>();
  return static_cast<T>(-x);
}
template <typename T>
Result<T> LeastCommonMultiple(T a, T b) {
  if (a == 0 || b == 0) return T{0};
  HELIOS_TRY(const T divisor, GreatestCommonDivisor(a, b));
  T result;
  if (__builtin_mul_overflow(static_cast<T>(a / divisor), b, &result) ||
      result == std::numeric_limits<T>::min()) {
    return IntegerOutOfRange<T>();
  }
  return result < 0 ? static_cast<T>(-result) : result;
}

#define HELIOS_INT_ARITHMETIC(name, R, A, B)                                                     \
  {name "pl", BinaryLoop<IntAdd<R>, R, A, B>}, {name "mi", BinaryLoop<IntSubtract<R>, R, A, B>}, \
      {name "mul", BinaryLoop<IntMultiply<R>, R, A, B>}, {                                       \
    name "div", BinaryLoop<IntDivide<R>, R, A, B>                                                \
  }
#define HELIOS_INT_UNARY(name, T)                                                    \
  {name "um", UnaryLoop<IntNegate<T>, T, T>}, {name "up", UnaryLoop<Same<T>, T, T>}, \
      {name "abs", UnaryLoop<IntAbs<T>, T, T>}, {                                    \
    name "mod", BinaryLoop<IntModulo<T>, T, T, T>                                    \
  }
#define HELIOS_INT_BITS(name, T)                                                          \
  {name "and", Map<BitAnd<T>>}, {name "or", Map<BitOr<T>>}, {name "xor", Map<BitXor<T>>}, \
      {name "not", Map<BitNot<T>>}, {name "shl", Map<ShiftLeft<T>>},                      \
      {name "shr", Map<ShiftRight<T>>}, {name "gcd", Map<GreatestCommonDivisor<T>>}, {    \
    name "lcm", Map<LeastCommonMultiple<T>>                                               \
  }
#define HELIOS_FLOAT_ARITHMETIC(name, R, A, B)               \
  {name "pl", BinaryLoop<FloatAdd<R>, R, A, B>},             \
      {name "mi", BinaryLoop<FloatSubtract<R>, R, A, B>},    \
      {name "mul", BinaryLoop<FloatMultiply<R>, R, A, B>}, { \
    name "div", BinaryLoop<FloatDivide<R>, R, A, B>          \
  }
#define HELIOS_FLOAT_UNARY(name, T)                                                      \
  {name "um", UnaryLoop<FloatNegate<T>, T, T>}, {name "up", UnaryLoop<Same<T>, T, T>}, { \
    name "abs", UnaryLoop<FloatAbs<T>, T, T>                                             \
  }

constexpr KernelEntry kKernels[] = {
    HELIOS_INT_ARITHMETIC("int2", int16_t, int16_t, int16_t),
    HELIOS_INT_ARITHMETIC("int4", int32_t, int32_t, int32_t),
    HELIOS_INT_ARITHMETIC("int8", int64_t, int64_t, int64_t),
    HELIOS_INT_ARITHMETIC("int24", int32_t, int16_t, int32_t),
    HELIOS_INT_ARITHMETIC("int42", int32_t, int32_t, int16_t),
    HELIOS_INT_ARITHMETIC("int28", int64_t, int16_t, int64_t),
    HELIOS_INT_ARITHMETIC("int82", int64_t, int64_t, int16_t),
    HELIOS_INT_ARITHMETIC("int48", int64_t, int32_t, int64_t),
    HELIOS_INT_ARITHMETIC("int84", int64_t, int64_t, int32_t),
    HELIOS_INT_UNARY("int2", int16_t),
    HELIOS_INT_UNARY("int4", int32_t),
    HELIOS_INT_UNARY("int8", int64_t),
    HELIOS_INT_BITS("int2", int16_t),
    HELIOS_INT_BITS("int4", int32_t),
    HELIOS_INT_BITS("int8", int64_t),
    HELIOS_FLOAT_ARITHMETIC("float4", float, float, float),
    HELIOS_FLOAT_ARITHMETIC("float8", double, double, double),
    HELIOS_FLOAT_ARITHMETIC("float48", double, float, double),
    HELIOS_FLOAT_ARITHMETIC("float84", double, double, float),
    HELIOS_FLOAT_UNARY("float4", float),
    HELIOS_FLOAT_UNARY("float8", double),
};

}  // namespace

std::span<const KernelEntry> ArithmeticKernels() { return kKernels; }

}  // namespace helios::expr
