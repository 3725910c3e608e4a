#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "exec/internal/operator.h"

namespace helios::exec {

// What the operators of one node share when several threads each run a copy of the subtree: the
// morsels that a scan has left, the table that a hash join probes.
struct SharedState {
  virtual ~SharedState() = default;
};

// One subtree run by several threads. The first operator of a node to be built makes the shared
// state; the others find it.
//
// Thread safety: operators are built by one thread.
struct ParallelGroup {
  size_t worker_count = 1;
  std::unordered_map<const plan::Node*, std::shared_ptr<SharedState>> states;

  template <typename T, typename... Args>
  std::shared_ptr<T> Share(const plan::Node& node, Args&&... args) {
    std::shared_ptr<SharedState>& state = states[&node];
    if (state == nullptr) state = std::make_shared<T>(std::forward<Args>(args)...);
    return std::static_pointer_cast<T>(state);
  }
};

// Whether copies of the subtree may run on several threads at once, and it is big enough to pay.
bool CanRunInParallel(const QueryState& query, const plan::Node& node);
// Without the size test: no volatile calls, no subplans, only operators that can share.
bool IsParallelSafe(const plan::Node& node);

}  // namespace helios::exec
