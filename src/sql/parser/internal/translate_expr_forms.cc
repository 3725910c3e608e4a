// Casts, conditionals, constructors, tests and sub-selects.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

ExprPtr Translator::CastOf(const PgQuery__TypeCast& node) {
  // The grammar writes TRUE as a cast of a constant at no place.
  const bool is_constant = pg::CaseOf(node.arg) == PG_QUERY__NODE__NODE_A_CONST;
  if (is_constant && node.location < 0 &&
      node.arg->a_const->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL) {
    return ConstantOf(*node.arg->a_const);
  }
  auto cast = std::make_unique<Cast>();
  cast->operand = Expression(node.arg);
  cast->type = Type(node.type_name);
  cast->location = At(node.location);
  return cast;
}

ExprPtr Translator::SubqueryOf(const PgQuery__SubLink& node) {
  auto subquery = std::make_unique<Subquery>();
  switch (node.sub_link_type) {
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
      subquery->subquery_kind = SubqueryKind::kExists;
      break;
    case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK:
      subquery->subquery_kind = SubqueryKind::kAll;
      break;
    case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
      subquery->subquery_kind = SubqueryKind::kAny;
      break;
    case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK:
      subquery->subquery_kind = SubqueryKind::kArray;
      break;
    default:
      subquery->subquery_kind = SubqueryKind::kScalar;
      break;
  }
  subquery->left = Expression(node.testexpr);
  subquery->op = Names(HELIOS_PG_LIST(node, oper_name));
  subquery->query = TranslateStatement(node.subselect);
  subquery->location = At(node.location);
  return subquery;
}

ExprPtr Translator::CaseExprOf(const PgQuery__CaseExpr& node) {
  auto expr = std::make_unique<Case>();
  expr->operand = Expression(node.arg);
  for (const Node* item : HELIOS_PG_LIST(node, args)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_CASE_WHEN) continue;
    CaseWhen& when = expr->whens.emplace_back();
    when.condition = Expression(item->case_when->expr);
    when.result = Expression(item->case_when->result);
    when.location = At(item->case_when->location);
  }
  expr->else_result = Expression(node.defresult);
  expr->location = At(node.location);
  return expr;
}

ExprPtr Translator::SqlValueOf(const PgQuery__SQLValueFunction& node) {
  auto expr = std::make_unique<SqlValue>();
  expr->location = At(node.location);
  bool has_precision = false;
  switch (node.op) {
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N:
      has_precision = true;
      [[fallthrough]];
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME:
      expr->value = SqlValueKind::kCurrentTime;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N:
      has_precision = true;
      [[fallthrough]];
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP:
      expr->value = SqlValueKind::kCurrentTimestamp;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N:
      has_precision = true;
      [[fallthrough]];
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME:
      expr->value = SqlValueKind::kLocalTime;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N:
      has_precision = true;
      [[fallthrough]];
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP:
      expr->value = SqlValueKind::kLocalTimestamp;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE:
      expr->value = SqlValueKind::kCurrentRole;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER:
      expr->value = SqlValueKind::kCurrentUser;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER:
      expr->value = SqlValueKind::kUser;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER:
      expr->value = SqlValueKind::kSessionUser;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG:
      expr->value = SqlValueKind::kCurrentCatalog;
      break;
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA:
      expr->value = SqlValueKind::kCurrentSchema;
      break;
    default:
      expr->value = SqlValueKind::kCurrentDate;
      break;
  }
  if (has_precision) expr->precision = node.typmod;
  return expr;
}

std::vector<IndirectionStep> Translator::Steps(Nodes nodes) {
  std::vector<IndirectionStep> steps;
  for (const Node* node : nodes) {
    IndirectionStep& step = steps.emplace_back();
    switch (pg::CaseOf(node)) {
      case PG_QUERY__NODE__NODE_A_STAR:
        step.step = IndirectionKind::kStar;
        break;
      case PG_QUERY__NODE__NODE_A_INDICES:
        step.step =
            node->a_indices->is_slice ? IndirectionKind::kSlice : IndirectionKind::kSubscript;
        step.lower = Expression(node->a_indices->lidx);
        step.upper = Expression(node->a_indices->uidx);
        break;
      default:
        step.field = pg::StringOf(node);
        break;
    }
  }
  return steps;
}

ExprPtr Translator::IndirectionOf(const PgQuery__AIndirection& node) {
  auto expr = std::make_unique<Indirection>();
  expr->operand = Expression(node.arg);
  expr->steps = Steps(HELIOS_PG_LIST(node, indirection));
  expr->location = expr->operand ? expr->operand->location : -1;
  return expr;
}

namespace {

BooleanTestKind TestKind(PgQuery__BoolTestType type) {
  switch (type) {
    case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_TRUE:
      return BooleanTestKind::kNotTrue;
    case PG_QUERY__BOOL_TEST_TYPE__IS_FALSE:
      return BooleanTestKind::kFalse;
    case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_FALSE:
      return BooleanTestKind::kNotFalse;
    case PG_QUERY__BOOL_TEST_TYPE__IS_UNKNOWN:
      return BooleanTestKind::kUnknown;
    case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_UNKNOWN:
      return BooleanTestKind::kNotUnknown;
    default:
      return BooleanTestKind::kTrue;
  }
}

// A new node at its place.
template <typename T>
std::unique_ptr<T> New(int location) {
  auto node = std::make_unique<T>();
  node->location = location;
  return node;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): one case a form: long, but a list.
ExprPtr Translator::ExpressionForm(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR: {
      auto expr = New<NamedArgument>(At(node->named_arg_expr->location));
      expr->name = pg::Str(node->named_arg_expr->name);
      expr->value = Expression(node->named_arg_expr->arg);
      return expr;
    }
    case PG_QUERY__NODE__NODE_COALESCE_EXPR: {
      auto expr = New<Coalesce>(At(node->coalesce_expr->location));
      expr->args = Expressions(HELIOS_PG_LIST(*node->coalesce_expr, args));
      return expr;
    }
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: {
      auto expr = New<MinMax>(At(node->min_max_expr->location));
      expr->greatest = node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST;
      expr->args = Expressions(HELIOS_PG_LIST(*node->min_max_expr, args));
      return expr;
    }
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: {
      auto expr = New<Collate>(At(node->collate_clause->location));
      expr->operand = Expression(node->collate_clause->arg);
      expr->collation = Names(HELIOS_PG_LIST(*node->collate_clause, collname));
      return expr;
    }
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: {
      auto expr = New<Array>(At(node->a_array_expr->location));
      expr->elements = Expressions(HELIOS_PG_LIST(*node->a_array_expr, elements));
      return expr;
    }
    case PG_QUERY__NODE__NODE_ROW_EXPR: {
      auto expr = New<Row>(At(node->row_expr->location));
      expr->fields = Expressions(HELIOS_PG_LIST(*node->row_expr, args));
      expr->explicit_row =
          node->row_expr->row_format == PG_QUERY__COERCION_FORM__COERCE_EXPLICIT_CALL;
      return expr;
    }
    case PG_QUERY__NODE__NODE_NULL_TEST: {
      auto expr = New<NullTest>(At(node->null_test->location));
      expr->negated = node->null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL;
      expr->operand = Expression(node->null_test->arg);
      return expr;
    }
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST: {
      auto expr = New<BooleanTest>(At(node->boolean_test->location));
      expr->test = TestKind(node->boolean_test->booltesttype);
      expr->operand = Expression(node->boolean_test->arg);
      return expr;
    }
    case PG_QUERY__NODE__NODE_GROUPING_FUNC: {
      auto expr = New<Grouping>(At(node->grouping_func->location));
      expr->args = Expressions(HELIOS_PG_LIST(*node->grouping_func, args));
      return expr;
    }
    case PG_QUERY__NODE__NODE_CURRENT_OF_EXPR: {
      auto expr = std::make_unique<CurrentOf>();
      expr->cursor = pg::Str(node->current_of_expr->cursor_name);
      return expr;
    }
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
      return New<Default>(At(node->set_to_default->location));
    case PG_QUERY__NODE__NODE_XML_EXPR:
      Unsupported("XML", node->xml_expr->location);
      return nullptr;
    case PG_QUERY__NODE__NODE_XML_SERIALIZE:
      Unsupported("XML", node->xml_serialize->location);
      return nullptr;
    case PG_QUERY__NODE__NODE_INTEGER:
    case PG_QUERY__NODE__NODE_FLOAT:
    case PG_QUERY__NODE__NODE_STRING: {
      // A bare value where the grammar keeps no constant node.
      auto constant = std::make_unique<Constant>();
      constant->constant_kind = ConstantKind::kString;
      constant->text = ConstantText(node);
      return constant;
    }
    default:
      Unsupported("this form of expression", -1);
      return nullptr;
  }
}

}  // namespace helios::sql
