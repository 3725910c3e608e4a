// What the tab key offers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/shell/internal/session.h"

namespace helios::shell {

// What kind of name the words before the cursor ask for.
enum class Wanted : unsigned char {
  kKeyword,
  kRelation,
  kColumn,
  kSchema,
  kRole,
  kDatabase,
  kCommand,
  kFile
};

// `before`: the line up to the word that is being completed.
Wanted WhatIsWanted(std::string_view before, std::string_view word);

// Finds what completes `word`, which begins at `begin` of `line`.
void FindMatches(Session& session, std::string_view line, size_t begin, std::string_view word);
const std::vector<std::string>& CurrentMatches();

// The keywords that begin with `word`, in its case.
std::vector<std::string> KeywordMatches(std::string_view word);

}  // namespace helios::shell
