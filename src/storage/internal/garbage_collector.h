#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "hidb/layout.h"
#include "kv/kv_store.h"
#include "storage/internal/staged_registry.h"

namespace helios::storage {

// What lies under a staged timestamp: the extent of its versions in each space (stored with them).
struct StagedExtent {
  hidb::SpaceId space = 0;
  std::string first;  // Keys without the space's prefix, both included.
  std::string last;
};
std::string EncodeExtents(std::span<const StagedExtent> extents);
Result<std::vector<StagedExtent>> DecodeExtents(std::string_view bytes);

// Removes versions that nobody can see any more: those below the watermark that a newer version
// below the watermark hides, and deletions that hide nothing.
//
// Two ways. The compaction filter drops hidden versions while files are rewritten anyway; it leaves
// deletions alone, for an older version may lie in a file that the compaction does not read. The
// collector walks a space, sees every version, and deletes both kinds; it runs where commits and
// scans have counted enough dead versions.
//
// Thread safety: all calls, from any thread; Run from one thread at a time.
class GarbageCollector {
 public:
  // `watermark` gives the timestamp that the oldest reader may use, now or later.
  GarbageCollector(std::function<Timestamp()> watermark, StagedRegistry& staged)
      : watermark_(std::move(watermark)), staged_(staged) {}
  void SetStore(kv::KvStore* store) { store_ = store; }

  kv::CompactionFilterFactory FilterFactory();

  // `dead` more versions of the space are dead, or will be soon; it has about `live` live ones.
  void NoteDead(hidb::SpaceId space, uint64_t dead, uint64_t live);
  // The versions under the staged timestamps of an undone transaction, ascending, are to be swept.
  void Sweep(std::vector<Timestamp> staged);
  bool HasWork() const;
  // Does what was asked for. Stops early when `stop` turns true.
  Status Run(const std::function<bool()>& stop);
  Status CollectSpace(hidb::SpaceId space, const std::function<bool()>& stop);

  uint64_t collected_count() const { return collected_.load(std::memory_order_relaxed); }

 private:
  struct Dead {
    uint64_t count = 0;
    bool due = false;
  };
  Status SweepNow(std::span<const Timestamp> staged);
  Status SweepExtent(const StagedExtent& extent, std::span<const Timestamp> staged);

  const std::function<Timestamp()> watermark_;
  StagedRegistry& staged_;
  kv::KvStore* store_ = nullptr;
  mutable std::mutex mutex_;
  std::map<hidb::SpaceId, Dead> dead_;         // Guarded by mutex_.
  std::deque<std::vector<Timestamp>> sweeps_;  // Guarded by mutex_.
  std::mutex collect_mutex_;                   // One collection at a time; taken before mutex_.
  // Removed since the space was rewritten. Guarded by collect_mutex_.
  std::map<hidb::SpaceId, uint64_t> remains_;
  std::atomic<uint64_t> collected_{0};
};

}  // namespace helios::storage
