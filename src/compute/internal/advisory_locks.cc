#include "compute/internal/advisory_locks.h"

#include <chrono>
#include <set>
#include <vector>

#include "sys/clock.h"

namespace helios::compute {
namespace {

// How often a waiter looks whether its statement was canceled.
constexpr int64_t kCancelCheckUs = 20'000;

}  // namespace

bool AdvisoryLocks::IsFree(int32_t process_id, const Key& key, bool shared) const {
  const auto found = locks_.find(key);
  if (found == locks_.end()) return true;
  for (const auto& [holder, holds] : found->second) {
    if (holder != process_id && (shared ? holds.exclusive() : holds.any())) return false;
  }
  return true;
}

// Whether somebody that `process_id` waits for waits, in the end, for `process_id`.
bool AdvisoryLocks::WaitsInCircle(int32_t process_id) const {
  std::set<int32_t> seen;
  std::vector<int32_t> open = {process_id};
  while (!open.empty()) {
    const int32_t waiter = open.back();
    open.pop_back();
    const auto wait = waits_.find(waiter);
    if (wait == waits_.end()) continue;
    const auto lock = locks_.find(wait->second.key);
    if (lock == locks_.end()) continue;
    for (const auto& [holder, holds] : lock->second) {
      const bool blocks = wait->second.shared ? holds.exclusive() : holds.any();
      if (holder == waiter || !blocks) continue;
      if (holder == process_id) return true;
      if (seen.insert(holder).second) open.push_back(holder);
    }
  }
  return false;
}

Result<bool> AdvisoryLocks::Lock(int32_t process_id, const Request& request) {
  const sys::Clock& clock = sys::SystemClock();
  const int64_t deadline_us =
      request.timeout_us == 0 ? sys::kNoDeadline : clock.MonotonicMicros() + request.timeout_us;
  std::unique_lock lock(mutex_);
  while (!IsFree(process_id, request.key, request.shared)) {
    if (!request.wait) return false;
    waits_[process_id] = {request.key, request.shared};
    Status failure;
    if (WaitsInCircle(process_id)) {
      failure = Error(ErrorCode::kDeadlockDetected).Message("deadlock detected");
    } else if (request.canceled != nullptr && request.canceled->load()) {
      failure = Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
    } else if (clock.MonotonicMicros() >= deadline_us) {
      failure =
          Error(ErrorCode::kLockNotAvailable).Message("canceling statement due to lock timeout");
    } else {
      released_.wait_for(lock, std::chrono::microseconds(kCancelCheckUs));
    }
    waits_.erase(process_id);
    if (!failure.ok()) return failure;
  }
  is_used_ = true;
  Holds& holds = locks_[request.key][process_id];
  if (request.of_transaction) {
    (request.shared ? holds.txn_shared : holds.txn_exclusive) = true;
  } else {
    ++(request.shared ? holds.session_shared : holds.session_exclusive);
  }
  return true;
}

bool AdvisoryLocks::Unlock(int32_t process_id, const Key& key, bool shared) {
  const std::lock_guard lock(mutex_);
  const auto found = locks_.find(key);
  if (found == locks_.end()) return false;
  const auto holder = found->second.find(process_id);
  if (holder == found->second.end()) return false;
  uint32_t& count = shared ? holder->second.session_shared : holder->second.session_exclusive;
  if (count == 0) return false;
  --count;
  if (!holder->second.any()) found->second.erase(holder);
  if (found->second.empty()) locks_.erase(found);
  released_.notify_all();
  return true;
}

template <typename Change>
void AdvisoryLocks::ChangeAll(int32_t process_id, Change change) {
  if (!is_used_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  for (auto entry = locks_.begin(); entry != locks_.end();) {
    const auto holder = entry->second.find(process_id);
    if (holder != entry->second.end()) {
      change(&holder->second);
      if (!holder->second.any()) entry->second.erase(holder);
    }
    entry = entry->second.empty() ? locks_.erase(entry) : std::next(entry);
  }
  released_.notify_all();
}

void AdvisoryLocks::UnlockSession(int32_t process_id) {
  ChangeAll(process_id, [](Holds* holds) { holds->session_shared = holds->session_exclusive = 0; });
}

void AdvisoryLocks::EndTransaction(int32_t process_id) {
  ChangeAll(process_id, [](Holds* holds) { holds->txn_shared = holds->txn_exclusive = false; });
}

}  // namespace helios::compute
