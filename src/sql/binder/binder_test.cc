#include <gtest/gtest.h>

#include "sql/test_catalog.h"

namespace helios::sql {
namespace {

class BinderTest : public ::testing::Test {
 protected:
  BinderTest() {
    catalog_.Execute(R"(
      CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
      CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(10,2) DEFAULT 1.5, d timestamp, m mood);
      CREATE TABLE u (id bigint PRIMARY KEY, t_a int REFERENCES t, name varchar(20) NOT NULL,
                      v float8, UNIQUE (name));
      CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x int,
                      y int GENERATED ALWAYS AS (x * 2) STORED);
      CREATE VIEW tv AS SELECT a, upper(b) AS ub FROM t WHERE a > 10;
      CREATE VIEW simple AS SELECT a AS key, b AS value FROM t WHERE a < 100;
    )");
  }

  // The types of the statement's columns, as format_type has them.
  std::string Types(std::string_view sql) {
    auto plan = catalog_.Plan(sql);
    if (!plan.ok()) return TestCatalog::ErrorText(plan.status());
    std::string text;
    for (const plan::OutputColumn& column : (*plan)->output) {
      if (!text.empty()) text += ", ";
      text += column.name + " " + FormatType(column.type, &catalog_.lookup());
    }
    return text;
  }
  std::string ParameterTypes(std::string_view sql) {
    auto plan = catalog_.Plan(sql);
    if (!plan.ok()) return TestCatalog::ErrorText(plan.status());
    std::string text;
    for (uint32_t i = 0; i < (*plan)->statement_parameter_count; ++i) {
      if (!text.empty()) text += ", ";
      text += FormatType((*plan)->slot_types[i], &catalog_.lookup());
    }
    return text;
  }

  TestCatalog catalog_;
};

TEST_F(BinderTest, NamesAndTypesOfColumns) {
  EXPECT_EQ(Types("SELECT a, b, c, d, m FROM t"),
            "a integer, b text, c numeric(10,2), d timestamp without time zone, m mood");
  EXPECT_EQ(Types("SELECT * FROM u"),
            "id bigint, t_a integer, name character varying(20), v double precision");
  EXPECT_EQ(Types("SELECT 1, 2.5, 'x', NULL, true"),
            "?column? integer, ?column? numeric, ?column? text, ?column? text, ?column? boolean");
  EXPECT_EQ(Types("SELECT count(*), sum(a), avg(a), max(b) FROM t"),
            "count bigint, sum bigint, avg numeric, max text");
  EXPECT_EQ(Types("SELECT CASE WHEN a > 1 THEN 1 ELSE 2.5 END, COALESCE(a, id) FROM t, u"),
            "case numeric, coalesce bigint");
  EXPECT_EQ(Types("SELECT a::text, 'sad'::mood, ARRAY[1, 2], ARRAY(SELECT b FROM t) FROM t"),
            "a text, mood mood, array integer[], array text[]");
  EXPECT_EQ(Types("SELECT 1 UNION SELECT 2.5"), "?column? numeric");
  EXPECT_EQ(Types("VALUES (1, 'a'), (2.5, NULL)"), "column1 numeric, column2 text");
  EXPECT_EQ(Types("SELECT * FROM tv"), "a integer, ub text");
  EXPECT_EQ(Types("SELECT a FROM t JOIN (SELECT a FROM t) x USING (a)"), "a integer");
  EXPECT_EQ(Types("INSERT INTO t (a) VALUES (1) RETURNING a, c"), "a integer, c numeric(10,2)");
}

TEST_F(BinderTest, ParametersAreInferred) {
  EXPECT_EQ(ParameterTypes("SELECT * FROM t WHERE a = $1 AND b = $2"), "integer, text");
  EXPECT_EQ(ParameterTypes("INSERT INTO u VALUES ($1, $2, $3, $4)"),
            "bigint, integer, character varying, double precision");
  EXPECT_EQ(ParameterTypes("UPDATE t SET c = $1, m = $2 WHERE a = $3"), "numeric, mood, integer");
  EXPECT_EQ(ParameterTypes("SELECT $1"), "text");
  EXPECT_EQ(ParameterTypes("SELECT a FROM t LIMIT $1"), "bigint");
  EXPECT_EQ(ParameterTypes("SELECT a FROM t WHERE a = ANY ($1)"), "integer[]");
  EXPECT_EQ(ParameterTypes("SELECT $2::int"),
            "42P18 0 could not determine data type of parameter $1");
  EXPECT_EQ(ParameterTypes("SELECT $1::int, $1::text"), "integer");
  EXPECT_EQ(ParameterTypes("SELECT * FROM t WHERE a = $1 OR b = $1"),
            "42883 35 operator does not exist: text = integer");
}

TEST_F(BinderTest, UnknownNames) {
  EXPECT_EQ(catalog_.Error("SELECT x FROM t"), "42703 8 column \"x\" does not exist");
  EXPECT_EQ(catalog_.Error("SELECT t.x FROM t"), "42703 8 column t.x does not exist");
  EXPECT_EQ(catalog_.Error("SELECT z.a FROM t"),
            "42P01 8 missing FROM-clause entry for table \"z\"");
  EXPECT_EQ(catalog_.Error("SELECT t.a FROM t AS z"),
            "42P01 8 invalid reference to FROM-clause entry for table \"t\"");
  EXPECT_EQ(catalog_.Error("SELECT 1 FROM nope"), "42P01 15 relation \"nope\" does not exist");
  EXPECT_EQ(catalog_.Error("SELECT a FROM t t1, t t2"),
            "42702 8 column reference \"a\" is ambiguous");
  EXPECT_EQ(catalog_.Error("SELECT 1 FROM t z, u z"),
            "42712 0 table name \"z\" specified more than once");
  EXPECT_EQ(catalog_.Error("SELECT 1::nope"), "42704 11 type \"nope\" does not exist");
}

TEST_F(BinderTest, OverloadsAndCasts) {
  EXPECT_EQ(catalog_.Error("SELECT foo(1)"), "42883 8 function foo(integer) does not exist");
  EXPECT_EQ(catalog_.Error("SELECT lower(a) FROM t"),
            "42883 8 function lower(integer) does not exist");
  EXPECT_EQ(catalog_.Error("SELECT a = b FROM t"),
            "42883 10 operator does not exist: integer = text");
  EXPECT_EQ(catalog_.Error("SELECT 1 + 'a'"),
            "22P02 12 invalid input syntax for type integer: \"a\"");
  EXPECT_EQ(catalog_.Error("SELECT true::date"), "42846 12 cannot cast type boolean to date");
  EXPECT_EQ(catalog_.Error("SELECT * FROM t WHERE m = 'bad'"),
            "22P02 27 invalid input value for enum mood: \"bad\"");
  EXPECT_EQ(catalog_.Error("SELECT 1 FROM t WHERE a"),
            "42804 23 argument of WHERE must be type boolean, not type integer");
  EXPECT_EQ(catalog_.Error("SELECT CASE WHEN true THEN 1 ELSE d END FROM t"),
            "42804 28 CASE types timestamp without time zone and integer cannot be matched");
}

TEST_F(BinderTest, Grouping) {
  EXPECT_EQ(catalog_.Error("SELECT b, a FROM t GROUP BY b"),
            "42803 11 column \"t.a\" must appear in the GROUP BY clause or be used in an aggregate "
            "function");
  EXPECT_EQ(catalog_.Error("SELECT a, b, d FROM t GROUP BY a"), "no error");
  EXPECT_EQ(catalog_.Error("SELECT b x FROM t GROUP BY x"), "no error");
  EXPECT_EQ(catalog_.Error("SELECT lower(b) FROM t GROUP BY 1"), "no error");
  EXPECT_EQ(catalog_.Error("SELECT sum(a) FROM t WHERE sum(a) > 1"),
            "42803 28 aggregate functions are not allowed in WHERE");
  EXPECT_EQ(catalog_.Error("SELECT sum(sum(a)) FROM t"),
            "42803 8 aggregate function calls cannot be nested");
  EXPECT_EQ(catalog_.Error("SELECT count(*) FROM t GROUP BY 5"),
            "42P10 33 GROUP BY position 5 is not in select list");
  EXPECT_EQ(catalog_.Error("SELECT (SELECT sum(t.a)) FROM t"), "no error");
  EXPECT_EQ(catalog_.Error("SELECT (SELECT u.v + t.a FROM u LIMIT 1) FROM t GROUP BY b"),
            "42803 22 subquery uses ungrouped column \"t.a\" from outer query");
  EXPECT_EQ(catalog_.Error("SELECT b, grouping(b), sum(a) FROM t GROUP BY CUBE (b)"), "no error");
}

TEST_F(BinderTest, OrderDistinctLimit) {
  EXPECT_EQ(catalog_.Error("SELECT DISTINCT a FROM t ORDER BY b"),
            "42P10 35 for SELECT DISTINCT, ORDER BY expressions must appear in select list");
  EXPECT_EQ(catalog_.Error("SELECT a FROM t LIMIT a"),
            "42P10 23 argument of LIMIT must not contain variables");
  EXPECT_EQ(catalog_.Error("SELECT a FROM t ORDER BY 2"),
            "42P10 26 ORDER BY position 2 is not in select list");
  EXPECT_EQ(catalog_.Error("SELECT a FROM t UNION SELECT 1 ORDER BY a + 1"),
            "0A000 41 invalid UNION/INTERSECT/EXCEPT ORDER BY clause");
  EXPECT_EQ(catalog_.Error("SELECT a FROM t UNION SELECT 1, 2"),
            "42601 30 each UNION query must have the same number of columns");
}

TEST_F(BinderTest, WithQueries) {
  EXPECT_EQ(Types("WITH x(n) AS (SELECT a FROM t) SELECT * FROM x"), "n integer");
  EXPECT_EQ(Types("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) "
                  "SELECT n FROM r"),
            "n integer");
  EXPECT_EQ(catalog_
                .Error("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1.5 FROM r) "
                       "SELECT n FROM r")
                .substr(0, 5),
            "42804");
  EXPECT_EQ(catalog_.Error("WITH x AS (SELECT 1), x AS (SELECT 2) SELECT 1").substr(0, 5), "42712");
  EXPECT_EQ(Types("WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d"), "a integer");
}

TEST_F(BinderTest, Writes) {
  EXPECT_EQ(catalog_.Error("INSERT INTO t (a, a) VALUES (1, 2)"),
            "42701 19 column \"a\" specified more than once");
  EXPECT_EQ(catalog_.Error("INSERT INTO t (a) VALUES (1, 2)"),
            "42601 30 INSERT has more expressions than target columns");
  EXPECT_EQ(catalog_.Error("INSERT INTO t (z) VALUES (1)"),
            "42703 16 column \"z\" of relation \"t\" does not exist");
  EXPECT_EQ(catalog_.Error("INSERT INTO g (y) VALUES (1)"),
            "428C9 0 cannot insert a non-DEFAULT value into column \"y\"");
  EXPECT_EQ(catalog_.Error("INSERT INTO g (id) VALUES (1)"),
            "428C9 0 cannot insert a non-DEFAULT value into column \"id\"");
  EXPECT_EQ(catalog_.Error("INSERT INTO g (id) OVERRIDING SYSTEM VALUE VALUES (1)"), "no error");
  EXPECT_EQ(
      catalog_.Error("INSERT INTO t (d) VALUES (5)"),
      "42804 27 column \"d\" is of type timestamp without time zone but expression is of type "
      "integer");
  EXPECT_EQ(catalog_.Error("INSERT INTO t (a) VALUES (1) ON CONFLICT (b) DO NOTHING"),
            "42P10 0 there is no unique or exclusion constraint matching the ON CONFLICT "
            "specification");
  EXPECT_EQ(catalog_.Error("INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT (name) DO UPDATE "
                           "SET v = excluded.v WHERE u.v < 5"),
            "no error");
  EXPECT_EQ(catalog_.Error("UPDATE g SET y = 3"),
            "428C9 0 column \"y\" can only be updated to DEFAULT");
  EXPECT_EQ(catalog_.Error("UPDATE t SET (b, c) = (SELECT name, v FROM u LIMIT 1)"), "no error");
}

TEST_F(BinderTest, WritesThroughSimpleViews) {
  EXPECT_EQ(catalog_.Explain("UPDATE simple SET value = 'x' WHERE key = 5"),
            "Update on t\n  ->  Index Scan using t_pkey on t\n        Index Cond: (a = 5)\n"
            "        Filter: (a < 100)\n");
  EXPECT_EQ(Types("INSERT INTO simple VALUES (1, 'x') RETURNING *"), "key integer, value text");
  EXPECT_EQ(catalog_.Error("INSERT INTO tv (ub) VALUES ('x')").substr(0, 5), "42703");
  EXPECT_EQ(catalog_.Error("DELETE FROM simple WHERE b = 'x'"),
            "42703 26 column \"b\" does not exist");
}

TEST_F(BinderTest, PointStatementsAreRecognised) {
  const auto kind = [&](std::string_view sql) -> int {
    auto plan = catalog_.Plan(sql);
    if (!plan.ok() || !(*plan)->point.has_value()) return -1;
    return static_cast<int>((*plan)->point->kind);
  };
  EXPECT_EQ(kind("SELECT b FROM t WHERE a = $1"), 0);
  EXPECT_EQ(kind("INSERT INTO g (x) VALUES ($1)"), 1);
  EXPECT_EQ(kind("DELETE FROM g WHERE id = $1"), 3);
  EXPECT_EQ(kind("UPDATE g SET x = x + 1 WHERE id = $1"), 2);
  EXPECT_EQ(kind("SELECT b FROM t WHERE a > $1"), -1);
  EXPECT_EQ(kind("SELECT count(*) FROM t WHERE a = 1"), -1);
}

TEST_F(BinderTest, TableExpressions) {
  PlannerContext context = catalog_.Context();
  const std::vector<TableColumn> columns{{"a", {type_oid::kInt4, -1}, false},
                                         {"b", {type_oid::kText, -1}, true}};
  const auto bind = [&](std::string_view sql, ExpressionPurpose purpose, SqlType type) {
    auto tree = ParseExpression(sql);
    HELIOS_CHECK(tree.ok());
    auto bound = BindTableExpression(**tree, "t", columns, purpose, type, "x", context);
    return bound.ok() ? bound->sql : TestCatalog::ErrorText(bound.status());
  };
  const SqlType int4{type_oid::kInt4, -1};
  EXPECT_EQ(bind("a > 1", ExpressionPurpose::kCheck, {}), "(a > 1)");
  EXPECT_EQ(bind("a + 1", ExpressionPurpose::kDefault, int4).substr(0, 5), "0A000");
  EXPECT_EQ(bind("(SELECT 1)", ExpressionPurpose::kCheck, {}),
            "0A000 1 cannot use subquery in check constraint");
  EXPECT_EQ(bind("now()", ExpressionPurpose::kIndexExpression, {}),
            "42P17 0 functions in index expression must be marked IMMUTABLE");
  EXPECT_EQ(bind("b", ExpressionPurpose::kGenerated, {type_oid::kText, -1}).substr(0, 5), "42P17");
  EXPECT_EQ(bind("true", ExpressionPurpose::kDefault, int4).substr(0, 5), "42804");
}

}  // namespace
}  // namespace helios::sql
