// Roles, databases and schemas; and live state: settings, sessions, statements, statistics.

#include "compute/internal/system_catalog/system_catalog.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/net.h"
#include "types/time/zone.h"

namespace helios::compute {

namespace {

using catalog::ObjectKind;

constexpr int64_t kSqlEpochUnixMicros = 946684800ll * 1000000;

int64_t SqlTime(int64_t unix_us) { return unix_us == 0 ? 0 : unix_us - kSqlEpochUnixMicros; }

template <typename Visit>
void ForEachRole(SessionImpl& session, Visit visit) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() == ObjectKind::kRole) visit(static_cast<const catalog::Role&>(*object));
  }
}

void AddAcl(SessionImpl& session, const std::optional<catalog::Acl>& acl, SystemRowBuilder& rows) {
  if (acl.has_value()) {
    rows.TextArray(AclItems(*session.Catalog(), *acl));
  } else {
    rows.Null();
  }
}

void AddSettings(const std::map<std::string, std::string>& settings, SystemRowBuilder& rows) {
  if (settings.empty()) {
    rows.Null();
    return;
  }
  std::vector<std::string> items;
  for (const auto& [name, value] : settings) items.push_back(name + "=" + value);
  rows.TextArray(items);
}

}  // namespace

Status FillPgNamespace(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() != ObjectKind::kSchema || !rows.Wants("oid", oid)) continue;
    rows.Oid(oid).Text(object->name).Oid(object->owner);
    AddAcl(session, object->acl, rows);
    rows.End();
  }
  return Status::Ok();
}

Status FillPgDatabase(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() != ObjectKind::kDatabase) continue;
    rows.Oid(oid).Text(object->name).Oid(object->owner).Int4(6).Char('c').Bool(false).Bool(true);
    rows.Int4(-1).Int4(0).Int4(0).Oid(1663).Text("C.UTF-8").Text("C.UTF-8").Null().Null();
    AddAcl(session, object->acl, rows);
    rows.End();
  }
  return Status::Ok();
}

Status FillPgAuthid(SessionImpl& session, SystemRowBuilder& rows) {
  ForEachRole(session, [&rows](const catalog::Role& role) {
    rows.Oid(role.oid).Text(role.name).Bool(role.superuser).Bool(role.inherit);
    rows.Bool(role.create_role).Bool(role.create_db).Bool(role.can_login).Bool(role.replication);
    rows.Bool(role.bypass_rls).Int4(role.connection_limit).TextOrNull(role.password);
    rows.TimeOrNull(role.valid_until_us.value_or(0)).End();
  });
  return Status::Ok();
}

Status FillPgRoles(SessionImpl& session, SystemRowBuilder& rows) {
  ForEachRole(session, [&rows](const catalog::Role& role) {
    rows.Text(role.name).Bool(role.superuser).Bool(role.inherit).Bool(role.create_role);
    rows.Bool(role.create_db).Bool(role.can_login).Bool(role.replication);
    rows.Int4(role.connection_limit).Text("********").TimeOrNull(role.valid_until_us.value_or(0));
    rows.Bool(role.bypass_rls);
    AddSettings(role.settings, rows);
    rows.Oid(role.oid).End();
  });
  return Status::Ok();
}

Status FillPgUser(SessionImpl& session, SystemRowBuilder& rows) {
  ForEachRole(session, [&rows](const catalog::Role& role) {
    if (!role.can_login) return;
    rows.Text(role.name).Oid(role.oid).Bool(role.create_db).Bool(role.superuser);
    rows.Bool(role.replication).Bool(role.bypass_rls).Text("********");
    rows.TimeOrNull(role.valid_until_us.value_or(0));
    AddSettings(role.settings, rows);
    rows.End();
  });
  return Status::Ok();
}

Status FillPgAuthMembers(SessionImpl& session, SystemRowBuilder& rows) {
  ForEachRole(session, [&rows](const catalog::Role& role) {
    for (const Oid parent : role.member_of) {
      bool admin = false;
      for (const Oid other : role.admin_of) admin |= other == parent;
      rows.Oid(parent).Oid(role.oid).Oid(catalog::kBootstrapRole).Bool(admin).End();
    }
  });
  return Status::Ok();
}

Status FillPgTablespace(SessionImpl&, SystemRowBuilder& rows) {
  rows.Oid(1663).Text("pg_default").Oid(catalog::kBootstrapRole).Null().Null().End();
  rows.Oid(1664).Text("pg_global").Oid(catalog::kBootstrapRole).Null().Null().End();
  return Status::Ok();
}

Status FillPgExtension(SessionImpl&, SystemRowBuilder&) { return Status::Ok(); }

Status FillPgShdescription(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    const bool role = object->kind() == ObjectKind::kRole;
    if (!role && object->kind() != ObjectKind::kDatabase) continue;
    for (const auto& [sub_object, text] : object->comments) {
      rows.Oid(oid).Oid(role ? kPgAuthidOid : kPgDatabaseOid).Text(text).End();
    }
  }
  return Status::Ok();
}

Status FillPgSettings(SessionImpl& session, SystemRowBuilder& rows) {
  constexpr const char* kKinds[] = {"bool", "integer", "real", "string", "enum"};
  constexpr const char* kContexts[] = {"internal", "postmaster", "backend", "superuser", "user"};
  for (const SettingDefinition& definition : AllSettings()) {
    const char* unit = "";
    if (definition.unit == SettingUnit::kMilliseconds) unit = "ms";
    if (definition.unit == SettingUnit::kSeconds) unit = "s";
    if (definition.unit == SettingUnit::kMinutes) unit = "min";
    if (definition.unit == SettingUnit::kKilobytes) unit = "kB";
    if (definition.unit == SettingUnit::kBlocks) unit = "8kB";
    const std::string& value = session.settings().Raw(definition.name);
    rows.Text(definition.name).Text(value).TextOrNull(unit).Text("HeliosDB");
    rows.Text(definition.description).Null().Text(kContexts[static_cast<int>(definition.context)]);
    rows.Text(kKinds[static_cast<int>(definition.kind)]);
    rows.Text(value == definition.default_value ? "default" : "session");
    const bool numeric =
        definition.kind == SettingKind::kInteger || definition.kind == SettingKind::kReal;
    if (numeric) {
      rows.Text(fmt::format("{}", definition.minimum)).Text(fmt::format("{}", definition.maximum));
    } else {
      rows.Null().Null();
    }
    if (definition.kind == SettingKind::kEnum) {
      std::vector<std::string> choices;
      std::string_view rest = definition.choices;
      while (!rest.empty()) {
        const size_t comma = std::min(rest.find(','), rest.size());
        choices.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
      }
      rows.TextArray(choices);
    } else {
      rows.Null();
    }
    rows.Text(definition.default_value).Text(session.settings().ResetValue(definition.name));
    rows.Null().Null().Bool(false).End();
  }
  return Status::Ok();
}

Status FillPgStatActivity(SessionImpl& session, SystemRowBuilder& rows) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const Activity& activity : session.core().sessions.Activities()) {
    const catalog::Database* database = snapshot->FindDatabase(activity.database);
    const bool visible = session.IsSuperuser() || activity.role == session.role();
    rows.Oid(database == nullptr ? 0 : database->oid).Text(activity.database);
    rows.Int4(activity.process_id).Null().Oid(activity.role).Text(activity.user);
    rows.Text(activity.application_name);
    const auto client = ParseNetAddress(activity.client_host, false);
    if (visible && client.ok()) {
      rows.Text(EncodeNetAddress(*client)).Null().Int4(activity.client_port);
    } else {
      rows.Null().Null();
      if (visible) {
        rows.Int4(-1);
      } else {
        rows.Null();
      }
    }
    rows.TimeOrNull(SqlTime(activity.start_us)).TimeOrNull(SqlTime(activity.transaction_us));
    rows.TimeOrNull(SqlTime(activity.query_us)).TimeOrNull(SqlTime(activity.state_us));
    rows.Null().Null().Text(activity.state).Null().Null().Null();
    rows.Text(visible ? activity.query : "<insufficient privilege>").Text("client backend").End();
  }
  return Status::Ok();
}

Status FillPgPreparedStatements(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [name, statement] : session.statements()) {
    if (name.empty()) continue;
    rows.Text(name).Text(statement->text).Time(statement->prepared_us);
    ArrayBuilder types(type_oid::kRegtype);
    for (const Oid type : statement->description.parameter_types) types.AddFixed(type);
    rows.Text(types.Finish()).Bool(statement->from_sql);
    rows.Int8(0).Int8(0).End();
  }
  return Status::Ok();
}

Status FillPgCursors(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [name, portal] : session.portals()) {
    if (!portal.is_cursor) continue;
    rows.Text(name).Text(portal.declaration).Bool(portal.with_hold).Bool(portal.binary);
    rows.Bool(!portal.no_scroll).Time(portal.created_us).End();
  }
  return Status::Ok();
}

Status FillPgTimezoneNames(SessionImpl& session, SystemRowBuilder& rows) {
  const int64_t now_us = session.NowMicros();
  for (const std::string& name : TimeZone::AllNames()) {
    const TimeZone* zone = TimeZone::Find(name);
    if (zone == nullptr) continue;
    const TimeZone::Offset offset = zone->AtUtc(now_us);
    Interval interval{};
    interval.microseconds = int64_t{offset.seconds_east} * 1000000;
    rows.Text(name)
        .Text(zone->AbbreviationAtUtc(now_us))
        .Fixed16(interval)
        .Bool(offset.is_dst)
        .End();
  }
  return Status::Ok();
}

Status FillPgTimezoneAbbrevs(SessionImpl&, SystemRowBuilder& rows) {
  for (const TimeZone::Abbreviation& abbreviation : TimeZone::Abbreviations()) {
    Interval interval{};
    interval.microseconds = int64_t{abbreviation.seconds_east} * 1000000;
    rows.Text(abbreviation.name).Fixed16(interval).Bool(abbreviation.is_dst).End();
  }
  return Status::Ok();
}

Status FillPgStatUserTables(SessionImpl& session, SystemRowBuilder& rows) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  for (const auto& [oid, object] : snapshot->objects()) {
    if (object->kind() != ObjectKind::kTable || !rows.Wants("relid", oid)) continue;
    const auto& table = static_cast<const catalog::Table&>(*object);
    if (table.storage_id == 0) continue;
    const catalog::Schema* schema = snapshot->FindSchema(table.schema);
    rows.Oid(oid).Text(schema == nullptr ? "" : schema->name).Text(table.name);
    for (int column = 0; column < 8; ++column) rows.Int8(0);
    rows.Int8(static_cast<int64_t>(session.storage().Statistics(table.storage_id).row_count));
    rows.Int8(0).Int8(0).Int8(0).Nulls(4).Int8(0).Int8(0).Int8(0).Int8(0).End();
  }
  return Status::Ok();
}

Status FillPgStatDatabase(SessionImpl& session, SystemRowBuilder& rows) {
  EngineCore& core = session.core();
  rows.Oid(catalog::kHeliosDatabase).Text("helios");
  rows.Int4(static_cast<int32_t>(core.sessions.Activities().size()));
  rows.Int8(static_cast<int64_t>(core.commits.load()));
  rows.Int8(static_cast<int64_t>(core.rollbacks.load()));
  for (int column = 0; column < 11; ++column) rows.Int8(0);
  rows.Int8(0).Null();
  for (int column = 0; column < 5; ++column) rows.Float8(0);
  for (int column = 0; column < 4; ++column) rows.Int8(0);
  rows.Null().End();
  return Status::Ok();
}

}  // namespace helios::compute
