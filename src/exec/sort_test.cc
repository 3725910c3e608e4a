#include <algorithm>
#include <random>

#include "exec/internal/test_support.h"
#include "types/numeric.h"

namespace helios::exec::test {
namespace {

// Rows of (key, text, number); few different keys, so that most rows have peers.
struct Row {
  int32_t key;
  std::string text;
  int32_t number;
};

std::vector<Row> RandomRows(size_t count) {
  std::mt19937 random(23);
  std::vector<Row> rows(count);
  for (size_t i = 0; i < count; ++i) {
    rows[i].key = static_cast<int32_t>(random() % 7);
    // Some differ only behind the prefix that is compared first.
    rows[i].text = std::string(random() % 2 == 0 ? 3 : 30, 'x') + std::to_string(random() % 3);
    rows[i].number = static_cast<int32_t>(i);
  }
  return rows;
}

plan::NodePtr NodeOf(const std::vector<Row>& rows) {
  std::vector<std::vector<ExprPtr>> values;
  for (const Row& row : rows) {
    std::vector<ExprPtr> list;
    list.push_back(row.key == 0 ? NullOf(oid::kInt4) : Int(row.key));
    list.push_back(Text(row.text));
    list.push_back(Int(row.number));
    values.push_back(std::move(list));
  }
  return ValuesOf({oid::kInt4, oid::kText, oid::kInt4}, std::move(values));
}

Rows Shown(const std::vector<Row>& rows, size_t count) {
  Rows shown;
  for (size_t i = 0; i < std::min(count, rows.size()); ++i) {
    shown.push_back((rows[i].key == 0 ? "-" : std::to_string(rows[i].key)) + "|" + rows[i].text +
                    "|" + std::to_string(rows[i].number));
  }
  return shown;
}

Rows SortedRows(const std::vector<Row>& rows, bool by_text, int64_t limit, const Mode& mode) {
  std::vector<plan::SortKey> keys;
  keys.push_back(KeyOf(Col(0, oid::kInt4), /*descending=*/true, /*nulls_first=*/true));
  if (by_text) keys.push_back(KeyOf(Col(1, oid::kText)));
  auto sort = SortOf(NodeOf(rows), std::move(keys));
  if (limit > 0) static_cast<plan::SortNode&>(*sort).limit_hint = Big(limit);
  return RunPlan(PlanOf(std::move(sort)), ContextOf(mode));
}

// Goal: ORDER BY gives the same rows in the same order, with and without LIMIT, however little
// memory there is.
// Method: against a stable sort; with three rows a run, runs are merged on several levels.
TEST(SortTest, PeersKeepTheirOrder) {
  for (const bool by_text : {false, true}) {
    const std::vector<Row> rows = RandomRows(20000);
    std::vector<Row> sorted = rows;
    std::stable_sort(sorted.begin(), sorted.end(), [by_text](const Row& a, const Row& b) {
      const int a_key = a.key == 0 ? 100 : a.key;
      const int b_key = b.key == 0 ? 100 : b.key;
      if (a_key != b_key) return a_key > b_key;
      return by_text && a.text < b.text;
    });
    for (const Mode& mode : {Mode{}, Mode{3, 1}, Mode{kVectorRowsMax, 1}, Mode{7, 65536}}) {
      EXPECT_EQ(SortedRows(rows, by_text, 0, mode), Shown(sorted, rows.size()));
      for (const int64_t limit : {1, 10, 2048, 5000}) {
        EXPECT_EQ(SortedRows(rows, by_text, limit, mode),
                  Shown(sorted, static_cast<size_t>(limit)));
      }
    }
  }
}

TEST(SortTest, HugeLimitMeansAll) {
  const std::vector<Row> rows = RandomRows(10000);
  EXPECT_EQ(SortedRows(rows, true, INT64_MAX, {}), SortedRows(rows, true, 0, {}));
}

// Values whose order is that of their keys' bytes, on both sides of the prefix's end.
TEST(SortTest, NumericKeys) {
  std::mt19937 random(5);
  std::vector<int64_t> values;
  std::vector<std::vector<ExprPtr>> rows;
  for (size_t i = 0; i < 5000; ++i) {
    values.push_back(static_cast<int64_t>(random() % 2000000) - 1000000);
    std::vector<ExprPtr> row;
    row.push_back(Const(
        Value::Bytes({oid::kNumeric}, Numeric::Parse(std::to_string(values.back()))->Encode())));
    rows.push_back(std::move(row));
  }
  std::sort(values.begin(), values.end());
  Rows expected;
  for (size_t i = 0; i < 100; ++i) expected.push_back(std::to_string(values[i]));
  std::vector<plan::SortKey> keys;
  keys.push_back(KeyOf(Col(0, oid::kNumeric)));
  auto sort = SortOf(ValuesOf({oid::kNumeric}, std::move(rows)), std::move(keys));
  static_cast<plan::SortNode&>(*sort).limit_hint = Big(100);
  EXPECT_EQ(RunPlan(PlanOf(std::move(sort)), ContextOf()), expected);
}

}  // namespace
}  // namespace helios::exec::test
