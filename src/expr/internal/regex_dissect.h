#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expr/internal/regex.h"

namespace helios::expr {

// Finds what each group of a match took, as PostgreSQL's engine (Henry Spencer's) does: the pattern
// is taken apart over the text that matched as a whole. Of two parts that follow each other the
// left one takes as much as it can, or as little if that is what it prefers; the first alternative
// that fits exactly is taken; of a repeated group the last round counts. RE2's own answer differs
// where groups stand in alternatives or are repeated.
//
// Thread safety: Dissect from any thread.
class RegexDissector {
 public:
  // `pattern` is one that RE2 has compiled. Null: RE2's own groups will do.
  static std::unique_ptr<RegexDissector> Compile(std::string_view pattern, const RegexFlags& flags);
  ~RegexDissector();

  // Sets spans[1] onwards; spans[0] is the whole match. False, and nothing set, when it would take
  // too many steps.
  bool Dissect(std::string_view text, std::vector<RegexSpan>* spans) const;

 private:
  struct Node;
  class Parser;
  class Run;
  explicit RegexDissector(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

}  // namespace helios::expr
