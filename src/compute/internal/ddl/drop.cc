// DROP of everything, and what hangs on an object: parts that go with it (a table's indexes,
// sequences of its columns), and dependents that must go first or with CASCADE (views, foreign keys
// of other tables, columns of a dropped type).

#include <algorithm>
#include <set>

#include "catalog/names.h"
#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "sql/deparse.h"
#include "types/text.h"

namespace helios::compute {

namespace {

using catalog::ObjectKind;

// Something that depends on a dropped object: a whole object, or a constraint or column of a table.
struct Dependent {
  Oid object = kInvalidOid;
  std::string constraint;  // Non-empty: only this constraint of `object`.
  int16_t column = 0;      // Non-zero: only this column (or its default).
  bool default_only = false;
  std::string description;
};

void FindViewDependents(SessionImpl& session, const catalog::Snapshot& snapshot, Oid oid,
                        std::vector<Dependent>* dependents) {
  for (const auto& [other_oid, object] : snapshot.objects()) {
    if (object->kind() != ObjectKind::kTable || other_oid == oid) continue;
    const auto& table = static_cast<const catalog::Table&>(*object);
    if (std::find(table.depends_on.begin(), table.depends_on.end(), oid) ==
        table.depends_on.end()) {
      continue;
    }
    dependents->push_back({other_oid, "", 0, false, DescribeObject(session, table)});
  }
}

void FindForeignKeys(SessionImpl& session, const catalog::Snapshot& snapshot,
                     const catalog::Table& parent, std::vector<Dependent>* dependents) {
  for (const Oid child_oid : parent.referenced_by) {
    const catalog::Table* child = snapshot.FindTable(child_oid);
    if (child == nullptr || child == &parent) continue;
    for (const catalog::Constraint& constraint : child->constraints) {
      if (constraint.kind != catalog::ConstraintKind::kForeignKey ||
          constraint.referenced_table != parent.oid) {
        continue;
      }
      dependents->push_back(
          {child_oid, constraint.name, 0, false,
           fmt::format("constraint {} on {}", constraint.name, DescribeObject(session, *child))});
    }
  }
}

void FindTypeUses(SessionImpl& session, const catalog::Snapshot& snapshot,
                  const catalog::UserType& type, std::vector<Dependent>* dependents) {
  for (const auto& [oid, object] : snapshot.objects()) {
    if (object->kind() == ObjectKind::kTable) {
      const auto& table = static_cast<const catalog::Table&>(*object);
      if (table.table_kind == catalog::TableKind::kView) continue;  // By depends_on.
      for (const catalog::Column& column : table.columns) {
        if (column.dropped) continue;
        if (column.type.oid != type.oid && column.type.oid != type.array_oid) continue;
        dependents->push_back({oid, "", column.number, false,
                               fmt::format("column {} of {}", QuoteIdentifier(column.name),
                                           DescribeObject(session, table))});
      }
    } else if (object->kind() == ObjectKind::kType) {
      const auto& other = static_cast<const catalog::UserType&>(*object);
      const auto is_use = [&type](const SqlType& used) {
        return used.oid == type.oid || used.oid == type.array_oid;
      };
      if (other.oid != type.oid &&
          (is_use(other.base) ||
           std::any_of(other.fields.begin(), other.fields.end(),
                       [&](const catalog::Column& field) { return is_use(field.type); }))) {
        dependents->push_back({oid, "", 0, false, DescribeObject(session, other)});
      }
    }
  }
}

void FindSequenceUses(SessionImpl& session, const catalog::Snapshot& snapshot,
                      const catalog::Sequence& sequence, std::vector<Dependent>* dependents) {
  const catalog::Schema* schema = snapshot.FindSchema(sequence.schema);
  const std::string quoted = QuoteIdentifier(sequence.name);
  const std::string qualified =
      (schema == nullptr ? "" : QuoteIdentifier(schema->name) + ".") + quoted;
  for (const auto& [oid, object] : snapshot.objects()) {
    if (object->kind() != ObjectKind::kTable) continue;
    const auto& table = static_cast<const catalog::Table&>(*object);
    for (const catalog::Column& column : table.columns) {
      const bool uses = column.sequence == sequence.oid ||
                        column.default_sql.find("'" + qualified + "'") != std::string::npos;
      if (column.dropped || !uses) continue;
      dependents->push_back(
          {oid, "", column.number, true,
           fmt::format("default value for column {} of {}", QuoteIdentifier(column.name),
                       DescribeObject(session, table))});
    }
  }
}

std::vector<Dependent> FindDependents(SessionImpl& session, const catalog::Snapshot& snapshot,
                                      const catalog::Object& object) {
  std::vector<Dependent> dependents;
  switch (object.kind()) {
    case ObjectKind::kTable:
      FindForeignKeys(session, snapshot, static_cast<const catalog::Table&>(object), &dependents);
      FindViewDependents(session, snapshot, object.oid, &dependents);
      if (const catalog::UserType* row = snapshot.FindUserType(catalog::RowTypeOf(object.oid))) {
        FindTypeUses(session, snapshot, *row, &dependents);
      }
      break;
    case ObjectKind::kSequence:
      FindSequenceUses(session, snapshot, static_cast<const catalog::Sequence&>(object),
                       &dependents);
      break;
    case ObjectKind::kType:
      FindTypeUses(session, snapshot, static_cast<const catalog::UserType&>(object), &dependents);
      FindViewDependents(session, snapshot, object.oid, &dependents);
      break;
    case ObjectKind::kSchema:
      for (const auto& [oid, other] : snapshot.objects()) {
        if (other->schema != object.oid || other->kind() == ObjectKind::kIndex) continue;
        if (other->kind() == ObjectKind::kSequence &&
            static_cast<const catalog::Sequence&>(*other).owned_by_table != kInvalidOid) {
          continue;
        }
        dependents.push_back({oid, "", 0, false, DescribeObject(session, *other)});
      }
      break;
    default:
      break;
  }
  return dependents;
}

class Dropper {
 public:
  Dropper(SessionImpl& session, DdlEditor& editor) : session_(session), editor_(editor) {}

  // Collects what goes with `oid`; the objects themselves go in Finish.
  void Collect(Oid oid) {
    if (!doomed_.insert(oid).second) return;
    const catalog::Object* object = editor_.current().Find(oid);
    if (object == nullptr) return;
    order_.push_back(oid);
    for (Dependent& dependent : FindDependents(session_, editor_.current(), *object)) {
      if (dependent.constraint.empty() && dependent.column == 0) {
        const bool known = doomed_.find(dependent.object) != doomed_.end();
        if (!known) {
          dependents_.push_back(
              {dependent.description, DescribeObject(session_, *object), dependent.object});
          Collect(dependent.object);
        }
      } else {
        parts_.push_back({std::move(dependent), DescribeObject(session_, *object)});
      }
    }
  }

  // What would have to go that was not named: parts of tables that stay, and whole objects.
  std::vector<std::pair<std::string, std::string>> Outside(const std::set<Oid>& targets) const {
    std::vector<std::pair<std::string, std::string>> outside;
    for (const WholeDependent& dependent : dependents_) {
      if (targets.find(dependent.oid) == targets.end()) {
        outside.emplace_back(dependent.description, dependent.on);
      }
    }
    for (const auto& [dependent, on] : parts_) {
      if (doomed_.find(dependent.object) == doomed_.end()) {
        outside.emplace_back(dependent.description, on);
      }
    }
    return outside;
  }

  Status Finish() {
    for (const auto& [dependent, on] : parts_) {
      if (doomed_.find(dependent.object) != doomed_.end()) continue;
      HELIOS_TRY(RemovePart(dependent));
    }
    for (auto oid = order_.rbegin(); oid != order_.rend(); ++oid) HELIOS_TRY(RemoveWhole(*oid));
    return Status::Ok();
  }

 private:
  struct WholeDependent {
    std::string description;
    std::string on;
    Oid oid;
  };

  Status RemovePart(const Dependent& dependent) {
    auto table = editor_.Copy<catalog::Table>(dependent.object);
    HELIOS_TRY(
        session_.LockRelation(table->oid, hidb::TableLockMode::kAccessExclusive, table->name));
    if (!dependent.constraint.empty()) {
      std::erase_if(table->constraints, [&](const catalog::Constraint& constraint) {
        return constraint.name == dependent.constraint;
      });
    } else if (dependent.default_only) {
      table->columns[dependent.column - 1].default_sql.clear();
      table->columns[dependent.column - 1].sequence = kInvalidOid;
    } else {
      catalog::Column& column = table->columns[dependent.column - 1];
      column = catalog::Column();
      column.number = dependent.column;
      column.name = fmt::format("........pg.dropped.{}........", dependent.column);
      column.dropped = true;
    }
    editor_.Put(std::move(table));
    return Status::Ok();
  }

  Status RemoveWhole(Oid oid) {
    const catalog::Object* object = editor_.current().Find(oid);
    if (object == nullptr) return Status::Ok();
    std::vector<hidb::SpaceId>& freed = session_.txn().dropped_spaces;
    if (object->kind() == ObjectKind::kTable) {
      const auto table = editor_.Copy<catalog::Table>(oid);
      HELIOS_TRY(session_.LockRelation(oid, hidb::TableLockMode::kAccessExclusive, table->name));
      if (table->storage_id != 0) freed.push_back(table->storage_id);
      for (const Oid index_oid : table->indexes) {
        const catalog::Index* index = editor_.current().FindIndex(index_oid);
        if (index != nullptr && index->storage_id != 0) freed.push_back(index->storage_id);
        editor_.Remove(index_oid);
      }
      std::vector<Oid> sequences;
      for (const auto& [other_oid, other] : editor_.current().objects()) {
        if (other->kind() == ObjectKind::kSequence &&
            static_cast<const catalog::Sequence&>(*other).owned_by_table == oid) {
          sequences.push_back(other_oid);
        }
      }
      for (const Oid sequence : sequences) editor_.Remove(sequence);
      for (const catalog::Constraint& constraint : table->constraints) {
        if (constraint.kind != catalog::ConstraintKind::kForeignKey ||
            constraint.referenced_table == oid ||
            editor_.current().FindTable(constraint.referenced_table) == nullptr) {
          continue;
        }
        auto parent = editor_.Copy<catalog::Table>(constraint.referenced_table);
        std::erase(parent->referenced_by, oid);
        editor_.Put(std::move(parent));
      }
    } else if (object->kind() == ObjectKind::kIndex) {
      const auto index = editor_.Copy<catalog::Index>(oid);
      auto table = editor_.Copy<catalog::Table>(index->table);
      HELIOS_TRY(
          session_.LockRelation(table->oid, hidb::TableLockMode::kAccessExclusive, table->name));
      std::erase(table->indexes, oid);
      if (index->storage_id != 0) freed.push_back(index->storage_id);
      editor_.Put(std::move(table));
    }
    editor_.Remove(oid);
    return Status::Ok();
  }

  SessionImpl& session_;
  DdlEditor& editor_;
  std::set<Oid> doomed_;
  std::vector<Oid> order_;
  std::vector<WholeDependent> dependents_;
  std::vector<std::pair<Dependent, std::string>> parts_;
};

Status DependentsExist(const std::string& object,
                       const std::vector<std::pair<std::string, std::string>>& outside) {
  std::string detail;
  for (const auto& [description, on] : outside) {
    detail += fmt::format("{}{} depends on {}", detail.empty() ? "" : "\n", description, on);
  }
  return Error(ErrorCode::kDependentObjectsStillExist)
      .Message("cannot drop {} because other objects depend on it", object)
      .Detail("{}", detail)
      .Hint("Use DROP ... CASCADE to drop the dependent objects too.");
}

}  // namespace

Status DropObjects(SessionImpl& session, DdlEditor& editor, const std::vector<Oid>& targets,
                   bool cascade) {
  Dropper dropper(session, editor);
  for (const Oid oid : targets) dropper.Collect(oid);
  const auto outside = dropper.Outside(std::set<Oid>(targets.begin(), targets.end()));
  if (!outside.empty() && !cascade) {
    const std::string what = targets.size() == 1
                                 ? DescribeObject(session, *editor.current().Find(targets[0]))
                                 : "desired object(s)";
    return DependentsExist(what, outside);
  }
  if (outside.size() == 1) {
    session.Notice(Notice::Severity::kNotice, "00000",
                   fmt::format("drop cascades to {}", outside[0].first));
  } else if (outside.size() > 1) {
    session.Notice(Notice::Severity::kNotice, "00000",
                   fmt::format("drop cascades to {} other objects", outside.size()));
  }
  return dropper.Finish();
}

namespace {

// Waits for those who use the table that goes, or whose index goes.
Status LockTarget(SessionImpl& session, const catalog::Object& object) {
  Oid table = kInvalidOid;
  if (object.kind() == ObjectKind::kTable) table = object.oid;
  if (object.kind() == ObjectKind::kIndex) {
    table = static_cast<const catalog::Index&>(object).table;
  }
  if (table == kInvalidOid) return Status::Ok();
  HELIOS_TRY(session.LockTable(table, hidb::TableLockMode::kAccessExclusive, object.name));
  return session.RebaseCatalog();
}

// A notice in place of the error, under IF EXISTS, and no object.
const catalog::Object* Skip(SessionImpl& session, std::string_view word, std::string_view name) {
  session.Notice(Notice::Severity::kNotice, "00000",
                 fmt::format("{} \"{}\" does not exist, skipping", word, name));
  return nullptr;
}

Result<const catalog::Object*> FindSchemaTarget(SessionImpl& session, const std::string& name,
                                                bool if_exists) {
  const catalog::Schema* schema = session.Catalog()->FindSchema(name);
  if (schema == nullptr) {
    if (if_exists) return Skip(session, "schema", name);
    return Error(ErrorCode::kInvalidSchemaName).Message("schema \"{}\" does not exist", name);
  }
  if (schema->oid == catalog::kPgCatalogSchema || schema->oid == catalog::kInformationSchema) {
    return Error(ErrorCode::kDependentObjectsStillExist)
        .Message("cannot drop schema {} because it is required by the database system",
                 schema->name);
  }
  return static_cast<const catalog::Object*>(schema);
}

Result<const catalog::Object*> FindTypeTarget(SessionImpl& session,
                                              const std::vector<std::string>& names,
                                              bool only_domain, bool if_exists) {
  auto found = FindTypeByNames(session, names, if_exists);
  if (!found.ok() && found.status().Is(ErrorCode::kWrongObjectType)) {
    return Error(ErrorCode::kDependentObjectsStillExist)
        .Message("cannot drop type {0} because table {0} requires it",
                 sql::QuoteQualifiedName(names))
        .Hint("You can drop table {} instead.", sql::QuoteQualifiedName(names));
  }
  HELIOS_TRY(const catalog::UserType* type, std::move(found));
  if (type == nullptr) return Skip(session, "type", names.back());
  if (only_domain && type->type_kind != catalog::UserType::TypeKind::kDomain) {
    return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a domain", type->name);
  }
  return static_cast<const catalog::Object*>(type);
}

// The word of messages for a relation that DROP asks for.
const char* RelationWord(ast::ObjectType type) {
  switch (type) {
    case ast::ObjectType::kView:
      return "view";
    case ast::ObjectType::kMaterializedView:
      return "materialized view";
    case ast::ObjectType::kIndex:
      return "index";
    case ast::ObjectType::kSequence:
      return "sequence";
    default:
      return "table";
  }
}

Error WrongRelationKind(const catalog::Object& object, const char* word) {
  const bool vowel = std::string_view("aeiou").find(word[0]) != std::string_view::npos;
  const std::string actual = KindName(object);
  return Error(ErrorCode::kWrongObjectType)
      .Message("\"{}\" is not {} {}", object.name, vowel ? "an" : "a", word)
      .Hint("Use DROP {} to remove {} {}.",
            actual == "materialized view" ? "MATERIALIZED VIEW"
                                          : (actual == "table"      ? "TABLE"
                                             : actual == "view"     ? "VIEW"
                                             : actual == "sequence" ? "SEQUENCE"
                                                                    : "INDEX"),
            actual == "index" ? "an" : "a", actual);
}

// The object that DROP names, or null with a notice under IF EXISTS.
Result<const catalog::Object*> FindTarget(SessionImpl& session, const ast::DropStatement& statement,
                                          const ast::ObjectName& name) {
  using ast::ObjectType;
  if (statement.object_type == ObjectType::kSchema) {
    return FindSchemaTarget(session, name.names.back(), statement.if_exists);
  }
  if (statement.object_type == ObjectType::kType || statement.object_type == ObjectType::kDomain) {
    return FindTypeTarget(session, name.type != nullptr ? name.type->names : name.names,
                          statement.object_type == ObjectType::kDomain, statement.if_exists);
  }
  ast::RelationName relation;
  relation.name = name.names.back();
  if (name.names.size() > 1) relation.schema = name.names[name.names.size() - 2];
  relation.location = -1;
  const char* word = RelationWord(statement.object_type);
  HELIOS_TRY(const catalog::Object* object, LookUpRelation(session, relation));
  if (object == nullptr) {
    if (statement.if_exists) return Skip(session, word, relation.name);
    return Error(statement.object_type == ObjectType::kIndex ? ErrorCode::kUndefinedObject
                                                             : ErrorCode::kUndefinedTable)
        .Message("{} \"{}\" does not exist", word,
                 relation.schema.empty() ? relation.name : relation.schema + "." + relation.name);
  }
  if (KindName(*object) != word) return WrongRelationKind(*object, word);
  if (object->kind() == ObjectKind::kIndex) {
    const auto& index = static_cast<const catalog::Index&>(*object);
    if (index.constraint != kInvalidOid) {
      const catalog::Table* table = session.Catalog()->FindTable(index.table);
      return Error(ErrorCode::kDependentObjectsStillExist)
          .Message("cannot drop index {} because constraint {} on table {} requires it", index.name,
                   index.name, table->name)
          .Hint("You can drop constraint {} on table {} instead.", index.name, table->name);
    }
  }
  return object;
}

}  // namespace

std::string DescribeObject(SessionImpl& session, const catalog::Object& object) {
  // Domains are types here.
  if (object.kind() == ObjectKind::kType) {
    return "type " + FormatType(SqlType{object.oid}, &session.Lookup());
  }
  const auto name = object.schema == kInvalidOid
                        ? std::nullopt
                        : session.Lookup().NameOf(type_oid::kRegclass, object.oid);
  return KindName(object) + " " + name.value_or(QuoteIdentifier(object.name));
}

namespace {
// DROP FUNCTION and its like: every function is built in.
Status RefuseDropRoutine(SessionImpl& session, const ast::DropStatement& statement) {
  if (statement.objects.empty()) return Status::Ok();
  const ast::ObjectName& object = statement.objects[0];
  const std::string& name = object.names.back();
  const char* kind = statement.object_type == ast::ObjectType::kProcedure   ? "procedure"
                     : statement.object_type == ast::ObjectType::kAggregate ? "aggregate"
                                                                            : "function";
  const auto required = [](const std::string& signature) {
    return Error(ErrorCode::kDependentObjectsStillExist)
        .Message("cannot drop function {} because it is required by the database system",
                 signature);
  };
  if (!object.has_args) {
    const Result<Oid> found = session.Lookup().ResolveName(type_oid::kRegproc, name);
    if (found.ok()) {
      return required(session.Lookup().NameOf(type_oid::kRegprocedure, *found).value_or(name));
    }
    if (found.status().Is(ErrorCode::kAmbiguousFunction)) {
      return Error(ErrorCode::kAmbiguousFunction)
          .Message("{} name \"{}\" is not unique", kind, name)
          .Hint("Specify the argument list to select the {} unambiguously.", kind);
    }
    return Error(ErrorCode::kUndefinedFunction)
        .Message("could not find a {} named \"{}\"", kind, name);
  }
  std::string types;
  const sql::PlannerContext context = session.MakePlannerContext();
  for (const ast::FunctionParameter& parameter : object.args) {
    HELIOS_TRY(const SqlType type, sql::ResolveTypeName(parameter.type, context));
    types += (types.empty() ? "" : ", ") + FormatType({type.oid, -1}, &session.Lookup());
  }
  const std::string signature = fmt::format("{}({})", name, types);
  if (session.Lookup().ResolveName(type_oid::kRegprocedure, signature).ok()) {
    return required(signature);
  }
  return Error(ErrorCode::kUndefinedFunction).Message("{} {} does not exist", kind, signature);
}
}  // namespace

Status RunDrop(SessionImpl& session, const ast::DropStatement& statement, UtilityResult*) {
  using ast::ObjectType;
  switch (statement.object_type) {
    case ObjectType::kTable:
    case ObjectType::kView:
    case ObjectType::kMaterializedView:
    case ObjectType::kIndex:
    case ObjectType::kSequence:
    case ObjectType::kSchema:
    case ObjectType::kType:
    case ObjectType::kDomain:
      break;
    default: {
      if (statement.if_exists) {
        session.Notice(Notice::Severity::kNotice, "00000", "object does not exist, skipping");
        return Status::Ok();
      }
      if (statement.object_type == ObjectType::kFunction ||
          statement.object_type == ObjectType::kAggregate ||
          statement.object_type == ObjectType::kProcedure) {
        return RefuseDropRoutine(session, statement);
      }
      const std::string name = statement.objects.empty() ? "" : statement.objects[0].names.back();
      return Error(ErrorCode::kUndefinedObject).Message("object \"{}\" does not exist", name);
    }
  }
  std::vector<std::pair<Oid, const ast::ObjectName*>> named;
  for (const ast::ObjectName& name : statement.objects) {
    HELIOS_TRY(const catalog::Object* object, FindTarget(session, statement, name));
    if (object == nullptr) continue;
    named.emplace_back(object->oid, &name);
    HELIOS_TRY(LockTarget(session, *object));
  }
  DdlEditor editor(session);
  std::vector<Oid> targets;
  for (const auto& [oid, name] : named) {
    const catalog::Object* object = editor.current().Find(oid);
    // Another may have dropped it while this statement waited.
    if (object == nullptr) {
      HELIOS_TRY(object, FindTarget(session, statement, *name));
    }
    if (object == nullptr) continue;
    // The owner of the schema may drop what lies in it.
    const catalog::Schema* schema = editor.current().FindSchema(object->schema);
    if (schema == nullptr || !IsOwner(editor.current(), session.role(), *schema)) {
      HELIOS_TRY(RequireOwner(session, *object));
    }
    targets.push_back(object->oid);
  }
  if (targets.empty()) return Status::Ok();
  HELIOS_TRY(
      DropObjects(session, editor, targets, statement.behavior == ast::DropBehavior::kCascade));
  editor.Save();
  return Status::Ok();
}

Status SessionImpl::DropTemporaryObjects() {
  if (temporary_schema_ == kInvalidOid) return Status::Ok();
  std::vector<Oid> tables;
  for (const auto& [oid, object] : Catalog()->objects()) {
    if (object->schema == temporary_schema_ && object->kind() == ObjectKind::kTable) {
      tables.push_back(oid);
    }
  }
  return DropTemporaryTables(tables);
}

Status SessionImpl::DropTemporaryTables(const std::vector<Oid>& tables) {
  if (tables.empty()) return Status::Ok();
  DdlEditor editor(*this);
  HELIOS_TRY(DropObjects(*this, editor, tables, true));
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
