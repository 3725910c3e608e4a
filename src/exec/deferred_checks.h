#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/growing_reservation.h"
#include "base/status.h"
#include "hidb/write_set.h"
#include "sql/plan/plan.h"

namespace helios::exec {

struct ExecutionContext;

// Constraint checks of one transaction that wait for COMMIT or SET CONSTRAINTS ... IMMEDIATE.
//
// Thread safety: none. Lifetime: that of its transaction.
class DeferredChecks {
 public:
  // What waits is counted there.
  explicit DeferredChecks(MemoryTracker* memory) : reservation_(memory) {}

  struct Check {
    enum class Kind : uint8_t {
      kReference,     // The row of `target` at `row_key` must have its parent.
      kReferencedBy,  // No child may hold `key`, unless a row with that key is there again.
      kUnique,        // At most one live entry with the parts `key` in the index.
    };
    Kind kind = Kind::kReference;
    std::shared_ptr<const sql::plan::Plan> plan;  // Owns what `target` points to.
    const sql::plan::WriteTarget* target = nullptr;
    int32_t index = 0;  // In target->references, referenced_by or indexes.
    std::string row_key;
    std::vector<Value> key;  // Old key values (kReferencedBy), all columns (kUnique).
    hidb::CommandId command = 0;
  };

  // 53200: no memory to keep it.
  Status Add(Check check);
  // Whether a deferrable constraint waits now.
  bool IsDeferred(const std::string& constraint, bool initially_deferred) const;
  // SET CONSTRAINTS: all of them, or one by name. After switching to immediate call Run.
  void SetAll(bool deferred);
  void SetOne(const std::string& constraint, bool deferred);
  // ROLLBACK TO SAVEPOINT.
  void RollbackTo(hidb::CommandId first);
  bool empty() const { return checks_.empty(); }

  // Checks what waits, except constraints still deferred unless `all`, and forgets what passed.
  // 23503 or 23505 as the statement would have said. `context.command` is a new command's.
  Status Run(const ExecutionContext& context, bool all);

 private:
  std::vector<Check> checks_;
  GrowingReservation reservation_;
  bool has_mode_ = false;
  bool all_deferred_ = false;
  std::map<std::string, bool> modes_;
};

}  // namespace helios::exec
