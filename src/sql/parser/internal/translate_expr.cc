// Expressions.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

ExprList Translator::Expressions(Nodes nodes) {
  ExprList list;
  list.reserve(nodes.size());
  for (const Node* node : nodes) list.push_back(Expression(node));
  return list;
}

ExprPtr Translator::Expression(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE__NOT_SET:
      return nullptr;
    case PG_QUERY__NODE__NODE_A_CONST:
      return ConstantOf(*node->a_const);
    case PG_QUERY__NODE__NODE_COLUMN_REF:
      return ColumnOf(*node->column_ref);
    case PG_QUERY__NODE__NODE_PARAM_REF:
      return ParameterOf(*node->param_ref);
    case PG_QUERY__NODE__NODE_A_EXPR:
      return OperatorOf(*node->a_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
      return FunctionOf(*node->func_call);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
      return CastOf(*node->type_cast);
    case PG_QUERY__NODE__NODE_SUB_LINK:
      return SubqueryOf(*node->sub_link);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
      return CaseExprOf(*node->case_expr);
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
      return IndirectionOf(*node->a_indirection);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
      return SqlValueOf(*node->sqlvalue_function);
    case PG_QUERY__NODE__NODE_BOOL_EXPR: {
      const PgQuery__BoolExpr& source = *node->bool_expr;
      auto expr = std::make_unique<Boolean>();
      if (source.boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR) expr->op = BooleanOp::kOr;
      if (source.boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR) expr->op = BooleanOp::kNot;
      expr->args = Expressions(HELIOS_PG_LIST(source, args));
      expr->location = At(source.location);
      return expr;
    }
    default:
      return ExpressionForm(node);
  }
}

ExprPtr Translator::ConstantOf(const PgQuery__AConst& node) {
  auto constant = std::make_unique<Constant>();
  constant->location = At(node.location);
  if (node.isnull) return constant;
  switch (node.val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
      constant->constant_kind = ConstantKind::kInteger;
      constant->int_value = node.ival->ival;
      break;
    case PG_QUERY__A__CONST__VAL_FVAL:
      constant->constant_kind = ConstantKind::kFloat;
      constant->text = pg::Str(node.fval->fval);
      break;
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
      constant->constant_kind = ConstantKind::kBoolean;
      constant->bool_value = node.boolval->boolval;
      break;
    case PG_QUERY__A__CONST__VAL_SVAL:
      constant->constant_kind = ConstantKind::kString;
      constant->text = pg::Str(node.sval->sval);
      break;
    case PG_QUERY__A__CONST__VAL_BSVAL:
      constant->constant_kind = ConstantKind::kBitString;
      constant->text = pg::Str(node.bsval->bsval);
      break;
    default:
      break;
  }
  return constant;
}

ExprPtr Translator::ColumnOf(const PgQuery__ColumnRef& node) {
  auto column = std::make_unique<ColumnRef>();
  column->location = At(node.location);
  for (const Node* field : HELIOS_PG_LIST(node, fields)) {
    if (pg::CaseOf(field) == PG_QUERY__NODE__NODE_A_STAR) {
      column->star = true;
    } else {
      column->names.emplace_back(pg::StringOf(field));
    }
  }
  return column;
}

ExprPtr Translator::ParameterOf(const PgQuery__ParamRef& node) {
  if (node.number < 1 || node.number > parameter_number_max_) {
    Fail(Error(ErrorCode::kUndefinedParameter).Message("there is no parameter ${}", node.number),
         node.location);
  }
  auto parameter = std::make_unique<ast::Parameter>();
  parameter->number = node.number;
  parameter->location = At(node.location);
  return parameter;
}

ExprPtr Translator::OperatorOf(const PgQuery__AExpr& node) {
  const Nodes name = HELIOS_PG_LIST(node, name);
  const std::string_view op = name.empty() ? "" : pg::StringOf(name.back());
  ExprPtr result;
  switch (node.kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL: {
      auto expr = std::make_unique<Quantified>();
      expr->op = Names(name);
      expr->all = node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL;
      expr->left = Expression(node.lexpr);
      expr->right = Expression(node.rexpr);
      result = std::move(expr);
      break;
    }
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT: {
      auto expr = std::make_unique<IsDistinct>();
      expr->negated = node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT;
      expr->left = Expression(node.lexpr);
      expr->right = Expression(node.rexpr);
      result = std::move(expr);
      break;
    }
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF: {
      auto expr = std::make_unique<NullIf>();
      expr->left = Expression(node.lexpr);
      expr->right = Expression(node.rexpr);
      result = std::move(expr);
      break;
    }
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN: {
      auto expr = std::make_unique<In>();
      expr->negated = op == "<>";
      expr->operand = Expression(node.lexpr);
      expr->items = Expressions(pg::ItemsOf(node.rexpr));
      result = std::move(expr);
      break;
    }
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
      result = LikeOf(node);
      break;
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
      result = BetweenOf(node);
      break;
    default: {
      auto expr = std::make_unique<Operator>();
      expr->op = Names(name);
      expr->left = Expression(node.lexpr);
      expr->right = Expression(node.rexpr);
      result = std::move(expr);
      break;
    }
  }
  result->location = At(node.location);
  return result;
}

ExprPtr Translator::LikeOf(const PgQuery__AExpr& node) {
  auto like = std::make_unique<Like>();
  if (node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE) like->like_kind = LikeKind::kILike;
  if (node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR) like->like_kind = LikeKind::kSimilar;
  const Nodes name = HELIOS_PG_LIST(node, name);
  like->negated = !name.empty() && pg::StringOf(name.back()).starts_with('!');
  like->operand = Expression(node.lexpr);
  // The grammar wraps the pattern in like_escape(pattern, escape) or similar_to_escape(...).
  const bool is_call = pg::CaseOf(node.rexpr) == PG_QUERY__NODE__NODE_FUNC_CALL;
  if (is_call) {
    const PgQuery__FuncCall& call = *node.rexpr->func_call;
    const NameList names = Names(HELIOS_PG_LIST(call, funcname));
    const Nodes args = HELIOS_PG_LIST(call, args);
    const bool wraps =
        names.size() == 2 && names[0] == "pg_catalog" &&
        names[1] == (like->like_kind == LikeKind::kSimilar ? "similar_to_escape" : "like_escape");
    if (wraps && !args.empty() && args.size() <= 2) {
      like->pattern = Expression(args[0]);
      if (args.size() == 2) like->escape = Expression(args[1]);
      return like;
    }
  }
  like->pattern = Expression(node.rexpr);
  return like;
}

ExprPtr Translator::BetweenOf(const PgQuery__AExpr& node) {
  auto between = std::make_unique<Between>();
  between->negated = node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN ||
                     node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
  between->symmetric = node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM ||
                       node.kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
  between->operand = Expression(node.lexpr);
  const Nodes bounds = pg::ItemsOf(node.rexpr);
  HELIOS_CHECK(bounds.size() == 2);
  between->low = Expression(bounds[0]);
  between->high = Expression(bounds[1]);
  return between;
}

SortDirection Translator::Direction(PgQuery__SortByDir direction) {
  switch (direction) {
    case PG_QUERY__SORT_BY_DIR__SORTBY_ASC:
      return SortDirection::kAscending;
    case PG_QUERY__SORT_BY_DIR__SORTBY_DESC:
      return SortDirection::kDescending;
    case PG_QUERY__SORT_BY_DIR__SORTBY_USING:
      return SortDirection::kUsing;
    default:
      return SortDirection::kDefault;
  }
}

NullsOrder Translator::Nulls(PgQuery__SortByNulls nulls) {
  switch (nulls) {
    case PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST:
      return NullsOrder::kFirst;
    case PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST:
      return NullsOrder::kLast;
    default:
      return NullsOrder::kDefault;
  }
}

SortItem Translator::Sort(const Node* node) {
  SortItem item;
  if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_SORT_BY) return item;
  const PgQuery__SortBy& sort = *node->sort_by;
  item.expr = Expression(sort.node);
  item.direction = Direction(sort.sortby_dir);
  item.nulls = Nulls(sort.sortby_nulls);
  item.using_op = Names(HELIOS_PG_LIST(sort, use_op));
  item.location = At(sort.location);
  return item;
}

std::vector<SortItem> Translator::Sorts(Nodes nodes) {
  std::vector<SortItem> items;
  items.reserve(nodes.size());
  for (const Node* node : nodes) items.push_back(Sort(node));
  return items;
}

namespace {

// Bits of WindowDef.frameOptions (PostgreSQL's parsenodes.h).
constexpr int kFrameNonDefault = 0x1, kFrameRows = 0x4, kFrameGroups = 0x8, kFrameBetween = 0x10,
              kStartUnboundedPreceding = 0x20, kEndUnboundedPreceding = 0x40,
              kStartUnboundedFollowing = 0x80, kEndUnboundedFollowing = 0x100,
              kStartOffsetPreceding = 0x800, kEndOffsetPreceding = 0x1000,
              kStartOffsetFollowing = 0x2000, kEndOffsetFollowing = 0x4000,
              kExcludeCurrentRow = 0x8000, kExcludeGroup = 0x10000, kExcludeTies = 0x20000;

FrameBoundKind BoundKind(int options, int unbounded_preceding, int preceding, int following,
                         int unbounded_following) {
  if ((options & unbounded_preceding) != 0) return FrameBoundKind::kUnboundedPreceding;
  if ((options & preceding) != 0) return FrameBoundKind::kPreceding;
  if ((options & following) != 0) return FrameBoundKind::kFollowing;
  if ((options & unbounded_following) != 0) return FrameBoundKind::kUnboundedFollowing;
  return FrameBoundKind::kCurrentRow;
}

}  // namespace

WindowSpec Translator::Window(const PgQuery__WindowDef& node) {
  WindowSpec window;
  window.name = pg::Str(node.name);
  window.base_window = pg::Str(node.refname);
  window.partition_by = Expressions(HELIOS_PG_LIST(node, partition_clause));
  window.order_by = Sorts(HELIOS_PG_LIST(node, order_clause));
  window.location = At(node.location);
  const int options = node.frame_options;
  window.has_frame = (options & kFrameNonDefault) != 0;
  if (!window.has_frame) return window;
  window.between = (options & kFrameBetween) != 0;
  if ((options & kFrameRows) != 0) window.unit = FrameUnit::kRows;
  if ((options & kFrameGroups) != 0) window.unit = FrameUnit::kGroups;
  window.start.bound = BoundKind(options, kStartUnboundedPreceding, kStartOffsetPreceding,
                                 kStartOffsetFollowing, kStartUnboundedFollowing);
  window.end.bound = BoundKind(options, kEndUnboundedPreceding, kEndOffsetPreceding,
                               kEndOffsetFollowing, kEndUnboundedFollowing);
  window.start.offset = Expression(node.start_offset);
  window.end.offset = Expression(node.end_offset);
  if ((options & kExcludeCurrentRow) != 0) window.exclusion = FrameExclusion::kCurrentRow;
  if ((options & kExcludeGroup) != 0) window.exclusion = FrameExclusion::kGroup;
  if ((options & kExcludeTies) != 0) window.exclusion = FrameExclusion::kTies;
  return window;
}

ExprPtr Translator::FunctionOf(const PgQuery__FuncCall& node) {
  auto call = std::make_unique<FunctionCall>();
  call->name = Names(HELIOS_PG_LIST(node, funcname));
  call->args = Expressions(HELIOS_PG_LIST(node, args));
  call->star = node.agg_star;
  call->distinct = node.agg_distinct;
  call->variadic = node.func_variadic;
  call->within_group = node.agg_within_group;
  call->sql_syntax = node.funcformat == PG_QUERY__COERCION_FORM__COERCE_SQL_SYNTAX;
  call->order_by = Sorts(HELIOS_PG_LIST(node, agg_order));
  call->filter = Expression(node.agg_filter);
  if (node.over != nullptr) {
    call->over = std::make_unique<WindowSpec>(Window(*node.over));
    call->over->is_reference = !call->over->name.empty();
  }
  call->location = At(node.location);
  return call;
}

}  // namespace helios::sql
