#include "server/command_line.h"

int main(int argc, char** argv) { return helios::server::RunCommandLine(argc, argv); }
