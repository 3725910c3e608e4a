#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "types/type.h"

namespace helios::catalog {

// What a role may do with an object; the letters are PostgreSQL's (aclitem).
enum class Privilege : uint16_t {
  kInsert = 1 << 0,      // a
  kSelect = 1 << 1,      // r
  kUpdate = 1 << 2,      // w
  kDelete = 1 << 3,      // d
  kTruncate = 1 << 4,    // D
  kReferences = 1 << 5,  // x
  kTrigger = 1 << 6,     // t
  kExecute = 1 << 7,     // X
  kUsage = 1 << 8,       // U
  kCreate = 1 << 9,      // C
  kTemporary = 1 << 10,  // T
  kConnect = 1 << 11,    // c
};
using PrivilegeMask = uint16_t;

struct AclEntry {
  Oid grantee = kInvalidOid;  // kInvalidOid: PUBLIC.
  Oid grantor = kInvalidOid;
  PrivilegeMask privileges = 0;
  PrivilegeMask grantable = 0;
};
using Acl = std::vector<AclEntry>;

enum class ObjectKind : uint8_t {
  kRole,
  kDatabase,
  kSchema,
  kTable,  // Also views.
  kIndex,
  kSequence,
  kType,  // Enums and domains.
};

// What every object has. Objects are immutable once in a snapshot.
struct Object {
  virtual ~Object() = default;
  virtual ObjectKind kind() const = 0;
  Oid oid = kInvalidOid;
  std::string name;
  Oid schema = kInvalidOid;  // kInvalidOid for roles, databases and schemas.
  Oid owner = kInvalidOid;
  // Absent: the kind's default (the owner has everything).
  std::optional<Acl> acl;
  // Sub-object 0 is the object itself, n a column.
  std::map<int32_t, std::string> comments;
};

struct Role : Object {
  ObjectKind kind() const override { return ObjectKind::kRole; }
  bool superuser = false;
  bool inherit = true;
  bool create_role = false;
  bool create_db = false;
  bool can_login = false;
  bool replication = false;
  bool bypass_rls = false;
  int32_t connection_limit = -1;
  std::string password;  // A SCRAM verifier in PostgreSQL's text form; empty: none.
  std::optional<int64_t> valid_until_us;
  std::vector<Oid> member_of;                   // Roles whose privileges this role has.
  std::vector<Oid> admin_of;                    // The subset it may grant on.
  std::map<std::string, std::string> settings;  // ALTER ROLE ... SET
};

// ALTER DEFAULT PRIVILEGES: what objects that the role makes begin with. PostgreSQL's letters for
// their kind: 'r' tables and views, 'S' sequences, 'f' functions, 'T' types, 'n' schemas.
struct DefaultPrivileges {
  Oid role = kInvalidOid;
  char object_type = 'r';
  Acl acl;
};

struct Database : Object {
  ObjectKind kind() const override { return ObjectKind::kDatabase; }
  std::map<std::string, std::string> settings;
  // For every schema: these stand in for what such objects begin with otherwise.
  std::vector<DefaultPrivileges> default_privileges;
};

struct Schema : Object {
  ObjectKind kind() const override { return ObjectKind::kSchema; }
  std::vector<DefaultPrivileges> default_privileges;  // On top of the database's.
};

enum class Identity : uint8_t { kNone, kAlways, kByDefault };

struct Column {
  int16_t number = 0;  // attnum, from 1, never reused.
  std::string name;
  SqlType type;
  bool not_null = false;
  // SQL text of the default, or of a generated column's expression; names in it are qualified.
  std::string default_sql;
  bool generated = false;  // GENERATED ALWAYS AS (default_sql) STORED
  Identity identity = Identity::kNone;
  Oid sequence = kInvalidOid;   // The sequence that serial or identity made.
  Oid collation = kInvalidOid;  // kInvalidOid: the type's default.
  bool dropped = false;         // Keeps its number; all else is meaningless.
  char storage = 0;             // ALTER COLUMN SET STORAGE; 0: the type's default.
  // ADD COLUMN with a constant default: what older rows show, as a text literal.
  std::optional<std::string> missing_text;
  std::optional<Acl> acl;
};

enum class ConstraintKind : char { kCheck = 'c', kForeignKey = 'f', kPrimary = 'p', kUnique = 'u' };
// PostgreSQL's letters in pg_constraint.
enum class ForeignKeyAction : char {
  kNoAction = 'a',
  kRestrict = 'r',
  kCascade = 'c',
  kSetNull = 'n',
  kSetDefault = 'd',
};

struct Constraint {
  Oid oid = kInvalidOid;
  std::string name;
  ConstraintKind kind = ConstraintKind::kCheck;
  std::vector<int16_t> columns;  // attnums of this table
  std::string check_sql;         // kCheck: the expression
  Oid index = kInvalidOid;       // kPrimary, kUnique: its index; kForeignKey: the referenced one
  Oid referenced_table = kInvalidOid;  // kForeignKey
  std::vector<int16_t> referenced_columns;
  ForeignKeyAction on_delete = ForeignKeyAction::kNoAction;
  ForeignKeyAction on_update = ForeignKeyAction::kNoAction;
  std::vector<int16_t> on_delete_set_columns;  // SET NULL (a, b)
  bool match_full = false;
  bool deferrable = false;
  bool initially_deferred = false;
  bool validated = true;
  bool no_inherit = false;
  std::string comment;
};

enum class TableKind : char { kTable = 'r', kView = 'v', kMaterializedView = 'm' };

// A table or a view.
struct Table : Object {
  ObjectKind kind() const override { return ObjectKind::kTable; }
  TableKind table_kind = TableKind::kTable;
  bool temporary = false;
  enum class OnCommit : uint8_t { kPreserve, kDelete, kDrop } on_commit = OnCommit::kPreserve;
  // hidb::SpaceId; 0 for views and for materialized views that are not populated.
  uint32_t storage_id = 0;
  std::vector<Column> columns;  // In attnum order, dropped ones included.
  std::vector<Constraint> constraints;
  std::vector<Oid> indexes;
  std::vector<Oid> referenced_by;  // Tables whose foreign keys point here (this one included).
  std::string view_sql;            // The view's SELECT, names qualified.
  std::vector<Oid> depends_on;     // Views: tables, views, types and sequences that they use.
  std::map<std::string, std::string> options;  // WITH (...)
  // Primary key columns by attnum, in key order; empty: rows have a hidden row id as key.
  std::vector<int16_t> primary_key;

  // The live column of this name, or null.
  const Column* FindColumn(std::string_view column_name) const;
  const Column* FindColumn(int16_t number) const;
  const Constraint* FindConstraint(std::string_view constraint_name) const;
  const Constraint* PrimaryKey() const;
};

struct IndexKey {
  int16_t column = 0;          // attnum; 0: an expression
  std::string expression_sql;  // When column is 0.
  SqlType type;
  bool descending = false;
  bool nulls_first = false;
  Oid collation = kInvalidOid;
  std::string opclass;  // When named other than the default.
};

struct Index : Object {
  ObjectKind kind() const override { return ObjectKind::kIndex; }
  Oid table = kInvalidOid;
  uint32_t storage_id = 0;  // 0: the primary key, which is the order of the rows themselves.
  bool unique = false;
  bool primary = false;
  bool nulls_distinct = true;
  std::string method = "btree";
  std::vector<IndexKey> keys;
  std::vector<int16_t> included;  // INCLUDE columns
  std::string predicate_sql;      // Partial index; empty: all rows.
  // Writers maintain an index from kBuilding on; readers use it when kReady.
  enum class State : uint8_t { kBuilding, kReady } state = State::kReady;
  Oid constraint = kInvalidOid;  // The constraint that owns it, if any.
  std::map<std::string, std::string> options;
};

struct Sequence : Object {
  ObjectKind kind() const override { return ObjectKind::kSequence; }
  Oid type = type_oid::kInt8;
  int64_t start = 1;
  int64_t increment = 1;
  int64_t minimum = 1;
  int64_t maximum = INT64_MAX;
  int64_t cache = 1;
  bool cycle = false;
  Oid owned_by_table = kInvalidOid;
  int16_t owned_by_column = 0;
  bool identity = false;
  uint32_t storage_id = 0;  // Key of its counter; changes with RESTART in a transaction.
};

struct EnumLabel {
  int64_t sort_key = 0;  // How values lie in rows; labels compare by it.
  Oid oid = kInvalidOid;
  std::string label;
};

struct UserType : Object {
  ObjectKind kind() const override { return ObjectKind::kType; }
  enum class TypeKind : char { kEnum = 'e', kDomain = 'd', kComposite = 'c' };
  TypeKind type_kind = TypeKind::kEnum;
  Oid array_oid = kInvalidOid;
  std::vector<EnumLabel> labels;  // In sort order.
  SqlType base;                   // Domains.
  bool not_null = false;
  std::string default_sql;
  std::vector<Constraint> checks;
  std::vector<Column> fields;  // Composites.
  // The table or view whose row type this is (Snapshot makes these, nothing stores them), or none.
  Oid relation = kInvalidOid;
};

// A catalog object as bytes (JSON, docs/formats/catalog.md) and back. Decoding checks everything:
// kDataCorrupted names the record.
std::string EncodeObject(const Object& object);
Result<std::shared_ptr<const Object>> DecodeObject(std::string_view bytes);

}  // namespace helios::catalog
