#include "storage/internal/row_counts.h"

#include <algorithm>
#include <cstdlib>

#include "storage/internal/local_keys.h"

namespace helios::storage {
namespace {

// A count is far from another when they are so many rows apart, and a fifth.
constexpr int64_t kFarRows = 1000;
constexpr int64_t kFarPart = 5;

}  // namespace

Status RowCounts::Load(kv::KvStore& store) {
  std::lock_guard lock(mutex_);
  const auto iterator = store.NewIterator(
      kv::Family::kLocal,
      {.lower = std::string(kStatisticsPrefix), .upper = PrefixEnd(kStatisticsPrefix)});
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ByteReader key(iterator->key().substr(kStatisticsPrefix.size()));
    HELIOS_TRY(const hidb::SpaceId space, key.BigEndian<uint32_t>());
    HELIOS_TRY(const int64_t rows, ByteReader(iterator->value()).LittleEndian<int64_t>());
    counts_[space] = {.rows = rows, .stored = rows};
  }
  return iterator->status();
}

bool RowCounts::Add(const std::map<hidb::SpaceId, int64_t>& deltas) {
  if (deltas.empty()) return false;
  bool is_far = false;
  std::lock_guard lock(mutex_);
  for (const auto& [space, delta] : deltas) {
    Count& count = counts_[space];
    count.rows += delta;
    const int64_t apart = std::abs(count.rows - count.stored);
    is_far |= apart >= std::max(kFarRows, count.rows / kFarPart);
  }
  return is_far;
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
    if (count.rows == count.stored) continue;
    batch->Put(kv::Family::kLocal, LocalKey(kStatisticsPrefix, space),
               EncodeNumber(static_cast<uint64_t>(count.rows)));
    count.stored = count.rows;
    any = true;
  }
  return any;
}

}  // namespace helios::storage
