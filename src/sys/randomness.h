#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace helios::sys {

// Bytes that nobody can guess: keys, salts, nonces. From the operating system; a machine that has
// none stops the process. Thread safety: all calls, from any thread.
void FillSecureRandom(void* to, size_t byte_count);
std::string SecureRandomBytes(size_t byte_count);
uint32_t SecureRandom32();
uint64_t SecureRandom64();

// A fast generator (xoshiro256**, Blackman and Vigna 2018) whose numbers follow from its seed:
// random(), sampling, skip lists, simulation. Never for secrets. Thread safety: none.
class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t Next();
  // Uniform in [0, bound). Requires: bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [0, 1).
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_[4];
};

}  // namespace helios::sys
