#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/memory.h"
#include "base/status.h"
#include "exec/deferred_checks.h"
#include "exec/spill.h"
#include "exec/worker_pool.h"
#include "expr/evaluator.h"
#include "hidb/storage_service.h"
#include "hidb/write_set.h"
#include "sql/plan/plan.h"
#include "sys/clock.h"

namespace helios::exec {

namespace plan = sql::plan;

// Rows of one read of a system table. Thread safety: none.
class SystemTableStream {
 public:
  virtual ~SystemTableStream() = default;
  // Replaces `out` by the next rows, of the columns asked for; no rows: the end.
  virtual Status Next(Chunk* out) = 0;
};

// The system tables as one session sees them; implemented by compute.
class SystemTableSource {
 public:
  virtual ~SystemTableSource() = default;
  // `columns`: positions in the table, the output in order. `equal`: (column of the table, value)
  // that the reader will ask for in any case; a source may use them to make fewer rows.
  virtual Result<std::unique_ptr<SystemTableStream>> Open(
      const catalog::SystemTable& table, std::span<const uint32_t> columns,
      std::span<const std::pair<uint32_t, Value>> equal) = 0;
};

// What a statement runs in. Everything pointed to outlives the execution; the plan and the values
// are its own.
struct ExecutionContext {
  hidb::StorageService* storage = nullptr;
  TxnId txn;                         // For row locks.
  hidb::WriteSet* writes = nullptr;  // Null: a statement that neither writes nor reads own writes.
  Timestamp snapshot = 0;
  hidb::ReadSet* reads = nullptr;  // Of a serializable transaction.
  hidb::CommandId command = 1;     // Own writes of earlier commands are seen, new ones carry it.
  bool repeatable_read = false;    // A changed row is 40001; else kWriteConflict: run again.
  std::vector<Value> parameters;   // $1..$n, of the plan's types.
  // Text format, session services, times. `parameters`, `subplan_runner` and `canceled` are set by
  // the execution.
  expr::EvalContext settings;
  MemoryTracker* memory = nullptr;  // Null: nothing is counted.
  size_t memory_limit_bytes = 0;    // Of this execution, below the tracker's; 0: no other.
  SystemTableSource* system_tables = nullptr;
  SpillArea* spill = nullptr;     // Null: over the limit is 53200.
  WorkerPool* workers = nullptr;  // Null: one thread.
  const std::atomic<bool>* canceled = nullptr;
  DeferredChecks* deferred = nullptr;  // Null: deferrable constraints are checked at once.
  int64_t lock_timeout_us = 0;         // 0: none.
  bool instrument = false;             // Collect NodeStats (EXPLAIN ANALYZE).
  // What one operator may hold in memory before it spills; the tracker's limits hold besides.
  size_t operator_memory_bytes = size_t{256} << 20;
  // Rows of the chunks that operators make; tests set it low. At most kVectorRowsMax.
  size_t vector_rows = kVectorRowsMax;
  const sys::Clock* clock = &sys::SystemClock();  // For instrumentation.
  // A scan with fewer estimated rows stays on the calling thread.
  double parallel_rows_min = 50000;
};

// What EXPLAIN ANALYZE tells of a plan node.
struct NodeStats {
  uint64_t rows = 0;  // Of all loops.
  uint64_t loops = 0;
  int64_t first_row_us = 0;  // Until the first row of the first loop.
  int64_t total_us = 0;      // Children included.
  size_t memory_bytes = 0;   // Peak of a materialising operator.
  uint64_t spilled_bytes = 0;
  uint64_t removed_rows = 0;  // By a filter or join condition.
};

struct QueryState;

// One run of a plan. May be held open between fetches.
//
// Thread safety: none, but calls may come from different threads one after the other. An error
// closes the execution: every later Next gives no rows. Destroying an execution early is fine for
// reads; a statement that writes must be read to its end, or its writes be taken back.
class Execution {
 public:
  static Result<std::unique_ptr<Execution>> Start(std::shared_ptr<const plan::Plan> plan,
                                                  ExecutionContext context);
  ~Execution();

  // Replaces `out` by the next rows; no rows: the end. A statement without result rows does all its
  // work in the first call. The rows are valid until the next call.
  Status Next(Chunk* out);
  // Rows inserted, updated or deleted by the statement itself (not by its WITH queries or foreign
  // keys), or rows returned by a SELECT so far.
  uint64_t affected_rows() const;
  // Null when not instrumented or never run.
  const NodeStats* StatsOf(const plan::Node& node) const;
  const plan::Plan& plan() const;

 private:
  Execution();
  std::unique_ptr<QueryState> state_;
  bool opened_ = false;
  bool closed_ = false;
};

}  // namespace helios::exec
