// Rows as values: whole rows of relations, and records whose fields are known by name.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "expr/expr.h"
#include "sql/binder/internal/scope.h"
#include "sql/plan/plan.h"

namespace helios::sql::binder {

class Binder;

// The fields of anonymous records, by the column that holds them.
class RecordShapes {
 public:
  using Fields = std::vector<std::pair<std::string, SqlType>>;
  Fields& operator[](uint32_t id) { return fields_[id]; }
  const Fields* Find(uint32_t id) const;
  // Of a column or of a sub-select's value; null: not known.
  const Fields* Of(const expr::Expr& record, const std::vector<plan::NodePtr>& subplans) const;
  // Column `id` gets the value of the expression.
  void Note(uint32_t id, const expr::Expr& value);

 private:
  std::unordered_map<uint32_t, Fields> fields_;
};

// The value, or NULL where an outer join found no row of the relation.
expr::ExprPtr GuardMissing(Binder& binder, const ScopeRelation& relation, expr::ExprPtr value,
                           int location);
// Makes ROW(...) of a whole row that may be missing, for those who ask for its fields. Whether it
// is a row.
bool OpenRow(expr::ExprPtr* operand);
// Marks rows of those relations from `first` to `end` that an outer join may leave out and that the
// query names as a whole. `side` is the join's side that they lie below.
void MarkPresent(Binder& binder, QueryScope& scope, size_t first, size_t end, plan::NodePtr* side);

}  // namespace helios::sql::binder
