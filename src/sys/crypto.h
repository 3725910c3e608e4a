#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios::sys {

inline constexpr size_t kSha256Bytes = 32;

// All results are raw bytes. Thread safety: all calls, from any thread.
std::string Md5(std::string_view bytes);
std::string Sha224(std::string_view bytes);
std::string Sha256(std::string_view bytes);
std::string Sha384(std::string_view bytes);
std::string Sha512(std::string_view bytes);
std::string HmacSha256(std::string_view key, std::string_view bytes);
// PBKDF2 with HMAC-SHA-256, one block of output (SCRAM's Hi). Requires: iterations > 0.
std::string Pbkdf2Sha256(std::string_view password, std::string_view salt, uint32_t iterations);

// Whether both are equal, in a time that depends on the lengths alone.
bool ConstantTimeEqual(std::string_view left, std::string_view right);

std::string Base64Encode(std::string_view bytes);
// Strict RFC 4648 with padding, no white space; kInvalidTextRepresentation otherwise.
Result<std::string> Base64Decode(std::string_view text);
std::string HexEncode(std::string_view bytes);

}  // namespace helios::sys
