// Commands of ALTER TABLE about constraints.

#include <algorithm>
#include <set>

#include "compute/internal/ddl/alter_table.h"

namespace helios::compute {

namespace ast = sql::ast;

Status TableAlteration::AddConstraint(const ast::AlterCommand& command) {
  const size_t known = builder_.added_constraints().size();
  const bool had_key = !table_->primary_key.empty();
  std::set<int16_t> not_null;
  for (const catalog::Column& column : table_->columns) {
    if (column.not_null) not_null.insert(column.number);
  }
  HELIOS_TRY(builder_.AddConstraint(*command.constraint, ""));
  HELIOS_TRY(builder_.FinishConstraints());
  for (size_t index = known; index < builder_.added_constraints().size(); ++index) {
    to_validate_.push_back(builder_.added_constraints()[index]);
  }
  for (const catalog::Column& column : table_->columns) {
    if (column.not_null && not_null.find(column.number) == not_null.end()) {
      new_not_null_.push_back(column.number);
    }
  }
  // Rows are stored in the order of the primary key, so a new one moves them all.
  if (!had_key && !table_->primary_key.empty()) rewrite_ = true;
  return Status::Ok();
}

Status TableAlteration::DropIndex(Oid oid) {
  const catalog::Index* index = editor_.current().FindIndex(oid);
  if (index != nullptr && index->storage_id != 0) {
    session_.txn().dropped_spaces.push_back(index->storage_id);
  }
  std::erase(table_->indexes, oid);
  editor_.Remove(oid);
  return Status::Ok();
}

// Foreign keys that need the primary key or unique constraint: dropped with it, or an error.
Status TableAlteration::RemoveReferences(const catalog::Constraint& constraint,
                                         const std::string& what, bool cascade) {
  for (const Oid child_oid : std::vector<Oid>(table_->referenced_by)) {
    const catalog::Table* child =
        child_oid == table_->oid ? table_.get() : editor_.current().FindTable(child_oid);
    if (child == nullptr) continue;
    for (const catalog::Constraint& key : std::vector<catalog::Constraint>(child->constraints)) {
      if (key.kind != catalog::ConstraintKind::kForeignKey || key.index != constraint.index) {
        continue;
      }
      if (!cascade) {
        return Error(ErrorCode::kDependentObjectsStillExist)
            .Message("cannot drop {} because other objects depend on it", what)
            .Detail("constraint {} on table {} depends on {}", key.name, child->name, what)
            .Hint("Use DROP ... CASCADE to drop the dependent objects too.");
      }
      if (child_oid == table_->oid) continue;
      auto copy = editor_.Copy<catalog::Table>(child_oid);
      std::erase_if(copy->constraints,
                    [&key](const catalog::Constraint& other) { return other.oid == key.oid; });
      editor_.Put(std::move(copy));
    }
  }
  return Status::Ok();
}

// After the removal of a foreign key: its table is no longer among the parent's, unless another
// key leads there.
void TableAlteration::ForgetReference(const catalog::Constraint& foreign_key) {
  for (const catalog::Constraint& other : table_->constraints) {
    if (other.kind == catalog::ConstraintKind::kForeignKey &&
        other.referenced_table == foreign_key.referenced_table) {
      return;
    }
  }
  if (foreign_key.referenced_table == table_->oid) {
    std::erase(table_->referenced_by, table_->oid);
  } else if (editor_.current().FindTable(foreign_key.referenced_table) != nullptr) {
    auto parent = editor_.Copy<catalog::Table>(foreign_key.referenced_table);
    std::erase(parent->referenced_by, table_->oid);
    editor_.Put(std::move(parent));
  }
}

Status TableAlteration::RemoveConstraint(const catalog::Constraint& removed,
                                         const std::string& what, bool cascade) {
  const catalog::Constraint constraint = removed;
  if (constraint.kind == catalog::ConstraintKind::kPrimary ||
      constraint.kind == catalog::ConstraintKind::kUnique) {
    HELIOS_TRY(RemoveReferences(constraint, what, cascade));
    HELIOS_TRY(DropIndex(constraint.index));
    if (constraint.kind == catalog::ConstraintKind::kPrimary) {
      table_->primary_key.clear();
      rewrite_ = true;
    }
  }
  std::erase_if(table_->constraints, [&constraint](const catalog::Constraint& other) {
    return other.oid == constraint.oid;
  });
  if (constraint.kind == catalog::ConstraintKind::kForeignKey) ForgetReference(constraint);
  return Status::Ok();
}

Status TableAlteration::DropConstraint(const ast::AlterCommand& command) {
  const catalog::Constraint* constraint = table_->FindConstraint(command.name);
  if (constraint == nullptr) {
    if (command.if_exists) {
      session_.Notice(Notice::Severity::kNotice, "00000",
                      fmt::format("constraint \"{}\" of relation \"{}\" does not exist, skipping",
                                  command.name, table_->name));
      return Status::Ok();
    }
    return Error(ErrorCode::kUndefinedObject)
        .Message("constraint \"{}\" of relation \"{}\" does not exist", command.name, table_->name);
  }
  return RemoveConstraint(*constraint,
                          fmt::format("constraint {} on table {}", command.name, table_->name),
                          command.behavior == ast::DropBehavior::kCascade);
}

Status TableAlteration::AlterConstraint(const ast::AlterCommand& command) {
  for (catalog::Constraint& constraint : table_->constraints) {
    if (constraint.name != command.constraint->name) continue;
    if (constraint.kind != catalog::ConstraintKind::kForeignKey) {
      return Error(ErrorCode::kWrongObjectType)
          .Message("constraint \"{}\" of relation \"{}\" is not a foreign key constraint",
                   constraint.name, table_->name);
    }
    constraint.deferrable = command.constraint->deferrable;
    constraint.initially_deferred = command.constraint->initially_deferred;
    return Status::Ok();
  }
  return Error(ErrorCode::kUndefinedObject)
      .Message("constraint \"{}\" of relation \"{}\" does not exist", command.constraint->name,
               table_->name);
}

Status TableAlteration::ValidateConstraint(const ast::AlterCommand& command) {
  for (catalog::Constraint& constraint : table_->constraints) {
    if (constraint.name != command.name) continue;
    if (constraint.kind != catalog::ConstraintKind::kForeignKey &&
        constraint.kind != catalog::ConstraintKind::kCheck) {
      return Error(ErrorCode::kWrongObjectType)
          .Message("constraint \"{}\" of relation \"{}\" is not a foreign key or check constraint",
                   constraint.name, table_->name);
    }
    if (!constraint.validated) to_validate_.push_back(constraint.oid);
    constraint.validated = true;
    return Status::Ok();
  }
  return Error(ErrorCode::kUndefinedObject)
      .Message("constraint \"{}\" of relation \"{}\" does not exist", command.name, table_->name);
}

}  // namespace helios::compute
