#include "storage/internal/scan_stream.h"

#include <algorithm>
#include <optional>

#include "base/codec.h"
#include "storage/internal/merge_cursor.h"
#include "storage/internal/row_reader.h"

namespace helios::storage {
namespace {

// The first chunk is small, so that a query that wants few rows does not pay for many.
constexpr size_t kFirstBatchRows = 64;

Status Canceled() {
  return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
}

// What both kinds of scan share: batches that grow, the filter, the limit and cancellation.
class Scan : public hidb::ScanStream {
 public:
  Scan(const ScanEnvironment& environment, hidb::ScanRequest request, hidb::SpaceId scanned_space)
      : environment_(environment),
        request_(std::move(request)),
        read_point_(request_.view, environment.snapshots, environment.staged),
        cursor_(environment.store, scanned_space, read_point_, request_.view, request_.ranges,
                request_.reverse),
        scanned_space_(scanned_space),
        decoder_(WantedColumns(*request_.table, request_.columns)),
        needs_rows_(!request_.columns.empty() || request_.with_row_key ||
                    request_.filter != nullptr) {
    HELIOS_CHECK(!request_.with_version || (!request_.reverse && request_.view.writes == nullptr));
    if (request_.view.reads != nullptr) {
      for (const hidb::KeyRange& range : request_.ranges) {
        request_.view.reads->AddRange(scanned_space_, range);
      }
    }
    if (request_.filter == nullptr) return;
    filter_.emplace(*request_.filter,
                    request_.context != nullptr ? *request_.context : no_context_);
  }
  ~Scan() override { environment_.note_dead(scanned_space_, cursor_.dead_count(), live_count_); }

  Status Next(Chunk* out) override {
    *out = Chunk();
    if (ended_) return Status::Ok();
    while (true) {
      if (request_.context != nullptr && request_.context->IsCanceled()) return End(Canceled());
      const size_t rows_max = NextBatchRows();
      bool more = true;
      if (Status status = Fill(rows_max, out, &more); !status.ok()) return End(std::move(status));
      live_count_ += out->row_count();
      if (!more) ended_ = true;
      if (filter_.has_value() && out->row_count() > 0) {
        if (Status status = Filter(out); !status.ok()) return End(std::move(status));
      }
      returned_ += out->row_count();
      if (request_.limit != 0 && returned_ >= request_.limit) ended_ = true;
      if (out->row_count() > 0 || ended_) return Status::Ok();
    }
  }

 protected:
  // Reads up to `rows_max` entries into `*out`; `*more` is false once the cursor is at its end.
  virtual Status Fill(size_t rows_max, Chunk* out, bool* more) = 0;

  // Makes `*out` ready for Emit.
  void StartChunk(Chunk* out) {
    *out = MakeOutput(*request_.table, request_.columns, request_.with_row_key, kVectorRowsMax);
    if (request_.with_version) out->AddColumn(Vector(SqlType{type_oid::kInt8}));
    columns_.clear();
    for (size_t index = 0; index < request_.columns.size(); ++index) {
      columns_.push_back(&out->column(index));
    }
  }
  // Writes a row into row `row` of the chunk.
  Status Emit(std::string_view row_key, std::string_view value, Chunk* out, size_t row) {
    if (!columns_.empty()) HELIOS_TRY(decoder_.Decode(value, columns_, row));
    if (request_.with_row_key) out->column(request_.columns.size()).SetString(row, row_key);
    return Status::Ok();
  }

  const ScanEnvironment& environment_;
  const hidb::ScanRequest request_;
  const ReadPoint read_point_;
  MergeCursor cursor_;
  const hidb::SpaceId scanned_space_;
  RowDecoder decoder_;
  const bool needs_rows_;  // False: only their number counts.

 private:
  size_t NextBatchRows() {
    size_t rows = batch_rows_;
    batch_rows_ = std::min(batch_rows_ * 4, kVectorRowsMax);
    if (!needs_rows_) rows = kVectorRowsMax;
    if (request_.limit != 0 && request_.filter == nullptr) {
      rows = std::min<uint64_t>(rows, request_.limit - returned_);
    }
    return rows;
  }
  Status End(Status status) {
    ended_ = true;
    return status;
  }
  Status Filter(Chunk* out) {
    auto selection = std::make_shared<Selection>();
    HELIOS_TRY(filter_->Select(*out, selection.get()));
    if (request_.limit != 0 && selection->size() > request_.limit - returned_) {
      selection->resize(request_.limit - returned_);
    }
    if (selection->size() == out->row_count()) return Status::Ok();
    if (selection->empty()) {
      *out = Chunk();
    } else {
      out->Slice(std::move(selection));
    }
    return Status::Ok();
  }

  expr::EvalContext no_context_;
  std::optional<expr::Evaluator> filter_;
  std::vector<Vector*> columns_;
  size_t batch_rows_ = kFirstBatchRows;
  uint64_t returned_ = 0;
  uint64_t live_count_ = 0;
  bool ended_ = false;
};

class RowScan final : public Scan {
 public:
  RowScan(const ScanEnvironment& environment, hidb::ScanRequest request)
      : Scan(environment, request, request.table->space) {}

 private:
  Status Fill(size_t rows_max, Chunk* out, bool* more) override {
    StartChunk(out);
    size_t row = 0;
    for (; row < rows_max; ++row) {
      if (!cursor_.Next()) {
        *more = false;
        HELIOS_TRY(cursor_.status());
        break;
      }
      if (needs_rows_) HELIOS_TRY(Emit(cursor_.key(), cursor_.value(), out, row));
      if (request_.with_version) {
        Vector& versions = out->column(out->column_count() - 1);
        versions.Data<int64_t>()[row] = static_cast<int64_t>(cursor_.version());
      }
    }
    out->SetRowCount(row);
    return Status::Ok();
  }
};

// Entries are versioned as their rows are, so an entry that is visible has a visible row.
class IndexScan final : public Scan {
 public:
  IndexScan(const ScanEnvironment& environment, hidb::ScanRequest request)
      : Scan(environment, request, request.index->space),
        rows_({environment.store, nullptr, nullptr}, request_.table->space, read_point_,
              request_.view),
        needs_values_(!request_.columns.empty()) {}

 private:
  Status Fill(size_t rows_max, Chunk* out, bool* more) override {
    StartChunk(out);
    size_t count = 0;
    row_keys_.clear();
    for (; count < rows_max; ++count) {
      if (!cursor_.Next()) {
        *more = false;
        HELIOS_TRY(cursor_.status());
        break;
      }
      if (!needs_rows_) continue;
      HELIOS_TRY(const std::string_view row_key, RowKey());
      if (needs_values_) {
        row_keys_.emplace_back(row_key, count);
      } else {
        HELIOS_TRY(Emit(row_key, {}, out, count));
      }
    }
    out->SetRowCount(count);
    return FetchRows(out);
  }

  // In the order of the rows: neighbours lie in the same blocks, which are then found and read
  // once.
  Status FetchRows(Chunk* out) {
    std::sort(row_keys_.begin(), row_keys_.end());
    for (const auto& [row_key, row] : row_keys_) {
      if (request_.view.reads != nullptr) {
        request_.view.reads->AddKey(request_.table->space, row_key);
      }
      std::string_view value;
      HELIOS_TRY(const bool found, rows_.Find(row_key, &value));
      if (!found) return MissingRow();
      HELIOS_TRY(Emit(row_key, value, out, row));
    }
    return Status::Ok();
  }

  Result<std::string_view> RowKey() const {
    ByteReader reader(cursor_.value());
    HELIOS_TRY(uint64_t parts_bytes, reader.Varint());
    if (parts_bytes > cursor_.key().size()) return MissingRow();
    return cursor_.key().substr(parts_bytes);
  }
  Status MissingRow() const {
    return Error(ErrorCode::kIndexCorrupted)
        .Message("entry of index {} has no row in table {}", request_.index->space,
                 request_.table->space)
        .Hint("Rebuild the index with REINDEX.");
  }

  RowReader rows_;
  const bool needs_values_;
  std::vector<std::pair<std::string, size_t>> row_keys_;  // Of a batch, with their places in it.
};

}  // namespace

std::vector<RowColumn> WantedColumns(const hidb::TableLayout& table,
                                     const std::vector<uint32_t>& columns) {
  std::vector<RowColumn> wanted;
  wanted.reserve(columns.size());
  for (uint32_t position : columns) {
    if (position == hidb::kWriterColumn) {
      wanted.push_back({kWriterColumnId, {type_oid::kXid}, PhysicalType::kInt32, Value()});
      continue;
    }
    HELIOS_CHECK(position < table.columns.size());
    const hidb::ColumnLayout& column = table.columns[position];
    wanted.push_back({column.id, column.type, column.physical,
                      column.missing.has_value() ? *column.missing : Value::Null(column.type)});
  }
  return wanted;
}

Chunk MakeOutput(const hidb::TableLayout& table, const std::vector<uint32_t>& columns,
                 bool with_row_key, size_t row_count_max) {
  Chunk chunk;
  for (uint32_t position : columns) {
    if (position == hidb::kWriterColumn) {
      chunk.AddColumn(Vector({type_oid::kXid}, PhysicalTypeOf(type_oid::kXid), row_count_max));
      continue;
    }
    const hidb::ColumnLayout& column = table.columns[position];
    chunk.AddColumn(Vector(column.type, column.physical, row_count_max));
  }
  if (with_row_key)
    chunk.AddColumn(Vector({type_oid::kBytea}, PhysicalType::kVarlen, row_count_max));
  return chunk;
}

std::unique_ptr<hidb::ScanStream> MakeScanStream(const ScanEnvironment& environment,
                                                 hidb::ScanRequest request) {
  if (request.index != nullptr) {
    return std::make_unique<IndexScan>(environment, std::move(request));
  }
  return std::make_unique<RowScan>(environment, std::move(request));
}

}  // namespace helios::storage
