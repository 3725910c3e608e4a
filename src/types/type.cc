#include "types/type.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace helios {

namespace {

constexpr TypeInfo kTypes[] = {
#define HELIOS_TYPE(oid, name, sql_name, physical, category, preferred, length, by_value, align, \
                    storage, element, array, is_pseudo, input_function)                          \
  {oid,                                                                                          \
   name,                                                                                         \
   sql_name,                                                                                     \
   PhysicalType::physical,                                                                       \
   TypeCategory::category,                                                                       \
   preferred,                                                                                    \
   length,                                                                                       \
   by_value,                                                                                     \
   align,                                                                                        \
   storage,                                                                                      \
   element,                                                                                      \
   array,                                                                                        \
   is_pseudo,                                                                                    \
   input_function},
#include "types/type_table.def"
#undef HELIOS_TYPE
};
constexpr size_t kTypeCount = sizeof(kTypes) / sizeof(kTypes[0]);

struct TypeIndex {
  std::vector<const TypeInfo*> by_oid;
  std::unordered_map<std::string_view, const TypeInfo*> by_name;

  TypeIndex() {
    for (const TypeInfo& type : kTypes) {
      by_oid.push_back(&type);
      by_name.emplace(type.name, &type);
      by_name.emplace(type.sql_name, &type);
    }
  }
};

const TypeIndex& Index() {
  static const TypeIndex index;
  return index;
}

}  // namespace

const TypeInfo* FindType(Oid oid) {
  const TypeInfo* found =
      std::lower_bound(kTypes, kTypes + kTypeCount, oid,
                       [](const TypeInfo& type, Oid wanted) { return type.oid < wanted; });
  return found != kTypes + kTypeCount && found->oid == oid ? found : nullptr;
}

const TypeInfo* FindTypeByName(std::string_view name) {
  const auto found = Index().by_name.find(name);
  return found == Index().by_name.end() ? nullptr : found->second;
}

TypeList AllTypes() {
  const std::vector<const TypeInfo*>& list = Index().by_oid;
  return {list.data(), list.data() + list.size()};
}

PhysicalType PhysicalTypeOf(Oid oid) {
  const TypeInfo* type = FindType(oid);
  return type == nullptr ? PhysicalType::kVarlen : type->physical;
}

}  // namespace helios
