#pragma once

#include <algorithm>
#include <memory>
#include <span>

#include "hidb/storage_service.h"
#include "storage/internal/staged_registry.h"
#include "txn/snapshot_registry.h"

namespace helios::storage {

// Which versions a read sees: those committed up to a timestamp, and the reader's own, staged ones
// and those in memory of one moment.
class ReadPoint {
 public:
  // A view at kTimestampMax reads at the newest stored timestamp, which stays registered as a
  // snapshot as long as this object lives. For other views the caller holds a snapshot.
  ReadPoint(const hidb::ReadView& view, txn::SnapshotRegistry& snapshots,
            const StagedRegistry& staged)
      : snapshots_(snapshots), timestamp_(view.timestamp), newest_(view.timestamp) {
    if (view.timestamp == kTimestampMax) {
      snapshots_.Acquire(&entry_, hidb::SnapshotHorizon::kStored);
      registered_ = true;
      timestamp_ = entry_.timestamp();
      newest_ = timestamp_;
    }
    // After the timestamp is fixed: what is staged later lies above it.
    states_ = staged.Capture();
    if (view.writes == nullptr) return;
    const hidb::WriteSet::Own own = view.writes->Capture();
    buffered_ = own.buffer;
    if (own.staged == nullptr) return;
    const auto end = std::partition_point(
        own.staged->begin(), own.staged->end(),
        [&](const hidb::WriteSet::Staged& mine) { return mine.command < view.before_command; });
    own_ = {own.staged->begin(), end};
    own_list_ = own.staged;
    if (!own_.empty()) newest_ = std::max(newest_, own_.back().timestamp);
  }
  ~ReadPoint() {
    if (registered_) snapshots_.Release(&entry_);
  }
  ReadPoint(const ReadPoint&) = delete;
  ReadPoint& operator=(const ReadPoint&) = delete;

  bool Sees(Timestamp version) const {
    if (states_ == nullptr) [[likely]]
      return version <= timestamp_;
    return SeesStaged(version);
  }
  // No visible version is newer than this.
  Timestamp newest() const { return newest_; }
  Timestamp timestamp() const { return timestamp_; }
  // The reader's own writes that are not in the store yet. Null: it has none in the space.
  const hidb::WriteSet::Buffer* buffered(hidb::SpaceId space) const {
    return buffered_ != nullptr && buffered_->HasWrites(space) ? buffered_.get() : nullptr;
  }
  // Whether there are versions anywhere whose timestamp does not say when they were committed.
  bool has_staged() const { return states_ != nullptr; }

 private:
  bool SeesStaged(Timestamp version) const {
    const auto state = states_->find(version);
    if (state == states_->end()) return version <= timestamp_;
    if (state->second.committed != 0) return state->second.committed <= timestamp_;
    const auto own = std::partition_point(
        own_.begin(), own_.end(),
        [version](const hidb::WriteSet::Staged& mine) { return mine.timestamp < version; });
    return own != own_.end() && own->timestamp == version;
  }

  txn::SnapshotRegistry& snapshots_;
  txn::SnapshotRegistry::Entry entry_;
  bool registered_ = false;
  Timestamp timestamp_;
  Timestamp newest_;
  std::shared_ptr<const StagedStates> states_;
  std::span<const hidb::WriteSet::Staged> own_;  // The reader's own of earlier commands,
  std::shared_ptr<const hidb::WriteSet::StagedList> own_list_;  // a part of this.
  std::shared_ptr<const hidb::WriteSet::Buffer> buffered_;
};

}  // namespace helios::storage
