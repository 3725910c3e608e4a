// Goal: no bytes in a data directory make a read crash; at worst it is an error.
// Method: the input becomes stored keys and values of an in-memory store, read in every way.
#include <cstddef>
#include <cstdint>

#include "kv/open.h"
#include "storage/internal/garbage_collector.h"
#include "storage/internal/key_format.h"
#include "storage/internal/merge_cursor.h"
#include "storage/internal/row_reader.h"
#include "storage/internal/scan_stream.h"

namespace {

using namespace helios;           // NOLINT: a fuzzer of one function.
using namespace helios::storage;  // NOLINT

constexpr hidb::SpaceId kSpace = 7;

std::string_view Take(std::string_view* rest, size_t byte_count) {
  const std::string_view taken = rest->substr(0, byte_count);
  rest->remove_prefix(taken.size());
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  static_cast<void>(DecodeExtents(rest).ok());
  const std::unique_ptr<kv::KvStore> store = kv::OpenInMemory();
  const std::unique_ptr<kv::WriteBatch> batch = store->NewBatch();
  while (rest.size() >= 2) {
    const size_t key_bytes = static_cast<uint8_t>(rest[0]) % 24;
    const size_t value_bytes = static_cast<uint8_t>(rest[1]);
    rest.remove_prefix(2);
    std::string key = SpacePrefix(kSpace + key_bytes % 2);
    key.append(Take(&rest, key_bytes));
    batch->Put(kVersionFamily, key, Take(&rest, value_bytes));
  }
  if (!store->Write(batch.get(), false).ok()) return 0;

  const sys::ManualClock clock;
  txn::TimestampOracle oracle(clock, uint64_t{1} << 60, [](Timestamp) { return Status::Ok(); });
  txn::SnapshotRegistry snapshots(oracle);
  StagedRegistry staged;
  const ScanEnvironment environment{*store, snapshots, staged,
                                    [](hidb::SpaceId, uint64_t, uint64_t) {}};
  auto table = std::make_shared<hidb::TableLayout>();
  table->space = kSpace;
  table->columns.push_back({1, {type_oid::kInt4}, PhysicalType::kInt32, std::nullopt});
  table->columns.push_back({2, {type_oid::kText}, PhysicalType::kVarlen, std::nullopt});
  auto index = std::make_shared<hidb::IndexLayout>();
  index->space = kSpace + 1;
  for (int way = 0; way < 4; ++way) {
    hidb::ScanRequest request;
    request.table = table;
    if (way >= 2) request.index = index;
    request.ranges = {{}};
    request.reverse = way % 2 == 1;
    request.columns = {1, 0};
    request.with_row_key = true;
    request.view = {kTimestampMax};
    const auto stream = MakeScanStream(environment, request);
    Chunk chunk;
    while (stream->Next(&chunk).ok() && chunk.row_count() > 0) {
    }
  }
  GarbageCollector collector([] { return Timestamp{1} << 60; }, staged);
  collector.SetStore(store.get());
  static_cast<void>(collector.CollectSpace(kSpace, [] { return false; }).ok());
  return 0;
}
