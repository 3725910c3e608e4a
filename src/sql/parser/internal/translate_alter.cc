// ALTER TABLE and its kin; DROP, RENAME, OWNER TO, SET SCHEMA, COMMENT, TRUNCATE.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

namespace {

struct ActionName {
  PgQuery__AlterTableType type;
  AlterAction action;
  std::string_view word;
};

constexpr ActionName kActions[] = {
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn, AlterAction::kAddColumn, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn, AlterAction::kDropColumn, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault, AlterAction::kSetDefault, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull, AlterAction::kSetNotNull, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull, AlterAction::kDropNotNull, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropExpression, AlterAction::kDropExpression, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics, AlterAction::kSetStatistics, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetOptions, AlterAction::kSetColumnOptions, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions, AlterAction::kResetColumnOptions, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage, AlterAction::kSetStorage, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetCompression, AlterAction::kSetCompression, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType, AlterAction::kAlterType, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddIdentity, AlterAction::kAddIdentity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetIdentity, AlterAction::kSetIdentity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity, AlterAction::kDropIdentity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint, AlterAction::kAddConstraint, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AlterConstraint, AlterAction::kAlterConstraint, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint, AlterAction::kValidateConstraint, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint, AlterAction::kDropConstraint, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner, AlterAction::kOwnerTo, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ClusterOn, AlterAction::kClusterOn, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropCluster, AlterAction::kSetWithoutCluster, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged, AlterAction::kSetLogged, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetUnLogged, AlterAction::kSetUnlogged, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetAccessMethod, AlterAction::kSetAccessMethod, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace, AlterAction::kSetTablespace, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions, AlterAction::kSetOptions, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ReplaceRelOptions, AlterAction::kSetOptions, "replace"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions, AlterAction::kResetOptions, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig, AlterAction::kEnableTrigger, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig, AlterAction::kEnableTrigger, "always"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig, AlterAction::kEnableTrigger, "replica"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigAll, AlterAction::kEnableTrigger, "all"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigUser, AlterAction::kEnableTrigger, "user"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig, AlterAction::kDisableTrigger, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigAll, AlterAction::kDisableTrigger, "all"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser, AlterAction::kDisableTrigger, "user"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRule, AlterAction::kEnableRule, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysRule, AlterAction::kEnableRule, "always"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaRule, AlterAction::kEnableRule, "replica"},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRule, AlterAction::kDisableRule, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit, AlterAction::kInherit, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropInherit, AlterAction::kNoInherit, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AddOf, AlterAction::kOf, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DropOf, AlterAction::kNotOf, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ReplicaIdentity, AlterAction::kReplicaIdentity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity, AlterAction::kEnableRowSecurity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity, AlterAction::kDisableRowSecurity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity, AlterAction::kForceRowSecurity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity, AlterAction::kNoForceRowSecurity, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition, AlterAction::kAttachPartition, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition, AlterAction::kDetachPartition, ""},
    {PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartitionFinalize, AlterAction::kDetachPartition,
     "finalize"},
};

std::string_view ReplicaIdentityWord(std::string_view letter) {
  if (letter == "n") return "nothing";
  if (letter == "f") return "full";
  if (letter == "i") return "index";
  return "default";
}

bool IsAddOf(AlterAction action) {
  return action == AlterAction::kAddColumn || action == AlterAction::kAddConstraint;
}

}  // namespace

AlterCommand Translator::Command(const PgQuery__AlterTableCmd& node) {
  AlterCommand command;
  const ActionName* found = nullptr;
  for (const ActionName& entry : kActions) {
    if (entry.type == node.subtype) found = &entry;
  }
  if (found == nullptr) {
    Unsupported("this form of ALTER TABLE", -1);
    return command;
  }
  command.action = found->action;
  command.word = found->word;
  command.name = pg::Str(node.name);
  command.column_number = node.num;
  (IsAddOf(command.action) ? command.if_not_exists : command.if_exists) = node.missing_ok;
  command.behavior = Behavior(node.behavior);
  if (node.newowner != nullptr) command.owner = std::make_unique<RoleName>(Role(node.newowner));
  CommandDefinition(node, command);
  return command;
}

void Translator::CommandDefinition(const PgQuery__AlterTableCmd& node, AlterCommand& command) {
  const Node* def = node.def;
  switch (pg::CaseOf(def)) {
    case PG_QUERY__NODE__NODE__NOT_SET:
      if (command.action == AlterAction::kSetDefault) command.action = AlterAction::kDropDefault;
      return;
    case PG_QUERY__NODE__NODE_COLUMN_DEF:
      command.column = std::make_unique<ColumnDefinition>(Column(*def->column_def));
      if (command.action == AlterAction::kAlterType) {
        command.expr = Expression(def->column_def->raw_default);
        command.column->name = command.name;
      }
      return;
    case PG_QUERY__NODE__NODE_CONSTRAINT:
      command.constraint = std::make_unique<Constraint>(ConstraintOf(*def->constraint));
      return;
    case PG_QUERY__NODE__NODE_RANGE_VAR:
      command.relation = Relation(def->range_var);
      return;
    case PG_QUERY__NODE__NODE_TYPE_NAME:
      command.of_type = std::make_unique<TypeName>(Type(def->type_name));
      return;
    case PG_QUERY__NODE__NODE_PARTITION_CMD:
      command.relation = Relation(def->partition_cmd->name);
      command.bound = Bound(def->partition_cmd->bound);
      command.concurrently = def->partition_cmd->concurrent;
      return;
    case PG_QUERY__NODE__NODE_REPLICA_IDENTITY_STMT:
      command.word = ReplicaIdentityWord(pg::Str(def->replica_identity_stmt->identity_type));
      command.name = pg::Str(def->replica_identity_stmt->name);
      return;
    default:
      break;
  }
  switch (command.action) {
    case AlterAction::kSetDefault:
      command.expr = Expression(def);
      return;
    case AlterAction::kSetStatistics:
      if (pg::CaseOf(def) == PG_QUERY__NODE__NODE_INTEGER) command.number = def->integer->ival;
      return;
    case AlterAction::kSetStorage:
    case AlterAction::kSetCompression:
      command.word = ConstantText(def);
      return;
    default:
      command.options = Options(pg::ItemsOf(def));
      return;
  }
}

StatementPtr Translator::AlterTable(const PgQuery__AlterTableStmt& node) {
  auto alter = std::make_unique<AlterTableStatement>();
  alter->object_type = ObjectTypeOf(node.objtype);
  alter->relation = Relation(node.relation);
  alter->if_exists = node.missing_ok;
  for (const Node* command : HELIOS_PG_LIST(node, cmds)) {
    if (pg::CaseOf(command) != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD) continue;
    alter->commands.push_back(Command(*command->alter_table_cmd));
  }
  return alter;
}

StatementPtr Translator::Drop(const PgQuery__DropStmt& node) {
  auto drop = std::make_unique<DropStatement>();
  drop->object_type = ObjectTypeOf(node.remove_type);
  drop->objects = Objects(HELIOS_PG_LIST(node, objects));
  drop->if_exists = node.missing_ok;
  drop->concurrently = node.concurrent;
  drop->behavior = Behavior(node.behavior);
  return drop;
}

StatementPtr Translator::Rename(const PgQuery__RenameStmt& node) {
  auto rename = std::make_unique<RenameStatement>();
  rename->object_type = ObjectTypeOf(node.rename_type);
  if (node.rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN ||
      node.rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE) {
    rename->relation_type = ObjectTypeOf(node.relation_type);
  }
  rename->relation = Relation(node.relation);
  if (pg::IsSet(node.object)) {
    rename->object = Object(node.object);
  } else if (node.relation == nullptr) {
    // Databases, roles, tablespaces: the old name stands where parts of relations do.
    rename->object.names.emplace_back(pg::Str(node.subname));
  }
  if (node.relation != nullptr || pg::IsSet(node.object)) rename->part = pg::Str(node.subname);
  rename->new_name = pg::Str(node.newname);
  rename->behavior = Behavior(node.behavior);
  rename->if_exists = node.missing_ok;
  return rename;
}

StatementPtr Translator::AlterStatement(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
      return AlterTable(*node->alter_table_stmt);
    case PG_QUERY__NODE__NODE_DROP_STMT:
      return Drop(*node->drop_stmt);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
      return Rename(*node->rename_stmt);
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT: {
      const PgQuery__AlterOwnerStmt& source = *node->alter_owner_stmt;
      auto alter = std::make_unique<AlterOwnerStatement>();
      alter->object_type = ObjectTypeOf(source.object_type);
      alter->object = Object(source.object);
      alter->owner = Role(source.newowner);
      return alter;
    }
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT: {
      const PgQuery__AlterObjectSchemaStmt& source = *node->alter_object_schema_stmt;
      auto alter = std::make_unique<AlterObjectSchemaStatement>();
      alter->object_type = ObjectTypeOf(source.object_type);
      alter->relation = Relation(source.relation);
      if (pg::IsSet(source.object)) alter->object = Object(source.object);
      alter->new_schema = pg::Str(source.newschema);
      alter->if_exists = source.missing_ok;
      return alter;
    }
    case PG_QUERY__NODE__NODE_COMMENT_STMT: {
      auto comment = std::make_unique<CommentStatement>();
      comment->object_type = ObjectTypeOf(node->comment_stmt->objtype);
      comment->object = Object(node->comment_stmt->object);
      comment->text = pg::Str(node->comment_stmt->comment);
      comment->is_null = comment->text.empty();
      return comment;
    }
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT: {
      auto truncate = std::make_unique<TruncateStatement>();
      for (const Node* relation : HELIOS_PG_LIST(*node->truncate_stmt, relations)) {
        truncate->relations.push_back(RelationOf(relation));
      }
      truncate->restart_identity = node->truncate_stmt->restart_seqs;
      truncate->behavior = Behavior(node->truncate_stmt->behavior);
      return truncate;
    }
    default:
      return nullptr;
  }
}

}  // namespace helios::sql
