#include "server/shell/internal/copy_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace helios::shell {
namespace {

// Words, quoted strings and whole parentheses, as they stand.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  // The next one, or nothing at the end.
  std::string_view Next() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
    const size_t begin = at_;
    while (at_ < text_.size() && !IsBlank(text_[at_])) {
      const char c = text_[at_];
      if (c == '(' && at_ > begin) break;
      if (c == '(') {
        SkipParentheses();
        break;
      }
      if (c == '\'' || c == '"') {
        SkipQuoted(c);
      } else {
        ++at_;
      }
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string_view Rest() const { return text_.substr(at_); }

 private:
  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  void SkipQuoted(char quote) {
    ++at_;
    while (at_ < text_.size() && text_[at_] != quote) ++at_;
    if (at_ < text_.size()) ++at_;
  }

  void SkipParentheses() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        SkipQuoted(c);
        continue;
      }
      ++at_;
      if (c == '(') ++depth;
      if (c == ')' && --depth == 0) return;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

bool Is(std::string_view word, std::string_view lower) {
  if (word.size() != lower.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c =
        word[i] >= 'A' && word[i] <= 'Z' ? static_cast<char>(word[i] - 'A' + 'a') : word[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::string Unquoted(std::string_view word) {
  if (word.size() < 2 || word[0] != '\'' || word.back() != '\'') return std::string(word);
  std::string text;
  for (size_t i = 1; i + 1 < word.size(); ++i) {
    if (word[i] == '\'' && word[i + 1] == '\'') ++i;
    text += word[i];
  }
  return text;
}

std::string ExpandHome(const std::string& path) {
  const char* home = std::getenv("HOME");
  return path.starts_with("~/") && home != nullptr ? home + path.substr(1) : path;
}

}  // namespace

std::optional<CopyCommand> ParseCopyCommand(std::string_view arguments) {
  CopyCommand copy;
  Words words(arguments);
  for (;;) {
    const std::string_view word = words.Next();
    if (word.empty()) return std::nullopt;
    if (!copy.before.empty() && (Is(word, "from") || Is(word, "to"))) {
      copy.from = Is(word, "from");
      break;
    }
    if (!copy.before.empty()) copy.before += ' ';
    copy.before += word;
  }
  std::string_view place = words.Next();
  if (place.empty()) return std::nullopt;
  if (Is(place, "stdin") || Is(place, "stdout") || Is(place, "pstdin") || Is(place, "pstdout")) {
    copy.place = CopyCommand::Place::kStandard;
  } else if (Is(place, "program")) {
    copy.place = CopyCommand::Place::kProgram;
    place = words.Next();
    if (place.empty()) return std::nullopt;
    copy.file = Unquoted(place);
  } else {
    copy.file = ExpandHome(Unquoted(place));
  }
  copy.after = words.Rest();
  return copy;
}

std::string CopyCommand::Sql() const {
  return fmt::format("COPY {} {}{}", before, from ? "FROM STDIN" : "TO STDOUT", after);
}

bool RunCopyCommand(Session& session, const std::string& arguments) {
  const std::optional<CopyCommand> copy = ParseCopyCommand(arguments);
  if (!copy) {
    session.PrintError("\\copy: parse error");
    return false;
  }
  if (copy->place == CopyCommand::Place::kStandard) return session.Run(copy->Sql());
  const char* mode = copy->from ? "r" : "w";
  const bool is_program = copy->place == CopyCommand::Place::kProgram;
  std::fflush(session.output);
  const CopyFile file = {is_program ? popen(copy->file.c_str(), mode)
                                    : std::fopen(copy->file.c_str(), mode)};
  if (file.file == nullptr) {
    session.PrintError(fmt::format("{}: {}", copy->file, std::strerror(errno)));
    return false;
  }
  bool is_ok = session.Run(copy->Sql(), &file);
  const int closed = is_program ? pclose(file.file) : std::fclose(file.file);
  if (closed != 0) {
    session.PrintError(fmt::format("{}: could not finish", copy->file));
    is_ok = false;
  }
  return is_ok;
}

}  // namespace helios::shell
