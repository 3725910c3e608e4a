// Tables, columns, constraints and indexes: CREATE TABLE, CREATE TABLE AS, ALTER TABLE, CREATE
// INDEX.
#pragma once

#include "sql/ast_dml.h"

namespace helios::sql::ast {

enum class ObjectType : uint8_t {
  kNone,
  kAccessMethod,
  kAggregate,
  kAttribute,
  kCast,
  kCollation,
  kColumn,
  kConversion,
  kDatabase,
  kDomain,
  kDomainConstraint,
  kEventTrigger,
  kExtension,
  kForeignDataWrapper,
  kForeignServer,
  kForeignTable,
  kFunction,
  kIndex,
  kLanguage,
  kLargeObject,
  kMaterializedView,
  kOperator,
  kOperatorClass,
  kOperatorFamily,
  kParameter,
  kPolicy,
  kProcedure,
  kPublication,
  kRole,
  kRoutine,
  kRule,
  kSchema,
  kSequence,
  kStatistics,
  kSubscription,
  kTable,
  kTableConstraint,
  kTablespace,
  kTextSearch,
  kTransform,
  kTrigger,
  kType,
  kView,
};

enum class RoleKind : uint8_t { kNamed, kPublic, kCurrentUser, kCurrentRole, kSessionUser };

struct RoleName {
  RoleKind role = RoleKind::kNamed;
  std::string name;  // kNamed
  int location = -1;

  HELIOS_AST_FIELDS(RoleName, role, name)
};

enum class ConstraintKind : uint8_t {
  kNull,
  kNotNull,
  kDefault,
  kIdentity,
  kGenerated,
  kCheck,
  kPrimaryKey,
  kUnique,
  kExclusion,
  kForeignKey,
};

enum class ForeignKeyAction : uint8_t { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };
enum class ForeignKeyMatch : uint8_t { kSimple, kFull, kPartial };

struct ExclusionElement {
  IndexElement element;
  NameList op;

  HELIOS_AST_FIELDS(ExclusionElement, element, op)
};

// A constraint of a column or of a table. A column's DEFERRABLE words are already merged into it.
struct Constraint {
  ConstraintKind constraint = ConstraintKind::kNull;
  std::string name;              // Empty when not given.
  ExprPtr expr;                  // kDefault, kGenerated, kCheck
  bool identity_always = false;  // kIdentity: GENERATED ALWAYS, else BY DEFAULT.
  std::vector<Option> options;   // kIdentity: the sequence's. kPrimaryKey ...: WITH (...).

  NameList columns;    // Of PRIMARY KEY, UNIQUE, FOREIGN KEY. Empty in a column's constraint.
  NameList including;  // INCLUDE (...)
  bool nulls_not_distinct = false;
  std::string using_index;  // ADD CONSTRAINT ... USING INDEX name
  std::string tablespace;
  std::vector<ExclusionElement> exclusions;
  std::string access_method;
  ExprPtr where;  // Of EXCLUDE.

  RelationName referenced;  // REFERENCES
  NameList referenced_columns;
  ForeignKeyMatch match = ForeignKeyMatch::kSimple;
  ForeignKeyAction on_update = ForeignKeyAction::kNoAction;
  ForeignKeyAction on_delete = ForeignKeyAction::kNoAction;
  NameList on_delete_columns;  // SET NULL (a, b)

  bool deferrable = false;
  bool initially_deferred = false;
  bool no_inherit = false;
  bool not_valid = false;
  int location = -1;

  HELIOS_AST_FIELDS(Constraint, constraint, name, expr, identity_always, options, columns,
                    including, nulls_not_distinct, using_index, tablespace, exclusions,
                    access_method, where, referenced, referenced_columns, match, on_update,
                    on_delete, on_delete_columns, deferrable, initially_deferred, no_inherit,
                    not_valid)
};

struct ColumnDefinition {
  std::string name;
  std::unique_ptr<TypeName> type;  // Null in CREATE TABLE OF and PARTITION OF.
  NameList collation;
  std::string storage;      // STORAGE word of ALTER; empty when not given.
  std::string compression;  // COMPRESSION word
  std::vector<Constraint> constraints;
  int location = -1;

  HELIOS_AST_FIELDS(ColumnDefinition, name, type, collation, storage, compression, constraints)
};

// LIKE relation INCLUDING ...
struct LikeClause {
  static constexpr uint32_t kComments = 1, kCompression = 2, kConstraints = 4, kDefaults = 8,
                            kGenerated = 16, kIdentity = 32, kIndexes = 64, kStatistics = 128,
                            kStorage = 256;
  RelationName relation;
  uint32_t including = 0;    // Bits from above.
  size_t before_column = 0;  // How many column definitions stood before it.

  HELIOS_AST_FIELDS(LikeClause, relation, including, before_column)
};

struct PartitionKey {
  std::string strategy;  // "list", "range", "hash"
  std::vector<IndexElement> elements;
  int location = -1;

  HELIOS_AST_FIELDS(PartitionKey, strategy, elements)
};

struct PartitionBound {
  std::string strategy;  // "list", "range", "hash"
  bool is_default = false;
  int modulus = 0;
  int remainder = 0;
  ExprList values;  // FOR VALUES IN (...)
  ExprList lower;   // FROM (...); MINVALUE and MAXVALUE are column references.
  ExprList upper;   // TO (...)
  int location = -1;

  HELIOS_AST_FIELDS(PartitionBound, strategy, is_default, modulus, remainder, values, lower, upper)
};

enum class OnCommit : uint8_t { kNone, kPreserveRows, kDeleteRows, kDrop };

struct CreateTableStatement : StatementOf<StatementKind::kCreateTable> {
  RelationName relation;
  bool if_not_exists = false;
  std::vector<ColumnDefinition> columns;
  std::vector<Constraint> constraints;  // Those of the table.
  std::vector<LikeClause> likes;
  std::vector<RelationName> inherits;  // With `partition_of`: the one parent.
  std::unique_ptr<PartitionBound> partition_of;
  std::unique_ptr<PartitionKey> partition_by;
  std::unique_ptr<TypeName> of_type;
  std::vector<Option> options;
  OnCommit on_commit = OnCommit::kNone;
  std::string tablespace;
  std::string access_method;

  HELIOS_AST_FIELDS(CreateTableStatement, relation, if_not_exists, columns, constraints, likes,
                    inherits, partition_of, partition_by, of_type, options, on_commit, tablespace,
                    access_method)
};

// CREATE TABLE AS and CREATE MATERIALIZED VIEW. SELECT INTO stays a SelectStatement with `into`.
struct CreateTableAsStatement : StatementOf<StatementKind::kCreateTableAs> {
  RelationName relation;
  bool if_not_exists = false;
  bool materialized_view = false;
  NameList columns;
  std::vector<Option> options;
  OnCommit on_commit = OnCommit::kNone;
  std::string tablespace;
  std::string access_method;
  bool with_data = true;
  StatementPtr query;  // SELECT or EXECUTE.

  HELIOS_AST_FIELDS(CreateTableAsStatement, relation, if_not_exists, materialized_view, columns,
                    options, on_commit, tablespace, access_method, with_data, query)
};

struct CreateIndexStatement : StatementOf<StatementKind::kCreateIndex> {
  std::string name;  // Empty: to be chosen.
  RelationName relation;
  bool unique = false;
  bool concurrently = false;
  bool if_not_exists = false;
  bool nulls_not_distinct = false;
  std::string access_method;  // "btree" unless given.
  std::vector<IndexElement> elements;
  NameList including;
  std::vector<Option> options;
  std::string tablespace;
  ExprPtr where;

  HELIOS_AST_FIELDS(CreateIndexStatement, name, relation, unique, concurrently, if_not_exists,
                    nulls_not_distinct, access_method, elements, including, options, tablespace,
                    where)
};

}  // namespace helios::sql::ast
