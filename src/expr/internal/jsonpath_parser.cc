#include <algorithm>
#include <charconv>

#include "expr/internal/jsonpath.h"
#include "types/json.h"
#include "types/numeric.h"
#include "types/text.h"

namespace helios::expr {
namespace {

using Kind = PathNode::Kind;
using Node = std::unique_ptr<PathNode>;

constexpr int kDepthMax = 200;

Node Make(Kind kind, std::string text = {}) {
  auto node = std::make_unique<PathNode>();
  node->kind = kind;
  node->text = std::move(text);
  return node;
}
Node Make(Kind kind, Node left, Node right = nullptr) {
  Node node = Make(kind);
  node->children.push_back(std::move(left));
  if (right != nullptr) node->children.push_back(std::move(right));
  return node;
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class PathParser {
 public:
  explicit PathParser(std::string_view text) : rest_(text) {}

  Result<JsonPathExpr> Run() {
    JsonPathExpr path;
    if (TakeWord("strict")) {
      path.strict = true;
    } else {
      TakeWord("lax");
    }
    HELIOS_TRY(path.root, Or());
    Skip();
    if (!rest_.empty()) return Bad();
    return path;
  }

 private:
  Status Bad() {
    Skip();
    if (rest_.empty()) {
      return Error(ErrorCode::kSyntaxError).Message("syntax error at end of jsonpath input");
    }
    size_t length = 1;
    while (length < rest_.size() && IsNameByte(rest_[0]) && IsNameByte(rest_[length])) ++length;
    return Error(ErrorCode::kSyntaxError)
        .Message("syntax error at or near \"{}\" of jsonpath input", rest_.substr(0, length));
  }
  void Skip() {
    while (!rest_.empty() && IsSpace(rest_[0])) rest_.remove_prefix(1);
  }
  bool Take(std::string_view token) {
    Skip();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool TakeWord(std::string_view word) {
    Skip();
    if (!rest_.starts_with(word)) return false;
    if (rest_.size() > word.size() && IsNameByte(rest_[word.size()])) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  Status Deeper() {
    if (++depth_ <= kDepthMax) return Status::Ok();
    return Error(ErrorCode::kStatementTooComplex).Message("jsonpath is nested too deeply");
  }

  Result<Node> Or() {
    HELIOS_TRY(Deeper());
    HELIOS_TRY(Node left, And());
    while (Take("||")) {
      HELIOS_TRY(Node right, And());
      left = Make(Kind::kOr, std::move(left), std::move(right));
    }
    --depth_;
    return left;
  }
  Result<Node> And() {
    HELIOS_TRY(Node left, Comparison());
    while (Take("&&")) {
      HELIOS_TRY(Node right, Comparison());
      left = Make(Kind::kAnd, std::move(left), std::move(right));
    }
    return left;
  }
  Result<Node> Comparison() {
    HELIOS_TRY(Node left, Sum());
    static constexpr std::pair<std::string_view, Kind> kOperators[] = {
        {"==", Kind::kEqual},     {"!=", Kind::kNotEqual},     {"<>", Kind::kNotEqual},
        {"<=", Kind::kLessEqual}, {">=", Kind::kGreaterEqual}, {"<", Kind::kLess},
        {">", Kind::kGreater}};
    for (const auto& [token, kind] : kOperators) {
      if (!Take(token)) continue;
      HELIOS_TRY(Node right, Sum());
      return Make(kind, std::move(left), std::move(right));
    }
    if (TakeWord("starts")) {
      if (!TakeWord("with")) return Bad();
      HELIOS_TRY(Node right, Unary());
      return Make(Kind::kStartsWith, std::move(left), std::move(right));
    }
    if (TakeWord("like_regex")) return LikeRegex(std::move(left));
    return left;
  }
  Result<Node> LikeRegex(Node left) {
    HELIOS_TRY(const std::string pattern, QuotedText());
    RegexFlags flags;
    if (TakeWord("flag")) {
      HELIOS_TRY(const std::string letters, QuotedText());
      for (const char c : letters) {
        switch (c) {
          case 'i':
            flags.ignore_case = true;
            break;
          case 's':
            break;
          case 'm':
            flags.anchors_match_lines = true;
            break;
          case 'x':
            flags.expanded = true;
            break;
          case 'q':
            flags.literal = true;
            break;
          default:
            return Error(ErrorCode::kSyntaxError)
                .Message("invalid input syntax for type {}", "jsonpath")
                .Detail("Unrecognized flag character \"{}\" in LIKE_REGEX predicate.", c);
        }
      }
    }
    Node node = Make(Kind::kLikeRegex, std::move(left));
    HELIOS_TRY(node->regex, Regex::Compile(pattern, flags));
    return node;
  }
  Result<Node> Sum() {
    HELIOS_TRY(Node left, Product());
    for (;;) {
      const bool add = Take("+");
      if (!add && !Take("-")) return left;
      HELIOS_TRY(Node right, Product());
      left = Make(add ? Kind::kAdd : Kind::kSubtract, std::move(left), std::move(right));
    }
  }
  Result<Node> Product() {
    HELIOS_TRY(Node left, Unary());
    for (;;) {
      Kind kind;
      if (Take("*")) {
        kind = Kind::kMultiply;
      } else if (Take("/")) {
        kind = Kind::kDivide;
      } else if (Take("%")) {
        kind = Kind::kModulo;
      } else {
        return left;
      }
      HELIOS_TRY(Node right, Unary());
      left = Make(kind, std::move(left), std::move(right));
    }
  }
  Result<Node> Unary() {
    HELIOS_TRY(Deeper());
    Skip();
    Result<Node> result = UnaryInner();
    --depth_;
    return result;
  }
  Result<Node> UnaryInner() {
    if (Take("+")) {
      HELIOS_TRY(Node operand, Unary());
      return Make(Kind::kPlus, std::move(operand));
    }
    if (Take("-")) {
      HELIOS_TRY(Node operand, Unary());
      return Make(Kind::kMinus, std::move(operand));
    }
    if (!rest_.starts_with("!=") && Take("!")) {
      HELIOS_TRY(Node operand, Unary());
      return Make(Kind::kNot, std::move(operand));
    }
    if (TakeWord("exists")) {
      if (!Take("(")) return Bad();
      HELIOS_TRY(Node path, Or());
      if (!Take(")")) return Bad();
      return Make(Kind::kExists, std::move(path));
    }
    HELIOS_TRY(Node primary, Primary());
    return Accessors(std::move(primary));
  }

  Result<Node> Primary() {
    Skip();
    if (Take("(")) {
      HELIOS_TRY(Node inner, Or());
      if (!Take(")")) return Bad();
      if (TakeWord("is")) {
        if (!TakeWord("unknown")) return Bad();
        return Make(Kind::kIsUnknown, std::move(inner));
      }
      return inner;
    }
    if (rest_.empty()) return Bad();
    if (rest_[0] == '"') {
      HELIOS_TRY(const std::string text, QuotedText());
      return Make(Kind::kLiteral, JsonbString(text));
    }
    if (IsDigit(rest_[0]) || (rest_[0] == '.' && rest_.size() > 1 && IsDigit(rest_[1]))) {
      return Number();
    }
    if (TakeWord("true")) return Make(Kind::kLiteral, "true");
    if (TakeWord("false")) return Make(Kind::kLiteral, "false");
    if (TakeWord("null")) return Make(Kind::kLiteral, "null");
    if (TakeWord("last")) return Make(Kind::kLast);
    if (Take("@")) return Make(Kind::kCurrent);
    if (!Take("$")) return Bad();
    if (rest_.starts_with("\"")) {
      HELIOS_TRY(std::string name, QuotedText());
      return Make(Kind::kVariable, std::move(name));
    }
    std::string name;
    while (!rest_.empty() && IsNameByte(rest_[0])) {
      name.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    return name.empty() ? Make(Kind::kRoot) : Make(Kind::kVariable, std::move(name));
  }

  Result<Node> Number() {
    size_t length = 0;
    while (length < rest_.size() && (IsDigit(rest_[length]) || rest_[length] == '.')) ++length;
    if (length < rest_.size() && (rest_[length] | 0x20) == 'e') {
      size_t exponent = length + 1;
      if (exponent < rest_.size() && (rest_[exponent] == '+' || rest_[exponent] == '-')) ++exponent;
      if (exponent < rest_.size() && IsDigit(rest_[exponent])) {
        length = exponent;
        while (length < rest_.size() && IsDigit(rest_[length])) ++length;
      }
    }
    if (length < rest_.size() && IsNameByte(rest_[length])) {
      return Error(ErrorCode::kSyntaxError)
          .Message("trailing junk after numeric literal at or near \"{}\" of jsonpath input",
                   rest_.substr(0, length + 1));
    }
    const Result<Numeric> value = Numeric::Parse(rest_.substr(0, length));
    if (!value.ok()) return Bad();
    rest_.remove_prefix(length);
    return Make(Kind::kLiteral, value->ToString());
  }

  // A quoted string with JSON's escapes.
  Result<std::string> QuotedText() {
    Skip();
    if (rest_.empty() || rest_[0] != '"') return Bad();
    size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("unterminated quoted string at end of jsonpath input");
    }
    const std::string_view token = rest_.substr(0, end + 1);
    if (!ValidateJson(token).ok()) return Bad();
    rest_.remove_prefix(end + 1);
    return JsonUnescape(token);
  }

  Result<Node> Accessors(Node path) {
    for (;;) {
      Skip();
      if (Take("?")) {
        if (!Take("(")) return Bad();
        HELIOS_TRY(Node condition, Or());
        if (!Take(")")) return Bad();
        path = Make(Kind::kFilter, std::move(path), std::move(condition));
      } else if (rest_.starts_with("[")) {
        HELIOS_TRY(path, Subscript(std::move(path)));
      } else if (Take(".")) {
        HELIOS_TRY(path, Member(std::move(path)));
      } else {
        return path;
      }
    }
  }
  Result<Node> Subscript(Node path) {
    Take("[");
    if (Take("*")) {
      if (!Take("]")) return Bad();
      return Make(Kind::kAnyIndex, std::move(path));
    }
    Node node = Make(Kind::kIndex, std::move(path));
    do {
      HELIOS_TRY(Node from, Sum());
      node->children.push_back(std::move(from));
      Node to;
      if (TakeWord("to")) {
        HELIOS_TRY(to, Sum());
      }
      node->children.push_back(std::move(to));
    } while (Take(","));
    if (!Take("]")) return Bad();
    return node;
  }
  Result<int32_t> Level() {
    if (TakeWord("last")) return INT32_MAX;
    Skip();
    int32_t level = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), level);
    if (error != std::errc()) return Bad();
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return level;
  }
  Result<Node> Member(Node path) {
    if (Take("**")) {
      Node node = Make(Kind::kAnyLevel, std::move(path));
      node->to = INT32_MAX;
      if (!Take("{")) return node;
      HELIOS_TRY(node->from, Level());
      node->to = node->from;
      if (TakeWord("to")) {
        HELIOS_TRY(node->to, Level());
      }
      if (!Take("}")) return Bad();
      return node;
    }
    if (Take("*")) return Make(Kind::kAnyMember, std::move(path));
    Skip();
    std::string name;
    if (rest_.starts_with("\"")) {
      HELIOS_TRY(name, QuotedText());
    } else {
      while (!rest_.empty() && IsNameByte(rest_[0])) {
        name.push_back(rest_[0]);
        rest_.remove_prefix(1);
      }
      if (name.empty()) return Bad();
      if (Take("(")) {
        static constexpr std::string_view kMethods[] = {"abs",      "ceiling", "double", "floor",
                                                        "keyvalue", "size",    "type"};
        if (!Take(")")) return Bad();
        if (!std::binary_search(std::begin(kMethods), std::end(kMethods), name)) {
          return Error(ErrorCode::kFeatureNotSupported)
              .Message("jsonpath method .{}() is not supported", name);
        }
        Node node = Make(Kind::kMethod, std::move(path));
        node->text = std::move(name);
        return node;
      }
    }
    Node node = Make(Kind::kMember, std::move(path));
    node->text = std::move(name);
    return node;
  }

  std::string_view rest_;
  int depth_ = 0;
};

}  // namespace

Result<JsonPathExpr> JsonPathExpr::Parse(std::string_view text) { return PathParser(text).Run(); }

}  // namespace helios::expr
