#include "sql/binder/internal/target_list.h"

namespace helios::sql::binder {

namespace {
using expr::As;

constexpr size_t kTargetsMax = 1664;

const char* SqlValueName(ast::SqlValueKind kind) {
  switch (kind) {
    case ast::SqlValueKind::kCurrentDate:
      return "current_date";
    case ast::SqlValueKind::kCurrentTime:
      return "current_time";
    case ast::SqlValueKind::kCurrentTimestamp:
      return "current_timestamp";
    case ast::SqlValueKind::kLocalTime:
      return "localtime";
    case ast::SqlValueKind::kLocalTimestamp:
      return "localtimestamp";
    case ast::SqlValueKind::kCurrentRole:
      return "current_role";
    case ast::SqlValueKind::kCurrentUser:
      return "current_user";
    case ast::SqlValueKind::kUser:
      return "user";
    case ast::SqlValueKind::kSessionUser:
      return "session_user";
    case ast::SqlValueKind::kCurrentCatalog:
      return "current_catalog";
    case ast::SqlValueKind::kCurrentSchema:
      return "current_schema";
  }
  return "?column?";
}

// The name of an output column, as PostgreSQL's FigureColname. A weak name (of a cast or a CASE)
// gives way to the name of a cast around it; no name is the empty text.
struct FigureName {
  std::string name;
  bool weak = false;

  explicit FigureName(const ast::Expr& expr) { Look(expr); }

 private:
  void Look(const ast::Expr& expr);
  void LookInSubquery(const ast::Subquery& subquery);
};

void FigureName::LookInSubquery(const ast::Subquery& subquery) {
  if (subquery.subquery_kind == ast::SubqueryKind::kExists) name = "exists";
  if (subquery.subquery_kind == ast::SubqueryKind::kArray) name = "array";
  if (subquery.subquery_kind != ast::SubqueryKind::kScalar) return;
  const ast::SelectStatement* query = &ast::As<ast::SelectStatement>(*subquery.query);
  while (query->op != ast::SetOperation::kNone) query = query->left.get();
  if (query->targets.empty()) {
    name = query->values.empty() ? "?column?" : "column1";
    return;
  }
  const ast::TargetItem& item = query->targets[0];
  name = item.name.empty() ? FigureName(*item.expr).name : item.name;
  if (name.empty()) name = "?column?";
}

void FigureName::Look(const ast::Expr& expr) {
  switch (expr.kind) {
    case ast::ExprKind::kColumnRef: {
      const auto& ref = ast::As<ast::ColumnRef>(expr);
      if (!ref.names.empty()) name = ref.names.back();
      return;
    }
    case ast::ExprKind::kIndirection: {
      const auto& node = ast::As<ast::Indirection>(expr);
      for (size_t i = node.steps.size(); i-- > 0;) {
        if (node.steps[i].step != ast::IndirectionKind::kField) continue;
        name = node.steps[i].field;
        return;
      }
      return Look(*node.operand);
    }
    case ast::ExprKind::kFunctionCall:
      name = ast::As<ast::FunctionCall>(expr).name.back();
      return;
    case ast::ExprKind::kCast: {
      const auto& cast = ast::As<ast::Cast>(expr);
      Look(*cast.operand);
      if (!name.empty() && !weak) return;
      name = cast.type.names.back();
      weak = true;
      return;
    }
    case ast::ExprKind::kCollate:
      return Look(*ast::As<ast::Collate>(expr).operand);
    case ast::ExprKind::kCase: {
      const auto& node = ast::As<ast::Case>(expr);
      if (node.else_result != nullptr) Look(*node.else_result);
      if (!name.empty() && !weak) return;
      name = "case";
      weak = true;
      return;
    }
    case ast::ExprKind::kArray:
      name = "array";
      return;
    case ast::ExprKind::kRow:
      name = "row";
      return;
    case ast::ExprKind::kCoalesce:
      name = "coalesce";
      return;
    case ast::ExprKind::kNullIf:
      name = "nullif";
      return;
    case ast::ExprKind::kMinMax:
      name = ast::As<ast::MinMax>(expr).greatest ? "greatest" : "least";
      return;
    case ast::ExprKind::kGrouping:
      name = "grouping";
      return;
    case ast::ExprKind::kSqlValue:
      name = SqlValueName(ast::As<ast::SqlValue>(expr).value);
      return;
    case ast::ExprKind::kSubquery:
      return LookInSubquery(ast::As<ast::Subquery>(expr));
    default:
      return;
  }
}
}  // namespace

std::string TargetName(const ast::Expr& expr) {
  std::string name = FigureName(expr).name;
  return name.empty() ? "?column?" : name;
}

Status TargetListBinder::ExpandStar(const ast::ColumnRef& star, std::vector<TargetEntry>* targets) {
  RecordedNames::Star record{&star, {}};
  const auto add = [&](const ScopeRelation& relation, const std::string& qualifier) {
    const size_t shown_count = relation.columns.size() - relation.hidden_count;
    for (size_t i = 0; i < shown_count; ++i) {
      const ScopeColumn& column = relation.columns[i];
      b_.NoteUse(column.id);
      targets->push_back({b_.MakeColumn(column.id, star.location), column.name, star.location});
      record.columns.push_back({qualifier, column.name});
    }
  };
  if (star.names.empty()) {
    bool any = false;
    for (const ScopeRelation* relation : scope_.relations) {
      if (!relation->columns_visible || relation->lateral_only) continue;
      any = true;
      add(*relation, relation->name_visible ? relation->alias : std::string());
    }
    if (!any) {
      return Error(ErrorCode::kSyntaxError)
          .Message("SELECT * with no tables specified is not valid")
          .Position(PositionOf(star.location));
    }
  } else {
    const std::string& name = star.names.back();
    const std::string schema = star.names.size() >= 2 ? star.names[star.names.size() - 2] : "";
    HELIOS_TRY(ScopeRelation * relation, b_.FindRelation(schema, name, scope_, star.location));
    if (relation == nullptr) return b_.MissingRelation(name, scope_, star.location);
    add(*relation, relation->alias);
  }
  if (b_.record_names_) b_.recorded_.stars.push_back(std::move(record));
  return Status::Ok();
}

Status TargetListBinder::ExpandRow(const ast::Indirection& star,
                                   std::vector<TargetEntry>* targets) {
  if (star.steps.size() != 1) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("row expansion of this expression is not supported")
        .Position(PositionOf(star.location));
  }
  HELIOS_TRY(ExprPtr row, b_.BindExpr(*star.operand, scope_));
  const size_t first = targets->size();
  HELIOS_TRY(ExpandRow(star, std::move(row), targets));
  if (!b_.record_names_) return Status::Ok();
  RecordedNames::RowStar record{&star, {}};
  for (size_t i = first; i < targets->size(); ++i) record.fields.push_back((*targets)[i].name);
  b_.recorded_.row_stars.push_back(std::move(record));
  return Status::Ok();
}

Status TargetListBinder::ExpandRow(const ast::Indirection& star, ExprPtr row,
                                   std::vector<TargetEntry>* targets) {
  if (OpenRow(&row)) {
    for (size_t i = 0; i < row->children.size(); ++i) {
      targets->push_back(
          {std::move(row->children[i]), As<expr::RowExpr>(*row).field_names[i], star.location});
    }
    return Status::Ok();
  }
  std::vector<std::string> names;
  const catalog::UserType* user = b_.context_.snapshot->FindUserType(row->type.oid);
  if (const RecordShapes::Fields* fields = b_.records_.Of(*row, b_.plan_->subplans)) {
    for (const auto& [name, type] : *fields) names.push_back(name);
  } else if (user != nullptr && b_.types_.IsComposite(row->type.oid)) {
    for (const catalog::Column& column : user->fields) {
      if (!column.dropped) names.push_back(column.name);
    }
  } else {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("record type has not been registered")
        .Position(PositionOf(star.location));
  }
  for (const std::string& name : names) {
    HELIOS_TRY(ExprPtr field, b_.BindFieldSelect(row->Clone(), name, star.location));
    targets->push_back({std::move(field), name, star.location});
  }
  return Status::Ok();
}

Status TargetListBinder::Bind(const std::vector<ast::TargetItem>& items,
                              std::vector<TargetEntry>* targets) {
  for (const ast::TargetItem& item : items) {
    const auto* column = ast::TryAs<ast::ColumnRef>(item.expr.get());
    const auto* part = ast::TryAs<ast::Indirection>(item.expr.get());
    if (column != nullptr && column->star) {
      HELIOS_TRY(ExpandStar(*column, targets));
    } else if (part != nullptr && !part->steps.empty() &&
               part->steps.back().step == ast::IndirectionKind::kStar) {
      HELIOS_TRY(ExpandRow(*part, targets));
    } else {
      HELIOS_TRY(ExprPtr value, b_.BindExpr(*item.expr, scope_));
      targets->push_back({std::move(value), item.name.empty() ? TargetName(*item.expr) : item.name,
                          item.expr->location});
    }
  }
  if (targets->size() > kTargetsMax) {
    return Error(ErrorCode::kTooManyColumns)
        .Message("target lists can have at most {} entries", kTargetsMax);
  }
  return Status::Ok();
}

}  // namespace helios::sql::binder
