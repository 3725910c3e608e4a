// Sequences, views, schemas, types, domains, functions, triggers, extensions, databases.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

StatementPtr Translator::AlterDomain(const PgQuery__AlterDomainStmt& node) {
  auto alter = std::make_unique<AlterDomainStatement>();
  alter->name = Names(HELIOS_PG_LIST(node, type_name));
  const std::string_view letter = pg::Str(node.subtype);
  if (letter == "T") alter->action = DomainAction::kSetDefault;
  if (letter == "O") alter->action = DomainAction::kSetNotNull;
  if (letter == "N") alter->action = DomainAction::kDropNotNull;
  if (letter == "C") alter->action = DomainAction::kAddConstraint;
  if (letter == "X") alter->action = DomainAction::kDropConstraint;
  if (letter == "V") alter->action = DomainAction::kValidateConstraint;
  if (pg::CaseOf(node.def) == PG_QUERY__NODE__NODE_CONSTRAINT) {
    alter->constraint = std::make_unique<Constraint>(ConstraintOf(*node.def->constraint));
  } else {
    alter->expr = Expression(node.def);
  }
  alter->constraint_name = pg::Str(node.name);
  alter->if_exists = node.missing_ok;
  alter->behavior = Behavior(node.behavior);
  return alter;
}

StatementPtr Translator::CreateFunction(const PgQuery__CreateFunctionStmt& node) {
  auto create = std::make_unique<CreateFunctionStatement>();
  create->procedure = node.is_procedure;
  create->or_replace = node.replace;
  create->name = Names(HELIOS_PG_LIST(node, funcname));
  for (const Node* parameter : HELIOS_PG_LIST(node, parameters)) {
    if (pg::CaseOf(parameter) != PG_QUERY__NODE__NODE_FUNCTION_PARAMETER) continue;
    create->parameters.push_back(Parameter(*parameter->function_parameter));
  }
  create->returns = TypeOrNull(node.return_type);
  create->options = Options(HELIOS_PG_LIST(node, options));
  if (!pg::IsSet(node.sql_body)) return create;
  create->has_body = true;
  if (pg::CaseOf(node.sql_body) == PG_QUERY__NODE__NODE_RETURN_STMT) {
    create->returns_expression = true;
    auto select = std::make_unique<SelectStatement>();
    TargetItem& target = select->targets.emplace_back();
    target.expr = Expression(node.sql_body->return_stmt->returnval);
    create->body.push_back(std::move(select));
    return create;
  }
  // BEGIN ATOMIC: a list that holds the list of statements.
  for (const Node* list : pg::ItemsOf(node.sql_body)) {
    for (const Node* statement : pg::ItemsOf(list)) {
      if (pg::IsSet(statement)) create->body.push_back(TranslateStatement(statement));
    }
  }
  return create;
}

StatementPtr Translator::CreateTrigger(const PgQuery__CreateTrigStmt& node) {
  // Bits of pg_trigger.tgtype.
  constexpr int kBefore = 1 << 1, kInsert = 1 << 2, kDelete = 1 << 3, kUpdate = 1 << 4,
                kTruncate = 1 << 5, kInstead = 1 << 6;
  auto create = std::make_unique<CreateTriggerStatement>();
  create->name = pg::Str(node.trigname);
  create->or_replace = node.replace;
  create->constraint = node.isconstraint;
  create->relation = Relation(node.relation);
  create->timing = (node.timing & kBefore) != 0    ? TriggerTiming::kBefore
                   : (node.timing & kInstead) != 0 ? TriggerTiming::kInsteadOf
                                                   : TriggerTiming::kAfter;
  create->on_insert = (node.events & kInsert) != 0;
  create->on_delete = (node.events & kDelete) != 0;
  create->on_update = (node.events & kUpdate) != 0;
  create->on_truncate = (node.events & kTruncate) != 0;
  create->update_columns = Names(HELIOS_PG_LIST(node, columns));
  create->for_each_row = node.row;
  for (const Node* item : HELIOS_PG_LIST(node, transition_rels)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_TRIGGER_TRANSITION) continue;
    const PgQuery__TriggerTransition& transition = *item->trigger_transition;
    if (!transition.is_table) Unsupported("ROW variable naming in the REFERENCING clause", -1);
    (transition.is_new ? create->new_table : create->old_table) = pg::Str(transition.name);
  }
  create->when = Expression(node.when_clause);
  create->function = Names(HELIOS_PG_LIST(node, funcname));
  create->args = Names(HELIOS_PG_LIST(node, args));
  create->deferrable = node.deferrable;
  create->initially_deferred = node.initdeferred;
  if (node.constrrel != nullptr) {
    create->from_table = std::make_unique<RelationName>(Relation(node.constrrel));
  }
  return create;
}

StatementPtr Translator::TypeStatement(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT: {
      auto create = std::make_unique<CreateTypeStatement>();
      create->name = Names(HELIOS_PG_LIST(*node->create_enum_stmt, type_name));
      create->labels = Names(HELIOS_PG_LIST(*node->create_enum_stmt, vals));
      return create;
    }
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT: {
      const PgQuery__CompositeTypeStmt& source = *node->composite_type_stmt;
      auto create = std::make_unique<CreateTypeStatement>();
      create->form = TypeForm::kComposite;
      const RelationName name = Relation(source.typevar);
      if (!name.catalog.empty()) create->name.push_back(name.catalog);
      if (!name.schema.empty()) create->name.push_back(name.schema);
      create->name.push_back(name.name);
      create->location = name.location;
      for (const Node* column : HELIOS_PG_LIST(source, coldeflist)) {
        if (pg::CaseOf(column) != PG_QUERY__NODE__NODE_COLUMN_DEF) continue;
        create->columns.push_back(Column(*column->column_def));
      }
      return create;
    }
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT: {
      auto create = std::make_unique<CreateTypeStatement>();
      create->form = TypeForm::kRange;
      create->name = Names(HELIOS_PG_LIST(*node->create_range_stmt, type_name));
      create->options = Options(HELIOS_PG_LIST(*node->create_range_stmt, params));
      return create;
    }
    case PG_QUERY__NODE__NODE_DEFINE_STMT: {
      const PgQuery__DefineStmt& source = *node->define_stmt;
      if (source.kind != PG_QUERY__OBJECT_TYPE__OBJECT_TYPE) return nullptr;
      auto create = std::make_unique<CreateTypeStatement>();
      create->options = Options(HELIOS_PG_LIST(source, definition));
      create->form = create->options.empty() ? TypeForm::kShell : TypeForm::kBase;
      create->name = Names(HELIOS_PG_LIST(source, defnames));
      return create;
    }
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT: {
      const PgQuery__AlterEnumStmt& source = *node->alter_enum_stmt;
      auto alter = std::make_unique<AlterEnumStatement>();
      alter->name = Names(HELIOS_PG_LIST(source, type_name));
      alter->old_label = pg::Str(source.old_val);
      alter->new_label = pg::Str(source.new_val);
      alter->neighbor = pg::Str(source.new_val_neighbor);
      alter->after = source.new_val_is_after;
      alter->if_not_exists = source.skip_if_new_val_exists;
      return alter;
    }
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT: {
      const PgQuery__CreateDomainStmt& source = *node->create_domain_stmt;
      auto create = std::make_unique<CreateDomainStatement>();
      create->name = Names(HELIOS_PG_LIST(source, domainname));
      create->type = Type(source.type_name);
      if (source.coll_clause != nullptr) {
        create->collation = Names(HELIOS_PG_LIST(*source.coll_clause, collname));
      }
      create->constraints = ColumnConstraints(HELIOS_PG_LIST(source, constraints));
      return create;
    }
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
      return AlterDomain(*node->alter_domain_stmt);
    default:
      return nullptr;
  }
}

// NOLINTNEXTLINE(readability-function-size): one case a statement: long, but a list.
StatementPtr Translator::ObjectStatement(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT: {
      auto create = std::make_unique<CreateSequenceStatement>();
      create->relation = Relation(node->create_seq_stmt->sequence);
      create->if_not_exists = node->create_seq_stmt->if_not_exists;
      create->options = Options(HELIOS_PG_LIST(*node->create_seq_stmt, options));
      return create;
    }
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT: {
      auto alter = std::make_unique<AlterSequenceStatement>();
      alter->relation = Relation(node->alter_seq_stmt->sequence);
      alter->if_exists = node->alter_seq_stmt->missing_ok;
      alter->options = Options(HELIOS_PG_LIST(*node->alter_seq_stmt, options));
      return alter;
    }
    case PG_QUERY__NODE__NODE_VIEW_STMT: {
      const PgQuery__ViewStmt& source = *node->view_stmt;
      auto create = std::make_unique<CreateViewStatement>();
      create->relation = Relation(source.view);
      create->columns = Names(HELIOS_PG_LIST(source, aliases));
      create->query = TranslateStatement(source.query);
      create->or_replace = source.replace;
      create->options = Options(HELIOS_PG_LIST(source, options));
      if (source.with_check_option == PG_QUERY__VIEW_CHECK_OPTION__LOCAL_CHECK_OPTION) {
        create->check = ViewCheck::kLocal;
      } else if (source.with_check_option == PG_QUERY__VIEW_CHECK_OPTION__CASCADED_CHECK_OPTION) {
        create->check = ViewCheck::kCascaded;
      }
      return create;
    }
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT: {
      auto refresh = std::make_unique<RefreshViewStatement>();
      refresh->relation = Relation(node->refresh_mat_view_stmt->relation);
      refresh->concurrently = node->refresh_mat_view_stmt->concurrent;
      refresh->with_data = !node->refresh_mat_view_stmt->skip_data;
      return refresh;
    }
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT: {
      const PgQuery__CreateSchemaStmt& source = *node->create_schema_stmt;
      auto create = std::make_unique<CreateSchemaStatement>();
      create->name = pg::Str(source.schemaname);
      if (source.authrole != nullptr) {
        create->owner = std::make_unique<RoleName>(Role(source.authrole));
      }
      create->if_not_exists = source.if_not_exists;
      for (const Node* element : HELIOS_PG_LIST(source, schema_elts)) {
        create->elements.push_back(TranslateStatement(element));
      }
      return create;
    }
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
      return CreateFunction(*node->create_function_stmt);
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT: {
      auto alter = std::make_unique<AlterFunctionStatement>();
      alter->object_type = ObjectTypeOf(node->alter_function_stmt->objtype);
      Node wrapper = PG_QUERY__NODE__INIT;
      wrapper.node_case = PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS;
      wrapper.object_with_args = node->alter_function_stmt->func;
      alter->function = Object(&wrapper);
      alter->options = Options(HELIOS_PG_LIST(*node->alter_function_stmt, actions));
      return alter;
    }
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
      return CreateTrigger(*node->create_trig_stmt);
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT: {
      auto create = std::make_unique<CreateExtensionStatement>();
      create->name = pg::Str(node->create_extension_stmt->extname);
      create->if_not_exists = node->create_extension_stmt->if_not_exists;
      create->options = Options(HELIOS_PG_LIST(*node->create_extension_stmt, options));
      return create;
    }
    case PG_QUERY__NODE__NODE_CREATEDB_STMT: {
      auto create = std::make_unique<CreateDatabaseStatement>();
      create->name = pg::Str(node->createdb_stmt->dbname);
      create->options = Options(HELIOS_PG_LIST(*node->createdb_stmt, options));
      return create;
    }
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT: {
      auto alter = std::make_unique<AlterDatabaseStatement>();
      alter->name = pg::Str(node->alter_database_stmt->dbname);
      alter->options = Options(HELIOS_PG_LIST(*node->alter_database_stmt, options));
      return alter;
    }
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_REFRESH_COLL_STMT: {
      auto alter = std::make_unique<AlterDatabaseStatement>();
      alter->name = pg::Str(node->alter_database_refresh_coll_stmt->dbname);
      alter->refresh_collation = true;
      return alter;
    }
    case PG_QUERY__NODE__NODE_DROPDB_STMT: {
      auto drop = std::make_unique<DropDatabaseStatement>();
      drop->name = pg::Str(node->dropdb_stmt->dbname);
      drop->if_exists = node->dropdb_stmt->missing_ok;
      drop->options = Options(HELIOS_PG_LIST(*node->dropdb_stmt, options));
      return drop;
    }
    default:
      return nullptr;
  }
}

}  // namespace helios::sql
