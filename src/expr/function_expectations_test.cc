// Every expression of testdata/*.def gives what PostgreSQL 15 gives. The expressions are a small
// language that PostgreSQL reads too: literals `type 'text'`, `null::type`, calls, operators inside
// parentheses, casts.

#include <gtest/gtest.h>

#include <algorithm>

#include "expr/evaluator.h"
#include "expr/function_registry.h"
#include "types/io.h"
#include "types/time/zone.h"

namespace helios::expr {
namespace {

struct Expectation {
  const char* expression;
  const char* expected;
};
#define HELIOS_EXPRESSION(expression, expected) {expression, expected},
constexpr Expectation kNumbers[] = {
#include "expr/testdata/numbers.def"
};
constexpr Expectation kStrings[] = {
#include "expr/testdata/strings.def"
};
constexpr Expectation kDateTimes[] = {
#include "expr/testdata/datetime.def"
};
constexpr Expectation kCasts[] = {
#include "expr/testdata/casts.def"
};
constexpr Expectation kCollections[] = {
#include "expr/testdata/collections.def"
};
constexpr Expectation kBinary[] = {
#include "expr/testdata/binary.def"
};
#undef HELIOS_EXPRESSION

bool IsPolymorphic(Oid type) {
  return type == type_oid::kAny || type == type_oid::kAnyElement ||
         type == type_oid::kAnyCompatible || type == type_oid::kAnyNonArray ||
         type == type_oid::kAnyCompatibleNonArray;
}
bool IsPolymorphicArray(Oid type) {
  return type == type_oid::kAnyArray || type == type_oid::kAnyCompatibleArray;
}
Oid ElementOf(Oid type) {
  const TypeInfo* info = FindType(type);
  return info == nullptr || info->category != TypeCategory::kArray ? kInvalidOid : info->element;
}
bool Accepts(Oid declared, Oid actual) {
  if (declared == actual || IsPolymorphic(declared)) return true;
  if (declared == type_oid::kBit && actual == type_oid::kVarbit) return true;
  return IsPolymorphicArray(declared) && ElementOf(actual) != kInvalidOid;
}
bool AcceptsAll(const std::vector<Oid>& declared, const std::vector<Oid>& actual, bool variadic) {
  if (variadic && !declared.empty() && declared.back() == type_oid::kAny) {
    if (actual.size() + 1 < declared.size()) return false;
    return std::equal(declared.begin(), declared.end() - 1, actual.begin(), Accepts);
  }
  return declared.size() == actual.size() &&
         std::equal(declared.begin(), declared.end(), actual.begin(), Accepts);
}
Oid ResultType(Oid declared, const std::vector<Oid>& parameters, const std::vector<Oid>& actual) {
  if (!IsPolymorphic(declared) && !IsPolymorphicArray(declared)) return declared;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (IsPolymorphicArray(parameters[i])) {
      return IsPolymorphicArray(declared) ? actual[i] : ElementOf(actual[i]);
    }
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!IsPolymorphic(parameters[i])) continue;
    return IsPolymorphicArray(declared) ? FindType(actual[i])->array : actual[i];
  }
  return declared;
}

class Parser {
 public:
  Parser(std::string_view text, const TextFormat& format) : rest_(text), format_(format) {}

  Result<ExprPtr> Parse() {
    HELIOS_TRY(ExprPtr result, Postfix());
    if (!rest_.empty()) return Bad();
    return result;
  }

 private:
  Status Bad() const {
    return Error(ErrorCode::kSyntaxError).Message("cannot read test expression at: {}", rest_);
  }
  void SkipSpaces() {
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
  }
  bool Take(std::string_view token) {
    SkipSpaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  std::string Word() {
    SkipSpaces();
    std::string word;
    if (Take("\"")) {
      while (rest_[0] != '"') {
        word.push_back(rest_[0]);
        rest_.remove_prefix(1);
      }
      rest_.remove_prefix(1);
      return word;
    }
    while (!rest_.empty() &&
           (std::isalnum(static_cast<unsigned char>(rest_[0])) || rest_[0] == '_')) {
      word.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    return word;
  }
  Result<SqlType> TypeNamed(const std::string& name) {
    const TypeInfo* info = FindTypeByName(name);
    if (info == nullptr) return Bad();
    return SqlType{info->oid};
  }

  Result<ExprPtr> Postfix() {
    HELIOS_TRY(ExprPtr value, Primary());
    while (Take("::")) {
      HELIOS_TRY(const SqlType target, TypeNamed(Word()));
      HELIOS_TRY(value, CastTo(std::move(value), target));
    }
    return value;
  }

  Result<ExprPtr> CastTo(ExprPtr value, SqlType target) {
    const Oid source = value->type.oid;
    auto method = CastExpr::Method::kText;
    const Cast* cast = FindCast(source, target.oid);
    // bit without a length is bit(1).
    if (target.oid == type_oid::kBit) target.typmod = 1;
    if (cast != nullptr && cast->method == CastMethod::kFunction) {
      method = CastExpr::Method::kFunction;
    }
    if (cast != nullptr && cast->method == CastMethod::kBinary) method = CastExpr::Method::kBinary;
    auto node = std::make_unique<CastExpr>(target, method, true);
    if (method == CastExpr::Method::kFunction) node->function = cast->function;
    node->children.push_back(std::move(value));
    return node;
  }

  Result<ExprPtr> Primary() {
    if (Take("(")) {
      HELIOS_TRY(ExprPtr inside, Binary());
      if (!Take(")")) return Bad();
      return inside;
    }
    const std::string word = Word();
    if (word == "null") {
      if (!Take("::")) return Bad();
      HELIOS_TRY(const SqlType type, TypeNamed(Word()));
      return std::make_unique<ConstantExpr>(Value::Null(type));
    }
    SkipSpaces();
    if (Take("(")) return Call(word);
    const bool escaped = Take("E");
    if (!Take("'")) return Bad();
    std::string literal;
    for (;;) {
      if (rest_.empty()) return Bad();
      char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\'' && !rest_.starts_with("'")) break;
      if (c == '\'') rest_.remove_prefix(1);
      if (escaped && c == '\\') {
        c = rest_[0] == 'n' ? '\n' : rest_[0];
        rest_.remove_prefix(1);
      }
      literal.push_back(c);
    }
    HELIOS_TRY(const SqlType type, TypeNamed(word));
    HELIOS_TRY(Value value, ParseTextValue(type, literal, format_));
    return std::make_unique<ConstantExpr>(std::move(value));
  }

  Result<ExprPtr> Call(const std::string& name) {
    std::vector<ExprPtr> arguments;
    while (!Take(")")) {
      if (!arguments.empty() && !Take(",")) return Bad();
      // An array that is the list itself: the types alone choose the function.
      Take("variadic ");
      HELIOS_TRY(ExprPtr argument, Postfix());
      arguments.push_back(std::move(argument));
    }
    std::vector<Oid> types;
    types.reserve(arguments.size());
    for (const ExprPtr& argument : arguments) types.push_back(argument->type.oid);
    const ScalarFunction* chosen = nullptr;
    for (const ScalarFunction* candidate : ScalarFunctionsNamed(name)) {
      if (candidate->arguments == types) chosen = candidate;
    }
    for (const ScalarFunction* candidate : ScalarFunctionsNamed(name)) {
      if (chosen != nullptr) break;
      if (AcceptsAll(candidate->arguments, types, candidate->variadic)) chosen = candidate;
    }
    if (chosen == nullptr) {
      return Error(ErrorCode::kUndefinedFunction).Message("no function {}", name);
    }
    const Oid result = ResultType(chosen->result, chosen->arguments, types);
    auto node = std::make_unique<FunctionExpr>(chosen, SqlType{result});
    node->children = std::move(arguments);
    return node;
  }

  Result<ExprPtr> Binary() {
    SkipSpaces();
    ExprPtr left;
    if (rest_.find_first_of("-@~|") != 0) {
      HELIOS_TRY(left, Postfix());
    }
    SkipSpaces();
    if (rest_.starts_with(")")) return left;
    std::string name;
    while (!rest_.empty() &&
           std::string_view("+-*/<>=~!@#%^&|`?").find(rest_[0]) != std::string_view::npos) {
      name.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    HELIOS_TRY(ExprPtr right, Postfix());
    const Oid left_type = left == nullptr ? kInvalidOid : left->type.oid;
    const Oid right_type = right->type.oid;
    const Operator* chosen = nullptr;
    for (int pass = 0; pass < 2 && chosen == nullptr; ++pass) {
      for (const Operator* candidate : OperatorsNamed(name)) {
        const bool exact = candidate->left == left_type && candidate->right == right_type;
        const bool fits = (left == nullptr ? candidate->left == kInvalidOid
                                           : Accepts(candidate->left, left_type)) &&
                          Accepts(candidate->right, right_type);
        if (pass == 0 ? exact : fits) chosen = candidate;
      }
    }
    if (chosen == nullptr) {
      return Error(ErrorCode::kUndefinedFunction).Message("no operator {}", name);
    }
    std::vector<Oid> types = {right_type};
    if (left != nullptr) types.insert(types.begin(), left_type);
    const Oid result = ResultType(chosen->result, chosen->function->arguments, types);
    auto node = std::make_unique<FunctionExpr>(chosen->function, SqlType{result});
    if (left != nullptr) node->children.push_back(std::move(left));
    node->children.push_back(std::move(right));
    return node;
  }

  std::string_view rest_;
  const TextFormat& format_;
};

std::string Describe(const Status& status) {
  return "ERROR " + std::string(SqlState(status.code())) + ": " + status.info().message;
}

Result<std::string> Run(std::string_view text) {
  EvalContext context;
  context.text_format.zone = TimeZone::Find("America/New_York");
  HELIOS_TRY(const ExprPtr expression, Parser(text, context.text_format).Parse());
  HELIOS_TRY(const Value value, EvaluateConstant(*expression, context));
  if (value.is_null()) return std::string("NULL");
  return FormatTextValue(value, context.text_format);
}

void CheckAll(std::span<const Expectation> expectations) {
  for (const Expectation& expectation : expectations) {
    const Result<std::string> result = Run(expectation.expression);
    EXPECT_EQ(result.ok() ? *result : Describe(result.status()), expectation.expected)
        << expectation.expression;
  }
}

TEST(FunctionExpectations, Numbers) { CheckAll(kNumbers); }
TEST(FunctionExpectations, Strings) { CheckAll(kStrings); }
TEST(FunctionExpectations, DateTimes) { CheckAll(kDateTimes); }
TEST(FunctionExpectations, Casts) { CheckAll(kCasts); }
TEST(FunctionExpectations, BytesBitsAndPaths) { CheckAll(kBinary); }
TEST(FunctionExpectations, Collections) { CheckAll(kCollections); }

}  // namespace
}  // namespace helios::expr
