#include "compute/internal/engine_core.h"
#include "compute/internal/session_impl.h"
#include "sys/crypto.h"
#include "sys/randomness.h"

namespace helios::compute {

Status SessionRegistry::Add(SessionImpl* session, size_t session_count_max) {
  std::lock_guard lock(mutex_);
  if (sessions_.size() >= session_count_max) {
    return Error(ErrorCode::kTooManyConnections).Message("sorry, too many clients already");
  }
  while (sessions_.find(next_process_id_) != sessions_.end()) ++next_process_id_;
  session->set_identity(next_process_id_, sys::SecureRandom32());
  sessions_[next_process_id_++] = session;
  if (next_process_id_ < 1000) next_process_id_ = 1000;  // After an overflow.
  return Status::Ok();
}

void SessionRegistry::Remove(SessionImpl* session) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session->process_id());
  if (found != sessions_.end() && found->second == session) sessions_.erase(found);
}

void SessionRegistry::Cancel(int32_t process_id, uint32_t secret_key) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(process_id);
  if (found == sessions_.end()) return;
  const uint32_t expected = found->second->secret_key();
  const auto bytes = [](const uint32_t& key) {
    return std::string_view(reinterpret_cast<const char*>(&key), sizeof(key));
  };
  if (sys::ConstantTimeEqual(bytes(expected), bytes(secret_key))) found->second->Cancel();
}

bool SessionRegistry::CancelByPid(int32_t process_id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(process_id);
  if (found == sessions_.end()) return false;
  found->second->Cancel();
  return true;
}

bool SessionRegistry::TerminateByPid(int32_t process_id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(process_id);
  if (found == sessions_.end()) return false;
  found->second->Terminate(Error(ErrorCode::kAdminShutdown)
                               .Message("terminating connection due to administrator command"));
  return true;
}

Oid SessionRegistry::RoleOf(int32_t process_id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(process_id);
  return found == sessions_.end() ? kInvalidOid : found->second->GetActivity().role;
}

std::vector<Activity> SessionRegistry::Activities() {
  std::lock_guard lock(mutex_);
  std::vector<Activity> activities;
  for (const auto& [process_id, session] : sessions_) activities.push_back(session->GetActivity());
  return activities;
}

void SessionRegistry::Deliver(const std::vector<Notification>& notifications) {
  std::lock_guard lock(mutex_);
  for (const auto& [process_id, session] : sessions_) session->Notify(notifications);
}

}  // namespace helios::compute
