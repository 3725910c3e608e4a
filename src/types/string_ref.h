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
      StoreInline(bytes.data());
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
  // By loads and stores of fixed widths: after a copy of so many bytes as there are, whoever reads
  // whole words has to wait for the stores to end.
  void StoreInline(const char* bytes) {
    const auto load = [bytes]<typename Word>(size_t at, Word word) {
      std::memcpy(&word, bytes + at, sizeof(word));
      return static_cast<uint64_t>(word);
    };
    uint64_t first = 0;  // Bytes 0 to 7.
    uint64_t last = 0;   // Bytes 8 to 11.
    if (length_ >= 8) {
      first = load(0, uint64_t{});
      if (length_ > 8) last = load(length_ - 8, uint64_t{}) >> (8 * (16 - length_));
    } else if (length_ >= 4) {
      first = load(0, uint32_t{}) | load(length_ - 4, uint32_t{}) << (8 * (length_ - 4));
    } else if (length_ > 0) {
      const uint32_t middle = length_ / 2;
      first = load(0, uint8_t{}) | load(middle, uint8_t{}) << (8 * middle) |
              load(length_ - 1, uint8_t{}) << (8 * (length_ - 1));
    }
    const uint64_t rest = first >> 32 | last << 32;
    std::memcpy(prefix_, &first, sizeof(prefix_));
    std::memcpy(rest_, &rest, sizeof(rest_));
  }

  uint32_t length_;
  char prefix_[4];
  char rest_[8];
};
static_assert(sizeof(StringRef) == 16);

}  // namespace helios
