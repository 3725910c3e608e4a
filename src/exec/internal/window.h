#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exec/internal/operators.h"
#include "exec/internal/row_store.h"
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
  std::vector<const expr::Expr*> computed;  // Behind the child's columns.
  uint32_t child_width = 0;
  uint32_t first_partition_key = 0, partition_key_count = 0;
  uint32_t first_order_key = 0, order_key_count = 0;
  std::vector<Sorter::Key> sort_keys;
  std::vector<Call> calls;
};

// Complete partitions, sorted, in memory: as many as fill a chunk, or one that is larger.
struct WindowBatch {
  std::unique_ptr<RowStore> store;
  std::vector<const char*> rows;
  std::vector<size_t> partition_starts;  // Of each partition, then the end.
  // Peer groups (rows equal in the order keys): where each row's group starts and ends.
  std::vector<uint32_t> peer_start, peer_end;
  // Number of the row's group in its partition, and where a partition's groups start.
  std::vector<uint32_t> group;

  Vector Gather(uint32_t column, size_t first, size_t count) const {
    return GatherColumn(store->layout(), column, rows.data() + first, count, store->heaps());
  }
  // A value as it lies in the row; null: SQL NULL.
  const char* ValueAt(size_t row, uint32_t column) const {
    const RowLayout& layout = store->layout();
    return layout.IsNull(rows[row], column) ? nullptr : rows[row] + layout.columns[column].offset;
  }
};

// Results of a call for all rows of a batch.
class WindowResult {
 public:
  WindowResult(SqlType type, PhysicalType physical, size_t row_count);
  Vector& VectorOf(size_t row) { return parts_[row / kVectorRowsMax]; }
  static size_t RowIn(size_t row) { return row % kVectorRowsMax; }
  const Vector& Part(size_t index) const { return parts_[index]; }
  void SetNull(size_t row) { VectorOf(row).SetNull(RowIn(row)); }
  template <typename T>
  void Set(size_t row, T value) {
    VectorOf(row).Set<T>(RowIn(row), value);
  }
  // Copies a value as it lies in a row; null: NULL.
  void SetRaw(size_t row, const char* value);

 private:
  std::vector<Vector> parts_;
};

// The rows that a frame holds, after EXCLUDE: up to three ranges [begin, end) of batch rows.
struct FrameRows {
  struct Range {
    size_t begin, end;
  };
  Range ranges[3];
  size_t count = 0;

  void Add(size_t begin, size_t end) {
    if (begin < end) ranges[count++] = {begin, end};
  }
  size_t size() const {
    size_t total = 0;
    for (size_t i = 0; i < count; ++i) total += ranges[i].end - ranges[i].begin;
    return total;
  }
  // The n-th row (from 0). Requires: n < size().
  size_t At(size_t n) const {
    for (size_t i = 0; i < count; ++i) {
      const size_t rows = ranges[i].end - ranges[i].begin;
      if (n < rows) return ranges[i].begin + n;
      n -= rows;
    }
    return 0;
  }
};

// Finds the frame of each row of a partition.
class FrameFinder {
 public:
  FrameFinder(QueryState& query, const plan::WindowNode& node, const plan::WindowNode::Call& call,
              const WindowShape& shape);

  // Evaluates the offsets, once an execution: 22013 when negative, 22004 when NULL.
  Status Open();
  Status StartPartition(const WindowBatch& batch, size_t begin, size_t end);
  // Before EXCLUDE.
  FrameRows::Range Bounds(size_t row) const;
  FrameRows Find(size_t row) const;
  bool excludes() const { return frame_.exclude != plan::WindowFrame::Exclude::kNone; }
  // Frames start with the partition, so one only adds rows from row to row.
  bool starts_at_partition() const {
    return frame_.start == plan::WindowFrame::Bound::kUnboundedPreceding && !excludes();
  }

 private:
  using Bound = plan::WindowFrame::Bound;
  using Mode = plan::WindowFrame::Mode;
  Result<int64_t> RowOffset(const expr::ExprPtr& expression, const char* which);
  size_t RowsBound(size_t row, Bound bound, int64_t offset, bool is_start) const;
  size_t GroupsBound(size_t row, Bound bound, int64_t offset, bool is_start) const;
  // RANGE with an offset: bounds of every row, by binary search for key -/+ offset.
  Status RangeBounds(Bound bound, const Value& offset, bool is_start, std::vector<size_t>* out);

  QueryState& query_;
  const plan::WindowNode& node_;
  const WindowShape& shape_;
  const plan::WindowFrame& frame_;
  const WindowBatch* batch_ = nullptr;
  size_t begin_ = 0, end_ = 0;
  int64_t start_rows_ = 0, end_rows_ = 0;
  Value start_value_, end_value_;
  std::vector<size_t> range_start_, range_end_;  // RANGE with offsets, by row - begin_.
  std::vector<size_t> group_starts_;             // GROUPS: of the partition's peer groups.
};

// Evaluates an aggregate over every row's frame.
Status AggregateFrames(QueryState& query, const plan::WindowNode::Call& call,
                       const WindowShape::Call& shape, const FrameFinder& frames,
                       const WindowBatch& batch, size_t begin, size_t end, WindowResult* out);

}  // namespace helios::exec
