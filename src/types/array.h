#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/type.h"
#include "types/value.h"
#include "types/vector.h"

namespace helios {

struct TextFormat;

inline constexpr int32_t kArrayDimensionsMax = 6;
inline constexpr int64_t kArrayElementsMax = 134217727;

// Reads an encoded array in place (docs/formats/rows.md): dimensions, element type, null bits,
// elements. Opening checks the whole frame once, so that later calls need no checks.
//
// Lifetime: the bytes must outlive the reader. Thread safety: readers share nothing.
class ArrayReader {
 public:
  // kDataCorrupted when the bytes are not an encoded array.
  static Result<ArrayReader> Open(std::string_view bytes);
  // Requires: bytes that ArrayBuilder made (a Vector's value). Stops the process otherwise.
  explicit ArrayReader(std::string_view bytes);

  Oid element_type() const { return element_type_; }
  PhysicalType element_physical() const { return physical_; }
  // 0 for an empty array.
  int32_t dimension_count() const { return dimension_count_; }
  int32_t dimension(int32_t index) const { return Int32At(8 + 8 * index); }
  int32_t lower_bound(int32_t index) const { return Int32At(12 + 8 * index); }
  // Elements of all dimensions, row-major.
  uint32_t size() const { return count_; }
  bool has_nulls() const { return nulls_ != nullptr; }
  bool IsNull(uint32_t index) const {
    return nulls_ != nullptr && (nulls_[index >> 3] >> (index & 7) & 1) != 0;
  }
  // Requires: not NULL and a fixed physical type of this width.
  template <typename T>
  T Fixed(uint32_t index) const {
    T value;
    std::memcpy(&value, values_ + size_t{index} * sizeof(T), sizeof(T));
    return value;
  }
  // Where a fixed element lies, perhaps unaligned.
  const void* RawFixed(uint32_t index) const {
    return values_ + size_t{index} * PhysicalWidth(physical_);
  }
  // Requires: not NULL and a kVarlen element type.
  std::string_view Bytes(uint32_t index) const;
  // The position of subscripts `subscripts[0..dimension_count)`; -1 when outside.
  int64_t IndexOf(const int32_t* subscripts) const;
  // Writes an element, or NULL, into a vector of the element's physical type.
  void Load(uint32_t index, Vector* out, size_t row) const;

 private:
  ArrayReader() = default;
  Status Init(std::string_view bytes);
  int32_t Int32At(size_t offset) const {
    int32_t value;
    std::memcpy(&value, base_ + offset, 4);
    return value;
  }

  const char* base_ = nullptr;
  const uint8_t* nulls_ = nullptr;
  const char* values_ = nullptr;  // Fixed values, or the varlen bytes.
  const char* ends_ = nullptr;    // End offset of each varlen value.
  Oid element_type_ = kInvalidOid;
  PhysicalType physical_ = PhysicalType::kInt32;
  int32_t dimension_count_ = 0;
  uint32_t count_ = 0;
};

// Collects elements and encodes them.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(Oid element_type)
      : ArrayBuilder(element_type, PhysicalTypeOf(element_type)) {}
  ArrayBuilder(Oid element_type, PhysicalType physical)
      : element_type_(element_type), physical_(physical) {}

  void AddNull();
  template <typename T>
  void AddFixed(const T& value) {
    AddRaw(&value);
  }
  void AddBytes(std::string_view bytes);
  // One value of a vector of the element's physical type.
  void AddFrom(const Vector& vector, size_t row);
  void AddFrom(const ArrayReader& array, uint32_t index);
  void AddValue(const Value& value);
  uint32_t size() const { return count_; }
  // What the values take, in steps.
  size_t bytes() const { return values_.capacity() + ends_.capacity() * sizeof(uint32_t); }

  // One dimension from 1, or an empty array of none.
  std::string Finish() const;
  // Requires: the product of `dimensions` is size(); as many lower bounds as dimensions.
  std::string Finish(const std::vector<int32_t>& dimensions,
                     const std::vector<int32_t>& lower_bounds) const;

 private:
  void AddRaw(const void* value);

  Oid element_type_;
  PhysicalType physical_;
  uint32_t count_ = 0;
  std::vector<bool> nulls_;
  bool has_nulls_ = false;
  std::string values_;
  std::vector<uint32_t> ends_;
};

// Text and wire forms; elements go through io.h. `element` carries the element's typmod.
Result<std::string> ParseArrayText(SqlType element, std::string_view text,
                                   const TextFormat& format);
Status FormatArrayText(std::string_view array, const TextFormat& format, std::string* out);
Result<std::string> ParseArrayBinary(SqlType element, std::string_view bytes,
                                     const TextFormat& format);
Status FormatArrayBinary(std::string_view array, const TextFormat& format, std::string* out);

// array_cat and friends live in expr; these are shared with key and hash code.
int CompareArrays(std::string_view left, std::string_view right);
uint64_t HashArray(std::string_view array);

}  // namespace helios
