#include "server/shell/internal/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "server/shell/internal/copy_command.h"
#include "server/shell/internal/describe.h"
#include "server/shell/internal/help.h"

namespace helios::shell {
namespace {

constexpr int kIncludeDepthMax = 64;

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Nothing when the word is neither yes nor no.
std::optional<bool> ReadSwitch(const std::string& word) {
  const std::string lower = Lower(word);
  for (const std::string_view yes : {"on", "true", "yes", "1"}) {
    if (lower == yes) return true;
  }
  for (const std::string_view no : {"off", "false", "no", "0"}) {
    if (lower == no) return false;
  }
  return std::nullopt;
}

class Runner {
 public:
  Runner(CommandContext& context, std::string_view& rest)
      : context_(context), session_(context.session), rest_(rest) {}

  CommandResult Run(std::string_view name);

 private:
  std::string Argument() { return NextArgument(rest_, context_.lookup).value_or(""); }

  // The rest of the line as it stands.
  std::string WholeLine() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
    std::string line(rest_);
    while (!line.empty() && (line.back() == ' ' || line.back() == ';')) line.pop_back();
    rest_ = {};
    return line;
  }

  void Say(std::string_view text) {
    if (!session_.quiet) session_.PrintLine(text);
  }

  CommandResult Result(bool is_ok) { return is_ok ? CommandResult::kDone : CommandResult::kFailed; }

  // Turns a switch over, or sets it to the argument.
  bool Toggle(bool& value, std::string_view name) {
    const std::string word = Argument();
    if (word.empty()) {
      value = !value;
    } else if (const std::optional<bool> wanted = ReadSwitch(word)) {
      value = *wanted;
    } else {
      session_.PrintError(
          fmt::format("unrecognized value \"{}\" for \"{}\": Boolean expected", word, name));
      return false;
    }
    return true;
  }

  CommandResult Connect();
  CommandResult ConnectionInfo();
  CommandResult Expand();
  CommandResult Include();
  CommandResult Edit();
  CommandResult Output();
  CommandResult Echo(bool to_output);
  CommandResult SetVariable();
  CommandResult SetFormat();
  CommandResult ShellCommand();
  CommandResult ChangeDirectory();
  CommandResult Write();
  CommandResult Encoding();
  CommandResult Password();

  CommandContext& context_;
  Session& session_;
  std::string_view& rest_;
};

CommandResult Runner::Connect() {
  const auto keep = [](const std::string& word) { return word == "-" ? std::string() : word; };
  const std::string database = keep(Argument());
  const std::string user = keep(Argument());
  const std::string host = keep(Argument());
  const std::string port = keep(Argument());
  PGconn* old = session_.connection();
  const auto or_old = [&](const std::string& given, char* (*of)(const PGconn*)) {
    if (!given.empty() || old == nullptr) return given;
    return std::string(of(old));
  };
  if (!session_.Reconnect(or_old(database, PQdb), or_old(user, PQuser), or_old(host, PQhost),
                          or_old(port, PQport))) {
    return CommandResult::kFailed;
  }
  Say(fmt::format("You are now connected to database \"{}\" as user \"{}\".",
                  PQdb(session_.connection()), PQuser(session_.connection())));
  return CommandResult::kDone;
}

CommandResult Runner::ConnectionInfo() {
  PGconn* connection = session_.connection();
  if (connection == nullptr) {
    session_.PrintLine("You are currently not connected to a database.");
    return CommandResult::kDone;
  }
  const std::string host = PQhost(connection);
  const std::string_view how = host.starts_with('/') ? "via socket in" : "on host";
  session_.PrintLine(
      fmt::format("You are connected to database \"{}\" as user \"{}\" {} \"{}\" at port \"{}\".",
                  PQdb(connection), PQuser(connection), how, host, PQport(connection)));
  if (PQsslInUse(connection) != 0) {
    session_.PrintLine(fmt::format("SSL connection (protocol: {}, cipher: {})",
                                   PQsslAttribute(connection, "protocol"),
                                   PQsslAttribute(connection, "cipher")));
  }
  return CommandResult::kDone;
}

CommandResult Runner::Expand() {
  const std::string word = Argument();
  Expanded& expanded = session_.format.expanded;
  if (word == "auto") {
    expanded = Expanded::kAuto;
    Say("Expanded display is used automatically.");
    return CommandResult::kDone;
  }
  const std::optional<bool> wanted =
      word.empty() ? std::optional(expanded == Expanded::kOff) : ReadSwitch(word);
  if (!wanted) {
    session_.PrintError(fmt::format("unrecognized value \"{}\" for \"\\x\"", word));
    return CommandResult::kFailed;
  }
  expanded = *wanted ? Expanded::kOn : Expanded::kOff;
  Say(*wanted ? "Expanded display is on." : "Expanded display is off.");
  return CommandResult::kDone;
}

CommandResult Runner::Include() {
  const std::string path = Argument();
  if (path.empty()) {
    session_.PrintError("\\i: missing required argument");
    return CommandResult::kFailed;
  }
  if (context_.depth >= kIncludeDepthMax) {
    session_.PrintError("\\i: files include one another too deeply");
    return CommandResult::kFailed;
  }
  return Result(ShellLoop(session_, context_.depth + 1).RunFile(path) == kExitSuccess);
}

CommandResult Runner::Edit() {
  std::string path = Argument();
  const bool is_temporary = path.empty();
  if (is_temporary) {
    const char* directory = std::getenv("TMPDIR");
    path = fmt::format("{}/heliosdb.XXXXXX.sql", directory != nullptr ? directory : "/tmp");
    constexpr int kSuffix = 4;
    const int file = mkstemps(path.data(), kSuffix);
    if (file < 0) {
      session_.PrintError("could not create a temporary file");
      return CommandResult::kFailed;
    }
    const std::string text = context_.query.empty() ? context_.previous : context_.query;
    const bool is_written =
        write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    if (!is_written) return CommandResult::kFailed;
  }
  const char* editor = std::getenv("EDITOR");
  const std::string command = fmt::format("exec {} '{}'", editor != nullptr ? editor : "vi", path);
  const bool is_edited = std::system(command.c_str()) == 0;
  if (is_edited) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    context_.query = text.str();
  } else {
    session_.PrintError("could not start the editor");
  }
  if (is_temporary) unlink(path.c_str());
  return is_edited ? CommandResult::kReplace : CommandResult::kFailed;
}

CommandResult Runner::Output() {
  const std::string path = Argument();
  if (session_.output != stdout) {
    std::fflush(session_.output);
    if (session_.output_is_pipe) {
      pclose(session_.output);
    } else {
      std::fclose(session_.output);
    }
    session_.output = stdout;
  }
  session_.output_is_pipe = path.starts_with('|');
  if (path.empty()) return CommandResult::kDone;
  std::FILE* file =
      session_.output_is_pipe ? popen(path.c_str() + 1, "w") : std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    session_.PrintError(fmt::format("{}: {}", path, std::strerror(errno)));
    return CommandResult::kFailed;
  }
  session_.output = file;
  return CommandResult::kDone;
}

CommandResult Runner::Echo(bool to_output) {
  std::string line;
  bool with_newline = true;
  bool is_first = true;
  while (const auto word = NextArgument(rest_, context_.lookup)) {
    if (is_first && *word == "-n" && line.empty()) {
      with_newline = false;
      continue;
    }
    if (!is_first) line += ' ';
    is_first = false;
    line += *word;
  }
  fmt::print(to_output ? session_.output : stdout, "{}{}", line, with_newline ? "\n" : "");
  return CommandResult::kDone;
}

CommandResult Runner::SetVariable() {
  const std::string name = Argument();
  if (name.empty()) {
    for (const auto& [key, value] : session_.variables) {
      session_.PrintLine(fmt::format("{} = '{}'", key, value));
    }
    return CommandResult::kDone;
  }
  std::string value;
  while (const auto word = NextArgument(rest_, context_.lookup)) value += *word;
  session_.variables[name] = value;
  return CommandResult::kDone;
}

CommandResult Runner::SetFormat() {
  const std::string name = Argument();
  const std::optional<std::string> given = NextArgument(rest_, context_.lookup);
  const std::string value = given.value_or("");
  FormatOptions& format = session_.format;
  if (name == "null") {
    format.null_text = value;
    Say(fmt::format("Null display is \"{}\".", value));
  } else if (name == "format") {
    if (value == "aligned") {
      format.format = OutputFormat::kAligned;
    } else if (value == "unaligned") {
      format.format = OutputFormat::kUnaligned;
    } else if (value == "csv") {
      format.format = OutputFormat::kCsv;
    } else {
      session_.PrintError("\\pset: allowed formats are aligned, csv, unaligned");
      return CommandResult::kFailed;
    }
    Say(fmt::format("Output format is {}.", value));
  } else if (name == "border") {
    const bool is_known = value == "0" || value == "1" || value == "2";
    if (!is_known) {
      session_.PrintError("\\pset: border is 0, 1 or 2");
      return CommandResult::kFailed;
    }
    format.border = value[0] - '0';
    Say(fmt::format("Border style is {}.", value));
  } else if (name == "expanded" || name == "x") {
    format.expanded = value == "auto" ? Expanded::kAuto
                      : ReadSwitch(value).value_or(format.expanded == Expanded::kOff)
                          ? Expanded::kOn
                          : Expanded::kOff;
  } else if (name == "tuples_only" || name == "t") {
    format.tuples_only = ReadSwitch(value).value_or(!format.tuples_only);
    Say(format.tuples_only ? "Tuples only is on." : "Tuples only is off.");
  } else if (name == "footer") {
    format.footer = ReadSwitch(value).value_or(!format.footer);
  } else if (name == "fieldsep") {
    format.field_separator = value;
  } else if (name == "recordsep") {
    format.record_separator = value;
  } else if (name == "pager" || name == "linestyle" || name == "title") {
    return CommandResult::kDone;
  } else {
    session_.PrintError(fmt::format("\\pset: unknown option: {}", name));
    return CommandResult::kFailed;
  }
  return CommandResult::kDone;
}

CommandResult Runner::ShellCommand() {
  const std::string command = WholeLine();
  const char* shell = std::getenv("SHELL");
  std::fflush(session_.output);
  const int status =
      std::system(command.empty() ? (shell != nullptr ? shell : "/bin/sh") : command.c_str());
  return Result(status == 0);
}

CommandResult Runner::ChangeDirectory() {
  std::string path = Argument();
  const char* home = std::getenv("HOME");
  if (path.empty() && home != nullptr) path = home;
  if (chdir(path.c_str()) == 0) return CommandResult::kDone;
  session_.PrintError(
      fmt::format("\\cd: could not change directory to \"{}\": {}", path, std::strerror(errno)));
  return CommandResult::kFailed;
}

CommandResult Runner::Write() {
  const std::string path = Argument();
  std::ofstream file(path);
  file << (context_.query.empty() ? context_.previous : context_.query) << "\n";
  if (!file.good()) {
    session_.PrintError(fmt::format("{}: could not write", path));
    return CommandResult::kFailed;
  }
  return CommandResult::kDone;
}

CommandResult Runner::Encoding() {
  const std::string name = Argument();
  if (session_.connection() == nullptr) return CommandResult::kFailed;
  if (name.empty()) {
    session_.PrintLine(PQparameterStatus(session_.connection(), "client_encoding"));
    return CommandResult::kDone;
  }
  return Result(PQsetClientEncoding(session_.connection(), name.c_str()) == 0);
}

CommandResult Runner::Password() {
  std::string user = Argument();
  PGconn* connection = session_.connection();
  if (connection == nullptr) return CommandResult::kFailed;
  if (user.empty()) user = PQuser(connection);
  const std::string first =
      session_.AskPassword(fmt::format("Enter new password for user \"{}\": ", user));
  const std::string second = session_.AskPassword("Enter it again: ");
  if (first != second) {
    session_.PrintError("Passwords didn't match.");
    return CommandResult::kFailed;
  }
  char* encrypted = PQencryptPasswordConn(connection, first.c_str(), user.c_str(), nullptr);
  if (encrypted == nullptr) {
    session_.PrintError(PQerrorMessage(connection));
    return CommandResult::kFailed;
  }
  char* quoted_user = PQescapeIdentifier(connection, user.data(), user.size());
  const std::string statement =
      fmt::format("ALTER USER {} PASSWORD {}", quoted_user, session_.Literal(encrypted));
  PQfreemem(quoted_user);
  PQfreemem(encrypted);
  return Result(session_.RunSilently(statement));
}

// NOLINTNEXTLINE(readability-function-size): a table of commands, as code.
CommandResult Runner::Run(std::string_view name) {
  if (name == "q" || name == "quit") return CommandResult::kQuit;
  if (name == "g" || name == "gx") {
    if (name == "gx") session_.expand_once = true;
    return CommandResult::kSend;
  }
  if (name == "r" || name == "reset") {
    Say("Query buffer reset (cleared).");
    return CommandResult::kClear;
  }
  if (name == "p" || name == "print") {
    session_.PrintLine(context_.query.empty() ? context_.previous : context_.query);
    return CommandResult::kDone;
  }
  if (name == "?") {
    session_.PrintLine(CommandHelp());
    return CommandResult::kDone;
  }
  if (name == "h" || name == "help") {
    session_.PrintLine(StatementHelp(WholeLine()));
    return CommandResult::kDone;
  }
  if (name == "c" || name == "connect") return Connect();
  if (name == "conninfo") return ConnectionInfo();
  if (name == "x") return Expand();
  if (name == "t") {
    if (!Toggle(session_.format.tuples_only, "\\t")) return CommandResult::kFailed;
    Say(session_.format.tuples_only ? "Tuples only is on." : "Tuples only is off.");
    return CommandResult::kDone;
  }
  if (name == "a") {
    const bool was_aligned = session_.format.format == OutputFormat::kAligned;
    session_.format.format = was_aligned ? OutputFormat::kUnaligned : OutputFormat::kAligned;
    Say(was_aligned ? "Output format is unaligned." : "Output format is aligned.");
    return CommandResult::kDone;
  }
  if (name == "f") {
    session_.format.field_separator = Argument();
    Say(fmt::format("Field separator is \"{}\".", session_.format.field_separator));
    return CommandResult::kDone;
  }
  if (name == "timing") {
    if (!Toggle(session_.timing, "\\timing")) return CommandResult::kFailed;
    Say(session_.timing ? "Timing is on." : "Timing is off.");
    return CommandResult::kDone;
  }
  if (name == "i" || name == "include" || name == "ir") return Include();
  if (name == "e" || name == "edit") return Edit();
  if (name == "o" || name == "out") return Output();
  if (name == "w" || name == "write") return Write();
  if (name == "echo") return Echo(false);
  if (name == "qecho") return Echo(true);
  if (name == "warn") {
    session_.PrintError(WholeLine());
    return CommandResult::kDone;
  }
  if (name == "set") return SetVariable();
  if (name == "unset") {
    session_.variables.erase(Argument());
    return CommandResult::kDone;
  }
  if (name == "pset") return SetFormat();
  if (name == "copy") return Result(RunCopyCommand(session_, WholeLine()));
  if (name == "!") return ShellCommand();
  if (name == "cd") return ChangeDirectory();
  if (name == "encoding") return Encoding();
  if (name == "password") return Password();
  bool known = false;
  const std::string pattern =
      name.starts_with('d') || name.starts_with('l') || name == "z" || name == "zS" || name == "z+"
          ? Argument()
          : "";
  const bool is_ok = Describe(session_, name, pattern, known);
  return known ? Result(is_ok) : CommandResult::kUnknown;
}

}  // namespace

CommandResult RunCommand(CommandContext& context, std::string_view name, std::string_view& rest) {
  return Runner(context, rest).Run(name);
}

}  // namespace helios::shell
