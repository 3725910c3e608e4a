#include <algorithm>

#include "storage/internal/highest_keys.h"
#include "storage/internal/key_format.h"
#include "storage/internal/local_keys.h"
#include "storage/internal/merge_cursor.h"
#include "storage/internal/row_cache.h"
#include "storage/internal/row_counts.h"
#include "storage/internal/row_reader.h"
#include "storage/internal/scan_stream.h"
#include "storage/internal/split.h"
#include "storage/node.h"

namespace helios::storage {
namespace {

// Whether the view's transaction has a write to the range that is not in the store.
bool HasBuffered(const hidb::ReadView& view, hidb::SpaceId space, const hidb::KeyRange& range) {
  if (view.writes == nullptr) return false;
  const auto buffer = view.writes->Capture().buffer;
  return !buffer
              ->Range(space, range.begin, range.end, /*reverse=*/false, /*count_max=*/1,
                      view.before_command)
              .empty();
}

class Lease final : public hidb::SnapshotLease {
 public:
  Lease(txn::SnapshotRegistry& registry, hidb::SnapshotHorizon horizon) : registry_(registry) {
    registry_.Acquire(&entry_, horizon);
  }
  ~Lease() override { registry_.Release(&entry_); }
  Timestamp timestamp() const override { return entry_.timestamp(); }

 private:
  txn::SnapshotRegistry& registry_;
  txn::SnapshotRegistry::Entry entry_;
};

}  // namespace

std::unique_ptr<hidb::SnapshotLease> Node::AcquireSnapshot(hidb::SnapshotHorizon horizon) {
  return std::make_unique<Lease>(*snapshots_, horizon);
}

Result<std::unique_ptr<hidb::ScanStream>> Node::Scan(hidb::ScanRequest request) {
  HELIOS_CHECK(request.table != nullptr);
  scans_.fetch_add(1, std::memory_order_relaxed);
  return MakeScanStream(*scan_environment_, std::move(request));
}

std::vector<hidb::KeyRange> Node::SplitRange(hidb::SpaceId space, const hidb::KeyRange& range,
                                             size_t part_count) {
  return SplitBySize(*store_, space, range, part_count);
}

Status Node::Get(const hidb::GetRequest& request, Chunk* out, std::vector<bool>* found) {
  HELIOS_CHECK(request.row_keys.size() <= kVectorRowsMax);
  point_reads_.fetch_add(request.row_keys.size(), std::memory_order_relaxed);
  const ReadPoint read_point(request.view, *snapshots_, *staged_);
  // Whoever wants no columns mostly is about to insert, in ascending order as often as not.
  HighestKeys* const highest_keys = request.columns.empty() ? highest_keys_.get() : nullptr;
  RowReader rows({*store_, row_cache_.get(), highest_keys}, request.table->space, read_point,
                 request.view);
  RowDecoder decoder(WantedColumns(*request.table, request.columns));
  *out = MakeOutput(*request.table, request.columns, /*with_row_key=*/false,
                    /*row_count_max=*/request.row_keys.size());
  std::vector<Vector*> columns;
  for (Vector& column : out->columns()) columns.push_back(&column);
  found->assign(request.row_keys.size(), false);
  size_t row = 0;
  for (size_t index = 0; index < request.row_keys.size(); ++index) {
    if (request.view.reads != nullptr) {
      request.view.reads->AddKey(request.table->space, request.row_keys[index]);
    }
    std::string_view value;
    HELIOS_TRY(const bool exists, rows.Find(request.row_keys[index], &value));
    if (!exists) continue;
    (*found)[index] = true;
    if (!columns.empty()) HELIOS_TRY(decoder.Decode(value, columns, row));
    ++row;
  }
  out->SetRowCount(row);
  return Status::Ok();
}

Result<bool> Node::Exists(hidb::SpaceId space, const hidb::KeyRange& range,
                          const hidb::ReadView& view, std::string* key) {
  point_reads_.fetch_add(1, std::memory_order_relaxed);
  if (view.reads != nullptr) view.reads->AddRange(space, range);
  if (!HasBuffered(view, space, range)) {
    HELIOS_TRY(const bool is_above, highest_keys_->IsAbove(space, range.begin));
    if (is_above) return false;
  }
  const ReadPoint read_point(view, *snapshots_, *staged_);
  MergeCursor cursor(*store_, space, read_point, view, {range}, false);
  if (!cursor.Next()) {
    HELIOS_TRY(cursor.status());
    return false;
  }
  if (key != nullptr) key->assign(cursor.key());
  return true;
}

hidb::SpaceStatistics Node::Statistics(hidb::SpaceId space) {
  hidb::SpaceStatistics statistics;
  statistics.row_count = row_counts_->Get(space);
  const std::string begin = SpacePrefix(space);
  const std::string end = SpaceEnd(space);
  const kv::KeyRangeView range{begin, end};
  statistics.total_bytes = store_->ApproximateSizes(kVersionFamily, {&range, 1})[0];
  return statistics;
}

Result<std::vector<hidb::CatalogRecord>> Node::LoadCatalog() {
  std::vector<hidb::CatalogRecord> records;
  const auto iterator = store_->NewIterator(
      kv::Family::kLocal,
      {.lower = std::string(kCatalogPrefix), .upper = PrefixEnd(kCatalogPrefix)});
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    records.push_back({std::string(iterator->key().substr(kCatalogPrefix.size())),
                       std::string(iterator->value())});
  }
  HELIOS_TRY(iterator->status());
  return records;
}

}  // namespace helios::storage
