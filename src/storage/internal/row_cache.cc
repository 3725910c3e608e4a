#include "storage/internal/row_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace helios::storage {
namespace {

// Wider rows gain less from being kept and push out more.
constexpr size_t kEntryBytesMax = 4 << 10;
constexpr size_t kWays = 4;
constexpr size_t kFirstSetCount = 16;

struct Slot {
  uint64_t hash = 0;
  Timestamp version = 0;
  uint32_t key_bytes = 0;
  uint32_t value_bytes = 0;
  // Key and value; null: the slot is free.
  std::unique_ptr<char[]> bytes;
  bool referenced = false;

  std::string_view key() const { return {bytes.get(), key_bytes}; }
  std::string_view value() const { return {bytes.get() + key_bytes, value_bytes}; }
  size_t heap_bytes() const { return key_bytes + value_bytes; }
};

}  // namespace

// A set-associative table with second-chance replacement. It doubles while it is full and its share
// of the capacity allows it.
class alignas(64) RowCache::Shard {
 public:
  void SetCapacity(size_t bytes) { capacity_bytes_ = bytes; }

  bool Find(uint64_t hash, std::string_view key, Timestamp snapshot, std::string* value) {
    std::lock_guard lock(mutex_);
    Slot* slot = Lookup(hash, key);
    if (slot == nullptr || slot->version > snapshot) return false;
    slot->referenced = true;
    value->assign(slot->value());
    ++hit_count_;
    return true;
  }

  std::optional<Timestamp> FindVersion(uint64_t hash, std::string_view key) {
    std::lock_guard lock(mutex_);
    const Slot* slot = Lookup(hash, key);
    if (slot == nullptr) return std::nullopt;
    return slot->version;
  }

  void Add(uint64_t hash, std::string_view key, Timestamp snapshot, Timestamp version,
           std::string_view value) {
    std::lock_guard lock(mutex_);
    // A commit that the read did not see may have changed the key.
    if (snapshot < last_commit_ || Lookup(hash, key) != nullptr) return;
    Insert(hash, key, version, value);
  }

  void NoteCommitted(uint64_t hash, std::string_view key, Timestamp timestamp,
                     const std::optional<std::string>& value) {
    std::lock_guard lock(mutex_);
    last_commit_ = std::max(last_commit_, timestamp);
    Slot* slot = Lookup(hash, key);
    if (slot == nullptr) return;
    if (value && value->size() == slot->value_bytes) {
      std::memcpy(slot->bytes.get() + slot->key_bytes, value->data(), value->size());
      slot->version = timestamp;
      return;
    }
    Free(slot);
    if (value) Insert(hash, key, timestamp, *value);
  }

  void Clear(Timestamp timestamp) {
    std::lock_guard lock(mutex_);
    last_commit_ = std::max(last_commit_, timestamp);
    slots_ = std::vector<Slot>();
    entry_count_ = 0;
    used_bytes_ = 0;
    hand_ = 0;
  }

  uint64_t hit_count() const {
    std::lock_guard lock(mutex_);
    return hit_count_;
  }
  size_t used_bytes() const {
    std::lock_guard lock(mutex_);
    return used_bytes_;
  }

 private:
  Slot* SetOf(uint64_t hash) { return &slots_[(hash & (slots_.size() / kWays - 1)) * kWays]; }

  Slot* Lookup(uint64_t hash, std::string_view key) {
    if (slots_.empty()) return nullptr;
    Slot* const set = SetOf(hash);
    for (Slot* slot = set; slot < set + kWays; ++slot) {
      if (slot->bytes != nullptr && slot->hash == hash && slot->key() == key) return slot;
    }
    return nullptr;
  }

  void Free(Slot* slot) {
    used_bytes_ -= slot->heap_bytes();
    --entry_count_;
    slot->bytes.reset();
  }

  void Insert(uint64_t hash, std::string_view key, Timestamp version, std::string_view value) {
    const size_t bytes = key.size() + value.size();
    if (bytes > kEntryBytesMax || bytes > capacity_bytes_ / 2) return;
    if (slots_.empty() || entry_count_ * 4 >= slots_.size() * 3) Grow();
    while (entry_count_ > 0 && used_bytes_ + bytes > capacity_bytes_) EvictNext();
    if (slots_.empty() || used_bytes_ + bytes > capacity_bytes_) return;
    Slot* slot = PlaceIn(SetOf(hash));
    slot->hash = hash;
    slot->version = version;
    slot->key_bytes = static_cast<uint32_t>(key.size());
    slot->value_bytes = static_cast<uint32_t>(value.size());
    slot->bytes = std::make_unique_for_overwrite<char[]>(bytes);
    std::memcpy(slot->bytes.get(), key.data(), key.size());
    if (!value.empty()) std::memcpy(slot->bytes.get() + key.size(), value.data(), value.size());
    slot->referenced = false;
    used_bytes_ += bytes;
    ++entry_count_;
  }

  // A free slot of a set; if there is none, that of an entry which nobody asked for lately.
  Slot* PlaceIn(Slot* set) {
    for (Slot* slot = set; slot < set + kWays; ++slot) {
      if (slot->bytes == nullptr) return slot;
    }
    Slot* victim = set + hand_++ % kWays;
    for (Slot* slot = set; slot < set + kWays; ++slot) {
      if (!slot->referenced) victim = slot;
      slot->referenced = false;
    }
    Free(victim);
    return victim;
  }

  // Requires: there is an entry.
  void EvictNext() {
    for (;; ++hand_) {
      Slot& slot = slots_[hand_ % slots_.size()];
      if (slot.bytes == nullptr) continue;
      if (!std::exchange(slot.referenced, false)) return Free(&slot);
    }
  }

  void Grow() {
    const size_t size = slots_.empty() ? kFirstSetCount * kWays : slots_.size() * 2;
    // At most half for the table: the rest is for what it holds.
    if (size * sizeof(Slot) > capacity_bytes_ / 2) return;
    std::vector<Slot> old(size);
    old.swap(slots_);
    used_bytes_ += (size - old.size()) * sizeof(Slot);
    // A set's entries go into two sets, so there is a free slot for each.
    for (Slot& entry : old) {
      if (entry.bytes != nullptr) *PlaceIn(SetOf(entry.hash)) = std::move(entry);
    }
  }

  mutable std::mutex mutex_;
  size_t capacity_bytes_ = 0;
  size_t used_bytes_ = 0;
  size_t entry_count_ = 0;
  size_t hand_ = 0;
  uint64_t hit_count_ = 0;
  Timestamp last_commit_ = 0;  // The newest that touched a key of this shard.
  std::vector<Slot> slots_;    // Sets of kWays; the number of sets is a power of two.
};

RowCache::RowCache(size_t capacity_bytes)
    : shards_(std::make_unique<std::array<Shard, kShardCount>>()) {
  for (Shard& shard : *shards_) shard.SetCapacity(capacity_bytes / kShardCount);
}
RowCache::~RowCache() = default;

// The high bits choose the shard, the low ones the set.
RowCache::Shard& RowCache::ShardOf(uint64_t hash) const {
  return (*shards_)[hash >> 32 & (kShardCount - 1)];
}

bool RowCache::Find(std::string_view key, Timestamp snapshot, std::string* value) {
  const uint64_t hash = HashBytes(key);
  return ShardOf(hash).Find(hash, key, snapshot, value);
}

std::optional<Timestamp> RowCache::FindVersion(std::string_view key) {
  const uint64_t hash = HashBytes(key);
  return ShardOf(hash).FindVersion(hash, key);
}

void RowCache::Add(std::string_view key, Timestamp snapshot, Timestamp version,
                   std::string_view value) {
  const uint64_t hash = HashBytes(key);
  ShardOf(hash).Add(hash, key, snapshot, version, value);
}

void RowCache::NoteCommitted(std::string_view key, Timestamp timestamp,
                             const std::optional<std::string>& value) {
  const uint64_t hash = HashBytes(key);
  ShardOf(hash).NoteCommitted(hash, key, timestamp, value);
}

void RowCache::Clear(Timestamp timestamp) {
  for (Shard& shard : *shards_) shard.Clear(timestamp);
}

uint64_t RowCache::hit_count() const {
  uint64_t count = 0;
  for (const Shard& shard : *shards_) count += shard.hit_count();
  return count;
}

size_t RowCache::used_bytes() const {
  size_t bytes = 0;
  for (const Shard& shard : *shards_) bytes += shard.used_bytes();
  return bytes;
}

}  // namespace helios::storage
