#include "compute/internal/ddl/table_builder.h"

#include <algorithm>

#include "catalog/names.h"
#include "compute/internal/ddl/stored_composites.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "expr/function_registry.h"
#include "sql/ast_util.h"
#include "sql/deparse.h"
#include "types/text.h"

namespace helios::compute {

namespace ast = sql::ast;

namespace {

// PostgreSQL's limit, kept so that the same schemas are accepted.
constexpr size_t kColumnCountMax = 1600;

// serial, bigserial, smallserial: an integer column with a sequence of its own.
Oid SerialType(const ast::TypeName& type) {
  if (type.names.size() != 1 || !type.array_bounds.empty()) return kInvalidOid;
  const std::string& name = type.names[0];
  if (name == "serial" || name == "serial4") return type_oid::kInt4;
  if (name == "bigserial" || name == "serial8") return type_oid::kInt8;
  if (name == "smallserial" || name == "serial2") return type_oid::kInt2;
  return kInvalidOid;
}

}  // namespace

TableBuilder::TableBuilder(SessionImpl& session, DdlEditor& editor,
                           std::shared_ptr<catalog::Table> table)
    : session_(session), editor_(editor), table_(std::move(table)) {}

std::vector<sql::TableColumn> TableBuilder::ExpressionColumns() const {
  std::vector<sql::TableColumn> columns;
  for (const catalog::Column& column : table_->columns) {
    if (!column.dropped) columns.push_back({column.name, column.type, column.generated});
  }
  return columns;
}

Result<int16_t> TableBuilder::ColumnNumber(const std::string& name, std::string_view what) const {
  const catalog::Column* column = table_->FindColumn(name);
  if (column != nullptr) return column->number;
  if (what.empty()) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" of relation \"{}\" does not exist", name, table_->name);
  }
  return Error(ErrorCode::kUndefinedColumn).Message("column \"{}\" {} does not exist", name, what);
}

Status TableBuilder::AddColumn(const ast::ColumnDefinition& definition) {
  if (IsSystemColumnName(definition.name)) {
    return Error(ErrorCode::kDuplicateColumn)
        .Message("column name \"{}\" conflicts with a system column name", definition.name);
  }
  if (table_->FindColumn(definition.name) != nullptr) {
    if (editor_.current().FindTable(table_->oid) != nullptr) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" of relation \"{}\" already exists", definition.name,
                   table_->name);
    }
    return Error(ErrorCode::kDuplicateColumn)
        .Message("column \"{}\" specified more than once", definition.name);
  }
  if (table_->columns.size() >= kColumnCountMax) {
    return Error(ErrorCode::kTooManyColumns)
        .Message("tables can have at most {} columns", kColumnCountMax);
  }
  catalog::Column column;
  column.number = static_cast<int16_t>(table_->columns.size() + 1);
  column.name = definition.name;
  const Oid serial = SerialType(*definition.type);
  if (serial != kInvalidOid) {
    column.type = {serial};
    column.not_null = true;
  } else {
    sql::PlannerContext context = session_.MakePlannerContext();
    HELIOS_TRY(column.type, sql::ResolveTypeName(*definition.type, context));
    const TypeInfo* info = FindType(column.type.oid);
    if (info != nullptr && (info->is_pseudo || column.type.oid == type_oid::kUnknown)) {
      return Error(ErrorCode::kInvalidTableDefinition)
          .Message("column \"{}\" has pseudo-type {}", column.name, info->sql_name);
    }
    HELIOS_TRY(CheckMember(editor_.current(), catalog::RowTypeOf(table_->oid), table_->name,
                           column.type.oid));
  }
  if (!definition.collation.empty()) {
    HELIOS_TRY(column.collation,
               session_.Lookup().ResolveName(type_oid::kRegcollation,
                                             sql::QuoteQualifiedName(definition.collation)));
  }
  table_->columns.push_back(std::move(column));
  const size_t index = table_->columns.size() - 1;
  if (serial != kInvalidOid) HELIOS_TRY(AddSequence(index, {}, /*identity=*/false));
  for (const ast::Constraint& constraint : definition.constraints) {
    HELIOS_TRY(ApplyColumnConstraint(constraint, index));
  }
  return Status::Ok();
}

Status TableBuilder::ApplyColumnConstraint(const ast::Constraint& constraint, size_t index) {
  catalog::Column& column = table_->columns[index];
  const auto conflicting = [&]() -> Status {
    return Error(ErrorCode::kSyntaxError)
        .Message("conflicting NULL/NOT NULL declarations for column \"{}\" of table \"{}\"",
                 column.name, table_->name);
  };
  switch (constraint.constraint) {
    case ast::ConstraintKind::kNull:
      if (column.not_null) return conflicting();
      declared_null_.insert(index);
      return Status::Ok();
    case ast::ConstraintKind::kNotNull:
      if (declared_null_.count(index) > 0) return conflicting();
      column.not_null = true;
      return Status::Ok();
    case ast::ConstraintKind::kDefault:
      if (!column.default_sql.empty()) {
        return Error(ErrorCode::kSyntaxError)
            .Message("multiple default values specified for column \"{}\" of table \"{}\"",
                     column.name, table_->name);
      }
      return SetDefault(index, *constraint.expr);
    case ast::ConstraintKind::kIdentity:
      if (!IsIntegerType(column.type.oid)) {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("identity column type must be smallint, integer, or bigint");
      }
      if (!column.default_sql.empty()) {
        return Error(ErrorCode::kSyntaxError)
            .Message("both default and identity specified for column \"{}\" of table \"{}\"",
                     column.name, table_->name);
      }
      if (declared_null_.count(index) > 0) return conflicting();
      column.identity =
          constraint.identity_always ? catalog::Identity::kAlways : catalog::Identity::kByDefault;
      column.not_null = true;
      return AddSequence(index, constraint.options, /*identity=*/true);
    case ast::ConstraintKind::kGenerated:
      column.generated = true;
      generated_.emplace_back(index, constraint.expr.get());
      return Status::Ok();
    case ast::ConstraintKind::kPrimaryKey:
    case ast::ConstraintKind::kUnique:
    case ast::ConstraintKind::kCheck:
    case ast::ConstraintKind::kForeignKey:
    case ast::ConstraintKind::kExclusion:
      waiting_.push_back({&constraint, column.name});
      return Status::Ok();
  }
  return Status::Ok();
}

Status TableBuilder::SetDefault(size_t index, const ast::Expr& expr) {
  catalog::Column& column = table_->columns[index];
  sql::PlannerContext context = session_.MakePlannerContext();
  HELIOS_TRY(sql::BoundTableExpression bound,
             sql::BindTableExpression(expr, table_->name, {}, sql::ExpressionPurpose::kDefault,
                                      column.type, column.name, context));
  // DEFAULT NULL is no default.
  const bool is_null = bound.expr->kind == expr::ExprKind::kConstant &&
                       expr::As<expr::ConstantExpr>(*bound.expr).value.is_null();
  if (!is_null) column.default_sql = std::move(bound.sql);
  return Status::Ok();
}

Status TableBuilder::AddSequence(size_t index, const std::vector<ast::Option>& options,
                                 bool identity) {
  catalog::Column& column = table_->columns[index];
  auto sequence = std::make_shared<catalog::Sequence>();
  HELIOS_TRY(sequence->oid, session_.NewOid());
  sequence->storage_id = sequence->oid;
  sequence->schema = table_->schema;
  sequence->owner = table_->owner;
  ApplyDefaultPrivileges(session_, sequence.get());
  sequence->name = ChooseName(editor_.current(), table_->schema, table_->name, column.name, "seq");
  for (const ast::Option& option : options) {
    if (option.name == "sequence_name" && !option.list.empty()) sequence->name = option.list.back();
  }
  sequence->type = column.type.oid;
  if (sequence->type == type_oid::kInt4) sequence->maximum = INT32_MAX;
  if (sequence->type == type_oid::kInt2) sequence->maximum = INT16_MAX;
  std::optional<int64_t> restart;
  HELIOS_TRY(ApplySequenceOptions(session_, options, sequence.get(), true, &restart));
  sequence->type = column.type.oid;
  sequence->owned_by_table = table_->oid;
  sequence->owned_by_column = column.number;
  sequence->identity = identity;
  column.sequence = sequence->oid;
  if (!identity) {
    const catalog::Schema* schema = editor_.current().FindSchema(table_->schema);
    std::string name = QuoteIdentifier(sequence->name);
    if (schema != nullptr) name = QuoteIdentifier(schema->name) + "." + name;
    column.default_sql = "nextval(" + sql::QuoteLiteral(name) + "::regclass)";
  }
  editor_.Put(std::move(sequence));
  return Status::Ok();
}

Status TableBuilder::AddConstraint(const ast::Constraint& constraint, const std::string& column) {
  waiting_.push_back({&constraint, column});
  return Status::Ok();
}

Status TableBuilder::FinishConstraints() {
  for (const auto& [index, expr] : generated_) {
    catalog::Column& column = table_->columns[index];
    if (!column.default_sql.empty()) {
      return Error(ErrorCode::kSyntaxError)
          .Message(
              "both default and generation expression specified for column \"{}\" of table "
              "\"{}\"",
              column.name, table_->name);
    }
    sql::PlannerContext context = session_.MakePlannerContext();
    HELIOS_TRY(sql::BoundTableExpression bound,
               sql::BindTableExpression(*expr, table_->name, ExpressionColumns(),
                                        sql::ExpressionPurpose::kGenerated, column.type,
                                        column.name, context));
    column.default_sql = std::move(bound.sql);
  }
  generated_.clear();
  // Keys first: a foreign key of the table to itself needs them.
  const std::vector<Waiting> waiting = std::move(waiting_);
  waiting_.clear();
  for (const bool keys : {true, false}) {
    for (const Waiting& item : waiting) {
      const ast::ConstraintKind kind = item.constraint->constraint;
      const bool is_key =
          kind == ast::ConstraintKind::kPrimaryKey || kind == ast::ConstraintKind::kUnique;
      if (is_key != keys) continue;
      if (is_key) HELIOS_TRY(AddKey(*item.constraint, item.column));
      if (kind == ast::ConstraintKind::kCheck) HELIOS_TRY(AddCheck(*item.constraint, item.column));
      if (kind == ast::ConstraintKind::kForeignKey) {
        HELIOS_TRY(AddForeignKey(*item.constraint, item.column));
      }
      if (kind == ast::ConstraintKind::kExclusion) {
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("exclusion constraints are not supported");
      }
    }
  }
  return Status::Ok();
}

std::vector<std::string> TableBuilder::ConstraintNames() const {
  std::vector<std::string> names;
  for (const catalog::Constraint& constraint : table_->constraints) {
    names.push_back(constraint.name);
  }
  return names;
}

Status TableBuilder::AddCheck(const ast::Constraint& definition, const std::string& column) {
  sql::PlannerContext context = session_.MakePlannerContext();
  HELIOS_TRY(
      sql::BoundTableExpression bound,
      sql::BindTableExpression(*definition.expr, table_->name, ExpressionColumns(),
                               sql::ExpressionPurpose::kCheck, {type_oid::kBool}, "", context));
  catalog::Constraint check;
  check.kind = catalog::ConstraintKind::kCheck;
  HELIOS_TRY(check.oid, session_.NewOid());
  const std::vector<std::string> names = ConstraintNames();
  std::vector<int16_t> live;
  for (const catalog::Column& existing : table_->columns) {
    if (!existing.dropped) live.push_back(existing.number);
  }
  for (const uint32_t position : bound.columns) check.columns.push_back(live[position]);
  check.name = definition.name;
  const bool is_new = editor_.current().FindTable(table_->oid) == nullptr;
  if (check.name.empty()) {
    // Named after its column when it is about one alone.
    std::string about = column;
    if (about.empty() && check.columns.size() == 1) {
      about = table_->FindColumn(check.columns[0])->name;
    }
    check.name = ChooseName(editor_.current(), kInvalidOid, table_->name, about, "check", names);
  } else if (std::find(names.begin(), names.end(), check.name) != names.end()) {
    return Error(ErrorCode::kDuplicateObject)
        .Message("{}constraint \"{}\"{} already exists", is_new ? "check " : "", check.name,
                 is_new ? "" : fmt::format(" for relation \"{}\"", table_->name));
  }
  check.check_sql = std::move(bound.sql);
  check.validated = !definition.not_valid;
  check.no_inherit = definition.no_inherit;
  added_constraints_.push_back(check.oid);
  table_->constraints.push_back(std::move(check));
  return Status::Ok();
}

Status TableBuilder::AddKey(const ast::Constraint& definition, const std::string& column) {
  const bool primary = definition.constraint == ast::ConstraintKind::kPrimaryKey;
  if (primary && table_->PrimaryKey() != nullptr) {
    return Error(ErrorCode::kInvalidTableDefinition)
        .Message("multiple primary keys for table \"{}\" are not allowed", table_->name)
        .Position(definition.location < 0 ? 0 : definition.location + 1);
  }
  IndexSpec spec;
  spec.columns = definition.columns;
  if (spec.columns.empty() && !column.empty()) spec.columns = {column};
  spec.unique = true;
  spec.primary = primary;
  spec.nulls_distinct = !definition.nulls_not_distinct;
  spec.included = definition.including;
  spec.name = definition.name;
  for (size_t index = 0; index < spec.columns.size(); ++index) {
    for (size_t other = index + 1; other < spec.columns.size(); ++other) {
      if (spec.columns[index] == spec.columns[other]) {
        return Error(ErrorCode::kDuplicateColumn)
            .Message("column \"{}\" appears twice in {} constraint", spec.columns[index],
                     primary ? "primary key" : "unique");
      }
    }
    if (table_->FindColumn(spec.columns[index]) == nullptr) {
      return Error(ErrorCode::kUndefinedColumn)
          .Message("column \"{}\" named in key does not exist", spec.columns[index])
          .Position(definition.location < 0 ? 0 : definition.location + 1);
    }
  }
  std::shared_ptr<catalog::Index> index;
  if (!definition.using_index.empty()) {
    HELIOS_TRY(index, TakeIndex(definition, primary));
  } else {
    HELIOS_TRY(index, AddIndex(spec));
  }
  catalog::Constraint key;
  key.kind = primary ? catalog::ConstraintKind::kPrimary : catalog::ConstraintKind::kUnique;
  HELIOS_TRY(key.oid, session_.NewOid());
  key.name = index->name;
  for (const catalog::IndexKey& part : index->keys) key.columns.push_back(part.column);
  key.index = index->oid;
  key.deferrable = definition.deferrable;
  key.initially_deferred = definition.initially_deferred;
  index->constraint = key.oid;
  added_constraints_.push_back(key.oid);
  table_->constraints.push_back(std::move(key));
  if (primary) {
    for (const catalog::IndexKey& part : index->keys) {
      table_->primary_key.push_back(part.column);
      table_->columns[part.column - 1].not_null = true;
    }
  }
  editor_.Put(std::move(index));
  return Status::Ok();
}

Result<const catalog::Index*> TableBuilder::FindUsingIndex(const ast::Constraint& definition) {
  const std::string& name = definition.using_index;
  const catalog::Object* found = editor_.current().FindRelation(table_->schema, name);
  if (found == nullptr || found->kind() != catalog::ObjectKind::kIndex) {
    return Error(ErrorCode::kUndefinedObject).Message("index \"{}\" does not exist", name);
  }
  const auto* index = static_cast<const catalog::Index*>(found);
  if (index->table != table_->oid) {
    return Error(ErrorCode::kObjectNotInPrerequisiteState)
        .Message("index \"{}\" does not belong to table \"{}\"", name, table_->name);
  }
  if (index->constraint != kInvalidOid) {
    return Error(ErrorCode::kObjectNotInPrerequisiteState)
        .Message("index \"{}\" is already associated with a constraint", name);
  }
  const auto unfit = [&](const std::string& what) -> Status {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{}", what)
        .Detail("Cannot create a primary key or unique constraint using such an index.");
  };
  if (!index->unique) return unfit(fmt::format("\"{}\" is not a unique index", name));
  if (!index->predicate_sql.empty()) return unfit(fmt::format("\"{}\" is a partial index", name));
  for (const catalog::IndexKey& key : index->keys) {
    if (key.column == 0) return unfit(fmt::format("index \"{}\" contains expressions", name));
    if (key.descending || key.nulls_first) {
      return unfit(
          fmt::format("index \"{}\" column number 1 does not have default sorting behavior", name));
    }
  }
  return index;
}

// The index becomes the constraint's, under the constraint's name. A primary key is the order of
// the rows themselves, so that it takes the index's columns alone.
Result<std::shared_ptr<catalog::Index>> TableBuilder::TakeIndex(const ast::Constraint& definition,
                                                                bool primary) {
  HELIOS_TRY(const catalog::Index* found, FindUsingIndex(definition));
  const std::string name = definition.name.empty() ? found->name : definition.name;
  if (name != found->name) {
    session_.Notice(
        Notice::Severity::kNotice, "00000",
        fmt::format("ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"{}\" to \"{}\"",
                    found->name, name));
    HELIOS_TRY(RequireFreeName(editor_.current(), table_->schema, name));
  }
  if (!primary) {
    auto index = editor_.Copy<catalog::Index>(found->oid);
    index->name = name;
    return index;
  }
  IndexSpec spec;
  spec.name = name;
  spec.unique = spec.primary = true;
  for (const catalog::IndexKey& key : found->keys) {
    spec.columns.push_back(table_->FindColumn(key.column)->name);
  }
  for (const int16_t column : found->included) {
    spec.included.push_back(table_->FindColumn(column)->name);
  }
  session_.txn().dropped_spaces.push_back(found->storage_id);
  const Oid oid = found->oid;
  std::erase(table_->indexes, oid);
  editor_.Remove(oid);
  return AddIndex(spec);
}

Result<catalog::IndexKey> TableBuilder::MakeIndexKey(const ast::IndexElement& element,
                                                     std::string* name) {
  catalog::IndexKey key;
  if (!element.column.empty()) {
    const catalog::Column* column = table_->FindColumn(element.column);
    if (column == nullptr && IsSystemColumnName(element.column)) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("index creation on system columns is not supported");
    }
    if (column == nullptr) {
      return Error(ErrorCode::kUndefinedColumn)
          .Message("column \"{}\" does not exist", element.column);
    }
    key.column = column->number;
    key.type = column->type;
    *name = element.column;
  } else {
    sql::PlannerContext context = session_.MakePlannerContext();
    HELIOS_TRY(sql::BoundTableExpression bound,
               sql::BindTableExpression(*element.expr, table_->name, ExpressionColumns(),
                                        sql::ExpressionPurpose::kIndexExpression, {}, "", context));
    key.expression_sql = bound.sql;
    key.type = bound.expr->type;
    const auto* call = ast::TryAs<ast::FunctionCall>(element.expr.get());
    *name = call != nullptr ? call->name.back() : "expr";
  }
  if (expr::LessOperator(key.type.oid) == nullptr &&
      editor_.current().FindUserType(key.type.oid) == nullptr) {
    return Error(ErrorCode::kUndefinedObject)
        .Message("data type {} has no default operator class for access method \"btree\"",
                 FormatType(key.type, &session_.Lookup()))
        .Hint(
            "You must specify an operator class for the index or define a default operator "
            "class for the data type.");
  }
  key.descending = element.direction == ast::SortDirection::kDescending;
  key.nulls_first = element.nulls == ast::NullsOrder::kDefault
                        ? key.descending
                        : element.nulls == ast::NullsOrder::kFirst;
  if (!element.op_class.empty()) key.opclass = element.op_class.back();
  return key;
}

Result<std::shared_ptr<catalog::Index>> TableBuilder::AddIndex(const IndexSpec& spec) {
  auto index = std::make_shared<catalog::Index>();
  HELIOS_TRY(index->oid, session_.NewOid());
  index->table = table_->oid;
  index->schema = table_->schema;
  index->owner = table_->owner;
  index->unique = spec.unique;
  index->primary = spec.primary;
  index->nulls_distinct = spec.nulls_distinct;
  index->method = spec.method;
  index->options = spec.options;
  if (spec.building) index->state = catalog::Index::State::kBuilding;
  // The primary key is the order of the rows themselves.
  index->storage_id = spec.primary ? 0 : index->oid;
  std::string about;
  const auto name_part = [&about](std::string_view part) {
    about += (about.empty() ? "" : "_") + std::string(part);
  };
  for (const std::string& name : spec.columns) {
    HELIOS_TRY(const int16_t number, ColumnNumber(name, ""));
    catalog::IndexKey key;
    key.column = number;
    key.type = table_->FindColumn(number)->type;
    index->keys.push_back(std::move(key));
    name_part(name);
  }
  for (const ast::IndexElement* element : spec.elements) {
    std::string part;
    HELIOS_TRY(catalog::IndexKey key, MakeIndexKey(*element, &part));
    name_part(part);
    index->keys.push_back(std::move(key));
  }
  for (const std::string& name : spec.included) {
    HELIOS_TRY(const int16_t number, ColumnNumber(name, ""));
    index->included.push_back(number);
  }
  if (spec.predicate != nullptr) {
    sql::PlannerContext context = session_.MakePlannerContext();
    HELIOS_TRY(sql::BoundTableExpression bound,
               sql::BindTableExpression(*spec.predicate, table_->name, ExpressionColumns(),
                                        sql::ExpressionPurpose::kIndexPredicate, {type_oid::kBool},
                                        "", context));
    index->predicate_sql = std::move(bound.sql);
  }
  index->name = spec.name;
  if (index->name.empty()) {
    const bool from_constraint = spec.elements.empty();
    index->name = spec.primary
                      ? ChooseName(editor_.current(), table_->schema, table_->name, "", "pkey")
                      : ChooseName(editor_.current(), table_->schema, table_->name, about,
                                   from_constraint ? "key" : "idx");
  } else {
    HELIOS_TRY(RequireFreeName(editor_.current(), table_->schema, index->name));
  }
  table_->indexes.push_back(index->oid);
  added_indexes_.push_back(index->oid);
  editor_.Put(index);
  return index;
}

Status TableBuilder::Finish() {
  editor_.Put(table_);
  return Status::Ok();
}

}  // namespace helios::compute
