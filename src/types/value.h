#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "types/type.h"
#include "types/vector.h"

namespace helios {

// One value with its type, owning its bytes: a constant, a parameter, a default.
//
// Thread safety: as a value type.
class Value {
 public:
  // A NULL of no type.
  Value() = default;
  static Value Null(SqlType type) {
    Value value;
    value.type_ = type;
    value.physical_ = PhysicalTypeOf(type.oid);
    return value;
  }
  template <typename T>
  static Value Fixed(SqlType type, const T& raw) {
    static_assert(sizeof(T) <= 16);
    Value value = Null(type);
    value.null_ = false;
    std::memcpy(value.fixed_, &raw, sizeof(T));
    if constexpr (sizeof(T) == 1) value.physical_ = PhysicalType::kBool;
    return value;
  }
  static Value Bytes(SqlType type, std::string bytes) {
    Value value = Null(type);
    value.null_ = false;
    value.physical_ = PhysicalType::kVarlen;
    value.bytes_ = std::move(bytes);
    return value;
  }
  static Value Bool(bool raw) { return Fixed<uint8_t>({type_oid::kBool}, raw ? 1 : 0); }
  static Value Int4(int32_t raw) { return Fixed({type_oid::kInt4}, raw); }
  static Value Int8(int64_t raw) { return Fixed({type_oid::kInt8}, raw); }
  static Value Float8(double raw) { return Fixed({type_oid::kFloat8}, raw); }
  static Value Text(std::string raw) { return Bytes({type_oid::kText}, std::move(raw)); }
  // Copies row `row` of `vector`.
  static Value FromVector(const Vector& vector, size_t row);

  SqlType type() const { return type_; }
  void SetType(SqlType type) { type_ = type; }
  PhysicalType physical() const { return physical_; }
  void SetPhysical(PhysicalType physical) { physical_ = physical; }
  bool is_null() const { return null_; }
  // Requires: not NULL and of a fixed physical type of this width.
  template <typename T>
  T As() const {
    HELIOS_DCHECK(!null_);
    T raw;
    std::memcpy(&raw, fixed_, sizeof(T));
    return raw;
  }
  // Requires: not NULL and kVarlen.
  const std::string& bytes() const { return bytes_; }

  // Writes this value into a flat vector of the same physical type.
  void Store(Vector* vector, size_t row) const;
  // A constant vector that shows this value in every row.
  Vector ToConstant() const;

  // Same type, same nullness, same bytes: for tests and plan caches, not SQL equality.
  bool SameAs(const Value& other) const;

 private:
  SqlType type_;
  PhysicalType physical_ = PhysicalType::kVarlen;
  bool null_ = true;
  char fixed_[16] = {};
  std::string bytes_;
};

}  // namespace helios
