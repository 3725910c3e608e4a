#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace helios::ann::internal {

// Ordinals whose vectors equal a node's: they have no node of their own, and are found with it. A
// node stays alive while it stands for any ordinal, though its own be deleted.
//
// Thread safety: all calls, from any thread; what is passed in must not call back.
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
    for (const uint32_t ordinal : found->second.ordinals) visit(ordinal);
  }
  template <typename Test>
  bool AnyOf(uint32_t node, Test test) const {
    if (count_.load(std::memory_order_relaxed) == 0) return false;
    std::shared_lock lock(mutex_);
    const auto found = of_node_.find(node);
    return found != of_node_.end() && std::ranges::any_of(found->second.ordinals, test);
  }
  // The node that stands for an ordinal: its own unless it is a duplicate.
  uint32_t NodeOf(uint32_t ordinal) const;

  // Does nothing and returns false when the node is dead, as Delete has made it by then.
  template <typename IsDead>
  bool Add(uint32_t node, uint32_t ordinal, IsDead is_dead) {
    std::lock_guard lock(mutex_);
    if (is_dead(node)) return false;
    AddLocked(node, ordinal);
    return true;
  }
  // Takes an ordinal away, and calls `mark_dead` with its node when that was the last one that the
  // node stood for. Returns whether it was a duplicate.
  template <typename MarkDead>
  bool Delete(uint32_t ordinal, MarkDead mark_dead) {
    std::lock_guard lock(mutex_);
    const Removal removal = DeleteLocked(ordinal);
    if (removal.is_abandoned) mark_dead(removal.node);
    return removal.was_duplicate;
  }
  // Calls `visit` with each node that stands for others and whose own ordinal is deleted.
  template <typename Visit>
  void ForEachDeletedNode(Visit visit) const {
    std::shared_lock lock(mutex_);
    for (const auto& [node, group] : of_node_) {
      if (group.is_node_deleted) visit(node);
    }
  }
  // As it was saved.
  void Restore(uint32_t node, uint32_t ordinal, bool is_node_deleted) {
    std::lock_guard lock(mutex_);
    AddLocked(node, ordinal);
    of_node_[node].is_node_deleted = is_node_deleted;
  }
  size_t count() const { return count_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const;

 private:
  struct Group {
    std::vector<uint32_t> ordinals;
    bool is_node_deleted = false;  // The node's own ordinal.
  };
  struct Place {
    uint32_t node = 0;
    uint32_t index = 0;
  };
  struct Removal {
    uint32_t node = 0;
    bool was_duplicate = false;
    bool is_abandoned = false;
  };

  void AddLocked(uint32_t node, uint32_t ordinal);
  Removal DeleteLocked(uint32_t ordinal);

  mutable std::shared_mutex mutex_;
  std::unordered_map<uint32_t, Group> of_node_;
  std::unordered_map<uint32_t, Place> place_of_;
  std::atomic<size_t> count_{0};
};

}  // namespace helios::ann::internal
