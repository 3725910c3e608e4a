#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

// A row's place as PostgreSQL writes it, "(block,offset)". Vectors and rows hold it as on the wire,
// four bytes and two, big-endian, whose bytewise order is its SQL order.

inline constexpr size_t kTidBytes = 6;

// The low 48 bits of `number`: block above, offset below.
std::string EncodeTid(uint64_t number);
// Requires: kTidBytes bytes.
uint64_t DecodeTid(std::string_view tid);

// 22P02 `invalid input syntax for type tid: "x"`.
Result<std::string> ParseTid(std::string_view text);
void FormatTid(std::string_view tid, std::string* out);

}  // namespace helios
