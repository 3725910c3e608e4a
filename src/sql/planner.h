// From a syntax tree and a catalog snapshot to a plan. No I/O.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalog/snapshot.h"
#include "catalog/type_lookup.h"
#include "expr/expr.h"
#include "sql/ast.h"
#include "sql/plan/plan.h"
#include "types/io.h"

namespace helios::sql {

// What a session may switch off; the names are PostgreSQL's settings where it has them.
struct PlannerSettings {
  bool enable_hashjoin = true;
  bool enable_nestloop_index = true;  // Index look-ups for each row of a small outer side.
  bool enable_indexscan = true;
  bool enable_optimizer = true;  // Off: the plan as bound, only made runnable.
  int join_collapse_limit = 10;  // Relations joined by exhaustive search; more: greedily.
};

// Thread safety: none; one statement at a time.
struct PlannerContext {
  std::shared_ptr<const catalog::Snapshot> snapshot;
  // Over the same snapshot, with the session's search path (the temporary schema included).
  const catalog::CatalogTypeLookup* lookup = nullptr;
  Oid role = kInvalidOid;
  const TextFormat* format = nullptr;
  // Row counts; may be empty: a default guess then.
  std::function<hidb::SpaceStatistics(hidb::SpaceId)> statistics;
  PlannerSettings settings;
  // Types given for $1, $2, ...; kInvalidOid or unknown: to be inferred.
  std::vector<Oid> parameter_types;
  // DECLARE CURSOR: rows of the result bring the keys of the table rows that they come from, for
  // WHERE CURRENT OF. Fills Plan::row_sources.
  bool keep_row_keys = false;
};

// Plans SELECT, VALUES, INSERT, UPDATE, DELETE and MERGE, and the query inside EXPLAIN, CREATE
// TABLE AS, DECLARE CURSOR, COPY (query) and PREPARE. Plan::slot_types has the parameters' types.
// Errors carry positions in the statement's text.
Result<std::unique_ptr<plan::Plan>> PlanStatement(const ast::Statement& statement,
                                                  PlannerContext& context);

// A type as written, resolved through the search path. 42704 for an unknown name.
Result<SqlType> ResolveTypeName(const ast::TypeName& type, const PlannerContext& context);

// --- for DDL

enum class ExpressionPurpose : uint8_t {
  kCheck,
  kDefault,
  kGenerated,
  kIndexExpression,
  kIndexPredicate,
  kDomainCheck,  // Column 0 is VALUE: kDomainValueName.
  kAlterUsing,   // ALTER COLUMN TYPE ... USING
  kPolicy,
};

// What a domain's conditions call the value.
inline constexpr char kDomainValueName[] = "value";

// A column that an expression of a table may name: position i of the list is ColumnExpr index i.
struct TableColumn {
  std::string name;
  SqlType type;
  bool generated = false;
};

struct BoundTableExpression {
  expr::ExprPtr expr;             // Of `expected` type when one was given.
  std::string sql;                // Canonical text: names qualified.
  std::vector<uint32_t> columns;  // Positions used, ascending.
  std::vector<Oid> depends_on;    // Sequences and types that it names.
};

// Binds an expression of a table definition under PostgreSQL's restrictions for `purpose` (0A000,
// 42803, 42P10, 42P17, 42804 as it has them). `table_name` is what qualified references may use.
// `expected` invalid: any type.
Result<BoundTableExpression> BindTableExpression(const ast::Expr& expr,
                                                 const std::string& table_name,
                                                 const std::vector<TableColumn>& columns,
                                                 ExpressionPurpose purpose, SqlType expected,
                                                 const std::string& expected_column,
                                                 PlannerContext& context);

std::shared_ptr<const hidb::TableLayout> BuildTableLayout(const catalog::Table& table,
                                                          const PlannerContext& context);
std::shared_ptr<const hidb::IndexLayout> BuildIndexLayout(const catalog::Index& index,
                                                          const catalog::Table& table,
                                                          const PlannerContext& context);

// Appends the target for `table`, and for the tables that its foreign keys lead to, to
// `plan.write_targets`, and returns it. The same table is not built twice.
Result<const plan::WriteTarget*> BuildWriteTarget(const catalog::Table& table, plan::Plan& plan,
                                                  PlannerContext& context);
// The expression of each layout column's default (null: NULL), of the column's type, for COPY and
// INSERT; nextval for identity columns.
Result<std::vector<expr::ExprPtr>> BindColumnDefaults(const catalog::Table& table,
                                                      PlannerContext& context);

// For values that reach the table otherwise than through expressions of its columns' types: for
// each layout column of a domain with conditions, column i cast to it, else null.
Result<std::vector<expr::ExprPtr>> BindDomainChecks(const catalog::Table& table,
                                                    PlannerContext& context);

struct ViewDefinition {
  std::vector<plan::OutputColumn> columns;
  std::string sql;              // Canonical: stars expanded, names qualified.
  std::vector<Oid> depends_on;  // Tables, views, sequences and types.
  std::vector<plan::PrivilegeNeed> privileges;
};
// Analyses the query of CREATE VIEW; `column_names` rename the first columns.
Result<ViewDefinition> AnalyzeView(const ast::Statement& query,
                                   const std::vector<std::string>& column_names,
                                   PlannerContext& context);

}  // namespace helios::sql
