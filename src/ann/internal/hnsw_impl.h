#pragma once

#include <deque>

#include "ann/hnsw.h"
#include "ann/internal/codes.h"
#include "ann/internal/dense_filter.h"
#include "ann/internal/duplicates.h"
#include "ann/internal/graph.h"
#include "ann/internal/pass_test.h"
#include "ann/internal/planner.h"
#include "ann/internal/search_scratch.h"
#include "ann/internal/walk.h"

namespace helios::ann {

// An ordinal is free, allocated, or in; a deleted one is in the graph until repair has cut it off.
//
// What lives and what is dead changes under ordinals_mutex_, so that a save can take both as of one
// moment.
//
// Lock order: save_mutex_, ordinals_mutex_, entry_mutex_, a node's lock; the locks within the
// members come last. A search takes ordinals_mutex_ until the codes are trained, and none of them
// afterwards.
class HnswIndex::Impl {
 public:
  Impl(const HnswOptions& options, const VectorSource& source);

  Result<uint32_t> Allocate();
  Status Insert(uint32_t ordinal);
  Status Build(uint32_t count, const BuildOptions& options);
  Status Delete(uint32_t ordinal);
  bool Repair(uint32_t node_count);
  Result<SearchResult> Search(const VectorRef& query, const SearchOptions& options) const;
  static Result<std::unique_ptr<Impl>> Load(std::span<const SnapshotPart> parts,
                                            const VectorSource& source);
  Result<uint64_t> Save(uint64_t since_epoch, const BlockSink& sink);

  uint64_t saved_epoch() const { return saved_epoch_.load(); }
  bool Contains(uint32_t ordinal) const { return ordinal < ordinal_count() && live_.Test(ordinal); }
  uint32_t ordinal_count() const { return ordinal_count_.load(std::memory_order_acquire); }
  uint32_t size() const { return live_count_.load(std::memory_order_relaxed); }
  const HnswOptions& options() const { return options_; }
  HnswMemory memory() const;

 private:
  using Candidate = internal::Candidate;
  using SearchScratch = internal::SearchScratch;

  // An ordinal that nothing leads to any more, and the epoch in which the last link went.
  struct Unlinked {
    uint32_t ordinal = 0;
    uint64_t epoch = 0;
    bool has_node = false;  // Whose lists are still there for the searches of that epoch.
  };

  class Saver;   // hnsw_save.cc
  class Loader;  // hnsw_load.cc

  // --- hnsw_insert.cc ---
  // Makes room for ordinals up to `count`.
  void Grow(uint32_t count);
  Status CheckAllocated(uint32_t ordinal) const;
  void Train(uint32_t count);
  // Whether there are enough pending vectors to learn from.
  bool IsTimeToTrain() const;
  // Encodes the pending ordinals and links them.
  void TrainOnPending();
  void LinkNode(uint32_t ordinal);
  // It is encoded and linked, and can be found from here on.
  void Publish(uint32_t ordinal);
  int RandomLevel(uint32_t ordinal) const;
  // The lists of a new node, as far as they are known.
  struct NewNode {
    uint32_t ordinal = 0;
    int level = 0;
    std::vector<std::vector<uint32_t>> links;  // By level.
    std::vector<uint32_t> dead;                // The nearest dead ones on level 0.
  };
  // False when another node stands for the ordinal now.
  bool FindLinks(uint32_t entry, int top, SearchScratch* scratch, NewNode* node);
  // Makes the node, whose links are known, part of the graph.
  void Link(const NewNode& node, SearchScratch* scratch);
  // For a node around which nothing lives. Requires: entry_mutex_ is held.
  void LinkAlone(NewNode* node, SearchScratch* scratch);
  // Those of the nearest that are not dead.
  void CollectLiving(SearchScratch* scratch, std::vector<Candidate>* candidates) const;
  // Some of the nearest nodes on level 0 that are not dead, from farther off, into `candidates`.
  void FindLiving(internal::Walk* walk, Candidate from, SearchScratch* scratch,
                  std::vector<Candidate>* candidates) const;
  // A node with the same vector among the nearest; kNoOrdinal if none.
  uint32_t FindDuplicate(uint32_t ordinal, std::span<const Candidate> nearest) const;
  // Of candidates from near to far those that are nearer to the node than to any chosen before.
  void Choose(std::span<const Candidate> candidates, size_t count_max, SearchScratch* scratch,
              std::vector<uint32_t>* chosen) const;
  // The same with some that are chosen already.
  void ChooseMore(std::span<const Candidate> candidates, size_t count_max, SearchScratch* scratch,
                  std::vector<uint32_t>* chosen) const;
  // Chooses anew when it is one too many: then it may not be there. What goes on level 0 is in
  // scratch->dropped.
  void LinkBack(uint32_t from, uint32_t to, int level, SearchScratch* scratch);
  // Of the living to which a node leads on level 0, those that lead back to it: up to `enough`, and
  // not `except`.
  size_t CountWaysIn(uint32_t ordinal, uint32_t except, size_t enough) const;
  // Makes a link on level 0, if need be instead of the farthest that has `ways_left` other ways in.
  // False when there is none of the kind.
  bool ForceLink(uint32_t from, uint32_t to, size_t ways_left, SearchScratch* scratch);
  // Sees to it that of the living to which a node leads on level 0 two lead back to it, or one
  // where no other can give up a link. Takes no way in from others that they need.
  void KeepReachable(uint32_t ordinal, SearchScratch* scratch);
  // The same for those to which LinkBack has given up a link.
  void KeepDropped(SearchScratch* scratch);

  // --- hnsw_repair.cc ---
  // Whether a round is under way; begins one when there is something to do.
  bool BeginRound();
  void EndRound();
  void RepairNode(uint32_t ordinal, SearchScratch* scratch);
  void RepairList(uint32_t ordinal, int level, SearchScratch* scratch);
  // What stays around a node of which some links go, from near to far.
  void CollectAround(uint32_t ordinal, int level, std::span<const uint32_t> links,
                     SearchScratch* scratch, std::vector<Candidate>* candidates) const;
  void MoveEntry();

  // --- hnsw_search.cc ---
  // Whether those that pass are few and will be scanned: then scratch->passing_list has them.
  bool ListPassing(const SearchOptions& options, const internal::DenseFilter& filter,
                   SearchScratch* scratch) const;
  template <typename TakeMore>
  void Scan(TakeMore take_more, size_t count_max, SearchScratch* scratch,
            internal::Patience* patience) const;
  // The nearest of all that pass, by their codes, into scratch->found, sorted.
  void ScanPassing(const internal::PassTest& passes, size_t count_max, SearchScratch* scratch,
                   internal::Patience* patience) const;
  // The nearest of all nodes that are not dead, by looking at all.
  void ScanLiving(SearchScratch* scratch, std::vector<Candidate>* candidates) const;
  void RunStrategy(Strategy strategy, const SearchOptions& options,
                   const internal::PassTest& passes, uint64_t passing_count, SearchScratch* scratch,
                   internal::Patience* patience, SearchReport* report) const;
  // Compares the nearest by their codes in full.
  // With `are_nodes`, each stands for all ordinals of its vector.
  std::vector<Neighbor> Rerank(const VectorRef& query, const SearchOptions& options,
                               const internal::PassTest& passes, bool are_nodes,
                               SearchScratch* scratch) const;
  // Whether there are too few for a graph: then it has looked at all.
  bool SearchPending(const VectorRef& query, const internal::PassTest& passes,
                     std::vector<Neighbor>* neighbors) const;
  void SearchGraph(const VectorRef& query, const SearchOptions& options,
                   const internal::PassTest& passes, uint64_t passing_count, SearchScratch* scratch,
                   SearchResult* result) const;
  void Calibrate();

  // What rows of a loaded index lie in; outlives them all.
  std::vector<std::shared_ptr<const void>> images_;

  const HnswOptions options_;
  const VectorSource& source_;
  const double level_factor_;
  const std::unique_ptr<internal::Codes> codes_;
  internal::Graph graph_;
  internal::OrdinalBits live_;
  internal::OrdinalBits allocated_;  // Given out, and not inserted since.
  internal::OrdinalBits linked_;     // Has a node in the graph.
  // Has a node that stands for no living ordinal. Nothing gets a link to it from then on, but by
  // inserts that had begun before.
  internal::OrdinalBits dead_;
  internal::OrdinalBits removing_;  // Dead when the round of repair began.
  internal::Duplicates duplicates_;
  internal::Planner planner_;
  mutable internal::ScratchPool scratches_;

  std::mutex save_mutex_;  // Held by the one save.
  std::atomic<uint64_t> saved_epoch_{0};

  std::mutex entry_mutex_;  // Held by who changes the entry.

  mutable std::mutex ordinals_mutex_;
  std::atomic<uint32_t> ordinal_count_{0};
  std::atomic<uint32_t> live_count_{0};
  std::atomic<uint32_t> dead_count_{0};  // Deleted, and still linked to.
  std::vector<uint32_t> free_;
  std::deque<Unlinked> unlinked_;
  std::atomic<bool> is_trained_{false};
  // Too few to learn from: searched in full.
  std::vector<uint32_t> pending_;
  uint64_t published_count_ = 0;  // How often Publish was called.

  // Of the repair that is under way.
  uint32_t repair_next_ = 0;
  bool has_round_begun_ = false;  // The inserts of its first moment have ended.
  uint64_t repair_epoch_ = 0;
  std::vector<uint32_t> repairing_;  // Deleted before the round began.
};

}  // namespace helios::ann
