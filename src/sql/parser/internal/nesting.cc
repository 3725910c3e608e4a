// Brackets and CASE open a level. Within a level a chain of binary operators leans to the left, so
// each adds one to the depth of what stands before it; prefix operators add one each to their
// operand; joins and set operations add one to the whole level. Commas, clauses, AND and OR (which
// the grammar flattens) begin a new chain.
#include "sql/parser/internal/nesting.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace helios::sql {
namespace {

bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<uint8_t>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }
bool IsOperatorChar(char c) {
  return std::string_view("+-*/<>=~!@#%^&|`?:").find(c) != std::string_view::npos;
}

struct Level {
  bool is_case = false;
  bool after_operand = false;
  int prefix = 0;   // Prefix operators that wait for their operand.
  int chain = 0;    // Depth of the expression that is being read.
  int deepest = 0;  // Of the expressions before it.
  int wrapped = 0;  // Joins and set operations.

  int Depth() const { return std::max(deepest, chain + prefix) + wrapped; }
  void EndChain() {
    deepest = std::max(deepest, chain + prefix);
    chain = prefix = 0;
    after_operand = false;
  }
  void Operand(int depth) {
    chain = std::max(chain, depth + prefix);
    prefix = 0;
    after_operand = true;
  }
  void Operator() {
    if (after_operand) {
      ++chain;
      after_operand = false;
    } else {
      ++prefix;
    }
  }
};

enum class Word : uint8_t { kPlain, kCase, kEnd, kEndsChain, kOperator, kWraps };

Word Classify(std::string_view word) {
  constexpr size_t kLongest = 9;
  if (word.size() > kLongest) return Word::kPlain;
  std::array<char, kLongest> buffer;
  for (size_t i = 0; i < word.size(); ++i) buffer[i] = static_cast<char>(word[i] | 0x20);
  const std::string_view lower(buffer.data(), word.size());
  constexpr std::string_view kEndings[] = {
      "and",   "or",    "when",   "then",      "else",  "select", "from",
      "where", "group", "order",  "having",    "limit", "offset", "values",
      "set",   "on",    "window", "returning", "as",    "by",     "using"};
  constexpr std::string_view kOperators[] = {"not", "collate", "at"};
  constexpr std::string_view kWraps[] = {"union", "intersect", "except", "join"};
  if (lower == "case") return Word::kCase;
  if (lower == "end") return Word::kEnd;
  if (std::ranges::find(kEndings, lower) != std::end(kEndings)) return Word::kEndsChain;
  if (std::ranges::find(kOperators, lower) != std::end(kOperators)) return Word::kOperator;
  if (std::ranges::find(kWraps, lower) != std::end(kWraps)) return Word::kWraps;
  return Word::kPlain;
}

class Meter {
 public:
  Meter(std::string_view text, int depth_max) : text_(text), depth_max_(depth_max) {
    levels_.emplace_back();
  }

  Nesting Run() {
    while (at_ < text_.size() && result_.depth <= depth_max_) Token();
    while (levels_.size() > 1) Close();
    Check();
    return result_;
  }

 private:
  char Peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  Level& top() { return levels_.back(); }

  // The sum of what is open is a lower bound that already tells an endless nest.
  void Check() {
    const int depth = std::max(top().Depth(), 0) + static_cast<int>(levels_.size()) - 1;
    if (depth > result_.depth) {
      result_.depth = depth;
      if (depth > depth_max_) result_.byte_offset = static_cast<int>(at_);
    }
  }

  void Open(bool is_case) {
    levels_.emplace_back();
    top().is_case = is_case;
    Check();
  }

  void Close() {
    if (levels_.size() == 1) return;
    const int depth = top().Depth() + 1;
    levels_.pop_back();
    top().Operand(depth);
    Check();
  }

  void Token() {
    const char c = text_[at_];
    if (c == '-' && Peek(1) == '-') return SkipLine();
    if (c == '/' && Peek(1) == '*') return SkipComment();
    if (c == '\'') return SkipQuoted('\'', false);
    if (c == '"') return SkipQuoted('"', false);
    if (c == '$' && SkipDollarQuoted()) return;
    if (IsWordStart(c)) return TakeWord();
    if (IsDigit(c)) {
      while (at_ < text_.size() && (IsWordPart(text_[at_]) || text_[at_] == '.')) ++at_;
      return top().Operand(1);
    }
    if (IsOperatorChar(c)) return TakeOperator();
    switch (c) {
      case '(':
      case '[':
        Open(false);
        break;
      case ')':
      case ']':
        while (levels_.size() > 1 && top().is_case) Close();
        Close();
        break;
      case ',':
        top().EndChain();
        break;
      case ';':
        if (levels_.size() == 1) top() = Level();
        break;
      default:
        break;
    }
    ++at_;
  }

  void TakeOperator() {
    // The lexer splits a run before its last plus or minus ("=-" is two operators), so each of them
    // counts by itself, and whatever else is in the run as one.
    int operators = 0;
    bool has_others = false;
    for (; at_ < text_.size() && IsOperatorChar(text_[at_]); ++at_) {
      if (text_[at_] == '-' && Peek(1) == '-') break;
      if (text_[at_] == '/' && Peek(1) == '*') break;
      if (text_[at_] == '+' || text_[at_] == '-') {
        ++operators;
      } else {
        has_others = true;
      }
    }
    operators += has_others ? 1 : 0;
    for (int i = 0; i < operators; ++i) top().Operator();
    Check();
  }

  void TakeWord() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsWordPart(text_[at_])) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (at_ < text_.size() && text_[at_] == '\'' && (word == "e" || word == "E")) {
      return SkipQuoted('\'', true);
    }
    const bool is_part_of_name = begin > 0 && text_[begin - 1] == '.';
    switch (is_part_of_name ? Word::kPlain : Classify(word)) {
      case Word::kCase:
        Open(true);
        break;
      case Word::kEnd:
        if (top().is_case) {
          Close();
        } else {
          top().Operand(1);
        }
        break;
      case Word::kEndsChain:
        top().EndChain();
        break;
      case Word::kOperator:
        top().Operator();
        Check();
        break;
      case Word::kWraps:
        top().EndChain();
        ++top().wrapped;
        Check();
        break;
      case Word::kPlain:
        top().Operand(1);
        break;
    }
  }

  void SkipLine() {
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
  }

  void SkipComment() {
    int open = 0;
    while (at_ < text_.size()) {
      if (text_[at_] == '/' && Peek(1) == '*') {
        ++open;
        at_ += 2;
      } else if (text_[at_] == '*' && Peek(1) == '/') {
        at_ += 2;
        if (--open == 0) return;
      } else {
        ++at_;
      }
    }
  }

  void SkipQuoted(char quote, bool backslashes) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (backslashes && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        ++at_;
        break;
      }
    }
    top().Operand(1);
  }

  bool SkipDollarQuoted() {
    size_t end = at_ + 1;
    if (end < text_.size() && IsDigit(text_[end])) {  // $1
      while (end < text_.size() && IsDigit(text_[end])) ++end;
      at_ = end;
      top().Operand(1);
      return true;
    }
    while (end < text_.size() && text_[end] != '$' && IsWordPart(text_[end])) ++end;
    if (end >= text_.size() || text_[end] != '$') return false;
    const std::string_view tag = text_.substr(at_, end + 1 - at_);
    const size_t close = text_.find(tag, end + 1);
    at_ = close == std::string_view::npos ? text_.size() : close + tag.size();
    top().Operand(1);
    return true;
  }

  std::string_view text_;
  const int depth_max_;
  size_t at_ = 0;
  std::vector<Level> levels_;
  Nesting result_;
};

}  // namespace

Nesting MeasureNesting(std::string_view text, int depth_max) {
  return Meter(text, depth_max).Run();
}

}  // namespace helios::sql
