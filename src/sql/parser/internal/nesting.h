// A look at the tokens of a statement before the grammar sees it, so that no text can make the
// recursive code behind the grammar run off the stack.
#pragma once

#include <string_view>

namespace helios::sql {

struct Nesting {
  int depth = 0;  // An upper bound of the depth of the syntax tree, never above the limit + 1.
  int byte_offset = 0;  // Where the limit was passed.
};

// Stops as soon as the depth is above `depth_max`.
Nesting MeasureNesting(std::string_view text, int depth_max);

}  // namespace helios::sql
