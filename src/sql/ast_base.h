// What every node of the syntax tree stands on: the three polymorphic families (expressions, from
// items, statements), their kinds, and the list of fields from which copies, comparisons and walks
// are made (ast_util.h).
//
// The tree is a value: each node owns its children. Nothing in it is bound: names are as the user
// wrote them after case folding. A `location` is a character offset into the statement's text,
// from 0, or -1 when unknown; it never takes part in a comparison.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/check.h"

namespace helios::sql::ast {

enum class ExprKind : uint8_t {
  kConstant,
  kColumnRef,
  kParameter,
  kOperator,
  kLike,
  kBetween,
  kIn,
  kQuantified,
  kIsDistinct,
  kNullIf,
  kBoolean,
  kFunctionCall,
  kNamedArgument,
  kCase,
  kCoalesce,
  kMinMax,
  kCast,
  kCollate,
  kSubquery,
  kArray,
  kRow,
  kIndirection,
  kNullTest,
  kBooleanTest,
  kSqlValue,
  kGrouping,
  kCurrentOf,
  kDefault,
};

enum class FromKind : uint8_t { kTable, kSubquery, kFunction, kJoin };

enum class StatementKind : uint8_t {
#define HELIOS_AST_STATEMENT(name) k##name,
#include "sql/ast_statement_kinds.def"
#undef HELIOS_AST_STATEMENT
};

struct Expr {
  virtual ~Expr() = default;
  Expr(const Expr&) = delete;
  Expr& operator=(const Expr&) = delete;

  const ExprKind kind;
  int location = -1;

 protected:
  explicit Expr(ExprKind k) : kind(k) {}
};

struct FromItem {
  virtual ~FromItem() = default;
  FromItem(const FromItem&) = delete;
  FromItem& operator=(const FromItem&) = delete;

  const FromKind kind;
  int location = -1;

 protected:
  explicit FromItem(FromKind k) : kind(k) {}
};

struct Statement {
  virtual ~Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  const StatementKind kind;
  int location = -1;

 protected:
  explicit Statement(StatementKind k) : kind(k) {}
};

using ExprPtr = std::unique_ptr<Expr>;
using ExprList = std::vector<ExprPtr>;
using FromPtr = std::unique_ptr<FromItem>;
using StatementPtr = std::unique_ptr<Statement>;
using NameList = std::vector<std::string>;  // A dotted name, outermost part first.

template <ExprKind K>
struct ExprOf : Expr {
  static constexpr ExprKind kKind = K;
  ExprOf() : Expr(K) {}
};

template <FromKind K>
struct FromOf : FromItem {
  static constexpr FromKind kKind = K;
  FromOf() : FromItem(K) {}
};

template <StatementKind K>
struct StatementOf : Statement {
  static constexpr StatementKind kKind = K;
  StatementOf() : Statement(K) {}
};

// The node as its own type. Requires: node.kind == T::kKind.
template <typename T, typename Base>
const T& As(const Base& node) {
  HELIOS_CHECK(node.kind == T::kKind);
  return static_cast<const T&>(node);
}
template <typename T, typename Base>
T& As(Base& node) {
  HELIOS_CHECK(node.kind == T::kKind);
  return static_cast<T&>(node);
}

// The node as its own type, or null if it is null or something else.
template <typename T, typename Base>
const T* TryAs(const Base* node) {
  return node != nullptr && node->kind == T::kKind ? static_cast<const T*>(node) : nullptr;
}
template <typename T, typename Base>
T* TryAs(Base* node) {
  return node != nullptr && node->kind == T::kKind ? static_cast<T*>(node) : nullptr;
}

}  // namespace helios::sql::ast

// HELIOS_AST_FIELDS(Type, a, b, ...) inside `struct Type` names every field that makes two nodes
// equal or different. `Type::ForEachField(f)` calls f(&Type::a), f(&Type::b), ...
#define HELIOS_AST_FIELDS(Type, ...)                                  \
  template <typename F>                                               \
  static void ForEachField([[maybe_unused]] F&& f) {                  \
    __VA_OPT__(HELIOS_AST_EXPAND(HELIOS_AST_EACH(Type, __VA_ARGS__))) \
  }
#define HELIOS_AST_PARENS ()
#define HELIOS_AST_EACH(Type, field, ...) \
  f(&Type::field);                        \
  __VA_OPT__(HELIOS_AST_EACH_AGAIN HELIOS_AST_PARENS(Type, __VA_ARGS__))
#define HELIOS_AST_EACH_AGAIN() HELIOS_AST_EACH
#define HELIOS_AST_EXPAND(...) \
  HELIOS_AST_EXPAND2(HELIOS_AST_EXPAND2(HELIOS_AST_EXPAND2(__VA_ARGS__)))
#define HELIOS_AST_EXPAND2(...) \
  HELIOS_AST_EXPAND1(HELIOS_AST_EXPAND1(HELIOS_AST_EXPAND1(__VA_ARGS__)))
#define HELIOS_AST_EXPAND1(...) \
  HELIOS_AST_EXPAND0(HELIOS_AST_EXPAND0(HELIOS_AST_EXPAND0(__VA_ARGS__)))
#define HELIOS_AST_EXPAND0(...) __VA_ARGS__
