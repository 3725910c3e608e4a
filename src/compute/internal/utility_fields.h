#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compute/session.h"
#include "sql/ast.h"
#include "sql/plan/plan.h"

namespace helios::compute {

class SessionImpl;

FieldDescription MakeField(std::string name, SqlType type, const TypeLookup* lookup);
std::vector<FieldDescription> FieldsOf(const sql::plan::Plan& plan, const TypeLookup* lookup);

// The columns that a statement which is not planned returns (SHOW, EXPLAIN, EXECUTE, FETCH); none:
// no rows.
Result<std::optional<std::vector<FieldDescription>>> DescribeUtility(
    SessionImpl& session, const sql::ast::Statement& statement);

// "INSERT", "CREATE TABLE": the statement's name in error messages and tags.
std::string StatementName(const sql::ast::Statement& statement);

}  // namespace helios::compute
