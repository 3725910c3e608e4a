#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "exec/chunk_buffer.h"
#include "exec/internal/operators.h"
#include "exec/internal/sorter.h"

namespace helios::exec {

// Where the columns of a sorted row lie: the child's, then partition keys, order keys, and for each
// call its arguments and filter.
struct WindowShape {
  explicit WindowShape(const plan::WindowNode& node);

  struct Call {
    uint32_t first_argument = 0;
    uint32_t argument_count = 0;
    int32_t filter = -1;
    std::vector<SqlType> argument_types;
  };
  std::vector<SqlType> types;
  std::vector<PhysicalType> physicals;
  std::vector<CompareFunction> compares;
  std::vector<const expr::Expr*> computed;  // Behind the child's columns.
  uint32_t child_width = 0;
  uint32_t first_partition_key = 0, partition_key_count = 0;
  uint32_t first_order_key = 0, order_key_count = 0;
  std::vector<Sorter::Key> sort_keys;
  std::vector<Call> calls;
};

// The rows of the partitions at hand, in order, numbered from 0. What outgrows the operator's share
// of memory lies on disk, and a bounded part of it is in memory at a time.
//
// Thread safety: none.
class WindowRows {
 public:
  explicit WindowRows(QueryState& query);

  // Copies rows [first, first + count) of the chunk behind the others.
  Status Append(const Chunk& rows, size_t first, size_t count);
  void Clear();
  size_t size() const { return rows_.row_count(); }
  uint64_t spilled_bytes() const { return rows_.spilled_bytes(); }
  // A value as it lies in memory, until the call after the next; null: SQL NULL. Null, too, when
  // the row cannot be read: status() tells.
  const char* ValueAt(size_t row, uint32_t column) {
    const Chunk* page = PageOf(row);
    if (page == nullptr) return nullptr;
    const Vector& vector = page->column(column);
    const size_t at = row % kVectorRowsMax;
    if (!vector.validity().IsValid(at)) return nullptr;
    return vector.RawData() + at * PhysicalWidth(vector.physical());
  }
  // The column for all rows from the multiple of kVectorRowsMax before `row` on.
  Result<Vector> PageColumn(size_t row, uint32_t column);
  // The first error in reading.
  const Status& status() const { return status_; }

 private:
  struct Page {
    size_t index;
    size_t bytes;
    std::unique_ptr<Chunk> rows;
  };
  const Chunk* PageOf(size_t row) {
    const size_t index = row / kVectorRowsMax;
    return index < pages_.size() && pages_[index] != nullptr ? pages_[index] : Load(index);
  }
  const Chunk* Load(size_t index);
  Status Read(size_t index);
  void EvictOldest();

  QueryState& query_;
  ChunkBuffer rows_;
  std::vector<const Chunk*> pages_;  // What is in memory; null: not, or not looked for.
  std::deque<Page> loaded_;          // From disk, the oldest first.
  std::vector<Page> evicted_;        // By the newest Load: values that callers still look at.
  size_t loaded_bytes_ = 0;
  MemoryReservation reservation_;
  Status status_;
};

// Whether two rows agree in columns [first, first + count), NULLs alike.
bool SameRow(const WindowShape& shape, const Chunk& a, size_t a_row, const Chunk& b, size_t b_row,
             uint32_t first, uint32_t count);
// Where the peers (rows equal in the order keys) of `row` end.
size_t PeerEnd(const WindowShape& shape, WindowRows& rows, size_t row, size_t partition_end);

// The first row of [first, last) for which `before` is false: it holds for all rows up to some row
// and for none behind. Looks near `hint` first.
template <typename Before>
size_t FirstNotBefore(size_t first, size_t last, size_t hint, Before before) {
  size_t low = std::clamp(hint, first, last);
  size_t high = low;
  for (size_t step = 1; high < last && before(high); step *= 2) {
    low = high + 1;
    high = last - low > step ? low + step : last;
  }
  if (low == high) {  // Not behind the hint.
    for (size_t step = 1; low > first && !before(low - 1); step *= 2) {
      high = low - 1;
      low = high - first > step ? high - step : first;
    }
  }
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (before(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Rows of one partition that are worked on together. Pieces follow each other through a partition,
// and none reaches over a multiple of kVectorRowsMax.
struct WindowPiece {
  struct Peers {
    size_t start, end;  // Of the row's peer group.
    size_t group;       // Its number in the partition.
  };
  size_t partition_begin = 0, partition_end = 0;
  size_t begin = 0, end = 0;
  std::vector<Peers> peers;  // By row - begin.

  const Peers& PeersOf(size_t row) const { return peers[row - begin]; }
};

// Results of one call for rows from `first_row` on.
class WindowResult {
 public:
  WindowResult(Vector* vector, size_t first_row) : vector_(*vector), first_row_(first_row) {}
  Vector& vector() { return vector_; }
  size_t At(size_t row) const { return row - first_row_; }
  void SetNull(size_t row) { vector_.SetNull(At(row)); }
  template <typename T>
  void Set(size_t row, T value) {
    vector_.Set<T>(At(row), value);
  }
  // Copies a value as it lies in memory; null: NULL.
  void SetRaw(size_t row, const char* value);
  // The answer of the row before; false: there is none here.
  bool Repeat(size_t row);

 private:
  Vector& vector_;
  const size_t first_row_;
};

// A call of OVER, run piece by piece through each partition.
class WindowCall {
 public:
  virtual ~WindowCall() = default;
  // Once an execution.
  virtual Status Open() = 0;
  virtual Status StartPartition(size_t begin, size_t end) = 0;
  virtual Status Run(const WindowPiece& piece, WindowResult out) = 0;
};

std::unique_ptr<WindowCall> MakeWindowFunction(QueryState& query, const plan::WindowNode& node,
                                               const WindowShape& shape, size_t call,
                                               WindowRows& rows);
std::unique_ptr<WindowCall> MakeWindowAggregate(QueryState& query, const plan::WindowNode& node,
                                                const WindowShape& shape, size_t call,
                                                WindowRows& rows);

}  // namespace helios::exec
