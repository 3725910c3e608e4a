#include "storage/node.h"

#include <algorithm>
#include <chrono>

#include "storage/internal/commit_queue.h"
#include "storage/internal/commit_validator.h"
#include "storage/internal/garbage_collector.h"
#include "storage/internal/highest_keys.h"
#include "storage/internal/identifiers.h"
#include "storage/internal/key_format.h"
#include "storage/internal/local_keys.h"
#include "storage/internal/row_cache.h"
#include "storage/internal/row_counts.h"
#include "storage/internal/scan_stream.h"
#include "storage/internal/staged_registry.h"

namespace helios::storage {
namespace {

// Of the memory for caches and write buffers; the rest is the store's.
constexpr size_t kRowCacheDivisor = 8;
constexpr std::chrono::milliseconds kMaintenanceInterval(1000);

// Rows name their writers (xmin), so that a start must not give the numbers of the last run again:
// they go on from the clock, which no server outruns.
uint64_t FirstTransaction(const sys::Clock& clock) {
  constexpr int64_t kMicrosPerTransaction = 16;
  return static_cast<uint64_t>(std::max<int64_t>(clock.UnixMicros() / kMicrosPerTransaction, 1));
}

}  // namespace

Node::Node(const NodeOptions& options)
    : options_(options), clock_(options.clock != nullptr ? *options.clock : sys::SystemClock()) {}

Result<std::unique_ptr<Node>> OpenNode(const NodeOptions& options) {
  std::unique_ptr<Node> node(new Node(options));
  HELIOS_TRY(node->Open());
  return node;
}

Status Node::Open() {
  staged_ = std::make_unique<StagedRegistry>();
  collector_ = std::make_unique<GarbageCollector>([this] { return Watermark(); }, *staged_);
  if (options_.directory.empty()) {
    store_ = kv::OpenInMemory();
  } else {
    HELIOS_TRY(directory_, DataDirectory::Open(options_.directory, options_.faults));
    kv::RocksDbOptions kv_options;
    kv_options.directory = directory_->kv_path();
    kv_options.memory_bytes = options_.memory_bytes - options_.memory_bytes / kRowCacheDivisor;
    kv_options.background_job_count = static_cast<int>(std::max<size_t>(2, sys::ProcessorCount()));
    kv_options.reserved_disk_bytes = options_.reserved_disk_bytes;
    kv_options.faults = options_.faults;
    kv_options.durability = options_.durability;
    kv_options.compaction_filter = collector_->FilterFactory();
    HELIOS_TRY(store_, kv::OpenRocksDb(std::move(kv_options)));
  }
  collector_->SetStore(store_.get());
  locks_ = std::make_unique<txn::LockTable>(
      clock_, txn::LockTable::Options{.memory_bytes_max = options_.lock_memory_bytes,
                                      .first_txn = FirstTransaction(clock_)});
  identifiers_ = std::make_unique<Identifiers>(*store_);
  sequences_ = std::make_unique<Sequences>(*store_);
  row_counts_ = std::make_unique<RowCounts>();
  row_cache_ = std::make_unique<RowCache>(options_.memory_bytes / kRowCacheDivisor);
  highest_keys_ = std::make_unique<HighestKeys>(*store_);
  commit_queue_ = std::make_unique<CommitQueue>(
      CommitQueue::Stages{[this](std::span<CommitEntry* const> group) { AppendGroup(group); },
                          [this](std::span<CommitEntry* const> group) { SyncGroup(group); }});
  HELIOS_TRY(Recover());
  validator_ = std::make_unique<CommitValidator>([this] { return snapshots_->Oldest(); });
  scan_environment_ = std::make_unique<ScanEnvironment>(ScanEnvironment{
      *store_, *snapshots_, *staged_, [this](hidb::SpaceId space, uint64_t dead, uint64_t live) {
        collector_->NoteDead(space, dead, live);
      }});
  ready_.store(true, std::memory_order_release);
  if (options_.background_maintenance) {
    maintenance_ = sys::Thread("maintenance", [this] { MaintenanceLoop(); });
  }
  return Status::Ok();
}

// Reads back what the node keeps in memory, and finishes what a crash interrupted.
Status Node::Recover() {
  kv::PinnedValue value;
  Timestamp bound = 0;
  HELIOS_TRY(const bool has_bound, store_->Get(kv::Family::kLocal, kTimestampBoundKey, &value));
  if (has_bound) {
    HELIOS_TRY(bound, ByteReader(value.view()).LittleEndian<uint64_t>());
  }
  HELIOS_TRY(const bool has_version, store_->Get(kv::Family::kLocal, kCatalogVersionKey, &value));
  if (has_version) {
    HELIOS_TRY(const uint64_t version, ByteReader(value.view()).LittleEndian<uint64_t>());
    catalog_version_.store(version);
  }
  HELIOS_TRY(identifiers_->Load());
  HELIOS_TRY(row_counts_->Load(*store_));

  // Staged writes whose commit is not in the log: undone, and swept later.
  {
    std::vector<Timestamp> staged;
    const auto iterator = store_->NewIterator(
        kv::Family::kLocal,
        {.lower = std::string(kStagedPrefix), .upper = PrefixEnd(kStagedPrefix)});
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      ByteReader key(iterator->key().substr(kStagedPrefix.size()));
      HELIOS_TRY(const Timestamp timestamp, key.BigEndian<uint64_t>());
      staged.push_back(timestamp);
    }
    HELIOS_TRY(iterator->status());
    if (!staged.empty()) {
      staged_->Add(staged, TxnId());
      collector_->Sweep(std::move(staged));
    }
  }

  std::vector<hidb::SpaceId> dropped;
  {
    const auto iterator = store_->NewIterator(
        kv::Family::kLocal,
        {.lower = std::string(kDroppedPrefix), .upper = PrefixEnd(kDroppedPrefix)});
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      ByteReader key(iterator->key().substr(kDroppedPrefix.size()));
      HELIOS_TRY(const hidb::SpaceId space, key.BigEndian<uint32_t>());
      dropped.push_back(space);
    }
    HELIOS_TRY(iterator->status());
  }
  oracle_ = std::make_unique<txn::TimestampOracle>(clock_, bound, [this](Timestamp next) {
    const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
    batch->Put(kv::Family::kLocal, kTimestampBoundKey, EncodeNumber(next));
    return store_->Write(batch.get(), false);
  });
  snapshots_ = std::make_unique<txn::SnapshotRegistry>(*oracle_);
  EraseDropped(dropped);
  return Status::Ok();
}

Node::~Node() {
  {
    std::lock_guard lock(maintenance_mutex_);
    stopping_ = true;
  }
  maintenance_wake_.notify_all();
  maintenance_.Join();
  if (ready_.load()) {
    // Saves the next start some skipped values; a failure costs no more than a crash would.
    const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
    sequences_->AddExactStates(batch.get());
    row_counts_->AddChanges(batch.get());
    if (batch->operation_count() > 0) static_cast<void>(store_->Write(batch.get(), true).ok());
  }
  // The compaction filter may still call the collector until the store is closed.
  store_.reset();
}

// The oldest moment that somebody may read at. Staged timestamps stay above it until they are
// ordinary: below it, a version counts as committed.
Timestamp Node::Watermark() const {
  // Compactions start with the store, before it is known what is staged.
  if (!ready_.load(std::memory_order_acquire)) return 0;
  // First the snapshots: who stages after that does it above them.
  const Timestamp oldest = snapshots_->Oldest();
  Timestamp watermark = std::min(oldest, staged_->Lowest() - 1);
  if (options_.gc_grace_us > 0) {
    const int64_t graced_us = clock_.UnixMicros() - options_.gc_grace_us;
    watermark =
        std::min(watermark, txn::TimestampOracle::FromUnixMicros(std::max<int64_t>(graced_us, 0)));
  }
  return watermark;
}

void Node::MaintenanceLoop() {
  std::unique_lock lock(maintenance_mutex_);
  while (!stopping_) {
    maintenance_wake_.wait_for(lock, kMaintenanceInterval,
                               [this] { return stopping_ || maintenance_due_; });
    if (stopping_) return;
    maintenance_due_ = false;
    lock.unlock();
    RunMaintenance();
    lock.lock();
  }
}

void Node::RunMaintenance() {
  store_->CheckDisk();
  staged_->Settle(snapshots_->Oldest());
  const auto stop = [this] {
    std::lock_guard lock(maintenance_mutex_);
    return stopping_;
  };
  if (store_->health() == kv::Health::kServing) {
    // An error here is the disk's, and the next write reports it to its client.
    static_cast<void>(collector_->Run(stop).ok());
  }
  StoreRowCounts(/*durable=*/false);
}

// They are estimates: nobody is told when they cannot be written.
void Node::StoreRowCounts(bool durable) {
  const std::unique_ptr<kv::WriteBatch> batch = store_->NewBatch();
  if (row_counts_->AddChanges(batch.get())) {
    static_cast<void>(store_->Write(batch.get(), durable).ok());
  }
}

Status Node::CollectGarbage(hidb::SpaceId space) {
  staged_->Settle(snapshots_->Oldest());
  return collector_->CollectSpace(space, [] { return false; });
}

kv::Health Node::health() const { return store_->health(); }

NodeMetrics Node::GetMetrics() const {
  NodeMetrics metrics;
  metrics.kv = store_->GetMetrics();
  metrics.commits = commits_.load(std::memory_order_relaxed);
  metrics.aborts = aborts_.load(std::memory_order_relaxed);
  metrics.rows_written = rows_written_.load(std::memory_order_relaxed);
  metrics.scans = scans_.load(std::memory_order_relaxed);
  metrics.point_reads = point_reads_.load(std::memory_order_relaxed);
  metrics.row_cache_hits = row_cache_->hit_count();
  metrics.row_cache_bytes = row_cache_->used_bytes();
  metrics.staged_bytes = staged_bytes_.load(std::memory_order_relaxed);
  metrics.lock_waits = locks_->wait_count();
  metrics.deadlocks = locks_->deadlock_count();
  metrics.locks_held = locks_->lock_count();
  metrics.active_transactions = locks_->active_count();
  metrics.active_snapshots = snapshots_->count();
  metrics.versions_collected = collector_->collected_count();
  const Timestamp now = txn::TimestampOracle::FromUnixMicros(clock_.UnixMicros());
  const Timestamp oldest = snapshots_->Oldest();
  if (metrics.active_snapshots > 0 && now > oldest) {
    metrics.oldest_snapshot_age_ms = (now - oldest) >> txn::TimestampOracle::kCounterBits;
  }
  return metrics;
}

Result<uint64_t> Node::AllocateRowIds(hidb::SpaceId space, uint64_t count) {
  return identifiers_->AllocateRowIds(space, count);
}

Result<uint32_t> Node::AllocateOids(uint32_t count) { return identifiers_->AllocateOids(count); }

Result<int64_t> Node::NextSequenceValue(hidb::SpaceId sequence,
                                        const hidb::SequenceOptions& options) {
  return sequences_->Next(sequence, options);
}

Status Node::SetSequence(hidb::SpaceId sequence, const hidb::SequenceState& state) {
  return sequences_->Set(sequence, state);
}

Result<hidb::SequenceState> Node::ReadSequence(hidb::SpaceId sequence,
                                               const hidb::SequenceOptions& options) {
  return sequences_->Read(sequence, options);
}

}  // namespace helios::storage
