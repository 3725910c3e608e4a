#include "ann/internal/duplicates.h"

namespace helios::ann::internal {

uint32_t Duplicates::NodeOf(uint32_t ordinal) const {
  if (count_.load(std::memory_order_relaxed) == 0) return ordinal;
  std::shared_lock lock(mutex_);
  const auto place = place_of_.find(ordinal);
  return place == place_of_.end() ? ordinal : place->second.node;
}

void Duplicates::AddLocked(uint32_t node, uint32_t ordinal) {
  std::vector<uint32_t>& ordinals = of_node_[node].ordinals;
  place_of_[ordinal] = {node, static_cast<uint32_t>(ordinals.size())};
  ordinals.push_back(ordinal);
  count_.fetch_add(1, std::memory_order_relaxed);
}

Duplicates::Removal Duplicates::DeleteLocked(uint32_t ordinal) {
  const auto found = place_of_.find(ordinal);
  if (found == place_of_.end()) {
    const auto group = of_node_.find(ordinal);
    if (group != of_node_.end()) group->second.is_node_deleted = true;
    return {.node = ordinal, .is_abandoned = group == of_node_.end()};
  }
  const Place place = found->second;
  place_of_.erase(found);
  count_.fetch_sub(1, std::memory_order_relaxed);
  const auto group = of_node_.find(place.node);
  std::vector<uint32_t>& ordinals = group->second.ordinals;
  if (place.index + 1 < ordinals.size()) {
    ordinals[place.index] = ordinals.back();
    place_of_[ordinals.back()].index = place.index;
  }
  ordinals.pop_back();
  Removal removal{.node = place.node, .was_duplicate = true};
  if (ordinals.empty()) {
    removal.is_abandoned = group->second.is_node_deleted;
    of_node_.erase(group);
  }
  return removal;
}

size_t Duplicates::memory_bytes() const {
  // A node of either table and the ordinal in its group, as the standard library lays them out.
  constexpr size_t kBytesEach = 2 * 56 + sizeof(uint32_t);
  return count() * kBytesEach;
}

}  // namespace helios::ann::internal
