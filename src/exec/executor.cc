#include "exec/executor.h"

#include "exec/internal/operator.h"

namespace helios::exec {
namespace {

// The write whose row count is the statement's: below what may stand above it.
const plan::Node* CountedWrite(const plan::Node* node) {
  while (node != nullptr) {
    switch (node->kind) {
      case plan::NodeKind::kInsert:
      case plan::NodeKind::kUpdate:
      case plan::NodeKind::kDelete:
      case plan::NodeKind::kMerge:
        return node;
      case plan::NodeKind::kWithCte:
      case plan::NodeKind::kProject:
        node = node->children.empty() ? nullptr : node->children[0].get();
        break;
      default:
        return nullptr;
    }
  }
  return nullptr;
}

}  // namespace

Execution::Execution() = default;
Execution::~Execution() = default;

Result<std::unique_ptr<Execution>> Execution::Start(std::shared_ptr<const plan::Plan> plan,
                                                    ExecutionContext context) {
  std::unique_ptr<Execution> execution(new Execution());
  execution->state_ = std::make_unique<QueryState>(std::move(plan), std::move(context));
  QueryState& state = *execution->state_;
  state.counted_write = CountedWrite(state.plan->root.get());
  HELIOS_TRY(state.root, BuildOperator(state, *state.plan->root));
  return execution;
}

Status Execution::Next(Chunk* out) {
  *out = Chunk();
  if (closed_) return Status::Ok();
  Status status = Status::Ok();
  if (!opened_) {
    opened_ = true;
    status = state_->root->Open();
  }
  if (status.ok()) status = state_->root->Next(out);
  if (status.ok() && out->row_count() == 0) status = state_->FinishStatement();
  if (!status.ok()) {
    *out = Chunk();
    closed_ = true;
    state_->CloseOperators();
    return status;
  }
  if (out->row_count() == 0) {
    closed_ = true;
    return status;
  }
  const size_t shown = state_->plan->output.size() + state_->plan->row_sources.size();
  if (out->column_count() > shown && state_->plan->returns_rows) out->columns().resize(shown);
  if (state_->counted_write == nullptr) state_->affected_rows += out->row_count();
  return status;
}

uint64_t Execution::affected_rows() const { return state_->affected_rows; }

const NodeStats* Execution::StatsOf(const plan::Node& node) const {
  const auto found = state_->stats.find(&node);
  return found == state_->stats.end() ? nullptr : &found->second;
}

const plan::Plan& Execution::plan() const { return *state_->plan; }

}  // namespace helios::exec
