// = <> < <= > >= and the btree support functions for every type with an order.

#include "expr/internal/families.h"
#include "expr/internal/hot_loop.h"
#include "types/array.h"
#include "types/compare.h"
#include "types/datetime.h"
#include "types/record.h"
#include "types/time/zone.h"

namespace helios::expr {
namespace {

// NaN equals NaN and is above every number.
template <typename T>
constexpr bool kIsFloat = std::is_floating_point_v<T>;

struct Equal {
  template <typename A, typename B>
  static bool Test(A a, B b) {
    if constexpr (kIsFloat<A>) return (a == b) | ((a != a) & (b != b));
    return a == b;
  }
  static bool FromOrder(int order) { return order == 0; }
};
struct Less {
  template <typename A, typename B>
  static bool Test(A a, B b) {
    if constexpr (kIsFloat<A>) return !(a >= b) & (a == a);
    return a < b;
  }
  static bool FromOrder(int order) { return order < 0; }
};
struct NotEqual {
  template <typename A, typename B>
  static bool Test(A a, B b) {
    return !Equal::Test(a, b);
  }
  static bool FromOrder(int order) { return order != 0; }
};
struct Greater {
  template <typename A, typename B>
  static bool Test(A a, B b) {
    return Less::Test(b, a);
  }
  static bool FromOrder(int order) { return order > 0; }
};
struct LessEqual {
  template <typename A, typename B>
  static bool Test(A a, B b) {
    return !Less::Test(b, a);
  }
  static bool FromOrder(int order) { return order <= 0; }
};
struct GreaterEqual {
  template <typename A, typename B>
  static bool Test(A a, B b) {
    return !Less::Test(a, b);
  }
  static bool FromOrder(int order) { return order >= 0; }
};

template <typename Op>
struct ComparisonOp : Op {
  template <typename A, typename B>
  static bool Apply(A a, B b, uint8_t* r) {
    *r = Op::Test(a, b) ? 1 : 0;
    return false;
  }
  template <typename A, typename B>
  static Status Failure(A, B) {
    return Status::Ok();
  }
};

template <typename A, typename B>
int32_t ThreeWay(A a, B b) {
  return Less::Test(a, b) ? -1 : (Less::Test(b, a) ? 1 : 0);
}

// Strings and everything that compares bytewise.
template <typename Op>
bool TestStrings(const StringRef& a, const StringRef& b) {
  if constexpr (std::is_same_v<Op, Equal>) return a == b;
  if constexpr (std::is_same_v<Op, NotEqual>) return !(a == b);
  return Op::FromOrder(a.Compare(b));
}
template <typename Op>
Status CompareStrings(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  const Vector& a = *arguments[0];
  const Vector& b = *arguments[1];
  uint8_t* result = out->Data<uint8_t>();
  const bool all_valid = out->validity().AllValid();
  const StringRef* left = a.Data<StringRef>();
  const StringRef* right = b.Data<StringRef>();
  for (size_t row = 0; row < row_count; ++row) {
    if (!all_valid && !out->validity().IsValid(row)) continue;
    result[row] = TestStrings<Op>(left[a.Position(row)], right[b.Position(row)]) ? 1 : 0;
  }
  return Status::Ok();
}
template <typename Op>
void SelectStrings(Arguments arguments, size_t row_count, Selection* out) {
  const Vector& a = *arguments[0];
  const Vector& b = *arguments[1];
  const StringRef* left = a.Data<StringRef>();
  const StringRef* right = b.Data<StringRef>();
  const bool all_valid = a.validity().AllValid() && b.validity().AllValid();
  out->resize(row_count);
  SelectionIndex* selected = out->data();
  size_t count = 0;
  for (size_t row = 0; row < row_count; ++row) {
    const size_t x = a.Position(row);
    const size_t y = b.Position(row);
    if (!all_valid && (!a.validity().IsValid(x) || !b.validity().IsValid(y))) continue;
    selected[count] = static_cast<SelectionIndex>(row);
    count += TestStrings<Op>(left[x], right[y]) ? 1 : 0;
  }
  out->resize(count);
}

// Any type, by its comparison function; user types through the catalog's lookup.
int CompareArrayRefs(const void* a, const void* b) {
  return CompareArrays(static_cast<const StringRef*>(a)->view(),
                       static_cast<const StringRef*>(b)->view());
}
int CompareRecordRefs(const void* a, const void* b) {
  return CompareRecords(static_cast<const StringRef*>(a)->view(),
                        static_cast<const StringRef*>(b)->view());
}
CompareFunction ComparatorFor(const FunctionCall& call, const Vector& vector) {
  Oid type = vector.type().oid;
  const TypeLookup* lookup = call.context.text_format.lookup;
  if (type >= kFirstUserOid && lookup != nullptr) {
    const TypeLookup::UserType* user = lookup->FindUserType(type);
    if (user != nullptr) {
      if (user->kind == TypeLookup::UserKind::kArray) return CompareArrayRefs;
      if (user->kind == TypeLookup::UserKind::kComposite) return CompareRecordRefs;
      if (user->kind == TypeLookup::UserKind::kDomain) type = user->base.oid;
    }
  }
  return CompareFunctionOf(type, vector.physical());
}
Status NoComparison(const FunctionCall& call, const Vector& vector) {
  return Error(ErrorCode::kUndefinedFunction)
      .Message("could not identify a comparison function for type {}",
               FormatType(vector.type(), call.context.text_format.lookup));
}
const char* RowPointer(const Vector& vector, size_t row, size_t width) {
  return vector.RawData() + vector.Position(row) * width;
}

template <typename Store>
Status CompareAny(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out,
                  Store store) {
  const Vector& a = *arguments[0];
  const Vector& b = *arguments[1];
  const CompareFunction compare = ComparatorFor(call, a);
  if (compare == nullptr || a.physical() != b.physical()) return NoComparison(call, a);
  const size_t width = PhysicalWidth(a.physical());
  const bool all_valid = out->validity().AllValid();
  for (size_t row = 0; row < row_count; ++row) {
    if (!all_valid && !out->validity().IsValid(row)) continue;
    store(row, compare(RowPointer(a, row, width), RowPointer(b, row, width)));
  }
  return Status::Ok();
}
template <typename Op>
Status CompareGeneric(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  uint8_t* result = out->Data<uint8_t>();
  return CompareAny(call, arguments, row_count, out, [result](size_t row, int order) {
    result[row] = Op::FromOrder(order) ? 1 : 0;
  });
}
Status OrderGeneric(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  int32_t* result = out->Data<int32_t>();
  return CompareAny(call, arguments, row_count, out, [result](size_t row, int order) {
    result[row] = order < 0 ? -1 : (order > 0 ? 1 : 0);
  });
}
// *_larger and *_smaller.
template <bool kLarger>
Status PickGeneric(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  return CompareAny(call, arguments, row_count, out, [&](size_t row, int order) {
    out->CopyFrom(row, *arguments[(kLarger ? order > 0 : order < 0) ? 0 : 1], row);
  });
}

// date against timestamp and timestamptz; a date beyond the timestamps' range is above them all.
int64_t WidenDate(int32_t date) {
  if (date == kDateInfinity) return kTimestampInfinity;
  if (date == kDateNegativeInfinity) return kTimestampNegativeInfinity;
  int64_t result;
  if (__builtin_mul_overflow(int64_t{date}, kMicrosPerDay, &result)) return kTimestampEnd;
  return result;
}
const TimeZone& Zone(const FunctionCall& call) {
  const TimeZone* zone = call.context.text_format.zone;
  return zone == nullptr ? TimeZone::Utc() : *zone;
}
Result<int64_t> ZonedDate(const FunctionCall& call, int32_t date) {
  Result<int64_t> result = TimestamptzFromDate(date, Zone(call));
  return result.ok() ? result : Result<int64_t>(kTimestampEnd);
}
Result<int64_t> ZonedTimestamp(const FunctionCall& call, int64_t local) {
  Result<int64_t> result = TimestamptzFromTimestamp(local, Zone(call));
  return result.ok() ? result : Result<int64_t>(kTimestampEnd);
}

template <typename Op>
bool DateTimestamp(int32_t a, int64_t b) {
  return Op::Test(WidenDate(a), b);
}
template <typename Op>
bool TimestampDate(int64_t a, int32_t b) {
  return Op::Test(a, WidenDate(b));
}
template <typename Op>
Result<bool> DateTimestamptz(FunctionCall& call, int32_t a, int64_t b) {
  HELIOS_TRY(const int64_t left, ZonedDate(call, a));
  return Op::Test(left, b);
}
template <typename Op>
Result<bool> TimestamptzDate(FunctionCall& call, int64_t a, int32_t b) {
  HELIOS_TRY(const int64_t right, ZonedDate(call, b));
  return Op::Test(a, right);
}
template <typename Op>
Result<bool> TimestampTimestamptz(FunctionCall& call, int64_t a, int64_t b) {
  HELIOS_TRY(const int64_t left, ZonedTimestamp(call, a));
  return Op::Test(left, b);
}
template <typename Op>
Result<bool> TimestamptzTimestamp(FunctionCall& call, int64_t a, int64_t b) {
  HELIOS_TRY(const int64_t right, ZonedTimestamp(call, b));
  return Op::Test(a, right);
}

#define HELIOS_COMPARE(name, suffix, Op, A, B) \
  { name suffix, BinaryLoop<ComparisonOp<Op>, uint8_t, A, B>, SelectLoop<Op, A, B> }
#define HELIOS_COMPARISONS(name, sep, A, B)                                                        \
  HELIOS_COMPARE(name, sep "eq", Equal, A, B), HELIOS_COMPARE(name, sep "ne", NotEqual, A, B),     \
      HELIOS_COMPARE(name, sep "lt", Less, A, B), HELIOS_COMPARE(name, sep "le", LessEqual, A, B), \
      HELIOS_COMPARE(name, sep "gt", Greater, A, B),                                               \
      HELIOS_COMPARE(name, sep "ge", GreaterEqual, A, B)
#define HELIOS_STRING_COMPARISONS(name, lt, le, gt, ge, eq, ne)        \
  {name eq, CompareStrings<Equal>, SelectStrings<Equal>},              \
      {name ne, CompareStrings<NotEqual>, SelectStrings<NotEqual>},    \
      {name lt, CompareStrings<Less>, SelectStrings<Less>},            \
      {name le, CompareStrings<LessEqual>, SelectStrings<LessEqual>},  \
      {name gt, CompareStrings<Greater>, SelectStrings<Greater>}, {    \
    name ge, CompareStrings<GreaterEqual>, SelectStrings<GreaterEqual> \
  }
#define HELIOS_GENERIC_COMPARISONS(name)                                         \
  {name "eq", CompareGeneric<Equal>}, {name "ne", CompareGeneric<NotEqual>},     \
      {name "lt", CompareGeneric<Less>}, {name "le", CompareGeneric<LessEqual>}, \
      {name "gt", CompareGeneric<Greater>}, {                                    \
    name "ge", CompareGeneric<GreaterEqual>                                      \
  }
#define HELIOS_CROSS_COMPARISONS(a, b, F)                                                  \
  {a "_eq_" b, Map<F<Equal>>}, {a "_ne_" b, Map<F<NotEqual>>}, {a "_lt_" b, Map<F<Less>>}, \
      {a "_le_" b, Map<F<LessEqual>>}, {a "_gt_" b, Map<F<Greater>>}, {                    \
    a "_ge_" b, Map<F<GreaterEqual>>                                                       \
  }
#define HELIOS_PICK(name) \
  {name "larger", PickGeneric<true>}, { name "smaller", PickGeneric<false> }

constexpr KernelEntry kKernels[] = {
    HELIOS_COMPARISONS("bool", "", uint8_t, uint8_t),
    HELIOS_COMPARISONS("int2", "", int16_t, int16_t),
    HELIOS_COMPARISONS("int4", "", int32_t, int32_t),
    HELIOS_COMPARISONS("int8", "", int64_t, int64_t),
    HELIOS_COMPARISONS("int24", "", int16_t, int32_t),
    HELIOS_COMPARISONS("int42", "", int32_t, int16_t),
    HELIOS_COMPARISONS("int28", "", int16_t, int64_t),
    HELIOS_COMPARISONS("int82", "", int64_t, int16_t),
    HELIOS_COMPARISONS("int48", "", int32_t, int64_t),
    HELIOS_COMPARISONS("int84", "", int64_t, int32_t),
    HELIOS_COMPARISONS("float4", "", float, float),
    HELIOS_COMPARISONS("float8", "", double, double),
    HELIOS_COMPARISONS("float48", "", float, double),
    HELIOS_COMPARISONS("float84", "", double, float),
    HELIOS_COMPARISONS("date", "_", int32_t, int32_t),
    HELIOS_COMPARISONS("time", "_", int64_t, int64_t),
    HELIOS_COMPARISONS("timestamp", "_", int64_t, int64_t),
    HELIOS_COMPARISONS("enum", "_", int64_t, int64_t),
    HELIOS_COMPARISONS("oid", "", uint32_t, uint32_t),
    HELIOS_COMPARISONS("xid", "", uint32_t, uint32_t),
    HELIOS_COMPARE("xid", "neq", NotEqual, uint32_t, uint32_t),
    HELIOS_COMPARISONS("cid", "", uint32_t, uint32_t),
    HELIOS_COMPARE("xidint4", "eq", Equal, uint32_t, uint32_t),
    HELIOS_COMPARE("xidint4", "neq", NotEqual, uint32_t, uint32_t),
    HELIOS_COMPARISONS("cash", "_", int64_t, int64_t),
    HELIOS_STRING_COMPARISONS("text", "_lt", "_le", "_gt", "_ge", "eq", "ne"),
    HELIOS_STRING_COMPARISONS("name", "lt", "le", "gt", "ge", "eq", "ne"),
    HELIOS_STRING_COMPARISONS("name", "lttext", "letext", "gttext", "getext", "eqtext", "netext"),
    HELIOS_STRING_COMPARISONS("text", "ltname", "lename", "gtname", "gename", "eqname", "nename"),
    {"text_pattern_lt", CompareStrings<Less>, SelectStrings<Less>},
    {"text_pattern_le", CompareStrings<LessEqual>, SelectStrings<LessEqual>},
    {"text_pattern_gt", CompareStrings<Greater>, SelectStrings<Greater>},
    {"text_pattern_ge", CompareStrings<GreaterEqual>, SelectStrings<GreaterEqual>},
    HELIOS_STRING_COMPARISONS("bytea", "lt", "le", "gt", "ge", "eq", "ne"),
    HELIOS_STRING_COMPARISONS("char", "lt", "le", "gt", "ge", "eq", "ne"),
    HELIOS_STRING_COMPARISONS("network", "_lt", "_le", "_gt", "_ge", "_eq", "_ne"),
    HELIOS_STRING_COMPARISONS("tid", "lt", "le", "gt", "ge", "eq", "ne"),
    HELIOS_GENERIC_COMPARISONS("bpchar"),
    HELIOS_GENERIC_COMPARISONS("bit"),
    HELIOS_GENERIC_COMPARISONS("numeric_"),
    HELIOS_GENERIC_COMPARISONS("timetz_"),
    HELIOS_GENERIC_COMPARISONS("interval_"),
    HELIOS_GENERIC_COMPARISONS("uuid_"),
    HELIOS_GENERIC_COMPARISONS("jsonb_"),
    HELIOS_GENERIC_COMPARISONS("array_"),
    HELIOS_GENERIC_COMPARISONS("record_"),
    HELIOS_GENERIC_COMPARISONS("oidvector"),
    {"bpchar_pattern_lt", CompareGeneric<Less>},
    {"bpchar_pattern_le", CompareGeneric<LessEqual>},
    {"bpchar_pattern_gt", CompareGeneric<Greater>},
    {"bpchar_pattern_ge", CompareGeneric<GreaterEqual>},
    HELIOS_CROSS_COMPARISONS("date", "timestamp", DateTimestamp),
    HELIOS_CROSS_COMPARISONS("timestamp", "date", TimestampDate),
    HELIOS_CROSS_COMPARISONS("date", "timestamptz", DateTimestamptz),
    HELIOS_CROSS_COMPARISONS("timestamptz", "date", TimestamptzDate),
    HELIOS_CROSS_COMPARISONS("timestamp", "timestamptz", TimestampTimestamptz),
    HELIOS_CROSS_COMPARISONS("timestamptz", "timestamp", TimestamptzTimestamp),
    HELIOS_PICK("int2"),
    HELIOS_PICK("int4"),
    HELIOS_PICK("int8"),
    HELIOS_PICK("float4"),
    HELIOS_PICK("float8"),
    HELIOS_PICK("numeric_"),
    HELIOS_PICK("text_"),
    HELIOS_PICK("bpchar_"),
    HELIOS_PICK("date_"),
    HELIOS_PICK("time_"),
    HELIOS_PICK("timetz_"),
    HELIOS_PICK("timestamp_"),
    HELIOS_PICK("interval_"),
    HELIOS_PICK("oid"),
    HELIOS_PICK("array_"),
    HELIOS_PICK("enum_"),
    HELIOS_PICK("network_"),
    HELIOS_PICK("tid"),
    {"btboolcmp", Map<ThreeWay<uint8_t, uint8_t>>},
    {"btint2cmp", Map<ThreeWay<int16_t, int16_t>>},
    {"btint4cmp", Map<ThreeWay<int32_t, int32_t>>},
    {"btint8cmp", Map<ThreeWay<int64_t, int64_t>>},
    {"btfloat4cmp", Map<ThreeWay<float, float>>},
    {"btfloat8cmp", Map<ThreeWay<double, double>>},
    {"btoidcmp", Map<ThreeWay<uint32_t, uint32_t>>},
    {"bttextcmp", OrderGeneric},
    {"btnamecmp", OrderGeneric},
    {"bpcharcmp", OrderGeneric},
    {"byteacmp", OrderGeneric},
    {"numeric_cmp", OrderGeneric},
    {"date_cmp", OrderGeneric},
    {"time_cmp", OrderGeneric},
    {"timetz_cmp", OrderGeneric},
    {"timestamp_cmp", OrderGeneric},
    {"interval_cmp", OrderGeneric},
    {"uuid_cmp", OrderGeneric},
    {"jsonb_cmp", OrderGeneric},
    {"btarraycmp", OrderGeneric},
    {"btrecordcmp", OrderGeneric},
    {"enum_cmp", OrderGeneric},
    {"bitcmp", OrderGeneric},
    {"network_cmp", OrderGeneric},
    {"bttidcmp", OrderGeneric},
};

}  // namespace

std::span<const KernelEntry> ComparisonKernels() { return kKernels; }

}  // namespace helios::expr
