#include "exec/point.h"

#include "exec/internal/operators.h"
#include "exec/internal/scan.h"
#include "exec/internal/write/foreign_keys.h"
#include "exec/internal/write/table_writer.h"

namespace helios::exec {
namespace {

using Point = plan::PointStatement;

// A value without columns, without an evaluator where that is easy.
Result<Value> ValueOf(const expr::Expr& expression, expr::EvalContext& context) {
  if (expression.kind == expr::ExprKind::kConstant) {
    return expr::As<expr::ConstantExpr>(expression).value;
  }
  if (expression.kind == expr::ExprKind::kParameter) {
    return context.parameters[expr::As<expr::ParameterExpr>(expression).slot];
  }
  return expr::EvaluateConstant(expression, context);
}

// The row key that the bound names; false when a value is NULL, which equals nothing.
Result<bool> EncodeKey(const plan::ScanNode& scan, expr::EvalContext& context, std::string* key) {
  const hidb::TableLayout& layout = *scan.layout;
  const plan::ScanNode::Bound& bound = scan.bounds[0];
  for (size_t i = 0; i < bound.equal.size(); ++i) {
    HELIOS_TRY(Value value, ValueOf(*bound.equal[i], context));
    if (value.is_null()) return false;
    const hidb::ColumnLayout& column = layout.columns[layout.key_columns[i]];
    HELIOS_TRY(AppendKey(KeyColumn(column.type, column.physical, SortOrder{}), value, key));
  }
  return true;
}

// Reads the row as the scan would show it; no rows when there is none or the filter drops it.
Status Fetch(const plan::ScanNode& scan, hidb::StorageService& storage, const std::string& key,
             const hidb::ReadView& view, expr::EvalContext& context, Chunk* out) {
  HELIOS_TRY(RequirePopulated(scan));
  hidb::GetRequest request;
  request.table = scan.layout;
  request.row_keys.push_back(key);
  request.columns = scan.columns;
  request.view = view;
  std::vector<bool> found;
  *out = Chunk();
  HELIOS_TRY(storage.Get(request, out, &found));
  if (!found[0]) {
    *out = Chunk();
    return Status::Ok();
  }
  out->SetRowCount(1);
  if (scan.with_row_key) {
    Vector column({type_oid::kBytea}, PhysicalType::kVarlen, 1);
    column.SetString(0, key);
    out->AddColumn(std::move(column));
  }
  if (scan.filter == nullptr) return Status::Ok();
  expr::Evaluator filter(*scan.filter, context);
  Selection passed;
  HELIOS_TRY(filter.Select(*out, &passed));
  if (passed.empty()) *out = Chunk();
  return Status::Ok();
}

Status RunGet(const Point& point, const ExecutionContext& given, expr::EvalContext& eval,
              Chunk* out) {
  std::string key;
  HELIOS_TRY(bool possible, EncodeKey(*point.scan, eval, &key));
  if (!possible) return Status::Ok();
  const hidb::ReadView view{given.snapshot, given.writes, given.command, given.reads};
  Chunk row;
  HELIOS_TRY(Fetch(*point.scan, *given.storage, key, view, eval, &row));
  if (row.row_count() == 0 || point.project == nullptr) {
    *out = std::move(row);
    return Status::Ok();
  }
  // The chunk shares the values: evaluators may go before it is read.
  Expressions expressions(point.project->expressions, eval);
  HELIOS_TRY(expressions.Evaluate(row, out));
  return Status::Ok();
}

Status Return(const std::vector<expr::ExprPtr>& returning, bool has_returning, const Chunk& row,
              expr::EvalContext& eval, Chunk* out) {
  if (!has_returning) return Status::Ok();
  Expressions expressions(returning, eval);
  return expressions.Evaluate(row, out);
}

// Locks and reads the row that an UPDATE or DELETE names. No rows: none to change.
Status LockAndFetch(QueryState& query, const plan::ScanNode& scan, hidb::RowLockMode mode,
                    TableWriter& writer, std::vector<std::string>* keys, Chunk* row) {
  keys->assign(1, std::string());
  *row = Chunk();
  HELIOS_TRY(bool possible, EncodeKey(scan, query.eval, &(*keys)[0]));
  if (!possible) return Status::Ok();
  if (query.context.repeatable_read) {
    // Rows that the snapshot does not show are none of our business, and need no lock.
    HELIOS_TRY(
        Fetch(scan, *query.context.storage, (*keys)[0], query.StatementView(), query.eval, row));
    if (row->row_count() == 0) return Status::Ok();
    HELIOS_TRY(writer.LockForChange(*keys, mode));
  } else {
    HELIOS_TRY(writer.locker().LockStored(scan.layout->space, *keys, {.mode = mode}).status());
  }
  return Fetch(scan, *query.context.storage, (*keys)[0], query.NewestView(), query.eval, row);
}

Chunk TableColumns(const Chunk& row, size_t width) {
  Chunk out;
  for (size_t i = 0; i < width; ++i) out.AddColumn(row.column(i));
  out.SetRowCount(row.row_count());
  return out;
}

Status RunInsert(QueryState& query, const Point& point, Chunk* out, uint64_t* affected) {
  const plan::InsertNode& insert = *point.insert;
  TableWriter writer(query, *insert.target);
  const auto& expressions = point.values->rows[0];
  Chunk row;
  for (size_t i = 0; i < expressions.size(); ++i) {
    const hidb::ColumnLayout& column = insert.target->layout->columns[i];
    HELIOS_TRY(Value value, ValueOf(*expressions[i], query.eval));
    Vector vector(column.type, column.physical, 1);
    value.Store(&vector, 0);
    row.AddColumn(std::move(vector));
  }
  row.SetRowCount(1);
  HELIOS_TRY(writer.Prepare(&row));
  std::vector<std::string> keys;
  HELIOS_TRY(writer.MakeRowKeys(row, &keys));
  HELIOS_TRY(writer.Insert(row, keys));
  *affected = 1;
  return Return(insert.returning, insert.has_returning, row, query.eval, out);
}

Status RunUpdate(QueryState& query, const Point& point, Chunk* out, uint64_t* affected) {
  const plan::UpdateNode& update = *point.update;
  TableWriter writer(query, *update.target);
  const auto mode =
      writer.TouchesKeys(update.set) ? hidb::RowLockMode::kUpdate : hidb::RowLockMode::kNoKeyUpdate;
  std::vector<std::string> keys;
  Chunk row;
  HELIOS_TRY(LockAndFetch(query, *point.scan, mode, writer, &keys, &row));
  if (row.row_count() == 0) return Status::Ok();
  const Chunk old_row = TableColumns(row, writer.width());
  Chunk new_row = old_row;
  std::vector<Expression> set;
  set.reserve(update.set.size());
  for (const auto& [column, expression] : update.set) {
    set.emplace_back(*expression, query.eval);
    Vector value;
    HELIOS_TRY(set.back().Evaluate(row, &value));
    new_row.column(column) = std::move(value);
  }
  HELIOS_TRY(writer.Prepare(&new_row));
  HELIOS_TRY(writer.Update(old_row, keys, new_row));
  *affected = 1;
  return Return(update.returning, update.has_returning, new_row, query.eval, out);
}

Status RunDelete(QueryState& query, const Point& point, Chunk* out, uint64_t* affected) {
  const plan::DeleteNode& remove = *point.del;
  TableWriter writer(query, *remove.target);
  std::vector<std::string> keys;
  Chunk row;
  HELIOS_TRY(LockAndFetch(query, *point.scan, hidb::RowLockMode::kUpdate, writer, &keys, &row));
  if (row.row_count() == 0) return Status::Ok();
  const Chunk old_row = TableColumns(row, writer.width());
  HELIOS_TRY(writer.Delete(old_row, keys));
  *affected = 1;
  return Return(remove.returning, remove.has_returning, old_row, query.eval, out);
}

}  // namespace

Status RunPoint(const std::shared_ptr<const plan::Plan>& owner, const ExecutionContext& context,
                Chunk* out, uint64_t* affected_rows) {
  *out = Chunk();
  *affected_rows = 0;
  const plan::Plan& plan = *owner;
  const Point& point = *plan.point;
  if (point.kind == Point::Kind::kGet) {
    expr::EvalContext eval = context.settings;
    eval.parameters = context.parameters;
    eval.canceled = context.canceled;
    HELIOS_TRY(RunGet(point, context, eval, out));
    if (plan.returns_rows && out->column_count() > plan.output.size()) {
      out->columns().resize(plan.output.size());
    }
    *affected_rows = out->row_count();
    return Status::Ok();
  }
  if (context.writes == nullptr) {
    return Error(ErrorCode::kReadOnlySqlTransaction)
        .Message("cannot write in a read-only transaction");
  }
  // Deferred checks keep the plan beyond this call: what they look at is in it.
  QueryState query(owner, context);
  switch (point.kind) {
    case Point::Kind::kInsert:
      HELIOS_TRY(RunInsert(query, point, out, affected_rows));
      break;
    case Point::Kind::kUpdate:
      HELIOS_TRY(RunUpdate(query, point, out, affected_rows));
      break;
    case Point::Kind::kDelete:
      HELIOS_TRY(RunDelete(query, point, out, affected_rows));
      break;
    case Point::Kind::kGet:
      break;
  }
  HELIOS_TRY(query.FinishStatement());
  return query.StageIfLarge();
}

}  // namespace helios::exec
