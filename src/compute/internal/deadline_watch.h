#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "sys/clock.h"
#include "sys/thread.h"

namespace helios::compute {

// Calls back when a deadline passes, from a thread of its own that runs once a deadline was set.
//
// Thread safety: all calls, from any thread.
class DeadlineWatch {
 public:
  explicit DeadlineWatch(const sys::Clock& clock) : clock_(clock) {}
  ~DeadlineWatch();

  // `on_deadline` must be quick and must not call back into the watch. Returns a non-zero id.
  uint64_t Start(int64_t delay_us, std::function<void()> on_deadline);
  // After this the callback does not run and is not running.
  void Stop(uint64_t id);

 private:
  void Run();

  const sys::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // By (deadline, id). Guarded by mutex_, as all below.
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> deadlines_;
  std::map<uint64_t, int64_t> by_id_;
  uint64_t next_id_ = 1;
  bool stopping_ = false;
  std::unique_ptr<sys::Thread> thread_;
};

}  // namespace helios::compute
