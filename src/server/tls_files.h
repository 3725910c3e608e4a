#pragma once

#include <memory>

#include "base/status.h"
#include "server/config.h"
#include "sys/tls.h"

namespace helios::server {

// The TLS context of the PostgreSQL protocol: from the configured files, or from a self-signed pair
// in the data directory, made where it is missing. Null when TLS is off.
Result<std::unique_ptr<sys::TlsContext>> OpenTls(const ServerConfig& config);

}  // namespace helios::server
