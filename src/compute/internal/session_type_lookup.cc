#include "compute/internal/session_type_lookup.h"

#include <algorithm>
#include <map>

#include "catalog/names.h"
#include "compute/internal/schema_usage.h"
#include "expr/function_registry.h"
#include "sql/parser/parser.h"

namespace helios::compute {

namespace {

constexpr Oid kDefaultCollation = 100;
constexpr Oid kCCollation = 950;
constexpr Oid kPosixCollation = 951;

// A function's or operator's name, and how often the name occurs.
struct FunctionNames {
  std::map<Oid, std::string_view> functions;
  std::map<Oid, const std::vector<Oid>*> arguments;
  std::map<std::string_view, std::vector<Oid>> by_name;
  std::map<Oid, std::string_view> operators;

  FunctionNames() {
    const auto add = [this](const auto& list) {
      for (const auto* function : list) {
        functions[function->oid] = function->name;
        arguments[function->oid] = &function->arguments;
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

// What the grammar has its own words for: int, decimal, varchar(20).
std::optional<Oid> GrammarType(std::string_view text) {
  const Result<sql::ast::TypeName> parsed = sql::ParseTypeName(text);
  if (!parsed.ok() || parsed->names.size() != 2 || parsed->names[0] != "pg_catalog") {
    return std::nullopt;
  }
  const TypeInfo* type = FindTypeByName(parsed->names[1]);
  if (type == nullptr) return std::nullopt;
  return parsed->array_bounds.empty() ? type->oid : type->array;
}

}  // namespace

// 'lower(text)'::regprocedure: exactly these argument types.
Result<Oid> SessionTypeLookup::ResolveProcedure(std::string_view text) const {
  const size_t open = text.find('(');
  if (open == std::string_view::npos) {
    return Error(ErrorCode::kInvalidTextRepresentation).Message("expected a left parenthesis");
  }
  const size_t close = text.rfind(')');
  if (close == std::string_view::npos || close < open) {
    return Error(ErrorCode::kInvalidTextRepresentation).Message("expected a right parenthesis");
  }
  HELIOS_TRY(const std::vector<std::string> parts,
             catalog::ParseQualifiedName(text.substr(0, open)));
  std::vector<Oid> wanted;
  std::string_view list = text.substr(open + 1, close - open - 1);
  int depth = 0;
  for (size_t from = 0, at = 0; at <= list.size() && !list.empty(); ++at) {
    const char c = at < list.size() ? list[at] : ',';
    depth += c == '(' ? 1 : (c == ')' ? -1 : 0);
    if (c != ',' || (depth > 0 && at < list.size())) continue;
    HELIOS_TRY(const Oid type, ResolveName(type_oid::kRegtype, list.substr(from, at - from)));
    wanted.push_back(type);
    from = at + 1;
  }
  const auto found = Names().by_name.find(parts.back());
  if (found != Names().by_name.end()) {
    for (const Oid oid : found->second) {
      const auto arguments = Names().arguments.find(oid);
      if (arguments != Names().arguments.end() && *arguments->second == wanted) return oid;
    }
  }
  return Error(ErrorCode::kUndefinedFunction).Message("function \"{}\" does not exist", text);
}

// Names without a schema are searched where the role may.
Status SessionTypeLookup::RequireUsage(std::string_view relation) const {
  HELIOS_TRY(const std::vector<std::string> parts, catalog::ParseQualifiedName(relation));
  if (parts.size() < 2) return Status::Ok();
  const catalog::Schema* schema = snapshot().FindSchema(parts[parts.size() - 2]);
  if (schema == nullptr || MayUse(snapshot(), role_, *schema)) return Status::Ok();
  // The session's own temporary schema is on the path whoever made it.
  const std::vector<Oid>& path = search_path();
  if (std::find(path.begin(), path.end(), schema->oid) != path.end()) return Status::Ok();
  return PermissionDenied(*schema);
}

Result<Oid> SessionTypeLookup::ResolveName(Oid reg_type, std::string_view text) const {
  switch (reg_type) {
    case type_oid::kRegclass:
      HELIOS_TRY(RequireUsage(text));
      return CatalogTypeLookup::ResolveName(reg_type, text);
    case type_oid::kRegprocedure:
      return ResolveProcedure(text);
    case type_oid::kRegproc: {
      HELIOS_TRY(const std::vector<std::string> parts, catalog::ParseQualifiedName(text));
      const auto found = Names().by_name.find(parts.back());
      if (found == Names().by_name.end()) {
        return Error(ErrorCode::kUndefinedFunction).Message("function \"{}\" does not exist", text);
      }
      if (found->second.size() > 1) {
        return Error(ErrorCode::kAmbiguousFunction)
            .Message("more than one function named \"{}\"", text);
      }
      return found->second.front();
    }
    case type_oid::kRegtype: {
      Result<Oid> known = CatalogTypeLookup::ResolveName(reg_type, text);
      if (known.ok() || known.status().code() != ErrorCode::kUndefinedObject) return known;
      const std::optional<Oid> type = GrammarType(text);
      return type.has_value() ? Result<Oid>(*type) : std::move(known);
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
      std::string name(found->second);
      if (reg_type == type_oid::kRegproc) return name;
      name += '(';
      if (const auto list = Names().arguments.find(oid); list != Names().arguments.end()) {
        for (const Oid type : *list->second) {
          if (name.back() != '(') name += ',';
          name += FormatType({type, -1}, this);
        }
      }
      return name + ')';
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
