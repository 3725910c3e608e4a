#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "types/io.h"
#include "types/string_ref.h"
#include "types/value.h"
#include "types/vector.h"

namespace helios {

// Where a codec puts the value that it read: a row of a vector, or a Value.
class ValueSink {
 public:
  ValueSink(Vector* vector, size_t row) : vector_(vector), row_(row) {}
  explicit ValueSink(SqlType type, Value* value) : type_(type), value_(value) {}

  template <typename T>
  void Fixed(const T& raw) {
    if (vector_ != nullptr) {
      vector_->Set<T>(row_, raw);
    } else {
      *value_ = Value::Fixed(type_, raw);
      // The type table knows nothing of the user's enums and domains.
      value_->SetPhysical(PhysicalOf<T>());
    }
  }
  void Bytes(std::string_view bytes) {
    if (vector_ != nullptr) {
      vector_->SetString(row_, bytes);
    } else {
      *value_ = Value::Bytes(type_, std::string(bytes));
    }
  }

 private:
  template <typename T>
  static constexpr PhysicalType PhysicalOf() {
    if constexpr (std::is_same_v<T, float>) return PhysicalType::kFloat32;
    if constexpr (std::is_same_v<T, double>) return PhysicalType::kFloat64;
    switch (sizeof(T)) {
      case 1:
        return PhysicalType::kBool;
      case 2:
        return PhysicalType::kInt16;
      case 4:
        return PhysicalType::kInt32;
      case 8:
        return PhysicalType::kInt64;
      default:
        return PhysicalType::kFixed16;
    }
  }

  Vector* vector_ = nullptr;
  size_t row_ = 0;
  SqlType type_;
  Value* value_ = nullptr;
};

// The bytes of a Value as they would lie in a vector.
class ValueBytes {
 public:
  explicit ValueBytes(const Value& value) {
    switch (PhysicalWidth(value.physical())) {
      case 1:
        Keep(value.As<uint8_t>());
        return;
      case 2:
        Keep(value.As<int16_t>());
        return;
      case 4:
        Keep(value.As<int32_t>());
        return;
      case 8:
        Keep(value.As<int64_t>());
        return;
      default:
        break;
    }
    if (value.physical() == PhysicalType::kVarlen) {
      Keep(StringRef(value.bytes()));
    } else {
      Keep(value.As<Interval>());
    }
  }
  const void* data() const { return bytes_; }

 private:
  template <typename T>
  void Keep(const T& raw) {
    std::memcpy(bytes_, &raw, sizeof(T));
  }
  alignas(16) char bytes_[16] = {};
};

inline const void* RawAt(const Vector& vector, size_t row) {
  return vector.RawData() + vector.Position(row) * PhysicalWidth(vector.physical());
}

template <typename T>
T LoadRaw(const void* value) {
  T raw;
  std::memcpy(&raw, value, sizeof(T));
  return raw;
}

// Shared by the text and binary codecs.
Status ParseTextInto(SqlType type, std::string_view text, const TextFormat& format,
                     ValueSink* sink);
Status ParseBinaryInto(SqlType type, std::string_view bytes, const TextFormat& format,
                       ValueSink* sink);
Status StoreText(SqlType type, std::string_view text, ValueSink* sink);
const TimeZone& ZoneOf(const TextFormat& format);

bool IsRegType(Oid oid);
Result<Oid> ParseRegType(Oid reg_type, std::string_view text, const TypeLookup* lookup);
void FormatRegType(Oid reg_type, Oid value, const TypeLookup* lookup, std::string* out);

}  // namespace helios
