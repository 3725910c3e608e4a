#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hidb/storage_service.h"
#include "kv/kv_store.h"
#include "storage/internal/highest_keys.h"
#include "storage/internal/read_point.h"
#include "storage/internal/row_cache.h"

namespace helios::storage {

// Looks up single keys of one space as a ReadView shows them.
//
// Thread safety: none. Lifetime: shorter than the store's and the read point's.
class RowReader {
 public:
  struct Sources {
    kv::KvStore& store;
    RowCache* cache;            // Where to look first, and to keep what is found.
    HighestKeys* highest_keys;  // Asked before, when most keys will not be there. Null: not asked.
  };
  RowReader(Sources sources, hidb::SpaceId space, const ReadPoint& read_point,
            const hidb::ReadView& view);

  // Whether the key is visible; `value` is valid until the next call.
  Result<bool> Find(std::string_view key, std::string_view* value);

 private:
  Result<bool> FindInStore(std::string_view* value);

  kv::KvStore& store_;
  RowCache* const cache_;  // May be null.
  HighestKeys* const highest_keys_;
  const hidb::SpaceId space_;
  const ReadPoint& read_point_;
  const hidb::WriteSet::Buffer* const writes_;
  const hidb::CommandId before_command_;
  std::unique_ptr<kv::Iterator> iterator_;  // Made when first needed.
  std::string seek_key_;
  std::string cached_;
  hidb::WriteSet::Write own_;
};

// The timestamp of the newest committed version of a key, deletions included; 0 if there is none.
// Another's staged versions do not count until they are committed.
// Requires: the key's lock is held, so that no commit to it is under way.
Result<Timestamp> NewestCommitted(kv::KvStore& store, RowCache& cache, hidb::SpaceId space,
                                  std::string_view key, const StagedRegistry& staged);

}  // namespace helios::storage
