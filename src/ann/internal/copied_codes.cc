#include "ann/internal/copied_codes.h"

#include <cstring>

namespace helios::ann::internal {

void CopiedCodes::Encode(uint32_t ordinal, const VectorRef& vector) {
  std::memcpy(rows_.Row(ordinal), vector.data, rows_.row_bytes());
}

// Most follow each other, and the processor fetches them by itself once it has begun.
void CopiedCodes::Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
                       std::span<float> ranks) const {
  for (size_t at = 0; at < ordinals.size(); ++at) {
    if (at + prefetch_distance_ < ordinals.size()) {
      __builtin_prefetch(rows_.Row(ordinals[at + prefetch_distance_]));
    }
    ranks[at] = query.full->Rank(At(ordinals[at]));
  }
}

}  // namespace helios::ann::internal
