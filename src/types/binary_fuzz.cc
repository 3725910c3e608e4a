// Any bytes as the wire form of any type: accepted values must print.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "types/io.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace helios;  // NOLINT: a fuzzer of one function.
  static const std::vector<const TypeInfo*> types(AllTypes().begin(), AllTypes().end());
  if (size < 1) return 0;
  const TypeInfo& type = *types[data[0] % types.size()];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const TextFormat format;
  const Result<Value> value = ParseBinaryValue({type.oid}, bytes, format);
  if (value.ok()) HELIOS_CHECK(FormatTextValue(*value, format).ok());
  return 0;
}
