#include "server/shell/internal/scanner.h"

#include <algorithm>

namespace helios::shell {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }
bool IsVariablePart(char c) { return IsWordStart(c) || IsDigit(c); }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Quoted(std::string_view text, char quote) {
  const bool escapes = quote == '\'' && text.find('\\') != std::string_view::npos;
  std::string result = escapes ? " E'" : std::string(1, quote);
  for (const char c : text) {
    if (c == quote || (escapes && c == '\\')) result += c;
    result += c;
  }
  return result + quote;
}

struct Variable {
  std::string_view name;
  char quote = '\0';
  size_t length = 0;  // 0: there is none here.
};

// A variable at the beginning of `text`: :name, :'name' or :"name".
Variable ReadVariable(std::string_view text) {
  Variable variable;
  if (text.size() < 2 || text[0] != ':') return variable;
  size_t begin = 1;
  if (text[1] == '\'' || text[1] == '"') {
    variable.quote = text[1];
    begin = 2;
  }
  size_t end = begin;
  while (end < text.size() && IsVariablePart(text[end])) ++end;
  if (end == begin) return variable;
  if (variable.quote != '\0' && (end >= text.size() || text[end] != variable.quote))
    return variable;
  variable.name = text.substr(begin, end - begin);
  variable.length = end + (variable.quote != '\0' ? 1 : 0);
  return variable;
}

}  // namespace

void StatementScanner::SetLine(std::string_view line) {
  line_ = line;
  at_ = 0;
}

void StatementScanner::Reset() {
  quote_ = Quote::kNone;
  dollar_tag_.clear();
  comment_depth_ = 0;
  EndStatement();
}

void StatementScanner::EndStatement() {
  paren_depth_ = 0;
  begin_depth_ = 0;
  first_words_.clear();
}

char StatementScanner::PromptState(bool has_query) const {
  switch (quote_) {
    case Quote::kSingle:
    case Quote::kEscape:
      return '\'';
    case Quote::kDouble:
      return '"';
    case Quote::kDollar:
      return '$';
    case Quote::kComment:
      return '*';
    case Quote::kNone:
      break;
  }
  if (paren_depth_ > 0) return '(';
  return has_query ? '-' : '=';
}

void StatementScanner::Take(std::string& query, size_t length) {
  query += line_.substr(at_, length);
  at_ += length;
}

// Goes to the end of what is open, or of the line.
void StatementScanner::ScanQuoted(std::string& query) {
  while (at_ < line_.size()) {
    const char c = line_[at_];
    if (quote_ == Quote::kComment) {
      if (c == '/' && Peek(1) == '*') {
        ++comment_depth_;
        Take(query, 2);
      } else if (c == '*' && Peek(1) == '/') {
        Take(query, 2);
        if (--comment_depth_ == 0) {
          quote_ = Quote::kNone;
          return;
        }
      } else {
        Take(query, 1);
      }
      continue;
    }
    if (quote_ == Quote::kDollar) {
      const size_t end = line_.find(dollar_tag_, at_);
      if (end == std::string_view::npos) return Take(query, line_.size() - at_);
      Take(query, end - at_ + dollar_tag_.size());
      quote_ = Quote::kNone;
      return;
    }
    if (quote_ == Quote::kEscape && c == '\\' && at_ + 1 < line_.size()) {
      Take(query, 2);
      continue;
    }
    const char mark = quote_ == Quote::kDouble ? '"' : '\'';
    Take(query, 1);
    // A doubled mark closes and opens again, which comes to the same.
    if (c == mark) {
      quote_ = Quote::kNone;
      return;
    }
  }
}

bool StatementScanner::ScanDollar(std::string& query) {
  size_t end = at_ + 1;
  if (end < line_.size() && IsDigit(line_[end])) return false;
  while (end < line_.size() && line_[end] != '$' && IsWordPart(line_[end])) ++end;
  if (end >= line_.size() || line_[end] != '$') return false;
  dollar_tag_ = line_.substr(at_, end + 1 - at_);
  Take(query, dollar_tag_.size());
  quote_ = Quote::kDollar;
  return true;
}

void StatementScanner::ScanWord(std::string& query) {
  size_t end = at_;
  while (end < line_.size() && IsWordPart(line_[end])) ++end;
  const std::string word = Lower(line_.substr(at_, end - at_));
  Take(query, word.size());
  if (word == "e" && Peek(0) == '\'') {
    Take(query, 1);
    quote_ = Quote::kEscape;
    return;
  }
  constexpr size_t kWordsKept = 4;
  if (first_words_.size() < kWordsKept) first_words_.push_back(word);
  const auto word_is = [&](size_t i, std::string_view text) {
    return i < first_words_.size() && first_words_[i] == text;
  };
  const size_t kind = word_is(1, "or") && word_is(2, "replace") ? 3 : 1;
  const bool is_function =
      word_is(0, "create") && (word_is(kind, "function") || word_is(kind, "procedure"));
  if (!is_function || paren_depth_ > 0) return;
  if (word == "begin" || (word == "case" && begin_depth_ > 0)) ++begin_depth_;
  if (word == "end" && begin_depth_ > 0) --begin_depth_;
}

bool StatementScanner::ScanVariable(std::string& query) {
  const Variable variable = ReadVariable(Rest());
  if (variable.length == 0) return false;
  const std::optional<std::string> value = lookup_(variable.name);
  if (!value) return false;
  query += variable.quote == '\0' ? *value : Quoted(*value, variable.quote);
  at_ += variable.length;
  return true;
}

ScanStop StatementScanner::Scan(std::string& query) {
  while (at_ < line_.size()) {
    if (quote_ != Quote::kNone) {
      ScanQuoted(query);
      continue;
    }
    const char c = line_[at_];
    if (c == '\'' || c == '"') {
      quote_ = c == '"' ? Quote::kDouble : Quote::kSingle;
      Take(query, 1);
    } else if (c == '-' && Peek(1) == '-') {
      // Blank lines of comment before a statement are not part of it.
      if (query.empty()) {
        at_ = line_.size();
      } else {
        Take(query, line_.size() - at_);
      }
    } else if (c == '/' && Peek(1) == '*') {
      quote_ = Quote::kComment;
      comment_depth_ = 1;
      Take(query, 2);
    } else if (c == '$' && ScanDollar(query)) {
      continue;
    } else if (IsWordStart(c)) {
      ScanWord(query);
    } else if (IsDigit(c)) {
      while (at_ < line_.size() && IsWordPart(line_[at_])) Take(query, 1);
    } else if (c == ':' && Peek(1) == ':') {
      Take(query, 2);
    } else if (c == ':' && Peek(1) == '=') {
      Take(query, 2);
    } else if (c == ':' && ScanVariable(query)) {
      continue;
    } else if (c == '\\') {
      if (Peek(1) == ';') {
        ++at_;
        Take(query, 1);
        continue;
      }
      ++at_;
      return ScanStop::kCommand;
    } else if (c == ';' && paren_depth_ == 0 && begin_depth_ == 0) {
      ++at_;
      query += ';';
      EndStatement();
      return ScanStop::kSemicolon;
    } else if (IsSpace(c) && query.empty()) {
      ++at_;
    } else {
      if (c == '(') ++paren_depth_;
      if (c == ')') paren_depth_ = std::max(paren_depth_ - 1, 0);
      Take(query, 1);
    }
  }
  return ScanStop::kLineEnd;
}

namespace {

// '...' of an argument: doubled quotes and C escapes.
void ReadSingleQuoted(std::string_view& rest, std::string& argument) {
  rest.remove_prefix(1);
  while (!rest.empty()) {
    const char c = rest[0];
    const char next = rest.size() > 1 ? rest[1] : '\0';
    if (c == '\'' && next != '\'') {
      rest.remove_prefix(1);
      return;
    }
    if (c == '\'' || (c == '\\' && next != '\0')) {
      rest.remove_prefix(2);
      switch (c == '\\' ? next : '\'') {
        case 'n':
          argument += '\n';
          break;
        case 't':
          argument += '\t';
          break;
        case 'r':
          argument += '\r';
          break;
        case 'b':
          argument += '\b';
          break;
        case 'f':
          argument += '\f';
          break;
        default:
          argument += next;
          break;
      }
      continue;
    }
    argument += c;
    rest.remove_prefix(1);
  }
}

}  // namespace

std::optional<std::string> NextArgument(std::string_view& rest, const VariableLookup& lookup) {
  while (!rest.empty() && IsSpace(rest[0])) rest.remove_prefix(1);
  if (rest.empty() || rest[0] == '\\') return std::nullopt;
  std::string argument;
  while (!rest.empty() && !IsSpace(rest[0])) {
    if (rest[0] == '\'') {
      ReadSingleQuoted(rest, argument);
      continue;
    }
    if (rest[0] == '"') {
      const size_t end = rest.find('"', 1);
      const size_t length = end == std::string_view::npos ? rest.size() : end + 1;
      argument += rest.substr(0, length);
      rest.remove_prefix(length);
      continue;
    }
    if (rest[0] == '\\' && !argument.empty()) break;
    const Variable variable = ReadVariable(rest);
    const auto value = variable.length > 0 ? lookup(variable.name) : std::nullopt;
    if (value) {
      argument += variable.quote == '\0' ? *value : Quoted(*value, variable.quote);
      rest.remove_prefix(variable.length);
      continue;
    }
    argument += rest[0];
    rest.remove_prefix(1);
  }
  return argument;
}

}  // namespace helios::shell
