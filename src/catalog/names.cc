#include "catalog/names.h"

namespace helios::catalog {

namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

Status Invalid() { return Error(ErrorCode::kInvalidName).Message("invalid name syntax"); }

}  // namespace

Result<std::vector<std::string>> ParseQualifiedName(std::string_view text) {
  std::vector<std::string> parts;
  size_t at = 0;
  const auto skip_space = [&] {
    while (at < text.size() && IsSpace(text[at])) ++at;
  };
  while (true) {
    skip_space();
    std::string part;
    if (at < text.size() && text[at] == '"') {
      ++at;
      while (true) {
        const size_t quote = text.find('"', at);
        if (quote == std::string_view::npos) return Invalid();
        part += text.substr(at, quote - at);
        at = quote + 1;
        if (at >= text.size() || text[at] != '"') break;
        part += '"';
        ++at;
      }
      if (part.empty()) return Invalid();
    } else {
      // Anything up to the next dot or blank, as in PostgreSQL: 'my-table'::regclass works.
      while (at < text.size() && text[at] != '.' && !IsSpace(text[at])) {
        const char c = text[at++];
        part += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
      if (part.empty()) return Invalid();
    }
    parts.push_back(std::move(part));
    skip_space();
    if (at == text.size()) return parts;
    if (text[at] != '.') return Invalid();
    ++at;
  }
}

}  // namespace helios::catalog
