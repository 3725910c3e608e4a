#include "storage/internal/garbage_collector.h"

#include <algorithm>

#include "storage/internal/key_format.h"
#include "storage/internal/local_keys.h"

namespace helios::storage {
namespace {

constexpr uint64_t kBatchOperations = 1000;
// A space is collected when its dead versions pass this many and this share of the live ones.
constexpr uint64_t kDeadMin = 2000;
constexpr uint64_t kDeadShareDivisor = 5;
// After this many removals, if they are many times what is left, the space is rewritten too, so
// that scans do not step over the remains. Elsewhere ordinary compactions get there in time.
constexpr uint64_t kCompactAfter = 20'000;
constexpr uint64_t kCompactShare = 4;
// Deletions that one compaction met in one space: reported in lots.
constexpr uint64_t kReportLot = 256;

class VersionFilter final : public kv::CompactionFilter {
 public:
  VersionFilter(GarbageCollector& collector, Timestamp watermark)
      : collector_(collector), watermark_(watermark) {}
  ~VersionFilter() override { Report(); }

  bool ShouldDrop(std::string_view key, std::string_view value) override {
    if (!IsVersionKey(key)) return false;
    if (VersionOf(key) > watermark_) return false;
    const std::string_view user = WithoutVersion(key);
    // A newer version that everybody sees instead came just before.
    if (user == covered_) return true;
    covered_.assign(user);
    if (!value.empty() && value[0] == kDeletedMark) CountDeletion(SpaceOf(key));
    return false;
  }

 private:
  void CountDeletion(hidb::SpaceId space) {
    if (space != space_ || ++deletions_ >= kReportLot) {
      Report();
      space_ = space;
    }
  }
  void Report() {
    if (deletions_ > 0) collector_.NoteDead(space_, deletions_, 0);
    deletions_ = 0;
  }

  GarbageCollector& collector_;
  const Timestamp watermark_;
  std::string covered_;
  hidb::SpaceId space_ = 0;
  uint64_t deletions_ = 0;
};

}  // namespace

kv::CompactionFilterFactory GarbageCollector::FilterFactory() {
  return [this](kv::Family) -> std::unique_ptr<kv::CompactionFilter> {
    return std::make_unique<VersionFilter>(*this, watermark_());
  };
}

void GarbageCollector::NoteDead(hidb::SpaceId space, uint64_t dead, uint64_t live) {
  if (dead == 0) return;
  std::lock_guard lock(mutex_);
  Dead& entry = dead_[space];
  entry.count += dead;
  if (entry.count >= kDeadMin + live / kDeadShareDivisor) entry.due = true;
}

void GarbageCollector::Sweep(std::vector<Timestamp> staged) {
  std::lock_guard lock(mutex_);
  sweeps_.push_back(std::move(staged));
}

bool GarbageCollector::HasWork() const {
  std::lock_guard lock(mutex_);
  if (!sweeps_.empty()) return true;
  return std::any_of(dead_.begin(), dead_.end(),
                     [](const auto& entry) { return entry.second.due; });
}

Status GarbageCollector::Run(const std::function<bool()>& stop) {
  while (!stop()) {
    std::vector<Timestamp> staged;
    hidb::SpaceId space = 0;
    {
      std::lock_guard lock(mutex_);
      if (!sweeps_.empty()) {
        staged = std::move(sweeps_.front());
        sweeps_.pop_front();
      } else {
        const auto due = std::find_if(dead_.begin(), dead_.end(),
                                      [](const auto& entry) { return entry.second.due; });
        if (due == dead_.end()) return Status::Ok();
        space = due->first;
        dead_.erase(due);
      }
    }
    if (!staged.empty()) {
      if (Status status = SweepNow(staged); !status.ok()) {
        Sweep(std::move(staged));
        return status;
      }
    } else {
      HELIOS_TRY(CollectSpace(space, stop));
    }
  }
  return Status::Ok();
}

Status GarbageCollector::CollectSpace(hidb::SpaceId space, const std::function<bool()>& stop) {
  std::lock_guard lock(collect_mutex_);
  const Timestamp watermark = watermark_();
  const std::string begin = SpacePrefix(space);
  const std::string end = SpaceEnd(space);
  const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
  uint64_t removed = 0;
  uint64_t kept = 0;
  {
    kv::ReadOptions options{.lower = begin, .upper = end, .fill_cache = false};
    const auto iterator = store_->NewIterator(kVersionFamily, std::move(options));
    std::string covered;  // The key whose newest version below the watermark has been met ...
    std::string
        deletion;  // ... and that version, if it is a deletion: it goes after the older ones.
    const auto drop = [&](std::string_view key) {
      batch->Delete(kVersionFamily, key);
      ++removed;
    };
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      const std::string_view key = iterator->key();
      if (!IsVersionKey(key)) continue;
      const std::string_view user = WithoutVersion(key);
      if (user != covered) {
        if (!deletion.empty()) drop(deletion);
        deletion.clear();
        ++kept;
        if (VersionOf(key) > watermark) continue;
        covered.assign(user);
        const std::string_view value = iterator->value();
        if (!value.empty() && value[0] == kDeletedMark) deletion.assign(key);
      } else {
        drop(key);
      }
      if (batch->operation_count() < kBatchOperations) continue;
      HELIOS_TRY(store_->Write(batch.get(), false));
      batch->Clear();
      if (stop()) return Status::Ok();
    }
    HELIOS_TRY(iterator->status());
    if (!deletion.empty()) drop(deletion);
  }
  if (batch->operation_count() > 0) HELIOS_TRY(store_->Write(batch.get(), false));
  collected_.fetch_add(removed, std::memory_order_relaxed);
  uint64_t& remains = remains_[space];
  remains += removed;
  if (remains < kCompactAfter || remains < kept * kCompactShare) return Status::Ok();
  remains_.erase(space);
  return store_->CompactRange(kVersionFamily, begin, end);
}

// A transaction of many statements has as many timestamps, and their extents overlap: one walk over
// what they cover together finds the versions of all.
Status GarbageCollector::SweepNow(std::span<const Timestamp> staged) {
  std::map<hidb::SpaceId, StagedExtent> covered;
  const std::unique_ptr<kv::WriteBatch> records = store_->NewBatch();
  kv::PinnedValue value;
  for (Timestamp timestamp : staged) {
    const std::string record = StagedKey(timestamp);
    HELIOS_TRY(const bool found, store_->Get(kv::Family::kLocal, record, &value));
    if (!found) continue;
    records->Delete(kv::Family::kLocal, record);
    HELIOS_TRY(std::vector<StagedExtent> extents, DecodeExtents(value.view()));
    for (StagedExtent& extent : extents) {
      const auto [known, is_new] = covered.try_emplace(extent.space, extent);
      if (is_new) continue;
      known->second.first = std::min(known->second.first, extent.first);
      known->second.last = std::max(known->second.last, extent.last);
    }
  }
  for (const auto& [space, extent] : covered) HELIOS_TRY(SweepExtent(extent, staged));
  if (records->operation_count() > 0) HELIOS_TRY(store_->Write(records.get(), false));
  staged_.Remove(staged);
  return Status::Ok();
}

Status GarbageCollector::SweepExtent(const StagedExtent& extent,
                                     std::span<const Timestamp> staged) {
  std::string begin = SpacePrefix(extent.space);
  begin.append(extent.first);
  std::string end = SpacePrefix(extent.space);
  end.append(extent.last);
  AppendVersion(&end, 0);
  end.push_back('\0');
  const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
  kv::ReadOptions options{.lower = begin, .upper = end, .fill_cache = false};
  const auto iterator = store_->NewIterator(kVersionFamily, std::move(options));
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const std::string_view key = iterator->key();
    if (!IsVersionKey(key)) continue;
    if (!std::binary_search(staged.begin(), staged.end(), VersionOf(key))) continue;
    batch->Delete(kVersionFamily, key);
    collected_.fetch_add(1, std::memory_order_relaxed);
    if (batch->operation_count() < kBatchOperations) continue;
    HELIOS_TRY(store_->Write(batch.get(), false));
    batch->Clear();
  }
  HELIOS_TRY(iterator->status());
  if (batch->operation_count() > 0) return store_->Write(batch.get(), false);
  return Status::Ok();
}

std::string EncodeExtents(std::span<const StagedExtent> extents) {
  std::string bytes;
  AppendVarint(&bytes, extents.size());
  for (const StagedExtent& extent : extents) {
    AppendVarint(&bytes, extent.space);
    AppendLengthPrefixed(&bytes, extent.first);
    AppendLengthPrefixed(&bytes, extent.last);
  }
  return bytes;
}

Result<std::vector<StagedExtent>> DecodeExtents(std::string_view bytes) {
  ByteReader reader(bytes);
  HELIOS_TRY(const uint64_t count, reader.Varint());
  std::vector<StagedExtent> extents;
  for (uint64_t index = 0; index < count; ++index) {
    StagedExtent extent;
    HELIOS_TRY(const uint64_t space, reader.Varint());
    extent.space = static_cast<hidb::SpaceId>(space);
    HELIOS_TRY(extent.first, reader.LengthPrefixed());
    HELIOS_TRY(extent.last, reader.LengthPrefixed());
    extents.push_back(std::move(extent));
  }
  return extents;
}

}  // namespace helios::storage
