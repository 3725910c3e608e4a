// IN lists and `op ANY|ALL (array)`. Lists of constants compared by a type's own equality are
// hashed.

#include <algorithm>

#include "expr/function_registry.h"
#include "expr/internal/eval_node.h"
#include "types/array.h"
#include "types/compare.h"

namespace helios::expr {
namespace {

// An open-addressing set of values of one type, built once.
class ValueSet {
 public:
  ValueSet(SqlType type, PhysicalType physical)
      : physical_(physical),
        width_(PhysicalWidth(physical)),
        hash_(HashFunctionOf(type.oid, physical)),
        equal_(EqualFunctionOf(type.oid, physical)) {}

  bool usable() const { return hash_ != nullptr && equal_ != nullptr; }
  bool has_null() const { return has_null_; }
  bool empty() const { return count_ == 0 && !has_null_; }

  void AddNull() { has_null_ = true; }
  void Add(const Vector& vector, size_t row) {
    const char* value = vector.RawData() + vector.Position(row) * width_;
    if ((count_ + 1) * 2 > slots_.size()) Grow();
    const uint64_t hash = hash_(value);
    size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot].index != 0) {
      if (slots_[slot].hash == hash && equal_(At(slots_[slot].index - 1), value)) return;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    if (physical_ == PhysicalType::kVarlen) {
      StringRef reference;
      std::memcpy(&reference, value, sizeof(reference));
      const StringRef kept =
          reference.is_inline() ? reference : StringRef(arena_.Copy(reference.view()));
      values_.append(reinterpret_cast<const char*>(&kept), sizeof(kept));
    } else {
      values_.append(value, width_);
    }
    slots_[slot] = {hash, ++count_};
  }
  bool Contains(const char* value) const {
    if (count_ == 0) return false;
    const uint64_t hash = hash_(value);
    size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot].index != 0) {
      if (slots_[slot].hash == hash && equal_(At(slots_[slot].index - 1), value)) return true;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return false;
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t index = 0;  // From 1.
  };
  const char* At(uint32_t index) const { return values_.data() + size_t{index} * width_; }
  void Grow() {
    std::vector<Slot> old(std::max<size_t>(16, slots_.size() * 2));
    old.swap(slots_);
    for (const Slot& entry : old) {
      if (entry.index == 0) continue;
      size_t slot = entry.hash & (slots_.size() - 1);
      while (slots_[slot].index != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = entry;
    }
  }

  PhysicalType physical_;
  size_t width_;
  HashFunction hash_;
  EqualFunction equal_;
  std::vector<Slot> slots_;
  std::string values_;
  Arena arena_;
  uint32_t count_ = 0;
  bool has_null_ = false;
};

// x [NOT] IN (set): NULL when x is, or when x is not found and the set holds a NULL.
void TestMembership(const ValueSet& set, const Vector& value, size_t row_count, bool negated,
                    Vector* out) {
  const size_t width = PhysicalWidth(value.physical());
  uint8_t* results = out->Data<uint8_t>();
  for (size_t row = 0; row < row_count; ++row) {
    const size_t position = value.Position(row);
    if (set.empty()) {
      results[row] = negated ? 1 : 0;
    } else if (!value.validity().IsValid(position)) {
      out->SetNull(row);
    } else if (set.Contains(value.RawData() + position * width)) {
      results[row] = negated ? 0 : 1;
    } else if (set.has_null()) {
      out->SetNull(row);
    } else {
      results[row] = negated ? 1 : 0;
    }
  }
}

// Whether `function` is the equality (or inequality) that hashing of `type` agrees with.
bool IsTypeEquality(const ScalarFunction* function, Oid type) {
  const Operator* equality = EqualityOperator(type);
  return equality != nullptr && equality->function->oid == function->oid;
}
bool IsTypeInequality(const ScalarFunction* function, Oid type) {
  const Operator* equality = EqualityOperator(type);
  if (equality == nullptr) return false;
  for (const Operator* candidate : OperatorsNamed("<>")) {
    if (candidate->left == equality->left && candidate->right == equality->right) {
      return candidate->function->oid == function->oid;
    }
  }
  return false;
}

class InListNode : public EvalNode {
 public:
  InListNode(const InListExpr& expr, EvalContext& context)
      : EvalNode(expr, context),
        negated_(expr.negated),
        set_(expr.children[0]->type, expr.children[0]->physical),
        equality_(*expr.equality, {type_oid::kBool}, PhysicalType::kBool,
                  {expr.children[0]->type, expr.children[1]->type}, context) {
    hashed_ = set_.usable() && IsTypeEquality(expr.equality, expr.children[0]->type.oid);
    for (size_t i = 1; i < expr.children.size() && hashed_; ++i) {
      hashed_ = expr.children[i]->kind == ExprKind::kConstant &&
                expr.children[i]->physical == expr.children[0]->physical;
    }
    if (!hashed_) return;
    for (size_t i = 1; i < expr.children.size(); ++i) {
      const Vector value = As<ConstantExpr>(*expr.children[i]).value.ToConstant();
      value.IsNull(0) ? set_.AddNull() : set_.Add(value, 0);
    }
  }

  Status Evaluate(const Chunk& input, Vector* out) override {
    Vector value;
    HELIOS_TRY(child(0).Evaluate(input, &value));
    if (!hashed_) return EvaluateEach(input, value, out);
    Vector result = NewResult();
    TestMembership(set_, value, value.is_constant() ? 1 : input.row_count(), negated_, &result);
    if (value.is_constant()) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  // Rows leave as soon as one element equals them.
  Status EvaluateEach(const Chunk& input, const Vector& value, Vector* out) {
    const size_t row_count = input.row_count();
    Vector result = NewResult();
    std::fill_n(result.Data<uint8_t>(), row_count, negated_ ? 1 : 0);
    std::shared_ptr<const Selection> open = AllRows(row_count);
    for (size_t i = 1; i < child_count() && !open->empty(); ++i) {
      Vector element;
      HELIOS_TRY(child(i).Evaluate(child(i).SliceFor(input, open), &element));
      const Vector left = Vector::Dictionary(value, open);
      const Vector* arguments[] = {&left, &element};
      Vector equal;
      HELIOS_TRY(equality_.Call(arguments, open->size(), &equal));
      auto still_open = std::make_shared<Selection>();
      for (size_t k = 0; k < open->size(); ++k) {
        const SelectionIndex row = (*open)[k];
        if (IsTrue(equal, k)) {
          result.Set<uint8_t>(row, negated_ ? 0 : 1);
          continue;
        }
        if (equal.IsNull(k)) result.SetNull(row);
        still_open->push_back(row);
      }
      open = std::move(still_open);
    }
    *out = std::move(result);
    return Status::Ok();
  }

  bool negated_;
  bool hashed_ = false;
  ValueSet set_;
  FunctionCaller equality_;
};

class ScalarArrayOpNode : public EvalNode {
 public:
  ScalarArrayOpNode(const ScalarArrayOpExpr& expr, EvalContext& context)
      : EvalNode(expr, context),
        all_(expr.all),
        element_(ElementTypeOf(expr.children[1]->type.oid, context.text_format.lookup)),
        caller_(*expr.function, {type_oid::kBool}, PhysicalType::kBool,
                {expr.children[0]->type, {element_}}, context) {
    const Expr& left = *expr.children[0];
    const bool same_type = PhysicalTypeOf(element_, context.text_format.lookup) == left.physical;
    hashable_ = same_type && (all_ ? IsTypeInequality(expr.function, left.type.oid)
                                   : IsTypeEquality(expr.function, left.type.oid));
  }

  Status Evaluate(const Chunk& input, Vector* out) override {
    std::vector<Vector> values;
    HELIOS_TRY(EvaluateChildren(input, &values));
    const bool constant = values[0].is_constant() && values[1].is_constant();
    const size_t row_count = constant ? 1 : input.row_count();
    if (values[1].is_constant() && values[1].IsNull(0)) {
      *out = Vector::ConstantNull(expr_.type);
      return Status::Ok();
    }
    Vector result = NewResult();
    if (hashable_ && values[1].is_constant()) {
      PrepareSet(values[1].View(0));
      if (set_->usable()) {
        TestMembership(*set_, values[0], row_count, all_, &result);
        if (constant) result.MakeConstant();
        *out = std::move(result);
        return Status::Ok();
      }
    }
    for (size_t row = 0; row < row_count; ++row) {
      HELIOS_TRY(TestRow(values[0], values[1], row, &result));
    }
    if (constant) result.MakeConstant();
    *out = std::move(result);
    return Status::Ok();
  }

 private:
  void PrepareSet(std::string_view bytes) {
    if (set_ != nullptr && set_bytes_ == bytes) return;
    set_bytes_ = bytes;
    set_ = std::make_unique<ValueSet>(expr_.children[0]->type, expr_.children[0]->physical);
    if (!set_->usable()) return;
    const ArrayReader array(set_bytes_);
    Vector element({array.element_type()}, array.element_physical());
    for (uint32_t i = 0; i < array.size(); ++i) {
      if (array.IsNull(i)) {
        set_->AddNull();
        continue;
      }
      array.Load(i, &element, 0);
      set_->Add(element, 0);
    }
  }

  // Any: true at the first true; all: false at the first false; else NULL if a result was NULL.
  Status TestRow(const Vector& left, const Vector& right, size_t row, Vector* result) {
    if (right.IsNull(row)) {
      result->SetNull(row);
      return Status::Ok();
    }
    const ArrayReader array(right.View(row));
    auto rows = std::make_shared<const Selection>(1, static_cast<SelectionIndex>(row));
    Vector operand = Vector::Dictionary(left, rows);
    operand.Flatten(1);
    operand.MakeConstant();
    bool saw_null = false;
    uint8_t outcome = all_ ? 1 : 0;
    for (uint32_t start = 0; start < array.size() && outcome == (all_ ? 1 : 0);
         start += kVectorRowsMax) {
      const uint32_t count =
          std::min<uint32_t>(array.size() - start, static_cast<uint32_t>(kVectorRowsMax));
      Vector elements({array.element_type()}, array.element_physical());
      for (uint32_t i = 0; i < count; ++i) array.Load(start + i, &elements, i);
      const Vector* arguments[] = {&operand, &elements};
      Vector outcomes;
      HELIOS_TRY(caller_.Call(arguments, count, &outcomes));
      for (uint32_t i = 0; i < count; ++i) {
        if (outcomes.IsNull(i)) {
          saw_null = true;
        } else if ((outcomes.At<uint8_t>(i) != 0) != all_) {
          outcome = all_ ? 0 : 1;
          break;
        }
      }
    }
    if (saw_null && outcome == (all_ ? 1 : 0)) {
      result->SetNull(row);
    } else {
      result->Set<uint8_t>(row, outcome);
    }
    return Status::Ok();
  }

  bool all_;
  Oid element_;
  bool hashable_ = false;
  FunctionCaller caller_;
  std::unique_ptr<ValueSet> set_;
  std::string set_bytes_;
};

}  // namespace

std::unique_ptr<EvalNode> MakeMembershipNode(const Expr& expr, EvalContext& context) {
  if (expr.kind == ExprKind::kInList) {
    return std::make_unique<InListNode>(As<InListExpr>(expr), context);
  }
  return std::make_unique<ScalarArrayOpNode>(As<ScalarArrayOpExpr>(expr), context);
}

}  // namespace helios::expr
