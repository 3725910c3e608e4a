// Mathematical functions of double precision, random numbers, width_bucket.

#include <atomic>
#include <cmath>
#include <numbers>

#include "base/hash.h"
#include "expr/internal/families.h"
#include "sys/randomness.h"
#include "types/array.h"
#include "types/compare.h"

namespace helios::expr {
namespace {

Status OutOfRange(const char* what) {
  return Error(ErrorCode::kNumericOutOfRange).Message("value out of range: {}", what);
}
Status InputOutOfRange() {
  return Error(ErrorCode::kNumericOutOfRange).Message("input is out of range");
}
// A result that became infinite or zero although the argument was neither.
Result<double> Checked(double result, bool may_be_infinite, bool may_be_zero) {
  if (std::isinf(result) && !may_be_infinite) return OutOfRange("overflow");
  if (result == 0 && !may_be_zero) return OutOfRange("underflow");
  return result;
}

Result<double> Sqrt(double x) {
  if (x < 0) {
    return Error(ErrorCode::kInvalidArgumentForPower)
        .Message("cannot take square root of a negative number");
  }
  return std::sqrt(x);
}
Result<double> Exp(double x) { return Checked(std::exp(x), std::isinf(x), std::isinf(x)); }
Status CheckLogarithm(double x) {
  if (x == 0) {
    return Error(ErrorCode::kInvalidArgumentForLogarithm).Message("cannot take logarithm of zero");
  }
  if (x < 0) {
    return Error(ErrorCode::kInvalidArgumentForLogarithm)
        .Message("cannot take logarithm of a negative number");
  }
  return Status::Ok();
}
Result<double> Ln(double x) {
  HELIOS_TRY(CheckLogarithm(x));
  return std::log(x);
}
Result<double> Log10(double x) {
  HELIOS_TRY(CheckLogarithm(x));
  return std::log10(x);
}
Result<double> Power(double x, double y) {
  if (std::isnan(x)) return y == 0 ? 1.0 : x;
  if (std::isnan(y)) return x == 1 ? 1.0 : y;
  if (x == 0 && y < 0) {
    return Error(ErrorCode::kInvalidArgumentForPower)
        .Message("zero raised to a negative power is undefined");
  }
  if (x < 0 && !std::isinf(y) && std::floor(y) != y) {
    return Error(ErrorCode::kInvalidArgumentForPower)
        .Message("a negative number raised to a non-integer power yields a complex result");
  }
  const bool infinite = std::isinf(x) || std::isinf(y);
  return Checked(std::pow(x, y), infinite, infinite || x == 0);
}
double Cbrt(double x) { return std::cbrt(x); }
double Ceil(double x) { return std::ceil(x); }
double Floor(double x) { return std::floor(x); }
double Rint(double x) { return std::nearbyint(x); }
double Trunc(double x) { return std::trunc(x); }
double Sign(double x) { return x > 0 ? 1.0 : (x < 0 ? -1.0 : 0.0); }
double Pi() { return std::numbers::pi; }
constexpr double kRadiansPerDegree = 0.0174532925199432957692;
Result<double> Degrees(double x) { return Checked(x / kRadiansPerDegree, std::isinf(x), x == 0); }
Result<double> Radians(double x) { return Checked(x * kRadiansPerDegree, std::isinf(x), x == 0); }

Result<double> Sin(double x) {
  if (std::isinf(x)) return InputOutOfRange();
  return std::sin(x);
}
Result<double> Cos(double x) {
  if (std::isinf(x)) return InputOutOfRange();
  return std::cos(x);
}
Result<double> Tan(double x) {
  if (std::isinf(x)) return InputOutOfRange();
  return std::tan(x);
}
Result<double> Cot(double x) {
  if (std::isinf(x)) return InputOutOfRange();
  return 1.0 / std::tan(x);
}
Result<double> Asin(double x) {
  if (x < -1 || x > 1) return InputOutOfRange();
  return std::asin(x);
}
Result<double> Acos(double x) {
  if (x < -1 || x > 1) return InputOutOfRange();
  return std::acos(x);
}
double Atan(double x) { return std::atan(x); }
double Atan2(double y, double x) { return std::atan2(y, x); }
double Sinh(double x) { return std::sinh(x); }
double Cosh(double x) { return std::cosh(x); }
double Tanh(double x) { return std::tanh(x); }
double Asinh(double x) { return std::asinh(x); }
Result<double> Acosh(double x) {
  if (x < 1) return InputOutOfRange();
  return std::acosh(x);
}
Result<double> Atanh(double x) {
  if (x < -1 || x > 1) return InputOutOfRange();
  return std::atanh(x);
}

// Trigonometry in degrees is exact where the result is: multiples of 30 and 45 degrees.
double SinOfQuadrant(double degrees) {  // 0 to 90
  if (degrees == 0) return 0;
  if (degrees == 30) return 0.5;
  if (degrees == 90) return 1;
  const double scale = std::numbers::pi / 180.0;
  if (degrees <= 30) return std::sin(degrees * scale) / std::sin(30 * scale) * 0.5;
  return std::cos((90 - degrees) * scale);
}
double CosOfQuadrant(double degrees) {
  if (degrees == 60) return 0.5;
  return SinOfQuadrant(90 - degrees);
}
Result<double> SinDegrees(double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return InputOutOfRange();
  double angle = std::fmod(x, 360.0);
  double sign = 1;
  if (angle < 0) {
    angle = -angle;
    sign = -sign;
  }
  if (angle > 180) {
    angle = 360 - angle;
    sign = -sign;
  }
  if (angle > 90) angle = 180 - angle;
  return sign * SinOfQuadrant(angle);
}
Result<double> CosDegrees(double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return InputOutOfRange();
  double angle = std::fabs(std::fmod(x, 360.0));
  double sign = 1;
  if (angle > 180) angle = 360 - angle;
  if (angle > 90) {
    angle = 180 - angle;
    sign = -1;
  }
  return sign * CosOfQuadrant(angle);
}
Result<double> TanDegrees(double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return InputOutOfRange();
  double angle = std::fmod(x, 360.0);
  double sign = 1;
  if (angle < 0) {
    angle = -angle;
    sign = -sign;
  }
  if (angle > 180) {
    angle = 360 - angle;
    sign = -sign;
  }
  if (angle > 90) {
    angle = 180 - angle;
    sign = -sign;
  }
  if (angle == 45) return sign;
  if (angle == 0) return 0.0;
  return sign * (SinOfQuadrant(angle) / CosOfQuadrant(angle));
}
Result<double> CotDegrees(double x) {
  HELIOS_TRY(const double tangent, TanDegrees(x));
  if (tangent == 0) return std::copysign(INFINITY, x < 0 ? -1.0 : 1.0);
  if (std::fabs(tangent) == 1 || std::isnan(x)) return 1.0 / tangent;
  HELIOS_TRY(const double sine, SinDegrees(x));
  HELIOS_TRY(const double cosine, CosDegrees(x));
  return cosine / sine;
}
// Scaled by the arcs of a half and of one, so that the usual angles come out exact.
double AsinDegreesOfPositive(double x) {
  static const double asin_half = std::asin(0.5);
  static const double acos_half = std::acos(0.5);
  if (x <= 0.5) return std::asin(x) / asin_half * 30.0;
  return 90.0 - std::acos(x) / acos_half * 60.0;
}
double AcosDegreesOfPositive(double x) {
  static const double asin_half = std::asin(0.5);
  static const double acos_half = std::acos(0.5);
  if (x <= 0.5) return 90.0 - std::asin(x) / asin_half * 30.0;
  return std::acos(x) / acos_half * 60.0;
}
Result<double> AsinDegrees(double x) {
  if (x < -1 || x > 1) return InputOutOfRange();
  return x < 0 ? -AsinDegreesOfPositive(-x) : AsinDegreesOfPositive(x);
}
Result<double> AcosDegrees(double x) {
  if (x < -1 || x > 1) return InputOutOfRange();
  return x >= 0 ? AcosDegreesOfPositive(x) : 90.0 + AsinDegreesOfPositive(-x);
}
double AtanDegrees(double x) {
  static const double atan_one = std::atan(1.0);
  return std::atan(x) / atan_one * 45.0;
}
double Atan2Degrees(double y, double x) {
  if (y == 0 && x > 0) return 0;
  if (std::fabs(y) == std::fabs(x) && x != 0) {
    return std::copysign(x > 0 ? 45.0 : 135.0, y);
  }
  static const double atan_one = std::atan(1.0);
  return std::atan2(y, x) / atan_one * 45.0;
}

// random() draws by counting: SplitMix64 of a counter that setseed() sets.
constexpr uint64_t kRandomStep = 0x9e3779b97f4a7c15ull;
std::atomic<uint64_t>& RandomState(FunctionCall& call) {
  // Only for callers without a session.
  static std::atomic<uint64_t> process_state{sys::SecureRandom64()};
  return call.context.random_state == nullptr ? process_state : *call.context.random_state;
}
Status Random(FunctionCall& call, Arguments, size_t row_count, Vector* out) {
  std::atomic<uint64_t>& state = RandomState(call);
  const uint64_t first = state.fetch_add(kRandomStep * row_count, std::memory_order_relaxed);
  double* result = out->Data<double>();
  for (size_t row = 0; row < row_count; ++row) {
    result[row] = static_cast<double>(HashInt(first + kRandomStep * (row + 1)) >> 11) * 0x1.0p-53;
  }
  return Status::Ok();
}
Result<int32_t> SetSeed(FunctionCall& call, double seed) {
  if (!(seed >= -1 && seed <= 1)) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("setseed parameter {} is out of allowed range [-1,1]", seed);
  }
  uint64_t bits;
  std::memcpy(&bits, &seed, sizeof(bits));
  RandomState(call).store(HashInt(bits), std::memory_order_relaxed);
  return 0;
}

Status BucketError(const char* message) {
  return Error(ErrorCode::kInvalidArgumentForWidthBucket).Message("{}", message);
}
Result<int32_t> WidthBucket(double operand, double low, double high, int32_t count) {
  if (count <= 0) return BucketError("count must be greater than zero");
  if (std::isnan(operand) || std::isnan(low) || std::isnan(high)) {
    return BucketError("operand, lower bound, and upper bound cannot be NaN");
  }
  if (std::isinf(low) || std::isinf(high)) {
    return BucketError("lower and upper bounds must be finite");
  }
  if (low == high) return BucketError("lower bound cannot equal upper bound");
  const bool ascending = low < high;
  const bool before = ascending ? operand < low : operand > low;
  const bool after = ascending ? operand >= high : operand <= high;
  if (before) return 0;
  if (after) {
    if (count == INT32_MAX)
      return Error(ErrorCode::kNumericOutOfRange).Message("integer out of range");
    return count + 1;
  }
  // Halves keep the differences from overflowing.
  const double position = ((operand / 2 - low / 2) / (high / 2 - low / 2)) * count;
  return std::min<int32_t>(static_cast<int32_t>(position), count - 1) + 1;
}
Status WidthBucketArray(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  const Vector& operand = *arguments[0];
  const CompareFunction compare = CompareFunctionOf(operand);
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    const ArrayReader thresholds(arguments[1]->View(row));
    if (thresholds.dimension_count() > 1) {
      return Error(ErrorCode::kArraySubscriptError)
          .Message("thresholds must be one-dimensional array");
    }
    if (thresholds.has_nulls()) {
      return Error(ErrorCode::kNullNotAllowed).Message("thresholds array must not contain NULLs");
    }
    Vector threshold({thresholds.element_type()}, thresholds.element_physical());
    const size_t width = PhysicalWidth(operand.physical());
    uint32_t low = 0;
    uint32_t high = thresholds.size();
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      thresholds.Load(middle, &threshold, 0);
      const char* value = operand.RawData() + operand.Position(row) * width;
      if (compare(value, threshold.RawData()) < 0) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    out->Data<int32_t>()[row] = static_cast<int32_t>(low);
  }
  return Status::Ok();
}

constexpr KernelEntry kKernels[] = {
    {"dsqrt", Map<Sqrt>},
    {"dexp", Map<Exp>},
    {"dlog1", Map<Ln>},
    {"dlog10", Map<Log10>},
    {"dpow", Map<Power>},
    {"dcbrt", Map<Cbrt>},
    {"dceil", Map<Ceil>},
    {"dfloor", Map<Floor>},
    {"dround", Map<Rint>},
    {"dtrunc", Map<Trunc>},
    {"dsign", Map<Sign>},
    {"dpi", Map<Pi>},
    {"degrees", Map<Degrees>},
    {"radians", Map<Radians>},
    {"dsin", Map<Sin>},
    {"dcos", Map<Cos>},
    {"dtan", Map<Tan>},
    {"dcot", Map<Cot>},
    {"dasin", Map<Asin>},
    {"dacos", Map<Acos>},
    {"datan", Map<Atan>},
    {"datan2", Map<Atan2>},
    {"dsinh", Map<Sinh>},
    {"dcosh", Map<Cosh>},
    {"dtanh", Map<Tanh>},
    {"dasinh", Map<Asinh>},
    {"dacosh", Map<Acosh>},
    {"datanh", Map<Atanh>},
    {"dsind", Map<SinDegrees>},
    {"dcosd", Map<CosDegrees>},
    {"dtand", Map<TanDegrees>},
    {"dcotd", Map<CotDegrees>},
    {"dasind", Map<AsinDegrees>},
    {"dacosd", Map<AcosDegrees>},
    {"datand", Map<AtanDegrees>},
    {"datan2d", Map<Atan2Degrees>},
    {"drandom", Random},
    {"setseed", Map<SetSeed>},
    {"width_bucket_float8", Map<WidthBucket>},
    {"width_bucket_array", WidthBucketArray},
};

}  // namespace

std::span<const KernelEntry> FloatMathKernels() { return kKernels; }

}  // namespace helios::expr
