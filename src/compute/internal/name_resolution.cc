#include "compute/internal/name_resolution.h"

#include "compute/internal/schema_usage.h"

namespace helios::compute {

namespace {

using catalog::ObjectKind;

std::string ShownName(const sql::ast::RelationName& name) {
  return name.schema.empty() ? name.name : name.schema + "." + name.name;
}

Status NoRelation(const sql::ast::RelationName& name) {
  return Error(ErrorCode::kUndefinedTable)
      .Message("relation \"{}\" does not exist", ShownName(name))
      .Position(name.location < 0 ? 0 : name.location + 1);
}

Status WrongKind(const std::string& name, std::string_view wanted) {
  return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a {}", name, wanted);
}

Status CheckCatalogName(SessionImpl& session, const sql::ast::RelationName& name) {
  if (name.catalog.empty() || name.catalog == session.database()) return Status::Ok();
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("cross-database references are not implemented: \"{}.{}.{}\"", name.catalog,
               name.schema, name.name);
}

Status RequireSchemaPrivilege(SessionImpl& session, const catalog::Schema& schema,
                              catalog::Privilege privilege) {
  if (schema.oid == session.temporary_schema()) return Status::Ok();
  if (privilege == catalog::Privilege::kUsage &&
      MayUse(*session.Catalog(), session.role(), schema)) {
    return Status::Ok();
  }
  if (HasPrivilege(*session.Catalog(), session.role(), schema,
                   static_cast<catalog::PrivilegeMask>(privilege))) {
    return Status::Ok();
  }
  return PermissionDenied(schema);
}

}  // namespace

Result<const catalog::Schema*> FindSchemaByName(SessionImpl& session, const std::string& name) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  if (name == "pg_temp" && session.temporary_schema() != kInvalidOid) {
    return snapshot->FindSchema(session.temporary_schema());
  }
  const catalog::Schema* schema = snapshot->FindSchema(name);
  if (schema != nullptr) return schema;
  return Error(ErrorCode::kInvalidSchemaName).Message("schema \"{}\" does not exist", name);
}

Result<const catalog::Object*> LookUpRelation(SessionImpl& session,
                                              const sql::ast::RelationName& name) {
  HELIOS_TRY(CheckCatalogName(session, name));
  const catalog::Object* found = nullptr;
  if (name.schema.empty()) {
    found = session.Lookup().FindRelation(name.name);
    if (found == nullptr &&
        session.Catalog()->FindSystemTable(catalog::kPgCatalogSchema, name.name) != nullptr) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("permission denied: \"{}\" is a system catalog", name.name);
    }
  } else {
    const Result<const catalog::Schema*> schema = FindSchemaByName(session, name.schema);
    if (!schema.ok()) return static_cast<const catalog::Object*>(nullptr);
    if (session.Catalog()->FindSystemTable((*schema)->oid, name.name) != nullptr) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("permission denied: \"{}\" is a system catalog", name.name);
    }
    HELIOS_TRY(RequireSchemaPrivilege(session, **schema, catalog::Privilege::kUsage));
    found = session.Catalog()->FindRelation((*schema)->oid, name.name);
  }
  return found;
}

Result<const catalog::Object*> FindRelation(SessionImpl& session,
                                            const sql::ast::RelationName& name, bool if_exists) {
  HELIOS_TRY(const catalog::Object* found, LookUpRelation(session, name));
  if (found != nullptr) return found;
  if (if_exists) {
    session.Notice(Notice::Severity::kNotice, "00000",
                   fmt::format("relation \"{}\" does not exist, skipping", name.name));
    return found;
  }
  if (!name.schema.empty()) HELIOS_TRY(FindSchemaByName(session, name.schema));
  return NoRelation(name);
}

Result<const catalog::Table*> FindTableOrView(SessionImpl& session,
                                              const sql::ast::RelationName& name, bool if_exists) {
  HELIOS_TRY(const catalog::Object* object, FindRelation(session, name, if_exists));
  if (object == nullptr) return static_cast<const catalog::Table*>(nullptr);
  if (object->kind() != ObjectKind::kTable) return WrongKind(name.name, "table");
  return static_cast<const catalog::Table*>(object);
}

Result<const catalog::Sequence*> FindSequence(SessionImpl& session,
                                              const sql::ast::RelationName& name, bool if_exists) {
  HELIOS_TRY(const catalog::Object* object, FindRelation(session, name, if_exists));
  if (object == nullptr) return static_cast<const catalog::Sequence*>(nullptr);
  if (object->kind() != ObjectKind::kSequence) return WrongKind(name.name, "sequence");
  return static_cast<const catalog::Sequence*>(object);
}

Result<Oid> CreationSchema(SessionImpl& session, const sql::ast::RelationName& name) {
  HELIOS_TRY(CheckCatalogName(session, name));
  if (name.persistence == sql::ast::Persistence::kTemporary || name.schema == "pg_temp") {
    if (!name.schema.empty() && name.schema != "pg_temp") {
      return Error(ErrorCode::kInvalidTableDefinition)
          .Message("cannot create temporary relation in non-temporary schema");
    }
    return session.TemporarySchema();
  }
  std::vector<std::string> names;
  if (!name.schema.empty()) names.push_back(name.schema);
  names.push_back(name.name);
  return CreationSchema(session, names);
}

Result<Oid> CreationSchema(SessionImpl& session, const std::vector<std::string>& names) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Schema* schema = nullptr;
  if (names.size() > 1) {
    HELIOS_TRY(schema, FindSchemaByName(session, names[names.size() - 2]));
  } else {
    for (const Oid oid : session.SearchPath()) {
      if (oid == session.temporary_schema()) continue;
      schema = snapshot->FindSchema(oid);
      break;
    }
  }
  if (schema == nullptr) {
    return Error(ErrorCode::kInvalidSchemaName).Message("no schema has been selected to create in");
  }
  if (schema->oid == catalog::kPgCatalogSchema || schema->oid == catalog::kInformationSchema) {
    return PermissionDenied(*schema);
  }
  HELIOS_TRY(RequireSchemaPrivilege(session, *schema, catalog::Privilege::kCreate));
  return schema->oid;
}

Result<const catalog::Role*> FindRoleByName(SessionImpl& session, const sql::ast::RoleName& name) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  switch (name.role) {
    case sql::ast::RoleKind::kCurrentUser:
    case sql::ast::RoleKind::kCurrentRole:
      return snapshot->FindRole(session.role());
    case sql::ast::RoleKind::kSessionUser:
      return snapshot->FindRole(session.session_role());
    case sql::ast::RoleKind::kPublic:
    case sql::ast::RoleKind::kNamed:
      break;
  }
  const std::string shown = name.role == sql::ast::RoleKind::kPublic ? "public" : name.name;
  const catalog::Role* role = snapshot->FindRole(shown);
  if (role != nullptr) return role;
  return Error(ErrorCode::kUndefinedObject).Message("role \"{}\" does not exist", shown);
}

Result<const catalog::UserType*> FindTypeByNames(SessionImpl& session,
                                                 const std::vector<std::string>& names,
                                                 bool if_exists) {
  const catalog::UserType* type = nullptr;
  if (names.size() == 1) {
    type = session.Lookup().FindUserTypeNamed(names[0]);
  } else {
    HELIOS_TRY(const catalog::Schema* schema, FindSchemaByName(session, names[names.size() - 2]));
    HELIOS_TRY(RequireSchemaPrivilege(session, *schema, catalog::Privilege::kUsage));
    type = session.Catalog()->FindUserType(schema->oid, names.back());
  }
  if (type != nullptr && type->relation != kInvalidOid) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} is a table's row type", FormatType({type->oid}, &session.Lookup()))
        .Hint("Use ALTER TABLE instead.");
  }
  if (type != nullptr || if_exists) return type;
  std::string shown = names[0];
  for (size_t part = 1; part < names.size(); ++part) shown += "." + names[part];
  return Error(ErrorCode::kUndefinedObject).Message("type \"{}\" does not exist", shown);
}

Result<const catalog::Object*> FindNonRelation(SessionImpl& session, sql::ast::ObjectType type,
                                               const sql::ast::ObjectName& name) {
  using sql::ast::ObjectType;
  switch (type) {
    case ObjectType::kSchema: {
      HELIOS_TRY(const catalog::Schema* schema, FindSchemaByName(session, name.names.back()));
      return static_cast<const catalog::Object*>(schema);
    }
    case ObjectType::kType:
    case ObjectType::kDomain: {
      HELIOS_TRY(const catalog::UserType* found,
                 FindTypeByNames(session, name.type != nullptr ? name.type->names : name.names));
      if (type == ObjectType::kDomain && found->type_kind != catalog::UserType::TypeKind::kDomain) {
        return Error(ErrorCode::kWrongObjectType)
            .Message("{} is not a domain", FormatType({found->oid}, &session.Lookup()));
      }
      return static_cast<const catalog::Object*>(found);
    }
    case ObjectType::kRole: {
      sql::ast::RoleName role_name;
      role_name.name = name.names.back();
      HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, role_name));
      return static_cast<const catalog::Object*>(role);
    }
    case ObjectType::kDatabase: {
      const catalog::Database* database = session.Catalog()->FindDatabase(name.names.back());
      if (database != nullptr) return static_cast<const catalog::Object*>(database);
      return Error(ErrorCode::kInvalidCatalogName)
          .Message("database \"{}\" does not exist", name.names.back());
    }
    default:
      return static_cast<const catalog::Object*>(nullptr);
  }
}

Status RequireOwner(SessionImpl& session, const catalog::Object& object) {
  if (IsOwner(*session.Catalog(), session.role(), object)) return Status::Ok();
  return MustBeOwner(object);
}

}  // namespace helios::compute
