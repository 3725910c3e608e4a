#include "storage/internal/row_counts.h"

#include <algorithm>

#include "storage/internal/local_keys.h"

namespace helios::storage {

Status RowCounts::Load(kv::KvStore& store) {
  std::lock_guard lock(mutex_);
  const auto iterator = store.NewIterator(
      kv::Family::kLocal,
      {.lower = std::string(kStatisticsPrefix), .upper = PrefixEnd(kStatisticsPrefix)});
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ByteReader key(iterator->key().substr(kStatisticsPrefix.size()));
    HELIOS_TRY(const hidb::SpaceId space, key.BigEndian<uint32_t>());
    HELIOS_TRY(const int64_t rows, ByteReader(iterator->value()).LittleEndian<int64_t>());
    counts_[space].rows = rows;
  }
  return iterator->status();
}

void RowCounts::Add(const std::map<hidb::SpaceId, int64_t>& deltas) {
  if (deltas.empty()) return;
  std::lock_guard lock(mutex_);
  for (const auto& [space, delta] : deltas) {
    if (delta == 0) continue;
    Count& count = counts_[space];
    count.rows += delta;
    count.changed = true;
  }
}

uint64_t RowCounts::Get(hidb::SpaceId space) const {
  std::lock_guard lock(mutex_);
  const auto count = counts_.find(space);
  if (count == counts_.end()) return 0;
  return static_cast<uint64_t>(std::max<int64_t>(count->second.rows, 0));
}

void RowCounts::Forget(hidb::SpaceId space) {
  std::lock_guard lock(mutex_);
  counts_.erase(space);
}

bool RowCounts::AddChanges(kv::WriteBatch* batch) {
  std::lock_guard lock(mutex_);
  bool any = false;
  for (auto& [space, count] : counts_) {
    if (!count.changed) continue;
    batch->Put(kv::Family::kLocal, LocalKey(kStatisticsPrefix, space),
               EncodeNumber(static_cast<uint64_t>(count.rows)));
    count.changed = false;
    any = true;
  }
  return any;
}

}  // namespace helios::storage
