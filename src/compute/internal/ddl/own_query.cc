#include "compute/internal/ddl/own_query.h"

#include "sql/parser/parser.h"

namespace helios::compute {

Result<Chunk> RunOwnQuery(SessionImpl& session, const std::string& text) {
  HELIOS_TRY(std::vector<sql::RawStatement> statements, sql::Parse(text));
  HELIOS_CHECK(statements.size() == 1);
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(std::unique_ptr<sql::plan::Plan> plan,
             sql::PlanStatement(*statements[0].statement, context));
  const std::shared_ptr<KeptRows> kept = session.MakeKeptRows();
  HELIOS_TRY(session.RunPlan(std::move(plan), {}, kept.get()));
  exec::ChunkBuffer::Cursor cursor;
  Chunk rows;
  HELIOS_TRY(kept->rows().Read(&cursor, &rows));
  return rows;
}

}  // namespace helios::compute
