// The backslash commands.
#pragma once

#include <string>
#include <string_view>

#include "server/shell/internal/scanner.h"
#include "server/shell/internal/session.h"
#include "server/shell/internal/shell_loop.h"

namespace helios::shell {

// What a command works on.
struct CommandContext {
  Session& session;
  VariableLookup lookup;
  std::string& query;           // The statement that is being typed.
  const std::string& previous;  // The one before it.
  int depth = 0;                // Of \i within \i.
};

// Runs the command `name` (without the backslash) with its arguments at the beginning of `rest`,
// and takes them off.
CommandResult RunCommand(CommandContext& context, std::string_view name, std::string_view& rest);

}  // namespace helios::shell
