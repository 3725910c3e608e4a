#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace helios::sys {

// One thread that watches many descriptors, so that connections cost no thread while they are idle.
// Its callbacks must not block.
//
// Thread safety: all calls, from any thread, unless a call says otherwise.
class Reactor {
 public:
  enum class Event : uint8_t { kReadable, kTimeout };

  // A wait for one descriptor. Lifetime: ends before the reactor, and only while no wait is armed
  // or after Stop.
  class Watch {
   public:
    ~Watch();
    // Calls `callback` once, on the reactor's thread, when the descriptor can be read (or has ended
    // or failed) or at the monotonic deadline. By then the reactor has let go of the descriptor.
    // Requires: no wait is armed, and the descriptor stays open until the callback or Disarm.
    void Arm(int fd, int64_t deadline_us, std::function<void(Event)> callback);
    // Lets go of the descriptor; the callback will not be called. On the reactor's thread only.
    void Disarm();

   private:
    friend class Reactor;
    struct Impl;
    explicit Watch(std::shared_ptr<Impl> impl);
    // Shared with the waits in flight, which end after the watch.
    std::shared_ptr<Impl> impl_;
  };

  Reactor();
  ~Reactor();

  std::unique_ptr<Watch> NewWatch();
  // Runs `action` on the reactor's thread, after what was posted before it.
  void Post(std::function<void()> action);
  void PostAt(int64_t deadline_us, std::function<void()> action);
  // Drops all waits and what was posted; no callback runs once this returns. Not from a callback.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace helios::sys
