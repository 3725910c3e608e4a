// SELECT, VALUES, set operations, WITH, FROM.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

namespace {

SetOperation OperationOf(PgQuery__SetOperation op) {
  switch (op) {
    case PG_QUERY__SET_OPERATION__SETOP_UNION:
      return SetOperation::kUnion;
    case PG_QUERY__SET_OPERATION__SETOP_INTERSECT:
      return SetOperation::kIntersect;
    case PG_QUERY__SET_OPERATION__SETOP_EXCEPT:
      return SetOperation::kExcept;
    default:
      return SetOperation::kNone;
  }
}

}  // namespace

std::unique_ptr<SelectStatement> Translator::Select(const PgQuery__SelectStmt& node) {
  auto select = std::make_unique<SelectStatement>();
  select->op = OperationOf(node.op);
  select->all = node.all;
  if (select->op != SetOperation::kNone) {
    select->left = Select(*node.larg);
    select->right = Select(*node.rarg);
  } else {
    SelectBody(node, *select);
  }
  select->with = With(node.with_clause);
  select->order_by = Sorts(HELIOS_PG_LIST(node, sort_clause));
  select->offset = Expression(node.limit_offset);
  select->limit = Expression(node.limit_count);
  select->with_ties = node.limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES;
  for (const Node* item : HELIOS_PG_LIST(node, locking_clause)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_LOCKING_CLAUSE) continue;
    select->locking.push_back(Locking(*item->locking_clause));
  }
  return select;
}

void Translator::SelectBody(const PgQuery__SelectStmt& node, SelectStatement& select) {
  for (const Node* row : HELIOS_PG_LIST(node, values_lists)) {
    select.values.push_back(Expressions(pg::ItemsOf(row)));
  }
  const Nodes distinct = HELIOS_PG_LIST(node, distinct_clause);
  select.distinct = !distinct.empty();
  if (select.distinct && pg::IsSet(distinct[0])) select.distinct_on = Expressions(distinct);
  select.targets = Targets(HELIOS_PG_LIST(node, target_list));
  if (node.into_clause != nullptr) {
    select.into = std::make_unique<RelationName>(Relation(node.into_clause->rel));
  }
  select.from = FromList(HELIOS_PG_LIST(node, from_clause));
  select.where = Expression(node.where_clause);
  for (const Node* item : HELIOS_PG_LIST(node, group_clause)) {
    select.group_by.push_back(GroupingOf(item));
  }
  select.group_distinct = node.group_distinct;
  select.having = Expression(node.having_clause);
  for (const Node* item : HELIOS_PG_LIST(node, window_clause)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_WINDOW_DEF) continue;
    select.windows.push_back(Window(*item->window_def));
  }
}

std::vector<TargetItem> Translator::Targets(Nodes nodes) {
  std::vector<TargetItem> targets;
  targets.reserve(nodes.size());
  for (const Node* node : nodes) {
    if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_RES_TARGET) continue;
    TargetItem& target = targets.emplace_back();
    target.expr = Expression(node->res_target->val);
    target.name = pg::Str(node->res_target->name);
    target.location = At(node->res_target->location);
  }
  return targets;
}

GroupingItem Translator::GroupingOf(const Node* node) {
  GroupingItem item;
  if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_GROUPING_SET) {
    item.expr = Expression(node);
    item.location = item.expr ? item.expr->location : -1;
    return item;
  }
  const PgQuery__GroupingSet& set = *node->grouping_set;
  item.location = At(set.location);
  switch (set.kind) {
    case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_ROLLUP:
      item.grouping = GroupingKind::kRollup;
      break;
    case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_CUBE:
      item.grouping = GroupingKind::kCube;
      break;
    case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_SETS:
      item.grouping = GroupingKind::kSets;
      break;
    default:
      item.grouping = GroupingKind::kEmpty;
      break;
  }
  for (const Node* content : HELIOS_PG_LIST(set, content))
    item.items.push_back(GroupingOf(content));
  return item;
}

LockingClause Translator::Locking(const PgQuery__LockingClause& node) {
  LockingClause locking;
  switch (node.strength) {
    case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORKEYSHARE:
      locking.strength = LockStrength::kKeyShare;
      break;
    case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORSHARE:
      locking.strength = LockStrength::kShare;
      break;
    case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORNOKEYUPDATE:
      locking.strength = LockStrength::kNoKeyUpdate;
      break;
    default:
      locking.strength = LockStrength::kUpdate;
      break;
  }
  if (node.wait_policy == PG_QUERY__LOCK_WAIT_POLICY__LockWaitSkip) {
    locking.wait = LockWait::kSkipLocked;
  } else if (node.wait_policy == PG_QUERY__LOCK_WAIT_POLICY__LockWaitError) {
    locking.wait = LockWait::kNoWait;
  }
  for (const Node* relation : HELIOS_PG_LIST(node, locked_rels)) {
    locking.tables.push_back(RelationOf(relation));
  }
  return locking;
}

std::unique_ptr<WithClause> Translator::With(const PgQuery__WithClause* node) {
  if (node == nullptr) return nullptr;
  auto with = std::make_unique<WithClause>();
  with->recursive = node->recursive;
  with->location = At(node->location);
  for (const Node* item : HELIOS_PG_LIST(*node, ctes)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR) continue;
    with->tables.push_back(CommonTableOf(*item->common_table_expr));
  }
  return with;
}

CommonTable Translator::CommonTableOf(const PgQuery__CommonTableExpr& node) {
  CommonTable table;
  table.name = pg::Str(node.ctename);
  table.columns = Names(HELIOS_PG_LIST(node, aliascolnames));
  table.location = At(node.location);
  if (node.ctematerialized == PG_QUERY__CTEMATERIALIZE__CTEMaterializeAlways) {
    table.materialize = CteMaterialize::kAlways;
  } else if (node.ctematerialized == PG_QUERY__CTEMATERIALIZE__CTEMaterializeNever) {
    table.materialize = CteMaterialize::kNever;
  }
  table.query = TranslateStatement(node.ctequery);
  if (node.search_clause != nullptr) {
    table.search_columns = Names(HELIOS_PG_LIST(*node.search_clause, search_col_list));
    table.search_breadth_first = node.search_clause->search_breadth_first;
    table.search_column = pg::Str(node.search_clause->search_seq_column);
  }
  if (node.cycle_clause != nullptr) {
    const PgQuery__CTECycleClause& cycle = *node.cycle_clause;
    table.cycle_columns = Names(HELIOS_PG_LIST(cycle, cycle_col_list));
    table.cycle_mark = pg::Str(cycle.cycle_mark_column);
    table.cycle_value = Expression(cycle.cycle_mark_value);
    table.cycle_default = Expression(cycle.cycle_mark_default);
    table.cycle_path = pg::Str(cycle.cycle_path_column);
  }
  return table;
}

std::vector<FromPtr> Translator::FromList(Nodes nodes) {
  std::vector<FromPtr> items;
  items.reserve(nodes.size());
  for (const Node* node : nodes) items.push_back(From(node));
  return items;
}

FromPtr Translator::From(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_RANGE_VAR: {
      auto table = std::make_unique<FromTable>();
      table->relation = Relation(node->range_var);
      table->alias = AliasOf(node->range_var->alias);
      table->location = table->relation.location;
      return table;
    }
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT: {
      auto subquery = std::make_unique<FromSubquery>();
      subquery->lateral = node->range_subselect->lateral;
      subquery->query = TranslateStatement(node->range_subselect->subquery);
      subquery->alias = AliasOf(node->range_subselect->alias);
      return subquery;
    }
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
      return FromFunctionOf(*node->range_function);
    case PG_QUERY__NODE__NODE_JOIN_EXPR:
      return JoinOf(*node->join_expr);
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
      return SampleOf(*node->range_table_sample);
    case PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC:
      Unsupported("XMLTABLE", node->range_table_func->location);
      return nullptr;
    default:
      Unsupported("this form of table expression", -1);
      return nullptr;
  }
}

FromPtr Translator::SampleOf(const PgQuery__RangeTableSample& node) {
  FromPtr item = From(node.relation);
  auto* table = TryAs<FromTable>(item.get());
  if (table == nullptr) {
    Unsupported("TABLESAMPLE of anything but a table", node.location);
    return item;
  }
  table->sample = std::make_unique<TableSample>();
  table->sample->method = Names(HELIOS_PG_LIST(node, method));
  table->sample->args = Expressions(HELIOS_PG_LIST(node, args));
  table->sample->repeatable = Expression(node.repeatable);
  table->sample->location = At(node.location);
  return item;
}

std::vector<FunctionColumn> Translator::FunctionColumns(Nodes nodes) {
  std::vector<FunctionColumn> columns;
  for (const Node* node : nodes) {
    if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_COLUMN_DEF) continue;
    const PgQuery__ColumnDef& source = *node->column_def;
    FunctionColumn& column = columns.emplace_back();
    column.name = pg::Str(source.colname);
    column.type = Type(source.type_name);
    if (source.coll_clause != nullptr) {
      column.collation = Names(HELIOS_PG_LIST(*source.coll_clause, collname));
    }
    column.location = At(source.location);
  }
  return columns;
}

FromPtr Translator::FromFunctionOf(const PgQuery__RangeFunction& node) {
  auto result = std::make_unique<FromFunction>();
  result->lateral = node.lateral;
  result->with_ordinality = node.ordinality;
  result->rows_from = node.is_rowsfrom;
  for (const Node* function : HELIOS_PG_LIST(node, functions)) {
    // Each is a pair: the call and its column definitions.
    const Nodes pair = pg::ItemsOf(function);
    FromFunctionItem& item = result->functions.emplace_back();
    if (!pair.empty()) item.call = Expression(pair[0]);
    if (pair.size() > 1) item.columns = FunctionColumns(pg::ItemsOf(pair[1]));
    if (result->location < 0 && item.call) result->location = item.call->location;
  }
  result->alias = AliasOf(node.alias);
  result->columns = FunctionColumns(HELIOS_PG_LIST(node, coldeflist));
  return result;
}

FromPtr Translator::JoinOf(const PgQuery__JoinExpr& node) {
  auto join = std::make_unique<FromJoin>();
  switch (node.jointype) {
    case PG_QUERY__JOIN_TYPE__JOIN_LEFT:
      join->join = JoinKind::kLeft;
      break;
    case PG_QUERY__JOIN_TYPE__JOIN_RIGHT:
      join->join = JoinKind::kRight;
      break;
    case PG_QUERY__JOIN_TYPE__JOIN_FULL:
      join->join = JoinKind::kFull;
      break;
    default:
      break;
  }
  join->natural = node.is_natural;
  join->left = From(node.larg);
  join->right = From(node.rarg);
  join->using_columns = Names(HELIOS_PG_LIST(node, using_clause));
  join->using_alias = AliasOf(node.join_using_alias);
  join->on = Expression(node.quals);
  join->alias = AliasOf(node.alias);
  return join;
}

}  // namespace helios::sql
