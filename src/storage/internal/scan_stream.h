#pragma once

#include <functional>
#include <memory>

#include "hidb/storage_service.h"
#include "kv/kv_store.h"
#include "storage/internal/read_point.h"
#include "types/row_codec.h"

namespace helios::storage {

// What scans need of their node. Lifetime: longer than every stream's.
struct ScanEnvironment {
  kv::KvStore& store;
  txn::SnapshotRegistry& snapshots;
  const StagedRegistry& staged;
  // Told of dead versions that a scan had to pass over in a space.
  std::function<void(hidb::SpaceId space, uint64_t dead, uint64_t live)> note_dead;
};

// The columns of a table that a request wants, for the decoder of rows.
std::vector<RowColumn> WantedColumns(const hidb::TableLayout& table,
                                     const std::vector<uint32_t>& columns);
// A chunk of flat vectors for those columns, and a bytea for the row key, with room for so many
// rows.
Chunk MakeOutput(const hidb::TableLayout& table, const std::vector<uint32_t>& columns,
                 bool with_row_key, size_t row_count_max);

std::unique_ptr<hidb::ScanStream> MakeScanStream(const ScanEnvironment& environment,
                                                 hidb::ScanRequest request);

}  // namespace helios::storage
