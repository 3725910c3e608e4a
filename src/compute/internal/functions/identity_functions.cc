// Who and where the session is, and its settings.

#include "compute/internal/functions/session_call.h"
#include "types/array.h"

namespace helios::compute {

namespace {

std::string RoleName(SessionCall& call, Oid role) {
  const catalog::Role* found = call.session.Catalog()->FindRole(role);
  return found == nullptr ? fmt::format("unknown (OID={})", role) : found->name;
}

Status CurrentUser(SessionCall& call) {
  return call.ReturnText(RoleName(call, call.session.role()));
}
Status SessionUser(SessionCall& call) {
  return call.ReturnText(RoleName(call, call.session.session_role()));
}
Status GetUserById(SessionCall& call) { return call.ReturnText(RoleName(call, call.AsOid(0))); }

Status CurrentDatabase(SessionCall& call) { return call.ReturnText(call.session.database()); }

Status CurrentSchema(SessionCall& call) {
  for (const Oid oid : call.session.SearchPath()) {
    if (oid == call.session.temporary_schema()) continue;
    const catalog::Schema* schema = call.session.Catalog()->FindSchema(oid);
    if (schema != nullptr) return call.ReturnText(schema->name);
  }
  return call.ReturnNull();
}

Status CurrentSchemas(SessionCall& call) {
  const std::vector<Oid> path = call.session.SearchPath();
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  std::vector<std::string> names;
  const bool implicit = call.AsBool(0);
  bool lists_catalog = false;
  for (const Oid oid : path) lists_catalog |= oid == catalog::kPgCatalogSchema;
  for (const Oid oid : path) {
    if (oid == call.session.temporary_schema()) {
      if (implicit) names.push_back(snapshot->FindSchema(oid)->name);
      continue;
    }
    if (implicit && !lists_catalog) {
      names.push_back("pg_catalog");
      lists_catalog = true;
    }
    names.push_back(snapshot->FindSchema(oid)->name);
  }
  if (implicit && !lists_catalog) names.push_back("pg_catalog");
  ArrayBuilder builder(type_oid::kName);
  for (const std::string& name : names) builder.AddBytes(name);
  return call.ReturnText(builder.Finish());
}

Status Version(SessionCall& call) {
  return call.ReturnText(
      fmt::format("PostgreSQL {} (HeliosDB 0.1.0) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit",
                  call.session.settings().Raw("server_version")));
}

Status CurrentSetting(SessionCall& call) {
  if (call.IsNull(0)) return call.ReturnNull();
  Result<std::string> value = call.session.settings().Show(call.Text(0));
  if (value.ok()) return call.ReturnText(*value);
  const bool missing_ok = call.argument_count() > 1 && !call.IsNull(1) && call.AsBool(1);
  if (missing_ok) return call.ReturnNull();
  return value.status();
}

Status SetConfig(SessionCall& call) {
  if (call.IsNull(0)) {
    return Error(ErrorCode::kNullNotAllowed).Message("SET requires parameter name");
  }
  const std::string name = call.Text(0);
  const bool local = !call.IsNull(2) && call.AsBool(2);
  if (call.IsNull(1)) {
    HELIOS_TRY(call.session.settings().Reset(name, call.session.IsSuperuser()));
  } else {
    HELIOS_TRY(call.session.settings().Set(name, call.Text(1), local, call.session.IsSuperuser()));
  }
  HELIOS_TRY(const std::string shown, call.session.settings().Show(name));
  return call.ReturnText(shown);
}

Status CharToEncoding(SessionCall& call) {
  // Letters and digits alone count: UTF-8 is utf8.
  std::string name;
  for (const char c : call.Text(0)) {
    if (c >= 'A' && c <= 'Z') {
      name.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      name.push_back(c);
    }
  }
  if (name == "utf8" || name == "unicode") return call.ReturnInt4(6);
  return call.ReturnInt4(name == "sqlascii" ? 0 : -1);
}

// Channels as a text[], for the set-returning pg_listening_channels().
Status ListeningChannels(SessionCall& call) {
  ArrayBuilder channels(type_oid::kText);
  for (const std::string& channel : call.session.channels()) channels.AddBytes(channel);
  return call.ReturnText(channels.Finish());
}

Status DatabaseEncoding(SessionCall& call) { return call.ReturnText("UTF8"); }

Status ClientEncoding(SessionCall& call) {
  return call.ReturnText(call.session.settings().Raw("client_encoding"));
}

Status EncodingToChar(SessionCall& call) {
  return call.ReturnText(call.As<int32_t>(0) == 6 ? "UTF8"
                                                  : (call.As<int32_t>(0) == 0 ? "SQL_ASCII" : ""));
}

Status CurrentQuery(SessionCall& call) { return call.ReturnText(call.session.GetActivity().query); }

}  // namespace

void AddIdentityFunctions(SessionFunctionTable* table) {
  table->insert({{"current_user", CurrentUser},
                 {"getpgusername", CurrentUser},
                 {"session_user", SessionUser},
                 {"pg_get_userbyid", GetUserById},
                 {"current_database", CurrentDatabase},
                 {"current_schema", CurrentSchema},
                 {"current_schemas", CurrentSchemas},
                 {"version", Version},
                 {"current_setting", CurrentSetting},
                 {"set_config", SetConfig},
                 {"pg_char_to_encoding", CharToEncoding},
                 {"pg_client_encoding", ClientEncoding},
                 {"getdatabaseencoding", DatabaseEncoding},
                 {"pg_listening_channels", ListeningChannels},
                 {"pg_encoding_to_char", EncodingToChar},
                 {"current_query", CurrentQuery}});
}

}  // namespace helios::compute
