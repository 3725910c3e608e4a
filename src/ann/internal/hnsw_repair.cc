// Deletion. A deleted node goes on being a waypoint until a round of Repair has gone over all nodes
// and linked those that led to it to its own neighbours instead, as FreshDiskANN does (Singh et al.
// 2021); but in slices, beside searches and inserts.
//
// A round takes away the nodes that were dead when it began. It waits for the inserts of that
// moment to end, because they may still link to them; later ones do not. When it has seen all
// nodes, nothing leads to the dead any more, and once the searches of that moment have ended too,
// their ordinals are free.

#include <algorithm>

#include "ann/internal/hnsw_impl.h"
#include "base/check.h"

namespace helios::ann {

using internal::kNoOrdinal;
using internal::kWordBits;

Status HnswIndex::Impl::Delete(uint32_t ordinal) {
  HELIOS_TRY(CheckAllocated(ordinal));
  if (!live_.Clear(ordinal)) {
    return Error(ErrorCode::kDataException).Message("ordinal {} is not in the index", ordinal);
  }
  live_count_.fetch_sub(1, std::memory_order_relaxed);
  std::lock_guard lock(ordinals_mutex_);
  const bool was_pending = std::erase(pending_, ordinal) != 0;
  if (was_pending || duplicates_.Remove(ordinal)) {
    unlinked_.push_back({ordinal, scratches_.NextEpoch()});
    return Status::Ok();
  }
  dead_.Set(ordinal);
  dead_count_.fetch_add(1);
  return Status::Ok();
}

bool HnswIndex::Impl::Repair(uint32_t node_count) {
  if (repairing_.empty()) {
    const uint32_t word_count = (ordinal_count() + kWordBits - 1) / kWordBits;
    for (uint32_t word = 0; word < word_count; ++word) {
      for (uint64_t bits = dead_.WordAt(word); bits != 0; bits &= bits - 1) {
        const uint32_t ordinal = word * kWordBits + static_cast<uint32_t>(std::countr_zero(bits));
        repairing_.push_back(ordinal);
        removing_.Set(ordinal);
      }
    }
    if (repairing_.empty()) return false;
    repair_next_ = 0;
    repair_epoch_ = scratches_.NextEpoch();
  }
  if (!scratches_.HasEnded(repair_epoch_)) return true;
  if (repair_next_ == 0) {
    // With another ordinal of the same vector a node still stands for that one.
    std::erase_if(repairing_, [&](uint32_t ordinal) {
      if (duplicates_.HasAny(ordinal)) removing_.Clear(ordinal);
      return !removing_.Test(ordinal);
    });
    if (repairing_.empty()) return false;
  }
  {
    const internal::ScratchPool::Lease scratch = scratches_.Take();
    const uint32_t end = std::min(ordinal_count(), repair_next_ + node_count);
    for (; repair_next_ < end; ++repair_next_) {
      if (linked_.Test(repair_next_) && !removing_.Test(repair_next_)) {
        RepairNode(repair_next_, &*scratch);
      }
    }
  }
  if (repair_next_ < ordinal_count()) return true;
  MoveEntry();
  const uint64_t epoch = scratches_.NextEpoch();
  std::lock_guard lock(ordinals_mutex_);
  for (const uint32_t ordinal : repairing_) {
    removing_.Clear(ordinal);
    dead_.Clear(ordinal);
    unlinked_.push_back({ordinal, epoch});
  }
  dead_count_.fetch_sub(static_cast<uint32_t>(repairing_.size()));
  repairing_.clear();
  return dead_count_.load() > 0;
}

void HnswIndex::Impl::RepairNode(uint32_t ordinal, SearchScratch* scratch) {
  std::vector<uint32_t> around;
  std::vector<uint32_t> chosen;
  std::vector<Candidate> candidates;
  std::vector<uint32_t> added;
  for (int level = graph_.LevelOf(ordinal); level >= 0; --level) {
    const uint32_t count_max = graph_.link_count_max(level);
    std::vector<uint32_t> links(count_max);
    {
      std::lock_guard lock(graph_.LockOf(ordinal));
      links.resize(graph_.Links(ordinal, level, links.data()));
      if (std::none_of(links.begin(), links.end(),
                       [&](uint32_t link) { return removing_.Test(link); })) {
        continue;
      }
      scratch->visited.Reset(ordinal_count());
      scratch->visited.Add(ordinal);
      candidates.clear();
      scratch->batch.clear();
      // Through the removed, and what they lead to that is removed as well, as far as it takes to
      // have a choice.
      around = links;
      for (size_t at = 0; at < around.size(); ++at) {
        if (!scratch->visited.Add(around[at])) continue;
        if (!removing_.Test(around[at])) {
          scratch->batch.push_back(around[at]);
          continue;
        }
        if (scratch->batch.size() >= 2 * count_max) continue;
        std::vector<uint32_t> farther(count_max);
        farther.resize(graph_.Links(around[at], level, farther.data()));
        around.insert(around.end(), farther.begin(), farther.end());
      }
      codes_->PrepareStored(ordinal, &scratch->query);
      scratch->ranks.resize(std::max(scratch->ranks.size(), scratch->batch.size()));
      codes_->Rank(scratch->query, scratch->batch, scratch->ranks);
      for (size_t at = 0; at < scratch->batch.size(); ++at) {
        candidates.push_back({scratch->ranks[at], scratch->batch[at]});
      }
      std::sort(candidates.begin(), candidates.end());
      Choose(candidates, count_max, scratch, &chosen);
      graph_.SetLinks(ordinal, level, chosen);
    }
    added.clear();
    for (const uint32_t link : chosen) {
      if (std::find(links.begin(), links.end(), link) == links.end()) added.push_back(link);
    }
    // What only a removed node led to needs another way in.
    for (const uint32_t link : added) LinkBack(link, ordinal, level, scratch);
  }
}

// Another node of the highest level, when the entry is one of those that go.
void HnswIndex::Impl::MoveEntry() {
  std::lock_guard lock(entry_mutex_);
  const uint32_t entry = graph_.entry();
  if (entry == kNoOrdinal || !removing_.Test(entry)) return;
  uint32_t highest = kNoOrdinal;
  for (uint32_t ordinal = 0; ordinal < ordinal_count(); ++ordinal) {
    if (!linked_.Test(ordinal) || removing_.Test(ordinal)) continue;
    if (highest == kNoOrdinal || graph_.LevelOf(ordinal) > graph_.LevelOf(highest)) {
      highest = ordinal;
    }
  }
  graph_.SetEntry(highest);
}

}  // namespace helios::ann
