#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/common/connection.h"
#include "sys/net.h"
#include "sys/reactor.h"

namespace helios::protocol {

// Counts clients that have not said who they are yet, in all and by address, so that nobody can
// fill the server with half-open connections.
//
// Thread safety: all calls, from any thread.
class Admission {
 public:
  struct Limits {
    size_t total_max = 1024;
    size_t per_address_max = 256;
  };
  explicit Admission(Limits limits) : limits_(limits) {}

  // A place among the unknown; given back when the ticket dies.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(std::shared_ptr<Admission> admission, std::string address)
        : admission_(std::move(admission)), address_(std::move(address)) {}
    Ticket(Ticket&&) = default;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { Release(); }
    bool valid() const { return admission_ != nullptr; }
    void Release();

   private:
    // Shared: a connection may outlive its listener.
    std::shared_ptr<Admission> admission_;
    std::string address_;
  };
  // Invalid when there is no place left.
  static Ticket Admit(const std::shared_ptr<Admission>& admission, const std::string& address);

 private:
  const Limits limits_;
  std::mutex mutex_;
  size_t total_ = 0;
  std::unordered_map<std::string, size_t> by_address_;
};

// Accepts connections on the reactor's thread and starts them.
//
// Thread safety: none; not to be stopped on the reactor's thread. Lifetime: reactor and runner
// outlive it. Requires: at least one socket.
class Listener {
 public:
  struct Options {
    sys::KeepaliveOptions keepalive;
    Admission::Limits limits;
    // The first word is the client's: this long may it take before Serve is called with kTimeout.
    int64_t login_timeout_us = 60 * sys::kMicrosPerSecond;
    std::string refusal;  // What a client without a ticket gets before its connection is closed.
  };
  using Factory = std::function<std::shared_ptr<Connection>(sys::ListeningSocket::Accepted accepted,
                                                            Admission::Ticket ticket,
                                                            int64_t login_deadline_us)>;

  Listener(sys::Reactor& reactor, ConnectionRunner& runner,
           std::vector<sys::ListeningSocket> sockets, Options options, Factory factory);
  ~Listener();

  uint16_t port() const { return port_; }
  // Accepts nothing more; the sockets are closed when this returns. Before the reactor stops.
  void Stop();

 private:
  struct State;
  const uint16_t port_;
  bool is_stopped_ = false;
  // Shared with the reactor's callbacks.
  std::shared_ptr<State> state_;
};

}  // namespace helios::protocol
