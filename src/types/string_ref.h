#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace helios {

// A view of bytes in 16 bytes: up to 12 lie inside, longer ones are a 4-byte prefix and a pointer
// into memory that somebody else keeps (a Vector's heap, an arena). Unused inline bytes are zero,
// so that length and prefix compare as one 8-byte integer (Neumann, Freitag: Umbra, CIDR 2020).
class StringRef {
 public:
  static constexpr uint32_t kInlineBytesMax = 12;

  StringRef() : length_(0), prefix_{}, rest_{} {}
  // The bytes must outlive this object when they are longer than kInlineBytesMax.
  explicit StringRef(std::string_view bytes) : length_(static_cast<uint32_t>(bytes.size())) {
    if (length_ <= kInlineBytesMax) {
      std::memset(prefix_, 0, kInlineBytesMax);
      if (length_ != 0) std::memcpy(prefix_, bytes.data(), length_);
    } else {
      std::memcpy(prefix_, bytes.data(), 4);
      const char* pointer = bytes.data();
      std::memcpy(rest_, &pointer, 8);
    }
  }

  uint32_t size() const { return length_; }
  bool is_inline() const { return length_ <= kInlineBytesMax; }
  const char* data() const {
    if (is_inline()) return prefix_;
    const char* pointer;
    std::memcpy(&pointer, rest_, 8);
    return pointer;
  }
  // For an inline value the view points into this object.
  std::string_view view() const { return {data(), length_}; }

  bool operator==(const StringRef& other) const {
    if (std::memcmp(this, &other, 8) != 0) return false;
    if (is_inline()) return std::memcmp(rest_, other.rest_, 8) == 0;
    return std::memcmp(data(), other.data(), length_) == 0;
  }

  // Bytewise, as memcmp; a prefix sorts before the longer string.
  int Compare(const StringRef& other) const {
    const uint32_t common = length_ < other.length_ ? length_ : other.length_;
    const int order = common == 0 ? 0 : std::memcmp(data(), other.data(), common);
    if (order != 0) return order;
    return length_ < other.length_ ? -1 : (length_ > other.length_ ? 1 : 0);
  }

 private:
  uint32_t length_;
  char prefix_[4];
  char rest_[8];
};
static_assert(sizeof(StringRef) == 16);

}  // namespace helios
