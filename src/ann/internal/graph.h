#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "ann/internal/chunked_rows.h"

namespace helios::ann::internal {

inline constexpr uint32_t kNoOrdinal = UINT32_MAX;
inline constexpr int kLevelMax = 15;
inline constexpr uint32_t kLinkCountMax = 200;  // Of a list.

// The edges of a hierarchical navigable small world (Malkov, Yashunin 2018): each node has up to 2m
// links on level 0, all in one row, and m on each level above up to its own.
//
// Thread safety: reading, from any thread at any time: of a list that is being replaced, the first
// links are seen as they were and the others as they become, each of which leads to a node.
// Writing: under the lock of the node.
class Graph {
 public:
  using Link = std::atomic<uint32_t>;
  struct Node {
    uint32_t upper = 0;  // The first row of its lists above level 0, which follow each other.
    int32_t level = 0;
  };

  explicit Graph(uint32_t m);

  void Grow(uint32_t ordinal_count);
  // Makes room for the lists of a new node, empty. Requires: no other node links to it yet.
  void AddNode(uint32_t ordinal, int level);
  // Gives its lists back. Requires: no node links to it, and nobody is there.
  void RemoveNode(uint32_t ordinal);

  int LevelOf(uint32_t ordinal) const { return nodes_.At<Node>(ordinal).level; }
  uint32_t link_count_max(int level) const { return level == 0 ? 2 * m_ : m_; }
  // Copies the links; returns how many. Requires: `links` has room for link_count_max(level).
  uint32_t Links(uint32_t ordinal, int level, uint32_t* links) const;
  // Requires: the node's lock is held; at most link_count_max(level) links.
  void SetLinks(uint32_t ordinal, int level, std::span<const uint32_t> links);
  void Prefetch(uint32_t ordinal) const;

  std::mutex& LockOf(uint32_t ordinal) const { return locks_[ordinal % kLockCount]; }

  // Where searches begin: a node of the highest level; kNoOrdinal while there is none.
  uint32_t entry() const { return entry_.load(std::memory_order_acquire); }
  void SetEntry(uint32_t ordinal) { entry_.store(ordinal, std::memory_order_release); }

  // --- What a snapshot keeps ---
  ChunkedRows& nodes() { return nodes_; }
  ChunkedRows& lists() { return lists_; }
  ChunkedRows& upper_lists() { return upper_lists_; }
  const Node& NodeAt(uint32_t ordinal) const { return nodes_.At<Node>(ordinal); }
  // The rows of upper_lists() that were ever given to a node.
  uint32_t upper_count() const;
  // Only rows of which the bit is set belong to nodes, and all others are empty. Requires: no nodes
  // are added meanwhile, and upper_lists() reaches beyond the last.
  void RestoreUpper(const std::vector<bool>& is_used);

  size_t memory_bytes() const;

 private:
  static constexpr size_t kLockCount = 4096;
  const Link* List(uint32_t ordinal, int level) const;

  const uint32_t m_;
  ChunkedRows nodes_;
  ChunkedRows lists_;  // Of level 0. A link is stored plus 1, so that 0 ends a list.
  ChunkedRows upper_lists_;
  mutable std::mutex upper_mutex_;
  uint32_t upper_count_ = 0;
  std::array<std::vector<uint32_t>, kLevelMax + 1> free_upper_;  // By how many rows.
  std::atomic<uint32_t> entry_{kNoOrdinal};
  mutable std::array<std::mutex, kLockCount> locks_;
};

}  // namespace helios::ann::internal
