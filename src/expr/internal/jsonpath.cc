#include "expr/internal/jsonpath.h"

#include <algorithm>
#include <cmath>

#include "types/io.h"
#include "types/json.h"
#include "types/numeric.h"

namespace helios::expr {
namespace {

using Kind = PathNode::Kind;
using Items = std::vector<std::string>;

enum class Truth : uint8_t { kFalse, kTrue, kUnknown };

// Errors that silence turns into "nothing more found"; others (a missing variable) always surface.
Status Structural(ErrorCode code, std::string_view message) {
  return Error(code).Message("{}", message);
}

class PathRunner {
 public:
  PathRunner(const JsonPathExpr& path, std::string_view root, std::string_view vars)
      : path_(path), lax_(!path.tree.strict), root_(root), vars_(vars) {}

  Result<Items> Run(const PathNode& node, std::string_view current, int64_t last = -1) {
    if (node.is_predicate()) {
      HELIOS_TRY(const Truth truth, Test(node, current, last));
      return Items{truth == Truth::kUnknown ? "null" : (truth == Truth::kTrue ? "true" : "false")};
    }
    switch (node.kind) {
      case Kind::kRoot:
        return Items{std::string(root_)};
      case Kind::kCurrent:
        return Items{std::string(current)};
      case Kind::kLiteral:
        return Items{node.text};
      case Kind::kLast:
        return Items{std::to_string(last)};
      case Kind::kVariable: {
        const auto value = JsonField(vars_, node.text);
        if (!value.has_value()) {
          return Error(ErrorCode::kUndefinedObject)
              .Message("could not find jsonpath variable \"{}\"", node.text);
        }
        return Items{std::string(*value)};
      }
      case Kind::kMember:
        return Member(node, current, last);
      case Kind::kAnyMember:
        return AnyMember(node, current, last);
      case Kind::kAnyLevel:
        return AnyLevel(node, current, last);
      case Kind::kIndex:
      case Kind::kAnyIndex:
        return Index(node, current, last);
      case Kind::kFilter:
        return Filter(node, current, last);
      case Kind::kMethod:
        return Method(node, current, last);
      default:
        return Arithmetic(node, current, last);
    }
  }

 private:
  // In lax mode arrays are opened where an item of another kind is wanted.
  Items Unwrap(Items items) const {
    if (!lax_) return items;
    Items out;
    for (std::string& item : items) {
      if (JsonTypeOf(item) != JsonType::kArray) {
        out.push_back(std::move(item));
        continue;
      }
      for (const JsonMember& member : JsonMembers(item)) out.emplace_back(member.value);
    }
    return out;
  }
  Result<Items> Operand(const PathNode& node, std::string_view current, int64_t last) {
    return Run(*node.children[0], current, last);
  }

  Result<Items> Member(const PathNode& node, std::string_view current, int64_t last) {
    HELIOS_TRY(Items items, Operand(node, current, last));
    Items out;
    for (const std::string& item : Unwrap(std::move(items))) {
      if (JsonTypeOf(item) != JsonType::kObject) {
        if (lax_) continue;
        return Structural(ErrorCode::kJsonMemberNotFound,
                          "jsonpath member accessor can only be applied to an object");
      }
      const auto value = JsonField(item, node.text);
      if (value.has_value()) {
        out.emplace_back(*value);
      } else if (!lax_) {
        return Structural(ErrorCode::kJsonMemberNotFound,
                          "JSON object does not contain key \"" + node.text + "\"");
      }
    }
    return out;
  }
  Result<Items> AnyMember(const PathNode& node, std::string_view current, int64_t last) {
    HELIOS_TRY(Items items, Operand(node, current, last));
    Items out;
    for (const std::string& item : Unwrap(std::move(items))) {
      if (JsonTypeOf(item) == JsonType::kObject) {
        for (const JsonMember& member : JsonMembers(item)) out.emplace_back(member.value);
      } else if (!lax_) {
        return Structural(ErrorCode::kJsonObjectNotFound,
                          "jsonpath wildcard member accessor can only be applied to an object");
      }
    }
    return out;
  }
  void Descend(std::string_view item, int32_t level, const PathNode& node, Items* out) {
    const JsonType type = JsonTypeOf(item);
    const bool leaf = type != JsonType::kArray && type != JsonType::kObject;
    const bool wanted = node.from == INT32_MAX ? leaf : level >= node.from && level <= node.to;
    if (wanted) out->emplace_back(item);
    if (leaf || (node.from != INT32_MAX && level >= node.to)) return;
    for (const JsonMember& member : JsonMembers(item)) {
      Descend(member.value, level + 1, node, out);
    }
  }
  Result<Items> AnyLevel(const PathNode& node, std::string_view current, int64_t last) {
    HELIOS_TRY(const Items items, Operand(node, current, last));
    Items out;
    for (const std::string& item : items) Descend(item, 0, node, &out);
    return out;
  }

  Result<int64_t> SubscriptValue(const PathNode& node, std::string_view current, int64_t last) {
    HELIOS_TRY(const Items items, Run(node, current, last));
    if (items.size() != 1 || JsonTypeOf(items[0]) != JsonType::kNumber) {
      return Structural(ErrorCode::kSqlJsonSubscriptError,
                        "jsonpath array subscript is not a single numeric value");
    }
    HELIOS_TRY(const Numeric value, Numeric::Parse(items[0]));
    const Result<int64_t> whole = value.Truncate(0).ToInt64();
    if (!whole.ok() || *whole != static_cast<int32_t>(*whole)) {
      return Structural(ErrorCode::kSqlJsonSubscriptError,
                        "jsonpath array subscript is out of integer range");
    }
    return *whole;
  }
  Result<Items> Index(const PathNode& node, std::string_view current, int64_t last) {
    HELIOS_TRY(const Items items, Operand(node, current, last));
    Items out;
    for (const std::string& item : items) {
      const bool is_array = JsonTypeOf(item) == JsonType::kArray;
      if (!is_array && !lax_) {
        return Structural(ErrorCode::kSqlJsonArrayNotFound,
                          node.kind == Kind::kAnyIndex
                              ? "jsonpath wildcard array accessor can only be applied to an array"
                              : "jsonpath array accessor can only be applied to an array");
      }
      std::vector<std::string_view> elements;
      if (is_array) {
        for (const JsonMember& member : JsonMembers(item)) elements.push_back(member.value);
      } else {
        elements.push_back(item);
      }
      if (node.kind == Kind::kAnyIndex) {
        out.insert(out.end(), elements.begin(), elements.end());
        continue;
      }
      const auto count = static_cast<int64_t>(elements.size());
      for (size_t i = 1; i + 1 < node.children.size(); i += 2) {
        HELIOS_TRY(int64_t from, SubscriptValue(*node.children[i], current, count - 1));
        int64_t to = from;
        if (node.children[i + 1] != nullptr) {
          HELIOS_TRY(to, SubscriptValue(*node.children[i + 1], current, count - 1));
        }
        if (!lax_ && (from < 0 || from > to || to >= count)) {
          return Structural(ErrorCode::kSqlJsonSubscriptError,
                            "jsonpath array subscript is out of bounds");
        }
        from = std::max<int64_t>(from, 0);
        to = std::min<int64_t>(to, count - 1);
        for (int64_t k = from; k <= to; ++k) out.emplace_back(elements[static_cast<size_t>(k)]);
      }
    }
    return out;
  }
  Result<Items> Filter(const PathNode& node, std::string_view current, int64_t last) {
    HELIOS_TRY(Items items, Operand(node, current, last));
    Items out;
    for (std::string& item : Unwrap(std::move(items))) {
      HELIOS_TRY(const Truth truth, Test(*node.children[1], item, last));
      if (truth == Truth::kTrue) out.push_back(std::move(item));
    }
    return out;
  }

  static std::string_view ItemType(std::string_view item) {
    const JsonType type = JsonTypeOf(item);
    return type == JsonType::kBool ? "boolean" : JsonTypeName(type);
  }
  Result<Items> Method(const PathNode& node, std::string_view current, int64_t last) {
    if (node.text == "datetime") {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("jsonpath method .{}() is not supported", node.text);
    }
    HELIOS_TRY(Items items, Operand(node, current, last));
    Items out;
    if (node.text == "type" || node.text == "size") {
      for (const std::string& item : items) {
        if (node.text == "type") {
          out.push_back(JsonbString(ItemType(item)));
        } else if (JsonTypeOf(item) == JsonType::kArray) {
          out.push_back(std::to_string(JsonArrayLength(item)));
        } else if (lax_) {
          out.push_back("1");
        } else {
          return Structural(ErrorCode::kSqlJsonArrayNotFound,
                            "jsonpath item method .size() can only be applied to an array");
        }
      }
      return out;
    }
    int64_t id = 0;
    for (const std::string& item : Unwrap(std::move(items))) {
      if (node.text == "keyvalue") {
        if (JsonTypeOf(item) != JsonType::kObject) {
          return Structural(ErrorCode::kJsonObjectNotFound,
                            "jsonpath item method .keyvalue() can only be applied to an object");
        }
        for (const JsonMember& member : JsonMembers(item)) {
          out.push_back(JsonbFromMembers({{"id", std::to_string(id)},
                                          {"key", std::string(member.key)},
                                          {"value", std::string(member.value)}}));
        }
        ++id;
        continue;
      }
      HELIOS_TRY(std::string result, NumberMethod(node.text, item));
      out.push_back(std::move(result));
    }
    return out;
  }
  Result<std::string> NumberMethod(std::string_view method, std::string_view item) {
    const JsonType type = JsonTypeOf(item);
    if (method == "double" && type == JsonType::kString) {
      HELIOS_TRY(const std::string text, JsonUnescape(item));
      const Result<double> value = ParseFloat64(text);
      if (!value.ok() || !std::isfinite(*value)) {
        return Structural(ErrorCode::kNonNumericJsonItem,
                          "string argument of jsonpath item method .double() is not a valid "
                          "representation of a double precision number");
      }
      return Numeric::FromDouble(*value).ToString();
    }
    if (type != JsonType::kNumber) {
      return Structural(ErrorCode::kNonNumericJsonItem,
                        "jsonpath item method ." + std::string(method) +
                            "() can only be applied to a " +
                            (method == "double" ? "string or numeric value" : "numeric value"));
    }
    HELIOS_TRY(const Numeric value, Numeric::Parse(item));
    if (method == "abs") return value.Abs().ToString();
    if (method == "floor") return value.Floor().ToString();
    if (method == "ceiling") return value.Ceil().ToString();
    return Numeric::FromDouble(value.ToDouble()).ToString();
  }

  static std::string_view Symbol(Kind kind) {
    switch (kind) {
      case Kind::kAdd:
      case Kind::kPlus:
        return "+";
      case Kind::kSubtract:
      case Kind::kMinus:
        return "-";
      case Kind::kMultiply:
        return "*";
      case Kind::kDivide:
        return "/";
      default:
        return "%";
    }
  }
  Result<Numeric> SingleNumber(const PathNode& node, std::string_view side, std::string_view symbol,
                               std::string_view current, int64_t last) {
    HELIOS_TRY(Items items, Run(node, current, last));
    items = Unwrap(std::move(items));
    if (items.size() != 1 || JsonTypeOf(items[0]) != JsonType::kNumber) {
      return Structural(ErrorCode::kSingletonJsonItemRequired,
                        fmt::format("{} operand of jsonpath operator {} is not a single numeric "
                                    "value",
                                    side, symbol));
    }
    return Numeric::Parse(items[0]);
  }
  Result<Items> Arithmetic(const PathNode& node, std::string_view current, int64_t last) {
    const std::string_view symbol = Symbol(node.kind);
    if (node.kind == Kind::kPlus || node.kind == Kind::kMinus) {
      HELIOS_TRY(Items items, Operand(node, current, last));
      Items out;
      for (const std::string& item : Unwrap(std::move(items))) {
        if (JsonTypeOf(item) != JsonType::kNumber) {
          return Structural(ErrorCode::kJsonNumberNotFound,
                            fmt::format("operand of unary jsonpath operator {} is not a numeric "
                                        "value",
                                        symbol));
        }
        HELIOS_TRY(const Numeric value, Numeric::Parse(item));
        out.push_back((node.kind == Kind::kMinus ? value.Negate() : value).ToString());
      }
      return out;
    }
    HELIOS_TRY(const Numeric left, SingleNumber(*node.children[0], "left", symbol, current, last));
    HELIOS_TRY(const Numeric right,
               SingleNumber(*node.children[1], "right", symbol, current, last));
    Result<Numeric> result = Numeric();
    switch (node.kind) {
      case Kind::kAdd:
        result = Numeric::Add(left, right);
        break;
      case Kind::kSubtract:
        result = Numeric::Subtract(left, right);
        break;
      case Kind::kMultiply:
        result = Numeric::Multiply(left, right);
        break;
      case Kind::kDivide:
        result = Numeric::Divide(left, right);
        break;
      default:
        result = Numeric::Modulo(left, right);
        break;
    }
    if (!result.ok()) return std::move(result).status();
    return Items{result->ToString()};
  }

  // --- predicates: errors inside are "unknown" ---

  static Truth Negate(Truth truth) {
    if (truth == Truth::kUnknown) return truth;
    return truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
  }
  Result<Truth> Test(const PathNode& node, std::string_view current, int64_t last) {
    switch (node.kind) {
      case Kind::kAnd:
      case Kind::kOr: {
        const Truth decisive = node.kind == Kind::kAnd ? Truth::kFalse : Truth::kTrue;
        HELIOS_TRY(const Truth left, Test(*node.children[0], current, last));
        if (left == decisive) return left;
        HELIOS_TRY(const Truth right, Test(*node.children[1], current, last));
        return right == decisive || left != Truth::kUnknown ? right : Truth::kUnknown;
      }
      case Kind::kNot: {
        HELIOS_TRY(const Truth inner, Test(*node.children[0], current, last));
        return Negate(inner);
      }
      case Kind::kIsUnknown: {
        HELIOS_TRY(const Truth inner, Test(*node.children[0], current, last));
        return inner == Truth::kUnknown ? Truth::kTrue : Truth::kFalse;
      }
      case Kind::kExists: {
        const Result<Items> items = Run(*node.children[0], current, last);
        if (!items.ok()) return Truth::kUnknown;
        return items->empty() ? Truth::kFalse : Truth::kTrue;
      }
      default:
        return TestPairs(node, current, last);
    }
  }
  Result<Truth> TestPairs(const PathNode& node, std::string_view current, int64_t last) {
    Result<Items> left = Run(*node.children[0], current, last);
    if (!left.ok()) {
      if (left.status().Is(ErrorCode::kUndefinedObject)) return std::move(left).status();
      return Truth::kUnknown;
    }
    Items right_items = {""};
    if (node.children.size() > 1) {
      Result<Items> right = Run(*node.children[1], current, last);
      if (!right.ok()) {
        if (right.status().Is(ErrorCode::kUndefinedObject)) return std::move(right).status();
        return Truth::kUnknown;
      }
      right_items = Unwrap(std::move(*right));
    }
    bool found = false;
    bool unknown = false;
    for (const std::string& a : Unwrap(std::move(*left))) {
      for (const std::string& b : right_items) {
        const Truth truth = TestPair(node, a, b);
        if (truth == Truth::kUnknown) {
          if (!lax_) return Truth::kUnknown;
          unknown = true;
        } else if (truth == Truth::kTrue) {
          if (lax_) return Truth::kTrue;
          found = true;
        }
      }
    }
    if (found) return Truth::kTrue;
    return unknown ? Truth::kUnknown : Truth::kFalse;
  }
  static Truth FromBool(bool value) { return value ? Truth::kTrue : Truth::kFalse; }
  Truth TestPair(const PathNode& node, const std::string& a, const std::string& b) {
    if (node.kind == Kind::kLikeRegex || node.kind == Kind::kStartsWith) {
      if (JsonTypeOf(a) != JsonType::kString) return Truth::kUnknown;
      const Result<std::string> text = JsonUnescape(a);
      if (!text.ok()) return Truth::kUnknown;
      if (node.kind == Kind::kLikeRegex) {
        const Result<bool> matches = path_.patterns.at(&node)->Matches(*text);
        return matches.ok() ? FromBool(*matches) : Truth::kUnknown;
      }
      if (JsonTypeOf(b) != JsonType::kString) return Truth::kUnknown;
      const Result<std::string> prefix = JsonUnescape(b);
      if (!prefix.ok()) return Truth::kUnknown;
      return FromBool(text->starts_with(*prefix));
    }
    const JsonType type_a = JsonTypeOf(a);
    const JsonType type_b = JsonTypeOf(b);
    if (type_a != type_b) {
      // null is comparable with everything: different from it.
      if (type_a == JsonType::kNull || type_b == JsonType::kNull) {
        return FromBool(node.kind == Kind::kNotEqual);
      }
      return Truth::kUnknown;
    }
    if (type_a == JsonType::kArray || type_a == JsonType::kObject) return Truth::kUnknown;
    int order = 0;
    if (type_a == JsonType::kString) {
      const Result<std::string> x = JsonUnescape(a);
      const Result<std::string> y = JsonUnescape(b);
      if (!x.ok() || !y.ok()) return Truth::kUnknown;
      order = x->compare(*y);
    } else {
      order = CompareJsonb(a, b);
    }
    switch (node.kind) {
      case Kind::kEqual:
        return FromBool(order == 0);
      case Kind::kNotEqual:
        return FromBool(order != 0);
      case Kind::kLess:
        return FromBool(order < 0);
      case Kind::kLessEqual:
        return FromBool(order <= 0);
      case Kind::kGreater:
        return FromBool(order > 0);
      default:
        return FromBool(order >= 0);
    }
  }

  const JsonPathExpr& path_;
  const bool lax_;
  const std::string_view root_;
  const std::string_view vars_;
};

Status CompilePatterns(const PathNode& node, JsonPathExpr* path) {
  if (node.kind == Kind::kLikeRegex) {
    const auto has = [&node](char flag) { return node.flags.find(flag) != std::string::npos; };
    RegexFlags flags;
    flags.ignore_case = has('i');
    flags.literal = has('q');
    flags.dot_excludes_newline = !has('s') && !has('q');
    flags.anchors_match_lines = has('m') && !has('q');
    HELIOS_TRY(path->patterns[&node], Regex::Compile(node.text, flags));
  }
  for (const std::unique_ptr<PathNode>& child : node.children) {
    if (child != nullptr) HELIOS_TRY(CompilePatterns(*child, path));
  }
  return Status::Ok();
}

}  // namespace

Result<JsonPathExpr> JsonPathExpr::Parse(std::string_view text) {
  JsonPathExpr path;
  HELIOS_TRY(path.tree, ParseJsonPath(text));
  HELIOS_TRY(CompilePatterns(*path.tree.root, &path));
  return path;
}

Result<std::vector<std::string>> RunJsonPath(const JsonPathExpr& path, std::string_view json,
                                             std::string_view vars, bool silent) {
  Result<Items> items = PathRunner(path, json, vars).Run(*path.tree.root, json);
  if (!items.ok() && silent && !items.status().Is(ErrorCode::kUndefinedObject)) return Items{};
  return items;
}

}  // namespace helios::expr
