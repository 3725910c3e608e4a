#include "compute/internal/session_type_lookup.h"

#include <map>

#include "catalog/names.h"
#include "expr/function_registry.h"

namespace helios::compute {

namespace {

constexpr Oid kDefaultCollation = 100;
constexpr Oid kCCollation = 950;
constexpr Oid kPosixCollation = 951;

// A function's or operator's name, and how often the name occurs.
struct FunctionNames {
  std::map<Oid, std::string_view> functions;
  std::map<std::string_view, std::vector<Oid>> by_name;
  std::map<Oid, std::string_view> operators;

  FunctionNames() {
    const auto add = [this](const auto& list) {
      for (const auto* function : list) {
        functions[function->oid] = function->name;
        by_name[function->name].push_back(function->oid);
      }
    };
    add(expr::AllScalarFunctions());
    add(expr::AllTableFunctions());
    add(expr::AllAggregates());
    add(expr::AllWindowFunctions());
    for (const expr::Operator* op : expr::AllOperators()) operators[op->oid] = op->name;
    // Type input functions have no kernels of their own but are looked up by name
    // ('array_in'::regproc): they go by numbers above every other.
    Oid oid = 15000;
    for (const TypeInfo* type : AllTypes()) {
      if (by_name.find(type->input_function) != by_name.end()) continue;
      functions[oid] = type->input_function;
      by_name[type->input_function].push_back(oid++);
    }
  }
};

const FunctionNames& Names() {
  static const FunctionNames names;
  return names;
}

}  // namespace

Result<Oid> SessionTypeLookup::ResolveName(Oid reg_type, std::string_view text) const {
  switch (reg_type) {
    case type_oid::kRegproc:
    case type_oid::kRegprocedure: {
      std::string_view name = text.substr(0, text.find('('));
      HELIOS_TRY(const std::vector<std::string> parts, catalog::ParseQualifiedName(name));
      const auto found = Names().by_name.find(parts.back());
      if (found == Names().by_name.end()) {
        return Error(ErrorCode::kUndefinedFunction).Message("function \"{}\" does not exist", text);
      }
      if (found->second.size() > 1 && reg_type == type_oid::kRegproc) {
        return Error(ErrorCode::kAmbiguousFunction)
            .Message("more than one function named \"{}\"", text);
      }
      return found->second.front();
    }
    case type_oid::kRegcollation: {
      HELIOS_TRY(const std::vector<std::string> parts, catalog::ParseQualifiedName(text));
      if (parts.back() == "default") return kDefaultCollation;
      if (parts.back() == "C") return kCCollation;
      if (parts.back() == "POSIX") return kPosixCollation;
      return Error(ErrorCode::kUndefinedObject)
          .Message("collation \"{}\" for encoding \"UTF8\" does not exist", text);
    }
    default:
      return CatalogTypeLookup::ResolveName(reg_type, text);
  }
}

std::optional<std::string> SessionTypeLookup::NameOf(Oid reg_type, Oid oid) const {
  switch (reg_type) {
    case type_oid::kRegproc:
    case type_oid::kRegprocedure: {
      const auto found = Names().functions.find(oid);
      if (found == Names().functions.end()) return std::nullopt;
      return std::string(found->second);
    }
    case type_oid::kRegoper:
    case type_oid::kRegoperator: {
      const auto found = Names().operators.find(oid);
      if (found == Names().operators.end()) return std::nullopt;
      return std::string(found->second);
    }
    case type_oid::kRegcollation:
      if (oid == kDefaultCollation) return "\"default\"";
      if (oid == kCCollation) return "\"C\"";
      if (oid == kPosixCollation) return "\"POSIX\"";
      return std::nullopt;
    default:
      return CatalogTypeLookup::NameOf(reg_type, oid);
  }
}

}  // namespace helios::compute
