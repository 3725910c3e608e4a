#pragma once

#include <bit>
#include <cstdint>

namespace helios::ann {

// bfloat16: the high half of a float. To it rounds half to even. Requires: not NaN.
inline float FromBfloat16(uint16_t value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}
inline uint16_t ToBfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t half = 0x7fff + (bits >> 16 & 1);
  return static_cast<uint16_t>((bits + half) >> 16);
}

}  // namespace helios::ann
