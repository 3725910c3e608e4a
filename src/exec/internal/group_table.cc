#include "exec/internal/group_table.h"

#include <bit>
#include <numeric>

#include "types/compare.h"

namespace helios::exec {
namespace {

constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
constexpr size_t kFirstEntries = 1024;
// From this size on the table does not fit a core's cache: fetch entries ahead.
constexpr size_t kPrefetchEntries = size_t{1} << 16;

}  // namespace

GroupTable::GroupTable(QueryState& query, std::span<const SqlType> key_types,
                       std::span<const PhysicalType> key_physicals, const StateLayout* states)
    : layout_(std::make_shared<RowLayout>(key_types, key_physicals, 8, states->bytes)),
      states_(states),
      store_(std::make_unique<RowStore>(layout_, query.memory())),
      matcher_(*layout_, std::vector<bool>(key_types.size(), true)),
      reservation_(query.memory()) {
  slots_.resize(kVectorRowsMax);
  remaining_.resize(kVectorRowsMax);
  compare_.resize(kVectorRowsMax);
  rejected_.resize(kVectorRowsMax);
}

GroupTable::~GroupTable() { DestroyStates(); }

void GroupTable::DestroyStates() {
  if (!states_->has_destroy) return;
  for (const RowStore::Block& block : store_->blocks()) {
    for (size_t i = 0; i < block.row_count; ++i) {
      states_->Destroy(StatesOf(block.bytes.get() + i * layout_->width));
    }
  }
}

void GroupTable::Hash(std::span<const Vector* const> keys, size_t count, uint64_t* hashes) {
  for (size_t i = 0; i < keys.size(); ++i) HashVector(*keys[i], count, hashes, i > 0);
}

void GroupTable::Grow(size_t groups) {
  const size_t entries = std::max(kFirstEntries, std::bit_ceil(groups * 2));
  if (entries <= entries_.size()) return;
  entries_.assign(entries, 0);
  mask_ = entries - 1;
  for (const RowStore::Block& block : store_->blocks()) {
    for (size_t i = 0; i < block.row_count; ++i) {
      const char* row = block.bytes.get() + i * layout_->width;
      const uint64_t hash = HashOf(row);
      size_t slot = hash & mask_;
      while (entries_[slot] != 0) slot = (slot + 1) & mask_;
      entries_[slot] = (hash & ~kPointerMask) | reinterpret_cast<uint64_t>(row);
    }
  }
}

char* GroupTable::OnlyGroup() {
  if (store_->row_count() == 0) {
    char* row = store_->AllocateRow();
    std::memset(row, 0, 8);
    states_->Init(StatesOf(row));
  }
  return store_->blocks()[0].bytes.get();
}

void GroupTable::FindOrCreate(std::span<const Vector* const> keys, const uint64_t* hashes,
                              size_t count, Found* found) {
  found->rows.assign(count, nullptr);
  found->created.clear();
  found->missed.clear();
  if (!frozen_ || entries_.empty()) Grow(store_->row_count() + count);
  for (size_t row = 0; row < count; ++row) slots_[row] = hashes[row] & mask_;
  if (entries_.size() >= kPrefetchEntries) {
    for (size_t row = 0; row < count; ++row) __builtin_prefetch(&entries_[slots_[row]]);
  }
  std::iota(remaining_.begin(), remaining_.begin() + static_cast<ptrdiff_t>(count), 0);
  size_t remaining_count = count;
  while (remaining_count > 0) {
    size_t compare_count = 0;
    created_rows_.clear();
    const size_t created_before = found->created.size();
    for (size_t i = 0; i < remaining_count; ++i) {
      const SelectionIndex r = remaining_[i];
      const uint64_t salt = hashes[r] & ~kPointerMask;
      size_t slot = slots_[r];
      while (true) {
        const uint64_t entry = entries_[slot];
        if (entry == 0) {
          if (frozen_) {
            found->missed.push_back(r);
            break;
          }
          char* row = store_->AllocateRow();
          std::memcpy(row, &hashes[r], 8);
          entries_[slot] = salt | reinterpret_cast<uint64_t>(row);
          found->rows[r] = row;
          found->created.push_back(r);
          created_rows_.push_back(row);
          break;
        }
        if ((entry & ~kPointerMask) == salt) {
          found->rows[r] = reinterpret_cast<char*>(entry & kPointerMask);
          compare_[compare_count++] = r;
          break;
        }
        slot = (slot + 1) & mask_;
      }
      slots_[r] = slot;
    }
    if (!created_rows_.empty()) {
      // Before the comparisons: rows of this chunk may belong to groups made just now.
      store_->Scatter(keys, found->created.data() + created_before, created_rows_.size(),
                      created_rows_.data());
      for (char* row : created_rows_) states_->Init(StatesOf(row));
    }
    size_t rejected_count = 0;
    matcher_.Match(keys, found->rows.data(), compare_.data(), compare_count, rejected_.data(),
                   &rejected_count);
    for (size_t i = 0; i < rejected_count; ++i) {
      const SelectionIndex r = rejected_[i];
      slots_[r] = (slots_[r] + 1) & mask_;
      found->rows[r] = nullptr;
      remaining_[i] = r;
    }
    remaining_count = rejected_count;
  }
}

bool GroupTable::ShouldFreeze(const QueryState& query, size_t count) const {
  if (frozen_ || store_->row_count() == 0 || query.context.spill == nullptr) return false;
  const size_t entries = std::max(kFirstEntries, std::bit_ceil((store_->row_count() + count) * 2));
  // Room is left for the buffers of the rows that will be spilled, long strings included.
  const size_t row_bytes = std::max<size_t>(layout_->width, store_->bytes() / store_->row_count());
  size_t growth = (count + kPartitionCount * kVectorRowsMax) * row_bytes + bytes() / 8;
  if (entries > entries_.size()) growth += entries * sizeof(uint64_t);
  return bytes() > query.context.operator_memory_bytes || query.memory()->WouldExceed(growth);
}

Status GroupTable::Account() {
  HELIOS_TRY(store_->Account());
  const size_t bytes = entries_.size() * 8 + arena_.allocated_bytes();
  if (bytes <= reservation_.bytes()) return Status::Ok();
  return reservation_.Resize(bytes + bytes / 16);
}

Status SpillByHash(QueryState& query, const Chunk& chunk, const uint64_t* hashes,
                   std::span<const SelectionIndex> rows, int depth,
                   std::vector<std::unique_ptr<ChunkBuffer>>* parts) {
  while (parts->size() < GroupTable::kPartitionCount) {
    parts->push_back(std::make_unique<ChunkBuffer>(query.memory(), query.context.spill, 0));
  }
  std::vector<std::shared_ptr<Selection>> selections(GroupTable::kPartitionCount);
  for (SelectionIndex row : rows) {
    std::shared_ptr<Selection>& selection = selections[GroupTable::PartitionOf(hashes[row], depth)];
    if (selection == nullptr) selection = std::make_shared<Selection>();
    selection->push_back(row);
  }
  for (size_t p = 0; p < selections.size(); ++p) {
    if (selections[p] == nullptr) continue;
    Chunk part = chunk;
    part.Slice(std::move(selections[p]));
    HELIOS_TRY((*parts)[p]->Append(part));
  }
  return Status::Ok();
}

}  // namespace helios::exec
