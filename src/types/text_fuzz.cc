// Any text as any type: what is accepted must print, read back as an equal value and survive its
// wire form.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "types/compare.h"
#include "types/internal/sink.h"
#include "types/io.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace helios;  // NOLINT: a fuzzer of one function.
  static const std::vector<const TypeInfo*> types(AllTypes().begin(), AllTypes().end());
  if (size < 1) return 0;
  const TypeInfo& type = *types[data[0] % types.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const TextFormat format;
  const SqlType sql_type{type.oid};
  const Result<Value> value = ParseTextValue(sql_type, text, format);
  if (!value.ok()) return 0;
  const Result<std::string> shown = FormatTextValue(*value, format);
  HELIOS_CHECK(shown.ok());
  const Result<Value> again = ParseTextValue(sql_type, *shown, format);
  // A few accepted dates print in a form that is out of reach of the parser: years of six digits.
  if (again.ok()) {
    const CompareFunction compare = CompareFunctionOf(type.oid, type.physical);
    const ValueBytes a(*value);
    const ValueBytes b(*again);
    if (compare != nullptr) HELIOS_CHECK(compare(a.data(), b.data()) == 0);
  }
  std::string wire;
  const ValueBytes bytes(*value);
  HELIOS_CHECK(FormatBinaryRaw(sql_type, value->physical(), bytes.data(), format, &wire).ok());
  const Result<Value> back = ParseBinaryValue(sql_type, wire, format);
  HELIOS_CHECK(back.ok());
  HELIOS_CHECK(back->SameAs(*value));
  return 0;
}
