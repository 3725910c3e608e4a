#pragma once

#include <map>
#include <mutex>
#include <unordered_map>

#include "hidb/layout.h"
#include "kv/kv_store.h"

namespace helios::storage {

// Estimates of how many rows each table has, kept as commits go by and stored now and then.
//
// Thread safety: all calls, from any thread.
class RowCounts {
 public:
  Status Load(kv::KvStore& store);
  void Add(const std::map<hidb::SpaceId, int64_t>& deltas);
  uint64_t Get(hidb::SpaceId space) const;
  void Forget(hidb::SpaceId space);
  // Adds what changed since the last call. False: nothing did.
  bool AddChanges(kv::WriteBatch* batch);

 private:
  struct Count {
    int64_t rows = 0;
    bool changed = false;
  };
  mutable std::mutex mutex_;
  std::unordered_map<hidb::SpaceId, Count> counts_;
};

}  // namespace helios::storage
