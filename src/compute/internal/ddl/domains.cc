// CREATE and ALTER DOMAIN. A domain is another name for a type, with a default of its own;
// conditions on its values are refused, since casts do not check them.

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "sql/planner.h"

namespace helios::compute {

namespace {

using catalog::UserType;

Status ConditionNotSupported(std::string_view what) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("{} constraints of domains are not supported", what)
      .Hint("Put the constraint on the tables' columns.");
}

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

Status ApplyConstraint(SessionImpl& session, const ast::Constraint& constraint, UserType* domain) {
  switch (constraint.constraint) {
    case ast::ConstraintKind::kNull:
      return Status::Ok();
    case ast::ConstraintKind::kDefault:
      if (!domain->default_sql.empty()) {
        return Error(ErrorCode::kSyntaxError).Message("multiple default expressions");
      }
      return SetDomainDefault(session, *constraint.expr, domain);
    case ast::ConstraintKind::kNotNull:
      return ConditionNotSupported("NOT NULL");
    case ast::ConstraintKind::kCheck:
      return ConditionNotSupported("CHECK");
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

}  // namespace

Status RunCreateDomain(SessionImpl& session, const ast::CreateDomainStatement& statement) {
  if (!statement.collation.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("collations of domains are not supported");
  }
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
  for (const ast::Constraint& constraint : statement.constraints) {
    HELIOS_TRY(ApplyConstraint(session, constraint, domain.get()));
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
      break;
    case ast::DomainAction::kSetNotNull:
      return ConditionNotSupported("NOT NULL");
    case ast::DomainAction::kAddConstraint:
      return ConditionNotSupported("CHECK");
    case ast::DomainAction::kDropConstraint:
      if (statement.if_exists) {
        session.Notice(Notice::Severity::kNotice, "00000",
                       fmt::format("constraint \"{}\" of domain \"{}\" does not exist, skipping",
                                   statement.constraint_name, domain->name));
        break;
      }
      [[fallthrough]];
    case ast::DomainAction::kValidateConstraint:
      return Error(ErrorCode::kUndefinedObject)
          .Message("constraint \"{}\" of domain \"{}\" does not exist", statement.constraint_name,
                   domain->name);
  }
  editor.Put(std::move(domain));
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
