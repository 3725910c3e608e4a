// SQL/JSON path as text: what it says, and the form in which PostgreSQL prints it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace helios {

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
  std::string text;   // Name, canonical literal, method or pattern.
  std::string flags;  // kLikeRegex: those given, of "ismxq", in this order.
  int32_t from = 0;   // kAnyLevel; INT32_MAX for last.
  int32_t to = 0;
  // Accessors: the path they apply to. Operators: operands. kIndex: the path, then pairs (from,
  // to), `to` null for a single subscript. kMethod: the path, then its argument if it has one.
  std::vector<std::unique_ptr<PathNode>> children;

  bool is_predicate() const { return kind >= Kind::kEqual && kind <= Kind::kLikeRegex; }
  bool is_accessor() const { return kind >= Kind::kMember && kind <= Kind::kMethod; }
};

struct JsonPathTree {
  bool strict = false;
  std::unique_ptr<PathNode> root;
};

// 42601 and, for no text at all, 22P02, as PostgreSQL's jsonpath input.
Result<JsonPathTree> ParseJsonPath(std::string_view text);

// PostgreSQL's output, which reads back as the same path.
std::string FormatJsonPath(const JsonPathTree& path);

}  // namespace helios
