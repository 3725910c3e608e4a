#include <optional>
#include <unordered_map>

#include "exec/internal/operators.h"
#include "exec/internal/subplans.h"

namespace helios::exec {
namespace {

// Right sides that are remembered by the outer values they depend on, in bytes.
constexpr size_t kMemoBytesMax = size_t{16} << 20;

// For each left row the right side runs with the row's values in its parameter slots. The right
// side of values seen before is taken from memory, unless it is volatile or large.
class Apply : public Operator {
 public:
  Apply(QueryState& query, const plan::ApplyNode& node, OperatorPtr left, OperatorPtr right)
      : Operator(query, node),
        apply_(node),
        left_(std::move(left)),
        right_(std::move(right)),
        free_slots_(FreeSlots(*query.plan, *node.children[1])),
        can_remember_(!IsVolatile(*query.plan, *node.children[1]) &&
                      !ReadsSharedState(*node.children[1])),
        reservation_(query.memory()) {
    if (node.condition != nullptr) condition_.emplace(*node.condition, query.eval);
  }

 protected:
  using JoinType = plan::JoinType;

  Status DoOpen() override {
    input_ = Chunk();
    row_ = 0;
    in_row_ = false;
    ended_ = false;
    memo_.clear();
    reservation_.ReleaseAll();
    return left_->Open();
  }

  Status DoNext(Chunk* out) override {
    left_rows_ = std::make_shared<Selection>();
    right_rows_ = EmptyRight();
    while (true) {
      if (row_ >= input_.row_count()) {
        if (!left_rows_->empty()) return Flush(out);
        *out = Chunk();
        if (ended_) return Status::Ok();
        HELIOS_TRY(left_->Next(&input_));
        row_ = 0;
        in_row_ = false;
        ended_ = input_.row_count() == 0;
        if (ended_) return Status::Ok();
      }
      if (!in_row_) HELIOS_TRY(StartRow());
      HELIOS_TRY(bool room, PairRow());
      if (!room) return Flush(out);
    }
  }

 private:
  // Work tables and CTEs change under the same outer values.
  static bool ReadsSharedState(const plan::Node& root) {
    bool reads = false;
    ForEachNode(root,
                [&](const plan::Node& node) { reads |= node.kind == plan::NodeKind::kWorkTable; });
    return reads;
  }

  bool GivesRight() const {
    return apply_.join_type != JoinType::kSemi && apply_.join_type != JoinType::kAnti;
  }

  Chunk EmptyRight() const {
    Chunk rows;
    const plan::Node& right = *apply_.children[1];
    for (size_t i = 0; GivesRight() && i < right.types.size(); ++i) {
      rows.AddColumn(Vector(right.types[i], PhysicalOf(right, i)));
    }
    return rows;
  }

  Status Flush(Chunk* out) {
    *out = input_;
    out->Slice(left_rows_);
    for (Vector& column : right_rows_.columns()) out->AddColumn(std::move(column));
    return Status::Ok();
  }

  Status StartRow() {
    in_row_ = true;
    matched_ = false;
    pending_ = Chunk();
    pending_first_ = 0;
    for (const auto& [slot, column] : apply_.slots) {
      query_.slots[slot] = Value::FromVector(input_.column(column), row_);
    }
    replay_.reset();
    recording_.reset();
    if (can_remember_) {
      key_ = SlotKey(query_.slots, free_slots_);
      const auto known = memo_.find(key_);
      if (known != memo_.end()) {
        replay_ = known->second;
        replay_next_ = 0;
        return Status::Ok();
      }
      recording_ = std::make_shared<std::vector<Chunk>>();
      recording_bytes_ = 0;
    }
    return right_->Open();
  }

  Status NextRight(Chunk* rows) {
    if (replay_ != nullptr) {
      *rows = replay_next_ < replay_->size() ? (*replay_)[replay_next_++] : Chunk();
      return Status::Ok();
    }
    HELIOS_TRY(right_->Next(rows));
    if (recording_ == nullptr) return Status::Ok();
    if (rows->row_count() == 0) {
      // A copied vector has room for a whole chunk.
      const size_t bytes = recording_bytes_ + 256;
      if (reservation_.bytes() + bytes <= kMemoBytesMax && !query_.memory()->WouldExceed(bytes)) {
        HELIOS_TRY(reservation_.Resize(reservation_.bytes() + bytes));
        memo_.emplace(key_, std::move(recording_));
      }
      recording_.reset();
      return Status::Ok();
    }
    for (const Vector& column : rows->columns()) {
      recording_bytes_ += kVectorRowsMax * PhysicalWidth(column.physical());
    }
    recording_bytes_ += rows->ApproximateBytes();
    if (recording_bytes_ > kMemoBytesMax / 8) {
      recording_.reset();
    } else {
      recording_->push_back(CopyChunk(*rows));
    }
    return Status::Ok();
  }

  // Pairs the current left row with its right rows; false when the output is full.
  Result<bool> PairRow() {
    while (true) {
      if (pending_first_ >= pending_.row_count()) {
        HELIOS_TRY(NextRight(&pending_));
        pending_first_ = 0;
        if (pending_.row_count() == 0) return EndRow();
        HELIOS_TRY(Judge());
        if (pending_.row_count() == 0) continue;
        if (apply_.join_type == JoinType::kSingle && (matched_ || pending_.row_count() > 1)) {
          return Error(ErrorCode::kCardinalityViolation)
              .Message("more than one row returned by a subquery used as an expression");
        }
        matched_ = true;
        // One match settles these.
        if (!GivesRight()) return EndRow();
      }
      const size_t before = pending_first_;
      pending_first_ = AppendRows(pending_, before, query_.vector_rows, &right_rows_);
      left_rows_->insert(left_rows_->end(), pending_first_ - before,
                         static_cast<SelectionIndex>(row_));
      if (left_rows_->size() >= query_.vector_rows) return false;
    }
  }

  // The right side is through.
  Result<bool> EndRow() {
    const bool alone =
        !matched_ && (apply_.join_type == JoinType::kLeft || apply_.join_type == JoinType::kSingle);
    const bool passes = (apply_.join_type == JoinType::kSemi && matched_) ||
                        (apply_.join_type == JoinType::kAnti && !matched_);
    if (alone) {
      const size_t at = right_rows_.row_count();
      for (Vector& column : right_rows_.columns()) column.SetNull(at);
      right_rows_.SetRowCount(at + 1);
    }
    if (alone || passes) left_rows_->push_back(static_cast<SelectionIndex>(row_));
    ++row_;
    in_row_ = false;
    pending_ = Chunk();
    pending_first_ = 0;
    return left_rows_->size() < query_.vector_rows;
  }

  // Keeps the right rows for which the condition holds.
  Status Judge() {
    if (!condition_) return Status::Ok();
    const size_t count = pending_.row_count();
    Chunk pairs = input_;
    pairs.Slice(std::make_shared<Selection>(count, static_cast<SelectionIndex>(row_)));
    for (const Vector& column : pending_.columns()) pairs.AddColumn(column);
    auto passed = std::make_shared<Selection>();
    HELIOS_TRY(condition_->Select(pairs, passed.get()));
    if (passed->empty()) {
      pending_ = Chunk();
    } else if (passed->size() < count) {
      pending_.Slice(std::move(passed));
    }
    return Status::Ok();
  }

  const plan::ApplyNode& apply_;
  OperatorPtr left_, right_;
  const std::vector<uint32_t> free_slots_;
  const bool can_remember_;
  std::optional<expr::Evaluator> condition_;
  Chunk input_;
  size_t row_ = 0;
  bool in_row_ = false;
  bool ended_ = false;
  bool matched_ = false;
  Chunk pending_;
  size_t pending_first_ = 0;
  std::shared_ptr<Selection> left_rows_;
  Chunk right_rows_;
  std::string key_;
  std::unordered_map<std::string, std::shared_ptr<std::vector<Chunk>>> memo_;
  std::shared_ptr<std::vector<Chunk>> replay_, recording_;
  size_t replay_next_ = 0;
  size_t recording_bytes_ = 0;
  MemoryReservation reservation_;
};

}  // namespace

OperatorPtr MakeApply(QueryState& query, const plan::ApplyNode& node, OperatorPtr left,
                      OperatorPtr right) {
  return std::make_unique<Apply>(query, node, std::move(left), std::move(right));
}

}  // namespace helios::exec
