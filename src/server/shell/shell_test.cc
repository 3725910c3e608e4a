#include "server/shell/shell.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "server/shell/internal/completion.h"
#include "server/shell/internal/copy_command.h"
#include "server/shell/internal/describe.h"
#include "server/shell/internal/help.h"
#include "server/shell/internal/options.h"
#include "server/shell/internal/scanner.h"
#include "server/shell/internal/table.h"
#include "server/shell/internal/text_width.h"

namespace helios::shell {
namespace {

Table People() {
  Table table;
  table.headers = {"id", "name"};
  table.right_aligned = {true, false};
  table.rows = {{"1", "Ann"}, {"22", std::nullopt}};
  return table;
}

TEST(Table, AlignedAsPsql) {
  EXPECT_EQ(FormatTable(People(), {}),
            " id | name \n"
            "----+------\n"
            "  1 | Ann\n"
            " 22 | \n"
            "(2 rows)\n\n");
  Table one;
  one.headers = {"?column?"};
  one.right_aligned = {true};
  one.rows = {{"1"}};
  EXPECT_EQ(FormatTable(one, {}), " ?column? \n----------\n        1\n(1 row)\n\n");
}

TEST(Table, Borders) {
  EXPECT_EQ(FormatTable(People(), {.border = 2}),
            "+----+------+\n"
            "| id | name |\n"
            "+----+------+\n"
            "|  1 | Ann  |\n"
            "| 22 |      |\n"
            "+----+------+\n"
            "(2 rows)\n\n");
  EXPECT_EQ(FormatTable(People(), {.border = 0}),
            "id name \n"
            "-- ----\n"
            " 1 Ann\n"
            "22 \n"
            "(2 rows)\n\n");
}

TEST(Table, TitlesFootersAndNulls) {
  Table table = People();
  table.title = "Table \"public.people\"";
  table.footers = {"Indexes:", "    \"people_pkey\" PRIMARY KEY, btree (id)"};
  EXPECT_EQ(FormatTable(table, {.null_text = "~"}),
            "Table \"public.people\"\n"
            " id | name \n"
            "----+------\n"
            "  1 | Ann\n"
            " 22 | ~\n"
            "Indexes:\n"
            "    \"people_pkey\" PRIMARY KEY, btree (id)\n\n");
  EXPECT_EQ(FormatTable(People(), {.tuples_only = true}), "  1 | Ann\n 22 | \n\n");
  Table none;
  none.rows = {{}};
  EXPECT_EQ(FormatTable(none, {}), "--\n(1 row)\n\n");
}

TEST(Table, LinesAndWideCharacters) {
  Table table;
  table.headers = {"a", "b"};
  table.right_aligned = {false, false};
  table.rows = {{"x\ny", "日本"}, {"é", "1\n2"}};
  EXPECT_EQ(FormatTable(table, {}),
            " a |  b   \n"
            "---+------\n"
            " x+| 日本\n"
            " y | \n"
            " é | 1   +\n"
            "   | 2\n"
            "(2 rows)\n\n");
}

TEST(Table, Expanded) {
  EXPECT_EQ(FormatTable(People(), {.expanded = Expanded::kOn}),
            "-[ RECORD 1 ]\n"
            "id   | 1\n"
            "name | Ann\n"
            "-[ RECORD 2 ]\n"
            "id   | 22\n"
            "name | \n\n");
  EXPECT_EQ(FormatTable(People(), {.expanded = Expanded::kOn, .border = 2}),
            "+-[ RECORD 1 ]-+\n"
            "| id   | 1     |\n"
            "| name | Ann   |\n"
            "+-[ RECORD 2 ]-+\n"
            "| id   | 22    |\n"
            "| name |       |\n"
            "+------+-------+\n\n");
  Table empty = People();
  empty.rows.clear();
  EXPECT_EQ(FormatTable(empty, {.expanded = Expanded::kOn}), "(0 rows)\n\n");
  Table wide = People();
  wide.rows = {{"1", "a name that is rather long"}};
  EXPECT_EQ(FormatTable(wide, {.expanded = Expanded::kAuto, .terminal_width = 20}),
            "-[ RECORD 1 ]--------------------\n"
            "id   | 1\n"
            "name | a name that is rather long\n\n");
}

TEST(Table, UnalignedAndCsv) {
  EXPECT_EQ(FormatTable(People(), {.format = OutputFormat::kUnaligned}),
            "id|name\n1|Ann\n22|\n(2 rows)\n");
  EXPECT_EQ(FormatTable(
                People(),
                {.format = OutputFormat::kUnaligned, .tuples_only = true, .field_separator = ","}),
            "1,Ann\n22,\n");
  EXPECT_EQ(FormatTable(People(), {.format = OutputFormat::kUnaligned, .expanded = Expanded::kOn}),
            "id|1\nname|Ann\n\nid|22\nname|\n");
  Table table = People();
  table.rows = {{"1", "a,\"b\""}};
  EXPECT_EQ(FormatTable(table, {.format = OutputFormat::kCsv}), "id,name\n1,\"a,\"\"b\"\"\"\n");
}

TEST(TextWidth, CountsColumns) {
  EXPECT_EQ(TextWidth("abc"), 3);
  EXPECT_EQ(TextWidth("é"), 1);
  EXPECT_EQ(TextWidth("e\u0301"), 1);
  EXPECT_EQ(TextWidth("日本"), 4);
  EXPECT_EQ(TextWidth("🎉"), 2);
  EXPECT_EQ(TextWidth("\xff"), 1);
}

// Splits a text as the shell does; commands appear as "\name".
std::vector<std::string> Split(const std::vector<std::string>& lines,
                               std::string* prompts = nullptr,
                               const std::map<std::string, std::string>& variables = {}) {
  StatementScanner scanner([&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  std::vector<std::string> statements;
  std::string query;
  for (const std::string& line : lines) {
    if (prompts != nullptr) *prompts += scanner.PromptState(!query.empty());
    scanner.SetLine(line);
    for (ScanStop stop = scanner.Scan(query); stop != ScanStop::kLineEnd;
         stop = scanner.Scan(query)) {
      if (stop == ScanStop::kCommand) {
        statements.push_back("\\" + std::string(scanner.Rest()));
        scanner.Skip(scanner.Rest().size());
      } else {
        statements.push_back(query);
        query.clear();
      }
    }
    if (!query.empty()) query += '\n';
  }
  if (!query.empty()) statements.push_back(query);
  if (prompts != nullptr) *prompts += scanner.PromptState(!query.empty());
  return statements;
}

using Strings = std::vector<std::string>;

TEST(Scanner, SplitsStatements) {
  EXPECT_EQ(Split({"select 1; select 2;"}), (Strings{"select 1;", "select 2;"}));
  EXPECT_EQ(Split({"select", "1;"}), (Strings{"select\n1;"}));
  EXPECT_EQ(Split({"select ';', \";\", $$;$$, $a$;$$;$a$ /* ; /* ; */ ; */ -- ;", ";"}),
            (Strings{"select ';', \";\", $$;$$, $a$;$$;$a$ /* ; /* ; */ ; */ -- ;\n;"}));
  EXPECT_EQ(Split({"select E'\\';' ;"}), (Strings{"select E'\\';' ;"}));
  EXPECT_EQ(Split({"select 'a'';' ;"}), (Strings{"select 'a'';' ;"}));
  EXPECT_EQ(Split({"select (1;", "2);"}), (Strings{"select (1;\n2);"}));
  EXPECT_EQ(Split({"-- nothing", "select 1; -- end"}), (Strings{"select 1;"}));
  EXPECT_EQ(Split({"\\d t", "select 1 \\g"}), (Strings{"\\d t", "\\g", "select 1 \n"}));
  EXPECT_EQ(
      Split({"create function f() returns int begin atomic select 1; select case when true then 1 "
             "end; end; select 2;"}),
      (Strings{"create function f() returns int begin atomic select 1; select case when true then "
               "1 end; end;",
               "select 2;"}));
  EXPECT_EQ(Split({"begin; end;"}), (Strings{"begin;", "end;"}));
  EXPECT_EQ(Split({"select $1; select a$b$c;"}), (Strings{"select $1;", "select a$b$c;"}));
}

TEST(Scanner, PromptsShowWhatIsOpen) {
  std::string prompts;
  Split({"select 'a", "b', \"c", "d\", $x$", "$x$ /*", "*/ (", ") ;"}, &prompts);
  EXPECT_EQ(prompts, "='\"$*(=");
  prompts.clear();
  Split({"select", "1", ";"}, &prompts);
  EXPECT_EQ(prompts, "=--=");
}

TEST(Scanner, ReplacesVariables) {
  const std::map<std::string, std::string> variables = {{"t", "tab"}, {"v", "it's"}};
  EXPECT_EQ(Split({"select :t, :'v', :\"v\", ':t', a::t, :unknown, b:=:t;"}, nullptr, variables),
            (Strings{"select tab, 'it''s', \"it's\", ':t', a::t, :unknown, b:=tab;"}));
}

TEST(Scanner, TakesArguments) {
  const auto lookup = [](std::string_view name) -> std::optional<std::string> {
    return name == "v" ? std::optional<std::string>("x y") : std::nullopt;
  };
  std::string_view rest = "  a 'b c'  \"D e\" 'it''s\\n' :v :'v' pre:v \\g";
  Strings arguments;
  while (const auto argument = NextArgument(rest, lookup)) arguments.push_back(*argument);
  EXPECT_EQ(arguments, (Strings{"a", "b c", "\"D e\"", "it's\n", "x y", "'x y'", "prex y"}));
  EXPECT_EQ(rest, "\\g");
}

TEST(CopyCommand, IsTakenApart) {
  const auto copy = ParseCopyCommand("t (a, b) from 'my file.csv' with (format csv)");
  ASSERT_TRUE(copy.has_value());
  EXPECT_TRUE(copy->from);
  EXPECT_EQ(copy->file, "my file.csv");
  EXPECT_EQ(copy->Sql(), "COPY t (a, b) FROM STDIN with (format csv)");
  const auto query = ParseCopyCommand("(select 'to' from t) TO STDOUT csv");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->Sql(), "COPY (select 'to' from t) TO STDOUT csv");
  EXPECT_EQ(query->place, CopyCommand::Place::kStandard);
  const auto program = ParseCopyCommand("\"T\"(a) to program 'gzip > x'");
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->place, CopyCommand::Place::kProgram);
  EXPECT_EQ(program->file, "gzip > x");
  EXPECT_EQ(program->before, "\"T\" (a)");
  EXPECT_FALSE(ParseCopyCommand("t").has_value());
  EXPECT_FALSE(ParseCopyCommand("t from").has_value());
}

Options ParseOk(Strings arguments) {
  arguments.insert(arguments.begin(), "sql");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  auto parsed = ParseOptions(static_cast<int>(argv.size()), argv.data());
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  return parsed.ok() ? std::move(parsed).value() : Options();
}

TEST(Options, AreThoseOfPsql) {
  const Options options = ParseOk({"-h", "/tmp", "-p5433", "--username=joe", "-AtF,", "-c",
                                   "select 1", "-f", "x.sql", "-v", "ON_ERROR_STOP=1", "db"});
  EXPECT_EQ(options.host, "/tmp");
  EXPECT_EQ(options.port, "5433");
  EXPECT_EQ(options.user, "joe");
  EXPECT_EQ(options.database, "db");
  EXPECT_EQ(options.format.format, OutputFormat::kUnaligned);
  EXPECT_TRUE(options.format.tuples_only);
  EXPECT_EQ(options.format.field_separator, ",");
  ASSERT_EQ(options.actions.size(), 2u);
  EXPECT_EQ(options.actions[0].text, "select 1");
  EXPECT_TRUE(options.actions[1].is_file);
  EXPECT_EQ(options.variables.at("ON_ERROR_STOP"), "1");
  EXPECT_EQ(ParseOk({"db", "joe"}).user, "joe");
  EXPECT_TRUE(ParseOk({"-x", "--csv"}).format.format == OutputFormat::kCsv);
}

TEST(Options, MistakesAreErrors) {
  const auto parse = [](Strings arguments) {
    arguments.insert(arguments.begin(), "sql");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    return ParseOptions(static_cast<int>(argv.size()), argv.data()).ok();
  };
  EXPECT_FALSE(parse({"--nonsense"}));
  EXPECT_FALSE(parse({"-c"}));
  EXPECT_FALSE(parse({"a", "b", "c"}));
  EXPECT_FALSE(parse({"-v", "=x"}));
}

TEST(Describe, PatternsAreLike) {
  EXPECT_EQ(LikePattern("Foo*"), "foo%");
  EXPECT_EQ(LikePattern("\"Foo*\"?"), "Foo*_");
  EXPECT_EQ(LikePattern("a_b%"), "a\\_b\\%");
  EXPECT_EQ(SplitPattern("s.t"), (std::pair<std::string, std::string>("s", "t")));
  EXPECT_EQ(SplitPattern("\"s.t\""), (std::pair<std::string, std::string>("", "\"s.t\"")));
}

TEST(Completion, KnowsWhatIsWanted) {
  EXPECT_EQ(WhatIsWanted("select * from ", ""), Wanted::kRelation);
  EXPECT_EQ(WhatIsWanted("update ", "t"), Wanted::kRelation);
  EXPECT_EQ(WhatIsWanted("select ", ""), Wanted::kColumn);
  EXPECT_EQ(WhatIsWanted("select a from t where ", ""), Wanted::kColumn);
  EXPECT_EQ(WhatIsWanted("select * from a join b on ", ""), Wanted::kColumn);
  EXPECT_EQ(WhatIsWanted("create index i on ", ""), Wanted::kRelation);
  EXPECT_EQ(WhatIsWanted("", "sel"), Wanted::kKeyword);
  EXPECT_EQ(WhatIsWanted("", "\\d"), Wanted::kCommand);
  EXPECT_EQ(WhatIsWanted("\\i ", "x"), Wanted::kFile);
  EXPECT_EQ(KeywordMatches("sel"), (Strings{"select"}));
  EXPECT_EQ(KeywordMatches("SEL"), (Strings{"SELECT"}));
}

TEST(Help, FindsStatements) {
  EXPECT_NE(StatementHelp("create t").find("CREATE TABLE"), std::string::npos);
  EXPECT_NE(StatementHelp("").find("SELECT"), std::string::npos);
  EXPECT_NE(StatementHelp("xyz").find("No help available"), std::string::npos);
}

}  // namespace
}  // namespace helios::shell
