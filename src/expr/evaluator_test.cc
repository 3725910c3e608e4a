#include "expr/evaluator.h"

#include <gtest/gtest.h>

#include "expr/function_registry.h"
#include "types/array.h"

namespace helios::expr {
namespace {

constexpr SqlType kInt4 = {type_oid::kInt4};
constexpr SqlType kText = {type_oid::kText};
constexpr SqlType kBool = {type_oid::kBool};

ExprPtr Column(uint32_t index, SqlType type) { return std::make_unique<ColumnExpr>(index, type); }
ExprPtr Int(int32_t value) { return std::make_unique<ConstantExpr>(Value::Int4(value)); }
ExprPtr Null(SqlType type) { return std::make_unique<ConstantExpr>(Value::Null(type)); }
ExprPtr Text(std::string value) {
  return std::make_unique<ConstantExpr>(Value::Text(std::move(value)));
}

const Operator& FindOperator(std::string_view name, Oid left, Oid right) {
  for (const Operator* candidate : OperatorsNamed(name)) {
    if (candidate->left == left && candidate->right == right) return *candidate;
  }
  ADD_FAILURE() << "no operator " << name;
  return *OperatorsNamed("=")[0];
}
ExprPtr Op(std::string_view name, ExprPtr left, ExprPtr right) {
  const Operator& op = FindOperator(name, left->type.oid, right->type.oid);
  auto node = std::make_unique<FunctionExpr>(op.function, SqlType{op.result});
  node->operator_name = name;
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  return node;
}
template <typename Node>
ExprPtr With(std::unique_ptr<Node> node, std::vector<ExprPtr> children) {
  node->children = std::move(children);
  return node;
}
template <typename... Children>
std::vector<ExprPtr> List(Children... children) {
  std::vector<ExprPtr> list;
  (list.push_back(std::move(children)), ...);
  return list;
}

// Rows 0 .. 9: column 0 is the row number, NULL in row 5; column 1 is its text.
Chunk TenRows() {
  const SqlType types[] = {kInt4, kText};
  Chunk chunk(types);
  for (int32_t row = 0; row < 10; ++row) {
    chunk.column(0).Set<int32_t>(static_cast<size_t>(row), row);
    chunk.column(1).SetString(static_cast<size_t>(row), "a long text, row " + std::to_string(row));
  }
  chunk.column(0).SetNull(5);
  chunk.SetRowCount(10);
  return chunk;
}

std::vector<std::optional<int32_t>> Ints(const Expr& expr, const Chunk& input) {
  EvalContext context;
  Evaluator evaluator(expr, context);
  Vector out;
  const Status status = evaluator.Evaluate(input, &out);
  EXPECT_TRUE(status.ok()) << status.ToString();
  std::vector<std::optional<int32_t>> values;
  for (size_t row = 0; status.ok() && row < input.row_count(); ++row) {
    if (out.IsNull(row)) {
      values.push_back(std::nullopt);
    } else if (out.physical() == PhysicalType::kBool) {
      values.push_back(out.At<uint8_t>(row));
    } else {
      values.push_back(out.At<int32_t>(row));
    }
  }
  return values;
}
Selection Rows(const Expr& expr, const Chunk& input) {
  EvalContext context;
  Evaluator evaluator(expr, context);
  Selection rows;
  const Status status = evaluator.Select(input, &rows);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return rows;
}
using Values = std::vector<std::optional<int32_t>>;

TEST(Evaluator, NullArgumentsGiveNullAndAreNotComputed) {
  // Row 5 would divide by what lies under the NULL.
  Chunk input = TenRows();
  input.column(0).Data<int32_t>()[5] = 0;
  input.column(0).Set<int32_t>(0, 1);
  EXPECT_EQ(Ints(*Op("/", Int(100), Column(0, kInt4)), input),
            (Values{100, 100, 50, 33, 25, std::nullopt, 16, 14, 12, 11}));
}

TEST(Evaluator, ConstantArgumentsAreComputedOnce) {
  EvalContext context;
  const ExprPtr sum = Op("+", Int(1), Int(2));
  Evaluator evaluator(*sum, context);
  Vector out;
  ASSERT_TRUE(evaluator.Evaluate(TenRows(), &out).ok());
  EXPECT_TRUE(out.is_constant());
  EXPECT_EQ(out.At<int32_t>(7), 3);
}

TEST(Evaluator, DictionaryInputIsReadThroughItsPositions) {
  Chunk input = TenRows();
  input.Slice(std::make_shared<const Selection>(Selection{9, 5, 1, 1}));
  EXPECT_EQ(Ints(*Op("+", Column(0, kInt4), Int(1)), input), (Values{10, std::nullopt, 2, 2}));
  EXPECT_EQ(Rows(*Op("=", Column(1, kText), Text("a long text, row 1")), input), (Selection{2, 3}));
}

TEST(Evaluator, CaseEvaluatesABranchOnlyForItsRows) {
  // CASE WHEN c0 = 0 THEN -1 WHEN c0 > 0 THEN 10 / c0 END: row 0 would divide by zero.
  const ExprPtr expr =
      With(std::make_unique<CaseExpr>(kInt4),
           List(Op("=", Column(0, kInt4), Int(0)), Int(-1), Op(">", Column(0, kInt4), Int(0)),
                Op("/", Int(10), Column(0, kInt4))));
  EXPECT_EQ(Ints(*expr, TenRows()), (Values{-1, 10, 5, 3, 2, std::nullopt, 1, 1, 1, 1}));
}

TEST(Evaluator, AndAndOrStopAtTheDecisiveChild) {
  const ExprPtr guarded_and =
      With(std::make_unique<AndExpr>(), List(Op("<>", Column(0, kInt4), Int(0)),
                                             Op(">", Op("/", Int(10), Column(0, kInt4)), Int(2))));
  EXPECT_EQ(Ints(*guarded_and, TenRows()), (Values{0, 1, 1, 1, 0, std::nullopt, 0, 0, 0, 0}));
  EXPECT_EQ(Rows(*guarded_and, TenRows()), (Selection{1, 2, 3}));
  const ExprPtr guarded_or = With(
      std::make_unique<OrExpr>(),
      List(Op("=", Column(0, kInt4), Int(0)), Op(">", Op("/", Int(10), Column(0, kInt4)), Int(2))));
  EXPECT_EQ(Ints(*guarded_or, TenRows()), (Values{1, 1, 1, 1, 0, std::nullopt, 0, 0, 0, 0}));
  EXPECT_EQ(Rows(*guarded_or, TenRows()), (Selection{0, 1, 2, 3}));
}

TEST(Evaluator, ThreeValuedLogic) {
  Chunk one;
  one.SetRowCount(1);
  const auto constant = [](int state) {
    return state == 2 ? Null(kBool) : std::make_unique<ConstantExpr>(Value::Bool(state == 1));
  };
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      const std::optional<int32_t> both =
          a == 0 || b == 0 ? std::optional(0)
                           : (a == 2 || b == 2 ? std::nullopt : std::optional(1));
      const std::optional<int32_t> either =
          a == 1 || b == 1 ? std::optional(1)
                           : (a == 2 || b == 2 ? std::nullopt : std::optional(0));
      EXPECT_EQ(Ints(*With(std::make_unique<AndExpr>(), List(constant(a), constant(b))), one),
                Values{both});
      EXPECT_EQ(Ints(*With(std::make_unique<OrExpr>(), List(constant(a), constant(b))), one),
                Values{either});
    }
    const std::optional<int32_t> negated = a == 2 ? std::nullopt : std::optional(1 - a);
    EXPECT_EQ(Ints(*With(std::make_unique<NotExpr>(), List(constant(a))), one), Values{negated});
  }
}

TEST(Evaluator, CoalesceNullIfAndTests) {
  EXPECT_EQ(Ints(*With(std::make_unique<CoalesceExpr>(kInt4), List(Column(0, kInt4), Int(77))),
                 TenRows()),
            (Values{0, 1, 2, 3, 4, 77, 6, 7, 8, 9}));
  const ScalarFunction* equal = EqualityOperator(type_oid::kInt4)->function;
  EXPECT_EQ(Ints(*With(std::make_unique<NullIfExpr>(kInt4, equal), List(Column(0, kInt4), Int(3))),
                 TenRows()),
            (Values{0, 1, 2, std::nullopt, 4, std::nullopt, 6, 7, 8, 9}));
  EXPECT_EQ(Rows(*With(std::make_unique<IsNullExpr>(false), List(Column(0, kInt4))), TenRows()),
            (Selection{5}));
  EXPECT_EQ(Rows(*With(std::make_unique<IsDistinctExpr>(equal, false),
                       List(Column(0, kInt4), Null(kInt4))),
                 TenRows()),
            (Selection{0, 1, 2, 3, 4, 6, 7, 8, 9}));
  EXPECT_EQ(Ints(*With(std::make_unique<MinMaxExpr>(kInt4, true), List(Column(0, kInt4), Int(4))),
                 TenRows()),
            (Values{4, 4, 4, 4, 4, 4, 6, 7, 8, 9}));
  EXPECT_EQ(Rows(*With(std::make_unique<IsBoolExpr>(IsBoolExpr::Test::kUnknown, false),
                       List(Op("=", Column(0, kInt4), Int(1)))),
                 TenRows()),
            (Selection{5}));
}

TEST(Evaluator, InListHashedAndNot) {
  const ScalarFunction* equal = EqualityOperator(type_oid::kInt4)->function;
  EXPECT_EQ(Ints(*With(std::make_unique<InListExpr>(equal, false),
                       List(Column(0, kInt4), Int(2), Int(4), Int(400))),
                 TenRows()),
            (Values{0, 0, 1, 0, 1, std::nullopt, 0, 0, 0, 0}));
  // With a NULL in the list, what is not found is unknown.
  EXPECT_EQ(Ints(*With(std::make_unique<InListExpr>(equal, true),
                       List(Column(0, kInt4), Int(2), Null(kInt4))),
                 TenRows()),
            (Values{std::nullopt, std::nullopt, 0, std::nullopt, std::nullopt, std::nullopt,
                    std::nullopt, std::nullopt, std::nullopt, std::nullopt}));
  // Elements that are not constants are compared one after another.
  EXPECT_EQ(Ints(*With(std::make_unique<InListExpr>(equal, false),
                       List(Int(3), Column(0, kInt4), Op("+", Column(0, kInt4), Int(1)))),
                 TenRows()),
            (Values{0, 0, 1, 1, 0, std::nullopt, 0, 0, 0, 0}));
}

Value IntArray(std::vector<std::optional<int32_t>> elements) {
  ArrayBuilder builder(type_oid::kInt4);
  for (const auto& element : elements) {
    element.has_value() ? builder.AddFixed<int32_t>(*element) : builder.AddNull();
  }
  return Value::Bytes({type_oid::kInt4Array}, builder.Finish());
}
ExprPtr AnyAll(std::string_view op, bool all, ExprPtr left, Value array) {
  const Operator& found = FindOperator(op, type_oid::kInt4, type_oid::kInt4);
  return With(std::make_unique<ScalarArrayOpExpr>(found.function, all),
              List(std::move(left), std::make_unique<ConstantExpr>(std::move(array))));
}

TEST(Evaluator, ScalarArrayOperators) {
  EXPECT_EQ(Rows(*AnyAll("=", false, Column(0, kInt4), IntArray({3, 7})), TenRows()),
            (Selection{3, 7}));
  EXPECT_EQ(Rows(*AnyAll("<>", true, Column(0, kInt4), IntArray({0, 1, 2, 3, 4})), TenRows()),
            (Selection{6, 7, 8, 9}));
  EXPECT_EQ(Rows(*AnyAll("<", true, Column(0, kInt4), IntArray({3, 2})), TenRows()),
            (Selection{0, 1}));
  EXPECT_EQ(Rows(*AnyAll(">", false, Column(0, kInt4), IntArray({8, std::nullopt})), TenRows()),
            (Selection{9}));
  // Nothing is equal to any element of an empty array, and everything differs from all of it.
  EXPECT_EQ(Rows(*AnyAll("=", false, Column(0, kInt4), IntArray({})), TenRows()), Selection{});
  EXPECT_EQ(Rows(*AnyAll("<>", true, Column(0, kInt4), IntArray({})), TenRows()).size(), 10u);
}

TEST(Evaluator, ArraysRowsAndSubscripts) {
  auto array = std::make_unique<ArrayExpr>(SqlType{type_oid::kInt4Array}, type_oid::kInt4);
  const ExprPtr built =
      With(std::move(array), List(Column(0, kInt4), Op("*", Column(0, kInt4), Int(2))));
  EXPECT_EQ(
      Ints(*With(std::make_unique<SubscriptExpr>(kInt4), List(built->Clone(), Int(2))), TenRows()),
      (Values{0, 2, 4, 6, 8, std::nullopt, 12, 14, 16, 18}));
  EXPECT_EQ(Ints(*With(std::make_unique<SubscriptExpr>(kInt4), List(built->Clone(), Int(3))),
                 TenRows())[1],
            std::nullopt);
  const ExprPtr row = With(std::make_unique<RowExpr>(SqlType{type_oid::kRecord}),
                           List(Column(0, kInt4), Column(1, kText)));
  EXPECT_EQ(Ints(*With(std::make_unique<FieldSelectExpr>(kInt4, 0), List(row->Clone())), TenRows()),
            (Values{0, 1, 2, 3, 4, std::nullopt, 6, 7, 8, 9}));
}

TEST(Evaluator, ErrorsLeaveTheEvaluatorUsable) {
  EvalContext context;
  const ExprPtr expr = Op("/", Int(1), Column(0, kInt4));
  Evaluator evaluator(*expr, context);
  Vector out;
  const Status status = evaluator.Evaluate(TenRows(), &out);
  EXPECT_TRUE(status.Is(ErrorCode::kDivisionByZero));
  Chunk good = TenRows();
  good.Slice(std::make_shared<const Selection>(Selection{1}));
  ASSERT_TRUE(evaluator.Evaluate(good, &out).ok());
  EXPECT_EQ(out.At<int32_t>(0), 1);
}

TEST(Evaluator, EmptyInputEvaluatesNothing) {
  EvalContext context;
  const ExprPtr expr = Op("/", Int(1), Int(0));
  Evaluator evaluator(*expr, context);
  Chunk empty;
  Vector out;
  EXPECT_TRUE(evaluator.Evaluate(empty, &out).ok());
}

TEST(Expr, EqualHashAndPrint) {
  const ExprPtr a = Op("+", Column(0, kInt4), Int(1));
  const ExprPtr b = a->Clone();
  EXPECT_TRUE(Equal(*a, *b));
  EXPECT_EQ(Hash(*a), Hash(*b));
  EXPECT_FALSE(Equal(*a, *Op("+", Column(0, kInt4), Int(2))));
  EXPECT_FALSE(Equal(*a, *Op("-", Column(0, kInt4), Int(1))));
  EXPECT_EQ(ToString(*a), "(#0 + 1)");
  EXPECT_EQ(ToString(*Op("=", Column(1, kText), Text("it's"))), "(#1 = 'it''s'::text)");
  EXPECT_TRUE(IsConstantFoldable(*Op("+", Int(1), Int(2))));
  EXPECT_FALSE(IsConstantFoldable(*a));
}

TEST(FunctionRegistry, EveryOperatorHasItsCommutatorAndNegator) {
  for (const Operator* op : AllOperators()) {
    EXPECT_NE(op->function->kernel, nullptr);
    if (op->negator.empty()) continue;
    EXPECT_FALSE(OperatorsNamed(op->negator).empty()) << op->name;
  }
  EXPECT_EQ(EqualityOperator(type_oid::kVarchar)->left, type_oid::kText);
  EXPECT_EQ(EqualityOperator(type_oid::kInt4Array)->left, type_oid::kAnyArray);
  EXPECT_EQ(LessOperator(kFirstUserOid)->left, type_oid::kAnyEnum);
  EXPECT_EQ(EqualityOperator(type_oid::kJson), nullptr);
}

}  // namespace
}  // namespace helios::expr
