#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/type.h"
#include "types/value.h"
#include "types/vector.h"

namespace helios {

// A row at rest (docs/formats/rows.md): values by column id, with offsets, so that columns come and
// go without rewriting rows and one column decodes without the others.
using ColumnId = uint32_t;  // From 1; never reused in a table.
// For decoders: not a column but the transaction that wrote the row (xid); kFrozenWriter where the
// row does not say.
inline constexpr ColumnId kWriterColumnId = ~ColumnId{0};
inline constexpr uint32_t kFrozenWriter = 2;

// Encodes rows of one shape.
//
// Thread safety: none; each thread has its own.
class RowEncoder {
 public:
  // Requires: ids ascending, without duplicates.
  explicit RowEncoder(std::vector<ColumnId> column_ids);
  // Notes this transaction in the rows from now on; 0: none.
  void set_writer(uint32_t writer) { writer_ = writer; }

  // Appends the encoding of row `row` of `columns`, in the order of the ids.
  void Encode(std::span<const Vector* const> columns, size_t row, std::string* out);
  void Encode(const Chunk& chunk, size_t row, std::string* out);
  void Encode(std::span<const Value> values, std::string* out);

 private:
  void Begin();
  void AddNull(size_t index);
  void AddBytes(std::string_view bytes);
  void Finish(std::string* out);

  std::vector<ColumnId> column_ids_;
  bool dense_;  // The ids are 1 … n and are not written.
  uint32_t writer_ = 0;
  std::string nulls_;
  std::vector<uint32_t> ends_;
  std::string values_;
};

// A column that a scan wants.
struct RowColumn {
  ColumnId id = 0;
  SqlType type;
  PhysicalType physical = PhysicalType::kInt32;
  // Shown for rows that were written before the column was added. NULL if not set.
  Value missing_value;
};

// Decodes chosen columns of many rows into vectors.
//
// Thread safety: none (it remembers the last row's shape); each thread has its own.
class RowDecoder {
 public:
  explicit RowDecoder(std::vector<RowColumn> columns);

  const std::vector<RowColumn>& columns() const { return columns_; }
  // Writes column i of the row into row `row` of `out[i]`, flat vectors of the columns' types. Long
  // strings are copied into the vectors' heaps. kDataCorrupted on malformed bytes or a newer
  // version.
  Status Decode(std::string_view encoded, std::span<Vector* const> out, size_t row);
  Status Decode(std::string_view encoded, Chunk* out, size_t row);

 private:
  struct Frame;
  static Status Open(std::string_view encoded, Frame* frame);
  void Locate(const Frame& frame);
  // False: malformed.
  template <bool kWide>
  bool DecodeColumn(const Frame& frame, size_t index, Vector* out, size_t row) const;
  template <typename Columns>
  Status DecodeColumns(std::string_view encoded, size_t row, const Columns& column);

  std::vector<RowColumn> columns_;
  std::string shape_;  // Ids of the last row, to reuse the slots' positions.
  uint32_t shape_column_count_ = 0;
  bool shape_dense_ = false;
  bool has_shape_ = false;
  // What decoding needs of each wanted column, close together.
  struct Slot {
    int32_t position = -1;  // In the row; -1: the row has none.
    PhysicalType physical = PhysicalType::kVarlen;
  };
  std::vector<Slot> slots_;
};

}  // namespace helios
