// pg_advisory_lock and its kind.

#include "compute/internal/functions/session_call.h"

namespace helios::compute {
namespace {

AdvisoryLocks::Key KeyOf(SessionCall& call) {
  if (call.argument_count() == 1) return {false, static_cast<uint64_t>(call.As<int64_t>(0))};
  const auto high = static_cast<uint32_t>(call.As<int32_t>(0));
  const auto low = static_cast<uint32_t>(call.As<int32_t>(1));
  return {true, uint64_t{high} << 32 | low};
}

// What the name says: pg_[try_]advisory_[xact_]lock[_shared].
template <bool kTry, bool kTransaction, bool kShared>
Status Lock(SessionCall& call) {
  // A lock of the transaction needs one that ends.
  if (kTransaction) call.session.EnsureTransaction();
  HELIOS_TRY(const bool locked,
             call.session.core().advisory_locks.Lock(
                 call.session.process_id(),
                 {.key = KeyOf(call),
                  .shared = kShared,
                  .of_transaction = kTransaction,
                  .wait = !kTry,
                  .timeout_us = call.session.settings().Integer("lock_timeout") * 1000,
                  .canceled = &call.session.canceled()}));
  return kTry ? call.ReturnBool(locked) : call.ReturnVoid();
}

template <bool kShared>
Status Unlock(SessionCall& call) {
  const bool unlocked =
      call.session.core().advisory_locks.Unlock(call.session.process_id(), KeyOf(call), kShared);
  if (!unlocked) {
    call.session.Notice(
        Notice::Severity::kWarning, "01000",
        fmt::format("you don't own a lock of type {}", kShared ? "ShareLock" : "ExclusiveLock"));
  }
  return call.ReturnBool(unlocked);
}

Status UnlockAll(SessionCall& call) {
  call.session.core().advisory_locks.UnlockSession(call.session.process_id());
  return call.ReturnVoid();
}

}  // namespace

void AddAdvisoryFunctions(SessionFunctionTable* table) {
  table->insert({{"pg_advisory_lock", Lock<false, false, false>},
                 {"pg_advisory_lock_shared", Lock<false, false, true>},
                 {"pg_advisory_xact_lock", Lock<false, true, false>},
                 {"pg_advisory_xact_lock_shared", Lock<false, true, true>},
                 {"pg_try_advisory_lock", Lock<true, false, false>},
                 {"pg_try_advisory_lock_shared", Lock<true, false, true>},
                 {"pg_try_advisory_xact_lock", Lock<true, true, false>},
                 {"pg_try_advisory_xact_lock_shared", Lock<true, true, true>},
                 {"pg_advisory_unlock", Unlock<false>},
                 {"pg_advisory_unlock_shared", Unlock<true>},
                 {"pg_advisory_unlock_all", UnlockAll}});
}

}  // namespace helios::compute
