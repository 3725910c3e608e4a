#include "compute/internal/deadline_watch.h"

#include <chrono>

namespace helios::compute {

DeadlineWatch::~DeadlineWatch() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

uint64_t DeadlineWatch::Start(int64_t delay_us, std::function<void()> on_deadline) {
  std::lock_guard lock(mutex_);
  if (thread_ == nullptr) thread_ = std::make_unique<sys::Thread>("deadlines", [this] { Run(); });
  const uint64_t id = next_id_++;
  const int64_t deadline_us = clock_.MonotonicMicros() + delay_us;
  deadlines_.emplace(std::pair(deadline_us, id), std::move(on_deadline));
  by_id_[id] = deadline_us;
  changed_.notify_all();
  return id;
}

void DeadlineWatch::Stop(uint64_t id) {
  std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  deadlines_.erase({found->second, id});
  by_id_.erase(found);
}

void DeadlineWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (deadlines_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = deadlines_.begin();
    const int64_t wait_us = first->first.first - clock_.MonotonicMicros();
    if (wait_us > 0) {
      changed_.wait_for(lock, std::chrono::microseconds(wait_us));
      continue;
    }
    // Under the lock, so that Stop cannot return while it runs.
    first->second();
    by_id_.erase(first->first.second);
    deadlines_.erase(first);
  }
}

}  // namespace helios::compute
