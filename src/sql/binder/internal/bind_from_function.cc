// Functions in FROM.
#include <algorithm>

#include "sql/ast_util.h"
#include "sql/binder/internal/target_list.h"
#include "types/array.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;

// The view that shows what a call gives, or null: PostgreSQL has these views over the functions, we
// have only the views.
const char* ViewOfFunction(const ast::FromFunction& item) {
  if (item.functions.size() != 1 || item.with_ordinality || !item.columns.empty()) return nullptr;
  const auto* call = ast::TryAs<ast::FunctionCall>(item.functions[0].call.get());
  if (call == nullptr || !call->args.empty() || call->name.size() > 2) return nullptr;
  if (call->name.size() == 2 && call->name[0] != "pg_catalog") return nullptr;
  static constexpr std::pair<std::string_view, const char*> kViews[] = {
      {"pg_cursor", "pg_cursors"},
      {"pg_prepared_statement", "pg_prepared_statements"},
      {"pg_show_all_settings", "pg_settings"},
      {"pg_timezone_abbrevs", "pg_timezone_abbrevs"},
      {"pg_timezone_names", "pg_timezone_names"},
  };
  for (const auto& [function, view] : kViews) {
    if (call->name.back() == function) return view;
  }
  return nullptr;
}

// unnest(a, b) is ROWS FROM (unnest(a), unnest(b)); null: the item is not such a call.
const ast::FunctionCall* AsManyUnnests(const ast::FromFunctionItem& item) {
  const auto* call = ast::TryAs<ast::FunctionCall>(item.call.get());
  if (call == nullptr || call->name.back() != "unnest" || call->args.size() < 2) return nullptr;
  return call;
}

Status ListRequired(const ast::FromFunctionItem& item) {
  return Error(ErrorCode::kSyntaxError)
      .Message("a column definition list is required for functions returning \"record\"")
      .Position(PositionOf(item.call->location));
}
}  // namespace

// Binds one item of FROM, of one function or of several side by side, for a Binder.
class FromFunctionBinder {
 public:
  FromFunctionBinder(Binder& binder, const ast::FromFunction& item, QueryScope& scope)
      : b_(binder), item_(item), scope_(scope) {}

  Result<NodePtr> Bind();

 private:
  using Definition = std::vector<ast::FunctionColumn>;

  Result<NodePtr> BindAsView(const char* view);
  Status BindCalls();
  // Appends the call and its columns' names.
  Status BindItem(const ast::FromFunctionItem& item, const Definition& definition);
  // Null when the item calls no set-returning function.
  Result<std::unique_ptr<PendingSet>> BindSet(const ast::FromFunctionItem& item);
  Status AddSet(const ast::FromFunctionItem& item, PendingSet set, const Definition& definition,
                const std::string& name);
  Status AddScalar(const ast::FromFunctionItem& item, const Definition& definition,
                   const std::string& name);
  Status DefineColumns(const Definition& definition, plan::TableFunctionNode::Call* call);
  Status AddColumns(ScopeRelation* relation);
  // The fields of a composite value as columns.
  Status AddFields(const catalog::UserType& type, uint32_t whole, ScopeRelation* relation);
  NodePtr FinishNode();

  Binder& b_;
  const ast::FromFunction& item_;
  QueryScope& scope_;
  std::unique_ptr<plan::TableFunctionNode> node_ = std::make_unique<plan::TableFunctionNode>();
  std::vector<std::string> names_;  // Of all calls' columns.
  std::string first_name_;          // Of the first function.
  std::vector<std::pair<uint32_t, ExprPtr>> fields_;
  bool gives_fields_ = false;  // Some columns are called as the fields of a composite type.
};

Result<NodePtr> FromFunctionBinder::BindAsView(const char* view) {
  ast::FromTable table;
  table.location = item_.location;
  table.relation.schema = "pg_catalog";
  table.relation.name = view;
  table.relation.location = item_.location;
  table.alias = std::make_unique<ast::Alias>();
  if (item_.alias != nullptr) {
    *table.alias = *item_.alias;
  } else {
    table.alias->name = ast::As<ast::FunctionCall>(*item_.functions[0].call).name.back();
  }
  return b_.BindTable(table, scope_);
}

Status FromFunctionBinder::DefineColumns(const Definition& definition,
                                         plan::TableFunctionNode::Call* call) {
  call->column_types.clear();
  for (const ast::FunctionColumn& column : definition) {
    HELIOS_TRY(const SqlType type, b_.ResolveType(column.type));
    call->column_types.push_back(type);
    names_.push_back(column.name);
  }
  return Status::Ok();
}

Result<std::unique_ptr<PendingSet>> FromFunctionBinder::BindSet(const ast::FromFunctionItem& item) {
  const auto* written = ast::TryAs<ast::FunctionCall>(item.call.get());
  if (written == nullptr ||
      expr::TableFunctionsNamed(Binder::RegisteredName(written->name)).empty()) {
    return nullptr;
  }
  HELIOS_TRY(Binder::ResolvedCall resolved, b_.ResolveCall(*written, scope_));
  if (resolved.callable.table == nullptr) return nullptr;
  // The set machinery of select lists works out the column types.
  const Temporarily clause(scope_.clause, Clause::kSelect);
  HELIOS_TRY(b_.BindSetCall(*written, std::move(resolved), scope_));
  auto set = std::make_unique<PendingSet>(std::move(scope_.sets.back()));
  scope_.sets.pop_back();
  return set;
}

Status FromFunctionBinder::AddSet(const ast::FromFunctionItem& item, PendingSet set,
                                  const Definition& definition, const std::string& name) {
  plan::TableFunctionNode::Call call;
  call.function = set.function;
  call.arguments = std::move(set.arguments);
  call.column_types = std::move(set.column_types);
  const auto& own_names = set.function->column_names;
  if (!definition.empty()) {
    HELIOS_TRY(DefineColumns(definition, &call));
    // Functions that find their columns by name (json_to_record) get the names as one more
    // argument.
    if (own_names.empty()) {
      ArrayBuilder column_names(t::kText);
      for (const ast::FunctionColumn& column : definition) column_names.AddBytes(column.name);
      call.arguments.push_back(std::make_unique<expr::ConstantExpr>(
          Value::Bytes({t::kTextArray}, column_names.Finish())));
    }
  } else if (call.column_types.empty()) {
    return ListRequired(item);
  } else {
    const size_t count = call.column_types.size();
    for (size_t i = 0; i < count; ++i) {
      const bool has_own = i < own_names.size() && !own_names[i].empty();
      names_.push_back(has_own      ? own_names[i]
                       : count == 1 ? name
                                    : "column" + std::to_string(i + 1));
    }
  }
  node_->calls.push_back(std::move(call));
  return Status::Ok();
}

Status FromFunctionBinder::AddScalar(const ast::FromFunctionItem& item,
                                     const Definition& definition, const std::string& name) {
  plan::TableFunctionNode::Call call;
  const size_t set_count = scope_.sets.size();
  HELIOS_TRY(call.scalar, b_.BindExpr(*item.call, scope_));
  if (scope_.sets.size() != set_count) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("set-returning functions must appear at top level of FROM")
        .Position(PositionOf(item.call->location));
  }
  HELIOS_TRY(call.scalar, b_.types_.ResolveUnknown(std::move(call.scalar)));
  const SqlType type = call.scalar->type;
  const catalog::UserType* user = b_.context_.snapshot->FindUserType(type.oid);
  if (!definition.empty()) {
    call.expand_record = true;
    HELIOS_TRY(DefineColumns(definition, &call));
  } else if (user != nullptr && b_.types_.IsComposite(type.oid)) {
    call.expand_record = true;
    gives_fields_ = true;
    for (const catalog::Column& column : user->fields) {
      call.column_types.push_back(column.type);
      names_.push_back(column.name);
    }
  } else if (type.oid == t::kRecord) {
    return ListRequired(item);
  } else {
    call.column_types.push_back(type);
    names_.push_back(name);
  }
  node_->calls.push_back(std::move(call));
  return Status::Ok();
}

Status FromFunctionBinder::BindItem(const ast::FromFunctionItem& item,
                                    const Definition& definition) {
  const std::string name = TargetName(*item.call);
  if (first_name_.empty()) first_name_ = name;
  HELIOS_TRY(std::unique_ptr<PendingSet> set, BindSet(item));
  if (set == nullptr) return AddScalar(item, definition, name);
  return AddSet(item, std::move(*set), definition, name);
}

Status FromFunctionBinder::BindCalls() {
  const Temporarily lateral(scope_.lateral_active,
                            true);  // Functions are LATERAL without the word.
  const Temporarily clause(scope_.clause, Clause::kFromFunction);
  for (const ast::FromFunctionItem& item : item_.functions) {
    const Definition& definition = item.columns.empty() ? item_.columns : item.columns;
    const ast::FunctionCall* unnests = AsManyUnnests(item);
    if (unnests == nullptr) {
      HELIOS_TRY(BindItem(item, definition));
      continue;
    }
    for (const ast::ExprPtr& argument : unnests->args) {
      auto single = std::make_unique<ast::FunctionCall>();
      single->name = unnests->name;
      single->location = unnests->location;
      single->args.push_back(ast::Clone(*argument));
      ast::FromFunctionItem part;
      part.call = std::move(single);
      HELIOS_TRY(BindItem(part, definition));
    }
  }
  return Status::Ok();
}

Status FromFunctionBinder::AddFields(const catalog::UserType& type, uint32_t whole,
                                     ScopeRelation* relation) {
  gives_fields_ = true;
  for (const catalog::Column& field : type.fields) {
    HELIOS_TRY(ExprPtr value, b_.BindFieldSelect(b_.MakeColumn(whole, -1), field.name, -1));
    const uint32_t id = b_.NewColumn(field.name, field.type, nullptr);
    relation->columns.push_back({field.name, id});
    fields_.emplace_back(id, std::move(value));
  }
  return Status::Ok();
}

Status FromFunctionBinder::AddColumns(ScopeRelation* relation) {
  size_t index = 0;
  for (const plan::TableFunctionNode::Call& call : node_->calls) {
    const bool is_single = call.column_types.size() == 1;
    for (const SqlType& type : call.column_types) {
      std::string name = names_[index++];
      if (call.function != nullptr && is_single && b_.types_.IsComposite(type.oid)) {
        if (const auto* record = b_.context_.snapshot->FindUserType(type.oid)) {
          const uint32_t whole = b_.NewColumn(name, type, nullptr);
          node_->ids.push_back(whole);
          HELIOS_TRY(AddFields(*record, whole, relation));
          continue;
        }
      }
      // A function with one unnamed column takes the alias for its column too.
      if (node_->calls.size() == 1 && is_single && item_.alias != nullptr &&
          item_.columns.empty() && item_.functions[0].columns.empty() && name == first_name_) {
        name = item_.alias->name;
      }
      const uint32_t id = b_.NewColumn(name, type, nullptr);
      relation->columns.push_back({name, id});
      node_->ids.push_back(id);
    }
  }
  if (item_.with_ordinality) {
    const uint32_t id = b_.NewColumn("ordinality", {t::kInt8, -1}, nullptr);
    relation->columns.push_back({"ordinality", id});
    node_->ids.push_back(id);
  }
  return Status::Ok();
}

NodePtr FromFunctionBinder::FinishNode() {
  if (fields_.empty()) return std::move(node_);
  auto project = std::make_unique<plan::ProjectNode>();
  for (const uint32_t id : node_->ids) {
    project->ids.push_back(id);
    project->expressions.push_back(b_.MakeColumn(id, -1));
  }
  for (auto& [id, value] : fields_) {
    project->ids.push_back(id);
    project->expressions.push_back(std::move(value));
  }
  project->children.push_back(std::move(node_));
  return project;
}

Result<NodePtr> FromFunctionBinder::Bind() {
  if (const char* view = ViewOfFunction(item_)) return BindAsView(view);
  node_->with_ordinality = item_.with_ordinality;
  HELIOS_TRY(BindCalls());
  ScopeRelation* relation = b_.NewRelation(scope_);
  relation->alias = first_name_;
  HELIOS_TRY(AddColumns(relation));
  HELIOS_TRY(b_.ApplyAlias(item_.alias.get(), relation, item_.location));
  if (b_.record_names_ && gives_fields_) {
    std::vector<std::string>& names = b_.recorded_.function_columns[&item_];
    for (const ScopeColumn& column : relation->columns) names.push_back(column.name);
  }
  // A whole row of a scalar function is its value.
  if (relation->columns.size() == 1 && fields_.empty() &&
      relation->columns[0].name != relation->alias) {
    relation->columns.push_back({relation->alias, relation->columns[0].id});
    relation->hidden_count = 1;
  }
  HELIOS_TRY(b_.AddRelation(scope_, relation, item_.location));
  return FinishNode();
}

Result<NodePtr> Binder::BindFromFunction(const ast::FromFunction& item, QueryScope& scope) {
  return FromFunctionBinder(*this, item, scope).Bind();
}

}  // namespace helios::sql::binder
