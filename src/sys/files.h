#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sys/fault_plan.h"

namespace helios::sys {

// Files and directories by path. Every error names the path: kDiskFull (53100) for a full device,
// kUndefinedFile (58P01) for a missing file, kIoError (58030) otherwise. Modes are 0600 and 0700
// whatever the umask.

// What the errno of a failed call means, as "could not <action> \"<path>\": <reason>".
Status FileError(std::string_view action, std::string_view path, int error);

bool PathExists(const std::string& path);
Result<bool> IsDirectory(const std::string& path);
// Creates one directory, if need be, and syncs its parent. An existing one keeps its mode.
Status CreateDirectory(const std::string& path, FaultPlan* faults = nullptr);
Status SyncDirectory(const std::string& path, FaultPlan* faults = nullptr);
// The names in it, without "." and "..", sorted.
Result<std::vector<std::string>> ListDirectory(const std::string& path);
// Removes a file; a missing one is no error.
Status RemoveFile(const std::string& path, FaultPlan* faults = nullptr);
// Removes a directory with all that is in it; a missing one is no error.
Status RemoveTree(const std::string& path);

// The whole file; 53400 if it has more than `size_max` bytes.
Result<std::string> ReadFile(const std::string& path, size_t size_max = 64 << 20);
// Replaces the file atomically and durably: temporary file, sync, rename, sync of the directory.
Status WriteFileAtomically(const std::string& path, std::string_view bytes,
                           FaultPlan* faults = nullptr);
// Makes a file that holds `byte_count` bytes of the device, with undefined contents; a file that is
// there already stays as it is when it is of that size.
Status ReserveFile(const std::string& path, uint64_t byte_count);
// Bytes that an unprivileged process may still write to the device of `path`.
Result<uint64_t> FreeDiskBytes(const std::string& path);

// An open file, for spilling and the like. The object closes it.
//
// Thread safety: ReadAt from any thread; one writer.
class File {
 public:
  // Creates a file, or empties an old one, for writing and reading.
  static Result<std::unique_ptr<File>> Create(const std::string& path, FaultPlan* faults = nullptr);
  static Result<std::unique_ptr<File>> OpenForRead(const std::string& path,
                                                   FaultPlan* faults = nullptr);
  // A file in `directory` that has no name and vanishes when it is closed or the process dies.
  static Result<std::unique_ptr<File>> CreateTemporary(const std::string& directory,
                                                       FaultPlan* faults = nullptr);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Writes all of it at the end. After an error the file's end is undefined.
  Status Append(std::string_view bytes);
  // Reads exactly `byte_count` bytes; kDataCorrupted if the file ends before.
  Status ReadAt(uint64_t offset, size_t byte_count, char* to) const;
  // Durable on return. After an error nothing about unsynced data is known: never call it again.
  Status Sync();
  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  File(int descriptor, std::string path, uint64_t size, FaultPlan* faults)
      : descriptor_(descriptor), path_(std::move(path)), size_(size), faults_(faults) {}
  static Result<std::unique_ptr<File>> Open(const std::string& path, int flags, FaultPlan* faults);

  const int descriptor_;
  const std::string path_;
  uint64_t size_;
  FaultPlan* const faults_;
};

// An exclusive lock on a file, held until the object or the process dies, however it dies.
class FileLock {
 public:
  // Locks `path`, creating it, and writes this process's id into it. kLockFileExists (F0001) names
  // the process that holds it.
  static Result<std::unique_ptr<FileLock>> Acquire(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace helios::sys
