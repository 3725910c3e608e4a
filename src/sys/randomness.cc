#include "sys/randomness.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>

#include "base/check.h"
#include "base/hash.h"

namespace helios::sys {

void FillSecureRandom(void* to, size_t byte_count) {
  char* next = static_cast<char*>(to);
  while (byte_count != 0) {
    const ssize_t filled = getrandom(next, byte_count, 0);
    if (filled < 0 && errno == EINTR) continue;
    HELIOS_CHECK(filled > 0);
    next += filled;
    byte_count -= static_cast<size_t>(filled);
  }
}

std::string SecureRandomBytes(size_t byte_count) {
  std::string bytes(byte_count, '\0');
  FillSecureRandom(bytes.data(), byte_count);
  return bytes;
}

uint32_t SecureRandom32() {
  uint32_t value;
  FillSecureRandom(&value, sizeof(value));
  return value;
}

uint64_t SecureRandom64() {
  uint64_t value;
  FillSecureRandom(&value, sizeof(value));
  return value;
}

Random::Random(uint64_t seed) {
  // SplitMix64 spreads the seed; the all-zero state, which the generator never leaves, cannot come
  // of it.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ull;
    word = HashInt(seed);
  }
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t bound) {
  HELIOS_DCHECK(bound > 0);
  // Lemire 2019: a multiplication instead of a division, and a retry where it would be unfair.
  unsigned __int128 product = static_cast<unsigned __int128>(Next()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t threshold = -bound % bound;
    while (static_cast<uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(Next()) * bound;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

}  // namespace helios::sys
