// Any text as json: what validates has a canonical form, which is its own canonical form and
// survives every walk over it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "types/json.h"
#include "types/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace helios;  // NOLINT: a fuzzer of one function.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!ValidateUtf8(text).ok()) return 0;
  const bool valid = ValidateJson(text).ok();
  const Result<std::string> canonical = ParseJsonb(text);
  if (!canonical.ok()) return 0;
  HELIOS_CHECK(valid);
  const Result<std::string> again = ParseJsonb(*canonical);
  HELIOS_CHECK(again.ok());
  HELIOS_CHECK(*again == *canonical);
  HELIOS_CHECK(CompareJsonb(*canonical, *again) == 0);
  HELIOS_CHECK(HashJsonb(*canonical) == HashJsonb(*again));
  HELIOS_CHECK(JsonbContains(*canonical, *canonical));
  HELIOS_CHECK(*ParseJsonb(JsonbPretty(*canonical)) == *canonical);
  const JsonType type = JsonTypeOf(text);
  if (type == JsonType::kArray || type == JsonType::kObject) JsonMembers(text);
  return 0;
}
