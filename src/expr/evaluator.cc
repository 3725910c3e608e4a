#include "expr/evaluator.h"

#include <algorithm>

#include "expr/internal/eval_node.h"

namespace helios::expr {

namespace {

void CollectColumns(const Expr& expr, std::vector<uint32_t>* columns) {
  Walk(expr, [columns](const Expr& node) {
    if (node.kind == ExprKind::kColumn) columns->push_back(As<ColumnExpr>(node).index);
    return true;
  });
  std::sort(columns->begin(), columns->end());
  columns->erase(std::unique(columns->begin(), columns->end()), columns->end());
}

// Rows where an argument is NULL are NULL. False: every row is, by a constant.
bool CombineValidity(Arguments arguments, size_t row_count, Vector* out) {
  for (const Vector* argument : arguments) {
    if (argument->validity().AllValid()) continue;
    if (argument->is_constant()) {
      if (argument->IsNull(0)) return false;
      continue;
    }
    if (argument->kind() == VectorKind::kFlat && out->validity().AllValid()) {
      out->validity() = argument->validity();
      continue;
    }
    for (size_t row = 0; row < row_count; ++row) {
      if (argument->IsNull(row)) out->SetNull(row);
    }
  }
  return true;
}

class ConstantNode : public EvalNode {
 public:
  ConstantNode(const ConstantExpr& expr, EvalContext& context)
      : EvalNode(expr, context), vector_(expr.value.ToConstant()) {
    vector_.SetType(expr.type);
  }
  Status Evaluate(const Chunk&, Vector* out) override {
    *out = vector_;
    return Status::Ok();
  }

 private:
  Vector vector_;
};

class ColumnNode : public EvalNode {
 public:
  ColumnNode(const ColumnExpr& expr, EvalContext& context)
      : EvalNode(expr, context), index_(expr.index) {}
  Status Evaluate(const Chunk& input, Vector* out) override {
    HELIOS_CHECK(index_ < input.column_count());
    *out = input.column(index_);
    return Status::Ok();
  }

 private:
  uint32_t index_;
};

class ParameterNode : public EvalNode {
 public:
  ParameterNode(const ParameterExpr& expr, EvalContext& context)
      : EvalNode(expr, context), slot_(expr.slot) {}
  Status Evaluate(const Chunk&, Vector* out) override {
    if (slot_ >= context_.parameters.size()) {
      return Error(ErrorCode::kUndefinedParameter).Message("there is no parameter ${}", slot_ + 1);
    }
    const Value& value = context_.parameters[slot_];
    if (value.is_null()) {
      *out = Vector::ConstantNull(expr_.type, expr_.physical);
      return Status::Ok();
    }
    *out = value.ToConstant();
    out->SetType(expr_.type);
    return Status::Ok();
  }

 private:
  uint32_t slot_;
};

std::vector<SqlType> TypesOf(const std::vector<ExprPtr>& children) {
  std::vector<SqlType> types;
  types.reserve(children.size());
  for (const ExprPtr& child : children) types.push_back(child->type);
  return types;
}

class FunctionNode : public EvalNode {
 public:
  FunctionNode(const FunctionExpr& expr, EvalContext& context)
      : EvalNode(expr, context),
        caller_(*expr.function, expr.type, expr.physical, TypesOf(expr.children), context, &expr) {}

  Status Evaluate(const Chunk& input, Vector* out) override {
    HELIOS_TRY(EvaluateChildren(input, &values_));
    return caller_.Call(ArgumentList(values_), input.row_count(), out);
  }

  Status Select(const Chunk& input, Selection* out) override {
    const ScalarFunction& function = caller_.function();
    if (function.select == nullptr) return EvalNode::Select(input, out);
    HELIOS_TRY(EvaluateChildren(input, &values_));
    out->clear();
    bool all_constant = true;
    for (const Vector& value : values_) {
      if (!value.is_constant()) {
        all_constant = false;
      } else if (value.IsNull(0)) {
        return Status::Ok();
      }
    }
    const ArgumentList arguments(values_);
    if (!all_constant) {
      function.select(arguments, input.row_count(), out);
      return Status::Ok();
    }
    Vector result;
    HELIOS_TRY(caller_.Call(arguments, input.row_count(), &result));
    SelectTrue(result, input.row_count(), out);
    return Status::Ok();
  }

 private:
  FunctionCaller caller_;
  std::vector<Vector> values_;
};

}  // namespace

EvalNode::EvalNode(const Expr& expr, EvalContext& context) : expr_(expr), context_(context) {
  for (const ExprPtr& child : expr.children) children_.push_back(Make(*child, context));
  CollectColumns(expr, &used_columns_);
}

Status EvalNode::Select(const Chunk& input, Selection* out) {
  Vector result;
  HELIOS_TRY(Evaluate(input, &result));
  SelectTrue(result, input.row_count(), out);
  return Status::Ok();
}

Chunk EvalNode::SliceFor(const Chunk& input, std::shared_ptr<const Selection> rows) const {
  Chunk slice;
  const size_t width = used_columns_.empty() ? 0 : used_columns_.back() + 1;
  slice.columns().resize(width);
  for (const uint32_t index : used_columns_) {
    slice.column(index) = Vector::Dictionary(input.column(index), rows);
  }
  slice.SetRowCount(rows->size());
  return slice;
}

Status EvalNode::EvaluateChildren(const Chunk& input, std::vector<Vector>* values) {
  values->resize(children_.size());
  for (size_t i = 0; i < children_.size(); ++i) {
    HELIOS_TRY(children_[i]->Evaluate(input, &(*values)[i]));
  }
  return Status::Ok();
}

Status EvalContext::CheckMemory(size_t bytes) const {
  if (memory == nullptr) return Status::Ok();
  HELIOS_TRY(memory->Reserve(bytes));
  memory->Release(bytes);
  return Status::Ok();
}

Status ResultGuard::CheckLarge() {
  const size_t bytes = heap_->allocated_bytes();
  checked_bytes_ = bytes + kLargeBytes;
  return context_.CheckMemory(bytes);
}

Status FunctionCaller::Call(Arguments arguments, size_t row_count, Vector* out) {
  bool all_constant = function_.volatility != Volatility::kVolatile;
  for (const Vector* argument : arguments) all_constant &= argument->is_constant();
  const size_t computed_count = all_constant ? 1 : row_count;
  Vector result(result_, physical_, computed_count);
  if (function_.strict && !CombineValidity(arguments, computed_count, &result)) {
    *out = Vector::ConstantNull(result_, physical_);
    return Status::Ok();
  }
  FunctionCall call{context_, argument_types_, result_, state_, &function_, site_};
  HELIOS_TRY(function_.kernel(call, arguments, computed_count, &result));
  HELIOS_TRY(ResultGuard(context_, &result).Check());
  if (all_constant) result.MakeConstant();
  *out = std::move(result);
  return Status::Ok();
}

void SelectTrue(const Vector& vector, size_t row_count, Selection* out) {
  out->clear();
  if (vector.is_constant()) {
    if (!IsTrue(vector, 0)) return;
    out->resize(row_count);
    for (size_t row = 0; row < row_count; ++row) {
      (*out)[row] = static_cast<SelectionIndex>(row);
    }
    return;
  }
  out->resize(row_count);
  SelectionIndex* selected = out->data();
  size_t count = 0;
  if (vector.kind() == VectorKind::kFlat && vector.validity().AllValid()) {
    const uint8_t* values = vector.Data<uint8_t>();
    for (size_t row = 0; row < row_count; ++row) {
      selected[count] = static_cast<SelectionIndex>(row);
      count += values[row] != 0 ? 1 : 0;
    }
  } else {
    for (size_t row = 0; row < row_count; ++row) {
      selected[count] = static_cast<SelectionIndex>(row);
      count += IsTrue(vector, row) ? 1 : 0;
    }
  }
  out->resize(count);
}

void Scatter(const Vector& from, const Selection& rows, Vector* out) {
  const size_t width = PhysicalWidth(out->physical());
  HELIOS_CHECK(from.physical() == out->physical());
  const char* source = from.RawData();
  char* target = out->RawData();
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t position = from.Position(i);
    const bool valid = from.validity().IsValid(position);
    out->validity().Set(rows[i], valid);
    if (valid) std::memcpy(target + rows[i] * width, source + position * width, width);
  }
  if (out->physical() == PhysicalType::kVarlen) out->ReferenceHeaps(from);
}

std::shared_ptr<const Selection> AllRows(size_t row_count) {
  auto rows = std::make_shared<Selection>(row_count);
  for (size_t row = 0; row < row_count; ++row) (*rows)[row] = static_cast<SelectionIndex>(row);
  return rows;
}

Selection Compose(const Selection& outer, const Selection& inner) {
  Selection result;
  result.reserve(inner.size());
  for (const SelectionIndex index : inner) result.push_back(outer[index]);
  return result;
}

std::unique_ptr<EvalNode> EvalNode::Make(const Expr& expr, EvalContext& context) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return std::make_unique<ConstantNode>(As<ConstantExpr>(expr), context);
    case ExprKind::kColumn:
      return std::make_unique<ColumnNode>(As<ColumnExpr>(expr), context);
    case ExprKind::kParameter:
      return std::make_unique<ParameterNode>(As<ParameterExpr>(expr), context);
    case ExprKind::kFunction:
      return std::make_unique<FunctionNode>(As<FunctionExpr>(expr), context);
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
    case ExprKind::kIsNull:
    case ExprKind::kIsBool:
    case ExprKind::kIsDistinct:
    case ExprKind::kCase:
    case ExprKind::kCoalesce:
    case ExprKind::kMinMax:
    case ExprKind::kNullIf:
      return MakeLogicNode(expr, context);
    case ExprKind::kInList:
    case ExprKind::kScalarArrayOp:
      return MakeMembershipNode(expr, context);
    case ExprKind::kCast:
      return MakeCastNode(As<CastExpr>(expr), context);
    case ExprKind::kArray:
    case ExprKind::kRow:
    case ExprKind::kFieldSelect:
    case ExprKind::kSubscript:
    case ExprKind::kSubplan:
      return MakeCompositeNode(expr, context);
  }
  HELIOS_CHECK(false && "every kind is listed above");
  return nullptr;
}

struct Evaluator::Node {
  std::unique_ptr<EvalNode> root;
};

Evaluator::Evaluator(const Expr& expr, EvalContext& context)
    : root_(std::make_unique<Node>(Node{EvalNode::Make(expr, context)})) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

const Expr& Evaluator::expr() const { return root_->root->expr(); }

Status Evaluator::Evaluate(const Chunk& input, Vector* out) {
  if (input.row_count() == 0) {
    *out = Vector::ConstantNull(expr().type, expr().physical);
    return Status::Ok();
  }
  return root_->root->Evaluate(input, out);
}

Status Evaluator::Select(const Chunk& input, Selection* out) {
  out->clear();
  if (input.row_count() == 0) return Status::Ok();
  return root_->root->Select(input, out);
}

Result<Value> EvaluateConstant(const Expr& expr, EvalContext& context) {
  Evaluator evaluator(expr, context);
  Chunk input;
  input.SetRowCount(1);
  Vector result;
  HELIOS_TRY(evaluator.Evaluate(input, &result));
  Value value = Value::FromVector(result, 0);
  value.SetType(expr.type);
  return value;
}

}  // namespace helios::expr
