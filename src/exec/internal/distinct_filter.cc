#include "exec/internal/distinct_filter.h"

#include <algorithm>

namespace helios::exec {

DistinctFilter::DistinctFilter(QueryState& query, std::span<const SqlType> key_types,
                               std::span<const PhysicalType> key_physicals)
    : query_(query),
      types_(key_types.begin(), key_types.end()),
      physicals_(key_physicals.begin(), key_physicals.end()),
      hashes_(kVectorRowsMax) {
  Restart(0);
}

void DistinctFilter::Restart(int depth) {
  depth_ = depth;
  table_ = std::make_unique<GroupTable>(query_, types_, physicals_, &no_states_);
}

Status DistinctFilter::Add(const Chunk& rows, Selection* fresh) {
  const size_t count = rows.row_count();
  const std::vector<const Vector*> keys = ColumnPointers(rows, 0, types_.size());
  GroupTable::Hash(keys, count, hashes_.data());
  if (depth_ < kSpillDepthMax && table_->ShouldFreeze(query_, count)) table_->Freeze();
  table_->FindOrCreate(keys, hashes_.data(), count, &found_);
  if (!found_.missed.empty()) {
    HELIOS_TRY(SpillByHash(query_, rows, hashes_.data(), found_.missed, depth_, &spilled_));
  }
  fresh->assign(found_.created.begin(), found_.created.end());
  std::sort(fresh->begin(), fresh->end());
  return table_->Account();
}

// Moves on to rows that wait; false when there are none.
bool DistinctFilter::NextPartition() {
  for (std::unique_ptr<ChunkBuffer>& rows : spilled_) {
    if (rows->row_count() > 0) waiting_.push_back({std::move(rows), depth_ + 1});
  }
  spilled_.clear();
  if (waiting_.empty()) return false;
  Waiting next = std::move(waiting_.back());
  waiting_.pop_back();
  draining_ = std::move(next.rows);
  cursor_ = {};
  Restart(next.depth);
  return true;
}

Status DistinctFilter::Drain(Chunk* out) {
  while (true) {
    *out = Chunk();
    if (draining_ == nullptr && !NextPartition()) return Status::Ok();
    HELIOS_TRY(query_.CheckCanceled());
    HELIOS_TRY(draining_->Read(&cursor_, out));
    if (out->row_count() == 0) {
      draining_.reset();
      continue;
    }
    auto fresh = std::make_shared<Selection>();
    HELIOS_TRY(Add(*out, fresh.get()));
    if (fresh->empty()) continue;
    out->Slice(std::move(fresh));
    return Status::Ok();
  }
}

}  // namespace helios::exec
