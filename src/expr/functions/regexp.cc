// ~ and its kin, regexp_*() and SIMILAR TO.

#include "expr/internal/families.h"
#include "expr/internal/regex.h"
#include "types/array.h"
#include "types/text.h"

namespace helios::expr {
namespace {

template <bool kIgnoreCase, bool kNegated>
Status MatchOperator(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  RegexCache& cache = CallState<RegexCache>(call);
  RegexFlags flags;
  flags.ignore_case = kIgnoreCase;
  const Regex* regex = nullptr;
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    if (regex == nullptr || !arguments[1]->is_constant()) {
      HELIOS_TRY(regex, cache.Get(arguments[1]->View(row), flags));
    }
    HELIOS_TRY(const bool matches, regex->Matches(arguments[0]->View(row)));
    out->Data<uint8_t>()[row] = matches != kNegated ? 1 : 0;
  }
  return Status::Ok();
}

Result<const Regex*> CompileFor(FunctionCall& call, std::string_view pattern, RegexFlags flags) {
  return CallState<RegexCache>(call).Get(pattern, flags);
}
Status NoGlobal(std::string_view function) {
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("{} does not support the \"global\" option", function);
}
std::string_view Part(std::string_view text, const RegexSpan& span) {
  return text.substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin));
}

// --- regexp_replace ---

void AppendReplacement(std::string_view text, std::string_view replacement,
                       const std::vector<RegexSpan>& spans, std::string* out) {
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\' || i + 1 >= replacement.size()) {
      out->push_back(replacement[i]);
      continue;
    }
    const char c = replacement[++i];
    if (c == '\\') {
      out->push_back('\\');
    } else if (c == '&' || (c >= '1' && c <= '9')) {
      const size_t group = c == '&' ? 0 : static_cast<size_t>(c - '0');
      if (group < spans.size() && spans[group].begin >= 0) out->append(Part(text, spans[group]));
    } else {
      out->push_back('\\');
      out->push_back(c);
    }
  }
}
// Replaces match number `wanted` from `start` on, or every one when it is 0.
Result<std::string> ReplaceMatches(const Regex& regex, std::string_view text,
                                   std::string_view replacement, size_t start, int32_t wanted) {
  std::string out(text.substr(0, start));
  std::vector<RegexSpan> spans;
  size_t copied = start;
  size_t from = start;
  int32_t number = 0;
  while (from <= text.size()) {
    HELIOS_TRY(const bool found, regex.Match(text, from, &spans));
    if (!found) break;
    const auto begin = static_cast<size_t>(spans[0].begin);
    const auto end = static_cast<size_t>(spans[0].end);
    ++number;
    if (wanted == 0 || number == wanted) {
      out.append(text.substr(copied, begin - copied));
      AppendReplacement(text, replacement, spans, &out);
      copied = end;
      if (wanted != 0) break;
    }
    from = end;
    if (begin == end) {
      if (from >= text.size()) break;
      from += Utf8CharBytes(static_cast<unsigned char>(text[from]));
    }
  }
  out.append(text.substr(copied));
  return out;
}
Result<std::string> Replace(FunctionCall& call, std::string_view text, std::string_view pattern,
                            std::string_view replacement) {
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, {}));
  return ReplaceMatches(*regex, text, replacement, 0, 1);
}
Result<std::string> ReplaceFlags(FunctionCall& call, std::string_view text,
                                 std::string_view pattern, std::string_view replacement,
                                 std::string_view options) {
  if (!options.empty() && options[0] >= '0' && options[0] <= '9') {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("invalid regular expression option: \"{}\"", options.substr(0, 1))
        .Hint(
            "If you meant to use regexp_replace() with a start parameter, cast the fourth "
            "argument to integer explicitly.");
  }
  HELIOS_TRY(const RegexFlags flags, ParseRegexFlags(options));
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, flags));
  return ReplaceMatches(*regex, text, replacement, 0, flags.global ? 0 : 1);
}
Status BadParameter(std::string_view name, int32_t value) {
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("invalid value for parameter \"{}\": {}", name, value);
}
Result<std::string> ReplaceExtended(FunctionCall& call, std::string_view text,
                                    std::string_view pattern, std::string_view replacement,
                                    int32_t start, int32_t number, std::string_view options) {
  if (start <= 0) return BadParameter("start", start);
  if (number < 0) return BadParameter("n", number);
  HELIOS_TRY(const RegexFlags flags, ParseRegexFlags(options));
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, flags));
  return ReplaceMatches(*regex, text, replacement, Utf8Offset(text, static_cast<size_t>(start - 1)),
                        number);
}
Result<std::string> ReplaceFrom(FunctionCall& call, std::string_view text, std::string_view pattern,
                                std::string_view replacement, int32_t start) {
  return ReplaceExtended(call, text, pattern, replacement, start, 1, "");
}
Result<std::string> ReplaceNth(FunctionCall& call, std::string_view text, std::string_view pattern,
                               std::string_view replacement, int32_t start, int32_t number) {
  return ReplaceExtended(call, text, pattern, replacement, start, number, "");
}

// --- matching ---

Result<std::optional<std::string>> FirstMatch(FunctionCall& call, std::string_view text,
                                              std::string_view pattern, std::string_view options) {
  HELIOS_TRY(const RegexFlags flags, ParseRegexFlags(options));
  if (flags.global) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("regexp_match() does not support the \"global\" option")
        .Hint("Use the regexp_matches function instead.");
  }
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, flags));
  std::vector<RegexSpan> spans;
  HELIOS_TRY(const bool found, regex->Match(text, 0, &spans));
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(RegexMatchArray(text, spans));
}
Result<std::optional<std::string>> FirstMatchPlain(FunctionCall& call, std::string_view text,
                                                   std::string_view pattern) {
  return FirstMatch(call, text, pattern, "");
}
Result<bool> LikeFlags(FunctionCall& call, std::string_view text, std::string_view pattern,
                       std::string_view options) {
  HELIOS_TRY(const RegexFlags flags, ParseRegexFlags(options));
  if (flags.global) return NoGlobal("regexp_like()");
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, flags));
  return regex->Matches(text);
}
Result<bool> LikePlain(FunctionCall& call, std::string_view text, std::string_view pattern) {
  return LikeFlags(call, text, pattern, "");
}
Result<int32_t> Count(FunctionCall& call, std::string_view text, std::string_view pattern,
                      int32_t start, std::string_view options) {
  if (start <= 0) return BadParameter("start", start);
  HELIOS_TRY(const RegexFlags flags, ParseRegexFlags(options));
  if (flags.global) return NoGlobal("regexp_count()");
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, flags));
  HELIOS_TRY(const auto matches,
             FindRegexMatches(*regex, text, Utf8Offset(text, static_cast<size_t>(start - 1)), true,
                              false));
  return static_cast<int32_t>(matches.size());
}
Result<int32_t> CountFrom(FunctionCall& call, std::string_view text, std::string_view pattern,
                          int32_t start) {
  return Count(call, text, pattern, start, "");
}
Result<int32_t> CountPlain(FunctionCall& call, std::string_view text, std::string_view pattern) {
  return Count(call, text, pattern, 1, "");
}

// The span of match `number`, subexpression `group`; no value: there is none.
Result<std::optional<RegexSpan>> FindSpan(FunctionCall& call, std::string_view function,
                                          std::string_view text, std::string_view pattern,
                                          int32_t start, int32_t number, std::string_view options,
                                          int32_t group) {
  if (start <= 0) return BadParameter("start", start);
  if (number <= 0) return BadParameter("n", number);
  if (group < 0) return BadParameter("subexpr", group);
  HELIOS_TRY(const RegexFlags flags, ParseRegexFlags(options));
  if (flags.global) return NoGlobal(function);
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, flags));
  HELIOS_TRY(const auto matches,
             FindRegexMatches(*regex, text, Utf8Offset(text, static_cast<size_t>(start - 1)), true,
                              false));
  if (static_cast<size_t>(number) > matches.size()) return std::optional<RegexSpan>();
  const auto& spans = matches[static_cast<size_t>(number - 1)];
  if (static_cast<size_t>(group) >= spans.size()) return std::optional<RegexSpan>();
  const RegexSpan span = spans[static_cast<size_t>(group)];
  if (span.begin < 0) return std::optional<RegexSpan>();
  return std::optional<RegexSpan>(span);
}
// regexp_instr and regexp_substr with their many optional arguments, absent ones defaulted.
struct SpanArguments {
  int32_t start = 1;
  int32_t number = 1;
  int32_t end_option = 0;
  std::string_view options;
  int32_t group = 0;
};
Status Instr(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    SpanArguments given;
    if (arguments.size() > 2) given.start = arguments[2]->At<int32_t>(row);
    if (arguments.size() > 3) given.number = arguments[3]->At<int32_t>(row);
    if (arguments.size() > 4) given.end_option = arguments[4]->At<int32_t>(row);
    if (arguments.size() > 5) given.options = arguments[5]->View(row);
    if (arguments.size() > 6) given.group = arguments[6]->At<int32_t>(row);
    if (given.end_option != 0 && given.end_option != 1) {
      return BadParameter("endoption", given.end_option);
    }
    const std::string_view text = arguments[0]->View(row);
    HELIOS_TRY(const auto span, FindSpan(call, "regexp_instr()", text, arguments[1]->View(row),
                                         given.start, given.number, given.options, given.group));
    int32_t position = 0;
    if (span.has_value()) {
      const int64_t bytes = given.end_option == 1 ? span->end : span->begin;
      position = static_cast<int32_t>(Utf8Length(text.substr(0, static_cast<size_t>(bytes)))) + 1;
    }
    out->Data<int32_t>()[row] = position;
  }
  return Status::Ok();
}
Status Substr(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    SpanArguments given;
    if (arguments.size() > 2) given.start = arguments[2]->At<int32_t>(row);
    if (arguments.size() > 3) given.number = arguments[3]->At<int32_t>(row);
    if (arguments.size() > 4) given.options = arguments[4]->View(row);
    if (arguments.size() > 5) given.group = arguments[5]->At<int32_t>(row);
    const std::string_view text = arguments[0]->View(row);
    HELIOS_TRY(const auto span, FindSpan(call, "regexp_substr()", text, arguments[1]->View(row),
                                         given.start, given.number, given.options, given.group));
    if (span.has_value()) {
      out->SetString(row, Part(text, *span));
    } else {
      out->SetNull(row);
    }
  }
  return Status::Ok();
}

// substring(text from pattern): the first group if there is one, else the whole match.
Result<std::optional<std::string>> Substring(FunctionCall& call, std::string_view text,
                                             std::string_view pattern) {
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, {}));
  std::vector<RegexSpan> spans;
  HELIOS_TRY(const bool found, regex->Match(text, 0, &spans));
  if (!found) return std::optional<std::string>();
  const RegexSpan& span = spans[spans.size() > 1 ? 1 : 0];
  if (span.begin < 0) return std::optional<std::string>();
  return std::optional<std::string>(Part(text, span));
}
Result<std::optional<std::string>> SubstringSimilar(FunctionCall& call, std::string_view text,
                                                    std::string_view pattern,
                                                    std::string_view escape) {
  HELIOS_TRY(const std::string translated, SimilarToRegex(pattern, escape));
  return Substring(call, text, translated);
}

Result<std::string> SplitToArray(FunctionCall& call, std::string_view text,
                                 std::string_view pattern, std::string_view options) {
  HELIOS_TRY(const RegexFlags flags, ParseRegexFlags(options));
  if (flags.global) return NoGlobal("regexp_split_to_array()");
  HELIOS_TRY(const Regex* regex, CompileFor(call, pattern, flags));
  ArrayBuilder builder(type_oid::kText);
  HELIOS_TRY(const std::vector<std::string_view> parts, SplitByRegex(*regex, text));
  for (const std::string_view part : parts) builder.AddBytes(part);
  return builder.Finish();
}
Result<std::string> SplitToArrayPlain(FunctionCall& call, std::string_view text,
                                      std::string_view pattern) {
  return SplitToArray(call, text, pattern, "");
}

Result<std::string> SimilarEscape(std::string_view pattern, std::string_view escape) {
  return SimilarToRegex(pattern, escape);
}
Result<std::string> SimilarDefault(std::string_view pattern) {
  return SimilarToRegex(pattern, "\\");
}
// The old form: a NULL escape means the default one.
Status SimilarNullable(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    HELIOS_TRY(const std::string translated,
               SimilarToRegex(arguments[0]->View(row),
                              arguments[1]->IsNull(row) ? "\\" : arguments[1]->View(row)));
    out->SetString(row, translated);
  }
  return Status::Ok();
}

#define HELIOS_REGEX_OPERATORS(prefix)                                                             \
  {prefix "regexeq", MatchOperator<false, false>}, {prefix "regexne", MatchOperator<false, true>}, \
      {prefix "icregexeq", MatchOperator<true, false>}, {                                          \
    prefix "icregexne", MatchOperator<true, true>                                                  \
  }

constexpr KernelEntry kKernels[] = {
    HELIOS_REGEX_OPERATORS("text"),
    HELIOS_REGEX_OPERATORS("name"),
    {"textregexreplace_noopt", Map<Replace>},
    {"textregexreplace", Map<ReplaceFlags>},
    {"textregexreplace_extended", Map<ReplaceExtended>},
    {"textregexreplace_extended_no_flags", Map<ReplaceNth>},
    {"textregexreplace_extended_no_n", Map<ReplaceFrom>},
    {"regexp_match", Map<FirstMatch>},
    {"regexp_match_no_flags", Map<FirstMatchPlain>},
    {"regexp_like", Map<LikeFlags>},
    {"regexp_like_no_flags", Map<LikePlain>},
    {"regexp_count", Map<Count>},
    {"regexp_count_no_flags", Map<CountFrom>},
    {"regexp_count_no_start", Map<CountPlain>},
    {"regexp_instr", Instr},
    {"regexp_instr_no_start", Instr},
    {"regexp_instr_no_n", Instr},
    {"regexp_instr_no_endoption", Instr},
    {"regexp_instr_no_flags", Instr},
    {"regexp_instr_no_subexpr", Instr},
    {"regexp_substr", Substr},
    {"regexp_substr_no_start", Substr},
    {"regexp_substr_no_n", Substr},
    {"regexp_substr_no_flags", Substr},
    {"regexp_substr_no_subexpr", Substr},
    {"textregexsubstr", Map<Substring>},
    {"sql_2074", Map<SubstringSimilar>},
    {"regexp_split_to_array", Map<SplitToArray>},
    {"regexp_split_to_array_no_flags", Map<SplitToArrayPlain>},
    {"similar_to_escape_1", Map<SimilarDefault>},
    {"similar_to_escape_2", Map<SimilarEscape>},
    {"similar_escape", SimilarNullable},
};

}  // namespace

Result<std::vector<std::vector<RegexSpan>>> FindRegexMatches(const Regex& regex,
                                                             std::string_view text, size_t from,
                                                             bool global,
                                                             bool ignore_empty_at_ends) {
  std::vector<std::vector<RegexSpan>> matches;
  std::vector<RegexSpan> spans;
  int64_t previous_end = 0;
  while (from <= text.size()) {
    HELIOS_TRY(const bool found, regex.Match(text, from, &spans));
    if (!found) break;
    const RegexSpan whole = spans[0];
    // Splitting ignores an empty match at the end of the text or right after the previous match.
    if (!ignore_empty_at_ends ||
        (whole.begin < static_cast<int64_t>(text.size()) && whole.end > previous_end)) {
      matches.push_back(spans);
    }
    previous_end = whole.end;
    if (!global) break;
    from = static_cast<size_t>(whole.end);
    if (whole.begin == whole.end) {
      if (from >= text.size()) break;
      from += Utf8CharBytes(static_cast<unsigned char>(text[from]));
    }
  }
  return matches;
}

std::string RegexMatchArray(std::string_view text, const std::vector<RegexSpan>& spans) {
  ArrayBuilder builder(type_oid::kText);
  for (size_t i = spans.size() > 1 ? 1 : 0; i < spans.size(); ++i) {
    spans[i].begin < 0 ? builder.AddNull() : builder.AddBytes(Part(text, spans[i]));
  }
  return builder.Finish();
}

Result<std::vector<std::string_view>> SplitByRegex(const Regex& regex, std::string_view text) {
  std::vector<std::string_view> parts;
  size_t from = 0;
  HELIOS_TRY(const auto matches, FindRegexMatches(regex, text, 0, true, true));
  for (const auto& spans : matches) {
    parts.push_back(text.substr(from, static_cast<size_t>(spans[0].begin) - from));
    from = static_cast<size_t>(spans[0].end);
  }
  parts.push_back(text.substr(from));
  return parts;
}

std::span<const KernelEntry> RegexpKernels() { return kKernels; }

}  // namespace helios::expr
