// Sequences, views, schemas, types, domains, functions, triggers, extensions and databases.
#pragma once

#include "sql/ast_alter.h"

namespace helios::sql::ast {

// Options: "as" (type name in `text`), "increment", "minvalue", "maxvalue" (kNone: NO MINVALUE),
// "start", "restart", "cache", "cycle", "owned_by" (a kList; {"none"}), "sequence_name".
struct CreateSequenceStatement : StatementOf<StatementKind::kCreateSequence> {
  RelationName relation;
  bool if_not_exists = false;
  std::vector<Option> options;

  HELIOS_AST_FIELDS(CreateSequenceStatement, relation, if_not_exists, options)
};

struct AlterSequenceStatement : StatementOf<StatementKind::kAlterSequence> {
  RelationName relation;
  bool if_exists = false;
  std::vector<Option> options;

  HELIOS_AST_FIELDS(AlterSequenceStatement, relation, if_exists, options)
};

enum class ViewCheck : uint8_t { kNone, kLocal, kCascaded };

// Materialised views are CreateTableAsStatement.
struct CreateViewStatement : StatementOf<StatementKind::kCreateView> {
  RelationName relation;
  NameList columns;
  StatementPtr query;
  bool or_replace = false;
  std::vector<Option> options;
  ViewCheck check = ViewCheck::kNone;

  HELIOS_AST_FIELDS(CreateViewStatement, relation, columns, query, or_replace, options, check)
};

struct RefreshViewStatement : StatementOf<StatementKind::kRefreshView> {
  RelationName relation;
  bool concurrently = false;
  bool with_data = true;

  HELIOS_AST_FIELDS(RefreshViewStatement, relation, concurrently, with_data)
};

struct CreateSchemaStatement : StatementOf<StatementKind::kCreateSchema> {
  std::string name;  // Empty: the owner's name.
  std::unique_ptr<RoleName> owner;
  bool if_not_exists = false;
  std::vector<StatementPtr> elements;

  HELIOS_AST_FIELDS(CreateSchemaStatement, name, owner, if_not_exists, elements)
};

enum class TypeForm : uint8_t { kEnum, kComposite, kRange, kShell, kBase };

struct CreateTypeStatement : StatementOf<StatementKind::kCreateType> {
  TypeForm form = TypeForm::kEnum;
  NameList name;
  std::vector<std::string> labels;        // kEnum
  std::vector<ColumnDefinition> columns;  // kComposite
  std::vector<Option> options;            // kRange, kBase
  int location = -1;

  HELIOS_AST_FIELDS(CreateTypeStatement, form, name, labels, columns, options)
};

// ADD VALUE (old_label empty) or RENAME VALUE.
struct AlterEnumStatement : StatementOf<StatementKind::kAlterEnum> {
  NameList name;
  std::string old_label;
  std::string new_label;
  std::string neighbor;  // BEFORE or AFTER this label; empty: at the end.
  bool after = false;
  bool if_not_exists = false;

  HELIOS_AST_FIELDS(AlterEnumStatement, name, old_label, new_label, neighbor, after, if_not_exists)
};

struct CreateDomainStatement : StatementOf<StatementKind::kCreateDomain> {
  NameList name;
  TypeName type;
  NameList collation;
  std::vector<Constraint> constraints;

  HELIOS_AST_FIELDS(CreateDomainStatement, name, type, collation, constraints)
};

enum class DomainAction : uint8_t {
  kSetDefault,  // `expr`; null: DROP DEFAULT
  kSetNotNull,
  kDropNotNull,
  kAddConstraint,
  kDropConstraint,
  kValidateConstraint,
};

struct AlterDomainStatement : StatementOf<StatementKind::kAlterDomain> {
  NameList name;
  DomainAction action = DomainAction::kSetDefault;
  ExprPtr expr;
  std::unique_ptr<Constraint> constraint;
  std::string constraint_name;
  bool if_exists = false;
  DropBehavior behavior = DropBehavior::kRestrict;

  HELIOS_AST_FIELDS(AlterDomainStatement, name, action, expr, constraint, constraint_name,
                    if_exists, behavior)
};

// CREATE FUNCTION and CREATE PROCEDURE. Options: "language", "as" (a kList of one or two strings),
// "volatility", "strict", "security", "leakproof", "cost", "rows", "parallel", "window", "set".
struct CreateFunctionStatement : StatementOf<StatementKind::kCreateFunction> {
  bool procedure = false;
  bool or_replace = false;
  NameList name;
  std::vector<FunctionParameter> parameters;
  std::unique_ptr<TypeName> returns;
  std::vector<Option> options;
  std::vector<StatementPtr> body;  // BEGIN ATOMIC ... END, or one SELECT for RETURN expression.
  bool has_body = false;
  bool returns_expression = false;  // RETURN expression

  HELIOS_AST_FIELDS(CreateFunctionStatement, procedure, or_replace, name, parameters, returns,
                    options, body, has_body, returns_expression)
};

struct AlterFunctionStatement : StatementOf<StatementKind::kAlterFunction> {
  ObjectType object_type = ObjectType::kFunction;
  ObjectName function;
  std::vector<Option> options;

  HELIOS_AST_FIELDS(AlterFunctionStatement, object_type, function, options)
};

enum class TriggerTiming : uint8_t { kBefore, kAfter, kInsteadOf };

struct CreateTriggerStatement : StatementOf<StatementKind::kCreateTrigger> {
  std::string name;
  bool or_replace = false;
  bool constraint = false;
  RelationName relation;
  TriggerTiming timing = TriggerTiming::kBefore;
  bool on_insert = false;
  bool on_delete = false;
  bool on_update = false;
  bool on_truncate = false;
  NameList update_columns;
  bool for_each_row = false;
  std::string old_table;  // REFERENCING OLD TABLE AS
  std::string new_table;
  ExprPtr when;
  NameList function;
  std::vector<std::string> args;
  bool deferrable = false;
  bool initially_deferred = false;
  std::unique_ptr<RelationName> from_table;

  HELIOS_AST_FIELDS(CreateTriggerStatement, name, or_replace, constraint, relation, timing,
                    on_insert, on_delete, on_update, on_truncate, update_columns, for_each_row,
                    old_table, new_table, when, function, args, deferrable, initially_deferred,
                    from_table)
};

struct CreateExtensionStatement : StatementOf<StatementKind::kCreateExtension> {
  std::string name;
  bool if_not_exists = false;
  std::vector<Option> options;  // "schema", "new_version", "cascade"

  HELIOS_AST_FIELDS(CreateExtensionStatement, name, if_not_exists, options)
};

struct CreateDatabaseStatement : StatementOf<StatementKind::kCreateDatabase> {
  std::string name;
  std::vector<Option> options;

  HELIOS_AST_FIELDS(CreateDatabaseStatement, name, options)
};

struct AlterDatabaseStatement : StatementOf<StatementKind::kAlterDatabase> {
  std::string name;
  std::vector<Option> options;
  bool refresh_collation = false;

  HELIOS_AST_FIELDS(AlterDatabaseStatement, name, options, refresh_collation)
};

struct DropDatabaseStatement : StatementOf<StatementKind::kDropDatabase> {
  std::string name;
  bool if_exists = false;
  std::vector<Option> options;  // "force"

  HELIOS_AST_FIELDS(DropDatabaseStatement, name, if_exists, options)
};

}  // namespace helios::sql::ast
