#include "types/json.h"
#include "types/jsonpath.h"

namespace helios {
namespace {

using Kind = PathNode::Kind;

// How tightly an operator binds.
int Priority(Kind kind) {
  switch (kind) {
    case Kind::kOr:
      return 0;
    case Kind::kAnd:
      return 1;
    case Kind::kEqual:
    case Kind::kNotEqual:
    case Kind::kLess:
    case Kind::kLessEqual:
    case Kind::kGreater:
    case Kind::kGreaterEqual:
    case Kind::kStartsWith:
      return 2;
    case Kind::kAdd:
    case Kind::kSubtract:
      return 3;
    case Kind::kMultiply:
    case Kind::kDivide:
    case Kind::kModulo:
      return 4;
    case Kind::kPlus:
    case Kind::kMinus:
      return 5;
    default:
      return 6;
  }
}

std::string_view OperatorText(Kind kind) {
  switch (kind) {
    case Kind::kOr:
      return "||";
    case Kind::kAnd:
      return "&&";
    case Kind::kEqual:
      return "==";
    case Kind::kNotEqual:
      return "!=";
    case Kind::kLess:
      return "<";
    case Kind::kLessEqual:
      return "<=";
    case Kind::kGreater:
      return ">";
    case Kind::kGreaterEqual:
      return ">=";
    case Kind::kAdd:
      return "+";
    case Kind::kSubtract:
      return "-";
    case Kind::kMultiply:
      return "*";
    case Kind::kDivide:
      return "/";
    case Kind::kModulo:
      return "%";
    case Kind::kStartsWith:
      return "starts with";
    default:
      return "";
  }
}

class Printer {
 public:
  std::string Take() { return std::move(out_); }

  // `brackets`: an operator stands in parentheses. `accessed`: an accessor follows.
  void Put(const PathNode& node, bool brackets, bool accessed = false) {
    if (node.is_accessor()) {
      Put(*node.children[0], brackets, true);
      return PutAccessor(node);
    }
    switch (node.kind) {
      case Kind::kRoot:
        out_ += '$';
        return;
      case Kind::kCurrent:
        out_ += '@';
        return;
      case Kind::kLast:
        out_ += "last";
        return;
      case Kind::kVariable:
        out_ += '$' + JsonbString(node.text);
        return;
      case Kind::kLiteral: {
        const char first = node.text[0];
        const bool is_number = first == '-' || (first >= '0' && first <= '9');
        out_ += is_number && accessed ? "(" + node.text + ")" : node.text;
        return;
      }
      case Kind::kNot:
        return PutIn("!(", *node.children[0], ")");
      case Kind::kIsUnknown:
        return PutIn("(", *node.children[0], ") is unknown");
      case Kind::kExists:
        return PutIn("exists (", *node.children[0], ")");
      default:
        break;
    }
    brackets |= accessed;
    if (brackets) out_ += '(';
    PutOperator(node);
    if (brackets) out_ += ')';
  }

 private:
  void PutIn(std::string_view open, const PathNode& node, std::string_view close) {
    out_ += open;
    Put(node, false);
    out_ += close;
  }

  void PutOperand(const PathNode& node, Kind parent) {
    Put(node, !node.is_accessor() && Priority(node.kind) <= Priority(parent));
  }

  void PutOperator(const PathNode& node) {
    if (node.kind == Kind::kPlus || node.kind == Kind::kMinus) {
      out_ += node.kind == Kind::kPlus ? '+' : '-';
      return PutOperand(*node.children[0], node.kind);
    }
    PutOperand(*node.children[0], node.kind);
    if (node.kind == Kind::kLikeRegex) {
      out_ += " like_regex " + JsonbString(node.text);
      if (!node.flags.empty()) out_ += " flag \"" + node.flags + "\"";
      return;
    }
    out_ += fmt::format(" {} ", OperatorText(node.kind));
    PutOperand(*node.children[1], node.kind);
  }

  void PutAccessor(const PathNode& node) {
    switch (node.kind) {
      case Kind::kMember:
        out_ += '.' + JsonbString(node.text);
        return;
      case Kind::kAnyMember:
        out_ += ".*";
        return;
      case Kind::kAnyLevel:
        return PutLevels(node.from, node.to);
      case Kind::kAnyIndex:
        out_ += "[*]";
        return;
      case Kind::kFilter:
        return PutIn("?(", *node.children[1], ")");
      case Kind::kMethod:
        out_ += '.' + node.text + '(';
        if (node.children.size() > 1) Put(*node.children[1], false);
        out_ += ')';
        return;
      default:
        break;
    }
    for (size_t i = 1; i + 1 < node.children.size(); i += 2) {
      PutIn(i == 1 ? "[" : ",", *node.children[i], "");
      if (node.children[i + 1] != nullptr) PutIn(" to ", *node.children[i + 1], "");
    }
    out_ += ']';
  }

  void PutLevels(int32_t from, int32_t to) {
    const auto level = [](int32_t value) {
      return value == INT32_MAX ? std::string("last") : std::to_string(value);
    };
    out_ += ".**";
    if (from == 0 && to == INT32_MAX) return;
    out_ += from == to ? fmt::format("{{{}}}", level(from))
                       : fmt::format("{{{} to {}}}", level(from), level(to));
  }

  std::string out_;
};

}  // namespace

std::string FormatJsonPath(const JsonPathTree& path) {
  Printer printer;
  printer.Put(*path.root, true);
  return (path.strict ? "strict " : "") + printer.Take();
}

}  // namespace helios
