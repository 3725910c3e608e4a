#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exec/internal/join_table.h"
#include "exec/internal/operators.h"
#include "exec/internal/parallel.h"

namespace helios::exec {

// The build side, made by the first copy of the join that opens and read by all of them.
struct JoinBuild : SharedState {
  void Reset() override {
    table.reset();
    partitions.clear();
    built = false;
  }

  std::unique_ptr<Source> source;
  std::unique_ptr<JoinTable> table;
  // When the build side did not fit: its rows by hash; then `table` is null.
  std::vector<std::unique_ptr<ChunkBuffer>> partitions;
  bool built = false;
  bool saw_rows = false;
  bool has_null_key = false;
};

// Hash join. Builds a table of the right side when it opens, then takes the left side chunk by
// chunk: hash all rows, find the first candidates, compare keys, follow the chains of the rest with
// a shrinking selection. A build side that does not fit is split by hash together with the left
// side and joined part by part (Grace).
class HashJoin : public Operator {
 public:
  HashJoin(QueryState& query, const plan::JoinNode& node, OperatorPtr left,
           std::shared_ptr<JoinBuild> build, ParallelGroup* group);

 protected:
  Status DoOpen() override;
  Status DoNext(Chunk* out) override;

 private:
  using JoinType = plan::JoinType;
  struct PartitionTask {
    std::unique_ptr<ChunkBuffer> build, probe;
    int depth;
  };

  // --- build
  Status Build();
  Status BuildPartitions();
  Status MakeBuildChunk(Chunk& rows, Expressions& keys, Chunk* out);
  std::unique_ptr<JoinTable> NewTable(size_t part_count) const;
  bool KeepsNullKeys() const;
  bool MustNotSpill() const;
  bool IsOver(size_t bytes) const;

  // --- partitions
  Status PartitionProbe();
  Status SplitInto(const Chunk& rows, const Chunk& keys, int depth,
                   std::vector<std::unique_ptr<ChunkBuffer>>* to);
  std::vector<std::unique_ptr<ChunkBuffer>> NewPartitions();
  Result<bool> NextPartition();

  // --- probe
  Status NextLeft(Chunk* out);
  Result<bool> StartLeft();
  // Fills pairs (left_rows_, right_rows_) with matches of keys; at least one unless none are left.
  void CollectMatches();
  // Drops pairs for which the condition does not hold.
  Status ApplyCondition();
  void EmitPairs(Chunk* out);
  void EmitUnmatchedLeft(Chunk* out);
  Status NextPairs(Chunk* out, bool* produced);
  Status NextFiltered(Chunk* out, bool* produced);
  Status NextUnmatchedRight(Chunk* out);
  Status FindMatched();
  Result<bool> MayMatch(size_t row);
  Vector GatherRight(size_t right_column, const char* const* rows, size_t count) const;

  const plan::JoinNode& join_;
  OperatorPtr left_;
  std::shared_ptr<JoinBuild> build_;
  ParallelGroup* const group_;
  Expressions left_keys_;
  std::optional<expr::Evaluator> condition_;
  std::shared_ptr<const RowLayout> layout_;
  std::vector<uint32_t> right_map_;  // Where in the layout each right column lies.
  std::vector<uint32_t> rest_;       // Right columns that are no keys.
  std::vector<bool> null_safe_;
  std::optional<RowMatcher> matcher_;
  size_t left_width_;
  size_t right_width_;

  JoinTable* table_ = nullptr;            // The one being probed.
  std::unique_ptr<JoinTable> own_table_;  // Of the partition at hand.
  std::vector<PartitionTask> tasks_;
  std::unique_ptr<ChunkBuffer> probe_rows_;  // Of the partition at hand.
  ChunkBuffer::Cursor probe_cursor_;
  bool partitioned_ = false;

  Chunk input_;
  Chunk keys_;
  std::vector<const Vector*> key_pointers_;
  size_t active_count_ = 0;
  bool left_done_ = false;
  bool pending_unmatched_ = false;
  std::vector<uint64_t> hashes_;
  std::vector<const char*> current_;
  std::vector<SelectionIndex> active_, scratch_;
  std::vector<uint8_t> found_;
  std::vector<SelectionIndex> left_rows_;
  std::vector<const char*> right_rows_;
  size_t pair_count_ = 0;
  size_t right_part_ = 0, right_block_ = 0, right_row_ = 0;
};

}  // namespace helios::exec
