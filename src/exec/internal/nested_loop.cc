#include <algorithm>
#include <optional>

#include "exec/internal/operators.h"

namespace helios::exec {
namespace {

// A join without equalities. The right side is kept; each step pairs either one left row with a
// right chunk or one right row with the left chunk, whichever makes the larger batches, and
// evaluates the condition over the batch.
class NestedLoop : public Operator {
 public:
  NestedLoop(QueryState& query, const plan::JoinNode& node, OperatorPtr left, OperatorPtr right)
      : Operator(query, node),
        join_(node),
        left_(std::move(left)),
        right_(std::move(right)),
        left_width_(node.children[0]->types.size()),
        right_width_(node.children[1]->types.size()) {
    if (node.condition != nullptr) condition_.emplace(*node.condition, query.eval);
  }

 protected:
  using JoinType = plan::JoinType;

  Status DoOpen() override {
    input_ = Chunk();
    in_chunk_ = false;
    left_done_ = false;
    rows_ = std::make_unique<ChunkBuffer>(query_.memory(), query_.context.spill,
                                          query_.context.operator_memory_bytes);
    HELIOS_TRY(right_->Open());
    Chunk rows;
    while (true) {
      HELIOS_TRY(right_->Next(&rows));
      if (rows.row_count() == 0) break;
      HELIOS_TRY(rows_->Append(rows));
    }
    stats().memory_bytes = std::max(stats().memory_bytes, rows_->memory_bytes());
    stats().spilled_bytes += rows_->spilled_bytes();
    right_matched_.clear();
    if (join_.join_type == JoinType::kRight || join_.join_type == JoinType::kFull) {
      right_matched_.assign(rows_->row_count(), false);
    }
    unmatched_cursor_ = {};
    unmatched_at_ = 0;
    return left_->Open();
  }

  Status DoNext(Chunk* out) override {
    while (true) {
      *out = Chunk();
      if (left_done_) return NextUnmatchedRight(out);
      if (!in_chunk_) {
        HELIOS_TRY(left_->Next(&input_));
        if (input_.row_count() == 0) {
          left_done_ = true;
          continue;
        }
        StartChunk();
      }
      HELIOS_TRY(bool paired, NextBatch(out));
      if (paired) {
        if (out->row_count() > 0) return Status::Ok();
        continue;
      }
      in_chunk_ = false;
      FinishChunk(out);
      if (out->row_count() > 0) return Status::Ok();
    }
  }

 private:
  bool GivesPairs() const {
    switch (join_.join_type) {
      case JoinType::kSemi:
      case JoinType::kAnti:
      case JoinType::kMark:
        return false;
      default:
        return true;
    }
  }

  void StartChunk() {
    in_chunk_ = true;
    found_.assign(input_.row_count(), 0);
    unknown_.assign(input_.row_count(), 0);
    by_right_row_ = rows_->row_count() <= input_.row_count();
    cursor_ = {};
    right_chunk_ = Chunk();
    right_row_ = 0;
    right_base_ = 0;
    left_row_ = 0;
  }

  // Moves to the next right chunk; false when there is none.
  Result<bool> NextRightChunk() {
    right_base_ += right_chunk_.row_count();
    HELIOS_TRY(rows_->Read(&cursor_, &right_chunk_));
    right_row_ = 0;
    return right_chunk_.row_count() > 0;
  }

  static Vector ConstantOf(const Vector& from, size_t row) {
    Vector out(from.type(), from.physical());
    out.CopyFrom(0, from, row);
    out.MakeConstant();
    return out;
  }

  // One batch of pairs; false when the left chunk is through.
  Result<bool> NextBatch(Chunk* out) {
    if (by_right_row_) {
      while (right_row_ >= right_chunk_.row_count()) {
        HELIOS_TRY(bool more, NextRightChunk());
        if (!more) return false;
      }
    } else {
      // Every left row walks all right chunks.
      if (left_row_ >= input_.row_count()) return false;
      HELIOS_TRY(bool more, NextRightChunk());
      if (!more || (!GivesPairs() && found_[left_row_] != 0)) {
        ++left_row_;
        cursor_ = {};
        right_chunk_ = Chunk();
        right_base_ = 0;
        return true;
      }
    }
    Chunk pairs;
    for (const Vector& column : input_.columns()) {
      pairs.AddColumn(by_right_row_ ? column : ConstantOf(column, left_row_));
    }
    for (const Vector& column : right_chunk_.columns()) {
      pairs.AddColumn(by_right_row_ ? ConstantOf(column, right_row_) : column);
    }
    pairs.SetRowCount(by_right_row_ ? input_.row_count() : right_chunk_.row_count());
    HELIOS_TRY(Judge(&pairs));
    if (by_right_row_) ++right_row_;
    if (GivesPairs()) *out = std::move(pairs);
    return true;
  }

  // Keeps the pairs for which the condition holds and notes who was matched.
  Status Judge(Chunk* pairs) {
    auto passed = std::make_shared<Selection>();
    const size_t count = pairs->row_count();
    if (!condition_) {
      for (size_t i = 0; i < count; ++i) passed->push_back(static_cast<SelectionIndex>(i));
    } else if (join_.join_type == JoinType::kMark || join_.null_aware) {
      Vector result;
      HELIOS_TRY(condition_->Evaluate(*pairs, &result));
      for (size_t i = 0; i < count; ++i) {
        if (result.IsNull(i)) {
          unknown_[by_right_row_ ? i : left_row_] = 1;
        } else if (result.At<uint8_t>(i) != 0) {
          passed->push_back(static_cast<SelectionIndex>(i));
        }
      }
    } else {
      HELIOS_TRY(condition_->Select(*pairs, passed.get()));
      stats().removed_rows += count - passed->size();
    }
    for (SelectionIndex i : *passed) {
      uint8_t& found = found_[by_right_row_ ? i : left_row_];
      if (join_.join_type == JoinType::kSingle && found != 0) {
        return Error(ErrorCode::kCardinalityViolation)
            .Message("more than one row returned by a subquery used as an expression");
      }
      found = 1;
      if (!right_matched_.empty()) {
        right_matched_[right_base_ + (by_right_row_ ? right_row_ : i)] = true;
      }
    }
    if (passed->size() < count) pairs->Slice(std::move(passed));
    return Status::Ok();
  }

  // What a left chunk gives once all its pairs are known.
  void FinishChunk(Chunk* out) {
    const JoinType type = join_.join_type;
    const size_t count = input_.row_count();
    if (type == JoinType::kMark) {
      Vector mark({type_oid::kBool});
      for (size_t row = 0; row < count; ++row) {
        mark.Set<uint8_t>(row, found_[row]);
        if (found_[row] == 0 && unknown_[row] != 0) mark.SetNull(row);
      }
      *out = input_;
      out->AddColumn(std::move(mark));
      return;
    }
    const bool keeps_left =
        type == JoinType::kLeft || type == JoinType::kFull || type == JoinType::kSingle;
    if (GivesPairs() && !keeps_left) return;
    auto selection = std::make_shared<Selection>();
    for (size_t row = 0; row < count; ++row) {
      const bool take = type == JoinType::kSemi
                            ? found_[row] != 0
                            : found_[row] == 0 && (!join_.null_aware || unknown_[row] == 0);
      if (take) selection->push_back(static_cast<SelectionIndex>(row));
    }
    if (selection->empty()) return;
    *out = input_;
    out->Slice(std::move(selection));
    if (!keeps_left) return;
    const plan::Node& right = *join_.children[1];
    for (size_t c = 0; c < right_width_; ++c) {
      out->AddColumn(Vector::ConstantNull(right.types[c], PhysicalOf(right, c)));
    }
  }

  Status NextUnmatchedRight(Chunk* out) {
    const plan::Node& left = *join_.children[0];
    while (!right_matched_.empty()) {
      Chunk rows;
      HELIOS_TRY(rows_->Read(&unmatched_cursor_, &rows));
      if (rows.row_count() == 0) return Status::Ok();
      auto selection = std::make_shared<Selection>();
      for (size_t row = 0; row < rows.row_count(); ++row) {
        if (!right_matched_[unmatched_at_ + row]) {
          selection->push_back(static_cast<SelectionIndex>(row));
        }
      }
      unmatched_at_ += rows.row_count();
      if (selection->empty()) continue;
      rows.Slice(std::move(selection));
      for (size_t c = 0; c < left_width_; ++c) {
        out->AddColumn(Vector::ConstantNull(left.types[c], PhysicalOf(left, c)));
      }
      for (Vector& column : rows.columns()) out->AddColumn(std::move(column));
      out->SetRowCount(rows.row_count());
      return Status::Ok();
    }
    return Status::Ok();
  }

  const plan::JoinNode& join_;
  OperatorPtr left_, right_;
  std::optional<expr::Evaluator> condition_;
  const size_t left_width_, right_width_;
  std::unique_ptr<ChunkBuffer> rows_;  // The right side.
  std::vector<bool> right_matched_;    // RIGHT, FULL: by position in rows_.
  Chunk input_;
  bool in_chunk_ = false;
  bool left_done_ = false;
  bool by_right_row_ = false;
  std::vector<uint8_t> found_, unknown_;
  ChunkBuffer::Cursor cursor_;
  Chunk right_chunk_;
  size_t right_row_ = 0, right_base_ = 0, left_row_ = 0;
  ChunkBuffer::Cursor unmatched_cursor_;
  size_t unmatched_at_ = 0;
};

}  // namespace

OperatorPtr MakeNestedLoop(QueryState& query, const plan::JoinNode& node, OperatorPtr left,
                           OperatorPtr right) {
  return std::make_unique<NestedLoop>(query, node, std::move(left), std::move(right));
}

}  // namespace helios::exec
