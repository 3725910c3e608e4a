#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/type.h"
#include "types/vector.h"

namespace helios {

struct TextFormat;

// The most fields that a record can have.
inline constexpr size_t kRecordFieldsMax = 1664;

// Tells an encoded record from an array, which has no such number of dimensions.
inline bool IsRecord(std::string_view bytes) {
  return !bytes.empty() && static_cast<uint8_t>(bytes[0]) == 0xff;
}

// A record (row value) inside kVarlen bytes: u8 0xff, u16 field count, then per field its OID
// (u32), a byte for the physical type (0xff: NULL), and the fixed bytes or a u32 length and bytes.
class RecordBuilder {
 public:
  explicit RecordBuilder(uint16_t field_count);
  // Adds the next field.
  void AddFrom(const Vector& vector, size_t row);
  void AddNull(Oid type);
  // Requires: as many fields added as announced.
  std::string Finish() &&;

 private:
  std::string bytes_;
  uint16_t missing_count_;
};

// Reads fields from front to back.
class RecordReader {
 public:
  struct Field {
    Oid type = kInvalidOid;
    PhysicalType physical = PhysicalType::kInt32;
    bool is_null = true;
    std::string_view bytes;  // The raw fixed bytes, or the varlen value.
  };
  // Requires: bytes of a RecordBuilder. Malformed bytes read as a record without fields.
  explicit RecordReader(std::string_view bytes);
  uint16_t field_count() const { return static_cast<uint16_t>(fields_.size()); }
  const Field& field(size_t index) const { return fields_[index]; }
  // Writes field `index` into a vector of its physical type.
  void Load(size_t index, Vector* out, size_t row) const;

 private:
  std::vector<Field> fields_;
};

// `(1,"a b",)`; wire form: count, then OID, length and bytes a field.
Status FormatRecordText(std::string_view record, const TextFormat& format, std::string* out);
Status FormatRecordBinary(std::string_view record, const TextFormat& format, std::string* out);
// A value of a composite type with all its fields: one that was stored before attributes were added
// gets NULLs for them. The result is `record` or lies in `scratch`.
std::string_view CompleteRecord(std::string_view record, const std::vector<SqlType>& fields,
                                std::string* scratch);
// Input of a composite type needs its fields' types.
Result<std::string> ParseRecordText(const std::vector<SqlType>& fields, std::string_view text,
                                    const TextFormat& format);
Result<std::string> ParseRecordBinary(const std::vector<SqlType>& fields, std::string_view bytes,
                                      const TextFormat& format);
// Field by field; NULL sorts last. Fields of different types sort by type, then a shorter record is
// less.
int CompareRecords(std::string_view left, std::string_view right);
uint64_t HashRecord(std::string_view record);

}  // namespace helios
