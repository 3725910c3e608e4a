#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "compute/session.h"
#include "exec/spill.h"
#include "hidb/storage_service.h"
#include "sys/clock.h"

namespace helios::compute {

struct EngineOptions {
  hidb::StorageService* storage = nullptr;  // Outlives the engine.
  exec::SpillArea* spill = nullptr;  // Outlives the engine; null: queries that must spill fail.
  const sys::Clock* clock = &sys::SystemClock();
  size_t memory_limit_bytes = 0;  // For all queries together; 0: none.
  size_t thread_count = 1;        // Threads that one query may use, its own included.
  size_t session_count_max = 10000;
  // Values that SHOW gives for settings of the server (port, data_directory, ...), and defaults for
  // those of sessions.
  std::vector<std::pair<std::string, std::string>> settings;
  // Asked once, when the catalog is empty: the password of the first superuser, `helios`. Empty:
  // none.
  std::function<Result<std::string>()> first_password;
};

// Loads the catalog, making the first one (superuser, database and schemas) in an empty data set.
// kDataCorrupted when a catalog record cannot be read.
Result<std::unique_ptr<Engine>> CreateEngine(EngineOptions options);

}  // namespace helios::compute
