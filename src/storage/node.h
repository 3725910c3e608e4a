#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "hidb/storage_service.h"
#include "kv/open.h"
#include "storage/data_directory.h"
#include "sys/clock.h"
#include "sys/fault_plan.h"
#include "sys/thread.h"
#include "txn/lock_table.h"
#include "txn/snapshot_registry.h"
#include "txn/timestamp_oracle.h"

namespace helios::storage {

struct NodeOptions {
  std::string directory;            // Empty: in memory; nothing survives the node.
  size_t memory_bytes = 256 << 20;  // For caches and write buffers.
  size_t lock_memory_bytes = 256 << 20;
  const sys::Clock* clock = nullptr;  // Null: the machine's.
  // Old versions are kept at least this long, for readers without a snapshot.
  int64_t gc_grace_us = 0;
  // False: no thread of its own; the owner calls RunMaintenance (tests, simulation).
  bool background_maintenance = true;
  uint64_t reserved_disk_bytes = 64 << 20;
  sys::FaultPlan* faults = nullptr;             // For tests.
  kv::DurabilityTracker* durability = nullptr;  // For tests.
};

struct NodeMetrics {
  kv::Metrics kv;
  uint64_t commits = 0;
  uint64_t aborts = 0;
  uint64_t rows_written = 0;
  uint64_t scans = 0;
  uint64_t point_reads = 0;
  uint64_t row_cache_hits = 0;
  uint64_t row_cache_bytes = 0;
  uint64_t staged_bytes = 0;
  uint64_t lock_waits = 0;
  uint64_t deadlocks = 0;
  uint64_t locks_held = 0;
  uint64_t active_transactions = 0;
  uint64_t active_snapshots = 0;
  uint64_t versions_collected = 0;
  uint64_t oldest_snapshot_age_ms = 0;
};

struct ScanEnvironment;
class StagedRegistry;
class Identifiers;
class Sequences;
class RowCounts;
class GarbageCollector;
class ReadPoint;
class RowCache;
class HighestKeys;
class CommitEntry;
class CommitQueue;
class CommitValidator;

// A storage node: rows, index entries and catalog records over one KvStore, as HIDB asks for them.
// docs/formats/kv.md says how they lie.
//
// Thread safety: all calls, from any thread. Lifetime: longer than its leases and streams.
class Node final : public hidb::StorageService {
 public:
  ~Node() override;

  std::unique_ptr<hidb::SnapshotLease> AcquireSnapshot(
      hidb::SnapshotHorizon horizon = hidb::SnapshotHorizon::kDurable) override;
  Result<std::unique_ptr<hidb::ScanStream>> Scan(hidb::ScanRequest request) override;
  std::vector<hidb::KeyRange> SplitRange(hidb::SpaceId space, const hidb::KeyRange& range,
                                         size_t part_count) override;
  Status Get(const hidb::GetRequest& request, Chunk* out, std::vector<bool>* found) override;
  Result<bool> Exists(hidb::SpaceId space, const hidb::KeyRange& range, const hidb::ReadView& view,
                      std::string* key) override;
  hidb::SpaceStatistics Statistics(hidb::SpaceId space) override;

  TxnId BeginTransaction() override;
  Result<std::vector<hidb::RowLockOutcome>> LockRows(const hidb::RowLockRequest& request) override;
  Status LockTable(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                   const hidb::LockOptions& options) override;
  Status AwaitTableHolders(TxnId txn, hidb::SpaceId object, hidb::TableLockMode mode,
                           const hidb::LockOptions& options) override;
  Status FillIndex(hidb::SpaceId index, std::span<const hidb::IndexEntry> entries) override;
  uint64_t LockMark(TxnId txn) override;
  void ReleaseLocks(TxnId txn, uint64_t mark) override;
  Result<Timestamp> Commit(const hidb::CommitRequest& request) override;
  void Abort(TxnId txn) override;
  Status StageWrites(TxnId txn, hidb::WriteSet* writes) override;

  Result<uint64_t> AllocateRowIds(hidb::SpaceId space, uint64_t count) override;
  Result<uint32_t> AllocateOids(uint32_t count) override;
  Result<int64_t> NextSequenceValue(hidb::SpaceId sequence,
                                    const hidb::SequenceOptions& options) override;
  Status SetSequence(hidb::SpaceId sequence, const hidb::SequenceState& state) override;
  Result<hidb::SequenceState> ReadSequence(hidb::SpaceId sequence,
                                           const hidb::SequenceOptions& options) override;

  Result<std::vector<hidb::CatalogRecord>> LoadCatalog() override;
  uint64_t CatalogVersion() override { return catalog_version_.load(std::memory_order_acquire); }

  // Whether the directory was made by this start. False in memory.
  bool is_new() const { return directory_ != nullptr && directory_->is_new(); }
  kv::Health health() const;
  NodeMetrics GetMetrics() const;
  // One round of what the background thread does: disk state, sweeping of undone staged writes,
  // garbage collection where it was asked for, statistics.
  void RunMaintenance();
  // Collects garbage in one space now, whatever the triggers say. VACUUM.
  Status CollectGarbage(hidb::SpaceId space);

 private:
  friend Result<std::unique_ptr<Node>> OpenNode(const NodeOptions& options);
  explicit Node(const NodeOptions& options);
  Status Open();
  Status Recover();
  void MaintenanceLoop();

  Result<Timestamp> CommitInGroup(const hidb::CommitRequest& request);
  void AppendGroup(std::span<CommitEntry* const> group);
  Status WriteGroup(std::span<CommitEntry* const> group, Timestamp timestamp);
  void SyncGroup(std::span<CommitEntry* const> group);
  Status AwaitVisible(Timestamp timestamp);
  void NoteStored(const hidb::WriteSet& writes, Timestamp timestamp, bool is_stored);
  Result<Timestamp> CommitAlone(const hidb::CommitRequest& request);
  Status CheckCatalogVersion(const hidb::CommitRequest& request) const;
  void AddCatalog(const hidb::CommitRequest& request, kv::WriteBatch* batch) const;
  Result<Timestamp> StageFinal(TxnId txn, const hidb::WriteSet& writes);
  Result<std::vector<Timestamp>> BeginStaged(TxnId txn, size_t count);
  using VisitAll = std::function<void(const hidb::WriteSet::Visit&)>;
  struct StagedBatch;
  Status WriteStaged(Timestamp timestamp, const VisitAll& visit_all, StagedBatch* staged);
  Status FlushStaged(StagedBatch* staged);
  void NoteCommitted(const hidb::WriteSet& writes, uint64_t deletions);
  void StoreRowCounts(bool durable);
  bool FinishTransaction(TxnId txn);
  Status FinishUnwritten(TxnId txn);
  void WakeMaintenance();
  void EraseDropped(const std::vector<hidb::SpaceId>& spaces);
  Timestamp Watermark() const;

  const NodeOptions options_;
  const sys::Clock& clock_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<kv::KvStore> store_;
  std::unique_ptr<txn::TimestampOracle> oracle_;
  std::unique_ptr<txn::SnapshotRegistry> snapshots_;
  std::unique_ptr<txn::LockTable> locks_;
  std::unique_ptr<StagedRegistry> staged_;
  std::unique_ptr<Identifiers> identifiers_;
  std::unique_ptr<Sequences> sequences_;
  std::unique_ptr<RowCounts> row_counts_;
  std::unique_ptr<RowCache> row_cache_;
  std::unique_ptr<HighestKeys> highest_keys_;
  std::unique_ptr<CommitQueue> commit_queue_;
  std::unique_ptr<CommitValidator> validator_;
  std::unique_ptr<GarbageCollector> collector_;
  std::unique_ptr<ScanEnvironment> scan_environment_;

  std::atomic<bool> ready_{false};  // Recovered.
  std::mutex catalog_mutex_;        // Held by the one commit that changes the catalog.
  std::atomic<uint64_t> catalog_version_{0};

  std::atomic<uint64_t> commits_{0};
  std::atomic<uint64_t> aborts_{0};
  std::atomic<uint64_t> rows_written_{0};
  std::atomic<uint64_t> scans_{0};
  std::atomic<uint64_t> point_reads_{0};
  std::atomic<uint64_t> staged_bytes_{0};

  std::mutex maintenance_mutex_;
  std::condition_variable maintenance_wake_;
  bool stopping_ = false;
  bool maintenance_due_ = false;
  sys::Thread maintenance_;
};

// Opens a node: creates the directory at the first start, recovers it otherwise.
Result<std::unique_ptr<Node>> OpenNode(const NodeOptions& options);

}  // namespace helios::storage
