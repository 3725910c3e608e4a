#include "exec/internal/hash_join.h"

#include <algorithm>

#include "types/compare.h"

namespace helios::exec {

Status HashJoin::NextLeft(Chunk* out) {
  if (partitioned_) return probe_rows_->Read(&probe_cursor_, out);
  return left_->Next(out);
}

// Takes the next left chunk and finds each row's first candidate; false at the end.
Result<bool> HashJoin::StartLeft() {
  HELIOS_TRY(NextLeft(&input_));
  const size_t count = input_.row_count();
  if (count == 0) {
    left_done_ = true;
    return false;
  }
  HELIOS_TRY(left_keys_.Evaluate(input_, &keys_));
  key_pointers_ = ColumnPointers(keys_);
  bool nulls_possible = false;
  for (size_t i = 0; i < keys_.column_count(); ++i) {
    HashVector(keys_.column(i), count, hashes_.data(), i > 0);
    nulls_possible |= !null_safe_[i] && !keys_.column(i).validity().AllValid();
  }
  for (size_t row = 0; row < count; ++row) table_->Prefetch(hashes_[row]);
  active_count_ = 0;
  for (size_t row = 0; row < count; ++row) {
    const char* first = table_->Find(hashes_[row]);
    if (first == nullptr) continue;
    __builtin_prefetch(first);
    bool null = false;
    for (size_t i = 0; nulls_possible && i < keys_.column_count(); ++i) {
      null |= !null_safe_[i] && keys_.column(i).IsNull(row);
    }
    if (null) continue;
    current_[row] = first;
    active_[active_count_++] = static_cast<SelectionIndex>(row);
  }
  found_.assign(count, 0);
  pair_count_ = 0;
  return true;
}

void HashJoin::CollectMatches() {
  pair_count_ = 0;
  const size_t pairs_max = std::max(query_.vector_rows, input_.row_count());
  while (active_count_ > 0 && pair_count_ + active_count_ <= pairs_max) {
    size_t candidates = 0;
    for (size_t i = 0; i < active_count_; ++i) {
      const SelectionIndex row = active_[i];
      if (JoinTable::HashOf(current_[row]) == hashes_[row]) scratch_[candidates++] = row;
    }
    candidates = matcher_->Match(key_pointers_, current_.data(), scratch_.data(), candidates,
                                 nullptr, nullptr);
    for (size_t i = 0; i < candidates; ++i) {
      left_rows_[pair_count_] = scratch_[i];
      right_rows_[pair_count_++] = current_[scratch_[i]];
    }
    size_t still = 0;
    for (size_t i = 0; i < active_count_; ++i) {
      const SelectionIndex row = active_[i];
      current_[row] = JoinTable::NextOf(current_[row]);
      if (current_[row] == nullptr) continue;
      __builtin_prefetch(current_[row]);
      active_[still++] = row;
    }
    active_count_ = still;
  }
}

Vector HashJoin::GatherRight(size_t right_column, const char* const* rows, size_t count) const {
  Vector out = GatherColumn(*layout_, right_map_[right_column], rows, count, table_->heaps());
  out.SetType(join_.children[1]->types[right_column]);
  return out;
}

Status HashJoin::ApplyCondition() {
  if (!condition_ || pair_count_ == 0) return Status::Ok();
  Chunk pairs = input_;
  pairs.Slice(std::make_shared<Selection>(left_rows_.begin(), left_rows_.begin() + pair_count_));
  for (size_t c = 0; c < right_width_; ++c) {
    pairs.AddColumn(GatherRight(c, right_rows_.data(), pair_count_));
  }
  Selection passed;
  HELIOS_TRY(condition_->Select(pairs, &passed));
  stats().removed_rows += pair_count_ - passed.size();
  for (size_t i = 0; i < passed.size(); ++i) {
    left_rows_[i] = left_rows_[passed[i]];
    right_rows_[i] = right_rows_[passed[i]];
  }
  pair_count_ = passed.size();
  return Status::Ok();
}

void HashJoin::EmitPairs(Chunk* out) {
  *out = input_;
  out->Slice(std::make_shared<Selection>(left_rows_.begin(), left_rows_.begin() + pair_count_));
  for (size_t c = 0; c < right_width_; ++c) {
    out->AddColumn(GatherRight(c, right_rows_.data(), pair_count_));
  }
}

void HashJoin::EmitUnmatchedLeft(Chunk* out) {
  *out = Chunk();
  auto selection = std::make_shared<Selection>();
  for (size_t row = 0; row < input_.row_count(); ++row) {
    if (found_[row] == 0) selection->push_back(static_cast<SelectionIndex>(row));
  }
  if (selection->empty()) return;
  *out = input_;
  out->Slice(std::move(selection));
  const plan::Node& right = *join_.children[1];
  for (size_t c = 0; c < right_width_; ++c) {
    out->AddColumn(Vector::ConstantNull(right.types[c], PhysicalOf(right, c)));
  }
}

// Joins that give pairs.
Status HashJoin::NextPairs(Chunk* out, bool* produced) {
  const JoinType type = join_.join_type;
  if (active_count_ > 0) {
    CollectMatches();
    HELIOS_TRY(ApplyCondition());
    for (size_t i = 0; i < pair_count_; ++i) {
      uint8_t& found = found_[left_rows_[i]];
      if (type == JoinType::kSingle && found != 0) {
        return Error(ErrorCode::kCardinalityViolation)
            .Message("more than one row returned by a subquery used as an expression");
      }
      found = 1;
    }
    if (type == JoinType::kRight || type == JoinType::kFull) {
      for (size_t i = 0; i < pair_count_; ++i) table_->SetMatched(right_rows_[i]);
    }
    if (pair_count_ > 0) {
      EmitPairs(out);
      *produced = true;
    }
    return Status::Ok();
  }
  pending_unmatched_ = false;
  EmitUnmatchedLeft(out);
  *produced = out->row_count() > 0;
  return Status::Ok();
}

// Which rows of the left chunk have a match.
Status HashJoin::FindMatched() {
  while (active_count_ > 0) {
    CollectMatches();
    HELIOS_TRY(ApplyCondition());
    for (size_t i = 0; i < pair_count_; ++i) found_[left_rows_[i]] = 1;
    size_t still = 0;
    for (size_t i = 0; i < active_count_; ++i) {
      if (found_[active_[i]] == 0) active_[still++] = active_[i];
    }
    active_count_ = still;
  }
  return Status::Ok();
}

// Whether a row without a match has a pair for which keys and condition are not false: 3VL's
// unknown.
Result<bool> HashJoin::MayMatch(size_t row) {
  bool null_key = false;
  for (size_t k = 0; k < keys_.column_count(); ++k) {
    null_key |= !null_safe_[k] && keys_.column(k).IsNull(row);
  }
  if (!build_->saw_rows || (!null_key && !build_->has_null_key)) return false;
  if (keys_.column_count() == 1 && !condition_) return true;
  std::vector<const char*> candidates;
  for (size_t part = 0; part < table_->part_count(); ++part) {
    for (const RowStore::Block& block : table_->part(part).blocks()) {
      for (size_t i = 0; i < block.row_count; ++i) {
        const char* stored = block.bytes.get() + i * layout_->width;
        bool possible = true;
        for (size_t k = 0; possible && k < keys_.column_count(); ++k) {
          if (keys_.column(k).IsNull(row) || layout_->IsNull(stored, k)) continue;
          const Vector& key = keys_.column(k);
          const RowLayout::Column& column = layout_->columns[k];
          const char* value = key.RawData() + key.Position(row) * PhysicalWidth(key.physical());
          possible =
              EqualFunctionOf(column.type.oid, column.physical)(value, stored + column.offset);
        }
        if (possible) candidates.push_back(stored);
      }
    }
  }
  if (!condition_) return !candidates.empty();
  for (size_t first = 0; first < candidates.size(); first += kVectorRowsMax) {
    const size_t count = std::min(kVectorRowsMax, candidates.size() - first);
    Chunk pairs = input_;
    pairs.Slice(std::make_shared<Selection>(count, static_cast<SelectionIndex>(row)));
    for (size_t c = 0; c < right_width_; ++c) {
      pairs.AddColumn(GatherRight(c, candidates.data() + first, count));
    }
    Vector result;
    HELIOS_TRY(condition_->Evaluate(pairs, &result));
    for (size_t i = 0; i < count; ++i) {
      if (result.IsNull(i) || result.At<uint8_t>(i) != 0) return true;
    }
  }
  return false;
}

// Joins that give each left row at most once.
Status HashJoin::NextFiltered(Chunk* out, bool* produced) {
  HELIOS_TRY(FindMatched());
  const size_t count = input_.row_count();
  const JoinType type = join_.join_type;
  if (type == JoinType::kMark) {
    Vector mark({type_oid::kBool});
    for (size_t row = 0; row < count; ++row) {
      mark.Set<uint8_t>(row, found_[row]);
      if (found_[row] != 0) continue;
      HELIOS_TRY(bool unknown, MayMatch(row));
      if (unknown) mark.SetNull(row);
    }
    *out = std::move(input_);
    out->AddColumn(std::move(mark));
    input_ = Chunk();
    *produced = true;
    return Status::Ok();
  }
  auto selection = std::make_shared<Selection>();
  const bool wanted = type == JoinType::kSemi;
  for (size_t row = 0; row < count; ++row) {
    if ((found_[row] != 0) != wanted) continue;
    if (join_.null_aware && !wanted) {
      HELIOS_TRY(bool unknown, MayMatch(row));
      if (unknown) continue;
    }
    selection->push_back(static_cast<SelectionIndex>(row));
  }
  if (selection->empty()) return Status::Ok();
  *out = input_;
  if (selection->size() < count) out->Slice(std::move(selection));
  *produced = true;
  return Status::Ok();
}

// RIGHT and FULL: build rows that nothing matched.
Status HashJoin::NextUnmatchedRight(Chunk* out) {
  *out = Chunk();
  size_t count = 0;
  while (right_part_ < table_->part_count() && count < query_.vector_rows) {
    const std::vector<RowStore::Block>& blocks = table_->part(right_part_).blocks();
    if (right_block_ >= blocks.size()) {
      ++right_part_;
      right_block_ = 0;
      continue;
    }
    const RowStore::Block& block = blocks[right_block_];
    if (right_row_ >= block.row_count) {
      ++right_block_;
      right_row_ = 0;
      continue;
    }
    const char* row = block.bytes.get() + right_row_++ * layout_->width;
    if (!table_->IsMatched(row)) right_rows_[count++] = row;
  }
  if (count == 0) return Status::Ok();
  const plan::Node& left = *join_.children[0];
  for (size_t c = 0; c < left_width_; ++c) {
    out->AddColumn(Vector::ConstantNull(left.types[c], PhysicalOf(left, c)));
  }
  for (size_t c = 0; c < right_width_; ++c) {
    out->AddColumn(GatherRight(c, right_rows_.data(), count));
  }
  out->SetRowCount(count);
  return Status::Ok();
}

Status HashJoin::DoNext(Chunk* out) {
  const JoinType type = join_.join_type;
  const bool filters =
      type == JoinType::kSemi || type == JoinType::kAnti || type == JoinType::kMark;
  const bool keeps_left =
      type == JoinType::kLeft || type == JoinType::kFull || type == JoinType::kSingle;
  if (table_ == nullptr && !partitioned_) {
    HELIOS_TRY(PartitionProbe());
    HELIOS_TRY(bool more, NextPartition());
    HELIOS_CHECK(more);
  }
  while (true) {
    *out = Chunk();
    if (!left_done_) {
      if (active_count_ == 0 && !pending_unmatched_) {
        HELIOS_TRY(bool more, StartLeft());
        if (!more) continue;
        pending_unmatched_ = keeps_left;
        if (!filters && active_count_ == 0 && !keeps_left) continue;
      }
      bool produced = false;
      HELIOS_TRY(filters ? NextFiltered(out, &produced) : NextPairs(out, &produced));
      if (produced) return Status::Ok();
      continue;
    }
    if (type == JoinType::kRight || type == JoinType::kFull) {
      HELIOS_TRY(NextUnmatchedRight(out));
      if (out->row_count() > 0) return Status::Ok();
    }
    if (!partitioned_) return Status::Ok();
    HELIOS_TRY(bool more, NextPartition());
    if (!more) return Status::Ok();
  }
}

}  // namespace helios::exec
