#include "exec/worker_pool.h"

#include <atomic>

namespace helios::exec {

// One call of Run. Helpers hold it too, since they may look at it after Run has returned.
struct WorkerPool::Job {
  size_t count = 0;
  const std::function<Status(size_t)>* work = nullptr;
  std::mutex mutex;
  std::condition_variable ended;
  size_t next = 0;  // Guarded by mutex, as are the two below.
  size_t running = 0;
  Status error;
};

WorkerPool::WorkerPool(size_t helper_count) {
  threads_.reserve(helper_count);
  for (size_t i = 0; i < helper_count; ++i) threads_.emplace_back("exec", [this] { Serve(); });
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  threads_.clear();
}

void WorkerPool::Work(Job& job) {
  std::unique_lock lock(job.mutex);
  while (job.next < job.count) {
    const size_t index = job.next++;
    ++job.running;
    lock.unlock();
    Status status = (*job.work)(index);
    lock.lock();
    --job.running;
    if (!status.ok()) {
      job.next = job.count;
      if (job.error.ok()) job.error = std::move(status);
    }
  }
  if (job.running == 0) job.ended.notify_all();
}

void WorkerPool::Serve() {
  while (true) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Work(*job);
  }
}

Status WorkerPool::Run(size_t count, const std::function<Status(size_t)>& work) {
  if (count == 0) return Status::Ok();
  if (count == 1) return work(0);
  auto job = std::make_shared<Job>();
  job->count = count;
  job->work = &work;
  const size_t help = std::min(count - 1, threads_.size());
  if (help > 0) {
    {
      std::lock_guard lock(mutex_);
      for (size_t i = 0; i < help; ++i) jobs_.push_back(job);
    }
    help == 1 ? work_.notify_one() : work_.notify_all();
  }
  Work(*job);
  std::unique_lock lock(job->mutex);
  job->ended.wait(lock, [&] { return job->running == 0; });
  return std::move(job->error);
}

}  // namespace helios::exec
