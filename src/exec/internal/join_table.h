#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "exec/internal/operator.h"
#include "exec/internal/row_store.h"

namespace helios::exec {

// The build side of a hash join. Rows lie in row stores, one for each thread that built, chained by
// equal slot; a slot keeps the first row's address and 16 tag bits OR-ed from the hashes in its
// chain, so that most probes without a match end in the slot (htap.md 7.7).
//
// Row: next row (8 bytes), hash (8 bytes), keys, other columns; the tail's first byte says
// "matched".
//
// Thread safety: each thread appends to its own part; Insert may run for parts at the same time
// after Allocate; a finished table is read by any thread (SetMatched too).
class JoinTable {
 public:
  // Columns: `key_count` keys, then the rest.
  JoinTable(QueryState& query, std::shared_ptr<const RowLayout> layout, size_t key_count,
            std::vector<bool> null_safe, size_t part_count);

  // Adds rows whose key columns come first; `keep_null_keys`: rows that can match nothing stay for
  // RIGHT and FULL. Remembers that there were NULL keys.
  Status Append(size_t part, const Chunk& rows, bool keep_null_keys);
  size_t bytes() const;
  size_t row_count() const;
  bool has_null_key() const { return has_null_key_.load(std::memory_order_relaxed); }
  bool saw_rows() const { return saw_rows_.load(std::memory_order_relaxed); }

  // After the last Append: makes the slots, then each part is inserted, by any thread.
  Status Allocate();
  Status Insert(size_t part);
  size_t part_count() const { return parts_.size(); }

  // The first row that may match a hash, or null.
  const char* Find(uint64_t hash) const {
    const uint64_t slot = slots_[hash >> shift_];
    if ((slot & Tag(hash)) == 0) return nullptr;
    return reinterpret_cast<const char*>(slot & kPointerMask);
  }
  void Prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash >> shift_]); }
  static const char* NextOf(const char* row) {
    const char* next;
    std::memcpy(&next, row, 8);
    return next;
  }
  static uint64_t HashOf(const char* row) {
    uint64_t hash;
    std::memcpy(&hash, row + 8, 8);
    return hash;
  }
  bool IsMatched(const char* row) const { return row[layout_->tail_offset] != 0; }
  void SetMatched(const char* row) const {
    char* flag = const_cast<char*>(row) + layout_->tail_offset;
    std::atomic_ref<char>(*flag).store(1, std::memory_order_relaxed);
  }

  const RowLayout& layout() const { return *layout_; }
  const std::vector<std::shared_ptr<Arena>>& heaps() const { return heaps_; }
  RowStore& part(size_t index) { return *parts_[index]; }
  const std::vector<bool>& null_safe() const { return null_safe_; }

 private:
  static constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
  static uint64_t Tag(uint64_t hash) { return uint64_t{1} << (48 + (hash & 15)); }

  const std::shared_ptr<const RowLayout> layout_;
  const size_t key_count_;
  const std::vector<bool> null_safe_;
  MemoryReservation reservation_;
  std::vector<std::unique_ptr<RowStore>> parts_;
  std::vector<std::shared_ptr<Arena>> heaps_;
  std::vector<uint64_t> slots_;
  int shift_ = 63;
  std::atomic<bool> has_null_key_{false};
  std::atomic<bool> saw_rows_{false};
};

}  // namespace helios::exec
