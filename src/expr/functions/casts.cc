// Conversions between numbers, booleans, OIDs and strings that pg_cast names functions for.

#include <cmath>
#include <limits>

#include "expr/internal/families.h"
#include "expr/internal/hot_loop.h"
#include "types/bits.h"
#include "types/byte_char.h"
#include "types/io.h"
#include "types/text.h"

namespace helios::expr {
namespace {

template <typename T>
constexpr std::string_view NameOf() {
  if constexpr (std::is_same_v<T, int16_t>) return "smallint";
  if constexpr (std::is_same_v<T, int32_t>) return "integer";
  if constexpr (std::is_same_v<T, int64_t>) return "bigint";
  return "OID";
}

template <typename To, typename From>
struct NarrowInteger {
  static bool Apply(From a, To* r) {
    *r = static_cast<To>(a);
    if constexpr (std::is_unsigned_v<To>) return a < 0 || static_cast<From>(*r) != a;
    return static_cast<From>(*r) != a;
  }
  static Status Failure(From) { return OutOfRange(NameOf<To>()); }
};
template <typename To, typename From>
struct Widen {
  static bool Apply(From a, To* r) {
    *r = static_cast<To>(a);
    return false;
  }
  static Status Failure(From) { return Status::Ok(); }
};
// Rounded half to even; NaN and what does not fit are refused.
template <typename To, typename From>
struct FloatToInteger {
  static bool Apply(From a, To* r) {
    const From rounded = std::nearbyint(a);
    constexpr From kLow = static_cast<From>(std::numeric_limits<To>::min());
    // -kLow is a power of two and thus exact, unlike the maximum.
    if (!(rounded >= kLow && rounded < -kLow)) {
      *r = 0;
      return true;
    }
    *r = static_cast<To>(rounded);
    return false;
  }
  static Status Failure(From) { return OutOfRange(NameOf<To>()); }
};
struct DoubleToFloat {
  static bool Apply(double a, float* r) {
    *r = static_cast<float>(a);
    const bool is_infinite = std::isinf(*r);
    const bool was_infinite = std::isinf(a);
    return (is_infinite & !was_infinite) | ((*r == 0) & (a != 0));
  }
  static Status Failure(double a) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("value out of range: {}", std::fabs(a) > 1 ? "overflow" : "underflow");
  }
};

template <typename T>
Status IntegerToNumeric(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  StringRef* result = out->Data<StringRef>();
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    result[row] = EncodeSmallNumeric(arguments[0]->At<T>(row), 0);
  }
  return Status::Ok();
}
Result<int16_t> NumericToInt16(const Numeric& a) { return a.ToInt16(); }
Result<int32_t> NumericToInt32(const Numeric& a) { return a.ToInt32(); }
Result<int64_t> NumericToInt64(const Numeric& a) { return a.ToInt64(); }
// money is cents.
Result<int64_t> NumericToMoney(const Numeric& a) {
  HELIOS_TRY(const Numeric cents, Numeric::Multiply(a, Numeric::FromInt64(100)));
  return cents.ToInt64();
}
template <typename T>
Result<int64_t> IntegerToMoney(T a) {
  return NumericToMoney(Numeric::FromInt64(a));
}
Numeric MoneyToNumeric(int64_t cents) { return Numeric::FromParts(cents, 2); }
// What a float type cannot show is refused in the words of its input function.
template <typename T>
Result<T> NumericToFloating(const Numeric& a) {
  const auto value = static_cast<T>(a.ToDouble());
  if (a.is_finite() && (std::isinf(value) || (value == 0 && !a.is_zero()))) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("\"{}\" is out of range for type {}", a.ToString(),
                 sizeof(T) == 4 ? "real" : "double precision");
  }
  return value;
}
Numeric DoubleToNumeric(double a) { return Numeric::FromDouble(a); }
Numeric FloatToNumeric(float a) { return Numeric::FromFloat(a); }
Result<Numeric> NumericTypmodCast(const Numeric& a, int32_t typmod) {
  return a.ApplyTypmod(typmod);
}

int32_t BoolToInt(bool a) { return a ? 1 : 0; }
bool IntToBool(int32_t a) { return a != 0; }
std::string_view BoolToText(bool a) { return a ? "true" : "false"; }

int32_t CharToInt(std::string_view a) {
  return a.empty() ? 0 : static_cast<int32_t>(static_cast<signed char>(a[0]));
}
Result<std::string> IntToChar(int32_t a) {
  if (a < -128 || a > 127) {
    return Error(ErrorCode::kNumericOutOfRange).Message("\"char\" out of range");
  }
  return a == 0 ? std::string() : std::string(1, static_cast<char>(a));
}
std::string TextToChar(std::string_view a) { return ParseByteChar(a); }
std::string CharToText(std::string_view a) { return FormatByteChar(a); }
std::string_view SameText(std::string_view a) { return a; }
std::string_view TextToName(std::string_view a) { return TruncateName(a); }
std::string_view BpcharToName(std::string_view a) { return TruncateName(TrimTrailingBlanks(a)); }
std::string_view TrimBlanks(std::string_view a) { return TrimTrailingBlanks(a); }

template <Oid kType>
Result<std::string> TextLength(std::string_view text, int32_t typmod, bool is_explicit) {
  std::string scratch;
  HELIOS_TRY(ApplyTextTypmod({kType, typmod}, is_explicit, &text, &scratch));
  return std::string(text);
}
template <Oid kType>
Result<std::string> BitLength(std::string_view bits, int32_t typmod, bool is_explicit) {
  return ApplyBitTypmod({kType, typmod}, std::string(bits), is_explicit);
}
template <typename T>
Result<std::string> IntegerToBits(T value, int32_t typmod) {
  // bit(n) of an integer is its low n bits, sign-extended on the left.
  const int32_t length = typmod <= 0 ? 1 : typmod;
  if (length > (1 << 26)) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("bit string length exceeds the maximum");
  }
  std::string bits(static_cast<size_t>(length), value < 0 ? '1' : '0');
  for (int32_t i = 0; i < length && i < static_cast<int32_t>(sizeof(T) * 8); ++i) {
    bits[static_cast<size_t>(length - 1 - i)] = (value >> i & 1) != 0 ? '1' : '0';
  }
  return bits;
}
template <typename T>
Result<T> BitsToInteger(std::string_view bits) {
  if (bits.size() > sizeof(T) * 8) return OutOfRange(NameOf<T>());
  uint64_t value = 0;
  for (const char bit : bits) value = value << 1 | static_cast<uint64_t>(bit == '1');
  return static_cast<T>(value);
}
// Any type by its text form.
template <Oid kType>
Status FromText(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    HELIOS_TRY(ParseText({kType, -1}, arguments[0]->View(row), call.context.text_format, out, row));
  }
  return Status::Ok();
}

template <typename To, typename From>
constexpr ScalarKernel kNarrow = UnaryLoop<NarrowInteger<To, From>, To, From>;
template <typename To, typename From>
constexpr ScalarKernel kWiden = UnaryLoop<Widen<To, From>, To, From>;
template <typename To, typename From>
constexpr ScalarKernel kRound = UnaryLoop<FloatToInteger<To, From>, To, From>;

constexpr KernelEntry kKernels[] = {
    {"int82", kNarrow<int16_t, int64_t>},
    {"int84", kNarrow<int32_t, int64_t>},
    {"i4toi2", kNarrow<int16_t, int32_t>},
    {"i8tooid", kNarrow<uint32_t, int64_t>},
    {"i2toi4", kWiden<int32_t, int16_t>},
    {"int28", kWiden<int64_t, int16_t>},
    {"int48", kWiden<int64_t, int32_t>},
    {"oidtoi8", kWiden<int64_t, uint32_t>},
    {"i2tof", kWiden<float, int16_t>},
    {"i4tof", kWiden<float, int32_t>},
    {"i8tof", kWiden<float, int64_t>},
    {"i2tod", kWiden<double, int16_t>},
    {"i4tod", kWiden<double, int32_t>},
    {"i8tod", kWiden<double, int64_t>},
    {"ftod", kWiden<double, float>},
    {"dtof", UnaryLoop<DoubleToFloat, float, double>},
    {"ftoi2", kRound<int16_t, float>},
    {"ftoi4", kRound<int32_t, float>},
    {"ftoi8", kRound<int64_t, float>},
    {"dtoi2", kRound<int16_t, double>},
    {"dtoi4", kRound<int32_t, double>},
    {"dtoi8", kRound<int64_t, double>},
    {"int2_numeric", IntegerToNumeric<int16_t>},
    {"int4_numeric", IntegerToNumeric<int32_t>},
    {"int8_numeric", IntegerToNumeric<int64_t>},
    {"numeric_int2", Map<NumericToInt16>},
    {"numeric_int4", Map<NumericToInt32>},
    {"numeric_int8", Map<NumericToInt64>},
    {"int4_cash", Map<IntegerToMoney<int32_t>>},
    {"int8_cash", Map<IntegerToMoney<int64_t>>},
    {"numeric_cash", Map<NumericToMoney>},
    {"cash_numeric", Map<MoneyToNumeric>},
    {"numeric_float8", Map<NumericToFloating<double>>},
    {"numeric_float4", Map<NumericToFloating<float>>},
    {"float8_numeric", Map<DoubleToNumeric>},
    {"float4_numeric", Map<FloatToNumeric>},
    {"numeric", Map<NumericTypmodCast>},
    {"bool_int4", Map<BoolToInt>},
    {"int4_bool", Map<IntToBool>},
    {"booltext", Map<BoolToText>},
    {"chartoi4", Map<CharToInt>},
    {"i4tochar", Map<IntToChar>},
    {"text_char", Map<TextToChar>},
    {"char_text", Map<CharToText>},
    {"char_bpchar", Map<CharToText>},
    {"name_text", Map<SameText>},
    {"name_bpchar", Map<SameText>},
    {"text_name", Map<TextToName>},
    {"bpchar_name", Map<BpcharToName>},
    {"rtrim1", Map<TrimBlanks>},
    {"bpchar", Map<TextLength<type_oid::kBpchar>>},
    {"varchar", Map<TextLength<type_oid::kVarchar>>},
    {"bit", Map<BitLength<type_oid::kBit>>},
    {"varbit", Map<BitLength<type_oid::kVarbit>>},
    {"bitfromint4", Map<IntegerToBits<int32_t>>},
    {"bitfromint8", Map<IntegerToBits<int64_t>>},
    {"bittoint4", Map<BitsToInteger<int32_t>>},
    {"bittoint8", Map<BitsToInteger<int64_t>>},
    {"text_regclass", FromText<type_oid::kRegclass>},
};

}  // namespace

std::span<const KernelEntry> CastKernels() { return kKernels; }

}  // namespace helios::expr
