#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exec/internal/operator.h"

namespace helios::exec {

// What the operators of one node share when several threads each run a copy of the subtree: the
// morsels that a scan has left, the table that a hash join probes.
struct SharedState {
  virtual ~SharedState() = default;
  // Back to the beginning, before the copies are opened anew.
  virtual void Reset() = 0;
};

// One subtree run by several threads. The first operator of a node to be built makes the shared
// state; the others find it.
//
// Thread safety: operators are built and opened by one thread, the first copy first.
struct ParallelGroup {
  size_t worker_count = 1;
  // Set while the first copy opens when only that copy may run (a join's build side had to spill).
  bool first_only = false;
  std::unordered_map<const plan::Node*, std::shared_ptr<SharedState>> states;

  template <typename T>
  std::shared_ptr<T> Share(const plan::Node& node) {
    std::shared_ptr<SharedState>& state = states[&node];
    if (state == nullptr) state = std::make_shared<T>();
    return std::static_pointer_cast<T>(state);
  }
};

// Whether copies of the subtree may run side by side: only operators that can share, nothing
// volatile, no subplans.
bool IsParallelSafe(const plan::Node& node);

// About how many rows a scan reads, also those that its filter drops.
double ScannedRows(const QueryState& query, const plan::ScanNode& scan);

// The input of an operator that takes all rows before it gives any: one operator, or copies of it
// on several threads when the subtree allows it and reads enough rows.
//
// Thread safety: none; ForEach uses threads of its own.
class Source {
 public:
  static Result<std::unique_ptr<Source>> Make(QueryState& query, const plan::Node& node,
                                              bool allow_parallel);

  // At most this many workers call `consume` at a time, with numbers below it.
  size_t worker_count() const { return copies_.size(); }
  Status Open();
  // Hands every chunk to `consume`, which may use and change it until it returns. Calls of
  // different workers come at the same time, those of one worker one after the other.
  Status ForEach(const std::function<Status(size_t worker, Chunk& chunk)>& consume);

 private:
  explicit Source(QueryState& query) : query_(query) {}

  QueryState& query_;
  ParallelGroup group_;
  std::vector<OperatorPtr> copies_;
};

}  // namespace helios::exec
