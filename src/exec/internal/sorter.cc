#include "exec/internal/sorter.h"

#include <algorithm>
#include <bit>

#include "base/codec.h"

namespace helios::exec {
namespace {

bool IsUnsignedInt(Oid type) {
  switch (type) {
    case type_oid::kOid:
    case type_oid::kXid:
    case type_oid::kCid:
    case type_oid::kRegproc:
    case type_oid::kRegprocedure:
    case type_oid::kRegoper:
    case type_oid::kRegoperator:
    case type_oid::kRegclass:
    case type_oid::kRegtype:
    case type_oid::kRegrole:
    case type_oid::kRegnamespace:
    case type_oid::kRegcollation:
      return true;
    default:
      return false;
  }
}

// Bytes of a key in the prefix without its null byte; 0: as many as there is room for.
size_t PrefixWidth(PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBool:
      return 1;
    case PhysicalType::kInt16:
      return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat32:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kFloat64:
      return 8;
    case PhysicalType::kFixed16:
    case PhysicalType::kVarlen:
      return 0;
  }
  return 0;
}

// A float's bits in the order of SQL: -0 is 0 and NaN is above all.
uint64_t OrderedFloat(double value) {
  if (value != value) return ~uint64_t{0};
  if (value == 0) value = 0;
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}
uint32_t OrderedFloat(float value) {
  if (value != value) return ~uint32_t{0};
  if (value == 0) value = 0;
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return (bits >> 31) != 0 ? ~bits : bits | (uint32_t{1} << 31);
}

}  // namespace

// A sorted piece: in memory, or chunks of a spill file of which one is loaded.
struct Sorter::Run {
  std::unique_ptr<RowStore> store;
  std::vector<Entry> entries;
  size_t next = 0;
  std::unique_ptr<SpillFile> file;
  struct Extent {
    uint64_t offset;
    size_t bytes;
  };
  std::vector<Extent> extents;
  size_t next_extent = 0;
};

Sorter::Sorter(QueryState& query, std::span<const SqlType> types,
               std::span<const PhysicalType> physicals, std::vector<Key> keys)
    : query_(query),
      layout_(std::make_shared<RowLayout>(types, physicals, 0, 0)),
      entries_reservation_(query.memory()) {
  size_t prefix_bytes = 0;
  exact_ = true;
  for (const Key& key : keys) {
    const RowLayout::Column& column = layout_->columns[key.column];
    keys_.push_back({key.column, column.offset, column.physical, column.type, key.order,
                     CompareFunctionOf(column.type.oid, column.physical),
                     IsUnsignedInt(column.type.oid)});
    const size_t width = PrefixWidth(column.physical);
    prefix_bytes += 1 + width;
    exact_ &= width > 0 && prefix_bytes <= 16;
  }
  store_ = std::make_unique<RowStore>(layout_, query.memory());
}

Sorter::~Sorter() = default;

Sorter::Entry Sorter::MakeEntry(const char* row) const {
  unsigned char prefix[16 + 9] = {};
  size_t at = 0;
  for (const KeyInfo& key : keys_) {
    if (at >= 16) break;
    const bool null = layout_->IsNull(row, key.column);
    prefix[at++] = null == key.order.nulls_first ? 0 : 1;
    if (null) {
      const size_t width = PrefixWidth(key.physical);
      // What follows must lie at the same place in every row; behind a cut key it does not matter.
      if (width == 0) break;
      at += width;
      continue;
    }
    const char* value = row + key.offset;
    const size_t start = at;
    switch (key.physical) {
      case PhysicalType::kBool:
        prefix[at++] = static_cast<unsigned char>(*value);
        break;
      case PhysicalType::kInt16: {
        uint16_t raw;
        std::memcpy(&raw, value, 2);
        StoreBigEndian<uint16_t>(prefix + at, static_cast<uint16_t>(raw ^ 0x8000));
        at += 2;
        break;
      }
      case PhysicalType::kInt32: {
        uint32_t raw;
        std::memcpy(&raw, value, 4);
        StoreBigEndian<uint32_t>(prefix + at, key.is_unsigned ? raw : raw ^ 0x80000000u);
        at += 4;
        break;
      }
      case PhysicalType::kInt64: {
        uint64_t raw;
        std::memcpy(&raw, value, 8);
        StoreBigEndian<uint64_t>(prefix + at, raw ^ (uint64_t{1} << 63));
        at += 8;
        break;
      }
      case PhysicalType::kFloat32: {
        float raw;
        std::memcpy(&raw, value, 4);
        StoreBigEndian<uint32_t>(prefix + at, OrderedFloat(raw));
        at += 4;
        break;
      }
      case PhysicalType::kFloat64: {
        double raw;
        std::memcpy(&raw, value, 8);
        StoreBigEndian<uint64_t>(prefix + at, OrderedFloat(raw));
        at += 8;
        break;
      }
      case PhysicalType::kFixed16:
      case PhysicalType::kVarlen: {
        std::string_view bytes;
        StringRef string;
        if (key.physical == PhysicalType::kVarlen) std::memcpy(&string, value, sizeof(string));
        if (key.type.oid == type_oid::kText || key.type.oid == type_oid::kVarchar ||
            key.type.oid == type_oid::kName || key.type.oid == type_oid::kBytea) {
          bytes = string.view();
        } else if (key.physical == PhysicalType::kFixed16 && key.type.oid == type_oid::kUuid) {
          bytes = {value, 16};
        } else if (key.compare != nullptr) {
          Vector one(key.type, key.physical);
          std::memcpy(one.RawData(), value, PhysicalWidth(key.physical));
          scratch_.clear();
          KeyColumn column(key.type, key.physical, SortOrder{});
          if (AppendKey(column, one, 0, &scratch_).ok()) bytes = scratch_;
        }
        const size_t count = std::min<size_t>(bytes.size(), 16 - std::min<size_t>(at, 16));
        if (count > 0) std::memcpy(prefix + at, bytes.data(), count);
        at = 16;
        break;
      }
    }
    if (key.order.descending) {
      for (size_t i = start; i < at; ++i) prefix[i] = static_cast<unsigned char>(~prefix[i]);
    }
  }
  return {LoadBigEndian<uint64_t>(prefix), LoadBigEndian<uint64_t>(prefix + 8), row};
}

int Sorter::CompareRows(const char* a, const char* b) const {
  for (const KeyInfo& key : keys_) {
    const bool a_null = layout_->IsNull(a, key.column);
    const bool b_null = layout_->IsNull(b, key.column);
    if (a_null || b_null) {
      if (a_null && b_null) continue;
      return a_null == key.order.nulls_first ? -1 : 1;
    }
    const int order = key.compare(a + key.offset, b + key.offset);
    if (order != 0) return key.order.descending ? -order : order;
  }
  return 0;
}

Status Sorter::Add(const Chunk& rows) {
  const size_t count = rows.row_count();
  char* to[kVectorRowsMax];
  const std::vector<const Vector*> columns = ColumnPointers(rows);
  store_->Append(columns, nullptr, count, to);
  for (size_t i = 0; i < count; ++i) {
    const Entry entry = MakeEntry(to[i]);
    if (has_cutoff_ && Less(cutoff_, entry)) continue;
    entries_.push_back(entry);
  }
  row_count_ += count;
  if (keep_ > 0 && store_->row_count() > 2 * keep_ + 8192) HELIOS_TRY(Cut());
  const size_t bytes = store_->bytes() + entries_.capacity() * sizeof(Entry);
  peak_bytes_ = std::max(peak_bytes_, bytes);
  const bool can_spill = query_.context.spill != nullptr;
  if (can_spill &&
      (bytes > query_.context.operator_memory_bytes || query_.memory()->WouldExceed(bytes / 8))) {
    return SpillRun();
  }
  HELIOS_TRY(store_->Account());
  return entries_reservation_.Resize(entries_.capacity() * sizeof(Entry));
}

// Top-N: keeps the best rows and remembers the worst of them, which later rows must beat.
Status Sorter::Cut() {
  const auto less = [this](const Entry& a, const Entry& b) { return Less(a, b); };
  if (entries_.size() > keep_) {
    std::nth_element(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(keep_) - 1,
                     entries_.end(), less);
    entries_.resize(keep_);
  }
  auto kept = std::make_unique<RowStore>(layout_, query_.memory());
  std::vector<const char*> rows(kVectorRowsMax);
  std::vector<Entry> entries;
  entries.reserve(entries_.size());
  for (size_t first = 0; first < entries_.size(); first += kVectorRowsMax) {
    const size_t count = std::min(kVectorRowsMax, entries_.size() - first);
    for (size_t i = 0; i < count; ++i) rows[i] = entries_[first + i].row;
    Chunk chunk;
    for (size_t c = 0; c < layout_->columns.size(); ++c) {
      chunk.AddColumn(GatherColumn(*layout_, c, rows.data(), count, store_->heaps()));
    }
    char* to[kVectorRowsMax];
    kept->Append(ColumnPointers(chunk), nullptr, count, to);
    for (size_t i = 0; i < count; ++i) {
      entries.push_back({entries_[first + i].high, entries_[first + i].low, to[i]});
    }
  }
  entries_ = std::move(entries);
  store_ = std::move(kept);
  if (entries_.size() == keep_) {
    cutoff_ = *std::max_element(entries_.begin(), entries_.end(), less);
    has_cutoff_ = true;
  }
  return Status::Ok();
}

void Sorter::SortEntries() {
  const auto less = [this](const Entry& a, const Entry& b) { return Less(a, b); };
  if (!std::is_sorted(entries_.begin(), entries_.end(), less)) {
    std::sort(entries_.begin(), entries_.end(), less);
  }
  if (keep_ > 0 && entries_.size() > keep_) entries_.resize(keep_);
}

Status Sorter::SpillRun() {
  if (entries_.empty()) return Status::Ok();
  SortEntries();
  auto run = std::make_unique<Run>();
  HELIOS_TRY(run->file, query_.context.spill->Create());
  std::vector<const char*> rows(kVectorRowsMax);
  std::string bytes;
  for (size_t first = 0; first < entries_.size(); first += query_.vector_rows) {
    HELIOS_TRY(query_.CheckCanceled());
    const size_t count = std::min(query_.vector_rows, entries_.size() - first);
    for (size_t i = 0; i < count; ++i) rows[i] = entries_[first + i].row;
    Chunk chunk;
    for (size_t c = 0; c < layout_->columns.size(); ++c) {
      chunk.AddColumn(GatherColumn(*layout_, c, rows.data(), count, store_->heaps()));
    }
    chunk.SetRowCount(count);
    bytes.clear();
    SerializeChunk(chunk, &bytes);
    run->extents.push_back({run->file->size(), bytes.size()});
    HELIOS_TRY(run->file->Append(bytes));
  }
  runs_.push_back(std::move(run));
  entries_ = std::vector<Entry>();
  entries_reservation_.ReleaseAll();
  store_ = std::make_unique<RowStore>(layout_, query_.memory());
  has_cutoff_ = false;
  return Status::Ok();
}

Status Sorter::AddRun() {
  auto run = std::make_unique<Run>();
  run->entries = std::move(entries_);
  run->store = std::move(store_);
  runs_.push_back(std::move(run));
  return Status::Ok();
}

Status Sorter::Finish() {
  if (!entries_.empty()) {
    SortEntries();
    HELIOS_TRY(AddRun());
  }
  return Status::Ok();
}

void Sorter::Absorb(Sorter&& other) {
  for (std::unique_ptr<Run>& run : other.runs_) runs_.push_back(std::move(run));
  other.runs_.clear();
  row_count_ += other.row_count_;
  peak_bytes_ += other.peak_bytes_;
}

Result<bool> Sorter::LoadChunk(Run* run) {
  if (run->file == nullptr || run->next_extent == run->extents.size()) return false;
  const Run::Extent& extent = run->extents[run->next_extent++];
  std::string bytes;
  HELIOS_TRY(run->file->Read(extent.offset, extent.bytes, &bytes));
  Chunk chunk;
  HELIOS_TRY(DeserializeChunk(bytes, &chunk));
  if (run->store != nullptr) retired_.push_back(std::move(run->store));
  run->store = std::make_unique<RowStore>(layout_, nullptr);
  char* rows[kVectorRowsMax];
  run->store->Append(ColumnPointers(chunk), nullptr, chunk.row_count(), rows);
  run->entries.clear();
  run->next = 0;
  for (size_t i = 0; i < chunk.row_count(); ++i) run->entries.push_back(MakeEntry(rows[i]));
  return true;
}

// Takes the smallest entries of all runs.
Status Sorter::PopMerged(std::vector<const char*>* rows, size_t rows_max) {
  const auto after = [this](const Run* a, const Run* b) {
    return Less(b->entries[b->next], a->entries[a->next]);
  };
  while (rows->size() < rows_max && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), after);
    Run* run = heap_.back();
    rows->push_back(run->entries[run->next++].row);
    if (run->next == run->entries.size()) {
      HELIOS_TRY(bool more, LoadChunk(run));
      if (!more) {
        heap_.pop_back();
        continue;
      }
    }
    std::push_heap(heap_.begin(), heap_.end(), after);
  }
  return Status::Ok();
}

Status Sorter::Next(size_t column_count, size_t rows_max, Chunk* out) {
  *out = Chunk();
  retired_.clear();
  if (given_ == 0 && heap_.empty()) {
    for (const std::unique_ptr<Run>& run : runs_) {
      if (run->entries.empty()) HELIOS_TRY(LoadChunk(run.get()).status());
      if (!run->entries.empty()) heap_.push_back(run.get());
    }
    std::make_heap(heap_.begin(), heap_.end(), [this](const Run* a, const Run* b) {
      return Less(b->entries[b->next], a->entries[a->next]);
    });
  }
  if (keep_ > 0) rows_max = std::min<uint64_t>(rows_max, keep_ - given_);
  std::vector<const char*> rows;
  rows.reserve(rows_max);
  if (heap_.size() == 1 && heap_[0]->file == nullptr) {
    Run* run = heap_[0];
    const size_t count = std::min(rows_max, run->entries.size() - run->next);
    for (size_t i = 0; i < count; ++i) rows.push_back(run->entries[run->next + i].row);
    run->next += count;
    if (run->next == run->entries.size()) heap_.clear();
  } else {
    HELIOS_TRY(PopMerged(&rows, rows_max));
  }
  given_ += rows.size();
  if (rows.empty()) return Status::Ok();
  std::vector<std::shared_ptr<Arena>> heaps;
  if (layout_->has_varlen) {
    auto add = [&](const RowStore& store) {
      heaps.insert(heaps.end(), store.heaps().begin(), store.heaps().end());
    };
    for (const std::unique_ptr<Run>& run : runs_) {
      if (run->store != nullptr) add(*run->store);
    }
    for (const std::unique_ptr<RowStore>& store : retired_) add(*store);
  }
  for (size_t c = 0; c < column_count; ++c) {
    out->AddColumn(GatherColumn(*layout_, c, rows.data(), rows.size(), heaps));
  }
  out->SetRowCount(rows.size());
  return Status::Ok();
}

uint64_t Sorter::spilled_bytes() const {
  uint64_t bytes = 0;
  for (const std::unique_ptr<Run>& run : runs_) {
    if (run->file != nullptr) bytes += run->file->size();
  }
  return bytes;
}

}  // namespace helios::exec
