#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace helios::kv {

// The ordered key spaces of a store (DESIGN section 4). Keys compare bytewise.
enum class Family : uint8_t { kRows, kToast, kIndex, kSegment, kDelete, kRaft, kLocal };
inline constexpr size_t kFamilyCount = 7;
std::string_view FamilyName(Family family);

// In rows and index, keys end in this many bytes of inverted timestamp; what is before them is the
// unit of bloom filters and of ReadOptions::one_key.
inline constexpr size_t kVersionSuffixBytes = 8;

// Bytes that live as long as this object: a value in the block cache, without a copy.
class PinnedValue {
 public:
  PinnedValue() = default;
  std::string_view view() const { return view_; }
  void Set(std::string_view view, std::shared_ptr<const void> owner) {
    view_ = view;
    owner_ = std::move(owner);
  }

 private:
  std::string_view view_;
  std::shared_ptr<const void> owner_;  // Shared: the store and this value may both hold the block.
};

// The state of a store at one moment, for several reads that must agree.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
};

struct ReadOptions {
  std::string lower;  // Keys below are not shown; empty: no bound.
  std::string upper;  // Nor keys from here on; empty: no bound.
  // Every Seek is for one key's versions (of rows or index): filters may be used, and what follows
  // the versions of that key is undefined.
  bool one_key = false;
  bool fill_cache = true;              // False for scans that would flush the cache.
  size_t readahead_bytes = 0;          // 0: the store decides.
  const Snapshot* snapshot = nullptr;  // Null: the state at creation.
};

// Thread safety: none. Views are valid until the next call. Lifetime: shorter than its store.
class Iterator {
 public:
  virtual ~Iterator() = default;
  virtual bool Valid() const = 0;
  virtual void Seek(std::string_view key) = 0;         // The first key >= `key`.
  virtual void SeekForPrev(std::string_view key) = 0;  // The last key <= `key`.
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Next() = 0;  // Requires: Valid().
  virtual void Prev() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Why Valid() is false: OK at the end of the keys.
  virtual Status status() const = 0;
};

// Changes that are applied all at once. Thread safety: none.
class WriteBatch {
 public:
  virtual ~WriteBatch() = default;
  virtual void Put(Family family, std::string_view key, std::string_view value) = 0;
  virtual void Delete(Family family, std::string_view key) = 0;
  // Keys with begin <= key < end.
  virtual void DeleteRange(Family family, std::string_view begin, std::string_view end) = 0;
  virtual void Clear() = 0;
  virtual size_t operation_count() const = 0;
  virtual size_t byte_count() const = 0;
};

// Decides during compactions which entries of rows and index are dropped. One object sees the
// entries of one compaction, of one family, in key order, not necessarily all of the store's.
class CompactionFilter {
 public:
  virtual ~CompactionFilter() = default;
  virtual bool ShouldDrop(std::string_view key, std::string_view value) = 0;
};
using CompactionFilterFactory = std::function<std::unique_ptr<CompactionFilter>(Family)>;

enum class Health : uint8_t {
  kServing,
  kDiskFull,  // Reads work; writes get 53100 until there is space again.
  kStopped,   // Reads work; a failed sync or a damaged file ended writing until a restart.
};

struct KeyRangeView {
  std::string_view begin;
  std::string_view end;
};

struct Metrics {
  uint64_t write_batches = 0;
  uint64_t syncs = 0;
  uint64_t bytes_written = 0;
  uint64_t block_cache_bytes = 0;
  uint64_t memtable_bytes = 0;
  uint64_t table_file_bytes = 0;
  uint64_t pending_compaction_bytes = 0;
  uint64_t block_cache_hits = 0;
  uint64_t block_cache_misses = 0;
};

// An ordered, durable map of bytes: the base of everything that a node keeps.
//
// Thread safety: all calls, from any thread. Errors: kDiskFull (53100), kIoError (58030),
// kDataCorrupted (XX001), each naming the file where the cause is known. After a failed sync of the
// log every write is refused: nobody knows what reached the disk.
class KvStore {
 public:
  virtual ~KvStore() = default;

  // Whether the key is there; `value` gets what it maps to.
  virtual Result<bool> Get(Family family, std::string_view key, PinnedValue* value) = 0;
  // One answer a key, in order; absent keys have `found` false.
  virtual Status MultiGet(Family family, std::span<const std::string_view> keys,
                          std::vector<PinnedValue>* values, std::vector<bool>* found) = 0;
  virtual std::unique_ptr<Iterator> NewIterator(Family family, ReadOptions options) = 0;
  virtual std::unique_ptr<Snapshot> NewSnapshot() = 0;

  virtual std::unique_ptr<WriteBatch> NewBatch() = 0;
  // Applies the batch. With `sync` it is durable on return; concurrent callers share one sync. An
  // error of kStatementCompletionUnknown leaves open whether the batch is in the log; any other
  // error: it is not applied.
  virtual Status Write(WriteBatch* batch, bool sync) = 0;
  // Makes durable what Write returned OK for before this call. Others may write meanwhile: their
  // batches wait for the next sync. An error is kStatementCompletionUnknown: nobody knows what of
  // it is durable, and every later write is refused.
  virtual Status Sync() = 0;

  // Roughly the bytes in each range, on disk and in memory.
  virtual std::vector<uint64_t> ApproximateSizes(Family family,
                                                 std::span<const KeyRangeView> ranges) = 0;
  // Writes memory to table files.
  virtual Status Flush() = 0;
  // Rewrites the range, so that deleted and filtered entries are gone from disk.
  virtual Status CompactRange(Family family, std::string_view begin, std::string_view end) = 0;
  // Drops whole files in the range at once; a hint after DeleteRange.
  virtual void ReclaimRange(Family family, std::string_view begin, std::string_view end) = 0;

  virtual Health health() const = 0;
  // The error that writes get now; OK when serving.
  virtual Status WriteStatus() const = 0;
  // Called now and then: notices that the disk has space again, or hardly any, and lets go of files
  // and memory that were kept for reuse.
  virtual void CheckDisk() = 0;
  virtual Metrics GetMetrics() const = 0;
};

}  // namespace helios::kv
