// ALTER ... RENAME.

#include <algorithm>

#include "compute/internal/ddl/stored_names.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

using ast::ObjectType;
using catalog::ObjectKind;

// "a table", "an index": what `type` makes of a relation that is not one; empty when it will do.
std::string WrongKind(ObjectType type, const catalog::Object& object) {
  const std::string kind = KindName(object);
  const auto expect = [&kind](const char* wanted, const char* shown) {
    return std::string(kind == wanted ? "" : shown);
  };
  switch (type) {
    case ObjectType::kView:
      return expect("view", "a view");
    case ObjectType::kMaterializedView:
      return expect("materialized view", "a materialized view");
    case ObjectType::kSequence:
      return expect("sequence", "a sequence");
    case ObjectType::kIndex:
      return expect("index", "an index");
    default:
      return "";
  }
}

// The relation that the statement is about; null with a notice when there is none and it may be so.
Result<const catalog::Object*> FindRenamed(SessionImpl& session,
                                           const ast::RenameStatement& statement, ObjectType type) {
  HELIOS_TRY(const catalog::Object* object,
             FindRelation(session, statement.relation, statement.if_exists));
  if (object == nullptr) return object;
  const std::string wrong = WrongKind(type, *object);
  if (!wrong.empty()) {
    return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not {}", object->name, wrong);
  }
  HELIOS_TRY(RequireOwner(session, *object));
  return object;
}

Status LockRelation(SessionImpl& session, const catalog::Object& object) {
  if (object.kind() == ObjectKind::kSequence) return Status::Ok();
  const Oid table = object.kind() == ObjectKind::kIndex
                        ? static_cast<const catalog::Index&>(object).table
                        : object.oid;
  return session.LockRelation(table, hidb::TableLockMode::kAccessExclusive, object.name);
}

// The index that a constraint made has the constraint's name.
void RenameConstraintOf(DdlEditor& editor, const catalog::Index& index, const std::string& name) {
  if (index.constraint == kInvalidOid) return;
  auto table = editor.Copy<catalog::Table>(index.table);
  for (catalog::Constraint& constraint : table->constraints) {
    if (constraint.oid == index.constraint) constraint.name = name;
  }
  editor.Put(std::move(table));
}

Status RenameRelation(SessionImpl& session, const ast::RenameStatement& statement) {
  HELIOS_TRY(const catalog::Object* object, FindRenamed(session, statement, statement.object_type));
  if (object == nullptr) return Status::Ok();
  HELIOS_TRY(LockRelation(session, *object));
  DdlEditor editor(session);
  HELIOS_TRY(RequireFreeName(editor.current(), object->schema, statement.new_name));
  if (object->kind() == ObjectKind::kTable) {
    HELIOS_TRY(RequireFreeTableName(editor.current(), object->schema, statement.new_name));
  }
  std::shared_ptr<catalog::Object> copy = editor.CopyObject(object->oid);
  NameChange change;
  change.kind = NameChange::Kind::kRelation;
  change.old_schema = change.new_schema = editor.current().FindSchema(copy->schema)->name;
  change.old_name = copy->name;
  change.new_name = statement.new_name;
  copy->name = statement.new_name;
  editor.Put(copy);
  if (copy->kind() == ObjectKind::kIndex) {
    RenameConstraintOf(editor, static_cast<const catalog::Index&>(*copy), statement.new_name);
  } else {
    HELIOS_TRY(FollowNameChange(editor, change));
  }
  editor.Save();
  return Status::Ok();
}

Status RenameColumn(SessionImpl& session, const ast::RenameStatement& statement) {
  HELIOS_TRY(const catalog::Object* object,
             FindRenamed(session, statement, statement.relation_type));
  if (object == nullptr) return Status::Ok();
  if (object->kind() != ObjectKind::kTable) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("cannot rename columns of relation \"{}\"", object->name)
        .Detail("This operation is not supported for {}.",
                object->kind() == ObjectKind::kIndex ? "indexes" : "sequences");
  }
  HELIOS_TRY(LockRelation(session, *object));
  DdlEditor editor(session);
  const catalog::Table before = *editor.Copy<catalog::Table>(object->oid);
  const catalog::Column* column = before.FindColumn(statement.part);
  if (column == nullptr) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" does not exist", statement.part);
  }
  static constexpr std::string_view kSystemColumns[] = {"tableoid", "ctid", "xmin",
                                                        "xmax",     "cmin", "cmax"};
  if (std::find(std::begin(kSystemColumns), std::end(kSystemColumns), statement.new_name) !=
      std::end(kSystemColumns)) {
    return Error(ErrorCode::kDuplicateColumn)
        .Message("column name \"{}\" conflicts with a system column name", statement.new_name);
  }
  if (before.FindColumn(statement.new_name) != nullptr) {
    return Error(ErrorCode::kDuplicateColumn)
        .Message("column \"{}\" of relation \"{}\" already exists", statement.new_name,
                 before.name);
  }
  HELIOS_TRY(FollowFieldChange(
      session, editor, {catalog::RowTypeOf(before.oid), statement.part, statement.new_name}));
  HELIOS_TRY(FollowColumnChange(editor, before, statement.part, statement.new_name));
  auto table = editor.Copy<catalog::Table>(before.oid);
  table->columns[static_cast<size_t>(column->number - 1)].name = statement.new_name;
  editor.Put(std::move(table));
  editor.Save();
  return Status::Ok();
}

// ALTER TYPE: of a composite type, or of a table by the name of its row type.
Status RenameAttribute(SessionImpl& session, const ast::RenameStatement& statement) {
  ast::NameList names;
  if (!statement.relation.schema.empty()) names.push_back(statement.relation.schema);
  names.push_back(statement.relation.name);
  const Result<const catalog::UserType*> found = FindTypeByNames(session, names);
  if (!found.ok() || (*found)->type_kind != catalog::UserType::TypeKind::kComposite ||
      session.Catalog()->Find((*found)->oid) == nullptr) {
    return RenameColumn(session, statement);
  }
  const catalog::UserType& type = **found;
  HELIOS_TRY(RequireOwner(session, type));
  const auto named = [&type](const std::string& name) {
    return std::find_if(type.fields.begin(), type.fields.end(),
                        [&name](const catalog::Column& field) { return field.name == name; });
  };
  const auto field = named(statement.part);
  if (field == type.fields.end()) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" does not exist", statement.part);
  }
  if (named(statement.new_name) != type.fields.end()) {
    return Error(ErrorCode::kDuplicateColumn)
        .Message("column \"{}\" of relation \"{}\" already exists", statement.new_name, type.name);
  }
  DdlEditor editor(session);
  HELIOS_TRY(FollowFieldChange(session, editor, {type.oid, statement.part, statement.new_name}));
  auto copy = editor.Copy<catalog::UserType>(type.oid);
  copy->fields[static_cast<size_t>(field - type.fields.begin())].name = statement.new_name;
  editor.Put(std::move(copy));
  editor.Save();
  return Status::Ok();
}

Status RenameTableConstraint(SessionImpl& session, const ast::RenameStatement& statement) {
  HELIOS_TRY(const catalog::Object* object, FindRenamed(session, statement, ObjectType::kTable));
  if (object == nullptr) return Status::Ok();
  if (object->kind() != ObjectKind::kTable) {
    return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a table", object->name);
  }
  HELIOS_TRY(LockRelation(session, *object));
  DdlEditor editor(session);
  auto table = editor.Copy<catalog::Table>(object->oid);
  if (table->FindConstraint(statement.part) == nullptr) {
    return Error(ErrorCode::kUndefinedObject)
        .Message("constraint \"{}\" for table \"{}\" does not exist", statement.part, table->name);
  }
  if (table->FindConstraint(statement.new_name) != nullptr) {
    return Error(ErrorCode::kDuplicateObject)
        .Message("constraint \"{}\" for relation \"{}\" already exists", statement.new_name,
                 table->name);
  }
  for (catalog::Constraint& constraint : table->constraints) {
    if (constraint.name != statement.part) continue;
    constraint.name = statement.new_name;
    const bool has_index = constraint.kind == catalog::ConstraintKind::kPrimary ||
                           constraint.kind == catalog::ConstraintKind::kUnique;
    if (!has_index) continue;
    HELIOS_TRY(RequireFreeName(editor.current(), table->schema, statement.new_name));
    auto index = editor.Copy<catalog::Index>(constraint.index);
    index->name = statement.new_name;
    editor.Put(std::move(index));
  }
  editor.Put(std::move(table));
  editor.Save();
  return Status::Ok();
}

const ast::NameList& TypeNames(const ast::ObjectName& object) {
  return object.type != nullptr ? object.type->names : object.names;
}

Status RenameType(SessionImpl& session, const ast::RenameStatement& statement) {
  HELIOS_TRY(const catalog::UserType* type, FindTypeByNames(session, TypeNames(statement.object)));
  HELIOS_TRY(RequireOwner(session, *type));
  const bool is_domain = type->type_kind == catalog::UserType::TypeKind::kDomain;
  if (statement.object_type == ObjectType::kDomain && !is_domain) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} is not a domain", FormatType({type->oid}, &session.Lookup()));
  }
  DdlEditor editor(session);
  HELIOS_TRY(RequireFreeTypeName(editor.current(), type->schema, statement.new_name));
  auto copy = editor.Copy<catalog::UserType>(type->oid);
  NameChange change;
  change.kind = NameChange::Kind::kType;
  change.old_schema = change.new_schema = editor.current().FindSchema(copy->schema)->name;
  change.old_name = copy->name;
  change.new_name = statement.new_name;
  copy->name = statement.new_name;
  editor.Put(std::move(copy));
  HELIOS_TRY(FollowNameChange(editor, change));
  editor.Save();
  return Status::Ok();
}

Status RenameDomainConstraint(SessionImpl& session, const ast::RenameStatement& statement) {
  HELIOS_TRY(const catalog::UserType* type, FindTypeByNames(session, TypeNames(statement.object)));
  HELIOS_TRY(RequireOwner(session, *type));
  DdlEditor editor(session);
  auto copy = editor.Copy<catalog::UserType>(type->oid);
  for (catalog::Constraint& check : copy->checks) {
    if (check.name != statement.part) continue;
    check.name = statement.new_name;
    editor.Put(std::move(copy));
    editor.Save();
    return Status::Ok();
  }
  return Error(ErrorCode::kUndefinedObject)
      .Message("constraint \"{}\" for domain {} does not exist", statement.part, type->name);
}

Status RenameSchema(SessionImpl& session, const ast::RenameStatement& statement) {
  HELIOS_TRY(const catalog::Schema* schema,
             FindSchemaByName(session, statement.object.names.back()));
  DdlEditor editor(session);
  if (editor.current().FindSchema(statement.new_name) != nullptr) {
    return Error(ErrorCode::kDuplicateSchema)
        .Message("schema \"{}\" already exists", statement.new_name);
  }
  HELIOS_TRY(RequireOwner(session, *schema));
  if (schema->oid == catalog::kPgCatalogSchema || schema->oid == catalog::kInformationSchema) {
    return PermissionDenied(*schema);
  }
  if (statement.new_name.starts_with("pg_")) {
    return Error(ErrorCode::kReservedName)
        .Message("unacceptable schema name \"{}\"", statement.new_name)
        .Detail("The prefix \"pg_\" is reserved for system schemas.");
  }
  auto copy = editor.Copy<catalog::Schema>(schema->oid);
  NameChange change;
  change.kind = NameChange::Kind::kSchema;
  change.old_schema = copy->name;
  change.new_schema = statement.new_name;
  copy->name = statement.new_name;
  editor.Put(std::move(copy));
  HELIOS_TRY(FollowNameChange(editor, change));
  editor.Save();
  return Status::Ok();
}

Status RenameRole(SessionImpl& session, const ast::RenameStatement& statement) {
  ast::RoleName name;
  name.name = statement.object.names.back();
  HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, name));
  if (role->oid == session.session_role()) {
    return Error(ErrorCode::kFeatureNotSupported).Message("session user cannot be renamed");
  }
  if (role->oid == session.role()) {
    return Error(ErrorCode::kFeatureNotSupported).Message("current user cannot be renamed");
  }
  const std::string& new_name = statement.new_name;
  if (new_name.starts_with("pg_")) {
    return Error(ErrorCode::kReservedName)
        .Message("role name \"{}\" is reserved", new_name)
        .Detail("Role names starting with \"pg_\" are reserved.");
  }
  DdlEditor editor(session);
  if (editor.current().FindRole(new_name) != nullptr) {
    return Error(ErrorCode::kDuplicateObject).Message("role \"{}\" already exists", new_name);
  }
  if (!session.IsSuperuser()) {
    if (role->superuser) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("must be superuser to rename superusers");
    }
    if (!editor.current().FindRole(session.role())->create_role) {
      return Error(ErrorCode::kInsufficientPrivilege).Message("permission denied to rename role");
    }
  }
  auto copy = editor.Copy<catalog::Role>(role->oid);
  copy->name = new_name;
  editor.Put(std::move(copy));
  editor.Save();
  return Status::Ok();
}

}  // namespace

Status RunRename(SessionImpl& session, const ast::RenameStatement& statement, UtilityResult*) {
  switch (statement.object_type) {
    case ObjectType::kTable:
    case ObjectType::kView:
    case ObjectType::kMaterializedView:
    case ObjectType::kIndex:
    case ObjectType::kSequence:
      return RenameRelation(session, statement);
    case ObjectType::kColumn:
      return RenameColumn(session, statement);
    case ObjectType::kAttribute:
      return RenameAttribute(session, statement);
    case ObjectType::kTableConstraint:
      return RenameTableConstraint(session, statement);
    case ObjectType::kDomainConstraint:
      return RenameDomainConstraint(session, statement);
    case ObjectType::kType:
    case ObjectType::kDomain:
      return RenameType(session, statement);
    case ObjectType::kSchema:
      return RenameSchema(session, statement);
    case ObjectType::kRole:
      return RenameRole(session, statement);
    case ObjectType::kDatabase: {
      const std::string& name = statement.object.names.back();
      if (session.Catalog()->FindDatabase(name) == nullptr) {
        return Error(ErrorCode::kInvalidCatalogName)
            .Message("database \"{}\" does not exist", name);
      }
      return Error(ErrorCode::kFeatureNotSupported).Message("current database cannot be renamed");
    }
    default:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("RENAME of this kind of object is not supported");
  }
}

}  // namespace helios::compute
