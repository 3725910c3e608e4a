#include "exec/internal/join_table.h"

#include <bit>

#include "types/compare.h"

namespace helios::exec {

JoinTable::JoinTable(QueryState& query, std::shared_ptr<const RowLayout> layout, size_t key_count,
                     std::vector<bool> null_safe, size_t part_count)
    : layout_(std::move(layout)),
      key_count_(key_count),
      null_safe_(std::move(null_safe)),
      reservation_(query.memory()) {
  for (size_t i = 0; i < part_count; ++i) {
    parts_.push_back(std::make_unique<RowStore>(layout_, query.memory()));
  }
}

Status JoinTable::Append(size_t part, const Chunk& rows, bool keep_null_keys) {
  const size_t count = rows.row_count();
  if (count == 0) return Status::Ok();
  if (!saw_rows_.load(std::memory_order_relaxed)) saw_rows_.store(true);
  uint64_t hashes[kVectorRowsMax];
  SelectionIndex selection[kVectorRowsMax];
  bool nulls_possible = false;
  for (size_t i = 0; i < key_count_; ++i) {
    HashVector(rows.column(i), count, hashes, i > 0);
    nulls_possible |= !null_safe_[i] && !rows.column(i).validity().AllValid();
  }
  size_t kept = 0;
  bool any_null = false;
  for (size_t row = 0; row < count; ++row) {
    bool null = false;
    for (size_t i = 0; nulls_possible && i < key_count_; ++i) {
      null |= !null_safe_[i] && rows.column(i).IsNull(row);
    }
    any_null |= null;
    if (!null || keep_null_keys) selection[kept++] = static_cast<SelectionIndex>(row);
  }
  if (any_null) has_null_key_.store(true, std::memory_order_relaxed);
  char* to[kVectorRowsMax];
  parts_[part]->Append(ColumnPointers(rows), selection, kept, to);
  for (size_t i = 0; i < kept; ++i) std::memcpy(to[i] + 8, &hashes[selection[i]], 8);
  return parts_[part]->Account();
}

size_t JoinTable::bytes() const {
  size_t bytes = slots_.size() * sizeof(uint64_t);
  for (const auto& part : parts_) bytes += part->bytes();
  return bytes;
}

size_t JoinTable::row_count() const {
  size_t rows = 0;
  for (const auto& part : parts_) rows += part->row_count();
  return rows;
}

Status JoinTable::Allocate() {
  const size_t slots = std::bit_ceil(std::max<size_t>(row_count() * 2, 64));
  HELIOS_TRY(reservation_.Resize(slots * sizeof(uint64_t)));
  slots_.assign(slots, 0);
  shift_ = 64 - std::countr_zero(slots);
  heaps_.clear();
  for (const auto& part : parts_) {
    heaps_.insert(heaps_.end(), part->heaps().begin(), part->heaps().end());
  }
  return Status::Ok();
}

Status JoinTable::Insert(size_t part) {
  for (const RowStore::Block& block : parts_[part]->blocks()) {
    for (size_t i = 0; i < block.row_count; ++i) {
      char* row = block.bytes.get() + i * layout_->width;
      bool null = false;
      for (size_t k = 0; k < key_count_; ++k) null |= !null_safe_[k] && layout_->IsNull(row, k);
      if (null) continue;
      const uint64_t hash = HashOf(row);
      std::atomic_ref<uint64_t> slot(slots_[hash >> shift_]);
      uint64_t before = slot.load(std::memory_order_relaxed);
      uint64_t after;
      do {
        const uint64_t next = before & kPointerMask;
        std::memcpy(row, &next, 8);
        after = reinterpret_cast<uint64_t>(row) | (before & ~kPointerMask) | Tag(hash);
      } while (!slot.compare_exchange_weak(before, after, std::memory_order_release,
                                           std::memory_order_relaxed));
    }
  }
  return Status::Ok();
}

}  // namespace helios::exec
