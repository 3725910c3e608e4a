// Layouts and write targets: a catalog table as storage and writers see it.
#include <algorithm>
#include <map>

#include "sql/binder/internal/binder.h"
#include "sql/binder/internal/table_expr.h"
#include "sql/parser/parser.h"
#include "sql/planner.h"

namespace helios::sql {

namespace {
using binder::BindStoredExpression;

// Positions of live columns by attnum.
uint32_t PositionOfColumn(const catalog::Table& table, int16_t number) {
  uint32_t position = 0;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    if (column.number == number) return position;
    ++position;
  }
  return ~uint32_t{0};
}

std::vector<TableColumn> ColumnsOf(const catalog::Table& table) {
  std::vector<TableColumn> columns;
  for (const catalog::Column& column : table.columns) {
    if (!column.dropped) columns.push_back({column.name, column.type, column.generated});
  }
  return columns;
}

class TargetBuilder {
 public:
  TargetBuilder(plan::Plan& plan, PlannerContext& context) : plan_(plan), context_(context) {}

  Result<plan::WriteTarget*> Build(const catalog::Table& table);

 private:
  Status AddConstraint(const catalog::Table& table, const catalog::Constraint& constraint,
                       plan::WriteTarget* target);
  Status AddIndexes(const catalog::Table& table, plan::WriteTarget* target);
  Status AddReferencedBy(const catalog::Table& table, plan::WriteTarget* target);
  Status AddReference(const catalog::Table& table, const catalog::Constraint& constraint,
                      plan::WriteTarget* target);
  Result<plan::ReferencedByTarget> MakeReferencedBy(const catalog::Table& table,
                                                    const catalog::Table& child,
                                                    const catalog::Constraint& constraint);
  Result<plan::NodePtr> MakeChildScan(const catalog::Table& child,
                                      const std::vector<uint32_t>& child_columns,
                                      const catalog::Table& parent,
                                      const std::vector<uint32_t>& key_columns,
                                      std::vector<uint32_t>* slots);

  plan::Plan& plan_;
  PlannerContext& context_;
};

Result<plan::WriteTarget*> TargetBuilder::Build(const catalog::Table& table) {
  for (const auto& known : plan_.write_targets) {
    if (known->table == table.oid) return known.get();
  }
  plan_.write_targets.push_back(std::make_unique<plan::WriteTarget>());
  plan::WriteTarget* target = plan_.write_targets.back().get();
  target->table = table.oid;
  target->table_name = table.name;
  if (const catalog::Schema* schema = context_.snapshot->FindSchema(table.schema)) {
    target->schema_name = schema->name;
  }
  target->layout = BuildTableLayout(table, context_);
  const std::vector<TableColumn> columns = ColumnsOf(table);
  uint32_t position = 0;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    target->column_names.push_back(column.name);
    if (column.not_null) target->not_null_columns.push_back(position);
    if (column.generated) {
      HELIOS_TRY(expr::ExprPtr value, BindStoredExpression(column.default_sql, table.name, columns,
                                                           column.type, column.name, context_));
      target->generated.push_back({position, std::move(value)});
    }
    ++position;
  }
  for (const catalog::Constraint& constraint : table.constraints) {
    HELIOS_TRY(AddConstraint(table, constraint, target));
  }
  // Checks run in the order of their names.
  std::sort(target->checks.begin(), target->checks.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  HELIOS_TRY(AddIndexes(table, target));
  HELIOS_TRY(AddReferencedBy(table, target));
  return target;
}

Status TargetBuilder::AddConstraint(const catalog::Table& table,
                                    const catalog::Constraint& constraint,
                                    plan::WriteTarget* target) {
  switch (constraint.kind) {
    case catalog::ConstraintKind::kCheck: {
      HELIOS_TRY(expr::ExprPtr check,
                 BindStoredExpression(constraint.check_sql, table.name, ColumnsOf(table),
                                      {type_oid::kBool, -1}, "", context_));
      target->checks.push_back({constraint.name, std::move(check)});
      return Status::Ok();
    }
    case catalog::ConstraintKind::kForeignKey:
      return AddReference(table, constraint, target);
    case catalog::ConstraintKind::kPrimary:
      target->primary_key_name = constraint.name;
      return Status::Ok();
    case catalog::ConstraintKind::kUnique:
      return Status::Ok();
  }
  return Status::Ok();
}

Status TargetBuilder::AddIndexes(const catalog::Table& table, plan::WriteTarget* target) {
  const std::vector<TableColumn> columns = ColumnsOf(table);
  for (Oid oid : table.indexes) {
    const catalog::Index* index = context_.snapshot->FindIndex(oid);
    if (index == nullptr || index->storage_id == 0) continue;
    plan::IndexTarget item;
    item.oid = index->oid;
    item.name = index->name;
    item.layout = BuildIndexLayout(*index, table, context_);
    item.is_constraint = index->constraint != kInvalidOid;
    for (const catalog::Constraint& constraint : table.constraints) {
      if (constraint.index == index->oid &&
          constraint.kind != catalog::ConstraintKind::kForeignKey) {
        item.deferrable = constraint.deferrable;
        item.initially_deferred = constraint.initially_deferred;
      }
    }
    for (const catalog::IndexKey& key : index->keys) {
      if (key.column != 0) {
        const uint32_t position = PositionOfColumn(table, key.column);
        HELIOS_CHECK(position < columns.size());
        auto column = std::make_unique<expr::ColumnExpr>(position, columns[position].type);
        column->physical = target->layout->columns[position].physical;
        column->name = columns[position].name;
        item.parts.push_back(std::move(column));
        continue;
      }
      HELIOS_TRY(expr::ExprPtr part, BindStoredExpression(key.expression_sql, table.name, columns,
                                                          key.type, "", context_));
      item.parts.push_back(std::move(part));
    }
    if (!index->predicate_sql.empty()) {
      HELIOS_TRY(item.predicate, BindStoredExpression(index->predicate_sql, table.name, columns,
                                                      {type_oid::kBool, -1}, "", context_));
    }
    target->indexes.push_back(std::move(item));
  }
  return Status::Ok();
}

Status TargetBuilder::AddReference(const catalog::Table& table,
                                   const catalog::Constraint& constraint,
                                   plan::WriteTarget* target) {
  const catalog::Table* parent = context_.snapshot->FindTable(constraint.referenced_table);
  if (parent == nullptr) return Status::Ok();
  plan::ReferenceTarget item;
  item.name = constraint.name;
  item.parent = parent->oid;
  item.parent_name = parent->name;
  item.parent_layout = BuildTableLayout(*parent, context_);
  item.match_full = constraint.match_full;
  item.deferrable = constraint.deferrable;
  item.initially_deferred = constraint.initially_deferred;
  // The parent's key parts in their own order, each with the column here that matches it.
  std::vector<int16_t> key = parent->primary_key;
  const catalog::Index* index = context_.snapshot->FindIndex(constraint.index);
  if (index != nullptr && index->storage_id != 0) {
    item.parent_index = BuildIndexLayout(*index, *parent, context_);
    key.clear();
    for (const catalog::IndexKey& part : index->keys) key.push_back(part.column);
  }
  for (int16_t number : key) {
    const auto found = std::find(constraint.referenced_columns.begin(),
                                 constraint.referenced_columns.end(), number);
    if (found == constraint.referenced_columns.end()) continue;
    const size_t at = static_cast<size_t>(found - constraint.referenced_columns.begin());
    const uint32_t child = PositionOfColumn(table, constraint.columns[at]);
    const uint32_t parent_position = PositionOfColumn(*parent, number);
    item.columns.push_back(child);
    item.parent_columns.push_back(parent_position);
    const hidb::ColumnLayout& from = target->layout->columns[child];
    const hidb::ColumnLayout& to = item.parent_layout->columns[parent_position];
    expr::ExprPtr cast;
    if (from.type.oid != to.type.oid) {
      HELIOS_TRY(cast, binder::CastColumn(child, from.type, {to.type.oid, -1}, context_));
    }
    item.casts.push_back(std::move(cast));
  }
  target->references.push_back(std::move(item));
  return Status::Ok();
}

Status TargetBuilder::AddReferencedBy(const catalog::Table& table, plan::WriteTarget* target) {
  std::vector<Oid> children = table.referenced_by;
  std::sort(children.begin(), children.end());
  children.erase(std::unique(children.begin(), children.end()), children.end());
  // The oldest constraint acts first, whichever table it is of.
  std::map<Oid, std::pair<const catalog::Table*, const catalog::Constraint*>> by_age;
  for (Oid oid : children) {
    const catalog::Table* child = context_.snapshot->FindTable(oid);
    if (child == nullptr) continue;
    for (const catalog::Constraint& constraint : child->constraints) {
      if (constraint.kind == catalog::ConstraintKind::kForeignKey &&
          constraint.referenced_table == table.oid) {
        by_age[constraint.oid] = {child, &constraint};
      }
    }
  }
  for (const auto& [oid, reference] : by_age) {
    HELIOS_TRY(plan::ReferencedByTarget item,
               MakeReferencedBy(table, *reference.first, *reference.second));
    target->referenced_by.push_back(std::move(item));
  }
  return Status::Ok();
}

Result<plan::ReferencedByTarget> TargetBuilder::MakeReferencedBy(
    const catalog::Table& table, const catalog::Table& child,
    const catalog::Constraint& constraint) {
  plan::ReferencedByTarget item;
  item.name = constraint.name;
  item.child = child.oid;
  item.child_name = child.name;
  item.on_delete = constraint.on_delete;
  item.on_update = constraint.on_update;
  item.deferrable = constraint.deferrable;
  item.initially_deferred = constraint.initially_deferred;
  for (size_t i = 0; i < constraint.columns.size(); ++i) {
    item.child_columns.push_back(PositionOfColumn(child, constraint.columns[i]));
    item.key_columns.push_back(PositionOfColumn(table, constraint.referenced_columns[i]));
  }
  HELIOS_TRY(item.find_children,
             MakeChildScan(child, item.child_columns, table, item.key_columns, &item.slots));
  const bool sets_default = constraint.on_delete == catalog::ForeignKeyAction::kSetDefault ||
                            constraint.on_update == catalog::ForeignKeyAction::kSetDefault;
  std::vector<expr::ExprPtr> defaults;
  if (sets_default) {
    HELIOS_TRY(defaults, BindColumnDefaults(child, context_));
  }
  const std::vector<int16_t>& set = constraint.on_delete_set_columns.empty()
                                        ? constraint.columns
                                        : constraint.on_delete_set_columns;
  for (int16_t number : set) {
    const uint32_t position = PositionOfColumn(child, number);
    item.set_columns.push_back(position);
    item.set_defaults.push_back(
        sets_default && defaults[position] != nullptr ? std::move(defaults[position]) : nullptr);
  }
  // Actions that write the children need their target; for plain checks only layout and scan count.
  HELIOS_TRY(plan::WriteTarget * child_target, Build(child));
  item.child_target = child_target;
  return item;
}

// Every column of the table, and the key of the row.
std::unique_ptr<plan::ScanNode> ScanOf(const catalog::Table& child, const PlannerContext& context) {
  auto scan = std::make_unique<plan::ScanNode>();
  scan->table = child.oid;
  scan->table_name = child.name;
  scan->alias = child.name;
  scan->layout = BuildTableLayout(child, context);
  for (uint32_t i = 0; i < scan->layout->columns.size(); ++i) {
    scan->columns.push_back(i);
    scan->types.push_back(scan->layout->columns[i].type);
    scan->physicals.push_back(scan->layout->columns[i].physical);
  }
  for (const TableColumn& column : ColumnsOf(child)) scan->names.push_back(column.name);
  scan->with_row_key = true;
  scan->types.push_back({type_oid::kBytea, -1});
  scan->physicals.push_back(PhysicalType::kVarlen);
  scan->names.push_back("(row key)");
  return scan;
}

Result<plan::NodePtr> TargetBuilder::MakeChildScan(const catalog::Table& child,
                                                   const std::vector<uint32_t>& child_columns,
                                                   const catalog::Table& parent,
                                                   const std::vector<uint32_t>& key_columns,
                                                   std::vector<uint32_t>* slots) {
  const auto parent_layout = BuildTableLayout(parent, context_);
  std::unique_ptr<plan::ScanNode> scan = ScanOf(child, context_);
  std::vector<expr::ExprPtr> filters;
  std::vector<expr::ExprPtr> values;  // Of the child column's type, where a bound can use them.
  for (size_t i = 0; i < child_columns.size(); ++i) {
    const hidb::ColumnLayout& from = parent_layout->columns[key_columns[i]];
    const hidb::ColumnLayout& to = scan->layout->columns[child_columns[i]];
    const uint32_t slot = binder::NewSlot(plan_, from.type);
    slots->push_back(slot);
    HELIOS_TRY(expr::ExprPtr filter,
               binder::ColumnEqualsSlot(child_columns[i], to.type, slot, from.type, context_));
    filters.push_back(std::move(filter));
    auto value = std::make_unique<expr::ParameterExpr>(slot, from.type);
    value->physical = from.physical;
    values.push_back(from.type.oid == to.type.oid ? std::move(value) : nullptr);
  }
  // The index (or primary key) that begins with the most of these columns.
  size_t best = 0;
  const auto try_key = [&](const std::vector<int32_t>& parts,
                           std::shared_ptr<const hidb::IndexLayout> layout,
                           const std::string& name) {
    std::vector<expr::ExprPtr> equal;
    for (int32_t part : parts) {
      const auto found =
          std::find(child_columns.begin(), child_columns.end(), static_cast<uint32_t>(part));
      if (part < 0 || found == child_columns.end()) break;
      const expr::ExprPtr& value = values[static_cast<size_t>(found - child_columns.begin())];
      if (value == nullptr) break;
      equal.push_back(value->Clone());
    }
    if (equal.size() <= best) return;
    best = equal.size();
    scan->index = std::move(layout);
    scan->index_name = name;
    scan->bounds.clear();
    scan->bounds.emplace_back();
    scan->bounds.back().equal = std::move(equal);
  };
  const auto& key = scan->layout->key_columns;
  try_key({key.begin(), key.end()}, nullptr, "");
  for (Oid oid : child.indexes) {
    const catalog::Index* index = context_.snapshot->FindIndex(oid);
    if (index == nullptr || index->storage_id == 0 || !index->predicate_sql.empty() ||
        index->state != catalog::Index::State::kReady ||
        (index->method != "btree" && index->method != "hash")) {
      continue;
    }
    auto layout = BuildIndexLayout(*index, child, context_);
    std::vector<int32_t> parts;
    for (const hidb::IndexPart& part : layout->parts) parts.push_back(part.column);
    try_key(parts, layout, index->name);
  }
  if (filters.size() == 1) {
    scan->filter = std::move(filters[0]);
  } else {
    auto all = std::make_unique<expr::AndExpr>();
    all->children = std::move(filters);
    scan->filter = std::move(all);
  }
  return scan;
}

// The domain of this OID; null when the type is another.
const catalog::UserType* FindDomain(Oid oid, const PlannerContext& context) {
  const catalog::UserType* type = context.snapshot->FindUserType(oid);
  const bool is_domain = type != nullptr && type->oid == oid &&
                         type->type_kind == catalog::UserType::TypeKind::kDomain;
  return is_domain ? type : nullptr;
}
}  // namespace

std::shared_ptr<const hidb::TableLayout> BuildTableLayout(const catalog::Table& table,
                                                          const PlannerContext& context) {
  auto layout = std::make_shared<hidb::TableLayout>();
  layout->space = table.storage_id;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    hidb::ColumnLayout item;
    item.id = static_cast<uint16_t>(column.number);
    item.type = column.type;
    item.physical = PhysicalTypeOf(column.type.oid, context.lookup);
    if (column.missing_text.has_value()) {
      auto value = ParseTextValue(column.type, *column.missing_text, *context.format);
      if (value.ok()) item.missing = std::move(value).value();
    }
    layout->columns.push_back(std::move(item));
  }
  for (int16_t number : table.primary_key) {
    layout->key_columns.push_back(PositionOfColumn(table, number));
  }
  return layout;
}

std::shared_ptr<const hidb::IndexLayout> BuildIndexLayout(const catalog::Index& index,
                                                          const catalog::Table& table,
                                                          const PlannerContext& context) {
  auto layout = std::make_shared<hidb::IndexLayout>();
  layout->space = index.storage_id;
  layout->unique = index.unique;
  layout->nulls_distinct = index.nulls_distinct;
  for (const catalog::IndexKey& key : index.keys) {
    hidb::IndexPart part;
    part.type = key.type;
    if (key.column != 0) {
      if (const catalog::Column* column = table.FindColumn(key.column)) part.type = column->type;
      part.column = static_cast<int32_t>(PositionOfColumn(table, key.column));
    }
    part.physical = PhysicalTypeOf(part.type.oid, context.lookup);
    part.descending = key.descending;
    part.nulls_first = key.nulls_first;
    layout->parts.push_back(part);
  }
  return layout;
}

Result<const plan::WriteTarget*> BuildWriteTarget(const catalog::Table& table, plan::Plan& plan,
                                                  PlannerContext& context) {
  TargetBuilder builder(plan, context);
  HELIOS_TRY(plan::WriteTarget * target, builder.Build(table));
  return static_cast<const plan::WriteTarget*>(target);
}

Result<std::vector<expr::ExprPtr>> BindColumnDefaults(const catalog::Table& table,
                                                      PlannerContext& context) {
  std::vector<expr::ExprPtr> defaults;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    expr::ExprPtr value;
    if (column.identity != catalog::Identity::kNone) {
      HELIOS_TRY(value, binder::NextValueOf(column, context));
    } else if (!column.default_sql.empty() && !column.generated) {
      HELIOS_TRY(value, BindStoredExpression(column.default_sql, "", {}, column.type, column.name,
                                             context));
    } else if (const catalog::UserType* domain = FindDomain(column.type.oid, context)) {
      // A domain may have a default of its own, or one below it; if none has, NULL must pass.
      while (domain != nullptr && domain->default_sql.empty()) {
        domain = FindDomain(domain->base.oid, context);
      }
      HELIOS_TRY(value, BindStoredExpression(domain == nullptr ? "NULL" : domain->default_sql, "",
                                             {}, column.type, column.name, context));
      if (domain == nullptr && expr::As<expr::CastExpr>(*value).conditions.empty()) value = nullptr;
    }
    defaults.push_back(std::move(value));
  }
  return defaults;
}

Result<std::vector<expr::ExprPtr>> BindDomainChecks(const catalog::Table& table,
                                                    PlannerContext& context) {
  std::vector<expr::ExprPtr> checks;
  uint32_t position = 0;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    expr::ExprPtr check;
    if (FindDomain(column.type.oid, context) != nullptr) {
      SqlType base = column.type;
      while (const catalog::UserType* domain = FindDomain(base.oid, context)) base = domain->base;
      HELIOS_TRY(check, binder::CastColumn(position, base, column.type, context));
      if (expr::As<expr::CastExpr>(*check).conditions.empty()) check = nullptr;
    }
    checks.push_back(std::move(check));
    ++position;
  }
  return checks;
}

}  // namespace helios::sql
