#include "exec/internal/row_store.h"

#include <algorithm>

namespace helios::exec {
namespace {

constexpr size_t kFirstBlockBytes = 4096;
constexpr size_t kBlockBytesMax = size_t{256} << 10;

struct Fixed16 {
  uint64_t words[2] = {};
};

uint32_t Align8(uint32_t bytes) { return (bytes + 7) & ~uint32_t{7}; }

template <typename T>
void ScatterFixed(const RowLayout& layout, size_t column, const Vector& from,
                  const SelectionIndex* selection, size_t count, char* const* rows) {
  const uint32_t offset = layout.columns[column].offset;
  const T* data = from.Data<T>();
  const bool all_valid = from.validity().AllValid();
  if (all_valid && selection == nullptr && from.kind() == VectorKind::kFlat) {
    for (size_t i = 0; i < count; ++i) std::memcpy(rows[i] + offset, data + i, sizeof(T));
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t position = from.Position(selection == nullptr ? i : selection[i]);
    if (all_valid || from.validity().IsValid(position)) {
      std::memcpy(rows[i] + offset, data + position, sizeof(T));
    } else {
      std::memset(rows[i] + offset, 0, sizeof(T));
      layout.SetNull(rows[i], column);
    }
  }
}

void ScatterStrings(const RowLayout& layout, size_t column, const Vector& from,
                    const SelectionIndex* selection, size_t count, char* const* rows, Arena& heap) {
  const uint32_t offset = layout.columns[column].offset;
  const StringRef* data = from.Data<StringRef>();
  for (size_t i = 0; i < count; ++i) {
    const size_t position = from.Position(selection == nullptr ? i : selection[i]);
    StringRef value;
    if (from.validity().IsValid(position)) {
      value = data[position];
      if (!value.is_inline()) value = StringRef(heap.Copy(value.view()));
    } else {
      layout.SetNull(rows[i], column);
    }
    std::memcpy(rows[i] + offset, &value, sizeof(value));
  }
}

template <typename T>
void GatherFixed(const RowLayout& layout, size_t column, const char* const* rows, size_t count,
                 Vector* out) {
  const uint32_t offset = layout.columns[column].offset;
  T* data = out->Data<T>();
  for (size_t i = 0; i < count; ++i) {
    if (rows[i] == nullptr || layout.IsNull(rows[i], column)) {
      data[i] = T();
      out->SetNull(i);
    } else {
      std::memcpy(data + i, rows[i] + offset, sizeof(T));
    }
  }
}

}  // namespace

RowLayout::RowLayout(std::span<const SqlType> types, std::span<const PhysicalType> physicals,
                     uint32_t header, uint32_t tail)
    : header_bytes(Align8(header)) {
  uint32_t offset = header_bytes;
  columns.resize(types.size());
  // Wide columns first, so that each is aligned to its width.
  for (uint32_t width : {16u, 8u, 4u, 2u, 1u}) {
    for (size_t i = 0; i < types.size(); ++i) {
      if (PhysicalWidth(physicals[i]) != width) continue;
      columns[i] = {types[i], physicals[i], offset};
      offset += width;
      has_varlen |= physicals[i] == PhysicalType::kVarlen;
    }
  }
  null_offset = offset;
  offset += static_cast<uint32_t>((types.size() + 7) / 8);
  tail_offset = Align8(offset);
  width = std::max<uint32_t>(tail_offset + Align8(tail), 8);
}

RowStore::RowStore(std::shared_ptr<const RowLayout> layout, MemoryTracker* tracker)
    : layout_(std::move(layout)),
      reservation_(tracker),
      heap_(std::make_shared<Arena>()),
      counted_(tracker != nullptr) {
  heaps_.push_back(heap_);
}

void RowStore::NewBlock() {
  size_t bytes = std::clamp(block_bytes_, kFirstBlockBytes, kBlockBytesMax);
  free_rows_ = std::max<size_t>(bytes / layout_->width, 1);
  bytes = free_rows_ * layout_->width;
  // Zeros: null bits start clear, and aggregate tails and padding are defined.
  blocks_.push_back({std::make_unique<char[]>(bytes), 0});
  block_bytes_ += bytes;
  next_ = blocks_.back().bytes.get();
}

void RowStore::Scatter(std::span<const Vector* const> columns, const SelectionIndex* selection,
                       size_t count, char* const* rows, size_t first_column) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const Vector& from = *columns[i];
    const size_t to = first_column + i;
    switch (layout_->columns[to].physical) {
      case PhysicalType::kBool:
        ScatterFixed<uint8_t>(*layout_, to, from, selection, count, rows);
        break;
      case PhysicalType::kInt16:
        ScatterFixed<uint16_t>(*layout_, to, from, selection, count, rows);
        break;
      case PhysicalType::kInt32:
      case PhysicalType::kFloat32:
        ScatterFixed<uint32_t>(*layout_, to, from, selection, count, rows);
        break;
      case PhysicalType::kInt64:
      case PhysicalType::kFloat64:
        ScatterFixed<uint64_t>(*layout_, to, from, selection, count, rows);
        break;
      case PhysicalType::kFixed16:
        ScatterFixed<Fixed16>(*layout_, to, from, selection, count, rows);
        break;
      case PhysicalType::kVarlen:
        ScatterStrings(*layout_, to, from, selection, count, rows, *heap_);
        break;
    }
  }
}

void RowStore::Append(std::span<const Vector* const> columns, const SelectionIndex* selection,
                      size_t count, char** rows) {
  for (size_t i = 0; i < count; ++i) rows[i] = AllocateRow();
  Scatter(columns, selection, count, rows);
}

size_t RowStore::UncountedBytes() const {
  const size_t now = bytes();
  if (!counted_ || now <= reservation_.bytes()) return 0;
  // A little ahead, so that the tracker is not asked for every chunk.
  return now + now / 16 - reservation_.bytes();
}

Status RowStore::Account() {
  const size_t more = UncountedBytes();
  return more == 0 ? Status::Ok() : reservation_.Resize(reservation_.bytes() + more);
}

void RowStore::Clear() {
  blocks_.clear();
  heap_ = std::make_shared<Arena>();
  heaps_.assign(1, heap_);
  next_ = nullptr;
  free_rows_ = row_count_ = block_bytes_ = 0;
  reservation_.ReleaseAll();
}

Vector GatherColumn(const RowLayout& layout, size_t column, const char* const* rows, size_t count,
                    const std::vector<std::shared_ptr<Arena>>& heaps) {
  const RowLayout::Column& info = layout.columns[column];
  Vector out(info.type, info.physical);
  switch (info.physical) {
    case PhysicalType::kBool:
      GatherFixed<uint8_t>(layout, column, rows, count, &out);
      break;
    case PhysicalType::kInt16:
      GatherFixed<uint16_t>(layout, column, rows, count, &out);
      break;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat32:
      GatherFixed<uint32_t>(layout, column, rows, count, &out);
      break;
    case PhysicalType::kInt64:
    case PhysicalType::kFloat64:
      GatherFixed<uint64_t>(layout, column, rows, count, &out);
      break;
    case PhysicalType::kFixed16:
      GatherFixed<Fixed16>(layout, column, rows, count, &out);
      break;
    case PhysicalType::kVarlen:
      GatherFixed<StringRef>(layout, column, rows, count, &out);
      for (const std::shared_ptr<Arena>& heap : heaps) out.ReferenceHeap(heap);
      break;
  }
  return out;
}

bool IsBitwiseEqual(Oid type, PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBool:
    case PhysicalType::kInt16:
    case PhysicalType::kInt32:
    case PhysicalType::kInt64:
      return true;
    case PhysicalType::kFloat32:
    case PhysicalType::kFloat64:
      return false;  // NaN, -0
    case PhysicalType::kFixed16:
      return type == type_oid::kUuid;
    case PhysicalType::kVarlen:
      return type == type_oid::kText || type == type_oid::kVarchar || type == type_oid::kBytea ||
             type == type_oid::kName;
  }
  return false;
}

RowMatcher::RowMatcher(const RowLayout& layout, std::vector<bool> null_equal) : layout_(layout) {
  for (size_t i = 0; i < null_equal.size(); ++i) {
    const RowLayout::Column& column = layout.columns[i];
    columns_.push_back({column.offset, column.physical, null_equal[i],
                        IsBitwiseEqual(column.type.oid, column.physical),
                        EqualFunctionOf(column.type.oid, column.physical)});
  }
}

namespace {

// Splits selection[0..count) by `equal(chunk position, row)`; NULLs by `null_equal`.
template <typename Equal>
size_t MatchColumn(const RowLayout& layout, size_t column, const Vector& from, bool null_equal,
                   const char* const* rows, SelectionIndex* selection, size_t count,
                   SelectionIndex* rejected, size_t* rejected_count, Equal equal) {
  size_t kept = 0;
  const bool all_valid = from.validity().AllValid();
  for (size_t i = 0; i < count; ++i) {
    const SelectionIndex r = selection[i];
    const size_t position = from.Position(r);
    const bool left_null = !all_valid && !from.validity().IsValid(position);
    const bool right_null = layout.IsNull(rows[r], column);
    bool matches;
    if (left_null || right_null) [[unlikely]] {
      matches = null_equal && left_null && right_null;
    } else {
      matches = equal(position, rows[r]);
    }
    if (matches) {
      selection[kept++] = r;
    } else if (rejected != nullptr) {
      rejected[(*rejected_count)++] = r;
    }
  }
  return kept;
}

}  // namespace

size_t RowMatcher::Match(std::span<const Vector* const> columns, const char* const* rows,
                         SelectionIndex* selection, size_t count, SelectionIndex* rejected,
                         size_t* rejected_count) const {
  for (size_t i = 0; i < columns_.size() && count > 0; ++i) {
    const Column& column = columns_[i];
    const Vector& from = *columns[i];
    const uint32_t offset = column.offset;
    auto match = [&](auto equal) {
      count = MatchColumn(layout_, i, from, column.null_equal, rows, selection, count, rejected,
                          rejected_count, equal);
    };
    if (column.bitwise && column.physical == PhysicalType::kInt64) {
      const int64_t* data = from.Data<int64_t>();
      match([&](size_t p, const char* row) { return std::memcmp(row + offset, data + p, 8) == 0; });
    } else if (column.bitwise && column.physical == PhysicalType::kInt32) {
      const int32_t* data = from.Data<int32_t>();
      match([&](size_t p, const char* row) { return std::memcmp(row + offset, data + p, 4) == 0; });
    } else if (column.bitwise && column.physical == PhysicalType::kVarlen) {
      const StringRef* data = from.Data<StringRef>();
      match([&](size_t p, const char* row) {
        StringRef stored;
        std::memcpy(&stored, row + offset, sizeof(stored));
        return stored == data[p];
      });
    } else if (column.bitwise) {
      const size_t width = PhysicalWidth(column.physical);
      const char* data = from.RawData();
      match([&](size_t p, const char* row) {
        return std::memcmp(row + offset, data + p * width, width) == 0;
      });
    } else {
      const size_t width = PhysicalWidth(column.physical);
      const char* data = from.RawData();
      match(
          [&](size_t p, const char* row) { return column.equal(data + p * width, row + offset); });
    }
  }
  return count;
}

}  // namespace helios::exec
