#include "exec/backfill.h"

#include <optional>
#include <unordered_set>

#include "base/codec.h"
#include "base/hash.h"
#include "exec/internal/operator.h"
#include "exec/internal/write/foreign_keys.h"
#include "exec/internal/write/table_writer.h"

namespace helios::exec {
namespace {

// An index while it is filled. Keys seen are remembered by hash; when one comes again, the entries
// themselves are asked.
struct Filling {
  std::unique_ptr<IndexEncoder> encoder;
  std::unordered_set<uint64_t> seen;
  IndexEncoder::Entries entries;
};

Status Duplicate(QueryState& query, const plan::WriteTarget& target, const plan::IndexTarget& index,
                 const Chunk& values, size_t row) {
  Status status = UniqueViolation(target, index, values, row, query.eval.text_format);
  ErrorInfo& info = status.mutable_info();
  info.message = fmt::format("could not create unique index \"{}\"", index.name);
  const size_t end = info.detail.rfind(" already exists.");
  if (end != std::string::npos) info.detail.resize(end);
  info.detail += " is duplicated.";
  return status;
}

Status CheckNew(QueryState& query, const plan::WriteTarget& target, Filling& filling, size_t row) {
  const std::string& parts = filling.entries.parts[row];
  if (filling.seen.insert(HashBytes(parts)).second) return Status::Ok();
  HELIOS_TRY(bool taken, query.context.storage->Exists(filling.encoder->target().layout->space,
                                                       {parts, KeyPrefixEnd(parts)},
                                                       query.NewestView(), nullptr));
  if (!taken) return Status::Ok();
  return Duplicate(query, target, filling.encoder->target(), filling.entries.values, row);
}

// Every row of the context's view, all columns.
hidb::ScanRequest AllRows(QueryState& query, const plan::WriteTarget& target) {
  hidb::ScanRequest request;
  request.table = target.layout;
  request.ranges.emplace_back();
  for (uint32_t i = 0; i < target.layout->columns.size(); ++i) request.columns.push_back(i);
  request.view = query.StatementView();
  request.context = &query.eval;
  return request;
}

}  // namespace

Status BackfillIndexes(std::shared_ptr<const plan::Plan> owner, const plan::WriteTarget& target,
                       std::span<const size_t> indexes, ExecutionContext context) {
  QueryState query(std::move(owner), std::move(context));
  TableWriter writer(query, target);
  std::vector<Filling> fillings(indexes.size());
  for (size_t i = 0; i < indexes.size(); ++i) {
    fillings[i].encoder = std::make_unique<IndexEncoder>(target.indexes[indexes[i]], query.eval);
  }
  MemoryReservation reservation(query.memory());
  hidb::ScanRequest request = AllRows(query, target);
  request.with_row_key = true;
  HELIOS_TRY(std::unique_ptr<hidb::ScanStream> stream,
             query.context.storage->Scan(std::move(request)));
  uint64_t rows_done = 0;
  Chunk rows;
  while (true) {
    HELIOS_TRY(query.CheckCanceled());
    HELIOS_TRY(stream->Next(&rows));
    const size_t count = rows.row_count();
    if (count == 0) return Status::Ok();
    const Vector row_keys = rows.column(rows.column_count() - 1);
    rows.columns().pop_back();
    rows_done += count;
    HELIOS_TRY(reservation.Resize(rows_done * fillings.size() * 32));
    for (Filling& filling : fillings) {
      IndexEncoder::Entries& entries = filling.entries;
      HELIOS_TRY(filling.encoder->Encode(rows, &entries));
      for (size_t row = 0; row < count; ++row) {
        if (!entries.Has(row)) continue;
        if (filling.encoder->IsExclusive(entries, row)) {
          HELIOS_TRY(CheckNew(query, target, filling, row));
        }
        HELIOS_TRY(
            writer.PutEntry(*filling.encoder, entries.parts[row], std::string(row_keys.View(row))));
      }
    }
    HELIOS_TRY(query.StageIfLarge());
  }
}

Status FillIndexOnline(std::shared_ptr<const plan::Plan> owner, const plan::WriteTarget& target,
                       size_t index, ExecutionContext context) {
  QueryState query(std::move(owner), std::move(context));
  IndexEncoder encoder(target.indexes[index], query.eval);
  hidb::ScanRequest request = AllRows(query, target);
  request.with_row_key = true;
  request.with_version = true;
  HELIOS_TRY(std::unique_ptr<hidb::ScanStream> stream,
             query.context.storage->Scan(std::move(request)));
  Chunk rows;
  IndexEncoder::Entries entries;
  std::vector<hidb::IndexEntry> batch;
  while (true) {
    HELIOS_TRY(query.CheckCanceled());
    HELIOS_TRY(stream->Next(&rows));
    if (rows.row_count() == 0) return Status::Ok();
    const Vector versions = rows.column(rows.column_count() - 1);
    const Vector row_keys = rows.column(rows.column_count() - 2);
    rows.columns().resize(rows.column_count() - 2);
    HELIOS_TRY(encoder.Encode(rows, &entries));
    batch.clear();
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (!entries.Has(row)) continue;
      hidb::IndexEntry& entry = batch.emplace_back();
      entry.key = entries.parts[row];
      entry.key.append(row_keys.View(row));
      AppendVarint(&entry.value, entries.parts[row].size());
      entry.version = static_cast<Timestamp>(versions.At<int64_t>(row));
    }
    HELIOS_TRY(query.context.storage->FillIndex(encoder.target().layout->space, batch));
  }
}

Status CheckIndexUnique(std::shared_ptr<const plan::Plan> owner, const plan::WriteTarget& target,
                        size_t index, ExecutionContext context) {
  QueryState query(std::move(owner), std::move(context));
  IndexEncoder encoder(target.indexes[index], query.eval);
  hidb::ScanRequest request = AllRows(query, target);
  request.index = encoder.target().layout;
  HELIOS_TRY(std::unique_ptr<hidb::ScanStream> stream,
             query.context.storage->Scan(std::move(request)));
  Chunk rows;
  IndexEncoder::Entries entries;
  std::optional<std::string> last;  // The key of the entry before: equal ones are neighbours.
  while (true) {
    HELIOS_TRY(query.CheckCanceled());
    HELIOS_TRY(stream->Next(&rows));
    if (rows.row_count() == 0) return Status::Ok();
    HELIOS_TRY(encoder.Encode(rows, &entries));
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (!encoder.IsExclusive(entries, row)) continue;
      if (last == entries.parts[row]) {
        return Duplicate(query, target, encoder.target(), entries.values, row);
      }
      last = entries.parts[row];
    }
  }
}

}  // namespace helios::exec
