#pragma once

#include <cstdint>
#include <string_view>

namespace helios {

// CRC-32C (Castagnoli), as RFC 3720 has it.
uint32_t Crc32c(std::string_view bytes);

}  // namespace helios
