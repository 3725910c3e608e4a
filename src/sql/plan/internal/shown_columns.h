// What EXPLAIN calls the columns of a plan's nodes.
#pragma once

#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "sql/plan/plan.h"

namespace helios::sql::plan {

// As in PostgreSQL: a column is called as in the table where it comes from, with the table's alias
// before it where the statement has several relations; a computed one by its expression, in
// parentheses above the node that computes it; an outer row's column, which a parameter slot holds,
// like a column with its alias. An alias that several relations have gets a number.
//
// Thread safety: as const. Lifetime: the plan must outlive it.
class ShownColumns {
 public:
  ShownColumns(const Plan& plan, bool verbose);

  // An expression over the inputs of `node` (of a scan: over its columns).
  std::string Text(const Node& node, const expr::Expr& expr) const;
  // One over the outputs of `node` as the node above sees them: a key of one side of a join.
  std::string TextAbove(const Node& node, const expr::Expr& expr) const;
  // The outputs of `node`, as the Output of VERBOSE lists them.
  std::vector<std::string> Outputs(const Node& node) const;
  const std::string& AliasOf(const Node& scan) const { return aliases_.at(&scan); }
  // "a DESC NULLS LAST".
  std::string KeyText(const Node& node, const SortKey& key) const;
  // A column of a scan by its name.
  std::string ScanColumn(const Node& scan, const std::string& name) const;

 private:
  struct Column {
    std::string full;  // With the relation's alias,
    std::string bare;  // and without.
    bool computed = false;
  };
  using Columns = std::vector<Column>;

  size_t CountRelations(const Node& node) const;
  std::string NewAlias(const std::string& name);
  void NameRelations(const Node& node);
  void Build(const Node& node);
  void BuildSubplans(const Node& node);
  Columns OutputsOf(const Node& node) const;
  Columns SourceColumns(const Node& node) const;
  Columns AggregateColumns(const AggregateNode& node) const;
  Columns WindowColumns(const WindowNode& node) const;
  Columns ProjectSetColumns(const ProjectSetNode& node) const;
  Columns Above(const Node& child) const;
  Columns InputsOf(const Node& node) const;
  Column Computed(const Columns& inputs, const expr::Expr& expr, const std::string& name) const;
  std::string List(const Columns& inputs, std::span<const expr::ExprPtr> exprs, bool full) const;
  std::string AggregateText(const Columns& inputs, const AggregateNode::Call& call,
                            bool full) const;
  std::string Render(const Columns& inputs, const expr::Expr& expr, bool full) const;

  const Plan& plan_;
  const bool verbose_;
  const bool several_;  // Relations.
  std::unordered_map<const Node*, std::string> aliases_;
  std::set<std::string> taken_;
  std::unordered_map<const Node*, Columns> outputs_;
  std::unordered_map<uint32_t, std::string> slots_;  // Of outer rows.
};

}  // namespace helios::sql::plan
