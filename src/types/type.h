#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace helios {

// How a value lies in a Vector and in an encoded row.
enum class PhysicalType : uint8_t {
  kBool,  // uint8_t, 0 or 1
  kInt16,
  kInt32,  // also date (days since 2000-01-01), oid and the reg types (as uint32_t)
  kInt64,  // also time, timestamp, timestamptz (microseconds), enum (sort key of the label)
  kFloat32,
  kFloat64,
  kFixed16,  // interval (Interval), uuid (Uuid), timetz (TimeTz): datetime.h, uuid.h
  kVarlen,   // StringRef: text, varchar, bpchar, name, "char", bytea, numeric, json, jsonb, arrays,
             // records
};

// Bytes of one value in a Vector.
constexpr uint32_t PhysicalWidth(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
      return 1;
    case PhysicalType::kInt16:
      return 2;
    case PhysicalType::kInt32:
      return 4;
    case PhysicalType::kInt64:
      return 8;
    case PhysicalType::kFloat32:
      return 4;
    case PhysicalType::kFloat64:
      return 8;
    case PhysicalType::kFixed16:
      return 16;
    case PhysicalType::kVarlen:
      return 16;
  }
  return 0;
}

// PostgreSQL's OIDs of the types that we know; array types are reached through TypeInfo.
namespace type_oid {
inline constexpr Oid kBool = 16, kBytea = 17, kChar = 18, kName = 19, kInt8 = 20, kInt2 = 21,
                     kInt2Vector = 22, kInt4 = 23, kRegproc = 24, kText = 25, kOid = 26, kTid = 27,
                     kXid = 28, kCid = 29, kOidVector = 30, kJson = 114, kXml = 142,
                     kPgNodeTree = 194, kFloat4 = 700, kFloat8 = 701, kUnknown = 705, kMoney = 790,
                     kInet = 869, kCidr = 650, kAclItem = 1033, kBpchar = 1042, kVarchar = 1043,
                     kDate = 1082, kTime = 1083, kTimestamp = 1114, kTimestamptz = 1184,
                     kInterval = 1186, kTimetz = 1266, kBit = 1560, kVarbit = 1562, kNumeric = 1700,
                     kRefcursor = 1790, kRegprocedure = 2202, kRegoper = 2203, kRegoperator = 2204,
                     kRegclass = 2205, kRegtype = 2206, kRegrole = 4096, kRegnamespace = 4089,
                     kRegcollation = 4191, kUuid = 2950, kJsonb = 3802, kJsonpath = 4072,
                     kRecord = 2249, kRecordArray = 2287, kCstring = 2275, kVoid = 2278,
                     kAny = 2276, kAnyArray = 2277, kAnyElement = 2283, kAnyNonArray = 2776,
                     kAnyEnum = 3500, kTrigger = 2279, kInternal = 2281, kAnyCompatible = 5077,
                     kAnyCompatibleArray = 5078, kAnyCompatibleNonArray = 5079, kInt4Array = 1007,
                     kTextArray = 1009, kOidArray = 1028, kNameArray = 1003, kInt2Array = 1005,
                     kInt8Array = 1016, kCharArray = 1002, kAclItemArray = 1034,
                     kFloat8Array = 1022, kVarcharArray = 1015, kNumericArray = 1231,
                     kBoolArray = 1000;
}  // namespace type_oid

// A SQL type as an expression or a column has it: the type's OID and PostgreSQL's typmod (-1: none;
// varchar(n) and char(n): n + 4; numeric(p,s): ((p << 16) | (s & 0x7ff)) + 4; time and timestamp:
// the precision; interval: the range bits and precision).
struct SqlType {
  Oid oid = kInvalidOid;
  int32_t typmod = -1;

  bool operator==(const SqlType&) const = default;
  bool valid() const { return oid != kInvalidOid; }
};

// PostgreSQL's type categories (pg_type.typcategory).
enum class TypeCategory : char {
  kArray = 'A',
  kBoolean = 'B',
  kDateTime = 'D',
  kEnum = 'E',
  kNetwork = 'I',
  kNumeric = 'N',
  kPseudo = 'P',
  kString = 'S',
  kTimespan = 'T',
  kUser = 'U',
  kBitString = 'V',
  kUnknown = 'X',
  kInternal = 'Z',
  kComposite = 'C',
};

// What is known of a built-in type; the columns of pg_type that matter.
struct TypeInfo {
  Oid oid;
  std::string_view name;      // typname: "int4", "_int4"
  std::string_view sql_name;  // format_type: "integer", "integer[]"
  PhysicalType physical;
  TypeCategory category;
  bool preferred;
  int16_t length;  // typlen: -1 variable, -2 cstring
  bool by_value;
  char align;    // typalign
  char storage;  // typstorage
  Oid element;   // Of an array type, else kInvalidOid.
  Oid array;     // The array type over this one, or kInvalidOid.
  bool is_pseudo;
  std::string_view input_function;  // typinput, for pg_type
};

// The built-in type with this OID, or null. The result lives forever. Thread safety: any thread.
const TypeInfo* FindType(Oid oid);
// By pg_type.typname ("int4") or SQL spelling ("integer", "character varying"); null if unknown.
const TypeInfo* FindTypeByName(std::string_view name);
// Every built-in type in OID order.
struct TypeList {
  const TypeInfo* const* begin_ptr;
  const TypeInfo* const* end_ptr;
  const TypeInfo* const* begin() const { return begin_ptr; }
  const TypeInfo* const* end() const { return end_ptr; }
};
TypeList AllTypes();

// How values of `oid` lie in memory. User-defined enums are kInt64, their arrays and every unknown
// OID kVarlen; a caller that knows of an enum passes it through the catalog's TypeLookup instead.
PhysicalType PhysicalTypeOf(Oid oid);

inline bool IsStringType(Oid oid) {
  return oid == type_oid::kText || oid == type_oid::kVarchar || oid == type_oid::kBpchar ||
         oid == type_oid::kName || oid == type_oid::kUnknown || oid == type_oid::kChar;
}
inline bool IsIntegerType(Oid oid) {
  return oid == type_oid::kInt2 || oid == type_oid::kInt4 || oid == type_oid::kInt8;
}

}  // namespace helios
