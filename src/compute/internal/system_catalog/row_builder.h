#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "types/value.h"
#include "types/vector.h"

namespace helios::compute {

// Collects rows of a system table. A generator gives every column of a row in the table's order,
// then calls End; only the columns asked for are kept.
//
// Thread safety: none.
class SystemRowBuilder {
 public:
  // `equal`: (column, value) pairs that the reader will compare anyway; see Wants.
  SystemRowBuilder(const catalog::SystemTable& table, std::span<const uint32_t> columns,
                   std::span<const std::pair<uint32_t, Value>> equal);

  // False when the reader asks for another value of this oid column: the row may be left out.
  bool Wants(std::string_view column, Oid value) const;

  SystemRowBuilder& Null();
  SystemRowBuilder& Bool(bool value);
  SystemRowBuilder& Char(char value);  // "char"; 0 is the empty one.
  SystemRowBuilder& Int2(int16_t value);
  SystemRowBuilder& Int4(int32_t value);
  SystemRowBuilder& Int8(int64_t value);
  SystemRowBuilder& Oid(helios::Oid value) { return Int4(static_cast<int32_t>(value)); }
  SystemRowBuilder& Float4(float value);
  SystemRowBuilder& Float8(double value);
  SystemRowBuilder& Text(std::string_view value);  // Also name and every other kVarlen.
  SystemRowBuilder& TextOrNull(std::string_view value) {
    return value.empty() ? Null() : Text(value);
  }
  SystemRowBuilder& Time(int64_t timestamptz) { return Int8(timestamptz); }
  SystemRowBuilder& TimeOrNull(int64_t timestamptz) {
    return timestamptz == 0 ? Null() : Int8(timestamptz);
  }
  template <typename T>
  SystemRowBuilder& Fixed16(const T& value) {
    if (Vector* vector = Next()) vector->Set<T>(row_, value);
    return *this;
  }
  // Arrays; the vectors have subscripts from 0.
  SystemRowBuilder& Int2Array(const std::vector<int16_t>& values);
  SystemRowBuilder& TextArray(const std::vector<std::string>& values);
  SystemRowBuilder& Int2Vector(const std::vector<int16_t>& values);
  SystemRowBuilder& OidVector(const std::vector<helios::Oid>& values);
  SystemRowBuilder& Nulls(size_t count) {
    for (size_t index = 0; index < count; ++index) Null();
    return *this;
  }
  // Requires: every column of the table was given.
  void End();

  std::vector<Chunk> Take() { return std::move(chunks_); }

 private:
  Vector* Next();  // Null when the next column is not kept.

  const catalog::SystemTable& table_;
  std::vector<std::vector<uint32_t>> outputs_;  // By table column: where it goes.
  std::vector<SqlType> types_;
  std::vector<std::pair<uint32_t, helios::Oid>> wanted_;
  std::vector<Chunk> chunks_;
  size_t column_ = 0;
  size_t row_ = 0;
  std::vector<std::pair<uint32_t, uint32_t>> copies_;  // Columns asked for twice: (from, to).
};

}  // namespace helios::compute
