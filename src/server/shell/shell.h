// The interactive client: `heliosdb sql`.
#pragma once

namespace helios::shell {

// Runs the shell with the arguments behind `heliosdb sql` (argv[0] is ignored). Returns the
// process's exit status: 0 success, 1 an error of the shell's own or of a -c statement, 2 the
// connection was lost or never made, 3 a script stopped at an error (ON_ERROR_STOP).
int ShellMain(int argc, char** argv);

}  // namespace helios::shell
