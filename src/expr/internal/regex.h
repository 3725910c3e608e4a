#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"

namespace helios::expr {

// How a pattern is read: PostgreSQL's regular expression options.
struct RegexFlags {
  bool ignore_case = false;
  bool global = false;
  bool expanded = false;
  bool literal = false;
  bool dot_excludes_newline = false;
  bool anchors_match_lines = false;
};

// "gi" and the like; 22023 on an unknown letter.
Result<RegexFlags> ParseRegexFlags(std::string_view options);

// A piece of the text that matched; `begin` < 0: the group took no part.
struct RegexSpan {
  int64_t begin = -1;
  int64_t end = -1;
};

// A compiled pattern. PostgreSQL's advanced regular expressions are translated to RE2, which runs
// in linear time; those with back references or look-around go to a slower engine
// (regex_backtrack.h). Alternatives are matched longest first, as POSIX says, unless the pattern
// has a non-greedy quantifier or goes to the slower engine. Where greedy and non-greedy quantifiers
// are mixed, the pattern's preference (regex_preference.h) says where the match ends. What its
// groups took is found afterwards (regex_dissect.h) where RE2's answer may not be PostgreSQL's.
//
// Thread safety: Match from any thread.
class Regex {
 public:
  // 2201B "invalid regular expression: ..." in PostgreSQL's words.
  static Result<std::unique_ptr<Regex>> Compile(std::string_view pattern, RegexFlags flags);
  ~Regex();

  size_t group_count() const;
  // The first match at or after byte `from`; spans[0] is the whole, spans[i] group i.
  // 54001 when the slower engine gives up.
  Result<bool> Match(std::string_view text, size_t from, std::vector<RegexSpan>* spans) const;
  Result<bool> Matches(std::string_view text) const;

 private:
  struct Impl;
  explicit Regex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What a call site keeps: the last patterns that it met.
class RegexCache {
 public:
  Result<const Regex*> Get(std::string_view pattern, RegexFlags flags);

 private:
  static constexpr size_t kPatternsMax = 64;
  std::unordered_map<std::string, std::unique_ptr<Regex>> patterns_;
  std::string last_key_;
  const Regex* last_ = nullptr;
};

// Matches from byte `from` on, all when `global`. Splitting asks to ignore empty matches at the end
// of the text and right after another match.
Result<std::vector<std::vector<RegexSpan>>> FindRegexMatches(const Regex& regex,
                                                             std::string_view text, size_t from,
                                                             bool global,
                                                             bool ignore_empty_at_ends);
// The text[] of one match: its groups, or the whole when there are none.
std::string RegexMatchArray(std::string_view text, const std::vector<RegexSpan>& spans);
Result<std::vector<std::string_view>> SplitByRegex(const Regex& regex, std::string_view text);

// SIMILAR TO's pattern as a regular expression. 22025 when the escape is not one character.
Result<std::string> SimilarToRegex(std::string_view pattern, std::string_view escape);

}  // namespace helios::expr
