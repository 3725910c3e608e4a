#include "types/tid.h"

#include <charconv>

#include "base/check.h"

namespace helios {

namespace {

constexpr uint64_t kOffsetBits = 16;

// The whole of `text` as a number up to `max`; PostgreSQL takes leading blanks and a sign of plus.
bool ParsePart(std::string_view text, uint64_t max, uint64_t* value) {
  while (!text.empty() && (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r'))) {
    text.remove_prefix(1);
  }
  // A minus counts from the end of the blocks.
  const bool negative = text.starts_with('-') && max == UINT32_MAX;
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  if (error != std::errc() || stop != end) return false;
  if (!negative) return *value <= max;
  if (*value > uint64_t{1} << 31) return false;
  *value = -*value & UINT32_MAX;
  return true;
}

}  // namespace

std::string EncodeTid(uint64_t number) {
  std::string tid(kTidBytes, '\0');
  for (size_t i = 0; i < kTidBytes; ++i) {
    tid[kTidBytes - 1 - i] = static_cast<char>(number >> (8 * i));
  }
  return tid;
}

uint64_t DecodeTid(std::string_view tid) {
  HELIOS_CHECK(tid.size() == kTidBytes);
  uint64_t number = 0;
  for (const char byte : tid) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

Result<std::string> ParseTid(std::string_view text) {
  const size_t open = text.find('(');
  const size_t comma = text.find(',', open == std::string_view::npos ? 0 : open);
  const size_t close = text.find(')', comma == std::string_view::npos ? 0 : comma);
  uint64_t block = 0;
  uint64_t offset = 0;
  if (open == std::string_view::npos || comma == std::string_view::npos ||
      close == std::string_view::npos ||
      !ParsePart(text.substr(open + 1, comma - open - 1), UINT32_MAX, &block) ||
      !ParsePart(text.substr(comma + 1, close - comma - 1), UINT16_MAX, &offset)) {
    return Error(ErrorCode::kInvalidTextRepresentation)
        .Message("invalid input syntax for type tid: \"{}\"", text);
  }
  return EncodeTid(block << kOffsetBits | offset);
}

void FormatTid(std::string_view tid, std::string* out) {
  const uint64_t number = DecodeTid(tid);
  out->append(fmt::format("({},{})", number >> kOffsetBits, number & UINT16_MAX));
}

}  // namespace helios
