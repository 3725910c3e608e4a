// PostgreSQL's binary numeric: i16 digit count, weight, sign, display scale, then base-10000
// digits; and sums of many numerics.

#include <algorithm>
#include <vector>

#include "base/codec.h"
#include "types/internal/big_integer.h"
#include "types/numeric.h"

namespace helios {

namespace {

constexpr uint16_t kSignPositive = 0x0000;
constexpr uint16_t kSignNegative = 0x4000;
constexpr uint16_t kSignNaN = 0xc000;
constexpr uint16_t kSignInfinity = 0xd000;
constexpr uint16_t kSignNegativeInfinity = 0xf000;

Status InvalidWire(std::string_view what) {
  return Error(ErrorCode::kInvalidBinaryRepresentation)
      .Message("invalid {} in external \"numeric\" value", what);
}

void AppendHeader(uint16_t count, int16_t weight, uint16_t sign, uint16_t scale, std::string* out) {
  AppendBigEndian(out, count);
  AppendBigEndian(out, weight);
  AppendBigEndian(out, sign);
  AppendBigEndian(out, scale);
}

}  // namespace

Result<Numeric> Numeric::ParseBinary(std::string_view bytes) {
  ByteReader reader(bytes);
  HELIOS_TRY(const uint16_t count, reader.BigEndian<uint16_t>());
  HELIOS_TRY(const int16_t weight, reader.BigEndian<int16_t>());
  HELIOS_TRY(const uint16_t sign, reader.BigEndian<uint16_t>());
  HELIOS_TRY(const uint16_t scale, reader.BigEndian<uint16_t>());
  switch (sign) {
    case kSignNaN:
      return NaN();
    case kSignInfinity:
      return Infinity(false);
    case kSignNegativeInfinity:
      return Infinity(true);
    case kSignPositive:
    case kSignNegative:
      break;
    default:
      return InvalidWire("sign");
  }
  if (scale > kScaleMax) return InvalidWire("scale");
  std::string digits;
  digits.reserve(size_t{count} * 4);
  for (uint16_t i = 0; i < count; ++i) {
    HELIOS_TRY(const uint16_t digit, reader.BigEndian<uint16_t>());
    if (digit > 9999) return InvalidWire("digit");
    const char group[4] = {
        static_cast<char>('0' + digit / 1000), static_cast<char>('0' + digit / 100 % 10),
        static_cast<char>('0' + digit / 10 % 10), static_cast<char>('0' + digit % 10)};
    digits.append(group, 4);
  }
  if (!reader.empty()) return InvalidWire("length");
  // The digits stand for digits * 10^exponent; cut or pad them to the display scale.
  const int64_t exponent = 4 * (int64_t{weight} - count + 1);
  const int64_t shift = exponent + scale;
  if (shift >= 0) {
    if (!digits.empty()) digits.append(static_cast<size_t>(shift), '0');
  } else if (static_cast<int64_t>(digits.size()) > -shift) {
    digits.resize(digits.size() - static_cast<size_t>(-shift));
  } else {
    digits.clear();
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (static_cast<int64_t>(digits.size()) - scale > kIntegerDigitsMax) return NumericOverflow();
  if (digits.empty()) return FromParts(0, scale);
  return FromDigits(sign == kSignNegative, digits, scale);
}

void Numeric::FormatBinary(std::string* out) const {
  switch (kind_) {
    case Kind::kNaN:
      return AppendHeader(0, 0, kSignNaN, 0, out);
    case Kind::kPositiveInfinity:
      return AppendHeader(0, 0, kSignInfinity, 0, out);
    case Kind::kNegativeInfinity:
      return AppendHeader(0, 0, kSignNegativeInfinity, 0, out);
    case Kind::kFinite:
      break;
  }
  const uint16_t scale = static_cast<uint16_t>(scale_);
  if (Sign() == 0) return AppendHeader(0, 0, kSignPositive, scale, out);
  // Pad on both sides so that groups of four meet at the decimal point.
  std::string digits = CoefficientDigits();
  digits.append(static_cast<size_t>((4 - scale_ % 4) % 4), '0');
  const int32_t groups_after_point = (scale_ + 3) / 4;
  digits.insert(0, (4 - digits.size() % 4) % 4, '0');
  std::vector<uint16_t> groups;
  for (size_t i = 0; i < digits.size(); i += 4) {
    groups.push_back(static_cast<uint16_t>((digits[i] - '0') * 1000 + (digits[i + 1] - '0') * 100 +
                                           (digits[i + 2] - '0') * 10 + (digits[i + 3] - '0')));
  }
  int32_t weight = static_cast<int32_t>(groups.size()) - groups_after_point - 1;
  size_t first = 0;
  while (groups[first] == 0) {
    ++first;
    --weight;
  }
  size_t last = groups.size();
  while (groups[last - 1] == 0) --last;
  AppendHeader(static_cast<uint16_t>(last - first), static_cast<int16_t>(weight),
               Sign() < 0 ? kSignNegative : kSignPositive, scale, out);
  for (size_t i = first; i < last; ++i) AppendBigEndian(out, groups[i]);
}

void NumericSum::AddSmall(__int128 coefficient, int32_t scale) {
  __int128 sum;
  if (scale == small_scale_) [[likely]] {
    if (!__builtin_add_overflow(small_sum_, coefficient, &sum)) {
      small_sum_ = sum;
      return;
    }
  } else if (std::abs(scale - small_scale_) < kPowersOfTen128) {
    __int128 aligned_sum = small_sum_;
    __int128 aligned = coefficient;
    const bool fits =
        scale > small_scale_
            ? !__builtin_mul_overflow(small_sum_, PowerOfTen128(scale - small_scale_), &aligned_sum)
            : !__builtin_mul_overflow(coefficient, PowerOfTen128(small_scale_ - scale), &aligned);
    if (fits && !__builtin_add_overflow(aligned_sum, aligned, &sum)) {
      small_sum_ = sum;
      small_scale_ = std::max(small_scale_, scale);
      return;
    }
  }
  AddAny(Numeric::FromParts(coefficient, scale));
}

void NumericSum::AddAny(const Numeric& value) {
  // Too many digits only after 10^130000 or so additions; keep the overflow as a special value
  // then.
  Result<Numeric> sum = Numeric::Add(rest_, value);
  rest_ = sum.ok() ? std::move(sum).value() : Numeric::Infinity(value.Sign() < 0);
}

void NumericSum::Add(const StringRef& encoded) {
  ++count_;
  SmallNumeric small;
  if (DecodeSmallNumeric(encoded, &small)) {
    AddSmall(small.coefficient, small.scale);
    return;
  }
  const Numeric value = Numeric::Decode(encoded.view());
  if (value.is_finite() && value.is_small()) {
    AddSmall(value.small_coefficient(), value.scale());
  } else {
    AddAny(value);
  }
}

void NumericSum::Merge(const NumericSum& other) {
  count_ += other.count_;
  AddSmall(other.small_sum_, other.small_scale_);
  AddAny(other.rest_);
}

Result<Numeric> NumericSum::Sum() const {
  return Numeric::Add(Numeric::FromParts(small_sum_, small_scale_), rest_);
}

void NumericSum::EncodeTo(std::string* out) const {
  AppendBigEndian(out, count_);
  AppendLengthPrefixed(out, Numeric::FromParts(small_sum_, small_scale_).Encode());
  AppendLengthPrefixed(out, rest_.Encode());
}

Result<NumericSum> NumericSum::Decode(std::string_view* bytes) {
  ByteReader reader(*bytes);
  NumericSum sum;
  HELIOS_TRY(sum.count_, reader.BigEndian<int64_t>());
  HELIOS_TRY(const std::string_view small_bytes, reader.LengthPrefixed());
  HELIOS_TRY(const std::string_view rest_bytes, reader.LengthPrefixed());
  HELIOS_TRY(const Numeric small, Numeric::DecodeChecked(small_bytes));
  HELIOS_TRY(sum.rest_, Numeric::DecodeChecked(rest_bytes));
  if (!small.is_finite() || !small.is_small()) {
    return Error(ErrorCode::kDataCorrupted).Message("malformed numeric sum");
  }
  sum.small_sum_ = small.small_coefficient();
  sum.small_scale_ = small.scale();
  *bytes = reader.rest();
  return sum;
}

}  // namespace helios
