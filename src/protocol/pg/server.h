#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compute/session.h"
#include "protocol/common/connection.h"
#include "protocol/common/listener.h"
#include "sys/metrics.h"
#include "sys/tls.h"

namespace helios::protocol::pg {

enum class AuthMethod : uint8_t { kTrust, kScram };

struct ServerOptions {
  AuthMethod auth = AuthMethod::kScram;
  const sys::TlsContext* tls =
      nullptr;               // Null: no encryption on offer. Its ALPN name: "postgresql".
  bool require_tls = false;  // Of clients that come over a network.
  size_t connection_count_max = 10'000;
  int64_t login_timeout_us = 60 * sys::kMicrosPerSecond;
  // How long an active connection keeps its thread while its client thinks.
  int64_t linger_us = 100'000;
  Admission::Limits admission;
  sys::KeepaliveOptions keepalive;
};

struct ServerMetrics {
  ServerMetrics();
  sys::Gauge& connections;
  sys::Counter& connections_total;
  sys::Counter& authentication_failures;
  sys::Counter& statements;
  sys::Counter& errors;
  sys::Counter& received_bytes;
  sys::Counter& sent_bytes;
  sys::Histogram& statement_seconds;
};

// PostgreSQL's wire protocol on a set of sockets.
//
// Thread safety: all calls, from any thread. Lifetime: engine, TLS context, reactor and runner
// outlive it; it outlives its connections (stop the runner first).
class Server {
 public:
  Server(compute::Engine& engine, ConnectionRunner& runner, ServerOptions options);
  ~Server();

  void Listen(sys::Reactor& reactor, std::vector<sys::ListeningSocket> sockets);
  // 0 before Listen.
  uint16_t port() const;
  void StopListening();

  // A connection that nobody runs yet: for tests and for Listen.
  std::shared_ptr<Connection> NewConnection(sys::ListeningSocket::Accepted accepted,
                                            Admission::Ticket ticket, int64_t login_deadline_us);

  compute::Engine& engine() { return engine_; }
  const ServerOptions& options() const { return options_; }
  const ServerMetrics& metrics() const { return metrics_; }
  // Secret of this process, for mock authentication.
  const std::string& mock_secret() const { return mock_secret_; }

  // A place among connection_count_max; false when there is none.
  bool TakePlace();
  void ReturnPlace();

 private:
  compute::Engine& engine_;
  ConnectionRunner& runner_;
  const ServerOptions options_;
  const ServerMetrics metrics_;
  const std::string mock_secret_;
  std::atomic<size_t> connection_count_{0};
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace helios::protocol::pg
