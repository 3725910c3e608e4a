// Encoded arrays (docs/formats/rows.md):
//   u8 dimension count, u8 flags (1: has NULLs), u8 physical type, u8 zero, u32 element type,
//   per dimension i32 length and i32 lower bound,
//   if there are NULLs a bit an element (1: NULL), padded to bytes,
//   fixed types: every element in its width, NULLs zero;
//   others: u32 end offset an element, then the bytes.

#include "types/array.h"

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "base/hash.h"
#include "types/compare.h"
#include "types/internal/sink.h"
#include "types/record.h"

namespace helios {

namespace {

constexpr uint8_t kFlagNulls = 1;

}  // namespace

ArrayReader::ArrayReader(std::string_view bytes) { HELIOS_CHECK(Init(bytes).ok()); }

Result<ArrayReader> ArrayReader::Open(std::string_view bytes) {
  ArrayReader reader;
  HELIOS_TRY(reader.Init(bytes));
  return reader;
}

Status ArrayReader::Init(std::string_view bytes) {
  const auto malformed = [] {
    return Error(ErrorCode::kDataCorrupted).Message("malformed array value").ToStatus();
  };
  if (bytes.size() < 8) return malformed();
  base_ = bytes.data();
  dimension_count_ = static_cast<uint8_t>(bytes[0]);
  const auto flags = static_cast<uint8_t>(bytes[1]);
  const auto physical = static_cast<uint8_t>(bytes[2]);
  if (dimension_count_ > kArrayDimensionsMax || flags > kFlagNulls ||
      physical > static_cast<uint8_t>(PhysicalType::kVarlen)) {
    return malformed();
  }
  physical_ = static_cast<PhysicalType>(physical);
  std::memcpy(&element_type_, bytes.data() + 4, 4);
  size_t at = 8 + 8 * static_cast<size_t>(dimension_count_);
  if (bytes.size() < at) return malformed();
  uint64_t count = dimension_count_ == 0 ? 0 : 1;
  for (int32_t i = 0; i < dimension_count_; ++i) {
    if (dimension(i) <= 0) return malformed();
    count *= static_cast<uint64_t>(dimension(i));
    if (count > static_cast<uint64_t>(kArrayElementsMax)) return malformed();
  }
  count_ = static_cast<uint32_t>(count);
  if ((flags & kFlagNulls) != 0) {
    if (bytes.size() - at < (count_ + 7) / 8) return malformed();
    nulls_ = reinterpret_cast<const uint8_t*>(bytes.data() + at);
    at += (count_ + 7) / 8;
  }
  const size_t left = bytes.size() - at;
  if (physical_ != PhysicalType::kVarlen) {
    values_ = bytes.data() + at;
    return left == size_t{count_} * PhysicalWidth(physical_) ? Status::Ok() : malformed();
  }
  if (left < size_t{count_} * 4) return malformed();
  ends_ = bytes.data() + at;
  values_ = ends_ + size_t{count_} * 4;
  uint32_t previous = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    const uint32_t end = LoadLittleEndian<uint32_t>(ends_ + size_t{i} * 4);
    if (end < previous) return malformed();
    previous = end;
  }
  return left - size_t{count_} * 4 == previous ? Status::Ok() : malformed();
}

std::string_view ArrayReader::Bytes(uint32_t index) const {
  const uint32_t begin = index == 0 ? 0 : LoadLittleEndian<uint32_t>(ends_ + size_t{index - 1} * 4);
  const uint32_t end = LoadLittleEndian<uint32_t>(ends_ + size_t{index} * 4);
  return {values_ + begin, end - begin};
}

int64_t ArrayReader::IndexOf(const int32_t* subscripts) const {
  int64_t index = 0;
  for (int32_t i = 0; i < dimension_count_; ++i) {
    const int64_t offset = int64_t{subscripts[i]} - lower_bound(i);
    if (offset < 0 || offset >= dimension(i)) return -1;
    index = index * dimension(i) + offset;
  }
  return dimension_count_ == 0 ? -1 : index;
}

void ArrayReader::Load(uint32_t index, Vector* out, size_t row) const {
  if (IsNull(index)) {
    out->SetNull(row);
  } else if (physical_ == PhysicalType::kVarlen) {
    out->SetString(row, Bytes(index));
  } else {
    const size_t width = PhysicalWidth(physical_);
    std::memcpy(out->RawData() + row * width, RawFixed(index), width);
    out->validity().SetValid(row);
  }
}

void ArrayBuilder::AddRaw(const void* value) {
  values_.append(static_cast<const char*>(value), PhysicalWidth(physical_));
  nulls_.push_back(false);
  ++count_;
}

void ArrayBuilder::AddNull() {
  if (physical_ == PhysicalType::kVarlen) {
    ends_.push_back(static_cast<uint32_t>(values_.size()));
  } else {
    values_.append(PhysicalWidth(physical_), '\0');
  }
  nulls_.push_back(true);
  has_nulls_ = true;
  ++count_;
}

void ArrayBuilder::AddBytes(std::string_view bytes) {
  HELIOS_DCHECK(physical_ == PhysicalType::kVarlen);
  values_.append(bytes);
  ends_.push_back(static_cast<uint32_t>(values_.size()));
  nulls_.push_back(false);
  ++count_;
}

void ArrayBuilder::AddFrom(const Vector& vector, size_t row) {
  HELIOS_DCHECK(vector.physical() == physical_);
  if (vector.IsNull(row)) {
    AddNull();
  } else if (physical_ == PhysicalType::kVarlen) {
    AddBytes(vector.View(row));
  } else {
    AddRaw(RawAt(vector, row));
  }
}

void ArrayBuilder::AddFrom(const ArrayReader& array, uint32_t index) {
  HELIOS_DCHECK(array.element_physical() == physical_);
  if (array.IsNull(index)) {
    AddNull();
  } else if (physical_ == PhysicalType::kVarlen) {
    AddBytes(array.Bytes(index));
  } else {
    AddRaw(array.RawFixed(index));
  }
}

void ArrayBuilder::AddValue(const Value& value) {
  if (value.is_null()) {
    AddNull();
  } else if (physical_ == PhysicalType::kVarlen) {
    AddBytes(value.bytes());
  } else {
    const ValueBytes bytes(value);
    AddRaw(bytes.data());
  }
}

std::string ArrayBuilder::Finish() const {
  if (count_ == 0) return Finish({}, {});
  return Finish({static_cast<int32_t>(count_)}, {1});
}

std::string ArrayBuilder::Finish(const std::vector<int32_t>& dimensions,
                                 const std::vector<int32_t>& lower_bounds) const {
  HELIOS_DCHECK(dimensions.size() == lower_bounds.size());
  if (count_ == 0 && !dimensions.empty()) return Finish({}, {});  // Empty has no dimensions.
  std::string out;
  out.push_back(static_cast<char>(dimensions.size()));
  out.push_back(static_cast<char>(has_nulls_ ? kFlagNulls : 0));
  out.push_back(static_cast<char>(physical_));
  out.push_back('\0');
  AppendLittleEndian(&out, element_type_);
  for (size_t i = 0; i < dimensions.size(); ++i) {
    AppendLittleEndian(&out, dimensions[i]);
    AppendLittleEndian(&out, lower_bounds[i]);
  }
  if (has_nulls_) {
    std::string bits((count_ + 7) / 8, '\0');
    for (uint32_t i = 0; i < count_; ++i) {
      if (nulls_[i]) bits[i >> 3] = static_cast<char>(bits[i >> 3] | 1 << (i & 7));
    }
    out.append(bits);
  }
  for (uint32_t end : ends_) AppendLittleEndian(&out, end);
  out.append(values_);
  return out;
}

namespace {

// NULL is above every value, as btree's array order has it.
int CompareElements(CompareFunction compare, const ArrayReader& left, const ArrayReader& right,
                    uint32_t index) {
  const bool left_null = left.IsNull(index);
  const bool right_null = right.IsNull(index);
  if (left_null || right_null) return static_cast<int>(left_null) - static_cast<int>(right_null);
  if (left.element_physical() == PhysicalType::kVarlen) {
    const StringRef a(left.Bytes(index));
    const StringRef b(right.Bytes(index));
    return compare(&a, &b);
  }
  return compare(left.RawFixed(index), right.RawFixed(index));
}

int CompareInts(int64_t left, int64_t right) { return left < right ? -1 : (left > right ? 1 : 0); }

}  // namespace

int CompareArrays(std::string_view left_bytes, std::string_view right_bytes) {
  if (IsRecord(left_bytes) != IsRecord(right_bytes)) return IsRecord(left_bytes) ? 1 : -1;
  if (IsRecord(left_bytes)) return CompareRecords(left_bytes, right_bytes);
  const ArrayReader left(left_bytes);
  const ArrayReader right(right_bytes);
  const CompareFunction compare = CompareFunctionOf(left.element_type(), left.element_physical());
  // Only values of anyarray; varchar[] and text[] are alike here.
  if (compare != CompareFunctionOf(right.element_type(), right.element_physical())) {
    return CompareInts(left.element_type(), right.element_type());
  }
  const uint32_t common = std::min(left.size(), right.size());
  for (uint32_t i = 0; i < common && compare != nullptr; ++i) {
    const int order = CompareElements(compare, left, right, i);
    if (order != 0) return order;
  }
  if (left.size() != right.size()) return CompareInts(left.size(), right.size());
  if (left.dimension_count() != right.dimension_count()) {
    return CompareInts(left.dimension_count(), right.dimension_count());
  }
  for (int32_t i = 0; i < left.dimension_count(); ++i) {
    const int order = CompareInts(left.dimension(i), right.dimension(i));
    if (order != 0) return order;
  }
  for (int32_t i = 0; i < left.dimension_count(); ++i) {
    const int order = CompareInts(left.lower_bound(i), right.lower_bound(i));
    if (order != 0) return order;
  }
  return 0;
}

uint64_t HashArray(std::string_view bytes) {
  if (IsRecord(bytes)) return HashRecord(bytes);
  const ArrayReader array(bytes);
  const HashFunction hash = HashFunctionOf(array.element_type(), array.element_physical());
  uint64_t result = HashInt(array.size());
  for (uint32_t i = 0; i < array.size(); ++i) {
    uint64_t one = kNullHash;
    if (!array.IsNull(i)) {
      if (array.element_physical() == PhysicalType::kVarlen) {
        const StringRef element(array.Bytes(i));
        one = hash(&element);
      } else {
        one = hash(array.RawFixed(i));
      }
    }
    result = HashCombine(result, one);
  }
  return result;
}

}  // namespace helios
