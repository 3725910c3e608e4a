// The messages of a client: simple queries, and Parse, Bind, Describe, Execute, Close, Sync.

#include "compute/internal/session_impl.h"
#include "compute/internal/statement_info.h"
#include "sql/ast_util.h"
#include "sql/parser/parser.h"
#include "types/text.h"

namespace helios::compute {

namespace {

Status NoStatement(std::string_view name) {
  if (name.empty()) {
    return Error(ErrorCode::kInvalidSqlStatementName)
        .Message("unnamed prepared statement does not exist");
  }
  return Error(ErrorCode::kInvalidSqlStatementName)
      .Message("prepared statement \"{}\" does not exist", name);
}

Status NoPortal(std::string_view name) {
  return Error(ErrorCode::kInvalidCursorName).Message("portal \"{}\" does not exist", name);
}

// A simple query has no values for $1.
Status CheckNoParameters(const sql::ast::Statement& statement) {
  if (statement.kind == sql::ast::StatementKind::kPrepare) return Status::Ok();
  Status status;
  sql::ast::WalkExprs(statement, [&](const sql::ast::Expr& expr) {
    const auto* parameter = sql::ast::TryAs<sql::ast::Parameter>(&expr);
    if (parameter == nullptr) return sql::ast::WalkStep::kDescend;
    status = Error(ErrorCode::kUndefinedParameter)
                 .Message("there is no parameter ${}", parameter->number)
                 .Position(parameter->location < 0 ? 0 : parameter->location + 1);
    return sql::ast::WalkStep::kStop;
  });
  return status;
}

}  // namespace

Status SessionImpl::CheckRunnable(const sql::ast::Statement& statement) const {
  if (block_ != BlockState::kFailed) return Status::Ok();
  if (const auto* transaction = sql::ast::TryAs<sql::ast::TransactionStatement>(&statement)) {
    switch (transaction->transaction) {
      case sql::ast::TransactionKind::kCommit:
      case sql::ast::TransactionKind::kRollback:
      case sql::ast::TransactionKind::kRollbackTo:
        return Status::Ok();
      default:
        break;
    }
  }
  return Error(ErrorCode::kInFailedSqlTransaction)
      .Message("current transaction is aborted, commands ignored until end of transaction block");
}

Status SessionImpl::ExecuteSimple(std::string_view sql, ResultSink& sink) {
  sink_ = &sink;
  BeginActivity(sql);
  StatementTimer timer(*this);
  const auto run = [&]() -> Status {
    HELIOS_TRY(std::vector<sql::RawStatement> statements, sql::Parse(sql));
    for (const std::string& name : sql::FindLongIdentifiers(sql)) {
      Notice(
          Notice::Severity::kNotice, "42622",
          fmt::format("identifier \"{}\" will be truncated to \"{}\"", name, TruncateName(name)));
    }
    // The unnamed statement and portal do not survive a simple query.
    statements_.erase("");
    portals_.erase("");
    if (statements.empty()) {
      HELIOS_TRY(sink.OnEmptyQuery());
      return Status::Ok();
    }
    for (size_t index = 0; index < statements.size(); ++index) {
      HELIOS_TRY(CheckRunnable(*statements[index].statement));
      HELIOS_TRY(CheckNoParameters(*statements[index].statement));
      EnsureTransaction();
      HELIOS_TRY(PrepareCatalog(*statements[index].statement));
      // Error positions count from the beginning of the whole text, so that is what it is kept
      // with.
      auto prepared = std::make_shared<PreparedStatement>();
      prepared->text = sql;
      prepared->statement = std::move(statements[index].statement);
      HELIOS_TRY(RunSimpleStatement(std::move(prepared), index + 1 == statements.size(), sink));
    }
    return Status::Ok();
  };
  Status status = Rewrite(run());
  if (!status.ok()) FailStatement();
  if (status.ok() && block_ == BlockState::kImplicit) status = Commit();
  sink_ = nullptr;
  EndActivity();
  return status;
}

Status SessionImpl::RunSimpleStatement(std::shared_ptr<PreparedStatement> prepared, bool last,
                                       ResultSink& sink) {
  Portal portal;
  portal.prepared = std::move(prepared);
  HELIOS_TRY(StartPortal(portal, sink));
  if (portal.fields.has_value()) HELIOS_TRY(sink.OnFields(*portal.fields));
  HELIOS_TRY(const uint64_t rows,
             PumpRows(portal, 0, [&sink](const Chunk& chunk) { return sink.OnRows(chunk); }));
  const std::string tag = CommandTag(*portal.prepared->statement, portal, rows);
  portal.rows.reset();
  // As PostgreSQL, a single statement is committed before the client hears that it is done.
  if (last && block_ == BlockState::kImplicit) HELIOS_TRY(Commit());
  return sink.OnComplete(tag);
}

Status SessionImpl::Parse(std::string_view statement, std::string_view sql,
                          std::span<const Oid> parameter_types) {
  BeginActivity(sql);
  const auto run = [&]() -> Status {
    if (statement.empty()) {
      statements_.erase("");
    } else if (statements_.find(statement) != statements_.end()) {
      return Error(ErrorCode::kDuplicatePreparedStatement)
          .Message("prepared statement \"{}\" already exists", statement);
    }
    HELIOS_TRY(std::vector<sql::RawStatement> statements, sql::Parse(sql));
    if (statements.size() > 1) {
      return Error(ErrorCode::kSyntaxError)
          .Message("cannot insert multiple commands into a prepared statement");
    }
    if (!statements.empty()) HELIOS_TRY(CheckRunnable(*statements[0].statement));
    EnsureTransaction();
    if (!statements.empty()) HELIOS_TRY(PrepareCatalog(*statements[0].statement));
    HELIOS_TRY(std::shared_ptr<PreparedStatement> prepared,
               Prepare(std::string(statement), std::string(sql),
                       statements.empty() ? nullptr : std::move(statements[0].statement),
                       parameter_types));
    statements_[std::string(statement)] = std::move(prepared);
    return Status::Ok();
  };
  Status status = Rewrite(run());
  if (!status.ok()) FailStatement();
  EndActivity();
  return status;
}

Result<const StatementDescription*> SessionImpl::DescribeStatement(std::string_view statement) {
  const auto found = statements_.find(statement);
  if (found == statements_.end()) {
    FailStatement();
    return NoStatement(statement);
  }
  return &found->second->description;
}

Status SessionImpl::Bind(std::string_view portal, std::string_view statement,
                         std::vector<Value> parameters) {
  const auto run = [&]() -> Status {
    const auto found = statements_.find(statement);
    if (found == statements_.end()) return NoStatement(statement);
    const std::shared_ptr<PreparedStatement>& prepared = found->second;
    if (prepared->statement != nullptr) HELIOS_TRY(CheckRunnable(*prepared->statement));
    if (!portal.empty() && portals_.find(portal) != portals_.end()) {
      return Error(ErrorCode::kDuplicateCursor).Message("cursor \"{}\" already exists", portal);
    }
    if (parameters.size() != prepared->description.parameter_types.size()) {
      return Error(ErrorCode::kProtocolViolation)
          .Message("bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                   parameters.size(), statement, prepared->description.parameter_types.size());
    }
    EnsureTransaction();
    // The catalog may have moved on: what Describe and the result formats rest on must still hold.
    if (prepared->statement != nullptr) HELIOS_TRY(PrepareCatalog(*prepared->statement));
    if (prepared->statement != nullptr && IsPlannable(*prepared->statement)) {
      HELIOS_TRY(EnsurePlan(*prepared));
    }
    Portal bound;
    bound.name = portal;
    bound.prepared = prepared;
    bound.parameters = std::move(parameters);
    bound.fields = prepared->description.fields;
    bound.created_us = NowMicros();
    bound.created_command = txn_->command() + 1;
    portals_.erase(std::string(portal));
    portals_.emplace(std::string(portal), std::move(bound));
    return Status::Ok();
  };
  Status status = run();
  if (!status.ok()) FailStatement();
  return status;
}

Result<const std::vector<FieldDescription>*> SessionImpl::DescribePortal(std::string_view portal) {
  const auto found = portals_.find(portal);
  if (found == portals_.end()) {
    FailStatement();
    return NoPortal(portal);
  }
  return found->second.fields.has_value() ? &*found->second.fields : nullptr;
}

Result<ExecuteOutcome> SessionImpl::Execute(std::string_view portal_name, int64_t max_rows,
                                            ResultSink& sink) {
  const auto found = portals_.find(portal_name);
  if (found == portals_.end()) {
    FailStatement();
    return NoPortal(portal_name);
  }
  sink_ = &sink;
  BeginActivity(found->second.prepared->text);
  StatementTimer timer(*this);
  const auto run = [&]() -> Result<ExecuteOutcome> {
    Portal& portal = found->second;
    if (portal.prepared->statement == nullptr) {
      HELIOS_TRY(sink.OnEmptyQuery());
      return ExecuteOutcome::kComplete;
    }
    HELIOS_TRY(CheckRunnable(*portal.prepared->statement));
    EnsureTransaction();
    if (!portal.started) {
      HELIOS_TRY(PrepareCatalog(*portal.prepared->statement));
      // The statement may end the transaction, and with it every portal: keep what is needed here.
      Portal running = std::move(portal);
      portals_.erase(found);
      Status started = StartPortal(running, sink);
      if (!started.ok()) return started;
      const std::string name = running.name;
      portals_.erase(name);
      portals_.emplace(name, std::move(running));
    }
    Portal& running = portals_.find(portal_name)->second;
    HELIOS_TRY(const uint64_t rows,
               PumpRows(running, static_cast<uint64_t>(max_rows < 0 ? 0 : max_rows),
                        [&sink](const Chunk& chunk) { return sink.OnRows(chunk); }));
    if (!running.finished) return ExecuteOutcome::kSuspended;
    HELIOS_TRY(sink.OnComplete(CommandTag(*running.prepared->statement, running, rows)));
    return ExecuteOutcome::kComplete;
  };
  Result<ExecuteOutcome> outcome = run();
  sink_ = nullptr;
  if (!outcome.ok()) {
    Status status = Rewrite(std::move(outcome).status());
    FailStatement();
    EndActivity();
    return status;
  }
  EndActivity();
  return outcome;
}

Status SessionImpl::CloseStatement(std::string_view statement) {
  statements_.erase(std::string(statement));
  return Status::Ok();
}

Status SessionImpl::ClosePortal(std::string_view portal) {
  portals_.erase(std::string(portal));
  return Status::Ok();
}

Status SessionImpl::Sync(ResultSink& sink) {
  if (block_ != BlockState::kImplicit) return Status::Ok();
  sink_ = &sink;
  Status status = Commit();
  sink_ = nullptr;
  EndActivity();
  return status;
}

Result<uint64_t> SessionImpl::PumpRows(Portal& portal, uint64_t max_rows,
                                       const std::function<Status(const Chunk&)>& emit) {
  if (portal.is_cursor) return PumpCursor(portal, max_rows, emit);
  uint64_t sent = 0;
  while (!portal.finished) {
    if (portal.pending_row == portal.pending.row_count()) {
      portal.pending_row = 0;
      portal.pending.SetRowCount(0);
      if (portal.rows == nullptr) {
        portal.finished = true;
        break;
      }
      if (Status status = portal.rows->Next(&portal.pending); !status.ok()) {
        portal.rows.reset();
        portal.pending = Chunk();
        return status;
      }
      if (portal.pending.row_count() == 0) {
        portal.finished = true;
        break;
      }
    }
    const size_t available = portal.pending.row_count() - portal.pending_row;
    const size_t wanted =
        max_rows == 0 ? available : std::min<uint64_t>(available, max_rows - sent);
    if (wanted == portal.pending.row_count()) {
      HELIOS_TRY(emit(portal.pending));
    } else {
      auto selection = std::make_shared<Selection>();
      for (size_t row = 0; row < wanted; ++row) {
        selection->push_back(static_cast<SelectionIndex>(portal.pending_row + row));
      }
      Chunk part = portal.pending;
      part.Slice(std::move(selection));
      HELIOS_TRY(emit(part));
    }
    portal.pending_row += wanted;
    sent += wanted;
    // Whether there are more is not looked at: a portal that stops at its limit is suspended.
    if (max_rows != 0 && sent == max_rows) break;
  }
  portal.sent_rows += sent;
  return sent;
}

}  // namespace helios::compute
