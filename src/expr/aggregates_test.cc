// Aggregates over small inputs: results as PostgreSQL 15 gives them, split, spilled and merged.

#include <gtest/gtest.h>

#include <new>

#include "expr/evaluator.h"
#include "expr/function_registry.h"
#include "types/io.h"

namespace helios::expr {
namespace {

const AggregateFunction& Find(std::string_view name, const std::vector<Oid>& arguments) {
  for (const AggregateFunction* candidate : AggregatesNamed(name)) {
    if (candidate->arguments == arguments) return *candidate;
  }
  ADD_FAILURE() << "no aggregate " << name;
  return *AggregatesNamed("count")[0];
}

// Rows of one group as text, columns separated by '|'; "NULL" is NULL.
class Runner {
 public:
  Runner(std::string_view name, std::vector<Oid> declared, std::vector<Oid> actual, Oid result)
      : function_(Find(name, declared)), result_{result} {
    for (const Oid type : actual) types_.push_back({type});
  }

  std::string Run(const std::vector<std::string>& rows) {
    Group whole(*this);
    Status status = whole.Feed(rows, 0, rows.size());
    return Finish(&whole, status);
  }
  // Two states fed with halves, one of them through its serial form, then combined.
  std::string RunSplit(const std::vector<std::string>& rows) {
    if (function_.combine == nullptr) return "cannot be split";
    Group left(*this);
    Group right(*this);
    Status status = left.Feed(rows, 0, rows.size() / 2);
    if (status.ok()) status = right.Feed(rows, rows.size() / 2, rows.size());
    if (status.ok() && function_.serialize != nullptr) {
      std::string bytes;
      function_.serialize(right.state(), &bytes);
      Group restored(*this);
      status = function_.deserialize(restored.call(), bytes, restored.state());
      if (status.ok()) status = function_.combine(left.call(), restored.state(), left.state());
      return Finish(&left, status);
    }
    if (status.ok()) status = function_.combine(left.call(), right.state(), left.state());
    return Finish(&left, status);
  }

 private:
  class Group {
   public:
    explicit Group(Runner& runner)
        : runner_(runner),
          call_{runner.context_, runner.types_, runner.result_, runner.arena_},
          memory_((runner.function_.state_bytes + 7) / 8) {
      runner.function_.init(state());
    }
    ~Group() {
      if (runner_.function_.destroy != nullptr) runner_.function_.destroy(state());
    }
    uint8_t* state() { return reinterpret_cast<uint8_t*>(memory_.data()); }
    AggregateCall& call() { return call_; }

    Status Feed(const std::vector<std::string>& rows, size_t from, size_t to) {
      Chunk chunk(runner_.types_);
      size_t count = 0;
      for (size_t i = from; i < to; ++i) {
        bool has_null = false;
        std::string_view rest = rows[i];
        for (size_t column = 0; column < runner_.types_.size(); ++column) {
          const size_t end = rest.find('|');
          const std::string_view field = rest.substr(0, end);
          rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
          if (field == "NULL") {
            has_null = true;
            chunk.column(column).SetNull(count);
          } else {
            chunk.column(column).validity().SetValid(count);
            HELIOS_TRY(ParseText(runner_.types_[column], field, runner_.context_.text_format,
                                 &chunk.column(column), count));
          }
        }
        if (!has_null || !runner_.function_.ignores_nulls) ++count;
      }
      std::vector<uint8_t*> states(count, state());
      std::vector<const Vector*> arguments;
      for (const Vector& column : chunk.columns()) arguments.push_back(&column);
      if (runner_.function_.update_one != nullptr && from == 0) {
        return runner_.function_.update_one(call_, arguments, count, state());
      }
      return runner_.function_.update(call_, arguments, count, states.data());
    }

   private:
    Runner& runner_;
    AggregateCall call_;
    std::vector<uint64_t> memory_;
  };

  std::string Finish(Group* group, Status status) {
    Vector out(result_);
    uint8_t* states[] = {group->state()};
    if (status.ok()) status = function_.finalize(group->call(), states, 1, &out, 0);
    if (!status.ok()) {
      return "ERROR " + std::string(SqlState(status.code())) + ": " + status.info().message;
    }
    if (out.IsNull(0)) return "NULL";
    std::string text;
    EXPECT_TRUE(FormatText(out, 0, context_.text_format, &text).ok());
    return text;
  }

  EvalContext context_;
  Arena arena_;
  const AggregateFunction& function_;
  SqlType result_;
  std::vector<SqlType> types_;
};

using namespace type_oid;  // NOLINT: names of types only.

struct Case {
  std::string_view name;
  std::vector<Oid> declared;
  std::vector<Oid> actual;
  Oid result;
  std::vector<std::string> rows;
  std::string expected;
};

void CheckAll(const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    Runner runner(test.name, test.declared, test.actual, test.result);
    EXPECT_EQ(runner.Run(test.rows), test.expected) << test.name;
    const std::string split = runner.RunSplit(test.rows);
    if (split != "cannot be split") {
      EXPECT_EQ(split, test.expected) << test.name << " split";
    }
  }
}

TEST(Aggregates, CountSumAverage) {
  CheckAll({
      {"count", {}, {}, kInt8, {"", "", ""}, "3"},
      {"count", {kAny}, {kInt4}, kInt8, {"1", "NULL", "3"}, "2"},
      {"sum", {kInt4}, {kInt4}, kInt8, {"2147483647", "1", "NULL"}, "2147483648"},
      {"sum", {kInt4}, {kInt4}, kInt8, {"NULL"}, "NULL"},
      {"sum", {kInt8}, {kInt8}, kNumeric, {"9223372036854775807", "1"}, "9223372036854775808"},
      {"sum", {kNumeric}, {kNumeric}, kNumeric, {"1.10", "2.205", "NaN"}, "NaN"},
      {"sum", {kNumeric}, {kNumeric}, kNumeric, {"1.10", "2.205", "-3"}, "0.305"},
      {"sum",
       {kNumeric},
       {kNumeric},
       kNumeric,
       {"99999999999999999999999999999999999999", "1"},
       "100000000000000000000000000000000000000"},
      {"sum", {kFloat8}, {kFloat8}, kFloat8, {"0.5", "0.25"}, "0.75"},
      {"sum",
       {kFloat8},
       {kFloat8},
       kFloat8,
       {"1e308", "1e308"},
       "ERROR 22003: value out of range: overflow"},
      {"sum", {kFloat8}, {kFloat8}, kFloat8, {"Infinity", "1"}, "Infinity"},
      {"sum", {kInterval}, {kInterval}, kInterval, {"1 day", "2 hours"}, "1 day 02:00:00"},
      {"avg", {kInt4}, {kInt4}, kNumeric, {"1", "2"}, "1.5000000000000000"},
      {"avg", {kInt8}, {kInt8}, kNumeric, {"10", "20", "25"}, "18.3333333333333333"},
      {"avg", {kNumeric}, {kNumeric}, kNumeric, {"1.5", "2"}, "1.7500000000000000"},
      {"avg", {kFloat4}, {kFloat4}, kFloat8, {"1.5", "2"}, "1.75"},
      {"avg", {kInterval}, {kInterval}, kInterval, {"1 day", "2 days"}, "1 day 12:00:00"},
  });
}

TEST(Aggregates, Extremes) {
  CheckAll({
      {"min", {kInt4}, {kInt4}, kInt4, {"3", "-1", "NULL"}, "-1"},
      {"max", {kInt8}, {kInt8}, kInt8, {"3", "-1"}, "3"},
      {"max", {kFloat8}, {kFloat8}, kFloat8, {"1", "NaN", "Infinity"}, "NaN"},
      {"min", {kFloat8}, {kFloat8}, kFloat8, {"NaN", "5"}, "5"},
      {"max", {kText}, {kText}, kText, {"pear", "a string longer than twelve bytes", "zz"}, "zz"},
      {"max",
       {kText},
       {kText},
       kText,
       {"a", "z string longer than twelve bytes", "c"},
       "z string longer than twelve bytes"},
      {"min", {kNumeric}, {kNumeric}, kNumeric, {"1.50", "1.5", "2"}, "1.5"},
      {"max", {kDate}, {kDate}, kDate, {"2001-01-01", "2010-05-05"}, "2010-05-05"},
      {"max", {kInterval}, {kInterval}, kInterval, {"1 day", "23 hours"}, "1 day"},
      {"min", {kAnyArray}, {kInt4Array}, kInt4Array, {"{2}", "{1,5}"}, "{1,5}"},
      {"max", {kInt4}, {kInt4}, kInt4, {}, "NULL"},
  });
}

TEST(Aggregates, LogicAndBits) {
  CheckAll({
      {"bool_and", {kBool}, {kBool}, kBool, {"t", "f", "NULL"}, "f"},
      {"bool_or", {kBool}, {kBool}, kBool, {"t", "f"}, "t"},
      {"every", {kBool}, {kBool}, kBool, {}, "NULL"},
      {"bit_and", {kInt4}, {kInt4}, kInt4, {"6", "3"}, "2"},
      {"bit_or", {kInt8}, {kInt8}, kInt8, {"6", "3"}, "7"},
      {"bit_xor", {kInt2}, {kInt2}, kInt2, {"6", "3"}, "5"},
  });
}

TEST(Aggregates, Collections) {
  CheckAll({
      {"string_agg", {kText, kText}, {kText, kText}, kText, {"a|,", "NULL|,", "b|;"}, "a;b"},
      {"string_agg", {kText, kText}, {kText, kText}, kText, {"NULL|,"}, "NULL"},
      {"array_agg", {kAnyNonArray}, {kInt4}, kInt4Array, {"1", "NULL", "3"}, "{1,NULL,3}"},
      {"array_agg", {kAnyArray}, {kInt4Array}, kInt4Array, {"{1,2}", "{3,4}"}, "{{1,2},{3,4}}"},
      {"array_agg",
       {kAnyArray},
       {kInt4Array},
       kInt4Array,
       {"{1,2}", "{3}"},
       "ERROR 2202E: cannot accumulate arrays of different dimensionality"},
      {"json_agg", {kAnyElement}, {kInt4}, kJson, {"1", "NULL"}, "[1, null]"},
      {"jsonb_agg", {kAnyElement}, {kText}, kJsonb, {"a", "b"}, "[\"a\", \"b\"]"},
      {"json_object_agg",
       {kAny, kAny},
       {kText, kInt4},
       kJson,
       {"a|1", "b|NULL"},
       "{ \"a\" : 1, \"b\" : null }"},
      {"jsonb_object_agg",
       {kAny, kAny},
       {kText, kInt4},
       kJsonb,
       {"b|1", "a|2", "b|3"},
       "{\"a\": 2, \"b\": 3}"},
  });
}

TEST(Aggregates, Statistics) {
  CheckAll({
      {"var_samp", {kInt4}, {kInt4}, kNumeric, {"1", "2", "3", "4"}, "1.6666666666666667"},
      {"var_pop", {kInt4}, {kInt4}, kNumeric, {"1", "2", "3", "4"}, "1.2500000000000000"},
      {"stddev", {kInt4}, {kInt4}, kNumeric, {"1", "2", "3", "4"}, "1.2909944487358056"},
      {"stddev_pop", {kNumeric}, {kNumeric}, kNumeric, {"1.5", "2.5"}, "0.50000000000000000000"},
      {"variance", {kFloat8}, {kFloat8}, kFloat8, {"1", "2", "3", "4"}, "1.6666666666666667"},
      {"variance", {kFloat8}, {kFloat8}, kFloat8, {"1"}, "NULL"},
      {"var_pop", {kFloat8}, {kFloat8}, kFloat8, {"1"}, "0"},
      {"corr", {kFloat8, kFloat8}, {kFloat8, kFloat8}, kFloat8, {"1|2", "2|4", "3|6"}, "1"},
      {"regr_slope", {kFloat8, kFloat8}, {kFloat8, kFloat8}, kFloat8, {"1|2", "2|4", "3|6"}, "0.5"},
      {"regr_intercept", {kFloat8, kFloat8}, {kFloat8, kFloat8}, kFloat8, {"2|1", "3|2"}, "1"},
      {"regr_count", {kFloat8, kFloat8}, {kFloat8, kFloat8}, kInt8, {"2|1", "NULL|2"}, "1"},
      {"covar_samp", {kFloat8, kFloat8}, {kFloat8, kFloat8}, kFloat8, {"1|2", "2|4"}, "1"},
  });
}

TEST(Aggregates, OrderedSets) {
  CheckAll({
      {"percentile_cont",
       {kFloat8, kFloat8},
       {kFloat8, kFloat8},
       kFloat8,
       {"0.5|1", "0.5|2", "0.5|4", "0.5|NULL", "0.5|10"},
       "3"},
      {"percentile_cont",
       {kFloat8, kFloat8},
       {kFloat8, kFloat8},
       kFloat8,
       {"2|1"},
       "ERROR 22003: percentile value 2 is not between 0 and 1"},
      {"percentile_disc",
       {kFloat8, kAnyElement},
       {kFloat8, kText},
       kText,
       {"0.5|a", "0.5|b", "0.5|c", "0.5|d"},
       "b"},
      {"percentile_disc",
       {kFloat8Array, kAnyElement},
       {kFloat8Array, kInt4},
       kInt4Array,
       {"{0.25,1}|1", "{0.25,1}|2"},
       "{1,2}"},
      {"mode", {kAnyElement}, {kInt4}, kInt4, {"1", "2", "2", "3", "3"}, "2"},
      {"rank", {kAny}, {kInt4, kInt4}, kInt8, {"3|1", "3|1", "3|3", "3|5"}, "3"},
      {"dense_rank", {kAny}, {kInt4, kInt4}, kInt8, {"3|1", "3|1", "3|3", "3|5"}, "2"},
      {"percent_rank", {kAny}, {kInt4, kInt4}, kFloat8, {"3|1", "3|1", "3|3", "3|5"}, "0.5"},
      {"cume_dist", {kAny}, {kInt4, kInt4}, kFloat8, {"3|1", "3|1", "3|3", "3|5"}, "0.8"},
  });
}

}  // namespace
}  // namespace helios::expr
