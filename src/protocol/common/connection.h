#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/status.h"
#include "sys/clock.h"
#include "sys/net.h"
#include "sys/reactor.h"
#include "sys/thread.h"

namespace helios::protocol {

class ConnectionRunner;

// A client's connection: it has a thread while it is served and none while it is parked, waiting
// for the client's next bytes.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class Reason : uint8_t {
    kReadable,  // Bytes have arrived, or the client has left.
    kTimeout,   // The deadline that Park named.
    kWoken,     // Wake was called.
  };
  struct Next {
    bool close = false;
    int64_t deadline_us = sys::kNoDeadline;  // Of the wait, when parked.
    // Others may wait for this connection (it holds a transaction open): it gets a thread past the
    // bound.
    bool urgent = false;
  };
  static Next Park(int64_t deadline_us, bool urgent) { return {false, deadline_us, urgent}; }
  static Next Close() { return {.close = true}; }

  explicit Connection(sys::Socket socket) : socket_(std::move(socket)) {}
  virtual ~Connection() = default;

  // Serves until there is nothing to do (no bytes wait, also not in buffers) or the connection is
  // over. Runs on one thread at a time. `wake` interrupts what the connection waits for; clear it,
  // then look.
  virtual Next Serve(Reason reason, sys::WakeEvent& wake) = 0;
  // Asks the connection to end soon, with this error for the client. Any thread; calls Wake.
  virtual void AskToEnd(const Status& reason) = 0;
  // Ends the statement that runs, if one does. Any thread.
  virtual void CancelStatement() {}
  // Ends what it waits for right now: its reads and writes fail. Any thread.
  void Abort();
  // Has Serve called soon, or, while it runs, signals its wake event. Any thread.
  void Wake();

 protected:
  const sys::Socket& socket() const { return socket_; }
  void DiscardReceived() { socket_.DiscardReceived(); }

 private:
  friend class ConnectionRunner;
  enum class State : uint8_t { kNew, kQueued, kRunning, kParked, kClosed };

  sys::Socket socket_;
  ConnectionRunner* runner_ = nullptr;
  std::unique_ptr<sys::Reactor::Watch> watch_;
  std::mutex mutex_;  // Innermost: held for no call but the event's, the watch's and the reactor's.
  State state_ = State::kNew;
  bool wake_pending_ = false;
  bool urgent_ = false;
  sys::WakeEvent* running_wake_ = nullptr;
};

// Serves connections on a bounded number of threads, and watches the parked ones.
//
// Thread safety: all calls, from any thread. Lifetime: outlives its connections' threads: call Stop
// before the end; the reactor outlives it.
class ConnectionRunner {
 public:
  struct Options {
    size_t thread_count_max = 1024;
    size_t stack_bytes = size_t{16} << 20;
  };
  ConnectionRunner(sys::Reactor& reactor, Options options);
  ~ConnectionRunner();

  // Parks the new connection until its client speaks or `deadline_us` comes.
  void Start(std::shared_ptr<Connection> connection, int64_t deadline_us);

  void AskAllToEnd(const Status& reason);
  void CancelAllStatements();
  void AbortAll();
  size_t connection_count() const;
  size_t thread_count() const { return pool_.thread_count(); }
  // Whether no connection is left before the monotonic deadline.
  bool WaitUntilEmpty(int64_t deadline_us);
  // Aborts what is left and waits for its threads. Requires: nothing is started any more.
  void Stop();

 private:
  friend class Connection;
  void Enqueue(std::shared_ptr<Connection> connection, Connection::Reason reason);
  void Run(const std::shared_ptr<Connection>& connection, Connection::Reason reason);
  // Requires: the connection's mutex is held.
  void ParkLocked(Connection& connection, int64_t deadline_us);
  void Forget(Connection& connection);
  std::vector<std::shared_ptr<Connection>> All() const;

  sys::Reactor& reactor_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  sys::ElasticPool pool_;
};

}  // namespace helios::protocol
