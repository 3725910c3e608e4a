#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "types/string_ref.h"

namespace helios {

struct BigInteger;

// PostgreSQL's numeric: an integer coefficient over 10^scale (the display scale), NaN, or an
// infinity. 1.0 and 1.00 are equal and hash alike but print differently.
//
// At rest and in vectors: a 2-byte little-endian header (top 2 bits: kind; low 14: scale), then the
// coefficient as minimal little-endian two's complement, nothing for zero. docs/formats/rows.md.
//
// Thread safety: as a value type. Small coefficients allocate nothing.
class Numeric {
 public:
  enum class Kind : uint8_t { kFinite = 0, kNaN = 1, kPositiveInfinity = 2, kNegativeInfinity = 3 };
  static constexpr int32_t kScaleMax = 16383;
  static constexpr int32_t kIntegerDigitsMax = 131072;

  Numeric() = default;
  static Numeric FromInt64(int64_t value) { return FromParts(value, 0); }
  // Requires: 0 <= scale <= kScaleMax.
  static Numeric FromParts(__int128 coefficient, int32_t scale);
  static Numeric NaN() { return Special(Kind::kNaN); }
  static Numeric Infinity(bool negative) {
    return Special(negative ? Kind::kNegativeInfinity : Kind::kPositiveInfinity);
  }
  // 15 (or 6) significant digits, as PostgreSQL's casts.
  static Numeric FromDouble(double value);
  static Numeric FromFloat(float value);
  // 22P02 `invalid input syntax for type numeric: "x"`; 22003 "value overflows numeric format".
  static Result<Numeric> Parse(std::string_view text);

  // Requires: bytes that Encode made.
  static Numeric Decode(std::string_view encoded);
  // kDataCorrupted when the bytes are not a canonical encoding.
  static Result<Numeric> DecodeChecked(std::string_view encoded);
  void EncodeTo(std::string* out) const;
  std::string Encode() const {
    std::string out;
    EncodeTo(&out);
    return out;
  }
  // PostgreSQL's wire form (base 10000).
  static Result<Numeric> ParseBinary(std::string_view bytes);
  void FormatBinary(std::string* out) const;

  void Format(std::string* out) const;
  std::string ToString() const {
    std::string out;
    Format(&out);
    return out;
  }
  // Digits with an exponent, as to_char's EEEE needs: `significant_digits_after_point` digits.
  std::string FormatScientific(int32_t digits_after_point) const;

  Kind kind() const { return kind_; }
  bool is_finite() const { return kind_ == Kind::kFinite; }
  bool is_nan() const { return kind_ == Kind::kNaN; }
  bool is_infinite() const { return !is_finite() && !is_nan(); }
  int32_t scale() const { return scale_; }
  // -1, 0, 1; of NaN 0.
  int Sign() const;
  bool is_zero() const { return is_finite() && Sign() == 0; }
  // min_scale() and trim_scale().
  int32_t MinScale() const;
  Numeric TrimScale() const;

  // Rounded half away from zero. 22003 "bigint out of range" and the like; 0A000 of NaN, infinity.
  Result<int64_t> ToInt64() const;
  Result<int32_t> ToInt32() const;
  Result<int16_t> ToInt16() const;
  double ToDouble() const;

  static Result<Numeric> Add(const Numeric& left, const Numeric& right);
  static Result<Numeric> Subtract(const Numeric& left, const Numeric& right);
  static Result<Numeric> Multiply(const Numeric& left, const Numeric& right);
  static Result<Numeric> Divide(const Numeric& left, const Numeric& right);
  // div(): the quotient cut towards zero.
  static Result<Numeric> DivideTruncated(const Numeric& left, const Numeric& right);
  static Result<Numeric> Modulo(const Numeric& left, const Numeric& right);
  static Result<Numeric> Power(const Numeric& base, const Numeric& exponent);
  static Result<Numeric> Log(const Numeric& base, const Numeric& value);
  static Result<Numeric> Gcd(const Numeric& left, const Numeric& right);
  static Result<Numeric> Lcm(const Numeric& left, const Numeric& right);
  static Result<Numeric> Factorial(int64_t value);
  static Result<int32_t> WidthBucket(const Numeric& operand, const Numeric& low,
                                     const Numeric& high, int32_t count);
  Result<Numeric> Sqrt() const;
  Result<Numeric> Exp() const;
  Result<Numeric> Ln() const;
  Numeric Negate() const;
  Numeric Abs() const;
  Numeric Ceil() const;
  Numeric Floor() const;
  // To `digits` after the point; negative digits round before it.
  Numeric Round(int32_t digits) const;
  Numeric Truncate(int32_t digits) const;

  // numeric(p,s): 22003 "numeric field overflow" with PostgreSQL's detail. -1 changes nothing.
  Result<Numeric> ApplyTypmod(int32_t typmod) const;

  // SQL order: -Infinity < finite < Infinity < NaN, NaN = NaN.
  static int Compare(const Numeric& left, const Numeric& right);
  bool operator==(const Numeric& other) const { return Compare(*this, other) == 0; }
  // Equal values have equal hashes, whatever their scales.
  uint64_t Hash() const;

  // Decimal digits of the coefficient without sign, for key encoding. Requires: finite.
  std::string CoefficientDigits() const;
  static Numeric FromDigits(bool negative, std::string_view digits, int32_t scale);

  // Whether the coefficient fits __int128.
  bool is_small() const { return big_ == nullptr; }
  // Requires: finite and is_small().
  __int128 small_coefficient() const { return small_; }

 private:
  friend struct NumericOps;
  static Numeric Special(Kind kind) {
    Numeric value;
    value.kind_ = kind;
    return value;
  }

  Kind kind_ = Kind::kFinite;
  int32_t scale_ = 0;
  __int128 small_ = 0;
  // Shared because immutable: copies of a huge value cost nothing. Null when `small_` holds it.
  std::shared_ptr<const BigInteger> big_;
};

// Makes numeric typmods; 22023 when out of range ("NUMERIC precision 0 must be between 1 and
// 1000").
Result<int32_t> NumericTypmod(int32_t precision, int32_t scale);
inline int32_t NumericTypmodPrecision(int32_t typmod) { return ((typmod - 4) >> 16) & 0xffff; }
inline int32_t NumericTypmodScale(int32_t typmod) { return (((typmod - 4) & 0x7ff) ^ 1024) - 1024; }

// Comparison and hash of encoded values, with a fast road for small ones.
int CompareNumericEncoded(std::string_view left, std::string_view right);
uint64_t HashNumericEncoded(std::string_view encoded);

// Kernels' fast road: a finite value whose coefficient fits 64 bits.
struct SmallNumeric {
  int64_t coefficient;
  int32_t scale;
};

// False: the value is special or larger; use Numeric::Decode.
inline bool DecodeSmallNumeric(const StringRef& encoded, SmallNumeric* out) {
  const uint32_t size = encoded.size();
  if (size > 10) return false;
  const char* data = encoded.data();
  uint16_t header;
  std::memcpy(&header, data, 2);
  if (header >> 14 != 0) return false;
  // An encoding of at most 10 bytes is inline, and unused inline bytes are zero: 8 bytes may be
  // read.
  uint64_t raw;
  std::memcpy(&raw, data + 2, 8);
  const uint32_t value_bytes = size - 2;
  if (value_bytes == 0) {
    raw = 0;
  } else {
    const uint32_t shift = 64 - 8 * value_bytes;
    raw = static_cast<uint64_t>(static_cast<int64_t>(raw << shift) >> shift);
  }
  out->coefficient = static_cast<int64_t>(raw);
  out->scale = header & 0x3fff;
  return true;
}

// Always inline, never allocates. Requires: 0 <= scale <= Numeric::kScaleMax.
inline StringRef EncodeSmallNumeric(int64_t coefficient, int32_t scale) {
  char bytes[10];
  const uint16_t header = static_cast<uint16_t>(scale);
  std::memcpy(bytes, &header, 2);
  std::memcpy(bytes + 2, &coefficient, 8);
  // Leading bytes that only repeat the sign are dropped: keep the bits and one sign bit.
  const uint64_t magnitude = static_cast<uint64_t>(coefficient ^ (coefficient >> 63));
  uint32_t value_bytes = 0;
  if (coefficient != 0)
    value_bytes = (64 - (magnitude == 0 ? 64 : __builtin_clzll(magnitude))) / 8 + 1;
  return StringRef(std::string_view(bytes, 2 + value_bytes));
}

// The sum of many numerics: small ones in 128 bits at the largest scale seen, the rest in a
// Numeric.
class NumericSum {
 public:
  void Add(const StringRef& encoded);
  void Merge(const NumericSum& other);
  int64_t count() const { return count_; }
  Result<Numeric> Sum() const;
  // For spilling and for partial aggregates.
  void EncodeTo(std::string* out) const;
  static Result<NumericSum> Decode(std::string_view* bytes);

 private:
  void AddSmall(__int128 coefficient, int32_t scale);
  void AddAny(const Numeric& value);

  int64_t count_ = 0;
  __int128 small_sum_ = 0;
  int32_t small_scale_ = 0;
  Numeric rest_;  // Whatever did not fit; specials too.
};

}  // namespace helios
