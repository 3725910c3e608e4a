// Numerics compared and hashed as they are stored.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/codec.h"
#include "base/hash.h"
#include "types/internal/big_integer.h"
#include "types/numeric.h"
#include "types/text.h"

namespace helios {

namespace {

bool DecodeSmallBytes(std::string_view encoded, SmallNumeric* out) {
  if (encoded.size() > 10) return false;
  return DecodeSmallNumeric(StringRef(encoded), out);
}

}  // namespace

int CompareNumericEncoded(std::string_view left, std::string_view right) {
  SmallNumeric a;
  SmallNumeric b;
  if (DecodeSmallBytes(left, &a) && DecodeSmallBytes(right, &b)) {
    if (a.scale == b.scale) {
      return a.coefficient < b.coefficient ? -1 : (a.coefficient > b.coefficient ? 1 : 0);
    }
    // 19 digits times 10^18 stay below 2^127.
    const int32_t shift = a.scale - b.scale;
    if (std::abs(shift) <= 18) {
      const __int128 x = shift < 0 ? a.coefficient * PowerOfTen128(-shift) : a.coefficient;
      const __int128 y = shift > 0 ? b.coefficient * PowerOfTen128(shift) : b.coefficient;
      return x < y ? -1 : (x > y ? 1 : 0);
    }
  }
  return Numeric::Compare(Numeric::Decode(left), Numeric::Decode(right));
}

uint64_t HashNumericEncoded(std::string_view encoded) {
  SmallNumeric small;
  if (!DecodeSmallBytes(encoded, &small)) return Numeric::Decode(encoded).Hash();
  if (small.coefficient == 0) return HashInt(0x5eed0);
  while (small.scale > 0 && small.coefficient % 10 == 0) {
    small.coefficient /= 10;
    --small.scale;
  }
  return HashInt(static_cast<uint64_t>(small.coefficient) +
                 static_cast<uint64_t>(small.scale) * 0x9e3779b97f4a7c15ull);
}

}  // namespace helios
