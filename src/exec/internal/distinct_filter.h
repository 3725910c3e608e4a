#pragma once

#include <memory>
#include <vector>

#include "exec/internal/group_table.h"

namespace helios::exec {

// Lets each combination of the first columns of rows pass once; the other columns come along. Once
// memory is short, rows that it does not know wait in spill files until all have come.
//
// Thread safety: none.
class DistinctFilter {
 public:
  DistinctFilter(QueryState& query, std::span<const SqlType> key_types,
                 std::span<const PhysicalType> key_physicals);

  // `fresh` gets the rows, ascending, that pass now.
  Status Add(const Chunk& rows, Selection* fresh);
  // After the last Add, until it gives no rows: replaces `out` by rows that waited and pass.
  Status Drain(Chunk* out);
  size_t bytes() const { return table_->bytes(); }

 private:
  struct Waiting {
    std::unique_ptr<ChunkBuffer> rows;
    int depth;
  };
  void Restart(int depth);
  bool NextPartition();

  QueryState& query_;
  const std::vector<SqlType> types_;
  const std::vector<PhysicalType> physicals_;
  const StateLayout no_states_;
  std::unique_ptr<GroupTable> table_;
  int depth_ = 0;
  GroupTable::Found found_;
  std::vector<uint64_t> hashes_;
  std::vector<std::unique_ptr<ChunkBuffer>> spilled_;  // Of the rows at hand, by partition.
  std::vector<Waiting> waiting_;
  std::unique_ptr<ChunkBuffer> draining_;
  ChunkBuffer::Cursor cursor_;
};

}  // namespace helios::exec
