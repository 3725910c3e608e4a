#pragma once

#include <string>
#include <vector>

#include "types/array.h"
#include "types/io.h"

namespace helios::expr {

// An array's elements as they lie in a vector, for comparison functions. Borrows the array's bytes.
class ArrayValues {
 public:
  explicit ArrayValues(const ArrayReader& array)
      : array_(array), width_(PhysicalWidth(array.element_physical())) {
    buffer_.resize(size_t{array.size()} * width_);
    for (uint32_t i = 0; i < array.size(); ++i) {
      if (array.IsNull(i)) continue;
      char* to = buffer_.data() + size_t{i} * width_;
      switch (width_) {
        case 1:
          Store(to, array.Fixed<uint8_t>(i));
          break;
        case 2:
          Store(to, array.Fixed<int16_t>(i));
          break;
        case 4:
          Store(to, array.Fixed<int32_t>(i));
          break;
        case 8:
          Store(to, array.Fixed<int64_t>(i));
          break;
        default:
          if (array.element_physical() == PhysicalType::kVarlen) {
            Store(to, StringRef(array.Bytes(i)));
          } else {
            Store(to, array.Fixed<Fixed16>(i));
          }
      }
    }
  }
  bool IsNull(uint32_t index) const { return array_.IsNull(index); }
  const void* At(uint32_t index) const { return buffer_.data() + size_t{index} * width_; }
  uint32_t size() const { return array_.size(); }

 private:
  struct Fixed16 {
    char bytes[16];
  };
  template <typename T>
  static void Store(char* to, const T& value) {
    std::memcpy(to, &value, sizeof(T));
  }
  const ArrayReader& array_;
  size_t width_;
  std::string buffer_;
};

inline std::vector<int32_t> DimensionsOf(const ArrayReader& array) {
  std::vector<int32_t> dimensions;
  dimensions.reserve(static_cast<size_t>(array.dimension_count()));
  for (int32_t i = 0; i < array.dimension_count(); ++i) dimensions.push_back(array.dimension(i));
  return dimensions;
}
inline std::vector<int32_t> LowerBoundsOf(const ArrayReader& array) {
  std::vector<int32_t> bounds;
  bounds.reserve(static_cast<size_t>(array.dimension_count()));
  for (int32_t i = 0; i < array.dimension_count(); ++i) bounds.push_back(array.lower_bound(i));
  return bounds;
}
// The text elements of a text[]; NULLs are left out unless `nulls` collects which they are.
std::vector<std::string> TextElements(std::string_view bytes, std::vector<bool>* nulls = nullptr);

}  // namespace helios::expr
