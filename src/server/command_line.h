#pragma once

namespace helios::server {

// heliosdb start | sql | version. Returns the process's exit code.
int RunCommandLine(int argc, char** argv);

}  // namespace helios::server
