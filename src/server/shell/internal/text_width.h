// How many columns of a terminal a text takes.
#pragma once

#include <cstdint>
#include <string_view>

namespace helios::shell {

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 1;
};

// The character at the beginning of `text`; a byte that is not UTF-8 counts as one character of its
// own. Requires: text is not empty.
CodePoint DecodeUtf8(std::string_view text);

// 0 for combining marks and other invisible characters, 2 for wide ones, else 1.
int CharWidth(uint32_t code_point);

int TextWidth(std::string_view text);

}  // namespace helios::shell
