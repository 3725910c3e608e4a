#include "ann/internal/posting_lists.h"

#include "base/check.h"

namespace helios::ann::internal {
namespace {

constexpr uint32_t kBlockCountMax = kOrdinalCountMax / PostingLists::kBlockSlots;
// Dead slots are passed over quickly; copying a list for a few of them does not pay.
constexpr uint32_t kDeadMin = PostingLists::kBlockSlots / 2;

}  // namespace

void PostingLists::SetListCount(uint32_t list_count) {
  HELIOS_CHECK(lists_.empty());
  for (uint32_t list = 0; list < list_count; ++list) lists_.emplace_back();
}

Result<uint32_t> PostingLists::TakeBlock(uint32_t index) {
  std::lock_guard lock(free_mutex_);
  uint32_t at = 0;
  if (!free_.empty()) {
    at = free_.back();
    free_.pop_back();
  } else {
    at = block_count_.load(std::memory_order_relaxed);
    if (at == kBlockCountMax) {
      return Error(ErrorCode::kProgramLimitExceeded)
          .Message("a vector index cannot have more than {} vectors", kOrdinalCountMax);
    }
    blocks_.Grow(at + 1);
    block_count_.store(at + 1, std::memory_order_release);
  }
  auto& block = blocks_.At<Block>(at);
  block.next.store(kNoBlock, std::memory_order_relaxed);
  block.living.store(0, std::memory_order_relaxed);
  // A Remove that has the slot of before it was moved must see, with this, where it is now.
  block.list.store(index, std::memory_order_release);
  block.used = 0;
  return at;
}

Result<uint32_t> PostingLists::NextSlot(List* list, uint32_t index) {
  if (list->last == kNoBlock || blocks_.At<Block>(list->last).used == kBlockSlots) {
    HELIOS_TRY(const uint32_t added, TakeBlock(index));
    if (list->last == kNoBlock) {
      list->first.store(added, std::memory_order_release);
    } else {
      blocks_.At<Block>(list->last).next.store(added, std::memory_order_release);
    }
    list->last = added;
  }
  return list->last * kBlockSlots + blocks_.At<Block>(list->last).used++;
}

void PostingLists::Publish(uint32_t slot, uint32_t ordinal) {
  auto& block = blocks_.At<Block>(slot / kBlockSlots);
  block.ordinals[slot % kBlockSlots] = ordinal;
  block.living.fetch_or(1u << (slot % kBlockSlots), std::memory_order_release);
  slot_of_.At<std::atomic<uint32_t>>(ordinal).store(slot + 1, std::memory_order_release);
}

void PostingLists::Remove(uint32_t ordinal) {
  for (;;) {
    const uint32_t slot = SlotOf(ordinal);
    HELIOS_CHECK(slot != kNoSlot);
    auto& block = blocks_.At<Block>(slot / kBlockSlots);
    List& list = lists_[block.list.load(std::memory_order_acquire)];
    std::lock_guard lock(list.mutex);
    // It may have been moved, though only within its list, before the mutex was held.
    if (SlotOf(ordinal) != slot) continue;
    slot_of_.At<std::atomic<uint32_t>>(ordinal).store(0, std::memory_order_release);
    block.living.fetch_and(~(1u << (slot % kBlockSlots)), std::memory_order_release);
    list.dead_count.fetch_add(1, std::memory_order_relaxed);
    return;
  }
}

bool PostingLists::IsWorthCompacting(uint32_t list) const {
  return lists_[list].dead_count.load(std::memory_order_relaxed) >= kDeadMin;
}

std::vector<uint32_t> PostingLists::BlocksOf(const List& list) const {
  std::vector<uint32_t> blocks;
  for (uint32_t at = list.first.load(); at != kNoBlock;
       at = blocks_.At<Block>(at).next.load(std::memory_order_relaxed)) {
    blocks.push_back(at);
  }
  return blocks;
}

void PostingLists::Replace(List* list, const List& fresh, std::vector<uint32_t>* retired) {
  const std::vector<uint32_t> old = BlocksOf(*list);
  retired->insert(retired->end(), old.begin(), old.end());
  list->last = fresh.last;
  list->dead_count.store(0, std::memory_order_relaxed);
  list->first.store(fresh.first.load(), std::memory_order_release);
}

void PostingLists::Release(const List& list) { Free(BlocksOf(list)); }

void PostingLists::Free(std::span<const uint32_t> blocks) {
  std::lock_guard lock(free_mutex_);
  free_.insert(free_.end(), blocks.begin(), blocks.end());
}

size_t PostingLists::memory_bytes() const {
  return lists_.size() * sizeof(List) + blocks_.memory_bytes() + slot_of_.memory_bytes();
}

}  // namespace helios::ann::internal
