#include "sys/thread.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/check.h"

namespace helios::sys {
namespace {

struct Start {
  std::string name;
  std::function<void()> body;
};

void* RunThread(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  pthread_setname_np(pthread_self(), start->name.substr(0, 15).c_str());
  start->body();
  return nullptr;
}

// The first number in a control group file; 0 when there is none ("max").
uint64_t ReadNumber(const char* path) {
  FILE* file = std::fopen(path, "re");
  if (file == nullptr) return 0;
  unsigned long long number = 0;
  if (std::fscanf(file, "%llu", &number) != 1) number = 0;
  std::fclose(file);
  return number;
}

}  // namespace

size_t ProcessorCount() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
}

uint64_t MachineMemoryBytes() {
  uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                   static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const uint64_t limit = ReadNumber(path);
    if (limit != 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

Thread::Thread(Options options, std::function<void()> body) {
  pthread_attr_t attributes;
  HELIOS_CHECK(pthread_attr_init(&attributes) == 0);
  if (options.stack_bytes != 0) {
    HELIOS_CHECK(pthread_attr_setstacksize(&attributes, options.stack_bytes) == 0);
  }
  auto start = std::make_unique<Start>(Start{std::move(options.name), std::move(body)});
  pthread_t handle;
  // Without threads nothing can be served and nothing can be said: the process ends.
  HELIOS_CHECK(pthread_create(&handle, &attributes, RunThread, start.get()) == 0);
  start.release();  // RunThread owns it now.
  pthread_attr_destroy(&attributes);
  handle_ = handle;
  joinable_ = true;
}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this != &other) {
    Join();
    handle_ = other.handle_;
    joinable_ = std::exchange(other.joinable_, false);
  }
  return *this;
}

void Thread::Join() {
  if (!joinable_) return;
  HELIOS_CHECK(pthread_join(handle_, nullptr) == 0);
  joinable_ = false;
}

ElasticPool::ElasticPool(Options options) : options_(std::move(options)) {
  HELIOS_CHECK(options_.thread_count_max > 0);
}

ElasticPool::~ElasticPool() { Stop(); }

bool ElasticPool::Submit(std::function<void()> task, bool urgent) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  if (urgent) {
    tasks_.push_front(std::move(task));
  } else {
    tasks_.push_back(std::move(task));
  }
  if (idle_count_ >= tasks_.size()) {
    work_.notify_one();
  } else if (thread_count_ < options_.thread_count_max || urgent) {
    StartThread();
  }
  return true;
}

void ElasticPool::StartThread() {
  pthread_attr_t attributes;
  HELIOS_CHECK(pthread_attr_init(&attributes) == 0);
  HELIOS_CHECK(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
  if (options_.stack_bytes != 0) {
    HELIOS_CHECK(pthread_attr_setstacksize(&attributes, options_.stack_bytes) == 0);
  }
  auto start = std::make_unique<Start>(Start{options_.name, [this] { Run(); }});
  pthread_t handle;
  if (pthread_create(&handle, &attributes, RunThread, start.get()) == 0) {
    start.release();
    ++thread_count_;
  } else {
    // Out of threads: those that run will take the task. With none at all nobody ever would.
    HELIOS_CHECK(thread_count_ > 0);
  }
  pthread_attr_destroy(&attributes);
}

void ElasticPool::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (tasks_.empty()) {
      if (stopping_) break;
      ++idle_count_;
      const bool woken = work_.wait_for(lock, std::chrono::microseconds(options_.idle_us),
                                        [this] { return stopping_ || !tasks_.empty(); });
      --idle_count_;
      if (!woken) break;
      continue;
    }
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // What it holds dies outside the lock.
    lock.lock();
  }
  --thread_count_;
  // Under the lock: the pool may be gone as soon as the last thread is known to have ended.
  if (thread_count_ == 0) ended_.notify_all();
}

void ElasticPool::Stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  work_.notify_all();
  ended_.wait(lock, [this] { return thread_count_ == 0; });
}

size_t ElasticPool::thread_count() const {
  const std::lock_guard lock(mutex_);
  return thread_count_;
}

}  // namespace helios::sys
