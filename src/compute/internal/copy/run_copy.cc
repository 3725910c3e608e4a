// COPY: rows between a table or query and the client or a server file.

#include <algorithm>

#include "catalog/names.h"
#include "compute/internal/copy/copy_reader.h"
#include "compute/internal/copy/copy_writer.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "compute/internal/utility_fields.h"
#include "exec/insert_stream.h"
#include "expr/evaluator.h"
#include "sql/parser/parser.h"
#include "sys/files.h"
#include "types/text.h"

namespace helios::compute {

namespace {

constexpr size_t kFilePieceBytes = 256 << 10;

Status CheckFileAccess(const SessionImpl& session, const ast::CopyStatement& statement) {
  if (statement.program) {
    return Error(ErrorCode::kFeatureNotSupported).Message("COPY with PROGRAM is not supported");
  }
  if (statement.file.empty()) return Status::Ok();
  if (!session.IsSuperuser()) {
    return Error(ErrorCode::kInsufficientPrivilege)
        .Message("must be superuser or have privileges of the {} role to COPY {} a file",
                 statement.from ? "pg_read_server_files" : "pg_write_server_files",
                 statement.from ? "from" : "to")
        .Hint(
            "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for "
            "anyone.");
  }
  if (!statement.from && statement.file[0] != '/') {
    return Error(ErrorCode::kInvalidName).Message("relative path not allowed for COPY to file");
  }
  return Status::Ok();
}

Status RefuseView(const catalog::Table& table, bool from) {
  if (table.table_kind == catalog::TableKind::kTable) return Status::Ok();
  Status status =
      Error(ErrorCode::kWrongObjectType)
          .Message("cannot copy {} {} \"{}\"", from ? "to" : "from", KindName(table), table.name);
  if (!from) status.mutable_info().hint = "Try the COPY (SELECT ...) TO variant.";
  return status;
}

// The columns that take part: the named ones, or all that are not generated.
Result<std::vector<const catalog::Column*>> ChooseColumns(const catalog::Table& table,
                                                          const ast::NameList& names) {
  std::vector<const catalog::Column*> columns;
  if (names.empty()) {
    for (const catalog::Column& column : table.columns) {
      if (!column.dropped && !column.generated) columns.push_back(&column);
    }
    return columns;
  }
  for (const auto& name : names) {
    const catalog::Column* column = table.FindColumn(name);
    if (column == nullptr) {
      return Error(ErrorCode::kUndefinedColumn)
          .Message("column \"{}\" of relation \"{}\" does not exist", name, table.name);
    }
    if (column->generated) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("column \"{}\" is a generated column", name)
          .Detail("Generated columns cannot be used in COPY.");
    }
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" specified more than once", name);
    }
    columns.push_back(column);
  }
  return columns;
}

// One flag a column: whether `names` has it.
Result<std::vector<bool>> Flags(std::string_view option, const std::vector<std::string>& names,
                                const std::vector<std::string>& columns) {
  std::vector<bool> flags(columns.size());
  for (const std::string& name : names) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("{} column \"{}\" not referenced by COPY", option, name);
    }
    flags[static_cast<size_t>(found - columns.begin())] = true;
  }
  return flags;
}

// --- COPY FROM

// Bytes of the client's messages, or of a server file.
class CopyInput {
 public:
  static Result<std::unique_ptr<CopyInput>> Open(const ast::CopyStatement& statement, bool binary,
                                                 size_t column_count, ResultSink& sink) {
    auto input = std::unique_ptr<CopyInput>(new CopyInput(sink));
    if (statement.file.empty()) {
      HELIOS_TRY(sink.OnCopyIn({binary, static_cast<int16_t>(column_count)}));
    } else {
      HELIOS_TRY(input->file_, sys::File::OpenForRead(statement.file));
    }
    return input;
  }

  Result<bool> Read(std::string* data) {
    if (file_ == nullptr) return sink_.ReadCopyData(data);
    const size_t piece =
        static_cast<size_t>(std::min<uint64_t>(kFilePieceBytes, file_->size() - offset_));
    if (piece == 0) return false;
    const size_t begin = data->size();
    data->resize(begin + piece);
    HELIOS_TRY(file_->ReadAt(offset_, piece, data->data() + begin));
    offset_ += piece;
    return true;
  }

 private:
  explicit CopyInput(ResultSink& sink) : sink_(sink) {}

  ResultSink& sink_;
  std::unique_ptr<sys::File> file_;
  uint64_t offset_ = 0;
};

// What COPY FROM needs of the table: where rows go, which columns come from the data, and how the
// others are filled.
struct CopyTarget {
  std::shared_ptr<const sql::plan::Plan> owner;
  const sql::plan::WriteTarget* target = nullptr;
  std::vector<CopyColumn> columns;
  std::vector<std::pair<size_t, expr::ExprPtr>> defaults;  // Null expression: NULL.
  std::vector<expr::ExprPtr> domain_checks;                // Of the columns that the data gives.
  expr::ExprPtr where;
};

Result<CopyTarget> MakeCopyTarget(SessionImpl& session, const catalog::Table& table,
                                  const ast::CopyStatement& statement, const CopyOptions& options) {
  HELIOS_TRY(const auto chosen, ChooseColumns(table, statement.columns));
  CopyTarget out;
  auto plan = std::make_shared<sql::plan::Plan>();
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(out.target, sql::BuildWriteTarget(table, *plan, context));
  out.owner = std::move(plan);
  HELIOS_TRY(std::vector<expr::ExprPtr> defaults, sql::BindColumnDefaults(table, context));
  std::vector<std::string> names;
  for (const catalog::Column* column : chosen) names.push_back(column->name);
  HELIOS_TRY(const auto force_null, Flags("FORCE_NULL", options.force_null, names));
  HELIOS_TRY(const auto force_not_null, Flags("FORCE_NOT_NULL", options.force_not_null, names));
  // Layout columns are the live columns in attnum order.
  std::vector<sql::TableColumn> row;
  std::vector<const catalog::Column*> live;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    live.push_back(&column);
    row.push_back({column.name, column.type, column.generated});
  }
  HELIOS_TRY(std::vector<expr::ExprPtr> checks, sql::BindDomainChecks(table, context));
  for (size_t i = 0; i < chosen.size(); ++i) {
    const auto position = std::find(live.begin(), live.end(), chosen[i]) - live.begin();
    if (checks[position] != nullptr) out.domain_checks.push_back(std::move(checks[position]));
    out.columns.push_back({chosen[i]->name, chosen[i]->type, static_cast<size_t>(position),
                           force_null[i], force_not_null[i]});
  }
  for (size_t position = 0; position < live.size(); ++position) {
    if (std::find(chosen.begin(), chosen.end(), live[position]) != chosen.end()) continue;
    out.defaults.emplace_back(position,
                              live[position]->generated ? nullptr : std::move(defaults[position]));
  }
  if (statement.where != nullptr) {
    HELIOS_TRY(
        sql::BoundTableExpression bound,
        sql::BindTableExpression(*statement.where, table.name, row, sql::ExpressionPurpose::kCheck,
                                 {type_oid::kBool}, "", context));
    out.where = std::move(bound.expr);
  }
  return out;
}

// Fills what the data does not give, drops what WHERE refuses.
class RowCompleter {
 public:
  RowCompleter(const CopyTarget& target, expr::EvalContext context)
      : target_(target), context_(context) {
    for (const auto& [position, expression] : target.defaults) {
      evaluators_.push_back(expression == nullptr
                                ? nullptr
                                : std::make_unique<expr::Evaluator>(*expression, context_));
    }
    for (const expr::ExprPtr& check : target.domain_checks) {
      domain_checks_.push_back(std::make_unique<expr::Evaluator>(*check, context_));
    }
    if (target.where != nullptr)
      where_ = std::make_unique<expr::Evaluator>(*target.where, context_);
  }

  Chunk NewChunk() const {
    Chunk chunk;
    for (const hidb::ColumnLayout& column : target_.target->layout->columns) {
      chunk.AddColumn(Vector(column.type, column.physical));
    }
    return chunk;
  }

  Status Complete(Chunk* rows) {
    for (const auto& check : domain_checks_) {
      Vector checked;
      HELIOS_TRY(check->Evaluate(*rows, &checked));
    }
    Chunk none;
    none.SetRowCount(rows->row_count());
    for (size_t i = 0; i < evaluators_.size(); ++i) {
      Vector& column = rows->column(target_.defaults[i].first);
      if (evaluators_[i] == nullptr) {
        column = Vector::ConstantNull(column.type(), column.physical());
      } else {
        HELIOS_TRY(evaluators_[i]->Evaluate(none, &column));
      }
      column.Flatten(rows->row_count());
    }
    if (where_ == nullptr) return Status::Ok();
    auto selection = std::make_shared<Selection>();
    HELIOS_TRY(where_->Select(*rows, selection.get()));
    if (selection->size() == rows->row_count()) return Status::Ok();
    rows->Slice(std::move(selection));
    rows->Flatten();
    return Status::Ok();
  }

 private:
  const CopyTarget& target_;
  expr::EvalContext context_;
  std::vector<std::unique_ptr<expr::Evaluator>> domain_checks_;
  std::vector<std::unique_ptr<expr::Evaluator>> evaluators_;
  std::unique_ptr<expr::Evaluator> where_;
};

Result<uint64_t> LoadRows(SessionImpl& session, const std::string& relation,
                          const CopyTarget& target, CopyReader& reader) {
  session.txn().id();
  HELIOS_TRY(
      std::unique_ptr<exec::InsertStream> stream,
      exec::InsertStream::Open(target.owner, *target.target, session.MakeExecutionContext({})));
  RowCompleter completer(target, session.MakeEvalContext());
  while (true) {
    if (session.canceled().load(std::memory_order_relaxed)) {
      return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
    }
    Chunk rows = completer.NewChunk();
    HELIOS_TRY(const size_t count, reader.Read(&rows, kVectorRowsMax));
    if (count == 0) break;
    rows.SetRowCount(count);
    HELIOS_TRY(completer.Complete(&rows));
    if (rows.row_count() == 0) continue;
    Status appended = stream->Append(&rows);
    if (!appended.ok()) {
      std::string& context = appended.mutable_info().context;
      if (context.empty()) context = fmt::format("COPY {}, line {}", relation, reader.line());
      return appended;
    }
  }
  return stream->Finish();
}

Status CopyFrom(SessionImpl& session, const ast::CopyStatement& statement,
                const CopyOptions& options, ResultSink& sink, UtilityResult* result) {
  HELIOS_TRY(const catalog::Table* found, FindTableOrView(session, *statement.relation));
  HELIOS_TRY(RefuseView(*found, true));
  HELIOS_TRY(session.LockTable(found->oid, hidb::TableLockMode::kRowExclusive, found->name));
  // The lock may have waited for DDL.
  HELIOS_TRY(found, FindTableOrView(session, *statement.relation));
  const std::shared_ptr<const catalog::Snapshot> kept = session.Catalog();
  const catalog::Table& table = *found;
  HELIOS_TRY(const CopyTarget target, MakeCopyTarget(session, table, statement, options));
  for (const sql::plan::ReferenceTarget& reference : target.target->references) {
    HELIOS_TRY(
        session.LockTable(reference.parent, hidb::TableLockMode::kRowShare, reference.parent_name));
  }
  sql::plan::PrivilegeNeed need;
  need.object = table.oid;
  need.privilege = catalog::Privilege::kInsert;
  for (const auto& name : statement.columns) {
    need.columns.push_back(table.FindColumn(name)->number);
  }
  HELIOS_TRY(session.CheckPrivileges({need}));
  HELIOS_TRY(
      const std::unique_ptr<CopyInput> input,
      CopyInput::Open(statement, options.form == CopyForm::kBinary, target.columns.size(), sink));
  session.Lookup();
  const TextFormat format = session.settings().text_format();
  CopyReader reader(table.name, options, target.columns, format,
                    [&input](std::string* data) { return input->Read(data); });
  HELIOS_TRY(const uint64_t rows, LoadRows(session, table.name, target, reader));
  result->tag = fmt::format("COPY {}", rows);
  return Status::Ok();
}

// --- COPY TO

// The SELECT that gives the rows of COPY table TO.
Result<ast::StatementPtr> TableQuery(SessionImpl& session, const ast::CopyStatement& statement) {
  HELIOS_TRY(const catalog::Table* table, FindTableOrView(session, *statement.relation));
  HELIOS_TRY(RefuseView(*table, false));
  HELIOS_TRY(const auto columns, ChooseColumns(*table, statement.columns));
  std::string list;
  for (const catalog::Column* column : columns) {
    list += (list.empty() ? "" : ", ") + QuoteIdentifier(column->name);
  }
  const catalog::Schema* schema = session.Catalog()->FindSchema(table->schema);
  HELIOS_TRY(std::vector<sql::RawStatement> statements,
             sql::Parse(fmt::format("SELECT {} FROM ONLY {}.{}", list,
                                    QuoteIdentifier(schema->name), QuoteIdentifier(table->name))));
  return std::move(statements[0].statement);
}

// Calls `each` for every chunk of the plan's rows.
Status ForEachChunk(SessionImpl& session, std::shared_ptr<const sql::plan::Plan> plan,
                    const std::function<Status(const Chunk&)>& each) {
  if (plan->writes) {
    // A statement that writes may have to run again: nothing is sent before it has ended.
    const std::shared_ptr<KeptRows> kept = session.MakeKeptRows();
    HELIOS_TRY(session.RunPlan(std::move(plan), {}, kept.get()));
    exec::ChunkBuffer::Cursor cursor;
    while (true) {
      Chunk chunk;
      HELIOS_TRY(kept->rows().Read(&cursor, &chunk));
      if (chunk.row_count() == 0) return Status::Ok();
      HELIOS_TRY(each(chunk));
    }
  }
  HELIOS_TRY(std::unique_ptr<exec::Execution> execution,
             exec::Execution::Start(std::move(plan), session.MakeExecutionContext({})));
  while (true) {
    Chunk chunk;
    HELIOS_TRY(execution->Next(&chunk));
    if (chunk.row_count() == 0) return Status::Ok();
    HELIOS_TRY(each(chunk));
  }
}

Status CopyTo(SessionImpl& session, const ast::CopyStatement& statement, const CopyOptions& options,
              ResultSink& sink, UtilityResult* result) {
  ast::StatementPtr table_query;
  if (statement.query == nullptr) {
    HELIOS_TRY(table_query, TableQuery(session, statement));
  }
  const ast::Statement& query = table_query != nullptr ? *table_query : *statement.query;
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(std::shared_ptr<const sql::plan::Plan> plan, sql::PlanStatement(query, context));
  if (!plan->returns_rows) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("COPY query must have a RETURNING clause");
  }
  for (const sql::plan::TableLockNeed& need : plan->locks) {
    HELIOS_TRY(session.LockTable(need.object, need.mode, need.name));
  }
  HELIOS_TRY(session.CheckPrivileges(plan->privileges));
  std::vector<std::string> names;
  for (const sql::plan::OutputColumn& column : plan->output) names.push_back(column.name);
  HELIOS_TRY(const auto force_quote, Flags("FORCE_QUOTE", options.force_quote, names));
  std::unique_ptr<sys::File> file;
  if (!statement.file.empty()) {
    HELIOS_TRY(file, sys::File::Create(statement.file));
  } else {
    HELIOS_TRY(
        sink.OnCopyOut({options.form == CopyForm::kBinary, static_cast<int16_t>(names.size())}));
  }
  session.Lookup();
  const TextFormat format = session.settings().text_format();
  std::string pending;
  const auto emit = [&](std::string_view bytes) -> Status {
    if (file == nullptr) return sink.OnCopyData(bytes);
    pending.append(bytes);
    if (pending.size() < kFilePieceBytes) return Status::Ok();
    HELIOS_TRY(file->Append(pending));
    pending.clear();
    return Status::Ok();
  };
  CopyWriter writer(options, names, force_quote, format, emit);
  HELIOS_TRY(writer.Begin());
  HELIOS_TRY(ForEachChunk(session, std::move(plan),
                          [&writer](const Chunk& rows) { return writer.Write(rows); }));
  HELIOS_TRY(writer.End());
  if (file == nullptr) {
    HELIOS_TRY(sink.OnCopyOutDone());
  } else if (!pending.empty()) {
    HELIOS_TRY(file->Append(pending));
  }
  result->tag = fmt::format("COPY {}", writer.row_count());
  return Status::Ok();
}

}  // namespace

Status RunCopy(SessionImpl& session, const ast::CopyStatement& statement, ResultSink& sink,
               UtilityResult* result) {
  HELIOS_TRY(const CopyOptions options, ReadCopyOptions(statement));
  HELIOS_TRY(CheckFileAccess(session, statement));
  return statement.from ? CopyFrom(session, statement, options, sink, result)
                        : CopyTo(session, statement, options, sink, result);
}

}  // namespace helios::compute
