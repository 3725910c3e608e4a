#pragma once

#include <string>
#include <string_view>

#include "compute/internal/session_impl.h"

namespace helios::compute {

// Expressions and queries that the catalog stores as text with qualified names, as clients are
// shown them: names lose their schema where the session's search path finds them without it.
// `table`, whose columns an expression names, may be null; `expected` is the type that its value is
// assigned to, invalid if none.
std::string ShowExpression(SessionImpl& session, std::string_view sql, const catalog::Table* table,
                           SqlType expected, bool pretty);
std::string ShowQuery(SessionImpl& session, std::string_view sql, bool pretty);

// CREATE INDEX ... `pretty`: the table's schema only where it is needed.
std::string ShowIndex(SessionImpl& session, const catalog::Index& index, bool pretty);
// Key or included column `number`, from 1; empty when there is none.
std::string ShowIndexColumn(SessionImpl& session, const catalog::Index& index, int32_t number,
                            bool pretty);
// CHECK (...), FOREIGN KEY (...) ... of a table or a domain.
std::string ShowConstraint(SessionImpl& session, const catalog::Object& owner,
                           const catalog::Constraint& constraint, bool pretty);

}  // namespace helios::compute
