#pragma once

#include "exec/internal/operator.h"

// Makers of operators, one a node kind; children are built by the caller.
namespace helios::exec {

// Sources (sources.cc).
OperatorPtr MakeSystemScan(QueryState& query, const plan::SystemScanNode& node);
OperatorPtr MakeTableFunction(QueryState& query, const plan::TableFunctionNode& node);
OperatorPtr MakeValues(QueryState& query, const plan::ValuesNode& node);

// Row by row (streaming.cc).
OperatorPtr MakeFilter(QueryState& query, const plan::FilterNode& node, OperatorPtr child);
OperatorPtr MakeProject(QueryState& query, const plan::ProjectNode& node, OperatorPtr child);
OperatorPtr MakeLimit(QueryState& query, const plan::LimitNode& node, OperatorPtr child);
OperatorPtr MakeDistinctOn(QueryState& query, const plan::DistinctOnNode& node, OperatorPtr child);
OperatorPtr MakeProjectSet(QueryState& query, const plan::ProjectSetNode& node, OperatorPtr child);

// Materialising.
Result<OperatorPtr> MakeAggregate(QueryState& query, const plan::AggregateNode& node);
OperatorPtr MakeSort(QueryState& query, const plan::SortNode& node, OperatorPtr child);
OperatorPtr MakeWindow(QueryState& query, const plan::WindowNode& node, OperatorPtr child);
OperatorPtr MakeNestedLoop(QueryState& query, const plan::JoinNode& node, OperatorPtr left,
                           OperatorPtr right);
Result<OperatorPtr> MakeHashJoin(QueryState& query, const plan::JoinNode& node, OperatorPtr left,
                                 ParallelGroup* group);
OperatorPtr MakeApply(QueryState& query, const plan::ApplyNode& node, OperatorPtr left,
                      OperatorPtr right);
OperatorPtr MakeSetOperation(QueryState& query, const plan::SetOperationNode& node,
                             std::vector<OperatorPtr> children);

// WITH (cte.cc).
Result<OperatorPtr> MakeWithCte(QueryState& query, const plan::WithCteNode& node);
OperatorPtr MakeCteScan(QueryState& query, const plan::CteScanNode& node);
OperatorPtr MakeRecursiveUnion(QueryState& query, const plan::RecursiveUnionNode& node,
                               OperatorPtr base, OperatorPtr step);
OperatorPtr MakeWorkTable(QueryState& query, const plan::WorkTableNode& node);

// Writers.
OperatorPtr MakeLockRows(QueryState& query, const plan::LockRowsNode& node, OperatorPtr child);
OperatorPtr MakeInsert(QueryState& query, const plan::InsertNode& node, OperatorPtr child);
OperatorPtr MakeUpdate(QueryState& query, const plan::UpdateNode& node, OperatorPtr child);
OperatorPtr MakeDelete(QueryState& query, const plan::DeleteNode& node, OperatorPtr child);
OperatorPtr MakeMerge(QueryState& query, const plan::MergeNode& node, OperatorPtr child);

}  // namespace helios::exec
