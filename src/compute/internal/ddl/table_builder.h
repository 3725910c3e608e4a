#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compute/internal/ddl/ddl_editor.h"
#include "sql/planner.h"

namespace helios::compute {

// Puts columns and constraints, as statements define them, into a table: CREATE TABLE, and ALTER
// TABLE ADD. Changes a copy of the table and puts it, its indexes, sequences and the tables that
// its foreign keys point at into the editor. The caller saves.
class TableBuilder {
 public:
  // `table` has its OID, name and schema; it may be in the catalog already.
  TableBuilder(SessionImpl& session, DdlEditor& editor, std::shared_ptr<catalog::Table> table);

  catalog::Table& table() { return *table_; }

  // Adds the column and the constraints written behind it. Check and foreign key constraints wait
  // for AddConstraints, since they may name columns that follow.
  Status AddColumn(const sql::ast::ColumnDefinition& definition);
  // `column` is where a column constraint was written; empty: the table's.
  Status AddConstraint(const sql::ast::Constraint& constraint, const std::string& column);
  // Columns and, as asked, defaults, constraints and indexes of another table.
  Status AddLike(const sql::ast::LikeClause& like);
  // Binds the constraints that waited.
  Status FinishConstraints();
  // Puts the table into the editor.
  Status Finish();

  // An index over the table's columns or expressions. `constraint` is empty for CREATE INDEX.
  struct IndexSpec {
    std::string name;
    bool unique = false;
    bool primary = false;
    bool nulls_distinct = true;
    bool building = false;  // Writers keep it up; readers wait for it to become ready.
    std::string method = "btree";
    std::vector<const sql::ast::IndexElement*> elements;
    std::vector<std::string> columns;  // Instead of elements: plain columns.
    std::vector<std::string> included;
    const sql::ast::Expr* predicate = nullptr;
    std::map<std::string, std::string> options;
  };
  Result<std::shared_ptr<catalog::Index>> AddIndex(const IndexSpec& spec);

  // Names and types of the live columns, as expressions of the table see them.
  std::vector<sql::TableColumn> ExpressionColumns() const;
  // ADD GENERATED ... AS IDENTITY on an existing column.
  Status AddIdentity(int16_t number, const sql::ast::Constraint& constraint);
  // Constraints and indexes that this builder has added: existing rows must be checked against
  // them.
  const std::vector<Oid>& added_constraints() const { return added_constraints_; }
  const std::vector<Oid>& added_indexes() const { return added_indexes_; }

 private:
  struct Waiting {
    const sql::ast::Constraint* constraint;
    std::string column;
  };

  Status ApplyColumnConstraint(const sql::ast::Constraint& constraint, size_t column_index);
  Status AddSequence(size_t column_index, const std::vector<sql::ast::Option>& options,
                     bool identity);
  Status SetDefault(size_t column_index, const sql::ast::Expr& expr);
  // The parts of AddLike. `numbers` gets the new number of each column of the source.
  Status CopyColumns(const catalog::Table& source, uint32_t including,
                     std::map<int16_t, int16_t>* numbers);
  Status CopyIndex(const catalog::Table& source, const catalog::Index& index);
  Status AddCheck(const sql::ast::Constraint& constraint, const std::string& column);
  Status AddKey(const sql::ast::Constraint& constraint, const std::string& column);
  // ADD CONSTRAINT ... USING INDEX: `spec` gets the index's columns and name.
  Result<const catalog::Index*> FindUsingIndex(const sql::ast::Constraint& constraint);
  Result<std::shared_ptr<catalog::Index>> TakeIndex(const sql::ast::Constraint& constraint,
                                                    bool primary);
  Status AddForeignKey(const sql::ast::Constraint& constraint, const std::string& column);
  Result<const catalog::Table*> FindReferencedTable(const sql::ast::RelationName& referenced);
  Status FindReferencedKey(const catalog::Table& parent, const sql::ast::Constraint& constraint,
                           catalog::Constraint* key);
  // The constraint's key columns can be compared with those that they reference.
  Status CheckKeyTypes(const catalog::Table& parent, const catalog::Constraint& key) const;
  // Tells the referenced table of the constraint.
  Status RegisterReference(Oid parent);
  // `name` gets the part that an index without a name takes from this element.
  Result<catalog::IndexKey> MakeIndexKey(const sql::ast::IndexElement& element, std::string* name);
  Result<int16_t> ColumnNumber(const std::string& name, std::string_view what) const;
  std::vector<std::string> ConstraintNames() const;

  SessionImpl& session_;
  DdlEditor& editor_;
  std::shared_ptr<catalog::Table> table_;
  std::vector<Waiting> waiting_;
  std::set<size_t> declared_null_;  // Columns said to be NULL.
  std::vector<std::pair<size_t, const sql::ast::Expr*>> generated_;
  std::vector<Oid> added_constraints_;
  std::vector<Oid> added_indexes_;
};

// Applies CREATE/ALTER SEQUENCE options (and identity's) to a sequence. 22023 on contradictions.
Status ApplySequenceOptions(SessionImpl& session, const std::vector<sql::ast::Option>& options,
                            catalog::Sequence* sequence, bool creating,
                            std::optional<int64_t>* restart);

}  // namespace helios::compute
