#pragma once

#include <semaphore.h>

namespace helios::sys {

// A counting semaphore that sleeps at once: the standard library's yields a few times before, and
// takes the processor from those with work that way.
//
// Thread safety: all calls, from any thread. It may be destroyed as soon as the last Acquire has
// returned, though the Release that let it return has not: the system touches it no more.
class Semaphore {
 public:
  Semaphore() { sem_init(&semaphore_, /*pshared=*/0, /*value=*/0); }
  ~Semaphore() { sem_destroy(&semaphore_); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Waits for a Release that no other Acquire has had.
  void Acquire() {
    while (sem_wait(&semaphore_) != 0) {
    }
  }
  void Release() { sem_post(&semaphore_); }

 private:
  sem_t semaphore_;
};

}  // namespace helios::sys
