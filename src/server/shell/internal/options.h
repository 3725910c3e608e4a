// The command line of the shell.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/shell/internal/table.h"

namespace helios::shell {

// What -c and -f ask for, in their order.
struct Action {
  bool is_file = false;
  std::string text;  // A statement or a backslash command, or a file's name ("-": standard input;
                     // empty: the same, and errors do not name it).
};

struct Options {
  std::string host;
  std::string port;
  std::string user;
  std::string database;  // Or a connection string.
  std::vector<Action> actions;
  std::vector<std::string> settings;  // -P, as commands.
  FormatOptions format;
  std::map<std::string, std::string> variables;  // -v
  std::string output_file;                       // -o
  bool quiet = false;
  bool echo_all = false;
  bool echo_queries = false;
  bool echo_errors = false;
  bool no_readline = false;
  bool no_password = false;
  bool ask_password = false;
  bool list_databases = false;
  bool single_transaction = false;
  bool help = false;
  bool version = false;
};

Result<Options> ParseOptions(int argc, char** argv);

std::string_view UsageText();

}  // namespace helios::shell
