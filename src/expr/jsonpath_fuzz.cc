// Any bytes as a jsonpath, run over a fixed value: items or an error.

#include <cstddef>
#include <cstdint>

#include "expr/internal/jsonpath.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto path = helios::expr::JsonPathExpr::Parse(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (path.ok()) {
    (void)helios::expr::RunJsonPath(*path,
                                    R"({"a": [1, 2, {"b": "x", "c": null}], "d": true, "e": 1.50})",
                                    R"({"v": 2})", false);
  }
  return 0;
}
