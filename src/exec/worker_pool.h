#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"
#include "sys/thread.h"

namespace helios::exec {

// Threads that help queries. A query never depends on them: whoever asks for help works too and
// takes back what no helper has begun, so a busy pool costs speed, not progress.
//
// Thread safety: all calls, from any thread. Lifetime: outlives every execution that uses it.
class WorkerPool {
 public:
  // 0 helpers: everything runs on its caller.
  explicit WorkerPool(size_t helper_count);
  ~WorkerPool();

  size_t helper_count() const { return threads_.size(); }
  // Workers that a query may use: the helpers and the caller.
  size_t worker_count() const { return threads_.size() + 1; }

  // Runs work(0), ..., work(count - 1), each once, on the caller and on idle helpers, and returns
  // when all have ended. The first error stops work that has not begun and is the result.
  Status Run(size_t count, const std::function<Status(size_t)>& work);

 private:
  struct Job;
  static void Work(Job& job);
  void Serve();

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::shared_ptr<Job>> jobs_;  // Guarded by mutex_.
  bool stopping_ = false;                  // Guarded by mutex_.
  std::vector<sys::Thread> threads_;
};

}  // namespace helios::exec
