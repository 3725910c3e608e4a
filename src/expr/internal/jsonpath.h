#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expr/internal/regex.h"

namespace helios::expr {

// SQL/JSON path: what jsonpath text means and what it finds in a jsonb value.
struct PathNode {
  enum class Kind : uint8_t {
    kRoot,
    kCurrent,
    kVariable,
    kLiteral,  // $ @ $name 1 "x" true null
    kMember,
    kAnyMember,
    kAnyLevel,
    kIndex,
    kAnyIndex,  // .a .* .**{from to} [..] [*]
    kFilter,
    kMethod,  // ?(..) .size()
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kPlus,
    kMinus,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kAnd,
    kOr,
    kNot,
    kIsUnknown,
    kExists,
    kStartsWith,
    kLikeRegex,
    kLast,
  };
  Kind kind;
  std::string text;  // Name, canonical literal, method or pattern.
  int32_t from = 0;  // kAnyLevel; INT32_MAX for last.
  int32_t to = 0;
  std::unique_ptr<Regex> regex;
  // Accessors: the path they apply to. Operators: operands. kIndex: the path, then pairs (from,
  // to), `to` null for a single subscript.
  std::vector<std::unique_ptr<PathNode>> children;

  bool is_predicate() const { return kind >= Kind::kEqual && kind <= Kind::kLikeRegex; }
};

struct JsonPathExpr {
  bool strict = false;
  std::unique_ptr<PathNode> root;

  // 42601 as PostgreSQL's jsonpath input.
  static Result<JsonPathExpr> Parse(std::string_view text);
};

// The items that `path` finds. `vars` is an object. With `silent`, errors of structure and of
// numbers end the search with what was found so far (as the operators @? and @@ have it).
Result<std::vector<std::string>> RunJsonPath(const JsonPathExpr& path, std::string_view json,
                                             std::string_view vars, bool silent);

}  // namespace helios::expr
