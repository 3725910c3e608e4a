#include "storage/internal/commit_queue.h"

#include <utility>

namespace helios::storage {
namespace {

// Beyond this a larger group saves nothing: the disk waits for the bytes.
constexpr size_t kGroupBytesMax = 1 << 20;

}  // namespace

void CommitQueue::Commit(CommitEntry* entry) {
  bool leads = false;
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(entry);
    leads = !std::exchange(is_appending_, true);
  }
  if (leads) {
    entry->task_ = CommitEntry::Task::kAppend;
  } else {
    entry->woken_.acquire();
  }
  if (entry->task_ == CommitEntry::Task::kAppend) Append(entry);
  if (entry->task_ == CommitEntry::Task::kSync) Sync(entry);
}

// Appends the group that the leader is the first of, and leaves the leader with what to do next.
void CommitQueue::Append(CommitEntry* leader) {
  const std::vector<CommitEntry*> group = TakeGroup();
  stages_.append(group);
  const bool is_appended = leader->status.ok();
  CommitEntry* next = nullptr;
  bool syncs = false;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      is_appending_ = false;
    } else {
      next = waiting_.front();
    }
    if (is_appended) {
      appended_.insert(appended_.end(), group.begin(), group.end());
      syncs = !std::exchange(is_syncing_, true);
    }
  }
  if (next != nullptr) Wake(next, CommitEntry::Task::kAppend);
  if (!is_appended) {
    for (CommitEntry* entry : group) {
      if (entry != leader) Wake(entry, CommitEntry::Task::kNone);
    }
    leader->task_ = CommitEntry::Task::kNone;
  } else if (syncs) {
    leader->task_ = CommitEntry::Task::kSync;
  } else {
    leader->woken_.acquire();
  }
}

// Makes durable what is appended, the leader's entry among it.
void CommitQueue::Sync(CommitEntry* leader) {
  std::vector<CommitEntry*> group;
  {
    std::lock_guard lock(mutex_);
    group.swap(appended_);
  }
  stages_.sync(group);
  CommitEntry* next = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (appended_.empty()) {
      is_syncing_ = false;
    } else {
      next = appended_.front();
    }
  }
  // The disk should not wait for the clients.
  if (next != nullptr) Wake(next, CommitEntry::Task::kSync);
  for (CommitEntry* entry : group) {
    if (entry != leader) Wake(entry, CommitEntry::Task::kNone);
  }
}

// The entry may be gone when this returns.
void CommitQueue::Wake(CommitEntry* entry, CommitEntry::Task task) {
  entry->task_ = task;
  entry->woken_.release();
}

size_t CommitQueue::waiting_count() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

// The leader is the first of them.
std::vector<CommitEntry*> CommitQueue::TakeGroup() {
  std::lock_guard lock(mutex_);
  size_t bytes = 0;
  size_t count = 0;
  while (count < waiting_.size() && (count == 0 || bytes < kGroupBytesMax)) {
    bytes += waiting_[count++]->request.writes->bytes();
  }
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<CommitEntry*> group(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  return group;
}

}  // namespace helios::storage
