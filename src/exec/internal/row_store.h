#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/memory.h"
#include "base/status.h"
#include "types/compare.h"
#include "types/vector.h"

namespace helios::exec {

// How rows lie in a RowStore: a header for the owner's use, the columns at fixed offsets, a tail
// for the owner's use (aggregate states), all aligned to 8. A null bit set means NULL; the value is
// then zeros.
struct RowLayout {
  struct Column {
    SqlType type;
    PhysicalType physical = PhysicalType::kInt32;
    uint32_t offset = 0;
  };

  RowLayout() = default;
  RowLayout(std::span<const SqlType> types, std::span<const PhysicalType> physicals,
            uint32_t header, uint32_t tail);

  bool IsNull(const char* row, size_t column) const {
    return (static_cast<uint8_t>(row[null_offset + (column >> 3)]) >> (column & 7) & 1) != 0;
  }
  void SetNull(char* row, size_t column) const {
    row[null_offset + (column >> 3)] |= static_cast<char>(1 << (column & 7));
  }

  std::vector<Column> columns;
  uint32_t header_bytes = 0;
  uint32_t null_offset = 0;
  uint32_t tail_offset = 0;
  uint32_t width = 8;
  bool has_varlen = false;
};

// Rows in memory, counted against a tracker. Rows never move; long strings lie beside them.
//
// Thread safety: none for writing; readers may share a store that nobody writes to.
class RowStore {
 public:
  RowStore(std::shared_ptr<const RowLayout> layout, MemoryTracker* tracker);
  RowStore(const RowStore&) = delete;

  const RowLayout& layout() const { return *layout_; }
  size_t row_count() const { return row_count_; }
  size_t bytes() const { return block_bytes_ + heap_->allocated_bytes(); }

  // Room for one more row: null bits zero, all else undefined.
  char* AllocateRow() {
    if (free_rows_ == 0) [[unlikely]]
      NewBlock();
    char* row = next_;
    next_ += layout_->width;
    --free_rows_;
    ++row_count_;
    ++blocks_.back().row_count;
    return row;
  }
  // Writes columns `columns` of chunk rows `selection[0..count)` (null: 0..count) to `rows`, one
  // each. Column i goes to layout column first_column + i.
  void Scatter(std::span<const Vector* const> columns, const SelectionIndex* selection,
               size_t count, char* const* rows, size_t first_column = 0);
  // Allocates and scatters; fills `rows` (room for `count`).
  void Append(std::span<const Vector* const> columns, const SelectionIndex* selection, size_t count,
              char** rows);
  // Counts what has been allocated since; 53200 past a limit.
  Status Account();
  // What Account would ask for.
  size_t UncountedBytes() const;

  void Clear();
  Arena& heap() { return *heap_; }

  // Blocks of rows in the order of allocation.
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t row_count;
  };
  const std::vector<Block>& blocks() const { return blocks_; }
  // What keeps the long strings of gathered vectors alive.
  const std::vector<std::shared_ptr<Arena>>& heaps() const { return heaps_; }

 private:
  void NewBlock();

  const std::shared_ptr<const RowLayout> layout_;
  MemoryReservation reservation_;
  std::vector<Block> blocks_;
  std::shared_ptr<Arena> heap_;
  std::vector<std::shared_ptr<Arena>> heaps_;
  char* next_ = nullptr;
  size_t free_rows_ = 0;
  size_t row_count_ = 0;
  size_t block_bytes_ = 0;
  bool counted_;
};

// Reads column `column` of `rows[0..count)` into a new flat vector. A null row pointer reads as
// NULL. Long strings are not copied: `heaps` keep them alive.
Vector GatherColumn(const RowLayout& layout, size_t column, const char* const* rows, size_t count,
                    const std::vector<std::shared_ptr<Arena>>& heaps);

// Compares chunk rows with stored rows, column by column.
class RowMatcher {
 public:
  // Chunk column i against layout column i. `null_equal[i]`: NULL matches NULL; else never matches.
  RowMatcher(const RowLayout& layout, std::vector<bool> null_equal);

  // Keeps in selection[0..count) the chunk rows r that equal rows[r], in order; the others go to
  // `rejected` (may be null). Returns how many are kept.
  size_t Match(std::span<const Vector* const> columns, const char* const* rows,
               SelectionIndex* selection, size_t count, SelectionIndex* rejected,
               size_t* rejected_count) const;

 private:
  struct Column {
    uint32_t offset;
    PhysicalType physical;
    bool null_equal;
    bool bitwise;  // Equality is that of the bytes (of a StringRef: of the string's).
    EqualFunction equal;
  };
  const RowLayout& layout_;
  std::vector<Column> columns_;
};

// Whether SQL equality of the type is equality of its bytes.
bool IsBitwiseEqual(Oid type, PhysicalType physical);

}  // namespace helios::exec
