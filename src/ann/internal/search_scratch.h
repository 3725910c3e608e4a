#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "ann/internal/codes.h"

namespace helios::ann::internal {

// A node that a search has met.
struct Candidate {
  float rank = 0;
  uint32_t ordinal = 0;
};
inline bool operator<(const Candidate& left, const Candidate& right) {
  return left.rank < right.rank || (left.rank == right.rank && left.ordinal < right.ordinal);
}

// Leaves the `count` nearest, in no order, and lowers the bound to what gets in from now on.
void KeepNearest(size_t count, std::vector<Candidate>* candidates, float* bound);

// Which ordinals a search has met: a byte each that says in which search, so that only every 255th
// search wipes them.
class VisitedSet {
 public:
  void Reset(uint32_t ordinal_count) {
    if (marks_.size() < ordinal_count) marks_.resize(ordinal_count + ordinal_count / 4);
    if (++current_ != 0) return;
    std::fill(marks_.begin(), marks_.end(), uint8_t{0});
    current_ = 1;
  }
  // Whether it is the first time.
  bool Add(uint32_t ordinal) {
    if (ordinal >= marks_.size()) Grow(ordinal);
    if (marks_[ordinal] == current_) return false;
    marks_[ordinal] = current_;
    return true;
  }
  void Prefetch(uint32_t ordinal) const { __builtin_prefetch(marks_.data() + ordinal); }
  size_t memory_bytes() const { return marks_.capacity(); }

 private:
  // Inserted since the search began.
  void Grow(uint32_t ordinal) { marks_.resize(ordinal + ordinal / 4 + 1); }

  std::vector<uint8_t> marks_;
  uint8_t current_ = 0;
};

// The nearest that a walk has met, from near to far, up to `ef`, and which of them it has expanded.
class NearestList {
 public:
  void Reset(size_t ef) {
    ef_ = ef;
    size_ = 0;
    next_ = 0;
    entries_.resize(ef + 1);
  }
  size_t size() const { return size_; }
  // What a candidate's rank must be below to get in.
  float bound() const { return size_ < ef_ ? kInfinity : entries_[size_ - 1].rank; }

  void Add(float rank, uint32_t ordinal) {
    if (rank >= bound()) return;
    const size_t place = PlaceOf(rank);
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(place);
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
    std::copy_backward(first, end, end + 1);
    *first = {rank, ordinal};
    size_ = std::min(size_ + 1, ef_);
    next_ = std::min(next_, place);
  }
  // The nearest that has not been expanded, now marked so; kNone when all have.
  uint32_t Expand() {
    while (next_ < size_ && (entries_[next_].ordinal & kExpanded) != 0) ++next_;
    if (next_ == size_) return kNone;
    const uint32_t ordinal = entries_[next_].ordinal;
    entries_[next_++].ordinal |= kExpanded;
    return ordinal;
  }
  Candidate At(size_t index) const {
    return {entries_[index].rank, entries_[index].ordinal & ~kExpanded};
  }

  static constexpr uint32_t kNone = UINT32_MAX;

 private:
  // Behind the last that is not farther. Where it is cannot be guessed, so nothing branches on it.
  size_t PlaceOf(float rank) const {
    if (size_ == 0) return 0;
    size_t place = 0;
    size_t length = size_;
    while (length > 1) {
      const size_t half = length / 2;
      place += entries_[place + half - 1].rank <= rank ? half : 0;
      length -= half;
    }
    return place + (entries_[place].rank <= rank ? 1 : 0);
  }

  static constexpr uint32_t kExpanded = 1u << 31;  // Ordinals leave the bit free.
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  size_t ef_ = 0;
  size_t size_ = 0;
  size_t next_ = 0;  // None before it is unexpanded.
  std::vector<Candidate> entries_;
};

// What a search needs and the next one uses again.
struct SearchScratch {
  VisitedSet visited;
  NearestList nearest;
  std::vector<Candidate> frontier;
  std::vector<Candidate> found;
  std::vector<uint32_t> links;
  std::vector<uint32_t> batch;
  std::vector<float> ranks;
  std::vector<uint32_t> dropped;       // To which a list has given up its link.
  std::vector<uint64_t> filter_words;  // Bits of a compressed filter.
  // All that pass, when `has_list`.
  std::vector<uint32_t> passing_list;
  bool has_list = false;
  CodeQuery query;
  CodeQuery stored;
  uint64_t distance_count = 0;
  uint64_t filter_test_count = 0;
  // The index's epoch when the search began; 0 while it rests.
  std::atomic<uint64_t> active_epoch{0};
};

// Scratches at rest, and which searches are under way: an ordinal that was unlinked in epoch e may
// be used again once no search of e or before runs.
//
// Thread safety: all calls, from any thread. A Lease belongs to one thread at a time.
class ScratchPool {
 public:
  class Lease {
   public:
    Lease(ScratchPool* pool, SearchScratch* scratch) : pool_(pool), scratch_(scratch) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), scratch_(other.scratch_) {
      other.scratch_ = nullptr;
    }
    ~Lease() {
      if (scratch_ != nullptr) pool_->Return(scratch_);
    }
    SearchScratch& operator*() const { return *scratch_; }
    SearchScratch* operator->() const { return scratch_; }

   private:
    ScratchPool* pool_;
    SearchScratch* scratch_;
  };

  Lease Take();
  // Begins a new epoch; returns the one that ends.
  uint64_t NextEpoch() { return epoch_.fetch_add(1); }
  // Whether every search that runs began after it.
  bool HasEnded(uint64_t epoch) const;
  size_t memory_bytes() const;

 private:
  void Return(SearchScratch* scratch);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<SearchScratch>> all_;
  std::vector<SearchScratch*> resting_;
  std::atomic<uint64_t> epoch_{1};
};

}  // namespace helios::ann::internal
