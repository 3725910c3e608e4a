// Splits what the user types into statements and backslash commands, line by line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace helios::shell {

enum class ScanStop : unsigned char {
  kSemicolon,  // A statement is complete.
  kCommand,    // A backslash command begins at Rest().
  kLineEnd,    // The line is used up.
};

// The value of a variable, or nothing if there is none.
using VariableLookup = std::function<std::optional<std::string>(std::string_view)>;

// Keeps the state of an unfinished statement from line to line.
class StatementScanner {
 public:
  explicit StatementScanner(VariableLookup lookup) : lookup_(std::move(lookup)) {}

  // The next line, without its end. The view must live until it is used up.
  void SetLine(std::string_view line);
  // Appends to `query` up to the next stop. Variables (:name, :'name', :"name") are replaced.
  ScanStop Scan(std::string& query);
  // What is left of the line; after kCommand it begins behind the backslash.
  std::string_view Rest() const { return line_.substr(at_); }
  // Skips `length` characters of the rest.
  void Skip(size_t length) { at_ += length; }
  // Forgets the unfinished statement, and the line if `and_line`.
  void Reset();

  // What psql's prompt shows: '=' at the beginning of a statement, '-' within one, or the thing
  // that is open: ' " $ * (
  char PromptState(bool has_query) const;
  // Nothing is open that would swallow the next line.
  bool IsAtRest() const { return quote_ == Quote::kNone; }

 private:
  enum class Quote : unsigned char { kNone, kSingle, kEscape, kDouble, kDollar, kComment };

  void ScanQuoted(std::string& query);
  bool ScanDollar(std::string& query);
  void ScanWord(std::string& query);
  bool ScanVariable(std::string& query);
  char Peek(size_t ahead) const { return at_ + ahead < line_.size() ? line_[at_ + ahead] : '\0'; }
  void Take(std::string& query, size_t length);
  void EndStatement();

  VariableLookup lookup_;
  std::string_view line_;
  size_t at_ = 0;
  Quote quote_ = Quote::kNone;
  std::string dollar_tag_;
  int comment_depth_ = 0;
  int paren_depth_ = 0;
  // Semicolons inside BEGIN ATOMIC ... END of CREATE FUNCTION do not end the statement.
  std::vector<std::string> first_words_;
  int begin_depth_ = 0;
};

// Replaces variables in an argument of a backslash command, and takes the next one off `rest`:
// blanks separate, '...' quotes with backslash escapes, "..." keeps its quotes. Nothing at the end
// of the line.
std::optional<std::string> NextArgument(std::string_view& rest, const VariableLookup& lookup);

}  // namespace helios::shell
