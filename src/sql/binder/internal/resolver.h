// Which function or operator a call means: PostgreSQL's overload resolution (parse_func.c,
// parse_oper.c, "Type Conversion" 10.2 and 10.3) over the built-in registry.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sql/ast.h"
#include "sql/binder/internal/type_rules.h"

namespace helios::sql::binder {

// What a call has been resolved to. Exactly one of the pointers is set.
struct Callable {
  const expr::ScalarFunction* scalar = nullptr;
  const expr::TableFunction* table = nullptr;
  const expr::AggregateFunction* aggregate = nullptr;
  const expr::WindowFunction* window = nullptr;
  SqlType cast_target;  // Valid: the call is a cast in function form, as in int4('3').

  std::vector<Oid> arguments;      // Declared types, one for each actual argument and default.
  Oid result = kInvalidOid;        // Declared.
  bool expanded_variadic = false;  // The arguments from `fixed_count` on go into an array.
  size_t fixed_count = 0;
  std::vector<std::string> defaults;  // SQL of the arguments left out, in order.
  std::vector<size_t> order;          // order[i]: which written argument is the i-th; empty: as is.
};

// One argument of a call as resolution sees it.
struct CallArgument {
  Oid type = kInvalidOid;
  std::string name;  // Named notation; else empty.
};

class Resolver {
 public:
  explicit Resolver(TypeRules* types) : types_(types) {}

  struct FunctionQuery {
    std::string_view name;
    std::string written_name;  // For messages, as the user qualified it.
    std::span<const CallArgument> arguments;
    bool star = false;
    bool variadic = false;  // VARIADIC is written.
    bool may_cast = false;  // One plain argument: name may be a type's.
    int location = -1;
  };
  // 42883, 42725 with PostgreSQL's texts.
  Result<Callable> FindFunction(const FunctionQuery& query) const;
  // "f(integer, unknown)"
  std::string Signature(std::string_view name, std::span<const CallArgument> arguments) const;

  // 42883 "operator does not exist: integer = text". `left` kInvalidOid: a prefix operator.
  Result<const expr::Operator*> FindOperator(std::string_view name, Oid left, Oid right,
                                             int location) const;
  // Null if there is none.
  const expr::Operator* TryFindOperator(std::string_view name, Oid left, Oid right,
                                        bool* ambiguous) const;

  // Settles polymorphic arguments: rewrites `declared` to the actual types and gives the result's.
  // 42804, 42P18 as enforce_generic_type_consistency.
  Result<Oid> ResolvePolymorphic(std::span<const Oid> actual, std::vector<Oid>* declared,
                                 Oid result, int location) const;

 private:
  struct Candidate;
  void CollectCandidates(const FunctionQuery& query, std::vector<Candidate>* out) const;
  template <typename F>
  void AddCandidate(const FunctionQuery& query, const F& function,
                    std::span<const std::string> names, std::span<const std::string> defaults,
                    bool variadic, Candidate candidate, std::vector<Candidate>* out) const;
  static bool MatchNamedArguments(const FunctionQuery& query, std::span<const std::string> names,
                                  size_t declared_count, size_t default_count,
                                  std::vector<size_t>* order, std::vector<bool>* given);
  Status NotFound(const FunctionQuery& query) const;
  // Indexes of the best candidates; one: found; several: ambiguous; none: nothing fits.
  std::vector<size_t> Select(std::span<const Oid> actual,
                             const std::vector<std::span<const Oid>>& declared) const;
  std::vector<size_t> SelectByCategory(std::span<const Oid> actual,
                                       const std::vector<std::span<const Oid>>& declared,
                                       std::vector<size_t> alive) const;
  // Whether polymorphic arguments could stand for these types together.
  bool IsConsistent(std::span<const Oid> actual, std::span<const Oid> declared) const;
  std::optional<Oid> CommonCompatible(std::span<const Oid> actual,
                                      std::span<const Oid> declared) const;

  TypeRules* types_;
};

}  // namespace helios::sql::binder
