// INSERT, UPDATE, DELETE, MERGE, COPY.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

namespace {

std::unique_ptr<SelectStatement> TakeSelect(StatementPtr statement) {
  if (TryAs<SelectStatement>(statement.get()) == nullptr) return nullptr;
  return std::unique_ptr<SelectStatement>(static_cast<SelectStatement*>(statement.release()));
}

}  // namespace

AssignmentTarget Translator::Target(const PgQuery__ResTarget& node) {
  AssignmentTarget target;
  target.name = pg::Str(node.name);
  target.steps = Steps(HELIOS_PG_LIST(node, indirection));
  target.location = At(node.location);
  return target;
}

std::vector<AssignmentTarget> Translator::TargetNames(Nodes nodes) {
  std::vector<AssignmentTarget> targets;
  for (const Node* node : nodes) {
    if (pg::CaseOf(node) == PG_QUERY__NODE__NODE_RES_TARGET) {
      targets.push_back(Target(*node->res_target));
    }
  }
  return targets;
}

std::vector<Assignment> Translator::Assignments(Nodes nodes) {
  std::vector<Assignment> assignments;
  for (const Node* node : nodes) {
    if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_RES_TARGET) continue;
    const PgQuery__ResTarget& source = *node->res_target;
    if (pg::CaseOf(source.val) != PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF) {
      Assignment& assignment = assignments.emplace_back();
      assignment.targets.push_back(Target(source));
      assignment.value = Expression(source.val);
      continue;
    }
    // `(a, b) = value` comes as one target a column, each with a copy of the value.
    const PgQuery__MultiAssignRef& part = *source.val->multi_assign_ref;
    if (part.colno <= 1) {
      Assignment& assignment = assignments.emplace_back();
      assignment.multiple = true;
      assignment.value = Expression(part.source);
    }
    assignments.back().targets.push_back(Target(source));
  }
  return assignments;
}

Overriding Translator::OverridingOf(PgQuery__OverridingKind kind) {
  switch (kind) {
    case PG_QUERY__OVERRIDING_KIND__OVERRIDING_USER_VALUE:
      return Overriding::kUser;
    case PG_QUERY__OVERRIDING_KIND__OVERRIDING_SYSTEM_VALUE:
      return Overriding::kSystem;
    default:
      return Overriding::kNone;
  }
}

IndexElement Translator::IndexElementOf(const PgQuery__IndexElem& node) {
  IndexElement element;
  element.column = pg::Str(node.name);
  element.expr = Expression(node.expr);
  element.collation = Names(HELIOS_PG_LIST(node, collation));
  element.op_class = Names(HELIOS_PG_LIST(node, opclass));
  element.op_class_options = Options(HELIOS_PG_LIST(node, opclassopts));
  element.direction = Direction(node.ordering);
  element.nulls = Nulls(node.nulls_ordering);
  element.index_column_name = pg::Str(node.indexcolname);
  return element;
}

std::vector<IndexElement> Translator::IndexElements(Nodes nodes) {
  std::vector<IndexElement> elements;
  for (const Node* node : nodes) {
    if (pg::CaseOf(node) == PG_QUERY__NODE__NODE_INDEX_ELEM) {
      elements.push_back(IndexElementOf(*node->index_elem));
    }
  }
  return elements;
}

std::unique_ptr<OnConflict> Translator::Conflict(const PgQuery__OnConflictClause* node) {
  if (node == nullptr) return nullptr;
  auto conflict = std::make_unique<OnConflict>();
  conflict->location = At(node->location);
  if (node->action == PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_UPDATE) {
    conflict->action = ConflictAction::kUpdate;
  }
  if (node->infer != nullptr) {
    conflict->elements = IndexElements(HELIOS_PG_LIST(*node->infer, index_elems));
    conflict->elements_where = Expression(node->infer->where_clause);
    conflict->constraint = pg::Str(node->infer->conname);
    conflict->target_location = At(node->infer->location);
  }
  conflict->assignments = Assignments(HELIOS_PG_LIST(*node, target_list));
  conflict->where = Expression(node->where_clause);
  return conflict;
}

StatementPtr Translator::Insert(const PgQuery__InsertStmt& node) {
  auto insert = std::make_unique<InsertStatement>();
  insert->with = With(node.with_clause);
  insert->relation = Relation(node.relation);
  insert->alias = AliasOf(node.relation->alias);
  insert->columns = TargetNames(HELIOS_PG_LIST(node, cols));
  insert->overriding = OverridingOf(node.override);
  if (pg::IsSet(node.select_stmt))
    insert->source = TakeSelect(TranslateStatement(node.select_stmt));
  insert->on_conflict = Conflict(node.on_conflict_clause);
  insert->returning = Targets(HELIOS_PG_LIST(node, returning_list));
  return insert;
}

StatementPtr Translator::Update(const PgQuery__UpdateStmt& node) {
  auto update = std::make_unique<UpdateStatement>();
  update->with = With(node.with_clause);
  update->relation = Relation(node.relation);
  update->alias = AliasOf(node.relation->alias);
  update->assignments = Assignments(HELIOS_PG_LIST(node, target_list));
  update->from = FromList(HELIOS_PG_LIST(node, from_clause));
  update->where = Expression(node.where_clause);
  update->returning = Targets(HELIOS_PG_LIST(node, returning_list));
  return update;
}

StatementPtr Translator::Delete(const PgQuery__DeleteStmt& node) {
  auto statement = std::make_unique<DeleteStatement>();
  statement->with = With(node.with_clause);
  statement->relation = Relation(node.relation);
  statement->alias = AliasOf(node.relation->alias);
  statement->using_items = FromList(HELIOS_PG_LIST(node, using_clause));
  statement->where = Expression(node.where_clause);
  statement->returning = Targets(HELIOS_PG_LIST(node, returning_list));
  return statement;
}

StatementPtr Translator::Merge(const PgQuery__MergeStmt& node) {
  auto merge = std::make_unique<MergeStatement>();
  merge->with = With(node.with_clause);
  merge->relation = Relation(node.relation);
  merge->alias = AliasOf(node.relation->alias);
  merge->source = From(node.source_relation);
  merge->on = Expression(node.join_condition);
  for (const Node* item : HELIOS_PG_LIST(node, merge_when_clauses)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_MERGE_WHEN_CLAUSE) continue;
    const PgQuery__MergeWhenClause& source = *item->merge_when_clause;
    MergeWhen& when = merge->whens.emplace_back();
    when.matched = source.matched;
    when.condition = Expression(source.condition);
    when.overriding = OverridingOf(source.override);
    switch (source.command_type) {
      case PG_QUERY__CMD_TYPE__CMD_INSERT:
        when.action = MergeAction::kInsert;
        when.columns = TargetNames(HELIOS_PG_LIST(source, target_list));
        when.values = Expressions(HELIOS_PG_LIST(source, values));
        break;
      case PG_QUERY__CMD_TYPE__CMD_UPDATE:
        when.action = MergeAction::kUpdate;
        when.assignments = Assignments(HELIOS_PG_LIST(source, target_list));
        break;
      case PG_QUERY__CMD_TYPE__CMD_DELETE:
        when.action = MergeAction::kDelete;
        break;
      default:
        when.action = MergeAction::kNothing;
        break;
    }
  }
  return merge;
}

StatementPtr Translator::Copy(const PgQuery__CopyStmt& node) {
  auto copy = std::make_unique<CopyStatement>();
  if (node.relation != nullptr) {
    copy->relation = std::make_unique<RelationName>(Relation(node.relation));
  }
  if (pg::IsSet(node.query)) copy->query = TranslateStatement(node.query);
  copy->columns = Names(HELIOS_PG_LIST(node, attlist));
  copy->from = node.is_from;
  copy->program = node.is_program;
  copy->file = pg::Str(node.filename);
  copy->options = Options(HELIOS_PG_LIST(node, options));
  copy->where = Expression(node.where_clause);
  return copy;
}

}  // namespace helios::sql
