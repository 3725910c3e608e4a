// Expressions of table definitions, outside of any query.
#pragma once

#include <string>
#include <vector>

#include "sql/planner.h"

namespace helios::sql::binder {

// A check, default or the like from the catalog: canonical SQL over `columns` by position.
Result<expr::ExprPtr> BindStoredExpression(const std::string& sql, const std::string& table_name,
                                           const std::vector<TableColumn>& columns,
                                           SqlType expected, const std::string& column_name,
                                           PlannerContext& context);
// What a domain asks of its values, without what the domain below it asks.
Result<std::vector<expr::CastExpr::DomainCondition>> BindDomain(const catalog::UserType& domain,
                                                                PlannerContext& context);
// Column `index` of type `from`, cast to `to`.
Result<expr::ExprPtr> CastColumn(uint32_t index, SqlType from, SqlType to, PlannerContext& context);
// column = $slot
Result<expr::ExprPtr> ColumnEqualsSlot(uint32_t column, SqlType column_type, uint32_t slot,
                                       SqlType slot_type, PlannerContext& context);
// nextval of an identity column's sequence, of the column's type.
Result<expr::ExprPtr> NextValueOf(const catalog::Column& column, PlannerContext& context);
// A fresh parameter slot behind the statement's own.
uint32_t NewSlot(plan::Plan& plan, SqlType type);

}  // namespace helios::sql::binder
