#include "exec/internal/write/table_writer.h"
#include "types/io.h"
#include "types/text.h"

namespace helios::exec {
namespace {

// Bytes of one value that an error's detail shows.
constexpr size_t kShownBytesMax = 64;

std::string TextOf(const Vector& column, size_t row, const TextFormat& format) {
  if (column.IsNull(row)) return "null";
  std::string text;
  if (!FormatText(column, row, format, &text).ok()) text = "?";
  return text;
}

// Cut at a character's end.
std::string Shorten(std::string text) {
  if (text.size() <= kShownBytesMax) return text;
  size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace

std::string DescribeRow(const Chunk& rows, size_t row, const TextFormat& format) {
  std::string text = "(";
  for (size_t i = 0; i < rows.column_count(); ++i) {
    if (i > 0) text += ", ";
    text += Shorten(TextOf(rows.column(i), row, format));
  }
  return text + ")";
}

std::string DescribeValues(const Chunk& rows, const std::vector<uint32_t>& columns, size_t row,
                           const TextFormat& format) {
  std::string text = "(";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) text += ", ";
    text += TextOf(rows.column(columns[i]), row, format);
  }
  return text + ")";
}

std::string DescribeNames(const plan::WriteTarget& target, const std::vector<uint32_t>& columns) {
  std::string text = "(";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) text += ", ";
    text += target.column_names[columns[i]];
  }
  return text + ")";
}

Status NotNullViolation(const plan::WriteTarget& target, uint32_t column, const Chunk& rows,
                        size_t row, const TextFormat& format) {
  return Error(ErrorCode::kNotNullViolation)
      .Message("null value in column \"{}\" of relation \"{}\" violates not-null constraint",
               target.column_names[column], target.table_name)
      .Detail("Failing row contains {}.", DescribeRow(rows, row, format))
      .Schema(target.schema_name)
      .Table(target.table_name)
      .Column(target.column_names[column]);
}

Status CheckViolation(const plan::WriteTarget& target, const plan::CheckTarget& check,
                      const Chunk& rows, size_t row, const TextFormat& format) {
  return Error(ErrorCode::kCheckViolation)
      .Message("new row for relation \"{}\" violates check constraint \"{}\"", target.table_name,
               check.name)
      .Detail("Failing row contains {}.", DescribeRow(rows, row, format))
      .Schema(target.schema_name)
      .Table(target.table_name)
      .Constraint(check.name);
}

Status PrimaryKeyViolation(const plan::WriteTarget& target, const Chunk& rows, size_t row,
                           const TextFormat& format) {
  const std::vector<uint32_t>& columns = target.layout->key_columns;
  return Error(ErrorCode::kUniqueViolation)
      .Message("duplicate key value violates unique constraint \"{}\"", target.primary_key_name)
      .Detail("Key {}={} already exists.", DescribeNames(target, columns),
              DescribeValues(rows, columns, row, format))
      .Schema(target.schema_name)
      .Table(target.table_name)
      .Constraint(target.primary_key_name);
}

Status UniqueViolation(const plan::WriteTarget& target, const plan::IndexTarget& index,
                       const Chunk& values, size_t row, const TextFormat& format) {
  std::string names = "(";
  std::string texts = "(";
  for (size_t i = 0; i < index.layout->parts.size(); ++i) {
    if (i > 0) {
      names += ", ";
      texts += ", ";
    }
    const int32_t column = index.layout->parts[i].column;
    names += column >= 0 ? target.column_names[static_cast<size_t>(column)]
                         : expr::ToString(*index.parts[i]);
    texts += TextOf(values.column(i), row, format);
  }
  return Error(ErrorCode::kUniqueViolation)
      .Message("duplicate key value violates unique constraint \"{}\"", index.name)
      .Detail("Key {})={}) already exists.", names, texts)
      .Schema(target.schema_name)
      .Table(target.table_name)
      .Constraint(index.name);
}

Status ConcurrentChange(bool deleted) {
  return Error(ErrorCode::kSerializationFailure)
      .Message("could not serialize access due to concurrent {}", deleted ? "delete" : "update");
}

}  // namespace helios::exec
