#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "kv/open.h"
#include "sys/fault_plan.h"

namespace helios::kv {

// What the file system has noticed, and the space that it keeps for a full disk.
//
// When the device has no room for a write, a file that was kept for this goes away and the write
// is done after all: RocksDB cannot be relied on to continue a log after a failed append. Whoever
// sees `reserve_used` stops sending new writes.
//
// Thread safety: all calls, from any thread.
class FileSystemWatch {
 public:
  std::atomic<bool> sync_failed{false};
  std::atomic<bool> reserve_used{false};
  std::atomic<bool> engine_stopped{false};  // RocksDB waits for space, and to be resumed.
  std::atomic<uint64_t> syncs{0};

  // Keeps `byte_count` bytes of the device in a file at `path`.
  Status KeepReserve(const std::string& path, uint64_t byte_count);
  // Gives them back. False: there were none.
  bool ReleaseReserve();

  // The log that an append failed for, for good, is still the one in use: nothing may be written.
  void NoteLogCreated(const std::string& path);
  void NoteLogFailed(const std::string& path);
  bool LogIsBroken() const;

  // The file that was last opened for reading from begin to end: a log or a manifest.
  void NoteRead(const std::string& path);
  std::string last_read() const;

 private:
  mutable std::mutex mutex_;
  std::string reserve_;  // Path; empty: none.
  std::string log_;
  std::string failed_log_;
  std::string last_read_;
};

// The default file system of RocksDB, watched: it remembers failed syncs (after one, nothing is
// known of unsynced data), injects planned faults, and tells what is durable.
std::shared_ptr<rocksdb::FileSystem> NewWatchedFileSystem(std::shared_ptr<FileSystemWatch> watch,
                                                          sys::FaultPlan* faults,
                                                          DurabilityTracker* durability);

}  // namespace helios::kv
