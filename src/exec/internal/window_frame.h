#pragma once

#include <memory>
#include <vector>

#include "exec/internal/window.h"

namespace helios::exec {

// The rows that a frame holds, after EXCLUDE: up to three ranges [begin, end).
struct FrameRows {
  struct Range {
    size_t begin, end;
    bool operator==(const Range&) const = default;
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

// RANGE with an offset: where the key -/+ the offset of a row lies among the keys of its partition.
class RangeBound;

// Finds the frame of each row of a partition, piece by piece.
class FrameFinder {
 public:
  FrameFinder(QueryState& query, const plan::WindowNode& node, const plan::WindowNode::Call& call,
              const WindowShape& shape, WindowRows& rows);
  ~FrameFinder();

  // Evaluates the offsets, once an execution: 22013 when negative, 22004 when NULL.
  Status Open();
  void StartPartition(size_t begin, size_t end);
  // Requires: `piece` outlives the questions about its rows.
  Status StartPiece(const WindowPiece& piece);
  // Before EXCLUDE. Rows are asked for in their order.
  FrameRows::Range Bounds(size_t row);
  FrameRows Find(size_t row);
  // Frames start with the partition, so one only adds rows from row to row.
  bool starts_at_partition() const {
    return frame_.start == plan::WindowFrame::Bound::kUnboundedPreceding &&
           frame_.exclude == plan::WindowFrame::Exclude::kNone;
  }

 private:
  using Bound = plan::WindowFrame::Bound;
  using Mode = plan::WindowFrame::Mode;
  // Start of a peer group of the partition, moved forward only.
  struct GroupCursor {
    size_t group = 0;
    size_t row = 0;
  };
  Result<int64_t> RowOffset(const expr::ExprPtr& expression, const char* which);
  size_t RowsBound(size_t row, Bound bound, int64_t offset, bool is_start) const;
  size_t GroupsBound(size_t row, Bound bound, int64_t offset, bool is_start, GroupCursor* cursor);

  QueryState& query_;
  const plan::WindowNode& node_;
  const WindowShape& shape_;
  const plan::WindowFrame& frame_;
  WindowRows& rows_;
  size_t begin_ = 0, end_ = 0;
  const WindowPiece* piece_ = nullptr;
  int64_t start_rows_ = 0, end_rows_ = 0;
  GroupCursor start_group_, end_group_;
  std::unique_ptr<RangeBound> range_start_, range_end_;
};

}  // namespace helios::exec
