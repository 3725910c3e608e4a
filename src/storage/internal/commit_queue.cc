#include "storage/internal/commit_queue.h"

#include <utility>

namespace helios::storage {
namespace {

// Beyond this a larger group saves nothing: the disk waits for the bytes.
constexpr size_t kGroupBytesMax = 1 << 20;

}  // namespace

CommitQueue::~CommitQueue() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  handed_over_.notify_one();
  thread_.Join();
}

void CommitQueue::Commit(CommitEntry* entry) {
  bool leads = false;
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(entry);
    leads = !std::exchange(is_appending_, true);
  }
  if (!leads) {
    entry->woken_.Acquire();
    if (entry->is_done_) return;
  }
  const Next next = Append(entry);
  if (next == Next::kWait) entry->woken_.Acquire();
  if (next != Next::kSync || !SyncOnce(entry)) return;
  {
    std::lock_guard lock(mutex_);
    is_handed_over_ = true;
    if (!has_thread_) thread_ = sys::Thread("commit sync", [this] { SyncLoop(); });
    has_thread_ = true;
  }
  handed_over_.notify_one();
}

CommitQueue::Next CommitQueue::Append(CommitEntry* leader) {
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
  if (next != nullptr) next->woken_.Release();
  if (!is_appended) {
    Finish(group, leader);
    return Next::kNothing;
  }
  return syncs ? Next::kSync : Next::kWait;
}

bool CommitQueue::SyncOnce(const CommitEntry* caller) {
  std::vector<CommitEntry*> group;
  {
    std::lock_guard lock(mutex_);
    group.swap(appended_);
  }
  stages_.sync(group);
  Finish(group, caller);
  std::lock_guard lock(mutex_);
  is_syncing_ = !appended_.empty();
  return is_syncing_;
}

void CommitQueue::SyncLoop() {
  std::unique_lock lock(mutex_);
  while (true) {
    handed_over_.wait(lock, [this] { return is_handed_over_ || is_stopping_; });
    if (is_stopping_) return;
    is_handed_over_ = false;
    lock.unlock();
    while (SyncOnce(nullptr)) {
    }
    lock.lock();
  }
}

void CommitQueue::Finish(std::span<CommitEntry* const> group, const CommitEntry* caller) {
  for (CommitEntry* entry : group) {
    if (entry == caller) continue;
    entry->is_done_ = true;
    entry->woken_.Release();
  }
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
