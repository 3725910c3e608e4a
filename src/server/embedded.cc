#include "server/embedded.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compute/engine.h"
#include "server/first_password.h"
#include "server/spill_directory.h"
#include "storage/node.h"
#include "sys/metrics.h"

namespace helios::server {
namespace {

// Of the memory limit: caches and write buffers of storage, its lock table, and the rest for
// queries.
constexpr uint64_t kStoragePercent = 45;
constexpr uint64_t kLockPercent = 5;
constexpr uint64_t kLockBytesMax = uint64_t{1} << 30;

class Embedded final : public EmbeddedNode {
 public:
  ~Embedded() override { sys::Metrics().RemoveCallbacks(this); }

  Status Open(const ServerConfig& config, uint16_t pg_port) {
    const uint64_t percent_bytes = config.memory_limit_bytes / 100;
    const uint64_t lock_bytes = std::min(percent_bytes * kLockPercent, kLockBytesMax);
    const uint64_t storage_bytes = percent_bytes * kStoragePercent;
    storage::NodeOptions node_options;
    node_options.directory = config.data_dir;
    node_options.memory_bytes = storage_bytes;
    node_options.lock_memory_bytes = lock_bytes;
    HELIOS_TRY(node_, storage::OpenNode(node_options));
    HELIOS_TRY(spill_, SpillDirectory::Open(config.data_dir + "/spill"));
    compute::EngineOptions options;
    options.storage = node_.get();
    options.spill = spill_.get();
    options.memory_limit_bytes = config.memory_limit_bytes - storage_bytes - lock_bytes;
    options.thread_count = config.thread_count;
    options.session_count_max = config.connection_count_max;
    options.settings = {
        {"port", std::to_string(pg_port)},
        {"data_directory", config.data_dir},
        {"listen_addresses", fmt::format("{}", fmt::join(config.listen, ","))},
        {"max_connections", std::to_string(config.connection_count_max)},
        {"ssl", config.tls == TlsSetting::kOff ? "off" : "on"},
    };
    options.first_password = [&config] { return FirstPassword(config); };
    HELIOS_TRY(engine_, compute::CreateEngine(std::move(options)));
    AddMetrics();
    return Status::Ok();
  }

  compute::Engine& engine() override { return *engine_; }

 private:
  void AddMetric(const char* name, const char* help,
                 uint64_t (*value)(const storage::NodeMetrics& metrics)) {
    sys::Metrics().AddCallback(name, help, this, [node = node_.get(), value] {
      return static_cast<double>(value(node->GetMetrics()));
    });
  }

  void AddMetrics() {
    using Metrics = const storage::NodeMetrics&;
    AddMetric("heliosdb_storage_commits", "Transactions committed",
              [](Metrics m) { return m.commits; });
    AddMetric("heliosdb_storage_aborts", "Transactions undone", [](Metrics m) { return m.aborts; });
    AddMetric("heliosdb_storage_rows_written", "Row versions written",
              [](Metrics m) { return m.rows_written; });
    AddMetric("heliosdb_storage_table_file_bytes", "Bytes of the table files",
              [](Metrics m) { return m.kv.table_file_bytes; });
    AddMetric("heliosdb_storage_scans", "Scans begun", [](Metrics m) { return m.scans; });
    AddMetric("heliosdb_storage_point_reads", "Rows looked up by key",
              [](Metrics m) { return m.point_reads; });
    AddMetric("heliosdb_storage_row_cache_hits", "Rows looked up by key and found in the row cache",
              [](Metrics m) { return m.row_cache_hits; });
    AddMetric("heliosdb_storage_row_cache_bytes", "Memory of the row cache",
              [](Metrics m) { return m.row_cache_bytes; });
    AddMetric("heliosdb_storage_lock_waits", "Waits for a lock",
              [](Metrics m) { return m.lock_waits; });
    AddMetric("heliosdb_storage_deadlocks", "Deadlocks broken",
              [](Metrics m) { return m.deadlocks; });
    AddMetric("heliosdb_storage_locks", "Locks held now", [](Metrics m) { return m.locks_held; });
    AddMetric("heliosdb_storage_active_transactions", "Transactions under way",
              [](Metrics m) { return m.active_transactions; });
    AddMetric("heliosdb_storage_oldest_snapshot_age_milliseconds",
              "Age of the oldest snapshot in use",
              [](Metrics m) { return m.oldest_snapshot_age_ms; });
    AddMetric("heliosdb_storage_versions_collected", "Old row versions removed",
              [](Metrics m) { return m.versions_collected; });
    sys::Metrics().AddCallback("heliosdb_spilled_bytes",
                               "Bytes that queries wrote to disk for want of memory", this,
                               [this] { return static_cast<double>(spill_->spilled_bytes()); });
  }

  // Closed in reverse: the engine, then what it stands on.
  std::unique_ptr<storage::Node> node_;
  std::unique_ptr<SpillDirectory> spill_;
  std::unique_ptr<compute::Engine> engine_;
};

}  // namespace

Result<std::unique_ptr<EmbeddedNode>> EmbeddedNode::Open(const ServerConfig& config,
                                                         uint16_t pg_port) {
  auto node = std::make_unique<Embedded>();
  HELIOS_TRY(node->Open(config, pg_port));
  return std::unique_ptr<EmbeddedNode>(std::move(node));
}

}  // namespace helios::server
