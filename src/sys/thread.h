#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace helios::sys {

// Processors that this process may use.
size_t ProcessorCount();
// Main memory that this process may use: the machine's, or the control group's limit when smaller.
uint64_t MachineMemoryBytes();

// A named thread, joined by the destructor.
class Thread {
 public:
  struct Options {
    std::string name;        // At most 15 characters are kept.
    size_t stack_bytes = 0;  // 0: the system's default.
  };
  Thread() = default;
  Thread(Options options, std::function<void()> body);
  Thread(std::string name, std::function<void()> body)
      : Thread(Options{.name = std::move(name)}, std::move(body)) {}
  ~Thread() { Join(); }
  Thread(Thread&& other) noexcept : handle_(other.handle_), joinable_(other.joinable_) {
    other.joinable_ = false;
  }
  Thread& operator=(Thread&& other) noexcept;

  void Join();

 private:
  uint64_t handle_ = 0;
  bool joinable_ = false;
};

// Threads that start when work waits and end when they were idle for a while. A task may block.
//
// Thread safety: all calls, from any thread; Stop and the destructor not from a task.
class ElasticPool {
 public:
  struct Options {
    std::string name;
    size_t thread_count_max = 64;
    int64_t idle_us = 10'000'000;
    size_t stack_bytes = 0;
  };
  explicit ElasticPool(Options options);
  ~ElasticPool();

  // Runs `task` on an idle thread, or a new one; when thread_count_max run already it waits its
  // turn, in order. An urgent task never waits: others may wait for what it will release, so it
  // gets a thread past the bound. Returns false after Stop.
  bool Submit(std::function<void()> task, bool urgent = false);
  // Takes no more tasks, runs those that wait, returns when all have ended.
  void Stop();

  size_t thread_count() const;

 private:
  void Run();
  void StartThread();

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable ended_;
  std::deque<std::function<void()>> tasks_;
  size_t thread_count_ = 0;
  size_t idle_count_ = 0;
  bool stopping_ = false;
};

}  // namespace helios::sys
