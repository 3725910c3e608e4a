// Any bytes as a regular expression, a SIMILAR TO pattern and a LIKE pattern over any text: an
// answer or an error.

#include <cstddef>
#include <cstdint>

#include "expr/internal/regex.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t half = size / 2;
  const std::string_view pattern = input.substr(0, half);
  const std::string_view text = input.substr(half);
  const auto regex = helios::expr::Regex::Compile(pattern, {});
  if (regex.ok()) {
    (void)helios::expr::FindRegexMatches(**regex, text, 0, true, false);
    (void)helios::expr::SplitByRegex(**regex, text);
  }
  const auto similar = helios::expr::SimilarToRegex(pattern, "\\");
  if (similar.ok()) {
    const auto translated = helios::expr::Regex::Compile(*similar, {});
    if (translated.ok()) (void)(*translated)->Matches(text);
  }
  return 0;
}
