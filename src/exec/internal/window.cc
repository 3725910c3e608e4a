#include "exec/internal/window.h"

#include <algorithm>

#include "types/compare.h"

namespace helios::exec {

WindowShape::WindowShape(const plan::WindowNode& node) {
  const plan::Node& child = *node.children[0];
  types = child.types;
  physicals = PhysicalsOf(child);
  child_width = static_cast<uint32_t>(types.size());
  auto add = [this](const expr::Expr& expression) {
    types.push_back(expression.type);
    physicals.push_back(expression.physical);
    computed.push_back(&expression);
    return static_cast<uint32_t>(types.size() - 1);
  };
  first_partition_key = child_width;
  partition_key_count = static_cast<uint32_t>(node.partition_by.size());
  for (const expr::ExprPtr& key : node.partition_by) sort_keys.push_back({add(*key), {}});
  first_order_key = static_cast<uint32_t>(types.size());
  order_key_count = static_cast<uint32_t>(node.order_by.size());
  for (const plan::SortKey& key : node.order_by) {
    sort_keys.push_back({add(*key.expression), {key.descending, key.nulls_first}});
  }
  for (const plan::WindowNode::Call& plan_call : node.calls) {
    Call call;
    call.first_argument = static_cast<uint32_t>(types.size());
    call.argument_count = static_cast<uint32_t>(plan_call.arguments.size());
    for (const expr::ExprPtr& argument : plan_call.arguments) {
      add(*argument);
      call.argument_types.push_back(argument->type);
    }
    if (plan_call.filter != nullptr) call.filter = static_cast<int32_t>(add(*plan_call.filter));
    calls.push_back(std::move(call));
  }
}

WindowResult::WindowResult(SqlType type, PhysicalType physical, size_t row_count) {
  for (size_t first = 0; first < row_count; first += kVectorRowsMax) {
    parts_.emplace_back(type, physical);
  }
}

void WindowResult::SetRaw(size_t row, const char* value) {
  Vector& vector = VectorOf(row);
  const size_t at = RowIn(row);
  if (value == nullptr) {
    vector.SetNull(at);
  } else if (vector.physical() == PhysicalType::kVarlen) {
    StringRef string;
    std::memcpy(&string, value, sizeof(string));
    vector.SetString(at, string.view());
  } else {
    const size_t width = PhysicalWidth(vector.physical());
    std::memcpy(vector.RawData() + at * width, value, width);
    vector.validity().SetValid(at);
  }
}

namespace {

using expr::WindowFunctionKind;

// OVER: sorts the input by partition and order, then works partition by partition.
class Window : public UnaryOperator {
 public:
  Window(QueryState& query, const plan::WindowNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)),
        window_(node),
        shape_(node),
        layout_(std::make_shared<RowLayout>(shape_.types, shape_.physicals, 0, 0)),
        batch_reservation_(query.memory()) {
    for (const expr::Expr* expression : shape_.computed) computed_.Add(*expression, query.eval);
    for (const plan::WindowNode::Call& call : node.calls) {
      frames_.push_back(std::make_unique<FrameFinder>(query, node, call, shape_));
    }
  }

 protected:
  Status DoOpen() override {
    sorter_ = std::make_unique<Sorter>(query_, shape_.types, shape_.physicals, shape_.sort_keys);
    sorted_ = false;
    pending_ = Chunk();
    pending_first_ = 0;
    batch_ = WindowBatch();
    given_ = 0;
    for (const auto& frames : frames_) HELIOS_TRY(frames->Open());
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    if (!sorted_) HELIOS_TRY(Consume());
    *out = Chunk();
    if (given_ >= batch_.rows.size()) {
      HELIOS_TRY(LoadBatch());
      if (batch_.rows.empty()) return Status::Ok();
      HELIOS_TRY(Compute());
    }
    // A result vector covers kVectorRowsMax rows: chunks stay within one.
    const size_t in_part = given_ % kVectorRowsMax;
    const size_t count =
        std::min({query_.vector_rows, batch_.rows.size() - given_, kVectorRowsMax - in_part});
    for (uint32_t c = 0; c < shape_.child_width; ++c) {
      out->AddColumn(batch_.Gather(c, given_, count));
    }
    auto selection = std::make_shared<Selection>(count);
    for (size_t i = 0; i < count; ++i) {
      (*selection)[i] = static_cast<SelectionIndex>(in_part + i);
    }
    for (const WindowResult& result : results_) {
      out->AddColumn(Vector::Dictionary(result.Part(given_ / kVectorRowsMax), selection));
    }
    out->SetRowCount(count);
    given_ += count;
    return Status::Ok();
  }

 private:
  Status Consume() {
    Chunk input;
    Chunk computed;
    while (true) {
      HELIOS_TRY(child_->Next(&input));
      if (input.row_count() == 0) break;
      HELIOS_TRY(computed_.Evaluate(input, &computed));
      for (Vector& column : computed.columns()) input.AddColumn(std::move(column));
      HELIOS_TRY(sorter_->Add(input));
    }
    HELIOS_TRY(sorter_->Finish());
    sorted_ = true;
    stats().memory_bytes = std::max(stats().memory_bytes, sorter_->memory_bytes());
    stats().spilled_bytes += sorter_->spilled_bytes();
    return Status::Ok();
  }

  // Whether two rows agree in columns [first, first + count), NULLs alike.
  bool Same(const char* a, const char* b, uint32_t first, uint32_t count) const {
    for (uint32_t c = first; c < first + count; ++c) {
      const bool a_null = layout_->IsNull(a, c);
      const bool b_null = layout_->IsNull(b, c);
      if (a_null || b_null) {
        if (a_null != b_null) return false;
        continue;
      }
      const RowLayout::Column& column = layout_->columns[c];
      const CompareFunction compare = CompareFunctionOf(column.type.oid, column.physical);
      if (compare(a + column.offset, b + column.offset) != 0) return false;
    }
    return true;
  }

  // Takes whole partitions until a chunk is full.
  Status LoadBatch() {
    batch_ = WindowBatch();
    batch_reservation_.ReleaseAll();
    batch_.store = std::make_unique<RowStore>(layout_, query_.memory());
    given_ = 0;
    while (true) {
      if (pending_first_ >= pending_.row_count()) {
        HELIOS_TRY(query_.CheckCanceled());
        HELIOS_TRY(sorter_->Next(shape_.types.size(), query_.vector_rows, &pending_));
        pending_first_ = 0;
        if (pending_.row_count() == 0) break;
        pending_rows_.resize(kVectorRowsMax);
        pending_store_ = std::make_unique<RowStore>(layout_, nullptr);
        pending_store_->Append(ColumnPointers(pending_), nullptr, pending_.row_count(),
                               pending_rows_.data());
      }
      // Rows of the pending chunk that still belong to this batch.
      const size_t first = pending_first_;
      bool full = false;
      while (pending_first_ < pending_.row_count()) {
        const char* row = pending_rows_[pending_first_];
        const char* before = pending_first_ > first ? pending_rows_[pending_first_ - 1]
                             : batch_.rows.empty()  ? nullptr
                                                    : batch_.rows.back();
        const bool starts = before == nullptr || !Same(before, row, shape_.first_partition_key,
                                                       shape_.partition_key_count);
        const size_t rows = batch_.rows.size() + (pending_first_ - first);
        if (starts && rows >= query_.vector_rows) {
          full = true;
          break;
        }
        if (starts) batch_.partition_starts.push_back(rows);
        ++pending_first_;
      }
      HELIOS_TRY(TakePending(first));
      if (full) break;
    }
    batch_.partition_starts.push_back(batch_.rows.size());
    FindPeers();
    return Status::Ok();
  }

  Status TakePending(size_t first) {
    const size_t count = pending_first_ - first;
    if (count == 0) return Status::Ok();
    std::vector<SelectionIndex> selection(count);
    for (size_t i = 0; i < count; ++i) selection[i] = static_cast<SelectionIndex>(first + i);
    std::vector<char*> rows(count);
    batch_.store->Append(ColumnPointers(pending_), selection.data(), count, rows.data());
    batch_.rows.insert(batch_.rows.end(), rows.begin(), rows.end());
    HELIOS_TRY(batch_.store->Account());
    // What lies beside the rows: their addresses, their peers, the results.
    size_t row_bytes = sizeof(const char*) + 3 * sizeof(uint32_t);
    for (size_t c = shape_.child_width; c < window_.types.size(); ++c) {
      row_bytes += PhysicalWidth(PhysicalOf(window_, c));
    }
    const size_t bytes = batch_.rows.size() * row_bytes;
    // In steps, so that the tracker is not asked for every chunk.
    if (bytes <= batch_reservation_.bytes()) return Status::Ok();
    return batch_reservation_.Resize(bytes + bytes / 8);
  }

  void FindPeers() {
    const size_t count = batch_.rows.size();
    batch_.peer_start.resize(count);
    batch_.peer_end.resize(count);
    batch_.group.resize(count);
    for (size_t p = 0; p + 1 < batch_.partition_starts.size(); ++p) {
      const size_t end = batch_.partition_starts[p + 1];
      uint32_t group = 0;
      for (size_t start = batch_.partition_starts[p]; start < end; ++group) {
        size_t stop = start + 1;
        while (stop < end && Same(batch_.rows[stop - 1], batch_.rows[stop], shape_.first_order_key,
                                  shape_.order_key_count)) {
          ++stop;
        }
        for (size_t row = start; row < stop; ++row) {
          batch_.peer_start[row] = static_cast<uint32_t>(start);
          batch_.peer_end[row] = static_cast<uint32_t>(stop);
          batch_.group[row] = group;
        }
        start = stop;
      }
    }
  }

  Status Compute() {
    results_.clear();
    for (size_t c = 0; c < window_.calls.size(); ++c) {
      const plan::WindowNode::Call& call = window_.calls[c];
      results_.emplace_back(call.type, PhysicalOf(window_, shape_.child_width + c),
                            batch_.rows.size());
      for (size_t p = 0; p + 1 < batch_.partition_starts.size(); ++p) {
        HELIOS_TRY(query_.CheckCanceled());
        const size_t begin = batch_.partition_starts[p];
        const size_t end = batch_.partition_starts[p + 1];
        HELIOS_TRY(frames_[c]->StartPartition(batch_, begin, end));
        if (call.aggregate != nullptr) {
          HELIOS_TRY(AggregateFrames(query_, call, shape_.calls[c], *frames_[c], batch_, begin, end,
                                     &results_.back()));
        } else {
          HELIOS_TRY(RunFunction(c, begin, end, &results_.back()));
        }
      }
    }
    return Status::Ok();
  }

  Status RunFunction(size_t index, size_t begin, size_t end, WindowResult* out) {
    const WindowShape::Call& call = shape_.calls[index];
    const auto rows = static_cast<double>(end - begin);
    switch (window_.calls[index].window->kind) {
      case WindowFunctionKind::kRowNumber:
        for (size_t row = begin; row < end; ++row) {
          out->Set<int64_t>(row, static_cast<int64_t>(row - begin + 1));
        }
        return Status::Ok();
      case WindowFunctionKind::kRank:
        for (size_t row = begin; row < end; ++row) {
          out->Set<int64_t>(row, static_cast<int64_t>(batch_.peer_start[row] - begin + 1));
        }
        return Status::Ok();
      case WindowFunctionKind::kDenseRank:
        for (size_t row = begin; row < end; ++row) {
          out->Set<int64_t>(row, int64_t{batch_.group[row]} + 1);
        }
        return Status::Ok();
      case WindowFunctionKind::kPercentRank:
        for (size_t row = begin; row < end; ++row) {
          const auto before = static_cast<double>(batch_.peer_start[row] - begin);
          out->Set<double>(row, rows > 1 ? before / (rows - 1) : 0.0);
        }
        return Status::Ok();
      case WindowFunctionKind::kCumeDist:
        for (size_t row = begin; row < end; ++row) {
          out->Set<double>(row, static_cast<double>(batch_.peer_end[row] - begin) / rows);
        }
        return Status::Ok();
      case WindowFunctionKind::kNtile:
        return Ntile(call, begin, end, out);
      case WindowFunctionKind::kLag:
        return Shift(call, begin, end, -1, out);
      case WindowFunctionKind::kLead:
        return Shift(call, begin, end, 1, out);
      case WindowFunctionKind::kFirstValue:
      case WindowFunctionKind::kLastValue:
      case WindowFunctionKind::kNthValue:
        return FrameValue(index, begin, end, out);
    }
    return Status::Ok();
  }

  int64_t IntAt(size_t row, uint32_t column) const {
    const char* value = batch_.ValueAt(row, column);
    if (shape_.physicals[column] == PhysicalType::kInt64) {
      int64_t wide;
      std::memcpy(&wide, value, sizeof(wide));
      return wide;
    }
    int32_t narrow;
    std::memcpy(&narrow, value, sizeof(narrow));
    return narrow;
  }

  Status Ntile(const WindowShape::Call& call, size_t begin, size_t end, WindowResult* out) {
    // The partition's first row decides, as in PostgreSQL.
    if (batch_.ValueAt(begin, call.first_argument) == nullptr) {
      for (size_t row = begin; row < end; ++row) out->SetNull(row);
      return Status::Ok();
    }
    const int64_t buckets = IntAt(begin, call.first_argument);
    if (buckets <= 0) {
      return Error(ErrorCode::kInvalidArgumentForNtile)
          .Message("argument of ntile must be greater than zero");
    }
    const auto rows = static_cast<int64_t>(end - begin);
    const int64_t size = rows / buckets;
    const int64_t larger = rows % buckets;  // The first so many have one row more.
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t in_larger = larger * (size + 1);
      const int64_t bucket =
          i < in_larger ? i / (size + 1) : larger + (i - in_larger) / std::max<int64_t>(size, 1);
      out->Set<int32_t>(begin + static_cast<size_t>(i), static_cast<int32_t>(bucket + 1));
    }
    return Status::Ok();
  }

  // lag and lead: value, offset, default.
  Status Shift(const WindowShape::Call& call, size_t begin, size_t end, int64_t direction,
               WindowResult* out) {
    for (size_t row = begin; row < end; ++row) {
      int64_t offset = 1;
      if (call.argument_count > 1) {
        if (batch_.ValueAt(row, call.first_argument + 1) == nullptr) {
          out->SetNull(row);
          continue;
        }
        offset = IntAt(row, call.first_argument + 1);
      }
      const __int128 at = static_cast<__int128>(row) + static_cast<__int128>(direction) * offset;
      if (at >= static_cast<__int128>(begin) && at < static_cast<__int128>(end)) {
        out->SetRaw(row, batch_.ValueAt(static_cast<size_t>(at), call.first_argument));
      } else if (call.argument_count > 2) {
        out->SetRaw(row, batch_.ValueAt(row, call.first_argument + 2));
      } else {
        out->SetNull(row);
      }
    }
    return Status::Ok();
  }

  Status FrameValue(size_t index, size_t begin, size_t end, WindowResult* out) {
    const WindowShape::Call& call = shape_.calls[index];
    const WindowFunctionKind kind = window_.calls[index].window->kind;
    for (size_t row = begin; row < end; ++row) {
      const FrameRows frame = frames_[index]->Find(row);
      const size_t size = frame.size();
      size_t n = 0;
      if (kind == WindowFunctionKind::kNthValue) {
        if (batch_.ValueAt(row, call.first_argument + 1) == nullptr) {
          out->SetNull(row);
          continue;
        }
        const int64_t nth = IntAt(row, call.first_argument + 1);
        if (nth <= 0) {
          return Error(ErrorCode::kInvalidArgumentForNthValue)
              .Message("argument of nth_value must be greater than zero");
        }
        n = static_cast<size_t>(nth - 1);
      } else if (kind == WindowFunctionKind::kLastValue && size > 0) {
        n = size - 1;
      }
      if (n >= size) {
        out->SetNull(row);
      } else {
        out->SetRaw(row, batch_.ValueAt(frame.At(n), call.first_argument));
      }
    }
    return Status::Ok();
  }

  const plan::WindowNode& window_;
  const WindowShape shape_;
  const std::shared_ptr<const RowLayout> layout_;
  Expressions computed_;
  std::vector<std::unique_ptr<FrameFinder>> frames_;
  std::unique_ptr<Sorter> sorter_;
  bool sorted_ = false;
  Chunk pending_;
  size_t pending_first_ = 0;
  std::unique_ptr<RowStore> pending_store_;
  std::vector<char*> pending_rows_;
  WindowBatch batch_;
  MemoryReservation batch_reservation_;  // For what lies beside the batch's rows.
  std::vector<WindowResult> results_;
  size_t given_ = 0;
};

}  // namespace

OperatorPtr MakeWindow(QueryState& query, const plan::WindowNode& node, OperatorPtr child) {
  return std::make_unique<Window>(query, node, std::move(child));
}

}  // namespace helios::exec
