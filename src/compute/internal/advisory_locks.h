#pragma once

#include <atomic>
#include <compare>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/status.h"

namespace helios::compute {

// Locks that applications give a meaning to: pg_advisory_lock and its kind. Held by a session, or
// by its transaction, and counted: a session's locks are given back as often as they were taken.
//
// Thread safety: all calls, from any thread.
class AdvisoryLocks {
 public:
  // One 8-byte key, or two of 4 bytes: the two spaces do not meet.
  struct Key {
    bool is_pair = false;
    uint64_t value = 0;
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): a 0 is meant.
  };
  struct Request {
    Key key;
    bool shared = false;
    bool of_transaction = false;
    bool wait = true;
    int64_t timeout_us = 0;  // lock_timeout; 0: none.
    const std::atomic<bool>* canceled = nullptr;
  };
  // False only when the lock is taken and the request does not wait. 57014, 55P03, 40P01.
  Result<bool> Lock(int32_t process_id, const Request& request);
  // Gives back one of the session's own; false: there is none.
  bool Unlock(int32_t process_id, const Key& key, bool shared);
  void UnlockSession(int32_t process_id);
  void EndTransaction(int32_t process_id);

 private:
  struct Holds {
    uint32_t session_shared = 0;
    uint32_t session_exclusive = 0;
    bool txn_shared = false;
    bool txn_exclusive = false;
    bool exclusive() const { return session_exclusive > 0 || txn_exclusive; }
    bool any() const { return exclusive() || session_shared > 0 || txn_shared; }
  };
  using Holders = std::map<int32_t, Holds>;

  // All of these with the mutex held.
  bool IsFree(int32_t process_id, const Key& key, bool shared) const;
  bool WaitsInCircle(int32_t process_id) const;
  template <typename Change>
  void ChangeAll(int32_t process_id, Change change);

  std::mutex mutex_;
  std::condition_variable released_;
  std::map<Key, Holders> locks_;
  std::atomic<bool> is_used_{false};  // Whether there ever was a lock: most applications take none.
  // What each waiting process waits for.
  struct Wait {
    Key key;
    bool shared;
  };
  std::map<int32_t, Wait> waits_;
};

}  // namespace helios::compute
