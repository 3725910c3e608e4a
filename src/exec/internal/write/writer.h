#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exec/internal/operators.h"
#include "exec/internal/write/table_writer.h"

namespace helios::exec {

// What INSERT, UPDATE, DELETE and MERGE have in common: they take all of the child's rows, a chunk
// at a time, and give the RETURNING rows of each.
class Writer : public UnaryOperator {
 public:
  Writer(QueryState& query, const plan::Node& node, OperatorPtr child,
         const plan::WriteTarget& target, const std::vector<expr::ExprPtr>& returning,
         bool has_returning)
      : UnaryOperator(query, node, std::move(child)),
        writer_(query, target),
        returning_(returning, query.eval),
        has_returning_(has_returning) {}

 protected:
  Status DoOpen() override {
    if (query_.context.writes == nullptr) {
      return Error(ErrorCode::kReadOnlySqlTransaction)
          .Message("cannot write in a read-only transaction");
    }
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    Chunk rows;
    while (true) {
      *out = Chunk();
      HELIOS_TRY(child_->Next(&rows));
      if (rows.row_count() == 0) return Status::Ok();
      // Other columns that RETURNING sees lie behind the table's.
      Chunk written;
      HELIOS_TRY(Write(rows, &written));
      HELIOS_TRY(query_.StageIfLarge());
      if (query_.counted_write == &node_) query_.affected_rows += written.row_count();
      if (!has_returning_ || written.row_count() == 0) continue;
      return returning_.Evaluate(written, out);
    }
  }

  // Writes one chunk of the child's rows; `written`: what RETURNING looks at, a row for each row
  // affected.
  virtual Status Write(Chunk& rows, Chunk* written) = 0;

  static Chunk FirstColumns(const Chunk& rows, size_t count) {
    Chunk out;
    for (size_t i = 0; i < count; ++i) out.AddColumn(rows.column(i));
    out.SetRowCount(rows.row_count());
    return out;
  }

  static Status CheckOption(std::optional<Expression>& check, const std::string& view,
                            const Chunk& rows, const TextFormat& format) {
    if (!check) return Status::Ok();
    Vector result;
    HELIOS_TRY(check->Evaluate(rows, &result));
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (!result.IsNull(row) && result.At<uint8_t>(row) != 0) continue;
      return Error(ErrorCode::kWithCheckOptionViolation)
          .Message("new row violates check option for view \"{}\"", view)
          .Detail("Failing row contains {}.", DescribeRow(rows, row, format));
    }
    return Status::Ok();
  }

  TableWriter writer_;
  Expressions returning_;
  const bool has_returning_;
};

}  // namespace helios::exec
