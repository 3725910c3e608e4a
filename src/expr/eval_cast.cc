// Conversions by every CastExpr::Method.

#include "expr/internal/eval_node.h"
#include "types/array.h"

namespace helios::expr {
namespace {

bool IsTextual(Oid type) {
  return type == type_oid::kText || type == type_oid::kVarchar || type == type_oid::kUnknown ||
         type == type_oid::kCstring || type == type_oid::kName || type == type_oid::kBpchar;
}

class FunctionCastNode : public EvalNode {
 public:
  FunctionCastNode(const CastExpr& expr, EvalContext& context)
      : EvalNode(expr, context),
        typmod_(Value::Int4(expr.type.typmod).ToConstant()),
        is_explicit_(Value::Bool(expr.is_explicit).ToConstant()),
        caller_(*expr.function, expr.type, expr.physical,
                {expr.children[0]->type, {type_oid::kInt4}, {type_oid::kBool}}, context) {}
  Status Evaluate(const Chunk& input, Vector* out) override {
    Vector value;
    HELIOS_TRY(child(0).Evaluate(input, &value));
    const Vector* arguments[] = {&value, &typmod_, &is_explicit_};
    const size_t argument_count = caller_.function().arguments.size();
    HELIOS_CHECK(argument_count >= 1 && argument_count <= 3);
    return caller_.Call(Arguments(arguments, argument_count), input.row_count(), out);
  }

 private:
  Vector typmod_;
  Vector is_explicit_;
  FunctionCaller caller_;
};

class BinaryCastNode : public EvalNode {
 public:
  using EvalNode::EvalNode;
  Status Evaluate(const Chunk& input, Vector* out) override {
    HELIOS_TRY(child(0).Evaluate(input, out));
    HELIOS_CHECK(out->physical() == expr_.physical);
    out->SetType(expr_.type);
    return Status::Ok();
  }
};

// Casts that go row by row into a fresh vector.
class RowCastNode : public EvalNode {
 public:
  using EvalNode::EvalNode;
  Status Evaluate(const Chunk& input, Vector* out) override {
    Vector value;
    HELIOS_TRY(child(0).Evaluate(input, &value));
    Vector result = NewResult();
    const size_t row_count = value.is_constant() ? 1 : input.row_count();
    for (size_t row = 0; row < row_count; ++row) {
      if (value.IsNull(row)) {
        result.SetNull(row);
      } else {
        HELIOS_TRY(CastRow(value, row, &result));
      }
    }
    if (value.is_constant()) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 protected:
  const CastExpr& cast() const { return As<CastExpr>(expr_); }
  virtual Status CastRow(const Vector& value, size_t row, Vector* result) = 0;
};

class TextCastNode : public RowCastNode {
 public:
  TextCastNode(const CastExpr& expr, EvalContext& context) : RowCastNode(expr, context) {
    const Oid target = expr.type.oid;
    from_text_ = IsTextual(expr.children[0]->type.oid);
    to_text_ = target == type_oid::kText || target == type_oid::kCstring ||
               target == type_oid::kUnknown ||
               (target == type_oid::kVarchar && expr.type.typmod < 0);
    // An explicit cast cuts what is too long; reading text with the typmod would refuse it.
    cut_ = expr.is_explicit && expr.type.typmod >= 0 &&
           (target == type_oid::kVarchar || target == type_oid::kBpchar ||
            target == type_oid::kBit || target == type_oid::kVarbit);
  }

 protected:
  Status CastRow(const Vector& value, size_t row, Vector* result) override {
    std::string_view text;
    if (from_text_) {
      text = value.View(row);
    } else {
      text_.clear();
      HELIOS_TRY(FormatText(value, row, context_.text_format, &text_));
      text = text_;
    }
    if (to_text_) {
      result->SetString(row, text);
      return Status::Ok();
    }
    SqlType target = expr_.type;
    if (cut_) target.typmod = -1;
    HELIOS_TRY(ParseText(target, text, context_.text_format, result, row));
    if (!cut_) return Status::Ok();
    return ApplyTypmod(expr_.type, true, result, row);
  }

 private:
  bool from_text_;
  bool to_text_;
  bool cut_;
  std::string text_;
};

class LengthCastNode : public RowCastNode {
 public:
  LengthCastNode(const CastExpr& expr, EvalContext& context)
      : RowCastNode(expr, context), changes_(HasTypmodCoercion(expr.type)) {}
  Status Evaluate(const Chunk& input, Vector* out) override {
    if (changes_) return RowCastNode::Evaluate(input, out);
    HELIOS_TRY(child(0).Evaluate(input, out));
    out->SetType(expr_.type);
    return Status::Ok();
  }

 protected:
  Status CastRow(const Vector& value, size_t row, Vector* result) override {
    result->CopyFrom(row, value, row);
    return ApplyTypmod(expr_.type, cast().is_explicit, result, row);
  }

 private:
  bool changes_;
};

class ArrayCastNode : public RowCastNode {
 public:
  ArrayCastNode(const CastExpr& expr, EvalContext& context)
      : RowCastNode(expr, context), element_(EvalNode::Make(*expr.element, context)) {}

 protected:
  Status CastRow(const Vector& value, size_t row, Vector* result) override {
    const ArrayReader array(value.View(row));
    const Expr& element = *cast().element;
    ArrayBuilder builder(element.type.oid, element.physical);
    for (uint32_t start = 0; start < array.size(); start += kVectorRowsMax) {
      const uint32_t count =
          std::min<uint32_t>(array.size() - start, static_cast<uint32_t>(kVectorRowsMax));
      Vector elements({array.element_type()}, array.element_physical());
      for (uint32_t i = 0; i < count; ++i) array.Load(start + i, &elements, i);
      Chunk chunk;
      chunk.AddColumn(std::move(elements));
      chunk.SetRowCount(count);
      Vector converted;
      HELIOS_TRY(element_->Evaluate(chunk, &converted));
      for (uint32_t i = 0; i < count; ++i) builder.AddFrom(converted, i);
    }
    std::vector<int32_t> dimensions;
    std::vector<int32_t> lower_bounds;
    for (int32_t i = 0; i < array.dimension_count(); ++i) {
      dimensions.push_back(array.dimension(i));
      lower_bounds.push_back(array.lower_bound(i));
    }
    result->SetString(
        row, array.size() == 0 ? builder.Finish() : builder.Finish(dimensions, lower_bounds));
    return Status::Ok();
  }

 private:
  std::unique_ptr<EvalNode> element_;
};

// The value itself, after it has passed the domain's conditions in their order.
class DomainCastNode : public EvalNode {
 public:
  DomainCastNode(const CastExpr& expr, EvalContext& context) : EvalNode(expr, context) {
    for (const CastExpr::DomainCondition& condition : expr.conditions) {
      conditions_.push_back(
          condition.condition == nullptr ? nullptr : EvalNode::Make(*condition.condition, context));
    }
  }

  Status Evaluate(const Chunk& input, Vector* out) override {
    HELIOS_TRY(child(0).Evaluate(input, out));
    HELIOS_CHECK(out->physical() == expr_.physical);
    Chunk values;
    values.AddColumn(*out);
    values.SetRowCount(input.row_count());
    const auto& conditions = As<CastExpr>(expr_).conditions;
    for (size_t i = 0; i < conditions.size(); ++i) {
      HELIOS_TRY(Check(conditions[i], conditions_[i].get(), values));
    }
    out->SetType(expr_.type);
    return Status::Ok();
  }

 private:
  Status Check(const CastExpr::DomainCondition& condition, EvalNode* node, const Chunk& values) {
    Vector result;
    if (node != nullptr) HELIOS_TRY(node->Evaluate(values, &result));
    for (size_t row = 0; row < values.row_count(); ++row) {
      if (node == nullptr ? !values.column(0).IsNull(row)
                          : result.IsNull(row) || result.At<uint8_t>(row) != 0) {
        continue;
      }
      const std::string domain = FormatType(expr_.type, context_.text_format.lookup);
      if (node == nullptr) {
        return Error(ErrorCode::kNotNullViolation)
            .Message("domain {} does not allow null values", domain)
            .DataType(domain);
      }
      return Error(ErrorCode::kCheckViolation)
          .Message("value for domain {} violates check constraint \"{}\"", domain,
                   condition.constraint)
          .DataType(domain)
          .Constraint(condition.constraint);
    }
    return Status::Ok();
  }

  std::vector<std::unique_ptr<EvalNode>> conditions_;
};

}  // namespace

std::unique_ptr<EvalNode> MakeCastNode(const CastExpr& expr, EvalContext& context) {
  switch (expr.method) {
    case CastExpr::Method::kFunction:
      return std::make_unique<FunctionCastNode>(expr, context);
    case CastExpr::Method::kBinary:
      return std::make_unique<BinaryCastNode>(expr, context);
    case CastExpr::Method::kText:
    case CastExpr::Method::kEnum:
      return std::make_unique<TextCastNode>(expr, context);
    case CastExpr::Method::kArray:
      return std::make_unique<ArrayCastNode>(expr, context);
    case CastExpr::Method::kLength:
      return std::make_unique<LengthCastNode>(expr, context);
    case CastExpr::Method::kDomain:
      return std::make_unique<DomainCastNode>(expr, context);
  }
  HELIOS_CHECK(false && "every method is listed above");
  return nullptr;
}

}  // namespace helios::expr
