#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

#include "kv/open.h"
#include "sys/fault_plan.h"

namespace helios::kv {

// What the file system has noticed. Thread safety: atomics.
struct FileSystemWatch {
  std::atomic<bool> sync_failed{false};
  std::atomic<uint64_t> syncs{0};
};

// The default file system of RocksDB, watched: it remembers failed syncs (after one, nothing is
// known of unsynced data), injects planned faults, and tells what is durable.
std::shared_ptr<rocksdb::FileSystem> NewWatchedFileSystem(std::shared_ptr<FileSystemWatch> watch,
                                                          sys::FaultPlan* faults,
                                                          DurabilityTracker* durability);

}  // namespace helios::kv
