#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace helios::storage {

// The newest committed versions of rows that were lately read by key: reading them again needs no
// search through the levels of the store (docs/adr/0015-row-cache.md).
//
// An entry is exact: the commit that makes a newer version replaces the entry before the version
// becomes visible. So an entry answers every snapshot that is not older than its version.
//
// Keys are stored keys without their version: SpacePrefix and row key.
//
// Thread safety: all calls, from any thread.
class RowCache {
 public:
  // Keeps up to `capacity_bytes`, keys and its own tables included.
  explicit RowCache(size_t capacity_bytes);
  ~RowCache();

  // Whether the newest version of `key` is here and visible at `snapshot`; then `value` is the row.
  bool Find(std::string_view key, Timestamp snapshot, std::string* value);
  // The timestamp of the newest version of `key`, if it is here. Requires: no commit to the key is
  // under way (its lock is held).
  std::optional<Timestamp> FindVersion(std::string_view key);
  // What a read at `snapshot` found in the store. It is dropped if the key may have a newer
  // version.
  void Add(std::string_view key, Timestamp snapshot, Timestamp version, std::string_view value);
  // A commit has stored a new version of `key`, or, without a value, its deletion. To be called
  // before `timestamp` becomes visible.
  void NoteCommitted(std::string_view key, Timestamp timestamp,
                     const std::optional<std::string>& value);
  // A commit at `timestamp` has changed an unknown number of rows. To be called before it becomes
  // visible.
  void Clear(Timestamp timestamp);

  uint64_t hit_count() const;
  size_t used_bytes() const;

 private:
  class Shard;
  static constexpr size_t kShardCount = 64;

  Shard& ShardOf(uint64_t hash) const;

  const std::unique_ptr<std::array<Shard, kShardCount>> shards_;
};

}  // namespace helios::storage
