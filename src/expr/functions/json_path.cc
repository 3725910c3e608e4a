// jsonb_path_*() and the operators @? and @@.

#include "expr/internal/families.h"
#include "expr/internal/jsonpath.h"
#include "expr/internal/text_rows.h"
#include "types/json.h"

namespace helios::expr {
namespace {

// The last path that a call site met.
struct PathState {
  std::string text;
  std::optional<JsonPathExpr> path;
};
Result<const JsonPathExpr*> PathFor(FunctionCall& call, std::string_view text) {
  PathState& state = CallState<PathState>(call);
  if (!state.path.has_value() || state.text != text) {
    state.path.reset();
    HELIOS_TRY(state.path, JsonPathExpr::Parse(text));
    state.text = text;
  }
  return &*state.path;
}
Status CheckVars(std::string_view vars) {
  if (JsonTypeOf(vars) == JsonType::kObject) return Status::Ok();
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("\"vars\" argument is not an object")
      .Detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.");
}
using Items = std::vector<std::string>;
Result<Items> Query(FunctionCall& call, std::string_view json, std::string_view path,
                    std::string_view vars, bool silent) {
  HELIOS_TRY(CheckVars(vars));
  HELIOS_TRY(const JsonPathExpr* parsed, PathFor(call, path));
  return RunJsonPath(*parsed, json, vars, silent);
}

// An error that was silenced leaves the answer unknown.
Result<std::optional<bool>> Exists(FunctionCall& call, std::string_view json, std::string_view path,
                                   std::string_view vars, bool silent) {
  Result<Items> items = Query(call, json, path, vars, false);
  if (!items.ok()) {
    const ErrorCode code = items.status().code();
    const bool structural =
        code == ErrorCode::kSqlJsonArrayNotFound || code == ErrorCode::kSqlJsonSubscriptError ||
        code == ErrorCode::kNonNumericJsonItem || code == ErrorCode::kDivisionByZero;
    if (silent && structural) return std::optional<bool>();
    return std::move(items).status();
  }
  return std::optional<bool>(!items->empty());
}
Result<std::optional<bool>> ExistsOperator(FunctionCall& call, std::string_view json,
                                           std::string_view path) {
  return Exists(call, json, path, "{}", true);
}
Result<std::optional<bool>> Match(FunctionCall& call, std::string_view json, std::string_view path,
                                  std::string_view vars, bool silent) {
  HELIOS_TRY(const Items items, Query(call, json, path, vars, silent));
  if (items.size() == 1) {
    if (items[0] == "true") return std::optional<bool>(true);
    if (items[0] == "false") return std::optional<bool>(false);
    if (items[0] == "null") return std::optional<bool>();
  }
  if (silent) return std::optional<bool>();
  return Error(ErrorCode::kSingletonJsonItemRequired).Message("single boolean result is expected");
}
Result<std::optional<bool>> MatchOperator(FunctionCall& call, std::string_view json,
                                          std::string_view path) {
  return Match(call, json, path, "{}", true);
}
Result<std::string> QueryArray(FunctionCall& call, std::string_view json, std::string_view path,
                               std::string_view vars, bool silent) {
  HELIOS_TRY(const Items items, Query(call, json, path, vars, silent));
  return JsonbFromElements(items);
}
Result<std::optional<std::string>> QueryFirst(FunctionCall& call, std::string_view json,
                                              std::string_view path, std::string_view vars,
                                              bool silent) {
  HELIOS_TRY(Items items, Query(call, json, path, vars, silent));
  if (items.empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(items[0]));
}

Result<std::unique_ptr<TableFunctionState>> StartQuery(EvalContext& context, Arguments arguments,
                                                       size_t row, std::span<const SqlType>) {
  const std::string_view vars = arguments.size() > 2 ? arguments[2]->View(row) : "{}";
  const bool silent = arguments.size() > 3 && arguments[3]->At<uint8_t>(row) != 0;
  HELIOS_TRY(CheckVars(vars));
  HELIOS_TRY(const JsonPathExpr path, JsonPathExpr::Parse(arguments[1]->View(row)));
  HELIOS_TRY(Items items, RunJsonPath(path, arguments[0]->View(row), vars, silent));
  auto state = std::make_unique<TextRows>(context);
  for (std::string& item : items) HELIOS_TRY(state->Add({std::move(item)}));
  return state;
}

constexpr KernelEntry kKernels[] = {
    {"jsonb_path_exists", Map<Exists>},
    {"jsonb_path_exists_tz", Map<Exists>},
    {"jsonb_path_exists_opr", Map<ExistsOperator>},
    {"jsonb_path_match", Map<Match>},
    {"jsonb_path_match_tz", Map<Match>},
    {"jsonb_path_match_opr", Map<MatchOperator>},
    {"jsonb_path_query_array", Map<QueryArray>},
    {"jsonb_path_query_array_tz", Map<QueryArray>},
    {"jsonb_path_query_first", Map<QueryFirst>},
    {"jsonb_path_query_first_tz", Map<QueryFirst>},
};
constexpr TableKernelEntry kTableKernels[] = {
    {"jsonb_path_query", StartQuery},
    {"jsonb_path_query_tz", StartQuery},
};

}  // namespace

std::span<const KernelEntry> JsonPathKernels() { return kKernels; }
std::span<const TableKernelEntry> JsonPathFunctions() { return kTableKernels; }

}  // namespace helios::expr
