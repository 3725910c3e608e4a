// Calls a generic function with a node as its own type.
#pragma once

#include "base/check.h"
#include "sql/ast.h"

namespace helios::sql::ast {

// f(static_cast<T&>(node)), where T is the node's own type, const if Base is.
template <typename T, typename Base>
using LikeBase = std::conditional_t<std::is_const_v<Base>, const T, T>;

template <typename Base, typename F>
auto DispatchExpr(Base& node, F&& f) {
  switch (node.kind) {
#define HELIOS_AST_CASE(name) \
  case ExprKind::k##name:     \
    return f(static_cast<LikeBase<name, Base>&>(node))
    HELIOS_AST_CASE(Constant);
    HELIOS_AST_CASE(ColumnRef);
    HELIOS_AST_CASE(Parameter);
    HELIOS_AST_CASE(Operator);
    HELIOS_AST_CASE(Like);
    HELIOS_AST_CASE(Between);
    HELIOS_AST_CASE(In);
    HELIOS_AST_CASE(Quantified);
    HELIOS_AST_CASE(IsDistinct);
    HELIOS_AST_CASE(NullIf);
    HELIOS_AST_CASE(Boolean);
    HELIOS_AST_CASE(FunctionCall);
    HELIOS_AST_CASE(NamedArgument);
    HELIOS_AST_CASE(Case);
    HELIOS_AST_CASE(Coalesce);
    HELIOS_AST_CASE(MinMax);
    HELIOS_AST_CASE(Cast);
    HELIOS_AST_CASE(Collate);
    HELIOS_AST_CASE(Subquery);
    HELIOS_AST_CASE(Array);
    HELIOS_AST_CASE(Row);
    HELIOS_AST_CASE(Indirection);
    HELIOS_AST_CASE(NullTest);
    HELIOS_AST_CASE(BooleanTest);
    HELIOS_AST_CASE(SqlValue);
    HELIOS_AST_CASE(Grouping);
    HELIOS_AST_CASE(CurrentOf);
    HELIOS_AST_CASE(Default);
#undef HELIOS_AST_CASE
  }
  HELIOS_CHECK(false);
  __builtin_unreachable();
}

template <typename Base, typename F>
auto DispatchFrom(Base& node, F&& f) {
  switch (node.kind) {
    case FromKind::kTable:
      return f(static_cast<LikeBase<FromTable, Base>&>(node));
    case FromKind::kSubquery:
      return f(static_cast<LikeBase<FromSubquery, Base>&>(node));
    case FromKind::kFunction:
      return f(static_cast<LikeBase<FromFunction, Base>&>(node));
    case FromKind::kJoin:
      return f(static_cast<LikeBase<FromJoin, Base>&>(node));
  }
  HELIOS_CHECK(false);
  __builtin_unreachable();
}

template <typename Base, typename F>
auto DispatchStatement(Base& node, F&& f) {
  switch (node.kind) {
#define HELIOS_AST_STATEMENT(name) \
  case StatementKind::k##name:     \
    return f(static_cast<LikeBase<name##Statement, Base>&>(node));
#include "sql/ast_statement_kinds.def"
#undef HELIOS_AST_STATEMENT
  }
  HELIOS_CHECK(false);
  __builtin_unreachable();
}

template <typename Base, typename F>
auto Dispatch(Base& node, F&& f) {
  using Plain = std::remove_const_t<Base>;
  if constexpr (std::is_same_v<Plain, Expr>) {
    return DispatchExpr(node, f);
  } else if constexpr (std::is_same_v<Plain, FromItem>) {
    return DispatchFrom(node, f);
  } else {
    static_assert(std::is_same_v<Plain, Statement>);
    return DispatchStatement(node, f);
  }
}

// Expr, FromItem or Statement itself, behind which any kind may stand.
template <typename T>
inline constexpr bool kIsFamily =
    std::is_same_v<T, Expr> || std::is_same_v<T, FromItem> || std::is_same_v<T, Statement>;

template <typename T>
concept HasFields = requires {
  T::ForEachField([](auto) {});
};

template <typename T>
inline constexpr bool kIsOwner = false;
template <typename T>
inline constexpr bool kIsOwner<std::unique_ptr<T>> = true;

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;

}  // namespace helios::sql::ast
