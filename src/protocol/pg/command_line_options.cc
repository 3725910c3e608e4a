#include "protocol/pg/internal/command_line_options.h"

#include <algorithm>

namespace helios::protocol::pg {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::vector<std::string> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  size_t at = 0;
  while (true) {
    while (at < text.size() && IsSpace(text[at])) ++at;
    if (at == text.size()) return words;
    std::string word;
    for (; at < text.size() && !IsSpace(text[at]); ++at) {
      // A backslash at the very end stands for itself: nothing follows that it could protect.
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      word.push_back(text[at]);
    }
    words.push_back(std::move(word));
  }
}

}  // namespace

Status ParseCommandLineOptions(std::string_view options,
                               std::vector<std::pair<std::string, std::string>>* settings) {
  const std::vector<std::string> words = SplitWords(options);
  for (size_t index = 0; index < words.size(); ++index) {
    const std::string& word = words[index];
    std::string_view prefix = "--";
    std::string_view assignment;
    if (word.starts_with("--") && word.size() > 2) {
      assignment = std::string_view(word).substr(2);
    } else if (word == "-c" && index + 1 < words.size()) {
      prefix = "-c ";
      assignment = words[++index];
    } else if (word.starts_with("-c") && word.size() > 2) {
      prefix = "-c ";
      assignment = std::string_view(word).substr(2);
    } else {
      return Error(ErrorCode::kSyntaxError)
          .Message("invalid command-line argument for server process: {}", word)
          .Hint("Write \"-c name=value\" or \"--name=value\".");
    }
    const size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
      return Error(ErrorCode::kSyntaxError).Message("{}{} requires a value", prefix, assignment);
    }
    std::string name(assignment.substr(0, equals));
    std::replace(name.begin(), name.end(), '-', '_');
    settings->emplace_back(std::move(name), assignment.substr(equals + 1));
  }
  return Status::Ok();
}

}  // namespace helios::protocol::pg
