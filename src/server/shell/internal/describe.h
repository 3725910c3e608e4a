// \d and its family, and \l: what the catalog holds.
#pragma once

#include <string>
#include <string_view>

#include "server/shell/internal/session.h"

namespace helios::shell {

// Runs one of them. `command` is without the backslash ("dt+"), `pattern` its argument or empty.
// False when there is no such command, or it failed; `known` tells which.
bool Describe(Session& session, std::string_view command, const std::string& pattern, bool& known);

// The condition that a pattern of names puts on a query: `*` and `?` stand for any text and any
// character, a dot parts schema and name, double quotes keep their content as it is. Without a
// pattern: `visible`, and no system objects unless `with_system`.
struct NamePattern {
  std::string schema_column;  // Empty: the objects are in no schema.
  std::string name_column;
  std::string visible;  // A condition such as pg_table_is_visible(c.oid); may be empty.
};
std::string PatternCondition(const Session& session, const std::string& pattern,
                             const NamePattern& columns, bool with_system);

// A pattern's part as LIKE understands it: folded to lower case outside quotes.
std::string LikePattern(std::string_view part);

// `a.b` at its dot outside quotes; no schema gives an empty first.
std::pair<std::string, std::string> SplitPattern(std::string_view pattern);

}  // namespace helios::shell
