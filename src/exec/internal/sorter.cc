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

// Bytes of a prefix that count, and how far apart prefixes lie: room for one key past the end.
constexpr size_t kPrefixBytes = 16;
constexpr size_t kPrefixStride = 32;
// So many runs are merged at once; each holds a chunk in memory.
constexpr size_t kMergeRunsMax = 64;

// Writes one byte for NULL or not, then `write(position, to)` where it is not; turned round for
// DESC. `width` bytes follow the first in either case.
template <typename Write>
void AddFixedPrefixes(const Vector& from, SortOrder order, size_t width, size_t count,
                      unsigned char* to, Write write) {
  const bool all_valid = from.validity().AllValid();
  const unsigned char flip = order.descending ? 0xff : 0;
  for (size_t row = 0; row < count; ++row, to += kPrefixStride) {
    const size_t position = from.Position(row);
    const bool null = !all_valid && !from.validity().IsValid(position);
    to[0] = null == order.nulls_first ? 0 : 1;
    if (null) continue;
    write(position, to + 1);
    for (size_t i = 1; i <= width; ++i) to[i] ^= flip;
  }
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
  size_t level = 0;  // How often its rows were merged.
  size_t order = 0;  // Position among the runs being merged.
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
                     IsUnsignedInt(column.type.oid), IsKeyType(column.type.oid, column.physical)});
    const size_t width = PrefixWidth(column.physical);
    prefix_bytes += 1 + width;
    exact_ &= width > 0 && prefix_bytes <= 16;
  }
  store_ = std::make_unique<RowStore>(layout_, query.memory());
}

Sorter::~Sorter() = default;

Sorter::Entry Sorter::EntryOf(size_t prefix, const char* row) const {
  const unsigned char* bytes = prefixes_.data() + prefix * kPrefixStride;
  return {LoadBigEndian<uint64_t>(bytes), LoadBigEndian<uint64_t>(bytes + 8), row};
}

// As many bytes as fit, of the string itself where it compares bytewise, else of its form as a key.
Status Sorter::AddVarlenPrefixes(const KeyInfo& key, const Vector& from, size_t at, size_t count) {
  const Oid type = key.type.oid;
  const bool is_bytes = key.physical == PhysicalType::kVarlen &&
                        (type == type_oid::kText || type == type_oid::kVarchar ||
                         type == type_oid::kName || type == type_oid::kBytea);
  const KeyColumn column(key.type, key.physical, SortOrder{});
  const bool all_valid = from.validity().AllValid();
  unsigned char* to = prefixes_.data() + at;
  for (size_t row = 0; row < count; ++row, to += kPrefixStride) {
    const size_t position = from.Position(row);
    const bool null = !all_valid && !from.validity().IsValid(position);
    to[0] = null == key.order.nulls_first ? 0 : 1;
    if (null) continue;
    std::string_view bytes;
    if (is_bytes) {
      bytes = from.Data<StringRef>()[position].view();
    } else if (key.has_key_form) {
      scratch_.clear();
      HELIOS_TRY(AppendKey(column, from, row, &scratch_));
      bytes = scratch_;
    }
    const size_t room = kPrefixBytes - at - 1;
    std::copy_n(bytes.data(), std::min(bytes.size(), room), to + 1);
    if (!key.order.descending) continue;
    for (size_t i = 1; i <= room; ++i) to[i] = static_cast<unsigned char>(~to[i]);
  }
  return Status::Ok();
}

Status Sorter::MakePrefixes(const Chunk& rows) {
  const size_t count = rows.row_count();
  prefixes_.assign(count * kPrefixStride, 0);
  size_t at = 0;
  for (const KeyInfo& key : keys_) {
    if (at >= kPrefixBytes) break;
    const Vector& from = rows.column(key.column);
    const size_t width = PrefixWidth(key.physical);
    const auto add = [&](auto write) {
      AddFixedPrefixes(from, key.order, width, count, prefixes_.data() + at, write);
    };
    switch (key.physical) {
      case PhysicalType::kBool:
        add([data = from.Data<uint8_t>()](size_t i, unsigned char* to) { *to = data[i]; });
        break;
      case PhysicalType::kInt16:
        add([data = from.Data<uint16_t>()](size_t i, unsigned char* to) {
          StoreBigEndian<uint16_t>(to, static_cast<uint16_t>(data[i] ^ 0x8000));
        });
        break;
      case PhysicalType::kInt32:
        add([data = from.Data<uint32_t>(), sign = key.is_unsigned ? 0 : 0x80000000u](
                size_t i, unsigned char* to) { StoreBigEndian<uint32_t>(to, data[i] ^ sign); });
        break;
      case PhysicalType::kInt64:
        add([data = from.Data<uint64_t>()](size_t i, unsigned char* to) {
          StoreBigEndian<uint64_t>(to, data[i] ^ (uint64_t{1} << 63));
        });
        break;
      case PhysicalType::kFloat32:
        add([data = from.Data<float>()](size_t i, unsigned char* to) {
          StoreBigEndian<uint32_t>(to, OrderedFloat(data[i]));
        });
        break;
      case PhysicalType::kFloat64:
        add([data = from.Data<double>()](size_t i, unsigned char* to) {
          StoreBigEndian<uint64_t>(to, OrderedFloat(data[i]));
        });
        break;
      case PhysicalType::kFixed16:
      case PhysicalType::kVarlen:
        // Takes all the room that is left.
        return AddVarlenPrefixes(key, from, at, count);
    }
    at += 1 + width;
  }
  return Status::Ok();
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
  row_count_ += count;
  HELIOS_TRY(MakePrefixes(rows));
  if (has_cutoff_) {
    HELIOS_TRY(AddBelowCutoff(rows));
  } else {
    char* to[kVectorRowsMax];
    store_->Append(ColumnPointers(rows), nullptr, count, to);
    for (size_t i = 0; i < count; ++i) entries_.push_back(EntryOf(i, to[i]));
  }
  if (keep_ > 0 && store_->row_count() > 2 * keep_ + 8192) HELIOS_TRY(Cut());
  const size_t bytes = store_->bytes() + EntryBytes();
  peak_bytes_ = std::max(peak_bytes_, bytes);
  size_t more = store_->UncountedBytes();
  if (EntryBytes() > entries_reservation_.bytes()) {
    more += EntryBytes() - entries_reservation_.bytes();
  }
  if (query_.context.spill != nullptr &&
      (bytes > query_.context.operator_memory_bytes ||
       query_.memory()->WouldExceed(std::max(more, bytes / 8)))) {
    return SpillRun();
  }
  HELIOS_TRY(store_->Account());
  return entries_reservation_.Resize(EntryBytes());
}

// The entries and what sorting them takes beside them.
size_t Sorter::EntryBytes() const { return entries_.capacity() * sizeof(Entry) * 3 / 2; }

// Top-N: of the rows only those that come before the worst of the best so far.
Status Sorter::AddBelowCutoff(const Chunk& rows) {
  SelectionIndex selection[kVectorRowsMax];
  size_t count = 0;
  for (size_t i = 0; i < rows.row_count(); ++i) {
    const Entry entry = EntryOf(i, nullptr);
    const bool before = entry.high != cutoff_.high
                            ? entry.high < cutoff_.high
                            : (exact_ ? entry.low < cutoff_.low : entry.low <= cutoff_.low);
    selection[count] = static_cast<SelectionIndex>(i);
    count += before ? 1 : 0;
  }
  if (count == 0) return Status::Ok();
  char* to[kVectorRowsMax];
  store_->Append(ColumnPointers(rows), selection, count, to);
  for (size_t i = 0; i < count; ++i) {
    const Entry entry = EntryOf(selection[i], to[i]);
    if (Less(entry, cutoff_)) entries_.push_back(entry);
  }
  return Status::Ok();
}

Chunk Sorter::Gather(std::span<const char* const> rows, size_t column_count,
                     const std::vector<std::shared_ptr<Arena>>& heaps) const {
  Chunk chunk;
  for (size_t c = 0; c < column_count; ++c) {
    chunk.AddColumn(GatherColumn(*layout_, c, rows.data(), rows.size(), heaps));
  }
  chunk.SetRowCount(rows.size());
  return chunk;
}

// Top-N: keeps the best rows and remembers the worst of them, which later rows must beat.
Status Sorter::Cut() {
  SortEntries();
  auto kept = std::make_unique<RowStore>(layout_, query_.memory());
  std::vector<const char*> rows;
  for (size_t first = 0; first < entries_.size(); first += kVectorRowsMax) {
    const size_t count = std::min(kVectorRowsMax, entries_.size() - first);
    rows.clear();
    for (size_t i = 0; i < count; ++i) rows.push_back(entries_[first + i].row);
    const Chunk chunk = Gather(rows, layout_->columns.size(), store_->heaps());
    char* to[kVectorRowsMax];
    kept->Append(ColumnPointers(chunk), nullptr, count, to);
    for (size_t i = 0; i < count; ++i) entries_[first + i].row = to[i];
  }
  store_ = std::move(kept);
  has_cutoff_ = entries_.size() == keep_;
  if (has_cutoff_) cutoff_ = entries_.back();
  return Status::Ok();
}

void Sorter::SortEntries() {
  const auto less = [this](const Entry& a, const Entry& b) { return Less(a, b); };
  if (!std::is_sorted(entries_.begin(), entries_.end(), less)) {
    std::stable_sort(entries_.begin(), entries_.end(), less);
  }
  if (keep_ > 0 && entries_.size() > keep_) entries_.resize(keep_);
}

Status Sorter::AppendToRun(const Chunk& chunk, Run* run) {
  bytes_.clear();
  SerializeChunk(chunk, &bytes_);
  run->extents.push_back({run->file->size(), bytes_.size()});
  spilled_bytes_ += bytes_.size();
  return run->file->Append(bytes_);
}

Status Sorter::SpillRun() {
  if (entries_.empty()) return Status::Ok();
  SortEntries();
  auto run = std::make_unique<Run>();
  HELIOS_TRY(run->file, query_.context.spill->Create());
  std::vector<const char*> rows;
  for (size_t first = 0; first < entries_.size(); first += query_.vector_rows) {
    HELIOS_TRY(query_.CheckCanceled());
    const size_t count = std::min(query_.vector_rows, entries_.size() - first);
    rows.clear();
    for (size_t i = 0; i < count; ++i) rows.push_back(entries_[first + i].row);
    HELIOS_TRY(AppendToRun(Gather(rows, layout_->columns.size(), store_->heaps()), run.get()));
  }
  runs_.push_back(std::move(run));
  entries_ = std::vector<Entry>();
  entries_reservation_.ReleaseAll();
  store_ = std::make_unique<RowStore>(layout_, query_.memory());
  has_cutoff_ = false;
  return MergeRuns();
}

// Once there are kMergeRunsMax runs of a level at the end, makes one of the next level of them:
// what is read at the end stays few, and each row is merged once a level.
Status Sorter::MergeRuns() {
  while (runs_.size() >= kMergeRunsMax) {
    const size_t first = runs_.size() - kMergeRunsMax;
    const size_t level = runs_.back()->level;
    if (runs_[first]->level != level) return Status::Ok();
    auto merged = std::make_unique<Run>();
    HELIOS_TRY(merged->file, query_.context.spill->Create());
    merged->level = level + 1;
    HELIOS_TRY(StartMerge(std::span(runs_).subspan(first)));
    const uint64_t keep = keep_ > 0 ? keep_ : UINT64_MAX;
    for (uint64_t done = 0; done < keep && !heap_.empty();) {
      HELIOS_TRY(query_.CheckCanceled());
      Chunk chunk;
      HELIOS_TRY(PopMerged(std::min<uint64_t>(query_.vector_rows, keep - done),
                           layout_->columns.size(), &chunk));
      done += chunk.row_count();
      HELIOS_TRY(AppendToRun(chunk, merged.get()));
    }
    heap_.clear();
    retired_.clear();
    runs_.resize(first);
    runs_.push_back(std::move(merged));
  }
  return Status::Ok();
}

void Sorter::AddRun() {
  auto run = std::make_unique<Run>();
  run->entries = std::move(entries_);
  run->store = std::move(store_);
  runs_.push_back(std::move(run));
}

Status Sorter::Finish() {
  if (entries_.empty()) return Status::Ok();
  SortEntries();
  AddRun();
  return Status::Ok();
}

Result<bool> Sorter::LoadChunk(Run* run) {
  if (run->file == nullptr || run->next_extent == run->extents.size()) return false;
  const Run::Extent& extent = run->extents[run->next_extent++];
  HELIOS_TRY(run->file->Read(extent.offset, extent.bytes, &bytes_));
  Chunk chunk;
  HELIOS_TRY(DeserializeChunk(bytes_, &chunk));
  HELIOS_TRY(MakePrefixes(chunk));
  if (run->store != nullptr) retired_.push_back(std::move(run->store));
  run->store = std::make_unique<RowStore>(layout_, nullptr);
  char* rows[kVectorRowsMax];
  run->store->Append(ColumnPointers(chunk), nullptr, chunk.row_count(), rows);
  run->entries.clear();
  run->next = 0;
  for (size_t i = 0; i < chunk.row_count(); ++i) run->entries.push_back(EntryOf(i, rows[i]));
  return true;
}

// Whether run `a` gives its next row later than `b`.
bool Sorter::After(const Run* a, const Run* b) const {
  const int order = Compare(a->entries[a->next], b->entries[b->next]);
  return order != 0 ? order > 0 : a->order > b->order;
}

Status Sorter::StartMerge(std::span<const std::unique_ptr<Run>> runs) {
  heap_.clear();
  for (const std::unique_ptr<Run>& run : runs) {
    run->order = heap_.size();
    if (run->entries.empty()) HELIOS_TRY(LoadChunk(run.get()).status());
    if (!run->entries.empty()) heap_.push_back(run.get());
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [this](const Run* a, const Run* b) { return After(a, b); });
  return Status::Ok();
}

// Takes the smallest rows of all runs in the heap.
Status Sorter::PopMerged(size_t rows_max, size_t column_count, Chunk* out) {
  const auto after = [this](const Run* a, const Run* b) { return After(a, b); };
  retired_.clear();
  std::vector<const char*> rows;
  rows.reserve(rows_max);
  std::vector<Run*> seen = heap_;
  if (heap_.size() == 1 && heap_[0]->file == nullptr) {
    Run* run = heap_[0];
    const size_t count = std::min(rows_max, run->entries.size() - run->next);
    for (size_t i = 0; i < count; ++i) rows.push_back(run->entries[run->next + i].row);
    run->next += count;
    if (run->next == run->entries.size()) heap_.clear();
  }
  while (rows.size() < rows_max && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), after);
    Run* run = heap_.back();
    rows.push_back(run->entries[run->next++].row);
    if (run->next == run->entries.size()) {
      HELIOS_TRY(bool more, LoadChunk(run));
      if (!more) {
        heap_.pop_back();
        continue;
      }
    }
    std::push_heap(heap_.begin(), heap_.end(), after);
  }
  std::vector<std::shared_ptr<Arena>> heaps;
  if (layout_->has_varlen) {
    const auto add = [&](const RowStore& store) {
      heaps.insert(heaps.end(), store.heaps().begin(), store.heaps().end());
    };
    for (const Run* run : seen) add(*run->store);
    for (const std::unique_ptr<RowStore>& store : retired_) add(*store);
  }
  *out = Gather(rows, column_count, heaps);
  return Status::Ok();
}

Status Sorter::Next(size_t column_count, size_t rows_max, Chunk* out) {
  *out = Chunk();
  if (!merging_) {
    merging_ = true;
    HELIOS_TRY(StartMerge(runs_));
  }
  if (keep_ > 0) rows_max = std::min<uint64_t>(rows_max, keep_ - given_);
  if (rows_max == 0 || heap_.empty()) return Status::Ok();
  HELIOS_TRY(PopMerged(rows_max, column_count, out));
  given_ += out->row_count();
  return Status::Ok();
}

}  // namespace helios::exec
