#include "compute/internal/system_catalog/system_catalog.h"

#include <map>

#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

const std::map<std::string_view, SystemTableGenerator>& Generators() {
  static const std::map<std::string_view, SystemTableGenerator> generators = {
      {"pg_class", FillPgClass},
      {"pg_attribute", FillPgAttribute},
      {"pg_attrdef", FillPgAttrdef},
      {"pg_index", FillPgIndex},
      {"pg_constraint", FillPgConstraint},
      {"pg_sequence", FillPgSequence},
      {"helios_sequence_state", FillSequenceState},
      {"pg_depend", FillPgDepend},
      {"pg_description", FillPgDescription},
      {"pg_rewrite", FillPgRewrite},
      {"pg_type", FillPgType},
      {"pg_enum", FillPgEnum},
      {"pg_collation", FillPgCollation},
      {"pg_am", FillPgAm},
      {"pg_opclass", FillPgOpclass},
      {"pg_proc", FillPgProc},
      {"pg_operator", FillPgOperator},
      {"pg_cast", FillPgCast},
      {"pg_aggregate", FillPgAggregate},
      {"pg_language", FillPgLanguage},
      {"pg_namespace", FillPgNamespace},
      {"pg_database", FillPgDatabase},
      {"pg_authid", FillPgAuthid},
      {"pg_roles", FillPgRoles},
      {"pg_user", FillPgUser},
      {"pg_auth_members", FillPgAuthMembers},
      {"pg_tablespace", FillPgTablespace},
      {"pg_extension", FillPgExtension},
      {"pg_shdescription", FillPgShdescription},
      {"pg_settings", FillPgSettings},
      {"pg_stat_activity", FillPgStatActivity},
      {"pg_prepared_statements", FillPgPreparedStatements},
      {"pg_cursors", FillPgCursors},
      {"pg_timezone_names", FillPgTimezoneNames},
      {"pg_timezone_abbrevs", FillPgTimezoneAbbrevs},
      {"pg_stat_user_tables", FillPgStatUserTables},
      {"pg_stat_all_tables", FillPgStatUserTables},
      {"pg_stat_database", FillPgStatDatabase},
  };
  return generators;
}

class GeneratedStream : public exec::SystemTableStream {
 public:
  explicit GeneratedStream(std::vector<Chunk> chunks) : chunks_(std::move(chunks)) {}
  Status Next(Chunk* out) override {
    if (next_ == chunks_.size()) {
      out->SetRowCount(0);
      return Status::Ok();
    }
    *out = std::move(chunks_[next_++]);
    return Status::Ok();
  }

 private:
  std::vector<Chunk> chunks_;
  size_t next_ = 0;
};

class SessionSystemTables : public exec::SystemTableSource {
 public:
  explicit SessionSystemTables(SessionImpl& session) : session_(session) {}

  Result<std::unique_ptr<exec::SystemTableStream>> Open(
      const catalog::SystemTable& table, std::span<const uint32_t> columns,
      std::span<const std::pair<uint32_t, Value>> equal) override {
    if (table.name == "pg_authid" && !session_.IsSuperuser()) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("permission denied for table {}", table.name);
    }
    SystemRowBuilder rows(table, columns, equal);
    const SystemTableGenerator generator = FindSystemTableGenerator(table.name);
    if (generator != nullptr) HELIOS_TRY(generator(session_, rows));
    return std::unique_ptr<exec::SystemTableStream>(std::make_unique<GeneratedStream>(rows.Take()));
  }

 private:
  SessionImpl& session_;
};

}  // namespace

SystemTableGenerator FindSystemTableGenerator(std::string_view name) {
  const auto found = Generators().find(name);
  return found == Generators().end() ? nullptr : found->second;
}

std::unique_ptr<exec::SystemTableSource> MakeSystemTableSource(SessionImpl& session) {
  return std::make_unique<SessionSystemTables>(session);
}

// Objects' OIDs start at 16384 and stay far below these.
Oid DefaultOid(Oid table, int16_t column) {
  return 0x80000000u | ((table * 2048u + static_cast<uint16_t>(column)) & 0x3fffffffu);
}
Oid RuleOid(Oid view) { return 0xc0000000u | (view & 0x3fffffffu); }

std::vector<std::string> AclItems(const catalog::Snapshot& snapshot, const catalog::Acl& acl) {
  std::vector<std::string> items;
  const auto name = [&snapshot](Oid role) {
    const catalog::Role* found = snapshot.FindRole(role);
    return found == nullptr ? std::to_string(role) : found->name;
  };
  for (const catalog::AclEntry& entry : acl) {
    items.push_back((entry.grantee == kInvalidOid ? "" : name(entry.grantee)) + "=" +
                    PrivilegeLetters(entry.privileges, entry.grantable) + "/" +
                    name(entry.grantor));
  }
  return items;
}

}  // namespace helios::compute
