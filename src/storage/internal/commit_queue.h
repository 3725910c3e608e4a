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
  // What the writer says of it.
  Status status;
  Timestamp timestamp = 0;
  size_t operation_count = 0;
  uint64_t deletion_count = 0;

 private:
  friend class CommitQueue;
  bool is_done_ = false;  // Else the one that is woken leads.
  // Yields a few times before it sleeps: measured faster than a futex alone, whose wake-up costs as
  // much as a quick sync.
  std::binary_semaphore woken_{0};
};

// Group commit (DeWitt et al. 1984): commits that come while another is being written wait, and are
// then written together, with one sync. The first of them leads and writes for all; each of the
// others sleeps and is woken once.
//
// Thread safety: Commit, from any thread.
class CommitQueue {
 public:
  // Writes a group and fills in its entries; called by one thread at a time.
  using WriteGroup = std::function<void(std::span<CommitEntry* const> group)>;

  explicit CommitQueue(WriteGroup write_group) : write_group_(std::move(write_group)) {}

  // Returns when the entry has been written, by this thread or another.
  void Commit(CommitEntry* entry);
  // How many wait for the one that is being written.
  size_t waiting_count() const;

 private:
  std::vector<CommitEntry*> TakeGroup();

  const WriteGroup write_group_;
  mutable std::mutex mutex_;
  std::vector<CommitEntry*> waiting_;  // In the order of their coming.
  bool is_led_ = false;                // Somebody writes, or was woken to.
};

}  // namespace helios::storage
