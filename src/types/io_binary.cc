// The binary wire forms of PostgreSQL's send and receive functions.

#include "base/codec.h"
#include "types/array.h"
#include "types/bits.h"
#include "types/internal/sink.h"
#include "types/io.h"
#include "types/json.h"
#include "types/net.h"
#include "types/numeric.h"
#include "types/record.h"
#include "types/text.h"
#include "types/tid.h"
#include "types/uuid.h"

namespace helios {

namespace {

// The version byte before a binary jsonb.
constexpr char kJsonbVersion = 1;

Status WrongLength() {
  return Error(ErrorCode::kInvalidBinaryRepresentation).Message("incorrect binary data format");
}

Status TooShort() {
  return Error(ErrorCode::kProtocolViolation).Message("insufficient data left in message");
}

template <typename T, typename Wire = T>
Status ReadFixed(std::string_view bytes, ValueSink* sink) {
  if (bytes.size() < sizeof(Wire)) return TooShort();
  if (bytes.size() > sizeof(Wire)) return WrongLength();
  const Wire wire = LoadBigEndian<Wire>(bytes.data());
  T value;
  static_assert(sizeof(T) == sizeof(Wire));
  std::memcpy(&value, &wire, sizeof(T));
  sink->Fixed(value);
  return Status::Ok();
}

Status ReadDate(std::string_view bytes, ValueSink* sink) {
  if (bytes.size() != 4) return bytes.size() < 4 ? TooShort() : WrongLength();
  const int32_t date = LoadBigEndian<int32_t>(bytes.data());
  if (IsFiniteDate(date) && (date < kDateMin || date >= kDateEnd)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("date out of range");
  }
  sink->Fixed(date);
  return Status::Ok();
}

Status ReadTimestamp(SqlType type, std::string_view bytes, ValueSink* sink) {
  if (bytes.size() != 8) return bytes.size() < 8 ? TooShort() : WrongLength();
  const int64_t timestamp = LoadBigEndian<int64_t>(bytes.data());
  if (IsFiniteTimestamp(timestamp) && !IsValidTimestamp(timestamp)) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("timestamp out of range");
  }
  sink->Fixed(RoundTimestamp(timestamp, type.typmod));
  return Status::Ok();
}

Status ReadTime(SqlType type, std::string_view bytes, ValueSink* sink) {
  const size_t wanted = type.oid == type_oid::kTime ? 8 : 12;
  if (bytes.size() != wanted) return bytes.size() < wanted ? TooShort() : WrongLength();
  const int64_t time = LoadBigEndian<int64_t>(bytes.data());
  if (time < 0 || time > kMicrosPerDay) {
    return Error(ErrorCode::kDatetimeFieldOverflow).Message("time out of range");
  }
  if (type.oid == type_oid::kTime) {
    sink->Fixed(RoundTime(time, type.typmod));
    return Status::Ok();
  }
  constexpr int32_t kZoneSecondsMax = 16 * 3600;
  const int32_t zone = LoadBigEndian<int32_t>(bytes.data() + 8);
  if (zone <= -kZoneSecondsMax || zone >= kZoneSecondsMax) {
    return Error(ErrorCode::kInvalidTimeZoneDisplacement)
        .Message("time zone displacement out of range");
  }
  sink->Fixed(TimeTz{RoundTime(time, type.typmod), zone, 0});
  return Status::Ok();
}

Status ReadInterval(SqlType type, std::string_view bytes, ValueSink* sink) {
  if (bytes.size() != 16) return bytes.size() < 16 ? TooShort() : WrongLength();
  const Interval wire{LoadBigEndian<int64_t>(bytes.data()),
                      LoadBigEndian<int32_t>(bytes.data() + 8),
                      LoadBigEndian<int32_t>(bytes.data() + 12)};
  HELIOS_TRY(const Interval interval, ApplyIntervalTypmod(wire, type.typmod));
  sink->Fixed(interval);
  return Status::Ok();
}

Status ReadVarlen(SqlType type, std::string_view bytes, const TextFormat& format, ValueSink* sink) {
  switch (type.oid) {
    case type_oid::kBytea:
      sink->Bytes(bytes);
      return Status::Ok();
    case type_oid::kNumeric: {
      HELIOS_TRY(Numeric value, Numeric::ParseBinary(bytes));
      HELIOS_TRY(value, value.ApplyTypmod(type.typmod));
      sink->Bytes(value.Encode());
      return Status::Ok();
    }
    case type_oid::kJson:
      return ParseTextInto(type, bytes, format, sink);
    case type_oid::kJsonb:
    case type_oid::kJsonpath:
      if (bytes.empty()) return TooShort();
      if (bytes[0] != kJsonbVersion) {
        return Error(ErrorCode::kInternal)
            .Message("unsupported {} version number {}",
                     type.oid == type_oid::kJsonb ? "jsonb" : "jsonpath",
                     static_cast<unsigned char>(bytes[0]));
      }
      return ParseTextInto(type, bytes.substr(1), format, sink);
    case type_oid::kBit:
    case type_oid::kVarbit: {
      HELIOS_TRY(std::string bits, ParseBitsBinary(bytes));
      HELIOS_TRY(bits, ApplyBitTypmod(type, std::move(bits), false));
      sink->Bytes(bits);
      return Status::Ok();
    }
    case type_oid::kInet:
    case type_oid::kCidr: {
      HELIOS_TRY(const NetAddress address, ParseNetBinary(bytes, type.oid == type_oid::kCidr));
      sink->Bytes(EncodeNetAddress(address));
      return Status::Ok();
    }
    case type_oid::kTid: {
      if (bytes.size() != kTidBytes) return bytes.size() < kTidBytes ? TooShort() : WrongLength();
      sink->Bytes(bytes);
      return Status::Ok();
    }
    default:
      break;
  }
  const Oid element = ElementTypeOf(type.oid, format.lookup);
  if (element == kInvalidOid) return StoreText(type, bytes, sink);
  HELIOS_TRY(const std::string array, ParseArrayBinary({element, type.typmod}, bytes, format));
  sink->Bytes(array);
  return Status::Ok();
}

Status ReadUserType(SqlType type, std::string_view bytes, const TextFormat& format,
                    ValueSink* sink) {
  const TypeLookup::UserType* user =
      format.lookup == nullptr ? nullptr : format.lookup->FindUserType(type.oid);
  if (user != nullptr) {
    switch (user->kind) {
      case TypeLookup::UserKind::kEnum:
        return ParseTextInto(type, bytes, format, sink);
      case TypeLookup::UserKind::kDomain:
        return ParseBinaryInto(user->base, bytes, format, sink);
      case TypeLookup::UserKind::kArray: {
        HELIOS_TRY(const std::string array,
                   ParseArrayBinary({user->element, type.typmod}, bytes, format));
        sink->Bytes(array);
        return Status::Ok();
      }
      case TypeLookup::UserKind::kComposite: {
        HELIOS_TRY(const std::string record, ParseRecordBinary(user->field_types, bytes, format));
        sink->Bytes(record);
        return Status::Ok();
      }
    }
  }
  return Error(ErrorCode::kUndefinedFunction)
      .Message("no binary input function available for type {}", FormatType(type, format.lookup));
}

Status WriteVarlen(SqlType type, std::string_view bytes, const TextFormat& format,
                   std::string* out) {
  switch (type.oid) {
    case type_oid::kNumeric:
      Numeric::Decode(bytes).FormatBinary(out);
      return Status::Ok();
    case type_oid::kJsonb:
    case type_oid::kJsonpath:
      out->push_back(kJsonbVersion);
      out->append(bytes);
      return Status::Ok();
    case type_oid::kBit:
    case type_oid::kVarbit:
      FormatBitsBinary(bytes, out);
      return Status::Ok();
    case type_oid::kChar:
      // The empty value is a zero byte on the wire.
      out->push_back(bytes.empty() ? '\0' : bytes[0]);
      return Status::Ok();
    case type_oid::kInet:
    case type_oid::kCidr: {
      HELIOS_TRY(const NetAddress address, DecodeNetAddress(bytes));
      FormatNetBinary(address, type.oid == type_oid::kCidr, out);
      return Status::Ok();
    }
    case type_oid::kTid:
      out->append(bytes);
      return Status::Ok();
    case type_oid::kRecord:
      return FormatRecordBinary(bytes, format, out);
    case type_oid::kInt2Vector:
    case type_oid::kOidVector:
    case type_oid::kAnyArray:
      return FormatArrayBinary(bytes, format, out);
    default:
      break;
  }
  if (ElementTypeOf(type.oid, format.lookup) != kInvalidOid) {
    return FormatArrayBinary(bytes, format, out);
  }
  const TypeLookup::UserType* user = format.lookup == nullptr || FindType(type.oid) != nullptr
                                         ? nullptr
                                         : format.lookup->FindUserType(type.oid);
  if (user != nullptr && user->kind == TypeLookup::UserKind::kComposite) {
    std::string scratch;
    return FormatRecordBinary(CompleteRecord(bytes, user->field_types, &scratch), format, out);
  }
  out->append(bytes);
  return Status::Ok();
}

void WriteFixed16(Oid type, const void* value, std::string* out) {
  switch (type) {
    case type_oid::kInterval: {
      const Interval interval = LoadRaw<Interval>(value);
      AppendBigEndian(out, interval.microseconds);
      AppendBigEndian(out, interval.days);
      AppendBigEndian(out, interval.months);
      return;
    }
    case type_oid::kTimetz: {
      const TimeTz time = LoadRaw<TimeTz>(value);
      AppendBigEndian(out, time.microseconds);
      AppendBigEndian(out, time.zone_seconds);
      return;
    }
    default:
      out->append(static_cast<const char*>(value), 16);
  }
}

}  // namespace

namespace {

Status ParseBinaryOf(SqlType type, std::string_view bytes, const TextFormat& format,
                     ValueSink* sink) {
  switch (type.oid) {
    case type_oid::kBool:
      if (bytes.size() != 1) return bytes.empty() ? TooShort() : WrongLength();
      sink->Fixed<uint8_t>(bytes[0] != 0 ? 1 : 0);
      return Status::Ok();
    case type_oid::kInt2:
      return ReadFixed<int16_t>(bytes, sink);
    case type_oid::kInt4:
      return ReadFixed<int32_t>(bytes, sink);
    case type_oid::kMoney:
    case type_oid::kInt8:
      return ReadFixed<int64_t>(bytes, sink);
    case type_oid::kFloat4:
      return ReadFixed<float, uint32_t>(bytes, sink);
    case type_oid::kFloat8:
      return ReadFixed<double, uint64_t>(bytes, sink);
    case type_oid::kVoid:
      return ParseTextInto(type, bytes, format, sink);
    case type_oid::kOid:
    case type_oid::kXid:
    case type_oid::kCid:
      return ReadFixed<uint32_t>(bytes, sink);
    case type_oid::kDate:
      return ReadDate(bytes, sink);
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz:
      return ReadTimestamp(type, bytes, sink);
    case type_oid::kTime:
    case type_oid::kTimetz:
      return ReadTime(type, bytes, sink);
    case type_oid::kInterval:
      return ReadInterval(type, bytes, sink);
    case type_oid::kUuid: {
      if (bytes.size() != 16) return bytes.size() < 16 ? TooShort() : WrongLength();
      Uuid uuid;
      std::memcpy(uuid.bytes, bytes.data(), 16);
      sink->Fixed(uuid);
      return Status::Ok();
    }
    case type_oid::kChar:
      if (bytes.size() != 1) return bytes.empty() ? TooShort() : WrongLength();
      sink->Bytes(bytes[0] == 0 ? std::string_view() : bytes);
      return Status::Ok();
    default:
      break;
  }
  if (IsRegType(type.oid)) return ReadFixed<uint32_t>(bytes, sink);
  const TypeInfo* known = FindType(type.oid);
  if (known == nullptr) return ReadUserType(type, bytes, format, sink);
  const bool is_text_like = type.oid == type_oid::kUnknown || type.oid == type_oid::kCstring;
  if (known->physical == PhysicalType::kVarlen && (!known->is_pseudo || is_text_like)) {
    return ReadVarlen(type, bytes, format, sink);
  }
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("cannot accept a value of type {}", FormatType(type, format.lookup));
}

}  // namespace

Status ParseBinaryInto(SqlType type, std::string_view bytes, const TextFormat& format,
                       ValueSink* sink) {
  Status status = ParseBinaryOf(type, bytes, format, sink);
  // A message that ends too early is the client's mistake, not damage to our data.
  if (status.Is(ErrorCode::kDataCorrupted)) return TooShort();
  return status;
}

Status ParseBinary(SqlType type, std::string_view bytes, const TextFormat& format, Vector* out,
                   size_t row) {
  ValueSink sink(out, row);
  return ParseBinaryInto(type, bytes, format, &sink);
}

Result<Value> ParseBinaryValue(SqlType type, std::string_view bytes, const TextFormat& format) {
  Value value = Value::Null(type);
  ValueSink sink(type, &value);
  HELIOS_TRY(ParseBinaryInto(type, bytes, format, &sink));
  return value;
}

Status FormatBinaryRaw(SqlType type, PhysicalType physical, const void* value,
                       const TextFormat& format, std::string* out) {
  if (format.lookup != nullptr && FindType(type.oid) == nullptr) {
    const TypeLookup::UserType* user = format.lookup->FindUserType(type.oid);
    if (user != nullptr && user->kind == TypeLookup::UserKind::kDomain) {
      return FormatBinaryRaw(user->base, physical, value, format, out);
    }
  }
  switch (physical) {
    case PhysicalType::kBool:
      out->push_back(LoadRaw<char>(value));
      return Status::Ok();
    case PhysicalType::kInt16:
      AppendBigEndian(out, LoadRaw<int16_t>(value));
      return Status::Ok();
    case PhysicalType::kInt32:
      if (type.oid != type_oid::kVoid) AppendBigEndian(out, LoadRaw<int32_t>(value));
      return Status::Ok();
    case PhysicalType::kInt64:
      if (FindType(type.oid) == nullptr) {
        // An enum goes as its label.
        return FormatTextRaw(type, physical, value, format, out);
      }
      AppendBigEndian(out, LoadRaw<int64_t>(value));
      return Status::Ok();
    case PhysicalType::kFloat32:
      AppendBigEndian(out, LoadRaw<uint32_t>(value));
      return Status::Ok();
    case PhysicalType::kFloat64:
      AppendBigEndian(out, LoadRaw<uint64_t>(value));
      return Status::Ok();
    case PhysicalType::kFixed16:
      WriteFixed16(type.oid, value, out);
      return Status::Ok();
    case PhysicalType::kVarlen: {
      const StringRef reference = LoadRaw<StringRef>(value);
      return WriteVarlen(type, reference.view(), format, out);
    }
  }
  return Status::Ok();
}

Status FormatBinary(const Vector& vector, size_t row, const TextFormat& format, std::string* out) {
  return FormatBinaryRaw(vector.type(), vector.physical(), RawAt(vector, row), format, out);
}

}  // namespace helios
