#include <benchmark/benchmark.h>

#include "txn/lock_table.h"

namespace helios::txn {
namespace {

// One row locked and released by its own transaction, nobody else there.
void LockAndRelease(benchmark::State& state) {
  LockTable locks(sys::SystemClock(), {});
  const hidb::LockOptions options;
  uint64_t key = 0;
  for (auto _ : state) {
    const TxnId txn = locks.Begin();
    ++key;
    const std::string_view bytes(reinterpret_cast<const char*>(&key), sizeof(key));
    benchmark::DoNotOptimize(
        locks.LockRow(txn, 16'400, bytes, hidb::RowLockMode::kUpdate, options).ok());
    locks.End(txn);
  }
}
BENCHMARK(LockAndRelease);

// The same per row, 100 rows a transaction.
void LockManyRows(benchmark::State& state) {
  LockTable locks(sys::SystemClock(), {});
  const hidb::LockOptions options;
  uint64_t key = 0;
  for (auto _ : state) {
    const TxnId txn = locks.Begin();
    for (int row = 0; row < 100; ++row) {
      ++key;
      const std::string_view bytes(reinterpret_cast<const char*>(&key), sizeof(key));
      benchmark::DoNotOptimize(
          locks.LockRow(txn, 16'400, bytes, hidb::RowLockMode::kUpdate, options).ok());
    }
    locks.End(txn);
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(LockManyRows);

}  // namespace
}  // namespace helios::txn
