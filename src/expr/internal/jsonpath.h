#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "expr/internal/regex.h"
#include "types/jsonpath.h"

namespace helios::expr {

// A path that can be run.
struct JsonPathExpr {
  JsonPathTree tree;
  std::unordered_map<const PathNode*, std::unique_ptr<Regex>> patterns;  // Of kLikeRegex.

  // As ParseJsonPath; 2201B for a pattern that is not a regular expression.
  static Result<JsonPathExpr> Parse(std::string_view text);
};

// The items that `path` finds. `vars` is an object. With `silent`, errors of structure and of
// numbers end the search with what was found so far (as the operators @? and @@ have it).
Result<std::vector<std::string>> RunJsonPath(const JsonPathExpr& path, std::string_view json,
                                             std::string_view vars, bool silent);

}  // namespace helios::expr
