// LIKE and ILIKE. A constant pattern is taken apart once into its literal pieces; prefix, suffix
// and contains tests then need no general matching. `%` matches any characters, `_` one, `\`
// quotes.

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "expr/internal/families.h"
#include "types/text.h"

namespace helios::expr {
namespace {

Status DanglingEscape() {
  return Error(ErrorCode::kInvalidEscapeSequence)
      .Message("LIKE pattern must not end with escape character");
}

// A pattern as runs between `%`; each run holds literal bytes and `_`.
struct LikePattern {
  struct Run {
    std::string literal;
    std::vector<bool>
        any_char;  // Empty when the run has no `_`; else one flag per byte of literal.
    bool has_any() const { return !any_char.empty(); }
  };
  std::string source;
  bool valid = false;
  bool starts_open = false;  // Begins with `%`.
  bool ends_open = false;    // Ends with `%`.
  bool simple = true;        // No `_` anywhere.
  // The pattern ends with an escape character: an error, but only for a text that reaches it. It is
  // then compiled as if `_%` stood there.
  bool dangling = false;
  std::vector<Run> runs;

  void Compile(std::string_view pattern) {
    source = pattern;
    dangling = false;
    valid = true;
    starts_open = false;
    ends_open = false;
    simple = true;
    runs.clear();
    Run run;
    std::vector<bool> flags;
    bool has_any = false;
    const auto finish = [&] {
      if (run.literal.empty()) return;
      if (has_any) run.any_char = flags;
      simple &= !has_any;
      runs.push_back(std::move(run));
      run = Run();
      flags.clear();
      has_any = false;
    };
    for (size_t i = 0; i < pattern.size(); ++i) {
      char c = pattern[i];
      if (c == '%') {
        if (i == 0) starts_open = true;
        finish();
        ends_open = true;
        continue;
      }
      ends_open = false;
      const bool any = c == '_';
      if (c == '\\') {
        if (++i >= pattern.size()) {
          dangling = true;
          run.literal.push_back('_');
          flags.push_back(true);
          has_any = true;
          break;
        }
        c = pattern[i];
      }
      run.literal.push_back(c);
      flags.push_back(any);
      has_any |= any;
    }
    finish();
    ends_open |= dangling;
    if (runs.empty() && !pattern.empty()) starts_open = ends_open = true;
  }
};

// Length in bytes of the text that `run` matches at the start of `text`; npos: none.
size_t MatchRun(const LikePattern::Run& run, std::string_view text, bool by_bytes) {
  size_t at = 0;
  for (size_t i = 0; i < run.literal.size(); ++i) {
    if (at >= text.size()) return std::string_view::npos;
    if (run.any_char[i]) {
      at += by_bytes ? 1 : Utf8CharBytes(static_cast<unsigned char>(text[at]));
    } else if (text[at] == run.literal[i]) {
      ++at;
    } else {
      return std::string_view::npos;
    }
  }
  return at;
}
size_t PrefixLength(const LikePattern::Run& run, std::string_view text, bool by_bytes) {
  if (run.has_any()) return MatchRun(run, text, by_bytes);
  return text.starts_with(run.literal) ? run.literal.size() : std::string_view::npos;
}

bool Matches(const LikePattern& pattern, std::string_view text, bool by_bytes) {
  const auto& runs = pattern.runs;
  if (runs.empty()) return pattern.starts_open || text.empty();
  size_t first = 0;
  size_t last = runs.size();
  if (!pattern.starts_open) {
    const size_t length = PrefixLength(runs[0], text, by_bytes);
    if (length == std::string_view::npos) return false;
    text.remove_prefix(length);
    first = 1;
    if (last == 1) return pattern.ends_open || text.empty();
  }
  // The last run must end the text; a run with `_` is tried where its characters would start.
  const bool anchored_end = !pattern.ends_open;
  if (anchored_end && !runs[last - 1].has_any()) {
    if (!text.ends_with(runs[last - 1].literal)) return false;
    text.remove_suffix(runs[last - 1].literal.size());
    --last;
  }
  for (size_t i = first; i < last; ++i) {
    const LikePattern::Run& run = runs[i];
    const bool must_end = anchored_end && i + 1 == runs.size();
    if (!run.has_any()) {
      const size_t found = text.find(run.literal);
      if (found == std::string_view::npos) return false;
      text.remove_prefix(found + run.literal.size());
      continue;
    }
    for (;;) {
      const size_t length = MatchRun(run, text, by_bytes);
      if (length != std::string_view::npos && (!must_end || length == text.size())) {
        text.remove_prefix(length);
        break;
      }
      if (text.empty()) return false;
      text.remove_prefix(
          by_bytes ? 1 : std::min(text.size(), Utf8CharBytes(static_cast<unsigned char>(text[0]))));
    }
  }
  return true;
}

std::string FoldCase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const char* data = text.data();
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < size;) {
    if (static_cast<unsigned char>(data[i]) < 0x80) {
      const char c = data[i++];
      out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
      continue;
    }
    UChar32 code;
    U8_NEXT(data, i, size, code);
    char bytes[U8_MAX_LENGTH];
    int32_t length = 0;
    UBool failed = false;
    U8_APPEND(bytes, length, U8_MAX_LENGTH, u_tolower(code), failed);
    if (!failed) out.append(bytes, static_cast<size_t>(length));
  }
  return out;
}

enum class LikeMode { kText, kBytes, kFold };

template <LikeMode kMode, bool kNegated>
Status Like(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  LikePattern& pattern = CallState<LikePattern>(call);
  uint8_t* result = out->Data<uint8_t>();
  const bool all_valid = out->validity().AllValid();
  std::string folded;
  bool is_folded = false;  // The first row may be NULL.
  for (size_t row = 0; row < row_count; ++row) {
    if (!all_valid && !out->validity().IsValid(row)) continue;
    std::string_view source = arguments[1]->View(row);
    if (kMode == LikeMode::kFold) {
      if (!arguments[1]->is_constant() || !is_folded) {
        folded = FoldCase(source);
        is_folded = true;
      }
      source = folded;
    }
    if (!pattern.valid || pattern.source != source) pattern.Compile(source);
    bool matches;
    if (kMode == LikeMode::kFold) {
      matches = Matches(pattern, FoldCase(arguments[0]->View(row)), false);
    } else {
      matches = Matches(pattern, arguments[0]->View(row), kMode == LikeMode::kBytes);
    }
    if (pattern.dangling && matches) return DanglingEscape();
    result[row] = matches != kNegated ? 1 : 0;
  }
  return Status::Ok();
}

// LIKE ... ESCAPE: rewrites the pattern so that `\` is its escape.
Result<std::string> LikeEscape(std::string_view pattern, std::string_view escape) {
  std::string out;
  if (escape.empty()) {
    for (const char c : pattern) {
      if (c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    return out;
  }
  if (Utf8CharBytes(static_cast<unsigned char>(escape[0])) < escape.size()) {
    return Error(ErrorCode::kInvalidEscapeSequence)
        .Message("invalid escape string")
        .Hint("Escape string must be empty or one character.");
  }
  if (escape == "\\") return std::string(pattern);
  bool after_escape = false;
  while (!pattern.empty()) {
    if (!after_escape && pattern.starts_with(escape)) {
      out.push_back('\\');
      pattern.remove_prefix(escape.size());
      after_escape = true;
      continue;
    }
    if (pattern[0] == '\\' && !after_escape) out.push_back('\\');
    out.push_back(pattern[0]);
    pattern.remove_prefix(1);
    after_escape = false;
  }
  return out;
}

#define HELIOS_LIKE(prefix, mode) \
  {prefix "like", Like<mode, false>}, { prefix "nlike", Like<mode, true> }

constexpr KernelEntry kKernels[] = {
    HELIOS_LIKE("text", LikeMode::kText),         HELIOS_LIKE("name", LikeMode::kText),
    HELIOS_LIKE("bytea", LikeMode::kBytes),       {"texticlike", Like<LikeMode::kFold, false>},
    {"texticnlike", Like<LikeMode::kFold, true>}, {"nameiclike", Like<LikeMode::kFold, false>},
    {"nameicnlike", Like<LikeMode::kFold, true>}, {"like_escape", Map<LikeEscape>},
    {"like_escape_bytea", Map<LikeEscape>},
};

}  // namespace

std::span<const KernelEntry> LikeKernels() { return kKernels; }

}  // namespace helios::expr
