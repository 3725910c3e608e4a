// Backends, signals, transactions ids, waiting, and facts about the server.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "compute/internal/functions/session_call.h"
#include "compute/internal/handlers.h"
#include "compute/internal/privileges.h"
#include "types/datetime.h"
#include "types/net.h"

namespace helios::compute {

namespace {

constexpr int64_t kSqlEpochUnixMicros = 946684800ll * 1000000;
// How often a sleeping statement looks whether it was canceled.
constexpr int64_t kSleepStepMicros = 10000;

Status BackendPid(SessionCall& call) { return call.ReturnInt4(call.session.process_id()); }

Status RequireSignalRight(SessionCall& call, int32_t process_id, std::string_view verb) {
  const Oid other = call.session.core().sessions.RoleOf(process_id);
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  if (other == kInvalidOid || call.session.IsSuperuser() ||
      IsMemberOf(*snapshot, call.session.role(), other)) {
    return Status::Ok();
  }
  return Error(ErrorCode::kInsufficientPrivilege)
      .Message("must be a member of the role whose {} or member of pg_signal_backend", verb);
}

Status CancelBackend(SessionCall& call) {
  const int32_t pid = call.As<int32_t>(0);
  HELIOS_TRY(RequireSignalRight(call, pid, "query is being canceled"));
  const bool found = call.session.core().sessions.CancelByPid(pid);
  if (!found) {
    call.session.Notice(Notice::Severity::kWarning, "01000",
                        fmt::format("PID {} is not a PostgreSQL backend process", pid));
  }
  return call.ReturnBool(found);
}

Status TerminateBackend(SessionCall& call) {
  const int32_t pid = call.As<int32_t>(0);
  HELIOS_TRY(RequireSignalRight(call, pid, "process is being terminated"));
  const bool found = call.session.core().sessions.TerminateByPid(pid);
  if (!found) {
    call.session.Notice(Notice::Severity::kWarning, "01000",
                        fmt::format("PID {} is not a PostgreSQL backend process", pid));
  }
  return call.ReturnBool(found);
}

Status SleepUntil(SessionCall& call, int64_t until_us) {
  const sys::Clock& clock = call.session.core().clock;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable never;
  while (clock.MonotonicMicros() < until_us) {
    if (call.session.canceled().load()) {
      return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
    }
    const int64_t left_us = until_us - clock.MonotonicMicros();
    if (left_us <= 0) break;
    never.wait_for(lock, std::chrono::microseconds(std::min(left_us, kSleepStepMicros)));
  }
  return call.ReturnVoid();
}

Status Sleep(SessionCall& call) {
  const double seconds = call.As<double>(0);
  const int64_t now_us = call.session.core().clock.MonotonicMicros();
  return SleepUntil(call, now_us + static_cast<int64_t>(seconds * 1e6));
}

Status SleepFor(SessionCall& call) {
  const auto interval = call.As<Interval>(0);
  const int64_t days = interval.days + 30ll * interval.months;
  return SleepUntil(call, call.session.core().clock.MonotonicMicros() + interval.microseconds +
                              days * 86400000000ll);
}

Status SleepUntilTime(SessionCall& call) {
  const sys::Clock& clock = call.session.core().clock;
  const int64_t wait_us = call.As<int64_t>(0) - call.session.NowMicros();
  return SleepUntil(call, clock.MonotonicMicros() + std::max<int64_t>(wait_us, 0));
}

Status Notify(SessionCall& call) {
  HELIOS_TRY(QueueNotify(call.session, call.IsNull(0) ? "" : call.Text(0),
                         call.IsNull(1) ? "" : call.Text(1)));
  return call.ReturnVoid();
}

Status CurrentTransactionId(SessionCall& call) {
  return call.ReturnInt8(static_cast<int64_t>(call.session.txn().id().value()));
}
Status CurrentTransactionIdIfAssigned(SessionCall& call) {
  if (!call.session.txn().has_id()) return call.ReturnNull();
  return CurrentTransactionId(call);
}

// Only the own transaction's fate is known: of others there is no record that could be asked.
Status StatusOfTransaction(SessionCall& call) {
  const auto asked = call.As<int64_t>(0);
  const auto own = static_cast<int64_t>(call.session.txn().id().value());
  if (asked > own) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("transaction ID {} is in the future", asked);
  }
  if (asked < own) return call.ReturnNull();
  return call.ReturnText("in progress");
}

Status StartTime(SessionCall& call) {
  return call.ReturnInt8(call.session.core().start_unix_us - kSqlEpochUnixMicros);
}

Status False(SessionCall& call) { return call.ReturnBool(false); }
Status True(SessionCall& call) { return call.ReturnBool(true); }
Status ZeroFloat(SessionCall& call) { return call.ReturnFloat8(0); }
Status ZeroInt4(SessionCall& call) { return call.ReturnInt4(0); }
Status Nothing(SessionCall& call) { return call.ReturnVoid(); }

// An end of the connection; NULL when it is none of TCP.
Status ReturnAddress(SessionCall& call, const std::string& host) {
  if (host.empty()) return call.ReturnNull();
  HELIOS_TRY(const NetAddress address, ParseNetAddress(host, false));
  return call.ReturnText(EncodeNetAddress(address));
}
Status ReturnPort(SessionCall& call, const std::string& host, uint16_t port) {
  return host.empty() ? call.ReturnNull() : call.ReturnInt4(port);
}
Status ServerAddress(SessionCall& call) {
  return ReturnAddress(call, call.session.options().server_host);
}
Status ServerPort(SessionCall& call) {
  return ReturnPort(call, call.session.options().server_host, call.session.options().server_port);
}
Status ClientAddress(SessionCall& call) {
  return ReturnAddress(call, call.session.options().client_host);
}
Status ClientPort(SessionCall& call) {
  return ReturnPort(call, call.session.options().client_host, call.session.options().client_port);
}

Status CurrentXid(SessionCall& call) {
  return call.ReturnOid(hidb::XidOf(call.session.txn().id()));
}

Status CurrentOf(SessionCall& call) {
  HELIOS_TRY(const std::optional<std::string> key,
             CurrentRowKey(call.session, call.Text(0), call.AsOid(1), call.Text(2)));
  return key.has_value() ? call.ReturnText(*key) : call.ReturnNull();
}

}  // namespace

void AddBackendFunctions(SessionFunctionTable* table) {
  table->insert({{"pg_backend_pid", BackendPid},
                 {"pg_cancel_backend", CancelBackend},
                 {"pg_terminate_backend", TerminateBackend},
                 {"pg_sleep", Sleep},
                 {"pg_sleep_for", SleepFor},
                 {"pg_sleep_until", SleepUntilTime},
                 {"pg_notify", Notify},
                 {"txid_current", CurrentTransactionId},
                 {"txid_status", StatusOfTransaction},
                 {"pg_current_xact_id", CurrentTransactionId},
                 {"txid_current_if_assigned", CurrentTransactionIdIfAssigned},
                 {"pg_current_xact_id_if_assigned", CurrentTransactionIdIfAssigned},
                 {"pg_postmaster_start_time", StartTime},
                 {"pg_conf_load_time", StartTime},
                 {"pg_is_in_recovery", False},
                 {"pg_is_in_backup", False},
                 {"pg_is_wal_replay_paused", False},
                 {"pg_jit_available", False},
                 {"pg_reload_conf", True},
                 {"pg_notification_queue_usage", ZeroFloat},
                 {"pg_trigger_depth", ZeroInt4},
                 {"pg_stat_clear_snapshot", Nothing},
                 {"inet_server_addr", ServerAddress},
                 {"inet_server_port", ServerPort},
                 {"inet_client_addr", ClientAddress},
                 {"inet_client_port", ClientPort},
                 {"current_of", CurrentOf},
                 {"current_xid", CurrentXid}});
}

}  // namespace helios::compute
