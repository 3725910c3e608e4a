#pragma once

#include <deque>

#include "ann/hnsw.h"
#include "ann/internal/codes.h"
#include "ann/internal/duplicates.h"
#include "ann/internal/graph.h"
#include "ann/internal/pass_test.h"
#include "ann/internal/planner.h"
#include "ann/internal/search_scratch.h"
#include "ann/internal/walk.h"

namespace helios::ann {

// An ordinal is free, allocated, or in; a deleted one is in the graph until repair has cut it off.
//
// Lock order: insert_mutex_, a node's lock, ordinals_mutex_. A search takes none of them.
class HnswIndex::Impl {
 public:
  Impl(const HnswOptions& options, const VectorSource& source);

  Result<uint32_t> Allocate();
  Status Insert(uint32_t ordinal);
  Status Build(uint32_t count, const BuildOptions& options);
  Status Delete(uint32_t ordinal);
  bool Repair(uint32_t node_count);
  Result<SearchResult> Search(const VectorRef& query, const SearchOptions& options) const;

  uint32_t ordinal_count() const { return ordinal_count_.load(std::memory_order_acquire); }
  uint32_t size() const { return live_count_.load(std::memory_order_relaxed); }
  const HnswOptions& options() const { return options_; }
  HnswMemory memory() const;

 private:
  using Candidate = internal::Candidate;
  using SearchScratch = internal::SearchScratch;

  // An ordinal whose links are gone, and the epoch in which the last one went.
  struct Unlinked {
    uint32_t ordinal = 0;
    uint64_t epoch = 0;
  };

  // --- hnsw_insert.cc ---
  Status CheckAllocated(uint32_t ordinal) const;
  void Train(uint32_t count);
  // Encodes the pending ordinals and links them, once there are enough to learn from.
  void TrainOnPending();
  void LinkNode(uint32_t ordinal);
  int RandomLevel(uint32_t ordinal) const;
  // The nearest of the node that live, on level 0, into `candidates`.
  void FindLiving(internal::Walk* walk, Candidate from, SearchScratch* scratch,
                  std::vector<Candidate>* candidates) const;
  // A node with the same vector among the nearest; kNoOrdinal if none.
  uint32_t FindDuplicate(uint32_t ordinal, std::span<const Candidate> nearest) const;
  // Of candidates from near to far those that are nearer to the node than to any chosen before.
  void Choose(std::span<const Candidate> candidates, size_t count_max, SearchScratch* scratch,
              std::vector<uint32_t>* chosen) const;
  void LinkBack(uint32_t from, uint32_t to, int level, SearchScratch* scratch);

  // --- hnsw_repair.cc ---
  void RepairNode(uint32_t ordinal, SearchScratch* scratch);
  void MoveEntry();

  // --- hnsw_search.cc ---
  Result<uint64_t> CountPassing(const SearchOptions& options,
                                const internal::PassTest& passes) const;
  void ScanPassing(const internal::PassTest& passes, size_t count_max, SearchScratch* scratch,
                   internal::Patience* patience) const;
  void RunStrategy(Strategy strategy, const SearchOptions& options,
                   const internal::PassTest& passes, uint64_t passing_count, SearchScratch* scratch,
                   internal::Patience* patience, SearchReport* report) const;
  // Compares the nearest by their codes in full.
  // With `are_nodes`, each stands for all ordinals of its vector.
  std::vector<Neighbor> Rerank(const VectorRef& query, const SearchOptions& options,
                               const internal::PassTest& passes, bool are_nodes,
                               SearchScratch* scratch) const;
  void SearchPending(const VectorRef& query, const internal::PassTest& passes,
                     std::vector<Neighbor>* neighbors) const;
  void Calibrate();

  const HnswOptions options_;
  const VectorSource& source_;
  const double level_factor_;
  const std::unique_ptr<internal::Codes> codes_;
  internal::Graph graph_;
  internal::LiveBits live_;
  internal::LiveBits linked_;    // Has a node in the graph.
  internal::LiveBits dead_;      // Deleted, with a node.
  internal::LiveBits removing_;  // Dead when the round of repair began.
  internal::Duplicates duplicates_;
  internal::Planner planner_;
  mutable internal::ScratchPool scratches_;

  std::mutex entry_mutex_;  // Held by who adds a level.

  mutable std::mutex ordinals_mutex_;
  std::atomic<uint32_t> ordinal_count_{0};
  std::atomic<uint32_t> live_count_{0};
  std::atomic<uint32_t> dead_count_{0};  // Deleted, and still linked to.
  std::vector<uint32_t> free_;
  std::deque<Unlinked> unlinked_;
  std::atomic<bool> is_trained_{false};
  // Too few to learn from: searched in full.
  std::vector<uint32_t> pending_;

  // Of the repair that is under way.
  uint32_t repair_next_ = 0;
  uint64_t repair_epoch_ = 0;
  std::vector<uint32_t> repairing_;  // Deleted before the round began.
};

}  // namespace helios::ann
