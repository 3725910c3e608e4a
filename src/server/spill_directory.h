#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "exec/spill.h"

namespace helios::server {

// Puts what queries spill into nameless files of one directory: they vanish with the query, or with
// the process. Thread safety: all calls, from any thread. Lifetime: outlives its files.
class SpillDirectory final : public exec::SpillArea {
 public:
  // Makes the directory where it is missing.
  static Result<std::unique_ptr<SpillDirectory>> Open(std::string path);
  Result<std::unique_ptr<exec::SpillFile>> Create() override;

  // Spilled since the start.
  uint64_t spilled_bytes() const { return spilled_bytes_.load(std::memory_order_relaxed); }

 private:
  friend class DiskSpillFile;
  explicit SpillDirectory(std::string path) : path_(std::move(path)) {}
  const std::string path_;
  std::atomic<uint64_t> spilled_bytes_{0};
};

}  // namespace helios::server
