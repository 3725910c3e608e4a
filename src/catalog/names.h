#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace helios::catalog {

// Splits "Schema".name, folding unquoted parts to lower case. Unquoted parts may hold anything but
// dots and blanks. 42602 where a part is empty or a quote stays open.
Result<std::vector<std::string>> ParseQualifiedName(std::string_view text);

}  // namespace helios::catalog
