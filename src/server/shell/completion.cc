#include "server/shell/internal/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "server/shell/internal/describe.h"
#include "server/shell/internal/help.h"

namespace helios::shell {
namespace {

constexpr std::string_view kCommands[] = {
    "\\a",     "\\c",        "\\cd",   "\\conninfo", "\\copy",  "\\d",  "\\df",  "\\di", "\\dm",
    "\\dn",    "\\dp",       "\\ds",   "\\dt",       "\\dT",    "\\du", "\\dv",  "\\dx", "\\e",
    "\\echo",  "\\encoding", "\\f",    "\\g",        "\\gx",    "\\h",  "\\i",   "\\l",  "\\o",
    "\\p",     "\\password", "\\pset", "\\q",        "\\qecho", "\\r",  "\\set", "\\t",  "\\timing",
    "\\unset", "\\w",        "\\warn", "\\x",        "\\z",
};

std::vector<std::string>& Matches() {
  static std::vector<std::string> matches;
  return matches;
}

bool IsUpper(std::string_view word) {
  return std::ranges::any_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// The last word before the cursor, in upper case.
std::string LastWord(std::string_view before) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  while (!before.empty() && is_blank(before.back())) before.remove_suffix(1);
  size_t begin = before.size();
  while (begin > 0 && !is_blank(before[begin - 1]) && before[begin - 1] != '(') --begin;
  return Upper(before.substr(begin));
}

void AddFiles(std::string_view word, std::vector<std::string>& matches) {
  const std::filesystem::path path(word);
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    std::string name =
        path.has_parent_path() ? entry.path().string() : entry.path().filename().string();
    if (!name.starts_with(word)) continue;
    if (entry.is_directory(error)) name += '/';
    matches.push_back(std::move(name));
  }
}

void AddNames(Session& session, const std::string& query, std::vector<std::string>& matches) {
  for (std::string& name : session.QueryNames(query)) matches.push_back(std::move(name));
}

std::string NameQuery(Session& session, Wanted wanted, std::string_view word) {
  const std::string like = session.Literal(LikePattern(word) + "%");
  constexpr int kNamesMax = 500;
  switch (wanted) {
    case Wanted::kRelation: {
      const auto [schema, name] = SplitPattern(word);
      if (!schema.empty()) {
        return fmt::format(
            "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) "
            "FROM "
            "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
            "n.nspname = {} AND c.relname LIKE {} AND c.relkind IN ('r','v','m','S','p') LIMIT {}",
            session.Literal(LikePattern(schema)), session.Literal(LikePattern(name) + "%"),
            kNamesMax);
      }
      return fmt::format(
          "SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c WHERE c.relname "
          "LIKE {0} AND "
          "c.relkind IN ('r','v','m','S','p') AND pg_catalog.pg_table_is_visible(c.oid) AND "
          "c.relnamespace "
          "<> 11 UNION SELECT pg_catalog.quote_ident(n.nspname) || '.' FROM "
          "pg_catalog.pg_namespace n "
          "WHERE n.nspname LIKE {0} AND n.nspname NOT LIKE 'pg\\_%' LIMIT {1}",
          like, kNamesMax);
    }
    case Wanted::kColumn:
      return fmt::format(
          "SELECT DISTINCT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a JOIN "
          "pg_catalog.pg_class c ON c.oid = a.attrelid WHERE a.attname LIKE {} AND a.attnum > 0 "
          "AND NOT "
          "a.attisdropped AND c.relkind IN ('r','v','m','p') AND c.relnamespace <> 11 AND "
          "pg_catalog.pg_table_is_visible(c.oid) LIMIT {}",
          like, kNamesMax);
    case Wanted::kSchema:
      return fmt::format(
          "SELECT pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_namespace WHERE "
          "nspname LIKE {} LIMIT {}",
          like, kNamesMax);
    case Wanted::kRole:
      return fmt::format(
          "SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles WHERE rolname "
          "LIKE {} LIMIT {}",
          like, kNamesMax);
    default:
      return fmt::format(
          "SELECT pg_catalog.quote_ident(datname) FROM pg_catalog.pg_database WHERE "
          "datname LIKE {} LIMIT {}",
          like, kNamesMax);
  }
}

}  // namespace

Wanted WhatIsWanted(std::string_view before, std::string_view word) {
  if (word.starts_with('\\')) return Wanted::kCommand;
  const std::string last = LastWord(before);
  if (last == "\\I" || last == "\\O" || last == "\\W" || last == "\\CD") return Wanted::kFile;
  if (last == "\\C" || last == "DATABASE") return Wanted::kDatabase;
  if (last == "\\DU" || last == "ROLE" || last == "USER" || last == "OWNER") return Wanted::kRole;
  if (last == "\\DN" || last == "SCHEMA") return Wanted::kSchema;
  if (last.starts_with("\\D") || last == "\\COPY") return Wanted::kRelation;
  for (const std::string_view keyword :
       {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ON", "REFERENCES", "TRUNCATE", "COPY",
        "ANALYZE", "VACUUM", "VIEW"}) {
    if (last == keyword) {
      // JOIN a ON ... wants columns; CREATE INDEX i ON wants a table.
      if (keyword != "ON" || Upper(before).find("INDEX") != std::string::npos)
        return Wanted::kRelation;
    }
  }
  for (const std::string_view keyword :
       {"SELECT", "WHERE", "BY", "SET", "AND", "OR", "ON", "HAVING", "RETURNING", "DISTINCT"}) {
    if (last == keyword) return Wanted::kColumn;
  }
  return !last.empty() && (last.back() == ',' || before.ends_with('(')) ? Wanted::kColumn
                                                                        : Wanted::kKeyword;
}

std::vector<std::string> KeywordMatches(std::string_view word) {
  std::vector<std::string> matches;
  const std::string upper = Upper(word);
  const bool keeps_upper = word.empty() || IsUpper(word);
  for (const std::string_view keyword : CompletionKeywords()) {
    if (!keyword.starts_with(upper)) continue;
    matches.push_back(keeps_upper ? std::string(keyword) : Lower(keyword));
  }
  return matches;
}

void FindMatches(Session& session, std::string_view line, size_t begin, std::string_view word) {
  std::vector<std::string>& matches = Matches();
  matches.clear();
  const Wanted wanted = WhatIsWanted(line.substr(0, begin), word);
  switch (wanted) {
    case Wanted::kCommand:
      for (const std::string_view command : kCommands) {
        if (command.starts_with(word)) matches.emplace_back(command);
      }
      return;
    case Wanted::kFile:
      AddFiles(word, matches);
      return;
    case Wanted::kKeyword:
      matches = KeywordMatches(word);
      return;
    default:
      break;
  }
  AddNames(session, NameQuery(session, wanted, word), matches);
  if (wanted == Wanted::kColumn || matches.empty()) {
    for (std::string& keyword : KeywordMatches(word)) matches.push_back(std::move(keyword));
  }
}

const std::vector<std::string>& CurrentMatches() { return Matches(); }

}  // namespace helios::shell
