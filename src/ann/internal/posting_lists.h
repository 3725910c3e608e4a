#pragma once

#include <atomic>
#include <bit>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "ann/internal/chunked_rows.h"
#include "base/status.h"

namespace helios::ann::internal {

inline constexpr uint32_t kNoSlot = UINT32_MAX;

// Which ordinals belong to each cluster: chains of blocks of slots. A slot is where a code lies, so
// that the codes of a list are read in the order in which they lie in memory. A block's bits say
// which of its slots hold a vector that lives; a slot is never used twice before its block has been
// replaced and no search can know it.
//
// Thread safety: all calls, from any thread, but Compact and Free from one at a time. A reader of a
// list sees it as of some moment after it began, less what was deleted since.
class PostingLists {
 public:
  static constexpr uint32_t kBlockSlots = 32;

  // Requires: called once, before anything else.
  void SetListCount(uint32_t list_count);
  uint32_t list_count() const { return static_cast<uint32_t>(lists_.size()); }
  void GrowOrdinals(uint32_t ordinal_count) { slot_of_.Grow(ordinal_count); }

  // Calls encode(slot), then lets readers see the ordinal in the list. 54000 when slots have run
  // out.
  template <typename Encode>
  Status Add(uint32_t list, uint32_t ordinal, Encode encode) {
    std::lock_guard lock(lists_[list].mutex);
    HELIOS_TRY(const uint32_t slot, NextSlot(&lists_[list], list));
    encode(slot);
    Publish(slot, ordinal);
    return Status::Ok();
  }
  // Requires: it is in a list.
  void Remove(uint32_t ordinal);
  // kNoSlot: it is in none.
  uint32_t SlotOf(uint32_t ordinal) const {
    return slot_of_.At<std::atomic<uint32_t>>(ordinal).load(std::memory_order_acquire) - 1;
  }

  // Calls visit(slots, ordinals, living) for each block, living being a bit for each slot.
  template <typename Visit>
  void ForEachBlock(uint32_t list, Visit visit) const {
    uint32_t at = lists_[list].first.load(std::memory_order_acquire);
    while (at != kNoBlock) {
      const auto& block = blocks_.At<Block>(at);
      const uint32_t living = block.living.load(std::memory_order_acquire);
      if (living != 0 && !visit(at * kBlockSlots, block.ordinals, living)) return;
      at = block.next.load(std::memory_order_acquire);
    }
  }

  // Whether so much of the list is dead that it should be compacted.
  bool IsWorthCompacting(uint32_t list) const;
  // Gives what lives new slots and calls encode(ordinal, slot) for each; the old blocks go to
  // `retired`, for Free when no search can know them.
  template <typename Encode>
  Status Compact(uint32_t index, Encode encode, std::vector<uint32_t>* retired) {
    List& list = lists_[index];
    std::lock_guard lock(list.mutex);
    List fresh;
    std::vector<std::pair<uint32_t, uint32_t>> moved;
    Status status = Status::Ok();
    ForEachBlock(index,
                 [&](uint32_t, std::span<const uint32_t, kBlockSlots> ordinals, uint32_t living) {
                   for (uint32_t bits = living; bits != 0; bits &= bits - 1) {
                     const auto at = static_cast<uint32_t>(std::countr_zero(bits));
                     Result<uint32_t> slot = NextSlot(&fresh, index);
                     if (!slot.ok()) {
                       status = std::move(slot).status();
                       return false;
                     }
                     encode(ordinals[at], *slot);
                     moved.emplace_back(*slot, ordinals[at]);
                   }
                   return true;
                 });
    if (!status.ok()) {
      Release(fresh);
      return status;
    }
    for (const auto& [slot, ordinal] : moved) Publish(slot, ordinal);
    Replace(&list, fresh, retired);
    return Status::Ok();
  }
  void Free(std::span<const uint32_t> blocks);

  // One above the largest slot that was given out.
  uint32_t slot_count() const { return block_count_.load(std::memory_order_acquire) * kBlockSlots; }
  size_t memory_bytes() const;

 private:
  static constexpr uint32_t kNoBlock = UINT32_MAX;

  struct Block {
    std::atomic<uint32_t> next;
    std::atomic<uint32_t> living;
    std::atomic<uint32_t> list;
    uint32_t used;  // Slots that were given out; its list's mutex guards it.
    uint32_t ordinals[kBlockSlots];
  };
  struct List {
    std::mutex mutex;  // Of all changes.
    std::atomic<uint32_t> first{kNoBlock};
    uint32_t last = kNoBlock;
    std::atomic<uint32_t> dead_count{0};
  };

  Result<uint32_t> NextSlot(List* list, uint32_t index);
  Result<uint32_t> TakeBlock(uint32_t index);
  void Publish(uint32_t slot, uint32_t ordinal);
  void Replace(List* list, const List& fresh, std::vector<uint32_t>* retired);
  void Release(const List& list);
  std::vector<uint32_t> BlocksOf(const List& list) const;

  std::deque<List> lists_;
  ChunkedRows blocks_{sizeof(Block)};
  ChunkedRows slot_of_{sizeof(uint32_t)};  // Of each ordinal one more than its slot; 0: none.
  std::mutex free_mutex_;                  // Taken after a list's.
  std::vector<uint32_t> free_;
  std::atomic<uint32_t> block_count_{0};
};

}  // namespace helios::ann::internal
