#include "compute/internal/ddl/alter_table.h"

#include <algorithm>

#include "compute/internal/ddl/index_build.h"
#include "compute/internal/ddl/role_edit.h"
#include "compute/internal/ddl/stored_composites.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "sql/deparse.h"
#include "types/text.h"

namespace helios::compute {

using ast::AlterAction;

namespace {

// What existing rows get in a new column whose value is the same for all of them.
std::string NewColumnValue(const catalog::Column& column) {
  return column.missing_text.has_value() ? sql::QuoteLiteral(*column.missing_text) : "NULL";
}

}  // namespace

TableAlteration::TableAlteration(SessionImpl& session, DdlEditor& editor,
                                 const catalog::Table& table)
    : session_(session),
      editor_(editor),
      before_(table),
      table_(std::make_shared<catalog::Table>(table)),
      builder_(session, editor, table_) {}

Status TableAlteration::ChangeOwner(const ast::AlterCommand& command) {
  HELIOS_TRY(const catalog::Role* role, FindRoleByName(session_, *command.owner));
  if (!session_.IsSuperuser() && !IsMemberOf(*session_.Catalog(), session_.role(), role->oid)) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("must be member of role \"{}\"", role->name);
  }
  SetOwner(*table_, role->oid);
  std::vector<Oid> parts = table_->indexes;
  for (const auto& [oid, object] : editor_.current().objects()) {
    if (object->kind() == catalog::ObjectKind::kSequence &&
        static_cast<const catalog::Sequence&>(*object).owned_by_table == table_->oid) {
      parts.push_back(oid);
    }
  }
  for (const Oid part : parts) helios::compute::ChangeOwner(editor_, part, role->oid);
  return Status::Ok();
}

Status TableAlteration::Apply(const ast::AlterCommand& command) {
  switch (command.action) {
    case AlterAction::kAddColumn:
      return AddColumn(command);
    case AlterAction::kDropColumn:
      return DropColumn(command);
    case AlterAction::kSetDefault:
    case AlterAction::kDropDefault:
      return SetDefault(command);
    case AlterAction::kSetNotNull:
      return SetNotNull(command);
    case AlterAction::kDropNotNull:
      return DropNotNull(command);
    case AlterAction::kDropExpression:
      return DropExpression(command);
    case AlterAction::kAlterType:
      return AlterType(command);
    case AlterAction::kAddIdentity:
      return AddIdentity(command);
    case AlterAction::kSetIdentity:
      return SetIdentity(command);
    case AlterAction::kDropIdentity:
      return DropIdentity(command);
    case AlterAction::kAddConstraint:
      return AddConstraint(command);
    case AlterAction::kDropConstraint:
      return DropConstraint(command);
    case AlterAction::kValidateConstraint:
      return ValidateConstraint(command);
    case AlterAction::kAlterConstraint:
      return AlterConstraint(command);
    case AlterAction::kOwnerTo:
      return ChangeOwner(command);
    case AlterAction::kSetStorage: {
      HELIOS_TRY(catalog::Column * column, Column(command.name));
      column->storage = command.word.empty() ? 0 : command.word[0];
      return Status::Ok();
    }
    case AlterAction::kSetOptions:
      for (const ast::Option& option : command.options) {
        table_->options[option.name] = option.text;
      }
      return Status::Ok();
    case AlterAction::kResetOptions:
      for (const ast::Option& option : command.options) table_->options.erase(option.name);
      return Status::Ok();
    // Hints about a storage that works otherwise: accepted, nothing to do.
    case AlterAction::kSetStatistics:
    case AlterAction::kSetColumnOptions:
    case AlterAction::kResetColumnOptions:
    case AlterAction::kSetCompression:
    case AlterAction::kClusterOn:
    case AlterAction::kSetWithoutCluster:
    case AlterAction::kSetLogged:
    case AlterAction::kSetUnlogged:
    case AlterAction::kReplicaIdentity:
      return Status::Ok();
    default:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("this form of ALTER TABLE is not supported");
  }
}

// What becomes of values of the table's row type in columns of other tables.
Result<StoredComposites> TableAlteration::StoredRows() const {
  std::vector<StoredComposites::Attribute> attributes;
  bool fills = rewrite_;
  for (const catalog::Column& column : table_->columns) {
    if (column.dropped) continue;
    StoredComposites::Attribute attribute{column.type.oid, std::nullopt};
    size_t position = 0;
    for (const catalog::Column& old : before_.columns) {
      if (old.number == column.number) attribute.source = position;
      position += old.dropped ? 0 : 1;
    }
    fills |= !attribute.source.has_value() && (!column.default_sql.empty() || column.generated ||
                                               column.identity != catalog::Identity::kNone);
    attributes.push_back(attribute);
  }
  const Oid type = catalog::RowTypeOf(table_->oid);
  if (fills) {
    if (const auto column = ColumnHolding(editor_.current(), type)) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("cannot alter table \"{}\" because column \"{}\" uses its row type",
                   before_.name, *column);
    }
  }
  return StoredComposites(session_, type, std::move(attributes));
}

// Whether columns came or went.
bool TableAlteration::ChangesShape() const {
  if (table_->columns.size() != before_.columns.size()) return true;
  for (size_t i = 0; i < before_.columns.size(); ++i) {
    if (table_->columns[i].dropped != before_.columns[i].dropped) return true;
  }
  return false;
}

Status TableAlteration::Finish() {
  HELIOS_TRY(StoredComposites stored, StoredRows());
  if (ChangesShape()) HELIOS_TRY(stored.Prepare(editor_));
  HELIOS_TRY(rewrite_ && before_.storage_id != 0 ? MoveRows() : KeepRows());
  return stored.Rewrite();
}

Status TableAlteration::KeepRows() {
  HELIOS_TRY(builder_.Finish());
  editor_.Save();
  HELIOS_TRY(ValidateConstraints(session_, table_->oid, to_validate_, new_not_null_));
  return BuildIndexes(session_, table_->oid, builder_.added_indexes());
}

// Gives the table and its indexes new spaces and writes every row there. That checks everything
// that an insert checks and fills every index.
Status TableAlteration::MoveRows() {
  const std::vector<Oid>& added = builder_.added_indexes();
  session_.txn().dropped_spaces.push_back(before_.storage_id);
  HELIOS_TRY(table_->storage_id, session_.NewOid());
  for (const Oid oid : table_->indexes) {
    auto index = editor_.Copy<catalog::Index>(oid);
    if (index->storage_id == 0) continue;
    const bool is_new = std::find(added.begin(), added.end(), oid) != added.end();
    if (!is_new) session_.txn().dropped_spaces.push_back(index->storage_id);
    HELIOS_TRY(index->storage_id, session_.NewOid());
    editor_.Put(std::move(index));
  }
  std::vector<std::string> values;
  for (catalog::Column& column : table_->columns) {
    if (column.dropped) continue;
    const auto found = new_values_.find(column.number);
    values.push_back(found != new_values_.end() ? found->second
                     : before_.FindColumn(column.number) != nullptr
                         ? QuoteIdentifier(before_.FindColumn(column.number)->name)
                         : NewColumnValue(column));
    column.missing_text.reset();
  }
  HELIOS_TRY(builder_.Finish());
  editor_.Save();
  return RewriteTable(session_, before_, *table_, values);
}

Status TableBuilder::AddIdentity(int16_t number, const ast::Constraint& constraint) {
  return ApplyColumnConstraint(constraint, static_cast<size_t>(number - 1));
}

Status RunAlterTable(SessionImpl& session, const ast::AlterTableStatement& statement,
                     UtilityResult*) {
  if (statement.object_type == ast::ObjectType::kType) {
    return RunAlterComposite(session, statement);
  }
  HELIOS_TRY(const catalog::Object* object,
             FindRelation(session, statement.relation, statement.if_exists));
  if (object == nullptr) return Status::Ok();
  HELIOS_TRY(RequireOwner(session, *object));
  DdlEditor editor(session);
  if (object->kind() != catalog::ObjectKind::kTable) {
    // ALTER SEQUENCE ... OWNER TO, ALTER INDEX ... SET and their like.
    for (const ast::AlterCommand& command : statement.commands) {
      if (command.action != AlterAction::kOwnerTo) continue;
      HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, *command.owner));
      if (object->kind() == catalog::ObjectKind::kSequence) {
        auto copy = editor.Copy<catalog::Sequence>(object->oid);
        copy->owner = role->oid;
        editor.Put(std::move(copy));
      }
    }
    editor.Save();
    return Status::Ok();
  }
  const Oid oid = object->oid;
  HELIOS_TRY(session.LockRelation(oid, hidb::TableLockMode::kAccessExclusive, object->name));
  for (const ast::AlterCommand& command : statement.commands) {
    if (command.action != AlterAction::kAddColumn && command.action != AlterAction::kDropColumn) {
      continue;
    }
    HELIOS_TRY(LockTablesHolding(session, catalog::RowTypeOf(oid)));
    break;
  }
  DdlEditor locked(session);
  TableAlteration alteration(session, locked, *locked.current().FindTable(oid));
  for (const ast::AlterCommand& command : statement.commands) {
    HELIOS_TRY(alteration.Apply(command));
  }
  return alteration.Finish();
}

}  // namespace helios::compute
