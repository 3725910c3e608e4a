#include "catalog/type_lookup.h"

#include <algorithm>

#include "catalog/names.h"
#include "types/text.h"

namespace helios::catalog {

namespace {

// Text of an array type ends in one or more "[]"; they all name the same array type.
bool StripArraySuffix(std::string_view* text) {
  bool stripped = false;
  while (text->size() > 2 && text->ends_with("[]")) {
    text->remove_suffix(2);
    stripped = true;
  }
  return stripped;
}

// Of the type below the domain and any domains that it stands on.
PhysicalType PhysicalOfDomain(const Snapshot& snapshot, const catalog::UserType& domain) {
  const catalog::UserType* type = &domain;
  while (type->type_kind == catalog::UserType::TypeKind::kDomain) {
    const Oid base_oid = type->base.oid;
    const catalog::UserType* base = snapshot.FindUserType(base_oid);
    if (base == nullptr) return PhysicalTypeOf(base_oid);
    if (base->array_oid == base_oid) return PhysicalType::kVarlen;
    type = base;
  }
  return type->type_kind == catalog::UserType::TypeKind::kEnum ? PhysicalType::kInt64
                                                               : PhysicalType::kVarlen;
}

}  // namespace

CatalogTypeLookup::CatalogTypeLookup(std::shared_ptr<const Snapshot> snapshot,
                                     std::vector<Oid> search_path)
    : snapshot_(std::move(snapshot)), search_path_(std::move(search_path)) {}

const TypeLookup::UserType* CatalogTypeLookup::FindUserType(Oid oid) const {
  std::lock_guard lock(mutex_);
  const auto known = types_.find(oid);
  if (known != types_.end()) return known->second.get();
  const catalog::UserType* type = snapshot_->FindUserType(oid);
  if (type == nullptr) return nullptr;
  auto description = std::make_unique<UserType>();
  std::string name = QuoteIdentifier(type->name);
  if (!IsVisible(*type)) {
    const Schema* schema = snapshot_->FindSchema(type->schema);
    if (schema != nullptr) name = QuoteIdentifier(schema->name) + "." + name;
  }
  if (oid == type->array_oid) {
    description->kind = UserKind::kArray;
    description->element = type->oid;
    description->sql_name = name + "[]";
  } else {
    description->sql_name = name;
    description->array = type->array_oid;
    switch (type->type_kind) {
      case catalog::UserType::TypeKind::kEnum:
        description->kind = UserKind::kEnum;
        description->physical = PhysicalType::kInt64;
        break;
      case catalog::UserType::TypeKind::kDomain:
        description->kind = UserKind::kDomain;
        description->base = type->base;
        description->physical = PhysicalOfDomain(*snapshot_, *type);
        break;
      case catalog::UserType::TypeKind::kComposite:
        description->kind = UserKind::kComposite;
        for (const Column& field : type->fields) {
          description->field_types.push_back(field.type);
          description->field_names.push_back(field.name);
        }
        break;
    }
  }
  return types_.emplace(oid, std::move(description)).first->second.get();
}

std::optional<int64_t> CatalogTypeLookup::EnumKey(Oid type, std::string_view label) const {
  const catalog::UserType* found = snapshot_->FindUserType(type);
  if (found == nullptr) return std::nullopt;
  for (const catalog::EnumLabel& candidate : found->labels) {
    if (candidate.label == label) return candidate.sort_key;
  }
  return std::nullopt;
}

std::vector<int64_t> CatalogTypeLookup::EnumKeys(Oid type) const {
  std::vector<int64_t> keys;
  const catalog::UserType* found = snapshot_->FindUserType(type);
  if (found == nullptr) return keys;
  for (const catalog::EnumLabel& label : found->labels) keys.push_back(label.sort_key);
  return keys;
}

std::optional<std::string> CatalogTypeLookup::EnumLabel(Oid type, int64_t key) const {
  const catalog::UserType* found = snapshot_->FindUserType(type);
  if (found == nullptr) return std::nullopt;
  const auto label = std::lower_bound(found->labels.begin(), found->labels.end(), key,
                                      [](const catalog::EnumLabel& candidate, int64_t wanted) {
                                        return candidate.sort_key < wanted;
                                      });
  if (label == found->labels.end() || label->sort_key != key) return std::nullopt;
  return label->label;
}

const Object* CatalogTypeLookup::FindRelation(std::string_view name) const {
  for (const Oid schema : search_path_) {
    const Object* found = snapshot_->FindRelation(schema, name);
    if (found != nullptr) return found;
  }
  return nullptr;
}

const catalog::UserType* CatalogTypeLookup::FindUserTypeNamed(std::string_view name) const {
  for (const Oid schema : search_path_) {
    const catalog::UserType* found = snapshot_->FindUserType(schema, name);
    if (found != nullptr) return found;
  }
  return nullptr;
}

bool CatalogTypeLookup::IsVisible(const Object& object) const {
  if (object.kind() == ObjectKind::kType) return FindUserTypeNamed(object.name) == &object;
  // A system table of the same name is found first, unless pg_catalog comes later in the path.
  const bool catalog_listed =
      std::find(search_path_.begin(), search_path_.end(), kPgCatalogSchema) != search_path_.end();
  if (!catalog_listed && snapshot_->FindSystemTable(kPgCatalogSchema, object.name) != nullptr) {
    return false;
  }
  return FindRelation(object.name) == &object;
}

Result<Oid> CatalogTypeLookup::ResolveRelation(std::string_view text) const {
  HELIOS_TRY(const std::vector<std::string> parts, ParseQualifiedName(text));
  const std::string& name = parts.back();
  if (parts.size() == 1) {
    if (const SystemTable* table = snapshot_->FindSystemTable(kPgCatalogSchema, name)) {
      return table->oid;
    }
    if (const Object* found = FindRelation(name)) return found->oid;
  } else {
    const Schema* schema = snapshot_->FindSchema(parts[parts.size() - 2]);
    if (schema == nullptr) {
      return Error(ErrorCode::kInvalidSchemaName)
          .Message("schema \"{}\" does not exist", parts[parts.size() - 2]);
    }
    if (const SystemTable* table = snapshot_->FindSystemTable(schema->oid, name)) return table->oid;
    if (const Object* found = snapshot_->FindRelation(schema->oid, name)) return found->oid;
  }
  std::string shown = parts[0];
  for (size_t part = 1; part < parts.size(); ++part) shown += "." + parts[part];
  return Error(ErrorCode::kUndefinedTable).Message("relation \"{}\" does not exist", shown);
}

Result<Oid> CatalogTypeLookup::ResolveType(std::string_view text) const {
  const std::string_view whole = text;
  const bool is_array = StripArraySuffix(&text);
  const TypeInfo* builtin = FindTypeByName(text);
  if (builtin == nullptr && text.starts_with("pg_catalog.")) {
    builtin = FindTypeByName(text.substr(std::string_view("pg_catalog.").size()));
  }
  if (builtin != nullptr) return is_array ? builtin->array : builtin->oid;
  HELIOS_TRY(const std::vector<std::string> parts, ParseQualifiedName(text));
  const catalog::UserType* type = nullptr;
  if (parts.size() == 1) {
    if (const TypeInfo* folded = FindTypeByName(parts[0])) {
      return is_array ? folded->array : folded->oid;
    }
    type = FindUserTypeNamed(parts[0]);
  } else if (const Schema* schema = snapshot_->FindSchema(parts[parts.size() - 2])) {
    type = snapshot_->FindUserType(schema->oid, parts.back());
  }
  if (type == nullptr) {
    return Error(ErrorCode::kUndefinedObject).Message("type \"{}\" does not exist", whole);
  }
  return is_array ? type->array_oid : type->oid;
}

Result<Oid> CatalogTypeLookup::ResolveName(Oid reg_type, std::string_view text) const {
  switch (reg_type) {
    case type_oid::kRegclass:
      return ResolveRelation(text);
    case type_oid::kRegtype:
      return ResolveType(text);
    case type_oid::kRegrole: {
      HELIOS_TRY(const std::vector<std::string> parts, ParseQualifiedName(text));
      const Role* role = snapshot_->FindRole(parts.back());
      if (role != nullptr) return role->oid;
      return Error(ErrorCode::kUndefinedObject).Message("role \"{}\" does not exist", parts.back());
    }
    case type_oid::kRegnamespace: {
      HELIOS_TRY(const std::vector<std::string> parts, ParseQualifiedName(text));
      const Schema* schema = snapshot_->FindSchema(parts.back());
      if (schema != nullptr) return schema->oid;
      return Error(ErrorCode::kInvalidSchemaName)
          .Message("schema \"{}\" does not exist", parts.back());
    }
    default:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("names of this kind cannot be resolved");
  }
}

std::optional<std::string> CatalogTypeLookup::NameOf(Oid reg_type, Oid oid) const {
  switch (reg_type) {
    case type_oid::kRegclass: {
      if (const SystemTable* table = snapshot_->FindSystemTable(oid)) {
        return table->schema == kPgCatalogSchema ? table->name
                                                 : "information_schema." + table->name;
      }
      const Object* object = snapshot_->Find(oid);
      if (object == nullptr || object->schema == kInvalidOid) return std::nullopt;
      if (IsVisible(*object)) return QuoteIdentifier(object->name);
      const Schema* schema = snapshot_->FindSchema(object->schema);
      if (schema == nullptr) return QuoteIdentifier(object->name);
      return QuoteIdentifier(schema->name) + "." + QuoteIdentifier(object->name);
    }
    case type_oid::kRegtype:
      if (FindType(oid) == nullptr && snapshot_->FindUserType(oid) == nullptr) return std::nullopt;
      return FormatType({oid}, this);
    case type_oid::kRegrole: {
      const Role* role = snapshot_->FindRole(oid);
      if (role == nullptr) return std::nullopt;
      return QuoteIdentifier(role->name);
    }
    case type_oid::kRegnamespace: {
      const Schema* schema = snapshot_->FindSchema(oid);
      if (schema == nullptr) return std::nullopt;
      return QuoteIdentifier(schema->name);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace helios::catalog
