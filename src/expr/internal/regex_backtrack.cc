#include "expr/internal/regex_backtrack.h"

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include "types/text.h"

namespace helios::expr {

struct BacktrackRegex::Pattern {
  std::unique_ptr<icu::RegexPattern> compiled;
};

BacktrackRegex::BacktrackRegex(std::unique_ptr<Pattern> pattern) : pattern_(std::move(pattern)) {}
BacktrackRegex::~BacktrackRegex() = default;

std::unique_ptr<BacktrackRegex> BacktrackRegex::Compile(const std::string& pattern,
                                                        const RegexFlags& flags) {
  uint32_t options = 0;
  if (flags.ignore_case) options |= UREGEX_CASE_INSENSITIVE;
  if (!flags.dot_excludes_newline) options |= UREGEX_DOTALL;
  if (flags.anchors_match_lines) options |= UREGEX_MULTILINE;
  options |= UREGEX_UNIX_LINES;
  UErrorCode code = U_ZERO_ERROR;
  UParseError where;
  auto held = std::make_unique<Pattern>();
  held->compiled.reset(
      icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(pattern), options, where, code));
  if (U_FAILURE(code) != 0) return nullptr;
  const std::unique_ptr<icu::RegexMatcher> probe(held->compiled->matcher(code));
  if (U_FAILURE(code) != 0) return nullptr;
  std::unique_ptr<BacktrackRegex> regex(new BacktrackRegex(std::move(held)));
  regex->group_count_ = static_cast<size_t>(probe->groupCount());
  return regex;
}

Result<bool> BacktrackRegex::Match(std::string_view text, size_t from,
                                   std::vector<RegexSpan>* spans) const {
  constexpr int32_t kStepsMax = 2000;  // Of some ten thousand moves each.
  constexpr int32_t kStackBytesMax = 64 << 20;
  const auto too_complex = [] {
    return Error(ErrorCode::kStatementTooComplex)
        .Message("regular expression failed: regular expression is too complex");
  };
  // ICU counts in UTF-16 units: where each of them begins in the text.
  std::vector<int32_t> offsets;
  int32_t start = 0;
  for (size_t at = 0; at < text.size();) {
    if (at == from) start = static_cast<int32_t>(offsets.size());
    const size_t bytes = Utf8CharBytes(static_cast<unsigned char>(text[at]));
    offsets.push_back(static_cast<int32_t>(at));
    if (bytes == 4) offsets.push_back(static_cast<int32_t>(at));
    at += bytes;
  }
  if (from >= text.size()) start = static_cast<int32_t>(offsets.size());
  offsets.push_back(static_cast<int32_t>(text.size()));

  UErrorCode code = U_ZERO_ERROR;
  const icu::UnicodeString subject = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  if (subject.length() + 1 != static_cast<int32_t>(offsets.size())) return false;
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->compiled->matcher(subject, code));
  if (U_FAILURE(code) != 0) return too_complex();
  matcher->setTimeLimit(kStepsMax, code);
  matcher->setStackLimit(kStackBytesMax, code);
  const bool found = matcher->find(start, code) != 0;
  if (U_FAILURE(code) != 0) return too_complex();
  if (!found || spans == nullptr) return found;
  spans->assign(group_count_ + 1, {});
  for (size_t i = 0; i <= group_count_; ++i) {
    const int32_t begin = matcher->start(static_cast<int32_t>(i), code);
    const int32_t end = matcher->end(static_cast<int32_t>(i), code);
    if (U_FAILURE(code) != 0 || begin < 0) {
      code = U_ZERO_ERROR;
      continue;
    }
    (*spans)[i] = {offsets[static_cast<size_t>(begin)], offsets[static_cast<size_t>(end)]};
  }
  return true;
}

}  // namespace helios::expr
