// EXPLAIN, VACUUM and its relatives, LOCK, DO, CALL, SET CONSTRAINTS.
#pragma once

#include "sql/ast_utility.h"

namespace helios::sql::ast {

struct ExplainStatement : StatementOf<StatementKind::kExplain> {
  std::vector<Option> options;  // "analyze", "verbose", "costs", "format", ...
  StatementPtr query;

  HELIOS_AST_FIELDS(ExplainStatement, options, query)
};

struct VacuumTarget {
  RelationName relation;
  NameList columns;

  HELIOS_AST_FIELDS(VacuumTarget, relation, columns)
};

// VACUUM, or with `analyze_only` ANALYZE.
struct VacuumStatement : StatementOf<StatementKind::kVacuum> {
  bool analyze_only = false;
  std::vector<Option> options;
  std::vector<VacuumTarget> targets;  // Empty: every table.

  HELIOS_AST_FIELDS(VacuumStatement, analyze_only, options, targets)
};

enum class ReindexTarget : uint8_t { kIndex, kTable, kSchema, kSystem, kDatabase };

struct ReindexStatement : StatementOf<StatementKind::kReindex> {
  ReindexTarget target = ReindexTarget::kTable;
  RelationName relation;  // kIndex, kTable
  std::string name;       // The others.
  std::vector<Option> options;

  HELIOS_AST_FIELDS(ReindexStatement, target, relation, name, options)
};

struct ClusterStatement : StatementOf<StatementKind::kCluster> {
  std::unique_ptr<RelationName> relation;  // Null: every clustered table.
  std::string index;
  std::vector<Option> options;

  HELIOS_AST_FIELDS(ClusterStatement, relation, index, options)
};

struct CheckpointStatement : StatementOf<StatementKind::kCheckpoint> {
  HELIOS_AST_FIELDS(CheckpointStatement)
};

enum class DiscardTarget : uint8_t { kAll, kPlans, kSequences, kTemporary };

struct DiscardStatement : StatementOf<StatementKind::kDiscard> {
  DiscardTarget target = DiscardTarget::kAll;

  HELIOS_AST_FIELDS(DiscardStatement, target)
};

enum class TableLockMode : uint8_t {
  kAccessShare = 1,
  kRowShare,
  kRowExclusive,
  kShareUpdateExclusive,
  kShare,
  kShareRowExclusive,
  kExclusive,
  kAccessExclusive,
};

struct LockStatement : StatementOf<StatementKind::kLock> {
  std::vector<RelationName> relations;
  TableLockMode mode = TableLockMode::kAccessExclusive;
  bool nowait = false;

  HELIOS_AST_FIELDS(LockStatement, relations, mode, nowait)
};

struct DoStatement : StatementOf<StatementKind::kDo> {
  std::string language;  // Empty when not given.
  std::string code;

  HELIOS_AST_FIELDS(DoStatement, language, code)
};

struct CallStatement : StatementOf<StatementKind::kCall> {
  ExprPtr call;  // A FunctionCall.

  HELIOS_AST_FIELDS(CallStatement, call)
};

struct SetConstraintsStatement : StatementOf<StatementKind::kSetConstraints> {
  std::vector<RelationName> constraints;  // Empty: ALL.
  bool deferred = false;

  HELIOS_AST_FIELDS(SetConstraintsStatement, constraints, deferred)
};

struct LoadStatement : StatementOf<StatementKind::kLoad> {
  std::string library;

  HELIOS_AST_FIELDS(LoadStatement, library)
};

}  // namespace helios::sql::ast
