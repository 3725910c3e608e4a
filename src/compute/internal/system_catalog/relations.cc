// pg_class, pg_attribute and what describes tables further.

#include "catalog/names.h"
#include "compute/internal/functions/stored_text.h"
#include "compute/internal/privileges.h"
#include "compute/internal/system_catalog/system_catalog.h"

namespace helios::compute {

namespace {

using catalog::ObjectKind;

constexpr Oid kBtreeMethod = 403;
constexpr Oid kHashMethod = 405;
constexpr Oid kHeapMethod = 2;
constexpr Oid kDefaultCollation = 100;

struct ClassRow {
  Oid oid = 0;
  std::string name;
  Oid schema = 0;
  Oid owner = 0;
  Oid method = 0;
  Oid storage = 0;
  double row_count = -1;
  uint64_t bytes = 0;
  bool has_index = false;
  char persistence = 'p';
  char kind = 'r';
  int16_t column_count = 0;
  int16_t check_count = 0;
  bool has_rules = false;
  bool has_triggers = false;
  bool populated = true;
  Oid row_type = 0;
  const catalog::Object* object = nullptr;
  const std::map<std::string, std::string>* options = nullptr;
};

void AddClass(const catalog::Snapshot& snapshot, const ClassRow& row, SystemRowBuilder& rows) {
  if (!rows.Wants("oid", row.oid) || !rows.Wants("relnamespace", row.schema)) return;
  rows.Oid(row.oid).Text(row.name).Oid(row.schema).Oid(row.row_type).Oid(0);
  rows.Oid(row.owner).Oid(row.method);
  rows.Oid(row.storage).Oid(0).Int4(static_cast<int32_t>(row.bytes / 8192));
  rows.Float4(static_cast<float>(row.row_count)).Int4(0).Oid(0).Bool(row.has_index).Bool(false);
  rows.Char(row.persistence).Char(row.kind).Int2(row.column_count).Int2(row.check_count);
  rows.Bool(row.has_rules).Bool(row.has_triggers).Bool(false).Bool(false).Bool(false);
  rows.Bool(row.populated).Char(row.kind == 'r' ? 'd' : 'n').Bool(false).Oid(0).Int4(0).Int4(0);
  if (row.object != nullptr && row.object->acl.has_value()) {
    rows.TextArray(AclItems(snapshot, *row.object->acl));
  } else {
    rows.Null();
  }
  if (row.options == nullptr || row.options->empty()) {
    rows.Null();
  } else {
    std::vector<std::string> options;
    for (const auto& [name, value] : *row.options) options.push_back(name + "=" + value);
    rows.TextArray(options);
  }
  rows.Null().End();
}

struct AttributeRow {
  Oid relation = 0;
  std::string name;
  SqlType type;
  int16_t number = 0;
  bool not_null = false;
  bool has_default = false;
  bool has_missing = false;
  char identity = 0;
  char generated = 0;
  bool dropped = false;
  Oid collation = 0;
  char storage = 0;
  const std::optional<catalog::Acl>* acl = nullptr;
};

void AddAttribute(const catalog::Snapshot& snapshot, const AttributeRow& row,
                  SystemRowBuilder& rows) {
  const TypeInfo* info = FindType(row.type.oid);
  int16_t length = info != nullptr ? info->length : -1;
  bool by_value = info != nullptr && info->by_value;
  char align = info != nullptr ? info->align : 'i';
  char storage = row.storage != 0 ? row.storage : (info != nullptr ? info->storage : 'x');
  if (info == nullptr) {
    const catalog::UserType* user = snapshot.FindUserType(row.type.oid);
    if (user != nullptr && user->oid == row.type.oid &&
        user->type_kind == catalog::UserType::TypeKind::kEnum) {
      length = 4;
      by_value = true;
      storage = 'p';
    }
  }
  const bool is_array = info != nullptr
                            ? info->category == TypeCategory::kArray
                            : (snapshot.FindUserType(row.type.oid) != nullptr &&
                               snapshot.FindUserType(row.type.oid)->array_oid == row.type.oid);
  Oid collation = row.collation;
  if (collation == 0 && info != nullptr && info->category == TypeCategory::kString) {
    collation = kDefaultCollation;
  }
  rows.Oid(row.relation).Text(row.name).Oid(row.dropped ? 0 : row.type.oid).Int4(-1).Int2(length);
  rows.Int2(row.number).Int4(is_array ? 1 : 0).Int4(-1).Int4(row.type.typmod).Bool(by_value);
  rows.Char(align).Char(storage).Char(0).Bool(row.not_null).Bool(row.has_default);
  rows.Bool(row.has_missing).Char(row.identity).Char(row.generated).Bool(row.dropped).Bool(true);
  rows.Int4(0).Oid(collation);
  if (row.acl != nullptr && row.acl->has_value()) {
    rows.TextArray(AclItems(snapshot, **row.acl));
  } else {
    rows.Null();
  }
  rows.Null().Null().Null().End();
}

constexpr struct {
  const char* name;
  Oid type;
  int16_t number;
} kSystemColumns[] = {{"tableoid", type_oid::kOid, -6}, {"cmax", type_oid::kCid, -5},
                      {"xmax", type_oid::kXid, -4},     {"cmin", type_oid::kCid, -3},
                      {"xmin", type_oid::kXid, -2},     {"ctid", type_oid::kTid, -1}};

template <typename Visit>
void ForEachTable(SessionImpl& session, Visit visit) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() == ObjectKind::kTable) visit(static_cast<const catalog::Table&>(*object));
  }
}

// A composite type has a row in pg_class too, under the type's own OID.
bool IsComposite(const catalog::Object& object) {
  return object.kind() == ObjectKind::kType &&
         static_cast<const catalog::UserType&>(object).type_kind ==
             catalog::UserType::TypeKind::kComposite;
}

}  // namespace

Status FillPgClass(SessionImpl& session, SystemRowBuilder& rows) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const catalog::SystemTable* table : snapshot->system_tables()) {
    ClassRow row;
    row.oid = table->oid;
    row.name = table->name;
    row.schema = table->schema;
    row.owner = catalog::kBootstrapRole;
    row.kind = table->is_view ? 'v' : 'r';
    row.method = table->is_view ? 0 : kHeapMethod;
    row.column_count = static_cast<int16_t>(table->columns.size());
    row.has_rules = table->is_view;
    AddClass(*snapshot, row, rows);
  }
  for (const auto& [oid, object] : snapshot->objects()) {
    ClassRow row;
    row.oid = oid;
    row.name = object->name;
    row.schema = object->schema;
    row.owner = object->owner;
    row.object = object.get();
    if (session.temporary_schema() != kInvalidOid && object->schema == session.temporary_schema()) {
      row.persistence = 't';
    }
    if (object->kind() == ObjectKind::kTable) {
      const auto& table = static_cast<const catalog::Table&>(*object);
      row.kind = static_cast<char>(table.table_kind);
      row.row_type = catalog::RowTypeOf(oid);
      row.method = row.kind == 'v' ? 0 : kHeapMethod;
      row.storage = table.storage_id;
      row.has_index = !table.indexes.empty();
      row.column_count = static_cast<int16_t>(table.columns.size());
      row.has_rules = row.kind != 'r';
      row.options = &table.options;
      row.populated = row.kind != 'm' || table.storage_id != 0;
      for (const catalog::Constraint& constraint : table.constraints) {
        row.check_count += constraint.kind == catalog::ConstraintKind::kCheck ? 1 : 0;
        row.has_triggers |= constraint.kind == catalog::ConstraintKind::kForeignKey;
      }
      row.has_triggers |= !table.referenced_by.empty();
      if (table.storage_id != 0 && rows.Wants("oid", oid)) {
        const hidb::SpaceStatistics statistics = session.storage().Statistics(table.storage_id);
        row.row_count = static_cast<double>(statistics.row_count);
        row.bytes = statistics.total_bytes;
      }
    } else if (object->kind() == ObjectKind::kIndex) {
      const auto& index = static_cast<const catalog::Index&>(*object);
      row.kind = 'i';
      row.method = index.method == "hash" ? kHashMethod : kBtreeMethod;
      row.storage = index.storage_id;
      row.column_count = static_cast<int16_t>(index.keys.size() + index.included.size());
      row.options = &index.options;
      row.row_count = 0;
    } else if (object->kind() == ObjectKind::kSequence) {
      row.kind = 'S';
      row.storage = static_cast<const catalog::Sequence&>(*object).storage_id;
      row.column_count = 3;
      row.row_count = 1;
    } else if (IsComposite(*object)) {
      row.kind = 'c';
      row.row_type = oid;
      const auto& fields = static_cast<const catalog::UserType&>(*object).fields;
      row.column_count = static_cast<int16_t>(fields.size());
    } else {
      continue;
    }
    AddClass(*snapshot, row, rows);
  }
  return Status::Ok();
}

namespace {

// Columns of a table or view, and the system columns of a table.
void AddTableAttributes(const catalog::Snapshot& snapshot, const catalog::Table& table,
                        SystemRowBuilder& rows) {
  for (const catalog::Column& column : table.columns) {
    AttributeRow row;
    row.relation = table.oid;
    row.name = column.name;
    row.type = column.type;
    row.number = column.number;
    row.not_null = column.not_null;
    row.has_default = !column.default_sql.empty();
    row.has_missing = column.missing_text.has_value();
    row.identity = column.identity == catalog::Identity::kAlways      ? 'a'
                   : column.identity == catalog::Identity::kByDefault ? 'd'
                                                                      : 0;
    row.generated = column.generated ? 's' : 0;
    row.dropped = column.dropped;
    row.collation = column.collation;
    row.storage = column.storage;
    row.acl = &column.acl;
    AddAttribute(snapshot, row, rows);
  }
  if (table.table_kind != catalog::TableKind::kTable) return;
  for (const auto& system : kSystemColumns) {
    AttributeRow row;
    row.relation = table.oid;
    row.name = system.name;
    row.type = {system.type};
    row.number = system.number;
    row.not_null = true;
    AddAttribute(snapshot, row, rows);
  }
}

void AddIndexAttributes(const catalog::Snapshot& snapshot, const catalog::Index& index,
                        SystemRowBuilder& rows) {
  const catalog::Table* table = snapshot.FindTable(index.table);
  int16_t number = 0;
  for (const catalog::IndexKey& key : index.keys) {
    AttributeRow row;
    row.relation = index.oid;
    row.type = key.type;
    row.number = ++number;
    const catalog::Column* column = table == nullptr ? nullptr : table->FindColumn(key.column);
    row.name = column == nullptr ? fmt::format("expr{}", number == 1 ? "" : std::to_string(number))
                                 : column->name;
    AddAttribute(snapshot, row, rows);
  }
  for (const int16_t included : index.included) {
    const catalog::Column* column = table->FindColumn(included);
    AttributeRow row;
    row.relation = index.oid;
    row.type = column->type;
    row.number = ++number;
    row.name = column->name;
    AddAttribute(snapshot, row, rows);
  }
}

}  // namespace

Status FillPgAttribute(SessionImpl& session, SystemRowBuilder& rows) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const catalog::SystemTable* table : snapshot->system_tables()) {
    if (!rows.Wants("attrelid", table->oid)) continue;
    for (size_t index = 0; index < table->columns.size(); ++index) {
      AttributeRow row;
      row.relation = table->oid;
      row.name = table->columns[index].name;
      row.type = table->columns[index].type;
      row.number = static_cast<int16_t>(index + 1);
      AddAttribute(*snapshot, row, rows);
    }
  }
  for (const auto& [oid, object] : snapshot->objects()) {
    if (!rows.Wants("attrelid", oid)) continue;
    if (object->kind() == ObjectKind::kTable) {
      AddTableAttributes(*snapshot, static_cast<const catalog::Table&>(*object), rows);
    } else if (object->kind() == ObjectKind::kIndex) {
      AddIndexAttributes(*snapshot, static_cast<const catalog::Index&>(*object), rows);
    } else if (IsComposite(*object)) {
      for (const catalog::Column& field : static_cast<const catalog::UserType&>(*object).fields) {
        AttributeRow row;
        row.relation = oid;
        row.name = field.name;
        row.type = field.type;
        row.number = field.number;
        row.dropped = field.dropped;
        row.collation = field.collation;
        AddAttribute(*snapshot, row, rows);
      }
    } else if (object->kind() == ObjectKind::kSequence) {
      int16_t number = 0;
      for (const auto& [name, type] :
           {std::pair("last_value", type_oid::kInt8), std::pair("log_cnt", type_oid::kInt8),
            std::pair("is_called", type_oid::kBool)}) {
        AttributeRow row;
        row.relation = oid;
        row.name = name;
        row.type = {type};
        row.number = ++number;
        row.not_null = true;
        AddAttribute(*snapshot, row, rows);
      }
    }
  }
  return Status::Ok();
}

Status FillPgAttrdef(SessionImpl& session, SystemRowBuilder& rows) {
  ForEachTable(session, [&](const catalog::Table& table) {
    if (!rows.Wants("adrelid", table.oid)) return;
    for (const catalog::Column& column : table.columns) {
      if (column.dropped || column.default_sql.empty()) continue;
      rows.Oid(DefaultOid(table.oid, column.number)).Oid(table.oid).Int2(column.number);
      rows.Text(ShowExpression(session, column.default_sql, &table, column.type, false)).End();
    }
  });
  return Status::Ok();
}

Status FillPgIndex(SessionImpl& session, SystemRowBuilder& rows) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const auto& [oid, object] : snapshot->objects()) {
    if (object->kind() != ObjectKind::kIndex) continue;
    const auto& index = static_cast<const catalog::Index&>(*object);
    if (!rows.Wants("indexrelid", oid) || !rows.Wants("indrelid", index.table)) continue;
    const catalog::Table* table = snapshot->FindTable(index.table);
    std::vector<int16_t> columns, options;
    std::vector<Oid> collations, classes;
    std::string expressions;
    for (const catalog::IndexKey& key : index.keys) {
      columns.push_back(key.column);
      options.push_back(static_cast<int16_t>((key.descending ? 1 : 0) | (key.nulls_first ? 2 : 0)));
      const TypeInfo* info = FindType(key.type.oid);
      const bool text = info != nullptr && info->category == TypeCategory::kString;
      collations.push_back(text ? kDefaultCollation : 0);
      classes.push_back(0x70000000u | (key.type.oid & 0xffffffu));
      if (!key.expression_sql.empty()) {
        expressions += (expressions.empty() ? "" : ", ") + key.expression_sql;
      }
    }
    for (const int16_t column : index.included) columns.push_back(column);
    bool immediate = true;
    if (table != nullptr) {
      for (const catalog::Constraint& constraint : table->constraints) {
        if (constraint.index == oid && constraint.deferrable) immediate = false;
      }
    }
    const bool ready = index.state == catalog::Index::State::kReady;
    rows.Oid(oid).Oid(index.table).Int2(static_cast<int16_t>(columns.size()));
    rows.Int2(static_cast<int16_t>(index.keys.size())).Bool(index.unique);
    rows.Bool(!index.nulls_distinct).Bool(index.primary).Bool(false).Bool(immediate).Bool(false);
    rows.Bool(ready).Bool(false).Bool(true).Bool(true).Bool(false).Int2Vector(columns);
    rows.OidVector(collations).OidVector(classes).Int2Vector(options).TextOrNull(expressions);
    rows.TextOrNull(index.predicate_sql).End();
  }
  return Status::Ok();
}

Status FillPgConstraint(SessionImpl& session, SystemRowBuilder& rows) {
  ForEachTable(session, [&rows](const catalog::Table& table) {
    if (!rows.Wants("conrelid", table.oid)) return;
    for (const catalog::Constraint& constraint : table.constraints) {
      if (!rows.Wants("oid", constraint.oid) ||
          !rows.Wants("confrelid", constraint.referenced_table) ||
          !rows.Wants("conindid", constraint.index)) {
        continue;
      }
      const bool foreign = constraint.kind == catalog::ConstraintKind::kForeignKey;
      rows.Oid(constraint.oid).Text(constraint.name).Oid(table.schema);
      rows.Char(static_cast<char>(constraint.kind)).Bool(constraint.deferrable);
      rows.Bool(constraint.initially_deferred).Bool(constraint.validated).Oid(table.oid).Oid(0);
      rows.Oid(constraint.index).Oid(0).Oid(constraint.referenced_table);
      if (foreign) {
        rows.Char(static_cast<char>(constraint.on_update));
        rows.Char(static_cast<char>(constraint.on_delete));
        rows.Char(constraint.match_full ? 'f' : 's');
      } else {
        rows.Char(' ').Char(' ').Char(' ');
      }
      rows.Bool(true).Int4(0).Bool(constraint.no_inherit || foreign);
      if (constraint.columns.empty()) {
        rows.Null();
      } else {
        rows.Int2Array(constraint.columns);
      }
      if (foreign) {
        rows.Int2Array(constraint.referenced_columns);
      } else {
        rows.Null();
      }
      rows.Null().Null().Null();
      if (constraint.on_delete_set_columns.empty()) {
        rows.Null();
      } else {
        rows.Int2Array(constraint.on_delete_set_columns);
      }
      rows.Null().TextOrNull(constraint.check_sql).End();
    }
  });
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() != ObjectKind::kType) continue;
    const auto& type = static_cast<const catalog::UserType&>(*object);
    for (const catalog::Constraint& check : type.checks) {
      if (!rows.Wants("oid", check.oid) || !rows.Wants("conrelid", 0)) continue;
      rows.Oid(check.oid).Text(check.name).Oid(type.schema).Char('c').Bool(false).Bool(false);
      rows.Bool(check.validated).Oid(0).Oid(oid).Oid(0).Oid(0).Oid(0).Char(' ').Char(' ').Char(' ');
      rows.Bool(true).Int4(0).Bool(false).Nulls(7).Text(check.check_sql).End();
    }
  }
  return Status::Ok();
}

Status FillPgSequence(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() != ObjectKind::kSequence || !rows.Wants("seqrelid", oid)) continue;
    const auto& sequence = static_cast<const catalog::Sequence&>(*object);
    rows.Oid(oid).Oid(sequence.type).Int8(sequence.start).Int8(sequence.increment);
    rows.Int8(sequence.maximum).Int8(sequence.minimum).Int8(sequence.cache).Bool(sequence.cycle);
    rows.End();
  }
  return Status::Ok();
}

Status FillSequenceState(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() != ObjectKind::kSequence || !rows.Wants("seqrelid", oid)) continue;
    const auto& sequence = static_cast<const catalog::Sequence&>(*object);
    hidb::SequenceOptions options;
    options.start = sequence.start;
    options.increment = sequence.increment;
    options.minimum = sequence.minimum;
    options.maximum = sequence.maximum;
    options.cycle = sequence.cycle;
    HELIOS_TRY(const hidb::SequenceState state,
               session.storage().ReadSequence(sequence.storage_id, options));
    rows.Oid(oid).Int8(state.last_value).Int8(0).Bool(state.is_called).End();
  }
  return Status::Ok();
}

Status FillPgDepend(SessionImpl& session, SystemRowBuilder& rows) {
  const auto add = [&rows](Oid catalog_oid, Oid object, int32_t sub, Oid on_catalog, Oid on,
                           int32_t on_sub, char type) {
    if (!rows.Wants("objid", object) || !rows.Wants("refobjid", on) ||
        !rows.Wants("classid", catalog_oid) || !rows.Wants("refclassid", on_catalog)) {
      return;
    }
    rows.Oid(catalog_oid).Oid(object).Int4(sub).Oid(on_catalog).Oid(on).Int4(on_sub).Char(type);
    rows.End();
  };
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() == ObjectKind::kSequence) {
      const auto& sequence = static_cast<const catalog::Sequence&>(*object);
      if (sequence.owned_by_table != kInvalidOid) {
        add(kPgClassOid, oid, 0, kPgClassOid, sequence.owned_by_table, sequence.owned_by_column,
            sequence.identity ? 'i' : 'a');
      }
    } else if (object->kind() == ObjectKind::kIndex) {
      const auto& index = static_cast<const catalog::Index&>(*object);
      if (index.constraint != kInvalidOid) {
        add(kPgClassOid, oid, 0, kPgConstraintOid, index.constraint, 0, 'i');
      } else {
        for (const catalog::IndexKey& key : index.keys) {
          add(kPgClassOid, oid, 0, kPgClassOid, index.table, key.column, 'a');
        }
      }
    } else if (object->kind() == ObjectKind::kTable) {
      const auto& table = static_cast<const catalog::Table&>(*object);
      for (const catalog::Constraint& constraint : table.constraints) {
        for (const int16_t column : constraint.columns) {
          add(kPgConstraintOid, constraint.oid, 0, kPgClassOid, oid, column, 'a');
        }
        if (constraint.kind == catalog::ConstraintKind::kForeignKey) {
          add(kPgConstraintOid, constraint.oid, 0, kPgClassOid, constraint.index, 0, 'n');
        }
      }
      for (const catalog::Column& column : table.columns) {
        if (!column.dropped && !column.default_sql.empty()) {
          add(kPgAttrdefOid, DefaultOid(oid, column.number), 0, kPgClassOid, oid, column.number,
              'a');
        }
      }
      for (const Oid on : table.depends_on) {
        add(kPgRewriteOid, RuleOid(oid), 0, kPgClassOid, on, 0, 'n');
      }
    }
  }
  return Status::Ok();
}

Status FillPgDescription(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    Oid class_oid = kPgClassOid;
    if (object->kind() == ObjectKind::kType) class_oid = kPgTypeOid;
    if (object->kind() == ObjectKind::kSchema) class_oid = kPgNamespaceOid;
    if (object->kind() == ObjectKind::kRole || object->kind() == ObjectKind::kDatabase) continue;
    for (const auto& [sub_object, text] : object->comments) {
      rows.Oid(oid).Oid(class_oid).Int4(sub_object).Text(text).End();
    }
    if (object->kind() != ObjectKind::kTable) continue;
    for (const auto& constraint : static_cast<const catalog::Table&>(*object).constraints) {
      if (constraint.comment.empty()) continue;
      rows.Oid(constraint.oid).Oid(kPgConstraintOid).Int4(0).Text(constraint.comment).End();
    }
  }
  return Status::Ok();
}

Status FillPgRewrite(SessionImpl& session, SystemRowBuilder& rows) {
  ForEachTable(session, [&rows](const catalog::Table& table) {
    if (table.table_kind == catalog::TableKind::kTable) return;
    rows.Oid(RuleOid(table.oid)).Text("_RETURN").Oid(table.oid).Char('1').Char('O').Bool(true);
    rows.Text("<>").Text(table.view_sql).End();
  });
  return Status::Ok();
}

}  // namespace helios::compute
