#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/compare.h"
#include "types/type.h"
#include "types/value.h"
#include "types/vector.h"

namespace helios {

// Values as bytes whose memcmp order is the SQL order (docs/formats/keys.md). No value's encoding
// is a prefix of another's, so columns are simply appended.
//
// Equal values have equal keys: a key does not keep a numeric's scale, the blanks of char(n), the
// parts of an interval, or the sign of a zero. The row at rest does (KeyKeepsValue).
struct KeyColumn {
  SqlType type;
  PhysicalType physical = PhysicalType::kInt32;
  SortOrder order;

  KeyColumn() = default;
  explicit KeyColumn(SqlType column_type, SortOrder sort_order = {})
      : type(column_type), physical(PhysicalTypeOf(column_type.oid)), order(sort_order) {}
  KeyColumn(SqlType column_type, PhysicalType column_physical, SortOrder sort_order)
      : type(column_type), physical(column_physical), order(sort_order) {}
};

// Whether values of the type can be keys at all; json and xml cannot.
bool IsKeyType(Oid type, PhysicalType physical);
// Whether decoding a key gives back the very bytes, not just an equal value.
bool KeyKeepsValue(Oid type);

// Appends one value, or NULL. 42883 for a type without order.
Status AppendKey(const KeyColumn& column, const Vector& vector, size_t row, std::string* key);
Status AppendKey(const KeyColumn& column, const Value& value, std::string* key);

// Reads the value at the front of `*key` into a flat vector and removes it from `*key`.
// kDataCorrupted on malformed bytes.
Status DecodeKey(const KeyColumn& column, std::string_view* key, Vector* out, size_t row);

// The smallest key that is greater than every key that starts with `prefix`; empty when there is
// none (all bytes 0xff): the end of a prefix scan.
std::string KeyPrefixEnd(std::string_view prefix);

}  // namespace helios
