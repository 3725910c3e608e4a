// CREATE INDEX, SEQUENCE, VIEW, SCHEMA; ALTER SEQUENCE; TRUNCATE.

#include <algorithm>
#include <optional>
#include <set>

#include "compute/internal/ddl/index_build.h"
#include "compute/internal/ddl/table_builder.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "compute/internal/statement_info.h"
#include "compute/internal/utility_fields.h"
#include "sql/deparse.h"
#include "types/text.h"

namespace helios::compute {

namespace {

bool SkipExisting(SessionImpl& session, bool if_not_exists, std::string_view name) {
  if (!if_not_exists) return false;
  session.Notice(Notice::Severity::kNotice, "42P07",
                 fmt::format("relation \"{}\" already exists, skipping", name));
  return true;
}

Status CheckIndexMethod(const ast::CreateIndexStatement& statement) {
  const std::string& method = statement.access_method;
  if (method == "btree") return Status::Ok();
  const auto refuse = [](std::string_view what) -> Status {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("access method \"hash\" does not support {}", what);
  };
  // A hash index is kept in order too; what it is asked for is what PostgreSQL's can do.
  if (method == "hash") {
    if (statement.unique) return refuse("unique indexes");
    if (!statement.including.empty()) return refuse("included columns");
    if (statement.elements.size() > 1) return refuse("multicolumn indexes");
    for (const ast::IndexElement& element : statement.elements) {
      if (element.direction != ast::SortDirection::kDefault) return refuse("ASC/DESC options");
      if (element.nulls != ast::NullsOrder::kDefault) return refuse("NULLS FIRST/LAST options");
    }
    return Status::Ok();
  }
  if (method == "gin" || method == "gist" || method == "brin" || method == "spgist") {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("access method \"{}\" is not supported", method)
        .Hint("Use a btree index.");
  }
  return Error(ErrorCode::kUndefinedObject).Message("access method \"{}\" does not exist", method);
}

}  // namespace

Status RunCreateIndex(SessionImpl& session, const ast::CreateIndexStatement& statement) {
  HELIOS_TRY(CheckIndexMethod(statement));
  HELIOS_TRY(const catalog::Table* table, FindTableOrView(session, statement.relation));
  if (table->table_kind == catalog::TableKind::kView) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("cannot create index on relation \"{}\"", table->name)
        .Detail("This operation is not supported for views.");
  }
  HELIOS_TRY(RequireOwner(session, *table));
  const Oid table_oid = table->oid;
  // Nobody else sees a temporary table.
  const bool online = statement.concurrently && !table->temporary;
  std::optional<TableGuard> guard;
  if (online) {
    guard.emplace(session);
    HELIOS_TRY(guard->Lock(session, table_oid, table->name));
  } else {
    // Writers wait until the index is there: it is built in this transaction.
    HELIOS_TRY(session.LockRelation(table_oid, hidb::TableLockMode::kShare, table->name));
  }
  if (!statement.name.empty()) HELIOS_TRY(session.LockName(table->schema, statement.name));
  DdlEditor editor(session);
  if (!statement.name.empty() && statement.if_not_exists &&
      editor.current().FindRelation(table->schema, statement.name) != nullptr) {
    SkipExisting(session, true, statement.name);
    return Status::Ok();
  }
  TableBuilder builder(session, editor, editor.Copy<catalog::Table>(table_oid));
  TableBuilder::IndexSpec spec;
  spec.name = statement.name;
  spec.unique = statement.unique;
  spec.building = online;
  spec.nulls_distinct = !statement.nulls_not_distinct;
  spec.method = statement.access_method;
  for (const ast::IndexElement& element : statement.elements) spec.elements.push_back(&element);
  spec.included = statement.including;
  spec.predicate = statement.where.get();
  for (const ast::Option& option : statement.options) spec.options[option.name] = option.text;
  HELIOS_TRY(std::shared_ptr<catalog::Index> index, builder.AddIndex(spec));
  HELIOS_TRY(builder.Finish());
  editor.Save();
  if (!online) return BuildIndexes(session, table_oid, {index->oid});
  HELIOS_TRY(session.Commit());
  session.EnsureTransaction();
  return BuildIndexOnline(session, guard->txn(), table_oid, index->oid);
}

Status RunCreateSequence(SessionImpl& session, const ast::CreateSequenceStatement& statement) {
  HELIOS_TRY(const Oid schema, CreationSchema(session, statement.relation));
  HELIOS_TRY(session.LockName(schema, statement.relation.name));
  DdlEditor editor(session);
  if (editor.current().FindRelation(schema, statement.relation.name) != nullptr) {
    if (SkipExisting(session, statement.if_not_exists, statement.relation.name)) {
      return Status::Ok();
    }
    return RequireFreeName(editor.current(), schema, statement.relation.name);
  }
  auto sequence = std::make_shared<catalog::Sequence>();
  HELIOS_TRY(sequence->oid, session.NewOid());
  sequence->storage_id = sequence->oid;
  sequence->name = statement.relation.name;
  sequence->schema = schema;
  sequence->owner = session.role();
  ApplyDefaultPrivileges(session, sequence.get());
  std::optional<int64_t> restart;
  HELIOS_TRY(ApplySequenceOptions(session, statement.options, sequence.get(), true, &restart));
  HELIOS_TRY(ApplySequenceOwner(session, statement.options, sequence.get()));
  editor.Put(std::move(sequence));
  editor.Save();
  return Status::Ok();
}

Status ApplySequenceOwner(SessionImpl& session, const std::vector<ast::Option>& options,
                          catalog::Sequence* sequence) {
  for (const ast::Option& option : options) {
    if (option.name != "owned_by") continue;
    if (option.list.size() == 1 && option.list[0] == "none") {
      sequence->owned_by_table = kInvalidOid;
      sequence->owned_by_column = 0;
      continue;
    }
    if (option.list.size() < 2) {
      return Error(ErrorCode::kSyntaxError)
          .Message("invalid OWNED BY option")
          .Hint("Specify OWNED BY table.column or OWNED BY NONE.");
    }
    ast::RelationName relation;
    relation.name = option.list[option.list.size() - 2];
    if (option.list.size() > 2) relation.schema = option.list[option.list.size() - 3];
    HELIOS_TRY(const catalog::Table* table, FindTableOrView(session, relation));
    if (table->schema != sequence->schema) {
      return Error(ErrorCode::kObjectNotInPrerequisiteState)
          .Message("sequence must be in same schema as table it is linked to");
    }
    const catalog::Column* column = table->FindColumn(option.list.back());
    if (column == nullptr) {
      return Error(ErrorCode::kUndefinedColumn)
          .Message("column \"{}\" of relation \"{}\" does not exist", option.list.back(),
                   table->name);
    }
    sequence->owned_by_table = table->oid;
    sequence->owned_by_column = column->number;
  }
  return Status::Ok();
}

Status RunAlterSequence(SessionImpl& session, const ast::AlterSequenceStatement& statement) {
  HELIOS_TRY(const catalog::Sequence* found,
             FindSequence(session, statement.relation, statement.if_exists));
  if (found == nullptr) return Status::Ok();
  HELIOS_TRY(RequireOwner(session, *found));
  DdlEditor editor(session);
  auto sequence = editor.Copy<catalog::Sequence>(found->oid);
  std::optional<int64_t> restart;
  HELIOS_TRY(ApplySequenceOptions(session, statement.options, sequence.get(), false, &restart));
  HELIOS_TRY(ApplySequenceOwner(session, statement.options, sequence.get()));
  if (restart.has_value()) {
    // A counter of its own, so that a rollback brings the old one back.
    HELIOS_TRY(sequence->storage_id, session.NewOid());
    HELIOS_TRY(session.storage().SetSequence(sequence->storage_id, {*restart, false}));
  }
  editor.Put(std::move(sequence));
  editor.Save();
  return Status::Ok();
}

namespace {

// OR REPLACE keeps the view's columns as they are, and may add some behind them.
Status CheckReplacement(SessionImpl& session, const catalog::Table& view,
                        const sql::ViewDefinition& definition) {
  if (definition.columns.size() < view.columns.size()) {
    return Error(ErrorCode::kInvalidTableDefinition).Message("cannot drop columns from view");
  }
  for (size_t index = 0; index < view.columns.size(); ++index) {
    if (view.columns[index].name != definition.columns[index].name) {
      return Error(ErrorCode::kInvalidTableDefinition)
          .Message("cannot change name of view column \"{}\" to \"{}\"", view.columns[index].name,
                   definition.columns[index].name)
          .Hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
    }
    if (!(view.columns[index].type == definition.columns[index].type)) {
      return Error(ErrorCode::kInvalidTableDefinition)
          .Message("cannot change data type of view column \"{}\" from {} to {}",
                   view.columns[index].name,
                   FormatType(view.columns[index].type, &session.Lookup()),
                   FormatType(definition.columns[index].type, &session.Lookup()));
    }
  }
  return Status::Ok();
}

}  // namespace

Status RunCreateView(SessionImpl& session, const ast::CreateViewStatement& statement) {
  HELIOS_TRY(const Oid schema, CreationSchema(session, statement.relation));
  HELIOS_TRY(session.LockName(schema, statement.relation.name));
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(sql::ViewDefinition definition,
             sql::AnalyzeView(*statement.query, statement.columns, context));
  HELIOS_TRY(session.CheckPrivileges(definition.privileges));
  DdlEditor editor(session);
  const catalog::Object* existing = editor.current().FindRelation(schema, statement.relation.name);
  std::shared_ptr<catalog::Table> view;
  if (existing != nullptr) {
    if (!statement.or_replace) {
      return RequireFreeName(editor.current(), schema, statement.relation.name);
    }
    if (KindName(*existing) != "view") {
      return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a view", existing->name);
    }
    HELIOS_TRY(RequireOwner(session, *existing));
    HELIOS_TRY(
        session.LockRelation(existing->oid, hidb::TableLockMode::kAccessExclusive, existing->name));
    view = editor.Copy<catalog::Table>(existing->oid);
    HELIOS_TRY(CheckReplacement(session, *view, definition));
  } else {
    HELIOS_TRY(RequireFreeTableName(editor.current(), schema, statement.relation.name));
    view = std::make_shared<catalog::Table>();
    HELIOS_TRY(view->oid, session.NewOid());
    view->name = statement.relation.name;
    view->schema = schema;
    view->owner = session.role();
    view->table_kind = catalog::TableKind::kView;
    view->temporary = schema == session.temporary_schema();
    ApplyDefaultPrivileges(session, view.get());
  }
  view->columns.clear();
  for (const sql::plan::OutputColumn& output : definition.columns) {
    if (view->FindColumn(output.name) != nullptr) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" specified more than once", output.name);
    }
    catalog::Column column;
    column.number = static_cast<int16_t>(view->columns.size() + 1);
    column.name = output.name;
    column.type = output.type;
    view->columns.push_back(std::move(column));
  }
  view->view_sql = std::move(definition.sql);
  view->depends_on = std::move(definition.depends_on);
  view->options.erase("check_option");
  if (statement.check != ast::ViewCheck::kNone) {
    view->options["check_option"] =
        statement.check == ast::ViewCheck::kLocal ? "local" : "cascaded";
  }
  for (const ast::Option& option : statement.options) view->options[option.name] = option.text;
  editor.Put(std::move(view));
  editor.Save();
  return Status::Ok();
}

namespace {

// Gives a statement that makes an object its schema, where it names none.
void SetSchema(ast::Statement& statement, const std::string& schema) {
  const auto set = [&schema](ast::RelationName& relation) {
    if (relation.schema.empty()) relation.schema = schema;
  };
  if (auto* table = ast::TryAs<ast::CreateTableStatement>(&statement)) set(table->relation);
  if (auto* view = ast::TryAs<ast::CreateViewStatement>(&statement)) set(view->relation);
  if (auto* index = ast::TryAs<ast::CreateIndexStatement>(&statement)) set(index->relation);
  if (auto* sequence = ast::TryAs<ast::CreateSequenceStatement>(&statement)) {
    set(sequence->relation);
  }
}

// The elements of CREATE SCHEMA are made in the new schema and find each other there.
Status RunSchemaElements(SessionImpl& session, const ast::CreateSchemaStatement& statement,
                         const std::string& schema, ResultSink& sink) {
  if (statement.elements.empty()) return Status::Ok();
  const std::string path = session.settings().Raw("search_path");
  session.settings().SetInternal("search_path",
                                 QuoteIdentifier(schema) + (path.empty() ? "" : ", " + path), true);
  const auto run = [&]() -> Status {
    for (const ast::StatementPtr& element : statement.elements) {
      ast::StatementPtr copy = ast::Clone(*element);
      SetSchema(*copy, schema);
      Portal portal;
      portal.prepared = std::make_shared<PreparedStatement>();
      portal.prepared->statement = std::move(copy);
      HELIOS_TRY(session.StartPortal(portal, sink));
    }
    return Status::Ok();
  };
  Status status = run();
  session.settings().SetInternal("search_path", path, true);
  return status;
}

}  // namespace

Status RunCreateSchema(SessionImpl& session, const ast::CreateSchemaStatement& statement,
                       ResultSink& sink) {
  Oid owner = session.role();
  std::string name = statement.name;
  if (statement.owner != nullptr) {
    HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, *statement.owner));
    owner = role->oid;
    if (name.empty()) name = role->name;
    if (!session.IsSuperuser() && !IsMemberOf(*session.Catalog(), session.role(), owner)) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("must be member of role \"{}\"", role->name);
    }
  }
  const catalog::Database* database = session.Catalog()->FindDatabase(session.database());
  if (database != nullptr &&
      !HasPrivilege(*session.Catalog(), session.role(), *database,
                    static_cast<catalog::PrivilegeMask>(catalog::Privilege::kCreate))) {
    return PermissionDenied(*database);
  }
  if (name.starts_with("pg_")) {
    return Error(ErrorCode::kReservedName)
        .Message("unacceptable schema name \"{}\"", name)
        .Detail("The prefix \"pg_\" is reserved for system schemas.");
  }
  HELIOS_TRY(session.LockName(kInvalidOid, name));
  DdlEditor editor(session);
  if (editor.current().FindSchema(name) != nullptr) {
    if (!statement.if_not_exists) {
      return Error(ErrorCode::kDuplicateSchema).Message("schema \"{}\" already exists", name);
    }
    session.Notice(Notice::Severity::kNotice, "42P06",
                   fmt::format("schema \"{}\" already exists, skipping", name));
    return Status::Ok();
  }
  auto schema = std::make_shared<catalog::Schema>();
  HELIOS_TRY(schema->oid, session.NewOid());
  schema->name = name;
  schema->owner = owner;
  ApplyDefaultPrivileges(session, schema.get());
  editor.Put(std::move(schema));
  editor.Save();
  return RunSchemaElements(session, statement, name, sink);
}

namespace {

// Adds every table whose foreign keys point into the set; with CASCADE they are truncated too.
Status AddReferencing(SessionImpl& session, bool cascade, std::set<Oid>* tables) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  std::vector<Oid> todo(tables->begin(), tables->end());
  while (!todo.empty()) {
    const catalog::Table* table = snapshot->FindTable(todo.back());
    todo.pop_back();
    for (const Oid child_oid : table->referenced_by) {
      if (tables->find(child_oid) != tables->end()) continue;
      const catalog::Table* child = snapshot->FindTable(child_oid);
      if (child == nullptr) continue;
      if (!cascade) {
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("cannot truncate a table referenced in a foreign key constraint")
            .Detail("Table \"{}\" references \"{}\".", child->name, table->name)
            .Hint("Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.",
                  child->name);
      }
      session.Notice(Notice::Severity::kNotice, "00000",
                     fmt::format("truncate cascades to table \"{}\"", child->name));
      tables->insert(child_oid);
      todo.push_back(child_oid);
    }
  }
  return Status::Ok();
}

}  // namespace

Status RunTruncate(SessionImpl& session, const ast::TruncateStatement& statement) {
  std::set<Oid> tables;
  for (const ast::RelationName& name : statement.relations) {
    HELIOS_TRY(const catalog::Table* table, FindTableOrView(session, name));
    if (table->table_kind != catalog::TableKind::kTable) {
      return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a table", table->name);
    }
    if (!HasPrivilege(*session.Catalog(), session.role(), *table,
                      static_cast<catalog::PrivilegeMask>(catalog::Privilege::kTruncate))) {
      return PermissionDenied(*table);
    }
    tables.insert(table->oid);
  }
  HELIOS_TRY(AddReferencing(session, statement.behavior == ast::DropBehavior::kCascade, &tables));
  for (const Oid oid : tables) {
    HELIOS_TRY(session.LockRelation(oid, hidb::TableLockMode::kAccessExclusive,
                                    session.Catalog()->FindTable(oid)->name));
  }
  DdlEditor editor(session);
  for (const Oid oid : tables) {
    auto table = editor.Copy<catalog::Table>(oid);
    session.txn().dropped_spaces.push_back(table->storage_id);
    HELIOS_TRY(table->storage_id, session.NewOid());
    for (const Oid index_oid : table->indexes) {
      auto index = editor.Copy<catalog::Index>(index_oid);
      if (index->storage_id == 0) continue;
      session.txn().dropped_spaces.push_back(index->storage_id);
      HELIOS_TRY(index->storage_id, session.NewOid());
      editor.Put(std::move(index));
    }
    editor.Put(table);
    if (!statement.restart_identity) continue;
    std::vector<Oid> sequences;
    for (const auto& [other, object] : editor.current().objects()) {
      if (object->kind() == catalog::ObjectKind::kSequence &&
          static_cast<const catalog::Sequence&>(*object).owned_by_table == oid) {
        sequences.push_back(other);
      }
    }
    for (const Oid sequence_oid : sequences) {
      auto sequence = editor.Copy<catalog::Sequence>(sequence_oid);
      HELIOS_TRY(sequence->storage_id, session.NewOid());
      editor.Put(std::move(sequence));
    }
  }
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
