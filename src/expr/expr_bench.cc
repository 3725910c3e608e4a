// Hot kernels, rows a second: arithmetic, comparison to selections, LIKE, sums.

#include <benchmark/benchmark.h>

#include "expr/evaluator.h"
#include "expr/function_registry.h"
#include "types/numeric.h"

namespace helios::expr {
namespace {

constexpr SqlType kTypes[] = {{type_oid::kInt4},    {type_oid::kInt8}, {type_oid::kFloat8},
                              {type_oid::kNumeric}, {type_oid::kText}, {type_oid::kInt4}};

Chunk MakeChunk(bool nulls) {
  Chunk chunk(kTypes);
  for (size_t row = 0; row < kVectorRowsMax; ++row) {
    const auto value = static_cast<int64_t>(row * 7919 % 1000);
    chunk.column(0).Set<int32_t>(row, static_cast<int32_t>(value));
    chunk.column(1).Set<int64_t>(row, value * 1000);
    chunk.column(2).Set<double>(row, static_cast<double>(value) * 0.5);
    chunk.column(3).Data<StringRef>()[row] = EncodeSmallNumeric(value * 100 + 25, 2);
    chunk.column(4).SetString(row, "carefully final deposits " + std::to_string(value) + " haggle");
    chunk.column(5).Set<int32_t>(row, static_cast<int32_t>(value % 10) + 1);
    if (nulls && row % 10 == 0) chunk.column(0).SetNull(row);
  }
  chunk.SetRowCount(kVectorRowsMax);
  return chunk;
}
ExprPtr Column(uint32_t index) { return std::make_unique<ColumnExpr>(index, kTypes[index]); }
ExprPtr Op(std::string_view name, ExprPtr left, ExprPtr right) {
  for (const Operator* op : OperatorsNamed(name)) {
    if (op->left != left->type.oid || op->right != right->type.oid) continue;
    auto node = std::make_unique<FunctionExpr>(op->function, SqlType{op->result});
    node->children.push_back(std::move(left));
    node->children.push_back(std::move(right));
    return node;
  }
  HELIOS_CHECK(false && "no such operator");
  return nullptr;
}
ExprPtr Constant(Value value) { return std::make_unique<ConstantExpr>(std::move(value)); }

void Evaluate(benchmark::State& state, ExprPtr expr, bool nulls = false) {
  const Chunk chunk = MakeChunk(nulls);
  EvalContext context;
  Evaluator evaluator(*expr, context);
  for (auto _ : state) {
    Vector out;
    HELIOS_CHECK(evaluator.Evaluate(chunk, &out).ok());
    benchmark::DoNotOptimize(out.RawData());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kVectorRowsMax));
}
void Select(benchmark::State& state, ExprPtr expr, bool nulls = false) {
  const Chunk chunk = MakeChunk(nulls);
  EvalContext context;
  Evaluator evaluator(*expr, context);
  Selection rows;
  for (auto _ : state) {
    HELIOS_CHECK(evaluator.Select(chunk, &rows).ok());
    benchmark::DoNotOptimize(rows.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kVectorRowsMax));
}

void AddInt4(benchmark::State& state) { Evaluate(state, Op("+", Column(0), Column(5))); }
void AddInt4Nulls(benchmark::State& state) { Evaluate(state, Op("+", Column(0), Column(5)), true); }
void MultiplyInt8(benchmark::State& state) { Evaluate(state, Op("*", Column(1), Column(5))); }
void MultiplyFloat8(benchmark::State& state) { Evaluate(state, Op("*", Column(2), Column(2))); }
void MultiplyNumeric(benchmark::State& state) { Evaluate(state, Op("*", Column(3), Column(3))); }
void AddNumeric(benchmark::State& state) { Evaluate(state, Op("+", Column(3), Column(3))); }
void SelectInt4(benchmark::State& state) {
  Select(state, Op("<", Column(0), Constant(Value::Int4(500))));
}
void SelectInt4Nulls(benchmark::State& state) {
  Select(state, Op("<", Column(0), Constant(Value::Int4(500))), true);
}
void SelectText(benchmark::State& state) {
  Select(state, Op("=", Column(4), Constant(Value::Text("carefully final deposits 77 haggle"))));
}
void SelectConjunction(benchmark::State& state) {
  auto both = std::make_unique<AndExpr>();
  both->children.push_back(Op("<", Column(0), Constant(Value::Int4(100))));
  both->children.push_back(Op(">", Column(2), Constant(Value::Float8(10))));
  Select(state, std::move(both));
}
void LikeContains(benchmark::State& state) {
  Select(state, Op("~~", Column(4), Constant(Value::Text("%posits%"))));
}
void Sum(benchmark::State& state, Oid type, uint32_t column, bool grouped) {
  const Chunk chunk = MakeChunk(false);
  EvalContext context;
  Arena arena;
  for (const AggregateFunction* function : AggregatesNamed("sum")) {
    if (function->arguments != std::vector<Oid>{type}) continue;
    constexpr size_t kGroups = 4;
    std::vector<uint64_t> memory(kGroups * function->state_bytes / 8 + kGroups);
    std::vector<uint8_t*> states(kVectorRowsMax);
    for (size_t i = 0; i < kVectorRowsMax; ++i) {
      states[i] = reinterpret_cast<uint8_t*>(memory.data()) + (i % kGroups) * function->state_bytes;
      if (i < kGroups) function->init(states[i]);
    }
    const SqlType types[] = {{type}};
    AggregateCall call{context, types, {function->result}, arena};
    const Vector* arguments[] = {&chunk.column(column)};
    for (auto _ : state) {
      const Status status = grouped
                                ? function->update(call, arguments, kVectorRowsMax, states.data())
                                : function->update_one(call, arguments, kVectorRowsMax, states[0]);
      HELIOS_CHECK(status.ok());
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kVectorRowsMax));
  }
}

BENCHMARK(AddInt4);
BENCHMARK(AddInt4Nulls);
BENCHMARK(MultiplyInt8);
BENCHMARK(MultiplyFloat8);
BENCHMARK(AddNumeric);
BENCHMARK(MultiplyNumeric);
BENCHMARK(SelectInt4);
BENCHMARK(SelectInt4Nulls);
BENCHMARK(SelectText);
BENCHMARK(SelectConjunction);
BENCHMARK(LikeContains);
BENCHMARK_CAPTURE(Sum, Int4, type_oid::kInt4, 0, false);
BENCHMARK_CAPTURE(Sum, Int4Grouped, type_oid::kInt4, 0, true);
BENCHMARK_CAPTURE(Sum, Int8, type_oid::kInt8, 1, false);
BENCHMARK_CAPTURE(Sum, Float8, type_oid::kFloat8, 2, false);
BENCHMARK_CAPTURE(Sum, Float8Grouped, type_oid::kFloat8, 2, true);
BENCHMARK_CAPTURE(Sum, Numeric, type_oid::kNumeric, 3, false);
BENCHMARK_CAPTURE(Sum, NumericGrouped, type_oid::kNumeric, 3, true);

}  // namespace
}  // namespace helios::expr
