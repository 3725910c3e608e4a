#include "protocol/pg/row_encoder.h"

#include <charconv>
#include <vector>

#include "base/codec.h"
#include "protocol/pg/messages.h"

namespace helios::protocol::pg {
namespace {

// How one column is written. The common ones are written here; kText and kBinary ask the type.
enum class Way : uint8_t {
  kBytes,  // Text-like types: both formats are the bytes themselves.
  kBoolText,
  kInt16Text,
  kInt32Text,
  kInt64Text,
  kInt16Binary,
  kInt32Binary,
  kInt64Binary,
  kText,
  kBinary,
};

struct Column {
  const Vector* vector;
  Way way;
};

Way ChooseWay(const Vector& vector, bool binary) {
  switch (vector.type().oid) {
    case type_oid::kText:
    case type_oid::kVarchar:
    case type_oid::kName:
    case type_oid::kUnknown:
    case type_oid::kJson:
      if (vector.physical() == PhysicalType::kVarlen) return Way::kBytes;
      break;
    case type_oid::kBool:
      return binary ? Way::kBinary : Way::kBoolText;
    case type_oid::kInt2:
      return binary ? Way::kInt16Binary : Way::kInt16Text;
    case type_oid::kInt4:
      return binary ? Way::kInt32Binary : Way::kInt32Text;
    case type_oid::kInt8:
      return binary ? Way::kInt64Binary : Way::kInt64Text;
    default:
      break;
  }
  return binary ? Way::kBinary : Way::kText;
}

template <typename T>
void AppendDecimal(T value, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  const auto length = static_cast<uint32_t>(end - digits);
  AppendBigEndian(out, length);
  out->append(digits, length);
}

template <typename T>
void AppendFixed(T value, std::string* out) {
  char bytes[4 + sizeof(T)];
  StoreBigEndian<uint32_t>(bytes, sizeof(T));
  StoreBigEndian(bytes + 4, value);
  out->append(bytes, sizeof(bytes));
}

Status AppendByType(const Column& column, size_t row, const TextFormat& format, std::string* out) {
  const size_t length_at = out->size();
  out->append(4, '\0');
  HELIOS_TRY(column.way == Way::kText ? FormatText(*column.vector, row, format, out)
                                      : FormatBinary(*column.vector, row, format, out));
  StoreBigEndian(out->data() + length_at, static_cast<uint32_t>(out->size() - length_at - 4));
  return Status::Ok();
}

Status AppendValue(const Column& column, size_t row, const TextFormat& format, std::string* out) {
  const Vector& vector = *column.vector;
  if (vector.IsNull(row)) {
    out->append(4, '\xff');
    return Status::Ok();
  }
  switch (column.way) {
    case Way::kBytes: {
      // By reference: short strings lie in the vector itself.
      const std::string_view bytes = vector.At<StringRef>(row).view();
      AppendBigEndian(out, static_cast<uint32_t>(bytes.size()));
      out->append(bytes);
      return Status::Ok();
    }
    case Way::kBoolText: {
      const char bytes[5] = {0, 0, 0, 1, vector.At<uint8_t>(row) != 0 ? 't' : 'f'};
      out->append(bytes, 5);
      return Status::Ok();
    }
    case Way::kInt16Text:
      AppendDecimal(vector.At<int16_t>(row), out);
      return Status::Ok();
    case Way::kInt32Text:
      AppendDecimal(vector.At<int32_t>(row), out);
      return Status::Ok();
    case Way::kInt64Text:
      AppendDecimal(vector.At<int64_t>(row), out);
      return Status::Ok();
    case Way::kInt16Binary:
      AppendFixed(vector.At<int16_t>(row), out);
      return Status::Ok();
    case Way::kInt32Binary:
      AppendFixed(vector.At<int32_t>(row), out);
      return Status::Ok();
    case Way::kInt64Binary:
      AppendFixed(vector.At<int64_t>(row), out);
      return Status::Ok();
    case Way::kText:
    case Way::kBinary:
      return AppendByType(column, row, format, out);
  }
  return Status::Ok();
}

}  // namespace

Status SendDataRows(const Chunk& rows, std::span<const int16_t> formats, const TextFormat& format,
                    Channel& channel) {
  std::vector<Column> columns;
  columns.reserve(rows.column_count());
  for (size_t i = 0; i < rows.column_count(); ++i) {
    const bool binary = !formats.empty() && formats[formats.size() == 1 ? 0 : i] ==
                                                static_cast<int16_t>(Format::kBinary);
    columns.push_back({&rows.column(i), ChooseWay(rows.column(i), binary)});
  }
  for (size_t row = 0; row < rows.row_count(); ++row) {
    std::string& out = channel.out();
    const size_t start = out.size();
    Status status;
    {
      const MessageScope scope(&out, 'D');
      AppendBigEndian(&out, static_cast<uint16_t>(columns.size()));
      for (const Column& column : columns) {
        status = AppendValue(column, row, format, &out);
        if (!status.ok()) break;
      }
    }
    if (status.ok() && out.size() - start > kLargeMessageBytesMax) {
      status = Error(ErrorCode::kProgramLimitExceeded).Message("row is too large to be sent");
    }
    if (!status.ok()) {
      out.resize(start);
      return status;
    }
    HELIOS_TRY(channel.FlushIfLarge());
  }
  return Status::Ok();
}

}  // namespace helios::protocol::pg
