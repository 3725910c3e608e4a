// CREATE TYPE and ALTER TYPE of enums and composites.

#include <algorithm>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/ddl/stored_composites.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "sql/planner.h"

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
  HELIOS_TRY(LockTypeName(session, statement.name));
  DdlEditor editor(session);
  HELIOS_TRY(std::shared_ptr<UserType> type,
             NewUserType(session, editor, statement.name, UserType::TypeKind::kEnum));
  for (const std::string& text : statement.labels) {
    HELIOS_TRY(CheckLabel(text));
    if (FindLabel(type->labels, text) != type->labels.end()) {
      return Error(ErrorCode::kUniqueViolation)
          .Message("duplicate key value violates unique constraint \"pg_enum_typid_label_index\"")
          .Detail("Key (enumtypid, enumlabel)=({}, {}) already exists.", type->oid, text)
          .Constraint("pg_enum_typid_label_index");
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

Result<catalog::Column> MakeAttribute(SessionImpl& session, const ast::ColumnDefinition& definition,
                                      const UserType& type) {
  catalog::Column field;
  field.name = definition.name;
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(field.type, sql::ResolveTypeName(*definition.type, context));
  const TypeInfo* info = FindType(field.type.oid);
  if (info != nullptr && (info->is_pseudo || field.type.oid == type_oid::kUnknown)) {
    return Error(ErrorCode::kInvalidTableDefinition)
        .Message("column \"{}\" has pseudo-type {}", field.name, info->sql_name);
  }
  HELIOS_TRY(CheckMember(*session.Catalog(), type.oid, type.name, field.type.oid));
  return field;
}

auto FindAttribute(std::vector<catalog::Column>& fields, const std::string& name) {
  return std::find_if(fields.begin(), fields.end(),
                      [&](const catalog::Column& field) { return field.name == name; });
}

Status CreateComposite(SessionImpl& session, const ast::CreateTypeStatement& statement) {
  HELIOS_TRY(LockTypeName(session, statement.name));
  DdlEditor editor(session);
  HELIOS_TRY(std::shared_ptr<UserType> type,
             NewUserType(session, editor, statement.name, UserType::TypeKind::kComposite));
  for (const ast::ColumnDefinition& definition : statement.columns) {
    if (FindAttribute(type->fields, definition.name) != type->fields.end()) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" specified more than once", definition.name);
    }
    HELIOS_TRY(catalog::Column field, MakeAttribute(session, definition, *type));
    field.number = static_cast<int16_t>(type->fields.size() + 1);
    type->fields.push_back(std::move(field));
  }
  editor.Put(std::move(type));
  editor.Save();
  return Status::Ok();
}

// One ALTER TYPE of a composite on its way.
class CompositeAlteration {
 public:
  CompositeAlteration(SessionImpl& session, const UserType& type)
      : session_(session), editor_(session), type_(editor_.Copy<UserType>(type.oid)) {
    for (size_t i = 0; i < type_->fields.size(); ++i) sources_.push_back(i);
  }

  Status Apply(const ast::AlterCommand& command) {
    switch (command.action) {
      case ast::AlterAction::kAddColumn:
        return Add(command);
      case ast::AlterAction::kDropColumn:
        return Drop(command);
      case ast::AlterAction::kAlterType:
        return ChangeType(command);
      default:
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("this form of ALTER TYPE is not supported");
    }
  }

  Status Finish() {
    std::vector<StoredComposites::Attribute> attributes;
    for (size_t i = 0; i < sources_.size(); ++i) {
      attributes.push_back({type_->fields[i].type.oid, sources_[i]});
    }
    StoredComposites stored(session_, type_->oid, std::move(attributes));
    if (moves_) HELIOS_TRY(stored.Prepare(editor_));
    editor_.Put(std::move(type_));
    editor_.Save();
    return stored.Rewrite();
  }

 private:
  Status Add(const ast::AlterCommand& command) {
    if (FindAttribute(type_->fields, command.column->name) != type_->fields.end()) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" of relation \"{}\" already exists", command.column->name,
                   type_->name);
    }
    HELIOS_TRY(catalog::Column field, MakeAttribute(session_, *command.column, *type_));
    field.number = 1;
    for (const catalog::Column& other : type_->fields) {
      field.number = std::max(field.number, static_cast<int16_t>(other.number + 1));
    }
    type_->fields.push_back(std::move(field));
    sources_.emplace_back();
    moves_ = true;
    return Status::Ok();
  }

  Status Drop(const ast::AlterCommand& command) {
    const auto field = FindAttribute(type_->fields, command.name);
    if (field == type_->fields.end()) return NoAttribute(command);
    sources_.erase(sources_.begin() + (field - type_->fields.begin()));
    type_->fields.erase(field);
    moves_ = true;
    const LostAttribute lost{
        fmt::format("column {} of composite type {}", command.name, type_->name),
        command.behavior == ast::DropBehavior::kCascade};
    return CheckViewsAfter(session_, editor_, std::make_shared<UserType>(*type_), lost);
  }

  Status ChangeType(const ast::AlterCommand& command) {
    const auto field = FindAttribute(type_->fields, command.name);
    if (field == type_->fields.end()) return NoAttribute(command);
    if (const auto column = ColumnHolding(editor_.current(), type_->oid)) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("cannot alter type \"{}\" because column \"{}\" uses it", type_->name, *column);
    }
    HELIOS_TRY(const catalog::Column changed, MakeAttribute(session_, *command.column, *type_));
    field->type = changed.type;
    return Status::Ok();
  }

  Status NoAttribute(const ast::AlterCommand& command) {
    if (command.if_exists) {
      session_.Notice(Notice::Severity::kNotice, "00000",
                      fmt::format("column \"{}\" of relation \"{}\" does not exist, skipping",
                                  command.name, type_->name));
      return Status::Ok();
    }
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" of relation \"{}\" does not exist", command.name, type_->name);
  }

  SessionImpl& session_;
  DdlEditor editor_;
  std::shared_ptr<UserType> type_;
  // For each attribute where stored values have it; none: nowhere.
  std::vector<std::optional<size_t>> sources_;
  bool moves_ = false;
};

}  // namespace

Status RunAlterComposite(SessionImpl& session, const ast::AlterTableStatement& statement) {
  std::vector<std::string> names;
  if (!statement.relation.schema.empty()) names.push_back(statement.relation.schema);
  names.push_back(statement.relation.name);
  HELIOS_TRY(const UserType* found, FindTypeByNames(session, names, statement.if_exists));
  if (found == nullptr) {
    session.Notice(Notice::Severity::kNotice, "00000",
                   fmt::format("relation \"{}\" does not exist, skipping", names.back()));
    return Status::Ok();
  }
  if (found->type_kind != UserType::TypeKind::kComposite) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} is not a composite type", FormatType({found->oid}, &session.Lookup()));
  }
  HELIOS_TRY(RequireOwner(session, *found));
  const Oid oid = found->oid;
  HELIOS_TRY(LockTablesHolding(session, oid));
  found = session.Catalog()->FindUserType(oid);
  if (found == nullptr) {
    return Error(ErrorCode::kUndefinedObject).Message("type \"{}\" does not exist", names.back());
  }
  CompositeAlteration alteration(session, *found);
  for (const ast::AlterCommand& command : statement.commands) {
    HELIOS_TRY(alteration.Apply(command));
  }
  return alteration.Finish();
}

Status RunCreateType(SessionImpl& session, const ast::CreateTypeStatement& statement) {
  switch (statement.form) {
    case ast::TypeForm::kEnum:
      return CreateEnum(session, statement);
    case ast::TypeForm::kComposite:
      return CreateComposite(session, statement);
    case ast::TypeForm::kRange:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("user-defined range types are not supported");
    case ast::TypeForm::kShell:
    case ast::TypeForm::kBase:
      break;
  }
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("user-defined base types are not supported")
      .Hint("Use an enum, a domain or a composite type.");
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
