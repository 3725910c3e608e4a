// sqrt, exp, ln, log and power of numerics, to as many digits as PostgreSQL shows. The work is done
// in binary fixed point: a value is integer / 2^bits. Steps:
//   ln(x):  x = m * 2^e with m in [2/3, 4/3); ln x = e ln 2 + 2 atanh((m - 1) / (m + 1)).
//   exp(x): x = k ln 2 + r; e^r by its series at r / 2^j, squared j times; times 2^k.
// `bits` carries guard bits beyond the digits wanted, so that rounding to the result scale is right
// but for ties closer than the guard.

#include <algorithm>
#include <cmath>
#include <limits>

#include "types/internal/big_integer.h"
#include "types/numeric.h"

namespace helios {

namespace {

constexpr int32_t kSignificantDigitsMin = 16;
constexpr int32_t kDisplayScaleMax = 1000;
constexpr int32_t kResultScaleMax = 2000;
constexpr double kBitsPerDigit = 3.3219280948873623;
constexpr double kLog10E = 0.434294481903252;

uint32_t BitsForDigits(int32_t digits) {
  return static_cast<uint32_t>(std::max(digits, 1) * kBitsPerDigit) + 64;
}

int32_t ClampScale(int32_t scale, std::initializer_list<int32_t> at_least) {
  for (int32_t other : at_least) scale = std::max(scale, other);
  return std::min(std::max(scale, 0), kDisplayScaleMax);
}

// value * 2^bits, rounded towards zero.
BigInt ToFixed(const Numeric& value, uint32_t bits) {
  BigInt scaled = NumericOps::Coefficient(value);
  const bool negative = scaled < 0;
  if (negative) scaled = -scaled;
  scaled <<= bits;
  scaled /= PowerOfTen(value.scale());
  return negative ? BigInt(-scaled) : scaled;
}

Result<Numeric> FromFixed(BigInt value, uint32_t bits, int32_t scale) {
  value *= PowerOfTen(scale);
  return NumericOps::MakeChecked(DivideRounded(value, BigInt(1) << bits), scale);
}

// atanh(numerator / denominator) in fixed point, for ratios below about a half.
BigInt FixedAtanh(const BigInt& numerator, const BigInt& denominator, uint32_t bits) {
  const BigInt ratio = (numerator << bits) / denominator;
  const BigInt square = (ratio * ratio) >> bits;
  BigInt power = ratio;
  BigInt sum = ratio;
  for (int64_t divisor = 3; power != 0; divisor += 2) {
    power = (power * square) >> bits;
    sum += power / divisor;
    if (abs(power) <= 1) break;
  }
  return sum;
}

BigInt FixedLn2(uint32_t bits) { return FixedAtanh(BigInt(1), BigInt(3), bits) << 1; }

// Requires: coefficient > 0.
BigInt FixedLn(const Numeric& value, uint32_t bits) {
  const BigInt numerator = NumericOps::Coefficient(value);
  const BigInt denominator = PowerOfTen(value.scale());
  int64_t exponent = static_cast<int64_t>(boost::multiprecision::msb(numerator)) -
                     static_cast<int64_t>(boost::multiprecision::msb(denominator));
  // m = numerator / (denominator * 2^exponent) is in (1/2, 2); bring it near 1.
  BigInt top = numerator;
  BigInt bottom = denominator;
  if (exponent >= 0) {
    bottom <<= static_cast<unsigned>(exponent);
  } else {
    top <<= static_cast<unsigned>(-exponent);
  }
  if (top * 3 >= bottom * 4) {
    bottom <<= 1;
    ++exponent;
  } else if (top * 3 < bottom * 2) {
    top <<= 1;
    --exponent;
  }
  BigInt result = FixedAtanh(top - bottom, top + bottom, bits) << 1;
  if (exponent != 0) result += FixedLn2(bits) * exponent;
  return result;
}

// e^x for a fixed-point x. The result has the same point; it may be large or underflow to 0.
BigInt FixedExp(const BigInt& value, uint32_t bits) {
  const BigInt ln2 = FixedLn2(bits);
  int64_t quotient = static_cast<int64_t>(value / ln2);
  BigInt rest = value - ln2 * quotient;
  if (rest < 0) {
    rest += ln2;
    --quotient;
  }
  const uint32_t halvings = 8 + static_cast<uint32_t>(std::sqrt(bits) / 4);
  // The squarings lose a bit each: work with that many more.
  const uint32_t work_bits = bits + 2 * halvings;
  BigInt small = (rest << (2 * halvings)) >> halvings;
  BigInt term = BigInt(1) << work_bits;
  BigInt sum = term;
  for (int64_t n = 1; term != 0; ++n) {
    term = ((term * small) >> work_bits) / n;
    sum += term;
  }
  for (uint32_t i = 0; i < halvings; ++i) sum = (sum * sum) >> work_bits;
  sum >>= 2 * halvings;
  if (quotient >= 0) return sum << static_cast<unsigned>(quotient);
  return -quotient > static_cast<int64_t>(bits) + 2 ? BigInt(0)
                                                    : sum >> static_cast<unsigned>(-quotient);
}

// Decimal weight of ln(value), as PostgreSQL estimates it (estimate_ln_dweight).
int32_t LnWeight(const Numeric& value) {
  if (value.Sign() <= 0) return 0;
  static const Numeric kLow = Numeric::FromParts(9, 1);
  static const Numeric kHigh = Numeric::FromParts(11, 1);
  if (Numeric::Compare(value, kLow) >= 0 && Numeric::Compare(value, kHigh) <= 0) {
    const Numeric distance = Numeric::Subtract(value, Numeric::FromInt64(1)).value();
    return distance.is_zero() ? 0 : NumericOps::DecimalExponent(distance);
  }
  const int32_t exponent = NumericOps::DecimalExponent(value);
  const std::string digits = value.CoefficientDigits().substr(0, 8);
  const double leading = std::stod(digits);
  const double ln =
      std::log(leading) + (exponent - static_cast<int32_t>(digits.size()) + 1) * 2.302585092994046;
  return static_cast<int32_t>(std::log10(std::fabs(ln)));
}

Result<Numeric> LnToScale(const Numeric& value, int32_t scale) {
  const uint32_t bits = BitsForDigits(scale + 8);
  return FromFixed(FixedLn(value, bits), bits, scale);
}

Status CheckLogArgument(const Numeric& value) {
  if (value.Sign() < 0) {
    return Error(ErrorCode::kInvalidArgumentForLogarithm)
        .Message("cannot take logarithm of a negative number");
  }
  if (value.is_zero()) {
    return Error(ErrorCode::kInvalidArgumentForLogarithm).Message("cannot take logarithm of zero");
  }
  return Status::Ok();
}

// e^x rounded to `scale` digits; `x` in fixed point.
Result<Numeric> ExpToScale(const Numeric& exponent, int32_t scale) {
  const double approximate = exponent.ToDouble();
  if (std::fabs(approximate) >= kResultScaleMax * 3) {
    if (approximate > 0) return NumericOverflow();
    return Numeric::FromParts(0, scale);
  }
  const int32_t integer_digits = std::max(0, static_cast<int32_t>(approximate * kLog10E) + 1);
  const uint32_t bits = BitsForDigits(scale + 2 * integer_digits + 8);
  return FromFixed(FixedExp(ToFixed(exponent, bits), bits), bits, scale);
}

Result<Numeric> RoundToScale(const Result<Numeric>& value, int32_t scale) {
  if (!value.ok()) return value.status();
  return value->Round(scale);
}

Result<Numeric> PowerByInt(const Numeric& base, int32_t exponent) {
  const int32_t scale = ClampScale(kSignificantDigitsMin, {base.scale()});
  if (exponent == 0) return Numeric::FromInt64(1).Round(scale);
  if (base.is_zero()) {
    if (exponent < 0) return Error(ErrorCode::kDivisionByZero).Message("division by zero");
    return Numeric::FromParts(0, scale);
  }
  const double log10_base =
      std::log10(std::stod(base.CoefficientDigits().substr(0, 17))) +
      (NumericOps::DecimalExponent(base) -
       static_cast<int32_t>(base.CoefficientDigits().substr(0, 17).size()) + 1);
  const double weight = exponent * log10_base;
  if (weight > 3.0 * std::numeric_limits<int16_t>::max() * 4) return NumericOverflow();
  if (weight + 1 < -scale || weight + 1 < -kDisplayScaleMax) return Numeric::FromParts(0, scale);
  // Repeated multiplication of a coefficient cut to the bits that the result needs.
  const uint32_t digits = static_cast<uint32_t>(
      std::max(1.0, 1 + scale + weight + std::log(std::fabs(static_cast<double>(exponent))) + 10));
  const uint32_t bits = BitsForDigits(static_cast<int32_t>(digits));
  BigInt factor = abs(NumericOps::Coefficient(base));
  int64_t factor_exponent = 0;  // factor * 2^factor_exponent, powers of ten apart
  const auto shrink = [bits](BigInt* value, int64_t* binary_exponent) {
    const int64_t excess = static_cast<int64_t>(boost::multiprecision::msb(*value)) - bits;
    if (excess <= 0) return;
    *value >>= static_cast<unsigned>(excess);
    *binary_exponent += excess;
  };
  BigInt product = 1;
  int64_t product_exponent = 0;
  for (uint32_t rest = static_cast<uint32_t>(std::abs(static_cast<int64_t>(exponent)));;) {
    if ((rest & 1) != 0) {
      product *= factor;
      product_exponent += factor_exponent;
      shrink(&product, &product_exponent);
    }
    rest >>= 1;
    if (rest == 0) break;
    factor *= factor;
    factor_exponent *= 2;
    shrink(&factor, &factor_exponent);
  }
  // |base^exponent| = (product * 2^product_exponent / 10^ten)^(+-1).
  const int64_t ten = static_cast<int64_t>(base.scale()) * std::abs(static_cast<int64_t>(exponent));
  if (ten > 4'000'000) {
    // Too many decimals to write out: only the logarithm is left.
    HELIOS_TRY(const Numeric ln, LnToScale(base.Abs(), scale + 30));
    HELIOS_TRY(const Numeric total, Numeric::Multiply(ln, Numeric::FromInt64(exponent)));
    HELIOS_TRY(const Numeric result, ExpToScale(total, scale));
    return base.Sign() < 0 && (exponent & 1) != 0 ? result.Negate() : result;
  }
  BigInt numerator = exponent > 0 ? product : PowerOfTen(static_cast<int32_t>(ten));
  BigInt denominator = exponent > 0 ? PowerOfTen(static_cast<int32_t>(ten)) : product;
  const int64_t shift = exponent > 0 ? product_exponent : -product_exponent;
  if (shift >= 0) {
    numerator <<= static_cast<unsigned>(shift);
  } else {
    denominator <<= static_cast<unsigned>(-shift);
  }
  numerator *= PowerOfTen(scale);
  BigInt result = DivideRounded(numerator, denominator);
  if (base.Sign() < 0 && (exponent & 1) != 0) result = -result;
  return NumericOps::MakeChecked(std::move(result), scale);
}

// Infinite arguments, as C99's pow() decides. Requires: one of the two is infinite, neither NaN.
Result<Numeric> PowerOfInfinite(const Numeric& base, const Numeric& exponent) {
  const Numeric one = Numeric::FromInt64(1);
  if (Numeric::Compare(base, one) == 0 || exponent.is_zero()) return one;
  if (base.Sign() < 0 && base.is_finite() && Numeric::Compare(base, one.Negate()) == 0) {
    return one;
  }
  if (base.is_zero() && exponent.Sign() < 0) {
    return Error(ErrorCode::kInvalidArgumentForPower)
        .Message("zero raised to a negative power is undefined");
  }
  if (exponent.is_infinite()) {
    const bool grows = Numeric::Compare(base.Abs(), one) > 0;
    if (grows == (exponent.Sign() > 0)) return Numeric::Infinity(false);
    return Numeric::FromInt64(0);
  }
  if (exponent.Sign() < 0) return Numeric::FromInt64(0);
  if (base.Sign() > 0) return base;
  const Numeric two = Numeric::FromInt64(2);
  HELIOS_TRY(const Numeric odd, Numeric::Modulo(exponent.Truncate(0), two));
  return Numeric::Infinity(!odd.is_zero());
}

}  // namespace

Result<Numeric> Numeric::Sqrt() const {
  if (is_nan()) return *this;
  if (Sign() < 0) {
    return Error(ErrorCode::kInvalidArgumentForPower)
        .Message("cannot take square root of a negative number");
  }
  if (is_infinite()) return *this;
  const int32_t weight = (NumericOps::LeadingOf(*this).weight + 1) * 2 - 1;
  const int32_t scale = ClampScale(kSignificantDigitsMin - weight, {scale_});
  // floor(sqrt(c * 10^(2 scale + 2 - s))) has one digit more than wanted: rounding it is right,
  // because an exact tie would need an infinite expansion.
  BigInt radicand = NumericOps::Coefficient(*this);
  const int32_t shift = 2 * scale + 2 - scale_;
  if (shift >= 0) {
    radicand *= PowerOfTen(shift);
  } else {
    radicand /= PowerOfTen(-shift);
  }
  const BigInt root = boost::multiprecision::sqrt(radicand);
  return NumericOps::MakeChecked(DivideRounded(root, BigInt(10)), scale);
}

Result<Numeric> Numeric::Exp() const {
  if (is_nan()) return *this;
  if (is_infinite()) return Sign() > 0 ? *this : FromInt64(0);
  const double weight = std::clamp(ToDouble() * kLog10E, -static_cast<double>(kResultScaleMax),
                                   static_cast<double>(kResultScaleMax));
  return ExpToScale(*this,
                    ClampScale(kSignificantDigitsMin - static_cast<int32_t>(weight), {scale_}));
}

Result<Numeric> Numeric::Ln() const {
  if (is_nan()) return *this;
  HELIOS_TRY(CheckLogArgument(*this));
  if (is_infinite()) return *this;
  return LnToScale(*this, ClampScale(kSignificantDigitsMin - LnWeight(*this), {scale_}));
}

Result<Numeric> Numeric::Log(const Numeric& base, const Numeric& value) {
  if (base.is_nan() || value.is_nan()) return NaN();
  HELIOS_TRY(CheckLogArgument(base));
  HELIOS_TRY(CheckLogArgument(value));
  if (base.is_infinite() && value.is_infinite()) return NaN();
  if (base.is_infinite()) return FromInt64(0);
  if (value.is_infinite()) return value;
  const int32_t weight = LnWeight(value) - LnWeight(base);
  const int32_t scale = ClampScale(kSignificantDigitsMin - weight, {base.scale_, value.scale_});
  const uint32_t bits = BitsForDigits(scale + 20 + std::abs(LnWeight(base)));
  BigInt dividend = FixedLn(value, bits);
  BigInt divisor = FixedLn(base, bits);
  if (divisor == 0) return Error(ErrorCode::kDivisionByZero).Message("division by zero");
  if (divisor < 0) {
    dividend = -dividend;
    divisor = -divisor;
  }
  return NumericOps::MakeChecked(DivideRounded(dividend * PowerOfTen(scale), divisor), scale);
}

Result<Numeric> Numeric::Power(const Numeric& base, const Numeric& exponent) {
  const Numeric one = FromInt64(1);
  if (base.is_nan() || exponent.is_nan()) {
    if (exponent.is_zero() || Compare(base, one) == 0) return one;
    return NaN();
  }
  if (base.is_infinite() || exponent.is_infinite()) return PowerOfInfinite(base, exponent);
  const bool integral = Compare(exponent, exponent.Truncate(0)) == 0;
  if (base.is_zero() && exponent.Sign() < 0) {
    return Error(ErrorCode::kInvalidArgumentForPower)
        .Message("zero raised to a negative power is undefined");
  }
  if (base.Sign() < 0 && !integral) {
    return Error(ErrorCode::kInvalidArgumentForPower)
        .Message("a negative number raised to a non-integer power yields a complex result");
  }
  if (integral) {
    const Result<int32_t> small = exponent.ToInt32();
    if (small.ok()) return PowerByInt(base, *small);
  }
  if (base.is_zero()) return FromParts(0, kSignificantDigitsMin);
  const Numeric size = base.Abs();
  HELIOS_TRY(const Numeric rough_ln, LnToScale(size, ClampScale(8 - LnWeight(size), {})));
  HELIOS_TRY(const Numeric rough, Multiply(rough_ln, exponent));
  double weight = rough.ToDouble();
  if (std::fabs(weight) > kResultScaleMax * 3.01) {
    if (weight > 0) return NumericOverflow();
    return FromParts(0, kDisplayScaleMax);
  }
  weight *= kLog10E;
  const int32_t scale = ClampScale(kSignificantDigitsMin - static_cast<int32_t>(weight),
                                   {base.scale_, exponent.scale_});
  const int32_t digits = std::max(scale + static_cast<int32_t>(weight), 1);
  const int32_t ln_scale = std::max(
      0, digits - LnWeight(size) + 12 + std::max(0, NumericOps::DecimalExponent(exponent)));
  HELIOS_TRY(const Numeric ln, LnToScale(size, ln_scale));
  HELIOS_TRY(const Numeric total, Multiply(ln, exponent));
  HELIOS_TRY(const Numeric result, RoundToScale(ExpToScale(total, scale), scale));
  if (base.Sign() > 0) return result;
  HELIOS_TRY(const Numeric odd, Modulo(exponent, FromInt64(2)));
  return odd.is_zero() ? result : result.Negate();
}

}  // namespace helios
