// Turns byte offsets into character offsets of one UTF-8 text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace helios::sql {

// Thread safety: reading from any thread. Lifetime: `text` must outlive it.
class TextMap {
 public:
  explicit TextMap(std::string_view text);

  // Characters before byte `byte_offset`; -1 for a negative offset; the length for one past the
  // end.
  int CharOffset(int64_t byte_offset) const;
  // The byte at which character `char_offset` (from 0) begins.
  size_t ByteOffset(int64_t char_offset) const;

 private:
  static constexpr size_t kStride = 256;

  std::string_view text_;
  std::vector<uint32_t> marks_;  // Characters before each kStride-th byte; empty for ASCII.
};

// The first byte that is not part of valid UTF-8 (no NUL, no surrogates, no overlong forms), or
// npos.
size_t FindInvalidUtf8(std::string_view text);

}  // namespace helios::sql
