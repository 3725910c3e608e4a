// The lists of SELECT and RETURNING.
#pragma once

#include <string>
#include <vector>

#include "sql/binder/internal/binder.h"

namespace helios::sql::binder {

struct TargetEntry {
  ExprPtr expr;
  std::string name;
  int location = -1;
  uint32_t id = kNoColumn;  // Once a projection gives it.
  bool junk = false;        // For the query's own use; not part of its result.
};

// Binds the items of a list for a Binder. Each function appends to `targets`, also before an error.
class TargetListBinder {
 public:
  TargetListBinder(Binder& binder, QueryScope& scope) : b_(binder), scope_(scope) {}

  Status Bind(const std::vector<ast::TargetItem>& items, std::vector<TargetEntry>* targets);
  // `*` or `t.*`.
  Status ExpandStar(const ast::ColumnRef& star, std::vector<TargetEntry>* targets);

 private:
  // `(expression).*`.
  Status ExpandRow(const ast::Indirection& star, std::vector<TargetEntry>* targets);
  Status ExpandRow(const ast::Indirection& star, ExprPtr row, std::vector<TargetEntry>* targets);

  Binder& b_;
  QueryScope& scope_;
};

// The name of an output column that has none written.
std::string TargetName(const ast::Expr& expr);

}  // namespace helios::sql::binder
