// regexp_matches, regexp_split_to_table, string_to_table: text to rows.

#include "expr/internal/text_rows.h"

#include "expr/internal/families.h"
#include "expr/internal/regex.h"

namespace helios::expr {
namespace {

using StateResult = Result<std::unique_ptr<TableFunctionState>>;

StateResult StartMatches(EvalContext& context, Arguments arguments, size_t row,
                         std::span<const SqlType>) {
  const std::string_view text = arguments[0]->View(row);
  HELIOS_TRY(const RegexFlags flags,
             ParseRegexFlags(arguments.size() > 2 ? arguments[2]->View(row) : ""));
  HELIOS_TRY(const std::unique_ptr<Regex> regex, Regex::Compile(arguments[1]->View(row), flags));
  auto state = std::make_unique<TextRows>(context);
  HELIOS_TRY(const auto matches, FindRegexMatches(*regex, text, 0, flags.global, false));
  for (const auto& spans : matches) {
    HELIOS_TRY(state->Add({RegexMatchArray(text, spans)}));
  }
  return state;
}

StateResult StartSplit(EvalContext& context, Arguments arguments, size_t row,
                       std::span<const SqlType>) {
  HELIOS_TRY(const RegexFlags flags,
             ParseRegexFlags(arguments.size() > 2 ? arguments[2]->View(row) : ""));
  if (flags.global) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("regexp_split_to_table() does not support the \"global\" option");
  }
  HELIOS_TRY(const std::unique_ptr<Regex> regex, Regex::Compile(arguments[1]->View(row), flags));
  auto state = std::make_unique<TextRows>(context);
  HELIOS_TRY(const auto parts, SplitByRegex(*regex, arguments[0]->View(row)));
  for (const std::string_view part : parts) {
    HELIOS_TRY(state->Add({std::string(part)}));
  }
  return state;
}

StateResult StartStringToTable(EvalContext& context, Arguments arguments, size_t row,
                               std::span<const SqlType>) {
  auto state = std::make_unique<TextRows>(context);
  if (arguments[0]->IsNull(row)) return state;
  std::optional<std::string_view> delimiter;
  if (!arguments[1]->IsNull(row)) delimiter = arguments[1]->View(row);
  const bool has_null_text = arguments.size() > 2 && !arguments[2]->IsNull(row);
  for (const std::string_view part : SplitText(arguments[0]->View(row), delimiter)) {
    if (has_null_text && part == arguments[2]->View(row)) {
      HELIOS_TRY(state->Add({std::nullopt}));
    } else {
      HELIOS_TRY(state->Add({std::string(part)}));
    }
  }
  return state;
}

constexpr TableKernelEntry kKernels[] = {
    {"regexp_matches", StartMatches},      {"regexp_matches_no_flags", StartMatches},
    {"regexp_split_to_table", StartSplit}, {"regexp_split_to_table_no_flags", StartSplit},
    {"text_to_table", StartStringToTable}, {"text_to_table_null", StartStringToTable},
};

}  // namespace

std::span<const TableKernelEntry> TextRowFunctions() { return kKernels; }

}  // namespace helios::expr
