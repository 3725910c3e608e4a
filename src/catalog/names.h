#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace helios::catalog {

// Splits "Schema".name, folding unquoted parts to lower case. 42602 when it is no identifier.
Result<std::vector<std::string>> ParseQualifiedName(std::string_view text);

// `name` as SQL text: in double quotes unless it is a plain lower-case identifier. Reserved words
// are the deparser's matter.
std::string QuoteName(std::string_view name);

}  // namespace helios::catalog
