// Point reads, scans and commits of one node on disk. Numbers depend on the machine: compare two
// versions of the code on the same one.
#include <benchmark/benchmark.h>

#include <thread>

#include "base/codec.h"
#include "storage/node.h"
#include "sys/testing/temporary_directory.h"
#include "types/row_codec.h"

namespace helios::storage {
namespace {

constexpr hidb::SpaceId kSpace = 20'000;
constexpr int64_t kRows = 300'000;
constexpr size_t kColumns = 8;

std::string KeyOf(int64_t id) {
  std::string key;
  AppendBigEndian<int64_t>(&key, id);
  return key;
}

struct Loaded {
  const sys::TemporaryDirectory directory;
  std::unique_ptr<Node> node;
  std::shared_ptr<const hidb::TableLayout> table;

  Loaded() {
    NodeOptions options;
    options.directory = directory.path();
    auto opened = OpenNode(options);
    HELIOS_CHECK(opened.ok());
    node = std::move(*opened);
    auto layout = std::make_shared<hidb::TableLayout>();
    layout->space = kSpace;
    std::vector<ColumnId> ids;
    for (size_t column = 0; column < kColumns; ++column) {
      const bool text = column % 4 == 3;
      ids.push_back(static_cast<ColumnId>(column + 1));
      layout->columns.push_back({static_cast<uint16_t>(column + 1),
                                 {text ? type_oid::kText : type_oid::kInt8},
                                 text ? PhysicalType::kVarlen : PhysicalType::kInt64,
                                 std::nullopt});
    }
    table = layout;
    RowEncoder encoder(ids);
    MemoryTracker tracker("bench", 0);
    hidb::WriteSet writes(&tracker);
    const TxnId txn = node->BeginTransaction();
    std::string row;
    for (int64_t id = 0; id < kRows; ++id) {
      std::vector<Value> values;
      for (size_t column = 0; column < kColumns; ++column) {
        values.push_back(column % 4 == 3 ? Value::Text("text number " + std::to_string(id % 1000))
                                         : Value::Int8(id * static_cast<int64_t>(column)));
      }
      row.clear();
      encoder.Encode(values, &row);
      HELIOS_CHECK(writes.Put(kSpace, KeyOf(id), row, 1).ok());
      if (writes.bytes() > 32 << 20) HELIOS_CHECK(node->StageWrites(txn, &writes).ok());
    }
    HELIOS_CHECK(node->Commit({.txn = txn, .writes = &writes}).ok());
  }
};

Loaded& Shared() {
  static Loaded loaded;
  return loaded;
}

void PointRead(benchmark::State& state) {
  Loaded& loaded = Shared();
  uint64_t seed = 88172645463325252ull + state.thread_index();
  hidb::GetRequest request;
  request.table = loaded.table;
  request.columns = {0, 1, 3};
  for (auto _ : state) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    const auto lease = loaded.node->AcquireSnapshot();
    request.row_keys = {KeyOf(static_cast<int64_t>(seed % kRows))};
    request.view.timestamp = lease->timestamp();
    Chunk chunk;
    std::vector<bool> found;
    HELIOS_CHECK(loaded.node->Get(request, &chunk, &found).ok() && found[0]);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(PointRead)->Threads(1)->Threads(4)->UseRealTime();

void ScanColumns(benchmark::State& state) {
  Loaded& loaded = Shared();
  for (auto _ : state) {
    const auto lease = loaded.node->AcquireSnapshot();
    hidb::ScanRequest request;
    request.table = loaded.table;
    request.ranges = {{}};
    for (int64_t column = 0; column < state.range(0); ++column) {
      request.columns.push_back(static_cast<uint32_t>(column));
    }
    request.view.timestamp = lease->timestamp();
    auto stream = loaded.node->Scan(request);
    uint64_t rows = 0;
    Chunk chunk;
    do {
      HELIOS_CHECK((*stream)->Next(&chunk).ok());
      rows += chunk.row_count();
    } while (chunk.row_count() > 0);
    HELIOS_CHECK(rows == kRows);
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(ScanColumns)->Arg(0)->Arg(1)->Arg(3)->Arg(8)->Unit(benchmark::kMillisecond);

void PointCommit(benchmark::State& state) {
  Loaded& loaded = Shared();
  MemoryTracker tracker("bench", 0);
  const std::string row(100, 'r');
  int64_t id = state.thread_index() * 1'000'000;
  for (auto _ : state) {
    const TxnId txn = loaded.node->BeginTransaction();
    const std::string key = KeyOf(++id);
    hidb::RowLockRequest lock;
    lock.txn = txn;
    lock.space = kSpace + 1;
    lock.keys = {&key, 1};
    lock.snapshot = kTimestampMax;
    HELIOS_CHECK(loaded.node->LockRows(lock).ok());
    hidb::WriteSet writes(&tracker);
    HELIOS_CHECK(writes.Put(kSpace + 1, key, row, 1).ok());
    HELIOS_CHECK(
        loaded.node->Commit({.txn = txn, .writes = &writes, .durable = state.range(0) != 0}).ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(PointCommit)
    ->Arg(0)
    ->Arg(1)
    ->Threads(1)
    ->Threads(8)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace helios::storage
