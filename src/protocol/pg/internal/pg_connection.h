#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "compute/session.h"
#include "protocol/common/connection.h"
#include "protocol/common/listener.h"
#include "protocol/pg/channel.h"
#include "protocol/pg/messages.h"
#include "protocol/pg/server.h"
#include "protocol/pg/sink.h"

namespace helios::protocol::pg {

// One client of PostgreSQL's protocol: start-up and authentication (startup.cc), then messages
// (pg_connection.cc, extended_query.cc) until it leaves or is sent away.
class PgConnection final : public Connection, public compute::SessionObserver {
 public:
  PgConnection(Server& server, sys::ListeningSocket::Accepted accepted, Admission::Ticket ticket,
               int64_t login_deadline_us);
  ~PgConnection() override;

  Next Serve(Reason reason, sys::WakeEvent& wake) override;
  void AskToEnd(const Status& reason) override;
  void CancelStatement() override;

  void OnNotification() override { Wake(); }
  void OnTerminate(Status reason) override;

 private:
  // --- start-up: an error is sent as FATAL. A false result: closed without a word.
  Result<bool> StartUp();
  Result<bool> NegotiateEncryption(StartupPacket* packet);
  Result<bool> AcceptTls();
  Result<Channel::Incoming> ReadOrEnd(Result<Channel::Incoming> (Channel::*read)(int64_t));
  Status CheckStartup(const StartupPacket& packet, compute::SessionOptions* options);
  Status Authenticate(const std::string& user);
  Status AuthenticateScram(const std::string& user);
  Result<std::string> ReadSasl();
  Status OpenSession(const compute::SessionOptions& options);

  // --- messages
  Next ServeMessages(Reason reason);
  // Handles one message; false when the connection is over.
  bool Dispatch(char type, std::string_view body);
  bool SimpleQuery(std::string_view body);
  bool Sync();
  // Runs one extended-query message.
  bool Extended(char type, std::string_view body);
  Status HandleExtended(char type, std::string_view body);
  Status Parse(std::string_view body);
  Status Bind(std::string_view body);
  Status Describe(std::string_view body);
  Status Execute(std::string_view body);
  Status CloseTarget(std::string_view body);
  Result<std::vector<Value>> DecodeParameters(const BindMessage& message,
                                              const std::vector<Oid>& types) const;
  Status CheckResultFormats(const BindMessage& message);
  const std::vector<int16_t>& FormatsOf(std::string_view portal) const;

  // ReadyForQuery, with what has to be told before it.
  void Ready();
  void SendNotifications();
  void SendError(const Status& status);
  // The last words.
  void SendFatal(const Status& status);
  // Why the connection has to end, once it was asked to.
  Status EndReason();
  PgSink MakeSink(std::span<const int16_t> formats);
  // Whether a client outside a transaction is between two requests.
  bool IsIdle() const;
  void Leave();

  Server& server_;
  const sys::PeerAddress peer_;
  Admission::Ticket ticket_;
  const int64_t login_deadline_us_;
  Channel channel_;
  sys::WakeEvent* wake_ = nullptr;
  std::unique_ptr<compute::Session> session_;
  bool has_place_ = false;
  bool is_broken_ = false;  // The client is gone or out of step.
  bool skip_until_sync_ = false;
  bool in_extended_ = false;  // Between an extended message and its Sync.
  int64_t idle_since_us_ = 0;
  uint64_t counted_received_ = 0;
  uint64_t counted_sent_ = 0;
  // Result formats of portals that ask for more than text.
  std::unordered_map<std::string, std::vector<int16_t>> portal_formats_;

  std::atomic<bool> is_ending_{false};
  std::atomic<bool> is_canceled_{false};  // Ending, and what runs is not to be finished.
  // Set once there is a session: an end before that is abrupt.
  std::atomic<bool> is_started_{false};
  std::mutex end_mutex_;
  Status end_reason_;
  compute::Session* cancelable_ = nullptr;  // session_, as other threads may see it.
};

}  // namespace helios::protocol::pg
