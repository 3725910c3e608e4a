// The SQL behind objects of the catalog: pg_get_indexdef and its kind.

#include "catalog/names.h"
#include "compute/internal/functions/session_call.h"
#include "compute/internal/functions/stored_text.h"
#include "expr/function_registry.h"
#include "types/text.h"

namespace helios::compute {
namespace {

Status ReturnTextOrNull(SessionCall& call, const std::string& text) {
  return text.empty() ? call.ReturnNull() : call.ReturnText(text);
}

Status IndexDefinition(SessionCall& call) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Index* index = snapshot->FindIndex(call.AsOid(0));
  if (index == nullptr) return call.ReturnNull();
  if (call.argument_count() < 3) {
    return ReturnTextOrNull(call, ShowIndex(call.session, *index, false));
  }
  const int32_t number = call.As<int32_t>(1);
  const bool pretty = call.AsBool(2);
  if (number == 0) return ReturnTextOrNull(call, ShowIndex(call.session, *index, pretty));
  return call.ReturnText(ShowIndexColumn(call.session, *index, number, pretty));
}

Status ConstraintDefinition(SessionCall& call) {
  const Oid oid = call.AsOid(0);
  const bool pretty = call.argument_count() > 1 && call.AsBool(1);
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  for (const auto& [unused, object] : snapshot->objects()) {
    const std::vector<catalog::Constraint>* constraints = nullptr;
    if (object->kind() == catalog::ObjectKind::kTable) {
      constraints = &static_cast<const catalog::Table&>(*object).constraints;
    } else if (object->kind() == catalog::ObjectKind::kType) {
      constraints = &static_cast<const catalog::UserType&>(*object).checks;
    }
    if (constraints == nullptr) continue;
    for (const catalog::Constraint& constraint : *constraints) {
      if (constraint.oid != oid) continue;
      return ReturnTextOrNull(call, ShowConstraint(call.session, *object, constraint, pretty));
    }
  }
  return call.ReturnNull();
}

// Stored expressions are text: what a pg_node_tree column shows is the expression itself.
Status Expression(SessionCall& call) {
  const bool pretty = call.argument_count() > 2 && call.AsBool(2);
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Table* table = snapshot->FindTable(call.AsOid(1));
  return call.ReturnText(ShowExpression(call.session, call.Text(0), table, {}, pretty));
}

Status ViewDefinition(SessionCall& call) {
  Oid oid = kInvalidOid;
  if (IsStringType(call.TypeOf(0).oid)) {
    HELIOS_TRY(oid, call.session.Lookup().ResolveName(type_oid::kRegclass, call.Text(0)));
  } else {
    oid = call.AsOid(0);
  }
  // The second argument is either "pretty" or a column to wrap at, which implies it.
  const bool pretty =
      call.argument_count() > 1 && (call.TypeOf(1).oid != type_oid::kBool || call.AsBool(1));
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  std::string sql;
  if (const catalog::Table* table = snapshot->FindTable(oid)) {
    sql = table->view_sql;
  } else if (const catalog::SystemTable* system = snapshot->FindSystemTable(oid)) {
    sql = system->view_sql;
  }
  if (sql.empty()) return call.ReturnNull();
  return call.ReturnText(ShowQuery(call.session, sql, pretty) + ";");
}

Status SerialSequence(SessionCall& call) {
  HELIOS_TRY(const Oid oid, call.session.Lookup().ResolveName(type_oid::kRegclass, call.Text(0)));
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Table* table = snapshot->FindTable(oid);
  if (table == nullptr) return call.ReturnNull();
  const std::string column_name = call.Text(1);
  const catalog::Column* column = table->FindColumn(column_name);
  if (column == nullptr) {
    return Error(ErrorCode::kUndefinedColumn)
        .Message("column \"{}\" of relation \"{}\" does not exist", column_name, table->name);
  }
  const catalog::Sequence* owned = snapshot->FindSequence(column->sequence);
  if (owned == nullptr) {
    for (const auto& [unused, object] : snapshot->objects()) {
      if (object->kind() != catalog::ObjectKind::kSequence) continue;
      const auto& sequence = static_cast<const catalog::Sequence&>(*object);
      if (sequence.owned_by_table == oid && sequence.owned_by_column == column->number) {
        owned = &sequence;
      }
    }
  }
  if (owned == nullptr) return call.ReturnNull();
  const catalog::Schema* schema = snapshot->FindSchema(owned->schema);
  return call.ReturnText((schema == nullptr ? "" : QuoteIdentifier(schema->name) + ".") +
                         QuoteIdentifier(owned->name));
}

// What pg_proc's functions take and give.
struct Signature {
  std::vector<Oid> arguments;
  std::vector<std::string> names;
  Oid result = kInvalidOid;
  bool returns_set = false;
  bool is_variadic = false;
};

template <typename List>
bool FindSignature(const List& list, Oid oid, Signature* signature) {
  for (const auto* function : list) {
    if (function->oid != oid) continue;
    signature->arguments.assign(function->arguments.begin(), function->arguments.end());
    signature->result = function->result;
    return true;
  }
  return false;
}

bool FindSignature(Oid oid, Signature* signature) {
  if (FindSignature(expr::AllScalarFunctions(), oid, signature)) return true;
  if (FindSignature(expr::AllAggregates(), oid, signature)) return true;
  if (FindSignature(expr::AllWindowFunctions(), oid, signature)) return true;
  signature->returns_set = FindSignature(expr::AllTableFunctions(), oid, signature);
  return signature->returns_set;
}

Status FunctionArguments(SessionCall& call) {
  Signature signature;
  if (!FindSignature(call.AsOid(0), &signature)) return call.ReturnNull();
  std::string text;
  for (const Oid type : signature.arguments) {
    if (!text.empty()) text += ", ";
    text += FormatType(SqlType{type}, &call.session.Lookup());
  }
  return call.ReturnText(text);
}

Status FunctionResult(SessionCall& call) {
  Signature signature;
  if (!FindSignature(call.AsOid(0), &signature)) return call.ReturnNull();
  return call.ReturnText((signature.returns_set ? "SETOF " : "") +
                         FormatType(SqlType{signature.result}, &call.session.Lookup()));
}

std::string_view VolatilityName(expr::Volatility volatility) {
  switch (volatility) {
    case expr::Volatility::kImmutable:
      return "IMMUTABLE ";
    case expr::Volatility::kStable:
      return "STABLE ";
    case expr::Volatility::kVolatile:
      return "";
  }
  return "";
}

// All functions are built in: the statement cannot be run, but it says what the function is.
template <typename Function>
Status ShowBuiltIn(SessionCall& call, const Function& function, bool returns_set) {
  const catalog::CatalogTypeLookup& lookup = call.session.Lookup();
  std::string arguments;
  for (size_t i = 0; i < function.arguments.size(); ++i) {
    if (i > 0) arguments += ", ";
    if (function.variadic && i + 1 == function.arguments.size()) arguments += "VARIADIC ";
    arguments += FormatType(SqlType{function.arguments[i]}, &lookup);
  }
  return call.ReturnText(fmt::format(
      "CREATE OR REPLACE FUNCTION pg_catalog.{0}({1})\n RETURNS {2}{3}\n LANGUAGE internal\n"
      " {4}PARALLEL SAFE{5}\nAS $function${0}$function$\n",
      QuoteIdentifier(function.name), arguments, returns_set ? "SETOF " : "",
      FormatType(SqlType{function.result}, &lookup), VolatilityName(function.volatility),
      function.strict ? " STRICT" : ""));
}

Status FunctionDefinition(SessionCall& call) {
  const Oid oid = call.AsOid(0);
  for (const expr::ScalarFunction* function : expr::AllScalarFunctions()) {
    if (function->oid == oid) return ShowBuiltIn(call, *function, false);
  }
  for (const expr::TableFunction* function : expr::AllTableFunctions()) {
    if (function->oid == oid) return ShowBuiltIn(call, *function, true);
  }
  for (const expr::AggregateFunction* function : expr::AllAggregates()) {
    if (function->oid != oid) continue;
    return Error(ErrorCode::kWrongObjectType)
        .Message("\"{}\" is an aggregate function", function->name);
  }
  return call.ReturnNull();
}

Status FormatTypeName(SessionCall& call) {
  if (call.IsNull(0)) return call.ReturnNull();
  const Oid oid = call.AsOid(0);
  if (oid == kInvalidOid) return call.ReturnText("-");
  const catalog::CatalogTypeLookup& lookup = call.session.Lookup();
  if (FindType(oid) == nullptr && lookup.FindUserType(oid) == nullptr) {
    return call.ReturnText("???");
  }
  const int32_t typmod = call.IsNull(1) ? -1 : call.As<int32_t>(1);
  return call.ReturnText(FormatType(SqlType{oid, typmod}, &lookup));
}

Status Null(SessionCall& call) { return call.ReturnNull(); }

}  // namespace

void AddDefinitionFunctions(SessionFunctionTable* table) {
  table->insert({{"pg_get_indexdef", IndexDefinition},
                 {"pg_get_constraintdef", ConstraintDefinition},
                 {"pg_get_expr", Expression},
                 {"pg_get_viewdef", ViewDefinition},
                 {"pg_get_serial_sequence", SerialSequence},
                 {"pg_get_function_arguments", FunctionArguments},
                 {"pg_get_function_identity_arguments", FunctionArguments},
                 {"pg_get_function_result", FunctionResult},
                 {"format_type", FormatTypeName},
                 {"pg_get_function_arg_default", Null},
                 {"pg_get_function_sqlbody", Null},
                 {"pg_get_functiondef", FunctionDefinition},
                 {"pg_get_partition_constraintdef", Null},
                 {"pg_get_partkeydef", Null},
                 {"pg_get_ruledef", Null},
                 {"pg_get_statisticsobjdef", Null},
                 {"pg_get_statisticsobjdef_columns", Null},
                 {"pg_get_triggerdef", Null}});
}

}  // namespace helios::compute
