#include "exec/internal/scan.h"

#include <algorithm>
#include <mutex>

#include "exec/internal/parallel.h"
#include "types/array.h"

namespace helios::exec {
namespace {

// About as many rows as a morsel has when a scan is cut for several threads.
constexpr double kMorselRows = 60000;

using Bound = plan::ScanNode::Bound;

class BoundEncoder {
 public:
  BoundEncoder(const std::vector<KeyColumn>& columns, expr::EvalContext& context,
               std::vector<hidb::KeyRange>* ranges)
      : columns_(columns), context_(context), ranges_(ranges) {}

  Status Encode(const Bound& bound) {
    if (bound.row_key != nullptr) return OneRow(*bound.row_key);
    std::string prefix;
    for (size_t i = 0; i < bound.equal.size(); ++i) {
      HELIOS_CHECK(i < columns_.size());
      HELIOS_TRY(Value value, expr::EvaluateConstant(*bound.equal[i], context_));
      if (value.is_null()) return Status::Ok();
      HELIOS_TRY(AppendKey(columns_[i], value, &prefix));
    }
    const size_t part = bound.equal.size();
    if (bound.any == nullptr) return Rest(bound, part, std::move(prefix));
    HELIOS_CHECK(part < columns_.size());
    HELIOS_TRY(Value array, expr::EvaluateConstant(*bound.any, context_));
    if (array.is_null()) return Status::Ok();
    const ArrayReader reader(array.bytes());
    Vector element(columns_[part].type, columns_[part].physical);
    for (uint32_t i = 0; i < reader.size(); ++i) {
      if (reader.IsNull(i)) continue;
      element.validity().Reset();
      reader.Load(i, &element, 0);
      std::string key = prefix;
      HELIOS_TRY(AppendKey(columns_[part], element, 0, &key));
      HELIOS_TRY(Rest(bound, part + 1, std::move(key)));
    }
    return Status::Ok();
  }

 private:
  Status OneRow(const expr::Expr& row_key) {
    HELIOS_TRY(Value key, expr::EvaluateConstant(row_key, context_));
    if (key.is_null()) return Status::Ok();
    if (key.type().oid == type_oid::kBytea) {
      AddRow(key.bytes());
      return Status::Ok();
    }
    const ArrayReader keys(key.bytes());
    Vector element(SqlType{type_oid::kBytea});
    for (uint32_t i = 0; i < keys.size(); ++i) {
      if (keys.IsNull(i)) continue;
      keys.Load(i, &element, 0);
      AddRow(std::string(element.View(0)));
    }
    return Status::Ok();
  }
  void AddRow(std::string key) {
    std::string end = KeyPrefixEnd(key);
    ranges_->push_back({std::move(key), std::move(end)});
  }

  // The range of part `part` behind a prefix that equals.
  Status Rest(const Bound& bound, size_t part, std::string prefix) {
    if (bound.lower == nullptr && bound.upper == nullptr && !bound.next_is_null) {
      std::string end = prefix.empty() ? std::string() : KeyPrefixEnd(prefix);
      ranges_->push_back({std::move(prefix), std::move(end)});
      return Status::Ok();
    }
    HELIOS_CHECK(part < columns_.size());
    const KeyColumn& column = columns_[part];
    std::string null_key = prefix;
    HELIOS_TRY(AppendKey(column, Value::Null(column.type), &null_key));
    if (bound.next_is_null) {
      std::string end = KeyPrefixEnd(null_key);
      ranges_->push_back({std::move(null_key), std::move(end)});
      return Status::Ok();
    }
    // In key order; a descending column turns the bounds round.
    const bool descending = column.order.descending;
    const expr::ExprPtr& first = descending ? bound.upper : bound.lower;
    const expr::ExprPtr& last = descending ? bound.lower : bound.upper;
    const bool first_inclusive = descending ? bound.upper_inclusive : bound.lower_inclusive;
    const bool last_inclusive = descending ? bound.lower_inclusive : bound.upper_inclusive;
    hidb::KeyRange range;
    if (first != nullptr) {
      HELIOS_TRY(Value value, expr::EvaluateConstant(*first, context_));
      if (value.is_null()) return Status::Ok();
      range.begin = prefix;
      HELIOS_TRY(AppendKey(column, value, &range.begin));
      if (!first_inclusive) range.begin = KeyPrefixEnd(range.begin);
    } else {
      range.begin = column.order.nulls_first ? KeyPrefixEnd(null_key) : prefix;
    }
    if (last != nullptr) {
      HELIOS_TRY(Value value, expr::EvaluateConstant(*last, context_));
      if (value.is_null()) return Status::Ok();
      range.end = prefix;
      HELIOS_TRY(AppendKey(column, value, &range.end));
      if (last_inclusive) range.end = KeyPrefixEnd(range.end);
    } else if (column.order.nulls_first) {
      range.end = prefix.empty() ? std::string() : KeyPrefixEnd(prefix);
    } else {
      range.end = null_key;
    }
    if (range.end.empty() || range.begin < range.end) ranges_->push_back(std::move(range));
    return Status::Ok();
  }

  const std::vector<KeyColumn>& columns_;
  expr::EvalContext& context_;
  std::vector<hidb::KeyRange>* const ranges_;
};

// Sorts ranges and joins those that overlap, so that no row comes twice.
void MergeRanges(std::vector<hidb::KeyRange>* ranges) {
  std::sort(ranges->begin(), ranges->end(),
            [](const hidb::KeyRange& a, const hidb::KeyRange& b) { return a.begin < b.begin; });
  size_t kept = 0;
  for (size_t i = 0; i < ranges->size(); ++i) {
    hidb::KeyRange& range = (*ranges)[i];
    if (kept > 0) {
      hidb::KeyRange& last = (*ranges)[kept - 1];
      if (last.end.empty()) break;
      if (range.begin < last.end) {
        if (range.end.empty() || range.end > last.end) last.end = std::move(range.end);
        continue;
      }
    }
    if (kept != i) (*ranges)[kept] = std::move(range);
    ++kept;
  }
  ranges->resize(kept);
}

// The ranges that no thread has taken yet.
struct Morsels : SharedState {
  void Reset() override {
    opened = false;
    ranges.clear();
    next = 0;
  }

  std::mutex mutex;
  bool opened = false;  // Guarded by mutex, as are the two below.
  std::vector<hidb::KeyRange> ranges;
  size_t next = 0;
};

class ScanOperator : public Operator {
 public:
  ScanOperator(QueryState& query, const plan::ScanNode& node, ParallelGroup* group)
      : Operator(query, node), scan_(node) {
    if (group != nullptr) {
      morsels_ = group->Share<Morsels>(node);
      worker_count_ = group->worker_count;
    }
  }

 protected:
  Status DoOpen() override {
    stream_.reset();
    done_ = false;
    if (morsels_ != nullptr) return OpenShared();
    HELIOS_TRY(std::vector<hidb::KeyRange> ranges, EvaluateBounds(scan_, query_.eval));
    if (ranges.empty()) {
      done_ = true;
      return Status::Ok();
    }
    return OpenStream(std::move(ranges));
  }

  Status DoNext(Chunk* out) override {
    while (true) {
      *out = Chunk();
      if (done_) return Status::Ok();
      if (stream_ == nullptr) {
        HELIOS_TRY(bool more, NextMorsel());
        if (!more) return Status::Ok();
      }
      if (pending_.row_count() > 0) return TakePending(out);
      HELIOS_TRY(stream_->Next(out));
      if (out->row_count() > query_.vector_rows) {
        pending_ = std::move(*out);
        pending_first_ = 0;
        return TakePending(out);
      }
      if (out->row_count() > 0) return Status::Ok();
      stream_.reset();
      if (morsels_ == nullptr) done_ = true;
    }
  }

 private:
  // Cuts a chunk into pieces of vector_rows (tests with tiny chunks).
  Status TakePending(Chunk* out) {
    const size_t count = std::min(query_.vector_rows, pending_.row_count() - pending_first_);
    *out = SliceRows(pending_, pending_first_, count);
    pending_first_ += count;
    if (pending_first_ == pending_.row_count()) pending_ = Chunk();
    return Status::Ok();
  }

  Status OpenStream(std::vector<hidb::KeyRange> ranges) {
    hidb::ScanRequest request;
    request.table = scan_.layout;
    request.index = scan_.index;
    request.ranges = std::move(ranges);
    request.reverse = scan_.reverse;
    request.columns = scan_.columns;
    if (scan_.with_writer) request.columns.push_back(hidb::kWriterColumn);
    request.with_row_key = scan_.with_row_key;
    request.filter = scan_.filter;
    request.limit = scan_.limit;
    request.view = query_.StatementView();
    request.context = &query_.eval;
    HELIOS_TRY(stream_, query_.context.storage->Scan(std::move(request)));
    return Status::Ok();
  }

  Status OpenShared() {
    std::lock_guard lock(morsels_->mutex);
    if (morsels_->opened) return Status::Ok();
    morsels_->opened = true;
    HELIOS_TRY(std::vector<hidb::KeyRange> ranges, EvaluateBounds(scan_, query_.eval));
    const hidb::SpaceId space = scan_.index != nullptr ? scan_.index->space : scan_.layout->space;
    const double rows = std::max(ScannedRows(query_, scan_), 1.0);
    const size_t parts =
        std::max<size_t>(static_cast<size_t>(rows / kMorselRows), worker_count_ * 4);
    for (const hidb::KeyRange& range : ranges) {
      std::vector<hidb::KeyRange> cut = query_.context.storage->SplitRange(
          space, range, std::max<size_t>(parts / ranges.size(), 1));
      if (cut.empty()) cut.push_back(range);
      for (hidb::KeyRange& part : cut) morsels_->ranges.push_back(std::move(part));
    }
    return Status::Ok();
  }

  Result<bool> NextMorsel() {
    hidb::KeyRange range;
    {
      std::lock_guard lock(morsels_->mutex);
      if (morsels_->next >= morsels_->ranges.size()) {
        done_ = true;
        return false;
      }
      range = morsels_->ranges[morsels_->next++];
    }
    std::vector<hidb::KeyRange> ranges;
    ranges.push_back(std::move(range));
    HELIOS_TRY(OpenStream(std::move(ranges)));
    return true;
  }

  const plan::ScanNode& scan_;
  std::shared_ptr<Morsels> morsels_;  // Shared by the copies of a parallel scan; null: one thread.
  size_t worker_count_ = 1;
  std::unique_ptr<hidb::ScanStream> stream_;
  Chunk pending_;
  size_t pending_first_ = 0;
  bool done_ = false;
};

}  // namespace

std::vector<KeyColumn> KeyColumnsOf(const hidb::TableLayout& table) {
  std::vector<KeyColumn> columns;
  for (uint32_t position : table.key_columns) {
    const hidb::ColumnLayout& column = table.columns[position];
    columns.emplace_back(column.type, column.physical, SortOrder{});
  }
  return columns;
}

std::vector<KeyColumn> KeyColumnsOf(const hidb::IndexLayout& index) {
  std::vector<KeyColumn> columns;
  for (const hidb::IndexPart& part : index.parts) {
    columns.emplace_back(part.type, part.physical, SortOrder{part.descending, part.nulls_first});
  }
  return columns;
}

Result<std::vector<hidb::KeyRange>> EvaluateBounds(const plan::ScanNode& node,
                                                   expr::EvalContext& context) {
  std::vector<hidb::KeyRange> ranges;
  if (node.bounds.empty()) {
    ranges.emplace_back();
    return ranges;
  }
  const std::vector<KeyColumn> columns =
      node.index != nullptr ? KeyColumnsOf(*node.index) : KeyColumnsOf(*node.layout);
  BoundEncoder encoder(columns, context, &ranges);
  for (const Bound& bound : node.bounds) HELIOS_TRY(encoder.Encode(bound));
  if (ranges.size() > 1) MergeRanges(&ranges);
  return ranges;
}

Status RequirePopulated(const plan::ScanNode& node) {
  if (node.layout->space != 0) return Status::Ok();
  return Error(ErrorCode::kObjectNotInPrerequisiteState)
      .Message("materialized view \"{}\" has not been populated", node.table_name)
      .Hint("Use the REFRESH MATERIALIZED VIEW command.");
}

Result<OperatorPtr> MakeScan(QueryState& query, const plan::ScanNode& node, ParallelGroup* group) {
  HELIOS_TRY(RequirePopulated(node));
  return std::make_unique<ScanOperator>(query, node, group);
}

}  // namespace helios::exec
