// Rows at rest (docs/formats/rows.md):
//   u8 version, u8 flags, u16 column count n,
//   with a writer: its u32,
//   unless dense: n column ids, u16 or (wide) u32, ascending,
//   ceil(n / 8) bytes of NULL bits,
//   n end offsets, u16 or (wide) u32, into
//   the values: fixed types in their width, others as they are.

#include "types/row_codec.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/codec.h"
#include "types/internal/sink.h"

namespace helios {

namespace {

constexpr uint8_t kRowVersion = 1;
constexpr uint8_t kFlagWide = 1;   // Ids and offsets are 32 bits.
constexpr uint8_t kFlagDense = 2;  // The ids are 1 … n.
constexpr uint8_t kFlagWriter = 4;
constexpr size_t kWriterBytes = 4;
constexpr int32_t kWriterPosition = -2;
constexpr size_t kHeaderBytes = 4;

Status Corrupted() { return Error(ErrorCode::kDataCorrupted).Message("malformed row"); }

uint32_t LoadWidth(const char* from, size_t index, bool wide) {
  return wide ? LoadLittleEndian<uint32_t>(from + index * 4)
              : LoadLittleEndian<uint16_t>(from + index * 2);
}

}  // namespace

// Where the parts of one encoded row lie.
struct RowDecoder::Frame {
  uint32_t column_count = 0;
  uint32_t writer = kFrozenWriter;
  bool wide = false;
  bool dense = false;
  std::string_view ids;
  const uint8_t* nulls = nullptr;
  const char* ends = nullptr;
  std::string_view values;
};

RowEncoder::RowEncoder(std::vector<ColumnId> column_ids) : column_ids_(std::move(column_ids)) {
  HELIOS_CHECK(column_ids_.size() <= UINT16_MAX);
  dense_ = true;
  for (size_t i = 0; i < column_ids_.size(); ++i) {
    HELIOS_CHECK(i == 0 || column_ids_[i] > column_ids_[i - 1]);
    dense_ &= column_ids_[i] == i + 1;
  }
}

void RowEncoder::Begin() {
  nulls_.assign((column_ids_.size() + 7) / 8, '\0');
  ends_.clear();
  values_.clear();
}

void RowEncoder::AddNull(size_t index) {
  nulls_[index >> 3] = static_cast<char>(nulls_[index >> 3] | 1 << (index & 7));
  ends_.push_back(static_cast<uint32_t>(values_.size()));
}

void RowEncoder::AddBytes(std::string_view bytes) {
  values_.append(bytes);
  ends_.push_back(static_cast<uint32_t>(values_.size()));
}

void RowEncoder::Finish(std::string* out) {
  HELIOS_CHECK(ends_.size() == column_ids_.size());
  const bool wide_ids = !dense_ && !column_ids_.empty() && column_ids_.back() > UINT16_MAX;
  const bool wide = wide_ids || values_.size() > UINT16_MAX;
  out->reserve(out->size() + kHeaderBytes + kWriterBytes + values_.size() + nulls_.size() +
               ends_.size() * 8);
  out->push_back(static_cast<char>(kRowVersion));
  out->push_back(static_cast<char>((wide ? kFlagWide : 0) | (dense_ ? kFlagDense : 0) |
                                   (writer_ != 0 ? kFlagWriter : 0)));
  AppendLittleEndian(out, static_cast<uint16_t>(column_ids_.size()));
  if (writer_ != 0) AppendLittleEndian(out, writer_);
  const auto append = [out, wide](uint32_t number) {
    if (wide) {
      AppendLittleEndian(out, number);
    } else {
      AppendLittleEndian(out, static_cast<uint16_t>(number));
    }
  };
  if (!dense_) {
    for (ColumnId id : column_ids_) append(id);
  }
  out->append(nulls_);
  for (uint32_t end : ends_) append(end);
  out->append(values_);
}

void RowEncoder::Encode(std::span<const Vector* const> columns, size_t row, std::string* out) {
  HELIOS_CHECK(columns.size() == column_ids_.size());
  Begin();
  for (size_t i = 0; i < columns.size(); ++i) {
    const Vector& column = *columns[i];
    if (column.IsNull(row)) {
      AddNull(i);
    } else if (column.physical() == PhysicalType::kVarlen) {
      AddBytes(column.View(row));
    } else {
      AddBytes({static_cast<const char*>(RawAt(column, row)), PhysicalWidth(column.physical())});
    }
  }
  Finish(out);
}

void RowEncoder::Encode(const Chunk& chunk, size_t row, std::string* out) {
  std::vector<const Vector*> columns;
  columns.reserve(chunk.column_count());
  for (const Vector& column : chunk.columns()) columns.push_back(&column);
  Encode(columns, row, out);
}

void RowEncoder::Encode(std::span<const Value> values, std::string* out) {
  HELIOS_CHECK(values.size() == column_ids_.size());
  Begin();
  for (size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    if (value.is_null()) {
      AddNull(i);
    } else if (value.physical() == PhysicalType::kVarlen) {
      AddBytes(value.bytes());
    } else {
      const ValueBytes bytes(value);
      AddBytes({static_cast<const char*>(bytes.data()), PhysicalWidth(value.physical())});
    }
  }
  Finish(out);
}

RowDecoder::RowDecoder(std::vector<RowColumn> columns) : columns_(std::move(columns)) {
  slots_.reserve(columns_.size());
  for (const RowColumn& column : columns_) slots_.push_back({.physical = column.physical});
}

Status RowDecoder::Open(std::string_view encoded, Frame* frame) {
  if (encoded.size() < kHeaderBytes) return Corrupted();
  const auto version = static_cast<uint8_t>(encoded[0]);
  if (version != kRowVersion) {
    return Error(ErrorCode::kDataCorrupted)
        .Message("row has format version {}, this program knows {}", version, kRowVersion)
        .Hint("Start a version of HeliosDB at least as new as the one that wrote the data.");
  }
  const auto flags = static_cast<uint8_t>(encoded[1]);
  if ((flags & ~(kFlagWide | kFlagDense | kFlagWriter)) != 0) return Corrupted();
  frame->wide = (flags & kFlagWide) != 0;
  frame->dense = (flags & kFlagDense) != 0;
  frame->column_count = LoadLittleEndian<uint16_t>(encoded.data() + 2);
  const size_t count = frame->column_count;
  const size_t width = frame->wide ? 4 : 2;
  const size_t id_bytes = frame->dense ? 0 : count * width;
  const size_t null_bytes = (count + 7) / 8;
  const bool has_writer = (flags & kFlagWriter) != 0;
  const size_t header_bytes = kHeaderBytes + (has_writer ? kWriterBytes : 0);
  const size_t before_values = header_bytes + id_bytes + null_bytes + count * width;
  if (encoded.size() < before_values) return Corrupted();
  if (has_writer) frame->writer = LoadLittleEndian<uint32_t>(encoded.data() + kHeaderBytes);
  frame->ids = encoded.substr(header_bytes, id_bytes);
  const char* nulls = encoded.data() + header_bytes + id_bytes;
  frame->nulls = reinterpret_cast<const uint8_t*>(nulls);
  frame->ends = nulls + null_bytes;
  frame->values = encoded.substr(before_values);
  return Status::Ok();
}

void RowDecoder::Locate(const Frame& frame) {
  if (has_shape_ && shape_dense_ == frame.dense && shape_column_count_ == frame.column_count &&
      shape_ == frame.ids) {
    return;
  }
  has_shape_ = false;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const ColumnId id = columns_[i].id;
    slots_[i].position = id == kWriterColumnId ? kWriterPosition : -1;
    if (id == kWriterColumnId) continue;
    if (frame.dense) {
      if (id >= 1 && id <= frame.column_count) slots_[i].position = static_cast<int32_t>(id - 1);
      continue;
    }
    uint32_t low = 0;
    uint32_t high = frame.column_count;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (LoadWidth(frame.ids.data(), middle, frame.wide) < id) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low < frame.column_count && LoadWidth(frame.ids.data(), low, frame.wide) == id) {
      slots_[i].position = static_cast<int32_t>(low);
    }
  }
  shape_ = frame.ids;
  shape_column_count_ = frame.column_count;
  shape_dense_ = frame.dense;
  has_shape_ = true;
}

template <bool kWide>
inline bool RowDecoder::DecodeColumn(const Frame& frame, size_t index, Vector* out,
                                     size_t row) const {
  const Slot slot = slots_[index];
  if (slot.position < 0) [[unlikely]] {
    if (slot.position == kWriterPosition) {
      out->Set<uint32_t>(row, frame.writer);
    } else {
      columns_[index].missing_value.Store(out, row);
    }
    return true;
  }
  const auto position = static_cast<size_t>(slot.position);
  if ((frame.nulls[position >> 3] >> (position & 7) & 1) != 0) {
    out->SetNull(row);
    return true;
  }
  const uint32_t begin = position == 0 ? 0 : LoadWidth(frame.ends, position - 1, kWide);
  const uint32_t end = LoadWidth(frame.ends, position, kWide);
  if (begin > end || end > frame.values.size()) [[unlikely]]
    return false;
  const char* bytes = frame.values.data() + begin;
  const size_t size = end - begin;
  const auto store = [&]<size_t kWidth>(std::integral_constant<size_t, kWidth>) {
    if (size != kWidth) [[unlikely]]
      return false;
    std::memcpy(out->RawData() + row * kWidth, bytes, kWidth);
    out->validity().SetValid(row);
    return true;
  };
  switch (slot.physical) {
    case PhysicalType::kBool:
      return store(std::integral_constant<size_t, 1>());
    case PhysicalType::kInt16:
      return store(std::integral_constant<size_t, 2>());
    case PhysicalType::kInt32:
    case PhysicalType::kFloat32:
      return store(std::integral_constant<size_t, 4>());
    case PhysicalType::kInt64:
    case PhysicalType::kFloat64:
      return store(std::integral_constant<size_t, 8>());
    case PhysicalType::kFixed16:
      return store(std::integral_constant<size_t, 16>());
    case PhysicalType::kVarlen:
      break;
  }
  out->SetString(row, {bytes, size});
  return true;
}

// `column(i)`: where column i goes.
template <typename Columns>
Status RowDecoder::DecodeColumns(std::string_view encoded, size_t row, const Columns& column) {
  Frame frame;
  HELIOS_TRY(Open(encoded, &frame));
  Locate(frame);
  bool is_sound = true;
  if (frame.wide) {
    for (size_t i = 0; i < slots_.size(); ++i) {
      is_sound &= DecodeColumn<true>(frame, i, column(i), row);
    }
  } else {
    for (size_t i = 0; i < slots_.size(); ++i) {
      is_sound &= DecodeColumn<false>(frame, i, column(i), row);
    }
  }
  return is_sound ? Status::Ok() : Corrupted();
}

Status RowDecoder::Decode(std::string_view encoded, std::span<Vector* const> out, size_t row) {
  HELIOS_CHECK(out.size() == columns_.size());
  return DecodeColumns(encoded, row, [out](size_t i) { return out[i]; });
}

Status RowDecoder::Decode(std::string_view encoded, Chunk* out, size_t row) {
  HELIOS_CHECK(out->column_count() == columns_.size());
  return DecodeColumns(encoded, row, [out](size_t i) { return &out->column(i); });
}

}  // namespace helios
