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

namespace {

// So many of those that go are looked through for what stays behind them.
constexpr size_t kGoingMax = 64;

}  // namespace

Status HnswIndex::Impl::Delete(uint32_t ordinal) {
  HELIOS_TRY(CheckAllocated(ordinal));
  std::lock_guard lock(ordinals_mutex_);
  if (!live_.Clear(ordinal)) {
    return Error(ErrorCode::kDataException).Message("ordinal {} is not in the index", ordinal);
  }
  live_count_.fetch_sub(1, std::memory_order_relaxed);
  const auto mark_dead = [&](uint32_t node) {
    dead_.Set(node);
    dead_count_.fetch_add(1);
  };
  const bool was_pending = std::erase(pending_, ordinal) != 0;
  if (was_pending || duplicates_.Delete(ordinal, mark_dead)) {
    unlinked_.push_back({.ordinal = ordinal, .epoch = scratches_.NextEpoch()});
  }
  return Status::Ok();
}

bool HnswIndex::Impl::BeginRound() {
  if (repairing_.empty()) {
    const uint32_t word_count = (ordinal_count() + kWordBits - 1) / kWordBits;
    for (uint32_t word = 0; word < word_count; ++word) {
      // In this order: an ordinal that is given out again is first taken out of the dead, then
      // linked, and nobody but this thread takes it out of the linked.
      const uint64_t linked = linked_.WordAt(word);
      for (uint64_t bits = linked & dead_.WordAt(word); bits != 0; bits &= bits - 1) {
        const uint32_t ordinal = word * kWordBits + static_cast<uint32_t>(std::countr_zero(bits));
        repairing_.push_back(ordinal);
        removing_.Set(ordinal);
      }
    }
    if (repairing_.empty()) return false;
    repair_next_ = 0;
    has_round_begun_ = false;
    repair_epoch_ = scratches_.NextEpoch();
  }
  if (!has_round_begun_ && scratches_.HasEnded(repair_epoch_)) {
    has_round_begun_ = true;
    MoveEntry();
  }
  return true;
}

bool HnswIndex::Impl::Repair(uint32_t node_count) {
  if (!BeginRound()) return false;
  if (!has_round_begun_) return true;
  {
    const internal::ScratchPool::Lease scratch = scratches_.Take();
    const uint32_t count = ordinal_count();
    const uint32_t end = repair_next_ + std::min(std::max(node_count, 1u), count - repair_next_);
    for (; repair_next_ < end; ++repair_next_) {
      if (!linked_.Test(repair_next_)) continue;
      RepairNode(repair_next_, &*scratch);
      KeepDropped(&*scratch);
    }
  }
  if (repair_next_ < ordinal_count()) return true;
  EndRound();
  return dead_count_.load() > 0;
}

void HnswIndex::Impl::EndRound() {
  std::lock_guard lock(ordinals_mutex_);
  // Under the lock, so that a save which saw them in the graph began before the epoch ends.
  const uint64_t epoch = scratches_.NextEpoch();
  for (const uint32_t ordinal : repairing_) {
    // It stays dead until its ordinal is given out again: an insert may have met it just now.
    linked_.Clear(ordinal);
    removing_.Clear(ordinal);
    unlinked_.push_back({.ordinal = ordinal, .epoch = epoch, .has_node = true});
  }
  dead_count_.fetch_sub(static_cast<uint32_t>(repairing_.size()));
  repairing_.clear();
}

void HnswIndex::Impl::RepairNode(uint32_t ordinal, SearchScratch* scratch) {
  if (!removing_.Test(ordinal)) {
    for (int level = graph_.LevelOf(ordinal); level >= 0; --level) {
      RepairList(ordinal, level, scratch);
    }
    // Inserts side by side may each have relied on the link that the other took away.
    if (!dead_.Test(ordinal)) KeepReachable(ordinal, scratch);
    return;
  }
  // This may be the only one that leads to another: who has no link to it is not repaired.
  std::vector<uint32_t> links(graph_.link_count_max(0));
  links.resize(graph_.Links(ordinal, 0, links.data()));
  for (const uint32_t link : links) {
    if (!dead_.Test(link)) KeepReachable(link, scratch);
  }
}

void HnswIndex::Impl::CollectAround(uint32_t ordinal, int level, std::span<const uint32_t> links,
                                    SearchScratch* scratch,
                                    std::vector<Candidate>* candidates) const {
  const uint32_t count_max = graph_.link_count_max(level);
  scratch->visited.Reset(ordinal_count());
  scratch->visited.Add(ordinal);
  for (const uint32_t link : links) scratch->visited.Add(link);
  // Through those that go, and what they lead to that goes as well, as far as it takes to have a
  // choice.
  std::vector<uint32_t> going;
  for (const uint32_t link : links) {
    if (removing_.Test(link)) going.push_back(link);
  }
  std::vector<uint32_t> farther(count_max);
  scratch->batch.clear();
  for (size_t at = 0; at < std::min(going.size(), kGoingMax); ++at) {
    if (scratch->batch.size() >= 2 * count_max) break;
    const uint32_t count = graph_.Links(going[at], level, farther.data());
    for (const uint32_t link : std::span(farther).first(count)) {
      if (!scratch->visited.Add(link)) continue;
      if (removing_.Test(link)) {
        going.push_back(link);
      } else if (!dead_.Test(link)) {
        scratch->batch.push_back(link);
      }
    }
  }
  codes_->PrepareStored(ordinal, &scratch->query);
  scratch->ranks.resize(std::max(scratch->ranks.size(), scratch->batch.size()));
  codes_->Rank(scratch->query, scratch->batch, scratch->ranks);
  candidates->clear();
  for (size_t at = 0; at < scratch->batch.size(); ++at) {
    candidates->push_back({scratch->ranks[at], scratch->batch[at]});
  }
  std::sort(candidates->begin(), candidates->end());
}

void HnswIndex::Impl::RepairList(uint32_t ordinal, int level, SearchScratch* scratch) {
  const uint32_t count_max = graph_.link_count_max(level);
  std::vector<uint32_t> links(count_max);
  std::vector<uint32_t> kept;
  size_t kept_count = 0;
  {
    std::lock_guard lock(graph_.LockOf(ordinal));
    links.resize(graph_.Links(ordinal, level, links.data()));
    std::ranges::copy_if(links, std::back_inserter(kept),
                         [&](uint32_t link) { return !removing_.Test(link); });
    kept_count = kept.size();
    if (kept_count == links.size() && !links.empty()) return;
    std::vector<Candidate> candidates;
    CollectAround(ordinal, level, links, scratch, &candidates);
    ChooseMore(candidates, count_max, scratch, &kept);
    graph_.SetLinks(ordinal, level, kept);
  }
  // What only a removed node led to needs another way in.
  for (size_t at = kept_count; at < kept.size(); ++at) {
    LinkBack(kept[at], ordinal, level, scratch);
  }
}

// Another node of the highest level, when the entry is one of those that go.
void HnswIndex::Impl::MoveEntry() {
  std::lock_guard lock(entry_mutex_);
  const uint32_t entry = graph_.entry();
  if (entry == kNoOrdinal || !removing_.Test(entry)) return;
  // One that lives if there is any, so that the next round leaves it where it is.
  const auto worth = [&](uint32_t ordinal) {
    return std::pair(!dead_.Test(ordinal), graph_.LevelOf(ordinal));
  };
  uint32_t highest = kNoOrdinal;
  for (uint32_t ordinal = 0; ordinal < ordinal_count(); ++ordinal) {
    if (!linked_.Test(ordinal) || removing_.Test(ordinal)) continue;
    if (highest == kNoOrdinal || worth(ordinal) > worth(highest)) highest = ordinal;
  }
  graph_.SetEntry(highest);
}

}  // namespace helios::ann
