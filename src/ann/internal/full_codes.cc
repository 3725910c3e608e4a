#include "ann/internal/full_codes.h"

namespace helios::ann::internal {

void FullCodes::Rank(const CodeQuery& query, std::span<const uint32_t> ordinals,
                     std::span<float> ranks) const {
  for (size_t at = 0; at < ordinals.size() && at < prefetch_distance_; ++at) {
    source_.Prefetch(ordinals[at]);
  }
  for (size_t at = 0; at < ordinals.size(); ++at) {
    if (at + prefetch_distance_ < ordinals.size()) {
      source_.Prefetch(ordinals[at + prefetch_distance_]);
    }
    ranks[at] = query.full->Rank(source_.Get(ordinals[at]));
  }
}

}  // namespace helios::ann::internal
