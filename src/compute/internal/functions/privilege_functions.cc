// has_table_privilege and its kind: (user, object, privileges) or (object, privileges), names or
// OIDs.

#include <algorithm>

#include "compute/internal/functions/session_call.h"
#include "compute/internal/privileges.h"

namespace helios::compute {
namespace {

using catalog::ObjectKind;
using catalog::Privilege;

struct Wanted {
  Privilege privilege;
  bool with_grant;
};
struct PrivilegeWord {
  std::string_view word;
  Privilege privilege;
};

constexpr PrivilegeWord kTableWords[] = {
    {"SELECT", Privilege::kSelect},         {"INSERT", Privilege::kInsert},
    {"UPDATE", Privilege::kUpdate},         {"DELETE", Privilege::kDelete},
    {"TRUNCATE", Privilege::kTruncate},     {"RULE", Privilege::kSelect},
    {"REFERENCES", Privilege::kReferences}, {"TRIGGER", Privilege::kTrigger}};
constexpr PrivilegeWord kColumnWords[] = {{"SELECT", Privilege::kSelect},
                                          {"INSERT", Privilege::kInsert},
                                          {"UPDATE", Privilege::kUpdate},
                                          {"REFERENCES", Privilege::kReferences}};
constexpr PrivilegeWord kSequenceWords[] = {
    {"USAGE", Privilege::kUsage}, {"SELECT", Privilege::kSelect}, {"UPDATE", Privilege::kUpdate}};
constexpr PrivilegeWord kSchemaWords[] = {{"CREATE", Privilege::kCreate},
                                          {"USAGE", Privilege::kUsage}};
constexpr PrivilegeWord kDatabaseWords[] = {{"CREATE", Privilege::kCreate},
                                            {"TEMPORARY", Privilege::kTemporary},
                                            {"TEMP", Privilege::kTemporary},
                                            {"CONNECT", Privilege::kConnect}};
constexpr PrivilegeWord kUsageWords[] = {{"USAGE", Privilege::kUsage}};
constexpr PrivilegeWord kExecuteWords[] = {{"EXECUTE", Privilege::kExecute}};
constexpr PrivilegeWord kCreateWords[] = {{"CREATE", Privilege::kCreate}};
// SET, ALTER SYSTEM: only superusers have either.
constexpr PrivilegeWord kParameterWords[] = {{"SET", Privilege::kUsage},
                                             {"ALTER SYSTEM", Privilege::kCreate}};
// USAGE: has its privileges; MEMBER: may become it.
constexpr PrivilegeWord kRoleWords[] = {{"USAGE", Privilege::kUsage},
                                        {"MEMBER", Privilege::kCreate}};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "SELECT, insert WITH GRANT OPTION": one of them is enough.
Result<std::vector<Wanted>> ParsePrivileges(std::string_view list,
                                            std::span<const PrivilegeWord> words,
                                            std::string_view option = " WITH GRANT OPTION") {
  std::vector<Wanted> wanted;
  while (true) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string word(Trim(list.substr(0, comma)));
    const std::string original = word;
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const bool with_grant = word.ends_with(option);
    if (with_grant) word.resize(word.size() - option.size());
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&word](const PrivilegeWord& w) { return w.word == word; });
    if (found == words.end()) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("unrecognized privilege type: \"{}\"", original);
    }
    wanted.push_back({found->privilege, with_grant});
    if (comma == list.size()) return wanted;
    list.remove_prefix(comma + 1);
  }
}

// The arguments behind an optional role.
struct Question {
  std::shared_ptr<const catalog::Snapshot> snapshot;
  Oid role = kInvalidOid;  // kInvalidOid: PUBLIC, or a role that is gone.
  size_t first = 0;        // Where the object's argument stands.
  bool is_superuser = false;
};

Result<Question> Ask(SessionCall& call, size_t object_argument_count) {
  Question question;
  question.snapshot = call.session.Catalog();
  question.role = call.session.role();
  if (call.argument_count() > object_argument_count + 1) {
    question.first = 1;
    if (!IsStringType(call.TypeOf(0).oid)) {
      question.role = call.AsOid(0);
    } else if (const std::string name = call.Text(0); name == "public") {
      question.role = kInvalidOid;
    } else {
      const catalog::Role* role = question.snapshot->FindRole(name);
      if (role == nullptr) {
        return Error(ErrorCode::kUndefinedObject).Message("role \"{}\" does not exist", name);
      }
      question.role = role->oid;
    }
  }
  const catalog::Role* role = question.snapshot->FindRole(question.role);
  question.is_superuser = role != nullptr && role->superuser;
  return question;
}

// The OID that the argument gives or names.
Result<Oid> ObjectOid(SessionCall& call, size_t index, Oid reg_type) {
  if (!IsStringType(call.TypeOf(index).oid)) return call.AsOid(index);
  return call.session.Lookup().ResolveName(reg_type, call.Text(index));
}

bool HasAny(const Question& question, const catalog::Object& object,
            const std::vector<Wanted>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& one) {
    return HasPrivilege(*question.snapshot, question.role, object,
                        static_cast<catalog::PrivilegeMask>(one.privilege), one.with_grant);
  });
}

// Everybody may read the system's tables, nobody but superusers may do more.
bool HasAnyOnSystemTable(const Question& question, const std::vector<Wanted>& wanted) {
  return question.is_superuser || std::any_of(wanted.begin(), wanted.end(), [](const Wanted& one) {
           return one.privilege == Privilege::kSelect && !one.with_grant;
         });
}

Status TablePrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(const Oid oid, ObjectOid(call, question.first, type_oid::kRegclass));
  HELIOS_TRY(const auto wanted, ParsePrivileges(call.Text(question.first + 1), kTableWords));
  if (question.snapshot->FindSystemTable(oid) != nullptr) {
    return call.ReturnBool(HasAnyOnSystemTable(question, wanted));
  }
  const catalog::Object* object = question.snapshot->Find(oid);
  if (object == nullptr) return call.ReturnNull();
  return call.ReturnBool(HasAny(question, *object, wanted));
}

Status SequencePrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(const Oid oid, ObjectOid(call, question.first, type_oid::kRegclass));
  HELIOS_TRY(const auto wanted, ParsePrivileges(call.Text(question.first + 1), kSequenceWords));
  const catalog::Object* object = question.snapshot->Find(oid);
  if (object == nullptr) return call.ReturnNull();
  if (object->kind() != ObjectKind::kSequence) {
    return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a sequence", object->name);
  }
  return call.ReturnBool(HasAny(question, *object, wanted));
}

bool HasAnyOnColumn(const Question& question, const catalog::Table& table, int16_t number,
                    const std::vector<Wanted>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& one) {
    return one.with_grant ? HasPrivilege(*question.snapshot, question.role, table,
                                         static_cast<catalog::PrivilegeMask>(one.privilege), true)
                          : HasColumnPrivilege(*question.snapshot, question.role, table, number,
                                               one.privilege);
  });
}

Status ColumnPrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 2));
  HELIOS_TRY(const Oid oid, ObjectOid(call, question.first, type_oid::kRegclass));
  HELIOS_TRY(const auto wanted, ParsePrivileges(call.Text(question.first + 2), kColumnWords));
  if (question.snapshot->FindSystemTable(oid) != nullptr) {
    return call.ReturnBool(HasAnyOnSystemTable(question, wanted));
  }
  const catalog::Table* table = question.snapshot->FindTable(oid);
  if (table == nullptr) return call.ReturnNull();
  const size_t column_at = question.first + 1;
  if (!IsStringType(call.TypeOf(column_at).oid)) {
    const auto number = call.As<int16_t>(column_at);
    if (table->FindColumn(number) == nullptr) return call.ReturnNull();
    return call.ReturnBool(HasAnyOnColumn(question, *table, number, wanted));
  }
  const std::string name = call.Text(column_at);
  const catalog::Column* column = table->FindColumn(name);
  if (column == nullptr) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" of relation \"{}\" does not exist", name, table->name);
  }
  return call.ReturnBool(HasAnyOnColumn(question, *table, column->number, wanted));
}

Status AnyColumnPrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(const Oid oid, ObjectOid(call, question.first, type_oid::kRegclass));
  HELIOS_TRY(const auto wanted, ParsePrivileges(call.Text(question.first + 1), kColumnWords));
  if (question.snapshot->FindSystemTable(oid) != nullptr) {
    return call.ReturnBool(HasAnyOnSystemTable(question, wanted));
  }
  const catalog::Table* table = question.snapshot->FindTable(oid);
  if (table == nullptr) return call.ReturnNull();
  const bool has_any =
      std::any_of(table->columns.begin(), table->columns.end(), [&](const catalog::Column& column) {
        return !column.dropped && HasAnyOnColumn(question, *table, column.number, wanted);
      });
  return call.ReturnBool(has_any || HasAny(question, *table, wanted));
}

Status SchemaPrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  const bool by_name = IsStringType(call.TypeOf(question.first).oid);
  // The name as it is, neither folded nor quoted.
  const catalog::Schema* schema = by_name
                                      ? question.snapshot->FindSchema(call.Text(question.first))
                                      : question.snapshot->FindSchema(call.AsOid(question.first));
  if (by_name && schema == nullptr) {
    return Error(ErrorCode::kInvalidSchemaName)
        .Message("schema \"{}\" does not exist", call.Text(question.first));
  }
  HELIOS_TRY(const auto wanted, ParsePrivileges(call.Text(question.first + 1), kSchemaWords));
  const Oid oid = schema == nullptr ? kInvalidOid : schema->oid;
  if (oid == catalog::kPgCatalogSchema || oid == catalog::kInformationSchema) {
    return call.ReturnBool(question.is_superuser ||
                           std::any_of(wanted.begin(), wanted.end(), [](const Wanted& one) {
                             return one.privilege == Privilege::kUsage && !one.with_grant;
                           }));
  }
  if (schema == nullptr) return call.ReturnNull();
  return call.ReturnBool(HasAny(question, *schema, wanted));
}

Status DatabasePrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(const auto wanted, ParsePrivileges(call.Text(question.first + 1), kDatabaseWords));
  const catalog::Database* database = nullptr;
  if (!IsStringType(call.TypeOf(question.first).oid)) {
    database = question.snapshot->FindDatabase(call.AsOid(question.first));
    if (database == nullptr) return call.ReturnNull();
  } else {
    const std::string name = call.Text(question.first);
    database = question.snapshot->FindDatabase(name);
    if (database == nullptr) {
      return Error(ErrorCode::kInvalidCatalogName).Message("database \"{}\" does not exist", name);
    }
  }
  return call.ReturnBool(HasAny(question, *database, wanted));
}

Status TypePrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(const Oid oid, ObjectOid(call, question.first, type_oid::kRegtype));
  HELIOS_TRY(const auto wanted, ParsePrivileges(call.Text(question.first + 1), kUsageWords));
  if (FindType(oid) != nullptr) return call.ReturnBool(true);
  const catalog::UserType* type = question.snapshot->FindUserType(oid);
  if (type == nullptr) return call.ReturnNull();
  return call.ReturnBool(HasAny(question, *type, wanted));
}

// Functions and languages are the system's own: open to everybody.
Status FunctionPrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(ObjectOid(call, question.first, type_oid::kRegprocedure));
  HELIOS_TRY(ParsePrivileges(call.Text(question.first + 1), kExecuteWords));
  return call.ReturnBool(true);
}
Status LanguagePrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(ParsePrivileges(call.Text(question.first + 1), kUsageWords));
  return call.ReturnBool(true);
}
Status TablespacePrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(ParsePrivileges(call.Text(question.first + 1), kCreateWords));
  return call.ReturnBool(question.is_superuser);
}
Status ParameterPrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(ParsePrivileges(call.Text(question.first + 1), kParameterWords));
  return call.ReturnBool(question.is_superuser);
}

Status ForeignPrivilege(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(ParsePrivileges(call.Text(question.first + 1), kUsageWords));
  if (!IsStringType(call.TypeOf(question.first).oid)) return call.ReturnNull();
  return Error(ErrorCode::kUndefinedObject)
      .Message("{} \"{}\" does not exist",
               call.name == "has_server_privilege" ? "server" : "foreign-data wrapper",
               call.Text(question.first));
}

Status HasRole(SessionCall& call) {
  HELIOS_TRY(const Question question, Ask(call, 1));
  HELIOS_TRY(const auto wanted,
             ParsePrivileges(call.Text(question.first + 1), kRoleWords, " WITH ADMIN OPTION"));
  Oid other = kInvalidOid;
  if (IsStringType(call.TypeOf(question.first).oid)) {
    const std::string name = call.Text(question.first);
    const catalog::Role* role = question.snapshot->FindRole(name);
    if (role == nullptr) {
      return Error(ErrorCode::kUndefinedObject).Message("role \"{}\" does not exist", name);
    }
    other = role->oid;
  } else {
    other = call.AsOid(question.first);
  }
  const catalog::Role* self = question.snapshot->FindRole(question.role);
  for (const Wanted& one : wanted) {
    if (question.is_superuser) return call.ReturnBool(true);
    bool holds = one.privilege == Privilege::kUsage
                     ? EffectiveRoles(*question.snapshot, question.role).count(other) > 0
                     : IsMemberOf(*question.snapshot, question.role, other);
    if (one.with_grant) {
      holds = self != nullptr && std::find(self->admin_of.begin(), self->admin_of.end(), other) !=
                                     self->admin_of.end();
    }
    if (holds) return call.ReturnBool(true);
  }
  return call.ReturnBool(false);
}

// There is no row-level security yet: no policy filters anything.
Status RowSecurityActive(SessionCall& call) {
  HELIOS_TRY(ObjectOid(call, 0, type_oid::kRegclass));
  return call.ReturnBool(false);
}

}  // namespace

void AddPrivilegeFunctions(SessionFunctionTable* table) {
  table->insert({{"has_table_privilege", TablePrivilege},
                 {"has_sequence_privilege", SequencePrivilege},
                 {"has_column_privilege", ColumnPrivilege},
                 {"has_any_column_privilege", AnyColumnPrivilege},
                 {"has_schema_privilege", SchemaPrivilege},
                 {"has_database_privilege", DatabasePrivilege},
                 {"has_type_privilege", TypePrivilege},
                 {"has_function_privilege", FunctionPrivilege},
                 {"has_language_privilege", LanguagePrivilege},
                 {"has_tablespace_privilege", TablespacePrivilege},
                 {"has_parameter_privilege", ParameterPrivilege},
                 {"has_foreign_data_wrapper_privilege", ForeignPrivilege},
                 {"has_server_privilege", ForeignPrivilege},
                 {"pg_has_role", HasRole},
                 {"row_security_active", RowSecurityActive}});
}

}  // namespace helios::compute
