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
#include "types/internal/key_layout.h"
#include "types/internal/sink.h"
#include "types/numeric.h"
#include "types/record.h"
#include "types/text.h"

namespace helios {

namespace {

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
// Equal values of one type have equal keys: a text[] that was made from a varchar[] still says
// varchar inside, so where the type table knows the elements' type, it decides.
Status AppendArray(Oid type, std::string_view bytes, std::string* key) {
  const ArrayReader array(bytes);
  const TypeInfo* known = FindType(type);
  const Oid element_type = known == nullptr ? array.element_type() : known->element;
  AppendBigEndian(key, element_type);
  key->push_back(static_cast<char>(array.element_physical()));
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      key->push_back(kTagNullLast);
      continue;
    }
    key->push_back(kTagValue);
    if (array.element_physical() == PhysicalType::kVarlen) {
      const StringRef element(array.Bytes(i));
      HELIOS_TRY(AppendRaw(element_type, array.element_physical(), &element, key));
    } else {
      HELIOS_TRY(AppendRaw(element_type, array.element_physical(), array.RawFixed(i), key));
    }
  }
  key->push_back(kTagNullFirst);
  key->push_back(static_cast<char>(array.dimension_count()));
  for (int32_t i = 0; i < array.dimension_count(); ++i) AppendSigned(array.dimension(i), key);
  for (int32_t i = 0; i < array.dimension_count(); ++i) AppendSigned(array.lower_bound(i), key);
  return Status::Ok();
}

// A mark where arrays have their element's type, fields (NULL above all values), end mark.
Status AppendRecord(std::string_view bytes, std::string* key) {
  const RecordReader record(bytes);
  AppendBigEndian(key, kKeyRecordMark);
  for (size_t i = 0; i < record.field_count(); ++i) {
    const RecordReader::Field& field = record.field(i);
    key->push_back(field.is_null ? kTagNullLast : kTagValue);
    AppendBigEndian(key, field.type);
    if (field.is_null) continue;
    key->push_back(static_cast<char>(field.physical));
    if (field.physical == PhysicalType::kVarlen) {
      const StringRef value(field.bytes);
      HELIOS_TRY(AppendRaw(field.type, field.physical, &value, key));
    } else {
      HELIOS_TRY(AppendRaw(field.type, field.physical, field.bytes.data(), key));
    }
  }
  key->push_back(kTagNullFirst);
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
  if (IsArrayOrRecordType(type)) {
    return IsRecord(bytes) ? AppendRecord(bytes, key) : AppendArray(type, bytes, key);
  }
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

}  // namespace

Status AppendKey(const KeyColumn& column, const Vector& vector, size_t row, std::string* key) {
  return AppendColumn(column, vector.IsNull(row) ? nullptr : RawAt(vector, row), key);
}

Status AppendKey(const KeyColumn& column, const Value& value, std::string* key) {
  if (value.is_null()) return AppendColumn(column, nullptr, key);
  const ValueBytes bytes(value);
  return AppendColumn(column, bytes.data(), key);
}

std::string KeyPrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

}  // namespace helios
