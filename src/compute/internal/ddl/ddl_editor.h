#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot.h"
#include "compute/internal/session_impl.h"
#include "sql/ast.h"

namespace helios::compute {

// One DDL statement's edits of the session's catalog. Nothing is seen before Save; an error on the
// way leaves the catalog as it was.
class DdlEditor {
 public:
  explicit DdlEditor(SessionImpl& session)
      : session_(session), base_(session.Catalog()), editor_(base_) {}

  const catalog::Snapshot& current() const { return editor_.current(); }
  void Put(std::shared_ptr<const catalog::Object> object) { editor_.Put(std::move(object)); }
  void Remove(Oid oid) { editor_.Remove(oid); }

  // A copy of the present state of the object, to be changed and Put.
  template <typename T>
  std::shared_ptr<T> Copy(Oid oid) const {
    const catalog::Object* found = editor_.current().Find(oid);
    HELIOS_CHECK(found != nullptr);
    return std::make_shared<T>(static_cast<const T&>(*found));
  }

  // The same for an object of any kind.
  std::shared_ptr<catalog::Object> CopyObject(Oid oid) const;

  void Save() {
    session_.SetCatalog(base_, editor_.Finish(session_.core().catalog.NextPrivateVersion()));
  }

 private:
  SessionImpl& session_;
  std::shared_ptr<const catalog::Snapshot> base_;
  catalog::Editor editor_;
};

inline constexpr size_t kNameBytesMax = 63;

// name1_name2_label, cut so that it fits a name, with a number behind when a relation of the schema
// (or one of `taken`) has it: how PostgreSQL names indexes, sequences and constraints.
std::string ChooseName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name1,
                       std::string_view name2, std::string_view label,
                       const std::vector<std::string>& taken = {});

// ctid, xmin and the like.
bool IsSystemColumnName(std::string_view name);
// 42P07 when a relation of this name exists in the schema.
Status RequireFreeName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name);
// For a table or view, whose row type takes the name too: also 42710.
Status RequireFreeTableName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name);
// 42710 when a type of this name exists in the schema.
Status RequireFreeTypeName(const catalog::Snapshot& snapshot, Oid schema, std::string_view name);
// Keeps others from making a type of the dotted name, until the end of the transaction. Call it
// before the editor is made.
Status LockTypeName(SessionImpl& session, const sql::ast::NameList& names);
// A new type of the dotted name, owned by the current role, with OIDs for itself and its array
// type. 42710 when a type has the name, or a table, whose rows are a type.
Result<std::shared_ptr<catalog::UserType>> NewUserType(SessionImpl& session,
                                                       const DdlEditor& editor,
                                                       const sql::ast::NameList& names,
                                                       catalog::UserType::TypeKind kind);

// Gives a new object, with its owner and schema, the privileges that ALTER DEFAULT PRIVILEGES asks
// for.
void ApplyDefaultPrivileges(SessionImpl& session, catalog::Object* object);

// Removes objects and what belongs to them (a table's indexes, sequences and foreign keys), freeing
// their storage at commit. With `cascade` also what depends on them; else 2BP01 names the
// dependents.
Status DropObjects(SessionImpl& session, DdlEditor& editor, const std::vector<Oid>& oids,
                   bool cascade);

// "table t", "view s.v": how messages call an object, with its schema where the search path hides
// it.
std::string DescribeObject(SessionImpl& session, const catalog::Object& object);

}  // namespace helios::compute
