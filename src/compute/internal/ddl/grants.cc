// GRANT and REVOKE on objects.

#include <algorithm>
#include <bit>
#include <set>

#include "compute/internal/ddl/ddl_editor.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

using ast::ObjectType;
using catalog::Acl;
using catalog::AclEntry;
using catalog::ObjectKind;
using catalog::Privilege;
using catalog::PrivilegeMask;

constexpr PrivilegeMask Mask(Privilege privilege) { return static_cast<PrivilegeMask>(privilege); }

constexpr PrivilegeMask kColumnPrivileges = Mask(Privilege::kSelect) | Mask(Privilege::kInsert) |
                                            Mask(Privilege::kUpdate) | Mask(Privilege::kReferences);

struct PrivilegeWord {
  std::string_view word;
  Privilege privilege;
};
constexpr PrivilegeWord kWords[] = {
    {"insert", Privilege::kInsert},       {"select", Privilege::kSelect},
    {"update", Privilege::kUpdate},       {"delete", Privilege::kDelete},
    {"truncate", Privilege::kTruncate},   {"references", Privilege::kReferences},
    {"trigger", Privilege::kTrigger},     {"execute", Privilege::kExecute},
    {"usage", Privilege::kUsage},         {"create", Privilege::kCreate},
    {"temporary", Privilege::kTemporary}, {"temp", Privilege::kTemporary},
    {"connect", Privilege::kConnect},
};

std::string Upper(std::string_view word) {
  std::string upper(word);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

// GRANT ON TABLE takes sequences too.
PrivilegeMask OnTables() {
  return AllPrivileges(ObjectKind::kTable) | AllPrivileges(ObjectKind::kSequence);
}

// How messages call a kind of object in a GRANT, and the privileges that it may have; 0: any.
struct GrantKind {
  const char* word;
  PrivilegeMask allowed;
};

GrantKind KindOf(ObjectType type) {
  switch (type) {
    case ObjectType::kTable:
      return {"relation", OnTables()};
    case ObjectType::kSequence:
      return {"sequence", AllPrivileges(ObjectKind::kSequence)};
    case ObjectType::kDatabase:
      return {"database", AllPrivileges(ObjectKind::kDatabase)};
    case ObjectType::kSchema:
      return {"schema", AllPrivileges(ObjectKind::kSchema)};
    case ObjectType::kDomain:
      return {"domain", AllPrivileges(ObjectKind::kType)};
    case ObjectType::kType:
      return {"type", AllPrivileges(ObjectKind::kType)};
    case ObjectType::kFunction:
      return {"function", Mask(Privilege::kExecute)};
    case ObjectType::kProcedure:
      return {"procedure", Mask(Privilege::kExecute)};
    case ObjectType::kRoutine:
      return {"routine", Mask(Privilege::kExecute)};
    case ObjectType::kLanguage:
      return {"language", Mask(Privilege::kUsage)};
    case ObjectType::kTablespace:
      return {"tablespace", Mask(Privilege::kCreate)};
    default:
      return {"object", 0};
  }
}

// The object on which a privilege is given, and its columns if only some of those.
struct Target {
  Oid object = kInvalidOid;
  // Whole-object privileges, and those of columns by attnum. `all`: ALL was written.
  PrivilegeMask privileges = 0;
  bool all = false;
  std::vector<std::pair<int16_t, PrivilegeMask>> columns;
};

struct Request {
  bool grant = true;
  bool grant_option = false;
  bool cascade = false;
  std::vector<Oid> grantees;  // kInvalidOid: PUBLIC.
};

Result<PrivilegeMask> ParsePrivilege(const ast::Privilege& privilege, PrivilegeMask allowed,
                                     std::string_view what) {
  if (privilege.name.empty()) return allowed;
  for (const PrivilegeWord& word : kWords) {
    if (word.word != privilege.name) continue;
    if ((allowed & Mask(word.privilege)) != 0) return Mask(word.privilege);
    return Error(ErrorCode::kInvalidGrantOperation)
        .Message("invalid privilege type {} for {}", Upper(word.word), what);
  }
  return Error(ErrorCode::kSyntaxError)
      .Message("unrecognized privilege type \"{}\"", privilege.name);
}

// What can be wrong with the privileges whatever the objects are.
Status CheckPrivilegeWords(const ast::GrantStatement& statement) {
  const GrantKind kind = KindOf(statement.object_type);
  for (const ast::Privilege& privilege : statement.privileges) {
    if (privilege.columns.empty()) {
      if (kind.allowed != 0) {
        HELIOS_TRY(ParsePrivilege(privilege, kind.allowed, kind.word).status());
      }
      continue;
    }
    if (statement.object_type != ObjectType::kTable) {
      return Error(ErrorCode::kInvalidGrantOperation)
          .Message("column privileges are only valid for relations");
    }
    HELIOS_TRY(ParsePrivilege(privilege, kColumnPrivileges, "column").status());
  }
  return Status::Ok();
}

// A sequence may be granted on as a table, with the privileges of tables that mean something there.
Result<PrivilegeMask> PrivilegeOn(SessionImpl& session, const catalog::Object& object,
                                  const ast::GrantStatement& statement,
                                  const ast::Privilege& privilege) {
  const PrivilegeMask allowed = AllPrivileges(object.kind());
  const char* what = KindOf(statement.object_type).word;
  if (statement.object_type != ObjectType::kTable) {
    return ParsePrivilege(privilege, allowed, what);
  }
  HELIOS_TRY(const PrivilegeMask mask, ParsePrivilege(privilege, OnTables(), what));
  if ((mask & allowed) != 0) return mask;
  if (object.kind() == ObjectKind::kSequence) {
    session.Notice(Notice::Severity::kWarning, "0LP01",
                   fmt::format("sequence \"{}\" only supports USAGE, SELECT, and UPDATE privileges",
                               object.name));
    return PrivilegeMask{0};
  }
  return ParsePrivilege(privilege, allowed, "table");
}

Result<Target> MakeTarget(SessionImpl& session, const catalog::Object& object,
                          const ast::GrantStatement& statement) {
  Target target;
  target.object = object.oid;
  const PrivilegeMask allowed = AllPrivileges(object.kind());
  if (statement.privileges.empty()) {
    target.privileges = allowed;
    target.all = true;
    return target;
  }
  for (const ast::Privilege& privilege : statement.privileges) {
    if (privilege.columns.empty()) {
      if (privilege.name.empty()) {
        target.privileges |= allowed;
        target.all = true;
        continue;
      }
      HELIOS_TRY(const PrivilegeMask mask, PrivilegeOn(session, object, statement, privilege));
      target.privileges |= mask;
      continue;
    }
    HELIOS_TRY(const PrivilegeMask mask, ParsePrivilege(privilege, kColumnPrivileges, "column"));
    for (const std::string& name : privilege.columns) {
      const catalog::Column* column =
          object.kind() == ObjectKind::kTable
              ? static_cast<const catalog::Table&>(object).FindColumn(name)
              : nullptr;
      if (column == nullptr) {
        return Error(ErrorCode::kUndefinedColumn)
            .Message("column \"{}\" of relation \"{}\" does not exist", name, object.name);
      }
      target.columns.emplace_back(column->number, mask);
    }
  }
  return target;
}

Result<const catalog::Object*> FindNamed(SessionImpl& session, ObjectType type,
                                         const ast::ObjectName& name) {
  switch (type) {
    case ObjectType::kTable:
    case ObjectType::kSequence: {
      ast::RelationName relation;
      relation.name = name.names.back();
      if (name.names.size() > 1) relation.schema = name.names[name.names.size() - 2];
      HELIOS_TRY(const catalog::Object* object, FindRelation(session, relation));
      if (object->kind() == ObjectKind::kIndex) {
        return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is an index", object->name);
      }
      if (type == ObjectType::kSequence && object->kind() != ObjectKind::kSequence) {
        return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a sequence", object->name);
      }
      return object;
    }
    default:
      break;
  }
  HELIOS_TRY(const catalog::Object* object, FindNonRelation(session, type, name));
  if (object != nullptr && object->kind() != ObjectKind::kRole) return object;
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("privileges on this kind of object are not supported");
}

// Every object that the statement names.
Result<std::vector<const catalog::Object*>> FindObjects(SessionImpl& session,
                                                        const ast::GrantStatement& statement) {
  std::vector<const catalog::Object*> objects;
  if (statement.target == ast::GrantTarget::kObjects) {
    for (const ast::ObjectName& name : statement.objects) {
      HELIOS_TRY(const catalog::Object* object, FindNamed(session, statement.object_type, name));
      objects.push_back(object);
    }
    return objects;
  }
  // There are no functions of users, so ALL FUNCTIONS IN SCHEMA is about none.
  const ObjectKind kind =
      statement.object_type == ObjectType::kSequence ? ObjectKind::kSequence : ObjectKind::kTable;
  const bool none =
      statement.object_type != ObjectType::kSequence && statement.object_type != ObjectType::kTable;
  for (const ast::ObjectName& name : statement.objects) {
    HELIOS_TRY(const catalog::Schema* schema, FindSchemaByName(session, name.names.back()));
    for (const auto& [oid, object] : session.Catalog()->objects()) {
      if (!none && object->schema == schema->oid && object->kind() == kind) {
        objects.push_back(object.get());
      }
    }
  }
  return objects;
}

AclEntry& EntryOf(Acl& acl, Oid grantee, Oid grantor) {
  for (AclEntry& entry : acl) {
    if (entry.grantee == grantee && entry.grantor == grantor) return entry;
  }
  acl.push_back({grantee, grantor, 0, 0});
  return acl.back();
}

PrivilegeMask GrantableBy(const Acl& acl, Oid role) {
  PrivilegeMask mask = 0;
  for (const AclEntry& entry : acl) {
    if (entry.grantee == role) mask |= entry.grantable;
  }
  return mask;
}

// Takes privileges that `grantor` gave to `grantee`; what the grantee passed on by a right that is
// lost goes with CASCADE, else 2BP01.
Status RevokeFrom(Acl& acl, Oid owner, Oid grantee, Oid grantor, PrivilegeMask privileges,
                  const Request& request) {
  for (AclEntry& entry : acl) {
    if (entry.grantee != grantee || entry.grantor != grantor) continue;
    entry.grantable &= static_cast<PrivilegeMask>(~privileges);
    if (!request.grant_option) entry.privileges &= static_cast<PrivilegeMask>(~privileges);
  }
  if (grantee == kInvalidOid || grantee == owner) return Status::Ok();
  const auto lost = static_cast<PrivilegeMask>(privileges & ~GrantableBy(acl, grantee));
  std::vector<std::pair<Oid, PrivilegeMask>> dependent;
  for (const AclEntry& entry : acl) {
    if (entry.grantor != grantee || entry.grantee == grantee) continue;
    const auto gone = static_cast<PrivilegeMask>(entry.privileges & lost);
    if (gone != 0) dependent.emplace_back(entry.grantee, gone);
  }
  if (!dependent.empty() && !request.cascade) {
    return Error(ErrorCode::kDependentObjectsStillExist)
        .Message("dependent privileges exist")
        .Hint("Use CASCADE to revoke them too.");
  }
  Request whole = request;
  whole.grant_option = false;
  for (const auto& [other, gone] : dependent) {
    HELIOS_TRY(RevokeFrom(acl, owner, other, grantee, gone, whole));
  }
  return Status::Ok();
}

Status Change(Acl& acl, Oid owner, Oid grantor, PrivilegeMask privileges, const Request& request) {
  for (const Oid grantee : request.grantees) {
    if (request.grant) {
      AclEntry& entry = EntryOf(acl, grantee, grantor);
      entry.privileges |= privileges;
      if (request.grant_option && grantee != owner) entry.grantable |= privileges;
    } else {
      HELIOS_TRY(RevokeFrom(acl, owner, grantee, grantor, privileges, request));
    }
  }
  std::erase_if(acl, [](const AclEntry& entry) { return entry.privileges == 0; });
  return Status::Ok();
}

class Granter {
 public:
  Granter(SessionImpl& session, DdlEditor& editor, const Request& request)
      : session_(session), editor_(editor), request_(request) {}

  Status Apply(const Target& target) {
    std::shared_ptr<catalog::Object> copy = editor_.CopyObject(target.object);
    if (target.privileges != 0) {
      const Acl acl = copy->acl.has_value() ? *copy->acl : DefaultAcl(copy->kind(), copy->owner);
      HELIOS_TRY(ApplyTo(*copy, copy->name, acl, target.privileges, target.all, &copy->acl));
      if (!request_.grant && copy->kind() == ObjectKind::kTable) {
        HELIOS_TRY(RevokeFromColumns(static_cast<catalog::Table&>(*copy), target.privileges));
      }
    }
    for (const auto& [number, privileges] : target.columns) {
      catalog::Column& column = static_cast<catalog::Table&>(*copy).columns[number - 1];
      HELIOS_TRY(ApplyTo(*copy, column.name, column.acl.value_or(Acl()), privileges,
                         privileges == kColumnPrivileges, &column.acl));
    }
    editor_.Put(std::move(copy));
    return Status::Ok();
  }

 private:
  // As whom the current role grants: as the owner if it may, else as the role with most of the
  // options.
  Oid ChooseGrantor(const catalog::Object& object, const Acl& acl, PrivilegeMask wanted,
                    PrivilegeMask* options) const {
    const catalog::Snapshot& snapshot = editor_.current();
    if (IsOwner(snapshot, session_.role(), object)) {
      *options = wanted;
      return object.owner;
    }
    Oid best = session_.role();
    *options = static_cast<PrivilegeMask>(GrantableBy(acl, best) & wanted);
    for (const Oid role : EffectiveRoles(snapshot, session_.role())) {
      const auto held = static_cast<PrivilegeMask>(GrantableBy(acl, role) & wanted);
      if (std::popcount(held) <= std::popcount(*options)) continue;
      best = role;
      *options = held;
    }
    return best;
  }

  Status ApplyTo(const catalog::Object& object, const std::string& name, Acl acl,
                 PrivilegeMask wanted, bool all, std::optional<Acl>* out) {
    PrivilegeMask may = 0;
    const Oid grantor = ChooseGrantor(object, Options(object, acl), wanted, &may);
    if (may == 0 && !HoldsAny(object, acl)) return PermissionDenied(object);
    if (may == 0) {
      Warn(request_.grant ? "no privileges were granted for \"{}\""
                          : "no privileges could be revoked for \"{}\"",
           name);
    } else if (may != wanted && !all) {
      Warn(request_.grant ? "not all privileges were granted for \"{}\""
                          : "not all privileges could be revoked for \"{}\"",
           name);
    }
    HELIOS_TRY(Change(acl, object.owner, grantor, may, request_));
    *out = std::move(acl);
    return Status::Ok();
  }

  // A grant option on the table counts for its columns.
  static Acl Options(const catalog::Object& object, Acl acl) {
    if (object.acl.has_value()) acl.insert(acl.end(), object.acl->begin(), object.acl->end());
    return acl;
  }

  bool HoldsAny(const catalog::Object& object, const Acl& acl) const {
    const std::set<Oid> roles = EffectiveRoles(editor_.current(), session_.role());
    const Acl entries = Options(object, acl);
    return std::any_of(entries.begin(), entries.end(), [&roles](const AclEntry& entry) {
      return entry.privileges != 0 &&
             (entry.grantee == kInvalidOid || roles.count(entry.grantee) > 0);
    });
  }

  // REVOKE on a table takes the same privileges on its columns.
  Status RevokeFromColumns(catalog::Table& table, PrivilegeMask privileges) {
    const auto wanted = static_cast<PrivilegeMask>(privileges & kColumnPrivileges);
    for (catalog::Column& column : table.columns) {
      if (column.dropped || !column.acl.has_value()) continue;
      PrivilegeMask may = 0;
      const Oid grantor = ChooseGrantor(table, Options(table, *column.acl), wanted, &may);
      HELIOS_TRY(Change(*column.acl, table.owner, grantor, may, request_));
      if (column.acl->empty()) column.acl.reset();
    }
    return Status::Ok();
  }

  void Warn(const char* message, const std::string& name) {
    session_.Notice(Notice::Severity::kWarning, request_.grant ? "01007" : "01006",
                    fmt::format(fmt::runtime(message), name));
  }

  SessionImpl& session_;
  DdlEditor& editor_;
  const Request& request_;
};

Result<Request> ReadRequest(SessionImpl& session, const ast::GrantStatement& statement) {
  Request request;
  request.grant = statement.grant;
  request.grant_option = statement.grant_option;
  request.cascade = statement.behavior == ast::DropBehavior::kCascade;
  if (statement.granted_by != nullptr) {
    HELIOS_TRY(const catalog::Role* grantor, FindRoleByName(session, *statement.granted_by));
    if (grantor->oid != session.role()) {
      return Error(ErrorCode::kFeatureNotSupported).Message("grantor must be current user");
    }
  }
  for (const ast::RoleName& name : statement.grantees) {
    if (name.role == ast::RoleKind::kPublic) {
      if (request.grant && request.grant_option) {
        return Error(ErrorCode::kInvalidGrantOperation)
            .Message("grant options can only be granted to roles");
      }
      request.grantees.push_back(kInvalidOid);
      continue;
    }
    HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, name));
    request.grantees.push_back(role->oid);
  }
  return request;
}

// What a kind of object in ALTER DEFAULT PRIVILEGES stands for.
struct DefaultKind {
  char letter;
  PrivilegeMask allowed;
  Acl Usual(Oid owner) const {
    Acl acl = {{owner, owner, allowed, 0}};
    if (letter == 'f' || letter == 'T') acl.push_back({kInvalidOid, owner, allowed, 0});
    return acl;
  }
};

Result<DefaultKind> DefaultKindOf(ObjectType type) {
  switch (type) {
    case ObjectType::kTable:
      return DefaultKind{'r', AllPrivileges(ObjectKind::kTable)};
    case ObjectType::kSequence:
      return DefaultKind{'S', AllPrivileges(ObjectKind::kSequence)};
    case ObjectType::kFunction:
    case ObjectType::kProcedure:
    case ObjectType::kRoutine:
      return DefaultKind{'f', Mask(Privilege::kExecute)};
    case ObjectType::kType:
      return DefaultKind{'T', AllPrivileges(ObjectKind::kType)};
    case ObjectType::kSchema:
      return DefaultKind{'n', AllPrivileges(ObjectKind::kSchema)};
    default:
      return Error(ErrorCode::kFeatureNotSupported)
          .Message("default privileges on this kind of object are not supported");
  }
}

const Acl* FindDefaults(const std::vector<catalog::DefaultPrivileges>& list, Oid role,
                        char letter) {
  for (const catalog::DefaultPrivileges& entry : list) {
    if (entry.role == role && entry.object_type == letter) return &entry.acl;
  }
  return nullptr;
}

Status ChangeDefaults(std::vector<catalog::DefaultPrivileges>& list, const DefaultKind& kind,
                      Oid role, PrivilegeMask privileges, const Request& request, Acl base) {
  const Acl* present = FindDefaults(list, role, kind.letter);
  Acl acl = std::move(base);
  if (present != nullptr) acl = *present;
  HELIOS_TRY(Change(acl, role, role, privileges, request));
  std::erase_if(list, [&](const catalog::DefaultPrivileges& entry) {
    return entry.role == role && entry.object_type == kind.letter;
  });
  list.push_back({role, kind.letter, std::move(acl)});
  return Status::Ok();
}

Result<std::vector<Oid>> DefaultRoles(SessionImpl& session,
                                      const std::vector<ast::RoleName>& names) {
  if (names.empty()) return std::vector<Oid>{session.role()};
  std::vector<Oid> roles;
  for (const ast::RoleName& name : names) {
    HELIOS_TRY(const catalog::Role* role, FindRoleByName(session, name));
    if (!session.IsSuperuser() && !IsMemberOf(*session.Catalog(), session.role(), role->oid)) {
      return Error(ErrorCode::kInsufficientPrivilege)
          .Message("must be member of role \"{}\"", role->name);
    }
    roles.push_back(role->oid);
  }
  return roles;
}

}  // namespace

Status RunAlterDefaultPrivileges(SessionImpl& session,
                                 const ast::AlterDefaultPrivilegesStatement& statement) {
  const ast::GrantStatement& action = *statement.action;
  HELIOS_TRY(const DefaultKind kind, DefaultKindOf(action.object_type));
  HELIOS_TRY(const Request request, ReadRequest(session, action));
  HELIOS_TRY(const std::vector<Oid> roles, DefaultRoles(session, statement.roles));
  if (kind.letter == 'n' && !statement.schemas.empty()) {
    return Error(ErrorCode::kInvalidGrantOperation)
        .Message("cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
  }
  PrivilegeMask privileges = action.privileges.empty() ? kind.allowed : 0;
  for (const ast::Privilege& privilege : action.privileges) {
    if (!privilege.columns.empty()) {
      return Error(ErrorCode::kInvalidGrantOperation)
          .Message("default privileges cannot be set for columns");
    }
    HELIOS_TRY(const PrivilegeMask mask,
               ParsePrivilege(privilege, kind.allowed, KindOf(action.object_type).word));
    privileges |= mask;
  }
  std::vector<Oid> schemas;
  for (const std::string& name : statement.schemas) {
    HELIOS_TRY(const catalog::Schema* schema, FindSchemaByName(session, name));
    schemas.push_back(schema->oid);
  }
  DdlEditor editor(session);
  for (const Oid role : roles) {
    for (const Oid oid : schemas) {
      auto schema = editor.Copy<catalog::Schema>(oid);
      HELIOS_TRY(ChangeDefaults(schema->default_privileges, kind, role, privileges, request, {}));
      editor.Put(std::move(schema));
    }
    if (!schemas.empty()) continue;
    auto database =
        editor.Copy<catalog::Database>(editor.current().FindDatabase(session.database())->oid);
    HELIOS_TRY(ChangeDefaults(database->default_privileges, kind, role, privileges, request,
                              kind.Usual(role)));
    editor.Put(std::move(database));
  }
  editor.Save();
  return Status::Ok();
}

void ApplyDefaultPrivileges(SessionImpl& session, catalog::Object* object) {
  char letter = 'r';
  if (object->kind() == ObjectKind::kSequence) letter = 'S';
  if (object->kind() == ObjectKind::kType) letter = 'T';
  if (object->kind() == ObjectKind::kSchema) letter = 'n';
  const std::shared_ptr<const catalog::Snapshot> snapshot = session.Catalog();
  const catalog::Database* database = snapshot->FindDatabase(session.database());
  const catalog::Schema* schema = snapshot->FindSchema(object->schema);
  const Acl* everywhere = database == nullptr
                              ? nullptr
                              : FindDefaults(database->default_privileges, object->owner, letter);
  const Acl* here =
      schema == nullptr ? nullptr : FindDefaults(schema->default_privileges, object->owner, letter);
  if (everywhere == nullptr && here == nullptr) return;
  Acl acl = everywhere == nullptr ? DefaultAcl(object->kind(), object->owner) : *everywhere;
  if (here != nullptr) {
    for (const AclEntry& added : *here) {
      AclEntry& entry = EntryOf(acl, added.grantee, added.grantor);
      entry.privileges |= added.privileges;
      entry.grantable |= added.grantable;
    }
  }
  object->acl = std::move(acl);
}

Status RunGrant(SessionImpl& session, const ast::GrantStatement& statement, UtilityResult*) {
  DdlEditor editor(session);
  Result<std::vector<const catalog::Object*>> found = FindObjects(session, statement);
  if (!found.ok() && !found.status().Is(ErrorCode::kFeatureNotSupported)) return found.status();
  HELIOS_TRY(const Request request, ReadRequest(session, statement));
  HELIOS_TRY(CheckPrivilegeWords(statement));
  HELIOS_TRY(const std::vector<const catalog::Object*> objects, std::move(found));
  std::vector<Target> targets;
  for (const catalog::Object* object : objects) {
    HELIOS_TRY(Target target, MakeTarget(session, *object, statement));
    targets.push_back(std::move(target));
  }
  Granter granter(session, editor, request);
  for (const Target& target : targets) HELIOS_TRY(granter.Apply(target));
  editor.Save();
  return Status::Ok();
}

}  // namespace helios::compute
