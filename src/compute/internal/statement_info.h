#pragma once

#include <cstdint>
#include <string>

#include "compute/internal/portal.h"
#include "sql/ast.h"

namespace helios::compute {

class SessionImpl;

// Whether the statement is planned and executed (SELECT and the writes), not run by a handler.
bool IsPlannable(const sql::ast::Statement& statement);

// The tag of a finished statement: "SELECT 3", "INSERT 0 1", "CREATE TABLE". `rows` were sent.
std::string CommandTag(const sql::ast::Statement& statement, const Portal& portal, uint64_t rows);

// Starts statement_timeout when it is set, and stops it when the object goes.
class StatementTimer {
 public:
  explicit StatementTimer(SessionImpl& session);
  ~StatementTimer();
  StatementTimer(const StatementTimer&) = delete;
  StatementTimer& operator=(const StatementTimer&) = delete;

 private:
  SessionImpl& session_;
  uint64_t id_ = 0;
};

}  // namespace helios::compute
