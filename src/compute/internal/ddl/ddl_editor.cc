#include "compute/internal/ddl/ddl_editor.h"

#include <algorithm>

#include "compute/internal/name_resolution.h"

namespace helios::compute {

namespace {

// Cuts the longer of the two until the whole fits, not inside a UTF-8 sequence.
std::string MakeName(std::string name1, std::string name2, std::string_view label) {
  const auto total = [&] {
    return name1.size() + (name2.empty() ? 0 : name2.size() + 1) +
           (label.empty() ? 0 : label.size() + 1);
  };
  const auto cut = [](std::string* name) {
    do {
      name->pop_back();
    } while (!name->empty() && (static_cast<unsigned char>(name->back()) & 0xc0) == 0x80);
  };
  while (total() > kNameBytesMax) cut(name1.size() > name2.size() ? &name1 : &name2);
  std::string name = name1;
  if (!name2.empty()) name += "_" + name2;
  if (!label.empty()) name += "_" + std::string(label);
  return name;
}

}  // namespace

std::shared_ptr<catalog::Object> DdlEditor::CopyObject(Oid oid) const {
  const catalog::Object* found = editor_.current().Find(oid);
  HELIOS_CHECK(found != nullptr);
  switch (found->kind()) {
    case catalog::ObjectKind::kRole:
      return Copy<catalog::Role>(oid);
    case catalog::ObjectKind::kDatabase:
      return Copy<catalog::Database>(oid);
    case catalog::ObjectKind::kSchema:
      return Copy<catalog::Schema>(oid);
    case catalog::ObjectKind::kTable:
      return Copy<catalog::Table>(oid);
    case catalog::ObjectKind::kIndex:
      return Copy<catalog::Index>(oid);
    case catalog::ObjectKind::kSequence:
      return Copy<catalog::Sequence>(oid);
    case catalog::ObjectKind::kType:
      return Copy<catalog::UserType>(oid);
  }
  return nullptr;
}

std::string ChooseName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name1,
                       std::string_view name2, std::string_view label,
                       const std::vector<std::string>& taken) {
  for (int number = 0;; ++number) {
    const std::string numbered =
        number == 0 ? std::string(label) : fmt::format("{}{}", label, number);
    std::string name = MakeName(std::string(name1), std::string(name2), numbered);
    if (snapshot.FindRelation(schema, name) == nullptr &&
        std::find(taken.begin(), taken.end(), name) == taken.end()) {
      return name;
    }
  }
}

bool IsSystemColumnName(std::string_view name) {
  return name == "tableoid" || name == "ctid" || name == "xmin" || name == "xmax" ||
         name == "cmin" || name == "cmax";
}

Status RequireFreeName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name) {
  if (snapshot.FindRelation(schema, name) == nullptr) return Status::Ok();
  return Error(ErrorCode::kDuplicateTable).Message("relation \"{}\" already exists", name);
}

Status RequireFreeTableName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name) {
  HELIOS_TRY(RequireFreeName(snapshot, schema, name));
  const catalog::UserType* type = snapshot.FindUserType(schema, name);
  if (type == nullptr) return Status::Ok();
  if (type->type_kind == catalog::UserType::TypeKind::kComposite) {  // A kind of relation.
    return Error(ErrorCode::kDuplicateTable).Message("relation \"{}\" already exists", name);
  }
  return Error(ErrorCode::kDuplicateObject)
      .Message("type \"{}\" already exists", name)
      .Hint(
          "A relation has an associated type of the same name, so you must use a name that doesn't "
          "conflict with any existing type.");
}

Status RequireFreeTypeName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name) {
  if (snapshot.FindUserType(schema, name) == nullptr) return Status::Ok();
  return Error(ErrorCode::kDuplicateObject).Message("type \"{}\" already exists", name);
}

Status LockTypeName(SessionImpl& session, const sql::ast::NameList& names) {
  HELIOS_TRY(const Oid schema, CreationSchema(session, names));
  return session.LockName(schema, names.back());
}

Result<std::shared_ptr<catalog::UserType>> NewUserType(SessionImpl& session,
                                                       const DdlEditor& editor,
                                                       const sql::ast::NameList& names,
                                                       catalog::UserType::TypeKind kind) {
  HELIOS_TRY(const Oid schema, CreationSchema(session, names));
  const catalog::Snapshot& snapshot = editor.current();
  HELIOS_TRY(RequireFreeTypeName(snapshot, schema, names.back()));
  auto type = std::make_shared<catalog::UserType>();
  HELIOS_TRY(type->oid, session.NewOid());
  HELIOS_TRY(type->array_oid, session.NewOid());
  type->type_kind = kind;
  type->name = names.back();
  type->schema = schema;
  type->owner = session.role();
  ApplyDefaultPrivileges(session, type.get());
  return type;
}

}  // namespace helios::compute
