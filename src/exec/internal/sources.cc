#include <algorithm>

#include "exec/internal/operators.h"
#include "types/record.h"

namespace helios::exec {
namespace {

class SystemScan : public Operator {
 public:
  SystemScan(QueryState& query, const plan::SystemScanNode& node)
      : Operator(query, node), scan_(node) {}

 protected:
  Status DoOpen() override {
    pending_ = Chunk();
    std::vector<std::pair<uint32_t, Value>> equal;
    for (const auto& [column, expression] : scan_.equal_hints) {
      HELIOS_TRY(Value value, expr::EvaluateConstant(*expression, query_.eval));
      equal.emplace_back(column, std::move(value));
    }
    if (query_.context.system_tables == nullptr) {
      return Error(ErrorCode::kFeatureNotSupported).Message("system tables cannot be read here");
    }
    HELIOS_TRY(stream_, query_.context.system_tables->Open(*scan_.table, scan_.columns, equal));
    return Status::Ok();
  }

  Status DoNext(Chunk* out) override {
    if (pending_.row_count() == 0) {
      HELIOS_TRY(stream_->Next(&pending_));
      first_ = 0;
    }
    *out = Chunk();
    if (pending_.row_count() == 0) return Status::Ok();
    if (first_ == 0 && pending_.row_count() <= query_.vector_rows) {
      *out = std::move(pending_);
      pending_ = Chunk();
      return Status::Ok();
    }
    const size_t count = std::min(query_.vector_rows, pending_.row_count() - first_);
    *out = SliceRows(pending_, first_, count);
    first_ += count;
    if (first_ == pending_.row_count()) pending_ = Chunk();
    return Status::Ok();
  }

 private:
  const plan::SystemScanNode& scan_;
  std::unique_ptr<SystemTableStream> stream_;
  Chunk pending_;
  size_t first_ = 0;
};

class Values : public Operator {
 public:
  Values(QueryState& query, const plan::ValuesNode& node)
      : Operator(query, node), values_(node), physicals_(PhysicalsOf(node)) {}

 protected:
  Status DoOpen() override {
    next_ = 0;
    return Status::Ok();
  }

  Status DoNext(Chunk* out) override {
    *out = Chunk();
    const size_t count = std::min(query_.vector_rows, values_.rows.size() - next_);
    if (count == 0) return Status::Ok();
    for (size_t i = 0; i < values_.types.size(); ++i) {
      out->AddColumn(Vector(values_.types[i], physicals_[i]));
    }
    for (size_t row = 0; row < count; ++row) {
      const auto& expressions = values_.rows[next_ + row];
      for (size_t i = 0; i < values_.types.size(); ++i) {
        HELIOS_TRY(Store(*expressions[i], &out->column(i), row));
      }
    }
    out->SetRowCount(count);
    next_ += count;
    return Status::Ok();
  }

 private:
  Status Store(const expr::Expr& expression, Vector* out, size_t row) {
    if (expression.kind == expr::ExprKind::kConstant) {
      expr::As<expr::ConstantExpr>(expression).value.Store(out, row);
      return Status::Ok();
    }
    if (expression.kind == expr::ExprKind::kParameter) {
      query_.slots[expr::As<expr::ParameterExpr>(expression).slot].Store(out, row);
      return Status::Ok();
    }
    HELIOS_TRY(Value value, expr::EvaluateConstant(expression, query_.eval));
    value.Store(out, row);
    return Status::Ok();
  }

  const plan::ValuesNode& values_;
  const std::vector<PhysicalType> physicals_;
  size_t next_ = 0;
};

// Functions in FROM side by side; a function that has ended shows NULLs until the longest has.
class TableFunctionScan : public Operator {
 public:
  TableFunctionScan(QueryState& query, const plan::TableFunctionNode& node)
      : Operator(query, node), functions_(node), calls_(node.calls.size()) {}

 protected:
  Status DoOpen() override {
    ordinal_ = 0;
    size_t position = 0;
    for (size_t i = 0; i < calls_.size(); ++i) {
      HELIOS_TRY(Start(functions_.calls[i], &calls_[i]));
      calls_[i].types = functions_.calls[i].column_types;
      for (size_t c = 0; c < calls_[i].types.size(); ++c) {
        calls_[i].physicals.push_back(PhysicalOf(functions_, position++));
      }
    }
    return Status::Ok();
  }

  Status DoNext(Chunk* out) override {
    *out = Chunk();
    size_t count = query_.vector_rows;
    bool any = false;
    for (Call& call : calls_) {
      HELIOS_TRY(Fill(&call));
      if (call.ended) continue;
      any = true;
      count = std::min(count, call.rows.row_count() - call.first);
    }
    if (!any) return Status::Ok();
    size_t position = 0;
    for (size_t i = 0; i < calls_.size(); ++i) {
      Call& call = calls_[i];
      const size_t width = functions_.calls[i].column_types.size();
      Chunk part;
      if (!call.ended) {
        part = SliceRows(call.rows, call.first, count);
        call.first += count;
      }
      for (size_t c = 0; c < width; ++c, ++position) {
        out->AddColumn(call.ended ? Vector::ConstantNull(functions_.types[position],
                                                         PhysicalOf(functions_, position))
                                  : part.column(c));
      }
    }
    if (functions_.with_ordinality) {
      Vector ordinals({type_oid::kInt8});
      for (size_t row = 0; row < count; ++row) ordinals.Set<int64_t>(row, ++ordinal_);
      out->AddColumn(std::move(ordinals));
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  struct Call {
    std::unique_ptr<expr::TableFunctionState> state;
    Chunk rows;
    size_t first = 0;
    bool ended = false;
    std::vector<SqlType> types;  // Of the function's columns.
    std::vector<PhysicalType> physicals;
  };

  Status Start(const plan::TableFunctionNode::Call& call, Call* to) {
    *to = Call();
    if (call.function == nullptr) return StartScalar(call, to);
    std::vector<Vector> arguments;
    for (const expr::ExprPtr& argument : call.arguments) {
      HELIOS_TRY(Value value, expr::EvaluateConstant(*argument, query_.eval));
      if (value.is_null() && call.function->strict) {
        to->ended = true;
        return Status::Ok();
      }
      arguments.push_back(value.ToConstant());
    }
    std::vector<const Vector*> pointers;
    pointers.reserve(arguments.size());
    for (const Vector& argument : arguments) pointers.push_back(&argument);
    HELIOS_TRY(to->state, call.function->start(query_.eval, pointers, 0, call.column_types));
    return Status::Ok();
  }

  Status StartScalar(const plan::TableFunctionNode::Call& call, Call* to) {
    HELIOS_TRY(Value value, expr::EvaluateConstant(*call.scalar, query_.eval));
    if (!call.expand_record) {
      to->rows.AddColumn(value.ToConstant());
    } else {
      std::optional<RecordReader> record;
      if (!value.is_null()) record.emplace(value.bytes());
      for (size_t i = 0; i < call.column_types.size(); ++i) {
        const bool null = !record || i >= record->field_count() || record->field(i).is_null;
        if (null) {
          to->rows.AddColumn(Vector::ConstantNull(call.column_types[i]));
          continue;
        }
        Vector column(call.column_types[i], record->field(i).physical);
        record->Load(i, &column, 0);
        column.MakeConstant();
        to->rows.AddColumn(std::move(column));
      }
    }
    to->rows.SetRowCount(1);
    return Status::Ok();
  }

  static Status Fill(Call* call) {
    if (call->ended || call->first < call->rows.row_count()) return Status::Ok();
    call->first = 0;
    if (call->state == nullptr) {
      call->ended = true;
      return Status::Ok();
    }
    call->rows = Chunk();
    for (size_t i = 0; i < call->types.size(); ++i) {
      call->rows.AddColumn(Vector(call->types[i], call->physicals[i]));
    }
    HELIOS_TRY(call->state->Next(&call->rows));
    call->ended = call->rows.row_count() == 0;
    return Status::Ok();
  }

  const plan::TableFunctionNode& functions_;
  std::vector<Call> calls_;
  int64_t ordinal_ = 0;
};

}  // namespace

OperatorPtr MakeSystemScan(QueryState& query, const plan::SystemScanNode& node) {
  return std::make_unique<SystemScan>(query, node);
}
OperatorPtr MakeTableFunction(QueryState& query, const plan::TableFunctionNode& node) {
  return std::make_unique<TableFunctionScan>(query, node);
}
OperatorPtr MakeValues(QueryState& query, const plan::ValuesNode& node) {
  return std::make_unique<Values>(query, node);
}

}  // namespace helios::exec
