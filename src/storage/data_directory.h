#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "sys/fault_plan.h"
#include "sys/files.h"

namespace helios::storage {

// The format of data directories that this server writes, and the newest that it reads.
inline constexpr int kDataFormatVersion = 1;

// A data directory that this process has for itself, as long as the object lives.
//
//   FORMAT  "heliosdb data directory", "format 1": written last when a directory is initialised
//   LOCK    held by flock; the process id of the server
//   kv/     the files of RocksDB
class DataDirectory {
 public:
  // Creates the directory, if need be, and locks it. F0001: another server has it (the message
  // names its process). F0000: of a future format, or not ours. XX001: damaged; the message names
  // the file.
  static Result<std::unique_ptr<DataDirectory>> Open(const std::string& path,
                                                     sys::FaultPlan* faults = nullptr);

  const std::string& path() const { return path_; }
  std::string kv_path() const { return path_ + "/kv"; }
  // Whether this call made it: the first start.
  bool is_new() const { return is_new_; }

 private:
  DataDirectory(std::string path, std::unique_ptr<sys::FileLock> lock, bool is_new)
      : path_(std::move(path)), lock_(std::move(lock)), is_new_(is_new) {}

  const std::string path_;
  const std::unique_ptr<sys::FileLock> lock_;
  const bool is_new_;
};

}  // namespace helios::storage
