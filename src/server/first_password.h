#pragma once

#include <string>

#include "base/status.h"
#include "server/config.h"

namespace helios::server {

// The password that the first superuser gets: the first line of superuser_password_file, or a
// random one that is left in DATA_DIR/initial_password, which only the owner may read.
Result<std::string> FirstPassword(const ServerConfig& config);
std::string InitialPasswordPath(const ServerConfig& config);

}  // namespace helios::server
