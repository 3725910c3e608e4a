// ALTER TABLE. Every command works on one copy of the table; checks of existing rows, index builds
// and rewrites follow once the new definition is in the session's catalog.

#include <algorithm>
#include <set>

#include "catalog/names.h"
#include "compute/internal/ddl/index_build.h"
#include "compute/internal/ddl/table_builder.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "expr/function_registry.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"

namespace helios::compute {

namespace {

using ast::AlterAction;

class TableAlteration {
 public:
  TableAlteration(SessionImpl& session, DdlEditor& editor, const catalog::Table& table)
      : session_(session),
        editor_(editor),
        before_(table),
        table_(std::make_shared<catalog::Table>(table)),
        builder_(session, editor, table_) {}

  Status Apply(const ast::AlterCommand& command);
  // Puts the table into the catalog and does what its rows need.
  Status Finish();

 private:
  Result<catalog::Column*> Column(const std::string& name, bool if_exists = false);
  Status AddColumn(const ast::AlterCommand& command);
  Status DropColumn(const ast::AlterCommand& command);
  Status SetDefault(const ast::AlterCommand& command);
  Status AlterType(const ast::AlterCommand& command);
  Status AddConstraint(const ast::AlterCommand& command);
  Status DropConstraint(const ast::AlterCommand& command);
  Status SetIdentity(const ast::AlterCommand& command);
  Status DropIndex(Oid oid);
  Status RemoveConstraint(const catalog::Constraint& constraint, bool cascade);
  Status ChangeOwner(const ast::AlterCommand& command);

  SessionImpl& session_;
  DdlEditor& editor_;
  const catalog::Table before_;
  std::shared_ptr<catalog::Table> table_;
  TableBuilder builder_;
  std::vector<int16_t> new_not_null_;
  std::vector<Oid> to_validate_;
  // Column number -> the SQL of its new value over the old row.
  std::map<int16_t, std::string> new_values_;
  bool rewrite_ = false;
};

Result<catalog::Column*> TableAlteration::Column(const std::string& name, bool if_exists) {
  for (catalog::Column& column : table_->columns) {
    if (!column.dropped && column.name == name) return &column;
  }
  if (if_exists) return static_cast<catalog::Column*>(nullptr);
  return Error(ErrorCode::kUndefinedColumn)
      .Message("column \"{}\" of relation \"{}\" does not exist", name, table_->name);
}

Status TableAlteration::AddColumn(const ast::AlterCommand& command) {
  if (command.if_not_exists && table_->FindColumn(command.column->name) != nullptr) {
    session_.Notice(Notice::Severity::kNotice, "42701",
                    fmt::format("column \"{}\" of relation \"{}\" already exists, skipping",
                                command.column->name, table_->name));
    return Status::Ok();
  }
  HELIOS_TRY(builder_.AddColumn(*command.column));
  HELIOS_TRY(builder_.FinishConstraints());
  catalog::Column& column = table_->columns.back();
  const bool sequenced = column.sequence != kInvalidOid;
  if (column.generated || sequenced) {
    rewrite_ = true;
    new_values_[column.number] = sequenced && column.default_sql.empty()
                                     ? fmt::format("nextval({}::oid::regclass)", column.sequence)
                                     : (column.generated ? "NULL" : column.default_sql);
    return Status::Ok();
  }
  if (column.default_sql.empty()) {
    if (column.not_null) new_not_null_.push_back(column.number);
    return Status::Ok();
  }
  // A constant default is kept with the column, so that old rows need not be touched; a volatile
  // one must be computed for each row.
  sql::PlannerContext context = session_.MakePlannerContext();
  HELIOS_TRY(ast::ExprPtr parsed, sql::ParseExpression(column.default_sql));
  HELIOS_TRY(sql::BoundTableExpression bound,
             sql::BindTableExpression(*parsed, table_->name, {}, sql::ExpressionPurpose::kDefault,
                                      column.type, column.name, context));
  if (expr::ContainsVolatile(*bound.expr)) {
    rewrite_ = true;
    new_values_[column.number] = column.default_sql;
    return Status::Ok();
  }
  expr::EvalContext evaluation = session_.MakeEvalContext();
  HELIOS_TRY(const Value value, expr::EvaluateConstant(*bound.expr, evaluation));
  if (value.is_null()) {
    if (column.not_null) new_not_null_.push_back(column.number);
    return Status::Ok();
  }
  HELIOS_TRY(column.missing_text, FormatTextValue(value, session_.text_format()));
  return Status::Ok();
}

Status TableAlteration::DropColumn(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name, command.if_exists));
  if (column == nullptr) {
    session_.Notice(Notice::Severity::kNotice, "00000",
                    fmt::format("column \"{}\" of relation \"{}\" does not exist, skipping",
                                command.name, table_->name));
    return Status::Ok();
  }
  const int16_t number = column->number;
  const bool cascade = command.behavior == ast::DropBehavior::kCascade;
  const auto uses = [number](const std::vector<int16_t>& columns) {
    return std::find(columns.begin(), columns.end(), number) != columns.end();
  };
  std::vector<catalog::Constraint> gone;
  for (const catalog::Constraint& constraint : table_->constraints) {
    if (uses(constraint.columns)) gone.push_back(constraint);
  }
  for (const catalog::Constraint& constraint : gone) {
    HELIOS_TRY(RemoveConstraint(constraint, cascade));
  }
  for (const Oid oid : std::vector<Oid>(table_->indexes)) {
    const catalog::Index* index = editor_.current().FindIndex(oid);
    bool depends = index != nullptr && uses(index->included);
    if (index != nullptr) {
      for (const catalog::IndexKey& key : index->keys) depends |= key.column == number;
    }
    if (depends) HELIOS_TRY(DropIndex(oid));
  }
  if (column->sequence != kInvalidOid) editor_.Remove(column->sequence);
  *column = catalog::Column();
  column->number = number;
  column->name = fmt::format("........pg.dropped.{}........", number);
  column->dropped = true;
  table_->comments.erase(number);
  // Views that named the column no longer bind.
  editor_.Put(std::make_shared<catalog::Table>(*table_));
  for (const auto& [oid, object] : editor_.current().objects()) {
    if (object->kind() != catalog::ObjectKind::kTable) continue;
    const auto& view = static_cast<const catalog::Table&>(*object);
    if (view.table_kind == catalog::TableKind::kTable ||
        std::find(view.depends_on.begin(), view.depends_on.end(), table_->oid) ==
            view.depends_on.end() ||
        view.view_sql.find(command.name) == std::string::npos) {
      continue;
    }
    if (!cascade) {
      return Error(ErrorCode::kDependentObjectsStillExist)
          .Message("cannot drop column {} of table {} because other objects depend on it",
                   command.name, table_->name)
          .Detail("view {} depends on column {} of table {}", view.name, command.name, table_->name)
          .Hint("Use DROP ... CASCADE to drop the dependent objects too.");
    }
    HELIOS_TRY(DropObject(session_, editor_, oid, true));
    break;
  }
  return Status::Ok();
}

Status TableAlteration::SetDefault(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  if (column->identity != catalog::Identity::kNone) {
    return Error(ErrorCode::kSyntaxError)
        .Message("column \"{}\" of relation \"{}\" is an identity column", column->name,
                 table_->name)
        .Hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
  }
  if (column->generated) {
    return Error(ErrorCode::kSyntaxError)
        .Message("column \"{}\" of relation \"{}\" is a generated column", column->name,
                 table_->name);
  }
  if (command.action == AlterAction::kDropDefault) {
    column->default_sql.clear();
    return Status::Ok();
  }
  sql::PlannerContext context = session_.MakePlannerContext();
  HELIOS_TRY(
      sql::BoundTableExpression bound,
      sql::BindTableExpression(*command.expr, table_->name, {}, sql::ExpressionPurpose::kDefault,
                               column->type, column->name, context));
  const bool is_null = bound.expr->kind == expr::ExprKind::kConstant &&
                       expr::As<expr::ConstantExpr>(*bound.expr).value.is_null();
  column->default_sql = is_null ? "" : std::move(bound.sql);
  return Status::Ok();
}

Status TableAlteration::AlterType(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  sql::PlannerContext context = session_.MakePlannerContext();
  HELIOS_TRY(const SqlType type, sql::ResolveTypeName(*command.column->type, context));
  if (column->generated) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot alter type of a generated column");
  }
  std::string value;
  if (command.expr != nullptr) {
    value = fmt::format("CAST(({}) AS {})", sql::Deparse(*command.expr),
                        FormatType(type, &session_.Lookup()));
  } else {
    // Without USING the change must be one that an assignment would make.
    const bool same = column->type.oid == type.oid;
    const expr::Cast* cast = expr::FindCast(column->type.oid, type.oid);
    const bool assignable = same ||
                            (cast != nullptr && cast->context != expr::CastContext::kExplicit) ||
                            IsStringType(type.oid);
    if (!assignable) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("column \"{}\" cannot be cast automatically to type {}", column->name,
                   FormatType(type, &session_.Lookup()))
          .Hint("You might need to specify \"USING {}::{}\".", catalog::QuoteName(column->name),
                FormatType(type, &session_.Lookup()));
    }
    value = catalog::QuoteName(column->name);
  }
  if (!column->default_sql.empty()) {
    HELIOS_TRY(ast::ExprPtr parsed, sql::ParseExpression(column->default_sql));
    Result<sql::BoundTableExpression> bound = sql::BindTableExpression(
        *parsed, table_->name, {}, sql::ExpressionPurpose::kDefault, type, column->name, context);
    if (!bound.ok()) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("default for column \"{}\" cannot be cast automatically to type {}",
                   column->name, FormatType(type, &session_.Lookup()));
    }
    if (column->sequence == kInvalidOid) column->default_sql = bound->sql;
  }
  column->type = type;
  if (column->missing_text.has_value()) column->missing_text.reset();
  for (const Oid oid : table_->indexes) {
    const catalog::Index* index = editor_.current().FindIndex(oid);
    if (index == nullptr) continue;
    auto copy = std::make_shared<catalog::Index>(*index);
    for (catalog::IndexKey& key : copy->keys) {
      if (key.column == column->number) key.type = type;
    }
    editor_.Put(std::move(copy));
  }
  new_values_[column->number] = std::move(value);
  rewrite_ = true;
  return Status::Ok();
}

Status TableAlteration::AddConstraint(const ast::AlterCommand& command) {
  const size_t known = builder_.added_constraints().size();
  const bool had_key = !table_->primary_key.empty();
  std::set<int16_t> not_null;
  for (const catalog::Column& column : table_->columns) {
    if (column.not_null) not_null.insert(column.number);
  }
  HELIOS_TRY(builder_.AddConstraint(*command.constraint, ""));
  HELIOS_TRY(builder_.FinishConstraints());
  for (size_t index = known; index < builder_.added_constraints().size(); ++index) {
    to_validate_.push_back(builder_.added_constraints()[index]);
  }
  for (const catalog::Column& column : table_->columns) {
    if (column.not_null && not_null.find(column.number) == not_null.end()) {
      new_not_null_.push_back(column.number);
    }
  }
  // Rows are stored in the order of the primary key, so a new one moves them all.
  if (!had_key && !table_->primary_key.empty()) rewrite_ = true;
  return Status::Ok();
}

Status TableAlteration::DropIndex(Oid oid) {
  const catalog::Index* index = editor_.current().FindIndex(oid);
  if (index != nullptr && index->storage_id != 0) {
    session_.txn().dropped_spaces.push_back(index->storage_id);
  }
  std::erase(table_->indexes, oid);
  editor_.Remove(oid);
  return Status::Ok();
}

Status TableAlteration::RemoveConstraint(const catalog::Constraint& removed, bool cascade) {
  const catalog::Constraint constraint = removed;
  const bool is_key = constraint.kind == catalog::ConstraintKind::kPrimary ||
                      constraint.kind == catalog::ConstraintKind::kUnique;
  if (is_key) {
    for (const Oid child_oid : std::vector<Oid>(table_->referenced_by)) {
      const catalog::Table* child =
          child_oid == table_->oid ? table_.get() : editor_.current().FindTable(child_oid);
      if (child == nullptr) continue;
      for (const catalog::Constraint& key : std::vector<catalog::Constraint>(child->constraints)) {
        if (key.kind != catalog::ConstraintKind::kForeignKey || key.index != constraint.index) {
          continue;
        }
        if (!cascade) {
          return Error(ErrorCode::kDependentObjectsStillExist)
              .Message("cannot drop constraint {} on table {} because other objects depend on it",
                       constraint.name, table_->name)
              .Detail("constraint {} on table {} depends on index {}", key.name, child->name,
                      constraint.name)
              .Hint("Use DROP ... CASCADE to drop the dependent objects too.");
        }
        if (child_oid == table_->oid) continue;
        auto copy = editor_.Copy<catalog::Table>(child_oid);
        std::erase_if(copy->constraints,
                      [&key](const catalog::Constraint& other) { return other.oid == key.oid; });
        editor_.Put(std::move(copy));
      }
    }
    HELIOS_TRY(DropIndex(constraint.index));
    if (constraint.kind == catalog::ConstraintKind::kPrimary) {
      table_->primary_key.clear();
      rewrite_ = true;
    }
  }
  std::erase_if(table_->constraints, [&constraint](const catalog::Constraint& other) {
    return other.oid == constraint.oid;
  });
  if (constraint.kind == catalog::ConstraintKind::kForeignKey) {
    bool still = false;
    for (const catalog::Constraint& other : table_->constraints) {
      still |= other.kind == catalog::ConstraintKind::kForeignKey &&
               other.referenced_table == constraint.referenced_table;
    }
    if (!still && constraint.referenced_table == table_->oid) {
      std::erase(table_->referenced_by, table_->oid);
    } else if (!still && editor_.current().FindTable(constraint.referenced_table) != nullptr) {
      auto parent = editor_.Copy<catalog::Table>(constraint.referenced_table);
      std::erase(parent->referenced_by, table_->oid);
      editor_.Put(std::move(parent));
    }
  }
  return Status::Ok();
}

Status TableAlteration::DropConstraint(const ast::AlterCommand& command) {
  const catalog::Constraint* constraint = table_->FindConstraint(command.name);
  if (constraint == nullptr) {
    if (command.if_exists) {
      session_.Notice(Notice::Severity::kNotice, "00000",
                      fmt::format("constraint \"{}\" of relation \"{}\" does not exist, skipping",
                                  command.name, table_->name));
      return Status::Ok();
    }
    return Error(ErrorCode::kUndefinedObject)
        .Message("constraint \"{}\" of relation \"{}\" does not exist", command.name, table_->name);
  }
  return RemoveConstraint(*constraint, command.behavior == ast::DropBehavior::kCascade);
}

Status TableAlteration::SetIdentity(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  switch (command.action) {
    case AlterAction::kAddIdentity: {
      ast::ColumnDefinition definition;
      if (column->identity != catalog::Identity::kNone) {
        return Error(ErrorCode::kObjectNotInPrerequisiteState)
            .Message("column \"{}\" of relation \"{}\" is already an identity column", column->name,
                     table_->name);
      }
      if (!column->not_null) {
        return Error(ErrorCode::kObjectNotInPrerequisiteState)
            .Message(
                "column \"{}\" of relation \"{}\" must be declared NOT NULL before identity "
                "can be added",
                column->name, table_->name);
      }
      return builder_.AddIdentity(column->number, *command.constraint);
    }
    case AlterAction::kDropIdentity:
      if (column->identity == catalog::Identity::kNone) {
        if (command.if_exists) return Status::Ok();
        return Error(ErrorCode::kObjectNotInPrerequisiteState)
            .Message("column \"{}\" of relation \"{}\" is not an identity column", column->name,
                     table_->name);
      }
      column->identity = catalog::Identity::kNone;
      if (column->sequence != kInvalidOid) editor_.Remove(column->sequence);
      column->sequence = kInvalidOid;
      return Status::Ok();
    default:
      break;
  }
  if (column->identity == catalog::Identity::kNone) {
    return Error(ErrorCode::kObjectNotInPrerequisiteState)
        .Message("column \"{}\" of relation \"{}\" is not an identity column", column->name,
                 table_->name);
  }
  auto sequence = editor_.Copy<catalog::Sequence>(column->sequence);
  std::optional<int64_t> restart;
  std::vector<ast::Option> options;
  for (const ast::Option& option : command.options) {
    if (option.name == "generated") {
      column->identity = option.text == "a" || option.text == "always"
                             ? catalog::Identity::kAlways
                             : catalog::Identity::kByDefault;
    }
  }
  HELIOS_TRY(ApplySequenceOptions(session_, command.options, sequence.get(), false, &restart));
  if (restart.has_value()) {
    HELIOS_TRY(sequence->storage_id, session_.NewOid());
    HELIOS_TRY(session_.storage().SetSequence(sequence->storage_id, {*restart, false}));
  }
  editor_.Put(std::move(sequence));
  return Status::Ok();
}

Status TableAlteration::ChangeOwner(const ast::AlterCommand& command) {
  HELIOS_TRY(const catalog::Role* role, FindRoleByName(session_, *command.owner));
  if (!session_.IsSuperuser() && !IsMemberOf(*session_.Catalog(), session_.role(), role->oid)) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("must be member of role \"{}\"", role->name);
  }
  table_->owner = role->oid;
  for (const Oid oid : table_->indexes) {
    auto index = editor_.Copy<catalog::Index>(oid);
    index->owner = role->oid;
    editor_.Put(std::move(index));
  }
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
    case AlterAction::kSetNotNull: {
      HELIOS_TRY(catalog::Column * column, Column(command.name));
      if (!column->not_null) new_not_null_.push_back(column->number);
      column->not_null = true;
      return Status::Ok();
    }
    case AlterAction::kDropNotNull: {
      HELIOS_TRY(catalog::Column * column, Column(command.name));
      if (std::find(table_->primary_key.begin(), table_->primary_key.end(), column->number) !=
          table_->primary_key.end()) {
        return Error(ErrorCode::kInvalidTableDefinition)
            .Message("column \"{}\" is in a primary key", column->name);
      }
      if (column->identity != catalog::Identity::kNone) {
        return Error(ErrorCode::kSyntaxError)
            .Message("column \"{}\" of relation \"{}\" is an identity column", column->name,
                     table_->name);
      }
      column->not_null = false;
      return Status::Ok();
    }
    case AlterAction::kDropExpression: {
      HELIOS_TRY(catalog::Column * column, Column(command.name));
      if (!column->generated && !command.if_exists) {
        return Error(ErrorCode::kObjectNotInPrerequisiteState)
            .Message("column \"{}\" of relation \"{}\" is not a stored generated column",
                     column->name, table_->name);
      }
      column->generated = false;
      column->default_sql.clear();
      return Status::Ok();
    }
    case AlterAction::kAlterType:
      return AlterType(command);
    case AlterAction::kAddIdentity:
    case AlterAction::kSetIdentity:
    case AlterAction::kDropIdentity:
      return SetIdentity(command);
    case AlterAction::kAddConstraint:
      return AddConstraint(command);
    case AlterAction::kDropConstraint:
      return DropConstraint(command);
    case AlterAction::kValidateConstraint: {
      for (catalog::Constraint& constraint : table_->constraints) {
        if (constraint.name != command.name) continue;
        constraint.validated = true;
        to_validate_.push_back(constraint.oid);
        return Status::Ok();
      }
      return DropConstraint(command);  // For its error: there is none of this name.
    }
    case AlterAction::kAlterConstraint: {
      for (catalog::Constraint& constraint : table_->constraints) {
        if (constraint.name != command.constraint->name) continue;
        constraint.deferrable = command.constraint->deferrable;
        constraint.initially_deferred = command.constraint->initially_deferred;
        return Status::Ok();
      }
      return Error(ErrorCode::kUndefinedObject)
          .Message("constraint \"{}\" of relation \"{}\" does not exist", command.constraint->name,
                   table_->name);
    }
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

Status TableAlteration::Finish() {
  std::vector<Oid> build = builder_.added_indexes();
  const bool has_rows_to_move = rewrite_ && before_.storage_id != 0;
  if (has_rows_to_move) {
    session_.txn().dropped_spaces.push_back(before_.storage_id);
    HELIOS_TRY(table_->storage_id, session_.NewOid());
    for (const Oid oid : table_->indexes) {
      auto index = editor_.Copy<catalog::Index>(oid);
      if (index->storage_id == 0) continue;
      const bool is_new = std::find(build.begin(), build.end(), oid) != build.end();
      if (!is_new) session_.txn().dropped_spaces.push_back(index->storage_id);
      HELIOS_TRY(index->storage_id, session_.NewOid());
      editor_.Put(std::move(index));
    }
    for (catalog::Column& column : table_->columns) column.missing_text.reset();
  }
  HELIOS_TRY(builder_.Finish());
  editor_.Save();
  if (has_rows_to_move) {
    std::vector<std::string> values;
    for (const catalog::Column& column : table_->columns) {
      if (column.dropped) continue;
      const auto found = new_values_.find(column.number);
      values.push_back(found != new_values_.end() ? found->second
                       : before_.FindColumn(column.number) != nullptr
                           ? catalog::QuoteName(column.name)
                           : "NULL");
      values.back() =
          fmt::format("({})::{}", values.back(), FormatType(column.type, &session_.Lookup()));
    }
    // The rewrite checks everything that an insert checks and fills every index.
    return RewriteTable(session_, before_, *table_, values);
  }
  HELIOS_TRY(ValidateConstraints(session_, table_->oid, to_validate_, new_not_null_));
  return BuildIndexes(session_, table_->oid, build);
}

}  // namespace

Status TableBuilder::AddIdentity(int16_t number, const ast::Constraint& constraint) {
  return ApplyColumnConstraint(constraint, static_cast<size_t>(number - 1));
}

Status RunAlterTable(SessionImpl& session, const ast::AlterTableStatement& statement,
                     UtilityResult*) {
  HELIOS_TRY(const catalog::Object* object,
             FindRelation(session, statement.relation, statement.if_exists));
  if (object == nullptr) {
    session.Notice(
        Notice::Severity::kNotice, "00000",
        fmt::format("relation \"{}\" does not exist, skipping", statement.relation.name));
    return Status::Ok();
  }
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
  DdlEditor locked(session);
  TableAlteration alteration(session, locked, *locked.current().FindTable(oid));
  for (const ast::AlterCommand& command : statement.commands) {
    HELIOS_TRY(alteration.Apply(command));
  }
  return alteration.Finish();
}

}  // namespace helios::compute
