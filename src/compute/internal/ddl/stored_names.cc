#include "compute/internal/ddl/stored_names.h"

#include <algorithm>
#include <functional>
#include <set>

#include "catalog/names.h"
#include "sql/ast_util.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "types/text.h"

namespace helios::compute {

namespace {

namespace ast = sql::ast;

// Edits a tree and says whether it did.
using ExprEdit = std::function<bool(ast::Expr&)>;

Result<bool> EditExpression(const ExprEdit& edit, std::string* text) {
  if (text->empty()) return false;
  HELIOS_TRY(ast::ExprPtr tree, sql::ParseExpression(*text));
  if (!edit(*tree)) return false;
  *text = sql::Deparse(*tree);
  return true;
}

Result<ast::StatementPtr> ParseQuery(const std::string& text) {
  HELIOS_TRY(std::vector<sql::RawStatement> statements, sql::Parse(text));
  if (statements.size() == 1 && statements[0].statement->kind == ast::StatementKind::kSelect) {
    return std::move(statements[0].statement);
  }
  return Error(ErrorCode::kDataCorrupted).Message("the stored query of a view is no query");
}

// Calls `edit` for each expression text of the object; whether any changed.
Result<bool> EditTexts(const ExprEdit& edit, catalog::Object& object) {
  bool changed = false;
  const auto apply = [&](std::string* text) -> Status {
    HELIOS_TRY(const bool edited, EditExpression(edit, text));
    changed |= edited;
    return Status::Ok();
  };
  if (object.kind() == catalog::ObjectKind::kTable) {
    auto& table = static_cast<catalog::Table&>(object);
    for (catalog::Column& column : table.columns) HELIOS_TRY(apply(&column.default_sql));
    for (catalog::Constraint& constraint : table.constraints) {
      HELIOS_TRY(apply(&constraint.check_sql));
    }
  } else if (object.kind() == catalog::ObjectKind::kIndex) {
    auto& index = static_cast<catalog::Index&>(object);
    for (catalog::IndexKey& key : index.keys) HELIOS_TRY(apply(&key.expression_sql));
    HELIOS_TRY(apply(&index.predicate_sql));
  } else if (object.kind() == catalog::ObjectKind::kType) {
    auto& type = static_cast<catalog::UserType&>(object);
    HELIOS_TRY(apply(&type.default_sql));
    for (catalog::Constraint& check : type.checks) HELIOS_TRY(apply(&check.check_sql));
  }
  return changed;
}

// The tables in FROM at every level of a query.
void VisitTables(ast::Statement& statement, const std::function<void(ast::FromTable&)>& visit);

void VisitTables(ast::FromItem& item, const std::function<void(ast::FromTable&)>& visit) {
  if (auto* table = ast::TryAs<ast::FromTable>(&item)) visit(*table);
  if (auto* query = ast::TryAs<ast::FromSubquery>(&item)) VisitTables(*query->query, visit);
  if (auto* join = ast::TryAs<ast::FromJoin>(&item)) {
    VisitTables(*join->left, visit);
    VisitTables(*join->right, visit);
  }
}

void VisitTables(ast::Statement& statement, const std::function<void(ast::FromTable&)>& visit) {
  auto* select = ast::TryAs<ast::SelectStatement>(&statement);
  if (select == nullptr) return;
  if (select->with != nullptr) {
    for (ast::CommonTable& table : select->with->tables) VisitTables(*table.query, visit);
  }
  if (select->left != nullptr) VisitTables(*select->left, visit);
  if (select->right != nullptr) VisitTables(*select->right, visit);
  for (const ast::FromPtr& item : select->from) VisitTables(*item, visit);
}

void VisitAllTables(ast::Statement& query, const std::function<void(ast::FromTable&)>& visit) {
  VisitTables(query, visit);
  ast::WalkExprs(query, [&](ast::Expr& expr) {
    if (auto* subquery = ast::TryAs<ast::Subquery>(&expr)) VisitTables(*subquery->query, visit);
    return ast::WalkStep::kDescend;
  });
}

class NameEditor {
 public:
  explicit NameEditor(const NameChange& change) : change_(change) {}

  bool EditExpr(ast::Expr& root) {
    changed_ = false;
    ast::WalkExprs(root, [this](ast::Expr& expr) { return Visit(expr, /*in_query=*/false); });
    return changed_;
  }

  bool EditQuery(ast::Statement& query) {
    changed_ = false;
    if (change_.kind != NameChange::Kind::kType) {
      VisitAllTables(query, [this](ast::FromTable& table) { EditTable(table); });
    }
    ast::WalkExprs(query, [this](ast::Expr& expr) { return Visit(expr, /*in_query=*/true); });
    return changed_;
  }

 private:
  bool Matches(const std::string& schema, const std::string& name) const {
    return schema == change_.old_schema &&
           (change_.kind == NameChange::Kind::kSchema || name == change_.old_name);
  }

  ast::NameList NewName(const std::string& name) const {
    return {change_.new_schema,
            change_.kind == NameChange::Kind::kSchema ? name : change_.new_name};
  }

  void EditTable(ast::FromTable& table) {
    if (!Matches(table.relation.schema, table.relation.name)) return;
    // Columns may be qualified by the old name: it stays as the alias.
    if (table.alias == nullptr && change_.kind == NameChange::Kind::kRelation &&
        change_.new_name != table.relation.name) {
      table.alias = std::make_unique<ast::Alias>();
      table.alias->name = table.relation.name;
    }
    const ast::NameList name = NewName(table.relation.name);
    table.relation.schema = name[0];
    table.relation.name = name[1];
    changed_ = true;
  }

  // 'schema.name', as nextval and casts to regclass have it.
  void EditRelationText(ast::Expr* expr) {
    if (const auto* cast = ast::TryAs<ast::Cast>(expr)) expr = cast->operand.get();
    auto* constant = ast::TryAs<ast::Constant>(expr);
    if (constant == nullptr || constant->constant_kind != ast::ConstantKind::kString) return;
    const auto parts = catalog::ParseQualifiedName(constant->text);
    if (!parts.ok() || parts->size() != 2 || !Matches((*parts)[0], (*parts)[1])) return;
    const ast::NameList name = NewName((*parts)[1]);
    constant->text = QuoteIdentifier(name[0]) + "." + QuoteIdentifier(name[1]);
    changed_ = true;
  }

  ast::WalkStep Visit(ast::Expr& expr, bool in_query) {
    if (auto* cast = ast::TryAs<ast::Cast>(&expr)) {
      ast::NameList& names = cast->type.names;
      if (change_.kind != NameChange::Kind::kRelation && names.size() == 2 &&
          Matches(names[0], names[1])) {
        names = NewName(names[1]);
        changed_ = true;
      }
      if (change_.kind != NameChange::Kind::kType && names.back() == "regclass") {
        EditRelationText(cast->operand.get());
      }
    } else if (auto* call = ast::TryAs<ast::FunctionCall>(&expr)) {
      const std::string& name = call->name.back();
      const bool of_sequence = name == "nextval" || name == "currval" || name == "setval";
      if (change_.kind != NameChange::Kind::kType && of_sequence && !call->args.empty()) {
        EditRelationText(call->args[0].get());
      }
    } else if (auto* column = ast::TryAs<ast::ColumnRef>(&expr)) {
      EditColumn(*column, in_query);
    }
    return ast::WalkStep::kDescend;
  }

  void EditColumn(ast::ColumnRef& column, bool in_query) {
    if (change_.kind == NameChange::Kind::kType) return;
    ast::NameList& names = column.names;
    const size_t qualifiers = names.size() - (column.star ? 0 : 1);
    if (qualifiers == 2 && Matches(names[0], names[1])) {
      names.erase(names.begin());
      changed_ = true;
    }
    // In a table's own expressions there is nothing else that a column could be of.
    if (!in_query && qualifiers == 1 && change_.kind == NameChange::Kind::kRelation &&
        names[0] == change_.old_name) {
      names.erase(names.begin());
      changed_ = true;
    }
  }

  const NameChange& change_;
  bool changed_ = false;
};

// A view's use of one column by name.
class ColumnEditor {
 public:
  ColumnEditor(const catalog::Snapshot& snapshot, const catalog::Table& table,
               const std::string& old_name, const std::string& new_name)
      : snapshot_(snapshot), table_(table), old_name_(old_name), new_name_(new_name) {}

  // Whether the query changed; none: the name alone decides what it means.
  std::optional<bool> Edit(ast::SelectStatement& query) {
    ScanTables(query);
    bool mentions_old = false;
    bool unclear = query.op != ast::SetOperation::kNone || query.with != nullptr;
    for (const ast::FromPtr& item : query.from) unclear |= !IsPlain(*item);
    std::vector<ast::ColumnRef*> uses;
    ast::WalkExprs(query, [&](ast::Expr& expr) {
      auto* column = ast::TryAs<ast::ColumnRef>(&expr);
      if (column == nullptr || column->star || column->names.empty())
        return ast::WalkStep::kDescend;
      const std::string& name = column->names.back();
      const bool qualified = column->names.size() > 1;
      if (name == new_name_ && !qualified) unclear = true;
      if (name != old_name_) return ast::WalkStep::kDescend;
      mentions_old = true;
      const std::string& qualifier = qualified ? column->names[column->names.size() - 2] : name;
      const bool ours = qualified ? aliases_.count(qualifier) > 0 : true;
      if (qualified && ours && other_aliases_.count(qualifier) > 0) unclear = true;
      if (!qualified && others_have_old_) unclear = true;
      if (ours) uses.push_back(column);
      return ast::WalkStep::kDescend;
    });
    if (!mentions_old && !joins_by_name_) return false;
    if (unclear || joins_by_name_) return std::nullopt;
    for (ast::TargetItem& item : query.targets) {
      const bool renamed = std::find(uses.begin(), uses.end(), item.expr.get()) != uses.end();
      if (renamed && item.name.empty()) item.name = old_name_;
    }
    for (ast::ColumnRef* column : uses) {
      column->names.back() = new_name_;
      if (column->names.size() == 1 && aliases_.size() == 1) {
        column->names.insert(column->names.begin(), *aliases_.begin());
      }
    }
    return !uses.empty();
  }

 private:
  void ScanTables(ast::SelectStatement& query) {
    VisitAllTables(query, [this](ast::FromTable& from) {
      const catalog::Schema* schema = snapshot_.FindSchema(from.relation.schema);
      const catalog::Object* object =
          schema == nullptr ? nullptr : snapshot_.FindRelation(schema->oid, from.relation.name);
      const std::string& alias = from.alias != nullptr ? from.alias->name : from.relation.name;
      if (object != nullptr && object->oid == table_.oid) {
        aliases_.insert(alias);
        if (from.alias != nullptr && !from.alias->columns.empty()) joins_by_name_ = true;
        return;
      }
      other_aliases_.insert(alias);
      if (object != nullptr && object->kind() == catalog::ObjectKind::kTable &&
          static_cast<const catalog::Table*>(object)->FindColumn(old_name_) != nullptr) {
        others_have_old_ = true;
      }
    });
  }

  // Tables and joins of tables ON a condition: every column is some table's.
  bool IsPlain(const ast::FromItem& item) {
    if (item.kind == ast::FromKind::kTable) return true;
    const auto* join = ast::TryAs<ast::FromJoin>(&item);
    if (join == nullptr) return false;
    const auto& names = join->using_columns;
    if (join->natural || join->alias != nullptr ||
        std::find(names.begin(), names.end(), old_name_) != names.end()) {
      joins_by_name_ = true;
    }
    const bool left = IsPlain(*join->left);
    return IsPlain(*join->right) && left;
  }

  const catalog::Snapshot& snapshot_;
  const catalog::Table& table_;
  const std::string& old_name_;
  const std::string& new_name_;
  std::set<std::string> aliases_, other_aliases_;
  bool others_have_old_ = false;
  bool joins_by_name_ = false;
};

bool IsView(const catalog::Object& object) {
  return object.kind() == catalog::ObjectKind::kTable &&
         !static_cast<const catalog::Table&>(object).view_sql.empty();
}

// What the expressions that belong to an object may name.
std::vector<sql::TableColumn> ColumnsOf(const catalog::Snapshot& snapshot,
                                        const catalog::Object& object) {
  if (object.kind() == catalog::ObjectKind::kType) {
    return {{sql::kDomainValueName, static_cast<const catalog::UserType&>(object).base}};
  }
  const catalog::Table* table =
      object.kind() == catalog::ObjectKind::kIndex
          ? snapshot.FindTable(static_cast<const catalog::Index&>(object).table)
          : static_cast<const catalog::Table*>(&object);
  std::vector<sql::TableColumn> columns;
  for (const catalog::Column& column : table->columns) {
    if (!column.dropped) columns.push_back({column.name, column.type});
  }
  return columns;
}

Result<bool> EditView(NameEditor& names, catalog::Table& view) {
  HELIOS_TRY(ast::StatementPtr query, ParseQuery(view.view_sql));
  if (!names.EditQuery(*query)) return false;
  view.view_sql = sql::Deparse(ast::As<ast::SelectStatement>(*query));
  return true;
}

}  // namespace

Status FollowNameChange(DdlEditor& editor, const NameChange& change) {
  NameEditor names(change);
  const ExprEdit edit = [&names](ast::Expr& expr) { return names.EditExpr(expr); };
  std::vector<std::shared_ptr<catalog::Object>> edited;
  for (const auto& [oid, object] : editor.current().objects()) {
    if (object->kind() != catalog::ObjectKind::kTable &&
        object->kind() != catalog::ObjectKind::kIndex &&
        object->kind() != catalog::ObjectKind::kType) {
      continue;
    }
    std::shared_ptr<catalog::Object> copy = editor.CopyObject(oid);
    HELIOS_TRY(bool changed, EditTexts(edit, *copy));
    if (IsView(*copy)) {
      HELIOS_TRY(const bool view_changed, EditView(names, static_cast<catalog::Table&>(*copy)));
      changed |= view_changed;
    }
    if (changed) edited.push_back(std::move(copy));
  }
  for (std::shared_ptr<catalog::Object>& object : edited) editor.Put(std::move(object));
  return Status::Ok();
}

Status FollowColumnChange(DdlEditor& editor, const catalog::Table& table,
                          const std::string& old_name, const std::string& new_name) {
  const ExprEdit edit = [&](ast::Expr& root) {
    bool changed = false;
    ast::WalkExprs(root, [&](ast::Expr& expr) {
      auto* column = ast::TryAs<ast::ColumnRef>(&expr);
      if (column != nullptr && !column->star && column->names.back() == old_name) {
        column->names.back() = new_name;
        changed = true;
      }
      return ast::WalkStep::kDescend;
    });
    return changed;
  };
  std::vector<std::shared_ptr<catalog::Object>> edited;
  std::vector<Oid> own = table.indexes;
  own.push_back(table.oid);
  for (const Oid oid : own) {
    std::shared_ptr<catalog::Object> copy = editor.CopyObject(oid);
    HELIOS_TRY(const bool changed, EditTexts(edit, *copy));
    if (changed) edited.push_back(std::move(copy));
  }
  for (const auto& [oid, object] : editor.current().objects()) {
    if (!IsView(*object) || oid == table.oid) continue;
    const auto& uses = static_cast<const catalog::Table&>(*object).depends_on;
    if (std::find(uses.begin(), uses.end(), table.oid) == uses.end()) continue;
    auto view = editor.Copy<catalog::Table>(oid);
    HELIOS_TRY(ast::StatementPtr query, ParseQuery(view->view_sql));
    ColumnEditor columns(editor.current(), table, old_name, new_name);
    const std::optional<bool> changed = columns.Edit(ast::As<ast::SelectStatement>(*query));
    if (!changed.has_value()) {
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("cannot rename column \"{}\" because view \"{}\" uses it by its name", old_name,
                   view->name)
          .Hint("Drop the view and create it again after the column is renamed.");
    }
    if (!*changed) continue;
    view->view_sql = sql::Deparse(ast::As<ast::SelectStatement>(*query));
    edited.push_back(std::move(view));
  }
  for (std::shared_ptr<catalog::Object>& object : edited) editor.Put(std::move(object));
  return Status::Ok();
}

Status FollowFieldChange(SessionImpl& session, DdlEditor& editor, const sql::FieldRename& rename) {
  sql::PlannerContext context = session.MakePlannerContext();
  std::vector<std::shared_ptr<catalog::Object>> edited;
  for (const auto& [oid, object] : editor.current().objects()) {
    if (object->kind() != catalog::ObjectKind::kTable &&
        object->kind() != catalog::ObjectKind::kIndex &&
        object->kind() != catalog::ObjectKind::kType) {
      continue;
    }
    const std::vector<sql::TableColumn> columns = ColumnsOf(editor.current(), *object);
    const ExprEdit edit = [&](ast::Expr& expr) {
      return sql::RenameField(rename, columns, expr, context);
    };
    std::shared_ptr<catalog::Object> copy = editor.CopyObject(oid);
    HELIOS_TRY(bool changed, EditTexts(edit, *copy));
    if (IsView(*copy)) {
      auto& view = static_cast<catalog::Table&>(*copy);
      HELIOS_TRY(ast::StatementPtr query, ParseQuery(view.view_sql));
      if (sql::RenameField(rename, *query, context)) {
        view.view_sql = sql::Deparse(ast::As<ast::SelectStatement>(*query));
        changed = true;
      }
    }
    if (changed) edited.push_back(std::move(copy));
  }
  for (std::shared_ptr<catalog::Object>& object : edited) editor.Put(std::move(object));
  return Status::Ok();
}

}  // namespace helios::compute
