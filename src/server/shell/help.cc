#include "server/shell/internal/help.h"

#include <fmt/format.h>

namespace helios::shell {
namespace {

constexpr std::string_view kCommandHelp = R"(General
  \q                     quit
  \g, \gx                run the statement (again); \gx: with expanded output
  \h [STATEMENT]         syntax of SQL statements
  \?                     this page
  \conninfo              the present connection
  \c [DBNAME [USER [HOST [PORT]]]]  connect elsewhere ("-" keeps the present one)
  \password [USER]       change a password
  \encoding [ENCODING]   show or set the client's encoding

Statement
  \p                     print the statement being typed
  \r                     forget it
  \e [FILE]              edit it with $EDITOR
  \w FILE                write it to a file

Input and output
  \i FILE                run the commands of a file
  \o [FILE | |COMMAND]   send results to a file or a pipe
  \echo, \qecho, \warn TEXT  write a text to standard output, the results, standard error
  \copy ...              COPY with a file of the client

What there is (options: S with system objects, + more detail)
  \d[S+]                 tables, views and sequences
  \d[S+] NAME            the columns, indexes and constraints of a table, view, sequence or index
  \dt \di \dv \ds \dm [PATTERN]  tables, indexes, views, sequences, materialized views
  \dn [PATTERN]          schemas
  \du [PATTERN]          roles
  \df [PATTERN]          functions
  \dT [PATTERN]          data types
  \dx [PATTERN]          extensions
  \dp, \z [PATTERN]      privileges of tables
  \l [PATTERN]           databases

Format
  \x [on|off|auto]       a line per column
  \a                     aligned or unaligned output
  \t [on|off]            rows alone
  \f [STRING]            separator of unaligned output
  \pset NAME [VALUE]     border, expanded, fieldsep, footer, format, null, recordsep, tuples_only
  \timing [on|off]       how long statements take

Variables and system
  \set [NAME [VALUE]]    set a variable, or list them all
  \unset NAME            forget a variable
  \cd [DIRECTORY]        change the directory
  \! [COMMAND]           run a command of the system)";

struct Topic {
  std::string_view name;
  std::string_view syntax;
};

constexpr Topic kTopics[] = {
    {"ALTER TABLE",
     "ALTER TABLE [ IF EXISTS ] [ ONLY ] name action [, ... ]\n"
     "ALTER TABLE name RENAME [ COLUMN ] column TO new_column\n"
     "ALTER TABLE name RENAME TO new_name\nALTER TABLE name SET SCHEMA new_schema"},
    {"ANALYZE", "ANALYZE [ VERBOSE ] [ table [ ( column [, ...] ) ] [, ...] ]"},
    {"BEGIN",
     "BEGIN [ WORK | TRANSACTION ] [ ISOLATION LEVEL { SERIALIZABLE | REPEATABLE READ | READ "
     "COMMITTED "
     "| READ UNCOMMITTED } ] [ READ WRITE | READ ONLY ] [ [ NOT ] DEFERRABLE ]"},
    {"COMMIT", "COMMIT [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]"},
    {"COPY",
     "COPY table [ ( column [, ...] ) ] FROM { 'file' | PROGRAM 'command' | STDIN } [ [ WITH ] ( "
     "option "
     "[, ...] ) ] [ WHERE condition ]\n"
     "COPY { table [ ( column [, ...] ) ] | ( query ) } TO { 'file' | PROGRAM 'command' | STDOUT } "
     "[ [ "
     "WITH ] ( option [, ...] ) ]"},
    {"CREATE INDEX",
     "CREATE [ UNIQUE ] INDEX [ CONCURRENTLY ] [ [ IF NOT EXISTS ] name ] ON table [ USING method "
     "]\n"
     "    ( { column | ( expression ) } [ COLLATE collation ] [ opclass ] [ ASC | DESC ] [ NULLS { "
     "FIRST "
     "| LAST } ] [, ...] )\n"
     "    [ INCLUDE ( column [, ...] ) ] [ WITH ( parameter = value [, ... ] ) ] [ WHERE predicate "
     "]"},
    {"CREATE ROLE", "CREATE ROLE name [ [ WITH ] option [ ... ] ]"},
    {"CREATE SCHEMA",
     "CREATE SCHEMA [ IF NOT EXISTS ] name [ AUTHORIZATION role ] [ element [ ... ] ]"},
    {"CREATE SEQUENCE",
     "CREATE [ TEMPORARY ] SEQUENCE [ IF NOT EXISTS ] name [ AS type ] [ INCREMENT BY n ] [ "
     "MINVALUE n ] [ "
     "MAXVALUE n ] [ START n ] [ CACHE n ] [ [ NO ] CYCLE ]"},
    {"CREATE TABLE",
     "CREATE [ TEMPORARY | UNLOGGED ] TABLE [ IF NOT EXISTS ] name (\n"
     "    { column type [ COLLATE collation ] [ constraint [ ... ] ] | table_constraint | LIKE "
     "table } [, "
     "... ]\n) [ WITH ( storage_format = 'ROW' | 'HCC' | 'HYBRID', compression_mode = ..., shards "
     "= n ) ]"},
    {"CREATE TABLE AS",
     "CREATE [ TEMPORARY ] TABLE [ IF NOT EXISTS ] name [ ( column [, ...] ) ] AS query"},
    {"CREATE TYPE",
     "CREATE TYPE name AS ENUM ( 'label' [, ... ] )\nCREATE TYPE name AS ( column type [, ... ] )"},
    {"CREATE VIEW", "CREATE [ OR REPLACE ] VIEW name [ ( column [, ...] ) ] AS query"},
    {"DELETE",
     "[ WITH query [, ...] ]\nDELETE FROM [ ONLY ] table [ [ AS ] alias ] [ USING item [, ...] ] [ "
     "WHERE "
     "condition ] [ RETURNING ... ]"},
    {"DROP TABLE", "DROP TABLE [ IF EXISTS ] name [, ...] [ CASCADE | RESTRICT ]"},
    {"EXPLAIN",
     "EXPLAIN [ ( option [, ...] ) ] statement\nEXPLAIN [ ANALYZE ] [ VERBOSE ] statement"},
    {"GRANT",
     "GRANT { privilege [, ...] | ALL } ON [ TABLE ] name [, ...] TO role [, ...] [ WITH GRANT "
     "OPTION ]\n"
     "GRANT role [, ...] TO role [, ...]"},
    {"INSERT",
     "[ WITH query [, ...] ]\nINSERT INTO table [ AS alias ] [ ( column [, ...] ) ]\n"
     "    { DEFAULT VALUES | VALUES ( value [, ...] ) [, ...] | query }\n"
     "    [ ON CONFLICT [ target ] { DO NOTHING | DO UPDATE SET ... [ WHERE condition ] } ] [ "
     "RETURNING "
     "... ]"},
    {"MERGE",
     "MERGE INTO table [ [ AS ] alias ] USING source ON condition\n"
     "    WHEN [ NOT ] MATCHED [ AND condition ] THEN { UPDATE SET ... | DELETE | INSERT ... | DO "
     "NOTHING } "
     "[ ... ]"},
    {"REVOKE",
     "REVOKE { privilege [, ...] | ALL } ON name [, ...] FROM role [, ...] [ CASCADE | RESTRICT ]"},
    {"ROLLBACK",
     "ROLLBACK [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]\nROLLBACK TO [ SAVEPOINT ] name"},
    {"SAVEPOINT", "SAVEPOINT name"},
    {"SELECT",
     "[ WITH [ RECURSIVE ] query [, ...] ]\nSELECT [ ALL | DISTINCT [ ON ( expression [, ...] ) ] "
     "] [ "
     "expression [ [ AS ] name ] [, ...] ]\n    [ FROM item [, ...] ] [ WHERE condition ]\n    [ "
     "GROUP BY "
     "element [, ...] ] [ HAVING condition ] [ WINDOW name AS ( definition ) [, ...] ]\n    [ { "
     "UNION | "
     "INTERSECT | EXCEPT } [ ALL | DISTINCT ] select ]\n    [ ORDER BY expression [ ASC | DESC ] [ "
     "NULLS { "
     "FIRST | LAST } ] [, ...] ]\n    [ LIMIT { count | ALL } ] [ OFFSET start ] [ FOR { UPDATE | "
     "SHARE } [ "
     "OF table ] [ NOWAIT | SKIP LOCKED ] ]"},
    {"SET", "SET [ SESSION | LOCAL ] name { TO | = } { value | DEFAULT }"},
    {"SHOW", "SHOW name\nSHOW ALL"},
    {"TRUNCATE",
     "TRUNCATE [ TABLE ] name [, ... ] [ RESTART IDENTITY | CONTINUE IDENTITY ] [ CASCADE ]"},
    {"UPDATE",
     "[ WITH query [, ...] ]\nUPDATE [ ONLY ] table [ [ AS ] alias ] SET column = value [, ...]\n"
     "    [ FROM item [, ...] ] [ WHERE condition ] [ RETURNING ... ]"},
    {"VACUUM", "VACUUM [ ( option [, ...] ) ] [ table [, ...] ]"},
    {"VALUES", "VALUES ( value [, ...] ) [, ...]"},
};

constexpr std::string_view kKeywords[] = {
    "ABORT",        "ADD",         "ALL",        "ALTER",      "ANALYZE",    "AND",
    "AS",           "ASC",         "BEGIN",      "BETWEEN",    "BY",         "CASCADE",
    "CASE",         "CAST",        "CHECK",      "CHECKPOINT", "COLUMN",     "COMMENT",
    "COMMIT",       "CONFLICT",    "CONSTRAINT", "COPY",       "CREATE",     "CROSS",
    "DATABASE",     "DEALLOCATE",  "DECLARE",    "DEFAULT",    "DELETE",     "DESC",
    "DISCARD",      "DISTINCT",    "DO",         "DROP",       "ELSE",       "END",
    "EXCEPT",       "EXECUTE",     "EXISTS",     "EXPLAIN",    "EXTENSION",  "FALSE",
    "FETCH",        "FOREIGN",     "FROM",       "FULL",       "FUNCTION",   "GRANT",
    "GROUP",        "HAVING",      "IF",         "ILIKE",      "IN",         "INDEX",
    "INNER",        "INSERT",      "INTERSECT",  "INTO",       "IS",         "JOIN",
    "KEY",          "LEFT",        "LIKE",       "LIMIT",      "LISTEN",     "LOCK",
    "MATERIALIZED", "MERGE",       "NATURAL",    "NOT",        "NOTHING",    "NOTIFY",
    "NULL",         "OFFSET",      "ON",         "OR",         "ORDER",      "OUTER",
    "OVER",         "PARTITION",   "PREPARE",    "PRIMARY",    "REFERENCES", "REFRESH",
    "REINDEX",      "RELEASE",     "RENAME",     "RESET",      "RETURNING",  "REVOKE",
    "RIGHT",        "ROLE",        "ROLLBACK",   "SAVEPOINT",  "SCHEMA",     "SELECT",
    "SEQUENCE",     "SET",         "SHOW",       "START",      "TABLE",      "THEN",
    "TO",           "TRANSACTION", "TRUE",       "TRUNCATE",   "TYPE",       "UNION",
    "UNIQUE",       "UPDATE",      "USER",       "USING",      "VACUUM",     "VALUES",
    "VIEW",         "WHEN",        "WHERE",      "WINDOW",     "WITH",
};

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

}  // namespace

std::string_view CommandHelp() { return kCommandHelp; }

std::string StatementHelp(std::string_view topic) {
  const std::string wanted = Upper(topic);
  std::string text;
  if (wanted.empty()) {
    text = "Available help:";
    for (const Topic& entry : kTopics) text += fmt::format("\n  {}", entry.name);
    return text;
  }
  for (const Topic& entry : kTopics) {
    if (wanted != "*" && !entry.name.starts_with(wanted)) continue;
    if (!text.empty()) text += "\n\n";
    text += fmt::format("Command:     {}\nSyntax:\n{}", entry.name, entry.syntax);
  }
  if (text.empty()) {
    text = fmt::format(
        "No help available for \"{}\".\nTry \\h with no arguments to see available help.", topic);
  }
  return text;
}

std::span<const std::string_view> CompletionKeywords() { return kKeywords; }

}  // namespace helios::shell
