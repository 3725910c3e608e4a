#include "ann/internal/duplicates.h"

namespace helios::ann::internal {

bool Duplicates::Remove(uint32_t ordinal) {
  std::lock_guard lock(mutex_);
  const auto node = node_of_.find(ordinal);
  if (node == node_of_.end()) return false;
  const auto group = of_node_.find(node->second);
  std::erase(group->second, ordinal);
  if (group->second.empty()) of_node_.erase(group);
  node_of_.erase(node);
  count_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

size_t Duplicates::memory_bytes() const {
  // A node of either table and the ordinal in its group, as the standard library lays them out.
  constexpr size_t kBytesEach = 2 * 48 + sizeof(uint32_t);
  return count() * kBytesEach;
}

}  // namespace helios::ann::internal
