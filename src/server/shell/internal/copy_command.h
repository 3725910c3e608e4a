// \copy: COPY with a file of the client.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/shell/internal/session.h"

namespace helios::shell {

// `arguments` of \copy, taken apart.
struct CopyCommand {
  std::string before;  // The table or query, with columns.
  bool from = false;
  enum class Place : unsigned char { kFile, kProgram, kStandard } place = Place::kFile;
  std::string file;
  std::string after;  // Options.

  std::string Sql() const;
};

// Nothing when the text is not a \copy.
std::optional<CopyCommand> ParseCopyCommand(std::string_view arguments);

bool RunCopyCommand(Session& session, const std::string& arguments);

}  // namespace helios::shell
