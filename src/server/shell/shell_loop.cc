#include "server/shell/internal/shell_loop.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "server/shell/internal/commands.h"

namespace helios::shell {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsBlank(std::string_view text) {
  for (const char c : text) {
    if (!IsSpace(c)) return false;
  }
  return true;
}

// The only word of a line, with or without a semicolon; else nothing.
std::string_view LoneWord(std::string_view line) {
  while (!line.empty() && IsSpace(line.front())) line.remove_prefix(1);
  while (!line.empty() && (IsSpace(line.back()) || line.back() == ';')) line.remove_suffix(1);
  return line;
}

// For those who type help where a statement is expected.
constexpr char kFirstHelp[] =
    "This is the interactive shell of HeliosDB.\n"
    "Type:  \\? for the shell's commands\n"
    "       \\h for the syntax of SQL statements\n"
    "       \\g or a semicolon at the end to run a statement\n"
    "       \\q to quit";

// One line without its end; false at the end of the file.
bool ReadFileLine(std::FILE* file, std::string& line) {
  char* text = nullptr;
  size_t capacity = 0;
  const ssize_t length = getline(&text, &capacity, file);
  if (length >= 0) line.assign(text, static_cast<size_t>(length));
  free(text);
  if (length < 0) return false;
  if (!line.empty() && line.back() == '\n') line.pop_back();
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return true;
}

}  // namespace

VariableLookup ShellLoop::Lookup() {
  return [this](std::string_view name) { return session_.Variable(name); };
}

std::string ShellLoop::Prompt() const {
  PGconn* connection = session_.connection();
  const char state = scanner_.PromptState(!query_.empty());
  if (connection == nullptr) return fmt::format("!{}> ", state);
  const char* superuser = PQparameterStatus(connection, "is_superuser");
  const bool is_superuser = superuser != nullptr && std::strcmp(superuser, "on") == 0;
  std::string_view transaction;
  switch (PQtransactionStatus(connection)) {
    case PQTRANS_ACTIVE:
    case PQTRANS_INTRANS:
      transaction = "*";
      break;
    case PQTRANS_INERROR:
      transaction = "!";
      break;
    case PQTRANS_UNKNOWN:
      transaction = "?";
      break;
    case PQTRANS_IDLE:
      break;
  }
  return fmt::format("{}{}{}{} ", PQdb(connection), state, transaction, is_superuser ? '#' : '>');
}

void ShellLoop::Abandon() {
  query_.clear();
  scanner_.Reset();
}

// What an error does to the loop. False when it must end.
bool ShellLoop::Failed() {
  if (!session_.IsConnected() && !session_.interactive) {
    status_ = kExitBadConnection;
    return false;
  }
  if (session_.VariableIsOn("ON_ERROR_STOP")) {
    status_ = kExitScriptError;
    return session_.interactive && depth_ == 0;
  }
  return true;
}

bool ShellLoop::Statement() {
  const std::string statement = query_;
  query_.clear();
  if (IsBlank(statement) || statement == ";") return true;
  previous_ = statement;
  return session_.Run(statement) || Failed();
}

CommandResult ShellLoop::Command() {
  const std::string_view rest = scanner_.Rest();
  size_t length = 0;
  while (length < rest.size() && !IsSpace(rest[length]) && rest[length] != '\\') {
    ++length;
    // Symbols are commands by themselves: \! and \?.
    if (rest[0] == '!' || rest[0] == '?') break;
  }
  const std::string name(rest.substr(0, length));
  std::string_view arguments = rest.substr(length);
  CommandContext context = {session_, Lookup(), query_, previous_, depth_};
  CommandResult result = RunCommand(context, name, arguments);
  if (result == CommandResult::kUnknown) {
    session_.PrintError(fmt::format("invalid command \\{}", name));
    if (session_.interactive) session_.PrintError("Try \\? for help.");
    result = CommandResult::kFailed;
  }
  // Extra arguments are dropped, up to the next command or the end of the line.
  while (const auto extra = NextArgument(arguments, context.lookup)) {
    session_.PrintError(fmt::format("\\{}: extra argument \"{}\" ignored", name, *extra));
  }
  while (!arguments.empty() && IsSpace(arguments[0])) arguments.remove_prefix(1);
  if (arguments.starts_with("\\\\")) arguments.remove_prefix(2);
  scanner_.Skip(scanner_.Rest().size() - arguments.size());
  return result;
}

bool ShellLoop::Line(const std::string& line) {
  if (session_.interactive && depth_ == 0) {
    const std::string_view word = LoneWord(line);
    const bool quits = word == "exit" || word == "quit";
    if (word == "help" && IsBlank(query_)) {
      session_.PrintLine(kFirstHelp);
      return true;
    }
    if (quits && IsBlank(query_)) return false;
    // It stays part of the statement, as whoever reads a long text would want.
    if (quits) session_.PrintLine("Use \\q to quit.");
  }
  scanner_.SetLine(line);
  if (!query_.empty()) query_ += '\n';
  const size_t line_begin = query_.size();
  for (;;) {
    switch (scanner_.Scan(query_)) {
      case ScanStop::kSemicolon:
        if (!Statement()) return false;
        break;
      case ScanStop::kLineEnd:
        if (scanner_.IsAtRest() && IsBlank(query_)) query_.clear();
        return true;
      case ScanStop::kCommand:
        // A line with nothing but a command adds no line to the statement.
        if (line_begin > 0 && query_.size() == line_begin) query_.pop_back();
        if (scanner_.Rest().starts_with('\\')) {
          scanner_.Skip(1);
          break;
        }
        switch (Command()) {
          case CommandResult::kDone:
          case CommandResult::kUnknown:
            break;
          case CommandResult::kFailed:
            if (!Failed()) return false;
            break;
          case CommandResult::kQuit:
            return false;
          case CommandResult::kClear:
            Abandon();
            break;
          case CommandResult::kReplace: {
            std::string edited = std::move(query_);
            Abandon();
            if (!Line(edited)) return false;
            return true;
          }
          case CommandResult::kSend:
            if (IsBlank(query_)) query_ = previous_;
            scanner_.Reset();
            if (!Statement()) return false;
            break;
        }
        break;
    }
  }
}

int ShellLoop::Run(const LineReader& read) {
  std::string line;
  while (read(Prompt(), line)) {
    ++session_.script_line;
    if (session_.echo_all) session_.PrintLine(line);
    if (!Line(line)) return status_;
  }
  // What stands at the end of a script without a semicolon still runs.
  if (!session_.interactive && !IsBlank(query_)) Statement();
  return status_;
}

int ShellLoop::RunFile(const std::string& path) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "r");
  if (file == nullptr) {
    session_.PrintError(fmt::format("{}: {}", path, std::strerror(errno)));
    return kExitFailure;
  }
  const int status = RunStream(file, path == "-" ? "<stdin>" : path);
  if (file != stdin) std::fclose(file);
  return status;
}

int ShellLoop::RunStandardInput() { return RunStream(stdin, ""); }

// Errors name the file and line; data of COPY FROM STDIN comes from the file.
int ShellLoop::RunStream(std::FILE* file, const std::string& name) {
  const std::string outer_name = std::exchange(session_.script_name, name);
  const size_t outer_line = std::exchange(session_.script_line, 0);
  std::FILE* outer_input = std::exchange(session_.input, file);
  const bool was_interactive = std::exchange(session_.interactive, false);
  const int status =
      Run([file](const std::string&, std::string& line) { return ReadFileLine(file, line); });
  session_.script_name = outer_name;
  session_.script_line = outer_line;
  session_.input = outer_input;
  session_.interactive = was_interactive;
  return status;
}

bool ShellLoop::RunText(const std::string& text) {
  if (text.starts_with('\\')) {
    scanner_.SetLine(text);
    std::string ignored;
    scanner_.Scan(ignored);
    const CommandResult result = Command();
    return result != CommandResult::kFailed;
  }
  if (session_.echo_all) session_.PrintLine(text);
  return session_.Run(text);
}

}  // namespace helios::shell
