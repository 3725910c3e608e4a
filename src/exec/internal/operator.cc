#include "exec/internal/operator.h"

#include "exec/internal/subplans.h"
#include "exec/internal/write/counted_keys.h"
#include "exec/internal/write/foreign_keys.h"
#include "exec/internal/write/unique_checks.h"

namespace helios::exec {
namespace {

// Buffered writes beyond this move to storage's staging area.
constexpr size_t kStageBytes = size_t{64} << 20;

}  // namespace

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
    : plan(std::move(plan_in)),
      context(std::move(context_in)),
      eval(context.settings),
      note_memory(nullptr) {
  if (context.memory == nullptr || context.memory_limit_bytes > 0) {
    own_memory =
        std::make_unique<MemoryTracker>("query", context.memory_limit_bytes, context.memory);
    context.memory = own_memory.get();
  }
  note_memory = GrowingReservation(context.memory);
  vector_rows = std::clamp<size_t>(context.vector_rows, 1, kVectorRowsMax);
  slots = std::move(context.parameters);
  slots.resize(std::max<size_t>(plan->slot_count, slots.size()));
  for (size_t i = plan->statement_parameter_count; i < plan->slot_types.size(); ++i) {
    if (i < slots.size()) slots[i] = Value::Null(plan->slot_types[i]);
  }
  eval.parameters = slots;
  eval.canceled = context.canceled;
  eval.memory = context.memory;
  if (!plan->subplans.empty()) {
    subplans = std::make_unique<Subplans>(*this);
    eval.subplan_runner = subplans.get();
  }
}

QueryState::~QueryState() { CloseOperators(); }

void QueryState::CloseOperators() {
  root.reset();
  foreign_keys.reset();
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
  if (newest_depth > 0) return NewestView();
  return {context.snapshot, context.writes, context.command, context.reads};
}

hidb::ReadView QueryState::NewestView() const {
  return {kTimestampMax, context.writes, context.command + 1};
}

CteState& QueryState::Cte(uint32_t index) {
  if (index >= ctes.size()) ctes.resize(index + 1);
  return ctes[index];
}

Status QueryState::NoteNewRows(const plan::WriteTarget& target, const Chunk& rows,
                               const Chunk* old_rows, const std::vector<std::string>& row_keys) {
  if (target.references.empty()) return Status::Ok();
  if (foreign_keys == nullptr) foreign_keys = std::make_unique<ForeignKeys>(*this);
  return foreign_keys->NoteNewRows(target, rows, old_rows, row_keys);
}

Status QueryState::NoteOldRows(const plan::WriteTarget& target, const Chunk& old_rows,
                               const Chunk* new_rows) {
  if (target.referenced_by.empty()) return Status::Ok();
  if (foreign_keys == nullptr) foreign_keys = std::make_unique<ForeignKeys>(*this);
  return foreign_keys->NoteOldRows(target, old_rows, new_rows);
}

Status QueryState::NoteUnique(const plan::WriteTarget& target, const plan::IndexTarget& index,
                              const Chunk& parts, size_t row) {
  UniqueNote note{&target, &index, {}};
  for (const Vector& part : parts.columns()) note.parts.push_back(Value::FromVector(part, row));
  HELIOS_TRY(note_memory.Add(sizeof(note) + BytesOf(note.parts)));
  unique_notes.push_back(std::move(note));
  return Status::Ok();
}

Status QueryState::StageIfLarge() {
  if (context.writes->bytes() < kStageBytes) return Status::Ok();
  return context.storage->StageWrites(context.txn, context.writes);
}

Status QueryState::FinishStatement() {
  if (foreign_keys != nullptr) HELIOS_TRY(foreign_keys->Finish());
  std::vector<UniqueNote> notes = std::move(unique_notes);
  unique_notes.clear();
  for (UniqueNote& note : notes) {
    if (context.deferred != nullptr &&
        context.deferred->IsDeferred(note.index->name, note.index->initially_deferred)) {
      DeferredChecks::Check check;
      check.kind = DeferredChecks::Check::Kind::kUnique;
      check.plan = plan;
      check.target = note.target;
      check.index = static_cast<int32_t>(note.index - note.target->indexes.data());
      check.key = std::move(note.parts);
      check.command = context.command;
      HELIOS_TRY(context.deferred->Add(std::move(check)));
      continue;
    }
    HELIOS_TRY(CheckUniqueNow(*this, *note.target, *note.index, note.parts));
  }
  return Status::Ok();
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
