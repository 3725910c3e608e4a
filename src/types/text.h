#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "types/type.h"

namespace helios {

inline constexpr size_t kNameBytesMax = 63;

// 22021 `invalid byte sequence for encoding "UTF8": 0xff`; a zero byte is refused too.
Status ValidateUtf8(std::string_view text);
// Bytes of the character that starts with this byte (of valid UTF-8).
inline size_t Utf8CharBytes(unsigned char first) {
  return first < 0x80 ? 1 : (first < 0xe0 ? 2 : (first < 0xf0 ? 3 : 4));
}
// Characters in valid UTF-8.
size_t Utf8Length(std::string_view text);
// Where character `index` (from 0) starts; text.size() when there are fewer.
size_t Utf8Offset(std::string_view text, size_t index);

// At most kNameBytesMax bytes, cut between characters.
std::string_view TruncateName(std::string_view name);
std::string_view TrimTrailingBlanks(std::string_view text);
inline bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
std::string_view TrimSpaces(std::string_view text);

// varchar(n) and char(n). `*text` comes in as the source value; the view may end up pointing into
// `*scratch` when char(n) pads. Too long is 22001 unless the cut characters are blanks or the cast
// is explicit.
Status ApplyTextTypmod(SqlType type, bool is_explicit, std::string_view* text,
                       std::string* scratch);

// The identifier as SQL text: in double quotes where it would not read back as itself, as
// upper-case letters and key words that are not unreserved do not.
std::string QuoteIdentifier(std::string_view name);

}  // namespace helios
