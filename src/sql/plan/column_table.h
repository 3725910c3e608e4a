// The columns of a statement while it is planned, by id.
#pragma once

#include <string>
#include <vector>

#include "types/type.h"

namespace helios::sql::plan {

struct ColumnRecord {
  std::string name;
  SqlType type;
  PhysicalType physical = PhysicalType::kInt32;
  Oid table = kInvalidOid;    // A plain column of this table,
  int16_t column_number = 0;  // with this attnum.
};

// Thread safety: none.
class ColumnTable {
 public:
  uint32_t Add(ColumnRecord record) {
    records_.push_back(std::move(record));
    return static_cast<uint32_t>(records_.size() - 1);
  }
  const ColumnRecord& operator[](uint32_t id) const { return records_[id]; }
  ColumnRecord& operator[](uint32_t id) { return records_[id]; }
  size_t size() const { return records_.size(); }

 private:
  std::vector<ColumnRecord> records_;
};

}  // namespace helios::sql::plan
