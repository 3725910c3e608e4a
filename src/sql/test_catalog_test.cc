// TestCatalog: statements of tests as catalog objects.
#include "sql/test_catalog.h"

namespace helios::sql {

void TestCatalog::Apply(const ast::Statement& statement) {
  switch (statement.kind) {
    case ast::StatementKind::kCreateTable:
      return CreateTable(ast::As<ast::CreateTableStatement>(statement));
    case ast::StatementKind::kCreateIndex:
      return CreateIndex(ast::As<ast::CreateIndexStatement>(statement));
    case ast::StatementKind::kCreateView:
      return CreateView(ast::As<ast::CreateViewStatement>(statement));
    case ast::StatementKind::kCreateType:
      return CreateEnum(ast::As<ast::CreateTypeStatement>(statement));
    default:
      HELIOS_CHECK(false);
  }
}

void TestCatalog::CreateEnum(const ast::CreateTypeStatement& statement) {
  auto type = std::make_shared<catalog::UserType>();
  type->oid = NextOid();
  type->array_oid = NextOid();
  type->name = statement.name.back();
  type->schema = catalog::kPublicSchema;
  int64_t key = 0;
  for (const std::string& label : statement.labels) {
    type->labels.push_back({key += 1 << 16, NextOid(), label});
  }
  Put(type);
}

void TestCatalog::CreateView(const ast::CreateViewStatement& statement) {
  PlannerContext context = Context();
  auto view = AnalyzeView(*statement.query, statement.columns, context);
  HELIOS_CHECK(view.ok());
  auto table = std::make_shared<catalog::Table>();
  table->oid = NextOid();
  table->name = statement.relation.name;
  table->schema = catalog::kPublicSchema;
  table->table_kind = catalog::TableKind::kView;
  table->owner = catalog::kBootstrapRole;
  table->view_sql = view->sql;
  int16_t number = 0;
  for (const plan::OutputColumn& column : view->columns) {
    catalog::Column copy;
    copy.number = ++number;
    copy.name = column.name;
    copy.type = column.type;
    table->columns.push_back(std::move(copy));
  }
  Put(table);
}

Oid TestCatalog::AddIndex(catalog::Table* table, const std::string& name,
                          const ast::NameList& columns, bool unique, bool primary) {
  auto index = std::make_shared<catalog::Index>();
  index->oid = NextOid();
  index->name = name;
  index->schema = catalog::kPublicSchema;
  index->table = table->oid;
  index->storage_id = primary ? 0 : NextOid();
  index->unique = unique;
  index->primary = primary;
  for (const std::string& column : columns) {
    catalog::IndexKey key;
    key.column = NumberOf(*table, column);
    key.type = table->FindColumn(column)->type;
    index->keys.push_back(key);
  }
  table->indexes.push_back(index->oid);
  pending_.push_back(index);
  return index->oid;
}

void TestCatalog::AddConstraint(catalog::Table* table, const ast::Constraint& constraint,
                                const std::string& column) {
  ast::NameList columns = constraint.columns;
  if (columns.empty() && !column.empty()) columns.push_back(column);
  catalog::Constraint item;
  item.oid = NextOid();
  item.name = constraint.name;
  for (const std::string& name : columns) item.columns.push_back(NumberOf(*table, name));
  switch (constraint.constraint) {
    case ast::ConstraintKind::kPrimaryKey:
      item.kind = catalog::ConstraintKind::kPrimary;
      if (item.name.empty()) item.name = table->name + "_pkey";
      table->primary_key = item.columns;
      for (catalog::Column& c : table->columns) {
        for (int16_t number : item.columns) c.not_null = c.not_null || c.number == number;
      }
      item.index = AddIndex(table, item.name, columns, true, true);
      break;
    case ast::ConstraintKind::kUnique:
      item.kind = catalog::ConstraintKind::kUnique;
      if (item.name.empty()) item.name = table->name + "_" + columns[0] + "_key";
      item.index = AddIndex(table, item.name, columns, true, false);
      break;
    case ast::ConstraintKind::kCheck:
      item.kind = catalog::ConstraintKind::kCheck;
      if (item.name.empty()) item.name = table->name + "_check";
      item.check_sql = Deparse(*constraint.expr);
      break;
    case ast::ConstraintKind::kForeignKey: {
      item.kind = catalog::ConstraintKind::kForeignKey;
      if (item.name.empty()) item.name = table->name + "_" + columns[0] + "_fkey";
      const auto* parent = static_cast<const catalog::Table*>(
          snapshot_->FindRelation(catalog::kPublicSchema, constraint.referenced.name));
      HELIOS_CHECK(parent != nullptr);
      item.referenced_table = parent->oid;
      item.referenced_columns = parent->primary_key;
      item.index = parent->PrimaryKey()->index;
      item.on_delete = constraint.on_delete == ast::ForeignKeyAction::kCascade
                           ? catalog::ForeignKeyAction::kCascade
                           : catalog::ForeignKeyAction::kNoAction;
      auto changed = std::make_shared<catalog::Table>(*parent);
      changed->referenced_by.push_back(table->oid);
      pending_.push_back(changed);
      break;
    }
    default:
      return;
  }
  table->constraints.push_back(std::move(item));
}

void TestCatalog::CreateTable(const ast::CreateTableStatement& statement) {
  auto table = std::make_shared<catalog::Table>();
  table->oid = NextOid();
  table->name = statement.relation.name;
  table->schema = catalog::kPublicSchema;
  table->owner = catalog::kBootstrapRole;
  table->storage_id = NextOid();
  PlannerContext context = Context();
  int16_t number = 0;
  for (const ast::ColumnDefinition& definition : statement.columns) {
    catalog::Column column;
    column.number = ++number;
    column.name = definition.name;
    auto type = ResolveTypeName(*definition.type, context);
    HELIOS_CHECK(type.ok());
    column.type = *type;
    for (const ast::Constraint& constraint : definition.constraints) {
      if (constraint.constraint == ast::ConstraintKind::kNotNull) column.not_null = true;
      if (constraint.constraint == ast::ConstraintKind::kIdentity) {
        column.not_null = true;
        column.identity =
            constraint.identity_always ? catalog::Identity::kAlways : catalog::Identity::kByDefault;
        auto sequence = std::make_shared<catalog::Sequence>();
        sequence->oid = column.sequence = NextOid();
        sequence->name = table->name + "_" + column.name + "_seq";
        sequence->schema = catalog::kPublicSchema;
        pending_.push_back(sequence);
      }
      if (constraint.constraint == ast::ConstraintKind::kDefault ||
          constraint.constraint == ast::ConstraintKind::kGenerated) {
        column.default_sql = Deparse(*constraint.expr);
        column.generated = constraint.constraint == ast::ConstraintKind::kGenerated;
      }
    }
    table->columns.push_back(std::move(column));
  }
  for (const ast::ColumnDefinition& definition : statement.columns) {
    for (const ast::Constraint& constraint : definition.constraints) {
      AddConstraint(table.get(), constraint, definition.name);
    }
  }
  for (const ast::Constraint& constraint : statement.constraints) {
    AddConstraint(table.get(), constraint, "");
  }
  Put(table);
  for (auto& object : pending_) Put(object);
  pending_.clear();
}

void TestCatalog::CreateIndex(const ast::CreateIndexStatement& statement) {
  const auto* table = static_cast<const catalog::Table*>(
      snapshot_->FindRelation(catalog::kPublicSchema, statement.relation.name));
  HELIOS_CHECK(table != nullptr);
  auto changed = std::make_shared<catalog::Table>(*table);
  auto index = std::make_shared<catalog::Index>();
  index->oid = NextOid();
  index->name = statement.name;
  index->schema = catalog::kPublicSchema;
  index->table = table->oid;
  index->storage_id = NextOid();
  index->unique = statement.unique;
  for (const ast::IndexElement& element : statement.elements) {
    catalog::IndexKey key;
    if (element.expr == nullptr) {
      key.column = NumberOf(*table, element.column);
      key.type = table->FindColumn(element.column)->type;
    } else {
      PlannerContext context = Context();
      std::vector<TableColumn> columns;
      for (const catalog::Column& c : table->columns) columns.push_back({c.name, c.type, false});
      auto bound = BindTableExpression(*element.expr, table->name, columns,
                                       ExpressionPurpose::kIndexExpression, {}, "", context);
      HELIOS_CHECK(bound.ok());
      key.expression_sql = bound->sql;
      key.type = bound->expr->type;
    }
    key.descending = element.direction == ast::SortDirection::kDescending;
    key.nulls_first = element.nulls == ast::NullsOrder::kDefault
                          ? key.descending
                          : element.nulls == ast::NullsOrder::kFirst;
    index->keys.push_back(key);
  }
  if (statement.where != nullptr) index->predicate_sql = Deparse(*statement.where);
  changed->indexes.push_back(index->oid);
  Put(index);
  Put(changed);
}

}  // namespace helios::sql
