#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "compute/engine.h"
#include "compute/internal/advisory_locks.h"
#include "compute/internal/catalog_store.h"
#include "compute/internal/deadline_watch.h"
#include "exec/worker_pool.h"
#include "sys/clock.h"

namespace helios::compute {

class SessionImpl;

// What pg_stat_activity shows of a session; guarded by SessionRegistry's lock.
struct Activity {
  int32_t process_id = 0;
  Oid role = kInvalidOid;
  std::string user;
  std::string database;
  std::string client_host;  // Empty: no TCP connection.
  uint16_t client_port = 0;
  std::string application_name;
  int64_t start_us = 0;        // Unix microseconds, like those below.
  int64_t transaction_us = 0;  // 0: no transaction.
  int64_t query_us = 0;
  int64_t state_us = 0;
  std::string state;  // "active", "idle", "idle in transaction", ...
  std::string query;
};

// The sessions of this engine: for cancel requests, notifications and pg_stat_activity.
//
// Thread safety: all calls, from any thread.
class SessionRegistry {
 public:
  // Gives the session its process id and secret key. 53300 when there are too many.
  Status Add(SessionImpl* session, size_t session_count_max);
  void Remove(SessionImpl* session);

  void Cancel(int32_t process_id, uint32_t secret_key);
  // pg_cancel_backend, pg_terminate_backend; false: there is no such session. `allowed` decides by
  // role.
  bool CancelByPid(int32_t process_id);
  bool TerminateByPid(int32_t process_id);
  // The role of a session, or kInvalidOid.
  Oid RoleOf(int32_t process_id);
  std::vector<Activity> Activities();

  // Hands a transaction's notifications, in order, to every session that listens.
  void Deliver(const std::vector<Notification>& notifications);

 private:
  std::mutex mutex_;
  std::map<int32_t, SessionImpl*> sessions_;
  int32_t next_process_id_ = 1000;
};

// What all sessions share. Built once; the parts are safe from any thread.
struct EngineCore {
  explicit EngineCore(const EngineOptions& options_in)
      : options(options_in),
        storage(*options_in.storage),
        clock(*options_in.clock),
        memory("server", options_in.memory_limit_bytes),
        catalog(*options_in.storage),
        workers(options_in.thread_count > 1 ? options_in.thread_count - 1 : 0),
        deadlines(*options_in.clock),
        start_unix_us(options_in.clock->UnixMicros()) {}

  const EngineOptions options;
  hidb::StorageService& storage;
  const sys::Clock& clock;
  MemoryTracker memory;
  CatalogStore catalog;
  exec::WorkerPool workers;
  SessionRegistry sessions;
  AdvisoryLocks advisory_locks;
  DeadlineWatch deadlines;
  const int64_t start_unix_us;

  // Statements counted for /metrics and pg_stat_database.
  std::atomic<uint64_t> commits{0};
  std::atomic<uint64_t> rollbacks{0};
  std::atomic<uint64_t> statements{0};
};

}  // namespace helios::compute
