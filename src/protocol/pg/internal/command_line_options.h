#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace helios::protocol::pg {

// The start-up parameter `options`: the command line of a PostgreSQL server process. Words end at
// white space, and a backslash takes the next character as it is. Of the switches those that set a
// parameter are known: "-c name=value" and "--name=value"; a hyphen in a name stands for an
// underscore. Appends to `settings` in order, so that a later one wins; 42601 on anything else.
Status ParseCommandLineOptions(std::string_view options,
                               std::vector<std::pair<std::string, std::string>>* settings);

}  // namespace helios::protocol::pg
