// Encoded records: u8 0xff, u16 field count, then per field u32 type, u8 physical type (0xff:
// NULL), and the fixed bytes, or u32 length and bytes.

#include "types/record.h"

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "base/hash.h"
#include "types/compare.h"
#include "types/internal/sink.h"
#include "types/io.h"
#include "types/text.h"

namespace helios {

namespace {

constexpr char kRecordMark = static_cast<char>(0xff);
constexpr uint8_t kNullField = 0xff;

Status MalformedRecord(std::string_view text, std::string_view detail) {
  return Error(ErrorCode::kInvalidTextRepresentation)
      .Message("malformed record literal: \"{}\"", text)
      .Detail("{}", detail);
}

// The field's bytes as they would lie in a vector.
const void* RawField(const RecordReader::Field& field, StringRef* scratch) {
  if (field.physical != PhysicalType::kVarlen) return field.bytes.data();
  *scratch = StringRef(field.bytes);
  return scratch;
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  return std::any_of(text.begin(), text.end(), [](char c) {
    return c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || IsSpace(c);
  });
}

// Reads one field of a record literal up to its comma or closing parenthesis.
Status ScanField(std::string_view text, size_t* at, std::string* out, bool* is_null) {
  *is_null = *at < text.size() && (text[*at] == ',' || text[*at] == ')');
  bool quoted = false;
  for (; *at < text.size(); ++*at) {
    const char c = text[*at];
    if (c == '\\') {
      if (++*at == text.size()) break;
      out->push_back(text[*at]);
    } else if (c == '"') {
      // A doubled quote inside quotes is a quote.
      if (quoted && *at + 1 < text.size() && text[*at + 1] == '"') {
        out->push_back('"');
        ++*at;
      } else {
        quoted = !quoted;
      }
    } else if (!quoted && (c == ',' || c == ')')) {
      return Status::Ok();
    } else {
      out->push_back(c);
    }
  }
  return MalformedRecord(text, "Unexpected end of input.");
}

}  // namespace

RecordBuilder::RecordBuilder(uint16_t field_count) : missing_count_(field_count) {
  bytes_.push_back(kRecordMark);
  AppendLittleEndian(&bytes_, field_count);
}

void RecordBuilder::AddFrom(const Vector& vector, size_t row) {
  if (vector.IsNull(row)) return AddNull(vector.type().oid);
  HELIOS_CHECK(missing_count_ > 0);
  --missing_count_;
  AppendLittleEndian(&bytes_, vector.type().oid);
  bytes_.push_back(static_cast<char>(vector.physical()));
  if (vector.physical() == PhysicalType::kVarlen) {
    const std::string_view bytes = vector.View(row);
    AppendLittleEndian(&bytes_, static_cast<uint32_t>(bytes.size()));
    bytes_.append(bytes);
  } else {
    bytes_.append(static_cast<const char*>(RawAt(vector, row)), PhysicalWidth(vector.physical()));
  }
}

void RecordBuilder::AddNull(Oid type) {
  HELIOS_CHECK(missing_count_ > 0);
  --missing_count_;
  AppendLittleEndian(&bytes_, type);
  bytes_.push_back(static_cast<char>(kNullField));
}

std::string RecordBuilder::Finish() && {
  HELIOS_CHECK(missing_count_ == 0);
  return std::move(bytes_);
}

RecordReader::RecordReader(std::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != kRecordMark) return;
  const uint16_t count = LoadLittleEndian<uint16_t>(bytes.data() + 1);
  bytes.remove_prefix(3);
  for (uint16_t i = 0; i < count; ++i) {
    if (bytes.size() < 5) {
      fields_.clear();
      return;
    }
    Field field;
    field.type = LoadLittleEndian<uint32_t>(bytes.data());
    const auto physical = static_cast<uint8_t>(bytes[4]);
    bytes.remove_prefix(5);
    field.is_null = physical == kNullField;
    field.physical =
        field.is_null ? PhysicalTypeOf(field.type) : static_cast<PhysicalType>(physical);
    if (!field.is_null) {
      if (physical > static_cast<uint8_t>(PhysicalType::kVarlen)) {
        fields_.clear();
        return;
      }
      size_t size = PhysicalWidth(field.physical);
      if (field.physical == PhysicalType::kVarlen) {
        if (bytes.size() < 4) {
          fields_.clear();
          return;
        }
        size = LoadLittleEndian<uint32_t>(bytes.data());
        bytes.remove_prefix(4);
      }
      if (bytes.size() < size) {
        fields_.clear();
        return;
      }
      field.bytes = bytes.substr(0, size);
      bytes.remove_prefix(size);
    }
    fields_.push_back(field);
  }
}

void RecordReader::Load(size_t index, Vector* out, size_t row) const {
  const Field& field = fields_[index];
  if (field.is_null) {
    out->SetNull(row);
  } else if (field.physical == PhysicalType::kVarlen) {
    out->SetString(row, field.bytes);
  } else {
    std::memcpy(out->RawData() + row * field.bytes.size(), field.bytes.data(), field.bytes.size());
    out->validity().SetValid(row);
  }
}

std::string_view CompleteRecord(std::string_view record, const std::vector<SqlType>& fields,
                                std::string* scratch) {
  if (!IsRecord(record)) return record;
  const uint16_t count = LoadLittleEndian<uint16_t>(record.data() + 1);
  if (count >= fields.size()) return record;
  scratch->push_back(kRecordMark);
  AppendLittleEndian<uint16_t>(scratch, static_cast<uint16_t>(fields.size()));
  scratch->append(record.substr(scratch->size()));
  for (size_t index = count; index < fields.size(); ++index) {
    AppendLittleEndian<uint32_t>(scratch, fields[index].oid);
    scratch->push_back(static_cast<char>(kNullField));
  }
  return *scratch;
}

Status FormatRecordText(std::string_view record, const TextFormat& format, std::string* out) {
  const RecordReader reader(record);
  out->push_back('(');
  for (size_t i = 0; i < reader.field_count(); ++i) {
    if (i > 0) out->push_back(',');
    const RecordReader::Field& field = reader.field(i);
    if (field.is_null) continue;
    std::string text;
    StringRef scratch;
    HELIOS_TRY(
        FormatTextRaw({field.type}, field.physical, RawField(field, &scratch), format, &text));
    if (!NeedsQuotes(text)) {
      out->append(text);
      continue;
    }
    out->push_back('"');
    for (char c : text) {
      if (c == '"' || c == '\\') out->push_back(c);
      out->push_back(c);
    }
    out->push_back('"');
  }
  out->push_back(')');
  return Status::Ok();
}

Status FormatRecordBinary(std::string_view record, const TextFormat& format, std::string* out) {
  const RecordReader reader(record);
  AppendBigEndian(out, static_cast<int32_t>(reader.field_count()));
  for (size_t i = 0; i < reader.field_count(); ++i) {
    const RecordReader::Field& field = reader.field(i);
    AppendBigEndian(out, field.type);
    if (field.is_null) {
      AppendBigEndian(out, int32_t{-1});
      continue;
    }
    const size_t length_at = out->size();
    AppendBigEndian(out, int32_t{0});
    StringRef scratch;
    HELIOS_TRY(
        FormatBinaryRaw({field.type}, field.physical, RawField(field, &scratch), format, out));
    StoreBigEndian(out->data() + length_at, static_cast<int32_t>(out->size() - length_at - 4));
  }
  return Status::Ok();
}

Result<std::string> ParseRecordText(const std::vector<SqlType>& fields, std::string_view text,
                                    const TextFormat& format) {
  const std::string_view body = TrimSpaces(text);
  if (body.empty() || body[0] != '(') {
    return MalformedRecord(text, "Missing left parenthesis.");
  }
  HELIOS_CHECK(fields.size() <= kRecordFieldsMax);
  RecordBuilder builder(static_cast<uint16_t>(fields.size()));
  size_t at = 1;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) {
      if (at >= body.size() || body[at] != ',') return MalformedRecord(text, "Too few columns.");
      ++at;
    }
    std::string field_text;
    bool is_null = false;
    HELIOS_TRY(ScanField(body, &at, &field_text, &is_null));
    if (is_null) {
      builder.AddNull(fields[i].oid);
      continue;
    }
    Vector vector(fields[i], PhysicalTypeOf(fields[i].oid, format.lookup));
    HELIOS_TRY(ParseText(fields[i], field_text, format, &vector, 0));
    builder.AddFrom(vector, 0);
  }
  if (fields.empty() && at < body.size() && body[at] != ')') {
    return MalformedRecord(text, "Too many columns.");
  }
  if (at < body.size() && body[at] == ',') return MalformedRecord(text, "Too many columns.");
  if (at >= body.size()) return MalformedRecord(text, "Unexpected end of input.");
  if (at + 1 != body.size()) return MalformedRecord(text, "Junk after right parenthesis.");
  return std::move(builder).Finish();
}

Result<std::string> ParseRecordBinary(const std::vector<SqlType>& fields, std::string_view bytes,
                                      const TextFormat& format) {
  ByteReader reader(bytes);
  HELIOS_TRY(const int32_t count, reader.BigEndian<int32_t>());
  if (count != static_cast<int32_t>(fields.size())) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("wrong number of columns: {}, expected {}", count, fields.size());
  }
  RecordBuilder builder(static_cast<uint16_t>(fields.size()));
  for (const SqlType& field : fields) {
    HELIOS_TRY(const Oid oid, reader.BigEndian<Oid>());
    HELIOS_TRY(const int32_t length, reader.BigEndian<int32_t>());
    if (oid != field.oid) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("binary data has type {} ({}) instead of expected {} ({})", oid,
                   FormatType({oid}, format.lookup), field.oid, FormatType(field, format.lookup));
    }
    if (length == -1) {
      builder.AddNull(field.oid);
      continue;
    }
    if (length < 0) {
      return Error(ErrorCode::kInvalidBinaryRepresentation).Message("invalid field size");
    }
    HELIOS_TRY(const std::string_view field_bytes, reader.Bytes(static_cast<size_t>(length)));
    Vector vector(field, PhysicalTypeOf(field.oid, format.lookup));
    HELIOS_TRY(ParseBinary(field, field_bytes, format, &vector, 0));
    builder.AddFrom(vector, 0);
  }
  return std::move(builder).Finish();
}

int CompareRecords(std::string_view left_bytes, std::string_view right_bytes) {
  const RecordReader left(left_bytes);
  const RecordReader right(right_bytes);
  const size_t common = std::min(left.field_count(), right.field_count());
  for (size_t i = 0; i < common; ++i) {
    const RecordReader::Field& a = left.field(i);
    const RecordReader::Field& b = right.field(i);
    if (a.is_null != b.is_null) return a.is_null ? 1 : -1;
    if (a.is_null) continue;
    const CompareFunction compare = CompareFunctionOf(a.type, a.physical);
    if (compare != CompareFunctionOf(b.type, b.physical)) return a.type < b.type ? -1 : 1;
    if (compare == nullptr) continue;
    StringRef a_scratch;
    StringRef b_scratch;
    const int order = compare(RawField(a, &a_scratch), RawField(b, &b_scratch));
    if (order != 0) return order;
  }
  return static_cast<int>(left.field_count()) - static_cast<int>(right.field_count());
}

uint64_t HashRecord(std::string_view record) {
  const RecordReader reader(record);
  uint64_t result = HashInt(reader.field_count());
  for (size_t i = 0; i < reader.field_count(); ++i) {
    const RecordReader::Field& field = reader.field(i);
    uint64_t one = kNullHash;
    if (!field.is_null) {
      StringRef scratch;
      one = HashFunctionOf(field.type, field.physical)(RawField(field, &scratch));
    }
    result = HashCombine(result, one);
  }
  return result;
}

}  // namespace helios
