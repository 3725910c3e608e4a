#include <algorithm>
#include <charconv>

#include "types/internal/json_lexer.h"
#include "types/json.h"
#include "types/jsonpath.h"
#include "types/numeric.h"
#include "types/text.h"

namespace helios {
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

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
// What a name may hold as it is.
bool IsNameByte(char c) {
  return !IsBlank(c) &&
         std::string_view("?%$.[]{}()|&!=<>@#,*:-+/\"\\").find(c) == std::string_view::npos;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text), rest_(text) {}

  Result<JsonPathTree> Run() {
    JsonPathTree path;
    Skip();
    if (rest_.empty()) {
      return Error(ErrorCode::kInvalidTextRepresentation)
          .Message("invalid input syntax for type {}: \"{}\"", "jsonpath", text_);
    }
    if (TakeWord("strict")) {
      path.strict = true;
    } else {
      TakeWord("lax");
    }
    HELIOS_TRY(path.root, Or());
    Skip();
    if (!rest_.empty()) return Bad();
    HELIOS_TRY(Check(*path.root, false, false));
    return path;
  }

 private:
  Status Bad() {
    Skip();
    if (rest_.empty()) {
      return Error(ErrorCode::kSyntaxError).Message("syntax error at end of jsonpath input");
    }
    if (rest_.starts_with("/*")) {
      return Error(ErrorCode::kSyntaxError)
          .Message("unexpected end of comment at end of jsonpath input");
    }
    size_t length = 1;
    while (length < rest_.size() && IsNameByte(rest_[0]) && IsNameByte(rest_[length])) ++length;
    return Error(ErrorCode::kSyntaxError)
        .Message("syntax error at or near \"{}\" of jsonpath input", rest_.substr(0, length));
  }
  void Skip() {
    while (!rest_.empty()) {
      if (IsBlank(rest_[0])) {
        rest_.remove_prefix(1);
        continue;
      }
      const size_t end = rest_.starts_with("/*") ? rest_.find("*/", 2) : std::string_view::npos;
      if (end == std::string_view::npos) return;
      rest_.remove_prefix(end + 2);
    }
  }
  bool Take(std::string_view token) {
    Skip();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool TakeWord(std::string_view word, bool any_case = true) {
    Skip();
    if (rest_.size() < word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      const bool is_capital = any_case && rest_[i] >= 'A' && rest_[i] <= 'Z';
      if ((is_capital ? static_cast<char>(rest_[i] | 0x20) : rest_[i]) != word[i]) return false;
    }
    if (rest_.size() > word.size() &&
        (IsNameByte(rest_[word.size()]) || rest_[word.size()] == '\\'))
      return false;
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
      if (!left->is_predicate() || !right->is_predicate()) return Bad();
      left = Make(Kind::kOr, std::move(left), std::move(right));
    }
    --depth_;
    return left;
  }
  Result<Node> And() {
    HELIOS_TRY(Node left, Comparison());
    while (Take("&&")) {
      HELIOS_TRY(Node right, Comparison());
      if (!left->is_predicate() || !right->is_predicate()) return Bad();
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
      if (left->is_predicate() || right->is_predicate()) return Bad();
      return Make(kind, std::move(left), std::move(right));
    }
    if (TakeWord("starts")) {
      if (left->is_predicate() || !TakeWord("with")) return Bad();
      HELIOS_TRY(Node right, Primary());
      const bool is_string = right->kind == Kind::kLiteral && right->text[0] == '"';
      if (!is_string && right->kind != Kind::kVariable) return Bad();
      return Make(Kind::kStartsWith, std::move(left), std::move(right));
    }
    if (TakeWord("like_regex")) return LikeRegex(std::move(left));
    return left;
  }
  Result<Node> LikeRegex(Node left) {
    if (left->is_predicate()) return Bad();
    HELIOS_TRY(std::string pattern, QuotedText());
    Node node = Make(Kind::kLikeRegex, std::move(left));
    node->text = std::move(pattern);
    if (!TakeWord("flag")) return node;
    HELIOS_TRY(const std::string letters, QuotedText());
    constexpr std::string_view kFlags = "ismxq";
    for (const char c : letters) {
      if (kFlags.find(c) != std::string_view::npos) continue;
      return Error(ErrorCode::kSyntaxError)
          .Message("invalid input syntax for type {}", "jsonpath")
          .Detail("Unrecognized flag character \"{}\" in LIKE_REGEX predicate.", c);
    }
    for (const char c : kFlags) {
      if (letters.find(c) != std::string::npos) node->flags.push_back(c);
    }
    if (node->flags.ends_with('x')) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("XQuery \"x\" flag (expanded regular expressions) is not implemented");
    }
    return node;
  }
  Result<Node> Sum() {
    HELIOS_TRY(Node left, Product());
    for (;;) {
      const bool add = Take("+");
      if (!add && !Take("-")) return left;
      HELIOS_TRY(Node right, Product());
      if (left->is_predicate() || right->is_predicate()) return Bad();
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
      if (left->is_predicate() || right->is_predicate()) return Bad();
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
    const bool minus = Take("-");
    if (minus || Take("+")) {
      HELIOS_TRY(Node operand, Unary());
      if (operand->is_predicate()) return Bad();
      const bool is_number = operand->kind == Kind::kLiteral && IsNumber(operand->text);
      if (!is_number) return Make(minus ? Kind::kMinus : Kind::kPlus, std::move(operand));
      if (minus) Negate(&operand->text);
      return operand;
    }
    if (!rest_.starts_with("!=") && Take("!")) {
      HELIOS_TRY(Node operand, Delimited());
      return Make(Kind::kNot, std::move(operand));
    }
    if (TakeWord("exists")) return Exists();
    const bool parenthesized = rest_.starts_with("(");
    HELIOS_TRY(Node primary, Primary());
    if (parenthesized && primary->is_predicate() && TakeWord("is")) {
      if (!TakeWord("unknown")) return Bad();
      return Make(Kind::kIsUnknown, std::move(primary));
    }
    return Accessors(std::move(primary));
  }
  static bool IsNumber(const std::string& literal) {
    return IsDigit(literal[0]) || literal[0] == '-';
  }
  static void Negate(std::string* number) {
    if ((*number)[0] == '-') {
      number->erase(0, 1);
    } else if (number->find_first_of("123456789") != std::string::npos) {
      number->insert(0, "-");
    }
  }

  // `(predicate)` or exists: what may follow `!`.
  Result<Node> Delimited() {
    if (TakeWord("exists")) return Exists();
    if (!Take("(")) return Bad();
    HELIOS_TRY(Node inner, Or());
    if (!inner->is_predicate() || !Take(")")) return Bad();
    return inner;
  }
  Result<Node> Exists() {
    if (!Take("(")) return Bad();
    HELIOS_TRY(Node path, Or());
    if (path->is_predicate() || !Take(")")) return Bad();
    return Make(Kind::kExists, std::move(path));
  }

  Result<Node> Primary() {
    Skip();
    if (Take("(")) {
      HELIOS_TRY(Node inner, Or());
      if (!Take(")")) return Bad();
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
    for (const char* word : {"true", "false", "null"}) {
      if (TakeWord(word, /*any_case=*/false)) return Make(Kind::kLiteral, std::string(word));
    }
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
    const auto digits = [&] {
      while (length < rest_.size() && IsDigit(rest_[length])) ++length;
    };
    if (rest_[0] == '0') {
      length = 1;  // No digit may follow.
    } else {
      digits();
    }
    if (length < rest_.size() && rest_[length] == '.') {
      ++length;
      digits();
    }
    if (length < rest_.size() && (rest_[length] | 0x20) == 'e') {
      size_t exponent = length + 1;
      if (exponent < rest_.size() && (rest_[exponent] == '+' || rest_[exponent] == '-')) ++exponent;
      if (exponent < rest_.size() && IsDigit(rest_[exponent])) {
        length = exponent;
        digits();
      }
    }
    if (length < rest_.size() && (IsNameByte(rest_[length]) || rest_[length] == '\\')) {
      return Error(ErrorCode::kSyntaxError)
          .Message("trailing junk after numeric literal at or near \"{}\" of jsonpath input",
                   rest_.substr(0, length + 1));
    }
    const Result<Numeric> value = Numeric::Parse(rest_.substr(0, length));
    if (!value.ok()) return Bad();
    rest_.remove_prefix(length);
    return Make(Kind::kLiteral, value->ToString());
  }

  // A quoted string.
  Result<std::string> QuotedText() {
    Skip();
    if (rest_.empty() || rest_[0] != '"') return Bad();
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_[0] != '"') {
      if (rest_[0] == '\\') {
        HELIOS_TRY(Escape(&text));
        continue;
      }
      text.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("unexpected end of quoted string at end of jsonpath input");
    }
    rest_.remove_prefix(1);
    return text;
  }

  // The escape that `rest_` begins with. Some code points take two.
  Status Escape(std::string* text) {
    rest_.remove_prefix(1);
    if (rest_.empty()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("unexpected end after backslash at end of jsonpath input");
    }
    const char c = rest_[0];
    if (c == 'u' || c == 'x') {
      HELIOS_TRY(const uint32_t code, EscapedCode());
      if (code < 0xD800 || code > 0xDFFF) return AddCode(code, text);
      if (code > 0xDBFF || !rest_.starts_with("\\u")) return LoneSurrogate();
      rest_.remove_prefix(1);
      HELIOS_TRY(const uint32_t low, EscapedCode());
      if (low < 0xDC00 || low > 0xDFFF) return LoneSurrogate();
      return AddCode(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), text);
    }
    rest_.remove_prefix(1);
    constexpr std::string_view kLetters = "bfnrtv", kMeant = "\b\f\n\r\t\v";
    const size_t found = kLetters.find(c);
    text->push_back(found == std::string_view::npos ? c : kMeant[found]);
    return Status::Ok();
  }
  static Status LoneSurrogate() {
    return Error(ErrorCode::kInvalidTextRepresentation)
        .Message("invalid input syntax for type {}", "jsonpath")
        .Detail("Unicode low surrogate must follow a high surrogate.");
  }
  static Status AddCode(uint32_t code, std::string* text) {
    if (code == 0) {
      return Error(ErrorCode::kUntranslatableCharacter)
          .Message("unsupported Unicode escape sequence")
          .Detail("\\u0000 cannot be converted to text.");
    }
    AppendUtf8(code, text);
    return Status::Ok();
  }
  // xHH, uXXXX or u{X...}: `rest_` begins with the letter.
  Result<uint32_t> EscapedCode() {
    const bool is_byte = rest_[0] == 'x';
    rest_.remove_prefix(1);
    const bool braced = !is_byte && rest_.starts_with("{");
    if (braced) rest_.remove_prefix(1);
    const size_t digits_max = is_byte ? 2 : (braced ? 6 : 4);
    uint32_t code = 0;
    size_t digits = 0;
    while (digits < digits_max && !rest_.empty() && HexDigit(rest_[0]) >= 0) {
      code = code * 16 + static_cast<uint32_t>(HexDigit(rest_[0]));
      rest_.remove_prefix(1);
      ++digits;
    }
    const bool complete = braced ? digits > 0 && rest_.starts_with("}") : digits == digits_max;
    if (!complete || code > 0x10FFFF) {
      return Error(ErrorCode::kSyntaxError)
          .Message("{} of jsonpath input",
                   is_byte ? "invalid hex character sequence" : "invalid unicode sequence");
    }
    if (braced) rest_.remove_prefix(1);
    return code;
  }

  // @ belongs in filters, last in subscripts.
  static Status Check(const PathNode& node, bool in_filter, bool in_subscript) {
    if (node.kind == Kind::kCurrent && !in_filter) {
      return Error(ErrorCode::kSyntaxError).Message("@ is not allowed in root expressions");
    }
    if (node.kind == Kind::kLast && !in_subscript) {
      return Error(ErrorCode::kSyntaxError).Message("LAST is allowed only in array subscripts");
    }
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (node.children[i] == nullptr) continue;
      const bool inside = i > 0;
      HELIOS_TRY(Check(*node.children[i], in_filter || (inside && node.kind == Kind::kFilter),
                       in_subscript || (inside && node.kind == Kind::kIndex)));
    }
    return Status::Ok();
  }

  Result<Node> Accessors(Node path) {
    HELIOS_TRY(Deeper());
    const int depth = depth_;
    for (;;) {
      Skip();
      HELIOS_TRY(Deeper());
      if (Take("?")) {
        if (!Take("(")) return Bad();
        HELIOS_TRY(Node condition, Or());
        if (!condition->is_predicate() || !Take(")")) return Bad();
        path = Make(Kind::kFilter, std::move(path), std::move(condition));
      } else if (rest_.starts_with("[")) {
        HELIOS_TRY(path, Subscript(std::move(path)));
      } else if (Take(".")) {
        HELIOS_TRY(path, Member(std::move(path)));
      } else {
        depth_ = depth - 1;
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
      if (from->is_predicate()) return Bad();
      node->children.push_back(std::move(from));
      Node to;
      if (TakeWord("to")) {
        HELIOS_TRY(to, Sum());
        if (to->is_predicate()) return Bad();
      }
      node->children.push_back(std::move(to));
    } while (Take(","));
    if (!Take("]")) return Bad();
    return node;
  }
  Result<int32_t> Level() {
    if (TakeWord("last")) return INT32_MAX;
    Skip();
    if (rest_.empty() || !IsDigit(rest_[0])) return Bad();
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
      if (rest_.empty() || IsDigit(rest_[0])) return Bad();
      while (!rest_.empty() && (IsNameByte(rest_[0]) || rest_[0] == '\\')) {
        if (rest_[0] == '\\') {
          HELIOS_TRY(Escape(&name));
          continue;
        }
        name.push_back(rest_[0]);
        rest_.remove_prefix(1);
      }
      if (name.empty()) return Bad();
      Skip();
      if (rest_.starts_with("(")) return Method(std::move(path), std::move(name));
    }
    Node node = Make(Kind::kMember, std::move(path));
    node->text = std::move(name);
    return node;
  }
  Result<Node> Method(Node path, std::string name) {
    static constexpr std::string_view kMethods[] = {"abs",   "ceiling",  "datetime", "double",
                                                    "floor", "keyvalue", "size",     "type"};
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if (!std::binary_search(std::begin(kMethods), std::end(kMethods), name)) return Bad();
    Take("(");
    Node node = Make(Kind::kMethod, std::move(path));
    Skip();
    if (name == "datetime" && rest_.starts_with("\"")) {
      HELIOS_TRY(const std::string format, QuotedText());
      node->children.push_back(Make(Kind::kLiteral, JsonbString(format)));
    }
    if (!Take(")")) return Bad();
    node->text = std::move(name);
    return node;
  }

  const std::string_view text_;
  std::string_view rest_;
  int depth_ = 0;
};

}  // namespace

Result<JsonPathTree> ParseJsonPath(std::string_view text) { return PathParser(text).Run(); }

}  // namespace helios
