#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "types/value.h"

namespace helios::hidb {

// Names one ordered key space of a shard: the rows of a table or the entries of an index. It is the
// catalog's storage id (pg_class.relfilenode), so TRUNCATE and rewrites move to a new space and
// leave the old one to be dropped at commit.
using SpaceId = uint32_t;

struct ColumnLayout {
  uint16_t id = 0;  // pg_attribute.attnum: never reused within a table.
  SqlType type;
  PhysicalType physical = PhysicalType::kInt32;
  // What rows written before the column was added show; NULL when absent.
  std::optional<Value> missing;
};

// How the rows of a table lie at rest: key by types/key_codec.h, value by types/row_codec.h
// (docs/formats/). The value holds every column, also those of the key. Within a space no key is a
// prefix of another (both codecs give that). Immutable and shared by every plan that names the
// table's catalog version.
struct TableLayout {
  SpaceId space = 0;
  std::vector<ColumnLayout> columns;  // In attnum order, dropped columns left out.
  // Positions in `columns` of the primary key; empty: rows have a hidden 8-byte row id
  // (StorageService::AllocateRowIds), big-endian, as key.
  std::vector<uint32_t> key_columns;
};

// In a request's list of columns: not a column but the transaction that wrote the row (xid).
inline constexpr uint32_t kWriterColumn = ~uint32_t{0};
// A transaction as rows name it. 0 to 2 have meanings of their own.
inline uint32_t XidOf(TxnId txn) {
  const auto low = static_cast<uint32_t>(txn.value());
  return low < 3 ? low + 3 : low;
}

struct IndexPart {
  SqlType type;
  PhysicalType physical = PhysicalType::kInt32;
  bool descending = false;
  bool nulls_first = false;
  // Position in TableLayout::columns, or -1 for an expression, which compute evaluates.
  int32_t column = -1;
};

// An index entry's key is the encoded parts followed by the row key; its value is the length of the
// parts (varint). A unique index holds at most one live entry per parts without NULL (with
// `nulls_distinct` false: per parts).
struct IndexLayout {
  SpaceId space = 0;
  bool unique = false;
  bool nulls_distinct = true;
  std::vector<IndexPart> parts;
};

}  // namespace helios::hidb
