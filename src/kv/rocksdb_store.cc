#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_batch.h>

#include <mutex>

#include "kv/internal/rocksdb_options.h"
#include "kv/internal/rocksdb_status.h"
#include "kv/open.h"
#include "sys/files.h"

namespace helios::kv {
namespace {

rocksdb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class RocksSnapshot final : public Snapshot {
 public:
  explicit RocksSnapshot(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~RocksSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

class RocksIterator final : public Iterator {
 public:
  RocksIterator(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, ReadOptions options,
                const std::string& directory)
      : options_(std::move(options)),
        lower_(options_.lower),
        upper_(options_.upper),
        directory_(directory) {
    rocksdb::ReadOptions read;
    if (!options_.lower.empty()) read.iterate_lower_bound = &lower_;
    if (!options_.upper.empty()) read.iterate_upper_bound = &upper_;
    read.total_order_seek = !options_.one_key;
    read.prefix_same_as_start = options_.one_key;
    read.fill_cache = options_.fill_cache;
    read.readahead_size = options_.readahead_bytes;
    read.adaptive_readahead = true;
    if (options_.snapshot != nullptr) {
      read.snapshot = static_cast<const RocksSnapshot*>(options_.snapshot)->get();
    }
    iterator_.reset(db->NewIterator(read, family));
  }
  bool Valid() const override { return iterator_->Valid(); }
  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  void SeekForPrev(std::string_view key) override { iterator_->SeekForPrev(ToSlice(key)); }
  void SeekToFirst() override { iterator_->SeekToFirst(); }
  void SeekToLast() override { iterator_->SeekToLast(); }
  void Next() override { iterator_->Next(); }
  void Prev() override { iterator_->Prev(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  Status status() const override {
    const rocksdb::Status status = iterator_->status();
    return status.ok() ? Status::Ok() : FromRocksDb(status, directory_);
  }

 private:
  const ReadOptions options_;  // Owns the bounds' bytes.
  const rocksdb::Slice lower_;
  const rocksdb::Slice upper_;
  const std::string& directory_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksBatch final : public WriteBatch {
 public:
  explicit RocksBatch(const std::vector<rocksdb::ColumnFamilyHandle*>& handles)
      : handles_(handles) {}
  void Put(Family family, std::string_view key, std::string_view value) override {
    Check(batch_.Put(Handle(family), ToSlice(key), ToSlice(value)));
  }
  void Delete(Family family, std::string_view key) override {
    Check(batch_.Delete(Handle(family), ToSlice(key)));
  }
  void DeleteRange(Family family, std::string_view begin, std::string_view end) override {
    Check(batch_.DeleteRange(Handle(family), ToSlice(begin), ToSlice(end)));
  }
  void Clear() override { batch_.Clear(); }
  size_t operation_count() const override { return batch_.Count(); }
  size_t byte_count() const override { return batch_.GetDataSize(); }
  rocksdb::WriteBatch* get() { return &batch_; }

 private:
  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }
  // Adding to a batch in memory fails for keys and values of 4 GiB only.
  static void Check(const rocksdb::Status& status) { HELIOS_CHECK(status.ok()); }

  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  rocksdb::WriteBatch batch_;
};

class RocksStore final : public KvStore {
 public:
  RocksStore(RocksDbOptions options, TunedOptions tuned)
      : options_(std::move(options)), tuned_(std::move(tuned)) {}
  ~RocksStore() override;
  Status Open();

  Result<bool> Get(Family family, std::string_view key, PinnedValue* value) override;
  Status MultiGet(Family family, std::span<const std::string_view> keys,
                  std::vector<PinnedValue>* values, std::vector<bool>* found) override;
  std::unique_ptr<Iterator> NewIterator(Family family, ReadOptions options) override {
    return std::make_unique<RocksIterator>(db_.get(), Handle(family), std::move(options),
                                           options_.directory);
  }
  std::unique_ptr<Snapshot> NewSnapshot() override {
    return std::make_unique<RocksSnapshot>(db_.get());
  }
  std::unique_ptr<WriteBatch> NewBatch() override { return std::make_unique<RocksBatch>(handles_); }
  Status Write(WriteBatch* batch, bool sync) override;
  std::vector<uint64_t> ApproximateSizes(Family family,
                                         std::span<const KeyRangeView> ranges) override;
  Status Flush() override;
  Status CompactRange(Family family, std::string_view begin, std::string_view end) override;
  void ReclaimRange(Family family, std::string_view begin, std::string_view end) override;
  Health health() const override { return health_.load(std::memory_order_acquire); }
  Status WriteStatus() const override;
  void CheckDisk() override;
  Metrics GetMetrics() const override;

 private:
  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }
  Status WriteFailed(const rocksdb::Status& status);
  void Stop(const rocksdb::Status& cause);
  void SetDiskFull();

  const RocksDbOptions options_;
  TunedOptions tuned_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_handle_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::atomic<Health> health_{Health::kServing};
  mutable std::mutex stop_mutex_;
  std::string stop_cause_;  // Guarded by stop_mutex_.
  std::atomic<uint64_t> write_batches_{0};
  std::atomic<uint64_t> bytes_written_{0};
};

Status RocksStore::Open() {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status =
      rocksdb::DB::Open(tuned_.db, options_.directory, tuned_.families, &handles, &db);
  if (!status.ok()) return FromRocksDb(status, options_.directory);
  db_.reset(db);
  default_handle_ = handles[0];
  handles_.assign(handles.begin() + 1, handles.end());
  CheckDisk();
  return Status::Ok();
}

RocksStore::~RocksStore() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  db_->DestroyColumnFamilyHandle(default_handle_);
  // The log has every acknowledged write already; there is nobody left to tell of a failure.
  db_->Close().PermitUncheckedError();
}

Result<bool> RocksStore::Get(Family family, std::string_view key, PinnedValue* value) {
  auto pinned = std::make_shared<rocksdb::PinnableSlice>();
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), Handle(family), ToSlice(key), pinned.get());
  if (status.IsNotFound()) return false;
  if (!status.ok()) return FromRocksDb(status, options_.directory);
  const std::string_view view = ToView(*pinned);
  value->Set(view, std::move(pinned));
  return true;
}

Status RocksStore::MultiGet(Family family, std::span<const std::string_view> keys,
                            std::vector<PinnedValue>* values, std::vector<bool>* found) {
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (std::string_view key : keys) slices.push_back(ToSlice(key));
  auto pinned = std::make_shared<std::vector<rocksdb::PinnableSlice>>(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet(rocksdb::ReadOptions(), Handle(family), keys.size(), slices.data(), pinned->data(),
                statuses.data());
  values->assign(keys.size(), {});
  found->assign(keys.size(), false);
  for (size_t index = 0; index < keys.size(); ++index) {
    if (statuses[index].IsNotFound()) continue;
    if (!statuses[index].ok()) return FromRocksDb(statuses[index], options_.directory);
    (*found)[index] = true;
    (*values)[index].Set(ToView((*pinned)[index]), pinned);
  }
  return Status::Ok();
}

Status RocksStore::WriteStatus() const {
  switch (health()) {
    case Health::kServing: return Status::Ok();
    case Health::kDiskFull: return DiskFullError(options_.directory);
    case Health::kStopped: break;
  }
  std::lock_guard lock(stop_mutex_);
  return Error(ErrorCode::kIoError)
      .Message("writing to data directory \"{}\" has been stopped: {}", options_.directory,
               stop_cause_)
      .Hint("Check the disk, then restart the server; it recovers every acknowledged commit.");
}

Status RocksStore::Write(WriteBatch* batch, bool sync) {
  if (health() != Health::kServing) return WriteStatus();
  rocksdb::WriteBatch* writes = static_cast<RocksBatch*>(batch)->get();
  rocksdb::WriteOptions options;
  options.sync = sync;
  const size_t byte_count = writes->GetDataSize();
  const rocksdb::Status status = db_->Write(options, writes);
  if (!status.ok()) return WriteFailed(status);
  write_batches_.fetch_add(1, std::memory_order_relaxed);
  bytes_written_.fetch_add(byte_count, std::memory_order_relaxed);
  return Status::Ok();
}

// A failed append leaves an incomplete record, which recovery ignores: the batch is surely not there.
// After a failed sync it may or may not be, and trying again could only hide the loss.
Status RocksStore::WriteFailed(const rocksdb::Status& status) {
  if (tuned_.watch->sync_failed.load(std::memory_order_acquire)) {
    Stop(status);
    return Error(ErrorCode::kStatementCompletionUnknown)
        .Message("it is unknown whether the transaction was committed: {}", status.ToString())
        .Hint("The disk failed to store the log. Restart the server, then look at the data.");
  }
  if (status.IsNoSpace()) {
    SetDiskFull();
    return DiskFullError(options_.directory);
  }
  if (status.IsIOError() || status.IsCorruption()) Stop(status);
  return FromRocksDb(status, options_.directory);
}

void RocksStore::Stop(const rocksdb::Status& cause) {
  std::lock_guard lock(stop_mutex_);
  if (health() == Health::kStopped) return;
  stop_cause_ = cause.ToString();
  health_.store(Health::kStopped, std::memory_order_release);
}

void RocksStore::SetDiskFull() {
  Health serving = Health::kServing;
  health_.compare_exchange_strong(serving, Health::kDiskFull);
}

void RocksStore::CheckDisk() {
  if (tuned_.watch->sync_failed.load(std::memory_order_acquire)) {
    Stop(rocksdb::Status::IOError("a sync failed"));
    return;
  }
  if (health() == Health::kStopped) return;
  const Result<uint64_t> free_bytes = sys::FreeDiskBytes(options_.directory);
  if (!free_bytes.ok()) return;
  if (*free_bytes < options_.reserved_disk_bytes) {
    SetDiskFull();
    return;
  }
  if (health() != Health::kDiskFull) return;
  // Half as much again, so that the state does not flicker at the border.
  if (*free_bytes < options_.reserved_disk_bytes + options_.reserved_disk_bytes / 2) return;
  if (!db_->Resume().ok()) return;
  Health full = Health::kDiskFull;
  health_.compare_exchange_strong(full, Health::kServing);
}

std::vector<uint64_t> RocksStore::ApproximateSizes(Family family,
                                                   std::span<const KeyRangeView> ranges) {
  std::vector<uint64_t> sizes(ranges.size(), 0);
  if (ranges.empty()) return sizes;
  std::vector<rocksdb::Range> asked;
  asked.reserve(ranges.size());
  for (const KeyRangeView& range : ranges) {
    asked.emplace_back(ToSlice(range.begin), ToSlice(range.end));
  }
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  if (!db_->GetApproximateSizes(options, Handle(family), asked.data(),
                                static_cast<int>(asked.size()), sizes.data())
           .ok()) {
    sizes.assign(ranges.size(), 0);
  }
  return sizes;
}

Status RocksStore::Flush() {
  const rocksdb::Status status = db_->Flush(rocksdb::FlushOptions(), handles_);
  return status.ok() ? Status::Ok() : WriteFailed(status);
}

Status RocksStore::CompactRange(Family family, std::string_view begin, std::string_view end) {
  const rocksdb::Slice first = ToSlice(begin);
  const rocksdb::Slice last = ToSlice(end);
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const rocksdb::Status status = db_->CompactRange(
      options, Handle(family), begin.empty() ? nullptr : &first, end.empty() ? nullptr : &last);
  return status.ok() ? Status::Ok() : FromRocksDb(status, options_.directory);
}

void RocksStore::ReclaimRange(Family family, std::string_view begin, std::string_view end) {
  const rocksdb::Slice first = ToSlice(begin);
  const rocksdb::Slice last = ToSlice(end);
  // Only a hint: what stays goes with the next compaction.
  rocksdb::DeleteFilesInRange(db_.get(), Handle(family), &first, &last, /*include_end=*/false)
      .PermitUncheckedError();
}

Metrics RocksStore::GetMetrics() const {
  Metrics metrics;
  metrics.write_batches = write_batches_.load(std::memory_order_relaxed);
  metrics.syncs = tuned_.watch->syncs.load(std::memory_order_relaxed);
  metrics.bytes_written = bytes_written_.load(std::memory_order_relaxed);
  metrics.block_cache_bytes = tuned_.cache->GetUsage();
  metrics.block_cache_hits = tuned_.statistics->getTickerCount(rocksdb::BLOCK_CACHE_HIT);
  metrics.block_cache_misses = tuned_.statistics->getTickerCount(rocksdb::BLOCK_CACHE_MISS);
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    uint64_t value = 0;
    if (db_->GetIntProperty(handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &value)) {
      metrics.memtable_bytes += value;
    }
    if (db_->GetIntProperty(handle, rocksdb::DB::Properties::kTotalSstFilesSize, &value)) {
      metrics.table_file_bytes += value;
    }
    if (db_->GetIntProperty(handle, rocksdb::DB::Properties::kEstimatePendingCompactionBytes,
                            &value)) {
      metrics.pending_compaction_bytes += value;
    }
  }
  return metrics;
}

}  // namespace

std::string_view FamilyName(Family family) {
  static constexpr std::array<std::string_view, kFamilyCount> kNames = {
      "rows", "toast", "index", "segment", "delete", "raft", "local"};
  return kNames[static_cast<size_t>(family)];
}

Result<std::unique_ptr<KvStore>> OpenRocksDb(RocksDbOptions options) {
  TunedOptions tuned = TuneRocksDb(options);
  auto store = std::make_unique<RocksStore>(std::move(options), std::move(tuned));
  HELIOS_TRY(store->Open());
  return std::unique_ptr<KvStore>(std::move(store));
}

}  // namespace helios::kv
