// AND, OR, NOT, IS tests, CASE, COALESCE, GREATEST, LEAST, NULLIF: expressions that decide which of
// their children a row needs.

#include <algorithm>

#include "expr/internal/eval_node.h"
#include "types/compare.h"
#include "types/record.h"

namespace helios::expr {
namespace {

// AND and OR. `kDecisive` is the value that settles a row: false for AND, true for OR. Later
// children see only rows that are not settled.
template <bool kDecisive>
class JunctionNode : public EvalNode {
 public:
  using EvalNode::EvalNode;

  Status Evaluate(const Chunk& input, Vector* out) override {
    Vector result = NewResult();
    uint8_t* values = result.Data<uint8_t>();
    const size_t row_count = input.row_count();
    std::fill_n(values, row_count, kDecisive ? 0 : 1);
    std::shared_ptr<const Selection> open = AllRows(row_count);
    for (size_t i = 0; i < child_count() && !open->empty(); ++i) {
      Vector value;
      if (open->size() == row_count) {
        HELIOS_TRY(child(i).Evaluate(input, &value));
      } else {
        const Chunk slice = child(i).SliceFor(input, open);
        HELIOS_TRY(child(i).Evaluate(slice, &value));
      }
      auto still_open = std::make_shared<Selection>();
      still_open->reserve(open->size());
      for (size_t k = 0; k < open->size(); ++k) {
        const SelectionIndex row = (*open)[k];
        if (value.IsNull(k)) {
          result.SetNull(row);
          still_open->push_back(row);
        } else if ((value.At<uint8_t>(k) != 0) == kDecisive) {
          result.Set<uint8_t>(row, kDecisive ? 1 : 0);
        } else {
          still_open->push_back(row);
        }
      }
      open = std::move(still_open);
    }
    *out = std::move(result);
    return Status::Ok();
  }

  Status Select(const Chunk& input, Selection* out) override {
    return kDecisive ? SelectAny(input, out) : SelectAll(input, out);
  }

 private:
  Status SelectAll(const Chunk& input, Selection* out) {
    HELIOS_TRY(child(0).Select(input, out));
    for (size_t i = 1; i < child_count() && !out->empty(); ++i) {
      Selection inner;
      if (out->size() == input.row_count()) {
        HELIOS_TRY(child(i).Select(input, &inner));
        *out = std::move(inner);
        continue;
      }
      const auto rows = std::make_shared<const Selection>(std::move(*out));
      const Chunk slice = child(i).SliceFor(input, rows);
      HELIOS_TRY(child(i).Select(slice, &inner));
      *out = Compose(*rows, inner);
    }
    return Status::Ok();
  }
  Status SelectAny(const Chunk& input, Selection* out) {
    std::shared_ptr<const Selection> open = AllRows(input.row_count());
    out->clear();
    for (size_t i = 0; i < child_count() && !open->empty(); ++i) {
      Selection inner;
      const Chunk slice = child(i).SliceFor(input, open);
      HELIOS_TRY(child(i).Select(slice, &inner));
      if (inner.empty()) continue;
      const Selection chosen = Compose(*open, inner);
      auto still_open = std::make_shared<Selection>();
      std::set_difference(open->begin(), open->end(), chosen.begin(), chosen.end(),
                          std::back_inserter(*still_open));
      Selection merged;
      merged.reserve(out->size() + chosen.size());
      std::merge(out->begin(), out->end(), chosen.begin(), chosen.end(),
                 std::back_inserter(merged));
      *out = std::move(merged);
      open = std::move(still_open);
    }
    return Status::Ok();
  }
};

class NotNode : public EvalNode {
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
        result.Data<uint8_t>()[row] = value.At<uint8_t>(row) == 0 ? 1 : 0;
      }
    }
    if (value.is_constant()) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }
};

class IsNullNode : public EvalNode {
 public:
  IsNullNode(const IsNullExpr& expr, EvalContext& context)
      : EvalNode(expr, context), negated_(expr.negated) {
    const Oid type = expr.children[0]->type.oid;
    is_record_ = type == type_oid::kRecord;
    const TypeLookup* lookup = context.text_format.lookup;
    if (type >= kFirstUserOid && lookup != nullptr) {
      const TypeLookup::UserType* user = lookup->FindUserType(type);
      is_record_ = user != nullptr && user->kind == TypeLookup::UserKind::kComposite;
    }
  }
  Status Evaluate(const Chunk& input, Vector* out) override {
    Vector value;
    HELIOS_TRY(child(0).Evaluate(input, &value));
    Vector result = NewResult();
    const size_t row_count = value.is_constant() ? 1 : input.row_count();
    uint8_t* values = result.Data<uint8_t>();
    for (size_t row = 0; row < row_count; ++row) {
      const bool is_null = value.IsNull(row);
      values[row] = is_record_ && !is_null ? TestRecord(value.View(row)) : is_null != negated_;
    }
    if (value.is_constant()) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  // A row value IS NULL when all its fields are, and IS NOT NULL when none is.
  bool TestRecord(std::string_view bytes) const {
    const RecordReader record(bytes);
    for (size_t i = 0; i < record.field_count(); ++i) {
      if (record.field(i).is_null == negated_) return false;
    }
    return true;
  }
  bool negated_;
  bool is_record_ = false;
};

class IsBoolNode : public EvalNode {
 public:
  IsBoolNode(const IsBoolExpr& expr, EvalContext& context)
      : EvalNode(expr, context), test_(expr.test), negated_(expr.negated) {}
  Status Evaluate(const Chunk& input, Vector* out) override {
    Vector value;
    HELIOS_TRY(child(0).Evaluate(input, &value));
    Vector result = NewResult();
    const size_t row_count = value.is_constant() ? 1 : input.row_count();
    for (size_t row = 0; row < row_count; ++row) {
      bool holds = false;
      switch (test_) {
        case IsBoolExpr::Test::kTrue:
          holds = IsTrue(value, row);
          break;
        case IsBoolExpr::Test::kFalse:
          holds = IsFalse(value, row);
          break;
        case IsBoolExpr::Test::kUnknown:
          holds = value.IsNull(row);
          break;
      }
      result.Data<uint8_t>()[row] = holds != negated_ ? 1 : 0;
    }
    if (value.is_constant()) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  IsBoolExpr::Test test_;
  bool negated_;
};

std::vector<SqlType> PairTypes(const Expr& expr) {
  return {expr.children[0]->type, expr.children[1]->type};
}

class IsDistinctNode : public EvalNode {
 public:
  IsDistinctNode(const IsDistinctExpr& expr, EvalContext& context)
      : EvalNode(expr, context),
        negated_(expr.negated),
        equality_(*expr.equality, expr.type, expr.physical, PairTypes(expr), context) {}
  Status Evaluate(const Chunk& input, Vector* out) override {
    std::vector<Vector> values;
    HELIOS_TRY(EvaluateChildren(input, &values));
    const bool constant = values[0].is_constant() && values[1].is_constant();
    const size_t row_count = constant ? 1 : input.row_count();
    Vector equal;
    HELIOS_TRY(equality_.Call(ArgumentList(values), row_count, &equal));
    Vector result = NewResult();
    for (size_t row = 0; row < row_count; ++row) {
      const bool left_null = values[0].IsNull(row);
      const bool right_null = values[1].IsNull(row);
      const bool same = left_null || right_null ? left_null == right_null : IsTrue(equal, row);
      result.Data<uint8_t>()[row] = same == negated_ ? 1 : 0;
    }
    if (constant) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  bool negated_;
  FunctionCaller equality_;
};

class NullIfNode : public EvalNode {
 public:
  NullIfNode(const NullIfExpr& expr, EvalContext& context)
      : EvalNode(expr, context),
        equality_(*expr.equality, {type_oid::kBool}, PhysicalType::kBool, PairTypes(expr),
                  context) {}
  Status Evaluate(const Chunk& input, Vector* out) override {
    std::vector<Vector> values;
    HELIOS_TRY(EvaluateChildren(input, &values));
    Vector equal;
    HELIOS_TRY(equality_.Call(ArgumentList(values), input.row_count(), &equal));
    Selection equal_rows;
    SelectTrue(equal, input.row_count(), &equal_rows);
    *out = values[0];
    if (equal_rows.empty()) return Status::Ok();
    Vector result = NewResult();
    Scatter(values[0], *AllRows(input.row_count()), &result);
    for (const SelectionIndex row : equal_rows) result.SetNull(row);
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  FunctionCaller equality_;
};

class CaseNode : public EvalNode {
 public:
  using EvalNode::EvalNode;
  Status Evaluate(const Chunk& input, Vector* out) override {
    const size_t row_count = input.row_count();
    std::shared_ptr<const Selection> open = AllRows(row_count);
    Vector result;
    bool started = false;
    const size_t branch_count = child_count() / 2;
    for (size_t branch = 0; branch < branch_count && !open->empty(); ++branch) {
      EvalNode& condition = child(2 * branch);
      Selection inner;
      if (open->size() == row_count) {
        HELIOS_TRY(condition.Select(input, &inner));
      } else {
        const Chunk slice = condition.SliceFor(input, open);
        HELIOS_TRY(condition.Select(slice, &inner));
      }
      if (inner.empty()) continue;
      auto chosen = std::make_shared<const Selection>(Compose(*open, inner));
      if (chosen->size() == row_count) return child(2 * branch + 1).Evaluate(input, out);
      HELIOS_TRY(Fill(child(2 * branch + 1), input, chosen, &started, &result));
      auto still_open = std::make_shared<Selection>();
      std::set_difference(open->begin(), open->end(), chosen->begin(), chosen->end(),
                          std::back_inserter(*still_open));
      open = std::move(still_open);
    }
    const bool has_else = child_count() % 2 == 1;
    if (!started) {
      if (has_else) return child(child_count() - 1).Evaluate(input, out);
      *out = Vector::ConstantNull(expr_.type, expr_.physical);
      return Status::Ok();
    }
    if (has_else && !open->empty()) {
      HELIOS_TRY(Fill(child(child_count() - 1), input, open, &started, &result));
    } else {
      for (const SelectionIndex row : *open) result.SetNull(row);
    }
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  Status Fill(EvalNode& branch, const Chunk& input, std::shared_ptr<const Selection> rows,
              bool* started, Vector* result) {
    if (!*started) *result = NewResult();
    *started = true;
    Vector value;
    const Chunk slice = branch.SliceFor(input, rows);
    HELIOS_TRY(branch.Evaluate(slice, &value));
    Scatter(value, *rows, result);
    return Status::Ok();
  }
};

class CoalesceNode : public EvalNode {
 public:
  using EvalNode::EvalNode;
  Status Evaluate(const Chunk& input, Vector* out) override {
    const size_t row_count = input.row_count();
    Vector first;
    HELIOS_TRY(child(0).Evaluate(input, &first));
    std::shared_ptr<Selection> open = NullRows(first, *AllRows(row_count));
    if (open->empty()) {
      *out = std::move(first);
      return Status::Ok();
    }
    Vector result;
    bool started = false;
    if (open->size() < row_count) {
      result = NewResult();
      Scatter(first, *AllRows(row_count), &result);
      started = true;
    }
    for (size_t i = 1; i < child_count() && !open->empty(); ++i) {
      Vector value;
      if (!started) {
        HELIOS_TRY(child(i).Evaluate(input, &value));
      } else {
        const Chunk slice = child(i).SliceFor(input, open);
        HELIOS_TRY(child(i).Evaluate(slice, &value));
      }
      std::shared_ptr<Selection> still_open = NullRows(value, *open);
      if (!started && still_open->empty()) {
        *out = std::move(value);
        return Status::Ok();
      }
      if (still_open->size() < open->size()) {
        if (!started) result = NewResult();
        started = true;
        Scatter(value, *open, &result);
      }
      open = std::move(still_open);
    }
    *out = started ? std::move(result) : Vector::ConstantNull(expr_.type, expr_.physical);
    return Status::Ok();
  }

 private:
  static std::shared_ptr<Selection> NullRows(const Vector& value, const Selection& rows) {
    auto nulls = std::make_shared<Selection>();
    if (value.validity().AllValid()) return nulls;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (value.IsNull(i)) nulls->push_back(rows[i]);
    }
    return nulls;
  }
};

class MinMaxNode : public EvalNode {
 public:
  MinMaxNode(const MinMaxExpr& expr, EvalContext& context)
      : EvalNode(expr, context),
        sign_(expr.greatest ? -1 : 1),
        compare_(CompareFunctionOf(expr.type.oid, expr.physical)) {}
  Status Evaluate(const Chunk& input, Vector* out) override {
    if (compare_ == nullptr) {
      return Error(ErrorCode::kUndefinedFunction)
          .Message("could not identify a comparison function for type {}",
                   FormatType(expr_.type, context_.text_format.lookup));
    }
    std::vector<Vector> values;
    HELIOS_TRY(EvaluateChildren(input, &values));
    bool constant = true;
    for (const Vector& value : values) constant &= value.is_constant();
    const size_t row_count = constant ? 1 : input.row_count();
    const size_t width = PhysicalWidth(expr_.physical);
    Vector result = NewResult();
    for (const Vector& value : values) result.ReferenceHeaps(value);
    for (size_t row = 0; row < row_count; ++row) {
      const char* best = nullptr;
      for (const Vector& value : values) {
        if (value.IsNull(row)) continue;
        const char* candidate = value.RawData() + value.Position(row) * width;
        if (best == nullptr || sign_ * compare_(candidate, best) < 0) best = candidate;
      }
      if (best == nullptr) {
        result.SetNull(row);
      } else {
        std::memcpy(result.RawData() + row * width, best, width);
      }
    }
    if (constant) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  int sign_;
  CompareFunction compare_;
};

}  // namespace

std::unique_ptr<EvalNode> MakeLogicNode(const Expr& expr, EvalContext& context) {
  switch (expr.kind) {
    case ExprKind::kAnd:
      return std::make_unique<JunctionNode<false>>(expr, context);
    case ExprKind::kOr:
      return std::make_unique<JunctionNode<true>>(expr, context);
    case ExprKind::kNot:
      return std::make_unique<NotNode>(expr, context);
    case ExprKind::kIsNull:
      return std::make_unique<IsNullNode>(As<IsNullExpr>(expr), context);
    case ExprKind::kIsBool:
      return std::make_unique<IsBoolNode>(As<IsBoolExpr>(expr), context);
    case ExprKind::kIsDistinct:
      return std::make_unique<IsDistinctNode>(As<IsDistinctExpr>(expr), context);
    case ExprKind::kCase:
      return std::make_unique<CaseNode>(expr, context);
    case ExprKind::kCoalesce:
      return std::make_unique<CoalesceNode>(expr, context);
    case ExprKind::kMinMax:
      return std::make_unique<MinMaxNode>(As<MinMaxExpr>(expr), context);
    case ExprKind::kNullIf:
      return std::make_unique<NullIfNode>(As<NullIfExpr>(expr), context);
    default:
      break;
  }
  HELIOS_CHECK(false && "the caller sends only the kinds above");
  return nullptr;
}

}  // namespace helios::expr
