#pragma once

#include <functional>
#include <mutex>
#include <semaphore>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "hidb/storage_service.h"

namespace helios::storage {

// A commit on its way through the queue.
class CommitEntry {
 public:
  explicit CommitEntry(const hidb::CommitRequest& request) : request(request) {}

  const hidb::CommitRequest& request;
  // What the stages say of it.
  Status status;
  Timestamp timestamp = 0;
  size_t operation_count = 0;
  uint64_t deletion_count = 0;

 private:
  friend class CommitQueue;
  // What the thread that waits with it does next.
  enum class Task : uint8_t { kNone, kAppend, kSync };
  Task task_ = Task::kNone;
  // Yields a few times before it sleeps: measured faster than a futex alone, whose wake-up costs as
  // much as a quick sync.
  std::binary_semaphore woken_{0};
};

// Group commit (DeWitt et al. 1984) in two stages: commits are appended to the log, and then made
// durable. Commits that come while others are appended wait, and are then appended together; what
// is appended while the log is synced waits for the next sync, which serves all of it. The threads
// that commit do the work: the first of a group for all of it, while the others sleep; each of
// those is woken once, unless it has the next group to care for.
//
// Thread safety: Commit, from any thread.
class CommitQueue {
 public:
  // Each is called by one thread at a time; both may run at once.
  struct Stages {
    // Appends a group and fills in its entries; those with an error go no further.
    std::function<void(std::span<CommitEntry* const> group)> append;
    // Makes durable what was appended, in that order: one group or more.
    std::function<void(std::span<CommitEntry* const> appended)> sync;
  };

  explicit CommitQueue(Stages stages) : stages_(std::move(stages)) {}

  // Returns when the entry is durable or has an error.
  void Commit(CommitEntry* entry);
  // How many wait for those that are being appended.
  size_t waiting_count() const;

 private:
  void Append(CommitEntry* leader);
  void Sync(CommitEntry* leader);
  std::vector<CommitEntry*> TakeGroup();
  static void Wake(CommitEntry* entry, CommitEntry::Task task);

  const Stages stages_;
  mutable std::mutex mutex_;
  std::vector<CommitEntry*> waiting_;   // To be appended, in the order of their coming.
  std::vector<CommitEntry*> appended_;  // To be made durable, in the order of the log.
  bool is_appending_ = false;           // Somebody appends, or was woken to.
  bool is_syncing_ = false;             // Somebody syncs, or was woken to.
};

}  // namespace helios::storage
