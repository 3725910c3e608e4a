// CREATE VIEW: what the query gives, and its text with nothing left to the search path.
#include "sql/ast_util.h"
#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/target_list.h"
#include "sql/deparse.h"

namespace helios::sql {

namespace {
using binder::Binder;
using binder::RecordedNames;

void ReplaceStars(ast::SelectStatement& original, ast::SelectStatement& copy,
                  const RecordedNames& recorded);

// Fields may get other names later; columns of the view's own FROM do not.
void NameColumns(const std::vector<std::string>& names, ast::FromFunction& function) {
  if (function.alias == nullptr) {
    function.alias = std::make_unique<ast::Alias>();
    function.alias->name = binder::TargetName(*function.functions[0].call);
  }
  function.alias->columns = names;
}

void ReplaceStarsInFrom(ast::FromItem& original, ast::FromItem& copy,
                        const RecordedNames& recorded) {
  if (original.kind == ast::FromKind::kSubquery) {
    ReplaceStars(ast::As<ast::SelectStatement>(*ast::As<ast::FromSubquery>(original).query),
                 ast::As<ast::SelectStatement>(*ast::As<ast::FromSubquery>(copy).query), recorded);
  } else if (original.kind == ast::FromKind::kFunction) {
    const auto found = recorded.function_columns.find(&ast::As<ast::FromFunction>(original));
    if (found != recorded.function_columns.end()) {
      NameColumns(found->second, ast::As<ast::FromFunction>(copy));
    }
  } else if (original.kind == ast::FromKind::kJoin) {
    auto& from = ast::As<ast::FromJoin>(original);
    auto& to = ast::As<ast::FromJoin>(copy);
    ReplaceStarsInFrom(*from.left, *to.left, recorded);
    ReplaceStarsInFrom(*from.right, *to.right, recorded);
  }
}

// The item itself, or for `(row).*` one for each field.
void AddFields(const ast::Expr& original, const RecordedNames& recorded, ast::TargetItem item,
               std::vector<ast::TargetItem>* result) {
  for (const RecordedNames::RowStar& candidate : recorded.row_stars) {
    if (candidate.star != &original) continue;
    for (const std::string& field : candidate.fields) {
      ast::TargetItem part;
      part.expr = ast::Clone(*item.expr);
      ast::IndirectionStep& step = ast::As<ast::Indirection>(*part.expr).steps.back();
      step.step = ast::IndirectionKind::kField;
      step.field = field;
      result->push_back(std::move(part));
    }
    return;
  }
  result->push_back(std::move(item));
}

std::vector<ast::TargetItem> ExpandTargets(const std::vector<ast::TargetItem>& original,
                                           std::vector<ast::TargetItem> copy,
                                           const RecordedNames& recorded) {
  std::vector<ast::TargetItem> result;
  for (size_t i = 0; i < original.size(); ++i) {
    const RecordedNames::Star* star = nullptr;
    for (const RecordedNames::Star& candidate : recorded.stars) {
      if (candidate.star == original[i].expr.get()) star = &candidate;
    }
    if (star == nullptr) {
      AddFields(*original[i].expr, recorded, std::move(copy[i]), &result);
      continue;
    }
    for (const auto& [alias, column] : star->columns) {
      auto ref = std::make_unique<ast::ColumnRef>();
      if (!alias.empty()) ref->names.push_back(alias);
      ref->names.push_back(column);
      ast::TargetItem item;
      item.expr = std::move(ref);
      result.push_back(std::move(item));
    }
  }
  return result;
}

void ReplaceStars(ast::SelectStatement& original, ast::SelectStatement& copy,
                  const RecordedNames& recorded) {
  if (original.with != nullptr) {
    for (size_t i = 0; i < original.with->tables.size(); ++i) {
      ast::Statement& query = *original.with->tables[i].query;
      if (query.kind != ast::StatementKind::kSelect) continue;
      ReplaceStars(ast::As<ast::SelectStatement>(query),
                   ast::As<ast::SelectStatement>(*copy.with->tables[i].query), recorded);
    }
  }
  if (original.op != ast::SetOperation::kNone) {
    ReplaceStars(*original.left, *copy.left, recorded);
    ReplaceStars(*original.right, *copy.right, recorded);
    return;
  }
  copy.targets = ExpandTargets(original.targets, std::move(copy.targets), recorded);
  for (size_t i = 0; i < original.from.size(); ++i) {
    ReplaceStarsInFrom(*original.from[i], *copy.from[i], recorded);
  }
}

// Adds schemas to relations and types.
void QualifyNames(ast::Statement& original, ast::Statement& copy, const RecordedNames& recorded) {
  std::vector<const ast::RelationName*> from, to;
  ast::WalkRelations(original, [&](const ast::RelationName& name) { from.push_back(&name); });
  ast::WalkRelations(copy, [&](const ast::RelationName& name) { to.push_back(&name); });
  for (size_t i = 0; i < from.size() && i < to.size(); ++i) {
    const auto found = recorded.relation_schemas.find(from[i]);
    if (found == recorded.relation_schemas.end()) continue;
    // The walk is const, the copy is ours.
    const_cast<ast::RelationName*>(to[i])->schema = found->second;
  }
  std::vector<ast::Expr*> originals, copies;
  ast::WalkExprs(original, [&](ast::Expr& expr) {
    originals.push_back(&expr);
    return ast::WalkStep::kDescend;
  });
  ast::WalkExprs(copy, [&](ast::Expr& expr) {
    copies.push_back(&expr);
    return ast::WalkStep::kDescend;
  });
  for (size_t i = 0; i < originals.size() && i < copies.size(); ++i) {
    const auto* cast = ast::TryAs<ast::Cast>(originals[i]);
    if (cast == nullptr) continue;
    const auto found = recorded.type_schemas.find(&cast->type);
    if (found == recorded.type_schemas.end()) continue;
    auto& target = ast::As<ast::Cast>(*copies[i]).type;
    if (target.names.size() == 1) target.names.insert(target.names.begin(), found->second);
  }
}
}  // namespace

Result<ViewDefinition> AnalyzeView(const ast::Statement& query,
                                   const std::vector<std::string>& column_names,
                                   PlannerContext& context) {
  if (query.kind != ast::StatementKind::kSelect) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("views must be defined by SELECT or VALUES");
  }
  const auto& select = ast::As<ast::SelectStatement>(query);
  if (select.into != nullptr) {
    return Error(ErrorCode::kSyntaxError).Message("views must not contain SELECT INTO");
  }
  ast::StatementPtr original = ast::Clone(query);
  plan::Plan plan;
  Binder binder(context, &plan);
  binder.RecordNames();
  HELIOS_TRY(binder.BindStatement(*original));
  if (plan.statement_parameter_count > 0) {
    return Error(ErrorCode::kUndefinedParameter).Message("there is no parameter $1");
  }
  ViewDefinition view;
  view.columns = plan.output;
  view.privileges = std::move(plan.privileges);
  view.depends_on = binder.dependencies();
  if (column_names.size() > view.columns.size()) {
    return Error(ErrorCode::kSyntaxError)
        .Message("CREATE VIEW specifies more column names than columns");
  }
  for (size_t i = 0; i < column_names.size(); ++i) view.columns[i].name = column_names[i];
  for (size_t i = 0; i < view.columns.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (view.columns[i].name != view.columns[j].name) continue;
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" specified more than once", view.columns[i].name);
    }
    if (view.columns[i].type.oid == type_oid::kRecord ||
        view.columns[i].type.oid == type_oid::kUnknown) {
      return Error(ErrorCode::kInvalidTableDefinition)
          .Message("column \"{}\" has pseudo-type {}", view.columns[i].name,
                   FormatType(view.columns[i].type, context.lookup));
    }
  }
  ast::StatementPtr copy = ast::Clone(*original);
  QualifyNames(*original, *copy, binder.recorded());
  ReplaceStars(ast::As<ast::SelectStatement>(*original), ast::As<ast::SelectStatement>(*copy),
               binder.recorded());
  view.sql = Deparse(ast::As<ast::SelectStatement>(*copy));
  return view;
}

}  // namespace helios::sql
