#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "hidb/storage_service.h"
#include "sys/semaphore.h"
#include "sys/thread.h"

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
  bool is_done_ = false;  // Else the one that is woken appends.
  // The entry may be gone once it is woken.
  sys::Semaphore woken_;
};

// Group commit (DeWitt et al. 1984) in two stages that run side by side: commits are appended to
// the log, and then made durable. Commits that come while others are appended wait, and are then
// appended together; what is appended while the log is synced waits for the next sync, which serves
// all of it. The first of a group appends for all; the others sleep, and each is woken once.
//
// A commit that comes alone is synced by its own thread, for a switch of threads costs as much as a
// quick sync. When more has been appended meanwhile, a thread of the queue goes on: the disk would
// have to wait for one of the committers to be woken each time.
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
  // Requires: nobody commits.
  ~CommitQueue();

  // Returns when the entry is durable or has an error.
  void Commit(CommitEntry* entry);
  // How many wait for those that are being appended.
  size_t waiting_count() const;

 private:
  enum class Next : uint8_t { kNothing, kWait, kSync };
  // Appends the group that the leader is the first of. What the leader does next.
  Next Append(CommitEntry* leader);
  // Makes durable what is appended, and wakes those who wait for it, but `caller`. Whether there is
  // more by now.
  bool SyncOnce(const CommitEntry* caller);
  void SyncLoop();
  std::vector<CommitEntry*> TakeGroup();
  static void Finish(std::span<CommitEntry* const> group, const CommitEntry* caller);

  const Stages stages_;
  mutable std::mutex mutex_;
  std::vector<CommitEntry*> waiting_;   // To be appended, in the order of their coming.
  std::vector<CommitEntry*> appended_;  // To be made durable, in the order of the log.
  bool is_appending_ = false;           // Somebody appends, or was woken to.
  bool is_syncing_ = false;             // Somebody syncs, or is about to.
  bool is_handed_over_ = false;         // The thread is to sync.
  bool is_stopping_ = false;
  bool has_thread_ = false;  // Since it was first needed: a node that one thread uses has none.
  std::condition_variable handed_over_;
  sys::Thread thread_;
};

}  // namespace helios::storage
