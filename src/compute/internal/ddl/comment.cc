// COMMENT ON: the text lies with its object, or with the constraint that it is about.

#include <algorithm>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

using ast::ObjectType;

// The names but the last `skip`, as a relation's.
ast::RelationName RelationOf(const ast::NameList& names, size_t skip) {
  ast::RelationName relation;
  const size_t count = names.size() - skip;
  relation.name = names[count - 1];
  if (count > 1) relation.schema = names[count - 2];
  if (count > 2) relation.catalog = names[count - 3];
  return relation;
}

void SetObjectComment(DdlEditor& editor, const catalog::Object& object, int32_t part,
                      const ast::CommentStatement& statement) {
  std::shared_ptr<catalog::Object> copy = editor.CopyObject(object.oid);
  if (statement.is_null || statement.text.empty()) {
    copy->comments.erase(part);
  } else {
    copy->comments[part] = statement.text;
  }
  editor.Put(std::move(copy));
}

Status CommentOnRelation(SessionImpl& session, const ast::CommentStatement& statement,
                         const char* kind, const char* article) {
  HELIOS_TRY(const catalog::Object* object,
             FindRelation(session, RelationOf(statement.object.names, 0)));
  if (KindName(*object) != kind) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("\"{}\" is not {} {}", object->name, article, kind);
  }
  HELIOS_TRY(RequireOwner(session, *object));
  DdlEditor editor(session);
  SetObjectComment(editor, *object, 0, statement);
  editor.Save();
  return Status::Ok();
}

Status CommentOnColumn(SessionImpl& session, const ast::CommentStatement& statement) {
  const ast::NameList& names = statement.object.names;
  if (names.size() < 2)
    return Error(ErrorCode::kSyntaxError).Message("column name must be qualified");
  HELIOS_TRY(const catalog::Object* object, FindRelation(session, RelationOf(names, 1)));
  HELIOS_TRY(RequireOwner(session, *object));
  if (object->kind() != catalog::ObjectKind::kTable) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("cannot set comment on relation \"{}\"", object->name)
        .Detail("This operation is not supported for {}.",
                object->kind() == catalog::ObjectKind::kIndex ? "indexes" : "sequences");
  }
  const auto& table = static_cast<const catalog::Table&>(*object);
  const catalog::Column* column = table.FindColumn(names.back());
  if (column == nullptr) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" of relation \"{}\" does not exist", names.back(), table.name);
  }
  DdlEditor editor(session);
  SetObjectComment(editor, table, column->number, statement);
  editor.Save();
  return Status::Ok();
}

Status SetConstraintComment(std::vector<catalog::Constraint>& constraints, std::string_view what,
                            const std::string& owner, const ast::CommentStatement& statement) {
  const std::string& name = statement.object.names.back();
  for (catalog::Constraint& constraint : constraints) {
    if (constraint.name != name) continue;
    constraint.comment = statement.is_null ? "" : statement.text;
    return Status::Ok();
  }
  return Error(ErrorCode::kUndefinedObject)
      .Message("constraint \"{}\" for {} \"{}\" does not exist", name, what, owner);
}

Status CommentOnConstraint(SessionImpl& session, const ast::CommentStatement& statement) {
  const ast::NameList& names = statement.object.names;
  DdlEditor editor(session);
  if (statement.object_type == ObjectType::kDomainConstraint) {
    const ast::NameList type_names = statement.object.type != nullptr
                                         ? statement.object.type->names
                                         : ast::NameList(names.begin(), names.end() - 1);
    HELIOS_TRY(const catalog::UserType* type, FindTypeByNames(session, type_names));
    HELIOS_TRY(RequireOwner(session, *type));
    auto copy = editor.Copy<catalog::UserType>(type->oid);
    HELIOS_TRY(SetConstraintComment(copy->checks, "domain", type->name, statement));
    editor.Put(std::move(copy));
  } else {
    HELIOS_TRY(const catalog::Table* table, FindTableOrView(session, RelationOf(names, 1)));
    HELIOS_TRY(RequireOwner(session, *table));
    auto copy = editor.Copy<catalog::Table>(table->oid);
    HELIOS_TRY(SetConstraintComment(copy->constraints, "table", table->name, statement));
    editor.Put(std::move(copy));
  }
  editor.Save();
  return Status::Ok();
}

Status RequireRoleAdmin(SessionImpl& session, const catalog::Role& role) {
  if (session.IsSuperuser()) return Status::Ok();
  if (role.superuser) {
    return Error(ErrorCode::kInsufficientPrivilege).Message("must be superuser");
  }
  if (session.Catalog()->FindRole(session.role())->create_role) return Status::Ok();
  return Error(ErrorCode::kInsufficientPrivilege).Message("must have CREATEROLE privilege");
}

}  // namespace

Status RunComment(SessionImpl& session, const ast::CommentStatement& statement) {
  switch (statement.object_type) {
    case ObjectType::kTable:
      return CommentOnRelation(session, statement, "table", "a");
    case ObjectType::kView:
      return CommentOnRelation(session, statement, "view", "a");
    case ObjectType::kMaterializedView:
      return CommentOnRelation(session, statement, "materialized view", "a");
    case ObjectType::kIndex:
      return CommentOnRelation(session, statement, "index", "an");
    case ObjectType::kSequence:
      return CommentOnRelation(session, statement, "sequence", "a");
    case ObjectType::kColumn:
      return CommentOnColumn(session, statement);
    case ObjectType::kTableConstraint:
    case ObjectType::kDomainConstraint:
      return CommentOnConstraint(session, statement);
    default:
      break;
  }
  HELIOS_TRY(const catalog::Object* object,
             FindNonRelation(session, statement.object_type, statement.object));
  if (object == nullptr) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("COMMENT on this kind of object is not supported");
  }
  if (object->kind() == catalog::ObjectKind::kRole) {
    HELIOS_TRY(RequireRoleAdmin(session, static_cast<const catalog::Role&>(*object)));
  } else {
    HELIOS_TRY(RequireOwner(session, *object));
  }
  DdlEditor editor(session);
  SetObjectComment(editor, *object, 0, statement);
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
