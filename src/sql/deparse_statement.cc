// Data changes, indexes and constraints.
#include "sql/internal/printer.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here reads nodes of the tree.

void Printer::PutTarget(const AssignmentTarget& target) {
  PutName(target.name);
  PutSteps(target.steps);
}

void Printer::PutAssignments(const std::vector<Assignment>& assignments) {
  Separated(assignments, [this](const Assignment& assignment) {
    if (assignment.multiple) Put("(");
    Separated(assignment.targets, [this](const AssignmentTarget& target) { PutTarget(target); });
    if (assignment.multiple) Put(")");
    Put(" = ");
    Print(*assignment.value);
  });
}

void Printer::PutReturning(const std::vector<TargetItem>& returning) {
  if (returning.empty()) return;
  Put(" RETURNING");
  PutTargets(returning);
}

void Printer::Print(const IndexElement& element) {
  if (element.expr == nullptr) {
    PutName(element.column);
  } else {
    // A call may stand bare; anything else needs parentheses, which most bring along.
    const auto* call = TryAs<FunctionCall>(element.expr.get());
    const bool is_call = call != nullptr && !call->sql_syntax;
    if (!is_call) Put("(");
    Print(*element.expr);
    if (!is_call) Put(")");
  }
  if (!element.collation.empty()) {
    Put(" COLLATE ");
    PutQualified(element.collation);
  }
  if (!element.op_class.empty()) {
    Put(" ");
    PutQualified(element.op_class);
    if (!element.op_class_options.empty()) {
      Put(" ");
      PutOptions(element.op_class_options);
    }
  }
  const bool descends = element.direction == SortDirection::kDescending;
  if (element.direction == SortDirection::kAscending && !options_.analyzed) Put(" ASC");
  if (descends) Put(" DESC");
  // What the direction implies is not said again in stored definitions.
  const bool implied_first = options_.analyzed && descends;
  const bool implied_last = options_.analyzed && !descends;
  if (element.nulls == NullsOrder::kFirst && !implied_first) Put(" NULLS FIRST");
  if (element.nulls == NullsOrder::kLast && !implied_last) Put(" NULLS LAST");
}

void Printer::PutConflict(const OnConflict& conflict) {
  Put(" ON CONFLICT");
  if (!conflict.elements.empty()) {
    Put(" (");
    Separated(conflict.elements, [this](const IndexElement& element) { Print(element); });
    Put(")");
    if (conflict.elements_where != nullptr) {
      Put(" WHERE ");
      Print(*conflict.elements_where);
    }
  } else if (!conflict.constraint.empty()) {
    Put(" ON CONSTRAINT ");
    PutName(conflict.constraint);
  }
  if (conflict.action == ConflictAction::kNothing) return Put(" DO NOTHING");
  Put(" DO UPDATE SET ");
  PutAssignments(conflict.assignments);
  if (conflict.where == nullptr) return;
  Put(" WHERE ");
  Print(*conflict.where);
}

namespace {

std::string_view OverridingWords(Overriding overriding) {
  switch (overriding) {
    case Overriding::kNone:
      return "";
    case Overriding::kUser:
      return " OVERRIDING USER VALUE";
    case Overriding::kSystem:
      return " OVERRIDING SYSTEM VALUE";
  }
  return "";
}

}  // namespace

void Printer::PutInsert(const InsertStatement& insert) {
  if (insert.with != nullptr) PutWith(*insert.with);
  Put("INSERT INTO ");
  PutRelation(insert.relation);
  if (insert.alias != nullptr) {
    Put(" AS");
    PutAlias(insert.alias.get());
  }
  if (!insert.columns.empty()) {
    Put(" (");
    Separated(insert.columns, [this](const AssignmentTarget& target) { PutTarget(target); });
    Put(")");
  }
  Put(OverridingWords(insert.overriding));
  if (insert.source == nullptr) {
    Put(" DEFAULT VALUES");
  } else {
    Put(" ");
    Print(*insert.source);
  }
  if (insert.on_conflict != nullptr) PutConflict(*insert.on_conflict);
  PutReturning(insert.returning);
}

void Printer::PutUpdate(const UpdateStatement& update) {
  if (update.with != nullptr) PutWith(*update.with);
  Put("UPDATE ");
  PutRelation(update.relation);
  PutAlias(update.alias.get());
  Put(" SET ");
  PutAssignments(update.assignments);
  PutFrom(update.from, " FROM ");
  if (update.where != nullptr) {
    Put(" WHERE ");
    Print(*update.where);
  }
  PutReturning(update.returning);
}

void Printer::PutDelete(const DeleteStatement& statement) {
  if (statement.with != nullptr) PutWith(*statement.with);
  Put("DELETE FROM ");
  PutRelation(statement.relation);
  PutAlias(statement.alias.get());
  PutFrom(statement.using_items, " USING ");
  if (statement.where != nullptr) {
    Put(" WHERE ");
    Print(*statement.where);
  }
  PutReturning(statement.returning);
}

void Printer::PutMerge(const MergeStatement& merge) {
  if (merge.with != nullptr) PutWith(*merge.with);
  Put("MERGE INTO ");
  PutRelation(merge.relation);
  PutAlias(merge.alias.get());
  Put(" USING ");
  PutFromItem(*merge.source);
  Put(" ON ");
  Print(*merge.on);
  for (const MergeWhen& when : merge.whens) {
    Put(when.matched ? " WHEN MATCHED" : " WHEN NOT MATCHED");
    if (when.condition != nullptr) {
      Put(" AND ");
      Print(*when.condition);
    }
    Put(" THEN ");
    switch (when.action) {
      case MergeAction::kNothing:
        Put("DO NOTHING");
        break;
      case MergeAction::kDelete:
        Put("DELETE");
        break;
      case MergeAction::kUpdate:
        Put("UPDATE SET ");
        PutAssignments(when.assignments);
        break;
      case MergeAction::kInsert:
        Put("INSERT");
        if (!when.columns.empty()) {
          Put(" (");
          Separated(when.columns, [this](const AssignmentTarget& target) { PutTarget(target); });
          Put(")");
        }
        Put(OverridingWords(when.overriding));
        if (when.values.empty()) {
          Put(" DEFAULT VALUES");
        } else {
          Put(" VALUES (");
          PutList(when.values);
          Put(")");
        }
        break;
    }
  }
}

void Printer::PutCreateIndex(const CreateIndexStatement& create) {
  Put(create.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
  if (create.concurrently) Put("CONCURRENTLY ");
  if (create.if_not_exists) Put("IF NOT EXISTS ");
  if (!create.name.empty()) {
    PutName(create.name);
    Put(" ");
  }
  Put("ON ");
  PutRelation(create.relation);
  if (!create.access_method.empty()) {
    Put(" USING ");
    PutName(create.access_method);
  }
  Put(" (");
  Separated(create.elements, [this](const IndexElement& element) { Print(element); });
  Put(")");
  if (!create.including.empty()) {
    Put(" INCLUDE ");
    PutNames(create.including);
  }
  if (create.nulls_not_distinct) Put(" NULLS NOT DISTINCT");
  if (!create.options.empty()) {
    Put(" WITH ");
    PutOptions(create.options);
  }
  if (!create.tablespace.empty()) {
    Put(" TABLESPACE ");
    PutName(create.tablespace);
  }
  if (create.where == nullptr) return;
  Put(" WHERE ");
  Print(*create.where);
}

namespace {

std::string_view ActionWords(ForeignKeyAction action) {
  switch (action) {
    case ForeignKeyAction::kNoAction:
      return "";
    case ForeignKeyAction::kRestrict:
      return "RESTRICT";
    case ForeignKeyAction::kCascade:
      return "CASCADE";
    case ForeignKeyAction::kSetNull:
      return "SET NULL";
    case ForeignKeyAction::kSetDefault:
      return "SET DEFAULT";
  }
  return "";
}

}  // namespace

void Printer::PutForeignKey(const Constraint& constraint) {
  Put("FOREIGN KEY ");
  PutNames(constraint.columns);
  Put(" REFERENCES ");
  RelationName referenced;
  referenced.schema = constraint.referenced.schema;
  referenced.name = constraint.referenced.name;
  PutRelation(referenced);
  if (!constraint.referenced_columns.empty()) PutNames(constraint.referenced_columns);
  if (constraint.match == ForeignKeyMatch::kFull) Put(" MATCH FULL");
  if (constraint.match == ForeignKeyMatch::kPartial) Put(" MATCH PARTIAL");
  if (constraint.on_update != ForeignKeyAction::kNoAction) {
    Put(" ON UPDATE ");
    Put(ActionWords(constraint.on_update));
  }
  if (constraint.on_delete == ForeignKeyAction::kNoAction) return;
  Put(" ON DELETE ");
  Put(ActionWords(constraint.on_delete));
  if (constraint.on_delete_columns.empty()) return;
  Put(" ");
  PutNames(constraint.on_delete_columns);
}

void Printer::Print(const Constraint& constraint) {
  switch (constraint.constraint) {
    case ConstraintKind::kCheck:
      Put("CHECK (");
      Print(*constraint.expr);
      Put(")");
      if (constraint.no_inherit) Put(" NO INHERIT");
      break;
    case ConstraintKind::kPrimaryKey:
    case ConstraintKind::kUnique:
      Put(constraint.constraint == ConstraintKind::kPrimaryKey ? "PRIMARY KEY " : "UNIQUE ");
      if (constraint.nulls_not_distinct) Put("NULLS NOT DISTINCT ");
      PutNames(constraint.columns);
      if (!constraint.including.empty()) {
        Put(" INCLUDE ");
        PutNames(constraint.including);
      }
      break;
    case ConstraintKind::kForeignKey:
      PutForeignKey(constraint);
      break;
    case ConstraintKind::kExclusion:
      Put("EXCLUDE USING ");
      PutName(constraint.access_method.empty() ? "gist" : constraint.access_method);
      Put(" (");
      Separated(constraint.exclusions, [this](const ExclusionElement& exclusion) {
        Print(exclusion.element);
        Put(" WITH ");
        PutOperator(exclusion.op);
      });
      Put(")");
      if (constraint.where != nullptr) {
        Put(" WHERE (");
        Print(*constraint.where);
        Put(")");
      }
      break;
    case ConstraintKind::kNotNull:
      Put("NOT NULL");
      break;
    case ConstraintKind::kNull:
      Put("NULL");
      break;
    case ConstraintKind::kDefault:
    case ConstraintKind::kGenerated:
      Put(constraint.constraint == ConstraintKind::kDefault ? "DEFAULT ("
                                                            : "GENERATED ALWAYS AS (");
      Print(*constraint.expr);
      Put(constraint.constraint == ConstraintKind::kDefault ? ")" : ") STORED");
      break;
    case ConstraintKind::kIdentity:
      Put(constraint.identity_always ? "GENERATED ALWAYS AS IDENTITY"
                                     : "GENERATED BY DEFAULT AS IDENTITY");
      break;
  }
  if (constraint.deferrable) Put(" DEFERRABLE");
  if (constraint.initially_deferred) Put(" INITIALLY DEFERRED");
  if (constraint.not_valid) Put(" NOT VALID");
}

void Printer::Print(const Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kSelect:
      return Print(As<SelectStatement>(statement));
    case StatementKind::kInsert:
      return PutInsert(As<InsertStatement>(statement));
    case StatementKind::kUpdate:
      return PutUpdate(As<UpdateStatement>(statement));
    case StatementKind::kDelete:
      return PutDelete(As<DeleteStatement>(statement));
    case StatementKind::kMerge:
      return PutMerge(As<MergeStatement>(statement));
    case StatementKind::kCreateIndex:
      return PutCreateIndex(As<CreateIndexStatement>(statement));
    default:
      return;
  }
}

std::string Deparse(const Statement& statement, const DeparseOptions& options) {
  Printer printer(options);
  printer.Print(statement);
  return printer.Take();
}

std::string Deparse(const Constraint& constraint, const DeparseOptions& options) {
  Printer printer(options);
  printer.Print(constraint);
  return printer.Take();
}

std::string Deparse(const IndexElement& element, const DeparseOptions& options) {
  Printer printer(options);
  printer.Print(element);
  return printer.Take();
}

}  // namespace helios::sql
