// The reading half of the key codec: bytes that nobody vouches for back to values.

#include <algorithm>
#include <bit>
#include <vector>

#include "base/codec.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/internal/jsonb_key.h"
#include "types/internal/key_layout.h"
#include "types/internal/sink.h"
#include "types/key_codec.h"
#include "types/numeric.h"
#include "types/record.h"

namespace helios {

namespace {

Status Corrupted() { return Error(ErrorCode::kDataCorrupted).Message("malformed key"); }

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
  // One level deeper into arrays and records; false when no type of ours nests so deep.
  bool Enter() { return ++depth_ <= kNestingMax; }
  void Leave() { --depth_; }
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
  static constexpr int kNestingMax = 100;

  std::string_view rest_;
  uint8_t mask_;
  int depth_ = 0;
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

// Reads one value; false on malformed bytes.
bool ReadRaw(Oid type, PhysicalType physical, KeyReader* reader, ValueSink* sink);

// Of the types unknown here enums lie as int8, composites and arrays as bytes.
bool IsFieldType(Oid type, PhysicalType physical) {
  const TypeInfo* known = FindType(type);
  if (known != nullptr) return known->physical == physical;
  return physical == PhysicalType::kInt64 || physical == PhysicalType::kVarlen;
}

bool ReadPhysical(KeyReader* reader, PhysicalType* out) {
  uint8_t byte;
  if (!reader->Byte(&byte) || byte > static_cast<uint8_t>(PhysicalType::kVarlen)) return false;
  *out = static_cast<PhysicalType>(byte);
  return true;
}

// After the element's type. An array's elements are no arrays.
bool ReadArray(Oid type, Oid element, KeyReader* reader, ValueSink* sink) {
  PhysicalType physical;
  if (!ReadPhysical(reader, &physical) || !IsFieldType(element, physical)) return false;
  const TypeInfo* known = FindType(type);
  if (known != nullptr && known->element != element) return false;
  const TypeInfo* known_element = FindType(element);
  if (known_element != nullptr && known_element->element != kInvalidOid) return false;
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

// After the mark.
bool ReadRecord(KeyReader* reader, ValueSink* sink) {
  std::vector<Vector> fields;
  for (uint8_t tag;;) {
    if (!reader->Byte(&tag)) return false;
    if (tag == kTagNullFirst) break;
    Oid type = 0;
    if ((tag != kTagValue && tag != kTagNullLast) || !reader->Unsigned(&type)) return false;
    if (fields.size() == kRecordFieldsMax) return false;
    if (tag == kTagNullLast) {
      fields.emplace_back(SqlType{type}).SetNull(0);
      continue;
    }
    PhysicalType physical;
    if (!ReadPhysical(reader, &physical) || !IsFieldType(type, physical)) return false;
    ValueSink field(&fields.emplace_back(SqlType{type}, physical), 0);
    if (!ReadRaw(type, physical, reader, &field)) return false;
  }
  RecordBuilder builder(static_cast<uint16_t>(fields.size()));
  for (const Vector& field : fields) builder.AddFrom(field, 0);
  sink->Bytes(std::move(builder).Finish());
  return true;
}

bool ReadArrayOrRecord(Oid type, KeyReader* reader, ValueSink* sink) {
  Oid element = 0;
  if (!reader->Enter() || !reader->Unsigned(&element)) return false;
  // The type table knows arrays and no records.
  const bool is_record = element == kKeyRecordMark && FindType(type) == nullptr;
  const bool ok = is_record ? ReadRecord(reader, sink) : ReadArray(type, element, reader, sink);
  reader->Leave();
  return ok;
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
  if (IsArrayOrRecordType(type)) return ReadArrayOrRecord(type, reader, sink);
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

}  // namespace helios
