#include "catalog/snapshot.h"

#include "catalog/internal/system_tables.h"

namespace helios::catalog {

namespace {

template <typename T>
const T* FindAs(const std::map<Oid, std::shared_ptr<const Object>>& objects, Oid oid,
                ObjectKind kind) {
  const auto found = objects.find(oid);
  if (found == objects.end() || found->second->kind() != kind) return nullptr;
  return static_cast<const T*>(found->second.get());
}

template <typename Map>
Oid FindName(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? kInvalidOid : found->second;
}

bool IsRelation(ObjectKind kind) {
  return kind == ObjectKind::kTable || kind == ObjectKind::kIndex || kind == ObjectKind::kSequence;
}

}  // namespace

const Object* Snapshot::Find(Oid oid) const {
  const auto found = objects_.find(oid);
  return found == objects_.end() ? nullptr : found->second.get();
}
const Role* Snapshot::FindRole(Oid oid) const {
  return FindAs<Role>(objects_, oid, ObjectKind::kRole);
}
const Database* Snapshot::FindDatabase(Oid oid) const {
  return FindAs<Database>(objects_, oid, ObjectKind::kDatabase);
}
const Schema* Snapshot::FindSchema(Oid oid) const {
  return FindAs<Schema>(objects_, oid, ObjectKind::kSchema);
}
const Table* Snapshot::FindTable(Oid oid) const {
  return FindAs<Table>(objects_, oid, ObjectKind::kTable);
}
const Index* Snapshot::FindIndex(Oid oid) const {
  return FindAs<Index>(objects_, oid, ObjectKind::kIndex);
}
const Sequence* Snapshot::FindSequence(Oid oid) const {
  return FindAs<Sequence>(objects_, oid, ObjectKind::kSequence);
}
// The relation's OID in those of its row type and of arrays of it.
constexpr Oid kRelationOfRowType = ~(kRowTypeBase | kRowArrayTypeBase);

const UserType* Snapshot::FindUserType(Oid oid) const {
  if (oid >= kRowTypeBase) {
    const auto row_type = row_types_.find(oid & kRelationOfRowType);
    return row_type == row_types_.end() ? nullptr : row_type->second.get();
  }
  const auto element = array_types_.find(oid);
  if (element != array_types_.end()) oid = element->second;
  return FindAs<UserType>(objects_, oid, ObjectKind::kType);
}
const SystemTable* Snapshot::FindSystemTable(Oid oid) const {
  return internal::SystemTables().Find(oid);
}

const Role* Snapshot::FindRole(std::string_view name) const {
  return FindRole(FindName(roles_, name));
}
const Database* Snapshot::FindDatabase(std::string_view name) const {
  return FindDatabase(FindName(databases_, name));
}
const Schema* Snapshot::FindSchema(std::string_view name) const {
  return FindSchema(FindName(schemas_, name));
}
const Object* Snapshot::FindRelation(Oid schema, std::string_view name) const {
  const auto found = relations_.find(std::pair(schema, std::string(name)));
  return found == relations_.end() ? nullptr : Find(found->second);
}
const UserType* Snapshot::FindUserType(Oid schema, std::string_view name) const {
  const auto found = types_.find(std::pair(schema, std::string(name)));
  if (found != types_.end()) return FindUserType(found->second);
  const Object* relation = FindRelation(schema, name);
  return relation == nullptr ? nullptr : FindUserType(RowTypeOf(relation->oid));
}
const SystemTable* Snapshot::FindSystemTable(Oid schema, std::string_view name) const {
  return internal::SystemTables().Find(schema, name);
}
std::span<const SystemTable* const> Snapshot::system_tables() const {
  return internal::SystemTables().all();
}

namespace {
std::shared_ptr<const UserType> RowTypeFor(const Table& table) {
  auto type = std::make_shared<UserType>();
  type->oid = RowTypeOf(table.oid);
  type->array_oid = kRowArrayTypeBase | table.oid;
  type->name = table.name;
  type->schema = table.schema;
  type->owner = table.owner;
  type->type_kind = UserType::TypeKind::kComposite;
  type->relation = table.oid;
  for (const Column& column : table.columns) {
    if (!column.dropped) type->fields.push_back(column);
  }
  return type;
}
}  // namespace

Editor::Editor(std::shared_ptr<const Snapshot> base) : next_(std::make_shared<Snapshot>(*base)) {}

void Editor::Put(std::shared_ptr<const Object> object) {
  // The old names go first: an edit may rename the object or move it to another schema.
  Remove(object->oid);
  const Oid oid = object->oid;
  switch (object->kind()) {
    case ObjectKind::kRole:
      next_->roles_[object->name] = oid;
      break;
    case ObjectKind::kDatabase:
      next_->databases_[object->name] = oid;
      break;
    case ObjectKind::kSchema:
      next_->schemas_[object->name] = oid;
      break;
    case ObjectKind::kType: {
      const auto& type = static_cast<const UserType&>(*object);
      next_->types_[{object->schema, object->name}] = oid;
      if (type.array_oid != kInvalidOid) next_->array_types_[type.array_oid] = oid;
      break;
    }
    case ObjectKind::kTable:
      next_->row_types_[oid] = RowTypeFor(static_cast<const Table&>(*object));
      next_->relations_[{object->schema, object->name}] = oid;
      break;
    case ObjectKind::kIndex:
    case ObjectKind::kSequence:
      next_->relations_[{object->schema, object->name}] = oid;
      break;
  }
  next_->objects_[oid] = std::move(object);
}

void Editor::Remove(Oid oid) {
  const auto found = next_->objects_.find(oid);
  if (found == next_->objects_.end()) return;
  const Object& object = *found->second;
  if (object.kind() == ObjectKind::kRole) next_->roles_.erase(object.name);
  if (object.kind() == ObjectKind::kDatabase) next_->databases_.erase(object.name);
  if (object.kind() == ObjectKind::kSchema) next_->schemas_.erase(object.name);
  if (object.kind() == ObjectKind::kType) {
    next_->types_.erase({object.schema, object.name});
    next_->array_types_.erase(static_cast<const UserType&>(object).array_oid);
  }
  if (IsRelation(object.kind())) next_->relations_.erase({object.schema, object.name});
  if (object.kind() == ObjectKind::kTable) next_->row_types_.erase(oid);
  next_->objects_.erase(found);
}

std::shared_ptr<const Snapshot> Editor::Finish(uint64_t version) {
  next_->version_ = version;
  std::shared_ptr<const Snapshot> finished = next_;
  next_ = std::make_shared<Snapshot>(*finished);
  return finished;
}

std::shared_ptr<const Snapshot> EmptySnapshot() { return std::make_shared<Snapshot>(); }

}  // namespace helios::catalog
