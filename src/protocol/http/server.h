#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "protocol/common/connection.h"
#include "protocol/common/listener.h"
#include "protocol/http/router.h"

namespace helios::protocol::http {

struct ServerOptions {
  size_t header_bytes_max = 16 * 1024;
  size_t body_bytes_max = 1 << 20;
  // From the first byte of a request to its last, and for taking the response.
  int64_t request_timeout_us = 10 * sys::kMicrosPerSecond;
  // Between two requests of a connection.
  int64_t keep_alive_us = 60 * sys::kMicrosPerSecond;
  Admission::Limits limits{.total_max = 1024, .per_address_max = 256};
};

// HTTP/1.1 without encryption, for operators and their tools on a network they trust.
//
// Lifetime: router, reactor and runner outlive it; it outlives its connections.
class Server {
 public:
  Server(const Router& router, ConnectionRunner& runner, ServerOptions options)
      : router_(router), runner_(runner), options_(options) {}
  ~Server();

  void Listen(sys::Reactor& reactor, std::vector<sys::ListeningSocket> sockets);
  uint16_t port() const;
  void StopListening();

  // A connection that nobody runs yet.
  std::shared_ptr<Connection> NewConnection(sys::ListeningSocket::Accepted accepted,
                                            Admission::Ticket ticket);
  const Router& router() const { return router_; }
  const ServerOptions& options() const { return options_; }

 private:
  const Router& router_;
  ConnectionRunner& runner_;
  const ServerOptions options_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace helios::protocol::http
