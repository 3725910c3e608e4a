#include <algorithm>

#include "exec/internal/window.h"

namespace helios::exec {
namespace {

// Of what an operator may hold, the rows that were not spilled and those that were read back.
constexpr size_t kKeptShare = 2;
constexpr size_t kLoadedShare = 8;
// However little memory there is: a frame's two ends, the row itself, and one that comes.
constexpr size_t kLoadedPagesMin = 4;

}  // namespace

WindowRows::WindowRows(QueryState& query)
    : query_(query),
      rows_(query.memory(), query.context.spill, query.context.operator_memory_bytes / kKeptShare),
      reservation_(query.memory()) {}

Status WindowRows::Append(const Chunk& rows, size_t first, size_t count) {
  pages_.clear();
  if (count == 0) return Status::Ok();
  if (count == rows.row_count()) return rows_.Append(rows);
  return rows_.Append(SliceRows(rows, first, count));
}

void WindowRows::Clear() {
  pages_.clear();
  loaded_.clear();
  evicted_.clear();
  loaded_bytes_ = 0;
  reservation_.ReleaseAll();
  rows_.Clear();
  status_ = Status::Ok();
}

void WindowRows::EvictOldest() {
  Page& oldest = loaded_.front();
  pages_[oldest.index] = nullptr;
  loaded_bytes_ -= oldest.bytes;
  evicted_.push_back(std::move(oldest));
  loaded_.pop_front();
}

const Chunk* WindowRows::Load(size_t index) {
  if (pages_.size() <= index) pages_.resize(index + 1);
  if (const Chunk* resident = rows_.Resident(index)) {
    pages_[index] = resident;
    return resident;
  }
  if (status_.ok()) status_ = Read(index);
  return status_.ok() ? pages_[index] : nullptr;
}

Status WindowRows::Read(size_t index) {
  evicted_.clear();
  ChunkBuffer::Cursor cursor{index, 0};
  auto rows = std::make_unique<Chunk>();
  HELIOS_TRY(rows_.Read(&cursor, rows.get()));
  const size_t bytes = rows->ApproximateBytes();
  while (loaded_.size() >= kLoadedPagesMin &&
         loaded_bytes_ + bytes > query_.context.operator_memory_bytes / kLoadedShare) {
    EvictOldest();
  }
  Status reserved = reservation_.Resize(loaded_bytes_ + bytes);
  while (!reserved.ok() && !loaded_.empty()) {
    EvictOldest();
    reserved = reservation_.Resize(loaded_bytes_ + bytes);
  }
  HELIOS_TRY(std::move(reserved));
  loaded_bytes_ += bytes;
  pages_[index] = rows.get();
  loaded_.push_back({index, bytes, std::move(rows)});
  return Status::Ok();
}

Result<Vector> WindowRows::PageColumn(size_t row, uint32_t column) {
  const Chunk* page = PageOf(row);
  if (page == nullptr) return status_;
  return page->column(column);
}

bool SameRow(const WindowShape& shape, const Chunk& a, size_t a_row, const Chunk& b, size_t b_row,
             uint32_t first, uint32_t count) {
  for (uint32_t c = first; c < first + count; ++c) {
    const Vector& x = a.column(c);
    const Vector& y = b.column(c);
    const bool x_null = x.IsNull(a_row);
    const bool y_null = y.IsNull(b_row);
    if (x_null || y_null) {
      if (x_null != y_null) return false;
      continue;
    }
    const size_t width = PhysicalWidth(x.physical());
    if (shape.compares[c](x.RawData() + x.Position(a_row) * width,
                          y.RawData() + y.Position(b_row) * width) != 0) {
      return false;
    }
  }
  return true;
}

size_t PeerEnd(const WindowShape& shape, WindowRows& rows, size_t row, size_t partition_end) {
  if (shape.order_key_count == 0) return partition_end;
  const auto is_peer = [&](size_t other) {
    for (uint32_t c = shape.first_order_key; c < shape.first_order_key + shape.order_key_count;
         ++c) {
      const char* a = rows.ValueAt(row, c);
      const char* b = rows.ValueAt(other, c);
      if (a == nullptr || b == nullptr) {
        if (a != b) return false;
        continue;
      }
      if (shape.compares[c](a, b) != 0) return false;
    }
    return true;
  };
  return FirstNotBefore(row + 1, partition_end, row + 1, is_peer);
}

void WindowResult::SetRaw(size_t row, const char* value) {
  const size_t at = At(row);
  if (value == nullptr) {
    vector_.SetNull(at);
  } else if (vector_.physical() == PhysicalType::kVarlen) {
    StringRef string;
    std::memcpy(&string, value, sizeof(string));
    vector_.SetString(at, string.view());
  } else {
    const size_t width = PhysicalWidth(vector_.physical());
    std::memcpy(vector_.RawData() + at * width, value, width);
    vector_.validity().SetValid(at);
  }
}

bool WindowResult::Repeat(size_t row) {
  const size_t at = At(row);
  if (at == 0) return false;
  if (vector_.IsNull(at - 1)) {
    vector_.SetNull(at);
    return true;
  }
  // A long string is shared: it lies in the vector's own heap.
  const size_t width = PhysicalWidth(vector_.physical());
  std::memcpy(vector_.RawData() + at * width, vector_.RawData() + (at - 1) * width, width);
  vector_.validity().SetValid(at);
  return true;
}

}  // namespace helios::exec
