#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "kv/kv_store.h"
#include "sys/fault_plan.h"

namespace helios::kv {

// Remembers how much of each written file has been synced.
//
// Thread safety: all calls, from any thread.
class DurabilityTracker {
 public:
  void OnCreate(const std::string& path);
  void OnAppend(const std::string& path, uint64_t byte_count);
  // The file is filled with zeros up to here.
  void OnFill(const std::string& path, uint64_t end);
  // What was written up to here is durable.
  void OnSync(const std::string& path, uint64_t end);
  void OnRename(const std::string& from, const std::string& to);
  void OnRemove(const std::string& path);
  // Whether the page of 4 KiB with this number does not reach the disk.
  using LosesPage = std::function<bool(uint64_t page)>;
  // Puts the files into the state after a power failure: cut to what was synced; but a file that
  // was filled with zeros has them instead of what was not synced, in the pages that are lost (none
  // said: in all). Call it after the store is gone.
  Status DropUnsynced(const LosesPage& loses = {});

 private:
  struct Sizes {
    uint64_t written = 0;
    uint64_t synced = 0;
    uint64_t filled = 0;
  };
  static Status Drop(const std::string& path, const Sizes& sizes, const LosesPage& loses);
  std::mutex mutex_;
  std::map<std::string, Sizes> files_;
};

struct RocksDbOptions {
  std::string directory;
  // For block cache, memtables, filters and indexes together.
  size_t memory_bytes = 256 << 20;
  int background_job_count = 2;
  CompactionFilterFactory compaction_filter;  // Empty: none.
  // Below this many free bytes on the device writes are refused with 53100, so that what is written
  // already can still be flushed and compacted.
  uint64_t reserved_disk_bytes = 64 << 20;
  // For tests: faults to inject into every file operation. Outlives the store.
  sys::FaultPlan* faults = nullptr;
  // For tests of power failures: learns what is durable. Outlives the store.
  DurabilityTracker* durability = nullptr;
};

// Opens, or creates, a store in a directory. kDataCorrupted (XX001) names the damaged file and says
// what to do; kIoError and kDiskFull as the operating system reports them.
Result<std::unique_ptr<KvStore>> OpenRocksDb(RocksDbOptions options);

// A store in memory, for simulation and fast tests. Nothing survives it, and it starts no thread.
std::unique_ptr<KvStore> OpenInMemory();

}  // namespace helios::kv
