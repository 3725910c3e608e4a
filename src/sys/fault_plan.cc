#include "sys/fault_plan.h"

namespace helios::sys {

int FailNth::Decide(FileOperation operation, std::string_view path, size_t* byte_count) {
  static_cast<void>(path);
  if ((kinds_ & FaultBit(operation)) == 0) return 0;
  if (!armed_.load(std::memory_order_relaxed)) return 0;
  const int64_t left = countdown_.fetch_sub(1, std::memory_order_relaxed);
  if (left > 1 || (left < 1 && !sticky_)) return 0;
  fired_.store(true, std::memory_order_relaxed);
  if (operation == FileOperation::kWrite) *byte_count /= 2;
  return error_;
}

}  // namespace helios::sys
