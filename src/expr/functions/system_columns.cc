// Where rows lie and who wrote them: ctid, xmin, WHERE CURRENT OF.

#include "base/codec.h"
#include "base/hash.h"
#include "expr/internal/families.h"
#include "expr/internal/kernel.h"
#include "types/array.h"
#include "types/tid.h"

namespace helios::expr {
namespace {

constexpr size_t kRowIdBytes = 8;

// A number of 48 bits for any row key. Keys of one integer column (a tag of 1, then the value with
// its sign bit inverted) give its value as far as it fits, shorter keys their bytes, others a hash.
uint64_t TidNumber(std::string_view key) {
  constexpr char kTag = 1;
  if (key.size() == 5 && key[0] == kTag) {
    return LoadBigEndian<uint32_t>(key.data() + 1) ^ uint32_t { 1 } << 31;
  }
  if (key.size() == 9 && key[0] == kTag) {
    const uint64_t value = LoadBigEndian<uint64_t>(key.data() + 1) ^ uint64_t { 1 } << 63;
    if (value >> (8 * kTidBytes) == 0) return value;
  }
  if (key.size() > kTidBytes) return HashBytes(key);
  uint64_t number = 0;
  for (const char byte : key) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

Status TidOfRowKey(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) continue;
    out->SetString(row, EncodeTid(TidNumber(arguments[0]->View(row))));
  }
  return Status::Ok();
}

Status TidOfRowId(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) continue;
    const std::string_view key = arguments[0]->View(row);
    HELIOS_CHECK(key.size() == kRowIdBytes);
    out->SetString(row, EncodeTid(LoadBigEndian<uint64_t>(key.data())));
  }
  return Status::Ok();
}

std::string RowIdOfTid(std::string_view tid) {
  std::string key;
  AppendBigEndian(&key, DecodeTid(tid));
  return key;
}

Status RowIdsOfTids(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const bool several = call.argument_types[0].oid != type_oid::kTid;
  Vector element(SqlType{type_oid::kTid});
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) continue;
    if (!several) {
      out->SetString(row, RowIdOfTid(arguments[0]->View(row)));
      continue;
    }
    const ArrayReader tids(arguments[0]->View(row));
    ArrayBuilder keys(type_oid::kBytea);
    for (uint32_t i = 0; i < tids.size(); ++i) {
      if (tids.IsNull(i)) continue;
      tids.Load(i, &element, 0);
      keys.AddBytes(RowIdOfTid(element.View(0)));
    }
    out->SetString(row, keys.Finish());
  }
  return Status::Ok();
}

ScalarFunction Make(std::string_view name, Oid result, ScalarKernel kernel) {
  ScalarFunction function;
  function.oid = kInvalidOid;
  function.name = name;
  function.result = result;
  function.kernel = kernel;
  return function;
}

ScalarFunction MakeSession(std::string_view name, Oid result) {
  ScalarFunction function = Make(name, result, CallSession);
  function.volatility = Volatility::kStable;
  function.needs_session = true;
  return function;
}

}  // namespace

const ScalarFunction* SystemColumnFunction(InternalFunction function) {
  static const ScalarFunction current_of = MakeSession("current_of", type_oid::kBytea);
  static const ScalarFunction current_xid = MakeSession("current_xid", type_oid::kXid);
  static const ScalarFunction of_row_id = Make("tid_of_row_id", type_oid::kTid, TidOfRowId);
  static const ScalarFunction of_row_key = Make("tid_of_row_key", type_oid::kTid, TidOfRowKey);
  static const ScalarFunction row_id = Make("row_id_of_tid", type_oid::kAny, RowIdsOfTids);
  switch (function) {
    case InternalFunction::kCurrentOf:
      return &current_of;
    case InternalFunction::kCurrentXid:
      return &current_xid;
    case InternalFunction::kTidOfRowId:
      return &of_row_id;
    case InternalFunction::kTidOfRowKey:
      return &of_row_key;
    case InternalFunction::kRowIdOfTid:
      return &row_id;
    default:
      return nullptr;
  }
}

}  // namespace helios::expr
