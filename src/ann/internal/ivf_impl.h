#pragma once

#include <deque>
#include <mutex>

#include "ann/internal/centered_codes.h"
#include "ann/internal/codes.h"
#include "ann/internal/duplicates.h"
#include "ann/internal/pass_test.h"
#include "ann/internal/posting_lists.h"
#include "ann/internal/rabitq_codes.h"
#include "ann/internal/search_scratch.h"
#include "ann/internal/walk.h"
#include "ann/ivf.h"

namespace helios::ann {

// An ordinal is claimed while it is in, being inserted or being deleted; live while it can be
// found.
//
// Lock order: pending_mutex_, a list's. A search takes the first only until clusters are trained.
class IvfIndex::Impl {
 public:
  Impl(const IvfOptions& options, const VectorSource& source);

  Status Build(std::span<const uint32_t> ordinals, const BuildOptions& options);
  Status Insert(uint32_t ordinal);
  Status Delete(uint32_t ordinal);
  bool Compact(uint32_t list_count);
  Result<SearchResult> Search(const VectorRef& query, const SearchOptions& options) const;
  Result<std::unique_ptr<IvfScan>> Scan(const VectorRef& query, const SearchOptions& options) const;

  uint32_t ordinal_count() const { return ordinal_count_.load(std::memory_order_acquire); }
  uint32_t size() const { return live_count_.load(std::memory_order_relaxed); }
  uint32_t list_count() const { return is_trained_.load() ? lists_.list_count() : 0; }
  const IvfOptions& options() const { return options_; }
  IvfMemory memory() const;

 private:
  friend class IvfIndex::ScanImpl;
  using Candidate = internal::Candidate;
  using SearchScratch = internal::SearchScratch;

  // Blocks that were replaced, and the epoch in which they were.
  struct Retired {
    std::vector<uint32_t> blocks;
    uint64_t epoch = 0;
  };

  // --- ivf_build.cc ---
  void Grow(uint32_t ordinal_count);
  Status Claim(uint32_t ordinal);
  // Requires: ordinals.size() > 0; pending_mutex_ is held, or nobody else knows the index.
  void Train(std::span<const uint32_t> ordinals, size_t thread_count);
  internal::Centers TrainCentersOf(std::span<const uint32_t> ordinals, size_t thread_count) const;
  uint32_t NearestList(const VectorRef& vector) const;
  Status AddToList(uint32_t ordinal, uint32_t list);
  void Encode(uint32_t ordinal, uint32_t slot, uint32_t list);

  // --- ivf_search.cc ---
  class Probing;
  Status CheckSearch(const VectorRef& query, const SearchOptions& options) const;
  // The squares of how far the centers are, into query->center_squares.
  void MeasureCenters(const VectorRef& vector, internal::CodeQuery* query) const;
  // As clusters are made of them.
  void ToElements(const VectorRef& vector, std::vector<float>* floats) const;
  // Lists in the order in which to look into them, the first `count` of them sorted.
  std::vector<Candidate> RankLists(const internal::CodeQuery& query, size_t count) const;
  Candidate RankList(const internal::CodeQuery& query, uint32_t list) const;
  // The same by codes of the centers, where these tell enough. Returns how many are sorted: of
  // those the squares are exact. 0: nothing is known.
  size_t RankListsRoughly(const VectorRef& vector, size_t count, internal::CodeQuery* query,
                          std::vector<Candidate>* lists) const;
  void Prepare(const VectorRef& vector, internal::CodeQuery* query) const;
  // Compares those that wait for clusters. Returns false, and does nothing, when there are
  // clusters.
  bool SearchPending(const DistanceTo& distance_to, const internal::PassTest& passes,
                     std::vector<Neighbor>* neighbors) const;

  // Those of the lists: of codes that were given.
  const internal::Centers& centers() const {
    return centered_ != nullptr ? centered_->centers() : centers_;
  }

  const IvfOptions options_;
  const VectorSource& source_;
  internal::Centers centers_;
  const std::unique_ptr<internal::Codes> codes_;
  internal::CenteredCodes* const centered_;    // The codes, if they are such.
  const internal::RabitqCodes* const rabitq_;  // The same.
  internal::PostingLists lists_;
  internal::OrdinalBits live_;
  internal::OrdinalBits claimed_;
  const internal::Duplicates no_duplicates_;
  mutable internal::ScratchPool scratches_;

  std::atomic<uint32_t> ordinal_count_{0};
  std::atomic<uint32_t> live_count_{0};
  std::atomic<bool> is_trained_{false};
  mutable std::mutex pending_mutex_;
  std::vector<uint32_t> pending_;  // Too few to learn from: searched in full.

  // Of Compact.
  uint32_t compact_next_ = 0;
  std::deque<Retired> retired_;
};

}  // namespace helios::ann
