#include "storage/internal/commit_queue.h"

#include <utility>

namespace helios::storage {
namespace {

// Beyond this a larger group saves nothing: the sync waits for the bytes.
constexpr size_t kGroupBytesMax = 1 << 20;

}  // namespace

void CommitQueue::Commit(CommitEntry* entry) {
  bool leads = false;
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(entry);
    leads = !std::exchange(is_led_, true);
  }
  if (!leads) {
    entry->woken_.acquire();
    if (entry->is_done_) return;
  }
  const std::vector<CommitEntry*> group = TakeGroup();
  write_group_(group);
  CommitEntry* next = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      is_led_ = false;
    } else {
      next = waiting_.front();
    }
  }
  // The disk should not wait for the clients.
  if (next != nullptr) next->woken_.release();
  for (CommitEntry* written : group) {
    if (written == entry) continue;
    written->is_done_ = true;
    written->woken_.release();
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
