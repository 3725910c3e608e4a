// Statements with a query inside: EXPLAIN, EXECUTE, CREATE TABLE AS, SELECT INTO; and what such
// statements return, told before they run.

#include "compute/internal/ddl/index_build.h"
#include "compute/internal/ddl/table_builder.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/statement_info.h"
#include "compute/internal/utility_fields.h"
#include "sql/plan/explain.h"

namespace helios::compute {

namespace {

constexpr SqlType kText{type_oid::kText};

Result<std::shared_ptr<PreparedStatement>> FindPrepared(SessionImpl& session,
                                                        const std::string& name) {
  const auto found = session.statements().find(name);
  if (found == session.statements().end()) {
    return Error(ErrorCode::kInvalidSqlStatementName)
        .Message("prepared statement \"{}\" does not exist", name);
  }
  return found->second;
}

struct ExplainFlags {
  bool analyze = false;
  sql::plan::ExplainOptions options;
};

Result<ExplainFlags> ParseExplainOptions(const ast::ExplainStatement& statement) {
  ExplainFlags flags;
  bool timing_set = false;
  bool summary_set = false;
  for (const ast::Option& option : statement.options) {
    const bool on = option.value_kind == ast::OptionValueKind::kNone || option.boolean ||
                    option.text == "on" || option.text == "true" || option.text == "1";
    if (option.name == "analyze") {
      flags.analyze = on;
    } else if (option.name == "verbose") {
      flags.options.verbose = on;
    } else if (option.name == "costs") {
      flags.options.costs = on;
    } else if (option.name == "timing") {
      timing_set = on;
      flags.options.timing = on;
    } else if (option.name == "summary") {
      summary_set = true;
      flags.options.summary = on;
    } else if (option.name == "format") {
      if (option.text == "json") {
        flags.options.json = true;
      } else if (option.text != "text") {
        return Error(option.text == "xml" || option.text == "yaml"
                         ? ErrorCode::kFeatureNotSupported
                         : ErrorCode::kInvalidParameterValue)
            .Message("unrecognized value for EXPLAIN option \"format\": \"{}\"", option.text);
      }
    } else if (option.name != "buffers" && option.name != "wal" && option.name != "settings") {
      return Error(ErrorCode::kSyntaxError)
          .Message("unrecognized EXPLAIN option \"{}\"", option.name);
    }
  }
  if (timing_set && !flags.analyze) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("EXPLAIN option TIMING requires ANALYZE");
  }
  if (!summary_set) flags.options.summary = flags.analyze;
  return flags;
}

// One text row a line (JSON: one row in all).
std::vector<Chunk> LineRows(const std::string& text, bool one_row, SqlType type) {
  const SqlType types[] = {type};
  std::vector<Chunk> chunks;
  size_t at = 0;
  while (at < text.size() || chunks.empty()) {
    if (chunks.empty() || chunks.back().row_count() == kVectorRowsMax) chunks.emplace_back(types);
    const size_t end = one_row ? text.size() : std::min(text.find('\n', at), text.size());
    Chunk& chunk = chunks.back();
    chunk.column(0).SetString(chunk.row_count(), std::string_view(text).substr(at, end - at));
    chunk.SetRowCount(chunk.row_count() + 1);
    at = end + 1;
  }
  return chunks;
}

// What the execution measured of a node.
sql::plan::NodeActuals ActualsOf(const exec::Execution& execution, const sql::plan::Node& node) {
  sql::plan::NodeActuals actuals;
  const exec::NodeStats* stats = execution.StatsOf(node);
  if (stats == nullptr) return actuals;
  actuals.executed = stats->loops > 0;
  actuals.rows = stats->rows;
  actuals.loops = stats->loops;
  actuals.first_row_us = stats->first_row_us;
  actuals.total_us = stats->total_us;
  actuals.memory_bytes = stats->memory_bytes;
  actuals.spilled_bytes = stats->spilled_bytes;
  actuals.removed_rows = stats->removed_rows;
  return actuals;
}

bool IsJson(const ast::ExplainStatement& statement) {
  for (const ast::Option& option : statement.options) {
    if (option.name == "format" && option.text == "json") return true;
  }
  return false;
}

}  // namespace

Result<std::optional<std::vector<FieldDescription>>> DescribeUtility(
    SessionImpl& session, const ast::Statement& statement) {
  std::optional<std::vector<FieldDescription>> fields;
  const TypeLookup* lookup = &session.Lookup();
  switch (statement.kind) {
    case ast::StatementKind::kShow: {
      const std::string& name = ast::As<ast::ShowStatement>(statement).name;
      fields.emplace();
      if (name == "all") {
        for (const char* column : {"name", "setting", "description"}) {
          fields->push_back(MakeField(column, kText, lookup));
        }
      } else {
        const SettingDefinition* definition = FindSetting(name);
        fields->push_back(
            MakeField(definition == nullptr ? name : definition->name, kText, lookup));
      }
      return fields;
    }
    case ast::StatementKind::kExplain:
      fields.emplace();
      fields->push_back(MakeField(
          "QUERY PLAN",
          IsJson(ast::As<ast::ExplainStatement>(statement)) ? SqlType{type_oid::kJson} : kText,
          lookup));
      return fields;
    case ast::StatementKind::kExecute: {
      HELIOS_TRY(std::shared_ptr<PreparedStatement> prepared,
                 FindPrepared(session, ast::As<ast::ExecuteStatement>(statement).name));
      return prepared->description.fields;
    }
    case ast::StatementKind::kFetch: {
      const auto& fetch = ast::As<ast::FetchStatement>(statement);
      if (fetch.move) return fields;
      const auto found = session.portals().find(fetch.cursor);
      if (found != session.portals().end()) fields = found->second.fields;
      return fields;
    }
    default:
      return fields;
  }
}

Status RunExplain(SessionImpl& session, const ast::ExplainStatement& statement,
                  const Portal& portal, UtilityResult* result) {
  HELIOS_TRY(ExplainFlags flags, ParseExplainOptions(statement));
  const ast::Statement* query = statement.query.get();
  std::vector<Value> parameters = portal.parameters;
  std::shared_ptr<const sql::plan::Plan> plan;
  const int64_t planning_start_us = session.core().clock.MonotonicMicros();
  if (const auto* execute = ast::TryAs<ast::ExecuteStatement>(query)) {
    HELIOS_TRY(std::shared_ptr<PreparedStatement> prepared, FindPrepared(session, execute->name));
    HELIOS_TRY(session.EnsurePlan(*prepared));
    HELIOS_TRY(parameters, EvaluateArguments(session, *execute, *prepared));
    plan = prepared->plan;
  } else if (!IsPlannable(*query) && query->kind != ast::StatementKind::kCreateTableAs &&
             query->kind != ast::StatementKind::kDeclareCursor) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("EXPLAIN of {} is not supported", StatementName(*query));
  } else {
    sql::PlannerContext context = session.MakePlannerContext();
    context.parameter_types = portal.prepared->description.parameter_types;
    HELIOS_TRY(plan, sql::PlanStatement(*query, context));
  }
  flags.options.planning_us = session.core().clock.MonotonicMicros() - planning_start_us;
  std::string text;
  if (flags.analyze) {
    HELIOS_TRY(session.CheckPrivileges(plan->privileges));
    HELIOS_TRY(session.LockForPlan(*plan));
    if (plan->writes) session.txn().id();
    const int64_t start_us = session.core().clock.MonotonicMicros();
    exec::ExecutionContext context = session.MakeExecutionContext(std::move(parameters));
    context.instrument = true;
    HELIOS_TRY(std::unique_ptr<exec::Execution> execution,
               exec::Execution::Start(plan, std::move(context)));
    Chunk chunk;
    do {
      HELIOS_TRY(execution->Next(&chunk));
    } while (chunk.row_count() > 0);
    flags.options.execution_us = session.core().clock.MonotonicMicros() - start_us;
    flags.options.actual = [&execution](const sql::plan::Node& node) {
      return ActualsOf(*execution, node);
    };
    text = sql::plan::Explain(*plan, flags.options);
  } else {
    text = sql::plan::Explain(*plan, flags.options);
  }
  const SqlType type = flags.options.json ? SqlType{type_oid::kJson} : kText;
  result->fields.emplace();
  result->fields->push_back(MakeField("QUERY PLAN", type, nullptr));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  result->rows = std::make_unique<ChunkListSource>(LineRows(text, flags.options.json, type));
  return Status::Ok();
}

Result<std::vector<Value>> EvaluateArguments(SessionImpl& session,
                                             const ast::ExecuteStatement& statement,
                                             const PreparedStatement& prepared) {
  const std::vector<Oid>& types = prepared.description.parameter_types;
  if (statement.args.size() != types.size()) {
    return Error(ErrorCode::kSyntaxError)
        .Message("wrong number of parameters for prepared statement \"{}\"", statement.name)
        .Detail("Expected {} parameters but got {}.", types.size(), statement.args.size());
  }
  std::vector<Value> values;
  for (size_t index = 0; index < types.size(); ++index) {
    HELIOS_TRY(Value value, session.EvaluateScalar(*statement.args[index], {types[index]}));
    values.push_back(std::move(value));
  }
  return values;
}

Status RunExecute(SessionImpl& session, const ast::ExecuteStatement& statement, ResultSink& sink,
                  UtilityResult* result) {
  HELIOS_TRY(std::shared_ptr<PreparedStatement> prepared, FindPrepared(session, statement.name));
  Portal portal;
  portal.prepared = prepared;
  HELIOS_TRY(portal.parameters, EvaluateArguments(session, statement, *prepared));
  HELIOS_TRY(session.StartPortal(portal, sink));
  result->fields = portal.fields;
  if (portal.rows == nullptr) {
    result->tag = portal.tag;
    return Status::Ok();
  }
  if (!portal.fields.has_value()) {
    result->tag = CommandTag(*prepared->statement, portal, 0);
    return Status::Ok();
  }
  // The tag names the inner statement, with its rows, so they are read first.
  std::shared_ptr<KeptRows> kept = session.MakeKeptRows(portal.memory);
  HELIOS_TRY(const uint64_t rows, session.PumpRows(portal, 0, [&kept](const Chunk& chunk) {
    return kept->rows().Append(chunk);
  }));
  result->tag = CommandTag(*prepared->statement, portal, rows);
  const KeptRange range{.count = rows, .column_count = portal.fields->size()};
  result->rows = std::make_unique<KeptRowsSource>(std::move(kept), range);
  return Status::Ok();
}

namespace {

// A table that is to be made from a query: CREATE TABLE AS, SELECT INTO.
struct TableFromQuery {
  const ast::RelationName& name;
  const std::vector<std::string>& column_names;
  const ast::Statement& query;
  std::vector<Value> parameters;
  std::vector<Oid> parameter_types;
  bool with_data = true;
  catalog::TableKind kind = catalog::TableKind::kTable;
  ast::OnCommit on_commit = ast::OnCommit::kNone;
};

Result<std::shared_ptr<catalog::Table>> DefineTable(SessionImpl& session,
                                                    const TableFromQuery& wanted, Oid schema,
                                                    const sql::plan::Plan& plan) {
  if (wanted.column_names.size() > plan.output.size()) {
    return Error(ErrorCode::kSyntaxError).Message("too many column names were specified");
  }
  auto table = std::make_shared<catalog::Table>();
  HELIOS_TRY(table->oid, session.NewOid());
  table->storage_id = table->oid;
  table->name = wanted.name.name;
  table->schema = schema;
  table->owner = session.role();
  table->table_kind = wanted.kind;
  table->temporary = schema == session.temporary_schema();
  ApplyDefaultPrivileges(session, table.get());
  if (wanted.on_commit == ast::OnCommit::kDeleteRows) {
    table->on_commit = catalog::Table::OnCommit::kDelete;
  } else if (wanted.on_commit == ast::OnCommit::kDrop) {
    table->on_commit = catalog::Table::OnCommit::kDrop;
  }
  for (size_t index = 0; index < plan.output.size(); ++index) {
    catalog::Column column;
    column.number = static_cast<int16_t>(index + 1);
    column.name =
        index < wanted.column_names.size() ? wanted.column_names[index] : plan.output[index].name;
    column.type = plan.output[index].type;
    if (column.type.oid == type_oid::kUnknown) column.type = kText;
    if (column.type.oid == type_oid::kRecord) {
      return Error(ErrorCode::kInvalidTableDefinition)
          .Message("column \"{}\" has pseudo-type record", column.name);
    }
    if (table->FindColumn(column.name) != nullptr) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" specified more than once", column.name);
    }
    table->columns.push_back(std::move(column));
  }
  return table;
}

// Makes the table and fills it. Returns the number of rows.
Result<uint64_t> CreateFromQuery(SessionImpl& session, TableFromQuery wanted) {
  HELIOS_TRY(const Oid schema, CreationSchema(session, wanted.name));
  HELIOS_TRY(session.LockName(schema, wanted.name.name));
  HELIOS_TRY(RequireFreeTableName(*session.Catalog(), schema, wanted.name.name));
  sql::PlannerContext context = session.MakePlannerContext();
  context.parameter_types = wanted.parameter_types;
  HELIOS_TRY(std::shared_ptr<const sql::plan::Plan> plan,
             sql::PlanStatement(wanted.query, context));
  HELIOS_TRY(session.LockForPlan(*plan));
  HELIOS_TRY(session.CheckPrivileges(plan->privileges));
  HELIOS_TRY(std::shared_ptr<catalog::Table> table, DefineTable(session, wanted, schema, *plan));
  if (wanted.kind == catalog::TableKind::kMaterializedView) {
    HELIOS_TRY(sql::ViewDefinition view,
               sql::AnalyzeView(wanted.query, wanted.column_names, context));
    table->view_sql = std::move(view.sql);
    table->depends_on = std::move(view.depends_on);
    if (!wanted.with_data) table->storage_id = 0;
  }
  DdlEditor editor(session);
  editor.Put(table);
  editor.Save();
  HELIOS_TRY(session.LockTable(table->oid, hidb::TableLockMode::kAccessExclusive, table->name));
  if (!wanted.with_data) return uint64_t{0};
  return FillTable(session, std::move(plan), std::move(wanted.parameters), *table);
}

}  // namespace

Status RunCreateTableAs(SessionImpl& session, const ast::CreateTableAsStatement& statement,
                        UtilityResult* result) {
  HELIOS_TRY(const Oid schema, CreationSchema(session, statement.relation));
  if (statement.if_not_exists &&
      session.Catalog()->FindRelation(schema, statement.relation.name) != nullptr) {
    session.Notice(
        Notice::Severity::kNotice, "42P07",
        fmt::format("relation \"{}\" already exists, skipping", statement.relation.name));
    return Status::Ok();
  }
  const ast::Statement* query = statement.query.get();
  std::shared_ptr<PreparedStatement> prepared;
  std::vector<Value> parameters;
  std::vector<Oid> parameter_types;
  if (const auto* execute = ast::TryAs<ast::ExecuteStatement>(query)) {
    HELIOS_TRY(prepared, FindPrepared(session, execute->name));
    HELIOS_TRY(parameters, EvaluateArguments(session, *execute, *prepared));
    parameter_types = prepared->description.parameter_types;
    query = prepared->statement.get();
  }
  HELIOS_TRY(const uint64_t rows,
             CreateFromQuery(session, {.name = statement.relation,
                                       .column_names = statement.columns,
                                       .query = *query,
                                       .parameters = std::move(parameters),
                                       .parameter_types = std::move(parameter_types),
                                       .with_data = statement.with_data,
                                       .kind = statement.materialized_view
                                                   ? catalog::TableKind::kMaterializedView
                                                   : catalog::TableKind::kTable,
                                       .on_commit = statement.on_commit}));
  result->tag = statement.with_data ? fmt::format("SELECT {}", rows)
                                    : (statement.materialized_view ? "CREATE MATERIALIZED VIEW"
                                                                   : "CREATE TABLE AS");
  return Status::Ok();
}

Status RunSelectInto(SessionImpl& session, const ast::SelectStatement& statement,
                     UtilityResult* result) {
  ast::StatementPtr query = ast::Clone(statement);
  auto& select = ast::As<ast::SelectStatement>(*query);
  select.into.reset();
  const std::vector<std::string> no_names;
  HELIOS_TRY(const uint64_t rows,
             CreateFromQuery(session,
                             {.name = *statement.into, .column_names = no_names, .query = select}));
  result->tag = fmt::format("SELECT {}", rows);
  return Status::Ok();
}

Result<Value> SessionImpl::EvaluateScalar(const ast::Expr& expr, SqlType type) {
  sql::PlannerContext context = MakePlannerContext();
  HELIOS_TRY(
      sql::BoundTableExpression bound,
      sql::BindTableExpression(expr, "", {}, sql::ExpressionPurpose::kDefault, type, "", context));
  expr::EvalContext evaluation = MakeEvalContext();
  return expr::EvaluateConstant(*bound.expr, evaluation);
}

}  // namespace helios::compute
