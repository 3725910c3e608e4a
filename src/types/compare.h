#pragma once

#include <cstddef>
#include <cstdint>

#include "types/type.h"
#include "types/vector.h"

namespace helios {

// SQL comparison of two values of one type, neither NULL. The pointers are to the values as they
// lie in a Vector (a StringRef for kVarlen). Negative, zero or positive.
//
// Strings compare bytewise (docs/adr/0003-collation.md); NaN equals NaN and is above every number;
// -0 equals 0; char(n) ignores trailing blanks; intervals compare with 30-day months.
using CompareFunction = int (*)(const void* left, const void* right);
// Null when the type has no order (json, xml). Domains: pass the base type; enums are kInt64.
CompareFunction CompareFunctionOf(Oid type, PhysicalType physical);
inline CompareFunction CompareFunctionOf(const Vector& vector) {
  return CompareFunctionOf(vector.type().oid, vector.physical());
}

// Requires: neither row is NULL, and a type with an order.
int CompareRows(const Vector& left, size_t left_row, const Vector& right, size_t right_row);

// Equality: faster than order for some types, and every type with a hash has it.
using EqualFunction = bool (*)(const void* left, const void* right);
EqualFunction EqualFunctionOf(Oid type, PhysicalType physical);

// What ORDER BY says of one column.
struct SortOrder {
  bool descending = false;
  bool nulls_first = false;
};
// NULLs included: two NULLs are equal.
int CompareRowsForSort(const Vector& left, size_t left_row, const Vector& right, size_t right_row,
                       SortOrder order);

// Whether hashes[i] of rows is written (false) or combined into (true).
// Equal values hash alike; all NULLs hash alike. Stable across machines and versions: shards are
// placed by it (docs/formats/keys.md).
void HashVector(const Vector& vector, size_t row_count, uint64_t* hashes, bool combine);
// The hash of one value that is not NULL.
using HashFunction = uint64_t (*)(const void* value);
HashFunction HashFunctionOf(Oid type, PhysicalType physical);
inline constexpr uint64_t kNullHash = 0x9ae16a3b2f90404full;

}  // namespace helios
