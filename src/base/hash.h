#pragma once

#include <cstdint>
#include <string_view>

namespace helios {

// Finaliser of SplitMix64: every input bit reaches every output bit.
inline uint64_t HashInt(uint64_t value) {
  value ^= value >> 30;
  value *= 0xbf58476d1ce4e5b9ull;
  value ^= value >> 27;
  value *= 0x94d049bb133111ebull;
  value ^= value >> 31;
  return value;
}

// XXH3, 64 bits. Stable across versions and machines: it places rows on shards and is on disk.
uint64_t HashBytes(std::string_view bytes);

inline uint64_t HashCombine(uint64_t seed, uint64_t hash) {
  return HashInt(seed * 0x9e3779b97f4a7c15ull + hash);
}

}  // namespace helios
