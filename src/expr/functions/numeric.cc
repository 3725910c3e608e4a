// numeric: arithmetic, rounding, roots and logarithms.

#include "types/numeric.h"

#include "expr/internal/families.h"

namespace helios::expr {
namespace {

// Both operands as 64-bit coefficients, and the way back when that is not enough.
template <typename Small, typename Large>
Status NumericLoop(Arguments arguments, size_t row_count, Vector* out, Small small, Large large) {
  const Vector& a = *arguments[0];
  const Vector& b = *arguments[1];
  const StringRef* left = a.Data<StringRef>();
  const StringRef* right = b.Data<StringRef>();
  StringRef* result = out->Data<StringRef>();
  const bool all_valid = out->validity().AllValid();
  for (size_t row = 0; row < row_count; ++row) {
    if (!all_valid && !out->validity().IsValid(row)) continue;
    const StringRef& x = left[a.Position(row)];
    const StringRef& y = right[b.Position(row)];
    SmallNumeric s;
    SmallNumeric t;
    if (DecodeSmallNumeric(x, &s) && DecodeSmallNumeric(y, &t) && small(s, t, &result[row])) {
      continue;
    }
    HELIOS_TRY(const Numeric value, large(Numeric::Decode(x.view()), Numeric::Decode(y.view())));
    out->SetString(row, value.Encode());
  }
  return Status::Ok();
}

constexpr int64_t kPowersOfTen[] = {1,
                                    10,
                                    100,
                                    1000,
                                    10000,
                                    100000,
                                    1000000,
                                    10000000,
                                    100000000,
                                    1000000000,
                                    10000000000,
                                    100000000000,
                                    1000000000000,
                                    10000000000000,
                                    100000000000000,
                                    1000000000000000,
                                    10000000000000000,
                                    100000000000000000,
                                    1000000000000000000};

// Brings both to the larger scale; false when that overflows.
bool AlignScales(SmallNumeric* a, SmallNumeric* b) {
  if (a->scale == b->scale) return true;
  SmallNumeric* low = a->scale < b->scale ? a : b;
  const int32_t target = std::max(a->scale, b->scale);
  const int32_t shift = target - low->scale;
  if (shift > 18) return false;
  if (__builtin_mul_overflow(low->coefficient, kPowersOfTen[shift], &low->coefficient)) {
    return false;
  }
  low->scale = target;
  return true;
}

Status Add(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  return NumericLoop(
      arguments, row_count, out,
      [](SmallNumeric a, SmallNumeric b, StringRef* result) {
        int64_t sum;
        if (!AlignScales(&a, &b) || __builtin_add_overflow(a.coefficient, b.coefficient, &sum)) {
          return false;
        }
        *result = EncodeSmallNumeric(sum, a.scale);
        return true;
      },
      Numeric::Add);
}
Status Subtract(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  return NumericLoop(
      arguments, row_count, out,
      [](SmallNumeric a, SmallNumeric b, StringRef* result) {
        int64_t difference;
        if (!AlignScales(&a, &b) ||
            __builtin_sub_overflow(a.coefficient, b.coefficient, &difference)) {
          return false;
        }
        *result = EncodeSmallNumeric(difference, a.scale);
        return true;
      },
      Numeric::Subtract);
}
Status Multiply(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  return NumericLoop(
      arguments, row_count, out,
      [](SmallNumeric a, SmallNumeric b, StringRef* result) {
        int64_t product;
        const int32_t scale = a.scale + b.scale;
        if (scale > Numeric::kScaleMax ||
            __builtin_mul_overflow(a.coefficient, b.coefficient, &product)) {
          return false;
        }
        *result = EncodeSmallNumeric(product, scale);
        return true;
      },
      Numeric::Multiply);
}

Numeric Negate(const Numeric& a) { return a.Negate(); }
Numeric Plus(const Numeric& a) { return a; }
Numeric Abs(const Numeric& a) { return a.Abs(); }
Numeric Ceil(const Numeric& a) { return a.Ceil(); }
Numeric Floor(const Numeric& a) { return a.Floor(); }
Numeric Round(const Numeric& a, int32_t digits) { return a.Round(digits); }
Numeric RoundWhole(const Numeric& a) { return a.Round(0); }
Numeric Truncate(const Numeric& a, int32_t digits) { return a.Truncate(digits); }
Numeric TruncateWhole(const Numeric& a) { return a.Truncate(0); }
Numeric Sign(const Numeric& a) {
  return a.is_nan() ? Numeric::NaN() : Numeric::FromInt64(a.Sign());
}
Result<Numeric> Sqrt(const Numeric& a) { return a.Sqrt(); }
Result<Numeric> Exp(const Numeric& a) { return a.Exp(); }
Result<Numeric> Ln(const Numeric& a) { return a.Ln(); }
Result<Numeric> Log10(const Numeric& a) { return Numeric::Log(Numeric::FromInt64(10), a); }
Result<Numeric> Factorial(int64_t value) { return Numeric::Factorial(value); }
std::optional<int32_t> Scale(const Numeric& a) {
  if (!a.is_finite()) return std::nullopt;
  return a.scale();
}
std::optional<int32_t> MinScale(const Numeric& a) {
  if (!a.is_finite()) return std::nullopt;
  return a.MinScale();
}
Numeric TrimScale(const Numeric& a) { return a.is_finite() ? a.TrimScale() : a; }
Result<Numeric> Increment(const Numeric& a) { return Numeric::Add(a, Numeric::FromInt64(1)); }
Result<int32_t> WidthBucket(const Numeric& operand, const Numeric& low, const Numeric& high,
                            int32_t count) {
  return Numeric::WidthBucket(operand, low, high, count);
}

constexpr KernelEntry kKernels[] = {
    {"numeric_add", Add},
    {"numeric_sub", Subtract},
    {"numeric_mul", Multiply},
    {"numeric_div", Map<Numeric::Divide>},
    {"numeric_div_trunc", Map<Numeric::DivideTruncated>},
    {"numeric_mod", Map<Numeric::Modulo>},
    {"numeric_power", Map<Numeric::Power>},
    {"numeric_log", Map<Numeric::Log>},
    {"sql_1741", Map<Log10>},
    {"sql_1481", Map<Log10>},
    {"numeric_gcd", Map<Numeric::Gcd>},
    {"numeric_lcm", Map<Numeric::Lcm>},
    {"numeric_fac", Map<Factorial>},
    {"numeric_uminus", Map<Negate>},
    {"numeric_uplus", Map<Plus>},
    {"numeric_abs", Map<Abs>},
    {"numeric_ceil", Map<Ceil>},
    {"numeric_floor", Map<Floor>},
    {"numeric_round", Map<Round>},
    {"sql_1708", Map<RoundWhole>},
    {"numeric_trunc", Map<Truncate>},
    {"sql_1710", Map<TruncateWhole>},
    {"numeric_sign", Map<Sign>},
    {"numeric_sqrt", Map<Sqrt>},
    {"numeric_exp", Map<Exp>},
    {"numeric_ln", Map<Ln>},
    {"numeric_scale", Map<Scale>},
    {"numeric_min_scale", Map<MinScale>},
    {"numeric_trim_scale", Map<TrimScale>},
    {"numeric_inc", Map<Increment>},
    {"width_bucket_numeric", Map<WidthBucket>},
};

}  // namespace

std::span<const KernelEntry> NumericKernels() { return kKernels; }

}  // namespace helios::expr
