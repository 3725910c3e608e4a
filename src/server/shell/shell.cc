#include "server/shell/shell.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstring>

#include "server/shell/internal/line_editor.h"
#include "server/shell/internal/options.h"
#include "server/shell/internal/session.h"
#include "server/shell/internal/shell_loop.h"

namespace helios::shell {
namespace {

constexpr std::string_view kVersion = "heliosdb sql 0.1.0";

void Greet(Session& session) {
  PGconn* connection = session.connection();
  const char* version = PQparameterStatus(connection, "server_version");
  session.PrintLine(
      fmt::format("{} (server {})", kVersion, version != nullptr ? version : "unknown"));
  if (PQsslInUse(connection) != 0) {
    session.PrintLine(fmt::format("SSL connection (protocol: {}, cipher: {})",
                                  PQsslAttribute(connection, "protocol"),
                                  PQsslAttribute(connection, "cipher")));
  }
  session.PrintLine("Type \"\\?\" for help.\n");
}

int RunInteractive(Session& session) {
  session.interactive = true;
  if (!session.quiet) Greet(session);
  ShellLoop loop(session, 0);
  LineEditor editor(session);
  InstallInterruptHandler(session);
  std::string statement;
  return loop.Run([&](const std::string& prompt, std::string& line) {
    // The lines of one statement are one entry of the history.
    if (loop.IsIdle() && !statement.empty()) {
      editor.Remember(statement);
      statement.clear();
    }
    bool interrupted = false;
    const bool has_line = editor.Read(prompt, line, interrupted);
    if (interrupted) {
      loop.Abandon();
      statement.clear();
    }
    if (!has_line) editor.Remember(statement);
    if (!statement.empty()) statement += '\n';
    statement += line;
    return has_line;
  });
}

int RunActions(Session& session, const Options& options) {
  if (options.single_transaction && !session.RunSilently("BEGIN")) return kExitFailure;
  int status = kExitSuccess;
  for (const Action& action : options.actions) {
    ShellLoop loop(session, 0);
    if (action.is_file) {
      status = action.text.empty() ? loop.RunStandardInput() : loop.RunFile(action.text);
    } else {
      status = loop.RunText(action.text) ? kExitSuccess : kExitFailure;
    }
    if (!session.IsConnected()) return kExitBadConnection;
    if (status != kExitSuccess && session.VariableIsOn("ON_ERROR_STOP")) break;
  }
  if (options.single_transaction) {
    const bool failed =
        PQtransactionStatus(session.connection()) == PQTRANS_INERROR || status != kExitSuccess;
    if (!session.RunSilently(failed ? "ROLLBACK" : "COMMIT")) status = kExitFailure;
  }
  return status;
}

// Says nothing of what it sets.
bool ApplySettings(Session& session, const Options& options) {
  const bool was_quiet = std::exchange(session.quiet, true);
  bool is_ok = true;
  for (const std::string& setting : options.settings) {
    is_ok = ShellLoop(session, 0).RunText(setting) && is_ok;
  }
  session.quiet = was_quiet;
  return is_ok;
}

int RunSession(Session& session, Options options) {
  if (options.list_databases) options.actions.push_back({false, "\\l"});
  if (!ApplySettings(session, options)) return kExitFailure;
  if (!options.actions.empty()) {
    InstallInterruptHandler(session);
    return RunActions(session, options);
  }
  const bool is_terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  if (is_terminal && !options.no_readline) return RunInteractive(session);
  options.actions = {{true, ""}};
  return RunActions(session, options);
}

}  // namespace

int ShellMain(int argc, char** argv) {
  std::setlocale(LC_ALL, "");
  std::signal(SIGPIPE, SIG_IGN);
  auto parsed = ParseOptions(argc, argv);
  if (!parsed.ok()) {
    fmt::print(stderr, "heliosdb sql: {}\nTry \"heliosdb sql --help\" for more information.\n",
               parsed.status().info().message);
    return kExitFailure;
  }
  const Options options = std::move(parsed).value();
  if (options.help) {
    fmt::print("{}", UsageText());
    return kExitSuccess;
  }
  if (options.version) {
    fmt::print("{}\n", kVersion);
    return kExitSuccess;
  }
  Session session(options);
  if (!options.output_file.empty()) {
    session.output = std::fopen(options.output_file.c_str(), "w");
    if (session.output == nullptr) {
      fmt::print(stderr, "heliosdb sql: {}: {}\n", options.output_file, std::strerror(errno));
      return kExitFailure;
    }
  }
  if (!session.Connect()) return kExitBadConnection;
  const int status = RunSession(session, options);
  if (session.output != stdout) std::fclose(session.output);
  return status;
}

}  // namespace helios::shell
