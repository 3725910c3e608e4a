#include "sql/parser/internal/text_map.h"

#include <algorithm>
#include <cstring>

namespace helios::sql {
namespace {

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

bool IsPlainAscii(std::string_view text) {
  uint64_t bits = 0;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    bits |= word;
  }
  for (; i < text.size(); ++i) bits |= static_cast<uint8_t>(text[i]);
  return (bits & 0x8080808080808080ull) == 0;
}

// Bytes of the sequence that begins at `at`, or 0 if it is not valid.
size_t SequenceBytes(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t first = byte(0);
  const size_t left = text.size() - at;
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  const auto continues = [&](size_t count) {
    if (left <= count) return false;
    for (size_t i = 1; i <= count; ++i) {
      if (!IsContinuation(text[at + i])) return false;
    }
    return true;
  };
  if (first < 0xc2) return 0;
  if (first < 0xe0) return continues(1) ? 2 : 0;
  if (first < 0xf0) {
    if (!continues(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) >= 0xa0) return 0;
    return 3;
  }
  if (first > 0xf4 || !continues(3)) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) >= 0x90) return 0;
  return 4;
}

}  // namespace

TextMap::TextMap(std::string_view text) : text_(text) {
  if (IsPlainAscii(text)) return;
  marks_.reserve(text.size() / kStride + 1);
  uint32_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % kStride == 0) marks_.push_back(characters);
    if (!IsContinuation(text[i])) ++characters;
  }
}

int TextMap::CharOffset(int64_t byte_offset) const {
  if (byte_offset < 0) return -1;
  const size_t end = std::min(static_cast<size_t>(byte_offset), text_.size());
  if (marks_.empty()) return static_cast<int>(end);
  const size_t mark = std::min(end / kStride, marks_.size() - 1);
  uint32_t characters = marks_[mark];
  for (size_t i = mark * kStride; i < end; ++i) {
    if (!IsContinuation(text_[i])) ++characters;
  }
  return static_cast<int>(characters);
}

size_t TextMap::ByteOffset(int64_t char_offset) const {
  if (char_offset <= 0) return 0;
  if (marks_.empty()) return std::min(static_cast<size_t>(char_offset), text_.size());
  const auto after =
      std::upper_bound(marks_.begin(), marks_.end(), static_cast<uint32_t>(char_offset));
  const size_t mark = static_cast<size_t>(after - marks_.begin()) - 1;
  int64_t characters = marks_[mark];
  for (size_t i = mark * kStride; i < text_.size(); ++i) {
    if (IsContinuation(text_[i])) continue;
    if (characters == char_offset) return i;
    ++characters;
  }
  return text_.size();
}

size_t FindInvalidUtf8(std::string_view text) {
  if (IsPlainAscii(text)) return text.find('\0');
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = SequenceBytes(text, i);
    if (bytes == 0) return i;
    i += bytes;
  }
  return std::string_view::npos;
}

}  // namespace helios::sql
