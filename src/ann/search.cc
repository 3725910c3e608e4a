#include "ann/search.h"

namespace helios::ann {

std::string_view StrategyName(Strategy strategy) {
  switch (strategy) {
    case Strategy::kWalk:
      return "walk";
    case Strategy::kReturnAll:
      return "return all";
    case Strategy::kExact:
      return "exact";
    case Strategy::kFilteredWalk:
      return "filtered walk";
    case Strategy::kBridgedWalk:
      return "bridged walk";
    case Strategy::kProbe:
      return "probe";
  }
  return "";
}

Status CheckFilter(const Filter& filter, uint32_t ordinal_count) {
  constexpr size_t kWordBits = 64;
  for (const auto& bits : {filter.passing, filter.visible}) {
    if (!bits.empty() && bits.size() * kWordBits < ordinal_count) {
      return Error(ErrorCode::kDataException)
          .Message("bitmap of {} ordinals is shorter than the index of {}", bits.size() * kWordBits,
                   ordinal_count);
    }
  }
  return Status::Ok();
}

}  // namespace helios::ann
