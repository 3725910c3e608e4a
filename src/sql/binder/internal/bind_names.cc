// Binder: what names mean: columns, relations, tables.
#include <algorithm>

#include "expr/internal_functions.h"
#include "sql/binder/internal/binder.h"
#include "sql/parser/parser.h"
#include "types/row_codec.h"
#include "types/tid.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::As;
using expr::ExprKind;
}  // namespace

std::string_view ClauseName(Clause clause) {
  switch (clause) {
    case Clause::kNone:
      return "this context";
    case Clause::kSelect:
      return "SELECT";
    case Clause::kFromFunction:
      return "functions in FROM";
    case Clause::kFromSubquery:
      return "FROM clause of their own query level";
    case Clause::kJoinOn:
      return "JOIN conditions";
    case Clause::kWhere:
      return "WHERE";
    case Clause::kGroupBy:
      return "GROUP BY";
    case Clause::kHaving:
      return "HAVING";
    case Clause::kFilter:
      return "FILTER";
    case Clause::kWindowPartition:
      return "window definitions";
    case Clause::kWindowOrder:
      return "window definitions";
    case Clause::kWindowFrame:
      return "window definitions";
    case Clause::kOrderBy:
      return "ORDER BY";
    case Clause::kDistinctOn:
      return "DISTINCT ON";
    case Clause::kLimit:
      return "LIMIT";
    case Clause::kOffset:
      return "OFFSET";
    case Clause::kValues:
      return "VALUES";
    case Clause::kInsertValues:
      return "VALUES";
    case Clause::kUpdateSource:
      return "UPDATE";
    case Clause::kReturning:
      return "RETURNING";
    case Clause::kOnConflict:
      return "ON CONFLICT";
    case Clause::kMergeWhen:
      return "MERGE WHEN conditions";
    case Clause::kCheck:
      return "check constraints";
    case Clause::kDefault:
      return "DEFAULT expressions";
    case Clause::kGenerated:
      return "column generation expressions";
    case Clause::kIndexExpression:
      return "index expressions";
    case Clause::kIndexPredicate:
      return "index predicates";
    case Clause::kAlterUsing:
      return "transform expressions";
    case Clause::kPolicy:
      return "policy expressions";
  }
  return "";
}

uint32_t Binder::NewColumn(std::string name, SqlType type, QueryScope* owner) {
  owners_.push_back(owner);
  relations_of_.push_back(nullptr);
  plan::ColumnRecord record;
  record.name = std::move(name);
  record.type = type;
  record.physical = types_.Physical(type.oid);
  return columns_.Add(std::move(record));
}

ExprPtr Binder::MakeColumn(uint32_t id, int location) {
  auto column = std::make_unique<expr::ColumnExpr>(id, columns_[id].type);
  column->physical = columns_[id].physical;
  column->name = columns_[id].name;
  if (const RecordShapes::Fields* fields = records_.Find(id)) {
    auto names = std::make_shared<std::vector<std::string>>();
    for (const auto& [name, type] : *fields) names->push_back(name);
    column->field_names = std::move(names);
  }
  column->location = location;
  return column;
}

void Binder::NoteUse(uint32_t id) {
  const ScopeRelation* relation = relations_of_[id];
  if (relation == nullptr || relation->catalog_table == nullptr) return;
  for (size_t i = 0; i < relation->columns.size(); ++i) {
    if (relation->columns[i].id != id || i >= relation->column_numbers.size()) continue;
    NeedPrivilege(relation->table, catalog::Privilege::kSelect, relation->column_numbers[i]);
    return;
  }
}

ExprPtr Binder::MakeWholeRow(const ScopeRelation& relation, int location) {
  // A table's row has the table's row type, whose fields are called as in the table whatever the
  // alias says.
  const catalog::UserType* type =
      relation.catalog_table == nullptr
          ? nullptr
          : context_.snapshot->FindUserType(catalog::RowTypeOf(relation.catalog_table->oid));
  const size_t count = relation.columns.size() - relation.hidden_count;
  if (type != nullptr && type->fields.size() != count) type = nullptr;
  auto row = std::make_unique<expr::RowExpr>(SqlType{type == nullptr ? t::kRecord : type->oid, -1});
  row->location = location;
  for (size_t i = 0; i < count; ++i) {
    const ScopeColumn& column = relation.columns[i];
    NoteUse(column.id);
    row->children.push_back(MakeColumn(column.id, location));
    row->field_names.push_back(type == nullptr ? column.name : type->fields[i].name);
  }
  ExprPtr whole = types_.Typed(std::move(row));
  // No row on the far side of an outer join is NULL, not a row of NULLs.
  return GuardMissing(*this, relation, std::move(whole), location);
}

Result<ExprPtr> Binder::FindColumn(const std::string& name, QueryScope& scope, int location) {
  for (QueryScope* level = &scope; level != nullptr; level = level->parent) {
    uint32_t found = kNoColumn;
    const ScopeRelation* in = nullptr;
    for (const ScopeRelation* relation : level->relations) {
      if (!relation->columns_visible) continue;
      if (relation->lateral_only && !level->lateral_active) continue;
      for (const ScopeColumn& column : relation->columns) {
        if (column.name != name) continue;
        if (found != kNoColumn) {
          return Error(ErrorCode::kAmbiguousColumn)
              .Message("column reference \"{}\" is ambiguous", name)
              .Position(PositionOf(location));
        }
        found = column.id;
        in = relation;
      }
    }
    if (found == kNoColumn) continue;
    if (in->lateral_only && !in->lateral_ok) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("invalid reference to FROM-clause entry for table \"{}\"", in->alias)
          .Detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
          .Position(PositionOf(location));
    }
    NoteUse(found);
    return MakeColumn(found, location);
  }
  return ExprPtr();
}

Result<ScopeRelation*> Binder::FindRelation(const std::string& schema, const std::string& name,
                                            QueryScope& scope, int location) {
  for (QueryScope* level = &scope; level != nullptr; level = level->parent) {
    ScopeRelation* found = nullptr;
    for (ScopeRelation* relation : level->relations) {
      if (!relation->name_visible || relation->alias != name) continue;
      if (relation->lateral_only && !level->lateral_active) continue;
      if (!schema.empty() && relation->schema != schema) continue;
      if (found != nullptr) {
        return Error(ErrorCode::kAmbiguousAlias)
            .Message("table reference \"{}\" is ambiguous", name)
            .Position(PositionOf(location));
      }
      found = relation;
    }
    if (found == nullptr) continue;
    if (found->lateral_only && !found->lateral_ok) {
      return Error(ErrorCode::kInvalidColumnReference)
          .Message("invalid reference to FROM-clause entry for table \"{}\"", name)
          .Detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
          .Position(PositionOf(location));
    }
    return found;
  }
  return static_cast<ScopeRelation*>(nullptr);
}

Status Binder::MissingRelation(const std::string& name, QueryScope& scope, int location) {
  for (QueryScope* level = &scope; level != nullptr; level = level->parent) {
    for (const ScopeRelation* relation : level->relations) {
      if (relation->alias == name) {
        return Error(ErrorCode::kUndefinedTable)
            .Message("invalid reference to FROM-clause entry for table \"{}\"", name)
            .Hint(
                "There is an entry for table \"{}\", but it cannot be referenced from this part "
                "of the query.",
                name)
            .Position(PositionOf(location));
      }
      if (relation->catalog_table != nullptr && relation->catalog_table->name == name) {
        return Error(ErrorCode::kUndefinedTable)
            .Message("invalid reference to FROM-clause entry for table \"{}\"", name)
            .Hint("Perhaps you meant to reference the table alias \"{}\".", relation->alias)
            .Position(PositionOf(location));
      }
    }
  }
  return Error(ErrorCode::kUndefinedTable)
      .Message("missing FROM-clause entry for table \"{}\"", name)
      .Position(PositionOf(location));
}

Status Binder::MissingColumn(const std::string& relation, const std::string& name,
                             QueryScope& scope, int location) {
  auto error = relation.empty() ? Error(ErrorCode::kUndefinedColumn)
                                      .Message("column \"{}\" does not exist", name)
                                      .Position(PositionOf(location))
                                : Error(ErrorCode::kUndefinedColumn)
                                      .Message("column {}.{} does not exist", relation, name)
                                      .Position(PositionOf(location));
  Status status = std::move(error).ToStatus();
  // The closest name in sight, within three edits and half of the name.
  const auto distance = [](const std::string& a, const std::string& b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= b.size(); ++j) {
        const size_t above = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
        diagonal = above;
      }
    }
    return row[b.size()];
  };
  size_t best = 4;
  std::string hint;
  int ties = 0;
  for (QueryScope* level = &scope; level != nullptr; level = level->parent) {
    for (const ScopeRelation* candidate : level->relations) {
      if (!candidate->name_visible || candidate->alias.empty()) continue;
      size_t penalty = relation.empty() ? 0 : distance(relation, candidate->alias);
      for (const ScopeColumn& column : candidate->columns) {
        if (penalty > 3 || column.name.size() > 255 || name.size() > 255) continue;
        const size_t cost = distance(name, column.name);
        if (cost > name.size() / 2) continue;
        if (cost + penalty > 3 || cost + penalty > best) continue;
        ties = cost + penalty == best ? ties + 1 : 1;
        best = cost + penalty;
        hint = fmt::format("\"{}.{}\"", candidate->alias, column.name);
      }
    }
  }
  if (ties == 1) {
    status.mutable_info().hint = "Perhaps you meant to reference the column " + hint + ".";
  }
  return status;
}

namespace {
Status NoSystemColumn(const std::string& name, int location) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("system column \"{}\" is not supported in this context", name)
      .Position(PositionOf(location));
}
}  // namespace

Result<ExprPtr> Binder::FindSystemColumn(const std::string& name, const ScopeRelation& relation,
                                         const QueryScope& scope, int location) {
  static constexpr std::string_view kNames[] = {"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"};
  if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames) ||
      relation.table == kInvalidOid) {
    return ExprPtr();
  }
  const catalog::Table* table = relation.catalog_table;
  if (table != nullptr && table->table_kind == catalog::TableKind::kView) return ExprPtr();
  const auto present = [&](Value value) {
    auto constant = std::make_unique<expr::ConstantExpr>(std::move(value));
    constant->location = location;
    return GuardMissing(*this, relation, std::move(constant), location);
  };
  if (name == "tableoid") {
    return present(Value::Fixed<uint32_t>({t::kOid, -1}, relation.table));
  }
  const auto call = [&](expr::InternalFunction function, SqlType type) {
    return std::make_unique<expr::FunctionExpr>(expr::GetInternalFunction(function), type);
  };
  if (name == "ctid") {
    if (table == nullptr) {  // Rows of the system catalog are made as they are read.
      return present(Value::Bytes({t::kTid, -1}, EncodeTid(0)));
    }
    if (relation.row_key == kNoColumn) return NoSystemColumn(name, location);
    auto tid = call(table->primary_key.empty() ? expr::InternalFunction::kTidOfRowId
                                               : expr::InternalFunction::kTidOfRowKey,
                    {t::kTid, -1});
    tid->location = location;
    tid->children.push_back(MakeColumn(relation.row_key, location));
    return tid;
  }
  if (name == "xmin" && table != nullptr) {
    // The row that INSERT and UPDATE return is this transaction's.
    if (relation.written && scope.clause == Clause::kReturning) {
      return call(expr::InternalFunction::kCurrentXid, {t::kXid, -1});
    }
    if (relation.writer == kNoColumn) return NoSystemColumn(name, location);
    return MakeColumn(relation.writer, location);
  }
  if (name == "xmax" && relation.xmax != kNoColumn && scope.clause == Clause::kReturning) {
    return MakeColumn(relation.xmax, location);
  }
  const bool is_xid = name[0] == 'x';
  const uint32_t value = name == "xmin" ? kFrozenWriter : 0;
  return present(Value::Fixed<uint32_t>({is_xid ? t::kXid : t::kCid, -1}, value));
}

void Binder::RecordColumn(const ast::ColumnRef& ref, const expr::Expr& column) {
  if (column.kind != ExprKind::kColumn) return;
  const ScopeRelation* relation = relations_of_[As<expr::ColumnExpr>(column).index];
  if (relation == nullptr || !relation->name_visible || relation->alias.empty()) return;
  recorded_.column_relations[&ref] = relation->alias;
}

Result<ExprPtr> Binder::BindColumnRef(const ast::ColumnRef& ref, QueryScope& scope) {
  if (ref.star && !ref.names.empty()) {  // t.* as a value is the whole row.
    ast::ColumnRef whole;
    whole.names = ref.names;
    whole.location = ref.location;
    return BindColumnRef(whole, scope);
  }
  if (ref.star) {
    return Error(ErrorCode::kSyntaxError)
        .Message("row expansion via \"*\" is not supported here")
        .Position(PositionOf(ref.location));
  }
  const ast::NameList& names = ref.names;
  if (names.size() == 1) {
    HELIOS_TRY(ExprPtr column, FindColumn(names[0], scope, ref.location));
    if (column != nullptr) {
      if (record_names_) RecordColumn(ref, *column);
      return column;
    }
    HELIOS_TRY(ScopeRelation * relation, FindRelation("", names[0], scope, ref.location));
    if (relation != nullptr) return MakeWholeRow(*relation, ref.location);
    for (QueryScope* level = &scope; level != nullptr; level = level->parent) {
      ExprPtr found;
      for (const ScopeRelation* candidate : level->relations) {
        if (!candidate->name_visible || candidate->lateral_only) continue;
        HELIOS_TRY(ExprPtr system, FindSystemColumn(names[0], *candidate, scope, ref.location));
        if (system != nullptr && found != nullptr) {
          return Error(ErrorCode::kAmbiguousColumn)
              .Message("column reference \"{}\" is ambiguous", names[0])
              .Position(PositionOf(ref.location));
        }
        if (system != nullptr) found = std::move(system);
      }
      if (found != nullptr) return found;
    }
    return MissingColumn("", names[0], scope, ref.location);
  }
  if (names.size() > 4) {
    std::string dotted;
    for (const std::string& part : names) dotted += (dotted.empty() ? "" : ".") + part;
    return Error(ErrorCode::kSyntaxError)
        .Message("improper qualified name (too many dotted names): {}", dotted)
        .Position(PositionOf(ref.location));
  }
  const std::string schema = names.size() >= 3 ? names[names.size() - 3] : std::string();
  const std::string& table = names[names.size() - 2];
  HELIOS_TRY(ScopeRelation * relation, FindRelation(schema, table, scope, ref.location));
  if (relation == nullptr) {
    // (column).field written without parentheses never means that, but a column named like the
    // qualifier is worth no other treatment.
    return MissingRelation(names.size() == 2 ? table : schema + "." + table, scope, ref.location);
  }
  uint32_t found = kNoColumn;
  for (const ScopeColumn& column : relation->columns) {
    if (column.name != names.back()) continue;
    if (found != kNoColumn) {
      return Error(ErrorCode::kAmbiguousColumn)
          .Message("column reference \"{}\" is ambiguous", names.back())
          .Position(PositionOf(ref.location));
    }
    found = column.id;
  }
  if (found != kNoColumn) {
    NoteUse(found);
    return MakeColumn(found, ref.location);
  }
  HELIOS_TRY(ExprPtr system, FindSystemColumn(names.back(), *relation, scope, ref.location));
  if (system != nullptr) return system;
  return MissingColumn(table, names.back(), scope, ref.location);
}

Result<Binder::TableName> Binder::LookUpTable(const ast::RelationName& name) {
  const catalog::Snapshot& snapshot = *context_.snapshot;
  TableName result;
  const auto look_in = [&](Oid schema) {
    result.schema = schema;
    result.object = snapshot.FindRelation(schema, name.name);
    if (result.object == nullptr) result.system = snapshot.FindSystemTable(schema, name.name);
    return result.object != nullptr || result.system != nullptr;
  };
  if (!name.schema.empty()) {
    if (name.schema == "pg_temp") {
      for (Oid oid : context_.lookup->search_path()) {
        const catalog::Schema* temporary = snapshot.FindSchema(oid);
        if (temporary != nullptr && temporary->name.starts_with("pg_temp_") && look_in(oid)) {
          return result;
        }
      }
    } else {
      const catalog::Schema* schema = snapshot.FindSchema(name.schema);
      Oid oid = schema == nullptr ? kInvalidOid : schema->oid;
      if (name.schema == "pg_catalog") oid = catalog::kPgCatalogSchema;
      if (name.schema == "information_schema") oid = catalog::kInformationSchema;
      if (schema != nullptr) NeedSchema(*schema);
      if (oid != kInvalidOid && look_in(oid)) return result;
    }
    return Error(ErrorCode::kUndefinedTable)
        .Message("relation \"{}.{}\" does not exist", name.schema, name.name)
        .Position(PositionOf(name.location));
  }
  const std::vector<Oid>& path = context_.lookup->search_path();
  bool catalog_listed = false;
  for (Oid oid : path) catalog_listed = catalog_listed || oid == catalog::kPgCatalogSchema;
  // The temporary schema comes before pg_catalog, which comes before the rest unless it is listed.
  bool catalog_done = catalog_listed;
  for (Oid oid : path) {
    const catalog::Schema* schema = snapshot.FindSchema(oid);
    const bool temporary = schema != nullptr && schema->name.starts_with("pg_temp_");
    if (!catalog_done && !temporary) {
      catalog_done = true;
      if (look_in(catalog::kPgCatalogSchema)) return result;
    }
    if (look_in(oid)) return result;
  }
  if (!catalog_done && look_in(catalog::kPgCatalogSchema)) return result;
  return Error(ErrorCode::kUndefinedTable)
      .Message("relation \"{}\" does not exist", name.name)
      .Position(PositionOf(name.location));
}

const CteEntry* Binder::FindCte(const ast::RelationName& name, const CteScope* ctes) {
  if (!name.schema.empty()) return nullptr;
  for (const CteScope* level = ctes; level != nullptr; level = level->parent) {
    for (const CteEntry& entry : level->entries) {
      if (entry.name == name.name && !entry.not_yet_bound) return &entry;
    }
  }
  return nullptr;
}

void Binder::AddDependency(Oid oid) {
  for (Oid known : dependencies_) {
    if (known == oid) return;
  }
  dependencies_.push_back(oid);
}

void Binder::NeedTable(Oid table, const std::string& name, hidb::TableLockMode mode) {
  for (plan::TableLockNeed& need : plan_->locks) {
    if (need.object != table) continue;
    if (need.mode < mode) need.mode = mode;
    return;
  }
  plan_->locks.push_back({table, mode, name});
}

void Binder::NeedPrivilege(Oid object, catalog::Privilege privilege, int16_t column) {
  for (plan::PrivilegeNeed& need : plan_->privileges) {
    if (need.object != object || need.privilege != privilege || need.role != role_) continue;
    if (need.columns.empty()) return;
    for (int16_t known : need.columns) {
      if (known == column) return;
    }
    if (need.columns.size() == 1 && need.columns[0] == 0) need.columns.clear();
    need.columns.push_back(column);
    return;
  }
  plan_->privileges.push_back({object, privilege, role_, {column}});
}

// Names in views were resolved when those were made.
void Binder::NeedSchema(const catalog::Schema& schema) {
  if (view_depth_ > 0 || schema.oid == catalog::kPgCatalogSchema ||
      schema.oid == catalog::kInformationSchema || schema.name.starts_with("pg_temp_")) {
    return;
  }
  NeedPrivilege(schema.oid, catalog::Privilege::kUsage, 0);
}

uint32_t Binder::AddSubplan(NodePtr node) {
  plan_->subplans.push_back(std::move(node));
  return static_cast<uint32_t>(plan_->subplans.size() - 1);
}

}  // namespace helios::sql::binder
