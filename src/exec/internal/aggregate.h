#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exec/internal/distinct_filter.h"
#include "exec/internal/group_table.h"
#include "exec/internal/operators.h"
#include "exec/internal/parallel.h"
#include "exec/internal/sorter.h"

namespace helios::exec {

// What an aggregation looks like, shared by all of its threads.
//
// The input is evaluated once into a wide chunk: the group expressions, then for each call its
// arguments, its sort keys and its filter. Everything after that works on wide chunks, also those
// that come back from spill files.
struct AggregateShape {
  explicit AggregateShape(const plan::AggregateNode& node);

  struct Call {
    const plan::AggregateNode::Call* plan = nullptr;
    uint32_t first_argument = 0;  // Columns of the wide chunk.
    uint32_t argument_count = 0;
    uint32_t first_sort_key = 0;
    std::vector<Sorter::Key> sort_keys;  // Columns of the call's sorted rows.
    int32_t filter = -1;
    bool sorted = false;  // The function wants its rows in an order.
    std::vector<SqlType> argument_types;
    std::vector<SortOrder> sort_orders;  // As the call's ORDER BY says.
  };
  std::vector<Call> calls;
  std::vector<std::vector<uint32_t>> sets;  // Grouping sets: group expressions by index.
  std::vector<SqlType> types;               // Of the wide chunk.
  std::vector<PhysicalType> physicals;
  std::vector<const expr::Expr*> expressions;
  StateLayout states;
  bool can_split = true;  // Threads may aggregate apart and be combined.
};

// One grouping set's groups with what its calls need besides: sets of distinct arguments, rows to
// sort.
//
// Thread safety: none.
class Grouping {
 public:
  Grouping(QueryState& query, const AggregateShape& shape, size_t set, int depth);

  // Takes rows of a wide chunk. When the table is frozen, rows of unknown groups are spilled.
  Status Consume(const Chunk& wide);
  // Adds the groups of `other` in partition `partition` to this, taking their states.
  Status Merge(Grouping& other, size_t partition);
  // No more rows: runs the calls that wanted an order.
  Status Finish();
  // Writes groups from `*position` on; no rows: the end.
  Status Emit(const plan::AggregateNode& node, size_t* block, size_t* row, size_t rows_max,
              Chunk* out);

  GroupTable& table() { return *table_; }
  size_t bytes() const;
  // Rows that were spilled, by partition; empty: none.
  std::vector<std::unique_ptr<ChunkBuffer>>& spilled() { return spilled_; }
  int depth() const { return depth_; }

 private:
  struct CallState {
    // Both take rows of the group's address as int8, arguments, sort keys.
    std::unique_ptr<DistinctFilter> distinct;  // By group and arguments.
    std::unique_ptr<Sorter> sorter;
  };

  Status Update(size_t call, const Chunk& wide, char* const* rows, const SelectionIndex* selection,
                size_t count);
  Status UpdateDistinct(size_t call);
  Status UpdateSorted(size_t call);
  // Rows of a call that sorts or wants distinct arguments, once they are known to be distinct.
  Status Feed(size_t call, Chunk* rows);
  Status Apply(size_t call, const std::vector<Vector>& arguments, size_t count, char* const* rows);

  QueryState& query_;
  const AggregateShape& shape_;
  const size_t set_;
  const int depth_;
  std::unique_ptr<GroupTable> table_;
  std::vector<CallState> calls_;
  std::vector<std::unique_ptr<ChunkBuffer>> spilled_;
  GroupTable::Found found_;
  std::vector<uint64_t> hashes_;
};

}  // namespace helios::exec
