#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

// 128 bits in the order that they are written in.
struct Uuid {
  uint8_t bytes[16] = {};

  std::strong_ordering operator<=>(const Uuid& other) const {
    return std::memcmp(bytes, other.bytes, 16) <=> 0;
  }
  bool operator==(const Uuid& other) const { return std::memcmp(bytes, other.bytes, 16) == 0; }
};
static_assert(sizeof(Uuid) == 16, "at rest: docs/formats/rows.md");

// With or without hyphens after groups of four digits, and braces. 22P02 otherwise.
Result<Uuid> ParseUuid(std::string_view text);
void FormatUuid(const Uuid& uuid, std::string* out);

}  // namespace helios
