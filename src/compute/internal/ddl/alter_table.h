#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/ddl/stored_composites.h"
#include "compute/internal/ddl/table_builder.h"

namespace helios::compute {

// One ALTER TABLE on its way: every command works on one copy of the table; checks of existing
// rows, index builds and rewrites follow once the new definition is in the session's catalog.
class TableAlteration {
 public:
  // The table is locked against everybody else.
  TableAlteration(SessionImpl& session, DdlEditor& editor, const catalog::Table& table);

  Status Apply(const sql::ast::AlterCommand& command);
  // Puts the table into the catalog and does what its rows need.
  Status Finish();

 private:
  // --- columns (alter_column.cc)
  Result<catalog::Column*> Column(const std::string& name, bool if_exists = false);
  Status AddColumn(const sql::ast::AlterCommand& command);
  Status FillNewColumn(catalog::Column& column);
  std::string DomainDefault(Oid type) const;
  Status DropColumn(const sql::ast::AlterCommand& command);
  Status SetDefault(const sql::ast::AlterCommand& command);
  Status SetNotNull(const sql::ast::AlterCommand& command);
  Status DropNotNull(const sql::ast::AlterCommand& command);
  Status DropExpression(const sql::ast::AlterCommand& command);
  Status AlterType(const sql::ast::AlterCommand& command);
  Result<std::string> ConversionTo(const SqlType& type, const catalog::Column& column,
                                   const sql::ast::AlterCommand& command) const;
  std::vector<sql::TableColumn> OldColumns() const;
  Oid BaseOf(SqlType type) const;
  Status AddIdentity(const sql::ast::AlterCommand& command);
  Status DropIdentity(const sql::ast::AlterCommand& command);
  Status SetIdentity(const sql::ast::AlterCommand& command);
  // The views of which some expression uses the column.
  Result<std::vector<const catalog::Table*>> ViewsOf(const catalog::Column& column) const;
  // The generated column that is computed from this one, or null.
  const catalog::Column* GeneratedFrom(const catalog::Column& column) const;
  // Drops the indexes that have the column in a key, an expression or the predicate.
  Status DropIndexesOf(const catalog::Column& column);

  // --- constraints (alter_constraint.cc)
  Status AddConstraint(const sql::ast::AlterCommand& command);
  Status DropConstraint(const sql::ast::AlterCommand& command);
  Status AlterConstraint(const sql::ast::AlterCommand& command);
  Status ValidateConstraint(const sql::ast::AlterCommand& command);
  Status DropIndex(Oid oid);
  // `what` is dropped and takes the constraint along: "constraint c on table t", "column a of ...".
  Status RemoveConstraint(const catalog::Constraint& constraint, const std::string& what,
                          bool cascade);
  Status RemoveReferences(const catalog::Constraint& key, const std::string& what, bool cascade);
  void ForgetReference(const catalog::Constraint& foreign_key);

  Status ChangeOwner(const sql::ast::AlterCommand& command);
  Result<StoredComposites> StoredRows() const;
  bool ChangesShape() const;
  Status MoveRows();
  Status KeepRows();

  SessionImpl& session_;
  DdlEditor& editor_;
  const catalog::Table before_;
  std::shared_ptr<catalog::Table> table_;
  TableBuilder builder_;
  std::vector<int16_t> new_not_null_;
  std::vector<Oid> to_validate_;
  // Column number -> the SQL of its new value over the old row.
  std::map<int16_t, std::string> new_values_;
  bool rewrite_ = false;
};

}  // namespace helios::compute
