// Order, equality and hash of values. A comparison takes two pointers to values as they lie in a
// vector, so that one set of functions serves vectors, hash tables and sort runs.

#include "types/compare.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/hash.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/internal/sink.h"
#include "types/json.h"
#include "types/numeric.h"
#include "types/record.h"
#include "types/text.h"
#include "types/uuid.h"

namespace helios {

namespace {

// ---- order

template <typename T>
int CompareFixed(const void* left, const void* right) {
  const T a = LoadRaw<T>(left);
  const T b = LoadRaw<T>(right);
  return a < b ? -1 : (a > b ? 1 : 0);
}

template <typename T>
int CompareFloat(const void* left, const void* right) {
  const T a = LoadRaw<T>(left);
  const T b = LoadRaw<T>(right);
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == b) return 0;
  // At least one is NaN, which is above everything and equal to itself.
  return (a != a) - (b != b);
}

int CompareIntervalRaw(const void* left, const void* right) {
  return CompareIntervals(LoadRaw<Interval>(left), LoadRaw<Interval>(right));
}
int CompareTimeTzRaw(const void* left, const void* right) {
  return CompareTimeTz(LoadRaw<TimeTz>(left), LoadRaw<TimeTz>(right));
}
int CompareUuidRaw(const void* left, const void* right) { return std::memcmp(left, right, 16); }

int CompareBytes(const void* left, const void* right) {
  return static_cast<const StringRef*>(left)->Compare(*static_cast<const StringRef*>(right));
}

std::string_view ViewOf(const void* value) { return static_cast<const StringRef*>(value)->view(); }

int CompareBpchar(const void* left, const void* right) {
  const int order = TrimTrailingBlanks(ViewOf(left)).compare(TrimTrailingBlanks(ViewOf(right)));
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

int CompareNumericRaw(const void* left, const void* right) {
  const auto* a = static_cast<const StringRef*>(left);
  const auto* b = static_cast<const StringRef*>(right);
  SmallNumeric x;
  SmallNumeric y;
  if (DecodeSmallNumeric(*a, &x) && DecodeSmallNumeric(*b, &y) && x.scale == y.scale) {
    return x.coefficient < y.coefficient ? -1 : (x.coefficient > y.coefficient ? 1 : 0);
  }
  return CompareNumericEncoded(a->view(), b->view());
}

int CompareArrayRaw(const void* left, const void* right) {
  return CompareArrays(ViewOf(left), ViewOf(right));
}
int CompareRecordRaw(const void* left, const void* right) {
  return CompareRecords(ViewOf(left), ViewOf(right));
}
int CompareJsonbRaw(const void* left, const void* right) {
  return CompareJsonb(ViewOf(left), ViewOf(right));
}

CompareFunction CompareVarlenOf(Oid type) {
  switch (type) {
    case type_oid::kNumeric:
      return CompareNumericRaw;
    case type_oid::kBpchar:
      return CompareBpchar;
    case type_oid::kJsonb:
      return CompareJsonbRaw;
    case type_oid::kRecord:
      return CompareRecordRaw;
    case type_oid::kAnyArray:
      return CompareArrayRaw;
    case type_oid::kJson:
    case type_oid::kXml:
    case type_oid::kJsonpath:
      return nullptr;
    default:
      break;
  }
  const TypeInfo* known = FindType(type);
  if (known == nullptr || known->element != kInvalidOid) {
    // User-defined types that lie as bytes are arrays or composites; the bytes tell which: see
    // CompareArrays, which falls back to records.
    return CompareArrayRaw;
  }
  return CompareBytes;
}

// ---- equality

template <typename T>
bool EqualFixed(const void* left, const void* right) {
  return LoadRaw<T>(left) == LoadRaw<T>(right);
}
template <CompareFunction compare>
bool EqualBy(const void* left, const void* right) {
  return compare(left, right) == 0;
}
bool EqualBytes(const void* left, const void* right) {
  return *static_cast<const StringRef*>(left) == *static_cast<const StringRef*>(right);
}
bool EqualNumeric(const void* left, const void* right) {
  return EqualBytes(left, right) || CompareNumericRaw(left, right) == 0;
}
bool EqualUuid(const void* left, const void* right) { return std::memcmp(left, right, 16) == 0; }

// ---- hash

// Integers of every width hash alike, so that a join may compare int4 with int8.
template <typename T>
uint64_t HashFixed(const void* value) {
  return HashInt(static_cast<uint64_t>(static_cast<int64_t>(LoadRaw<T>(value))) ^
                 0x9e3779b97f4a7c15ull);
}

template <typename T>
uint64_t HashFloat(const void* value) {
  double wide = LoadRaw<T>(value);
  if (wide == 0) wide = 0;  // -0 equals 0.
  if (std::isnan(wide)) return HashInt(0x7ff8000000000000ull);
  return HashInt(std::bit_cast<uint64_t>(wide));
}

uint64_t HashIntervalRaw(const void* value) {
  const __int128 span = IntervalSpan(LoadRaw<Interval>(value));
  return HashCombine(static_cast<uint64_t>(span), static_cast<uint64_t>(span >> 64));
}
uint64_t HashTimeTzRaw(const void* value) {
  const TimeTz time = LoadRaw<TimeTz>(value);
  return HashCombine(HashInt(static_cast<uint64_t>(time.microseconds)),
                     static_cast<uint64_t>(time.zone_seconds));
}
uint64_t HashUuidRaw(const void* value) {
  return HashCombine(LoadRaw<uint64_t>(value),
                     LoadRaw<uint64_t>(static_cast<const char*>(value) + 8));
}
uint64_t HashStringRaw(const void* value) { return HashBytes(ViewOf(value)); }
uint64_t HashBpchar(const void* value) { return HashBytes(TrimTrailingBlanks(ViewOf(value))); }
uint64_t HashNumericRaw(const void* value) { return HashNumericEncoded(ViewOf(value)); }
uint64_t HashArrayRaw(const void* value) { return HashArray(ViewOf(value)); }
uint64_t HashRecordRaw(const void* value) { return HashRecord(ViewOf(value)); }
uint64_t HashJsonbRaw(const void* value) { return HashJsonb(ViewOf(value)); }

HashFunction HashVarlenOf(Oid type) {
  switch (type) {
    case type_oid::kNumeric:
      return HashNumericRaw;
    case type_oid::kBpchar:
      return HashBpchar;
    case type_oid::kJsonb:
      return HashJsonbRaw;
    case type_oid::kRecord:
      return HashRecordRaw;
    case type_oid::kAnyArray:
      return HashArrayRaw;
    default:
      break;
  }
  const TypeInfo* known = FindType(type);
  return known == nullptr || known->element != kInvalidOid ? HashArrayRaw : HashStringRaw;
}

template <uint64_t (*hash)(const void*), size_t kWidth>
void HashLoop(const Vector& vector, size_t row_count, uint64_t* hashes, bool combine) {
  const char* data = vector.RawData();
  for (size_t row = 0; row < row_count; ++row) {
    const size_t position = vector.Position(row);
    const uint64_t one =
        vector.validity().IsValid(position) ? hash(data + position * kWidth) : kNullHash;
    hashes[row] = combine ? HashCombine(hashes[row], one) : one;
  }
}

void HashLoopVarlen(HashFunction hash, const Vector& vector, size_t row_count, uint64_t* hashes,
                    bool combine) {
  const char* data = vector.RawData();
  for (size_t row = 0; row < row_count; ++row) {
    const size_t position = vector.Position(row);
    const uint64_t one =
        vector.validity().IsValid(position) ? hash(data + position * 16) : kNullHash;
    hashes[row] = combine ? HashCombine(hashes[row], one) : one;
  }
}

}  // namespace

CompareFunction CompareFunctionOf(Oid type, PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBool:
      return CompareFixed<uint8_t>;
    case PhysicalType::kInt16:
      return CompareFixed<int16_t>;
    case PhysicalType::kInt32:
      // oid and the reg types are unsigned; so are xid and cid. date and int4 are not.
      return type == type_oid::kInt4 || type == type_oid::kDate || FindType(type) == nullptr
                 ? CompareFixed<int32_t>
                 : CompareFixed<uint32_t>;
    case PhysicalType::kInt64:
      return CompareFixed<int64_t>;
    case PhysicalType::kFloat32:
      return CompareFloat<float>;
    case PhysicalType::kFloat64:
      return CompareFloat<double>;
    case PhysicalType::kFixed16:
      if (type == type_oid::kInterval) return CompareIntervalRaw;
      return type == type_oid::kTimetz ? CompareTimeTzRaw : CompareUuidRaw;
    case PhysicalType::kVarlen:
      return CompareVarlenOf(type);
  }
  return nullptr;
}

EqualFunction EqualFunctionOf(Oid type, PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBool:
      return EqualFixed<uint8_t>;
    case PhysicalType::kInt16:
      return EqualFixed<int16_t>;
    case PhysicalType::kInt32:
      return EqualFixed<int32_t>;
    case PhysicalType::kInt64:
      return EqualFixed<int64_t>;
    case PhysicalType::kFloat32:
      return EqualBy<CompareFloat<float>>;
    case PhysicalType::kFloat64:
      return EqualBy<CompareFloat<double>>;
    case PhysicalType::kFixed16:
      if (type == type_oid::kInterval) return EqualBy<CompareIntervalRaw>;
      return type == type_oid::kTimetz ? EqualBy<CompareTimeTzRaw> : EqualUuid;
    case PhysicalType::kVarlen:
      break;
  }
  const CompareFunction compare = CompareVarlenOf(type);
  if (compare == CompareNumericRaw) return EqualNumeric;
  if (compare == CompareBpchar) return EqualBy<CompareBpchar>;
  if (compare == CompareJsonbRaw) return EqualBy<CompareJsonbRaw>;
  if (compare == CompareArrayRaw) return EqualBy<CompareArrayRaw>;
  if (compare == CompareRecordRaw) return EqualBy<CompareRecordRaw>;
  return EqualBytes;
}

int CompareRows(const Vector& left, size_t left_row, const Vector& right, size_t right_row) {
  const CompareFunction compare = CompareFunctionOf(left);
  HELIOS_CHECK(compare != nullptr);
  return compare(RawAt(left, left_row), RawAt(right, right_row));
}

int CompareRowsForSort(const Vector& left, size_t left_row, const Vector& right, size_t right_row,
                       SortOrder order) {
  const bool left_null = left.IsNull(left_row);
  const bool right_null = right.IsNull(right_row);
  if (left_null || right_null) {
    if (left_null && right_null) return 0;
    return left_null == order.nulls_first ? -1 : 1;
  }
  const int result = CompareRows(left, left_row, right, right_row);
  return order.descending ? -result : result;
}

HashFunction HashFunctionOf(Oid type, PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBool:
      return HashFixed<uint8_t>;
    case PhysicalType::kInt16:
      return HashFixed<int16_t>;
    case PhysicalType::kInt32:
      return HashFixed<int32_t>;
    case PhysicalType::kInt64:
      return HashFixed<int64_t>;
    case PhysicalType::kFloat32:
      return HashFloat<float>;
    case PhysicalType::kFloat64:
      return HashFloat<double>;
    case PhysicalType::kFixed16:
      if (type == type_oid::kInterval) return HashIntervalRaw;
      return type == type_oid::kTimetz ? HashTimeTzRaw : HashUuidRaw;
    case PhysicalType::kVarlen:
      return HashVarlenOf(type);
  }
  return nullptr;
}

void HashVector(const Vector& vector, size_t row_count, uint64_t* hashes, bool combine) {
  if (vector.is_constant() && row_count > 1) {
    uint64_t one;
    HashVector(vector, 1, &one, false);
    for (size_t row = 0; row < row_count; ++row) {
      hashes[row] = combine ? HashCombine(hashes[row], one) : one;
    }
    return;
  }
  const HashFunction hash = HashFunctionOf(vector.type().oid, vector.physical());
  switch (vector.physical()) {
    case PhysicalType::kBool:
      return HashLoop<HashFixed<uint8_t>, 1>(vector, row_count, hashes, combine);
    case PhysicalType::kInt16:
      return HashLoop<HashFixed<int16_t>, 2>(vector, row_count, hashes, combine);
    case PhysicalType::kInt32:
      return HashLoop<HashFixed<int32_t>, 4>(vector, row_count, hashes, combine);
    case PhysicalType::kInt64:
      return HashLoop<HashFixed<int64_t>, 8>(vector, row_count, hashes, combine);
    case PhysicalType::kFloat32:
      return HashLoop<HashFloat<float>, 4>(vector, row_count, hashes, combine);
    case PhysicalType::kFloat64:
      return HashLoop<HashFloat<double>, 8>(vector, row_count, hashes, combine);
    case PhysicalType::kFixed16:
    case PhysicalType::kVarlen:
      return HashLoopVarlen(hash, vector, row_count, hashes, combine);
  }
}

}  // namespace helios
