// Columns that nobody needs go: scans read, and operators hand on, what is used.
#pragma once

#include "sql/optimizer/optimizer.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

class Prune {
 public:
  explicit Prune(PassContext& context) : context_(context) {}
  void Run();

 private:
  void Visit(plan::Node& node, const plan::IdSet& needed);
  void VisitScan(plan::ScanNode& scan, const plan::IdSet& needed);
  void VisitProject(plan::ProjectNode& project, const plan::IdSet& needed);
  void VisitAggregate(plan::AggregateNode& aggregate, const plan::IdSet& needed);
  void VisitValues(plan::ValuesNode& values, const plan::IdSet& needed);
  void VisitSetOperation(plan::SetOperationNode& node, const plan::IdSet& needed);
  void VisitWindow(plan::WindowNode& window, plan::IdSet needed);
  void VisitProjectSet(plan::ProjectSetNode& node, const plan::IdSet& needed);
  void AddExprs(plan::Node& node, plan::IdSet* needed) const;
  static plan::IdSet All(const plan::Node& node) {
    return plan::IdSet(node.ids.begin(), node.ids.end());
  }

  PassContext& context_;
};

}  // namespace helios::sql::optimizer
