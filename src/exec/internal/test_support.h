#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exec/executor.h"
#include "expr/function_registry.h"
#include "types/io.h"

// Plans built by hand over a node in memory, for the tests of this module.
namespace helios::exec::test {

namespace oid = type_oid;
using expr::ExprPtr;
using Rows = std::vector<std::string>;

inline ExprPtr Col(uint32_t index, Oid type) {
  return std::make_unique<expr::ColumnExpr>(index, SqlType{type});
}
inline ExprPtr Const(Value value) { return std::make_unique<expr::ConstantExpr>(std::move(value)); }
inline ExprPtr Int(int32_t value) { return Const(Value::Int4(value)); }
inline ExprPtr Big(int64_t value) { return Const(Value::Int8(value)); }
inline ExprPtr Text(std::string value) { return Const(Value::Text(std::move(value))); }
inline ExprPtr NullOf(Oid type) { return Const(Value::Null({type})); }
inline ExprPtr Param(uint32_t slot, Oid type) {
  return std::make_unique<expr::ParameterExpr>(slot, SqlType{type});
}

// `left name right` for operands of these exact types.
inline ExprPtr Op(std::string_view name, ExprPtr left, ExprPtr right) {
  for (const expr::Operator* op : expr::OperatorsNamed(name)) {
    if (op->left != left->type.oid || op->right != right->type.oid) continue;
    auto call = std::make_unique<expr::FunctionExpr>(op->function, SqlType{op->result});
    call->operator_name = name;
    call->children.push_back(std::move(left));
    call->children.push_back(std::move(right));
    return call;
  }
  ADD_FAILURE() << "no operator " << name;
  return nullptr;
}

inline const expr::AggregateFunction* Aggregate(std::string_view name, std::vector<Oid> arguments) {
  for (const expr::AggregateFunction* function : expr::AggregatesNamed(name)) {
    bool fits = function->arguments.size() == arguments.size();
    for (size_t i = 0; fits && i < arguments.size(); ++i) {
      const Oid wanted = function->arguments[i];
      fits = wanted == arguments[i] || wanted == oid::kAny || wanted == oid::kAnyNonArray;
    }
    if (fits) return function;
  }
  ADD_FAILURE() << "no aggregate " << name;
  return nullptr;
}

inline void SetTypes(plan::Node* node, std::vector<SqlType> types) {
  node->types = std::move(types);
  node->physicals.clear();
  for (const SqlType& type : node->types) node->physicals.push_back(PhysicalTypeOf(type.oid));
}

inline plan::NodePtr ValuesOf(std::vector<Oid> types, std::vector<std::vector<ExprPtr>> rows) {
  auto node = std::make_unique<plan::ValuesNode>();
  std::vector<SqlType> sql_types;
  sql_types.reserve(types.size());
  for (Oid type : types) sql_types.push_back({type});
  SetTypes(node.get(), sql_types);
  node->rows = std::move(rows);
  return node;
}

// One int4 column a list element each; INT32_MIN stands for NULL.
inline plan::NodePtr IntRows(const std::vector<std::vector<int32_t>>& rows, size_t width) {
  std::vector<std::vector<ExprPtr>> values;
  for (const std::vector<int32_t>& row : rows) {
    std::vector<ExprPtr> list;
    list.reserve(row.size());
    for (int32_t value : row) list.push_back(value == INT32_MIN ? NullOf(oid::kInt4) : Int(value));
    values.push_back(std::move(list));
  }
  return ValuesOf(std::vector<Oid>(width, oid::kInt4), std::move(values));
}

inline plan::NodePtr FilterOf(plan::NodePtr child, ExprPtr predicate) {
  auto node = std::make_unique<plan::FilterNode>();
  node->types = child->types;
  node->physicals = child->physicals;
  node->predicate = std::move(predicate);
  node->children.push_back(std::move(child));
  return node;
}

inline plan::NodePtr ProjectOf(plan::NodePtr child, std::vector<ExprPtr> expressions) {
  auto node = std::make_unique<plan::ProjectNode>();
  for (const ExprPtr& expression : expressions) {
    node->types.push_back(expression->type);
    node->physicals.push_back(expression->physical);
  }
  node->expressions = std::move(expressions);
  node->children.push_back(std::move(child));
  return node;
}

inline plan::SortKey KeyOf(ExprPtr expression, bool descending = false, bool nulls_first = false) {
  plan::SortKey key;
  key.expression = std::move(expression);
  key.descending = descending;
  key.nulls_first = nulls_first;
  return key;
}

inline plan::NodePtr SortOf(plan::NodePtr child, std::vector<plan::SortKey> keys) {
  auto node = std::make_unique<plan::SortNode>();
  node->types = child->types;
  node->physicals = child->physicals;
  node->keys = std::move(keys);
  node->children.push_back(std::move(child));
  return node;
}

inline std::shared_ptr<plan::Plan> PlanOf(plan::NodePtr root) {
  auto plan = std::make_shared<plan::Plan>();
  for (const SqlType& type : root->types) {
    plan::OutputColumn column;
    column.type = type;
    plan->output.push_back(column);
  }
  plan->returns_rows = !root->types.empty();
  plan->root = std::move(root);
  return plan;
}

inline std::string RowText(const Chunk& chunk, size_t row) {
  std::string text;
  for (size_t c = 0; c < chunk.column_count(); ++c) {
    if (c > 0) text += "|";
    if (chunk.column(c).IsNull(row)) {
      text += "-";
    } else {
      EXPECT_TRUE(FormatText(chunk.column(c), row, TextFormat(), &text).ok());
    }
  }
  return text;
}

// Runs a plan and gives its rows as text, or the one line "SQLSTATE message".
inline Rows RunPlan(std::shared_ptr<const plan::Plan> plan, ExecutionContext context,
                    uint64_t* affected = nullptr) {
  auto failed = [](const Status& status) {
    return Rows{std::string(SqlState(status.code())) + " " + status.info().message};
  };
  auto execution = Execution::Start(std::move(plan), std::move(context));
  if (!execution.ok()) return failed(execution.status());
  Rows rows;
  Chunk chunk;
  do {
    const Status status = (*execution)->Next(&chunk);
    if (!status.ok()) return failed(status);
    for (size_t row = 0; row < chunk.row_count(); ++row) rows.push_back(RowText(chunk, row));
  } while (chunk.row_count() > 0);
  if (affected != nullptr) *affected = (*execution)->affected_rows();
  return rows;
}

inline Rows Sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

// How the same plan is run: with small chunks, with forced spilling.
struct Mode {
  size_t vector_rows = kVectorRowsMax;
  size_t memory_bytes = size_t{256} << 20;
};
inline std::vector<Mode> AllModes() { return {{}, {3}, {7, 1}, {kVectorRowsMax, 1}}; }

inline ExecutionContext ContextOf(const Mode& mode = {}) {
  static MemorySpillArea spill;
  ExecutionContext context;
  context.vector_rows = mode.vector_rows;
  context.operator_memory_bytes = mode.memory_bytes;
  context.spill = &spill;
  return context;
}

}  // namespace helios::exec::test
