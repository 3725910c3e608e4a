// Any bytes as a key: what decodes must encode to an equal value, and two decoded values must order
// as their keys do.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "types/compare.h"
#include "types/key_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace helios;  // NOLINT: a fuzzer of one function.
  static const std::vector<const TypeInfo*> types(AllTypes().begin(), AllTypes().end());
  if (size < 2) return 0;
  // One more than the type table has: the user's composites and arrays.
  const size_t choice = data[0] % (types.size() + 1);
  const bool known = choice < types.size();
  const Oid type = known ? types[choice]->oid : 20'000;
  if (!IsKeyType(type, PhysicalTypeOf(type))) return 0;
  const KeyColumn column({type}, SortOrder{(data[1] & 1) != 0, (data[1] & 2) != 0});
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  Vector values(SqlType{type}, column.physical);
  std::string keys[2];
  for (size_t row = 0; row < 2; ++row) {
    if (!DecodeKey(column, &bytes, &values, row).ok()) return 0;
    HELIOS_CHECK(AppendKey(column, values, row, &keys[row]).ok());
    Vector again(SqlType{type}, column.physical);
    std::string_view rest = keys[row];
    HELIOS_CHECK(DecodeKey(column, &rest, &again, 0).ok());
    HELIOS_CHECK(rest.empty());
    HELIOS_CHECK(CompareRowsForSort(values, row, again, 0, column.order) == 0);
  }
  // Any bytes mix fields of different types, which the rows of one table never do.
  if (!known) return 0;
  const int by_value = CompareRowsForSort(values, 0, values, 1, column.order);
  const int by_key = keys[0].compare(keys[1]);
  HELIOS_CHECK((by_value < 0) == (by_key < 0));
  HELIOS_CHECK((by_value == 0) == (by_key == 0));
  return 0;
}
