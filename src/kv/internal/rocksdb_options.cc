#include "kv/internal/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

#include "kv/internal/rocksdb_status.h"

namespace helios::kv {
namespace {

using rocksdb::Slice;

constexpr size_t kDeletionWindow = 8192;
constexpr size_t kDeletionsInWindow = 4096;

// A versioned key without its timestamp: all versions of a key share a filter entry.
class KeyWithoutVersion final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "helios.KeyWithoutVersion"; }
  Slice Transform(const Slice& key) const override {
    return Slice(key.data(), key.size() - kVersionSuffixBytes);
  }
  bool InDomain(const Slice& key) const override { return key.size() > kVersionSuffixBytes; }
};

class FilterAdapter final : public rocksdb::CompactionFilter {
 public:
  explicit FilterAdapter(std::unique_ptr<kv::CompactionFilter> filter)
      : filter_(std::move(filter)) {}
  const char* Name() const override { return "helios.CompactionFilter"; }
  Decision FilterV2(int, const Slice& key, ValueType type, const Slice& value, std::string*,
                    std::string*) const override {
    if (type != ValueType::kValue) return Decision::kKeep;
    return filter_->ShouldDrop({key.data(), key.size()}, {value.data(), value.size()})
               ? Decision::kRemove
               : Decision::kKeep;
  }

 private:
  const std::unique_ptr<kv::CompactionFilter> filter_;
};

class FilterFactoryAdapter final : public rocksdb::CompactionFilterFactory {
 public:
  FilterFactoryAdapter(Family family, kv::CompactionFilterFactory factory)
      : family_(family), factory_(std::move(factory)) {}
  const char* Name() const override { return "helios.CompactionFilterFactory"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<FilterAdapter>(factory_(family_));
  }

 private:
  const Family family_;
  const kv::CompactionFilterFactory factory_;
};

// RocksDB would look at a full disk every five seconds, on a thread of its own, and refuse to be
// asked meanwhile. The store resumes it itself, when there is space to spare (CheckDisk).
class FullDiskListener final : public rocksdb::EventListener {
 public:
  explicit FullDiskListener(std::shared_ptr<FileSystemWatch> watch) : watch_(std::move(watch)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    if (IsDiskFull(*error)) watch_->engine_stopped.store(true, std::memory_order_release);
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error,
                            bool* auto_recovery) override {
    if (IsDiskFull(error)) *auto_recovery = false;
  }

 private:
  const std::shared_ptr<FileSystemWatch> watch_;
};

rocksdb::ColumnFamilyOptions TuneFamily(Family family, const RocksDbOptions& options,
                                        const std::shared_ptr<rocksdb::Cache>& cache) {
  const bool versioned = family == Family::kRows || family == Family::kIndex;
  rocksdb::ColumnFamilyOptions tuned;
  tuned.write_buffer_size =
      std::clamp<size_t>(options.memory_bytes / 16, size_t{4} << 20, size_t{64} << 20);
  tuned.max_write_buffer_number = 4;
  tuned.level_compaction_dynamic_level_bytes = true;
  tuned.compression = rocksdb::kLZ4Compression;
  tuned.level0_file_num_compaction_trigger = 4;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = !versioned;
  // Indexes and filters count against the cache, so that the memory limit holds.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (versioned) {
    tuned.prefix_extractor = std::make_shared<KeyWithoutVersion>();
    tuned.memtable_prefix_bloom_size_ratio = 0.05;
    // A file in which many neighbours are deletions is rewritten soon: scans would step over them.
    tuned.table_properties_collector_factories.push_back(
        rocksdb::NewCompactOnDeletionCollectorFactory(kDeletionWindow, kDeletionsInWindow));
    if (options.compaction_filter) {
      tuned.compaction_filter_factory =
          std::make_shared<FilterFactoryAdapter>(family, options.compaction_filter);
    }
  }
  tuned.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return tuned;
}

}  // namespace

TunedOptions TuneRocksDb(const RocksDbOptions& options) {
  TunedOptions tuned;
  tuned.watch = std::make_shared<FileSystemWatch>();
  tuned.env = rocksdb::NewCompositeEnv(
      NewWatchedFileSystem(tuned.watch, options.faults, options.durability));
  tuned.cache = rocksdb::NewLRUCache(options.memory_bytes, /*num_shard_bits=*/4,
                                     /*strict_capacity_limit=*/false, /*high_pri_pool_ratio=*/0.2);
  tuned.statistics = rocksdb::CreateDBStatistics();
  tuned.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);

  rocksdb::DBOptions& db = tuned.db;
  db.env = tuned.env.get();
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // An incomplete record at the end of the log is what a crash leaves; anything else is damage, and
  // starting without the commits behind it would lose them silently.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.track_and_verify_wals_in_manifest = true;
  db.avoid_flush_during_recovery = true;
  db.max_total_wal_size =
      std::clamp<uint64_t>(options.memory_bytes, uint64_t{64} << 20, uint64_t{1} << 30);
  db.max_background_jobs = std::max(2, options.background_job_count);
  db.bytes_per_sync = 1 << 20;
  // Writers wait for a sync most of the time: spinning for it only takes the processor from others.
  db.enable_write_thread_adaptive_yield = false;
  db.wal_bytes_per_sync = 0;  // Commits sync the log themselves.
  // A crash recovers all families to one moment even when the log's end is lost (commits that did
  // not ask for durability): a flush takes all of them.
  db.atomic_flush = true;
  db.statistics = tuned.statistics;
  db.dump_malloc_stats = false;
  db.keep_log_file_num = 4;
  db.max_log_file_size = 16 << 20;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.listeners.push_back(std::make_shared<FullDiskListener>(tuned.watch));
  db.max_bgerror_resume_count = 0;  // The same for a log that was not begun on a full disk.
  db.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(
      std::max<size_t>(options.memory_bytes / 4, size_t{8} << 20), tuned.cache);

  tuned.families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (size_t index = 0; index < kFamilyCount; ++index) {
    const Family family = static_cast<Family>(index);
    tuned.families.emplace_back(std::string(FamilyName(family)),
                                TuneFamily(family, options, tuned.cache));
  }
  return tuned;
}

}  // namespace helios::kv
