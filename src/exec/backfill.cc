#include "exec/backfill.h"

#include <unordered_set>

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

Status CheckNew(QueryState& query, const plan::WriteTarget& target, Filling& filling, size_t row) {
  const std::string& parts = filling.entries.parts[row];
  if (filling.seen.insert(HashBytes(parts)).second) return Status::Ok();
  HELIOS_TRY(bool taken, query.context.storage->Exists(filling.encoder->target().layout->space,
                                                       {parts, KeyPrefixEnd(parts)},
                                                       query.NewestView(), nullptr));
  if (!taken) return Status::Ok();
  Status status = UniqueViolation(target, filling.encoder->target(), filling.entries.values, row,
                                  query.eval.text_format);
  ErrorInfo& info = status.mutable_info();
  info.message =
      fmt::format("could not create unique index \"{}\"", filling.encoder->target().name);
  const size_t end = info.detail.rfind(" already exists.");
  if (end != std::string::npos) info.detail.resize(end);
  info.detail += " is duplicated.";
  return status;
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
  hidb::ScanRequest request;
  request.table = target.layout;
  request.ranges.emplace_back();
  for (uint32_t i = 0; i < target.layout->columns.size(); ++i) request.columns.push_back(i);
  request.with_row_key = true;
  request.view = query.StatementView();
  request.context = &query.eval;
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
    HELIOS_TRY(writer.StageIfLarge());
  }
}

}  // namespace helios::exec
