#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace helios::catalog {

// Splits "Schema".name, folding unquoted parts to lower case. 42602 when it is no identifier.
Result<std::vector<std::string>> ParseQualifiedName(std::string_view text);

}  // namespace helios::catalog
