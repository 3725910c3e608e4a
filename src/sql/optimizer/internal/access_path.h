// How scans reach their rows: the whole table, a range of the primary key, or an index.
#pragma once

#include <optional>
#include <vector>

#include "sql/optimizer/internal/estimate.h"
#include "sql/optimizer/optimizer.h"

namespace helios::sql::optimizer {

class AccessPaths {
 public:
  AccessPaths(PassContext& context, Estimator& estimator)
      : context_(context), estimator_(estimator) {}
  // Chooses for every scan of the plan.
  void Run();

  // Joins of a small side with an indexed column of a large one become look-ups: the condition
  // moves into the scan, which FinishPlan then runs for each row of the small side.
  void MakeIndexJoins(plan::NodePtr& node);

 private:
  // A conjunct of a filter as a bound on one column.
  struct Condition {
    enum class Kind : uint8_t { kEqual, kLower, kUpper, kAny, kIsNull };
    Kind kind = Kind::kEqual;
    bool inclusive = true;
    uint32_t column = 0;                // Position in the layout.
    const expr::Expr* part = nullptr;   // The expression compared: for expression indexes.
    expr::ExprPtr value;                // Of the column's type.
    std::vector<expr::ExprPtr> values;  // kAny over a list.
    size_t conjunct = 0;
    bool exact = true;  // The bound says all that the conjunct says.
  };
  struct Path {
    const catalog::Index* index = nullptr;
    std::shared_ptr<const hidb::IndexLayout> layout;
    std::vector<plan::ScanNode::Bound> bounds;
    std::vector<size_t> consumed;
    double selectivity = 1;
    double cost = 0;
    bool unique_row = false;
  };

  void Visit(plan::NodePtr& node);
  void Choose(plan::ScanNode& scan);
  bool ChooseRows(plan::ScanNode& scan, const std::vector<expr::ExprPtr>& conjuncts);
  std::vector<Condition> Analyze(const plan::ScanNode& scan,
                                 const std::vector<expr::ExprPtr>& conjuncts);
  void AddComparison(const plan::ScanNode& scan, const expr::Expr& conjunct, size_t index,
                     std::vector<Condition>* out);
  void AddPattern(const plan::ScanNode& scan, const expr::Expr& conjunct, size_t index,
                  std::vector<Condition>* out);
  std::optional<uint32_t> ColumnOf(const plan::ScanNode& scan, const expr::Expr& expr) const;
  // The value as the column's type, or null when that would change what is compared.
  expr::ExprPtr ValueFor(const plan::ScanNode& scan, const expr::Expr& value, SqlType type,
                         PhysicalType physical) const;
  bool IsFixed(const plan::ScanNode& scan, const expr::Expr& value) const;
  std::optional<Path> MatchKey(const plan::ScanNode& scan, const std::vector<int32_t>& parts,
                               const std::vector<const expr::Expr*>& expressions,
                               std::vector<Condition>& conditions, bool unique);
  // The condition is on this part of a key.
  static bool Matches(const Condition& condition, const std::vector<int32_t>& parts,
                      const std::vector<const expr::Expr*>& expressions, size_t part);
  // The values of a kAny as one array; null when their type has none.
  static expr::ExprPtr AlternativesOf(const Condition& any);
  // Bounds the part of the key behind the equalities. Returns the share of the rows that is left.
  static double BoundRange(const std::vector<Condition>& conditions,
                           const std::vector<int32_t>& parts,
                           const std::vector<const expr::Expr*>& expressions, size_t part,
                           std::vector<plan::ScanNode::Bound>* bounds);
  bool PredicateHolds(const catalog::Index& index, const catalog::Table& table,
                      const plan::ScanNode& scan, const std::vector<expr::ExprPtr>& conjuncts);
  expr::ExprPtr IndexExpression(const catalog::Table& table, const catalog::IndexKey& key,
                                const plan::ScanNode& scan);
  bool HasIndexOn(const plan::ScanNode& scan, uint32_t column);
  bool TryIndexJoin(plan::JoinNode& join, size_t inner);

  PassContext& context_;
  Estimator& estimator_;
};

}  // namespace helios::sql::optimizer
