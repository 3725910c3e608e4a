// Catalog objects as JSON records (docs/formats/catalog.md). Every object names its kind; fields at
// their default are left out, unknown fields are ignored, so that older and newer servers of one
// format version read each other's records.

#include <nlohmann/json.hpp>

#include "catalog/objects.h"

namespace helios::catalog {

namespace {

using nlohmann::json;

// One field list serves both directions: Writer puts fields that differ from the default, Reader
// overwrites those that are present.
class Writer {
 public:
  explicit Writer(json* to) : to_(to) {}

  template <typename T>
  void Field(const char* name, const T& value, const T& fallback = T()) {
    if (!(value == fallback)) (*to_)[name] = value;
  }
  template <typename T>
  void Field(const char* name, const std::vector<T>& values) {
    if (!values.empty()) (*to_)[name] = values;
  }
  template <typename E>
  void Enum(const char* name, const E& value) {
    (*to_)[name] = static_cast<int>(value);
  }
  template <typename T>
  void Optional(const char* name, const std::optional<T>& value) {
    if (value.has_value()) (*to_)[name] = *value;
  }
  template <typename T, typename Visit>
  void List(const char* name, const std::vector<T>& values, Visit visit) {
    if (values.empty()) return;
    json list = json::array();
    for (const T& value : values) {
      json item = json::object();
      Writer writer(&item);
      visit(writer, const_cast<T&>(value));
      list.push_back(std::move(item));
    }
    (*to_)[name] = std::move(list);
  }
  template <typename T, typename Visit>
  void OptionalList(const char* name, const std::optional<std::vector<T>>& values, Visit visit) {
    if (!values.has_value()) return;
    (*to_)[name] = json::array();
    List(name, *values, visit);
  }

 private:
  json* to_;
};

class Reader {
 public:
  explicit Reader(const json* from) : from_(from) {}

  template <typename T>
  void Field(const char* name, T& value, const T& = T()) {
    const auto found = from_->find(name);
    if (found != from_->end()) value = found->template get<T>();
  }
  template <typename E>
  void Enum(const char* name, E& value) {
    const auto found = from_->find(name);
    if (found != from_->end()) value = static_cast<E>(found->template get<int>());
  }
  template <typename T>
  void Optional(const char* name, std::optional<T>& value) {
    const auto found = from_->find(name);
    if (found != from_->end()) value = found->template get<T>();
  }
  template <typename T, typename Visit>
  void List(const char* name, std::vector<T>& values, Visit visit) {
    const auto found = from_->find(name);
    if (found == from_->end()) return;
    for (const json& item : *found) {
      Reader reader(&item);
      visit(reader, values.emplace_back());
    }
  }
  template <typename T, typename Visit>
  void OptionalList(const char* name, std::optional<std::vector<T>>& values, Visit visit) {
    if (from_->find(name) == from_->end()) return;
    values.emplace();
    List(name, *values, visit);
  }

 private:
  const json* from_;
};

constexpr auto kAclFields = [](auto& io, AclEntry& entry) {
  io.Field("grantee", entry.grantee);
  io.Field("grantor", entry.grantor);
  io.Field("privileges", entry.privileges);
  io.Field("grantable", entry.grantable);
};

constexpr auto kDefaultPrivilegesFields = [](auto& io, DefaultPrivileges& defaults) {
  io.Field("role", defaults.role);
  io.Field("object_type", defaults.object_type);
  io.List("acl", defaults.acl, kAclFields);
};

template <typename Io>
void TypeFields(Io& io, SqlType& type) {
  io.Field("type", type.oid);
  io.Field("typmod", type.typmod, -1);
}

constexpr auto kColumnFields = [](auto& io, Column& column) {
  io.Field("number", column.number);
  io.Field("name", column.name);
  TypeFields(io, column.type);
  io.Field("not_null", column.not_null);
  io.Field("default", column.default_sql);
  io.Field("generated", column.generated);
  io.Enum("identity", column.identity);
  io.Field("sequence", column.sequence);
  io.Field("collation", column.collation);
  io.Field("dropped", column.dropped);
  io.Field("storage", column.storage);
  io.Optional("missing", column.missing_text);
  io.OptionalList("acl", column.acl, kAclFields);
};

constexpr auto kConstraintFields = [](auto& io, Constraint& constraint) {
  io.Field("oid", constraint.oid);
  io.Field("name", constraint.name);
  io.Enum("kind", constraint.kind);
  io.Field("columns", constraint.columns);
  io.Field("check", constraint.check_sql);
  io.Field("index", constraint.index);
  io.Field("referenced_table", constraint.referenced_table);
  io.Field("referenced_columns", constraint.referenced_columns);
  io.Enum("on_delete", constraint.on_delete);
  io.Enum("on_update", constraint.on_update);
  io.Field("on_delete_set_columns", constraint.on_delete_set_columns);
  io.Field("match_full", constraint.match_full);
  io.Field("deferrable", constraint.deferrable);
  io.Field("initially_deferred", constraint.initially_deferred);
  io.Field("validated", constraint.validated, true);
  io.Field("no_inherit", constraint.no_inherit);
  io.Field("comment", constraint.comment);
};

constexpr auto kIndexKeyFields = [](auto& io, IndexKey& key) {
  io.Field("column", key.column);
  io.Field("expression", key.expression_sql);
  TypeFields(io, key.type);
  io.Field("descending", key.descending);
  io.Field("nulls_first", key.nulls_first);
  io.Field("collation", key.collation);
  io.Field("opclass", key.opclass);
};

constexpr auto kLabelFields = [](auto& io, EnumLabel& label) {
  io.Field("sort_key", label.sort_key);
  io.Field("oid", label.oid);
  io.Field("label", label.label);
};

template <typename Io>
void Fields(Io& io, Role& role) {
  io.Field("superuser", role.superuser);
  io.Field("inherit", role.inherit, true);
  io.Field("create_role", role.create_role);
  io.Field("create_db", role.create_db);
  io.Field("can_login", role.can_login);
  io.Field("replication", role.replication);
  io.Field("bypass_rls", role.bypass_rls);
  io.Field("connection_limit", role.connection_limit, -1);
  io.Field("password", role.password);
  io.Optional("valid_until_us", role.valid_until_us);
  io.Field("member_of", role.member_of);
  io.Field("admin_of", role.admin_of);
  io.Field("settings", role.settings);
}

template <typename Io>
void Fields(Io& io, Database& database) {
  io.Field("settings", database.settings);
  io.List("default_privileges", database.default_privileges, kDefaultPrivilegesFields);
}

template <typename Io>
void Fields(Io& io, Schema& schema) {
  io.List("default_privileges", schema.default_privileges, kDefaultPrivilegesFields);
}

template <typename Io>
void Fields(Io& io, Table& table) {
  io.Enum("table_kind", table.table_kind);
  io.Field("temporary", table.temporary);
  io.Enum("on_commit", table.on_commit);
  io.Field("storage_id", table.storage_id);
  io.List("columns", table.columns, kColumnFields);
  io.List("constraints", table.constraints, kConstraintFields);
  io.Field("indexes", table.indexes);
  io.Field("referenced_by", table.referenced_by);
  io.Field("view_sql", table.view_sql);
  io.Field("depends_on", table.depends_on);
  io.Field("options", table.options);
  io.Field("primary_key", table.primary_key);
}

template <typename Io>
void Fields(Io& io, Index& index) {
  io.Field("table", index.table);
  io.Field("storage_id", index.storage_id);
  io.Field("unique", index.unique);
  io.Field("primary", index.primary);
  io.Field("nulls_distinct", index.nulls_distinct, true);
  io.Field("method", index.method, std::string("btree"));
  io.List("keys", index.keys, kIndexKeyFields);
  io.Field("included", index.included);
  io.Field("predicate", index.predicate_sql);
  io.Enum("state", index.state);
  io.Field("constraint", index.constraint);
  io.Field("options", index.options);
}

template <typename Io>
void Fields(Io& io, Sequence& sequence) {
  io.Field("type", sequence.type, type_oid::kInt8);
  io.Field("start", sequence.start, int64_t{1});
  io.Field("increment", sequence.increment, int64_t{1});
  io.Field("minimum", sequence.minimum, int64_t{1});
  io.Field("maximum", sequence.maximum, INT64_MAX);
  io.Field("cache", sequence.cache, int64_t{1});
  io.Field("cycle", sequence.cycle);
  io.Field("owned_by_table", sequence.owned_by_table);
  io.Field("owned_by_column", sequence.owned_by_column);
  io.Field("identity", sequence.identity);
  io.Field("storage_id", sequence.storage_id);
}

template <typename Io>
void Fields(Io& io, UserType& type) {
  io.Enum("type_kind", type.type_kind);
  io.Field("array_oid", type.array_oid);
  io.List("labels", type.labels, kLabelFields);
  TypeFields(io, type.base);
  io.Field("not_null", type.not_null);
  io.Field("default", type.default_sql);
  io.List("checks", type.checks, kConstraintFields);
  io.List("fields", type.fields, kColumnFields);
}

template <typename Io>
void CommonFields(Io& io, Object& object) {
  io.Field("oid", object.oid);
  io.Field("name", object.name);
  io.Field("schema", object.schema);
  io.Field("owner", object.owner);
  io.OptionalList("acl", object.acl, kAclFields);
}

template <typename T>
std::shared_ptr<Object> ReadAs(Reader& reader) {
  auto object = std::make_shared<T>();
  Fields(reader, *object);
  return object;
}

std::shared_ptr<Object> ReadKind(const std::string& kind, Reader& reader) {
  if (kind == "role") return ReadAs<Role>(reader);
  if (kind == "database") return ReadAs<Database>(reader);
  if (kind == "schema") return ReadAs<Schema>(reader);
  if (kind == "table") return ReadAs<Table>(reader);
  if (kind == "index") return ReadAs<Index>(reader);
  if (kind == "sequence") return ReadAs<Sequence>(reader);
  if (kind == "type") return ReadAs<UserType>(reader);
  return nullptr;
}

Status Corrupt(std::string_view bytes, std::string_view why) {
  return Error(ErrorCode::kDataCorrupted)
      .Message("malformed catalog record: {}", why)
      .Detail("The record starts with \"{}\".", bytes.substr(0, 60));
}

// Writing visits const objects through the same field lists; it changes nothing.
template <typename T>
void WriteAs(Writer& writer, const Object& object) {
  Fields(writer, const_cast<T&>(static_cast<const T&>(object)));
}

}  // namespace

std::string EncodeObject(const Object& object) {
  json record = json::object();
  Writer writer(&record);
  CommonFields(writer, const_cast<Object&>(object));
  if (!object.comments.empty()) {
    json comments = json::object();
    for (const auto& [sub_object, text] : object.comments) {
      comments[std::to_string(sub_object)] = text;
    }
    record["comments"] = std::move(comments);
  }
  switch (object.kind()) {
    case ObjectKind::kRole:
      record["kind"] = "role";
      WriteAs<Role>(writer, object);
      break;
    case ObjectKind::kDatabase:
      record["kind"] = "database";
      WriteAs<Database>(writer, object);
      break;
    case ObjectKind::kSchema:
      record["kind"] = "schema";
      break;
    case ObjectKind::kTable:
      record["kind"] = "table";
      WriteAs<Table>(writer, object);
      break;
    case ObjectKind::kIndex:
      record["kind"] = "index";
      WriteAs<Index>(writer, object);
      break;
    case ObjectKind::kSequence:
      record["kind"] = "sequence";
      WriteAs<Sequence>(writer, object);
      break;
    case ObjectKind::kType:
      record["kind"] = "type";
      WriteAs<UserType>(writer, object);
      break;
  }
  return record.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::shared_ptr<const Object>> DecodeObject(std::string_view bytes) {
  const json record = json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return Corrupt(bytes, "not a JSON object");
  try {
    Reader reader(&record);
    std::shared_ptr<Object> object = ReadKind(record.value("kind", ""), reader);
    if (object == nullptr) return Corrupt(bytes, "unknown kind");
    CommonFields(reader, *object);
    const auto comments = record.find("comments");
    if (comments != record.end()) {
      for (const auto& [sub_object, text] : comments->items()) {
        object->comments[std::stoi(sub_object)] = text.get<std::string>();
      }
    }
    if (object->oid == kInvalidOid || object->name.empty()) {
      return Corrupt(bytes, "no oid or no name");
    }
    return std::shared_ptr<const Object>(std::move(object));
  } catch (const std::exception& error) {  // nlohmann-json and std::stoi throw on wrong types.
    return Corrupt(bytes, error.what());
  }
}

}  // namespace helios::catalog
