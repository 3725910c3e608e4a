#include "exec/internal/operator.h"

#include "exec/internal/subplans.h"

namespace helios::exec {

Operator::Operator(QueryState& query, const plan::Node& node) : query_(query), node_(node) {
  if (query.context.instrument) shared_stats_ = &query.stats[&node];
}

Status Operator::Open() {
  HELIOS_TRY(query_.CheckCanceled());
  if (shared_stats_ == nullptr) return DoOpen();
  const int64_t start = query_.context.clock->MonotonicMicros();
  const NodeStats before = stats_;
  Status status = DoOpen();
  ++stats_.loops;
  stats_.total_us += query_.context.clock->MonotonicMicros() - start;
  Publish(before);
  return status;
}

Status Operator::Next(Chunk* out) {
  HELIOS_TRY(query_.CheckCanceled());
  if (shared_stats_ == nullptr) return DoNext(out);
  const int64_t start = query_.context.clock->MonotonicMicros();
  const NodeStats before = stats_;
  Status status = DoNext(out);
  stats_.total_us += query_.context.clock->MonotonicMicros() - start;
  if (status.ok() && out->row_count() > 0) {
    if (stats_.rows == 0) stats_.first_row_us = stats_.total_us;
    stats_.rows += out->row_count();
  }
  Publish(before);
  return status;
}

void Operator::Publish(const NodeStats& before) {
  std::lock_guard lock(query_.stats_mutex);
  NodeStats& to = *shared_stats_;
  if (to.rows == 0 && stats_.rows > 0) to.first_row_us = stats_.first_row_us;
  to.rows += stats_.rows - before.rows;
  to.loops += stats_.loops - before.loops;
  to.total_us += stats_.total_us - before.total_us;
  to.memory_bytes = std::max(to.memory_bytes, stats_.memory_bytes);
  to.spilled_bytes += stats_.spilled_bytes - before.spilled_bytes;
  to.removed_rows += stats_.removed_rows - before.removed_rows;
}

QueryState::QueryState(std::shared_ptr<const plan::Plan> plan_in, ExecutionContext context_in)
    : plan(std::move(plan_in)), context(std::move(context_in)), eval(context.settings) {
  if (context.memory == nullptr) {
    own_memory = std::make_unique<MemoryTracker>("query", 0);
    context.memory = own_memory.get();
  }
  vector_rows = std::clamp<size_t>(context.vector_rows, 1, kVectorRowsMax);
  slots = std::move(context.parameters);
  slots.resize(std::max<size_t>(plan->slot_count, slots.size()));
  for (size_t i = plan->statement_parameter_count; i < plan->slot_types.size(); ++i) {
    if (i < slots.size()) slots[i] = Value::Null(plan->slot_types[i]);
  }
  eval.parameters = slots;
  eval.canceled = context.canceled;
  if (!plan->subplans.empty()) {
    subplans = std::make_unique<Subplans>(*this);
    eval.subplan_runner = subplans.get();
  }
}

QueryState::~QueryState() { CloseOperators(); }

void QueryState::CloseOperators() {
  root.reset();
  subplans.reset();
  eval.subplan_runner = nullptr;
  ctes.clear();
  work_tables.clear();
}

Status QueryState::CheckCanceled() const {
  if (eval.IsCanceled()) [[unlikely]] {
    return Error(ErrorCode::kQueryCanceled).Message("canceling statement due to user request");
  }
  return Status::Ok();
}

hidb::ReadView QueryState::StatementView() const {
  return {context.snapshot, context.writes, context.command};
}

hidb::ReadView QueryState::NewestView() const {
  return {kTimestampMax, context.writes, context.command + 1};
}

CteState& QueryState::Cte(uint32_t index) {
  if (index >= ctes.size()) ctes.resize(index + 1);
  return ctes[index];
}

PhysicalType PhysicalOf(const plan::Node& node, size_t column) {
  return column < node.physicals.size() ? node.physicals[column]
                                        : PhysicalTypeOf(node.types[column].oid);
}

std::vector<PhysicalType> PhysicalsOf(const plan::Node& node) {
  std::vector<PhysicalType> result(node.types.size());
  for (size_t i = 0; i < result.size(); ++i) result[i] = PhysicalOf(node, i);
  return result;
}

}  // namespace helios::exec
