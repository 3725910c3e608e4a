// Memcomparable values; the byte layout is docs/formats/keys.md. Every column starts with a tag
// that places NULLs; the value bytes follow, inverted when the column is descending. Every encoding
// ends itself (fixed width or terminator), so no value is a prefix of another.

#include "types/key_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/codec.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/internal/jsonb_key.h"
#include "types/internal/sink.h"
#include "types/numeric.h"
#include "types/text.h"

namespace helios {

namespace {

constexpr char kTagNullFirst = 0x00;
constexpr char kTagValue = 0x01;
constexpr char kTagNullLast = 0x02;

constexpr char kEscape = 0x00;
constexpr char kEscapedZero = static_cast<char>(0xff);
constexpr char kStringEnd = 0x01;

// Classes of numerics, in their order.
enum NumericClass : uint8_t {
  kNumericNegativeInfinity = 1,
  kNumericNegative = 2,
  kNumericZero = 3,
  kNumericPositive = 4,
  kNumericInfinity = 5,
  kNumericNaN = 6,
};
constexpr int32_t kExponentBias = 1 << 23;

Status Corrupted() { return Error(ErrorCode::kDataCorrupted).Message("malformed key"); }

bool IsUnsigned32(Oid type) {
  return type != type_oid::kInt4 && type != type_oid::kDate && FindType(type) != nullptr;
}

// ---- writing

template <std::integral T>
void AppendSigned(T value, std::string* key) {
  using Unsigned = std::make_unsigned_t<T>;
  const Unsigned flipped =
      static_cast<Unsigned>(static_cast<Unsigned>(value) ^ (Unsigned{1} << (8 * sizeof(T) - 1)));
  AppendBigEndian(key, flipped);
}

void AppendDouble(double value, std::string* key) {
  if (value == 0) value = 0;  // -0 equals 0.
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  uint64_t bits = std::bit_cast<uint64_t>(value);
  bits ^= (bits >> 63) != 0 ? ~uint64_t{0} : uint64_t{1} << 63;
  AppendBigEndian(key, bits);
}

void AppendEscaped(std::string_view bytes, std::string* key) {
  size_t from = 0;
  for (size_t zero = bytes.find(kEscape); zero != std::string_view::npos;
       zero = bytes.find(kEscape, from)) {
    key->append(bytes.substr(from, zero + 1 - from));
    key->push_back(kEscapedZero);
    from = zero + 1;
  }
  key->append(bytes.substr(from));
  key->push_back(kEscape);
  key->push_back(kStringEnd);
}

void AppendNumeric(std::string_view encoded, std::string* key) {
  const Numeric value = Numeric::Decode(encoded);
  switch (value.kind()) {
    case Numeric::Kind::kNaN:
      key->push_back(kNumericNaN);
      return;
    case Numeric::Kind::kPositiveInfinity:
      key->push_back(kNumericInfinity);
      return;
    case Numeric::Kind::kNegativeInfinity:
      key->push_back(kNumericNegativeInfinity);
      return;
    case Numeric::Kind::kFinite:
      break;
  }
  const int sign = value.Sign();
  if (sign == 0) {
    key->push_back(kNumericZero);
    return;
  }
  key->push_back(sign > 0 ? kNumericPositive : kNumericNegative);
  const size_t begin = key->size();
  std::string digits = value.CoefficientDigits();
  const int32_t exponent = static_cast<int32_t>(digits.size()) - 1 - value.scale() + kExponentBias;
  digits.erase(digits.find_last_not_of('0') + 1);
  key->push_back(static_cast<char>(exponent >> 16));
  key->push_back(static_cast<char>(exponent >> 8));
  key->push_back(static_cast<char>(exponent));
  if (digits.size() % 2 != 0) digits.push_back('0');
  for (size_t i = 0; i < digits.size(); i += 2) {
    key->push_back(static_cast<char>((digits[i] - '0') * 10 + (digits[i + 1] - '0') + 1));
  }
  key->push_back(0);
  if (sign < 0) {
    for (size_t i = begin; i < key->size(); ++i) (*key)[i] = static_cast<char>(~(*key)[i]);
  }
}

void AppendInterval(const Interval& interval, std::string* key) {
  const __int128 span = IntervalSpan(interval);
  AppendSigned(static_cast<int64_t>(span >> 64), key);
  AppendBigEndian(key, static_cast<uint64_t>(span));
}

Status AppendRaw(Oid type, PhysicalType physical, const void* value, std::string* key);

// Element type, elements (NULL above all values), end mark, dimensions.
Status AppendArray(std::string_view bytes, std::string* key) {
  const ArrayReader array(bytes);
  AppendBigEndian(key, array.element_type());
  key->push_back(static_cast<char>(array.element_physical()));
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      key->push_back(kTagNullLast);
      continue;
    }
    key->push_back(kTagValue);
    if (array.element_physical() == PhysicalType::kVarlen) {
      const StringRef element(array.Bytes(i));
      HELIOS_TRY(AppendRaw(array.element_type(), array.element_physical(), &element, key));
    } else {
      HELIOS_TRY(AppendRaw(array.element_type(), array.element_physical(), array.RawFixed(i), key));
    }
  }
  key->push_back(kTagNullFirst);
  key->push_back(static_cast<char>(array.dimension_count()));
  for (int32_t i = 0; i < array.dimension_count(); ++i) AppendSigned(array.dimension(i), key);
  for (int32_t i = 0; i < array.dimension_count(); ++i) AppendSigned(array.lower_bound(i), key);
  return Status::Ok();
}

Status AppendVarlen(Oid type, const void* value, std::string* key) {
  const StringRef reference = LoadRaw<StringRef>(value);
  const std::string_view bytes = reference.view();
  switch (type) {
    case type_oid::kNumeric:
      AppendNumeric(bytes, key);
      return Status::Ok();
    case type_oid::kBpchar:
      AppendEscaped(TrimTrailingBlanks(bytes), key);
      return Status::Ok();
    case type_oid::kJsonb:
      return AppendJsonbKey(bytes, key);
    default:
      break;
  }
  if (!IsKeyType(type, PhysicalType::kVarlen)) {
    return Error(ErrorCode::kUndefinedObject)
        .Message("data type {} has no default operator class for access method \"btree\"",
                 FindType(type) == nullptr ? std::string_view("record") : FindType(type)->sql_name)
        .Hint(
            "You must specify an operator class for the index or define a default operator class "
            "for the data type.");
  }
  const TypeInfo* known = FindType(type);
  if (known == nullptr || known->element != kInvalidOid) return AppendArray(bytes, key);
  AppendEscaped(bytes, key);
  return Status::Ok();
}

Status AppendRaw(Oid type, PhysicalType physical, const void* value, std::string* key) {
  switch (physical) {
    case PhysicalType::kBool:
      key->push_back(LoadRaw<char>(value));
      break;
    case PhysicalType::kInt16:
      AppendSigned(LoadRaw<int16_t>(value), key);
      break;
    case PhysicalType::kInt32:
      if (IsUnsigned32(type)) {
        AppendBigEndian(key, LoadRaw<uint32_t>(value));
      } else {
        AppendSigned(LoadRaw<int32_t>(value), key);
      }
      break;
    case PhysicalType::kInt64:
      AppendSigned(LoadRaw<int64_t>(value), key);
      break;
    case PhysicalType::kFloat32:
      AppendDouble(LoadRaw<float>(value), key);
      break;
    case PhysicalType::kFloat64:
      AppendDouble(LoadRaw<double>(value), key);
      break;
    case PhysicalType::kFixed16:
      if (type == type_oid::kInterval) {
        AppendInterval(LoadRaw<Interval>(value), key);
      } else if (type == type_oid::kTimetz) {
        const TimeTz time = LoadRaw<TimeTz>(value);
        AppendSigned(time.microseconds + time.zone_seconds * kMicrosPerSecond, key);
        AppendSigned(time.zone_seconds, key);
      } else {
        key->append(static_cast<const char*>(value), 16);
      }
      break;
    case PhysicalType::kVarlen:
      return AppendVarlen(type, value, key);
  }
  return Status::Ok();
}

Status AppendColumn(const KeyColumn& column, const void* value, std::string* key) {
  if (value == nullptr) {
    key->push_back(column.order.nulls_first ? kTagNullFirst : kTagNullLast);
    return Status::Ok();
  }
  key->push_back(kTagValue);
  const size_t begin = key->size();
  HELIOS_TRY(AppendRaw(column.type.oid, column.physical, value, key));
  if (column.order.descending) {
    for (size_t i = begin; i < key->size(); ++i) (*key)[i] = static_cast<char>(~(*key)[i]);
  }
  return Status::Ok();
}

// ---- reading

// Reads bytes from the front, un-inverting them. A read past the end returns false.
class KeyReader {
 public:
  KeyReader(std::string_view bytes, bool inverted) : rest_(bytes), mask_(inverted ? 0xff : 0) {}

  std::string_view rest() const { return rest_; }
  void FlipMask() { mask_ ^= 0xff; }
  // All that is left, un-inverted.
  std::string Plain() const {
    std::string plain(rest_);
    for (char& byte : plain) byte = static_cast<char>(byte ^ mask_);
    return plain;
  }
  void Skip(size_t byte_count) { rest_.remove_prefix(byte_count); }

  bool Byte(uint8_t* out) {
    if (rest_.empty()) return false;
    *out = static_cast<uint8_t>(rest_[0]) ^ mask_;
    rest_.remove_prefix(1);
    return true;
  }
  template <std::integral T>
  bool Unsigned(T* out) {
    if (rest_.size() < sizeof(T)) return false;
    *out = LoadBigEndian<T>(rest_.data());
    if (mask_ != 0) *out = static_cast<T>(~*out);
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  template <std::integral T>
  bool Signed(T* out) {
    using Raw = std::make_unsigned_t<T>;
    Raw raw;
    if (!Unsigned(&raw)) return false;
    *out = static_cast<T>(static_cast<Raw>(raw ^ (Raw{1} << (8 * sizeof(T) - 1))));
    return true;
  }
  bool Escaped(std::string* out) {
    out->clear();
    uint8_t byte;
    while (Byte(&byte)) {
      if (byte != 0) {
        out->push_back(static_cast<char>(byte));
        continue;
      }
      if (!Byte(&byte)) return false;
      if (byte == static_cast<uint8_t>(kStringEnd)) return true;
      if (byte != static_cast<uint8_t>(kEscapedZero)) return false;
      out->push_back('\0');
    }
    return false;
  }

 private:
  std::string_view rest_;
  uint8_t mask_;
};

bool ReadDouble(KeyReader* reader, double* out) {
  uint64_t bits;
  if (!reader->Unsigned(&bits)) return false;
  bits ^= (bits >> 63) != 0 ? uint64_t{1} << 63 : ~uint64_t{0};
  *out = std::bit_cast<double>(bits);
  return true;
}

bool ReadFiniteNumeric(KeyReader* reader, bool negative, Numeric* out) {
  uint8_t exponent_bytes[3];
  for (uint8_t& byte : exponent_bytes) {
    if (!reader->Byte(&byte)) return false;
  }
  const int32_t exponent =
      (exponent_bytes[0] << 16 | exponent_bytes[1] << 8 | exponent_bytes[2]) - kExponentBias;
  std::string digits;
  for (uint8_t pair;;) {
    if (!reader->Byte(&pair) || pair > 100) return false;
    if (pair == 0) break;
    digits.push_back(static_cast<char>('0' + (pair - 1) / 10));
    digits.push_back(static_cast<char>('0' + (pair - 1) % 10));
  }
  if (digits.empty() || digits[0] == '0') return false;
  digits.erase(digits.find_last_not_of('0') + 1);
  int32_t scale = static_cast<int32_t>(digits.size()) - 1 - exponent;
  if (exponent >= Numeric::kIntegerDigitsMax || scale > Numeric::kScaleMax) return false;
  if (scale < 0) {
    digits.append(static_cast<size_t>(-scale), '0');
    scale = 0;
  }
  *out = Numeric::FromDigits(negative, digits, scale);
  return true;
}

bool ReadNumeric(KeyReader* reader, Numeric* out) {
  uint8_t numeric_class;
  if (!reader->Byte(&numeric_class)) return false;
  switch (numeric_class) {
    case kNumericNegativeInfinity:
      *out = Numeric::Infinity(true);
      return true;
    case kNumericInfinity:
      *out = Numeric::Infinity(false);
      return true;
    case kNumericNaN:
      *out = Numeric::NaN();
      return true;
    case kNumericZero:
      *out = Numeric();
      return true;
    case kNumericPositive:
      return ReadFiniteNumeric(reader, false, out);
    case kNumericNegative: {
      reader->FlipMask();
      const bool ok = ReadFiniteNumeric(reader, true, out);
      reader->FlipMask();
      return ok;
    }
    default:
      return false;
  }
}

bool ReadInterval(KeyReader* reader, Interval* out) {
  int64_t high;
  uint64_t low;
  if (!reader->Signed(&high) || !reader->Unsigned(&low)) return false;
  __int128 span = static_cast<__int128>(static_cast<unsigned __int128>(high) << 64 | low);
  constexpr __int128 kMicrosPerMonth = 30 * static_cast<__int128>(kMicrosPerDay);
  const auto take = [&span](__int128 unit) {
    const __int128 count = std::clamp<__int128>(span / unit, INT32_MIN, INT32_MAX);
    span -= count * unit;
    return static_cast<int32_t>(count);
  };
  out->months = take(kMicrosPerMonth);
  out->days = take(kMicrosPerDay);
  if (span > INT64_MAX || span < INT64_MIN) return false;
  out->microseconds = static_cast<int64_t>(span);
  return true;
}

// Reads one value; false on malformed bytes. Arrays nest no deeper than one level by construction.
bool ReadRaw(Oid type, PhysicalType physical, KeyReader* reader, ValueSink* sink);

bool ReadArray(KeyReader* reader, ValueSink* sink) {
  Oid element = 0;
  uint8_t physical_byte = 0;
  if (!reader->Unsigned(&element) || !reader->Byte(&physical_byte)) return false;
  if (physical_byte > static_cast<uint8_t>(PhysicalType::kVarlen)) return false;
  const auto physical = static_cast<PhysicalType>(physical_byte);
  const TypeInfo* known = FindType(element);
  if (known != nullptr && (known->physical != physical || known->element != kInvalidOid)) {
    return false;
  }
  // Only enums are unknown here.
  if (known == nullptr && physical != PhysicalType::kInt64) return false;
  ArrayBuilder builder(element, physical);
  Value value = Value::Null({element});
  value.SetPhysical(physical);
  for (uint8_t tag;;) {
    if (!reader->Byte(&tag)) return false;
    if (tag == kTagNullFirst) break;
    if (tag == kTagNullLast) {
      builder.AddNull();
      continue;
    }
    ValueSink element_sink({element}, &value);
    if (tag != kTagValue || !ReadRaw(element, physical, reader, &element_sink)) return false;
    builder.AddValue(value);
  }
  uint8_t dimension_count = 0;
  if (!reader->Byte(&dimension_count) || dimension_count > kArrayDimensionsMax) return false;
  std::vector<int32_t> dimensions(dimension_count);
  std::vector<int32_t> lower_bounds(dimension_count);
  int64_t product = dimension_count == 0 ? 0 : 1;
  for (int32_t& dimension : dimensions) {
    if (!reader->Signed(&dimension) || dimension <= 0) return false;
    product *= dimension;
    if (product > kArrayElementsMax) return false;
  }
  for (int32_t& bound : lower_bounds) {
    if (!reader->Signed(&bound)) return false;
  }
  if (product != builder.size()) return false;
  sink->Bytes(dimension_count == 0 ? builder.Finish() : builder.Finish(dimensions, lower_bounds));
  return true;
}

bool ReadJsonb(KeyReader* reader, ValueSink* sink) {
  const std::string plain = reader->Plain();
  std::string_view rest = plain;
  std::string json;
  if (!ReadJsonbKey(&rest, &json)) return false;
  reader->Skip(plain.size() - rest.size());
  sink->Bytes(json);
  return true;
}

bool ReadVarlen(Oid type, KeyReader* reader, ValueSink* sink) {
  if (!IsKeyType(type, PhysicalType::kVarlen)) return false;
  if (type == type_oid::kNumeric) {
    Numeric value;
    if (!ReadNumeric(reader, &value)) return false;
    sink->Bytes(value.Encode());
    return true;
  }
  if (type == type_oid::kJsonb) return ReadJsonb(reader, sink);
  const TypeInfo* known = FindType(type);
  if (known == nullptr || known->element != kInvalidOid) return ReadArray(reader, sink);
  std::string bytes;
  if (!reader->Escaped(&bytes)) return false;
  sink->Bytes(bytes);
  return true;
}

bool ReadFixed16(Oid type, KeyReader* reader, ValueSink* sink) {
  if (type == type_oid::kInterval) {
    Interval interval;
    if (!ReadInterval(reader, &interval)) return false;
    sink->Fixed(interval);
    return true;
  }
  if (type == type_oid::kTimetz) {
    TimeTz time;
    if (!reader->Signed(&time.microseconds) || !reader->Signed(&time.zone_seconds)) return false;
    if (__builtin_sub_overflow(time.microseconds, time.zone_seconds * kMicrosPerSecond,
                               &time.microseconds)) {
      return false;
    }
    sink->Fixed(time);
    return true;
  }
  struct Bytes16 {
    uint8_t bytes[16];
  } raw;
  for (uint8_t& byte : raw.bytes) {
    if (!reader->Byte(&byte)) return false;
  }
  sink->Fixed(raw);
  return true;
}

template <typename T>
bool ReadSigned(KeyReader* reader, ValueSink* sink) {
  T value;
  if (!reader->Signed(&value)) return false;
  sink->Fixed(value);
  return true;
}

bool ReadRaw(Oid type, PhysicalType physical, KeyReader* reader, ValueSink* sink) {
  switch (physical) {
    case PhysicalType::kBool: {
      uint8_t value;
      if (!reader->Byte(&value) || value > 1) return false;
      sink->Fixed(value);
      return true;
    }
    case PhysicalType::kInt16:
      return ReadSigned<int16_t>(reader, sink);
    case PhysicalType::kInt32: {
      if (!IsUnsigned32(type)) return ReadSigned<int32_t>(reader, sink);
      uint32_t value;
      if (!reader->Unsigned(&value)) return false;
      sink->Fixed(value);
      return true;
    }
    case PhysicalType::kInt64:
      return ReadSigned<int64_t>(reader, sink);
    case PhysicalType::kFloat32:
    case PhysicalType::kFloat64: {
      double value;
      if (!ReadDouble(reader, &value)) return false;
      if (physical == PhysicalType::kFloat64) {
        sink->Fixed(value);
      } else {
        sink->Fixed(static_cast<float>(value));
      }
      return true;
    }
    case PhysicalType::kFixed16:
      return ReadFixed16(type, reader, sink);
    case PhysicalType::kVarlen:
      return ReadVarlen(type, reader, sink);
  }
  return false;
}

}  // namespace

Status AppendKey(const KeyColumn& column, const Vector& vector, size_t row, std::string* key) {
  return AppendColumn(column, vector.IsNull(row) ? nullptr : RawAt(vector, row), key);
}

Status AppendKey(const KeyColumn& column, const Value& value, std::string* key) {
  if (value.is_null()) return AppendColumn(column, nullptr, key);
  const ValueBytes bytes(value);
  return AppendColumn(column, bytes.data(), key);
}

Status DecodeKey(const KeyColumn& column, std::string_view* key, Vector* out, size_t row) {
  if (key->empty()) return Corrupted();
  const char tag = (*key)[0];
  const char null_tag = column.order.nulls_first ? kTagNullFirst : kTagNullLast;
  if (tag == null_tag) {
    key->remove_prefix(1);
    out->SetNull(row);
    return Status::Ok();
  }
  if (tag != kTagValue) return Corrupted();
  KeyReader reader(key->substr(1), column.order.descending);
  ValueSink sink(out, row);
  if (!ReadRaw(column.type.oid, column.physical, &reader, &sink)) return Corrupted();
  *key = reader.rest();
  return Status::Ok();
}

Status SkipKey(const KeyColumn& column, std::string_view* key) {
  Value ignored = Value::Null(column.type);
  ignored.SetPhysical(column.physical);
  if (key->empty()) return Corrupted();
  const char tag = (*key)[0];
  if (tag == kTagNullFirst || tag == kTagNullLast) {
    key->remove_prefix(1);
    return Status::Ok();
  }
  if (tag != kTagValue) return Corrupted();
  KeyReader reader(key->substr(1), column.order.descending);
  ValueSink sink(column.type, &ignored);
  if (!ReadRaw(column.type.oid, column.physical, &reader, &sink)) return Corrupted();
  *key = reader.rest();
  return Status::Ok();
}

std::string KeyPrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

}  // namespace helios
