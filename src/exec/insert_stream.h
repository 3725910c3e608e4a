#pragma once

#include <memory>

#include "exec/executor.h"

namespace helios::exec {

// COPY FROM and its like: rows come from outside, chunk by chunk, and are inserted with everything
// that INSERT keeps true.
//
// Thread safety: none. An error leaves the stream unusable; the session takes the statement's
// writes back.
class InsertStream {
 public:
  // `target` belongs to `owner`. 25006 when the context cannot write.
  static Result<std::unique_ptr<InsertStream>> Open(std::shared_ptr<const plan::Plan> owner,
                                                    const plan::WriteTarget& target,
                                                    ExecutionContext context);
  ~InsertStream();

  // One column for each layout column, defaults filled in. Computes generated columns in `rows`.
  Status Append(Chunk* rows);
  // Ends the statement: foreign keys and deferrable constraints. Returns the number of rows.
  Result<uint64_t> Finish();
  uint64_t row_count() const { return row_count_; }

 private:
  struct State;
  explicit InsertStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  uint64_t row_count_ = 0;
};

}  // namespace helios::exec
