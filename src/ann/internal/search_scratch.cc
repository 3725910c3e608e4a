#include "ann/internal/search_scratch.h"

namespace helios::ann::internal {

void KeepNearest(size_t count, std::vector<Candidate>* candidates, float* bound) {
  if (candidates->size() <= count) return;
  const auto last = candidates->begin() + static_cast<std::ptrdiff_t>(count) - 1;
  std::nth_element(candidates->begin(), last, candidates->end());
  *bound = last->rank;
  candidates->resize(count);
}

ScratchPool::Lease ScratchPool::Take() {
  std::lock_guard lock(mutex_);
  if (resting_.empty()) {
    all_.push_back(std::make_unique<SearchScratch>());
    resting_.push_back(all_.back().get());
  }
  SearchScratch* const scratch = resting_.back();
  resting_.pop_back();
  scratch->active_epoch = epoch_.load();
  scratch->distance_count = 0;
  scratch->filter_test_count = 0;
  scratch->has_list = false;
  return {this, scratch};
}

void ScratchPool::Return(SearchScratch* scratch) {
  std::lock_guard lock(mutex_);
  scratch->active_epoch = 0;
  resting_.push_back(scratch);
}

bool ScratchPool::HasEnded(uint64_t epoch) const {
  std::lock_guard lock(mutex_);
  return std::none_of(all_.begin(), all_.end(), [&](const auto& scratch) {
    const uint64_t active = scratch->active_epoch.load();
    return active != 0 && active <= epoch;
  });
}

size_t ScratchPool::memory_bytes() const {
  std::lock_guard lock(mutex_);
  size_t bytes = 0;
  // The vectors of a search that runs are its own; marks and filters are nearly all of it.
  for (const SearchScratch* scratch : resting_) {
    bytes += scratch->visited.memory_bytes() + scratch->filter_words.capacity() * sizeof(uint64_t) +
             scratch->passing_list.capacity() * sizeof(uint32_t);
  }
  return bytes;
}

}  // namespace helios::ann::internal
