#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace helios::sys {

enum class FileOperation : uint8_t {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kSyncDirectory,
  kRename,
  kRemove,
  kCreateDirectory,
  kAllocate,
};

// Decides which file operations fail: tests pass one to what opens files. Production passes none.
//
// Thread safety: implementations are called from any thread.
class FaultPlan {
 public:
  virtual ~FaultPlan() = default;
  // The errno that the operation fails with, or 0. For a write, `*byte_count` may be lowered: that
  // many bytes reach the file before the error (a short write).
  virtual int Decide(FileOperation operation, std::string_view path, size_t* byte_count) = 0;
};

// Fails the k-th operation of the chosen kinds (and, if `sticky`, every later one) with `error`.
class FailNth final : public FaultPlan {
 public:
  // `kinds` is a bit set: 1 << FileOperation.
  FailNth(uint32_t kinds, int64_t k, int error, bool sticky)
      : kinds_(kinds), countdown_(k), error_(error), sticky_(sticky) {}
  int Decide(FileOperation operation, std::string_view path, size_t* byte_count) override;
  // Lets everything succeed from now on.
  void Disarm() { armed_.store(false, std::memory_order_relaxed); }
  void Arm() { armed_.store(true, std::memory_order_relaxed); }
  bool fired() const { return fired_.load(std::memory_order_relaxed); }

 private:
  const uint32_t kinds_;
  std::atomic<int64_t> countdown_;
  const int error_;
  const bool sticky_;
  std::atomic<bool> armed_{true};
  std::atomic<bool> fired_{false};
};

constexpr uint32_t FaultBit(FileOperation operation) {
  return uint32_t{1} << static_cast<uint32_t>(operation);
}

}  // namespace helios::sys
