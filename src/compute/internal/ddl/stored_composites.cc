#include "compute/internal/ddl/stored_composites.h"

#include <algorithm>

#include "compute/internal/ddl/index_build.h"
#include "sql/parser/parser.h"
#include "types/array.h"
#include "types/record.h"

namespace helios::compute {

namespace {

bool IsStored(const catalog::Table& table) { return table.storage_id != 0; }

bool Holds(const catalog::Table& table, const std::set<Oid>& types) {
  return IsStored(table) && std::any_of(table.columns.begin(), table.columns.end(),
                                        [&](const catalog::Column& column) {
                                          return !column.dropped && types.contains(column.type.oid);
                                        });
}

std::vector<const catalog::Table*> TablesHolding(const catalog::Snapshot& snapshot,
                                                 const std::set<Oid>& types) {
  std::vector<const catalog::Table*> tables;
  for (const auto& [oid, object] : snapshot.objects()) {
    if (object->kind() != catalog::ObjectKind::kTable) continue;
    const auto& table = static_cast<const catalog::Table&>(*object);
    if (Holds(table, types)) tables.push_back(&table);
  }
  return tables;
}

// A planner's view of a catalog that is not the session's yet.
struct TrialContext {
  TrialContext(SessionImpl& session, std::shared_ptr<const catalog::Snapshot> snapshot)
      : lookup(snapshot, session.SearchPath()), context(session.MakePlannerContext()) {
    context.snapshot = std::move(snapshot);
    context.lookup = &lookup;
  }
  const catalog::CatalogTypeLookup lookup;
  sql::PlannerContext context;
};

Status AnalyzeText(const std::string& view_sql, sql::PlannerContext& context) {
  HELIOS_TRY(std::vector<sql::RawStatement> statements, sql::Parse(view_sql));
  return sql::AnalyzeView(*statements[0].statement, {}, context).status();
}

}  // namespace

std::set<Oid> TypesHolding(const catalog::Snapshot& snapshot, Oid type) {
  std::set<Oid> types;
  std::vector<Oid> open;
  const auto add = [&](Oid oid, Oid array_oid) {
    if (types.insert(oid).second) open.push_back(oid);
    if (types.insert(array_oid).second) open.push_back(array_oid);
  };
  const catalog::UserType* self = snapshot.FindUserType(type);
  if (self == nullptr) return types;
  add(type, self->array_oid);
  while (!open.empty()) {
    const Oid held = open.back();
    open.pop_back();
    const auto is_held = [held](const catalog::Column& column) {
      return !column.dropped && column.type.oid == held;
    };
    for (const auto& [oid, object] : snapshot.objects()) {
      if (object->kind() == catalog::ObjectKind::kType) {
        const auto& other = static_cast<const catalog::UserType&>(*object);
        if (other.base.oid == held ||
            std::any_of(other.fields.begin(), other.fields.end(), is_held)) {
          add(other.oid, other.array_oid);
        }
      } else if (object->kind() == catalog::ObjectKind::kTable) {
        const auto& table = static_cast<const catalog::Table&>(*object);
        const catalog::UserType* row = snapshot.FindUserType(catalog::RowTypeOf(oid));
        if (row != nullptr && std::any_of(table.columns.begin(), table.columns.end(), is_held)) {
          add(row->oid, row->array_oid);
        }
      }
    }
  }
  return types;
}

std::optional<std::string> ColumnHolding(const catalog::Snapshot& snapshot, Oid type) {
  const std::set<Oid> types = TypesHolding(snapshot, type);
  for (const catalog::Table* table : TablesHolding(snapshot, types)) {
    for (const catalog::Column& column : table->columns) {
      if (!column.dropped && types.contains(column.type.oid)) {
        return table->name + "." + column.name;
      }
    }
  }
  return std::nullopt;
}

Status CheckMember(const catalog::Snapshot& snapshot, Oid type, std::string_view type_name,
                   Oid member) {
  if (!TypesHolding(snapshot, type).contains(member)) return Status::Ok();
  return Error(ErrorCode::kInvalidTableDefinition)
      .Message("composite type {} cannot be made a member of itself", type_name);
}

Status LockTablesHolding(SessionImpl& session, Oid type) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const catalog::Table* table : TablesHolding(*snapshot, TypesHolding(*snapshot, type))) {
    HELIOS_TRY(
        session.LockRelation(table->oid, hidb::TableLockMode::kAccessExclusive, table->name));
  }
  return Status::Ok();
}

Status CheckViewsAfter(SessionImpl& session, DdlEditor& editor,
                       std::shared_ptr<const catalog::Object> changed, const LostAttribute& lost) {
  catalog::Editor trial(session.Catalog());
  trial.Put(std::move(changed));
  TrialContext after(session, trial.Finish(0));
  std::vector<Oid> views;
  for (const auto& [oid, object] : editor.current().objects()) {
    if (object->kind() != catalog::ObjectKind::kTable) continue;
    const auto& view = static_cast<const catalog::Table&>(*object);
    if (view.table_kind != catalog::TableKind::kView) continue;
    if (AnalyzeText(view.view_sql, after.context).ok()) continue;
    sql::PlannerContext now = session.MakePlannerContext();
    if (!AnalyzeText(view.view_sql, now).ok()) continue;  // Something else is wrong with it.
    if (!lost.cascade) {
      return Error(ErrorCode::kDependentObjectsStillExist)
          .Message("cannot drop {} because other objects depend on it", lost.what)
          .Detail("{} depends on {}", DescribeObject(session, view), lost.what)
          .Hint("Use DROP ... CASCADE to drop the dependent objects too.");
    }
    views.push_back(oid);
  }
  if (views.empty()) return Status::Ok();
  for (const Oid view : views) {
    session.Notice(
        Notice::Severity::kNotice, "00000",
        fmt::format("drop cascades to {}", DescribeObject(session, *editor.current().Find(view))));
  }
  return DropObjects(session, editor, views, true);
}

Status StoredComposites::Prepare(DdlEditor& editor) {
  old_catalog_ = session_.Catalog();
  old_lookup_ = std::make_unique<catalog::CatalogTypeLookup>(old_catalog_, std::vector<Oid>());
  holding_ = TypesHolding(*old_catalog_, type_);
  for (const catalog::Table* table : TablesHolding(*old_catalog_, holding_)) {
    before_.push_back(std::make_shared<catalog::Table>(*table));
    auto after = editor.Copy<catalog::Table>(table->oid);
    session_.txn().dropped_spaces.push_back(table->storage_id);
    HELIOS_TRY(after->storage_id, session_.NewOid());
    for (catalog::Column& column : after->columns) column.missing_text.reset();
    for (const Oid oid : after->indexes) {
      auto index = editor.Copy<catalog::Index>(oid);
      if (index->storage_id == 0) continue;
      session_.txn().dropped_spaces.push_back(index->storage_id);
      HELIOS_TRY(index->storage_id, session_.NewOid());
      editor.Put(std::move(index));
    }
    editor.Put(std::move(after));
  }
  return Status::Ok();
}

Status StoredComposites::Rewrite() {
  for (const std::shared_ptr<const catalog::Table>& before : before_) {
    const std::shared_ptr<const catalog::Snapshot> catalog = session_.Catalog();
    const catalog::Table* after = catalog->FindTable(before->oid);
    Status status = RewriteRows(session_, *before, *after,
                                [&](Chunk* rows) { return ConvertRows(*before, rows); });
    if (status.Is(ErrorCode::kUndefinedColumn)) {
      return Error(ErrorCode::kDependentObjectsStillExist)
          .Message("cannot drop an attribute of type {} because table {} depends on it",
                   FormatType({type_}, &session_.Lookup()), before->name)
          .Detail("{}", status.info().message);
    }
    HELIOS_TRY(std::move(status));
  }
  return Status::Ok();
}

Status StoredComposites::ConvertRows(const catalog::Table& table, Chunk* rows) const {
  size_t position = 0;
  for (const catalog::Column& column : table.columns) {
    if (column.dropped) continue;
    const size_t at = position++;
    if (!holding_.contains(column.type.oid)) continue;
    const Vector& old = rows->column(at);
    Vector converted(old.type(), old.physical());
    for (size_t row = 0; row < rows->row_count(); ++row) {
      if (old.IsNull(row)) {
        converted.SetNull(row);
        continue;
      }
      HELIOS_TRY(const std::string value, ConvertValue(column.type.oid, old.View(row)));
      converted.SetString(row, value);
    }
    rows->column(at) = std::move(converted);
  }
  return Status::Ok();
}

Result<std::string> StoredComposites::ConvertValue(Oid oid, std::string_view bytes) const {
  if (!holding_.contains(oid)) return std::string(bytes);
  const TypeLookup::UserType* user = old_lookup_->FindUserType(oid);
  if (user == nullptr) return std::string(bytes);
  switch (user->kind) {
    case TypeLookup::UserKind::kDomain:
      return ConvertValue(user->base.oid, bytes);
    case TypeLookup::UserKind::kComposite:
      return ConvertRecord(*old_catalog_->FindUserType(oid), bytes);
    case TypeLookup::UserKind::kArray:
      return ConvertArray(user->element, bytes);
    default:
      return std::string(bytes);
  }
}

Result<std::string> StoredComposites::ConvertArray(Oid element, std::string_view bytes) const {
  const ArrayReader array(bytes);
  ArrayBuilder builder(array.element_type(), array.element_physical());
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      builder.AddNull();
      continue;
    }
    HELIOS_TRY(const std::string value, ConvertValue(element, array.Bytes(i)));
    builder.AddBytes(value);
  }
  std::vector<int32_t> dimensions, lower_bounds;
  for (int32_t i = 0; i < array.dimension_count(); ++i) {
    dimensions.push_back(array.dimension(i));
    lower_bounds.push_back(array.lower_bound(i));
  }
  return dimensions.empty() ? builder.Finish() : builder.Finish(dimensions, lower_bounds);
}

Result<std::string> StoredComposites::ConvertRecord(const catalog::UserType& type,
                                                    std::string_view bytes) const {
  const RecordReader record(bytes);
  std::vector<Attribute> attributes = attributes_;
  if (type.oid != type_) {  // It holds such values further in.
    attributes.clear();
    for (size_t i = 0; i < type.fields.size(); ++i) {
      attributes.push_back({type.fields[i].type.oid, i});
    }
  }
  RecordBuilder builder(static_cast<uint16_t>(attributes.size()));
  for (const Attribute& attribute : attributes) {
    const size_t source = attribute.source.value_or(SIZE_MAX);
    if (source >= record.field_count() || record.field(source).is_null) {
      builder.AddNull(attribute.type);
      continue;
    }
    const RecordReader::Field& field = record.field(source);
    Vector value({field.type}, field.physical);
    if (holding_.contains(attribute.type)) {
      HELIOS_TRY(const std::string inner, ConvertValue(attribute.type, field.bytes));
      value.SetString(0, inner);
    } else {
      record.Load(source, &value, 0);
    }
    builder.AddFrom(value, 0);
  }
  return std::move(builder).Finish();
}

}  // namespace helios::compute
