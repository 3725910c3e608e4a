#include "types/numeric.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/codec.h"
#include "base/hash.h"
#include "types/internal/big_integer.h"
#include "types/text.h"

namespace helios {

namespace {

using uint128 = unsigned __int128;

// Exponents beyond this cannot give a valid value and would only cost memory.
constexpr int64_t kExponentMax = 1'000'000;

uint128 Magnitude(__int128 value) {
  return value < 0 ? ~static_cast<uint128>(value) + 1 : static_cast<uint128>(value);
}

size_t MinimalBytes(__int128 value) {
  if (value == 0) return 0;
  const uint128 magnitude = static_cast<uint128>(value ^ (value >> 127));
  const uint64_t high = static_cast<uint64_t>(magnitude >> 64);
  const uint64_t low = static_cast<uint64_t>(magnitude);
  size_t bits = 0;
  if (high != 0) {
    bits = 128 - __builtin_clzll(high);
  } else if (low != 0) {
    bits = 64 - __builtin_clzll(low);
  }
  return bits / 8 + 1;
}

// Two's complement of a big integer, little-endian and minimal.
void AppendBigBytes(const BigInt& value, std::string* out) {
  const bool negative = value < 0;
  // -v = ~(v - 1): the bytes of v - 1 inverted.
  const BigInt magnitude = negative ? BigInt(-value - 1) : value;
  std::string bytes;
  boost::multiprecision::export_bits(magnitude, std::back_inserter(bytes), 8, false);
  while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
  if (bytes.empty() || (bytes.back() & 0x80) != 0) bytes.push_back(0);
  if (negative) {
    for (char& byte : bytes) byte = static_cast<char>(~byte);
  }
  out->append(bytes);
}

BigInt BigFromBytes(std::string_view bytes) {
  const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
  std::string copy(bytes);
  if (negative) {
    for (char& byte : copy) byte = static_cast<char>(~byte);
  }
  BigInt value;
  const auto* first = reinterpret_cast<const uint8_t*>(copy.data());
  boost::multiprecision::import_bits(value, first, first + copy.size(), 8, false);
  return negative ? BigInt(-value - 1) : value;
}

__int128 SmallFromBytes(std::string_view bytes) {
  if (bytes.empty()) return 0;
  uint128 raw = (bytes.back() & 0x80) != 0 ? ~uint128{0} : 0;
  for (size_t i = bytes.size(); i-- > 0;) raw = raw << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<__int128>(raw);
}

size_t FormatMagnitude(uint128 value, char* end) {
  char* at = end;
  while (value > ~uint64_t{0}) {
    uint64_t rest = static_cast<uint64_t>(value % 10'000'000'000'000'000'000u);
    value /= 10'000'000'000'000'000'000u;
    for (int i = 0; i < 19; ++i, rest /= 10) *--at = static_cast<char>('0' + rest % 10);
  }
  uint64_t low = static_cast<uint64_t>(value);
  do {
    *--at = static_cast<char>('0' + low % 10);
    low /= 10;
  } while (low != 0);
  return static_cast<size_t>(end - at);
}

Status InvalidNumeric(std::string_view text) {
  return Error(ErrorCode::kInvalidTextRepresentation)
      .Message("invalid input syntax for type numeric: \"{}\"", text);
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// NaN and the infinities; `body` has no sign.
bool ParseSpecial(std::string_view body, bool has_sign, bool negative, Numeric* out) {
  if (EqualsIgnoringCase(body, "nan") && !has_sign) {
    *out = Numeric::NaN();
    return true;
  }
  if (EqualsIgnoringCase(body, "infinity") || EqualsIgnoringCase(body, "inf")) {
    *out = Numeric::Infinity(negative);
    return true;
  }
  return false;
}

// The parts of a decimal literal: digits without the point, how many stood after it, exponent.
struct Literal {
  std::string digits;
  int64_t digits_after_point = 0;
  int64_t exponent = 0;
};

bool ScanLiteral(std::string_view body, Literal* out) {
  size_t at = 0;
  bool seen_point = false;
  for (; at < body.size(); ++at) {
    if (IsDigit(body[at])) {
      // Leading zeros carry nothing, but zeros after the point count for the scale.
      if (!out->digits.empty() || body[at] != '0') out->digits.push_back(body[at]);
      out->digits_after_point += seen_point;
    } else if (body[at] == '.' && !seen_point) {
      seen_point = true;
    } else {
      break;
    }
  }
  if (at == 0 || (at == 1 && seen_point)) return false;
  if (at == body.size()) return true;
  if (body[at] != 'e' && body[at] != 'E') return false;
  ++at;
  bool negative = false;
  if (at < body.size() && (body[at] == '+' || body[at] == '-')) negative = body[at++] == '-';
  if (at == body.size()) return false;
  for (; at < body.size(); ++at) {
    if (!IsDigit(body[at])) return false;
    out->exponent = std::min<int64_t>(out->exponent * 10 + (body[at] - '0'), kExponentMax * 10);
  }
  if (negative) out->exponent = -out->exponent;
  return true;
}

}  // namespace

Status NumericOverflow() {
  return Error(ErrorCode::kNumericOutOfRange).Message("value overflows numeric format");
}

__int128 PowerOfTen128(int32_t exponent) {
  struct Table {
    __int128 powers[kPowersOfTen128];
    Table() {
      powers[0] = 1;
      for (int32_t i = 1; i < kPowersOfTen128; ++i) powers[i] = powers[i - 1] * 10;
    }
  };
  static const Table table;
  return table.powers[exponent];
}

BigInt PowerOfTen(int32_t exponent) {
  if (exponent < kPowersOfTen128) return BigInt(PowerOfTen128(exponent));
  return boost::multiprecision::pow(BigInt(10), static_cast<unsigned>(exponent));
}

int32_t DecimalDigits(uint128 value) {
  char buffer[40];
  return static_cast<int32_t>(FormatMagnitude(value, buffer + 40));
}

int32_t DecimalDigits(const BigInt& value) {
  if (value == 0) return 1;
  // bits * log10(2) is right or one too small.
  const double bits = static_cast<double>(boost::multiprecision::msb(value));
  int32_t digits = static_cast<int32_t>(bits * 0.30102999566398119521) + 1;
  if (value >= PowerOfTen(digits)) ++digits;
  if (digits > 1 && value < PowerOfTen(digits - 1)) --digits;
  return digits;
}

BigInt DivideRounded(const BigInt& dividend, const BigInt& divisor) {
  BigInt quotient;
  BigInt remainder;
  boost::multiprecision::divide_qr(dividend, divisor, quotient, remainder);
  if (abs(remainder) * 2 >= divisor) quotient += dividend < 0 ? -1 : 1;
  return quotient;
}

BigInt NumericOps::Coefficient(const Numeric& value) {
  return value.big_ == nullptr ? BigInt(value.small_) : value.big_->value;
}

Numeric NumericOps::Make(BigInt coefficient, int32_t scale) {
  Numeric result;
  result.scale_ = scale;
  if (coefficient == 0 || boost::multiprecision::msb(abs(coefficient)) < 127) {
    result.small_ = static_cast<__int128>(coefficient);
  } else {
    result.big_ = std::make_shared<const BigInteger>(BigInteger{std::move(coefficient)});
  }
  return result;
}

Result<Numeric> NumericOps::MakeChecked(BigInt coefficient, int32_t scale) {
  if (scale > Numeric::kScaleMax) {
    coefficient = DivideRounded(coefficient, PowerOfTen(scale - Numeric::kScaleMax));
    scale = Numeric::kScaleMax;
  }
  Numeric result = Make(std::move(coefficient), scale);
  if (result.big_ != nullptr &&
      DecimalDigits(BigInt(abs(result.big_->value))) - scale > Numeric::kIntegerDigitsMax) {
    return NumericOverflow();
  }
  return result;
}

int32_t NumericOps::DecimalExponent(const Numeric& value) {
  const int32_t digits = value.big_ == nullptr ? DecimalDigits(Magnitude(value.small_))
                                               : DecimalDigits(BigInt(abs(value.big_->value)));
  return digits - 1 - value.scale_;
}

NumericOps::Leading NumericOps::LeadingOf(const Numeric& value) {
  if (value.Sign() == 0) return {};
  const int32_t exponent = DecimalExponent(value);
  const int32_t weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
  const int32_t shift = 4 * weight + value.scale_;
  Leading leading{weight, 0};
  if (value.big_ == nullptr && shift < kPowersOfTen128 && shift >= -4) {
    const uint128 magnitude = Magnitude(value.small_);
    leading.digit =
        static_cast<int32_t>(shift >= 0 ? magnitude / static_cast<uint128>(PowerOfTen128(shift))
                                        : magnitude * static_cast<uint128>(PowerOfTen128(-shift)));
  } else {
    const BigInt magnitude = abs(Coefficient(value));
    leading.digit = static_cast<int32_t>(shift >= 0 ? BigInt(magnitude / PowerOfTen(shift))
                                                    : BigInt(magnitude * PowerOfTen(-shift)));
  }
  return leading;
}

Numeric Numeric::FromParts(__int128 coefficient, int32_t scale) {
  return NumericOps::MakeSmall(coefficient, scale);
}

namespace {
Numeric FromFormattedFloat(double value, int digits) {
  if (std::isnan(value)) return Numeric::NaN();
  if (std::isinf(value)) return Numeric::Infinity(value < 0);
  char text[64];
  const int length = std::snprintf(text, sizeof(text), "%.*g", digits, value);
  return Numeric::Parse(std::string_view(text, static_cast<size_t>(length))).value();
}
}  // namespace

Numeric Numeric::FromDouble(double value) { return FromFormattedFloat(value, 15); }
Numeric Numeric::FromFloat(float value) { return FromFormattedFloat(value, 6); }

Result<Numeric> Numeric::Parse(std::string_view text) {
  std::string_view body = TrimSpaces(text);
  bool negative = false;
  const bool has_sign = !body.empty() && (body[0] == '+' || body[0] == '-');
  if (has_sign) {
    negative = body[0] == '-';
    body.remove_prefix(1);
  }
  Numeric special;
  if (ParseSpecial(body, has_sign, negative, &special)) return special;
  Literal literal;
  if (!ScanLiteral(body, &literal)) return InvalidNumeric(text);
  if (literal.exponent > kExponentMax || literal.exponent < -kExponentMax) {
    return NumericOverflow();
  }
  int64_t scale = literal.digits_after_point - literal.exponent;
  const int64_t zeros = scale < 0 ? -scale : 0;
  scale = std::max<int64_t>(scale, 0);
  const int64_t integer_digits = static_cast<int64_t>(literal.digits.size()) + zeros - scale;
  if (!literal.digits.empty() && integer_digits > kIntegerDigitsMax) return NumericOverflow();
  if (scale > kScaleMax) return NumericOverflow();
  if (literal.digits.empty()) return FromParts(0, static_cast<int32_t>(scale));
  literal.digits.append(static_cast<size_t>(zeros), '0');
  return FromDigits(negative, literal.digits, static_cast<int32_t>(scale));
}

Numeric Numeric::FromDigits(bool negative, std::string_view digits, int32_t scale) {
  if (digits.size() <= 38) {
    uint128 value = 0;
    for (char digit : digits) value = value * 10 + static_cast<uint128>(digit - '0');
    const __int128 coefficient = static_cast<__int128>(value);
    return FromParts(negative ? -coefficient : coefficient, scale);
  }
  // Halves, so that the cost is that of multiplication, not quadratic in digits.
  const auto convert = [](auto&& self, std::string_view part) -> BigInt {
    if (part.size() <= 18) {
      uint64_t value = 0;
      for (char digit : part) value = value * 10 + static_cast<uint64_t>(digit - '0');
      return BigInt(value);
    }
    const size_t low = part.size() / 2;
    return self(self, part.substr(0, part.size() - low)) * PowerOfTen(static_cast<int32_t>(low)) +
           self(self, part.substr(part.size() - low));
  };
  BigInt value = convert(convert, digits);
  if (negative) value = -value;
  return NumericOps::Make(std::move(value), scale);
}

Numeric Numeric::Decode(std::string_view encoded) {
  HELIOS_CHECK(encoded.size() >= 2);
  const uint16_t header = LoadLittleEndian<uint16_t>(encoded.data());
  Numeric result;
  result.kind_ = static_cast<Kind>(header >> 14);
  if (!result.is_finite()) return result;
  result.scale_ = header & 0x3fff;
  const std::string_view bytes = encoded.substr(2);
  if (bytes.size() <= 16) {
    result.small_ = SmallFromBytes(bytes);
    return result;
  }
  return NumericOps::Make(BigFromBytes(bytes), result.scale_);
}

Result<Numeric> Numeric::DecodeChecked(std::string_view encoded) {
  // 2 bytes more than the largest value: its digits take log2(10)/8 bytes each.
  constexpr size_t kBytesMax = (kIntegerDigitsMax + kScaleMax) * 4153 / 10000 + 16;
  if (encoded.size() >= 2 && encoded.size() <= kBytesMax) {
    Numeric result = Decode(encoded);
    if (result.Encode() == encoded) return result;
  }
  return Error(ErrorCode::kDataCorrupted).Message("malformed numeric value");
}

void Numeric::EncodeTo(std::string* out) const {
  const uint16_t header =
      static_cast<uint16_t>(static_cast<uint16_t>(kind_) << 14 | static_cast<uint16_t>(scale_));
  AppendLittleEndian(out, header);
  if (!is_finite()) return;
  if (big_ != nullptr) {
    AppendBigBytes(big_->value, out);
    return;
  }
  out->append(reinterpret_cast<const char*>(&small_), MinimalBytes(small_));
}

std::string Numeric::CoefficientDigits() const {
  if (big_ != nullptr) return BigInt(abs(big_->value)).str();
  char buffer[40];
  const size_t length = FormatMagnitude(Magnitude(small_), buffer + 40);
  return std::string(buffer + 40 - length, length);
}

void Numeric::Format(std::string* out) const {
  switch (kind_) {
    case Kind::kNaN:
      out->append("NaN");
      return;
    case Kind::kPositiveInfinity:
      out->append("Infinity");
      return;
    case Kind::kNegativeInfinity:
      out->append("-Infinity");
      return;
    case Kind::kFinite:
      break;
  }
  char buffer[40];
  std::string long_digits;
  std::string_view digits;
  if (big_ == nullptr) {
    const size_t length = FormatMagnitude(Magnitude(small_), buffer + 40);
    digits = std::string_view(buffer + 40 - length, length);
  } else {
    long_digits = CoefficientDigits();
    digits = long_digits;
  }
  if (Sign() < 0) out->push_back('-');
  const size_t scale = static_cast<size_t>(scale_);
  if (digits.size() <= scale) {
    out->append("0.");
    out->append(scale - digits.size(), '0');
    out->append(digits);
    return;
  }
  out->append(digits.substr(0, digits.size() - scale));
  if (scale == 0) return;
  out->push_back('.');
  out->append(digits.substr(digits.size() - scale));
}

std::string Numeric::FormatScientific(int32_t digits_after_point) const {
  if (!is_finite()) return ToString();
  const int32_t exponent = is_zero() ? 0 : NumericOps::DecimalExponent(*this);
  // Digits that round up keep the exponent: 9.999 shows as 10.00e+00, as PostgreSQL 15 has it.
  const Numeric rounded = Round(digits_after_point - exponent);
  const bool carried = !rounded.is_zero() && NumericOps::DecimalExponent(rounded) > exponent;
  const size_t before_point = carried ? 2 : 1;
  std::string digits = rounded.CoefficientDigits();
  digits.resize(static_cast<size_t>(digits_after_point) + before_point, '0');
  std::string out = rounded.Sign() < 0 ? "-" : "";
  out += digits.substr(0, before_point);
  if (digits_after_point > 0) out += "." + digits.substr(before_point);
  char suffix[16];
  std::snprintf(suffix, sizeof(suffix), "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
  return out + suffix;
}

int Numeric::Sign() const {
  switch (kind_) {
    case Kind::kNaN:
      return 0;
    case Kind::kPositiveInfinity:
      return 1;
    case Kind::kNegativeInfinity:
      return -1;
    case Kind::kFinite:
      break;
  }
  if (big_ != nullptr) return big_->value.sign();
  return small_ < 0 ? -1 : (small_ > 0 ? 1 : 0);
}

double Numeric::ToDouble() const {
  switch (kind_) {
    case Kind::kNaN:
      return std::nan("");
    case Kind::kPositiveInfinity:
      return HUGE_VAL;
    case Kind::kNegativeInfinity:
      return -HUGE_VAL;
    case Kind::kFinite:
      break;
  }
  constexpr __int128 kExactMax = int64_t{1} << 53;
  if (big_ == nullptr && scale_ <= 22 && small_ <= kExactMax && small_ >= -kExactMax) {
    // Both are exact in a double, so one correctly rounded division is the right answer.
    return static_cast<double>(static_cast<int64_t>(small_)) /
           static_cast<double>(PowerOfTen128(scale_));
  }
  const std::string text = ToString();
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) {
    return NumericOps::DecimalExponent(*this) > 0 ? Sign() * HUGE_VAL : 0.0;
  }
  return value;
}

Result<int64_t> Numeric::ToInt64() const {
  if (!is_finite()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot convert {} to bigint", is_nan() ? "NaN" : "infinity");
  }
  const Numeric rounded = scale_ == 0 ? *this : Round(0);
  if (rounded.big_ != nullptr || rounded.small_ > INT64_MAX || rounded.small_ < INT64_MIN) {
    return Error(ErrorCode::kNumericOutOfRange).Message("bigint out of range");
  }
  return static_cast<int64_t>(rounded.small_);
}

Result<int32_t> Numeric::ToInt32() const {
  if (!is_finite()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot convert {} to integer", is_nan() ? "NaN" : "infinity");
  }
  const Result<int64_t> wide = ToInt64();
  if (!wide.ok() || *wide > INT32_MAX || *wide < INT32_MIN) {
    return Error(ErrorCode::kNumericOutOfRange).Message("integer out of range");
  }
  return static_cast<int32_t>(*wide);
}

Result<int16_t> Numeric::ToInt16() const {
  if (!is_finite()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot convert {} to smallint", is_nan() ? "NaN" : "infinity");
  }
  const Result<int64_t> wide = ToInt64();
  if (!wide.ok() || *wide > INT16_MAX || *wide < INT16_MIN) {
    return Error(ErrorCode::kNumericOutOfRange).Message("smallint out of range");
  }
  return static_cast<int16_t>(*wide);
}

int Numeric::Compare(const Numeric& left, const Numeric& right) {
  const auto rank = [](const Numeric& value) {
    switch (value.kind_) {
      case Kind::kNegativeInfinity:
        return 0;
      case Kind::kFinite:
        return 1;
      case Kind::kPositiveInfinity:
        return 2;
      case Kind::kNaN:
        return 3;
    }
    return 1;
  };
  if (!left.is_finite() || !right.is_finite()) return rank(left) - rank(right);
  const int left_sign = left.Sign();
  const int right_sign = right.Sign();
  if (left_sign != right_sign) return left_sign - right_sign;
  if (left_sign == 0) return 0;
  if (left.is_small() && right.is_small()) {
    __int128 a = left.small_;
    __int128 b = right.small_;
    const int32_t shift = left.scale_ - right.scale_;
    bool fits = std::abs(shift) < kPowersOfTen128;
    if (fits && shift < 0) fits = !__builtin_mul_overflow(a, PowerOfTen128(-shift), &a);
    if (fits && shift > 0) fits = !__builtin_mul_overflow(b, PowerOfTen128(shift), &b);
    if (fits) return a < b ? -1 : (a > b ? 1 : 0);
  }
  // Different magnitudes decide without aligning.
  const int32_t left_exponent = NumericOps::DecimalExponent(left);
  const int32_t right_exponent = NumericOps::DecimalExponent(right);
  if (left_exponent != right_exponent) {
    return left_exponent < right_exponent ? -left_sign : left_sign;
  }
  BigInt a = NumericOps::Coefficient(left);
  BigInt b = NumericOps::Coefficient(right);
  if (left.scale_ < right.scale_) a *= PowerOfTen(right.scale_ - left.scale_);
  if (left.scale_ > right.scale_) b *= PowerOfTen(left.scale_ - right.scale_);
  return a.compare(b);
}

int32_t Numeric::MinScale() const {
  if (!is_finite() || is_zero()) return 0;
  int32_t scale = scale_;
  if (big_ == nullptr) {
    __int128 value = small_;
    while (scale > 0 && value % 10 == 0) {
      value /= 10;
      --scale;
    }
    return scale;
  }
  const std::string digits = CoefficientDigits();
  for (size_t i = digits.size(); scale > 0 && i-- > 0 && digits[i] == '0';) --scale;
  return scale;
}

Numeric Numeric::TrimScale() const {
  if (!is_finite()) return *this;
  return Round(MinScale());
}

uint64_t Numeric::Hash() const {
  if (!is_finite()) return HashInt(static_cast<uint64_t>(kind_) + 0x5eed);
  if (is_zero()) return HashInt(0x5eed0);
  const Numeric trimmed = TrimScale();
  if (trimmed.big_ != nullptr) return HashBytes(trimmed.Encode());
  const uint64_t low = static_cast<uint64_t>(trimmed.small_);
  const uint64_t high = static_cast<uint64_t>(trimmed.small_ >> 64);
  const uint64_t sign_extension = static_cast<uint64_t>(static_cast<int64_t>(low) >> 63);
  uint64_t hash = HashInt(low + static_cast<uint64_t>(trimmed.scale_) * 0x9e3779b97f4a7c15ull);
  if (high != sign_extension) hash = HashCombine(hash, high);
  return hash;
}

}  // namespace helios
