#include "protocol/pg/server.h"

#include "protocol/pg/internal/pg_connection.h"
#include "sys/randomness.h"

namespace helios::protocol::pg {
namespace {

// What a client gets that is turned away before it has said a word.
std::string RefusalMessage() {
  std::string out;
  ErrorInfo error;
  error.code = ErrorCode::kTooManyConnections;
  error.message = "too many clients are logging in";
  AppendError("FATAL", error, &out);
  return out;
}

}  // namespace

ServerMetrics::ServerMetrics()
    : connections(sys::Metrics().AddGauge("heliosdb_pg_connections",
                                          "Connections with a session, PostgreSQL protocol")),
      connections_total(sys::Metrics().AddCounter("heliosdb_pg_connections_total",
                                                  "Sessions opened, PostgreSQL protocol")),
      authentication_failures(sys::Metrics().AddCounter("heliosdb_pg_authentication_failures_total",
                                                        "Logins refused, PostgreSQL protocol")),
      statements(
          sys::Metrics().AddCounter("heliosdb_pg_statements_total", "Query and Execute messages")),
      errors(sys::Metrics().AddCounter("heliosdb_pg_errors_total", "Errors sent to clients")),
      received_bytes(sys::Metrics().AddCounter("heliosdb_pg_received_bytes_total",
                                               "Bytes received, PostgreSQL protocol")),
      sent_bytes(sys::Metrics().AddCounter("heliosdb_pg_sent_bytes_total",
                                           "Bytes sent, PostgreSQL protocol")),
      statement_seconds(sys::Metrics().AddHistogram("heliosdb_pg_statement_seconds",
                                                    "Duration of Query and Execute messages")) {}

Server::Server(compute::Engine& engine, ConnectionRunner& runner, ServerOptions options)
    : engine_(engine),
      runner_(runner),
      options_(options),
      mock_secret_(sys::SecureRandomBytes(32)) {}

Server::~Server() { StopListening(); }

void Server::Listen(sys::Reactor& reactor, std::vector<sys::ListeningSocket> sockets) {
  Listener::Options options{.keepalive = options_.keepalive,
                            .limits = options_.admission,
                            .login_timeout_us = options_.login_timeout_us,
                            .refusal = RefusalMessage()};
  listeners_.push_back(std::make_unique<Listener>(
      reactor, runner_, std::move(sockets), std::move(options),
      [this](sys::ListeningSocket::Accepted accepted, Admission::Ticket ticket,
             int64_t login_deadline_us) {
        return NewConnection(std::move(accepted), std::move(ticket), login_deadline_us);
      }));
}

uint16_t Server::port() const { return listeners_.empty() ? 0 : listeners_.front()->port(); }

void Server::StopListening() {
  for (const auto& listener : listeners_) listener->Stop();
  listeners_.clear();
}

std::shared_ptr<Connection> Server::NewConnection(sys::ListeningSocket::Accepted accepted,
                                                  Admission::Ticket ticket,
                                                  int64_t login_deadline_us) {
  return std::make_shared<PgConnection>(*this, std::move(accepted), std::move(ticket),
                                        login_deadline_us);
}

bool Server::TakePlace() {
  if (connection_count_.fetch_add(1) >= options_.connection_count_max) {
    connection_count_.fetch_sub(1);
    return false;
  }
  return true;
}

void Server::ReturnPlace() { connection_count_.fetch_sub(1); }

}  // namespace helios::protocol::pg
