// ALTER ... SET SCHEMA.

#include "compute/internal/ddl/stored_names.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

using ast::ObjectType;
using catalog::ObjectKind;

Status RequireFree(const catalog::Snapshot& snapshot, const catalog::Schema& schema,
                   const catalog::Object& object) {
  if (object.kind() == ObjectKind::kType) {
    if (snapshot.FindUserType(schema.oid, object.name) == nullptr) return Status::Ok();
    return Error(ErrorCode::kDuplicateObject)
        .Message("type \"{}\" already exists in schema \"{}\"", object.name, schema.name);
  }
  if (snapshot.FindRelation(schema.oid, object.name) == nullptr) return Status::Ok();
  return Error(ErrorCode::kDuplicateTable)
      .Message("relation \"{}\" already exists in schema \"{}\"", object.name, schema.name);
}

Status MoveOne(DdlEditor& editor, Oid oid, const catalog::Schema& schema) {
  std::shared_ptr<catalog::Object> copy = editor.CopyObject(oid);
  HELIOS_TRY(RequireFree(editor.current(), schema, *copy));
  NameChange change;
  change.kind =
      copy->kind() == ObjectKind::kType ? NameChange::Kind::kType : NameChange::Kind::kRelation;
  change.old_schema = editor.current().FindSchema(copy->schema)->name;
  change.new_schema = schema.name;
  change.old_name = change.new_name = copy->name;
  copy->schema = schema.oid;
  const bool is_index = copy->kind() == ObjectKind::kIndex;
  editor.Put(std::move(copy));
  return is_index ? Status::Ok() : FollowNameChange(editor, change);
}

Result<const catalog::Object*> FindMoved(SessionImpl& session,
                                         const ast::AlterObjectSchemaStatement& statement) {
  switch (statement.object_type) {
    case ObjectType::kTable:
    case ObjectType::kView:
    case ObjectType::kMaterializedView:
    case ObjectType::kSequence: {
      HELIOS_TRY(const catalog::Object* object,
                 FindRelation(session, statement.relation, statement.if_exists));
      if (object == nullptr) return object;
      const std::string kind = KindName(*object);
      const bool fits = statement.object_type == ObjectType::kTable  ? kind != "index"
                        : statement.object_type == ObjectType::kView ? kind == "view"
                        : statement.object_type == ObjectType::kSequence
                            ? kind == "sequence"
                            : kind == "materialized view";
      if (fits) return object;
      return Error(ErrorCode::kWrongObjectType)
          .Message("\"{}\" is not a {}", object->name,
                   statement.object_type == ObjectType::kTable      ? "table"
                   : statement.object_type == ObjectType::kView     ? "view"
                   : statement.object_type == ObjectType::kSequence ? "sequence"
                                                                    : "materialized view");
    }
    case ObjectType::kType:
    case ObjectType::kDomain: {
      const ast::ObjectName& name = statement.object;
      HELIOS_TRY(const catalog::UserType* type,
                 FindTypeByNames(session, name.type != nullptr ? name.type->names : name.names));
      return static_cast<const catalog::Object*>(type);
    }
    default:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("SET SCHEMA for this kind of object is not supported");
  }
}

Status CheckMove(SessionImpl& session, const catalog::Object& object,
                 const catalog::Schema& schema) {
  HELIOS_TRY(RequireOwner(session, object));
  if (!HasPrivilege(*session.Catalog(), session.role(), schema,
                    static_cast<catalog::PrivilegeMask>(catalog::Privilege::kCreate))) {
    return PermissionDenied(schema);
  }
  if (object.schema == session.temporary_schema() || schema.oid == session.temporary_schema()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot move objects into or out of temporary schemas");
  }
  if (schema.oid == catalog::kPgCatalogSchema || schema.oid == catalog::kInformationSchema) {
    return PermissionDenied(schema);
  }
  if (object.kind() != ObjectKind::kSequence) return Status::Ok();
  const auto& sequence = static_cast<const catalog::Sequence&>(object);
  const catalog::Table* owner = session.Catalog()->FindTable(sequence.owned_by_table);
  if (owner == nullptr) return Status::Ok();
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("cannot move an owned sequence into another schema")
      .Detail("Sequence \"{}\" is linked to table \"{}\".", sequence.name, owner->name);
}

}  // namespace

Status RunAlterObjectSchema(SessionImpl& session, const ast::AlterObjectSchemaStatement& statement,
                            UtilityResult*) {
  HELIOS_TRY(const catalog::Object* object, FindMoved(session, statement));
  if (object == nullptr) return Status::Ok();
  HELIOS_TRY(const catalog::Schema* schema, FindSchemaByName(session, statement.new_schema));
  HELIOS_TRY(CheckMove(session, *object, *schema));
  if (object->schema == schema->oid) return Status::Ok();
  if (object->kind() == ObjectKind::kTable) {
    HELIOS_TRY(
        session.LockRelation(object->oid, hidb::TableLockMode::kAccessExclusive, object->name));
  }
  DdlEditor editor(session);
  std::vector<Oid> moved = {object->oid};
  if (object->kind() == ObjectKind::kTable) {
    const auto& table = static_cast<const catalog::Table&>(*object);
    moved.insert(moved.end(), table.indexes.begin(), table.indexes.end());
    for (const auto& [oid, other] : editor.current().objects()) {
      if (other->kind() == ObjectKind::kSequence &&
          static_cast<const catalog::Sequence&>(*other).owned_by_table == object->oid) {
        moved.push_back(oid);
      }
    }
  }
  for (const Oid oid : moved) HELIOS_TRY(MoveOne(editor, oid, *schema));
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
