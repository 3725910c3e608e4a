// CREATE and DROP DATABASE, CREATE EXTENSION, settings of roles and databases.

#include <algorithm>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

// Changes the settings as SET or RESET says. The value is tried on settings that nobody uses.
Status ChangeSettings(SessionImpl& session, const ast::SetStatement& set,
                      std::map<std::string, std::string>* settings) {
  switch (set.set) {
    case ast::SetKind::kResetAll:
      settings->clear();
      return Status::Ok();
    case ast::SetKind::kReset:
    case ast::SetKind::kDefault:
      settings->erase(set.name);
      return Status::Ok();
    case ast::SetKind::kValue:
    case ast::SetKind::kFromCurrent: {
      std::string value;
      if (set.set == ast::SetKind::kValue) {
        HELIOS_TRY(value, SettingValue(session, set));
      } else {
        HELIOS_TRY(value, session.settings().Show(set.name));
      }
      Settings trial;
      HELIOS_TRY(trial.Set(set.name, value, false, session.IsSuperuser()));
      (*settings)[set.name] = std::move(value);
      return Status::Ok();
    }
    case ast::SetKind::kTransaction:
    case ast::SetKind::kSessionCharacteristics:
      break;
  }
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("SET TRANSACTION is not supported as a default of a role or database");
}

Status AlterRoleSettings(SessionImpl& session, const ast::RoleName& name,
                         const ast::SetStatement& set) {
  HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, name));
  DdlEditor editor(session);
  if (!session.IsSuperuser()) {
    if (role->superuser) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("must be superuser to alter superusers");
    }
    if (role->oid != session.role() && !editor.current().FindRole(session.role())->create_role) {
      return Error(ErrorCode::kInsufficientPrivilege).Message("permission denied");
    }
  }
  auto copy = editor.Copy<catalog::Role>(role->oid);
  HELIOS_TRY(ChangeSettings(session, set, &copy->settings));
  editor.Put(std::move(copy));
  editor.Save();
  return Status::Ok();
}

Result<const catalog::Database*> FindDatabase(SessionImpl& session, const std::string& name) {
  const catalog::Database* database = session.Catalog()->FindDatabase(name);
  if (database != nullptr) return database;
  return Error(ErrorCode::kInvalidCatalogName).Message("database \"{}\" does not exist", name);
}

}  // namespace

Status RunAlterSetting(SessionImpl& session, const ast::AlterSettingStatement& statement) {
  const auto& set = ast::As<ast::SetStatement>(*statement.set);
  if (statement.role != nullptr && !statement.database.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("settings of a role in one database are not supported")
        .Hint("Leave IN DATABASE out: there is one database.");
  }
  if (statement.role != nullptr) return AlterRoleSettings(session, *statement.role, set);
  if (statement.database.empty()) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("ALTER ROLE ALL is not supported")
        .Hint("Use ALTER DATABASE ... SET.");
  }
  HELIOS_TRY(const catalog::Database* database, FindDatabase(session, statement.database));
  HELIOS_TRY(RequireOwner(session, *database));
  DdlEditor editor(session);
  auto copy = editor.Copy<catalog::Database>(database->oid);
  HELIOS_TRY(ChangeSettings(session, set, &copy->settings));
  editor.Put(std::move(copy));
  editor.Save();
  return Status::Ok();
}

Status RunCreateDatabase(SessionImpl& session, const ast::CreateDatabaseStatement& statement) {
  if (!session.IsSuperuser() && !session.Catalog()->FindRole(session.role())->create_db) {
    return Error(ErrorCode::kInsufficientPrivilege).Message("permission denied to create database");
  }
  if (session.Catalog()->FindDatabase(statement.name) != nullptr) {
    return Error(ErrorCode::kDuplicateDatabase)
        .Message("database \"{}\" already exists", statement.name);
  }
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("CREATE DATABASE is not supported: a data set holds one database")
      .Hint("Use CREATE SCHEMA, or start another server with a data directory of its own.");
}

Status RunDropDatabase(SessionImpl& session, const ast::DropDatabaseStatement& statement) {
  const catalog::Database* database = session.Catalog()->FindDatabase(statement.name);
  if (database == nullptr && statement.if_exists) {
    session.Notice(Notice::Severity::kNotice, "00000",
                   fmt::format("database \"{}\" does not exist, skipping", statement.name));
    return Status::Ok();
  }
  HELIOS_TRY(database, FindDatabase(session, statement.name));
  HELIOS_TRY(RequireOwner(session, *database));
  return Error(ErrorCode::kObjectInUse).Message("cannot drop the currently open database");
}

Status RunCreateExtension(SessionImpl& session, const ast::CreateExtensionStatement& statement) {
  if (statement.name != "plpgsql") {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("extension \"{}\" is not available", statement.name)
        .Detail("Extensions of PostgreSQL cannot be loaded.");
  }
  if (!statement.if_not_exists) {
    return Error(ErrorCode::kDuplicateObject)
        .Message("extension \"{}\" already exists", statement.name);
  }
  session.Notice(Notice::Severity::kNotice, "42710",
                 fmt::format("extension \"{}\" already exists, skipping", statement.name));
  return Status::Ok();
}

}  // namespace helios::compute
