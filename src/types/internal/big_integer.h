#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>

#include "types/numeric.h"

namespace helios {

struct BigInteger {
  boost::multiprecision::cpp_int value;
};

using BigInt = boost::multiprecision::cpp_int;

// What the numeric source files share: coefficients as big integers, powers of ten.
struct NumericOps {
  static BigInt Coefficient(const Numeric& value);
  // Chooses the small form when it fits.
  static Numeric Make(BigInt coefficient, int32_t scale);
  // 22003 when there are too many digits before the point; rounds when too many after it.
  static Result<Numeric> MakeChecked(BigInt coefficient, int32_t scale);
  static Numeric MakeSmall(__int128 coefficient, int32_t scale) {
    Numeric result;
    result.small_ = coefficient;
    result.scale_ = scale;
    return result;
  }

  // PostgreSQL's view of a value as base-10000 digits: the weight of the first one, and its value.
  struct Leading {
    int32_t weight = 0;
    int32_t digit = 0;
  };
  static Leading LeadingOf(const Numeric& value);
  // log10 of the absolute value, rounded down. Requires: finite and not zero.
  static int32_t DecimalExponent(const Numeric& value);
};

Status NumericOverflow();

constexpr int32_t kPowersOfTen128 = 39;
// 10^exponent. Requires: 0 <= exponent < kPowersOfTen128.
__int128 PowerOfTen128(int32_t exponent);
BigInt PowerOfTen(int32_t exponent);
// Decimal digits of a value that is not negative; 1 for zero.
int32_t DecimalDigits(unsigned __int128 value);
int32_t DecimalDigits(const BigInt& value);
// Quotient rounded half away from zero. Requires: divisor > 0.
BigInt DivideRounded(const BigInt& dividend, const BigInt& divisor);

}  // namespace helios
