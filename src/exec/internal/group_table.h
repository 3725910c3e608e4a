#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/internal/operator.h"
#include "exec/internal/row_store.h"

namespace helios::exec {

// The states of one group for several aggregate calls, side by side in one block of memory.
struct StateLayout {
  struct Item {
    const expr::AggregateFunction* function;
    uint32_t offset;
  };
  std::vector<Item> items;
  uint32_t bytes = 0;
  bool has_destroy = false;

  void Add(const expr::AggregateFunction* function) {
    items.push_back({function, bytes});
    bytes += (function->state_bytes + 7) & ~uint32_t{7};
    has_destroy |= function->destroy != nullptr;
  }
  void Init(uint8_t* states) const {
    for (const Item& item : items) {
      if (item.function->init != nullptr) item.function->init(states + item.offset);
    }
  }
  void Destroy(uint8_t* states) const {
    for (const Item& item : items) {
      if (item.function->destroy != nullptr) item.function->destroy(states + item.offset);
    }
  }
};

// Groups by key with linear probing over 8-byte entries: 16 bits of hash as salt, 48 of row
// address; the salt is compared before the row is touched. Hash bits: slot from the low end, salt
// from the top, partition from the middle. Row: hash (8 bytes), keys, states.
//
// Thread safety: none.
class GroupTable {
 public:
  GroupTable(QueryState& query, std::span<const SqlType> key_types,
             std::span<const PhysicalType> key_physicals, const StateLayout* states);
  ~GroupTable();

  static constexpr size_t kPartitionCount = 16;
  static size_t PartitionOf(uint64_t hash, int depth) { return hash >> (20 + 4 * depth) & 15; }

  // Hashes of `count` rows of keys.
  static void Hash(std::span<const Vector* const> keys, size_t count, uint64_t* hashes);

  struct Found {
    std::vector<char*> rows;              // Of each input row; null when missed.
    std::vector<SelectionIndex> created;  // Input rows that made a group.
    std::vector<SelectionIndex> missed;   // Input rows of unknown groups, once frozen.
  };
  void FindOrCreate(std::span<const Vector* const> keys, const uint64_t* hashes, size_t count,
                    Found* found);
  // From now on unknown groups are missed instead of made.
  void Freeze() { frozen_ = true; }
  bool frozen() const { return frozen_; }
  // The one group of a table without keys, made when first asked for.
  char* OnlyGroup();

  size_t group_count() const { return store_->row_count(); }
  // Whether room for `count` more groups would pass the operator's share of memory or a limit,
  // while there is something to give before: time to freeze.
  bool ShouldFreeze(const QueryState& query, size_t count) const;
  size_t bytes() const { return store_->bytes() + entries_.size() * 8 + arena_.allocated_bytes(); }
  Status Account();

  uint8_t* StatesOf(char* row) const {
    return reinterpret_cast<uint8_t*>(row) + layout_->tail_offset;
  }
  static uint64_t HashOf(const char* row) {
    uint64_t hash;
    std::memcpy(&hash, row, 8);
    return hash;
  }
  const RowLayout& layout() const { return *layout_; }
  RowStore& store() { return *store_; }
  Arena& arena() { return arena_; }

 private:
  void Grow(size_t groups);
  void DestroyStates();

  const std::shared_ptr<const RowLayout> layout_;
  const StateLayout* const states_;
  std::unique_ptr<RowStore> store_;
  RowMatcher matcher_;
  Arena arena_;
  MemoryReservation reservation_;
  std::vector<uint64_t> entries_;
  size_t mask_ = 0;
  bool frozen_ = false;
  std::vector<size_t> slots_;
  std::vector<SelectionIndex> remaining_, compare_, rejected_;
  std::vector<char*> created_rows_;
};

// Depth from which on partitions are not split any more: the hash has no bits left for it.
inline constexpr int kSpillDepthMax = 8;

// Writes rows `rows` of a chunk to a buffer a partition of their hashes; makes the buffers when
// there are none.
Status SpillByHash(QueryState& query, const Chunk& chunk, const uint64_t* hashes,
                   std::span<const SelectionIndex> rows, int depth,
                   std::vector<std::unique_ptr<ChunkBuffer>>* parts);

}  // namespace helios::exec
