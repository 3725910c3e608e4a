#pragma once

#include "types/type.h"

namespace helios {

// The marks of docs/formats/keys.md, for the two halves of the key codec.
inline constexpr char kTagNullFirst = 0x00;
inline constexpr char kTagValue = 0x01;
inline constexpr char kTagNullLast = 0x02;

inline constexpr char kEscape = 0x00;
inline constexpr char kEscapedZero = static_cast<char>(0xff);
inline constexpr char kStringEnd = 0x01;

// Classes of numerics, in their order.
enum NumericClass : uint8_t {
  kNumericNegativeInfinity = 1,
  kNumericNegative = 2,
  kNumericZero = 3,
  kNumericPositive = 4,
  kNumericInfinity = 5,
  kNumericNaN = 6,
};
inline constexpr int32_t kExponentBias = 1 << 23;

// The type that stands before a record, where an array has its element's.
inline constexpr Oid kKeyRecordMark = ~Oid{0};

inline bool IsUnsigned32(Oid type) {
  return type != type_oid::kInt4 && type != type_oid::kDate && FindType(type) != nullptr;
}

// Whether a variable-length key type's values are arrays, or arrays or records: the user's types
// are unknown here.
inline bool IsArrayOrRecordType(Oid type) {
  const TypeInfo* known = FindType(type);
  return known == nullptr || known->element != kInvalidOid;
}

}  // namespace helios
