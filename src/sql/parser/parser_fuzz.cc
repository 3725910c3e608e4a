// Parses arbitrary bytes; what parses must copy, compare equal, and print to a text that parses
// back to the same tree.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sql/ast_util.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = helios::sql::Parse(text);
  if (!parsed.ok()) return 0;
  for (const helios::sql::RawStatement& raw : *parsed) {
    const auto copy = helios::sql::ast::Clone(*raw.statement);
    HELIOS_CHECK(helios::sql::ast::Equal(*copy, *raw.statement));
    const std::string printed = helios::sql::Deparse(*raw.statement);
    if (printed.empty()) continue;
    // Parentheses that printing adds may pass the limit of nesting; nothing else may fail.
    const auto again = helios::sql::Parse(printed);
    if (!again.ok()) {
      HELIOS_CHECK(again.status().Is(helios::ErrorCode::kStatementTooComplex));
      continue;
    }
    HELIOS_CHECK(again->size() == 1);
    HELIOS_CHECK(helios::sql::ast::Equal(*(*again)[0].statement, *raw.statement));
  }
  return 0;
}
