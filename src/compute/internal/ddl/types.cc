// CREATE TYPE and ALTER TYPE of enums.

#include <algorithm>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"

namespace helios::compute {

namespace {

using catalog::UserType;

// Room between two labels for those that come between them later.
constexpr int64_t kLabelSpacing = int64_t{1} << 32;

Status CheckLabel(const std::string& label) {
  if (label.size() <= kNameBytesMax) return Status::Ok();
  return Error(ErrorCode::kInvalidName)
      .Message("invalid enum label \"{}\"", label)
      .Detail("Labels must be {} bytes or less.", kNameBytesMax);
}

auto FindLabel(std::vector<catalog::EnumLabel>& labels, const std::string& label) {
  return std::find_if(labels.begin(), labels.end(),
                      [&](const catalog::EnumLabel& other) { return other.label == label; });
}

Status CreateEnum(SessionImpl& session, const ast::CreateTypeStatement& statement) {
  DdlEditor editor(session);
  HELIOS_TRY(std::shared_ptr<UserType> type,
             NewUserType(session, editor, statement.name, UserType::TypeKind::kEnum));
  for (const std::string& text : statement.labels) {
    HELIOS_TRY(CheckLabel(text));
    if (FindLabel(type->labels, text) != type->labels.end()) {
      return Error(ErrorCode::kUniqueViolation)
          .Message("duplicate key value violates unique constraint \"pg_enum_typid_label_index\"")
          .Detail("Key (enumtypid, enumlabel)=({}, {}) already exists.", type->oid, text);
    }
    catalog::EnumLabel label;
    HELIOS_TRY(label.oid, session.NewOid());
    label.sort_key = kLabelSpacing * static_cast<int64_t>(type->labels.size() + 1);
    label.label = text;
    type->labels.push_back(std::move(label));
  }
  editor.Put(std::move(type));
  editor.Save();
  return Status::Ok();
}

Status AddLabel(SessionImpl& session, const ast::AlterEnumStatement& statement, UserType* type) {
  HELIOS_TRY(CheckLabel(statement.new_label));
  std::vector<catalog::EnumLabel>& labels = type->labels;
  if (FindLabel(labels, statement.new_label) != labels.end()) {
    if (!statement.if_not_exists) {
      return Error(ErrorCode::kDuplicateObject)
          .Message("enum label \"{}\" already exists", statement.new_label);
    }
    session.Notice(Notice::Severity::kNotice, "42710",
                   fmt::format("enum label \"{}\" already exists, skipping", statement.new_label));
    return Status::Ok();
  }
  auto place = labels.end();
  if (!statement.neighbor.empty()) {
    place = FindLabel(labels, statement.neighbor);
    if (place == labels.end()) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("\"{}\" is not an existing enum label", statement.neighbor);
    }
    if (statement.after) ++place;
  }
  // Existing rows hold the keys, so no key may change: the new one lies between its neighbours'.
  catalog::EnumLabel label;
  if (labels.empty()) {
    label.sort_key = kLabelSpacing;
  } else if (place == labels.end()) {
    label.sort_key = labels.back().sort_key + kLabelSpacing;
  } else if (place == labels.begin()) {
    label.sort_key = place->sort_key - kLabelSpacing;
  } else {
    const int64_t before = std::prev(place)->sort_key;
    label.sort_key = before + (place->sort_key - before) / 2;
    if (label.sort_key == before) {
      return Error(ErrorCode::kProgramLimitExceeded)
          .Message("too many labels were added between \"{}\" and \"{}\"", std::prev(place)->label,
                   place->label);
    }
  }
  HELIOS_TRY(label.oid, session.NewOid());
  label.label = statement.new_label;
  labels.insert(place, std::move(label));
  return Status::Ok();
}

Status RenameLabel(const ast::AlterEnumStatement& statement, UserType* type) {
  HELIOS_TRY(CheckLabel(statement.new_label));
  const auto label = FindLabel(type->labels, statement.old_label);
  if (label == type->labels.end()) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("\"{}\" is not an existing enum label", statement.old_label);
  }
  if (FindLabel(type->labels, statement.new_label) != type->labels.end()) {
    return Error(ErrorCode::kDuplicateObject)
        .Message("enum label \"{}\" already exists", statement.new_label);
  }
  label->label = statement.new_label;
  return Status::Ok();
}

}  // namespace

Status RunCreateType(SessionImpl& session, const ast::CreateTypeStatement& statement) {
  switch (statement.form) {
    case ast::TypeForm::kEnum:
      return CreateEnum(session, statement);
    case ast::TypeForm::kComposite:
      return Error(ErrorCode::kFeatureNotSupported).Message("composite types are not supported");
    case ast::TypeForm::kRange:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("user-defined range types are not supported");
    case ast::TypeForm::kShell:
    case ast::TypeForm::kBase:
      break;
  }
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("user-defined base types are not supported")
      .Hint("Use an enum or a domain.");
}

Status RunAlterEnum(SessionImpl& session, const ast::AlterEnumStatement& statement) {
  HELIOS_TRY(const UserType* found, FindTypeByNames(session, statement.name));
  if (found->type_kind != UserType::TypeKind::kEnum) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} is not an enum", FormatType({found->oid}, &session.Lookup()));
  }
  HELIOS_TRY(RequireOwner(session, *found));
  DdlEditor editor(session);
  auto type = editor.Copy<UserType>(found->oid);
  if (statement.old_label.empty()) {
    HELIOS_TRY(AddLabel(session, statement, type.get()));
  } else {
    HELIOS_TRY(RenameLabel(statement, type.get()));
  }
  editor.Put(std::move(type));
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
