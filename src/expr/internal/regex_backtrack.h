#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expr/internal/regex.h"

namespace helios::expr {

// The engine for patterns that RE2 cannot run: those with back references or look-around. It
// searches by backtracking (ICU), takes the first alternative that fits rather than the longest,
// and gives up with 54001 when a match takes too many steps.
//
// Thread safety: Match from any thread.
class BacktrackRegex {
 public:
  // `pattern` is in ICU's syntax. Null: it is malformed.
  static std::unique_ptr<BacktrackRegex> Compile(const std::string& pattern,
                                                 const RegexFlags& flags);
  ~BacktrackRegex();

  size_t group_count() const { return group_count_; }
  // As Regex::Match; `spans` may be null.
  Result<bool> Match(std::string_view text, size_t from, std::vector<RegexSpan>* spans) const;

 private:
  struct Pattern;
  explicit BacktrackRegex(std::unique_ptr<Pattern> pattern);
  std::unique_ptr<Pattern> pattern_;
  size_t group_count_ = 0;
};

}  // namespace helios::expr
