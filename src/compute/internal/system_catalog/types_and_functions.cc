// pg_type, pg_enum and the catalogs of functions, operators and casts.

#include "compute/internal/system_catalog/system_catalog.h"
#include "expr/function_registry.h"

namespace helios::compute {

namespace {

constexpr Oid kDefaultCollation = 100;
constexpr Oid kBtreeMethod = 403;
constexpr Oid kHashMethod = 405;

// Type functions by name, as SessionTypeLookup numbers them.
Oid FunctionOid(SessionImpl& session, const std::string& name) {
  Result<Oid> oid = session.Lookup().ResolveName(type_oid::kRegproc, name);
  return oid.ok() ? *oid : 0;
}

struct TypeRow {
  Oid oid = 0;
  std::string name;
  Oid schema = catalog::kPgCatalogSchema;
  Oid owner = catalog::kBootstrapRole;
  int16_t length = -1;
  bool by_value = false;
  char kind = 'b';
  char category = 'U';
  bool preferred = false;
  Oid element = 0, array = 0;
  Oid relation = 0;  // Of a composite: its row in pg_class.
  std::string input;
  char align = 'i', storage = 'x';
  bool not_null = false;
  SqlType base;
  Oid collation = 0;
  std::string default_text;
  const std::optional<catalog::Acl>* acl = nullptr;
};

void AddType(SessionImpl& session, const TypeRow& row, SystemRowBuilder& rows) {
  if (!rows.Wants("oid", row.oid) || !rows.Wants("typnamespace", row.schema)) return;
  const bool is_array = row.element != 0 && row.length == -1 && row.category == 'A';
  rows.Oid(row.oid).Text(row.name).Oid(row.schema).Oid(row.owner).Int2(row.length);
  rows.Bool(row.by_value).Char(row.kind).Char(row.category).Bool(row.preferred).Bool(true);
  rows.Char(',')
      .Oid(row.relation)
      .Oid(is_array ? FunctionOid(session, "array_in") : 0)
      .Oid(row.element);
  rows.Oid(row.array).Oid(FunctionOid(session, row.input)).Oid(0).Oid(0).Oid(0).Oid(0).Oid(0);
  rows.Oid(0).Char(row.align).Char(row.storage).Bool(row.not_null).Oid(row.base.oid);
  rows.Int4(row.base.oid == 0 ? -1 : row.base.typmod).Int4(0).Oid(row.collation).Null();
  rows.TextOrNull(row.default_text);
  if (row.acl != nullptr && row.acl->has_value()) {
    rows.TextArray(AclItems(*session.Catalog(), **row.acl));
  } else {
    rows.Null();
  }
  rows.End();
}

void AddUserType(SessionImpl& session, const catalog::UserType& type, SystemRowBuilder& rows) {
  TypeRow row;
  row.oid = type.oid;
  row.name = type.name;
  row.schema = type.schema;
  row.owner = type.owner;
  row.array = type.array_oid;
  row.acl = &type.acl;
  row.kind = static_cast<char>(type.type_kind);
  switch (type.type_kind) {
    case catalog::UserType::TypeKind::kEnum:
      row.length = 4;
      row.by_value = true;
      row.category = 'E';
      row.storage = 'p';
      row.input = "enum_in";
      break;
    case catalog::UserType::TypeKind::kComposite:
      row.category = 'C';
      row.relation = type.relation == kInvalidOid ? type.oid : type.relation;
      row.align = 'd';
      row.input = "record_in";
      break;
    case catalog::UserType::TypeKind::kDomain: {
      const TypeInfo* base = FindType(type.base.oid);
      row.category = base == nullptr ? 'U' : static_cast<char>(base->category);
      row.length = base == nullptr ? -1 : base->length;
      row.by_value = base != nullptr && base->by_value;
      row.base = type.base;
      row.not_null = type.not_null;
      row.default_text = type.default_sql;
      row.input = "domain_in";
      if (row.category == 'S') row.collation = kDefaultCollation;
      break;
    }
  }
  AddType(session, row, rows);
  if (type.array_oid == kInvalidOid) return;
  TypeRow array;
  array.oid = type.array_oid;
  array.name = "_" + type.name;
  array.schema = type.schema;
  array.owner = type.owner;
  array.category = 'A';
  array.element = type.oid;
  array.input = "array_in";
  AddType(session, array, rows);
}

}  // namespace

Status FillPgType(SessionImpl& session, SystemRowBuilder& rows) {
  for (const TypeInfo* type : AllTypes()) {
    TypeRow row;
    row.oid = type->oid;
    row.name = type->name;
    row.length = type->length;
    row.by_value = type->by_value;
    row.kind = type->is_pseudo ? 'p' : 'b';
    row.category = static_cast<char>(type->category);
    row.preferred = type->preferred;
    // A name is read by subscript as if it were an array of "char".
    row.element = type->oid == type_oid::kName ? Oid{type_oid::kChar} : type->element;
    row.array = type->array;
    row.input = type->input_function;
    row.align = type->align;
    row.storage = type->storage;
    if (row.category == 'S') row.collation = kDefaultCollation;
    AddType(session, row, rows);
  }
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() == catalog::ObjectKind::kType) {
      AddUserType(session, static_cast<const catalog::UserType&>(*object), rows);
    } else if (object->kind() == catalog::ObjectKind::kTable) {
      AddUserType(session, *session.Catalog()->FindUserType(catalog::RowTypeOf(oid)), rows);
    }
  }
  return Status::Ok();
}

Status FillPgEnum(SessionImpl& session, SystemRowBuilder& rows) {
  for (const auto& [oid, object] : session.Catalog()->objects()) {
    if (object->kind() != catalog::ObjectKind::kType || !rows.Wants("enumtypid", oid)) continue;
    float order = 0;
    for (const auto& label : static_cast<const catalog::UserType&>(*object).labels) {
      rows.Oid(label.oid).Oid(oid).Float4(++order).Text(label.label).End();
    }
  }
  return Status::Ok();
}

Status FillPgCollation(SessionImpl&, SystemRowBuilder& rows) {
  struct Row {
    Oid oid;
    const char* name;
    char provider;
    const char* locale;
  };
  for (const Row& row :
       {Row{100, "default", 'd', ""}, Row{950, "C", 'c', "C"}, Row{951, "POSIX", 'c', "POSIX"}}) {
    if (!rows.Wants("oid", row.oid)) continue;
    rows.Oid(row.oid).Text(row.name).Oid(catalog::kPgCatalogSchema);
    rows.Oid(catalog::kBootstrapRole).Char(row.provider).Bool(true).Int4(-1);
    rows.TextOrNull(row.locale).TextOrNull(row.locale).Null().Null().End();
  }
  return Status::Ok();
}

Status FillPgAm(SessionImpl&, SystemRowBuilder& rows) {
  rows.Oid(2).Text("heap").Oid(0).Char('t').End();
  rows.Oid(kBtreeMethod).Text("btree").Oid(0).Char('i').End();
  rows.Oid(kHashMethod).Text("hash").Oid(0).Char('i').End();
  return Status::Ok();
}

Status FillPgOpclass(SessionImpl&, SystemRowBuilder& rows) {
  for (const TypeInfo* type : AllTypes()) {
    if (type->is_pseudo || expr::LessOperator(type->oid) == nullptr) continue;
    rows.Oid(0x70000000u | type->oid).Oid(kBtreeMethod).Text(std::string(type->name) + "_ops");
    rows.Oid(catalog::kPgCatalogSchema).Oid(catalog::kBootstrapRole).Oid(0).Oid(type->oid);
    rows.Bool(true).Oid(0).End();
  }
  return Status::Ok();
}

namespace {

struct ProcRow {
  Oid oid;
  std::string_view name;
  char kind = 'f';
  bool strict = true;
  bool returns_set = false;
  char volatility = 'i';
  Oid result = 0;
  const std::vector<Oid>* arguments = nullptr;
  uint32_t default_count = 0;
  bool variadic = false;
  const std::vector<std::string>* names = nullptr;
};

void AddProc(const ProcRow& row, SystemRowBuilder& rows) {
  if (!rows.Wants("oid", row.oid)) return;
  rows.Oid(row.oid).Text(row.name).Oid(catalog::kPgCatalogSchema).Oid(catalog::kBootstrapRole);
  rows.Oid(12).Float4(1).Float4(row.returns_set ? 1000 : 0);
  rows.Oid(row.variadic && !row.arguments->empty() ? row.arguments->back() : 0).Oid(0);
  rows.Char(row.kind).Bool(false).Bool(false).Bool(row.strict).Bool(row.returns_set);
  rows.Char(row.volatility).Char('s').Int2(static_cast<int16_t>(row.arguments->size()));
  rows.Int2(static_cast<int16_t>(row.default_count)).Oid(row.result).OidVector(*row.arguments);
  rows.Null().Null();
  if (row.names == nullptr || row.names->empty()) {
    rows.Null();
  } else {
    rows.TextArray(*row.names);
  }
  rows.Null().Null().Text(row.name).Nulls(4).End();
}

}  // namespace

Status FillPgProc(SessionImpl& session, SystemRowBuilder& rows) {
  static_cast<void>(session);
  for (const expr::ScalarFunction* function : expr::AllScalarFunctions()) {
    AddProc({function->oid, function->name, 'f', function->strict, false,
             static_cast<char>(function->volatility), function->result, &function->arguments,
             function->default_count, function->variadic, &function->argument_names},
            rows);
  }
  for (const expr::TableFunction* function : expr::AllTableFunctions()) {
    if (function->name.find('.') != std::string_view::npos) continue;  // Of another schema.
    AddProc({function->oid, function->name, 'f', function->strict, true,
             static_cast<char>(function->volatility), function->result, &function->arguments,
             function->default_count, function->variadic, nullptr},
            rows);
  }
  for (const expr::AggregateFunction* function : expr::AllAggregates()) {
    AddProc({function->oid, function->name, 'a', false, false, 'i', function->result,
             &function->arguments, 0, function->variadic, nullptr},
            rows);
  }
  for (const expr::WindowFunction* function : expr::AllWindowFunctions()) {
    AddProc({function->oid, function->name, 'w', false, false, 'i', function->result,
             &function->arguments, 0, false, nullptr},
            rows);
  }
  return Status::Ok();
}

Status FillPgOperator(SessionImpl&, SystemRowBuilder& rows) {
  for (const expr::Operator* op : expr::AllOperators()) {
    rows.Oid(op->oid).Text(op->name).Oid(catalog::kPgCatalogSchema);
    rows.Oid(catalog::kBootstrapRole).Char(op->left == kInvalidOid ? 'l' : 'b');
    rows.Bool(op->name == "=").Bool(op->name == "=").Oid(op->left).Oid(op->right).Oid(op->result);
    rows.Oid(0).Oid(0).Oid(op->function == nullptr ? 0 : op->function->oid).Oid(0).Oid(0).End();
  }
  return Status::Ok();
}

Status FillPgCast(SessionImpl&, SystemRowBuilder& rows) {
  Oid oid = 10000;
  for (const expr::Cast* cast : expr::AllCasts()) {
    rows.Oid(oid++).Oid(cast->source).Oid(cast->target);
    rows.Oid(cast->function == nullptr ? 0 : cast->function->oid);
    rows.Char(static_cast<char>(cast->context)).Char(static_cast<char>(cast->method)).End();
  }
  return Status::Ok();
}

Status FillPgAggregate(SessionImpl&, SystemRowBuilder& rows) {
  for (const expr::AggregateFunction* function : expr::AllAggregates()) {
    rows.Oid(function->oid).Char(function->is_ordered_set ? 'o' : 'n').Int2(0);
    for (int column = 0; column < 8; ++column) rows.Oid(0);
    rows.Bool(false).Bool(false).Char('r').Char('r').Oid(0).Oid(0).Int4(0).Oid(0).Int4(0);
    rows.Null().Null().End();
  }
  return Status::Ok();
}

Status FillPgLanguage(SessionImpl&, SystemRowBuilder& rows) {
  rows.Oid(12).Text("internal").Oid(catalog::kBootstrapRole).Bool(false).Bool(false);
  rows.Oid(0).Oid(0).Oid(0).Null().End();
  return Status::Ok();
}

}  // namespace helios::compute
