#pragma once

#include <string>
#include <string_view>

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
  // Enums of the user lie as int64 whatever the type table says.
  template <typename T>
  PhysicalType PhysicalOf() const {
    const PhysicalType known = value_->physical();
    if (PhysicalWidth(known) == sizeof(T) && known != PhysicalType::kVarlen) return known;
    return sizeof(T) == 8 ? PhysicalType::kInt64 : PhysicalType::kFixed16;
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
      case 1: Keep(value.As<uint8_t>()); return;
      case 2: Keep(value.As<int16_t>()); return;
      case 4: Keep(value.As<int32_t>()); return;
      case 8: Keep(value.As<int64_t>()); return;
      default: break;
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
