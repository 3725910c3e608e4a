#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

enum class ByteaOutput : uint8_t { kHex, kEscape };

// `\x…` or the escape form. 22P02 or 22023 as PostgreSQL.
Result<std::string> ParseBytea(std::string_view text);
void FormatBytea(std::string_view bytes, ByteaOutput form, std::string* out);

// encode() and decode().
void EncodeHex(std::string_view bytes, std::string* out);
Result<std::string> DecodeHex(std::string_view text);
// Lines of 76 characters, as PostgreSQL's encode(…, 'base64').
void EncodeBase64(std::string_view bytes, std::string* out);
Result<std::string> DecodeBase64(std::string_view text);

}  // namespace helios
