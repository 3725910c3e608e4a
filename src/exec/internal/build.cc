#include "exec/internal/operators.h"
#include "exec/internal/parallel.h"
#include "exec/internal/scan.h"

namespace helios::exec {
namespace {

using plan::NodeKind;

template <typename T>
const T& NodeAs(const plan::Node& node) {
  return static_cast<const T&>(node);
}

Result<OperatorPtr> BuildJoin(QueryState& query, const plan::JoinNode& node, ParallelGroup* group) {
  HELIOS_TRY(OperatorPtr left, BuildOperator(query, *node.children[0], group));
  if (!node.keys.empty()) return MakeHashJoin(query, node, std::move(left), group);
  HELIOS_TRY(OperatorPtr right, BuildOperator(query, *node.children[1]));
  return MakeNestedLoop(query, node, std::move(left), std::move(right));
}

// Nodes with one child whose operator takes just that.
Result<OperatorPtr> BuildUnary(QueryState& query, const plan::Node& node, ParallelGroup* group) {
  HELIOS_TRY(OperatorPtr child, BuildOperator(query, *node.children[0], group));
  switch (node.kind) {
    case NodeKind::kFilter:
      return MakeFilter(query, NodeAs<plan::FilterNode>(node), std::move(child));
    case NodeKind::kProject:
      return MakeProject(query, NodeAs<plan::ProjectNode>(node), std::move(child));
    case NodeKind::kProjectSet:
      return MakeProjectSet(query, NodeAs<plan::ProjectSetNode>(node), std::move(child));
    case NodeKind::kSort:
      return MakeSort(query, NodeAs<plan::SortNode>(node), std::move(child));
    case NodeKind::kLimit:
      return MakeLimit(query, NodeAs<plan::LimitNode>(node), std::move(child));
    case NodeKind::kDistinctOn:
      return MakeDistinctOn(query, NodeAs<plan::DistinctOnNode>(node), std::move(child));
    case NodeKind::kWindow:
      return MakeWindow(query, NodeAs<plan::WindowNode>(node), std::move(child));
    case NodeKind::kLockRows:
      return MakeLockRows(query, NodeAs<plan::LockRowsNode>(node), std::move(child));
    case NodeKind::kInsert:
      return MakeInsert(query, NodeAs<plan::InsertNode>(node), std::move(child));
    case NodeKind::kUpdate:
      return MakeUpdate(query, NodeAs<plan::UpdateNode>(node), std::move(child));
    case NodeKind::kDelete:
      return MakeDelete(query, NodeAs<plan::DeleteNode>(node), std::move(child));
    case NodeKind::kMerge:
      return MakeMerge(query, NodeAs<plan::MergeNode>(node), std::move(child));
    default:
      break;
  }
  return Error(ErrorCode::kInternal).Message("unknown plan node {}", static_cast<int>(node.kind));
}

}  // namespace

Result<OperatorPtr> BuildOperator(QueryState& query, const plan::Node& node, ParallelGroup* group) {
  switch (node.kind) {
    case NodeKind::kScan:
      return MakeScan(query, NodeAs<plan::ScanNode>(node), group);
    case NodeKind::kSystemScan:
      return MakeSystemScan(query, NodeAs<plan::SystemScanNode>(node));
    case NodeKind::kTableFunction:
      return MakeTableFunction(query, NodeAs<plan::TableFunctionNode>(node));
    case NodeKind::kValues:
      return MakeValues(query, NodeAs<plan::ValuesNode>(node));
    case NodeKind::kAggregate:
      return MakeAggregate(query, NodeAs<plan::AggregateNode>(node));
    case NodeKind::kJoin:
      return BuildJoin(query, NodeAs<plan::JoinNode>(node), group);
    case NodeKind::kApply: {
      HELIOS_TRY(OperatorPtr left, BuildOperator(query, *node.children[0]));
      HELIOS_TRY(OperatorPtr right, BuildOperator(query, *node.children[1]));
      return MakeApply(query, NodeAs<plan::ApplyNode>(node), std::move(left), std::move(right));
    }
    case NodeKind::kSetOperation: {
      std::vector<OperatorPtr> children;
      for (const plan::NodePtr& child : node.children) {
        HELIOS_TRY(OperatorPtr built, BuildOperator(query, *child));
        children.push_back(std::move(built));
      }
      return MakeSetOperation(query, NodeAs<plan::SetOperationNode>(node), std::move(children));
    }
    case NodeKind::kWithCte:
      return MakeWithCte(query, NodeAs<plan::WithCteNode>(node));
    case NodeKind::kCteScan:
      return MakeCteScan(query, NodeAs<plan::CteScanNode>(node));
    case NodeKind::kRecursiveUnion: {
      HELIOS_TRY(OperatorPtr base, BuildOperator(query, *node.children[0]));
      HELIOS_TRY(OperatorPtr step, BuildOperator(query, *node.children[1]));
      return MakeRecursiveUnion(query, NodeAs<plan::RecursiveUnionNode>(node), std::move(base),
                                std::move(step));
    }
    case NodeKind::kWorkTable:
      return MakeWorkTable(query, NodeAs<plan::WorkTableNode>(node));
    default:
      return BuildUnary(query, node, group);
  }
}

}  // namespace helios::exec
