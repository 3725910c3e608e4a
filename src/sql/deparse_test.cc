#include "sql/deparse.h"

#include <gtest/gtest.h>

#include <string>

#include "sql/ast_util.h"
#include "sql/parser/internal/test_corpus.h"
#include "sql/parser/parser.h"
#include "types/text.h"

namespace helios::sql {
namespace {

ast::StatementPtr ParseOne(std::string_view text) {
  auto parsed = Parse(text);
  EXPECT_TRUE(parsed.ok()) << text << "\n" << parsed.status().ToString();
  if (!parsed.ok() || parsed->size() != 1) return nullptr;
  return std::move((*parsed)[0].statement);
}

std::string PrintExpr(std::string_view text, const DeparseOptions& options = {}) {
  auto expr = ParseExpression(text);
  EXPECT_TRUE(expr.ok()) << text;
  return expr.ok() ? Deparse(**expr, options) : "";
}

void ExpectRoundTrip(std::string_view text, const DeparseOptions& options) {
  const ast::StatementPtr before = ParseOne(text);
  ASSERT_NE(before, nullptr);
  const std::string printed = Deparse(*before, options);
  const ast::StatementPtr after = ParseOne(printed);
  ASSERT_NE(after, nullptr) << text << "\nprinted as\n" << printed;
  EXPECT_TRUE(ast::Equal(*before, *after)) << text << "\nprinted as\n" << printed;
}

TEST(Deparse, CorpusComesBackEqual) {
  for (const char* text : kQueryCorpus) {
    ExpectRoundTrip(text, {});
    ExpectRoundTrip(text, {.pretty = true});
    ExpectRoundTrip(text, {.multiline = false});
    ExpectRoundTrip(text, {.pretty = true, .multiline = false});
  }
}

TEST(Deparse, PrintsAsStoredExpressions) {
  const DeparseOptions stored = {.analyzed = true};
  EXPECT_EQ(PrintExpr("a > 0 and b + 1 * 2 < -1", stored),
            "((a > 0) AND ((b + (1 * 2)) < '-1'::integer))");
  EXPECT_EQ(PrintExpr("a like 'x%'::text", stored), "(a ~~ 'x%'::text)");
  EXPECT_EQ(PrintExpr("a not like 'x' escape '!'", stored), "(a !~~ like_escape('x', '!'))");
  EXPECT_EQ(PrintExpr("a in (1, 2)", stored), "(a = ANY (ARRAY[1, 2]))");
  EXPECT_EQ(PrintExpr("a not in (1)", stored), "(a <> 1)");
  EXPECT_EQ(PrintExpr("a between 1 and 2", stored), "((a >= 1) AND (a <= 2))");
  EXPECT_EQ(PrintExpr("a not between 1 and 2", stored), "((a < 1) OR (a > 2))");
  EXPECT_EQ(PrintExpr("a::int + 12345678901", stored), "((a)::integer + '12345678901'::bigint)");
  EXPECT_EQ(PrintExpr("-1.5", stored), "'-1.5'::numeric");
  EXPECT_EQ(PrintExpr("nextval('t_a_seq'::regclass)", stored), "nextval('t_a_seq'::regclass)");
  EXPECT_EQ(PrintExpr("pg_catalog.lower(a)", stored), "lower(a)");
  EXPECT_EQ(PrintExpr("a is null or not b", stored), "((a IS NULL) OR (NOT b))");
  EXPECT_EQ(PrintExpr("case when a > 0 then 'x' else 'y' end", stored),
            "\nCASE\n    WHEN (a > 0) THEN 'x'\n    ELSE 'y'\nEND");
  EXPECT_EQ(PrintExpr("a + (b + c) * 2 - (d - e)", {.pretty = true}), "a + (b + c) * 2 - (d - e)");
}

TEST(Deparse, PrintsViewsAsPostgresDoes) {
  const ast::StatementPtr view = ParseOne(
      "select t.a, t.b as x, count(*) as n from t join u on t.a = u.a where t.b > 1 group by t.a, "
      "t.b "
      "having count(*) > 2 order by t.a desc limit 5");
  EXPECT_EQ(Deparse(*view, {.analyzed = true}),
            " SELECT t.a,\n"
            "    t.b AS x,\n"
            "    count(*) AS n\n"
            "   FROM (t\n"
            "     JOIN u ON ((t.a = u.a)))\n"
            "  WHERE (t.b > 1)\n"
            "  GROUP BY t.a, t.b\n"
            " HAVING (count(*) > 2)\n"
            "  ORDER BY t.a DESC\n"
            " LIMIT 5");
  const ast::StatementPtr both = ParseOne("select 1 as a union all select 2 as a");
  EXPECT_EQ(Deparse(*both), " SELECT 1 AS a\nUNION ALL\n SELECT 2 AS a");
}

TEST(Deparse, PlacesParenthesesAsPostgresDoes) {
  const DeparseOptions stored = {.analyzed = true};
  const DeparseOptions pretty = {.pretty = true, .analyzed = true};
  EXPECT_EQ(PrintExpr("a = 0::oid", stored), "(a = (0)::oid)");
  EXPECT_EQ(PrintExpr("a = 0::oid", pretty), "a = 0::oid");
  EXPECT_EQ(PrintExpr("'-1'::integer", pretty), "'-1'::integer");
  EXPECT_EQ(PrintExpr("a = any (b) and c", pretty), "(a = ANY (b)) AND c");
  EXPECT_EQ(PrintExpr("not exists (select 1)", pretty), "NOT (EXISTS ( SELECT 1))");
  EXPECT_EQ(PrintExpr("(a, b) in (select 1, 2)", stored), "((a, b) IN ( SELECT 1,\n    2))");
  EXPECT_EQ(PrintExpr("a ~ '\\('::text", stored), "(a ~ '\\('::text)");
  const ast::StatementPtr select =
      ParseOne("select a, case when a then 1 end from (values (1)) v(a) order by f(a) desc");
  EXPECT_EQ(Deparse(*select, stored),
            " SELECT a,\n"
            "        CASE\n"
            "            WHEN a THEN 1\n"
            "        END\n"
            "   FROM ( VALUES (1)) v(a)\n"
            "  ORDER BY (f(a)) DESC");
}

TEST(Deparse, PrintsTypes) {
  const auto print = [](std::string_view text) { return Deparse(ParseTypeName(text).value()); };
  EXPECT_EQ(print("int"), "integer");
  EXPECT_EQ(print("int8[]"), "int8[]");
  EXPECT_EQ(print("bigint[][3]"), "bigint[][3]");
  EXPECT_EQ(print("varchar(9)"), "character varying(9)");
  EXPECT_EQ(print("char"), "character(1)");
  EXPECT_EQ(print("numeric(10,2)"), "numeric(10,2)");
  EXPECT_EQ(print("timestamp(3) with time zone"), "timestamp(3) with time zone");
  EXPECT_EQ(print("time"), "time without time zone");
  EXPECT_EQ(print("interval day to second(2)"), "interval day to second(2)");
  EXPECT_EQ(print("float(53)"), "double precision");
  EXPECT_EQ(print("s.\"My T\""), "s.\"My T\"");
  EXPECT_EQ(print("\"char\""), "\"char\"");
  EXPECT_EQ(print("vector(3)"), "vector(3)");
}

TEST(Deparse, PrintsConstraints) {
  const ast::StatementPtr statement = ParseOne(
      "create table t (check (a > 0) no inherit, primary key (a, b), unique nulls not distinct (c) "
      "include "
      "(d), foreign key (a) references s.u (x) match full on update cascade on delete set null "
      "deferrable "
      "initially deferred, exclude using gist (a with =) where (a > 0))");
  const auto& create = ast::As<ast::CreateTableStatement>(*statement);
  ASSERT_EQ(create.constraints.size(), 5u);
  EXPECT_EQ(Deparse(create.constraints[0]), "CHECK ((a > 0)) NO INHERIT");
  EXPECT_EQ(Deparse(create.constraints[1]), "PRIMARY KEY (a, b)");
  EXPECT_EQ(Deparse(create.constraints[2]), "UNIQUE NULLS NOT DISTINCT (c) INCLUDE (d)");
  EXPECT_EQ(Deparse(create.constraints[3]),
            "FOREIGN KEY (a) REFERENCES s.u(x) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL "
            "DEFERRABLE INITIALLY DEFERRED");
  EXPECT_EQ(Deparse(create.constraints[4]), "EXCLUDE USING gist (a WITH =) WHERE ((a > 0))");
}

TEST(Deparse, PrintsIndexes) {
  const ast::StatementPtr index = ParseOne(
      "create unique index i on public.t (a desc nulls first, lower(b), (a + 1) int4_ops) include "
      "(c) with "
      "(fillfactor = 70) where a > 0");
  EXPECT_EQ(Deparse(*index, {.multiline = false, .analyzed = true}),
            "CREATE UNIQUE INDEX i ON public.t USING btree (a DESC, lower(b), ((a + 1)) int4_ops) "
            "INCLUDE "
            "(c) WITH (fillfactor=70) WHERE (a > 0)");
}

TEST(Deparse, QuotesWhereItMust) {
  EXPECT_EQ(QuoteIdentifier("abc_1"), "abc_1");
  EXPECT_EQ(QuoteIdentifier("Abc"), "\"Abc\"");
  EXPECT_EQ(QuoteIdentifier("select"), "\"select\"");
  EXPECT_EQ(QuoteIdentifier("between"), "\"between\"");
  EXPECT_EQ(QuoteIdentifier("abort"), "abort");
  EXPECT_EQ(QuoteIdentifier("1a"), "\"1a\"");
  EXPECT_EQ(QuoteIdentifier(""), "\"\"");
  EXPECT_EQ(QuoteIdentifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
  EXPECT_EQ(QuoteLiteral("a\\b"), "E'a\\\\b'");
  EXPECT_EQ(QuoteQualifiedName({"s", "T"}), "s.\"T\"");
}

}  // namespace
}  // namespace helios::sql
