#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios::exec {

// Scratch bytes of one operator, gone with the object. Thread safety: none.
class SpillFile {
 public:
  virtual ~SpillFile() = default;
  // kDiskFull (53100) or kIoError; the file must not be used afterwards.
  virtual Status Append(std::string_view bytes) = 0;
  // Replaces `out` by exactly `byte_count` bytes from `offset`.
  virtual Status Read(uint64_t offset, size_t byte_count, std::string* out) = 0;
  virtual uint64_t size() const = 0;
};

// Where operators put what does not fit into memory. Thread safety: all calls, from any thread.
class SpillArea {
 public:
  virtual ~SpillArea() = default;
  virtual Result<std::unique_ptr<SpillFile>> Create() = 0;
};

// Files without a name in a directory: they vanish with the process, however it ends.
class FileSpillArea : public SpillArea {
 public:
  explicit FileSpillArea(std::string directory) : directory_(std::move(directory)) {}
  // The directory is created when it is first needed.
  Result<std::unique_ptr<SpillFile>> Create() override;

 private:
  const std::string directory_;
};

// Keeps spilled bytes in memory, uncounted: for tests.
class MemorySpillArea : public SpillArea {
 public:
  Result<std::unique_ptr<SpillFile>> Create() override;
};

}  // namespace helios::exec
