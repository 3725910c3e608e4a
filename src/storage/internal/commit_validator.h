#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "hidb/storage_service.h"

namespace helios::storage {

// Makes SERIALIZABLE transactions serializable in the order of their commit timestamps: backward
// validation (Kung and Robinson 1981) over what they have read and written. A transaction is
// refused when one that was validated after its snapshot has written what it read. Those that write
// nothing read one snapshot of that order and need no validation.
//
// Only transactions at this level take part, as in PostgreSQL.
//
// Memory is bounded: beyond kKeyBytesMax of written keys the oldest commits are forgotten, and
// whoever read at a snapshot before one of those is refused, as if it were in the way.
//
// Thread safety: all calls, from any thread.
class CommitValidator {
 public:
  static constexpr size_t kKeyBytesMax = 64 << 20;

  // `oldest_snapshot`: no snapshot in use, now or later, is older.
  explicit CommitValidator(std::function<Timestamp()> oldest_snapshot)
      : oldest_snapshot_(std::move(oldest_snapshot)) {}

  // Validates a commit and begins its timestamp, in one step: the order of validation is the order
  // of timestamps, so whoever sees a commit sees all that were validated before it. Refuses with
  // 40001.
  Result<Timestamp> Begin(const hidb::CommitRequest& request,
                          const std::function<Result<Timestamp>()>& begin_timestamp);
  // Commits that some snapshot in use does not see.
  size_t remembered_count() const;

 private:
  struct Commit {
    Timestamp timestamp = 0;
    bool wrote_unknown = false;  // Staged writes are not at hand singly: it may be anything.
    std::map<hidb::SpaceId, std::vector<std::string>> keys;
    size_t key_bytes = 0;
  };
  void ForgetOldest();
  static bool Conflicts(const Commit& commit, const hidb::ReadSet& reads);

  const std::function<Timestamp()> oldest_snapshot_;
  mutable std::mutex mutex_;
  std::deque<Commit> commits_;  // By timestamp; those that a snapshot in use does not see.
  size_t key_bytes_ = 0;        // Of all of them.
  Timestamp forgotten_ = 0;     // The newest commit that was forgotten for its memory.
};

}  // namespace helios::storage
