// The exact operations on numerics: + - * / %, rounding, typmods. Small coefficients are handled in
// 128 bits; whatever overflows goes on with big integers. Result scales follow PostgreSQL's rules.

#include <algorithm>
#include <cstdlib>

#include "types/internal/big_integer.h"
#include "types/numeric.h"

namespace helios {

namespace {

// NUMERIC_MIN_SIG_DIGITS and NUMERIC_MAX_DISPLAY_SCALE of PostgreSQL.
constexpr int32_t kDivisionDigitsMin = 16;
constexpr int32_t kDivisionScaleMax = 1000;
constexpr int32_t kRoundDigitsMax = 2000;

// The one value without a negative.
constexpr __int128 kInt128Min = static_cast<__int128>(static_cast<unsigned __int128>(1) << 127);

Status DivisionByZero() { return Error(ErrorCode::kDivisionByZero).Message("division by zero"); }

// `value` * 10^shift in 128 bits; false when it does not fit.
bool ScaleUp(__int128 value, int32_t shift, __int128* out) {
  if (shift >= kPowersOfTen128) return value == 0 && (*out = 0, true);
  return !__builtin_mul_overflow(value, PowerOfTen128(shift), out);
}

struct Aligned {
  BigInt left;
  BigInt right;
  int32_t scale;
};

Aligned Align(const Numeric& left, const Numeric& right) {
  Aligned out{NumericOps::Coefficient(left), NumericOps::Coefficient(right),
              std::max(left.scale(), right.scale())};
  if (left.scale() < out.scale) out.left *= PowerOfTen(out.scale - left.scale());
  if (right.scale() < out.scale) out.right *= PowerOfTen(out.scale - right.scale());
  return out;
}

bool AlignSmall(const Numeric& left, const Numeric& right, __int128* a, __int128* b) {
  if (!left.is_small() || !right.is_small()) return false;
  const int32_t scale = std::max(left.scale(), right.scale());
  return ScaleUp(left.small_coefficient(), scale - left.scale(), a) &&
         ScaleUp(right.small_coefficient(), scale - right.scale(), b);
}

Numeric AddSpecial(const Numeric& left, const Numeric& right) {
  if (left.is_nan() || right.is_nan()) return Numeric::NaN();
  if (left.is_infinite() && right.is_infinite() && left.kind() != right.kind()) {
    return Numeric::NaN();
  }
  return left.is_infinite() ? left : right;
}

__int128 DivideRounded128(__int128 dividend, __int128 divisor) {
  __int128 quotient = dividend / divisor;
  __int128 remainder = dividend % divisor;
  if (remainder < 0) remainder = -remainder;
  const __int128 size = divisor < 0 ? -divisor : divisor;
  if (remainder >= size - remainder) quotient += (dividend < 0) == (divisor < 0) ? 1 : -1;
  return quotient;
}

// PostgreSQL's select_div_scale: at least 16 significant digits, and no fewer than the operands
// show.
int32_t DivisionScale(const Numeric& left, const Numeric& right) {
  const NumericOps::Leading a = NumericOps::LeadingOf(left);
  const NumericOps::Leading b = NumericOps::LeadingOf(right);
  int32_t quotient_weight = a.weight - b.weight;
  if (a.digit <= b.digit) --quotient_weight;
  int32_t scale = kDivisionDigitsMin - quotient_weight * 4;
  scale = std::max({scale, left.scale(), right.scale(), 0});
  return std::min(scale, kDivisionScaleMax);
}

}  // namespace

Result<Numeric> Numeric::Add(const Numeric& left, const Numeric& right) {
  if (!left.is_finite() || !right.is_finite()) return AddSpecial(left, right);
  __int128 a;
  __int128 b;
  __int128 sum;
  if (AlignSmall(left, right, &a, &b) && !__builtin_add_overflow(a, b, &sum)) {
    return NumericOps::MakeSmall(sum, std::max(left.scale_, right.scale_));
  }
  Aligned aligned = Align(left, right);
  return NumericOps::MakeChecked(aligned.left + aligned.right, aligned.scale);
}

Result<Numeric> Numeric::Subtract(const Numeric& left, const Numeric& right) {
  if (!left.is_finite() || !right.is_finite()) return AddSpecial(left, right.Negate());
  __int128 a;
  __int128 b;
  __int128 difference;
  if (AlignSmall(left, right, &a, &b) && !__builtin_sub_overflow(a, b, &difference)) {
    return NumericOps::MakeSmall(difference, std::max(left.scale_, right.scale_));
  }
  Aligned aligned = Align(left, right);
  return NumericOps::MakeChecked(aligned.left - aligned.right, aligned.scale);
}

Result<Numeric> Numeric::Multiply(const Numeric& left, const Numeric& right) {
  if (!left.is_finite() || !right.is_finite()) {
    const int sign = left.Sign() * right.Sign();
    if (left.is_nan() || right.is_nan() || sign == 0) return NaN();
    return Infinity(sign < 0);
  }
  __int128 product;
  const int32_t scale = left.scale_ + right.scale_;
  if (scale <= kScaleMax && left.is_small() && right.is_small() &&
      !__builtin_mul_overflow(left.small_, right.small_, &product)) {
    return NumericOps::MakeSmall(product, scale);
  }
  return NumericOps::MakeChecked(NumericOps::Coefficient(left) * NumericOps::Coefficient(right),
                                 scale);
}

Result<Numeric> Numeric::Divide(const Numeric& left, const Numeric& right) {
  if (left.is_nan() || right.is_nan()) return NaN();
  if (left.is_infinite() && right.is_infinite()) return NaN();
  if (right.is_infinite()) return FromParts(0, 0);
  if (right.Sign() == 0) return DivisionByZero();
  if (left.is_infinite()) return Infinity(left.Sign() * right.Sign() < 0);
  const int32_t scale = DivisionScale(left, right);
  // left / right * 10^scale = (left coefficient * 10^shift) / right coefficient.
  const int32_t shift = scale + right.scale_ - left.scale_;
  if (left.is_small() && right.is_small() && shift >= 0) {
    __int128 dividend;
    if (ScaleUp(left.small_, shift, &dividend) && dividend != kInt128Min &&
        right.small_ != kInt128Min) {
      return NumericOps::MakeSmall(DivideRounded128(dividend, right.small_), scale);
    }
  }
  BigInt dividend = NumericOps::Coefficient(left);
  BigInt divisor = NumericOps::Coefficient(right);
  if (shift >= 0) {
    dividend *= PowerOfTen(shift);
  } else {
    divisor *= PowerOfTen(-shift);
  }
  if (divisor < 0) {
    dividend = -dividend;
    divisor = -divisor;
  }
  return NumericOps::MakeChecked(DivideRounded(dividend, divisor), scale);
}

Result<Numeric> Numeric::DivideTruncated(const Numeric& left, const Numeric& right) {
  if (!left.is_finite() || !right.is_finite()) return Divide(left, right);
  if (right.Sign() == 0) return DivisionByZero();
  Aligned aligned = Align(left, right);
  return NumericOps::MakeChecked(aligned.left / aligned.right, 0);
}

Result<Numeric> Numeric::Modulo(const Numeric& left, const Numeric& right) {
  if (left.is_nan() || right.is_nan()) return NaN();
  if (left.is_infinite()) return right.Sign() == 0 ? Result<Numeric>(DivisionByZero()) : NaN();
  if (right.is_infinite()) return left;
  if (right.Sign() == 0) return DivisionByZero();
  __int128 a;
  __int128 b;
  if (AlignSmall(left, right, &a, &b)) {
    // The one quotient that overflows.
    const __int128 remainder = b == -1 ? 0 : a % b;
    return NumericOps::MakeSmall(remainder, std::max(left.scale_, right.scale_));
  }
  Aligned aligned = Align(left, right);
  return NumericOps::Make(aligned.left % aligned.right, aligned.scale);
}

Result<Numeric> Numeric::Gcd(const Numeric& left, const Numeric& right) {
  if (!left.is_finite() || !right.is_finite()) return NaN();
  Aligned aligned = Align(left, right);
  return NumericOps::Make(
      boost::multiprecision::gcd(BigInt(abs(aligned.left)), BigInt(abs(aligned.right))),
      aligned.scale);
}

Result<Numeric> Numeric::Lcm(const Numeric& left, const Numeric& right) {
  if (!left.is_finite() || !right.is_finite()) return NaN();
  Aligned aligned = Align(left, right);
  if (aligned.left == 0 || aligned.right == 0) return FromParts(0, aligned.scale);
  return NumericOps::MakeChecked(
      boost::multiprecision::lcm(BigInt(abs(aligned.left)), BigInt(abs(aligned.right))),
      aligned.scale);
}

Result<Numeric> Numeric::Factorial(int64_t value) {
  // 32177! is the largest that fits the format.
  constexpr int64_t kFactorialMax = 32177;
  if (value < 0) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("factorial of a negative number is undefined");
  }
  if (value > kFactorialMax) return NumericOverflow();
  // Pairs of halves keep the factors of one size.
  const auto product = [](auto&& self, int64_t from, int64_t to) -> BigInt {
    if (to - from < 8) {
      BigInt result = 1;
      for (int64_t factor = from; factor <= to; ++factor) result *= factor;
      return result;
    }
    const int64_t middle = (from + to) / 2;
    return self(self, from, middle) * self(self, middle + 1, to);
  };
  return NumericOps::MakeChecked(product(product, 1, value), 0);
}

Result<int32_t> Numeric::WidthBucket(const Numeric& operand, const Numeric& low,
                                     const Numeric& high, int32_t count) {
  const auto invalid = [](std::string_view message) {
    return Error(ErrorCode::kInvalidArgumentForWidthBucket).Message("{}", message).ToStatus();
  };
  if (count <= 0) return invalid("count must be greater than zero");
  if (operand.is_nan() || low.is_nan() || high.is_nan()) {
    return invalid("operand, lower bound, and upper bound cannot be NaN");
  }
  if (low.is_infinite() || high.is_infinite()) {
    return invalid("lower and upper bounds must be finite");
  }
  const int direction = Compare(low, high);
  if (direction == 0) return invalid("lower bound cannot equal upper bound");
  const bool before = direction < 0 ? Compare(operand, low) < 0 : Compare(operand, low) > 0;
  if (before) return 0;
  const bool after = direction < 0 ? Compare(operand, high) >= 0 : Compare(operand, high) <= 0;
  if (after) {
    if (count == INT32_MAX) {
      return Error(ErrorCode::kNumericOutOfRange).Message("integer out of range");
    }
    return count + 1;
  }
  HELIOS_TRY(const Numeric offset, Subtract(operand, low));
  HELIOS_TRY(const Numeric width, Subtract(high, low));
  HELIOS_TRY(const Numeric scaled, Multiply(offset, FromInt64(count)));
  HELIOS_TRY(const Numeric bucket, DivideTruncated(scaled, width));
  HELIOS_TRY(const int32_t index, bucket.ToInt32());
  return index + 1;
}

Numeric Numeric::Negate() const {
  Numeric result = *this;
  switch (kind_) {
    case Kind::kNaN:
      return result;
    case Kind::kPositiveInfinity:
      result.kind_ = Kind::kNegativeInfinity;
      return result;
    case Kind::kNegativeInfinity:
      result.kind_ = Kind::kPositiveInfinity;
      return result;
    case Kind::kFinite:
      break;
  }
  if (big_ == nullptr && !__builtin_sub_overflow(__int128{0}, small_, &result.small_)) {
    return result;
  }
  return NumericOps::Make(-NumericOps::Coefficient(*this), scale_);
}

Numeric Numeric::Abs() const { return Sign() < 0 ? Negate() : *this; }

Numeric Numeric::Truncate(int32_t digits) const {
  if (!is_finite()) return *this;
  digits = std::clamp(digits, -kRoundDigitsMax, std::max(kRoundDigitsMax, scale_));
  const int32_t scale = std::max(digits, 0);
  if (digits >= scale_) {
    if (digits == scale_) return *this;
    return NumericOps::Make(NumericOps::Coefficient(*this) * PowerOfTen(digits - scale_), scale);
  }
  const int32_t drop = scale_ - digits;
  if (big_ == nullptr) {
    if (drop >= kPowersOfTen128) return FromParts(0, scale);
    const __int128 unit = PowerOfTen128(drop);
    const __int128 kept = small_ / unit;
    return digits >= 0 ? FromParts(kept, scale) : FromParts(kept * PowerOfTen128(-digits), 0);
  }
  BigInt kept = big_->value / PowerOfTen(drop);
  if (digits < 0) kept *= PowerOfTen(-digits);
  return NumericOps::Make(std::move(kept), scale);
}

Numeric Numeric::Round(int32_t digits) const {
  if (!is_finite()) return *this;
  digits = std::clamp(digits, -kRoundDigitsMax, std::max(kRoundDigitsMax, scale_));
  if (digits >= scale_) {
    __int128 scaled;
    if (big_ == nullptr && ScaleUp(small_, digits - scale_, &scaled)) {
      return FromParts(scaled, digits);
    }
    return Truncate(digits);
  }
  const int32_t scale = std::max(digits, 0);
  const int32_t drop = scale_ - digits;
  if (big_ == nullptr && drop < kPowersOfTen128) {
    const __int128 kept = DivideRounded128(small_, PowerOfTen128(drop));
    __int128 result = kept;
    if (digits >= 0 || ScaleUp(kept, -digits, &result)) return FromParts(result, scale);
  }
  BigInt kept = DivideRounded(NumericOps::Coefficient(*this), PowerOfTen(drop));
  if (digits < 0) kept *= PowerOfTen(-digits);
  return NumericOps::Make(std::move(kept), scale);
}

Numeric Numeric::Ceil() const {
  if (!is_finite()) return *this;
  const Numeric whole = Truncate(0);
  if (Sign() <= 0 || Compare(whole, *this) == 0) return whole;
  return NumericOps::Make(NumericOps::Coefficient(whole) + 1, 0);
}

Numeric Numeric::Floor() const {
  if (!is_finite()) return *this;
  const Numeric whole = Truncate(0);
  if (Sign() >= 0 || Compare(whole, *this) == 0) return whole;
  return NumericOps::Make(NumericOps::Coefficient(whole) - 1, 0);
}

Result<Numeric> Numeric::ApplyTypmod(int32_t typmod) const {
  if (typmod < 4 || is_nan()) return *this;
  const int32_t precision = NumericTypmodPrecision(typmod);
  const int32_t scale = NumericTypmodScale(typmod);
  if (is_infinite()) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("numeric field overflow")
        .Detail("A field with precision {}, scale {} cannot hold an infinite value.", precision,
                scale);
  }
  const Numeric rounded = Round(scale);
  if (rounded.Sign() == 0) return rounded;
  const int32_t digits_max = precision - scale;
  if (NumericOps::DecimalExponent(rounded) + 1 > digits_max) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("numeric field overflow")
        .Detail(
            "A field with precision {}, scale {} must round to an absolute value less than "
            "{}{}.",
            precision, scale, digits_max != 0 ? "10^" : "", digits_max != 0 ? digits_max : 1);
  }
  return rounded;
}

Result<int32_t> NumericTypmod(int32_t precision, int32_t scale) {
  if (precision < 1 || precision > 1000) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("NUMERIC precision {} must be between 1 and 1000", precision);
  }
  if (scale < -1000 || scale > 1000) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("NUMERIC scale {} must be between -1000 and 1000", scale);
  }
  return ((precision << 16) | (scale & 0x7ff)) + 4;
}

}  // namespace helios
