// Visibility, comments, sizes and properties of objects of the catalog; names to OIDs.

#include "catalog/names.h"
#include "compute/internal/functions/session_call.h"
#include "compute/internal/privileges.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "sql/planner.h"
#include "types/array.h"
#include "types/text.h"

namespace helios::compute {
namespace {

using catalog::ObjectKind;

constexpr Oid kGlobalTablespace = 1664;

// --- visibility

Status RelationIsVisible(SessionCall& call) {
  const Oid oid = call.AsOid(0);
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  if (const catalog::SystemTable* system = snapshot->FindSystemTable(oid)) {
    if (system->schema == catalog::kPgCatalogSchema) return call.ReturnBool(true);
    for (const Oid schema : call.session.SearchPath()) {
      if (schema == system->schema) return call.ReturnBool(true);
    }
    return call.ReturnBool(false);
  }
  const catalog::Object* object = snapshot->Find(oid);
  if (object == nullptr) return call.ReturnNull();
  return call.ReturnBool(call.session.Lookup().IsVisible(*object));
}

Status TypeIsVisible(SessionCall& call) {
  const Oid oid = call.AsOid(0);
  if (FindType(oid) != nullptr) return call.ReturnBool(true);
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  if (const catalog::UserType* type = snapshot->FindUserType(oid)) {
    return call.ReturnBool(call.session.Lookup().IsVisible(*type));
  }
  return RelationIsVisible(call);  // A table's row type has the table's visibility.
}

// Functions, operators and the like are all in pg_catalog.
Status AlwaysVisible(SessionCall& call) { return call.ReturnBool(true); }

// --- names to OIDs: NULL where ::regclass would be an error

template <Oid kRegType>
Status ToReg(SessionCall& call) {
  const Result<Oid> oid = call.session.Lookup().ResolveName(kRegType, call.Text(0));
  if (oid.ok()) return call.ReturnOid(*oid);
  switch (oid.status().code()) {
    case ErrorCode::kUndefinedTable:
    case ErrorCode::kUndefinedObject:
    case ErrorCode::kUndefinedFunction:
    case ErrorCode::kAmbiguousFunction:
    case ErrorCode::kInvalidSchemaName:
      return call.ReturnNull();
    default:
      return oid.status();
  }
}

// --- comments

Status ReturnComment(SessionCall& call, const catalog::Object* object, int32_t sub_object) {
  if (object == nullptr) return call.ReturnNull();
  const auto found = object->comments.find(sub_object);
  return found == object->comments.end() ? call.ReturnNull() : call.ReturnText(found->second);
}

bool IsInCatalog(const catalog::Object& object, std::string_view catalog_name) {
  switch (object.kind()) {
    case ObjectKind::kRole:
      return catalog_name == "pg_authid";
    case ObjectKind::kDatabase:
      return catalog_name == "pg_database";
    case ObjectKind::kSchema:
      return catalog_name == "pg_namespace";
    case ObjectKind::kType:
      return catalog_name == "pg_type";
    case ObjectKind::kTable:
    case ObjectKind::kIndex:
    case ObjectKind::kSequence:
      return catalog_name == "pg_class";
  }
  return false;
}

Status ConstraintComment(SessionCall& call, const catalog::Snapshot& snapshot, Oid oid) {
  for (const auto& [unused, object] : snapshot.objects()) {
    if (object->kind() != ObjectKind::kTable) continue;
    for (const auto& constraint : static_cast<const catalog::Table&>(*object).constraints) {
      if (constraint.oid == oid && !constraint.comment.empty()) {
        return call.ReturnText(constraint.comment);
      }
    }
  }
  return call.ReturnNull();
}

Status ObjectDescription(SessionCall& call) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const Oid oid = call.AsOid(0);
  const catalog::Object* object = snapshot->Find(oid);
  if (call.argument_count() > 1) {
    const std::string catalog_name = call.Text(1);
    if (catalog_name == "pg_constraint") return ConstraintComment(call, *snapshot, oid);
    if (object == nullptr || !IsInCatalog(*object, catalog_name)) return call.ReturnNull();
  }
  return ReturnComment(call, object, 0);
}

Status ColumnDescription(SessionCall& call) {
  const int32_t number = call.As<int32_t>(1);
  if (number == 0) return call.ReturnNull();
  return ReturnComment(call, call.session.Catalog()->FindTable(call.AsOid(0)), number);
}

// --- sizes

int64_t SpaceBytes(SessionCall& call, uint32_t space) {
  if (space == 0) return 0;
  return static_cast<int64_t>(call.session.storage().Statistics(space).total_bytes);
}

int64_t IndexBytes(SessionCall& call, const catalog::Snapshot& snapshot,
                   const catalog::Table& table) {
  int64_t bytes = 0;
  for (const Oid oid : table.indexes) {
    const catalog::Index* index = snapshot.FindIndex(oid);
    if (index != nullptr) bytes += SpaceBytes(call, index->storage_id);
  }
  return bytes;
}

enum class Size : uint8_t { kMain, kIndexes, kTotal };

template <Size kSize>
Status RelationSize(SessionCall& call) {
  const Oid oid = call.AsOid(0);
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  // Only the main fork has bytes here.
  if (kSize == Size::kMain && call.argument_count() > 1) {
    const std::string fork = call.Text(1);
    if (fork != "main" && fork != "fsm" && fork != "vm" && fork != "init") {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("invalid fork name")
          .Hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".");
    }
    if (fork != "main") return call.ReturnInt8(0);
  }
  if (const catalog::Table* table = snapshot->FindTable(oid)) {
    const int64_t main = SpaceBytes(call, table->storage_id);
    if (kSize == Size::kMain) return call.ReturnInt8(main);
    const int64_t indexes = IndexBytes(call, *snapshot, *table);
    return call.ReturnInt8(kSize == Size::kIndexes ? indexes : main + indexes);
  }
  if (const catalog::Index* index = snapshot->FindIndex(oid)) {
    return call.ReturnInt8(kSize == Size::kIndexes ? 0 : SpaceBytes(call, index->storage_id));
  }
  if (snapshot->FindSequence(oid) != nullptr || snapshot->FindSystemTable(oid) != nullptr) {
    return call.ReturnInt8(0);
  }
  return call.ReturnNull();
}

int64_t DataBytes(SessionCall& call) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  int64_t bytes = 0;
  for (const auto& [unused, object] : snapshot->objects()) {
    if (object->kind() != ObjectKind::kTable) continue;
    const auto& table = static_cast<const catalog::Table&>(*object);
    bytes += SpaceBytes(call, table.storage_id) + IndexBytes(call, *snapshot, table);
  }
  return bytes;
}

Status DatabaseSize(SessionCall& call) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Database* database = nullptr;
  if (IsStringType(call.TypeOf(0).oid)) {
    database = snapshot->FindDatabase(call.Text(0));
    if (database == nullptr) {
      return Error(ErrorCode::kInvalidCatalogName)
          .Message("database \"{}\" does not exist", call.Text(0));
    }
  } else {
    database = snapshot->FindDatabase(call.AsOid(0));
    if (database == nullptr) return call.ReturnNull();
  }
  return call.ReturnInt8(database->name == call.session.database() ? DataBytes(call) : 0);
}

Status TablespaceSize(SessionCall& call) {
  bool is_global = false;
  if (IsStringType(call.TypeOf(0).oid)) {
    const std::string name = call.Text(0);
    is_global = name == "pg_global";
    if (!is_global && name != "pg_default") {
      return Error(ErrorCode::kUndefinedObject).Message("tablespace \"{}\" does not exist", name);
    }
  } else {
    is_global = call.AsOid(0) == kGlobalTablespace;
  }
  return call.ReturnInt8(is_global ? 0 : DataBytes(call));
}

Status TablespaceLocation(SessionCall& call) { return call.ReturnText(""); }

// --- relations

Status RelationFilenode(SessionCall& call) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Table* table = snapshot->FindTable(call.AsOid(0));
  if (table != nullptr && table->table_kind == catalog::TableKind::kView) return call.ReturnNull();
  if (table == nullptr && snapshot->FindIndex(call.AsOid(0)) == nullptr) return call.ReturnNull();
  return call.ReturnOid(call.AsOid(0));
}

// Whether the statement could run: a view is what it reads from allows.
bool CanPlan(SessionImpl& session, const std::string& text) {
  const auto statements = sql::Parse(text);
  if (!statements.ok()) return false;
  sql::PlannerContext context = session.MakePlannerContext();
  return sql::PlanStatement(*(*statements)[0].statement, context).ok();
}

Status IsUpdatable(SessionCall& call) {
  constexpr int32_t kInsert = 8;
  constexpr int32_t kUpdateDelete = 4 | 16;
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Table* table = snapshot->FindTable(call.AsOid(0));
  if (table == nullptr || table->table_kind == catalog::TableKind::kMaterializedView) {
    return call.ReturnInt4(0);
  }
  if (table->table_kind == catalog::TableKind::kTable) {
    return call.ReturnInt4(kInsert | kUpdateDelete);
  }
  const std::string name =
      sql::QuoteQualifiedName({snapshot->FindSchema(table->schema)->name, table->name});
  int32_t events = 0;
  if (CanPlan(call.session, "INSERT INTO " + name + " DEFAULT VALUES")) events |= kInsert;
  if (CanPlan(call.session, "DELETE FROM " + name)) events |= kUpdateDelete;
  return call.ReturnInt4(events);
}

Status IsPublishable(SessionCall& call) {
  const catalog::Table* table = call.session.Catalog()->FindTable(call.AsOid(0));
  if (table == nullptr) return call.ReturnNull();
  return call.ReturnBool(table->table_kind == catalog::TableKind::kTable && !table->temporary);
}

Status MyTempSchema(SessionCall& call) { return call.ReturnOid(call.session.temporary_schema()); }

Status IsOtherTempSchema(SessionCall& call) {
  const catalog::Schema* schema = call.session.Catalog()->FindSchema(call.AsOid(0));
  return call.ReturnBool(schema != nullptr && schema->oid != call.session.temporary_schema() &&
                         schema->name.starts_with("pg_temp_"));
}

// --- indexes

Status AccessMethodProperty(SessionCall& call) {
  const std::string property = call.Text(1);
  for (const char* name : {"can_order", "can_unique", "can_multi_col", "can_include"}) {
    if (property == name) return call.ReturnBool(true);
  }
  if (property == "can_exclude") return call.ReturnBool(false);
  return call.ReturnNull();
}

Status IndexProperty(SessionCall& call) {
  if (call.session.Catalog()->FindIndex(call.AsOid(0)) == nullptr) return call.ReturnNull();
  const std::string property = call.Text(1);
  for (const char* name : {"clusterable", "index_scan", "bitmap_scan", "backward_scan"}) {
    if (property == name) return call.ReturnBool(property != "clusterable");
  }
  return call.ReturnNull();
}

Status IndexColumnProperty(SessionCall& call) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Index* index = snapshot->FindIndex(call.AsOid(0));
  const int32_t number = call.As<int32_t>(1);
  if (index == nullptr || number < 1) return call.ReturnNull();
  const size_t position = static_cast<size_t>(number) - 1;
  if (position >= index->keys.size() + index->included.size()) return call.ReturnNull();
  const std::string property = call.Text(2);
  const bool is_key = position < index->keys.size();
  if (property == "returnable") return call.ReturnBool(true);
  if (property == "distance_orderable") return call.ReturnBool(false);
  if (property == "orderable") return call.ReturnBool(is_key);
  if (!is_key) return call.ReturnNull();
  if (property == "search_array" || property == "search_nulls") return call.ReturnBool(true);
  const catalog::IndexKey& key = index->keys[position];
  if (property == "asc") return call.ReturnBool(!key.descending);
  if (property == "desc") return call.ReturnBool(key.descending);
  if (property == "nulls_first") return call.ReturnBool(key.nulls_first);
  if (property == "nulls_last") return call.ReturnBool(!key.nulls_first);
  return call.ReturnNull();
}

// --- the rest

// Domains are types here.
std::string DescribeKind(const catalog::Object& object) {
  return object.kind() == ObjectKind::kType ? "type" : KindName(object);
}

Status DescribeObject(SessionCall& call) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Object* object = snapshot->Find(call.AsOid(1));
  if (object == nullptr) return call.ReturnNull();
  std::string name = QuoteIdentifier(object->name);
  const auto shown = object->kind() == ObjectKind::kType
                         ? std::optional(FormatType(SqlType{object->oid}, &call.session.Lookup()))
                         : call.session.Lookup().NameOf(type_oid::kRegclass, object->oid);
  if (object->schema != kInvalidOid && shown.has_value()) name = *shown;
  std::string text = DescribeKind(*object) + " " + name;
  const int32_t number = call.As<int32_t>(2);
  if (number != 0 && object->kind() == ObjectKind::kTable) {
    const auto& table = static_cast<const catalog::Table&>(*object);
    const catalog::Column* column = table.FindColumn(static_cast<int16_t>(number));
    if (column == nullptr) return call.ReturnNull();
    text = fmt::format("column {} of {}", QuoteIdentifier(column->name), text);
  }
  return call.ReturnText(text);
}

Status CollationFor(SessionCall& call) {
  const Oid type = call.TypeOf(0).oid;
  if (!IsStringType(type) || type == type_oid::kChar) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("collations are not supported by type {}",
                 FormatType(SqlType{type}, &call.session.Lookup()));
  }
  return call.ReturnText(type == type_oid::kName ? "\"C\"" : "\"default\"");
}

Status NoProcesses(SessionCall& call) {
  return call.ReturnText(ArrayBuilder(type_oid::kInt4).Finish());
}

Status ZeroInt8(SessionCall& call) { return call.ReturnInt8(0); }
Status Null(SessionCall& call) { return call.ReturnNull(); }

}  // namespace

void AddCatalogFunctions(SessionFunctionTable* table) {
  table->insert({{"pg_table_is_visible", RelationIsVisible},
                 {"pg_type_is_visible", TypeIsVisible},
                 {"to_regclass", ToReg<type_oid::kRegclass>},
                 {"to_regcollation", ToReg<type_oid::kRegcollation>},
                 {"to_regnamespace", ToReg<type_oid::kRegnamespace>},
                 {"to_regoper", ToReg<type_oid::kRegoper>},
                 {"to_regoperator", ToReg<type_oid::kRegoperator>},
                 {"to_regproc", ToReg<type_oid::kRegproc>},
                 {"to_regprocedure", ToReg<type_oid::kRegprocedure>},
                 {"to_regrole", ToReg<type_oid::kRegrole>},
                 {"to_regtype", ToReg<type_oid::kRegtype>},
                 {"obj_description", ObjectDescription},
                 {"shobj_description", ObjectDescription},
                 {"col_description", ColumnDescription},
                 {"pg_relation_size", RelationSize<Size::kMain>},
                 {"pg_table_size", RelationSize<Size::kMain>},
                 {"pg_indexes_size", RelationSize<Size::kIndexes>},
                 {"pg_total_relation_size", RelationSize<Size::kTotal>},
                 {"pg_database_size", DatabaseSize},
                 {"pg_tablespace_size", TablespaceSize},
                 {"pg_tablespace_location", TablespaceLocation},
                 {"pg_relation_filenode", RelationFilenode},
                 {"pg_relation_filepath", Null},
                 {"pg_relation_is_updatable", IsUpdatable},
                 {"pg_relation_is_publishable", IsPublishable},
                 {"pg_my_temp_schema", MyTempSchema},
                 {"pg_is_other_temp_schema", IsOtherTempSchema},
                 {"pg_indexam_has_property", AccessMethodProperty},
                 {"pg_index_has_property", IndexProperty},
                 {"pg_index_column_has_property", IndexColumnProperty},
                 {"pg_describe_object", DescribeObject},
                 {"pg_collation_for", CollationFor},
                 {"pg_blocking_pids", NoProcesses},
                 {"pg_stat_get_numscans", ZeroInt8}});
  for (const char* name :
       {"pg_collation_is_visible", "pg_conversion_is_visible", "pg_function_is_visible",
        "pg_opclass_is_visible", "pg_operator_is_visible", "pg_opfamily_is_visible",
        "pg_statistics_obj_is_visible", "pg_ts_config_is_visible", "pg_ts_dict_is_visible",
        "pg_ts_parser_is_visible", "pg_ts_template_is_visible"}) {
    table->insert({name, AlwaysVisible});
  }
}

}  // namespace helios::compute
