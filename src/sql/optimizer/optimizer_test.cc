#include <gtest/gtest.h>

#include "sql/test_catalog.h"

namespace helios::sql {
namespace {

class OptimizerTest : public ::testing::Test {
 protected:
  OptimizerTest() {
    catalog_.Execute(R"(
      CREATE TABLE t (a int PRIMARY KEY, b text, c int);
      CREATE TABLE u (id bigint PRIMARY KEY, t_a int REFERENCES t, name varchar(20) NOT NULL,
                      v float8, UNIQUE (name));
      CREATE TABLE h (k1 int, k2 int, v int, PRIMARY KEY (k1, k2));
      CREATE INDEX u_ta ON u (t_a);
    )");
    catalog_.SetRowCount("t", 100000);
    catalog_.SetRowCount("u", 1000000);
    catalog_.SetRowCount("h", 1000);
  }
  std::string Explain(std::string_view sql) { return catalog_.Explain(sql); }

  TestCatalog catalog_;
};

TEST_F(OptimizerTest, KeysAndIndexesBoundScans) {
  EXPECT_EQ(Explain("SELECT * FROM t WHERE a = 1"),
            "Index Scan using t_pkey on t\n  Index Cond: (a = 1)\n");
  EXPECT_EQ(
      Explain("SELECT v FROM u WHERE name LIKE 'ab%'"),
      "Index Scan using u_name_key on u\n"
      "  Index Cond: ((name >= 'ab'::character varying) AND (name < 'ac'::character varying))\n"
      "  Filter: (name ~~ 'ab%'::text)\n");
  EXPECT_EQ(Explain("SELECT * FROM h WHERE k1 IN (1, 2) AND k2 = 7"),
            "Index Scan using h_pkey on h\n"
            "  Index Cond: ((k1 = 1) AND (k2 = 7)) OR ((k1 = 2) AND (k2 = 7))\n");
  EXPECT_EQ(Explain("SELECT * FROM u WHERE v = 1"),
            "Seq Scan on u\n  Filter: (v = '1'::double precision)\n");
}

TEST_F(OptimizerTest, PredicatesGoDown) {
  EXPECT_EQ(Explain("SELECT * FROM (SELECT c, count(*) n FROM t GROUP BY c) x WHERE c = 5"),
            "HashAggregate\n  Group Key: c\n  ->  Seq Scan on t\n        Filter: (c = 5)\n");
  EXPECT_EQ(Explain("SELECT * FROM (SELECT a FROM t UNION ALL SELECT k1 FROM h) x WHERE a = 3"),
            "Append\n  ->  Index Scan using t_pkey on t\n        Index Cond: (a = 3)\n"
            "  ->  Index Scan using h_pkey on h\n        Index Cond: (k1 = 3)\n");
  // A condition that no padded row passes makes the outer join an inner one.
  const std::string inner = Explain("SELECT * FROM t LEFT JOIN h ON t.c = h.v WHERE h.k2 > 1");
  EXPECT_EQ(inner.find("Left"), std::string::npos) << inner;
  const std::string outer = Explain("SELECT * FROM t LEFT JOIN h ON t.c = h.v WHERE h.k2 IS NULL");
  EXPECT_NE(outer.find("Hash Left Join"), std::string::npos) << outer;
}

TEST_F(OptimizerTest, SubSelectsBecomeJoins) {
  EXPECT_NE(Explain("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM h WHERE h.v = t.c)")
                .find("Hash Semi Join"),
            std::string::npos);
  EXPECT_NE(Explain("SELECT a FROM t WHERE c NOT IN (SELECT v FROM h)").find("Hash Anti Join"),
            std::string::npos);
  EXPECT_NE(
      Explain("SELECT a FROM t WHERE c IN (SELECT v FROM h) OR b = 'x'").find("Hash Mark Join"),
      std::string::npos);
  EXPECT_EQ(Explain("SELECT a, (SELECT count(*) FROM h WHERE h.v = t.c) FROM t"),
            "Hash Left Join\n  Hash Cond: (t.c = h.v)\n  ->  Seq Scan on t\n  ->  HashAggregate\n"
            "        Group Key: h.v\n        ->  Seq Scan on h\n");
  // Out of reach below a LIMIT: stays.
  EXPECT_NE(Explain("SELECT (SELECT v FROM h WHERE h.v = t.c LIMIT 1) FROM t").find("SubPlan 1"),
            std::string::npos);
}

TEST_F(OptimizerTest, SmallSideLooksUpLargeOne) {
  EXPECT_EQ(
      Explain("SELECT t.b FROM t, u WHERE t.a = u.t_a AND u.id = 5"),
      "Nested Loop\n  ->  Index Scan using u_pkey on u\n        Index Cond: (id = '5'::bigint)\n"
      "  ->  Index Scan using t_pkey on t\n        Index Cond: (a = u.t_a)\n");
}

TEST_F(OptimizerTest, KeyOrderReplacesSorts) {
  EXPECT_EQ(Explain("SELECT a FROM t ORDER BY a DESC LIMIT 5"),
            "Limit\n  ->  Index Scan Backward using t_pkey on t\n");
  EXPECT_EQ(Explain("SELECT max(a) FROM t"),
            "Aggregate\n  ->  Limit\n        ->  Index Scan Backward using t_pkey on t\n"
            "              Filter: (a IS NOT NULL)\n");
  EXPECT_NE(Explain("SELECT a FROM t ORDER BY c LIMIT 5").find("Sort"), std::string::npos);
}

TEST_F(OptimizerTest, WithQueriesReadOnceMerge) {
  EXPECT_EQ(Explain("WITH x AS (SELECT * FROM t) SELECT b FROM x WHERE a = 4"),
            "Index Scan using t_pkey on t\n  Index Cond: (a = 4)\n");
  EXPECT_NE(Explain("WITH x AS (SELECT * FROM t) SELECT * FROM x p, x q").find("CTE Scan"),
            std::string::npos);
  EXPECT_NE(Explain("WITH x AS MATERIALIZED (SELECT * FROM t) SELECT b FROM x").find("CTE Scan"),
            std::string::npos);
}

TEST_F(OptimizerTest, ConstantsFold) {
  EXPECT_EQ(Explain("SELECT * FROM t WHERE 1 = 1 AND a = 2 + 3"),
            "Index Scan using t_pkey on t\n  Index Cond: (a = 5)\n");
  EXPECT_EQ(Explain("SELECT * FROM t WHERE (a = 1 AND c = 2) OR (a = 1 AND c = 3)"),
            "Index Scan using t_pkey on t\n  Index Cond: (a = 1)\n"
            "  Filter: ((c = 2) OR (c = 3))\n");
  // A strict call with a NULL is NULL, whatever else it is given.
  EXPECT_EQ(Explain("SELECT * FROM t WHERE NULL + c * c IS NOT NULL AND b = 'x'"),
            Explain("SELECT * FROM t WHERE false"));
}

// Goal: joins of more tables than fit into a set are not cross products with conditions on top.
TEST_F(OptimizerTest, ManyTablesStayConnected) {
  for (const int count : {61, 64, 65, 80}) {
    std::string from = "h h0";
    std::string where = "h0.k2 > 5";
    for (int i = 1; i < count; ++i) {
      // Written in an order in which neighbours are not tied to each other.
      const int number = i * 7 % count == 0 ? i : i * 7 % count;
      from += ", h h" + std::to_string(i);
      where += " AND h" + std::to_string(number) + ".k1 = h" + std::to_string(number - 1) + ".v";
    }
    const std::string plan = Explain("SELECT h0.v FROM " + from + " WHERE " + where);
    EXPECT_EQ(plan.find("Nested Loop\n"), std::string::npos) << count << plan;
  }
}

// Goal: columns are called as PostgreSQL calls them.
TEST_F(OptimizerTest, ExplainQualifiesColumns) {
  // Of one relation they stand bare, except under VERBOSE; conditions of scans always do.
  EXPECT_EQ(Explain("SELECT a FROM t ORDER BY c"), "Sort\n  Sort Key: c\n  ->  Seq Scan on t\n");
  EXPECT_EQ(Explain("SELECT x.a FROM t x, h WHERE x.c = h.v AND x.b = 'q' ORDER BY h.k2"),
            "Sort\n  Sort Key: h.k2\n  ->  Hash Join\n        Hash Cond: (h.v = x.c)\n"
            "        ->  Seq Scan on h\n        ->  Seq Scan on t x\n"
            "              Filter: (b = 'q'::text)\n");
  // The second relation of a name gets a number.
  EXPECT_EQ(Explain("SELECT a FROM t WHERE c IN (SELECT c FROM t WHERE b = 'q')"),
            "Hash Semi Join\n  Hash Cond: (t.c = t_1.c)\n  ->  Seq Scan on t\n"
            "  ->  Seq Scan on t t_1\n        Filter: (b = 'q'::text)\n");
  // What is computed below is in parentheses.
  EXPECT_EQ(Explain("SELECT c, count(*) FROM t GROUP BY c HAVING sum(a) > 3 ORDER BY 2 DESC"),
            "Sort\n  Sort Key: (count(*)) DESC\n  ->  HashAggregate\n        Group Key: c\n"
            "        Filter: (sum(a) > 3)\n        ->  Seq Scan on t\n");
  EXPECT_EQ(Explain("SELECT k1 FROM h ORDER BY v + k2 NULLS FIRST"),
            "Sort\n  Sort Key: ((v + k2)) NULLS FIRST\n  ->  Seq Scan on h\n");
}

TEST_F(OptimizerTest, PlansWithoutOptimizerStandToo) {
  catalog_.settings.enable_optimizer = false;
  EXPECT_EQ(Explain("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM h WHERE h.v = t.c)"),
            "Seq Scan on t\n  Filter: EXISTS(SubPlan 1)\n  SubPlan 1\n    ->  Seq Scan on h\n"
            "          Filter: (v = t.c)\n");
}

}  // namespace
}  // namespace helios::sql
