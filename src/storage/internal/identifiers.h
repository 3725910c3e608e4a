#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "hidb/storage_service.h"
#include "kv/kv_store.h"

namespace helios::storage {

// Row ids and OIDs. Each counter is stored ahead of its use, in blocks, so that no id is given
// twice; a crash skips the rest of a block. The stored bounds are not synced: what is written under
// an id comes later in the same log, so it cannot outlive the bound.
//
// Thread safety: all calls, from any thread.
class Identifiers {
 public:
  explicit Identifiers(kv::KvStore& store) : store_(store) {}
  Status Load();
  Result<uint64_t> AllocateRowIds(hidb::SpaceId space, uint64_t count);
  Result<uint32_t> AllocateOids(uint32_t count);
  // Of a space that was dropped; ids of spaces are never used again.
  void Forget(hidb::SpaceId space);

 private:
  struct Counter {
    uint64_t next = 1;
    uint64_t bound = 1;  // Ids below may be given.
  };
  Result<Counter*> CounterOf(hidb::SpaceId space);

  kv::KvStore& store_;
  std::mutex mutex_;
  std::unordered_map<hidb::SpaceId, Counter> row_ids_;  // Guarded by mutex_.
  Counter oids_;                                        // Guarded by mutex_.
};

// Sequences, stored up to 32 values ahead as PostgreSQL does. A value is safe from coming again
// after a crash once its transaction has committed: by the commit's sync, or by Sync when the
// transaction wrote nothing.
//
// Thread safety: all calls, from any thread.
class Sequences {
 public:
  explicit Sequences(kv::KvStore& store) : store_(store) {}
  Result<int64_t> Next(hidb::SpaceId sequence, const hidb::SequenceOptions& options);
  Status Set(hidb::SpaceId sequence, const hidb::SequenceState& state);
  Result<hidb::SequenceState> Read(hidb::SpaceId sequence, const hidb::SequenceOptions& options);
  void Forget(hidb::SpaceId sequence);
  // Returns when all that was stored before is durable.
  Status Sync();
  // Stores the exact states, so that an orderly restart skips nothing.
  void AddExactStates(kv::WriteBatch* batch);

 private:
  struct Sequence {
    std::mutex mutex;
    bool loaded = false;
    hidb::SequenceState state;
    int64_t ahead = 0;            // Values that may still be given before storing again.
    int64_t ahead_increment = 0;  // For which they were counted.
  };
  std::shared_ptr<Sequence> Find(hidb::SpaceId id);
  Result<std::shared_ptr<Sequence>> Load(hidb::SpaceId id, const hidb::SequenceOptions& options);
  Status Store(hidb::SpaceId id, const hidb::SequenceState& state);

  kv::KvStore& store_;
  // How often something was stored, and up to which of them it is durable.
  std::atomic<uint64_t> stored_count_{0};
  std::atomic<uint64_t> synced_count_{0};
  std::mutex sync_mutex_;
  std::mutex mutex_;
  // Shared: a caller may use a sequence while another forgets it.
  std::unordered_map<hidb::SpaceId, std::shared_ptr<Sequence>> sequences_;
};

}  // namespace helios::storage
