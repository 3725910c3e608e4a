#include "sql/parser/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "sql/ast_util.h"
#include "sql/parser/internal/nesting.h"
#include "sql/parser/internal/test_corpus.h"
#include "sql/parser/internal/test_corpus_utility.h"
#include "sql/parser/internal/text_map.h"

namespace helios::sql {
namespace {

std::vector<RawStatement> ParseOk(std::string_view text) {
  auto parsed = Parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.status().ToString();
  if (!parsed.ok()) return {};
  return std::move(parsed).value();
}

Status ParseError(std::string_view text) {
  auto parsed = Parse(text);
  EXPECT_FALSE(parsed.ok()) << text;
  if (parsed.ok()) return Status::Ok();
  return std::move(parsed).status();
}

TEST(Parser, UnderstandsEveryStatement) {
  for (const char* text : kQueryCorpus) EXPECT_EQ(ParseOk(text).size(), 1u) << text;
  for (const char* text : kUtilityCorpus) EXPECT_GE(ParseOk(text).size(), 1u) << text;
}

TEST(Parser, CopiesAreEqual) {
  const auto check = [](const char* text) {
    for (const RawStatement& raw : ParseOk(text)) {
      const ast::StatementPtr copy = ast::Clone(*raw.statement);
      EXPECT_TRUE(ast::Equal(*raw.statement, *copy)) << text;
    }
  };
  for (const char* text : kQueryCorpus) check(text);
  for (const char* text : kUtilityCorpus) check(text);
}

TEST(Parser, SplitsStatements) {
  const std::string text = " SELECT 1 ;; -- c\n SELECT 'a;b' ; ";
  const auto statements = ParseOk(text);
  ASSERT_EQ(statements.size(), 2u);
  EXPECT_EQ(statements[0].text, "SELECT 1");
  EXPECT_EQ(statements[0].location, 1);
  EXPECT_TRUE(statements[1].text.ends_with("SELECT 'a;b'"));
  EXPECT_TRUE(ParseOk("").empty());
  EXPECT_TRUE(ParseOk(" ; -- nothing\n").empty());
}

TEST(Parser, SyntaxErrorsHavePositions) {
  const Status status = ParseError("SELECT * FORM t");
  EXPECT_EQ(status.code(), ErrorCode::kSyntaxError);
  EXPECT_EQ(status.info().message, "syntax error at or near \"FORM\"");
  EXPECT_EQ(status.info().position, 10);
  EXPECT_EQ(ParseError("SELECT 'é', 'ü' FORM t").info().position, 22);
  EXPECT_EQ(ParseError("SELECT (").info().message, "syntax error at end of input");
  EXPECT_EQ(ParseError("SELECT (").info().position, 9);
  EXPECT_EQ(ParseError("SELECT 'abc").info().message,
            "unterminated quoted string at or near \"'abc\"");
  EXPECT_EQ(ParseError("SELECT 'abc").info().position, 8);
  EXPECT_EQ(ParseError("SELECT \"\"").info().message,
            "zero-length delimited identifier at or near \"\"\"\"");
  EXPECT_EQ(ParseError("SELECT 1; SELECT 2 2").info().position, 20);
}

TEST(Parser, ScannerErrorsHaveTheirCodes) {
  EXPECT_EQ(ParseError("SELECT U&'\\zzzz'").code(), ErrorCode::kSyntaxError);
  EXPECT_EQ(ParseError("SELECT U&'\\zzzz'").info().hint,
            "Unicode escapes must be \\XXXX or \\+XXXXXX.");
  EXPECT_EQ(ParseError("SELECT E'\\u12'").code(), ErrorCode::kInvalidEscapeSequence);
  EXPECT_EQ(ParseError("SELECT E'\\u12'").info().hint,
            "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
  EXPECT_EQ(ParseError("SELECT 1_000").info().message,
            "trailing junk after numeric literal at or near \"1_000\"");
  EXPECT_EQ(ParseError("CREATE TABLE t (CHECK (a) DEFERRABLE)").code(),
            ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(ParseError("SELECT $65536").code(), ErrorCode::kUndefinedParameter);
  EXPECT_EQ(ParseError("SELECT 1, $0").info().position, 11);
  EXPECT_EQ(ParseError(std::string_view("SELECT \0 1", 10)).code(),
            ErrorCode::kCharacterNotInRepertoire);
  EXPECT_EQ(ParseError("SELECT '\xff'").code(), ErrorCode::kCharacterNotInRepertoire);
  EXPECT_EQ(ParseError("CREATE CONVERSION c FOR 'a' TO 'b' FROM f").code(),
            ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(ParseError("SELECT xmlconcat(a)").code(), ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(ParseError("CREATE TABLE t (a int NOT NULL DEFERRABLE)").info().message,
            "misplaced DEFERRABLE clause");
}

TEST(Parser, LocationsCountCharacters) {
  const auto statements = ParseOk("SELECT 'é', a + b FROM t");
  const auto& select = ast::As<ast::SelectStatement>(*statements[0].statement);
  EXPECT_EQ(select.targets[1].expr->location, 14);
  EXPECT_EQ(select.targets[1].location, 12);
  EXPECT_EQ(select.from[0]->location, 23);
}

TEST(Parser, DeepNestingIsAnError) {
  const auto repeat = [](std::string_view part, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += part;
    return text;
  };
  constexpr int kMany = 100000;
  const std::string deep[] = {
      "SELECT " + repeat("(", kMany) + "1" + repeat(")", kMany),
      "SELECT " + repeat("f(", kMany) + "1" + repeat(")", kMany),
      "SELECT " + repeat("(", kMany),
      "SELECT " + repeat("- ", kMany) + "1",
      "SELECT " + repeat("NOT ", kMany) + "true",
      "SELECT 1" + repeat(" + 1", kMany),
      "SELECT 1" + repeat("::int", kMany),
      "SELECT 1" + repeat(" UNION ALL SELECT 1", kMany),
      "SELECT * FROM t" + repeat(" CROSS JOIN t", kMany),
      "SELECT " + repeat("CASE WHEN ", kMany) + "true" + repeat(" THEN 1 END", kMany),
      "SELECT " + repeat("ARRAY[", kMany) + "1" + repeat("]", kMany),
      "SELECT a" + repeat(" COLLATE \"C\"", kMany),
      "SELECT " + repeat("(SELECT ", kMany) + "1" + repeat(")", kMany),
      "SELECT " + repeat("+", kMany) + "1",
      "SELECT 1" + repeat(" ~ (1", kMany) + repeat(")", kMany),
  };
  for (const std::string& text : deep) {
    EXPECT_EQ(ParseError(text).code(), ErrorCode::kStatementTooComplex) << text.substr(0, 40);
  }
}

TEST(Parser, LongButFlatIsFine) {
  std::string list = "SELECT a IN (1";
  std::string conditions = "SELECT true";
  std::string rows = "INSERT INTO t VALUES (1, f(2))";
  for (int i = 0; i < 20000; ++i) {
    list += ", 1";
    conditions += i % 2 == 0 ? " AND a = b + 1" : " OR a = -1";
    rows += ", (1 + 1, f(-2))";
  }
  ParseOk(list + ")");
  ParseOk(conditions);
  ParseOk(rows);
}

TEST(Parser, DeepestAllowedFitsTheStack) {
  std::string open;
  std::string close;
  for (int i = 0; i < 498; ++i) {
    open += "(SELECT f(";
    close += "))";
  }
  const auto statements = ParseOk("SELECT " + open + "1" + close);
  ASSERT_EQ(statements.size(), 1u);
  const ast::StatementPtr copy = ast::Clone(*statements[0].statement);
  EXPECT_TRUE(ast::Equal(*copy, *statements[0].statement));
}

TEST(Parser, ThreadsParseAtTheSameTime) {
  constexpr int kThreadCount = 4;
  std::vector<std::thread> threads;
  threads.reserve(kThreadCount);
  for (int t = 0; t < kThreadCount; ++t) {
    threads.emplace_back([] {
      for (const char* text : kQueryCorpus) EXPECT_TRUE(Parse(text).ok()) << text;
      EXPECT_FALSE(Parse("SELECT FROM FROM").ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Parser, ParsesExpressionsAndTypes) {
  auto expr = ParseExpression("a + 1");
  ASSERT_TRUE(expr.ok());
  EXPECT_EQ((*expr)->kind, ast::ExprKind::kOperator);
  EXPECT_EQ((*expr)->location, 2);
  EXPECT_FALSE(ParseExpression("a, b").ok());
  EXPECT_FALSE(ParseExpression("a FROM t").ok());
  EXPECT_FALSE(ParseExpression("a; DROP TABLE t").ok());
  EXPECT_FALSE(ParseExpression("a UNION SELECT 1").ok());
  EXPECT_FALSE(ParseExpression("").ok());
  auto type = ParseTypeName("numeric(10, 2)[]");
  ASSERT_TRUE(type.ok());
  EXPECT_EQ(type->names.back(), "numeric");
  EXPECT_EQ(type->modifiers.size(), 2u);
  EXPECT_EQ(type->array_bounds.size(), 1u);
  EXPECT_FALSE(ParseTypeName("int), (1").ok());
  EXPECT_FALSE(ParseTypeName("int) AS x").ok());
  EXPECT_FALSE(ParseTypeName("int").value().names.empty());
}

TEST(TextMap, MapsBothWays) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += i % 3 == 0 ? "é" : i % 3 == 1 ? "x" : "€";
  const TextMap map(text);
  size_t byte = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(map.CharOffset(static_cast<int64_t>(byte)), i);
    EXPECT_EQ(map.ByteOffset(i), byte);
    byte += i % 3 == 0 ? 2 : i % 3 == 1 ? 1 : 3;
  }
  EXPECT_EQ(map.CharOffset(-1), -1);
  EXPECT_EQ(map.CharOffset(1 << 20), 1000);
  EXPECT_EQ(FindInvalidUtf8(text), std::string_view::npos);
  EXPECT_EQ(FindInvalidUtf8("ab\xc0\x80"), 2u);
  EXPECT_EQ(FindInvalidUtf8("ab\xed\xa0\x80"), 2u);
  EXPECT_EQ(FindInvalidUtf8("\xf4\x90\x80\x80"), 0u);
  EXPECT_EQ(FindInvalidUtf8("\xe2\x82"), 0u);
}

}  // namespace
}  // namespace helios::sql
