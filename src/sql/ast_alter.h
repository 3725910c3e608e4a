// ALTER TABLE (and INDEX, VIEW, SEQUENCE, composite TYPE), and what works on any object: DROP,
// RENAME, OWNER TO, SET SCHEMA, COMMENT.
#pragma once

#include "sql/ast_table.h"

namespace helios::sql::ast {

enum class AlterAction : uint8_t {
  kAddColumn,
  kDropColumn,
  kSetDefault,
  kDropDefault,
  kSetNotNull,
  kDropNotNull,
  kDropExpression,
  kSetStatistics,
  kSetColumnOptions,
  kResetColumnOptions,
  kSetStorage,
  kSetCompression,
  kAlterType,
  kAddIdentity,
  kSetIdentity,
  kDropIdentity,
  kAddConstraint,
  kAlterConstraint,
  kValidateConstraint,
  kDropConstraint,
  kOwnerTo,
  kClusterOn,
  kSetWithoutCluster,
  kSetLogged,
  kSetUnlogged,
  kSetAccessMethod,
  kSetTablespace,
  kSetOptions,
  kResetOptions,
  kEnableTrigger,
  kDisableTrigger,
  kEnableRule,
  kDisableRule,
  kInherit,
  kNoInherit,
  kOf,
  kNotOf,
  kReplicaIdentity,
  kEnableRowSecurity,
  kDisableRowSecurity,
  kForceRowSecurity,
  kNoForceRowSecurity,
  kAttachPartition,
  kDetachPartition,
};

enum class DropBehavior : uint8_t { kRestrict, kCascade };

struct AlterCommand {
  AlterAction action = AlterAction::kAddColumn;
  std::string name;       // Column, constraint, trigger ("" with ALL or USER), index, ...
  int column_number = 0;  // kSetStatistics of an index: the column, from 1.
  bool if_exists = false;
  bool if_not_exists = false;
  DropBehavior behavior = DropBehavior::kRestrict;
  std::unique_ptr<ColumnDefinition> column;  // kAddColumn, kAlterType: new type and collation.
  ExprPtr expr;                              // kSetDefault; kAlterType: USING.
  std::unique_ptr<Constraint> constraint;    // kAddConstraint, kAlterConstraint, kAddIdentity
  std::vector<Option> options;
  std::unique_ptr<RoleName> owner;
  int64_t number = 0;     // kSetStatistics
  std::string word;       // kSetStorage, kSetCompression; triggers: "", "all", "user", "always",
                          // "replica"; kReplicaIdentity: "nothing", "full", "default", "index".
  RelationName relation;  // kInherit, kAttachPartition, kDetachPartition
  std::unique_ptr<PartitionBound> bound;
  bool concurrently = false;  // kDetachPartition
  std::unique_ptr<TypeName> of_type;

  HELIOS_AST_FIELDS(AlterCommand, action, name, column_number, if_exists, if_not_exists, behavior,
                    column, expr, constraint, options, owner, number, word, relation, bound,
                    concurrently, of_type)
};

// `object_type` says which word the user wrote: TABLE, INDEX, VIEW, SEQUENCE, TYPE, ...
struct AlterTableStatement : StatementOf<StatementKind::kAlterTable> {
  ObjectType object_type = ObjectType::kTable;
  RelationName relation;
  bool if_exists = false;
  std::vector<AlterCommand> commands;

  HELIOS_AST_FIELDS(AlterTableStatement, object_type, relation, if_exists, commands)
};

enum class ParameterMode : uint8_t { kIn, kOut, kInOut, kVariadic, kTable };

struct FunctionParameter {
  std::string name;
  TypeName type;
  ParameterMode mode = ParameterMode::kIn;
  ExprPtr default_value;

  HELIOS_AST_FIELDS(FunctionParameter, name, type, mode, default_value)
};

// Any object, as DROP, COMMENT, ALTER ... RENAME and GRANT name it.
struct ObjectName {
  // Dotted name. A column, constraint, trigger, policy or rule stands last, behind its table's name
  // (a domain constraint behind its type's).
  NameList names;
  std::unique_ptr<TypeName> type;  // Types and domains: the name in full.
  bool has_args = false;           // Functions, aggregates, operators: arguments were given.
  std::vector<FunctionParameter> args;
  int location = -1;

  HELIOS_AST_FIELDS(ObjectName, names, type, has_args, args)
};

struct DropStatement : StatementOf<StatementKind::kDrop> {
  ObjectType object_type = ObjectType::kTable;
  std::vector<ObjectName> objects;
  bool if_exists = false;
  bool concurrently = false;
  DropBehavior behavior = DropBehavior::kRestrict;

  HELIOS_AST_FIELDS(DropStatement, object_type, objects, if_exists, concurrently, behavior)
};

struct RenameStatement : StatementOf<StatementKind::kRename> {
  ObjectType object_type = ObjectType::kTable;
  // kColumn and kAttribute: what the ALTER was on (table, view, ...).
  ObjectType relation_type = ObjectType::kNone;
  RelationName relation;  // Of relations, columns, constraints, triggers, policies and rules.
  ObjectName object;      // Of everything else.
  std::string part;       // The column, constraint, ... that is renamed.
  std::string new_name;
  DropBehavior behavior = DropBehavior::kRestrict;
  bool if_exists = false;

  HELIOS_AST_FIELDS(RenameStatement, object_type, relation_type, relation, object, part, new_name,
                    behavior, if_exists)
};

// OWNER TO of what is not a relation; relations have AlterAction::kOwnerTo.
struct AlterOwnerStatement : StatementOf<StatementKind::kAlterOwner> {
  ObjectType object_type = ObjectType::kSchema;
  ObjectName object;
  RoleName owner;

  HELIOS_AST_FIELDS(AlterOwnerStatement, object_type, object, owner)
};

struct AlterObjectSchemaStatement : StatementOf<StatementKind::kAlterObjectSchema> {
  ObjectType object_type = ObjectType::kTable;
  RelationName relation;  // Of relations.
  ObjectName object;      // Of everything else.
  std::string new_schema;
  bool if_exists = false;

  HELIOS_AST_FIELDS(AlterObjectSchemaStatement, object_type, relation, object, new_schema,
                    if_exists)
};

struct CommentStatement : StatementOf<StatementKind::kComment> {
  ObjectType object_type = ObjectType::kTable;
  ObjectName object;
  bool is_null = false;  // COMMENT ... IS NULL, or IS '': the comment goes.
  std::string text;

  HELIOS_AST_FIELDS(CommentStatement, object_type, object, is_null, text)
};

struct TruncateStatement : StatementOf<StatementKind::kTruncate> {
  std::vector<RelationName> relations;
  bool restart_identity = false;
  DropBehavior behavior = DropBehavior::kRestrict;

  HELIOS_AST_FIELDS(TruncateStatement, relations, restart_identity, behavior)
};

}  // namespace helios::sql::ast
