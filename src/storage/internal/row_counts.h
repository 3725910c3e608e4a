#pragma once

#include <map>
#include <mutex>
#include <unordered_map>

#include "hidb/layout.h"
#include "kv/kv_store.h"

namespace helios::storage {

// Estimates of how many rows each table has, kept as commits go by and stored every second, or
// at once where the stored one has become useless: a plan by a lost count may take forever.
//
// Thread safety: all calls, from any thread.
class RowCounts {
 public:
  Status Load(kv::KvStore& store);
  // Whether some count is now far from what is stored of it.
  bool Add(const std::map<hidb::SpaceId, int64_t>& deltas);
  uint64_t Get(hidb::SpaceId space) const;
  void Forget(hidb::SpaceId space);
  // Adds what differs from what is stored, and takes it for stored. False: nothing does.
  bool AddChanges(kv::WriteBatch* batch);

 private:
  struct Count {
    int64_t rows = 0;
    int64_t stored = 0;
  };
  mutable std::mutex mutex_;
  std::unordered_map<hidb::SpaceId, Count> counts_;
};

}  // namespace helios::storage
