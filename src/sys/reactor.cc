#include "sys/reactor.h"

// ThreadSanitizer does not know fences, which Asio only needs to save on locks.
#ifdef __SANITIZE_THREAD__
#define BOOST_ASIO_DISABLE_FENCED_BLOCK 1
#endif

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "sys/clock.h"
#include "sys/thread.h"

namespace helios::sys {
namespace {

namespace asio = boost::asio;

// The steady clock is CLOCK_MONOTONIC, as Clock::MonotonicMicros is.
std::chrono::steady_clock::time_point TimePoint(int64_t deadline_us) {
  return std::chrono::steady_clock::time_point(std::chrono::microseconds(deadline_us));
}

}  // namespace

struct Reactor::Impl {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  Thread thread;
};

struct Reactor::Watch::Impl : std::enable_shared_from_this<Impl> {
  explicit Impl(asio::io_context& context) : io(context), descriptor(context), timer(context) {}

  // All of these on the reactor's thread.
  void Start(int fd, int64_t deadline_us, std::function<void(Event)> wanted) {
    HELIOS_CHECK(callback == nullptr);
    callback = std::move(wanted);
    const uint64_t this_wait = ++wait_number;
    descriptor.assign(fd);
    descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                          [self = shared_from_this(), this_wait](boost::system::error_code) {
                            self->Finish(this_wait, Event::kReadable);
                          });
    if (deadline_us == kNoDeadline) return;
    timer.expires_at(TimePoint(deadline_us));
    timer.async_wait([self = shared_from_this(), this_wait](boost::system::error_code error) {
      if (!error) self->Finish(this_wait, Event::kTimeout);
    });
  }

  void Finish(uint64_t this_wait, Event event) {
    // A wait that was disarmed, or that the other of the two handlers has finished.
    if (this_wait != wait_number || callback == nullptr) return;
    const std::function<void(Event)> wanted = Release();
    wanted(event);
  }

  std::function<void(Event)> Release() {
    ++wait_number;
    if (descriptor.is_open()) descriptor.release();
    timer.cancel();
    return std::exchange(callback, nullptr);
  }

  asio::io_context& io;
  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  std::function<void(Event)> callback;
  uint64_t wait_number = 0;
};

Reactor::Watch::Watch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Reactor::Watch::~Watch() {
  // The descriptor is not ours to close.
  if (impl_->descriptor.is_open()) impl_->descriptor.release();
}

void Reactor::Watch::Arm(int fd, int64_t deadline_us, std::function<void(Event)> callback) {
  asio::post(impl_->io, [impl = impl_, fd, deadline_us, callback = std::move(callback)]() mutable {
    impl->Start(fd, deadline_us, std::move(callback));
  });
}

void Reactor::Watch::Disarm() { impl_->Release(); }

Reactor::Reactor() : impl_(std::make_unique<Impl>()) {
  impl_->thread = Thread("reactor", [this] { impl_->io.run(); });
}

Reactor::~Reactor() { Stop(); }

std::unique_ptr<Reactor::Watch> Reactor::NewWatch() {
  return std::unique_ptr<Watch>(new Watch(std::make_shared<Watch::Impl>(impl_->io)));
}

void Reactor::Post(std::function<void()> action) { asio::post(impl_->io, std::move(action)); }

void Reactor::PostAt(int64_t deadline_us, std::function<void()> action) {
  asio::post(impl_->io, [this, deadline_us, action = std::move(action)]() mutable {
    auto timer = std::make_shared<asio::steady_timer>(impl_->io, TimePoint(deadline_us));
    timer->async_wait([timer, action = std::move(action)](boost::system::error_code error) {
      if (!error) action();
    });
  });
}

void Reactor::Stop() {
  impl_->io.stop();
  impl_->thread.Join();
}

}  // namespace helios::sys
