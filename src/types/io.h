#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/bytea.h"
#include "types/datetime_io.h"
#include "types/type.h"
#include "types/value.h"
#include "types/vector.h"

namespace helios {

// What is known of types that a user made, and of names that stand for OIDs. The catalog implements
// it over one of its snapshots.
//
// Thread safety: all calls, from any thread.
class TypeLookup {
 public:
  enum class UserKind : uint8_t { kEnum, kComposite, kDomain, kArray };
  struct UserType {
    UserKind kind = UserKind::kEnum;
    std::string sql_name;  // As format_type prints it, quoted where needed.
    PhysicalType physical = PhysicalType::kVarlen;
    Oid element = kInvalidOid;             // Of an array.
    Oid array = kInvalidOid;               // The array over this type.
    SqlType base;                          // Of a domain.
    std::vector<SqlType> field_types;      // Of a composite.
    std::vector<std::string> field_names;  // Of a composite, as many as types.
  };

  virtual ~TypeLookup() = default;
  // Null when there is no such user type. The result lives as long as this object.
  virtual const UserType* FindUserType(Oid oid) const = 0;
  virtual std::optional<int64_t> EnumKey(Oid type, std::string_view label) const = 0;
  virtual std::optional<std::string> EnumLabel(Oid type, int64_t key) const = 0;
  // The keys of all labels, ascending; empty when `type` is no enum.
  virtual std::vector<int64_t> EnumKeys([[maybe_unused]] Oid type) const { return {}; }
  // Text of a reg type (regclass, regtype, regproc, …) to its OID. 42P01, 42704, 42883 when
  // unknown. Numbers and "-" are handled before this is asked.
  virtual Result<Oid> ResolveName(Oid reg_type, std::string_view text) const = 0;
  // The name that a reg type shows for `oid`; nothing when unknown: the number is shown then.
  virtual std::optional<std::string> NameOf(Oid reg_type, Oid oid) const = 0;
};

// The session's settings that decide how values read and print.
struct TextFormat {
  DateStyle date_style = DateStyle::kIso;
  DateOrder date_order = DateOrder::kMdy;
  IntervalStyle interval_style = IntervalStyle::kPostgres;
  const TimeZone* zone = nullptr;  // Null means UTC.
  ByteaOutput bytea_output = ByteaOutput::kHex;
  int32_t extra_float_digits = 1;
  const TypeLookup* lookup = nullptr;
  int64_t now_us = 0;  // The transaction's start, microseconds since 2000-01-01 UTC.

  DateTimeContext date_time() const { return {date_order, zone, now_us}; }
};

// How values of `oid` lie, user types included.
PhysicalType PhysicalTypeOf(Oid oid, const TypeLookup* lookup);
// The element type of an array type, user types included; kInvalidOid when it is not an array.
Oid ElementTypeOf(Oid oid, const TypeLookup* lookup);

// Text in, with the typmod applied as an assignment would (too long is an error). Writes row `row`
// of a flat vector of the type's physical type. On error the row is undefined.
Status ParseText(SqlType type, std::string_view text, const TextFormat& format, Vector* out,
                 size_t row);
Result<Value> ParseTextValue(SqlType type, std::string_view text, const TextFormat& format);

// Text out; appends. Requires: the row is not NULL.
Status FormatText(const Vector& vector, size_t row, const TextFormat& format, std::string* out);
Result<std::string> FormatTextValue(const Value& value, const TextFormat& format);
// The same of a value where it lies: fixed bytes, or a StringRef.
Status FormatTextRaw(SqlType type, PhysicalType physical, const void* value,
                     const TextFormat& format, std::string* out);

// PostgreSQL's binary wire form. 22P03 or 08P01 on malformed bytes.
Status ParseBinary(SqlType type, std::string_view bytes, const TextFormat& format, Vector* out,
                   size_t row);
Result<Value> ParseBinaryValue(SqlType type, std::string_view bytes, const TextFormat& format);
Status FormatBinary(const Vector& vector, size_t row, const TextFormat& format, std::string* out);
Status FormatBinaryRaw(SqlType type, PhysicalType physical, const void* value,
                       const TextFormat& format, std::string* out);

// Brings row `row` of `vector` (flat, of the target's base type) to the typmod: varchar(n),
// char(n), numeric(p,s), time(p), timestamp(p), interval fields, bit(n). An explicit cast cuts
// strings silently.
Status ApplyTypmod(SqlType target, bool is_explicit, Vector* vector, size_t row);
// Whether ApplyTypmod could change or refuse anything.
bool HasTypmodCoercion(SqlType target);

// format_type(): "character varying(10)", "numeric(10,2)", "timestamp(3) with time zone",
// "integer[]".
std::string FormatType(SqlType type, const TypeLookup* lookup);
// The typmod of a type written with `modifiers`: varchar(10), numeric(10,2), interval's (fields,
// precision). 22023 when out of range, 42601 when the type takes none.
Result<int32_t> MakeTypmod(Oid type, const std::vector<int64_t>& modifiers);

// Pieces of the codecs that casts use too.
Result<bool> ParseBool(std::string_view text);
Result<int16_t> ParseInt16(std::string_view text);
Result<int32_t> ParseInt32(std::string_view text);
Result<int64_t> ParseInt64(std::string_view text);
Result<uint32_t> ParseOid(std::string_view text);
Result<float> ParseFloat32(std::string_view text);
Result<double> ParseFloat64(std::string_view text);
void FormatInt64(int64_t value, std::string* out);
void FormatFloat32(float value, int32_t extra_float_digits, std::string* out);
void FormatFloat64(double value, int32_t extra_float_digits, std::string* out);
// money, in the C locale: "$1,234.50".
Result<int64_t> ParseMoney(std::string_view text);
void FormatMoney(int64_t cents, std::string* out);
Status OutOfRange(std::string_view type_name);  // 22003 "integer out of range"

}  // namespace helios
