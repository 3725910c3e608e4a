// INSERT.
#include <algorithm>

#include "sql/binder/internal/dml_binder.h"
#include "sql/binder/internal/table_expr.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;

bool IsPlainValues(const ast::SelectStatement& select) {
  return !select.values.empty() && select.order_by.empty() && select.limit == nullptr &&
         select.offset == nullptr && select.with == nullptr && select.locking.empty();
}
}  // namespace

Result<std::vector<uint32_t>> DmlBinder::InsertColumns(const ast::InsertStatement& insert,
                                                       const Target& target) {
  std::vector<uint32_t> positions;
  if (insert.columns.empty()) {
    return target.order;
  }
  for (const ast::AssignmentTarget& column : insert.columns) {
    HELIOS_TRY(const uint32_t position, FindTargetColumn(target, column, true));
    // Several parts of one column may be given, but not a part and the whole.
    const bool repeated =
        std::any_of(positions.begin(), positions.end(), [&](const uint32_t& other) {
          const auto& before = insert.columns[static_cast<size_t>(&other - positions.data())];
          return other == position && (column.steps.empty() || before.steps.empty());
        });
    if (repeated) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" specified more than once", column.name)
          .Position(PositionOf(column.location));
    }
    positions.push_back(position);
  }
  return positions;
}

// Whether a value may be given for the column; with OVERRIDING USER VALUE it is ignored.
Status DmlBinder::CheckWritable(const Target& target, uint32_t position,
                                const ast::InsertStatement& insert, bool* use_default) const {
  const catalog::Column& column = *target.columns[position];
  *use_default = false;
  if (column.generated) {
    return Error(ErrorCode::kGeneratedAlways)
        .Message("cannot insert a non-DEFAULT value into column \"{}\"", column.name)
        .Detail("Column \"{}\" is a generated column.", column.name);
  }
  if (column.identity == catalog::Identity::kNone) return Status::Ok();
  if (insert.overriding == ast::Overriding::kUser) {
    *use_default = true;
    return Status::Ok();
  }
  if (column.identity == catalog::Identity::kAlways &&
      insert.overriding != ast::Overriding::kSystem) {
    return Error(ErrorCode::kGeneratedAlways)
        .Message("cannot insert a non-DEFAULT value into column \"{}\"", column.name)
        .Detail("Column \"{}\" is an identity column defined as GENERATED ALWAYS.", column.name)
        .Hint("Use OVERRIDING SYSTEM VALUE to override.");
  }
  return Status::Ok();
}

Result<NodePtr> DmlBinder::InsertValues(const ast::InsertStatement& insert, const Target& target,
                                        const std::vector<uint32_t>& columns, QueryScope& scope) {
  auto values = std::make_unique<plan::ValuesNode>();
  HELIOS_TRY(LoadDefaults(target));
  static const std::vector<ast::ExprList> kOneEmptyRow(1);
  const auto& rows = insert.source == nullptr ? kOneEmptyRow : insert.source->values;
  const bool default_values = insert.source == nullptr;
  scope.clause = rows.size() == 1 ? Clause::kInsertValues : Clause::kValues;
  for (const ast::ExprList& row : rows) {
    if (!default_values && row.size() != rows[0].size()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("VALUES lists must all be the same length")
          .Position(PositionOf(row.empty() ? -1 : row[0]->location));
    }
    if (row.size() > columns.size()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("INSERT has more expressions than target columns")
          .Position(PositionOf(row[columns.size()]->location));
    }
    if (!default_values && !insert.columns.empty() && row.size() < columns.size()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("INSERT has more target columns than expressions")
          .Position(PositionOf(insert.columns[row.size()].location));
    }
    std::vector<ExprPtr> out(target.columns.size());
    for (size_t i = 0; i < row.size(); ++i) {
      const uint32_t position = columns[i];
      const ast::AssignmentTarget* name = insert.columns.empty() ? nullptr : &insert.columns[i];
      if (name != nullptr) HELIOS_TRY(CheckAssignable(*name, *row[i]));
      if (row[i]->kind == ast::ExprKind::kDefault) continue;
      bool use_default = false;
      HELIOS_TRY(CheckWritable(target, position, insert, &use_default));
      HELIOS_TRY(ExprPtr value, b_.BindExpr(*row[i], scope));
      HELIOS_TRY(AddInserted(target, name, position, std::move(value), scope, &out[position]));
      if (use_default) out[position] = nullptr;
    }
    for (uint32_t i = 0; i < out.size(); ++i) {
      if (out[i] == nullptr) out[i] = DefaultOf(target, i);
    }
    values->rows.push_back(std::move(out));
  }
  std::vector<uint32_t> ids;
  for (const catalog::Column* column : target.columns) {
    ids.push_back(b_.NewColumn(column->name, column->type, nullptr));
  }
  if (scope.sets.empty()) {
    values->ids = std::move(ids);
    return values;
  }
  // A set-returning function in the one row: as a SELECT of it.
  auto project = std::make_unique<plan::ProjectNode>();
  project->expressions = std::move(values->rows[0]);
  project->ids = std::move(ids);
  values->rows[0].clear();
  NodePtr source = std::move(values);
  b_.BuildSets(scope, &source);
  project->children.push_back(std::move(source));
  return project;
}

Result<NodePtr> DmlBinder::InsertQuery(const ast::InsertStatement& insert, const Target& target,
                                       const std::vector<uint32_t>& columns, QueryScope& scope) {
  QueryOptions options;
  options.resolve_unknown = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool part = !insert.columns.empty() && !insert.columns[i].steps.empty();
    options.targets.push_back(part ? SqlType{} : target.columns[columns[i]]->type);
  }
  HELIOS_TRY(BoundQuery query, b_.BindQuery(*insert.source, scope.parent, ctes_, options));
  if (query.columns.size() > columns.size()) {
    const auto& items = insert.source->targets;
    const int location = columns.size() < items.size() ? items[columns.size()].expr->location : -1;
    return Error(ErrorCode::kSyntaxError)
        .Message("INSERT has more expressions than target columns")
        .Position(PositionOf(location));
  }
  if (!insert.columns.empty() && query.columns.size() < columns.size()) {
    return Error(ErrorCode::kSyntaxError)
        .Message("INSERT has more target columns than expressions")
        .Position(PositionOf(insert.columns[query.columns.size()].location));
  }
  HELIOS_TRY(LoadDefaults(target));
  auto project = std::make_unique<plan::ProjectNode>();
  std::vector<ExprPtr> out(target.columns.size());
  for (size_t i = 0; i < query.columns.size(); ++i) {
    const uint32_t position = columns[i];
    bool use_default = false;
    HELIOS_TRY(CheckWritable(target, position, insert, &use_default));
    if (use_default) continue;
    ExprPtr value = b_.MakeColumn(query.columns[i].id, -1);
    if (value->type.oid == t::kUnknown) {
      if (ExprPtr literal = Binder::TakeUnknown(query.node.get(), query.columns[i].id)) {
        value = std::move(literal);
      }
    }
    const auto& items = insert.source->targets;
    if (i < items.size()) value->location = items[i].expr->location;
    const ast::AssignmentTarget* name = insert.columns.empty() ? nullptr : &insert.columns[i];
    HELIOS_TRY(AddInserted(target, name, position, std::move(value), scope, &out[position]));
  }
  for (uint32_t i = 0; i < out.size(); ++i) {
    if (out[i] == nullptr) out[i] = DefaultOf(target, i);
    project->ids.push_back(b_.NewColumn(target.columns[i]->name, target.columns[i]->type, nullptr));
    project->expressions.push_back(std::move(out[i]));
  }
  project->children.push_back(std::move(query.node));
  return project;
}

bool DmlBinder::ArbiterMatches(const Target& target, const catalog::Index& index,
                               const std::vector<ExprPtr>& elements,
                               const expr::Expr* predicate) const {
  if (!index.unique || index.state != catalog::Index::State::kReady) return false;
  const plan::IndexTarget* parts = nullptr;
  for (const plan::IndexTarget& item : target.write->indexes) {
    if (item.oid == index.oid) parts = &item;
  }
  // The parts of the index and the elements must be the same set.
  std::vector<ExprPtr> keys;
  if (parts != nullptr) {
    for (const ExprPtr& part : parts->parts) keys.push_back(part->Clone());
  } else {
    for (uint32_t position : target.write->layout->key_columns) {
      keys.push_back(std::make_unique<expr::ColumnExpr>(
          position, target.write->layout->columns[position].type));
    }
  }
  const auto contains = [](const std::vector<ExprPtr>& list, const expr::Expr& item) {
    return std::any_of(list.begin(), list.end(), [&](const ExprPtr& other) {
      if (other->kind == ExprKind::kColumn && item.kind == ExprKind::kColumn) {
        return As<expr::ColumnExpr>(*other).index == As<expr::ColumnExpr>(item).index;
      }
      return expr::Equal(*other, item);
    });
  };
  for (const ExprPtr& key : keys) {
    if (!contains(elements, *key)) return false;
  }
  for (const ExprPtr& element : elements) {
    if (!contains(keys, *element)) return false;
  }
  if (parts == nullptr || parts->predicate == nullptr) return true;
  if (predicate == nullptr) return false;
  // The given predicate must imply the index's: every conjunct of the index is among the given.
  std::vector<ExprPtr> given = plan::SplitAnd(predicate->Clone());
  for (const ExprPtr& needed : plan::SplitAnd(parts->predicate->Clone())) {
    if (!std::any_of(given.begin(), given.end(),
                     [&](const ExprPtr& have) { return expr::Equal(*have, *needed); })) {
      return false;
    }
  }
  return true;
}

namespace {
Error DeferrableArbiter() {
  return Error(ErrorCode::kObjectNotInPrerequisiteState)
      .Message(
          "ON CONFLICT does not support deferrable unique constraints/exclusion "
          "constraints as arbiters");
}

// The index of ON CONFLICT ON CONSTRAINT.
Result<Oid> NamedArbiter(const ast::OnConflict& conflict, const catalog::Table& table) {
  const catalog::Constraint* constraint = table.FindConstraint(conflict.constraint);
  if (constraint == nullptr) {
    return Error(ErrorCode::kUndefinedObject)
        .Message("constraint \"{}\" for table \"{}\" does not exist", conflict.constraint,
                 table.name);
  }
  if (constraint->kind != catalog::ConstraintKind::kPrimary &&
      constraint->kind != catalog::ConstraintKind::kUnique) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("constraint in ON CONFLICT clause has no associated index");
  }
  if (constraint->deferrable) return DeferrableArbiter();
  return constraint->index;
}
}  // namespace

Result<int32_t> DmlBinder::InferArbiter(const ast::OnConflict& conflict, const Target& target) {
  const auto index_of = [&](Oid oid) -> int32_t {
    for (size_t i = 0; i < target.write->indexes.size(); ++i) {
      if (target.write->indexes[i].oid == oid) return static_cast<int32_t>(i);
    }
    return -1;
  };
  if (!conflict.constraint.empty()) {
    HELIOS_TRY(const Oid index, NamedArbiter(conflict, *target.table));
    return index_of(index);
  }
  // The elements, over the columns by position.
  plan::Plan scratch;
  Binder binder(b_.context_, &scratch);
  QueryScope scope;
  scope.clause = Clause::kIndexExpression;
  std::vector<TableColumn> columns;
  for (const catalog::Column* column : target.columns) {
    columns.push_back({column->name, column->type, column->generated});
  }
  binder.AddDefinitionRelation(scope, target.table->name, columns);
  std::vector<ExprPtr> elements;
  for (const ast::IndexElement& element : conflict.elements) {
    if (element.direction != ast::SortDirection::kDefault ||
        element.nulls != ast::NullsOrder::kDefault) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("{} is not allowed in ON CONFLICT clause",
                   element.nulls != ast::NullsOrder::kDefault ? "NULLS FIRST/LAST" : "ASC/DESC")
          .Position(PositionOf(conflict.target_location));
    }
    ExprPtr bound;
    if (element.expr != nullptr) {
      HELIOS_TRY(bound, binder.BindExpr(*element.expr, scope));
    } else {
      ast::ColumnRef ref;
      ref.names = {element.column};
      ref.location = conflict.target_location;
      HELIOS_TRY(bound, binder.BindExpr(ref, scope));
    }
    elements.push_back(std::move(bound));
  }
  ExprPtr predicate;
  if (conflict.elements_where != nullptr) {
    HELIOS_TRY(predicate, binder.BindExpr(*conflict.elements_where, scope));
  }
  for (Oid oid : target.table->indexes) {
    const catalog::Index* index = b_.context_.snapshot->FindIndex(oid);
    if (index == nullptr || !ArbiterMatches(target, *index, elements, predicate.get())) continue;
    for (const catalog::Constraint& constraint : target.table->constraints) {
      if (constraint.index != oid || constraint.kind == catalog::ConstraintKind::kForeignKey) {
        continue;
      }
      if (constraint.deferrable) return DeferrableArbiter();
    }
    return index_of(oid);
  }
  return Error(ErrorCode::kInvalidColumnReference)
      .Message("there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

Status DmlBinder::BindConflict(const ast::OnConflict& conflict, const Target& target,
                               QueryScope& scope, plan::InsertNode* node) {
  const bool update = conflict.action == ast::ConflictAction::kUpdate;
  node->on_conflict =
      update ? plan::InsertNode::OnConflict::kUpdate : plan::InsertNode::OnConflict::kNothing;
  if (conflict.elements.empty() && conflict.constraint.empty()) {
    if (update) {
      return Error(ErrorCode::kSyntaxError)
          .Message("ON CONFLICT DO UPDATE requires inference specification or constraint name")
          .Hint("For example, ON CONFLICT (column_name).")
          .Position(PositionOf(conflict.location));
    }
    return Status::Ok();
  }
  HELIOS_TRY(node->arbiter, InferArbiter(conflict, target));
  if (!update) return Status::Ok();
  const std::vector<uint32_t> current = node->row_ids;
  std::vector<uint32_t> excluded_ids = NewRowIds(target);
  QueryScope& inner = NewScope();
  inner.relations = scope.relations;
  ScopeRelation* excluded = b_.NewRelation(inner);
  excluded->alias = "excluded";
  for (uint32_t i : target.order) {
    excluded->columns.push_back({target.names[i], excluded_ids[i]});
    b_.relations_of_[excluded_ids[i]] = excluded;
  }
  inner.relations.push_back(excluded);
  node->row_ids.insert(node->row_ids.end(), excluded_ids.begin(), excluded_ids.end());
  HELIOS_TRY(BindAssignments(conflict.assignments, target, current, inner, nullptr, &node->set));
  if (conflict.where != nullptr) {
    inner.clause = Clause::kWhere;
    HELIOS_TRY(node->set_where, b_.BindExpr(*conflict.where, inner));
    HELIOS_TRY(node->set_where, b_.types_.CoerceBoolean(std::move(node->set_where), "WHERE"));
  }
  return Status::Ok();
}

Result<BoundQuery> DmlBinder::BindInsert(const ast::InsertStatement& insert) {
  HELIOS_TRY(BeginWith(insert.with.get()));
  QueryScope& scope = NewScope();
  HELIOS_TRY(Target target,
             OpenTarget(insert.relation, hidb::TableLockMode::kRowExclusive, "insert into"));
  HELIOS_TRY(const std::vector<uint32_t> columns, InsertColumns(insert, target));
  if (insert.columns.empty() && target.views.empty()) {
    b_.NeedPrivilege(target.table->oid, catalog::Privilege::kInsert, 0);
  }
  for (uint32_t position : columns) {
    if (!target.views.empty()) break;
    b_.NeedPrivilege(target.table->oid, catalog::Privilege::kInsert,
                     target.columns[position]->number);
  }
  auto node = std::make_unique<plan::InsertNode>();
  node->target = target.write;
  NodePtr source;
  if (insert.source == nullptr || IsPlainValues(*insert.source)) {
    HELIOS_TRY(source, InsertValues(insert, target, columns, scope));
  } else {
    HELIOS_TRY(source, InsertQuery(insert, target, columns, scope));
  }
  node->row_ids = NewRowIds(target);
  QueryScope& row_scope = NewScope();
  ScopeRelation* row = MakeRelation(
      row_scope, target, insert.alias == nullptr ? insert.relation.name : insert.alias->name,
      target.names, node->row_ids);
  row_scope.relations.push_back(row);
  const std::vector<uint32_t> row_ids = node->row_ids;
  HELIOS_TRY(node->check_option, ViewConditions(target, row_ids, true, &node->check_option_view));
  if (insert.on_conflict != nullptr) {
    HELIOS_TRY(BindConflict(*insert.on_conflict, target, row_scope, node.get()));
    std::set<const plan::WriteTarget*> seen;
    NeedChildren(*target.write, &node->set, &seen);
  }
  NeedParents(*target.write);
  std::vector<ResultColumn> result;
  if (!insert.returning.empty()) {
    node->has_returning = true;
    row->written = true;
    row->row_key = b_.NewColumn("ctid", {t::kBytea, -1}, nullptr);
    row->xmax = b_.NewColumn("xmax", {t::kXid, -1}, nullptr);
    HELIOS_TRY(BindReturning(insert.returning, row_scope, &node->returning, &node->ids, &result));
    plan::IdSet used;
    for (const ExprPtr& expr : node->returning) {
      plan::CollectIds(*expr, b_.plan_->subplans, &used);
    }
    node->system_ids = {row->row_key, row->xmax};
    node->with_system_columns = used.contains(row->row_key) || used.contains(row->xmax);
  }
  node->children.push_back(std::move(source));
  return Finish(std::move(node), std::move(result));
}

}  // namespace helios::sql::binder
