// SIMILAR TO's patterns.

#include "expr/internal/regex.h"
#include "types/text.h"

namespace helios::expr {

Result<std::string> SimilarToRegex(std::string_view pattern, std::string_view escape) {
  if (!escape.empty() && Utf8CharBytes(static_cast<unsigned char>(escape[0])) < escape.size()) {
    return Error(ErrorCode::kInvalidEscapeSequence)
        .Message("invalid escape string")
        .Hint("Escape string must be empty or one character.");
  }
  std::string out = "^(?:";
  bool in_bracket = false;
  int separator_count = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (!escape.empty() && pattern.substr(i).starts_with(escape)) {
      i += escape.size();
      if (i >= pattern.size()) {
        out.append("\\").append(escape);
        break;
      }
      if (pattern[i] == '"' && !in_bracket) {
        // The parts around escape-quote marks: only the middle one is captured.
        if (++separator_count > 2) {
          return Error(ErrorCode::kInvalidEscapeSequence)
              .Message(
                  "SQL regular expression may not contain more than two "
                  "escape-double-quote separators");
        }
        out.append(separator_count == 1 ? "){1,1}?(" : "){1,1}(?:");
        continue;
      }
      if (pattern[i] >= 0) out.push_back('\\');
      out.push_back(pattern[i]);
      continue;
    }
    if (in_bracket) {
      if (c == '\\') out.push_back('\\');
      out.push_back(c);
      if (c == ']') in_bracket = false;
      continue;
    }
    switch (c) {
      case '[':
        in_bracket = true;
        out.push_back(c);
        break;
      case '%':
        out.append(".*");
        break;
      case '_':
        out.push_back('.');
        break;
      case '(':
        out.append("(?:");
        break;
      case '\\':
      case '.':
      case '^':
      case '$':
        out.append("\\").push_back(c);
        break;
      default:
        out.push_back(c);
        break;
    }
  }
  return out.append(")$");
}

}  // namespace helios::expr
