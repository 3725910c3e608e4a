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
  for (size_t c = 0; c < types.size(); ++c) {
    compares.push_back(CompareFunctionOf(types[c].oid, physicals[c]));
  }
}

namespace {

// Results of a call that may be long are made for so many rows at a time, and chunks end once they
// hold so many bytes of them.
constexpr size_t kLongResultRows = 64;
constexpr size_t kResultBytesMax = 8 << 20;

// OVER: sorts the input by partition and order, then works partition by partition, piece by piece.
// Small partitions are taken together until they fill a chunk.
class Window : public UnaryOperator {
 public:
  Window(QueryState& query, const plan::WindowNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)),
        window_(node),
        shape_(node),
        rows_(query),
        results_reservation_(query.memory()) {
    for (const expr::Expr* expression : shape_.computed) computed_.Add(*expression, query.eval);
    for (size_t c = 0; c < node.calls.size(); ++c) {
      calls_.push_back(node.calls[c].aggregate != nullptr
                           ? MakeWindowAggregate(query, node, shape_, c, rows_)
                           : MakeWindowFunction(query, node, shape_, c, rows_));
      long_results_ |= PhysicalOf(node, shape_.child_width + c) == PhysicalType::kVarlen;
    }
  }

 protected:
  Status DoOpen() override {
    sorter_ = std::make_unique<Sorter>(query_, shape_.types, shape_.physicals, shape_.sort_keys);
    sorted_ = false;
    pending_ = Chunk();
    pending_first_ = 0;
    rows_.Clear();
    given_ = 0;
    for (const auto& call : calls_) HELIOS_TRY(call->Open());
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    if (!sorted_) HELIOS_TRY(Consume());
    *out = Chunk();
    if (given_ >= rows_.size()) {
      HELIOS_TRY(LoadBatch());
      if (rows_.size() == 0) return Status::Ok();
    }
    // Chunks stay within what lies in one vector of the rows.
    const size_t in_page = given_ % kVectorRowsMax;
    const size_t rows_max =
        std::min({query_.vector_rows, rows_.size() - given_, kVectorRowsMax - in_page});
    std::vector<Vector> results;
    for (size_t c = 0; c < calls_.size(); ++c) {
      const size_t column = shape_.child_width + c;
      results.emplace_back(window_.types[column], PhysicalOf(window_, column));
    }
    HELIOS_TRY(const size_t count, Compute(rows_max, &results));
    auto selection = std::make_shared<Selection>(count);
    for (size_t i = 0; i < count; ++i) {
      (*selection)[i] = static_cast<SelectionIndex>(in_page + i);
    }
    for (uint32_t c = 0; c < shape_.child_width; ++c) {
      HELIOS_TRY(Vector column, rows_.PageColumn(given_, c));
      out->AddColumn(in_page == 0 ? std::move(column) : Vector::Dictionary(column, selection));
    }
    for (Vector& result : results) out->AddColumn(std::move(result));
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

  // Takes whole partitions until a chunk is full.
  Status LoadBatch() {
    rows_.Clear();
    partition_starts_.clear();
    next_partition_ = 0;
    given_ = 0;
    while (true) {
      if (pending_first_ >= pending_.row_count()) {
        HELIOS_TRY(query_.CheckCanceled());
        before_ = std::move(pending_);
        HELIOS_TRY(sorter_->Next(shape_.types.size(), query_.vector_rows, &pending_));
        pending_first_ = 0;
        if (pending_.row_count() == 0) break;
      }
      const size_t first = pending_first_;
      const bool full = TakePartitions();
      HELIOS_TRY(rows_.Append(pending_, first, pending_first_ - first));
      if (full) break;
    }
    partition_starts_.push_back(rows_.size());
    stats().spilled_bytes += rows_.spilled_bytes();
    return Status::Ok();
  }

  // Moves past the rows of the pending chunk that belong to this batch; true: some do not.
  bool TakePartitions() {
    const size_t first = pending_first_;
    for (; pending_first_ < pending_.row_count(); ++pending_first_) {
      const size_t rows = rows_.size() + (pending_first_ - first);
      if (rows > 0 && SamePartition()) {
        if (shape_.partition_key_count > 0) continue;
        pending_first_ = pending_.row_count();
        return false;
      }
      if (rows >= query_.vector_rows) return true;
      partition_starts_.push_back(rows);
    }
    return false;
  }

  // Whether the next pending row belongs to the partition of the row before it.
  bool SamePartition() const {
    const bool has_before = pending_first_ > 0;
    const Chunk& before = has_before ? pending_ : before_;
    const size_t row = (has_before ? pending_first_ : before_.row_count()) - 1;
    return SameRow(shape_, before, row, pending_, pending_first_, shape_.first_partition_key,
                   shape_.partition_key_count);
  }

  // Runs the calls for the next rows, at most `rows_max`; returns for how many.
  Result<size_t> Compute(size_t rows_max, std::vector<Vector>* results) {
    size_t done = 0;
    size_t bytes = 0;
    while (done < rows_max && bytes < kResultBytesMax) {
      HELIOS_TRY(query_.CheckCanceled());
      const size_t row = given_ + done;
      if (row == partition_starts_[next_partition_]) HELIOS_TRY(StartPartition());
      piece_.begin = row;
      piece_.end = std::min(given_ + rows_max, piece_.partition_end);
      if (long_results_) piece_.end = std::min(piece_.end, row + kLongResultRows);
      FindPeers();
      bytes = 0;
      for (size_t c = 0; c < calls_.size(); ++c) {
        Vector& result = (*results)[c];
        HELIOS_TRY(calls_[c]->Run(piece_, WindowResult(&result, given_)));
        if (result.physical() == PhysicalType::kVarlen) bytes += result.heap().allocated_bytes();
      }
      HELIOS_TRY(rows_.status());
      done = piece_.end - given_;
    }
    if (long_results_) HELIOS_TRY(results_reservation_.Resize(bytes));
    return done;
  }

  Status StartPartition() {
    piece_.partition_begin = partition_starts_[next_partition_];
    piece_.partition_end = partition_starts_[++next_partition_];
    peers_ = {piece_.partition_begin, piece_.partition_begin, SIZE_MAX};
    for (const auto& call : calls_) {
      HELIOS_TRY(call->StartPartition(piece_.partition_begin, piece_.partition_end));
    }
    return Status::Ok();
  }

  void FindPeers() {
    piece_.peers.clear();
    for (size_t row = piece_.begin; row < piece_.end; ++row) {
      if (row == peers_.end) {
        // The first group of a partition follows the group before all.
        peers_ = {row, PeerEnd(shape_, rows_, row, piece_.partition_end), peers_.group + 1};
      }
      piece_.peers.push_back(peers_);
    }
  }

  const plan::WindowNode& window_;
  const WindowShape shape_;
  Expressions computed_;
  std::unique_ptr<Sorter> sorter_;
  bool sorted_ = false;
  Chunk pending_;  // Sorted rows, from `pending_first_` on not taken yet.
  size_t pending_first_ = 0;
  Chunk before_;  // The sorted rows before `pending_`.
  WindowRows rows_;
  std::vector<size_t> partition_starts_;  // Of each partition of `rows_`, then the end.
  size_t next_partition_ = 0;
  std::vector<std::unique_ptr<WindowCall>> calls_;
  bool long_results_ = false;
  WindowPiece piece_;
  WindowPiece::Peers peers_{};  // Of the newest row.
  MemoryReservation results_reservation_;
  size_t given_ = 0;
};

}  // namespace

OperatorPtr MakeWindow(QueryState& query, const plan::WindowNode& node, OperatorPtr child) {
  return std::make_unique<Window>(query, node, std::move(child));
}

}  // namespace helios::exec
