#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"
#include "hidb/storage_service.h"
#include "kv/kv_store.h"

namespace helios::storage {

// The highest key of each space that is asked for: rows that come in ascending order, as with keys
// from a sequence, lie above it, so that there is no equal one to search for in the levels of the
// store. Keys are those of hidb/layout.h. A key that is gone again leaves the mark where it was.
//
// Thread safety: all calls, from any thread.
class HighestKeys {
 public:
  explicit HighestKeys(kv::KvStore& store) : store_(store) {}

  // Whether no version at all of `key`, or of a key above it, is stored. To be relied on by who
  // holds the locks of those keys, or reads at a snapshot that it took before.
  Result<bool> IsAbove(hidb::SpaceId space, std::string_view key);
  // Versions were stored: this is the highest key of them. To be called when the store has them,
  // and before anybody may see them or gets their locks.
  void NoteStored(hidb::SpaceId space, std::string_view key);
  // Of a space that was dropped.
  void Forget(hidb::SpaceId space);

 private:
  struct Highest {
    bool is_read = false;  // Else `key` is what was stored since the store is being looked at.
    bool is_empty = true;  // No key yet.
    std::string key;

    void Raise(std::string_view stored);
  };
  Status ReadStored(hidb::SpaceId space);

  kv::KvStore& store_;
  std::mutex mutex_;
  std::unordered_map<hidb::SpaceId, Highest> spaces_;  // Guarded by mutex_.
};

}  // namespace helios::storage
