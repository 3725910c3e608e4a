#include "exec/internal/parallel.h"

#include <algorithm>

namespace helios::exec {
namespace {

bool HasOnlySafeExpressions(const plan::Node& node) {
  bool safe = true;
  ForEachExpression(node, [&](const expr::Expr& expression) {
    safe = safe && !expr::ContainsVolatile(expression) && !expr::ContainsSubplan(expression);
  });
  return safe;
}

// Session functions (nextval, set_config) belong to the session's thread.
bool AsksSession(const plan::Node& node) {
  bool found = false;
  ForEachExpression(node, [&](const expr::Expr& root) {
    expr::Walk(root, [&](const expr::Expr& e) {
      if (e.kind == expr::ExprKind::kFunction) {
        const auto& call = expr::As<expr::FunctionExpr>(e);
        found |= call.function != nullptr && call.function->needs_session;
      }
      return !found;
    });
  });
  return found;
}

// Rows that the scan feeding this pipeline reads.
double PipelineRows(const QueryState& query, const plan::Node& node) {
  if (node.kind == plan::NodeKind::kScan) {
    return ScannedRows(query, static_cast<const plan::ScanNode&>(node));
  }
  return node.children.empty() ? 0 : PipelineRows(query, *node.children[0]);
}

}  // namespace

double ScannedRows(const QueryState& query, const plan::ScanNode& scan) {
  // The estimate is of what passes the filter; a scan of the whole table reads all of it.
  if (!scan.bounds.empty() || query.context.storage == nullptr) return scan.estimated_rows;
  const auto rows = query.context.storage->Statistics(scan.layout->space).row_count;
  return std::max(scan.estimated_rows, static_cast<double>(rows));
}

bool IsParallelSafe(const plan::Node& node) {
  switch (node.kind) {
    case plan::NodeKind::kScan: {
      const auto& scan = static_cast<const plan::ScanNode&>(node);
      return !scan.ordered && scan.limit == 0 && HasOnlySafeExpressions(node) && !AsksSession(node);
    }
    case plan::NodeKind::kFilter:
    case plan::NodeKind::kProject:
      return HasOnlySafeExpressions(node) && !AsksSession(node) &&
             IsParallelSafe(*node.children[0]);
    case plan::NodeKind::kJoin: {
      const auto& join = static_cast<const plan::JoinNode&>(node);
      // RIGHT and FULL joins need to know when every probe has ended.
      return !join.keys.empty() && join.join_type != plan::JoinType::kRight &&
             join.join_type != plan::JoinType::kFull && HasOnlySafeExpressions(node) &&
             !AsksSession(node) && IsParallelSafe(*node.children[0]);
    }
    default:
      return false;
  }
}

Result<std::unique_ptr<Source>> Source::Make(QueryState& query, const plan::Node& node,
                                             bool allow_parallel) {
  std::unique_ptr<Source> source(new Source(query));
  size_t workers = 1;
  if (allow_parallel && query.context.workers != nullptr &&
      query.context.workers->worker_count() > 1 &&
      PipelineRows(query, node) >= query.context.parallel_rows_min && IsParallelSafe(node)) {
    workers = query.context.workers->worker_count();
  }
  source->group_.worker_count = workers;
  for (size_t i = 0; i < workers; ++i) {
    HELIOS_TRY(OperatorPtr copy,
               BuildOperator(query, node, workers > 1 ? &source->group_ : nullptr));
    source->copies_.push_back(std::move(copy));
  }
  return source;
}

Status Source::Open() {
  for (auto& [node, state] : group_.states) state->Reset();
  group_.first_only = false;
  for (OperatorPtr& copy : copies_) {
    HELIOS_TRY(copy->Open());
    if (group_.first_only) break;
  }
  return Status::Ok();
}

Status Source::ForEach(const std::function<Status(size_t worker, Chunk& chunk)>& consume) {
  const auto run = [&](size_t worker) -> Status {
    Chunk chunk;
    while (true) {
      HELIOS_TRY(copies_[worker]->Next(&chunk));
      if (chunk.row_count() == 0) return Status::Ok();
      HELIOS_TRY(consume(worker, chunk));
    }
  };
  if (copies_.size() == 1 || group_.first_only) return run(0);
  return query_.context.workers->Run(copies_.size(), run);
}

}  // namespace helios::exec
