// The way of a commit: everything that it changes goes into one WriteBatch under one new timestamp,
// short commits that come together into the same one; the store logs the batch, and the locks on
// rows are released; the log is synced; then the timestamp is published, and once all earlier ones
// are too, the commit is visible and the transaction at its end (ADR 23).
#include <algorithm>
#include <map>

#include "storage/internal/commit_queue.h"
#include "storage/internal/commit_validator.h"
#include "storage/internal/garbage_collector.h"
#include "storage/internal/highest_keys.h"
#include "storage/internal/identifiers.h"
#include "storage/internal/key_format.h"
#include "storage/internal/local_keys.h"
#include "storage/internal/row_cache.h"
#include "storage/internal/row_counts.h"
#include "storage/internal/row_reader.h"
#include "storage/internal/staged_registry.h"
#include "storage/node.h"

namespace helios::storage {
namespace {

// A commit with more buffered writes than this stages them first: building a large batch under a
// timestamp in flight would hold back every other commit.
constexpr size_t kCommitBatchBytesMax = 8 << 20;
constexpr size_t kStageBatchBytes = 4 << 20;
// Larger commits are written by their own threads, side by side.
constexpr size_t kGroupedBytesMax = 256 << 10;

// Encodes versions of one timestamp into a batch, reusing its buffers.
class VersionWriter {
 public:
  VersionWriter(kv::WriteBatch* batch, Timestamp timestamp)
      : batch_(batch), timestamp_(timestamp) {}
  void Add(hidb::SpaceId space, std::string_view key, const std::optional<std::string>& value) {
    key_ = SpacePrefix(space);
    key_.append(key);
    AppendVersion(&key_, timestamp_);
    if (value) {
      EncodeVersionValue(*value, &value_);
      batch_->Put(kVersionFamily, key_, value_);
    } else {
      batch_->Put(kVersionFamily, key_, kDeletedValue);
    }
  }
  // Adds a transaction's final writes; returns how many of them are deletions.
  uint64_t AddAll(const hidb::WriteSet& writes) {
    uint64_t deletion_count = 0;
    writes.ForEach(
        [&](hidb::SpaceId space, std::string_view key, const std::optional<std::string>& value) {
          deletion_count += value ? 0 : 1;
          Add(space, key, value);
        });
    return deletion_count;
  }

 private:
  kv::WriteBatch* const batch_;
  const Timestamp timestamp_;
  std::string key_;
  std::string value_;
};

Status EarlierOneIsLost() {
  return Error(ErrorCode::kStatementCompletionUnknown)
      .Message("it is unknown whether the transaction was committed: an earlier one was not stored")
      .Hint("The disk failed to store the log. Restart the server, then look at the data.");
}

}  // namespace

TxnId Node::BeginTransaction() { return locks_->Begin(); }

Result<std::vector<hidb::RowLockOutcome>> Node::LockRows(const hidb::RowLockRequest& request) {
  std::vector<hidb::RowLockOutcome> outcomes(request.keys.size());
  for (size_t index = 0; index < request.keys.size(); ++index) {
    const std::string& key = request.keys[index];
    if (!request.is_covered) {
      HELIOS_TRY(const bool granted,
                 locks_->LockRow(request.txn, request.space, key, request.mode, request.options));
      outcomes[index].skipped = !granted;
      if (!granted) continue;
    }
    if (request.snapshot == kTimestampMax) continue;
    HELIOS_TRY(const Timestamp newest,
               NewestCommitted(*store_, *row_cache_, request.space, key, *staged_));
    outcomes[index].changed = newest > request.snapshot;
  }
  return outcomes;
}

Status Node::LockTable(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                       const hidb::LockOptions& options) {
  return locks_->LockObject(txn, object, mode, options);
}

Status Node::AwaitTableHolders(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                               const hidb::LockOptions& options) {
  return locks_->AwaitHolders(txn, object, mode, options);
}

// Versions in the past: they stand below everything that a writer has done to their key since the
// row version was made, so they need no lock, and garbage collection keeps what hides them as long
// as the caller's snapshot lives.
Status Node::FillIndex(hidb::SpaceId index, std::span<const hidb::IndexEntry> entries) {
  const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
  std::string key;
  std::string value;
  for (const hidb::IndexEntry& entry : entries) {
    HELIOS_CHECK(entry.version != 0);
    key = SpacePrefix(index);
    key.append(entry.key);
    AppendVersion(&key, entry.version);
    EncodeVersionValue(entry.value, &value);
    batch->Put(kVersionFamily, key, value);
  }
  rows_written_.fetch_add(entries.size(), std::memory_order_relaxed);
  Status status = store_->Write(batch.get(), false);
  const auto by_key = [](const auto& a, const auto& b) { return a.key < b.key; };
  const auto highest = std::max_element(entries.begin(), entries.end(), by_key);
  if (highest != entries.end()) highest_keys_->NoteStored(index, highest->key);
  return status;
}

uint64_t Node::LockMark(TxnId txn) { return locks_->Mark(txn); }

void Node::ReleaseLocks(TxnId txn, uint64_t mark) { locks_->ReleaseTo(txn, mark); }

Status Node::CheckCatalogVersion(const hidb::CommitRequest& request) const {
  if (request.base_catalog_version == catalog_version_.load()) return Status::Ok();
  return Error(ErrorCode::kSerializationFailure)
      .Message("could not serialize access due to concurrent change of the catalog")
      .Hint("The transaction might succeed if retried.");
}

void Node::AddCatalog(const hidb::CommitRequest& request, kv::WriteBatch* batch) const {
  if (request.catalog.empty()) return;
  for (const hidb::CatalogRecord& record : request.catalog) {
    const std::string key = std::string(kCatalogPrefix) + record.key;
    if (record.value) {
      batch->Put(kv::Family::kLocal, key, *record.value);
    } else {
      batch->Delete(kv::Family::kLocal, key);
    }
  }
  batch->Put(kv::Family::kLocal, kCatalogVersionKey, EncodeNumber(catalog_version_.load() + 1));
}

Result<Timestamp> Node::Commit(const hidb::CommitRequest& request) {
  const hidb::WriteSet* const writes = request.writes;
  const bool has_writes = writes != nullptr && !writes->empty();
  const bool only_writes = request.catalog.empty() && request.dropped_spaces.empty();
  if (!has_writes && only_writes) {
    if (request.durable) HELIOS_TRY(sequences_->Sync());
    HELIOS_TRY(FinishUnwritten(request.txn));
    return oracle_->visible();
  }
  HELIOS_TRY(store_->WriteStatus());
  const bool is_short = has_writes && only_writes && request.durable && request.reads == nullptr &&
                        !writes->has_staged() && writes->bytes() <= kGroupedBytesMax;
  return is_short ? CommitInGroup(request) : CommitAlone(request);
}

Result<Timestamp> Node::CommitInGroup(const hidb::CommitRequest& request) {
  CommitEntry entry(request);
  commit_queue_->Commit(&entry);
  HELIOS_TRY(entry.status);
  HELIOS_TRY(AwaitVisible(entry.timestamp));
  commits_.fetch_add(1, std::memory_order_relaxed);
  rows_written_.fetch_add(entry.operation_count, std::memory_order_relaxed);
  NoteCommitted(*request.writes, entry.deletion_count);
  FinishTransaction(request.txn);
  return entry.timestamp;
}

// The first stage of a group: its writes come into the log and the memtables. From then on nothing
// but the loss of the log undoes them, and whoever gets its rows' locks now is behind them in the
// log: the locks need not wait for the disk.
void Node::AppendGroup(std::span<CommitEntry* const> group) {
  const auto append = [&]() -> Status {
    HELIOS_TRY(const Timestamp timestamp, oracle_->Begin());
    const Status status = WriteGroup(group, timestamp);
    for (const CommitEntry* entry : group) {
      NoteStored(*entry->request.writes, timestamp, status.ok());
    }
    if (!status.ok()) {
      oracle_->Publish(timestamp);
      return status;
    }
    oracle_->MarkStored(timestamp);
    // Those who get the locks take snapshots up to what is stored: they must see this.
    oracle_->AwaitStored(timestamp);
    for (const CommitEntry* entry : group) locks_->ReleaseRows(entry->request.txn);
    return Status::Ok();
  };
  const Status status = append();
  for (CommitEntry* entry : group) entry->status = status;
}

// The commits of a group touch different keys, because each holds the locks of its own: one
// timestamp serves them all.
Status Node::WriteGroup(std::span<CommitEntry* const> group, Timestamp timestamp) {
  const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
  VersionWriter writer(batch.get(), timestamp);
  for (CommitEntry* entry : group) {
    const size_t operations_before = batch->operation_count();
    entry->timestamp = timestamp;
    entry->deletion_count = writer.AddAll(*entry->request.writes);
    entry->operation_count = batch->operation_count() - operations_before;
  }
  return store_->Write(batch.get(), /*sync=*/false);
}

// The second stage, of all groups that were appended meanwhile.
void Node::SyncGroup(std::span<CommitEntry* const> group) {
  const Status status = store_->Sync();
  if (!status.ok()) {
    oracle_->Stop();
    for (CommitEntry* entry : group) entry->status = status;
    return;
  }
  Timestamp published = 0;
  for (const CommitEntry* entry : group) {
    if (entry->timestamp != published) oracle_->Publish(entry->timestamp);
    published = entry->timestamp;
  }
}

// What is stored at `timestamp` is durable; whether all before it is too.
Status Node::AwaitVisible(Timestamp timestamp) {
  return oracle_->AwaitVisible(timestamp) ? Status::Ok() : EarlierOneIsLost();
}

// What memory keeps of the rows that a commit has stored, before it becomes visible.
void Node::NoteStored(const hidb::WriteSet& writes, Timestamp timestamp, bool is_stored) {
  // After a failed write nobody knows what is stored.
  if (!is_stored) row_cache_->Clear(timestamp);
  hidb::SpaceId last_space = 0;
  std::string stored_key;
  const auto note_highest = [&] {
    if (stored_key.empty()) return;
    highest_keys_->NoteStored(last_space, std::string_view(stored_key).substr(kSpacePrefixBytes));
  };
  writes.ForEach(
      [&](hidb::SpaceId space, std::string_view key, const std::optional<std::string>& value) {
        if (space != last_space) note_highest();
        last_space = space;
        stored_key = SpacePrefix(space);
        stored_key.append(key);
        if (is_stored) row_cache_->NoteCommitted(stored_key, timestamp, value);
      });
  note_highest();
}

Result<Timestamp> Node::CommitAlone(const hidb::CommitRequest& request) {
  const hidb::WriteSet* const writes = request.writes;
  const bool has_writes = writes != nullptr && !writes->empty();
  std::unique_lock catalog_lock(catalog_mutex_, std::defer_lock);
  if (!request.catalog.empty()) {
    catalog_lock.lock();
    HELIOS_TRY(CheckCatalogVersion(request));
  }
  std::vector<Timestamp> staged;
  bool buffered = has_writes;
  if (has_writes) {
    if (const auto earlier = writes->staged(); earlier != nullptr) {
      for (const hidb::WriteSet::Staged& entry : *earlier) staged.push_back(entry.timestamp);
    }
    if (writes->bytes() > kCommitBatchBytesMax) {
      HELIOS_TRY(const Timestamp now, StageFinal(request.txn, *writes));
      staged.push_back(now);
      buffered = false;
    }
  }

  const bool is_validated = has_writes && request.reads != nullptr;
  HELIOS_TRY(const Timestamp timestamp,
             is_validated ? validator_->Begin(request, [this] { return oracle_->Begin(); })
                          : oracle_->Begin());
  const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
  const uint64_t deletions = buffered ? VersionWriter(batch.get(), timestamp).AddAll(*writes) : 0;
  const size_t row_operations = batch->operation_count();
  for (Timestamp entry : staged) batch->Delete(kv::Family::kLocal, StagedKey(entry));
  AddCatalog(request, batch.get());
  for (hidb::SpaceId space : request.dropped_spaces) {
    batch->Put(kv::Family::kLocal, LocalKey(kDroppedPrefix, space), "");
  }
  if (!staged.empty()) staged_->SetCommitted(staged, timestamp);
  const Status status = store_->Write(batch.get(), request.durable);
  if (!staged.empty()) {
    row_cache_->Clear(timestamp);
    if (!status.ok()) staged_->SetCommitted(staged, 0);
  }
  if (buffered) NoteStored(*writes, timestamp, status.ok());
  if (status.ok() && !request.catalog.empty()) {
    catalog_version_.fetch_add(1, std::memory_order_acq_rel);
  }
  oracle_->Publish(timestamp);
  HELIOS_TRY(status);
  HELIOS_TRY(AwaitVisible(timestamp));
  if (catalog_lock.owns_lock()) catalog_lock.unlock();

  commits_.fetch_add(1, std::memory_order_relaxed);
  rows_written_.fetch_add(row_operations, std::memory_order_relaxed);
  if (has_writes) NoteCommitted(*writes, deletions);
  FinishTransaction(request.txn);
  EraseDropped(request.dropped_spaces);
  return timestamp;
}

// Keeps the estimates of rows and of dead versions: an update leaves one, a deletion two.
void Node::NoteCommitted(const hidb::WriteSet& writes, uint64_t deletions) {
  const std::map<hidb::SpaceId, int64_t> deltas = writes.RowCountDeltas();
  if (row_counts_->Add(deltas)) StoreRowCounts(/*durable=*/true);
  if (writes.has_staged()) return;
  const auto note = [&](hidb::SpaceId space, int64_t put_count, uint64_t deleted) {
    const auto delta = deltas.find(space);
    int64_t updated = 0;
    if (delta != deltas.end()) {
      updated = put_count - (delta->second + static_cast<int64_t>(deleted));
    }
    const uint64_t dead = 2 * deleted + static_cast<uint64_t>(std::max<int64_t>(updated, 0));
    collector_->NoteDead(space, dead, row_counts_->Get(space));
  };
  if (deletions == 0 && deltas.empty() && writes.bytes() > kCommitBatchBytesMax) return;
  hidb::SpaceId space = 0;
  int64_t put_count = 0;
  uint64_t deleted = 0;
  writes.ForEach(
      [&](hidb::SpaceId next, std::string_view, const std::optional<std::string>& value) {
        if (next != space) {
          if (space != 0) note(space, put_count, deleted);
          space = next;
          put_count = 0;
          deleted = 0;
        }
        if (value) {
          ++put_count;
        } else {
          ++deleted;
        }
      });
  if (space != 0) note(space, put_count, deleted);
  WakeMaintenance();
}

// Releases what a transaction holds; its staged writes that no commit took are undone. Whether it
// has held locks that plain readers do not take.
bool Node::FinishTransaction(TxnId txn) {
  std::vector<Timestamp> undone = staged_->TakeUndone(txn);
  const bool has_undone = !undone.empty();
  if (has_undone) collector_->Sweep(std::move(undone));
  const bool has_locked = locks_->End(txn);
  if (has_undone) WakeMaintenance();
  return has_locked;
}

// The end of a transaction without a place in the log. Who takes locks reads what is stored but not
// durable yet; what it has seen, or has not found any more, must be before its client goes on.
Status Node::FinishUnwritten(TxnId txn) {
  if (!FinishTransaction(txn) || oracle_->AwaitAllStored()) return Status::Ok();
  return EarlierOneIsLost();
}

void Node::Abort(TxnId txn) {
  aborts_.fetch_add(1, std::memory_order_relaxed);
  // An error means that the log is lost, and the client is told that its transaction is undone.
  static_cast<void>(FinishUnwritten(txn).ok());
}

void Node::WakeMaintenance() {
  if (!collector_->HasWork()) return;
  {
    std::lock_guard lock(maintenance_mutex_);
    maintenance_due_ = true;
  }
  maintenance_wake_.notify_one();
}

// What goes to the store in one piece of a stage.
struct Node::StagedBatch {
  std::unique_ptr<kv::WriteBatch> batch;
  std::map<hidb::SpaceId, std::string> highest = {};  // Of all pieces so far.
};

// Each command's buffered writes come under a staged timestamp of their own, so that a rollback to
// a savepoint leaves the earlier ones, and a cursor does not see the later ones.
Status Node::StageWrites(TxnId txn, hidb::WriteSet* writes) {
  const std::vector<hidb::WriteSet::CommandWrites> commands = writes->ByCommand();
  HELIOS_TRY(const std::vector<Timestamp> timestamps, BeginStaged(txn, commands.size()));
  StagedBatch batch{store_->NewBatch()};
  hidb::WriteSet::StagedList staged;
  for (size_t i = 0; i < commands.size(); ++i) {
    const auto visit_all = [&](const hidb::WriteSet::Visit& visit) { commands[i].ForEach(visit); };
    HELIOS_TRY(WriteStaged(timestamps[i], visit_all, &batch));
    staged.push_back({timestamps[i], commands[i].command()});
  }
  HELIOS_TRY(FlushStaged(&batch));
  writes->ReplaceByStaged(staged);
  return Status::Ok();
}

// For a large commit: nobody asks for single commands any more.
Result<Timestamp> Node::StageFinal(TxnId txn, const hidb::WriteSet& writes) {
  HELIOS_TRY(const std::vector<Timestamp> timestamps, BeginStaged(txn, 1));
  StagedBatch batch{store_->NewBatch()};
  const auto visit_all = [&](const hidb::WriteSet::Visit& visit) { writes.ForEach(visit); };
  HELIOS_TRY(WriteStaged(timestamps[0], visit_all, &batch));
  HELIOS_TRY(FlushStaged(&batch));
  return timestamps[0];
}

// Timestamps to stage under. On this and later errors what was written belongs to the transaction
// without being in any write set: it is undone with the transaction's end.
Result<std::vector<Timestamp>> Node::BeginStaged(TxnId txn, size_t count) {
  std::vector<Timestamp> timestamps;
  Status status;
  while (status.ok() && timestamps.size() < count) {
    const Result<Timestamp> timestamp = oracle_->Begin();
    status = timestamp.status();
    if (status.ok()) timestamps.push_back(timestamp.value());
  }
  // Known as staged before they become visible.
  staged_->Add(timestamps, txn);
  oracle_->PublishAll(timestamps);
  HELIOS_TRY(std::move(status));
  return timestamps;
}

// Adds the versions under one staged timestamp to the batch, and writes that when it is full. Their
// record goes before them, so that after a crash nothing staged is without it.
Status Node::WriteStaged(Timestamp timestamp, const VisitAll& visit_all, StagedBatch* staged) {
  std::map<hidb::SpaceId, StagedExtent> spaces;
  StagedExtent* extent = nullptr;
  visit_all([&](hidb::SpaceId space, std::string_view key, const std::optional<std::string>&) {
    if (extent == nullptr || extent->space != space) {
      extent = &spaces.try_emplace(space, StagedExtent{space, std::string(key), {}}).first->second;
    }
    if (key < extent->first) extent->first.assign(key);
    if (key > extent->last) extent->last.assign(key);
  });
  std::vector<StagedExtent> extents;
  for (auto& [space, covered] : spaces) {
    std::string& highest = staged->highest[space];
    highest = std::max(highest, covered.last);
    extents.push_back(std::move(covered));
  }
  kv::WriteBatch* const batch = staged->batch.get();
  batch->Put(kv::Family::kLocal, StagedKey(timestamp), EncodeExtents(extents));
  VersionWriter writer(batch, timestamp);
  Status status;
  visit_all(
      [&](hidb::SpaceId space, std::string_view key, const std::optional<std::string>& value) {
        if (!status.ok()) return;
        writer.Add(space, key, value);
        if (batch->byte_count() >= kStageBatchBytes) status = FlushStaged(staged);
      });
  return status;
}

Status Node::FlushStaged(StagedBatch* staged) {
  kv::WriteBatch* const batch = staged->batch.get();
  staged_bytes_.fetch_add(batch->byte_count(), std::memory_order_relaxed);
  rows_written_.fetch_add(batch->operation_count(), std::memory_order_relaxed);
  Status status = store_->Write(batch, false);
  batch->Clear();
  for (const auto& [space, key] : staged->highest) highest_keys_->NoteStored(space, key);
  return status;
}

// Empties dropped spaces. The records that ask for it go in the same batch, so a crash before it
// repeats this and a crash after it does not.
void Node::EraseDropped(const std::vector<hidb::SpaceId>& spaces) {
  if (spaces.empty()) return;
  const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
  for (hidb::SpaceId space : spaces) {
    batch->DeleteRange(kVersionFamily, SpacePrefix(space), SpaceEnd(space));
    for (std::string_view prefix :
         {kDroppedPrefix, kRowIdPrefix, kSequencePrefix, kStatisticsPrefix}) {
      batch->Delete(kv::Family::kLocal, LocalKey(prefix, space));
    }
    identifiers_->Forget(space);
    sequences_->Forget(space);
    row_counts_->Forget(space);
    highest_keys_->Forget(space);
  }
  // If it fails the spaces are emptied at the next start.
  if (!store_->Write(batch.get(), false).ok()) return;
  for (hidb::SpaceId space : spaces) {
    store_->ReclaimRange(kVersionFamily, SpacePrefix(space), SpaceEnd(space));
  }
}

}  // namespace helios::storage
