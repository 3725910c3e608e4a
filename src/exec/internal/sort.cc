#include <optional>

#include "exec/internal/operators.h"
#include "exec/internal/sorter.h"

namespace helios::exec {
namespace {

class Sort : public UnaryOperator {
 public:
  Sort(QueryState& query, const plan::SortNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), sort_(node) {
    types_ = node.types;
    physicals_ = PhysicalsOf(node);
    for (const plan::SortKey& key : node.keys) {
      uint32_t column = static_cast<uint32_t>(types_.size());
      if (key.expression->kind == expr::ExprKind::kColumn) {
        column = expr::As<expr::ColumnExpr>(*key.expression).index;
      } else {
        types_.push_back(key.expression->type);
        physicals_.push_back(key.expression->physical);
        computed_.Add(*key.expression, query.eval);
      }
      keys_.push_back({column, {key.descending, key.nulls_first}});
    }
  }

 protected:
  Status DoOpen() override {
    sorter_ = std::make_unique<Sorter>(query_, types_, physicals_, keys_);
    sorted_ = false;
    if (sort_.limit_hint != nullptr) {
      HELIOS_TRY(Value limit, expr::EvaluateConstant(*sort_.limit_hint, query_.eval));
      if (!limit.is_null() && limit.As<int64_t>() > 0) {
        sorter_->KeepFirst(static_cast<uint64_t>(limit.As<int64_t>()));
      }
    }
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    if (!sorted_) HELIOS_TRY(Consume());
    return sorter_->Next(sort_.types.size(), query_.vector_rows, out);
  }

 private:
  Status Consume() {
    Chunk input;
    Chunk keys;
    while (true) {
      HELIOS_TRY(child_->Next(&input));
      if (input.row_count() == 0) break;
      if (computed_.size() > 0) {
        HELIOS_TRY(computed_.Evaluate(input, &keys));
        for (Vector& key : keys.columns()) input.AddColumn(std::move(key));
      }
      HELIOS_TRY(sorter_->Add(input));
    }
    HELIOS_TRY(sorter_->Finish());
    sorted_ = true;
    stats().memory_bytes = std::max(stats().memory_bytes, sorter_->memory_bytes());
    stats().spilled_bytes += sorter_->spilled_bytes();
    return Status::Ok();
  }

  const plan::SortNode& sort_;
  std::vector<SqlType> types_;
  std::vector<PhysicalType> physicals_;
  std::vector<Sorter::Key> keys_;
  Expressions computed_;
  std::unique_ptr<Sorter> sorter_;
  bool sorted_ = false;
};

}  // namespace

OperatorPtr MakeSort(QueryState& query, const plan::SortNode& node, OperatorPtr child) {
  return std::make_unique<Sort>(query, node, std::move(child));
}

}  // namespace helios::exec
