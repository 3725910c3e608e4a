#pragma once

#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace helios::ann::internal {

// Ordinals whose vectors equal a node's: they have no node of their own, and are found with it.
//
// Thread safety: all calls, from any thread; `visit` must not call back.
class Duplicates {
 public:
  // Whether any node has some: nearly always all that needs to be asked.
  bool HasAny(uint32_t node) const {
    if (count_.load(std::memory_order_relaxed) == 0) return false;
    std::shared_lock lock(mutex_);
    return of_node_.contains(node);
  }
  template <typename Visit>
  void ForEach(uint32_t node, Visit visit) const {
    std::shared_lock lock(mutex_);
    const auto found = of_node_.find(node);
    if (found == of_node_.end()) return;
    for (const uint32_t ordinal : found->second) visit(ordinal);
  }

  void Add(uint32_t node, uint32_t ordinal) {
    std::lock_guard lock(mutex_);
    of_node_[node].push_back(ordinal);
    node_of_[ordinal] = node;
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  // Whether it was one.
  bool Remove(uint32_t ordinal);
  size_t count() const { return count_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const;

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<uint32_t, std::vector<uint32_t>> of_node_;
  std::unordered_map<uint32_t, uint32_t> node_of_;
  std::atomic<size_t> count_{0};
};

}  // namespace helios::ann::internal
