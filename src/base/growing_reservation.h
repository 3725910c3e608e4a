#pragma once

#include "base/memory.h"

namespace helios {

// Counts what is added bit by bit to something that lives on, reserving in larger steps.
//
// Thread safety: none.
class GrowingReservation {
 public:
  explicit GrowingReservation(MemoryTracker* tracker) : reservation_(tracker) {}

  // On error (53200) nothing is counted.
  Status Add(size_t bytes) {
    if (used_bytes_ + bytes > reservation_.bytes()) {
      HELIOS_TRY(reservation_.Resize(used_bytes_ + bytes + kStepBytes));
    }
    used_bytes_ += bytes;
    return Status::Ok();
  }
  void Clear() {
    reservation_.ReleaseAll();
    used_bytes_ = 0;
  }

 private:
  static constexpr size_t kStepBytes = 64 << 10;
  MemoryReservation reservation_;
  size_t used_bytes_ = 0;
};

}  // namespace helios
