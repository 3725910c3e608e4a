#include "sql/shown_text.h"

#include <unordered_set>

#include "sql/ast_util.h"
#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/select_walk.h"
#include "sql/binder/internal/target_list.h"
#include "sql/parser/parser.h"

namespace helios::sql {

namespace {
namespace t = type_oid;
using binder::Binder;
using binder::ShownCast;
using binder::ShownCasts;

bool LooksLikeFloat(std::string_view text) {
  return !text.empty() && text[0] >= '0' && text[0] <= '9' &&
         text.find_first_of("eE.") != std::string_view::npos &&
         text.find_first_not_of("0123456789+-eE.") == std::string_view::npos;
}

bool LooksLikeInteger(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

ast::ExprPtr Wrap(ast::ExprPtr operand, SqlType type, const PlannerContext& context) {
  auto name = ParseTypeName(FormatType(type, context.lookup));
  if (!name.ok()) return operand;
  auto cast = std::make_unique<ast::Cast>();
  cast->location = operand->location;
  cast->operand = std::move(operand);
  cast->type = std::move(name).value();
  return cast;
}

// A literal as PostgreSQL shows a constant of the type: only what would read back as something else
// carries its type.
ast::ExprPtr ShowConstant(const ast::Constant& constant, const ShownCast& shown,
                          const PlannerContext& context) {
  ast::ExprPtr copy = ast::Clone(constant);
  auto& literal = ast::As<ast::Constant>(*copy);
  if (constant.constant_kind == ast::ConstantKind::kString && shown.text.has_value()) {
    literal.text = *shown.text;
    if (shown.type.oid == t::kBool) {
      literal.constant_kind = ast::ConstantKind::kBoolean;
      literal.bool_value = literal.text == "t";
      return copy;
    }
    const bool is_bare = (shown.type.oid == t::kInt4 && LooksLikeInteger(literal.text)) ||
                         (shown.type.oid == t::kNumeric && LooksLikeFloat(literal.text));
    if (is_bare) {
      literal.constant_kind = ast::ConstantKind::kFloat;
      return copy;
    }
  }
  return Wrap(std::move(copy), shown.type, context);
}

// Puts the recorded casts into a tree. Expressions are told by where they stand in the text, and
// whether an explicit cast stands around them.
class Annotator {
 public:
  Annotator(const ShownCasts& casts, const PlannerContext& context)
      : casts_(casts), context_(context) {}

  void NoteInnerNodes(ast::Expr& root) {
    ast::WalkExprs(root, [this](ast::Expr& expr) { return Note(expr); });
  }

  ast::ExprPtr Replace(ast::Expr& expr) const {
    if (inner_.contains(&expr) || expr.location < 0) return nullptr;
    if (expr.kind == ast::ExprKind::kCast) {
      const ast::Expr* operand = &expr;
      while (const auto* cast = ast::TryAs<ast::Cast>(operand)) operand = cast->operand.get();
      // A literal with its type is one constant; any other operand keeps the cast.
      const bool is_literal = operand->kind == ast::ExprKind::kConstant;
      const auto found = casts_.find({operand->location, !is_literal});
      if (found == casts_.end()) return nullptr;
      return Wrap(ast::Clone(expr), found->second.type, context_);
    }
    const auto found = casts_.find({expr.location, false});
    if (found == casts_.end()) return nullptr;
    switch (expr.kind) {
      case ast::ExprKind::kConstant: {
        const auto& constant = ast::As<ast::Constant>(expr);
        if (constant.constant_kind == ast::ConstantKind::kNull) return nullptr;
        return ShowConstant(constant, found->second, context_);
      }
      case ast::ExprKind::kColumnRef:
      case ast::ExprKind::kFunctionCall:
      case ast::ExprKind::kOperator:
        return Wrap(ast::Clone(expr), found->second.type, context_);
      default:
        return nullptr;
    }
  }

 private:
  ast::WalkStep Note(ast::Expr& expr) {
    if (auto* cast = ast::TryAs<ast::Cast>(&expr)) inner_.insert(cast->operand.get());
    return ast::WalkStep::kDescend;
  }

  const ShownCasts& casts_;
  const PlannerContext& context_;
  std::unordered_set<const ast::Expr*> inner_;  // Operands of explicit casts.
};

// Says what the columns are called that take their names from their expressions.
void NameTargets(ast::Statement& query) {
  binder::VisitSelects(query, [](ast::SelectStatement& select) {
    for (ast::TargetItem& item : select.targets) {
      const auto* part = ast::TryAs<ast::Indirection>(item.expr.get());
      const bool is_star = part != nullptr && !part->steps.empty() &&
                           part->steps.back().step == ast::IndirectionKind::kStar;
      if (!item.name.empty() || is_star || item.expr->kind == ast::ExprKind::kColumnRef) continue;
      const std::string name = binder::TargetName(*item.expr);
      if (name != "?column?") item.name = name;
    }
  });
}
}  // namespace

std::string ShowStoredExpression(std::string_view sql, const std::vector<TableColumn>& columns,
                                 SqlType expected, const DeparseOptions& options,
                                 PlannerContext& context) {
  auto parsed = ParseExpression(sql);
  if (!parsed.ok()) return std::string(sql);
  ast::ExprPtr tree = std::move(parsed).value();
  plan::Plan scratch;
  Binder binder(context, &scratch);
  binder.RecordNames();
  binder::QueryScope scope;
  binder.AddDefinitionRelation(scope, "", columns);
  auto bound = binder.BindExpr(*tree, scope);
  if (bound.ok() && expected.valid()) {
    bound = binder.types().TryCoerce(std::move(bound).value(), expected,
                                     expr::CastContext::kAssignment, -1);
  } else if (bound.ok()) {
    bound = binder.types().ResolveUnknown(std::move(bound).value());
  }
  if (bound.ok()) {
    Annotator annotator(binder.recorded().casts, context);
    annotator.NoteInnerNodes(*tree);
    ast::ReplaceExprs(tree, [&](ast::Expr& expr) { return annotator.Replace(expr); });
    if (ast::ExprPtr whole = annotator.Replace(*tree)) tree = std::move(whole);
  }
  return Deparse(*tree, options);
}

ast::StatementPtr AnnotateQuery(ast::StatementPtr query, PlannerContext& context) {
  plan::Plan plan;
  Binder binder(context, &plan);
  binder.RecordNames();
  if (!binder.BindStatement(*query).ok()) return query;
  NameTargets(*query);
  // Only expressions have children that can be replaced.
  auto wrapper = std::make_unique<ast::Subquery>();
  wrapper->query = std::move(query);
  ast::ExprPtr root = std::move(wrapper);
  ast::WalkExprs(*root, [&binder](ast::Expr& expr) {
    auto* column = ast::TryAs<ast::ColumnRef>(&expr);
    const auto found = binder.recorded().column_relations.find(column);
    if (column != nullptr && found != binder.recorded().column_relations.end()) {
      column->names.insert(column->names.begin(), found->second);
    }
    return ast::WalkStep::kDescend;
  });
  Annotator annotator(binder.recorded().casts, context);
  annotator.NoteInnerNodes(*root);
  ast::ReplaceExprs(root, [&](ast::Expr& expr) { return annotator.Replace(expr); });
  return std::move(ast::As<ast::Subquery>(*root).query);
}

}  // namespace helios::sql
