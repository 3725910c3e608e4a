// Commands of ALTER TABLE about columns.

#include <algorithm>

#include "compute/internal/ddl/alter_table.h"
#include "compute/internal/ddl/index_build.h"
#include "compute/internal/ddl/stored_composites.h"
#include "expr/function_registry.h"
#include "sql/ast_util.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "types/text.h"

namespace helios::compute {

namespace ast = sql::ast;
using ast::AlterAction;

namespace {

// Whether the expression names the column. In expressions of a table there is no other table.
bool NamesColumn(const std::string& expression, const std::string& column) {
  if (expression.empty()) return false;
  const Result<ast::ExprPtr> tree = sql::ParseExpression(expression);
  bool found = false;
  if (tree.ok()) {
    ast::WalkExprs(static_cast<const ast::Expr&>(**tree), [&](const ast::Expr& expr) {
      const auto* name = ast::TryAs<ast::ColumnRef>(&expr);
      found |= name != nullptr && !name->star && name->names.back() == column;
      return found ? ast::WalkStep::kStop : ast::WalkStep::kDescend;
    });
  }
  return found;
}

Status NoIdentity(const catalog::Column& column, const catalog::Table& table) {
  return Error(ErrorCode::kObjectNotInPrerequisiteState)
      .Message("column \"{}\" of relation \"{}\" is not an identity column", column.name,
               table.name);
}

}  // namespace

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
  const size_t known = builder_.added_constraints().size();
  HELIOS_TRY(builder_.AddColumn(*command.column));
  HELIOS_TRY(builder_.FinishConstraints());
  for (size_t index = known; index < builder_.added_constraints().size(); ++index) {
    to_validate_.push_back(builder_.added_constraints()[index]);
  }
  return FillNewColumn(table_->columns.back());
}

// The default that a domain, or one below it, gives; empty: none.
std::string TableAlteration::DomainDefault(Oid type) const {
  const catalog::UserType* domain = editor_.current().FindUserType(type);
  while (domain != nullptr && domain->default_sql.empty()) {
    domain = editor_.current().FindUserType(domain->base.oid);
  }
  return domain == nullptr ? "" : domain->default_sql;
}

// Decides what the rows that are there get in a new column.
Status TableAlteration::FillNewColumn(catalog::Column& column) {
  const bool sequenced = column.sequence != kInvalidOid;
  if (column.generated || sequenced) {
    rewrite_ = true;
    new_values_[column.number] = sequenced && column.default_sql.empty()
                                     ? fmt::format("nextval({}::oid::regclass)", column.sequence)
                                     : (column.generated ? "NULL" : column.default_sql);
    return Status::Ok();
  }
  // Of the column, or of its domain; for a domain with conditions even NULL has to pass them.
  catalog::Table alone;
  alone.columns.push_back(column);
  sql::PlannerContext context = session_.MakePlannerContext();
  HELIOS_TRY(const std::vector<expr::ExprPtr> values, sql::BindColumnDefaults(alone, context));
  if (values[0] == nullptr) {
    if (column.not_null) new_not_null_.push_back(column.number);
    return Status::Ok();
  }
  // A constant default is kept with the column, so that old rows need not be touched; a volatile
  // one must be computed for each row.
  if (expr::ContainsVolatile(*values[0])) {
    rewrite_ = true;
    new_values_[column.number] =
        column.default_sql.empty() ? DomainDefault(column.type.oid) : column.default_sql;
    return Status::Ok();
  }
  if (column.default_sql.empty()) {
    HELIOS_TRY(const bool has_rows, AnyRow(session_, before_, "true"));
    if (!has_rows) return Status::Ok();
  }
  expr::EvalContext evaluation = session_.MakeEvalContext();
  HELIOS_TRY(const Value value, expr::EvaluateConstant(*values[0], evaluation));
  if (value.is_null()) {
    if (column.not_null) new_not_null_.push_back(column.number);
    return Status::Ok();
  }
  HELIOS_TRY(column.missing_text, FormatTextValue(value, session_.text_format()));
  return Status::Ok();
}

Status TableAlteration::DropColumn(const ast::AlterCommand& command) {
  if (IsSystemColumnName(command.name)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot drop system column \"{}\"", command.name);
  }
  HELIOS_TRY(catalog::Column * column, Column(command.name, command.if_exists));
  if (column == nullptr) {
    session_.Notice(Notice::Severity::kNotice, "00000",
                    fmt::format("column \"{}\" of relation \"{}\" does not exist, skipping",
                                command.name, table_->name));
    return Status::Ok();
  }
  const int16_t number = column->number;
  const bool cascade = command.behavior == ast::DropBehavior::kCascade;
  const std::string what = fmt::format("column {} of table {}", command.name, table_->name);
  const auto has_dependent = [&what](const std::string& dependent) -> Status {
    return Error(ErrorCode::kDependentObjectsStillExist)
        .Message("cannot drop {} because other objects depend on it", what)
        .Detail("{} depends on {}", dependent, what)
        .Hint("Use DROP ... CASCADE to drop the dependent objects too.");
  };
  while (const catalog::Column* generated = GeneratedFrom(*column)) {
    if (!cascade) {
      return has_dependent(fmt::format("column {} of table {}", generated->name, table_->name));
    }
    ast::AlterCommand also;
    also.action = AlterAction::kDropColumn;
    also.name = generated->name;
    also.behavior = ast::DropBehavior::kCascade;
    HELIOS_TRY(DropColumn(also));
  }
  HELIOS_TRY(const std::vector<const catalog::Table*> views, ViewsOf(*column));
  std::vector<Oid> view_oids;
  for (const catalog::Table* view : views) {
    if (!cascade) return has_dependent(DescribeObject(session_, *view));
    view_oids.push_back(view->oid);
  }
  std::vector<catalog::Constraint> gone;
  for (const catalog::Constraint& constraint : table_->constraints) {
    if (std::find(constraint.columns.begin(), constraint.columns.end(), number) !=
        constraint.columns.end()) {
      gone.push_back(constraint);
    }
  }
  for (const catalog::Constraint& constraint : gone) {
    HELIOS_TRY(RemoveConstraint(constraint, what, cascade));
  }
  HELIOS_TRY(DropIndexesOf(*column));
  if (column->sequence != kInvalidOid) editor_.Remove(column->sequence);
  *column = catalog::Column();
  column->number = number;
  column->name = fmt::format("........pg.dropped.{}........", number);
  column->dropped = true;
  table_->comments.erase(number);
  new_values_.erase(number);
  std::erase(new_not_null_, number);
  if (!view_oids.empty()) {
    editor_.Put(std::make_shared<catalog::Table>(*table_));
    HELIOS_TRY(DropObjects(session_, editor_, view_oids, true));
  }
  if (!ColumnHolding(editor_.current(), catalog::RowTypeOf(table_->oid))) return Status::Ok();
  // Views may read the column out of rows that other tables store.
  return CheckViewsAfter(session_, editor_, std::make_shared<catalog::Table>(*table_),
                         {what, cascade});
}

const catalog::Column* TableAlteration::GeneratedFrom(const catalog::Column& column) const {
  for (const catalog::Column& other : table_->columns) {
    if (other.generated && NamesColumn(other.default_sql, column.name)) return &other;
  }
  return nullptr;
}

Status TableAlteration::DropIndexesOf(const catalog::Column& column) {
  for (const Oid oid : std::vector<Oid>(table_->indexes)) {
    const catalog::Index* index = editor_.current().FindIndex(oid);
    if (index == nullptr) continue;
    bool uses = NamesColumn(index->predicate_sql, column.name) ||
                std::find(index->included.begin(), index->included.end(), column.number) !=
                    index->included.end();
    for (const catalog::IndexKey& key : index->keys) {
      uses |= key.column == column.number || NamesColumn(key.expression_sql, column.name);
    }
    if (uses) HELIOS_TRY(DropIndex(oid));
  }
  return Status::Ok();
}

Result<std::vector<const catalog::Table*>> TableAlteration::ViewsOf(
    const catalog::Column& column) const {
  std::vector<const catalog::Table*> views;
  if (before_.FindColumn(column.number) == nullptr) return views;  // Added by this statement.
  for (const auto& [oid, object] : editor_.current().objects()) {
    if (object->kind() != catalog::ObjectKind::kTable) continue;
    const auto& view = static_cast<const catalog::Table&>(*object);
    if (std::find(view.depends_on.begin(), view.depends_on.end(), table_->oid) ==
        view.depends_on.end()) {
      continue;
    }
    HELIOS_TRY(std::vector<sql::RawStatement> statements, sql::Parse(view.view_sql));
    HELIOS_CHECK(statements.size() == 1);
    sql::PlannerContext context = session_.MakePlannerContext();
    HELIOS_TRY(const sql::ViewDefinition definition,
               sql::AnalyzeView(*statements[0].statement, {}, context));
    // To read a column is to need the privilege for it.
    const bool uses = std::any_of(definition.privileges.begin(), definition.privileges.end(),
                                  [&](const sql::plan::PrivilegeNeed& need) {
                                    return need.object == table_->oid &&
                                           std::find(need.columns.begin(), need.columns.end(),
                                                     column.number) != need.columns.end();
                                  });
    if (uses) views.push_back(&view);
  }
  return views;
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

Status TableAlteration::SetNotNull(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  if (!column->not_null) new_not_null_.push_back(column->number);
  column->not_null = true;
  return Status::Ok();
}

Status TableAlteration::DropNotNull(const ast::AlterCommand& command) {
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

Status TableAlteration::DropExpression(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  if (!column->generated) {
    if (!command.if_exists) {
      return Error(ErrorCode::kObjectNotInPrerequisiteState)
          .Message("column \"{}\" of relation \"{}\" is not a stored generated column",
                   column->name, table_->name);
    }
    session_.Notice(Notice::Severity::kNotice, "00000",
                    fmt::format("column \"{}\" of relation \"{}\" is not a stored generated "
                                "column, skipping",
                                column->name, table_->name));
    return Status::Ok();
  }
  column->generated = false;
  column->default_sql.clear();
  return Status::Ok();
}

// What an expression over the rows that are there may name.
std::vector<sql::TableColumn> TableAlteration::OldColumns() const {
  std::vector<sql::TableColumn> columns;
  for (const catalog::Column& column : before_.columns) {
    if (!column.dropped) columns.push_back({column.name, column.type, column.generated});
  }
  return columns;
}

// The new value of a column as SQL over its old row.
Result<std::string> TableAlteration::ConversionTo(const SqlType& type,
                                                  const catalog::Column& column,
                                                  const ast::AlterCommand& command) const {
  const std::string name = FormatType(type, &session_.Lookup());
  if (command.expr != nullptr) {
    sql::PlannerContext context = session_.MakePlannerContext();
    HELIOS_TRY(
        const sql::BoundTableExpression bound,
        sql::BindTableExpression(*command.expr, table_->name, OldColumns(),
                                 sql::ExpressionPurpose::kAlterUsing, type, column.name, context));
    return bound.sql;
  }
  // Without USING the change must be one that an assignment would make.
  const expr::Cast* cast = expr::FindCast(column.type.oid, type.oid);
  const bool assignable = column.type.oid == type.oid ||
                          (cast != nullptr && cast->context != expr::CastContext::kExplicit) ||
                          IsStringType(type.oid) || BaseOf(type) == BaseOf(column.type);
  if (!assignable) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("column \"{}\" cannot be cast automatically to type {}", column.name, name)
        .Hint("You might need to specify \"USING {}::{}\".", QuoteIdentifier(column.name), name);
  }
  return QuoteIdentifier(column.name);
}

// The type below every domain.
Oid TableAlteration::BaseOf(SqlType type) const {
  while (const TypeLookup::UserType* user = session_.Lookup().FindUserType(type.oid)) {
    if (user->kind != TypeLookup::UserKind::kDomain) break;
    type = user->base;
  }
  return type.oid;
}

Status TableAlteration::AlterType(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  sql::PlannerContext context = session_.MakePlannerContext();
  HELIOS_TRY(const SqlType type, sql::ResolveTypeName(*command.column->type, context));
  HELIOS_TRY(
      CheckMember(editor_.current(), catalog::RowTypeOf(table_->oid), table_->name, type.oid));
  if (column->generated) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot alter type of a generated column");
  }
  if (const catalog::Column* generated = GeneratedFrom(*column)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot alter type of a column used by a generated column")
        .Detail("Column \"{}\" is used by generated column \"{}\".", column->name, generated->name);
  }
  HELIOS_TRY(const std::vector<const catalog::Table*> views, ViewsOf(*column));
  if (!views.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("cannot alter type of a column used by a view or rule")
        .Detail("rule _RETURN on {} depends on column \"{}\"", DescribeObject(session_, *views[0]),
                column->name);
  }
  HELIOS_TRY(std::string value, ConversionTo(type, *column, command));
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

Status TableAlteration::AddIdentity(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  if (!IsIntegerType(column->type.oid)) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("identity column type must be smallint, integer, or bigint");
  }
  const auto refuse = [&](std::string_view why) -> Status {
    return Error(ErrorCode::kObjectNotInPrerequisiteState)
        .Message("column \"{}\" of relation \"{}\" {}", column->name, table_->name, why);
  };
  if (!column->not_null) return refuse("must be declared NOT NULL before identity can be added");
  if (column->identity != catalog::Identity::kNone) return refuse("is already an identity column");
  if (!column->default_sql.empty()) return refuse("already has a default value");
  return builder_.AddIdentity(column->number, *command.constraint);
}

Status TableAlteration::DropIdentity(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  if (column->identity == catalog::Identity::kNone) {
    if (!command.if_exists) return NoIdentity(*column, *table_);
    session_.Notice(
        Notice::Severity::kNotice, "00000",
        fmt::format("column \"{}\" of relation \"{}\" is not an identity column, skipping",
                    column->name, table_->name));
    return Status::Ok();
  }
  column->identity = catalog::Identity::kNone;
  if (column->sequence != kInvalidOid) editor_.Remove(column->sequence);
  column->sequence = kInvalidOid;
  return Status::Ok();
}

Status TableAlteration::SetIdentity(const ast::AlterCommand& command) {
  HELIOS_TRY(catalog::Column * column, Column(command.name));
  if (column->identity == catalog::Identity::kNone) return NoIdentity(*column, *table_);
  auto sequence = editor_.Copy<catalog::Sequence>(column->sequence);
  std::optional<int64_t> restart;
  std::vector<ast::Option> options;  // Of the sequence.
  for (const ast::Option& option : command.options) {
    if (option.name != "generated") {
      options.push_back(option);
      continue;
    }
    // The parser's 'a' or 'd', as a number.
    column->identity =
        option.integer == 'a' ? catalog::Identity::kAlways : catalog::Identity::kByDefault;
  }
  HELIOS_TRY(ApplySequenceOptions(session_, options, sequence.get(), false, &restart));
  if (restart.has_value()) {
    HELIOS_TRY(sequence->storage_id, session_.NewOid());
    HELIOS_TRY(session_.storage().SetSequence(sequence->storage_id, {*restart, false}));
  }
  editor_.Put(std::move(sequence));
  return Status::Ok();
}

}  // namespace helios::compute
