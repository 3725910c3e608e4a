// Foreign keys of a table under construction: which key of the parent they mean, and the
// bookkeeping on both sides.

#include <algorithm>

#include "compute/internal/ddl/table_builder.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "expr/function_registry.h"

namespace helios::compute {

namespace ast = sql::ast;

namespace {

catalog::ForeignKeyAction ActionOf(ast::ForeignKeyAction action) {
  switch (action) {
    case ast::ForeignKeyAction::kNoAction:
      return catalog::ForeignKeyAction::kNoAction;
    case ast::ForeignKeyAction::kRestrict:
      return catalog::ForeignKeyAction::kRestrict;
    case ast::ForeignKeyAction::kCascade:
      return catalog::ForeignKeyAction::kCascade;
    case ast::ForeignKeyAction::kSetNull:
      return catalog::ForeignKeyAction::kSetNull;
    case ast::ForeignKeyAction::kSetDefault:
      return catalog::ForeignKeyAction::kSetDefault;
  }
  return catalog::ForeignKeyAction::kNoAction;
}

bool SameColumns(std::vector<int16_t> a, std::vector<int16_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// Whether values of the two types compare with an = operator: the same type, or both numbers, or
// both strings.
bool Comparable(Oid child, Oid parent) {
  if (child == parent) return true;
  const TypeInfo* a = FindType(child);
  const TypeInfo* b = FindType(parent);
  return a != nullptr && b != nullptr && a->category == b->category &&
         (a->category == TypeCategory::kNumeric || a->category == TypeCategory::kString ||
          (a->category == TypeCategory::kDateTime && expr::FindCast(child, parent) != nullptr));
}

Status DeferrableKey(std::string_view kind, const catalog::Table& parent) {
  return Error(ErrorCode::kObjectNotInPrerequisiteState)
      .Message("cannot use a deferrable {} for referenced table \"{}\"", kind, parent.name);
}

}  // namespace

// Fills in the referenced columns and the index that makes them unique.
Status TableBuilder::FindReferencedKey(const catalog::Table& parent,
                                       const ast::Constraint& definition,
                                       catalog::Constraint* key) {
  if (definition.referenced_columns.empty()) {
    const catalog::Constraint* primary = parent.PrimaryKey();
    if (primary == nullptr) {
      return Error(ErrorCode::kUndefinedObject)
          .Message("there is no primary key for referenced table \"{}\"", parent.name);
    }
    if (primary->deferrable) return DeferrableKey("primary key", parent);
    key->referenced_columns = primary->columns;
    key->index = primary->index;
    return Status::Ok();
  }
  for (const std::string& name : definition.referenced_columns) {
    const catalog::Column* column = parent.FindColumn(name);
    if (column == nullptr) {
      return Error(ErrorCode::kUndefinedColumn)
          .Message("column \"{}\" referenced in foreign key constraint does not exist", name);
    }
    key->referenced_columns.push_back(column->number);
  }
  const std::vector<Oid>& indexes = parent.indexes;
  for (const Oid oid : indexes) {
    const catalog::Index* index = editor_.current().FindIndex(oid);
    if (index == nullptr || !index->unique || !index->predicate_sql.empty()) continue;
    std::vector<int16_t> columns;
    for (const catalog::IndexKey& part : index->keys) columns.push_back(part.column);
    if (!SameColumns(columns, key->referenced_columns)) continue;
    const bool deferrable =
        std::any_of(parent.constraints.begin(), parent.constraints.end(),
                    [oid](const catalog::Constraint& constraint) {
                      return constraint.kind != catalog::ConstraintKind::kForeignKey &&
                             constraint.index == oid && constraint.deferrable;
                    });
    if (deferrable) return DeferrableKey("unique constraint", parent);
    key->index = oid;
    return Status::Ok();
  }
  return Error(ErrorCode::kInvalidForeignKey)
      .Message("there is no unique constraint matching given keys for referenced table \"{}\"",
               parent.name);
}

Result<const catalog::Table*> TableBuilder::FindReferencedTable(
    const ast::RelationName& referenced) {
  // The table itself may not be in the catalog yet.
  const catalog::Schema* own_schema = editor_.current().FindSchema(table_->schema);
  const bool names_itself = referenced.name == table_->name &&
                            (referenced.schema.empty() ||
                             (own_schema != nullptr && own_schema->name == referenced.schema));
  if (names_itself) return table_.get();
  HELIOS_TRY(const catalog::Table* parent, FindTableOrView(session_, referenced));
  if (parent->table_kind != catalog::TableKind::kTable) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("referenced relation \"{}\" is not a table", parent->name);
  }
  parent = editor_.current().FindTable(parent->oid);
  const bool parent_temporary = parent->schema == session_.temporary_schema();
  const bool temporary = table_->schema == session_.temporary_schema();
  if (session_.temporary_schema() != kInvalidOid && parent_temporary != temporary) {
    return Error(ErrorCode::kInvalidTableDefinition)
        .Message("constraints on {} tables may reference only {} tables",
                 temporary ? "temporary" : "permanent", temporary ? "temporary" : "permanent");
  }
  if (!HasPrivilege(*session_.Catalog(), session_.role(), *parent,
                    static_cast<catalog::PrivilegeMask>(catalog::Privilege::kReferences))) {
    return PermissionDenied(*parent);
  }
  return parent;
}

Status TableBuilder::CheckKeyTypes(const catalog::Table& parent,
                                   const catalog::Constraint& key) const {
  for (size_t part = 0; part < key.columns.size(); ++part) {
    const catalog::Column* child_column = table_->FindColumn(key.columns[part]);
    const catalog::Column* parent_column = parent.FindColumn(key.referenced_columns[part]);
    if (Comparable(child_column->type.oid, parent_column->type.oid)) continue;
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("foreign key constraint \"{}\" cannot be implemented", key.name)
        .Detail("Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                child_column->name, parent_column->name,
                FormatType(child_column->type, &session_.Lookup()),
                FormatType(parent_column->type, &session_.Lookup()));
  }
  return Status::Ok();
}

Status TableBuilder::RegisterReference(Oid parent) {
  const bool names_itself = parent == table_->oid;
  std::shared_ptr<catalog::Table> other =
      names_itself ? table_ : editor_.Copy<catalog::Table>(parent);
  if (std::find(other->referenced_by.begin(), other->referenced_by.end(), table_->oid) ==
      other->referenced_by.end()) {
    other->referenced_by.push_back(table_->oid);
  }
  if (names_itself) return Status::Ok();
  // Writers of the parent must see the new constraint before they change a key.
  HELIOS_TRY(session_.LockRelation(parent, hidb::TableLockMode::kShareRowExclusive, other->name));
  editor_.Put(std::move(other));
  return Status::Ok();
}

Status TableBuilder::AddForeignKey(const ast::Constraint& definition, const std::string& column) {
  catalog::Constraint key;
  key.kind = catalog::ConstraintKind::kForeignKey;
  std::vector<std::string> names = definition.columns;
  if (names.empty() && !column.empty()) names = {column};
  std::string about;
  for (const std::string& name : names) {
    const catalog::Column* found = table_->FindColumn(name);
    if (found == nullptr) {
      return Error(ErrorCode::kUndefinedColumn)
          .Message("column \"{}\" referenced in foreign key constraint does not exist", name);
    }
    key.columns.push_back(found->number);
    about += (about.empty() ? "" : "_") + name;
  }
  HELIOS_TRY(const catalog::Table* parent, FindReferencedTable(definition.referenced));
  key.referenced_table = parent->oid;
  HELIOS_TRY(FindReferencedKey(*parent, definition, &key));
  if (key.columns.size() != key.referenced_columns.size()) {
    return Error(ErrorCode::kInvalidForeignKey)
        .Message("number of referencing and referenced columns for foreign key disagree");
  }
  key.name = definition.name;
  if (key.name.empty()) {
    key.name =
        ChooseName(editor_.current(), kInvalidOid, table_->name, about, "fkey", ConstraintNames());
  } else if (table_->FindConstraint(key.name) != nullptr) {
    return Error(ErrorCode::kDuplicateObject)
        .Message("constraint \"{}\" for relation \"{}\" already exists", key.name, table_->name);
  }
  HELIOS_TRY(CheckKeyTypes(*parent, key));
  HELIOS_TRY(key.oid, session_.NewOid());
  key.on_delete = ActionOf(definition.on_delete);
  key.on_update = ActionOf(definition.on_update);
  for (const std::string& name : definition.on_delete_columns) {
    HELIOS_TRY(const int16_t number, ColumnNumber(name, ""));
    if (std::find(key.columns.begin(), key.columns.end(), number) == key.columns.end()) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("column \"{}\" referenced in ON DELETE SET action must be part of foreign key",
                   name);
    }
    key.on_delete_set_columns.push_back(number);
  }
  if (definition.match == ast::ForeignKeyMatch::kPartial) {
    return Error(ErrorCode::kFeatureNotSupported).Message("MATCH PARTIAL not yet implemented");
  }
  key.match_full = definition.match == ast::ForeignKeyMatch::kFull;
  key.deferrable = definition.deferrable;
  key.initially_deferred = definition.initially_deferred;
  key.validated = !definition.not_valid;
  added_constraints_.push_back(key.oid);
  const Oid parent_oid = key.referenced_table;
  table_->constraints.push_back(std::move(key));
  return RegisterReference(parent_oid);
}

}  // namespace helios::compute
