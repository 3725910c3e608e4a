// Identifiers, literals, types.
#include <fmt/format.h>

#include "sql/ast_util.h"
#include "sql/internal/keywords.h"
#include "sql/internal/printer.h"
#include "types/datetime.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here reads nodes of the tree.

std::string QuoteLiteral(std::string_view text) {
  const bool has_backslash = text.find('\\') != std::string_view::npos;
  std::string quoted = has_backslash ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

std::string QuoteQualifiedName(const NameList& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += '.';
    text += QuoteIdentifier(name);
  }
  return text;
}

void Printer::PutNames(const NameList& names) {
  Put("(");
  Separated(names, [this](const std::string& name) { PutName(name); });
  Put(")");
}

NameList Printer::Visible(const NameList& names) const {
  if (options_.analyzed && names.size() == 2 && names[0] == "pg_catalog") return {names[1]};
  return names;
}

void Printer::PutQualified(const NameList& names) { Put(QuoteQualifiedName(Visible(names))); }

void Printer::PutOperator(const NameList& names) {
  const NameList op = Visible(names);
  if (op.size() == 1) return Put(op[0]);
  Put("OPERATOR(");
  for (size_t i = 0; i + 1 < op.size(); ++i) {
    PutName(op[i]);
    Put(".");
  }
  if (!op.empty()) Put(op.back());
  Put(")");
}

void Printer::PutRelation(const RelationName& relation) {
  if (relation.only) Put("ONLY ");
  if (!relation.catalog.empty()) {
    PutName(relation.catalog);
    Put(".");
  }
  if (!relation.schema.empty()) {
    PutName(relation.schema);
    Put(".");
  }
  PutName(relation.name);
}

void Printer::PutOptions(const std::vector<Option>& options) {
  Put("(");
  Separated(options, [this](const Option& option) {
    if (!option.space.empty()) {
      PutName(option.space);
      Put(".");
    }
    PutName(option.name);
    if (option.value_kind == OptionValueKind::kNone) return;
    const bool is_number = option.value_kind == OptionValueKind::kInteger ||
                           option.value_kind == OptionValueKind::kFloat;
    Put("=");
    Put(is_number ? option.text : QuoteLiteral(option.text));
  });
  Put(")");
}

namespace {

struct BuiltInType {
  std::string_view name;
  std::string_view sql;         // With modifiers put at %.
  bool needs_modifier = false;  // Without one it means something else.
};

constexpr BuiltInType kBuiltInTypes[] = {
    {"bool", "boolean"},
    {"int2", "smallint"},
    {"int4", "integer"},
    {"int8", "bigint"},
    {"float4", "real"},
    {"float8", "double precision"},
    {"numeric", "numeric%"},
    {"varchar", "character varying%"},
    {"bpchar", "character%", true},
    {"bit", "bit%", true},
    {"varbit", "bit varying%"},
    {"timestamp", "timestamp% without time zone"},
    {"timestamptz", "timestamp% with time zone"},
    {"time", "time% without time zone"},
    {"timetz", "time% with time zone"},
};

}  // namespace

void Printer::PutModifiers(const TypeName& type) {
  if (type.modifiers.empty()) return;
  Put("(");
  bool is_first = true;
  for (const ExprPtr& modifier : type.modifiers) {
    if (!is_first) Put(",");
    is_first = false;
    Print(*modifier);
  }
  Put(")");
}

void Printer::PutIntervalType(const TypeName& type) {
  Put("interval");
  if (type.modifiers.empty()) return;
  const auto* mask = TryAs<Constant>(type.modifiers[0].get());
  if (mask != nullptr) Put(IntervalFieldsName(mask->int_value));
  if (type.modifiers.size() < 2) return;
  Put("(");
  Print(*type.modifiers[1]);
  Put(")");
}

void Printer::PutBuiltInType(const TypeName& type) {
  const std::string& name = type.names.back();
  if (name == "interval") return PutIntervalType(type);
  for (const BuiltInType& known : kBuiltInTypes) {
    if (known.name != name || (known.needs_modifier && type.modifiers.empty())) continue;
    const size_t place = known.sql.find('%');
    Put(known.sql.substr(0, place));
    if (place == std::string_view::npos) return;
    PutModifiers(type);
    Put(known.sql.substr(place + 1));
    return;
  }
  PutQualified(type.names);
  PutModifiers(type);
}

void Printer::Print(const TypeName& type) {
  if (type.set_of) Put("SETOF ");
  if (type.names.size() == 2 && type.names[0] == "pg_catalog") {
    PutBuiltInType(type);
  } else {
    PutQualified(type.names);
    PutModifiers(type);
  }
  if (type.percent_type) Put("%TYPE");
  for (const int bound : type.array_bounds) Put(bound < 0 ? "[]" : fmt::format("[{}]", bound));
}

std::string Deparse(const TypeName& type, const DeparseOptions& options) {
  Printer printer(options);
  printer.Print(type);
  return printer.Take();
}

}  // namespace helios::sql
