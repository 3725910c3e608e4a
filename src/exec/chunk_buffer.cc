#include "exec/chunk_buffer.h"

#include "base/codec.h"

namespace helios::exec {
namespace {

Status Corrupted() { return Error(ErrorCode::kDataCorrupted).Message("a spill file is damaged"); }

void SerializeVector(const Vector& vector, size_t row_count, std::string* out) {
  AppendLittleEndian<uint32_t>(out, vector.type().oid);
  AppendLittleEndian<int32_t>(out, vector.type().typmod);
  out->push_back(static_cast<char>(vector.physical()));
  out->push_back(vector.is_constant() ? 1 : 0);
  const size_t rows = vector.is_constant() ? 1 : row_count;
  const size_t nulls_at = out->size();
  out->append((rows + 7) / 8, '\0');
  for (size_t row = 0; row < rows; ++row) {
    if (vector.IsNull(row)) (*out)[nulls_at + row / 8] |= static_cast<char>(1 << (row & 7));
  }
  const size_t width = PhysicalWidth(vector.physical());
  if (vector.physical() != PhysicalType::kVarlen) {
    if (vector.kind() == VectorKind::kFlat) {
      out->append(vector.RawData(), rows * width);
      return;
    }
    for (size_t row = 0; row < rows; ++row) {
      out->append(vector.RawData() + vector.Position(row) * width, width);
    }
    return;
  }
  for (size_t row = 0; row < rows; ++row) {
    if (vector.IsNull(row)) continue;
    AppendLengthPrefixed(out, vector.View(row));
  }
}

Status DeserializeVector(ByteReader& reader, size_t row_count, Vector* out) {
  HELIOS_TRY(uint32_t oid, reader.LittleEndian<uint32_t>());
  HELIOS_TRY(int32_t typmod, reader.LittleEndian<int32_t>());
  HELIOS_TRY(uint8_t physical, reader.LittleEndian<uint8_t>());
  HELIOS_TRY(uint8_t constant, reader.LittleEndian<uint8_t>());
  if (physical > static_cast<uint8_t>(PhysicalType::kVarlen)) return Corrupted();
  const auto type = static_cast<PhysicalType>(physical);
  *out = Vector({oid, typmod}, type);
  const size_t rows = constant != 0 ? 1 : row_count;
  HELIOS_TRY(std::string_view nulls, reader.Bytes((rows + 7) / 8));
  auto is_null = [&](size_t row) {
    return (static_cast<uint8_t>(nulls[row / 8]) >> (row & 7) & 1) != 0;
  };
  const size_t width = PhysicalWidth(type);
  if (type != PhysicalType::kVarlen) {
    HELIOS_TRY(std::string_view data, reader.Bytes(rows * width));
    std::memcpy(out->RawData(), data.data(), data.size());
    for (size_t row = 0; row < rows; ++row) {
      if (is_null(row)) out->SetNull(row);
    }
  } else {
    for (size_t row = 0; row < rows; ++row) {
      if (is_null(row)) {
        out->SetNull(row);
        continue;
      }
      HELIOS_TRY(std::string_view value, reader.LengthPrefixed());
      out->SetString(row, value);
    }
  }
  if (constant != 0) out->MakeConstant();
  return Status::Ok();
}

}  // namespace

void SerializeChunk(const Chunk& chunk, std::string* out) {
  AppendLittleEndian<uint32_t>(out, static_cast<uint32_t>(chunk.row_count()));
  AppendLittleEndian<uint32_t>(out, static_cast<uint32_t>(chunk.column_count()));
  for (const Vector& column : chunk.columns()) SerializeVector(column, chunk.row_count(), out);
}

Status DeserializeChunk(std::string_view bytes, Chunk* out) {
  ByteReader reader(bytes);
  HELIOS_TRY(uint32_t row_count, reader.LittleEndian<uint32_t>());
  HELIOS_TRY(uint32_t column_count, reader.LittleEndian<uint32_t>());
  if (row_count > kVectorRowsMax || column_count > bytes.size()) return Corrupted();
  *out = Chunk();
  for (uint32_t i = 0; i < column_count; ++i) {
    Vector column;
    HELIOS_TRY(DeserializeVector(reader, row_count, &column));
    out->AddColumn(std::move(column));
  }
  out->SetRowCount(row_count);
  return Status::Ok();
}

Vector CopyVector(const Vector& from, const SelectionIndex* selection, size_t count) {
  Vector out(from.type(), from.physical());
  const size_t width = PhysicalWidth(from.physical());
  const bool varlen = from.physical() == PhysicalType::kVarlen;
  const bool all_valid = from.validity().AllValid();
  char* to = out.RawData();
  if (!varlen && all_valid && selection == nullptr && from.kind() == VectorKind::kFlat) {
    std::memcpy(to, from.RawData(), count * width);
    return out;
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t position = from.Position(selection == nullptr ? i : selection[i]);
    if (!all_valid && !from.validity().IsValid(position)) {
      std::memset(to + i * width, 0, width);
      out.SetNull(i);
    } else if (varlen) {
      const StringRef& value = from.Data<StringRef>()[position];
      out.Data<StringRef>()[i] = value.is_inline() ? value : out.StoreString(value.view());
    } else {
      std::memcpy(to + i * width, from.RawData() + position * width, width);
    }
  }
  return out;
}

Chunk CopyChunk(const Chunk& from) {
  Chunk out;
  for (const Vector& column : from.columns()) {
    out.AddColumn(CopyVector(column, nullptr, from.row_count()));
  }
  out.SetRowCount(from.row_count());
  return out;
}

ChunkBuffer::ChunkBuffer(MemoryTracker* tracker, SpillArea* spill, size_t memory_bytes)
    : tracker_(tracker), spill_(spill), memory_bytes_(memory_bytes), reservation_(tracker) {}

Status ChunkBuffer::Append(const Chunk& chunk) {
  size_t first = 0;
  while (first < chunk.row_count()) {
    if (chunks_.empty() || chunks_.back().row_count() == kVectorRowsMax) {
      size_t bytes = sizeof(Chunk);
      for (const Vector& column : chunk.columns()) {
        bytes += kVectorRowsMax * PhysicalWidth(column.physical()) + sizeof(Vector);
      }
      // Room is left for the long strings of a chunk, and for what others hold beside the buffer.
      const size_t room = std::max(bytes + last_string_bytes_, bytes_ / 8);
      const bool over = bytes_ + bytes > memory_bytes_ || tracker_->WouldExceed(room);
      if (over && spill_ != nullptr) HELIOS_TRY(SpillFull());
      HELIOS_TRY(reservation_.Resize(bytes_ + bytes));
      bytes_ += bytes;
      last_string_bytes_ = 0;
      chunks_.push_back(EmptyLike(chunk));
    }
    const size_t from = first;
    first = AppendRows(chunk, first, kVectorRowsMax, &chunks_.back());
    HELIOS_TRY(CountStrings(chunk, from, first));
  }
  row_count_ += chunk.row_count();
  return Status::Ok();
}

// Counts the long strings of rows [first, last), which were copied to the last chunk.
Status ChunkBuffer::CountStrings(const Chunk& chunk, size_t first, size_t last) {
  size_t bytes = 0;
  for (const Vector& column : chunk.columns()) {
    if (column.physical() != PhysicalType::kVarlen) continue;
    for (size_t row = first; row < last; ++row) {
      if (column.IsNull(row)) continue;
      const StringRef& value = column.At<StringRef>(row);
      if (!value.is_inline()) bytes += value.size();
    }
  }
  if (bytes == 0) return Status::Ok();
  last_string_bytes_ += bytes;
  const bool over =
      bytes_ + bytes > memory_bytes_ || tracker_->WouldExceed(std::max(bytes, bytes_ / 8));
  bytes_ += bytes;
  if (over && spill_ != nullptr && chunks_.back().row_count() == kVectorRowsMax) return SpillFull();
  Status counted = reservation_.Resize(bytes_);
  if (counted.ok() || spill_ == nullptr || chunks_.size() == 1) return counted;
  // The last chunk is still growing: all others make room for it.
  Chunk growing = std::move(chunks_.back());
  chunks_.pop_back();
  HELIOS_TRY(SpillFull());
  bytes_ = growing.ApproximateBytes();
  chunks_.push_back(std::move(growing));
  return reservation_.Resize(bytes_);
}

Status ChunkBuffer::SpillFull() {
  if (chunks_.empty()) return Status::Ok();
  if (file_ == nullptr) {
    HELIOS_TRY(file_, spill_->Create());
  }
  std::string bytes;
  for (const Chunk& chunk : chunks_) {
    bytes.clear();
    SerializeChunk(chunk, &bytes);
    spilled_.push_back({file_->size(), bytes.size()});
    HELIOS_TRY(file_->Append(bytes));
  }
  chunks_.clear();
  bytes_ = 0;
  reservation_.ReleaseAll();
  return Status::Ok();
}

Status ChunkBuffer::Read(Cursor* cursor, Chunk* out) {
  *out = Chunk();
  if (cursor->chunk >= spilled_.size() + chunks_.size()) return Status::Ok();
  if (cursor->chunk < spilled_.size()) {
    std::string bytes;
    const Extent& extent = spilled_[cursor->chunk];
    HELIOS_TRY(file_->Read(extent.offset, extent.bytes, &bytes));
    HELIOS_TRY(DeserializeChunk(bytes, out));
  } else {
    *out = chunks_[cursor->chunk - spilled_.size()];
  }
  const size_t rows = out->row_count();
  if (cursor->row >= rows) {
    *out = Chunk();
    if (rows < kVectorRowsMax) return Status::Ok();  // The last one, still growing.
    *cursor = {cursor->chunk + 1, 0};
    return Read(cursor, out);
  }
  if (cursor->row > 0) *out = SliceRows(*out, cursor->row, rows - cursor->row);
  if (rows < kVectorRowsMax) {
    cursor->row = rows;
  } else {
    *cursor = {cursor->chunk + 1, 0};
  }
  return Status::Ok();
}

void ChunkBuffer::Clear() {
  chunks_.clear();
  spilled_.clear();
  file_.reset();
  bytes_ = 0;
  row_count_ = 0;
  reservation_.ReleaseAll();
}

Chunk SliceRows(const Chunk& chunk, size_t first, size_t count) {
  auto selection = std::make_shared<Selection>(count);
  for (size_t i = 0; i < count; ++i) (*selection)[i] = static_cast<SelectionIndex>(first + i);
  Chunk out = chunk;
  out.Slice(std::move(selection));
  return out;
}

Chunk EmptyLike(const Chunk& like) {
  Chunk out;
  for (const Vector& column : like.columns())
    out.AddColumn(Vector(column.type(), column.physical()));
  return out;
}

size_t AppendRows(const Chunk& from, size_t first, size_t rows_max, Chunk* to) {
  const size_t at = to->row_count();
  const size_t count = std::min(rows_max - at, from.row_count() - first);
  for (size_t i = 0; i < to->column_count(); ++i) {
    Vector& target = to->column(i);
    const Vector& source = from.column(i);
    if (source.kind() == VectorKind::kFlat && source.physical() != PhysicalType::kVarlen &&
        source.validity().AllValid() && target.validity().AllValid()) {
      const size_t width = PhysicalWidth(source.physical());
      std::memcpy(target.RawData() + at * width, source.RawData() + first * width, count * width);
      continue;
    }
    for (size_t row = 0; row < count; ++row) target.CopyFrom(at + row, source, first + row);
  }
  to->SetRowCount(at + count);
  return first + count;
}

size_t ChunkBuilder::Append(const Chunk& chunk, size_t first) {
  if (chunk_.column_count() == 0) chunk_ = EmptyLike(chunk);
  return AppendRows(chunk, first, rows_max_, &chunk_);
}

Chunk ChunkBuilder::Take() {
  Chunk result = std::move(chunk_);
  chunk_ = Chunk();
  return result;
}

}  // namespace helios::exec
