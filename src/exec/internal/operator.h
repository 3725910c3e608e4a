#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/growing_reservation.h"
#include "exec/chunk_buffer.h"
#include "exec/executor.h"
#include "exec/internal/expressions.h"

namespace helios::exec {

// A running plan node: gives its rows chunk by chunk when asked.
//
// Protocol: Open, Next until it gives no rows; then Open again reads anew (parameter slots may have
// changed). A chunk is valid until the next Next or Open of the same operator: who keeps rows
// longer copies them. Next never gives an empty chunk before the end and at most vector_rows rows.
//
// Thread safety: none; parallel work runs several operators of one node that share state.
class Operator {
 public:
  Operator(QueryState& query, const plan::Node& node);
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;

  Status Open();
  // Replaces `out`.
  Status Next(Chunk* out);
  const plan::Node& node() const { return node_; }

 protected:
  virtual Status DoOpen() = 0;
  virtual Status DoNext(Chunk* out) = 0;

  // Counts for EXPLAIN ANALYZE.
  NodeStats& stats() { return stats_; }

  QueryState& query_;
  const plan::Node& node_;

 private:
  NodeStats stats_;
  NodeStats* shared_stats_ = nullptr;
  friend struct QueryState;

  void Publish(const NodeStats& before);
};
using OperatorPtr = std::unique_ptr<Operator>;

class ForeignKeys;

// A CTE's rows, made as they are first read.
struct CteState {
  const plan::Node* body_node = nullptr;
  OperatorPtr body;
  std::unique_ptr<ChunkBuffer> rows;
  bool opened = false;
  bool done = false;
};

// What all operators of an execution share.
struct QueryState {
  explicit QueryState(std::shared_ptr<const plan::Plan> plan_in, ExecutionContext context_in);
  ~QueryState();

  std::shared_ptr<const plan::Plan> plan;
  std::unique_ptr<MemoryTracker> own_memory;  // When the context has none, or a limit.
  ExecutionContext context;
  expr::EvalContext eval;    // What every evaluator looks at.
  std::vector<Value> slots;  // Statement parameters, then outer values.
  size_t vector_rows;
  uint64_t affected_rows = 0;
  const plan::Node* counted_write = nullptr;  // The writing node whose rows are the statement's.
  std::deque<CteState> ctes;                  // By CTE index; addresses stay.
  std::unordered_map<uint32_t, ChunkBuffer*> work_tables;  // The round before, by id.
  std::mutex stats_mutex;
  // When instrumented; an entry's address never changes. Entries are made when operators are built.
  std::unordered_map<const plan::Node*, NodeStats> stats;
  std::unique_ptr<expr::SubplanRunner> subplans;
  OperatorPtr root;

  Status CheckCanceled() const;
  MemoryTracker* memory() const { return context.memory; }
  hidb::ReadView StatementView() const;
  // The newest committed state with every own write, this command's included: for constraints.
  hidb::ReadView NewestView() const;
  CteState& Cte(uint32_t index);
  // Makes more of a CTE's rows, or finds its end.
  Status AdvanceCte(CteState& cte);
  // While one lives, scans that open read the newest state and this command's writes: the look at
  // children that foreign keys need.
  class NewestScope {
   public:
    explicit NewestScope(QueryState& query) : query_(query) { ++query_.newest_depth; }
    ~NewestScope() { --query_.newest_depth; }
    NewestScope(const NewestScope&) = delete;

   private:
    QueryState& query_;
  };
  int newest_depth = 0;

  // --- what writers leave to the end of the statement
  std::unique_ptr<ForeignKeys> foreign_keys;
  struct UniqueNote {
    const plan::WriteTarget* target;
    const plan::IndexTarget* index;
    std::vector<Value> parts;
  };
  std::vector<UniqueNote> unique_notes;  // Deferrable constraints.
  GrowingReservation note_memory;        // Of these and of what `foreign_keys` notes.
  Status NoteNewRows(const plan::WriteTarget& target, const Chunk& rows, const Chunk* old_rows,
                     const std::vector<std::string>& row_keys);
  Status NoteOldRows(const plan::WriteTarget& target, const Chunk& old_rows, const Chunk* new_rows);
  Status NoteUnique(const plan::WriteTarget& target, const plan::IndexTarget& index,
                    const Chunk& parts, size_t row);
  // Moves a large write set to storage. Call between chunks.
  Status StageIfLarge();
  // Referential actions and checks, when every writer has ended.
  Status FinishStatement();

  // Gives back what running operators hold; nothing may run afterwards.
  void CloseOperators();
};

// State that operators of one node share when several threads run it; see parallel.h.
struct ParallelGroup;

// The operator for a node. `group` is null on the one-thread road.
Result<OperatorPtr> BuildOperator(QueryState& query, const plan::Node& node,
                                  ParallelGroup* group = nullptr);

// Column types of a node's output.
PhysicalType PhysicalOf(const plan::Node& node, size_t column);
std::vector<PhysicalType> PhysicalsOf(const plan::Node& node);

// An operator with one child.
class UnaryOperator : public Operator {
 public:
  UnaryOperator(QueryState& query, const plan::Node& node, OperatorPtr child)
      : Operator(query, node), child_(std::move(child)) {}

 protected:
  OperatorPtr child_;
};

}  // namespace helios::exec
