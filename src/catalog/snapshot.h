#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/objects.h"

namespace helios::catalog {

// Schemas and roles with fixed OIDs, PostgreSQL's where it has them.
inline constexpr Oid kPgCatalogSchema = 11;
inline constexpr Oid kPublicSchema = 2200;
inline constexpr Oid kInformationSchema = 13213;
inline constexpr Oid kToastSchema = 99;
inline constexpr Oid kBootstrapRole = 10;
inline constexpr Oid kHeliosDatabase = 16000;
// Temporary tables of session n live in the schema pg_temp_n, which only that session's private
// snapshot holds.

// The row type of a table or view and the type of arrays of it have OIDs made from the relation's,
// above all that are given out.
inline constexpr Oid kRowTypeBase = 0x20000000;
inline constexpr Oid kRowArrayTypeBase = 0x30000000;
inline constexpr Oid RowTypeOf(Oid relation) { return kRowTypeBase | relation; }

// A column of a system table or view.
struct SystemColumn {
  std::string name;
  SqlType type;
};
// A table whose rows compute makes from snapshots and live state (pg_class, pg_stat_activity).
struct SystemTable {
  Oid oid = kInvalidOid;
  std::string name;
  Oid schema = kPgCatalogSchema;
  std::vector<SystemColumn> columns;
  bool is_view = false;  // Shown as a view.
  std::string view_sql;  // Non-empty: a view over other system tables (information_schema).
};

// Every schema object at one catalog version. Immutable: a plan bound against it stays valid as
// long as the version is current.
//
// Thread safety: any thread. Lifetime: shared by sessions and plans.
class Snapshot {
 public:
  uint64_t version() const { return version_; }

  // By OID; null when absent. The typed forms are null too when the object is of another kind.
  const Object* Find(Oid oid) const;
  const Role* FindRole(Oid oid) const;
  const Database* FindDatabase(Oid oid) const;
  const Schema* FindSchema(Oid oid) const;
  const Table* FindTable(Oid oid) const;
  const Index* FindIndex(Oid oid) const;
  const Sequence* FindSequence(Oid oid) const;
  // By the type's or its array type's OID. Row types of tables and views are found too.
  const UserType* FindUserType(Oid oid) const;
  const SystemTable* FindSystemTable(Oid oid) const;

  // By name; null when absent. Tables, views, indexes and sequences share one name space a schema.
  const Role* FindRole(std::string_view name) const;
  const Database* FindDatabase(std::string_view name) const;
  const Schema* FindSchema(std::string_view name) const;
  const Object* FindRelation(Oid schema, std::string_view name) const;
  const UserType* FindUserType(Oid schema, std::string_view name) const;
  const SystemTable* FindSystemTable(Oid schema, std::string_view name) const;

  // All objects in OID order; the system tables apart.
  const std::map<Oid, std::shared_ptr<const Object>>& objects() const { return objects_; }
  std::span<const SystemTable* const> system_tables() const;

 private:
  friend class Editor;

  uint64_t version_ = 0;
  std::map<Oid, std::shared_ptr<const Object>> objects_;
  // (schema, name) -> relation, type.
  std::map<std::pair<Oid, std::string>, Oid, std::less<>> relations_;
  std::map<std::pair<Oid, std::string>, Oid, std::less<>> types_;
  std::map<std::string, Oid, std::less<>> roles_, databases_, schemas_;
  std::unordered_map<Oid, Oid> array_types_;
  std::map<Oid, std::shared_ptr<const UserType>> row_types_;  // By table.
};

// Builds the next snapshot from one: a transaction's DDL, or the load at start.
//
// Thread safety: none. The base is not changed.
class Editor {
 public:
  explicit Editor(std::shared_ptr<const Snapshot> base);

  // Adds or replaces the object with this OID. Requires: an object of the same name in the same
  // name space has the same OID.
  void Put(std::shared_ptr<const Object> object);
  void Remove(Oid oid);
  // The state with the edits so far.
  const Snapshot& current() const { return *next_; }

  // The new snapshot; the editor is empty afterwards.
  std::shared_ptr<const Snapshot> Finish(uint64_t version);

 private:
  std::shared_ptr<Snapshot> next_;
};

// The snapshot of an empty catalog: no objects, the system tables.
std::shared_ptr<const Snapshot> EmptySnapshot();
}  // namespace helios::catalog
