// CREATE and ALTER DOMAIN. Casts to a domain check its conditions; a condition that is added later
// is checked here against what the tables hold.

#include <algorithm>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/ddl/index_build.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "sql/planner.h"
#include "types/text.h"

namespace helios::compute {

namespace {

using catalog::UserType;

Status NotForDomains(std::string_view what) {
  return Error(ErrorCode::kSyntaxError).Message("{} constraints not possible for domains", what);
}

Status SetDomainDefault(SessionImpl& session, const ast::Expr& expr, UserType* domain) {
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(sql::BoundTableExpression bound,
             sql::BindTableExpression(expr, domain->name, {}, sql::ExpressionPurpose::kDefault,
                                      domain->base, domain->name, context));
  domain->default_sql = std::move(bound.sql);
  return Status::Ok();
}

Status AddCheck(SessionImpl& session, const ast::Constraint& definition, UserType* domain) {
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(sql::BoundTableExpression bound,
             sql::BindTableExpression(*definition.expr, "", {{sql::kDomainValueName, domain->base}},
                                      sql::ExpressionPurpose::kDomainCheck, {type_oid::kBool}, "",
                                      context));
  catalog::Constraint check;
  check.kind = catalog::ConstraintKind::kCheck;
  HELIOS_TRY(check.oid, session.NewOid());
  check.check_sql = std::move(bound.sql);
  check.validated = !definition.not_valid;
  check.name = definition.name;
  std::vector<std::string> names;
  for (const catalog::Constraint& other : domain->checks) names.push_back(other.name);
  if (check.name.empty()) {
    check.name = ChooseName(*session.Catalog(), kInvalidOid, domain->name, "", "check", names);
  } else if (std::find(names.begin(), names.end(), check.name) != names.end()) {
    return Error(ErrorCode::kDuplicateObject)
        .Message("constraint \"{}\" for domain \"{}\" already exists", check.name, domain->name);
  }
  domain->checks.push_back(std::move(check));
  return Status::Ok();
}

Status ApplyConstraint(SessionImpl& session, const ast::Constraint& constraint, bool* said_null,
                       UserType* domain) {
  const auto conflicting = [] {
    return Error(ErrorCode::kSyntaxError).Message("conflicting NULL/NOT NULL constraints");
  };
  switch (constraint.constraint) {
    case ast::ConstraintKind::kNull:
      if (domain->not_null) return conflicting();
      *said_null = true;
      return Status::Ok();
    case ast::ConstraintKind::kDefault:
      if (!domain->default_sql.empty()) {
        return Error(ErrorCode::kSyntaxError).Message("multiple default expressions");
      }
      return SetDomainDefault(session, *constraint.expr, domain);
    case ast::ConstraintKind::kNotNull:
      if (*said_null) return conflicting();
      domain->not_null = true;
      return Status::Ok();
    case ast::ConstraintKind::kCheck:
      return AddCheck(session, constraint, domain);
    case ast::ConstraintKind::kUnique:
      return NotForDomains("unique");
    case ast::ConstraintKind::kPrimaryKey:
      return NotForDomains("primary key");
    case ast::ConstraintKind::kExclusion:
      return NotForDomains("exclusion");
    case ast::ConstraintKind::kForeignKey:
      return NotForDomains("foreign key");
    case ast::ConstraintKind::kIdentity:
    case ast::ConstraintKind::kGenerated:
      return Error(ErrorCode::kSyntaxError)
          .Message("specifying GENERATED is not supported for domains");
  }
  return Status::Ok();
}

// A column that holds values of the domain, or of a domain over it.
struct DomainColumn {
  const catalog::Table* table;
  const catalog::Column* column;
};

// The columns of the domain, each table locked against changes. 0A000 when values lie inside
// arrays or composites, where they are not looked for.
Result<std::vector<DomainColumn>> FindColumns(SessionImpl& session, const UserType& domain) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  std::vector<Oid> types = {domain.oid};
  std::vector<Oid> containers = {domain.array_oid};
  const auto among = [](const std::vector<Oid>& list, Oid oid) {
    return std::find(list.begin(), list.end(), oid) != list.end();
  };
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [oid, object] : snapshot->objects()) {
      if (object->kind() != catalog::ObjectKind::kType || among(types, oid) ||
          among(containers, oid)) {
        continue;
      }
      const auto& type = static_cast<const UserType&>(*object);
      bool contains =
          type.type_kind == UserType::TypeKind::kDomain && among(containers, type.base.oid);
      for (const catalog::Column& field : type.fields) {
        contains |= among(types, field.type.oid) || among(containers, field.type.oid);
      }
      const bool over =
          type.type_kind == UserType::TypeKind::kDomain && among(types, type.base.oid);
      if (!contains && !over) continue;
      (contains ? containers : types).push_back(oid);
      containers.push_back(type.array_oid);
      grown = true;
    }
  }
  std::vector<DomainColumn> columns;
  for (const auto& [oid, object] : snapshot->objects()) {
    if (object->kind() != catalog::ObjectKind::kTable) continue;
    const auto& table = static_cast<const catalog::Table&>(*object);
    if (table.table_kind == catalog::TableKind::kView) continue;
    for (const catalog::Column& column : table.columns) {
      if (column.dropped) continue;
      if (among(containers, column.type.oid)) {
        return Error(ErrorCode::kFeatureNotSupported)
            .Message("cannot alter type \"{}\" because column \"{}.{}\" uses it", domain.name,
                     table.name, column.name);
      }
      if (!among(types, column.type.oid)) continue;
      HELIOS_TRY(session.LockTable(oid, hidb::TableLockMode::kShare, table.name));
      columns.push_back({&table, &column});
    }
  }
  return columns;
}

Status CheckNoNulls(SessionImpl& session, const UserType& domain) {
  HELIOS_TRY(const std::vector<DomainColumn> columns, FindColumns(session, domain));
  for (const auto& [table, column] : columns) {
    HELIOS_TRY(const bool violated,
               AnyRow(session, *table, fmt::format("{} IS NULL", QuoteIdentifier(column->name))));
    if (!violated) continue;
    return Error(ErrorCode::kNotNullViolation)
        .Message("column \"{}\" of table \"{}\" contains null values", column->name, table->name)
        .Table(table->name)
        .Column(column->name);
  }
  return Status::Ok();
}

// A condition with VALUE, as one over a column of this name.
Result<std::string> OverColumn(const std::string& check_sql, const std::string& column) {
  HELIOS_TRY(ast::ExprPtr tree, sql::ParseExpression(check_sql));
  ast::WalkExprs(*tree, [&column](ast::Expr& expr) {
    auto* name = ast::TryAs<ast::ColumnRef>(&expr);
    if (name != nullptr && name->names.back() == sql::kDomainValueName) name->names = {column};
    return ast::WalkStep::kDescend;
  });
  return sql::Deparse(*tree);
}

Status CheckValues(SessionImpl& session, const UserType& domain, const catalog::Constraint& check) {
  HELIOS_TRY(const std::vector<DomainColumn> columns, FindColumns(session, domain));
  for (const auto& [table, column] : columns) {
    HELIOS_TRY(const std::string condition, OverColumn(check.check_sql, column->name));
    HELIOS_TRY(const bool violated, AnyRow(session, *table, fmt::format("NOT ({})", condition)));
    if (!violated) continue;
    return Error(ErrorCode::kCheckViolation)
        .Message("column \"{}\" of table \"{}\" contains values that violate the new constraint",
                 column->name, table->name)
        .Table(table->name)
        .Column(column->name);
  }
  return Status::Ok();
}

Status NoConstraint(const std::string& name, const UserType& domain) {
  return Error(ErrorCode::kUndefinedObject)
      .Message("constraint \"{}\" of domain \"{}\" does not exist", name, domain.name);
}

Status AlterConstraint(SessionImpl& session, const ast::AlterDomainStatement& statement,
                       UserType* domain) {
  std::vector<catalog::Constraint>& checks = domain->checks;
  const auto check = std::find_if(checks.begin(), checks.end(), [&](const auto& other) {
    return other.name == statement.constraint_name;
  });
  if (statement.action == ast::DomainAction::kValidateConstraint) {
    if (check == checks.end()) return NoConstraint(statement.constraint_name, *domain);
    if (!check->validated) HELIOS_TRY(CheckValues(session, *domain, *check));
    check->validated = true;
    return Status::Ok();
  }
  if (check != checks.end()) {
    checks.erase(check);
    return Status::Ok();
  }
  if (!statement.if_exists) return NoConstraint(statement.constraint_name, *domain);
  session.Notice(Notice::Severity::kNotice, "00000",
                 fmt::format("constraint \"{}\" of domain \"{}\" does not exist, skipping",
                             statement.constraint_name, domain->name));
  return Status::Ok();
}

}  // namespace

Status RunCreateDomain(SessionImpl& session, const ast::CreateDomainStatement& statement) {
  if (!statement.collation.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("collations of domains are not supported");
  }
  HELIOS_TRY(LockTypeName(session, statement.name));
  DdlEditor editor(session);
  HELIOS_TRY(std::shared_ptr<UserType> domain,
             NewUserType(session, editor, statement.name, UserType::TypeKind::kDomain));
  sql::PlannerContext context = session.MakePlannerContext();
  HELIOS_TRY(domain->base, sql::ResolveTypeName(statement.type, context));
  const TypeInfo* info = FindType(domain->base.oid);
  if (info != nullptr && (info->is_pseudo || domain->base.oid == type_oid::kUnknown)) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("\"{}\" is not a valid base type for a domain", info->sql_name);
  }
  bool said_null = false;
  for (const ast::Constraint& constraint : statement.constraints) {
    HELIOS_TRY(ApplyConstraint(session, constraint, &said_null, domain.get()));
  }
  editor.Put(std::move(domain));
  editor.Save();
  return Status::Ok();
}

Status RunAlterDomain(SessionImpl& session, const ast::AlterDomainStatement& statement) {
  HELIOS_TRY(const UserType* found, FindTypeByNames(session, statement.name));
  if (found->type_kind != UserType::TypeKind::kDomain) {
    return Error(ErrorCode::kWrongObjectType)
        .Message("{} is not a domain", FormatType({found->oid}, &session.Lookup()));
  }
  HELIOS_TRY(RequireOwner(session, *found));
  DdlEditor editor(session);
  auto domain = editor.Copy<UserType>(found->oid);
  switch (statement.action) {
    case ast::DomainAction::kSetDefault:
      domain->default_sql.clear();
      if (statement.expr != nullptr) {
        HELIOS_TRY(SetDomainDefault(session, *statement.expr, domain.get()));
      }
      break;
    case ast::DomainAction::kDropNotNull:
      domain->not_null = false;
      break;
    case ast::DomainAction::kSetNotNull:
      if (!domain->not_null) HELIOS_TRY(CheckNoNulls(session, *domain));
      domain->not_null = true;
      break;
    case ast::DomainAction::kAddConstraint: {
      if (statement.constraint->constraint != ast::ConstraintKind::kCheck) {
        bool said_null = false;
        HELIOS_TRY(ApplyConstraint(session, *statement.constraint, &said_null, domain.get()));
        break;
      }
      HELIOS_TRY(AddCheck(session, *statement.constraint, domain.get()));
      const catalog::Constraint& added = domain->checks.back();
      if (added.validated) HELIOS_TRY(CheckValues(session, *domain, added));
      break;
    }
    case ast::DomainAction::kDropConstraint:
    case ast::DomainAction::kValidateConstraint:
      HELIOS_TRY(AlterConstraint(session, statement, domain.get()));
      break;
  }
  editor.Put(std::move(domain));
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
