#include "sql/binder/internal/resolver.h"

#include <algorithm>

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
}  // namespace

struct Resolver::Candidate {
  Callable callable;
};

std::string Resolver::Signature(std::string_view name,
                                std::span<const CallArgument> arguments) const {
  std::string text(name);
  text += '(';
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) text += ", ";
    if (!arguments[i].name.empty()) text += arguments[i].name + " => ";
    text += types_->Name(arguments[i].type);
  }
  return text + ')';
}

bool Resolver::MatchNamedArguments(const FunctionQuery& query, std::span<const std::string> names,
                                   size_t declared_count, size_t default_count,
                                   std::vector<size_t>* order, std::vector<bool>* given) {
  given->assign(declared_count, false);
  order->assign(declared_count, SIZE_MAX);
  for (size_t i = 0; i < query.arguments.size(); ++i) {
    size_t position = i;
    if (!query.arguments[i].name.empty()) {
      position = std::find(names.begin(), names.end(), query.arguments[i].name) - names.begin();
    }
    if (position >= declared_count || (*given)[position]) return false;
    (*given)[position] = true;
    (*order)[position] = i;
  }
  for (size_t i = 0; i < declared_count - default_count; ++i) {
    if (!(*given)[i]) return false;
  }
  return true;
}

template <typename F>
void Resolver::AddCandidate(const FunctionQuery& query, const F& function,
                            std::span<const std::string> names,
                            std::span<const std::string> defaults, bool variadic,
                            Candidate candidate, std::vector<Candidate>* out) const {
  const std::vector<Oid>& declared = function.arguments;
  const size_t count = query.arguments.size();
  Callable& callable = candidate.callable;
  callable.result = function.result;
  const bool named = std::any_of(query.arguments.begin(), query.arguments.end(),
                                 [](const CallArgument& a) { return !a.name.empty(); });
  if (named) {
    std::vector<bool> given;
    if (!MatchNamedArguments(query, names, declared.size(), defaults.size(), &callable.order,
                             &given)) {
      return;
    }
    // Written arguments in declared order, then the defaults of those left out.
    std::vector<size_t> order;
    const size_t first_default = declared.size() - defaults.size();
    for (size_t i = 0; i < declared.size(); ++i) {
      callable.arguments.push_back(declared[i]);
      if (given[i]) {
        order.push_back(callable.order[i]);
      } else {
        order.push_back(count + callable.defaults.size());
        callable.defaults.push_back(defaults[i - first_default]);
      }
    }
    callable.order = std::move(order);
    out->push_back(std::move(candidate));
    return;
  }
  if (variadic && !query.variadic && !declared.empty() && count >= declared.size() - 1) {
    Oid element = types_->Element(declared.back());
    if (declared.back() == t::kAny) element = t::kAny;
    if (declared.back() == t::kAnyArray) element = t::kAnyElement;
    if (declared.back() == t::kAnyCompatibleArray) element = t::kAnyCompatible;
    if (element != kInvalidOid && count >= declared.size()) {
      Candidate spread = candidate;
      spread.callable.arguments.assign(declared.begin(), declared.end() - 1);
      spread.callable.arguments.resize(count, element);
      spread.callable.expanded_variadic = declared.back() != t::kAny;
      spread.callable.fixed_count = declared.size() - 1;
      out->push_back(std::move(spread));
      return;
    }
  }
  if (count > declared.size() || count + defaults.size() < declared.size()) return;
  callable.arguments = declared;
  const size_t left_out = declared.size() - count;
  callable.defaults.assign(defaults.end() - static_cast<ptrdiff_t>(left_out), defaults.end());
  out->push_back(std::move(candidate));
}

void Resolver::CollectCandidates(const FunctionQuery& query, std::vector<Candidate>* out) const {
  const std::vector<std::string> none;
  for (const auto* f : expr::ScalarFunctionsNamed(query.name)) {
    Candidate candidate;
    candidate.callable.scalar = f;
    AddCandidate(query, *f, f->argument_names, f->default_sql, f->variadic, candidate, out);
  }
  for (const auto* f : expr::TableFunctionsNamed(query.name)) {
    Candidate candidate;
    candidate.callable.table = f;
    AddCandidate(query, *f, none, f->default_sql, f->variadic, candidate, out);
  }
  for (const auto* f : expr::AggregatesNamed(query.name)) {
    Candidate candidate;
    candidate.callable.aggregate = f;
    AddCandidate(query, *f, none, none, f->variadic, candidate, out);
  }
  for (const auto* f : expr::WindowFunctionsNamed(query.name)) {
    Candidate candidate;
    candidate.callable.window = f;
    AddCandidate(query, *f, none, none, false, candidate, out);
  }
}

Status Resolver::NotFound(const FunctionQuery& query) const {
  return Error(ErrorCode::kUndefinedFunction)
      .Message("function {} does not exist", Signature(query.written_name, query.arguments))
      .Hint(
          "No function matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .Position(PositionOf(query.location));
}

Result<Callable> Resolver::FindFunction(const FunctionQuery& query) const {
  std::vector<Candidate> candidates;
  CollectCandidates(query, &candidates);
  std::vector<Oid> actual;
  for (const CallArgument& argument : query.arguments) actual.push_back(argument.type);

  // Types in the order of each candidate's own arguments, defaults at the declared type.
  std::vector<std::vector<Oid>> declared_lists;
  for (Candidate& candidate : candidates) {
    const Callable& callable = candidate.callable;
    std::vector<Oid> written(actual.size());
    for (size_t i = 0; i < callable.arguments.size(); ++i) {
      const size_t from = callable.order.empty() ? i : callable.order[i];
      if (from < written.size()) written[from] = callable.arguments[i];
    }
    declared_lists.push_back(std::move(written));
  }
  std::vector<size_t> exact;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (declared_lists[i] == actual) exact.push_back(i);
  }
  if (exact.size() > 1) {  // A function without defaults or spreading comes first.
    std::stable_sort(exact.begin(), exact.end(), [&](size_t a, size_t b) {
      const auto cost = [&](size_t i) {
        return candidates[i].callable.defaults.size() * 2 +
               (candidates[i].callable.expanded_variadic ? 1 : 0);
      };
      return cost(a) < cost(b);
    });
  }
  if (!exact.empty()) return std::move(candidates[exact[0]].callable);

  if (query.may_cast && actual.size() == 1) {
    const TypeInfo* type = FindTypeByName(query.name);
    if (type != nullptr && type->name == query.name) {
      const expr::Cast* cast = nullptr;
      const auto path = types_->FindPath(actual[0], type->oid, CastContext::kExplicit, &cast);
      const bool cast_call = actual[0] == t::kUnknown || path == TypeRules::Path::kRelabel ||
                             ((path == TypeRules::Path::kText) &&
                              (types_->Category(type->oid) == TypeCategory::kString ||
                               types_->Category(actual[0]) == TypeCategory::kString));
      if (cast_call) {
        Callable callable;
        callable.cast_target = {type->oid, -1};
        return callable;
      }
    }
  }
  std::vector<std::span<const Oid>> declared(declared_lists.begin(), declared_lists.end());
  const std::vector<size_t> best = Select(actual, declared);
  if (best.size() == 1) return std::move(candidates[best[0]].callable);
  if (best.empty()) return NotFound(query);
  return Error(ErrorCode::kAmbiguousFunction)
      .Message("function {} is not unique", Signature(query.written_name, query.arguments))
      .Hint(
          "Could not choose a best candidate function. You might need to add explicit type "
          "casts.")
      .Position(PositionOf(query.location));
}

std::vector<size_t> Resolver::Select(std::span<const Oid> actual,
                                     const std::vector<std::span<const Oid>>& declared) const {
  std::vector<size_t> alive;
  for (size_t i = 0; i < declared.size(); ++i) {
    bool fits = declared[i].size() == actual.size();
    for (size_t j = 0; fits && j < actual.size(); ++j) {
      fits = types_->CanCoerce(actual[j], declared[i][j], CastContext::kImplicit);
    }
    if (fits && IsConsistent(actual, declared[i])) alive.push_back(i);
  }
  if (alive.size() <= 1) return alive;
  std::vector<Oid> base;
  size_t unknown_count = 0;
  for (Oid type : actual) {
    base.push_back(types_->BaseType(type));
    if (type == t::kUnknown) ++unknown_count;
  }
  // Keeps the candidates with the highest count.
  const auto keep_best = [&](auto&& count_of) {
    size_t best = 0;
    std::vector<size_t> kept;
    for (size_t i : alive) {
      const size_t count = count_of(declared[i]);
      if (count > best) {
        kept.clear();
        best = count;
      }
      if (count == best) kept.push_back(i);
    }
    alive = std::move(kept);
  };
  keep_best([&](std::span<const Oid> types) {
    size_t exact = 0;
    for (size_t j = 0; j < base.size(); ++j) {
      if (base[j] != t::kUnknown && types[j] == base[j]) ++exact;
    }
    return exact;
  });
  if (alive.size() == 1) return alive;
  keep_best([&](std::span<const Oid> types) {
    size_t good = 0;
    for (size_t j = 0; j < base.size(); ++j) {
      if (base[j] == t::kUnknown) continue;
      const bool preferred =
          types_->IsPreferred(types[j]) && types_->Category(types[j]) == types_->Category(base[j]);
      if (types[j] == base[j] || preferred) ++good;
    }
    return good;
  });
  if (alive.size() == 1 || unknown_count == 0) return alive;
  return SelectByCategory(base, declared, std::move(alive));
}

std::vector<size_t> Resolver::SelectByCategory(std::span<const Oid> actual,
                                               const std::vector<std::span<const Oid>>& declared,
                                               std::vector<size_t> alive) const {
  const size_t argument_count = actual.size();
  std::vector<TypeCategory> slot_category(argument_count);
  std::vector<bool> slot_preferred(argument_count, false);
  bool resolved = true;
  for (size_t j = 0; j < argument_count && resolved; ++j) {
    if (actual[j] != t::kUnknown) continue;
    bool conflict = false;
    bool first = true;
    for (size_t i : alive) {
      const Oid type = declared[i][j];
      const TypeCategory category = types_->Category(type);
      const bool preferred = types_->IsPreferred(type);
      if (first) {
        slot_category[j] = category;
        slot_preferred[j] = preferred;
        first = false;
      } else if (slot_category[j] == category) {
        slot_preferred[j] = slot_preferred[j] || preferred;
      } else if (category == TypeCategory::kString) {
        slot_category[j] = category;
        slot_preferred[j] = preferred;
      } else {
        conflict = true;
      }
    }
    if (conflict && slot_category[j] != TypeCategory::kString) resolved = false;
  }
  if (resolved) {
    std::vector<size_t> kept;
    for (size_t i : alive) {
      bool keep = true;
      for (size_t j = 0; j < argument_count && keep; ++j) {
        if (actual[j] != t::kUnknown) continue;
        const Oid type = declared[i][j];
        keep = types_->Category(type) == slot_category[j] &&
               (!slot_preferred[j] || types_->IsPreferred(type));
      }
      if (keep) kept.push_back(i);
    }
    if (!kept.empty()) alive = std::move(kept);
    if (alive.size() == 1) return alive;
  }
  // If all known arguments have one type, suppose that the unknown ones have it too.
  Oid known = t::kUnknown;
  for (Oid type : actual) {
    if (type == t::kUnknown || type == known) continue;
    if (known != t::kUnknown) return alive;
    known = type;
  }
  if (known == t::kUnknown) return alive;
  std::vector<size_t> kept;
  const std::vector<Oid> all_known(argument_count, known);
  for (size_t i : alive) {
    bool fits = IsConsistent(all_known, declared[i]);
    for (Oid type : declared[i]) {
      fits = fits && types_->CanCoerce(known, type, CastContext::kImplicit);
    }
    if (fits) kept.push_back(i);
  }
  return kept.size() == 1 ? kept : alive;
}

const expr::Operator* Resolver::TryFindOperator(std::string_view name, Oid left, Oid right,
                                                bool* ambiguous) const {
  *ambiguous = false;
  std::vector<const expr::Operator*> candidates;
  for (const expr::Operator* op : expr::OperatorsNamed(name)) {
    if ((op->left == kInvalidOid) == (left == kInvalidOid)) candidates.push_back(op);
  }
  if (candidates.empty()) return nullptr;
  const auto exact = [&](Oid l, Oid r) -> const expr::Operator* {
    for (const expr::Operator* op : candidates) {
      if (op->left == l && op->right == r) return op;
    }
    return nullptr;
  };
  if (left != kInvalidOid) {
    Oid l = left, r = right;
    if (l == t::kUnknown && r != kInvalidOid)
      l = r;
    else if (r == t::kUnknown)
      r = l;
    if (const expr::Operator* found = exact(left, right)) return found;
    if (left == t::kUnknown || right == t::kUnknown) {
      if (const expr::Operator* found = exact(l, r)) return found;
      const Oid base = types_->BaseType(l);
      if (base != l) {
        if (const expr::Operator* found = exact(base, base)) return found;
      }
    }
  } else if (const expr::Operator* found = exact(left, right)) {
    return found;
  }
  std::vector<Oid> actual;
  if (left != kInvalidOid) actual.push_back(left);
  actual.push_back(right);
  std::vector<std::vector<Oid>> lists;
  for (const expr::Operator* op : candidates) {
    std::vector<Oid> list;
    if (left != kInvalidOid) list.push_back(op->left);
    list.push_back(op->right);
    lists.push_back(std::move(list));
  }
  const std::vector<std::span<const Oid>> declared(lists.begin(), lists.end());
  const std::vector<size_t> best = Select(actual, declared);
  if (best.size() == 1) return candidates[best[0]];
  *ambiguous = best.size() > 1;
  return nullptr;
}

Result<const expr::Operator*> Resolver::FindOperator(std::string_view name, Oid left, Oid right,
                                                     int location) const {
  bool ambiguous = false;
  if (const expr::Operator* found = TryFindOperator(name, left, right, &ambiguous)) return found;
  std::string text;
  if (left != kInvalidOid) text = types_->Name(left) + " ";
  text += std::string(name) + " " + types_->Name(right);
  if (ambiguous) {
    return Error(ErrorCode::kAmbiguousFunction)
        .Message("operator is not unique: {}", text)
        .Hint(
            "Could not choose a best candidate operator. You might need to add explicit type "
            "casts.")
        .Position(PositionOf(location));
  }
  return Error(ErrorCode::kUndefinedFunction)
      .Message("operator does not exist: {}", text)
      .Hint("{}", left == kInvalidOid
                      ? "No operator matches the given name and argument type. You might need to "
                        "add an explicit type cast."
                      : "No operator matches the given name and argument types. You might need to "
                        "add explicit type casts.")
      .Position(PositionOf(location));
}

}  // namespace helios::sql::binder
