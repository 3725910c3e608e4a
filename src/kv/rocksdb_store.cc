#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <mutex>

#include "kv/internal/log_end.h"
#include "kv/internal/rocksdb_options.h"
#include "kv/internal/rocksdb_status.h"
#include "kv/open.h"
#include "sys/files.h"

namespace helios::kv {
namespace {

// Space that is given back when the disk is full; not a file of RocksDB.
constexpr const char* kReserveName = "/RESERVE";

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

// A RocksDB iterator with bounds that can be changed between uses: RocksDB keeps pointers to the
// slices and looks at them anew with each seek.
struct ReusableIterator {
  std::string lower;
  std::string upper;
  rocksdb::Slice lower_slice;
  rocksdb::Slice upper_slice;
  std::unique_ptr<rocksdb::Iterator> iterator;

  void SetBounds(std::string new_lower, std::string new_upper) {
    lower = std::move(new_lower);
    upper = new_upper.empty() ? std::string(kEndOfKeys) : std::move(new_upper);
    lower_slice = lower;
    upper_slice = upper;
  }

  // Above every key that we store: spaces and record kinds do not begin with 0xff bytes.
  static constexpr std::string_view kEndOfKeys = "\xff\xff\xff\xff\xff\xff\xff\xff";
};

// Iterators that wait to be used again: making one costs more than a seek. A waiting iterator keeps
// old files and memtables alive, so those that wait are thrown away now and then.
class IteratorPool {
 public:
  std::unique_ptr<ReusableIterator> Take() {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) return nullptr;
    std::unique_ptr<ReusableIterator> taken = std::move(waiting_.back());
    waiting_.pop_back();
    return taken;
  }
  void Return(std::unique_ptr<ReusableIterator> iterator) {
    std::lock_guard lock(mutex_);
    if (waiting_.size() < kWaitingMax) waiting_.push_back(std::move(iterator));
  }
  void Clear() {
    std::vector<std::unique_ptr<ReusableIterator>> dropped;
    std::lock_guard lock(mutex_);
    dropped.swap(waiting_);
  }

 private:
  static constexpr size_t kWaitingMax = 32;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ReusableIterator>> waiting_;
};

class RocksIterator final : public Iterator {
 public:
  // `pool` may be null: the iterator is not used again.
  RocksIterator(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, ReadOptions options,
                IteratorPool* pool, const std::string& directory)
      : pool_(pool), directory_(directory) {
    if (pool_ != nullptr) inner_ = pool_->Take();
    if (inner_ != nullptr) {
      inner_->SetBounds(std::move(options.lower), std::move(options.upper));
      if (inner_->iterator->Refresh().ok()) return;
    }
    inner_ = std::make_unique<ReusableIterator>();
    inner_->SetBounds(std::move(options.lower), std::move(options.upper));
    rocksdb::ReadOptions read;
    read.iterate_lower_bound = &inner_->lower_slice;
    read.iterate_upper_bound = &inner_->upper_slice;
    read.total_order_seek = !options.one_key;
    read.prefix_same_as_start = options.one_key;
    read.fill_cache = options.fill_cache;
    read.readahead_size = options.readahead_bytes;
    read.adaptive_readahead = true;
    if (options.snapshot != nullptr) {
      read.snapshot = static_cast<const RocksSnapshot*>(options.snapshot)->get();
    }
    inner_->iterator.reset(db->NewIterator(read, family));
  }
  ~RocksIterator() override {
    if (pool_ != nullptr && inner_->iterator->status().ok()) pool_->Return(std::move(inner_));
  }
  bool Valid() const override { return inner_->iterator->Valid(); }
  void Seek(std::string_view key) override { Move(&rocksdb::Iterator::Seek, ToSlice(key)); }
  void SeekForPrev(std::string_view key) override {
    Move(&rocksdb::Iterator::SeekForPrev, ToSlice(key));
  }
  void SeekToFirst() override { Move(&rocksdb::Iterator::Seek, inner_->lower_slice); }
  void SeekToLast() override { Move(&rocksdb::Iterator::SeekForPrev, inner_->upper_slice); }
  void Next() override { inner_->iterator->Next(); }
  void Prev() override { inner_->iterator->Prev(); }
  std::string_view key() const override { return ToView(inner_->iterator->key()); }
  std::string_view value() const override { return ToView(inner_->iterator->value()); }
  Status status() const override {
    const rocksdb::Status status = inner_->iterator->status();
    return status.ok() ? Status::Ok() : FromRocksDb(status, directory_);
  }

 private:
  void Move(void (rocksdb::Iterator::*seek)(const rocksdb::Slice&), rocksdb::Slice target) {
    // RocksDB counts every step in thread-local counters, which nobody reads here, unless each
    // thread tells it not to.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    (inner_->iterator.get()->*seek)(target);
  }

  IteratorPool* const pool_;
  const std::string& directory_;
  std::unique_ptr<ReusableIterator> inner_;
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

  // Room for a short commit, without growing.
  static constexpr size_t kInitialBytes = 512;

  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  rocksdb::WriteBatch batch_{kInitialBytes};
};

Status CompletionUnknown(const std::string& cause) {
  return Error(ErrorCode::kStatementCompletionUnknown)
      .Message("it is unknown whether the transaction was committed: {}", cause)
      .Hint("The disk failed to store the log. Restart the server, then look at the data.");
}

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
    IteratorPool* const pool = PoolFor(family, options);
    return std::make_unique<RocksIterator>(db_.get(), Handle(family), std::move(options), pool,
                                           options_.directory);
  }
  std::unique_ptr<Snapshot> NewSnapshot() override {
    return std::make_unique<RocksSnapshot>(db_.get());
  }
  std::unique_ptr<WriteBatch> NewBatch() override { return std::make_unique<RocksBatch>(handles_); }
  Status Write(WriteBatch* batch, bool sync) override;
  Status Sync() override;
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
  IteratorPool* PoolFor(Family family, const ReadOptions& options) {
    if (options.snapshot != nullptr || !options.fill_cache || options.readahead_bytes != 0) {
      return nullptr;
    }
    return &pools_[static_cast<size_t>(family) * 2 + (options.one_key ? 1 : 0)];
  }
  void ClearPools() {
    for (IteratorPool& pool : pools_) pool.Clear();
  }
  Status WriteFailed(const rocksdb::Status& status);
  void Stop(const rocksdb::Status& cause);
  void SetDiskFull();
  bool KeepReserve();
  Status CheckFiles() const;
  Status OpenError(const rocksdb::Status& status) const;

  const RocksDbOptions options_;
  TunedOptions tuned_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_handle_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::array<IteratorPool, kFamilyCount * 2> pools_;
  std::atomic<Health> health_{Health::kServing};
  mutable std::mutex stop_mutex_;
  std::string stop_cause_;  // Guarded by stop_mutex_.
  std::atomic<uint64_t> write_batches_{0};
  std::atomic<uint64_t> bytes_written_{0};
};

Status RocksStore::Open() {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  HELIOS_TRY(CheckFiles());
  HELIOS_TRY(CutLogs(options_.directory, options_.faults));
  const rocksdb::Status status =
      rocksdb::DB::Open(tuned_.db, options_.directory, tuned_.families, &handles, &db);
  if (!status.ok()) return OpenError(status);
  db_.reset(db);
  default_handle_ = handles[0];
  handles_.assign(handles.begin() + 1, handles.end());
  CheckDisk();
  return Status::Ok();
}

// What RocksDB would take for a new database, or fail on in a worse way.
Status RocksStore::CheckFiles() const {
  HELIOS_TRY(const std::vector<std::string> names, sys::ListDirectory(options_.directory));
  // A manifest alone is what a crash leaves before the first CURRENT.
  const auto is_data = [](const std::string& name) {
    return name.ends_with(".sst") || name.ends_with(".log");
  };
  if (std::any_of(names.begin(), names.end(), is_data) &&
      std::find(names.begin(), names.end(), "CURRENT") == names.end()) {
    return DamagedFileError(fmt::format("file \"{}/CURRENT\" is missing", options_.directory));
  }
  // With less there is no opening at all.
  constexpr uint64_t kOpenBytesMin = 4 << 20;
  const std::string reserve = options_.directory + kReserveName;
  if (Result<uint64_t> free = sys::FreeDiskBytes(options_.directory);
      free.ok() && *free < kOpenBytesMin) {
    HELIOS_TRY(sys::RemoveFile(reserve));
    HELIOS_TRY(free, sys::FreeDiskBytes(options_.directory));
    if (*free < kOpenBytesMin) return DiskFullError(options_.directory);
  }
  return Status::Ok();
}

Status RocksStore::OpenError(const rocksdb::Status& status) const {
  std::string cause = status.ToString();
  // The name that a missing table file is looked for by at last.
  if (const size_t old_name = cause.find(".ldb"); old_name != std::string::npos) {
    cause.replace(old_name, 4, ".sst");
  }
  if (status.IsPathNotFound() || cause.find("No such file") != std::string::npos) {
    return DamagedFileError(
        fmt::format("a file is missing in data directory \"{}\": {}", options_.directory, cause));
  }
  // A damaged log is not named by RocksDB.
  const std::string read = tuned_.watch->last_read();
  if (status.IsCorruption() && cause.find(options_.directory) == std::string::npos &&
      !read.empty()) {
    return DamagedFileError(fmt::format("file \"{}\" is damaged: {}", read, cause));
  }
  return FromRocksDb(status, options_.directory);
}

RocksStore::~RocksStore() {
  if (db_ == nullptr) return;
  ClearPools();
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
    case Health::kServing:
      return Status::Ok();
    case Health::kDiskFull:
      return DiskFullError(options_.directory);
    case Health::kStopped:
      break;
  }
  std::lock_guard lock(stop_mutex_);
  return Error(ErrorCode::kIoError)
      .Message("writing to data directory \"{}\" has been stopped: {}", options_.directory,
               stop_cause_)
      .Hint("Check the disk, then restart the server; it recovers every acknowledged commit.");
}

Status RocksStore::Write(WriteBatch* batch, bool sync) {
  if (tuned_.watch->reserve_used.load(std::memory_order_acquire)) SetDiskFull();
  if (health() != Health::kServing) return WriteStatus();
  rocksdb::WriteBatch* writes = static_cast<RocksBatch*>(batch)->get();
  rocksdb::WriteOptions options;
  options.sync = sync;
  HELIOS_CHECK(writes->PutLogData(ToSlice(EncodeLogMark(tuned_.watch->log_mark()))).ok());
  const size_t byte_count = writes->GetDataSize();
  if (!tuned_.watch->ReserveLog(byte_count)) {
    SetDiskFull();
    return DiskFullError(options_.directory);
  }
  const rocksdb::Status status = db_->Write(options, writes);
  tuned_.watch->ReleaseLog(byte_count);
  if (!status.ok()) return WriteFailed(status);
  write_batches_.fetch_add(1, std::memory_order_relaxed);
  bytes_written_.fetch_add(byte_count, std::memory_order_relaxed);
  return Status::Ok();
}

Status RocksStore::Sync() {
  if (health() != Health::kStopped) {
    const rocksdb::Status status = db_->SyncWAL();
    if (status.ok()) return Status::Ok();
    Stop(status);
  }
  // What is to be synced is in the log already, whoever has stopped the store.
  std::lock_guard lock(stop_mutex_);
  return CompletionUnknown(stop_cause_);
}

// A failed append leaves an incomplete record, which recovery ignores: the batch is surely not
// there. After a failed sync it may or may not be, and trying again could only hide the loss.
Status RocksStore::WriteFailed(const rocksdb::Status& status) {
  if (tuned_.watch->sync_failed.load(std::memory_order_acquire)) {
    Stop(status);
    return CompletionUnknown(status.ToString());
  }
  if (IsDiskFull(status)) {
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

// Whether space for a full disk is kept, as far as it is wanted.
bool RocksStore::KeepReserve() {
  return tuned_.watch
      ->KeepReserve(options_.directory + kReserveName, options_.reserved_disk_bytes / 2)
      .ok();
}

void RocksStore::SetDiskFull() {
  Health serving = Health::kServing;
  health_.compare_exchange_strong(serving, Health::kDiskFull);
}

void RocksStore::CheckDisk() {
  ClearPools();
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
  if (tuned_.watch->engine_stopped.load(std::memory_order_acquire)) SetDiskFull();
  if (health() != Health::kDiskFull) {
    KeepReserve();
    return;
  }
  // Half as much again, so that the state does not flicker at the border.
  if (*free_bytes < options_.reserved_disk_bytes + options_.reserved_disk_bytes / 2) return;
  if (!KeepReserve()) return;
  // Cleared first: what fails behind this call stops it again.
  tuned_.watch->engine_stopped.store(false, std::memory_order_release);
  if (!db_->Resume().ok()) return;
  if (tuned_.watch->LogIsBroken()) {
    Stop(rocksdb::Status::IOError("the log cannot be continued after the disk was full"));
    return;
  }
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
