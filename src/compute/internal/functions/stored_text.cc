#include "compute/internal/functions/stored_text.h"

#include "catalog/names.h"
#include "sql/ast.h"
#include "sql/ast_util.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "sql/shown_text.h"
#include "types/text.h"

namespace helios::compute {
namespace {

constexpr std::string_view kRegclassCast = "'::regclass";

// 'public.t_id_seq'::regclass becomes 't_id_seq'::regclass where that finds the same.
std::string ShortenRegclasses(SessionImpl& session, std::string text) {
  size_t from = 0;
  while (true) {
    const size_t end = text.find(kRegclassCast, from);
    if (end == std::string::npos) return text;
    const size_t begin = end == 0 ? std::string::npos : text.rfind('\'', end - 1);
    from = end + kRegclassCast.size();
    if (begin == std::string::npos) continue;
    const std::string name = text.substr(begin + 1, end - begin - 1);
    const Result<Oid> oid = session.Lookup().ResolveName(type_oid::kRegclass, name);
    if (!oid.ok()) continue;
    const auto shown = session.Lookup().NameOf(type_oid::kRegclass, *oid);
    if (!shown.has_value()) continue;
    text.replace(begin + 1, end - begin - 1, *shown);
    from = begin + 1 + shown->size() + kRegclassCast.size();
  }
}

void ShortenRelations(SessionImpl& session, const sql::ast::Statement& statement) {
  sql::ast::WalkRelations(statement, [&session](const sql::ast::RelationName& name) {
    if (name.schema.empty()) return;
    const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
    const catalog::Schema* schema = snapshot->FindSchema(name.schema);
    if (schema == nullptr) return;
    const catalog::Object* relation = snapshot->FindRelation(schema->oid, name.name);
    const bool is_visible = relation != nullptr ? session.Lookup().IsVisible(*relation)
                                                : schema->oid == catalog::kPgCatalogSchema;
    // The tree is our own, made for this: only the walk shows it as constant.
    if (is_visible) const_cast<sql::ast::RelationName&>(name).schema.clear();
  });
}

std::string ColumnList(const catalog::Table& table, const std::vector<int16_t>& numbers) {
  std::string list = "(";
  for (const int16_t number : numbers) {
    const catalog::Column* column = table.FindColumn(number);
    if (list.size() > 1) list += ", ";
    list += column == nullptr ? "?" : QuoteIdentifier(column->name);
  }
  return list + ")";
}

std::string_view ActionName(catalog::ForeignKeyAction action) {
  switch (action) {
    case catalog::ForeignKeyAction::kNoAction:
      return "NO ACTION";
    case catalog::ForeignKeyAction::kRestrict:
      return "RESTRICT";
    case catalog::ForeignKeyAction::kCascade:
      return "CASCADE";
    case catalog::ForeignKeyAction::kSetNull:
      return "SET NULL";
    case catalog::ForeignKeyAction::kSetDefault:
      return "SET DEFAULT";
  }
  return "NO ACTION";
}

std::string ShowForeignKey(SessionImpl& session, const catalog::Table& table,
                           const catalog::Constraint& constraint) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Table* referenced = snapshot->FindTable(constraint.referenced_table);
  if (referenced == nullptr) return "";
  const auto name = session.Lookup().NameOf(type_oid::kRegclass, referenced->oid);
  std::string text = fmt::format(
      "FOREIGN KEY {} REFERENCES {}{}", ColumnList(table, constraint.columns),
      name.value_or(referenced->name), ColumnList(*referenced, constraint.referenced_columns));
  if (constraint.match_full) text += " MATCH FULL";
  if (constraint.on_update != catalog::ForeignKeyAction::kNoAction) {
    text += fmt::format(" ON UPDATE {}", ActionName(constraint.on_update));
  }
  if (constraint.on_delete != catalog::ForeignKeyAction::kNoAction) {
    text += fmt::format(" ON DELETE {}", ActionName(constraint.on_delete));
  }
  if (!constraint.on_delete_set_columns.empty()) {
    text += " " + ColumnList(table, constraint.on_delete_set_columns);
  }
  return text;
}

std::string ShowKeyConstraint(SessionImpl& session, const catalog::Table& table,
                              const catalog::Constraint& constraint) {
  std::string text =
      constraint.kind == catalog::ConstraintKind::kPrimary ? "PRIMARY KEY " : "UNIQUE ";
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Index* index = snapshot->FindIndex(constraint.index);
  if (index != nullptr && !index->nulls_distinct) text += "NULLS NOT DISTINCT ";
  text += ColumnList(table, constraint.columns);
  if (index != nullptr && !index->included.empty()) {
    text += " INCLUDE " + ColumnList(table, index->included);
  }
  return text;
}

std::string ShowDomainCheck(SessionImpl& session, const catalog::UserType& domain,
                            const catalog::Constraint& check, bool pretty) {
  sql::PlannerContext context = session.MakePlannerContext();
  return ShortenRegclasses(
      session,
      sql::ShowStoredExpression(
          check.check_sql, {{sql::kDomainValueName, domain.base}}, {},
          {.pretty = pretty, .multiline = false, .analyzed = true, .domain_value = true}, context));
}

bool LooksLikeFunction(std::string_view sql) {
  const auto parsed = sql::ParseExpression(sql);
  return parsed.ok() && ((*parsed)->kind == sql::ast::ExprKind::kFunctionCall ||
                         (*parsed)->kind == sql::ast::ExprKind::kCoalesce ||
                         (*parsed)->kind == sql::ast::ExprKind::kMinMax ||
                         (*parsed)->kind == sql::ast::ExprKind::kNullIf);
}

std::string KeyText(SessionImpl& session, const catalog::Table& table, const catalog::IndexKey& key,
                    bool pretty) {
  if (key.column != 0) {
    const catalog::Column* column = table.FindColumn(key.column);
    return column == nullptr ? "?" : QuoteIdentifier(column->name);
  }
  std::string text = ShowExpression(session, key.expression_sql, &table, {}, pretty);
  return LooksLikeFunction(key.expression_sql) ? text : "(" + text + ")";
}

std::string KeyOptions(const catalog::IndexKey& key, SessionImpl& session) {
  std::string text;
  if (key.collation != kInvalidOid) {
    const auto name = session.Lookup().NameOf(type_oid::kRegcollation, key.collation);
    if (name.has_value() && *name != "\"default\"") text += " COLLATE " + *name;
  }
  if (!key.opclass.empty()) text += " " + key.opclass;
  if (key.descending) {
    text += key.nulls_first ? " DESC" : " DESC NULLS LAST";
  } else if (key.nulls_first) {
    text += " NULLS FIRST";
  }
  return text;
}

}  // namespace

std::string ShowExpression(SessionImpl& session, std::string_view sql, const catalog::Table* table,
                           SqlType expected, bool pretty) {
  std::vector<sql::TableColumn> columns;
  if (table != nullptr) {
    for (const catalog::Column& column : table->columns) {
      if (!column.dropped) columns.push_back({column.name, column.type});
    }
  }
  sql::PlannerContext context = session.MakePlannerContext();
  return ShortenRegclasses(
      session,
      sql::ShowStoredExpression(sql, columns, expected,
                                {.pretty = pretty, .multiline = false, .analyzed = true}, context));
}

std::string ShowQuery(SessionImpl& session, std::string_view sql, bool pretty) {
  auto parsed = sql::Parse(sql);
  if (!parsed.ok() || parsed->size() != 1) return std::string(sql);
  sql::PlannerContext context = session.MakePlannerContext();
  const sql::ast::StatementPtr query =
      sql::AnnotateQuery(std::move(parsed->front().statement), context);
  const sql::ast::Statement& statement = *query;
  ShortenRelations(session, statement);
  std::string text = sql::Deparse(statement, {.pretty = pretty, .analyzed = true});
  if (text.empty()) text = sql;
  return ShortenRegclasses(session, std::move(text));
}

std::string ShowIndex(SessionImpl& session, const catalog::Index& index, bool pretty) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Table* table = snapshot->FindTable(index.table);
  if (table == nullptr) return "";
  const catalog::Schema* schema = snapshot->FindSchema(table->schema);
  std::string table_name = QuoteIdentifier(table->name);
  if (schema != nullptr && !(pretty && session.Lookup().IsVisible(*table))) {
    table_name = QuoteIdentifier(schema->name) + "." + table_name;
  }
  std::string text =
      fmt::format("CREATE {}INDEX {} ON {} USING {} (", index.unique ? "UNIQUE " : "",
                  QuoteIdentifier(index.name), table_name, index.method);
  for (size_t i = 0; i < index.keys.size(); ++i) {
    if (i > 0) text += ", ";
    text += KeyText(session, *table, index.keys[i], pretty) + KeyOptions(index.keys[i], session);
  }
  text += ")";
  if (!index.included.empty()) text += " INCLUDE " + ColumnList(*table, index.included);
  if (!index.nulls_distinct) text += " NULLS NOT DISTINCT";
  if (!index.options.empty()) {
    text += " WITH (";
    bool is_first = true;
    for (const auto& [name, value] : index.options) {
      text += fmt::format("{}{}='{}'", is_first ? "" : ", ", name, value);
      is_first = false;
    }
    text += ")";
  }
  if (!index.predicate_sql.empty()) {
    text += " WHERE " + ShowExpression(session, index.predicate_sql, table, {}, pretty);
  }
  return text;
}

std::string ShowIndexColumn(SessionImpl& session, const catalog::Index& index, int32_t number,
                            bool pretty) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Table* table = snapshot->FindTable(index.table);
  if (table == nullptr || number < 1) return "";
  const size_t position = static_cast<size_t>(number) - 1;
  if (position < index.keys.size()) return KeyText(session, *table, index.keys[position], pretty);
  if (position - index.keys.size() < index.included.size()) {
    const catalog::Column* column = table->FindColumn(index.included[position - index.keys.size()]);
    return column == nullptr ? "" : QuoteIdentifier(column->name);
  }
  return "";
}

std::string ShowConstraint(SessionImpl& session, const catalog::Object& owner,
                           const catalog::Constraint& constraint, bool pretty) {
  const auto* table = owner.kind() == catalog::ObjectKind::kTable
                          ? static_cast<const catalog::Table*>(&owner)
                          : nullptr;
  std::string text;
  switch (constraint.kind) {
    case catalog::ConstraintKind::kCheck:
      text = fmt::format(
          "CHECK ({})", table == nullptr
                            ? ShowDomainCheck(session, static_cast<const catalog::UserType&>(owner),
                                              constraint, pretty)
                            : ShowExpression(session, constraint.check_sql, table, {}, pretty));
      if (constraint.no_inherit) text += " NO INHERIT";
      break;
    case catalog::ConstraintKind::kForeignKey:
      if (table != nullptr) text = ShowForeignKey(session, *table, constraint);
      break;
    case catalog::ConstraintKind::kPrimary:
    case catalog::ConstraintKind::kUnique:
      if (table != nullptr) text = ShowKeyConstraint(session, *table, constraint);
      break;
  }
  if (constraint.deferrable) text += " DEFERRABLE";
  if (constraint.initially_deferred) text += " INITIALLY DEFERRED";
  if (!constraint.validated) text += " NOT VALID";
  return text;
}

}  // namespace helios::compute
