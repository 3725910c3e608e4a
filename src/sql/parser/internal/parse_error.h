// Errors of the grammar and the scanner, with their SQLSTATEs.
#pragma once

#include <string_view>

#include "base/status.h"
#include "sql/parser/internal/text_map.h"

namespace helios::sql {

// `cursor_position` is what libpg_query says: 1 and up, 0 for none.
Status MakeParseError(std::string_view message, int cursor_position, std::string_view text,
                      const TextMap& map);

}  // namespace helios::sql
