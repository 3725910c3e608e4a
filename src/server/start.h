#pragma once

#include "server/config.h"

namespace helios::server {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // The server could not start, or did not stop in order.
inline constexpr int kExitUsage = 2;   // The command line or the configuration is wrong.

// Serves until SIGTERM or SIGINT, then stops in order. Returns the process's exit code; what went
// wrong has been said on standard error.
int StartServer(const ServerConfig& config);

// "error: message" with detail and hint, on standard error.
void PrintError(const Status& status);

}  // namespace helios::server
