// Type names.
#include "catalog/snapshot.h"
#include "sql/deparse.h"
#include "sql/planner.h"

namespace helios::sql {

namespace {
namespace t = type_oid;

Status UnknownType(const std::string& name) {
  return Error(ErrorCode::kUndefinedObject).Message("type \"{}\" does not exist", name);
}

Result<Oid> FindBaseType(const ast::TypeName& type, const PlannerContext& context) {
  const std::string& name = type.names.back();
  const std::string schema = type.names.size() > 1 ? type.names[type.names.size() - 2] : "";
  const TypeInfo* builtin = FindTypeByName(name);
  // Only pg_type's own names count: "double precision" in quotes is not a type.
  const bool is_builtin = builtin != nullptr && builtin->name == name;
  if (schema == "pg_catalog") {
    if (is_builtin) return builtin->oid;
    return UnknownType(schema + "." + name);
  }
  if (!schema.empty()) {
    const catalog::Schema* found = context.snapshot->FindSchema(schema);
    if (found == nullptr) {
      return Error(ErrorCode::kInvalidSchemaName).Message("schema \"{}\" does not exist", schema);
    }
    const catalog::UserType* user = context.snapshot->FindUserType(found->oid, name);
    if (user == nullptr) return UnknownType(schema + "." + name);
    return user->oid;
  }
  if (is_builtin) return builtin->oid;
  for (Oid oid : context.lookup->search_path()) {
    if (const catalog::UserType* user = context.snapshot->FindUserType(oid, name)) return user->oid;
    // "_mood" is the array over mood.
    if (name.size() > 1 && name[0] == '_') {
      const catalog::UserType* element = context.snapshot->FindUserType(oid, name.substr(1));
      if (element != nullptr) return element->array_oid;
    }
  }
  return UnknownType(name);
}

Result<std::vector<int64_t>> Modifiers(const ast::TypeName& type) {
  std::vector<int64_t> values;
  for (const ast::ExprPtr& modifier : type.modifiers) {
    const auto* constant = ast::TryAs<ast::Constant>(modifier.get());
    if (constant != nullptr && constant->constant_kind == ast::ConstantKind::kInteger) {
      values.push_back(constant->int_value);
      continue;
    }
    // -5 arrives as an operator.
    const auto* minus = ast::TryAs<ast::Operator>(modifier.get());
    const auto* operand =
        minus == nullptr ? nullptr : ast::TryAs<ast::Constant>(minus->right.get());
    if (operand != nullptr && minus->left == nullptr && minus->op.back() == "-" &&
        operand->constant_kind == ast::ConstantKind::kInteger) {
      values.push_back(-static_cast<int64_t>(operand->int_value));
      continue;
    }
    return Error(ErrorCode::kSyntaxError)
        .Message("type modifiers must be simple constants or identifiers");
  }
  return values;
}
}  // namespace

Result<SqlType> ResolveTypeName(const ast::TypeName& type, const PlannerContext& context) {
  const auto at = [&](Status status) {
    if (status.info().position == 0 && type.location >= 0) {
      status.mutable_info().position = type.location + 1;
    }
    return status;
  };
  if (type.percent_type) {
    return Error(ErrorCode::kFeatureNotSupported).Message("%TYPE is not supported here");
  }
  auto base = FindBaseType(type, context);
  if (!base.ok()) return at(std::move(base).status());
  SqlType result{*base, -1};
  if (!type.modifiers.empty()) {
    auto values = Modifiers(type);
    if (!values.ok()) return at(std::move(values).status());
    auto typmod = MakeTypmod(result.oid, *values);
    if (!typmod.ok()) return at(std::move(typmod).status());
    result.typmod = *typmod;
  }
  if (type.array_bounds.empty()) return result;
  Oid array = kInvalidOid;
  if (const TypeInfo* info = FindType(result.oid)) {
    array = info->array;
  } else if (const auto* user = context.lookup->FindUserType(result.oid)) {
    array = user->array;
  }
  if (array == kInvalidOid) return at(UnknownType(type.names.back() + "[]"));
  result.oid = array;
  return result;
}

}  // namespace helios::sql
