#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "exec/internal/test_support.h"

namespace helios::exec::test {
namespace {

constexpr int32_t kNull = INT32_MIN;

std::vector<std::vector<int32_t>> RandomRows(std::mt19937& random, size_t count, size_t width,
                                             int32_t range, bool nulls = true) {
  std::vector<std::vector<int32_t>> rows(count, std::vector<int32_t>(width));
  for (auto& row : rows) {
    for (int32_t& value : row) {
      value = static_cast<int32_t>(random() % static_cast<uint32_t>(range));
      if (nulls && random() % 8 == 0) value = kNull;
    }
  }
  return rows;
}

std::string Shown(int32_t value) { return value == kNull ? "-" : std::to_string(value); }

TEST(OperatorsTest, FilterProjectAndLimit) {
  for (const Mode& mode : AllModes()) {
    auto rows = IntRows({{1, 10}, {2, 20}, {kNull, 30}, {4, 40}, {5, 50}}, 2);
    auto filter = FilterOf(std::move(rows), Op(">", Col(0, oid::kInt4), Int(1)));
    std::vector<ExprPtr> expressions;
    expressions.push_back(Op("+", Col(0, oid::kInt4), Col(1, oid::kInt4)));
    auto project = ProjectOf(std::move(filter), std::move(expressions));
    auto limit = std::make_unique<plan::LimitNode>();
    limit->types = project->types;
    limit->limit = Big(2);
    limit->offset = Big(1);
    limit->children.push_back(std::move(project));
    EXPECT_EQ(RunPlan(PlanOf(std::move(limit)), ContextOf(mode)), (Rows{"44", "55"}));
  }
}

TEST(OperatorsTest, LimitRefusesNegativeCounts) {
  auto limit = std::make_unique<plan::LimitNode>();
  limit->limit = Big(-1);
  limit->types = {{oid::kInt4}};
  limit->children.push_back(IntRows({{1}}, 1));
  EXPECT_EQ(RunPlan(PlanOf(std::move(limit)), ContextOf()),
            Rows{"2201W LIMIT must not be negative"});
}

TEST(OperatorsTest, LimitWithTies) {
  for (const Mode& mode : AllModes()) {
    auto limit = std::make_unique<plan::LimitNode>();
    limit->types = {{oid::kInt4}};
    limit->limit = Big(2);
    limit->with_ties = true;
    limit->tie_keys.push_back(KeyOf(Col(0, oid::kInt4)));
    limit->children.push_back(IntRows({{1}, {2}, {2}, {2}, {3}, {3}}, 1));
    EXPECT_EQ(RunPlan(PlanOf(std::move(limit)), ContextOf(mode)), (Rows{"1", "2", "2", "2"}));
  }
}

TEST(OperatorsTest, SortAgreesWithANaiveSort) {
  std::mt19937 random(7);
  for (const Mode& mode : AllModes()) {
    for (int variant = 0; variant < 4; ++variant) {
      const bool descending = (variant & 1) != 0;
      const bool nulls_first = (variant & 2) != 0;
      auto rows = RandomRows(random, 500, 2, 40);
      std::vector<plan::SortKey> keys;
      keys.push_back(KeyOf(Col(0, oid::kInt4), descending, nulls_first));
      keys.push_back(KeyOf(Op("+", Col(1, oid::kInt4), Int(1)), !descending, !nulls_first));
      const Rows result =
          RunPlan(PlanOf(SortOf(IntRows(rows, 2), std::move(keys))), ContextOf(mode));
      const auto rank = [](int32_t value, bool desc, bool first) {
        if (value == kNull) return first ? -1000000 : 1000000;
        return desc ? -value : value;
      };
      std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
        const int x = rank(a[0], descending, nulls_first);
        const int y = rank(b[0], descending, nulls_first);
        if (x != y) return x < y;
        return rank(a[1], !descending, !nulls_first) < rank(b[1], !descending, !nulls_first);
      });
      Rows expected;
      for (const auto& row : rows) expected.push_back(Shown(row[0]) + "|" + Shown(row[1]));
      EXPECT_EQ(result, expected);
    }
  }
}

TEST(OperatorsTest, TopNGivesTheFirstRowsOfTheSort) {
  std::mt19937 random(11);
  const auto rows = RandomRows(random, 30000, 1, 1000000, false);
  std::vector<std::vector<ExprPtr>> unused;
  std::vector<plan::SortKey> keys;
  keys.push_back(KeyOf(Col(0, oid::kInt4)));
  auto sort = SortOf(IntRows(rows, 1), std::move(keys));
  static_cast<plan::SortNode&>(*sort).limit_hint = Big(10);
  std::vector<int32_t> values;
  values.reserve(rows.size());
  for (const auto& row : rows) values.push_back(row[0]);
  std::sort(values.begin(), values.end());
  Rows expected;
  for (size_t i = 0; i < 10; ++i) expected.push_back(std::to_string(values[i]));
  EXPECT_EQ(RunPlan(PlanOf(std::move(sort)), ContextOf()), expected);
}

TEST(OperatorsTest, SortsTextNumericAndFloats) {
  for (const Mode& mode : AllModes()) {
    std::vector<std::vector<ExprPtr>> rows;
    for (const char* text : {"a string longer than the prefix, b", "b", "",
                             "a string longer than the prefix, a", "ab"}) {
      std::vector<ExprPtr> row;
      row.push_back(Text(text));
      rows.push_back(std::move(row));
    }
    std::vector<plan::SortKey> keys;
    keys.push_back(KeyOf(Col(0, oid::kText), true));
    EXPECT_EQ(RunPlan(PlanOf(SortOf(ValuesOf({oid::kText}, std::move(rows)), std::move(keys))),
                      ContextOf(mode)),
              (Rows{"b", "ab", "a string longer than the prefix, b",
                    "a string longer than the prefix, a", ""}));
    rows.clear();
    for (double value : {1.5, -2.5, 0.0, 1e300, -1e300, std::nan("")}) {
      std::vector<ExprPtr> row;
      row.push_back(Const(Value::Float8(value)));
      rows.push_back(std::move(row));
    }
    keys.clear();
    keys.push_back(KeyOf(Col(0, oid::kFloat8)));
    EXPECT_EQ(RunPlan(PlanOf(SortOf(ValuesOf({oid::kFloat8}, std::move(rows)), std::move(keys))),
                      ContextOf(mode)),
              (Rows{"-1e+300", "-2.5", "0", "1.5", "1e+300", "NaN"}));
  }
}

plan::NodePtr AggregateOf(plan::NodePtr child, std::vector<ExprPtr> groups,
                          std::vector<plan::AggregateNode::Call> calls) {
  auto node = std::make_unique<plan::AggregateNode>();
  for (const ExprPtr& group : groups) node->types.push_back(group->type);
  for (const auto& call : calls) node->types.push_back(call.type);
  SetTypes(node.get(), node->types);
  node->groups = std::move(groups);
  node->calls = std::move(calls);
  node->children.push_back(std::move(child));
  return node;
}

plan::AggregateNode::Call CallOf(std::string_view name, std::vector<ExprPtr> arguments) {
  plan::AggregateNode::Call call;
  std::vector<Oid> types;
  types.reserve(arguments.size());
  for (const ExprPtr& argument : arguments) types.push_back(argument->type.oid);
  call.function = Aggregate(name, types);
  call.arguments = std::move(arguments);
  if (call.function != nullptr) call.type = {call.function->result};
  return call;
}

std::vector<ExprPtr> One(ExprPtr expression) {
  std::vector<ExprPtr> list;
  list.push_back(std::move(expression));
  return list;
}

TEST(OperatorsTest, GroupByAgreesWithANaiveOne) {
  std::mt19937 random(3);
  for (const Mode& mode : AllModes()) {
    for (int32_t range : {3, 300}) {
      const auto rows = RandomRows(random, 3000, 2, range);
      std::vector<plan::AggregateNode::Call> calls;
      calls.push_back(CallOf("count", {}));
      calls.push_back(CallOf("sum", One(Col(1, oid::kInt4))));
      calls.push_back(CallOf("count", {}));
      calls.back().filter = Op(">", Col(1, oid::kInt4), Int(range / 2));
      const Rows result =
          RunPlan(PlanOf(AggregateOf(IntRows(rows, 2), One(Col(0, oid::kInt4)), std::move(calls))),
                  ContextOf(mode));
      struct Group {
        int64_t count = 0, sum = 0, large = 0;
        bool any = false;
      };
      std::map<int32_t, Group> groups;
      for (const auto& row : rows) {
        Group& group = groups[row[0]];
        ++group.count;
        if (row[1] == kNull) continue;
        group.any = true;
        group.sum += row[1];
        group.large += row[1] > range / 2 ? 1 : 0;
      }
      Rows expected;
      for (const auto& [key, group] : groups) {
        expected.push_back(Shown(key) + "|" + std::to_string(group.count) + "|" +
                           (group.any ? std::to_string(group.sum) : "-") + "|" +
                           std::to_string(group.large));
      }
      EXPECT_EQ(Sorted(result), Sorted(expected));
    }
  }
}

TEST(OperatorsTest, AggregateOverNothingGivesOneRow) {
  std::vector<plan::AggregateNode::Call> calls;
  calls.push_back(CallOf("count", {}));
  calls.push_back(CallOf("sum", One(Col(0, oid::kInt4))));
  EXPECT_EQ(RunPlan(PlanOf(AggregateOf(IntRows({}, 1), {}, std::move(calls))), ContextOf()),
            Rows{"0|-"});
  EXPECT_EQ(RunPlan(PlanOf(AggregateOf(IntRows({}, 1), One(Col(0, oid::kInt4)), {})), ContextOf()),
            Rows{});
}

TEST(OperatorsTest, DistinctAndOrderedCalls) {
  for (const Mode& mode : AllModes()) {
    std::vector<plan::AggregateNode::Call> calls;
    calls.push_back(CallOf("count", One(Col(1, oid::kInt4))));
    calls.back().distinct = true;
    plan::AggregateNode::Call list;
    for (const expr::AggregateFunction* function : expr::AggregatesNamed("array_agg")) {
      if (list.function == nullptr) list.function = function;
    }
    list.arguments = One(Col(1, oid::kInt4));
    list.type = {oid::kInt4Array};
    list.order_by.push_back(KeyOf(Col(1, oid::kInt4), true));
    calls.push_back(std::move(list));
    const Rows result =
        RunPlan(PlanOf(AggregateOf(IntRows({{1, 5}, {2, 7}, {1, 9}, {1, 5}, {2, 7}, {1, 6}}, 2),
                                   One(Col(0, oid::kInt4)), std::move(calls))),
                ContextOf(mode));
    EXPECT_EQ(Sorted(result), (Rows{"1|3|{9,6,5,5}", "2|1|{7,7}"}));
  }
}

TEST(OperatorsTest, GroupingSets) {
  for (const Mode& mode : AllModes()) {
    std::vector<ExprPtr> groups;
    groups.push_back(Col(0, oid::kInt4));
    groups.push_back(Col(1, oid::kInt4));
    std::vector<plan::AggregateNode::Call> calls;
    calls.push_back(CallOf("count", {}));
    auto node =
        AggregateOf(IntRows({{1, 1}, {1, 2}, {2, 1}}, 2), std::move(groups), std::move(calls));
    auto& aggregate = static_cast<plan::AggregateNode&>(*node);
    aggregate.grouping_sets = {{0, 1}, {0}, {}};
    aggregate.grouping_calls = {{0, 1}};
    aggregate.types.push_back({oid::kInt4});
    aggregate.physicals.push_back(PhysicalType::kInt32);
    EXPECT_EQ(Sorted(RunPlan(PlanOf(std::move(node)), ContextOf(mode))),
              (Rows{"-|-|3|3", "1|-|2|1", "1|1|1|0", "1|2|1|0", "2|-|1|1", "2|1|1|0"}));
  }
}

plan::NodePtr JoinOf(plan::JoinType type, plan::NodePtr left, plan::NodePtr right, bool keyed,
                     bool with_condition, bool null_aware = false) {
  auto node = std::make_unique<plan::JoinNode>();
  node->join_type = type;
  node->null_aware = null_aware;
  std::vector<SqlType> types = left->types;
  const uint32_t width = static_cast<uint32_t>(types.size());
  const bool left_only = type == plan::JoinType::kSemi || type == plan::JoinType::kAnti;
  if (type == plan::JoinType::kMark) {
    types.push_back({oid::kBool});
  } else if (!left_only) {
    types.insert(types.end(), right->types.begin(), right->types.end());
  }
  SetTypes(node.get(), types);
  if (keyed) {
    plan::JoinNode::Key key;
    key.left = Col(0, oid::kInt4);
    key.right = Col(0, oid::kInt4);
    node->keys.push_back(std::move(key));
    if (with_condition) {
      node->condition = Op("<", Col(1, oid::kInt4), Col(width + 1, oid::kInt4));
    }
  } else {
    node->condition = Op("=", Col(0, oid::kInt4), Col(width, oid::kInt4));
    if (with_condition) {
      auto both = std::make_unique<expr::AndExpr>();
      both->children.push_back(std::move(node->condition));
      both->children.push_back(Op("<", Col(1, oid::kInt4), Col(width + 1, oid::kInt4)));
      node->condition = std::move(both);
    }
  }
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  return node;
}

// 1 true, 0 false, -1 unknown.
int Matches(const std::vector<int32_t>& a, const std::vector<int32_t>& b, bool with_condition) {
  int keys = a[0] == kNull || b[0] == kNull ? -1 : (a[0] == b[0] ? 1 : 0);
  if (!with_condition || keys == 0) return keys;
  const int less = a[1] == kNull || b[1] == kNull ? -1 : (a[1] < b[1] ? 1 : 0);
  if (less == 0) return 0;
  return keys == 1 && less == 1 ? 1 : -1;
}

Rows NaiveJoin(plan::JoinType type, const std::vector<std::vector<int32_t>>& left,
               const std::vector<std::vector<int32_t>>& right, bool with_condition,
               bool null_aware) {
  using plan::JoinType;
  Rows rows;
  const auto text = [](const std::vector<int32_t>& row) {
    return Shown(row[0]) + "|" + Shown(row[1]);
  };
  std::vector<bool> right_matched(right.size(), false);
  for (const auto& a : left) {
    bool matched = false;
    bool unknown = false;
    for (size_t r = 0; r < right.size(); ++r) {
      const int match = Matches(a, right[r], with_condition);
      unknown |= match < 0;
      if (match != 1) continue;
      matched = right_matched[r] = true;
      if (type == JoinType::kInner || type == JoinType::kLeft || type == JoinType::kRight ||
          type == JoinType::kFull) {
        rows.push_back(text(a) + "|" + text(right[r]));
      }
    }
    switch (type) {
      case JoinType::kLeft:
      case JoinType::kFull:
        if (!matched) rows.push_back(text(a) + "|-|-");
        break;
      case JoinType::kSemi:
        if (matched) rows.push_back(text(a));
        break;
      case JoinType::kAnti:
        if (!matched && !(null_aware && unknown)) rows.push_back(text(a));
        break;
      case JoinType::kMark:
        rows.push_back(text(a) + "|" + (matched ? "t" : (unknown ? "-" : "f")));
        break;
      default:
        break;
    }
  }
  if (type == JoinType::kRight || type == JoinType::kFull) {
    for (size_t r = 0; r < right.size(); ++r) {
      if (!right_matched[r]) rows.push_back("-|-|" + text(right[r]));
    }
  }
  return Sorted(rows);
}

TEST(OperatorsTest, JoinsAgreeWithNaiveOnes) {
  using plan::JoinType;
  std::mt19937 random(5);
  for (const Mode& mode : AllModes()) {
    for (JoinType type : {JoinType::kInner, JoinType::kLeft, JoinType::kRight, JoinType::kFull,
                          JoinType::kSemi, JoinType::kAnti, JoinType::kMark}) {
      for (int variant = 0; variant < 16; ++variant) {
        const bool keyed = (variant & 1) != 0;
        const bool with_condition = (variant & 2) != 0;
        const bool null_aware = (variant & 4) != 0 && type == JoinType::kAnti;
        const auto left = RandomRows(random, variant == 3 ? 0 : 60, 2, 20, (variant & 8) != 0);
        const auto right = RandomRows(random, variant == 5 ? 0 : 50, 2, 20);
        const Rows result = RunPlan(PlanOf(JoinOf(type, IntRows(left, 2), IntRows(right, 2), keyed,
                                                  with_condition, null_aware)),
                                    ContextOf(mode));
        EXPECT_EQ(Sorted(result), NaiveJoin(type, left, right, with_condition, null_aware))
            << "type " << static_cast<int>(type) << " variant " << variant << " rows "
            << mode.vector_rows << " memory " << mode.memory_bytes;
      }
    }
  }
}

TEST(OperatorsTest, SingleJoinRefusesASecondMatch) {
  for (bool keyed : {false, true}) {
    EXPECT_EQ(RunPlan(PlanOf(JoinOf(plan::JoinType::kSingle, IntRows({{1, 1}, {2, 2}}, 2),
                                    IntRows({{1, 7}}, 2), keyed, false)),
                      ContextOf()),
              (Rows{"1|1|1|7", "2|2|-|-"}));
    EXPECT_EQ(RunPlan(PlanOf(JoinOf(plan::JoinType::kSingle, IntRows({{1, 1}}, 2),
                                    IntRows({{1, 7}, {1, 8}}, 2), keyed, false)),
                      ContextOf()),
              Rows{"21000 more than one row returned by a subquery used as an expression"});
  }
}

TEST(OperatorsTest, SetOperations) {
  using Operation = plan::SetOperationNode::Operation;
  const std::map<Operation, Rows> expected = {
      {Operation::kUnionAll, {"1", "1", "1", "2", "2", "3", "4", "-", "-"}},
      {Operation::kUnion, {"-", "1", "2", "3", "4"}},
      {Operation::kIntersect, {"-", "1", "2"}},
      {Operation::kIntersectAll, {"-", "1", "2"}},
      {Operation::kExcept, {"3"}},
      {Operation::kExceptAll, {"1", "3"}}};
  for (const Mode& mode : AllModes()) {
    for (const auto& [operation, rows] : expected) {
      auto node = std::make_unique<plan::SetOperationNode>();
      node->operation = operation;
      SetTypes(node.get(), {{oid::kInt4}});
      node->children.push_back(IntRows({{1}, {1}, {2}, {3}, {kNull}}, 1));
      node->children.push_back(IntRows({{2}, {1}, {4}, {kNull}}, 1));
      EXPECT_EQ(Sorted(RunPlan(PlanOf(std::move(node)), ContextOf(mode))), Sorted(rows));
    }
  }
}

TEST(OperatorsTest, DistinctOnTakesTheFirstOfEachGroup) {
  for (const Mode& mode : AllModes()) {
    auto node = std::make_unique<plan::DistinctOnNode>();
    SetTypes(node.get(), {{oid::kInt4}, {oid::kInt4}});
    node->keys = One(Col(0, oid::kInt4));
    node->children.push_back(IntRows({{1, 5}, {1, 6}, {2, 1}, {kNull, 2}, {kNull, 3}}, 2));
    EXPECT_EQ(RunPlan(PlanOf(std::move(node)), ContextOf(mode)), (Rows{"1|5", "2|1", "-|2"}));
  }
}

TEST(OperatorsTest, RecursiveUnionEnds) {
  for (bool distinct : {false, true}) {
    for (const Mode& mode : AllModes()) {
      auto node = std::make_unique<plan::RecursiveUnionNode>();
      SetTypes(node.get(), {{oid::kInt4}});
      node->work_table = 3;
      node->distinct = distinct;
      node->children.push_back(IntRows({{1}, {1}}, 1));
      auto work = std::make_unique<plan::WorkTableNode>();
      work->work_table = 3;
      SetTypes(work.get(), {{oid::kInt4}});
      auto filter = FilterOf(std::move(work), Op("<", Col(0, oid::kInt4), Int(4)));
      node->children.push_back(
          ProjectOf(std::move(filter), One(Op("+", Col(0, oid::kInt4), Int(1)))));
      EXPECT_EQ(
          RunPlan(PlanOf(std::move(node)), ContextOf(mode)),
          distinct ? (Rows{"1", "2", "3", "4"}) : (Rows{"1", "1", "2", "2", "3", "3", "4", "4"}));
    }
  }
}

TEST(OperatorsTest, CteIsReadTwiceFromOneRun) {
  for (const Mode& mode : AllModes()) {
    auto with = std::make_unique<plan::WithCteNode>();
    const auto scan = [] {
      auto node = std::make_unique<plan::CteScanNode>();
      node->cte = 0;
      SetTypes(node.get(), {{oid::kInt4}, {oid::kInt4}});
      return node;
    };
    auto join = JoinOf(plan::JoinType::kInner, scan(), scan(), true, false);
    with->types = join->types;
    with->physicals = join->physicals;
    with->children.push_back(std::move(join));
    with->children.push_back(IntRows({{1, 2}, {3, 4}}, 2));
    with->always_run = {false};
    EXPECT_EQ(Sorted(RunPlan(PlanOf(std::move(with)), ContextOf(mode))),
              (Rows{"1|2|1|2", "3|4|3|4"}));
  }
}

TEST(OperatorsTest, ApplyRunsTheRightSideForEachRow) {
  using plan::JoinType;
  for (const Mode& mode : AllModes()) {
    for (JoinType type : {JoinType::kInner, JoinType::kLeft, JoinType::kSemi, JoinType::kAnti}) {
      auto node = std::make_unique<plan::ApplyNode>();
      node->join_type = type;
      const bool left_only = type == JoinType::kSemi || type == JoinType::kAnti;
      SetTypes(node.get(), left_only ? std::vector<SqlType>{{oid::kInt4}}
                                     : std::vector<SqlType>{{oid::kInt4}, {oid::kInt4}});
      node->slots = {{0, 0}};
      node->children.push_back(IntRows({{1}, {5}, {2}, {1}}, 1));
      node->children.push_back(
          FilterOf(IntRows({{1}, {2}, {3}}, 1), Op(">", Col(0, oid::kInt4), Param(0, oid::kInt4))));
      auto plan = PlanOf(std::move(node));
      plan->slot_count = 1;
      plan->slot_types = {{oid::kInt4}};
      const Rows result = RunPlan(plan, ContextOf(mode));
      switch (type) {
        case JoinType::kInner:
          EXPECT_EQ(result, (Rows{"1|2", "1|3", "2|3", "1|2", "1|3"}));
          break;
        case JoinType::kLeft:
          EXPECT_EQ(result, (Rows{"1|2", "1|3", "5|-", "2|3", "1|2", "1|3"}));
          break;
        case JoinType::kSemi:
          EXPECT_EQ(result, (Rows{"1", "2", "1"}));
          break;
        default:
          EXPECT_EQ(result, (Rows{"5"}));
      }
    }
  }
}

TEST(OperatorsTest, SubplansOfExpressions) {
  using Test = expr::SubplanExpr::Test;
  for (const Mode& mode : AllModes()) {
    const auto run = [&](Test test, SqlType type, int32_t limit) {
      auto call = std::make_unique<expr::SubplanExpr>(type, test, 0);
      call->slots = {0};
      call->children.push_back(Col(0, oid::kInt4));
      if (test == Test::kAny || test == Test::kAll) {
        call->children.push_back(Int(2));
        call->comparison = Op("<", Col(0, oid::kInt4), Col(1, oid::kInt4));
      }
      std::vector<ExprPtr> list;
      list.push_back(std::move(call));
      auto plan = PlanOf(ProjectOf(IntRows({{1}, {2}, {9}}, 1), std::move(list)));
      plan->slot_count = 1;
      plan->slot_types = {{oid::kInt4}};
      auto both = FilterOf(
          FilterOf(IntRows({{1}, {2}, {3}}, 1), Op(">", Col(0, oid::kInt4), Param(0, oid::kInt4))),
          Op("<=", Col(0, oid::kInt4), Int(limit)));
      plan->subplans.push_back(std::move(both));
      return RunPlan(plan, ContextOf(mode));
    };
    EXPECT_EQ(run(Test::kExists, {oid::kBool}, 3), (Rows{"t", "t", "f"}));
    EXPECT_EQ(run(Test::kScalar, {oid::kInt4}, 2), (Rows{"2", "-", "-"}));
    EXPECT_EQ(run(Test::kScalar, {oid::kInt4}, 3),
              (Rows{"21000 more than one row returned by a subquery used as an expression"}));
    EXPECT_EQ(run(Test::kArray, {oid::kInt4Array}, 3), (Rows{"{2,3}", "{3}", "{}"}));
    EXPECT_EQ(run(Test::kAny, {oid::kBool}, 3), (Rows{"t", "t", "f"}));
    EXPECT_EQ(run(Test::kAll, {oid::kBool}, 3), (Rows{"f", "t", "t"}));
  }
}

}  // namespace
}  // namespace helios::exec::test
