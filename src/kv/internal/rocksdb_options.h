#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <vector>

#include "kv/internal/watched_file_system.h"
#include "kv/open.h"

namespace helios::kv {

// How RocksDB is tuned. The parts of it that outlive the options are shared with the store.
struct TunedOptions {
  std::unique_ptr<rocksdb::Env> env;
  std::shared_ptr<FileSystemWatch> watch;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::Statistics> statistics;
  rocksdb::DBOptions db;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // The default one, then ours.
};
TunedOptions TuneRocksDb(const RocksDbOptions& options);

}  // namespace helios::kv
