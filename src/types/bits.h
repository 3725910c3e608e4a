#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "types/type.h"

namespace helios {

// bit and varbit values are stored as their digits, '0' and '1', so that bytewise order is their
// order.

// Digits, or b'…' and x'…' with the prefix letter inside the text. 22P02 `"2" is not a valid binary
// digit`.
Result<std::string> ParseBits(std::string_view text);
// bit(n) wants exactly n digits (22026), varbit(n) at most n (22001); explicit casts pad and cut.
Result<std::string> ApplyBitTypmod(SqlType type, std::string bits, bool is_explicit);
// Wire form: a bit count and bytes.
Result<std::string> ParseBitsBinary(std::string_view bytes);
void FormatBitsBinary(std::string_view bits, std::string* out);

}  // namespace helios
