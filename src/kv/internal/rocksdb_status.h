#pragma once

#include <rocksdb/status.h>

#include <string>

#include "base/status.h"

namespace helios::kv {

// What an error of RocksDB means to us and our callers. Requires: !status.ok().
Status FromRocksDb(const rocksdb::Status& status, const std::string& directory);

// Whether it says that the device has no room.
bool IsDiskFull(const rocksdb::Status& status);

// What a damaged or missing file is to who starts the server; `what` names it.
Status DamagedFileError(const std::string& what);

// The 53100 of a store that refuses writes.
Status DiskFullError(const std::string& directory);

}  // namespace helios::kv
