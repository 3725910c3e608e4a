#include "compute/internal/chunk_copy.h"

namespace helios::compute {

Chunk CopyRows(const Chunk& chunk) {
  Chunk copy;
  for (const Vector& column : chunk.columns()) {
    Vector values(column.type(), column.physical());
    for (size_t row = 0; row < chunk.row_count(); ++row) values.CopyFrom(row, column, row);
    copy.AddColumn(std::move(values));
  }
  copy.SetRowCount(chunk.row_count());
  return copy;
}

}  // namespace helios::compute
