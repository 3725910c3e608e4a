// How many rows come out of a node, by simple rules.
//
// Row counts of tables come from storage; distinct counts are known for keys (as many as rows) and
// guessed for the rest; selectivities are PostgreSQL's defaults.
#pragma once

#include <unordered_map>

#include "sql/optimizer/optimizer.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

class Estimator {
 public:
  explicit Estimator(PassContext& context) : context_(context) {}

  // Fills estimated_rows and estimated_cost of the whole tree.
  double Visit(plan::Node& node);
  double TableRows(const plan::ScanNode& scan);
  // The fraction of rows that pass.
  double Selectivity(const expr::Expr& expr);
  // Of a column by id: how many different values, at most `rows`.
  double DistinctCount(uint32_t id, double rows);
  double DistinctCount(const expr::Expr& expr, double rows);
  // Of a column by its position in the scan's layout.
  double DistinctOfPosition(const plan::ScanNode& scan, uint32_t position);
  // Of an equality between two sides of these sizes.
  double JoinSelectivity(const expr::Expr& conjunct, double left_rows, double right_rows);

 private:
  double DistinctOf(const plan::ColumnRecord& column, double rows);
  void VisitJoin(plan::Node& node, plan::JoinType type, const expr::Expr* condition);

  PassContext& context_;
  std::unordered_map<Oid, double> table_rows_;
};

}  // namespace helios::sql::optimizer
