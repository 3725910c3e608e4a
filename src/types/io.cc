// Text of values: one switch in, one switch out; the codecs of each type are in their own files.

#include "types/io.h"

#include "types/array.h"
#include "types/bits.h"
#include "types/byte_char.h"
#include "types/internal/sink.h"
#include "types/json.h"
#include "types/jsonpath.h"
#include "types/net.h"
#include "types/numeric.h"
#include "types/record.h"
#include "types/text.h"
#include "types/tid.h"
#include "types/time/zone.h"
#include "types/uuid.h"

namespace helios {

namespace {

Status ParseEnum(SqlType type, const TypeLookup::UserType& user, std::string_view text,
                 const TextFormat& format, ValueSink* sink) {
  const std::optional<int64_t> key = format.lookup->EnumKey(type.oid, text);
  if (!key.has_value()) {
    return Error(ErrorCode::kInvalidTextRepresentation)
        .Message("invalid input value for enum {}: \"{}\"", user.sql_name, text);
  }
  sink->Fixed<int64_t>(*key);
  return Status::Ok();
}

Status NoInput(SqlType type, const TypeLookup* lookup) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("cannot accept a value of type {}", FormatType({type.oid, -1}, lookup));
}

Status ParseUserType(SqlType type, std::string_view text, const TextFormat& format,
                     ValueSink* sink) {
  const TypeLookup::UserType* user =
      format.lookup == nullptr ? nullptr : format.lookup->FindUserType(type.oid);
  if (user == nullptr) return NoInput(type, format.lookup);
  switch (user->kind) {
    case TypeLookup::UserKind::kEnum:
      return ParseEnum(type, *user, text, format, sink);
    case TypeLookup::UserKind::kDomain:
      return ParseTextInto(user->base, text, format, sink);
    case TypeLookup::UserKind::kArray: {
      HELIOS_TRY(const std::string array,
                 ParseArrayText({user->element, type.typmod}, text, format));
      sink->Bytes(array);
      return Status::Ok();
    }
    case TypeLookup::UserKind::kComposite: {
      HELIOS_TRY(const std::string record, ParseRecordText(user->field_types, text, format));
      sink->Bytes(record);
      return Status::Ok();
    }
  }
  return NoInput(type, format.lookup);
}

// int2vector and oidvector: numbers between blanks, an array whose subscripts start at 0.
Status ParseNumberVector(Oid element, std::string_view text, ValueSink* sink) {
  ArrayBuilder builder(element);
  std::string_view rest = TrimSpaces(text);
  while (!rest.empty()) {
    size_t end = 0;
    while (end < rest.size() && !IsSpace(rest[end])) ++end;
    if (element == type_oid::kInt2) {
      HELIOS_TRY(const int16_t value, ParseInt16(rest.substr(0, end)));
      builder.AddFixed(value);
    } else {
      HELIOS_TRY(const uint32_t value, ParseOid(rest.substr(0, end)));
      builder.AddFixed(static_cast<int32_t>(value));
    }
    rest = TrimSpaces(rest.substr(end));
  }
  const int32_t count = static_cast<int32_t>(builder.size());
  sink->Bytes(count == 0 ? builder.Finish() : builder.Finish({count}, {0}));
  return Status::Ok();
}

Status ParseDateTime(SqlType type, std::string_view text, const TextFormat& format,
                     ValueSink* sink) {
  const DateTimeContext context = format.date_time();
  switch (type.oid) {
    case type_oid::kDate: {
      HELIOS_TRY(const int32_t date, ParseDate(text, context));
      sink->Fixed(date);
      return Status::Ok();
    }
    case type_oid::kTime: {
      HELIOS_TRY(const int64_t time, ParseTime(text, context));
      sink->Fixed(RoundTime(time, type.typmod));
      return Status::Ok();
    }
    case type_oid::kTimetz: {
      HELIOS_TRY(TimeTz time, ParseTimeTz(text, context));
      time.microseconds = RoundTime(time.microseconds, type.typmod);
      sink->Fixed(time);
      return Status::Ok();
    }
    case type_oid::kTimestamp: {
      HELIOS_TRY(const int64_t timestamp, ParseTimestamp(text, context));
      sink->Fixed(RoundTimestamp(timestamp, type.typmod));
      return Status::Ok();
    }
    case type_oid::kTimestamptz: {
      HELIOS_TRY(const int64_t timestamp, ParseTimestamptz(text, context));
      sink->Fixed(RoundTimestamp(timestamp, type.typmod));
      return Status::Ok();
    }
    default: {
      HELIOS_TRY(const Interval interval, ParseInterval(text, type.typmod, format.interval_style));
      sink->Fixed(interval);
      return Status::Ok();
    }
  }
}

// Types whose value is a byte string of its own form.
Status ParseVarlen(SqlType type, std::string_view text, const TextFormat& format, ValueSink* sink) {
  switch (type.oid) {
    case type_oid::kBytea: {
      HELIOS_TRY(const std::string bytes, ParseBytea(text));
      sink->Bytes(bytes);
      return Status::Ok();
    }
    case type_oid::kNumeric: {
      HELIOS_TRY(Numeric value, Numeric::Parse(text));
      HELIOS_TRY(value, value.ApplyTypmod(type.typmod));
      sink->Bytes(value.Encode());
      return Status::Ok();
    }
    case type_oid::kJson: {
      HELIOS_TRY(ValidateUtf8(text));
      HELIOS_TRY(ValidateJson(text));
      sink->Bytes(text);
      return Status::Ok();
    }
    case type_oid::kJsonb: {
      HELIOS_TRY(ValidateUtf8(text));
      HELIOS_TRY(const std::string json, ParseJsonb(text));
      sink->Bytes(json);
      return Status::Ok();
    }
    case type_oid::kJsonpath: {
      HELIOS_TRY(ValidateUtf8(text));
      HELIOS_TRY(const JsonPathTree path, ParseJsonPath(text));
      sink->Bytes(FormatJsonPath(path));
      return Status::Ok();
    }
    case type_oid::kBit:
    case type_oid::kVarbit: {
      HELIOS_TRY(std::string bits, ParseBits(text));
      HELIOS_TRY(bits, ApplyBitTypmod(type, std::move(bits), false));
      sink->Bytes(bits);
      return Status::Ok();
    }
    case type_oid::kInet:
    case type_oid::kCidr: {
      HELIOS_TRY(const NetAddress address, ParseNetAddress(text, type.oid == type_oid::kCidr));
      sink->Bytes(EncodeNetAddress(address));
      return Status::Ok();
    }
    case type_oid::kTid: {
      HELIOS_TRY(const std::string tid, ParseTid(text));
      sink->Bytes(tid);
      return Status::Ok();
    }
    case type_oid::kInt2Vector:
      return ParseNumberVector(type_oid::kInt2, text, sink);
    case type_oid::kOidVector:
      return ParseNumberVector(type_oid::kOid, text, sink);
    default:
      break;
  }
  const Oid element = ElementTypeOf(type.oid, format.lookup);
  if (element == kInvalidOid) return StoreText(type, text, sink);
  HELIOS_TRY(const std::string array, ParseArrayText({element, type.typmod}, text, format));
  sink->Bytes(array);
  return Status::Ok();
}

template <typename T>
Status Store(const Result<T>& value, ValueSink* sink) {
  if (!value.ok()) return value.status();
  sink->Fixed(*value);
  return Status::Ok();
}

void FormatNumberVector(std::string_view bytes, std::string* out) {
  const ArrayReader array(bytes);
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (i > 0) out->push_back(' ');
    if (array.IsNull(i)) continue;
    FormatInt64(array.element_type() == type_oid::kInt2
                    ? array.Fixed<int16_t>(i)
                    : int64_t{static_cast<uint32_t>(array.Fixed<int32_t>(i))},
                out);
  }
}

Status FormatUserType(SqlType type, PhysicalType physical, const void* value,
                      const TextFormat& format, std::string* out) {
  const TypeLookup::UserType* user =
      format.lookup == nullptr ? nullptr : format.lookup->FindUserType(type.oid);
  if (user == nullptr) {
    return Error(ErrorCode::kInternal).Message("cache lookup failed for type {}", type.oid);
  }
  switch (user->kind) {
    case TypeLookup::UserKind::kEnum: {
      const int64_t key = LoadRaw<int64_t>(value);
      const std::optional<std::string> label = format.lookup->EnumLabel(type.oid, key);
      if (!label.has_value()) {
        return Error(ErrorCode::kInvalidBinaryRepresentation)
            .Message("invalid internal value for enum: {}", key);
      }
      out->append(*label);
      return Status::Ok();
    }
    case TypeLookup::UserKind::kDomain:
      return FormatTextRaw(user->base, physical, value, format, out);
    case TypeLookup::UserKind::kArray:
      return FormatArrayText(LoadRaw<StringRef>(value).view(), format, out);
    case TypeLookup::UserKind::kComposite: {
      std::string scratch;
      const StringRef reference = LoadRaw<StringRef>(value);
      return FormatRecordText(CompleteRecord(reference.view(), user->field_types, &scratch), format,
                              out);
    }
  }
  return Status::Ok();
}

Status FormatVarlen(SqlType type, const void* value, const TextFormat& format, std::string* out) {
  // A view of an inline string points into the reference itself: keep it.
  const StringRef reference = LoadRaw<StringRef>(value);
  const std::string_view bytes = reference.view();
  switch (type.oid) {
    case type_oid::kText:
    case type_oid::kVarchar:
    case type_oid::kBpchar:
    case type_oid::kName:
      out->append(bytes);
      return Status::Ok();
    case type_oid::kChar:
      out->append(FormatByteChar(bytes));
      return Status::Ok();
    case type_oid::kBytea:
      FormatBytea(bytes, format.bytea_output, out);
      return Status::Ok();
    case type_oid::kNumeric:
      Numeric::Decode(bytes).Format(out);
      return Status::Ok();
    case type_oid::kInet:
    case type_oid::kCidr: {
      HELIOS_TRY(const NetAddress address, DecodeNetAddress(bytes));
      FormatNetAddress(address, type.oid == type_oid::kCidr, out);
      return Status::Ok();
    }
    case type_oid::kTid:
      FormatTid(bytes, out);
      return Status::Ok();
    case type_oid::kInt2Vector:
    case type_oid::kOidVector:
      FormatNumberVector(bytes, out);
      return Status::Ok();
    case type_oid::kRecord:
      return FormatRecordText(bytes, format, out);
    case type_oid::kAnyArray:
      return FormatArrayText(bytes, format, out);
    default:
      break;
  }
  const TypeInfo* known = FindType(type.oid);
  if (known == nullptr) {
    return FormatUserType(type, PhysicalType::kVarlen, value, format, out);
  }
  if (known->element != kInvalidOid) return FormatArrayText(bytes, format, out);
  out->append(bytes);
  return Status::Ok();
}

void FormatDateTime(Oid type, const void* value, const TextFormat& format, std::string* out) {
  switch (type) {
    case type_oid::kDate:
      return FormatDate(LoadRaw<int32_t>(value), format.date_style, format.date_order, out);
    case type_oid::kTime:
      return FormatTime(LoadRaw<int64_t>(value), out);
    case type_oid::kTimetz:
      return FormatTimeTz(LoadRaw<TimeTz>(value), format.date_style, out);
    case type_oid::kTimestamp:
      return FormatTimestamp(LoadRaw<int64_t>(value), format.date_style, format.date_order, out);
    case type_oid::kTimestamptz:
      return FormatTimestamptz(LoadRaw<int64_t>(value), format.date_style, format.date_order,
                               ZoneOf(format), out);
    default:
      return FormatInterval(LoadRaw<Interval>(value), format.interval_style, out);
  }
}

}  // namespace

const TimeZone& ZoneOf(const TextFormat& format) {
  return format.zone == nullptr ? TimeZone::Utc() : *format.zone;
}

PhysicalType PhysicalTypeOf(Oid oid, const TypeLookup* lookup) {
  if (const TypeInfo* type = FindType(oid)) return type->physical;
  const TypeLookup::UserType* user = lookup == nullptr ? nullptr : lookup->FindUserType(oid);
  return user == nullptr ? PhysicalType::kVarlen : user->physical;
}

Oid ElementTypeOf(Oid oid, const TypeLookup* lookup) {
  if (const TypeInfo* type = FindType(oid)) return type->element;
  const TypeLookup::UserType* user = lookup == nullptr ? nullptr : lookup->FindUserType(oid);
  return user == nullptr ? kInvalidOid : user->element;
}

Status StoreText(SqlType type, std::string_view text, ValueSink* sink) {
  HELIOS_TRY(ValidateUtf8(text));
  if (type.oid == type_oid::kName) {
    sink->Bytes(TruncateName(text));
    return Status::Ok();
  }
  if (type.oid == type_oid::kChar) {
    sink->Bytes(ParseByteChar(text));
    return Status::Ok();
  }
  std::string scratch;
  HELIOS_TRY(ApplyTextTypmod(type, false, &text, &scratch));
  sink->Bytes(text);
  return Status::Ok();
}

Status ParseTextInto(SqlType type, std::string_view text, const TextFormat& format,
                     ValueSink* sink) {
  switch (type.oid) {
    case type_oid::kBool: {
      HELIOS_TRY(const bool value, ParseBool(text));
      sink->Fixed<uint8_t>(value ? 1 : 0);
      return Status::Ok();
    }
    case type_oid::kInt2:
      return Store(ParseInt16(text), sink);
    case type_oid::kInt4:
      return Store(ParseInt32(text), sink);
    case type_oid::kInt8:
      return Store(ParseInt64(text), sink);
    case type_oid::kFloat4:
      return Store(ParseFloat32(text), sink);
    case type_oid::kFloat8:
      return Store(ParseFloat64(text), sink);
    case type_oid::kOid:
    case type_oid::kXid:
    case type_oid::kCid:
      return Store(ParseOid(text), sink);
    case type_oid::kMoney:
      return Store(ParseMoney(text), sink);
    case type_oid::kText:
    case type_oid::kVarchar:
      return StoreText(type, text, sink);
    case type_oid::kUuid:
      return Store(ParseUuid(text), sink);
    case type_oid::kDate:
    case type_oid::kTime:
    case type_oid::kTimetz:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
    case type_oid::kInterval:
      return ParseDateTime(type, text, format, sink);
    case type_oid::kVoid:  // Takes anything and keeps nothing.
      sink->Fixed<int32_t>(0);
      return Status::Ok();
    default:
      break;
  }
  if (IsRegType(type.oid)) {
    HELIOS_TRY(const Oid value, ParseRegType(type.oid, text, format.lookup));
    sink->Fixed(value);
    return Status::Ok();
  }
  const TypeInfo* known = FindType(type.oid);
  if (known == nullptr) return ParseUserType(type, text, format, sink);
  const bool is_text_like = type.oid == type_oid::kUnknown || type.oid == type_oid::kCstring;
  if (known->physical != PhysicalType::kVarlen || (known->is_pseudo && !is_text_like)) {
    return NoInput(type, format.lookup);
  }
  return ParseVarlen(type, text, format, sink);
}

Status ParseText(SqlType type, std::string_view text, const TextFormat& format, Vector* out,
                 size_t row) {
  ValueSink sink(out, row);
  return ParseTextInto(type, text, format, &sink);
}

Result<Value> ParseTextValue(SqlType type, std::string_view text, const TextFormat& format) {
  Value value = Value::Null(type);
  ValueSink sink(type, &value);
  HELIOS_TRY(ParseTextInto(type, text, format, &sink));
  return value;
}

Status FormatTextRaw(SqlType type, PhysicalType physical, const void* value,
                     const TextFormat& format, std::string* out) {
  switch (type.oid) {
    case type_oid::kBool:
      out->push_back(LoadRaw<uint8_t>(value) != 0 ? 't' : 'f');
      break;
    case type_oid::kInt2:
      FormatInt64(LoadRaw<int16_t>(value), out);
      break;
    case type_oid::kInt4:
      FormatInt64(LoadRaw<int32_t>(value), out);
      break;
    case type_oid::kInt8:
      FormatInt64(LoadRaw<int64_t>(value), out);
      break;
    case type_oid::kFloat4:
      FormatFloat32(LoadRaw<float>(value), format.extra_float_digits, out);
      break;
    case type_oid::kFloat8:
      FormatFloat64(LoadRaw<double>(value), format.extra_float_digits, out);
      break;
    case type_oid::kOid:
    case type_oid::kXid:
    case type_oid::kCid:
      FormatInt64(LoadRaw<uint32_t>(value), out);
      break;
    case type_oid::kMoney:
      FormatMoney(LoadRaw<int64_t>(value), out);
      break;
    case type_oid::kUuid:
      FormatUuid(LoadRaw<Uuid>(value), out);
      break;
    case type_oid::kDate:
    case type_oid::kTime:
    case type_oid::kTimetz:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
    case type_oid::kInterval:
      FormatDateTime(type.oid, value, format, out);
      break;
    case type_oid::kVoid:
      break;
    default:
      if (IsRegType(type.oid)) {
        FormatRegType(type.oid, LoadRaw<Oid>(value), format.lookup, out);
        break;
      }
      if (physical == PhysicalType::kVarlen) return FormatVarlen(type, value, format, out);
      return FormatUserType(type, physical, value, format, out);
  }
  return Status::Ok();
}

Status FormatText(const Vector& vector, size_t row, const TextFormat& format, std::string* out) {
  return FormatTextRaw(vector.type(), vector.physical(), RawAt(vector, row), format, out);
}

Result<std::string> FormatTextValue(const Value& value, const TextFormat& format) {
  std::string out;
  const ValueBytes bytes(value);
  HELIOS_TRY(FormatTextRaw(value.type(), value.physical(), bytes.data(), format, &out));
  return out;
}

}  // namespace helios
