// Reads input, splits it, and runs statements and backslash commands.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "server/shell/internal/scanner.h"
#include "server/shell/internal/session.h"

namespace helios::shell {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitBadConnection = 2;
inline constexpr int kExitScriptError = 3;

// Gives the next line without its end; false at the end of the input.
using LineReader = std::function<bool(const std::string& prompt, std::string& line)>;

enum class CommandResult : unsigned char {
  kDone,
  kFailed,
  kUnknown,
  kSend,     // \g: run the buffer.
  kClear,    // \r: forget the buffer.
  kReplace,  // \e: the buffer has been replaced, and is complete if it ends with a semicolon.
  kQuit,
};

// Thread safety: none. One object a source of input: \i makes another.
class ShellLoop {
 public:
  ShellLoop(Session& session, int depth) : session_(session), scanner_(Lookup()), depth_(depth) {}

  // Runs everything that `read` gives. The exit status.
  int Run(const LineReader& read);
  // Runs a file ("-": standard input). The exit status; kExitFailure, after printing why, when it
  // could not be opened.
  int RunFile(const std::string& path);
  // Runs what a pipe or a person without line editing gives; errors do not name a script.
  int RunStandardInput();
  // Runs one text, as -c does: a backslash command, or SQL sent as it is.
  bool RunText(const std::string& text);

  // Forgets the statement that is being typed.
  void Abandon();
  // No statement is being typed.
  bool IsIdle() const { return query_.empty() && scanner_.IsAtRest(); }

 private:
  VariableLookup Lookup();
  bool Statement();
  CommandResult Command();
  std::string Prompt() const;
  // Runs one line. False when the loop must end, with `status_` set.
  bool Line(const std::string& line);
  bool Failed();
  int RunStream(std::FILE* file, const std::string& name);

  Session& session_;
  StatementScanner scanner_;
  std::string query_;
  std::string previous_;  // The last statement, for \g and \e.
  const int depth_;       // Of \i within \i.
  int status_ = kExitSuccess;
};

}  // namespace helios::shell
