#include "protocol/common/connection.h"

#include <chrono>

namespace helios::protocol {

void Connection::Abort() {
  const std::lock_guard lock(mutex_);
  // A closed connection's descriptor may be another's by now.
  if (state_ != State::kClosed) socket_.Shutdown();
}

void Connection::Wake() {
  const std::lock_guard lock(mutex_);
  switch (state_) {
    case State::kNew:
    case State::kQueued:
      wake_pending_ = true;
      break;
    case State::kRunning:
      wake_pending_ = true;
      running_wake_->Signal();
      break;
    case State::kParked:
      state_ = State::kQueued;
      // The reactor lets go of the descriptor before a thread gets the connection.
      runner_->reactor_.Post([self = shared_from_this()] {
        self->watch_->Disarm();
        self->runner_->Enqueue(self, Reason::kWoken);
      });
      break;
    case State::kClosed:
      break;
  }
}

ConnectionRunner::ConnectionRunner(sys::Reactor& reactor, Options options)
    : reactor_(reactor),
      pool_({.name = "session",
             .thread_count_max = options.thread_count_max,
             .stack_bytes = options.stack_bytes}) {}

ConnectionRunner::~ConnectionRunner() { Stop(); }

void ConnectionRunner::Start(std::shared_ptr<Connection> connection, int64_t deadline_us) {
  Connection& started = *connection;
  started.runner_ = this;
  started.watch_ = reactor_.NewWatch();
  {
    const std::lock_guard lock(mutex_);
    connections_.emplace(&started, std::move(connection));
  }
  const std::lock_guard lock(started.mutex_);
  ParkLocked(started, deadline_us);
}

void ConnectionRunner::ParkLocked(Connection& connection, int64_t deadline_us) {
  connection.state_ = Connection::State::kParked;
  // Armed under the lock: a Wake that follows finds the wait in the reactor's queue before its own
  // action.
  connection.watch_->Arm(connection.socket_.fd(), deadline_us,
                         [this, self = connection.shared_from_this()](sys::Reactor::Event event) {
                           {
                             const std::lock_guard lock(self->mutex_);
                             if (self->state_ != Connection::State::kParked)
                               return;  // Wake was first.
                             self->state_ = Connection::State::kQueued;
                           }
                           Enqueue(self, event == sys::Reactor::Event::kReadable
                                             ? Connection::Reason::kReadable
                                             : Connection::Reason::kTimeout);
                         });
}

void ConnectionRunner::Enqueue(std::shared_ptr<Connection> connection, Connection::Reason reason) {
  Connection& queued = *connection;
  const bool accepted =
      pool_.Submit([this, connection = std::move(connection), reason] { Run(connection, reason); },
                   queued.urgent_);
  if (!accepted) Forget(queued);
}

void ConnectionRunner::Run(const std::shared_ptr<Connection>& connection,
                           Connection::Reason reason) {
  static thread_local sys::WakeEvent wake;
  wake.Clear();
  {
    const std::lock_guard lock(connection->mutex_);
    connection->state_ = Connection::State::kRunning;
    connection->running_wake_ = &wake;
    connection->wake_pending_ = false;
  }
  while (true) {
    const Connection::Next next = connection->Serve(reason, wake);
    const std::lock_guard lock(connection->mutex_);
    if (next.close) {
      connection->running_wake_ = nullptr;
      break;
    }
    if (connection->wake_pending_) {
      connection->wake_pending_ = false;
      wake.Clear();
      reason = Connection::Reason::kWoken;
      continue;
    }
    connection->running_wake_ = nullptr;
    connection->urgent_ = next.urgent;
    ParkLocked(*connection, next.deadline_us);
    return;
  }
  Forget(*connection);
}

void ConnectionRunner::Forget(Connection& connection) {
  {
    const std::lock_guard lock(connection.mutex_);
    connection.state_ = Connection::State::kClosed;
  }
  std::shared_ptr<Connection> last;  // Dies outside the lock.
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  last = std::move(found->second);
  connections_.erase(found);
  if (connections_.empty()) changed_.notify_all();
}

std::vector<std::shared_ptr<Connection>> ConnectionRunner::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [pointer, connection] : connections_) all.push_back(connection);
  return all;
}

void ConnectionRunner::AskAllToEnd(const Status& reason) {
  for (const auto& connection : All()) connection->AskToEnd(reason);
}

void ConnectionRunner::CancelAllStatements() {
  for (const auto& connection : All()) connection->CancelStatement();
}

void ConnectionRunner::AbortAll() {
  for (const auto& connection : All()) {
    connection->Abort();
    connection->Wake();
  }
}

size_t ConnectionRunner::connection_count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

bool ConnectionRunner::WaitUntilEmpty(int64_t deadline_us) {
  std::unique_lock lock(mutex_);
  const auto deadline =
      std::chrono::steady_clock::time_point(std::chrono::microseconds(deadline_us));
  return changed_.wait_until(lock, deadline, [this] { return connections_.empty(); });
}

void ConnectionRunner::Stop() {
  AbortAll();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return connections_.empty(); });
  }
  pool_.Stop();
}

}  // namespace helios::protocol
