#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "kv/internal/append_space.h"
#include "kv/internal/log_end.h"
#include "kv/open.h"
#include "sys/fault_plan.h"

namespace helios::kv {

// What the file system has noticed, and the space that it keeps for a full disk.
//
// RocksDB cannot continue a log after a failed append, nor undo a commit whose note in the manifest
// fails: the space for both is taken from the device before a batch is written (ReserveLog). When
// the device has no room for a write, a file that was kept for this goes away and the write is done
// after all. Whoever sees `reserve_used` stops sending new writes.
//
// Thread safety: all calls, from any thread.
class FileSystemWatch {
 public:
  FileSystemWatch();

  std::atomic<bool> sync_failed{false};
  std::atomic<bool> reserve_used{false};
  std::atomic<bool> engine_stopped{false};  // RocksDB waits for space, and to be resumed.
  std::atomic<uint64_t> syncs{0};

  // Keeps `byte_count` bytes of the device, if any are wanted, in a file at `path`.
  Status KeepReserve(const std::string& path, uint64_t byte_count);
  // Gives them back. False: there were none.
  bool ReleaseReserve();

  // Whether the log has room for a batch of this size: without, it must not be written. Pair a
  // success with ReleaseLog once the batch is written, or has failed.
  bool ReserveLog(uint64_t batch_bytes);
  void ReleaseLog(uint64_t batch_bytes);

  // The files that space is taken for.
  enum class Kept : uint8_t { kLog, kManifest };
  bool BeginFile(Kept kind, const void* file, const std::string& path,
                 AppendSpace::Allocate allocate);
  void EndFile(Kept kind, const void* file);
  void NoteAppended(Kept kind, const void* file, uint64_t byte_count);

  // The log that is appended to: `sync` makes it durable, or says that it cannot.
  void BeginLog(const void* file, std::function<bool()> sync);
  void EndLog(const void* file);
  // Makes it durable, before another takes its place: of what is written to that one nothing may
  // survive a crash that this one's end does not. True without a log.
  bool SyncLog();

  // The newest log of which something is durable, and how much.
  void NoteLogSynced(LogMark mark);
  LogMark log_mark() const;

  // The log that an append failed for, for good, is still the one in use: nothing may be written.
  void NoteLogFailed(const std::string& path);
  bool LogIsBroken() const;

  // The file that was last opened for reading from begin to end: a log or a manifest.
  void NoteRead(const std::string& path);
  std::string last_read() const;

 private:
  AppendSpace& SpaceOf(Kept kind) { return kind == Kept::kLog ? log_space_ : manifest_space_; }
  bool ReleaseReserveLocked();

  // Held while the log is synced, so before mutex_.
  std::mutex log_mutex_;
  const void* log_file_ = nullptr;  // Guarded by log_mutex_.
  std::function<bool()> sync_log_;  // Guarded by log_mutex_.

  mutable std::mutex mutex_;
  std::string reserve_;  // Path; empty: none.
  AppendSpace log_space_;
  AppendSpace manifest_space_;
  LogMark log_mark_;
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
