#include "exec/internal/subplans.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/codec.h"
#include "types/array.h"
#include "types/io.h"

namespace helios::exec {
namespace {

// Answers that one subplan remembers at most.
constexpr size_t kMemoEntriesMax = 16384;
constexpr size_t kMemoBytesMax = size_t{8} << 20;

// The slots that the subtree reads and does not fill itself. A sub-select's slots are filled for it
// alone, from values that may themselves come from slots.
std::set<uint32_t> OpenSlots(const plan::Plan& plan, const plan::Node& node) {
  std::set<uint32_t> open;
  ForEachExpression(node, [&](const expr::Expr& root) {
    expr::Walk(root, [&](const expr::Expr& e) {
      if (e.kind == expr::ExprKind::kParameter) {
        open.insert(expr::As<expr::ParameterExpr>(e).slot);
      } else if (e.kind == expr::ExprKind::kSubplan) {
        const auto& subplan = expr::As<expr::SubplanExpr>(e);
        std::set<uint32_t> inside = OpenSlots(plan, *plan.subplans[subplan.subplan]);
        for (uint32_t slot : subplan.slots) inside.erase(slot);
        open.merge(inside);
      }
      return true;
    });
  });
  for (size_t i = 0; i < node.children.size(); ++i) {
    std::set<uint32_t> inside = OpenSlots(plan, *node.children[i]);
    if (node.kind == plan::NodeKind::kApply && i == 1) {
      const auto& slots = static_cast<const plan::ApplyNode&>(node).slots;
      for (const auto& slot : slots) inside.erase(slot.first);
    }
    open.merge(inside);
  }
  return open;
}

// An exact image of one value of a vector, for keys.
void AppendImage(const Vector& vector, size_t row, std::string* key) {
  if (vector.IsNull(row)) {
    key->push_back('\0');
    return;
  }
  key->push_back('\1');
  const size_t width = PhysicalWidth(vector.physical());
  if (vector.physical() == PhysicalType::kVarlen) {
    AppendLengthPrefixed(key, vector.View(row));
  } else {
    key->append(vector.RawData() + vector.Position(row) * width, width);
  }
}

Vector ConstantFrom(const Vector& from, size_t row) {
  Vector out(from.type(), from.physical());
  out.CopyFrom(0, from, row);
  out.MakeConstant();
  return out;
}

}  // namespace

std::vector<uint32_t> FreeSlots(const plan::Plan& plan, const plan::Node& node) {
  std::vector<uint32_t> free;
  for (uint32_t slot : OpenSlots(plan, node)) {
    if (slot >= plan.statement_parameter_count) free.push_back(slot);
  }
  return free;
}

bool IsVolatile(const plan::Plan& plan, const plan::Node& root) {
  bool found = false;
  ForEachNode(root, [&](const plan::Node& node) {
    ForEachExpression(node, [&](const expr::Expr& expression) {
      if (found) return;
      found = expr::ContainsVolatile(expression);
      expr::Walk(expression, [&](const expr::Expr& e) {
        if (!found && e.kind == expr::ExprKind::kSubplan) {
          found = IsVolatile(plan, *plan.subplans[expr::As<expr::SubplanExpr>(e).subplan]);
        }
        return !found;
      });
    });
    if (node.kind == plan::NodeKind::kTableFunction) {
      for (const auto& call : static_cast<const plan::TableFunctionNode&>(node).calls) {
        found |=
            call.function != nullptr && call.function->volatility == expr::Volatility::kVolatile;
      }
    }
  });
  return found;
}

std::string SlotKey(const std::vector<Value>& slots, const std::vector<uint32_t>& which) {
  std::string key;
  for (uint32_t slot : which) AppendImage(slots[slot].ToConstant(), 0, &key);
  return key;
}

struct Subplans::Subplan {
  OperatorPtr root;
  std::vector<uint32_t> free_slots;
  bool is_volatile = false;
  std::unordered_map<std::string, Value> memo;  // Answers by slots (kAny, kAll: and left values).
  size_t memo_bytes = 0;
  // kAny, kAll: the rows for the slots in `rows_key`.
  std::unique_ptr<ChunkBuffer> rows;
  std::optional<std::string> rows_key;
  std::optional<expr::Evaluator> comparison;
  const expr::SubplanExpr* comparison_of = nullptr;
};

Subplans::Subplans(QueryState& query) : query_(query) {
  subplans_.resize(query.plan->subplans.size());
}
Subplans::~Subplans() = default;

Result<Subplans::Subplan*> Subplans::Find(uint32_t index) {
  HELIOS_CHECK(index < subplans_.size());
  std::unique_ptr<Subplan>& subplan = subplans_[index];
  if (subplan == nullptr) {
    subplan = std::make_unique<Subplan>();
    const plan::Node& node = *query_.plan->subplans[index];
    HELIOS_TRY(subplan->root, BuildOperator(query_, node));
    subplan->free_slots = FreeSlots(*query_.plan, node);
    subplan->is_volatile = !subplan->free_slots.empty() && IsVolatile(*query_.plan, node);
  }
  return subplan.get();
}

Status Subplans::Run(const expr::SubplanExpr& expression, std::span<const Vector> arguments,
                     size_t row_count, Vector* out) {
  HELIOS_TRY(Subplan * subplan, Find(expression.subplan));
  const bool compares = expression.test == expr::SubplanExpr::Test::kAny ||
                        expression.test == expr::SubplanExpr::Test::kAll;
  const size_t slot_count = expression.slots.size();
  HELIOS_CHECK(arguments.size() >= slot_count);
  size_t result_bytes = 0;  // Of the long answers, when they were last looked at.
  for (size_t row = 0; row < row_count; ++row) {
    for (size_t i = 0; i < slot_count; ++i) {
      query_.slots[expression.slots[i]] = Value::FromVector(arguments[i], row);
    }
    std::string key = SlotKey(query_.slots, subplan->free_slots);
    std::vector<Vector> left;
    if (compares) {
      for (size_t i = slot_count; i < arguments.size(); ++i) {
        AppendImage(arguments[i], row, &key);
        left.push_back(ConstantFrom(arguments[i], row));
      }
    }
    if (!subplan->is_volatile) {
      const auto known = subplan->memo.find(key);
      if (known != subplan->memo.end()) {
        known->second.Store(out, row);
        continue;
      }
    }
    HELIOS_TRY(Value answer, compares ? Compare(expression, *subplan, std::move(left))
                                      : Answer(expression, *subplan));
    answer.Store(out, row);
    if (out->physical() == PhysicalType::kVarlen &&
        out->heap().allocated_bytes() > result_bytes + kMemoBytesMax) {
      result_bytes = out->heap().allocated_bytes();
      HELIOS_TRY(query_.eval.CheckMemory(result_bytes));
    }
    if (subplan->is_volatile) continue;
    if (subplan->memo.size() >= kMemoEntriesMax || subplan->memo_bytes > kMemoBytesMax) {
      subplan->memo.clear();
      subplan->memo_bytes = 0;
    }
    subplan->memo_bytes += key.size() + (answer.is_null() ? 0 : answer.bytes().size());
    subplan->memo.emplace(std::move(key), std::move(answer));
  }
  return Status::Ok();
}

Result<Value> Subplans::Answer(const expr::SubplanExpr& expression, Subplan& subplan) {
  HELIOS_TRY(subplan.root->Open());
  switch (expression.test) {
    case expr::SubplanExpr::Test::kScalar:
      return Scalar(expression, subplan);
    case expr::SubplanExpr::Test::kExists:
      return Exists(subplan);
    case expr::SubplanExpr::Test::kArray:
      return Array(expression, subplan);
    case expr::SubplanExpr::Test::kAny:
    case expr::SubplanExpr::Test::kAll:
      break;
  }
  HELIOS_CHECK(false);
  return Value();
}

Result<Value> Subplans::Scalar(const expr::SubplanExpr& expression, Subplan& subplan) {
  Value answer = Value::Null(expression.type);
  answer.SetPhysical(expression.physical);
  Chunk rows;
  HELIOS_TRY(subplan.root->Next(&rows));
  if (rows.row_count() == 0) return answer;
  size_t count = rows.row_count();
  answer = Value::FromVector(rows.column(0), 0);
  if (count == 1) {
    HELIOS_TRY(subplan.root->Next(&rows));
    count += rows.row_count();
  }
  if (count > 1) {
    return Error(ErrorCode::kCardinalityViolation)
        .Message("more than one row returned by a subquery used as an expression");
  }
  return answer;
}

Result<Value> Subplans::Exists(Subplan& subplan) {
  Chunk rows;
  HELIOS_TRY(subplan.root->Next(&rows));
  return Value::Bool(rows.row_count() > 0);
}

Result<Value> Subplans::Array(const expr::SubplanExpr& expression, Subplan& subplan) {
  const plan::Node& node = subplan.root->node();
  const SqlType element = node.types[0];
  Chunk rows;
  MemoryReservation held(query_.memory());  // The elements, and the array that is made of them.
  // By row: a constant of a chunk is in the array as often as there are rows.
  const auto hold = [&held](const ArrayBuilder& built) -> Status {
    const size_t bytes = 2 * built.bytes();
    return bytes <= held.bytes() ? Status::Ok() : held.Resize(bytes);
  };
  if (element.oid != expression.type.oid) {
    ArrayBuilder builder(element.oid, PhysicalOf(node, 0));
    while (true) {
      HELIOS_TRY(subplan.root->Next(&rows));
      if (rows.row_count() == 0) break;
      for (size_t row = 0; row < rows.row_count(); ++row) {
        builder.AddFrom(rows.column(0), row);
        HELIOS_TRY(hold(builder));
      }
    }
    return Value::Bytes(expression.type, builder.Finish());
  }
  // Arrays of one shape become an array with one more dimension.
  std::optional<ArrayBuilder> builder;
  std::vector<int32_t> dimensions;
  int32_t count = 0;
  while (true) {
    HELIOS_TRY(subplan.root->Next(&rows));
    if (rows.row_count() == 0) break;
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (rows.column(0).IsNull(row)) {
        return Error(ErrorCode::kNullNotAllowed).Message("cannot accumulate null arrays");
      }
      const ArrayReader reader(rows.column(0).View(row));
      std::vector<int32_t> shape;
      shape.reserve(static_cast<size_t>(reader.dimension_count()));
      for (int32_t i = 0; i < reader.dimension_count(); ++i) shape.push_back(reader.dimension(i));
      if (!builder) {
        builder.emplace(reader.element_type(), reader.element_physical());
        dimensions = shape;
      } else if (shape != dimensions) {
        return Error(ErrorCode::kArraySubscriptError)
            .Message("cannot accumulate arrays of different dimensionality");
      }
      if (shape.empty()) {
        return Error(ErrorCode::kArraySubscriptError).Message("cannot accumulate empty arrays");
      }
      for (uint32_t i = 0; i < reader.size(); ++i) builder->AddFrom(reader, i);
      HELIOS_TRY(hold(*builder));
      ++count;
    }
  }
  if (!builder) {
    const Oid inner = ElementTypeOf(expression.type.oid, query_.eval.text_format.lookup);
    return Value::Bytes(
        expression.type,
        ArrayBuilder(inner, PhysicalTypeOf(inner, query_.eval.text_format.lookup)).Finish());
  }
  dimensions.insert(dimensions.begin(), count);
  return Value::Bytes(expression.type,
                      builder->Finish(dimensions, std::vector<int32_t>(dimensions.size(), 1)));
}

Result<Value> Subplans::Compare(const expr::SubplanExpr& expression, Subplan& subplan,
                                std::vector<Vector> left) {
  std::string key = SlotKey(query_.slots, subplan.free_slots);
  if (subplan.rows == nullptr || !subplan.rows_key || *subplan.rows_key != key ||
      subplan.is_volatile) {
    subplan.rows_key.reset();
    subplan.rows = std::make_unique<ChunkBuffer>(query_.memory(), query_.context.spill,
                                                 query_.context.operator_memory_bytes);
    HELIOS_TRY(subplan.root->Open());
    Chunk rows;
    while (true) {
      HELIOS_TRY(subplan.root->Next(&rows));
      if (rows.row_count() == 0) break;
      HELIOS_TRY(subplan.rows->Append(rows));
    }
    subplan.rows_key = std::move(key);
  }
  if (subplan.comparison_of != &expression) {
    subplan.comparison.emplace(*expression.comparison, query_.eval);
    subplan.comparison_of = &expression;
  }
  // ANY stops at a true, ALL at a false; a NULL in between makes the end NULL.
  const bool any = expression.test == expr::SubplanExpr::Test::kAny;
  bool saw_null = false;
  ChunkBuffer::Cursor cursor;
  while (true) {
    Chunk rows;
    HELIOS_TRY(subplan.rows->Read(&cursor, &rows));
    if (rows.row_count() == 0) break;
    Chunk input;
    for (const Vector& value : left) input.AddColumn(value);
    for (const Vector& column : rows.columns()) input.AddColumn(column);
    input.SetRowCount(rows.row_count());
    Vector result;
    HELIOS_TRY(subplan.comparison->Evaluate(input, &result));
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (result.IsNull(row)) {
        saw_null = true;
      } else if ((result.At<uint8_t>(row) != 0) == any) {
        return Value::Bool(any);
      }
    }
  }
  if (saw_null) return Value::Null({type_oid::kBool});
  return Value::Bool(!any);
}

}  // namespace helios::exec
