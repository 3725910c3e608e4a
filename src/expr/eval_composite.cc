// ARRAY[...], ROW(...), fields, subscripts and sub-selects.

#include <algorithm>
#include <charconv>

#include "expr/internal/eval_node.h"
#include "types/array.h"
#include "types/json.h"
#include "types/record.h"

namespace helios::expr {
namespace {

// Nodes that compute one row at a time from all children.
class RowwiseNode : public EvalNode {
 public:
  using EvalNode::EvalNode;
  Status Evaluate(const Chunk& input, Vector* out) override {
    HELIOS_TRY(EvaluateChildren(input, &values_));
    bool constant = true;
    for (const Vector& value : values_) constant &= value.is_constant();
    const size_t row_count = constant ? 1 : input.row_count();
    Vector result = NewResult();
    for (size_t row = 0; row < row_count; ++row) HELIOS_TRY(EvaluateRow(row, &result));
    if (constant) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 protected:
  virtual Status EvaluateRow(size_t row, Vector* result) = 0;
  std::vector<Vector> values_;
};

class ArrayNode : public RowwiseNode {
 public:
  ArrayNode(const ArrayExpr& expr, EvalContext& context)
      : RowwiseNode(expr, context),
        element_(expr.element),
        physical_(PhysicalTypeOf(expr.element, context.text_format.lookup)),
        nested_(expr.nested) {}

 protected:
  Status EvaluateRow(size_t row, Vector* result) override {
    ArrayBuilder builder(element_, physical_);
    if (nested_) return EvaluateNested(row, &builder, result);
    for (const Vector& value : values_) builder.AddFrom(value, row);
    result->SetString(row, builder.Finish());
    return Status::Ok();
  }

 private:
  static Status DimensionsDiffer() {
    return Error(ErrorCode::kArraySubscriptError)
        .Message("multidimensional arrays must have array expressions with matching dimensions");
  }
  Status EvaluateNested(size_t row, ArrayBuilder* builder, Vector* result) {
    std::vector<int32_t> inner_dimensions;
    std::vector<int32_t> lower_bounds;
    int32_t outer_count = 0;
    bool saw_empty = false;
    for (const Vector& value : values_) {
      if (value.IsNull(row)) {
        saw_empty = true;
        continue;
      }
      const ArrayReader array(value.View(row));
      if (array.dimension_count() == 0) {
        saw_empty = true;
        continue;
      }
      std::vector<int32_t> dimensions;
      std::vector<int32_t> bounds;
      for (int32_t i = 0; i < array.dimension_count(); ++i) {
        dimensions.push_back(array.dimension(i));
        bounds.push_back(array.lower_bound(i));
      }
      if (outer_count == 0) {
        inner_dimensions = dimensions;
        lower_bounds = bounds;
        if (array.dimension_count() >= kArrayDimensionsMax) {
          return Error(ErrorCode::kProgramLimitExceeded)
              .Message("number of array dimensions ({}) exceeds the maximum allowed ({})",
                       array.dimension_count() + 1, kArrayDimensionsMax);
        }
      } else if (dimensions != inner_dimensions || bounds != lower_bounds) {
        return DimensionsDiffer();
      }
      ++outer_count;
      for (uint32_t i = 0; i < array.size(); ++i) builder->AddFrom(array, i);
    }
    if (saw_empty && outer_count > 0) return DimensionsDiffer();
    if (outer_count == 0) {
      result->SetString(row, builder->Finish());
      return Status::Ok();
    }
    inner_dimensions.insert(inner_dimensions.begin(), outer_count);
    lower_bounds.insert(lower_bounds.begin(), 1);
    result->SetString(row, builder->Finish(inner_dimensions, lower_bounds));
    return Status::Ok();
  }

  Oid element_;
  PhysicalType physical_;
  bool nested_;
};

class RowNode : public RowwiseNode {
 public:
  using RowwiseNode::RowwiseNode;

 protected:
  Status EvaluateRow(size_t row, Vector* result) override {
    RecordBuilder builder(static_cast<uint16_t>(values_.size()));
    for (const Vector& value : values_) builder.AddFrom(value, row);
    result->SetString(row, std::move(builder).Finish());
    return Status::Ok();
  }
};

class FieldSelectNode : public RowwiseNode {
 public:
  FieldSelectNode(const FieldSelectExpr& expr, EvalContext& context)
      : RowwiseNode(expr, context), index_(expr.index) {}

 protected:
  Status EvaluateRow(size_t row, Vector* result) override {
    if (values_[0].IsNull(row)) {
      result->SetNull(row);
      return Status::Ok();
    }
    const RecordReader record(values_[0].View(row));
    if (index_ >= record.field_count()) {
      result->SetNull(row);
      return Status::Ok();
    }
    const RecordReader::Field& field = record.field(index_);
    if (!field.is_null && field.physical != result->physical()) {
      return Error(ErrorCode::kDatatypeMismatch)
          .Message("attribute {} of type record has wrong type", index_ + 1);
    }
    record.Load(index_, result, row);
    return Status::Ok();
  }

 private:
  uint32_t index_;
};

class SubscriptNode : public RowwiseNode {
 public:
  SubscriptNode(const SubscriptExpr& expr, EvalContext& context)
      : RowwiseNode(expr, context), is_json_(expr.children[0]->type.oid == type_oid::kJsonb) {}

 protected:
  Status EvaluateRow(size_t row, Vector* result) override {
    const auto& expr = As<SubscriptExpr>(expr_);
    if (values_[0].IsNull(row)) {
      result->SetNull(row);
      return Status::Ok();
    }
    if (is_json_) return JsonSubscript(row, result);
    return expr.slice ? Slice(expr, row, result) : Element(row, result);
  }

 private:
  Status Element(size_t row, Vector* result) {
    const ArrayReader array(values_[0].View(row));
    const size_t count = values_.size() - 1;
    int32_t subscripts[kArrayDimensionsMax];
    bool outside = static_cast<int32_t>(count) != array.dimension_count();
    for (size_t i = 0; i < count && !outside; ++i) {
      outside = values_[i + 1].IsNull(row);
      if (!outside) subscripts[i] = values_[i + 1].At<int32_t>(row);
    }
    const int64_t index = outside ? -1 : array.IndexOf(subscripts);
    if (index < 0) {
      result->SetNull(row);
    } else {
      array.Load(static_cast<uint32_t>(index), result, row);
    }
    return Status::Ok();
  }

  Status Slice(const SubscriptExpr& expr, size_t row, Vector* result) {
    const ArrayReader array(values_[0].View(row));
    ArrayBuilder builder(array.element_type(), array.element_physical());
    const size_t pair_count = (values_.size() - 1) / 2;
    std::vector<int32_t> lower;
    std::vector<int32_t> length;
    const int32_t dimension_count = array.dimension_count();
    bool empty = dimension_count == 0 || static_cast<int32_t>(pair_count) > dimension_count;
    for (int32_t i = 0; i < dimension_count; ++i) {
      int32_t from = array.lower_bound(i);
      int32_t to = from + array.dimension(i) - 1;
      for (size_t side = 0; side < 2 && i < static_cast<int32_t>(pair_count); ++side) {
        const size_t child_index = 2 * static_cast<size_t>(i) + side;
        if (child_index < expr.omitted.size() && expr.omitted[child_index]) continue;
        const Vector& bound = values_[child_index + 1];
        if (bound.IsNull(row)) {
          result->SetNull(row);
          return Status::Ok();
        }
        const int32_t value = bound.At<int32_t>(row);
        if (side == 0) from = std::max(from, value);
        if (side == 1) to = std::min(to, value);
      }
      empty |= from > to;
      lower.push_back(from);
      length.push_back(to - from + 1);
    }
    if (empty) {
      result->SetString(row, builder.Finish());
      return Status::Ok();
    }
    std::vector<int32_t> position = lower;
    for (bool more = true; more;) {
      builder.AddFrom(array, static_cast<uint32_t>(array.IndexOf(position.data())));
      more = false;
      for (int32_t i = dimension_count - 1; i >= 0 && !more; --i) {
        more = ++position[i] < lower[i] + length[i];
        if (!more) position[i] = lower[i];
      }
    }
    result->SetString(row, builder.Finish(length, std::vector<int32_t>(length.size(), 1)));
    return Status::Ok();
  }

  Status JsonSubscript(size_t row, Vector* result) {
    std::vector<std::string> path;
    for (size_t i = 1; i < values_.size(); ++i) {
      if (values_[i].IsNull(row)) {
        result->SetNull(row);
        return Status::Ok();
      }
      path.emplace_back(values_[i].physical() == PhysicalType::kInt32
                            ? std::to_string(values_[i].At<int32_t>(row))
                            : std::string(values_[i].View(row)));
    }
    const std::optional<std::string_view> found = JsonPath(values_[0].View(row), path);
    if (found.has_value()) {
      result->SetString(row, *found);
    } else {
      result->SetNull(row);
    }
    return Status::Ok();
  }

  bool is_json_;
};

class SubplanNode : public EvalNode {
 public:
  using EvalNode::EvalNode;
  Status Evaluate(const Chunk& input, Vector* out) override {
    if (context_.subplan_runner == nullptr) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("a sub-select cannot be used in this place");
    }
    std::vector<Vector> values;
    HELIOS_TRY(EvaluateChildren(input, &values));
    Vector result = NewResult();
    HELIOS_TRY(
        context_.subplan_runner->Run(As<SubplanExpr>(expr_), values, input.row_count(), &result));
    *out = std::move(result);
    return Status::Ok();
  }
};

}  // namespace

std::unique_ptr<EvalNode> MakeCompositeNode(const Expr& expr, EvalContext& context) {
  switch (expr.kind) {
    case ExprKind::kArray:
      return std::make_unique<ArrayNode>(As<ArrayExpr>(expr), context);
    case ExprKind::kRow:
      return std::make_unique<RowNode>(expr, context);
    case ExprKind::kFieldSelect:
      return std::make_unique<FieldSelectNode>(As<FieldSelectExpr>(expr), context);
    case ExprKind::kSubscript:
      return std::make_unique<SubscriptNode>(As<SubscriptExpr>(expr), context);
    case ExprKind::kSubplan:
      return std::make_unique<SubplanNode>(expr, context);
    default:
      break;
  }
  HELIOS_CHECK(false && "the caller sends only the kinds above");
  return nullptr;
}

}  // namespace helios::expr
