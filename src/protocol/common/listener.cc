#include "protocol/common/listener.h"

#include <future>

#include "sys/log.h"
#include "sys/stream.h"

namespace helios::protocol {
namespace {

// Connections taken in one go, so that one busy port does not keep the others waiting.
constexpr int kAcceptsAtOnce = 64;
// Without descriptors the queue stays readable: look again after a while instead of spinning.
constexpr int64_t kExhaustedPauseUs = 100'000;

}  // namespace

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    Release();
    admission_ = std::move(other.admission_);
    address_ = std::move(other.address_);
  }
  return *this;
}

void Admission::Ticket::Release() {
  if (admission_ == nullptr) return;
  const std::shared_ptr<Admission> admission = std::move(admission_);
  const std::lock_guard lock(admission->mutex_);
  --admission->total_;
  const auto found = admission->by_address_.find(address_);
  if (--found->second == 0) admission->by_address_.erase(found);
}

Admission::Ticket Admission::Admit(const std::shared_ptr<Admission>& admission,
                                   const std::string& address) {
  const std::lock_guard lock(admission->mutex_);
  if (admission->total_ >= admission->limits_.total_max) return {};
  size_t& count = admission->by_address_[address];
  if (count >= admission->limits_.per_address_max) return {};
  ++count;
  ++admission->total_;
  return Ticket(admission, address);
}

struct Listener::State : std::enable_shared_from_this<State> {
  State(sys::Reactor& the_reactor, ConnectionRunner& the_runner, Options the_options,
        Factory the_factory)
      : reactor(the_reactor),
        runner(the_runner),
        options(std::move(the_options)),
        factory(std::move(the_factory)),
        admission(std::make_shared<Admission>(options.limits)) {}

  void Arm(size_t index) {
    watches[index]->Arm(
        sockets[index].fd(), sys::kNoDeadline,
        [self = shared_from_this(), index](sys::Reactor::Event) { self->AcceptWaiting(index); });
  }

  void AcceptWaiting(size_t index) {
    if (stopped) return;
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      sys::ListeningSocket::Accepted accepted;
      const auto outcome = sockets[index].Accept(options.keepalive, &accepted);
      if (outcome == sys::ListeningSocket::Outcome::kNone) break;
      if (outcome == sys::ListeningSocket::Outcome::kOutOfDescriptors) {
        sys::Log(sys::LogLevel::kWarning, "out of file descriptors: connections have to wait",
                 {{"address", sockets[index].address()}, {"port", sockets[index].port()}});
        reactor.PostAt(sys::SystemClock().MonotonicMicros() + kExhaustedPauseUs,
                       [self = shared_from_this(), index] {
                         if (!self->stopped) self->Arm(index);
                       });
        return;
      }
      StartOne(std::move(accepted));
    }
    Arm(index);
  }

  void StartOne(sys::ListeningSocket::Accepted accepted) {
    Admission::Ticket ticket = Admission::Admit(admission, accepted.peer.host);
    if (!ticket.valid()) {
      sys::Log(sys::LogLevel::kWarning, "connection refused: too many clients are logging in",
               {{"client", accepted.peer.ToString()}});
      // A fresh socket has room for these bytes; if not, the client just sees the end.
      sys::PlainStream stream(accepted.socket.fd());
      (void)stream.Write(options.refusal, 0).ok();
      return;
    }
    const int64_t deadline_us = sys::SystemClock().MonotonicMicros() + options.login_timeout_us;
    runner.Start(factory(std::move(accepted), std::move(ticket), deadline_us), deadline_us);
  }

  sys::Reactor& reactor;
  ConnectionRunner& runner;
  const Options options;
  const Factory factory;
  const std::shared_ptr<Admission> admission;
  std::vector<sys::ListeningSocket> sockets;
  std::vector<std::unique_ptr<sys::Reactor::Watch>> watches;
  bool stopped = false;  // Only touched on the reactor's thread.
};

Listener::Listener(sys::Reactor& reactor, ConnectionRunner& runner,
                   std::vector<sys::ListeningSocket> sockets, Options options, Factory factory)
    : port_(sockets.front().port()),
      state_(std::make_shared<State>(reactor, runner, std::move(options), std::move(factory))) {
  state_->sockets = std::move(sockets);
  for (size_t i = 0; i < state_->sockets.size(); ++i) {
    state_->watches.push_back(reactor.NewWatch());
  }
  for (size_t i = 0; i < state_->sockets.size(); ++i) state_->Arm(i);
}

Listener::~Listener() { Stop(); }

void Listener::Stop() {
  if (is_stopped_) return;
  is_stopped_ = true;
  std::promise<void> done;
  state_->reactor.Post([state = state_, &done] {
    state->stopped = true;
    for (const auto& watch : state->watches) watch->Disarm();
    state->sockets.clear();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace helios::protocol
