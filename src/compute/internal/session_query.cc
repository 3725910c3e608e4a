// Planned statements: preparing, planning again when the catalog moved, locking, running.
//
// A statement that writes (or locks rows) runs to its end before anything of it reaches the client,
// so that READ COMMITTED can run it again when a row it meant to change was changed meanwhile: its
// writes are taken back, its locks stay, and a new snapshot sees the other transaction's work.
// Statements that only read stream.

#include "compute/internal/privileges.h"
#include "compute/internal/session_impl.h"
#include "compute/internal/statement_info.h"
#include "compute/internal/utility_fields.h"
#include "exec/point.h"

namespace helios::compute {

namespace {

// How often a statement is run again because rows changed under it. Each time it keeps the locks it
// has, so it only fails to end when others keep adding rows in its way.
constexpr int kRunsMax = 1000;
// How often a statement is planned again because DDL committed while it waited for its locks.
constexpr int kPlansMax = 20;

// Columns behind the statement's own (sort keys that are not selected) are not for the client.
// Those of a cursor's row sources stay.
void TrimColumns(const sql::plan::Plan& plan, Chunk* chunk) {
  const size_t count = plan.output.size() + plan.row_sources.size();
  if (chunk->column_count() > count) chunk->columns().resize(count);
}

// Rows of a running execution. The plan's parameters and memory belong to it.
class ExecutionSource : public RowSource {
 public:
  ExecutionSource(std::unique_ptr<exec::Execution> execution, std::shared_ptr<MemoryTracker> memory,
                  std::shared_ptr<hidb::SnapshotLease> lease)
      : lease_(std::move(lease)), memory_(std::move(memory)), execution_(std::move(execution)) {}
  Status Next(Chunk* out) override {
    HELIOS_TRY(execution_->Next(out));
    TrimColumns(execution_->plan(), out);
    return Status::Ok();
  }
  uint64_t affected_rows() const override { return execution_->affected_rows(); }

 private:
  // A cursor reads on at its snapshot while later statements take newer ones.
  std::shared_ptr<hidb::SnapshotLease> lease_;
  std::shared_ptr<MemoryTracker> memory_;  // Shared with the rows that a cursor keeps.
  std::unique_ptr<exec::Execution> execution_;
};

bool LocksRows(const sql::plan::Node& node) {
  if (node.kind == sql::plan::NodeKind::kLockRows) return true;
  for (const auto& child : node.children) {
    if (LocksRows(*child)) return true;
  }
  return false;
}

// The query inside a statement of another kind that takes the statement's parameters, or null.
const sql::ast::Statement* QueryWithParameters(const sql::ast::Statement& statement) {
  const sql::ast::Statement* query = nullptr;
  if (const auto* explain = sql::ast::TryAs<sql::ast::ExplainStatement>(&statement)) {
    query = explain->query.get();
  } else if (const auto* cursor = sql::ast::TryAs<sql::ast::DeclareCursorStatement>(&statement)) {
    query = cursor->query.get();
  }
  return query != nullptr && IsPlannable(*query) ? query : nullptr;
}

void DescribeParameters(const sql::plan::Plan& plan, PreparedStatement* prepared) {
  std::vector<Oid>& types = prepared->description.parameter_types;
  for (uint32_t slot = 0; slot < plan.statement_parameter_count; ++slot) {
    types.push_back(plan.slot_types[slot].oid);
  }
  // Types that were declared and never used still count.
  const std::vector<Oid>& declared = prepared->declared_types;
  if (declared.size() > types.size()) {
    types.insert(types.end(), declared.begin() + static_cast<ptrdiff_t>(types.size()),
                 declared.end());
  }
}

bool SameFields(const std::optional<std::vector<FieldDescription>>& a,
                const std::optional<std::vector<FieldDescription>>& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a.has_value()) return true;
  if (a->size() != b->size()) return false;
  for (size_t index = 0; index < a->size(); ++index) {
    if (!((*a)[index].type == (*b)[index].type) || (*a)[index].name != (*b)[index].name) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<FieldDescription> FieldsOf(const sql::plan::Plan& plan, const TypeLookup* lookup) {
  std::vector<FieldDescription> fields;
  for (const sql::plan::OutputColumn& column : plan.output) {
    fields.push_back(MakeField(column.name, column.type, lookup));
    fields.back().table = column.table;
    fields.back().column_number = column.column_number;
  }
  return fields;
}

FieldDescription MakeField(std::string name, SqlType type, const TypeLookup* lookup) {
  FieldDescription field;
  field.name = std::move(name);
  field.type = type;
  const TypeInfo* info = FindType(type.oid);
  if (info != nullptr) {
    field.type_length = info->length;
  } else if (lookup != nullptr) {
    const TypeLookup::UserType* user = lookup->FindUserType(type.oid);
    if (user != nullptr && user->kind == TypeLookup::UserKind::kEnum) field.type_length = 4;
    // Clients are shown a domain as the type below it.
    if (user != nullptr && user->kind == TypeLookup::UserKind::kDomain) {
      return MakeField(std::move(field.name), user->base, lookup);
    }
  }
  return field;
}

Result<std::shared_ptr<PreparedStatement>> SessionImpl::Prepare(std::string name, std::string text,
                                                                sql::ast::StatementPtr statement,
                                                                std::span<const Oid> types,
                                                                bool is_cursor) {
  auto prepared = std::make_shared<PreparedStatement>();
  prepared->name = std::move(name);
  prepared->text = std::move(text);
  prepared->statement = std::move(statement);
  prepared->declared_types.assign(types.begin(), types.end());
  prepared->prepared_us = NowMicros();
  prepared->is_cursor = is_cursor;
  if (prepared->statement != nullptr) HELIOS_TRY(DescribePrepared(*prepared));
  return prepared;
}

Status SessionImpl::DescribePrepared(PreparedStatement& prepared) {
  if (!IsPlannable(*prepared.statement)) {
    HELIOS_TRY(prepared.description.fields, DescribeUtility(*this, *prepared.statement));
    if (const sql::ast::Statement* query = QueryWithParameters(*prepared.statement)) {
      sql::PlannerContext context = MakePlannerContext();
      context.parameter_types = prepared.declared_types;
      HELIOS_TRY(std::unique_ptr<sql::plan::Plan> plan, sql::PlanStatement(*query, context));
      DescribeParameters(*plan, &prepared);
    }
    return Status::Ok();
  }
  HELIOS_TRY(EnsurePlan(prepared));
  const sql::plan::Plan& plan = *prepared.plan;
  DescribeParameters(plan, &prepared);
  if (plan.returns_rows) prepared.description.fields = FieldsOf(plan, &Lookup());
  prepared.described = true;
  return Status::Ok();
}

Status SessionImpl::EnsurePlan(PreparedStatement& prepared) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = Catalog();
  if (prepared.plan != nullptr && prepared.plan_snapshot == snapshot &&
      prepared.plan_settings_generation == settings_.generation() && prepared.plan_role == role_) {
    Lookup();
    return Status::Ok();
  }
  sql::PlannerContext context = MakePlannerContext();
  context.parameter_types =
      prepared.described ? prepared.description.parameter_types : prepared.declared_types;
  context.keep_row_keys = prepared.is_cursor;
  HELIOS_TRY(std::unique_ptr<sql::plan::Plan> plan,
             sql::PlanStatement(*prepared.statement, context));
  if (prepared.described) {
    std::optional<std::vector<FieldDescription>> fields;
    if (plan->returns_rows) fields = FieldsOf(*plan, &Lookup());
    if (!SameFields(fields, prepared.description.fields)) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("cached plan must not change result type");
    }
  }
  prepared.plan = std::move(plan);
  prepared.plan_snapshot = snapshot;
  prepared.plan_settings_generation = settings_.generation();
  prepared.plan_role = role_;
  return Status::Ok();
}

Status SessionImpl::LockForPlan(const sql::plan::Plan& plan) {
  for (const sql::plan::TableLockNeed& need : plan.locks) {
    HELIOS_TRY(LockTable(need.object, need.mode, need.name));
  }
  return Status::Ok();
}

// Plans, takes the plan's locks and checks privileges; plans again when DDL came in between.
Status SessionImpl::PrepareRun(PreparedStatement& prepared) {
  for (int round = 0; round < kPlansMax; ++round) {
    HELIOS_TRY(EnsurePlan(prepared));
    HELIOS_TRY(LockForPlan(*prepared.plan));
    HELIOS_TRY(RebaseCatalog());
    const std::shared_ptr<const catalog::Snapshot> now = Catalog();
    // Any DDL gives a new catalog, so that a session that keeps making tables would starve this
    // statement. The locked tables cannot change any more: a plan that knows them as they are now
    // will do, once it has been made anew for what it does not lock (types, views' definitions).
    bool same = now == prepared.plan_snapshot || round > 0;
    for (const sql::plan::TableLockNeed& need : prepared.plan->locks) {
      same = same && now->Find(need.object) == prepared.plan_snapshot->Find(need.object);
    }
    if (same) return CheckPrivileges(prepared.plan->privileges);
  }
  return Error(ErrorCode::kStalePlan)
      .Message("the catalog keeps changing under the statement")
      .Hint("Run the statement again.");
}

Status SessionImpl::CheckPrivileges(const std::vector<sql::plan::PrivilegeNeed>& needs) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = Catalog();
  for (const sql::plan::PrivilegeNeed& need : needs) {
    const Oid role = need.role == kInvalidOid ? role_ : need.role;
    const catalog::Object* object = snapshot->Find(need.object);
    if (object == nullptr) continue;  // System tables are for everybody.
    const auto mask = static_cast<catalog::PrivilegeMask>(need.privilege);
    if (HasPrivilege(*snapshot, role, *object, mask)) continue;
    bool granted = !need.columns.empty() && object->kind() == catalog::ObjectKind::kTable;
    if (granted) {
      const auto& table = static_cast<const catalog::Table&>(*object);
      if (need.columns.front() == 0) {
        granted = false;
        for (const catalog::Column& column : table.columns) {
          granted |= !column.dropped &&
                     HasColumnPrivilege(*snapshot, role, table, column.number, need.privilege);
        }
      } else {
        for (const int16_t column : need.columns) {
          granted &= HasColumnPrivilege(*snapshot, role, table, column, need.privilege);
        }
      }
    }
    if (!granted) return PermissionDenied(*object);
  }
  return Status::Ok();
}

expr::EvalContext SessionImpl::MakeEvalContext() {
  expr::EvalContext context;
  Lookup();
  context.text_format = settings_.text_format();
  context.transaction_start_us = txn_ == nullptr ? NowMicros() : txn_->start_us;
  context.statement_start_us = statement_start_us_;
  context.session = this;
  context.canceled = &canceled_;
  context.memory = memory_.get();
  return context;
}

exec::ExecutionContext SessionImpl::MakeExecutionContext(std::vector<Value> parameters) {
  exec::ExecutionContext context;
  context.storage = &storage();
  context.txn = txn_->has_id() ? txn_->id() : TxnId();
  context.writes = &txn_->writes();
  context.reads = txn_->reads();
  context.snapshot = txn_->TakeSnapshot();
  context.command = txn_->NextCommand();
  context.repeatable_read = txn_->isolation != Isolation::kReadCommitted;
  context.parameters = std::move(parameters);
  context.settings = MakeEvalContext();
  context.memory = memory_.get();
  context.memory_limit_bytes = settings_.run().query_memory_bytes;
  context.system_tables = system_tables_.get();
  context.spill = core_.options.spill;
  context.workers = core_.workers.helper_count() > 0 ? &core_.workers : nullptr;
  context.canceled = &canceled_;
  context.deferred = &txn_->deferred;
  const RunSettings& run = settings_.run();
  context.lock_timeout_us = run.lock_timeout_us;
  context.operator_memory_bytes = run.operator_memory_bytes;
  context.vector_rows = run.vector_rows;
  context.parallel_rows_min = run.parallel_rows_min;
  return context;
}

Status SessionImpl::StartQuery(Portal& portal) {
  PreparedStatement& prepared = *portal.prepared;
  HELIOS_TRY(PrepareRun(prepared));
  const sql::plan::Plan& plan = *prepared.plan;
  if (plan.writes && txn_->read_only) {
    return Error(ErrorCode::kReadOnlySqlTransaction)
        .Message("cannot execute {} in a read-only transaction",
                 StatementName(*prepared.statement));
  }
  const auto* select = sql::ast::TryAs<sql::ast::SelectStatement>(prepared.statement.get());
  if (select != nullptr && !select->locking.empty() && txn_->read_only) {
    constexpr const char* kStrengths[] = {"KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"};
    return Error(ErrorCode::kReadOnlySqlTransaction)
        .Message("cannot execute SELECT FOR {} in a read-only transaction",
                 kStrengths[static_cast<size_t>(select->locking[0].strength)]);
  }
  if (plan.writes || plan.point.has_value() || LocksRows(*plan.root)) {
    if (plan.writes || !plan.point.has_value()) txn_->BeginLocking();
    return RunWithRetry(portal.prepared, portal);
  }
  exec::ExecutionContext context = MakeExecutionContext(portal.parameters);
  portal.memory = MakeQueryMemory();
  context.memory = portal.memory.get();
  context.memory_limit_bytes = 0;
  HELIOS_TRY(std::unique_ptr<exec::Execution> execution,
             exec::Execution::Start(prepared.plan, std::move(context)));
  portal.rows =
      std::make_unique<ExecutionSource>(std::move(execution), portal.memory, txn_->lease());
  return Status::Ok();
}

Status SessionImpl::RunWithRetry(const std::shared_ptr<PreparedStatement>& prepared,
                                 Portal& portal) {
  const std::shared_ptr<const sql::plan::Plan>& plan = prepared->plan;
  if (plan->point.has_value()) {  // One row at most.
    std::vector<Chunk> chunks;
    Chunk row;
    HELIOS_TRY(
        const uint64_t affected, RunAgainWhileChanged(*plan, [&]() -> Result<uint64_t> {
          row = Chunk();
          uint64_t count = 0;
          HELIOS_TRY(exec::RunPoint(plan, MakeExecutionContext(portal.parameters), &row, &count));
          return count;
        }));
    if (plan->returns_rows && row.row_count() > 0) chunks.push_back(std::move(row));
    portal.rows = std::make_unique<ChunkListSource>(std::move(chunks), affected);
    return Status::Ok();
  }
  std::shared_ptr<KeptRows> kept;
  if (plan->returns_rows) {
    portal.memory = MakeQueryMemory();
    kept = MakeKeptRows(portal.memory);
  }
  HELIOS_TRY(const uint64_t affected, RunPlan(plan, portal.parameters, kept.get()));
  if (kept == nullptr) {
    portal.rows = std::make_unique<ChunkListSource>(std::vector<Chunk>(), affected);
    return Status::Ok();
  }
  const KeptRange range{.count = kept->rows().row_count(),
                        .column_count = plan->output.size() + plan->row_sources.size()};
  portal.rows = std::make_unique<KeptRowsSource>(std::move(kept), range, affected);
  return Status::Ok();
}

std::shared_ptr<MemoryTracker> SessionImpl::MakeQueryMemory() {
  return std::make_shared<MemoryTracker>("query", settings_.run().query_memory_bytes,
                                         memory_.get());
}

std::shared_ptr<KeptRows> SessionImpl::MakeKeptRows(std::shared_ptr<MemoryTracker> memory) {
  if (memory == nullptr) memory = MakeQueryMemory();
  return std::make_shared<KeptRows>(std::move(memory), core_.options.spill,
                                    settings_.run().operator_memory_bytes);
}

Result<uint64_t> SessionImpl::RunPlan(std::shared_ptr<const sql::plan::Plan> plan,
                                      std::vector<Value> parameters, KeptRows* rows) {
  return RunAgainWhileChanged(*plan, [&]() -> Result<uint64_t> {
    if (rows != nullptr) rows->rows().Clear();
    exec::ExecutionContext context = MakeExecutionContext(parameters);
    if (rows != nullptr) {
      context.memory = rows->memory();
      context.memory_limit_bytes = 0;
    }
    if (plan->point.has_value()) {
      Chunk row;
      uint64_t affected = 0;
      HELIOS_TRY(exec::RunPoint(plan, context, &row, &affected));
      if (rows != nullptr) HELIOS_TRY(rows->rows().Append(row));
      return affected;
    }
    HELIOS_TRY(std::unique_ptr<exec::Execution> execution,
               exec::Execution::Start(plan, std::move(context)));
    while (true) {
      Chunk chunk;
      HELIOS_TRY(execution->Next(&chunk));
      if (chunk.row_count() == 0) return execution->affected_rows();
      if (rows == nullptr) continue;
      TrimColumns(*plan, &chunk);
      HELIOS_TRY(rows->rows().Append(chunk));
    }
  });
}

Result<uint64_t> SessionImpl::RunAgainWhileChanged(const sql::plan::Plan& plan,
                                                   const std::function<Result<uint64_t>()>& run) {
  for (int count = 0; count < kRunsMax; ++count) {
    if (plan.writes) txn_->BeginLocking();
    const hidb::CommandId command = txn_->command() + 1;
    Result<uint64_t> affected = run();
    if (affected.ok() || !affected.status().Is(ErrorCode::kWriteConflict)) return affected;
    // What has changed the row may not be durable yet.
    txn_->BeginLocking();
    txn_->writes().RollbackTo(command);
    txn_->deferred.RollbackTo(command);
    if (canceled_.load()) {
      return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
    }
  }
  return Error(ErrorCode::kSerializationFailure)
      .Message("could not serialize access due to concurrent update")
      .Detail("The statement was run {} times and met changed rows each time.", kRunsMax);
}

Result<uint64_t> SessionImpl::RunStatement(const sql::ast::Statement& statement) {
  sql::PlannerContext context = MakePlannerContext();
  HELIOS_TRY(std::unique_ptr<sql::plan::Plan> plan, sql::PlanStatement(statement, context));
  HELIOS_TRY(LockForPlan(*plan));
  HELIOS_TRY(CheckPrivileges(plan->privileges));
  return RunPlan(std::move(plan), {}, nullptr);
}

Status SessionImpl::StartPortal(Portal& portal, ResultSink& sink) {
  portal.started = true;
  PreparedStatement& prepared = *portal.prepared;
  if (IsPlannable(*prepared.statement)) {
    HELIOS_TRY(StartQuery(portal));
    if (prepared.plan->returns_rows && !portal.fields.has_value()) {
      portal.fields = FieldsOf(*prepared.plan, &Lookup());
    }
    if (!prepared.plan->returns_rows) portal.finished = true;
    return Status::Ok();
  }
  HELIOS_TRY(UtilityResult result, RunUtility(*prepared.statement, portal, sink));
  portal.tag = std::move(result.tag);
  if (result.fields.has_value() && !portal.fields.has_value()) portal.fields = result.fields;
  portal.rows = std::move(result.rows);
  if (portal.rows == nullptr) portal.finished = true;
  return Status::Ok();
}

}  // namespace helios::compute
