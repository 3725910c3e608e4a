// json and jsonb: navigation, tests, changes, and their parts as rows.

#include "types/json.h"

#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "expr/internal/text_rows.h"
#include "types/io.h"

namespace helios::expr {
namespace {

using MaybeText = std::optional<std::string>;
using MaybeView = std::optional<std::string_view>;

Status ParameterError(std::string_view message) {
  return Error(ErrorCode::kInvalidParameterValue).Message("{}", message);
}

// --- navigation ---

MaybeView Field(std::string_view json, std::string_view key) { return JsonField(json, key); }
MaybeView Element(std::string_view json, int32_t index) { return JsonElement(json, index); }
Result<MaybeText> TextOf(const MaybeView& value) {
  if (!value.has_value()) return MaybeText();
  return JsonToText(*value);
}
Result<MaybeText> FieldText(std::string_view json, std::string_view key) {
  return TextOf(JsonField(json, key));
}
Result<MaybeText> ElementText(std::string_view json, int32_t index) {
  return TextOf(JsonElement(json, index));
}
// A scalar of jsonb counts as an array of one here, as PostgreSQL stores it.
MaybeView JsonbElement(std::string_view json, int32_t index) {
  const JsonType type = JsonTypeOf(json);
  if (type == JsonType::kArray || type == JsonType::kObject) return JsonElement(json, index);
  if (index != 0 && index != -1) return std::nullopt;
  return json;
}
Result<MaybeText> JsonbElementText(std::string_view json, int32_t index) {
  return TextOf(JsonbElement(json, index));
}
// A NULL in the path finds nothing.
MaybeView Path(std::string_view json, std::string_view path_array) {
  std::vector<bool> nulls;
  const std::vector<std::string> path = TextElements(path_array, &nulls);
  for (const bool is_null : nulls) {
    if (is_null) return std::nullopt;
  }
  return JsonPath(json, path);
}
Result<MaybeText> PathText(std::string_view json, std::string_view path_array) {
  return TextOf(Path(json, path_array));
}

// --- tests and facts ---

std::string_view TypeName(std::string_view json) { return JsonTypeName(JsonTypeOf(json)); }
Result<int32_t> ArrayLength(std::string_view json) {
  const JsonType type = JsonTypeOf(json);
  if (type == JsonType::kObject) return ParameterError("cannot get array length of a non-array");
  if (type != JsonType::kArray) return ParameterError("cannot get array length of a scalar");
  return static_cast<int32_t>(JsonArrayLength(json));
}
bool Contained(std::string_view left, std::string_view right) { return JsonbContains(right, left); }
bool ExistsAny(std::string_view json, std::string_view keys) {
  for (const std::string& key : TextElements(keys)) {
    if (JsonbExists(json, key)) return true;
  }
  return false;
}
bool ExistsAll(std::string_view json, std::string_view keys) {
  for (const std::string& key : TextElements(keys)) {
    if (!JsonbExists(json, key)) return false;
  }
  return true;
}

// --- changes ---

Result<std::string> DeleteIndex(std::string_view json, int32_t index) {
  return JsonbDeleteIndex(json, index);
}
Result<std::string> DeleteKeys(std::string_view json, std::string_view keys) {
  const JsonType type = JsonTypeOf(json);
  if (type != JsonType::kArray && type != JsonType::kObject) {
    return ParameterError("cannot delete from scalar");
  }
  std::string result(json);
  for (const std::string& key : TextElements(keys)) {
    HELIOS_TRY(result, JsonbDeleteKey(result, key));
  }
  return result;
}
Status CheckPath(const std::vector<bool>& nulls) {
  for (size_t i = 0; i < nulls.size(); ++i) {
    if (!nulls[i]) continue;
    return Error(ErrorCode::kNullNotAllowed).Message("path element at position {} is null", i + 1);
  }
  return Status::Ok();
}
Result<std::vector<std::string>> PathOf(std::string_view array) {
  if (ArrayReader(array).dimension_count() > 1) {
    return Error(ErrorCode::kArraySubscriptError).Message("wrong number of array subscripts");
  }
  std::vector<bool> nulls;
  std::vector<std::string> path = TextElements(array, &nulls);
  HELIOS_TRY(CheckPath(nulls));
  return path;
}
Result<std::string> DeletePath(std::string_view json, std::string_view array) {
  HELIOS_TRY(const std::vector<std::string> path, PathOf(array));
  return JsonbDeletePath(json, path);
}
Result<std::string> Set(std::string_view json, std::string_view array, std::string_view value,
                        bool create_missing) {
  HELIOS_TRY(const std::vector<std::string> path, PathOf(array));
  return JsonbSet(json, path, value, create_missing);
}
Result<std::string> Insert(std::string_view json, std::string_view array, std::string_view value,
                           bool insert_after) {
  HELIOS_TRY(const std::vector<std::string> path, PathOf(array));
  return JsonbInsert(json, path, value, insert_after);
}
Status SetLax(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (arguments[0]->IsNull(row) || arguments[1]->IsNull(row) || arguments[3]->IsNull(row)) {
      out->SetNull(row);
      continue;
    }
    if (arguments[4]->IsNull(row)) {
      return ParameterError(
          "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or "
          "\"raise_exception\"");
    }
    const std::string_view json = arguments[0]->View(row);
    const bool create = arguments[3]->At<uint8_t>(row) != 0;
    std::string_view value = "null";
    if (!arguments[2]->IsNull(row)) {
      value = arguments[2]->View(row);
    } else {
      const std::string_view treatment = arguments[4]->View(row);
      if (treatment == "raise_exception") {
        return Error(ErrorCode::kNullNotAllowed)
            .Message("JSON value must not be null")
            .Detail("Exception was raised because null_value_treatment is \"raise_exception\".")
            .Hint(
                "To avoid, either change the null_value_treatment argument or ensure that an SQL "
                "NULL is not passed.");
      }
      if (treatment == "return_target") {
        out->SetString(row, json);
        continue;
      }
      if (treatment == "delete_key") {
        HELIOS_TRY(const std::string result, DeletePath(json, arguments[1]->View(row)));
        out->SetString(row, result);
        continue;
      }
      if (treatment != "use_json_null") {
        return ParameterError(
            "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or "
            "\"raise_exception\"");
      }
    }
    HELIOS_TRY(const std::string result, Set(json, arguments[1]->View(row), value, create));
    out->SetString(row, result);
  }
  return Status::Ok();
}

// --- casts of jsonb scalars ---

Status CannotCast(JsonType type, std::string_view target) {
  const bool structured = type == JsonType::kArray || type == JsonType::kObject;
  return Error(ErrorCode::kInvalidParameterValue)
      .Message("cannot cast jsonb {} to type {}",
               structured ? (type == JsonType::kArray ? "array" : "object")
                          : (type == JsonType::kBool ? "boolean" : JsonTypeName(type)),
               target);
}
Result<bool> ToBool(std::string_view json) {
  const JsonType type = JsonTypeOf(json);
  if (type != JsonType::kBool) return CannotCast(type, "boolean");
  return json.find("true") != std::string_view::npos;
}
Result<Numeric> ToNumericFor(std::string_view json, std::string_view target) {
  const JsonType type = JsonTypeOf(json);
  if (type != JsonType::kNumber) return CannotCast(type, target);
  return Numeric::Parse(json);
}
Result<Numeric> ToNumeric(std::string_view json) { return ToNumericFor(json, "numeric"); }
Result<int16_t> ToInt16(std::string_view json) {
  HELIOS_TRY(const Numeric value, ToNumericFor(json, "smallint"));
  return value.ToInt16();
}
Result<int32_t> ToInt32(std::string_view json) {
  HELIOS_TRY(const Numeric value, ToNumericFor(json, "integer"));
  return value.ToInt32();
}
Result<int64_t> ToInt64(std::string_view json) {
  HELIOS_TRY(const Numeric value, ToNumericFor(json, "bigint"));
  return value.ToInt64();
}
Result<float> ToFloat(std::string_view json) {
  HELIOS_TRY(const Numeric value, ToNumericFor(json, "real"));
  return static_cast<float>(value.ToDouble());
}
Result<double> ToDouble(std::string_view json) {
  HELIOS_TRY(const Numeric value, ToNumericFor(json, "double precision"));
  return value.ToDouble();
}

// --- rows ---

using StateResult = Result<std::unique_ptr<TableFunctionState>>;

template <bool kText>
Result<MaybeText> MemberValue(std::string_view value) {
  if (kText) return JsonToText(value);
  return MaybeText(std::string(value));
}
template <bool kJsonb, bool kText>
StateResult StartEach(EvalContext& context, Arguments arguments, size_t row,
                      std::span<const SqlType>) {
  const std::string_view json = arguments[0]->View(row);
  const JsonType type = JsonTypeOf(json);
  if (type != JsonType::kObject) {
    if (kJsonb) {
      return ParameterError(kText ? "cannot call jsonb_each_text on a non-object"
                                  : "cannot call jsonb_each on a non-object");
    }
    return ParameterError(type == JsonType::kArray ? "cannot deconstruct an array as an object"
                                                   : "cannot deconstruct a scalar");
  }
  auto state = std::make_unique<TextRows>(context);
  for (const JsonMember& member : JsonMembers(json)) {
    HELIOS_TRY(std::string key, JsonUnescape(member.key));
    HELIOS_TRY(MaybeText value, MemberValue<kText>(member.value));
    HELIOS_TRY(state->Add({std::move(key), std::move(value)}));
  }
  return state;
}
template <bool kJsonb, bool kText>
StateResult StartElements(EvalContext& context, Arguments arguments, size_t row,
                          std::span<const SqlType>) {
  const std::string_view json = arguments[0]->View(row);
  const JsonType type = JsonTypeOf(json);
  if (type != JsonType::kArray) {
    if (kJsonb) {
      return ParameterError(type == JsonType::kObject ? "cannot extract elements from an object"
                                                      : "cannot extract elements from a scalar");
    }
    const std::string name = kText ? "json_array_elements_text" : "json_array_elements";
    return ParameterError("cannot call " + name +
                          (type == JsonType::kObject ? " on a non-array" : " on a scalar"));
  }
  auto state = std::make_unique<TextRows>(context);
  for (const JsonMember& member : JsonMembers(json)) {
    HELIOS_TRY(MaybeText value, MemberValue<kText>(member.value));
    HELIOS_TRY(state->Add({std::move(value)}));
  }
  return state;
}
template <bool kJsonb>
StateResult StartKeys(EvalContext& context, Arguments arguments, size_t row,
                      std::span<const SqlType>) {
  const std::string_view json = arguments[0]->View(row);
  const JsonType type = JsonTypeOf(json);
  if (type != JsonType::kObject) {
    const std::string name = kJsonb ? "jsonb_object_keys" : "json_object_keys";
    return ParameterError("cannot call " + name +
                          (type == JsonType::kArray ? " on an array" : " on a scalar"));
  }
  auto state = std::make_unique<TextRows>(context);
  for (const JsonMember& member : JsonMembers(json)) {
    HELIOS_TRY(std::string key, JsonUnescape(member.key));
    HELIOS_TRY(state->Add({std::move(key)}));
  }
  return state;
}

#define HELIOS_JSON_NAVIGATION(prefix)                                                   \
  {prefix "_object_field", Map<Field>}, {prefix "_object_field_text", Map<FieldText>},   \
      {prefix "_extract_path", Map<Path>}, {prefix "_extract_path_text", Map<PathText>}, \
      {prefix "_typeof", Map<TypeName>}, {                                               \
    prefix "_array_length", Map<ArrayLength>                                             \
  }

constexpr KernelEntry kKernels[] = {
    HELIOS_JSON_NAVIGATION("json"),
    {"json_array_element", Map<Element>},
    {"json_array_element_text", Map<ElementText>},
    {"jsonb_array_element", Map<JsonbElement>},
    {"jsonb_array_element_text", Map<JsonbElementText>},
    HELIOS_JSON_NAVIGATION("jsonb"),
    {"json_strip_nulls", Map<JsonStripNulls>},
    {"jsonb_strip_nulls", Map<JsonbStripNulls>},
    {"jsonb_pretty", Map<JsonbPretty>},
    {"jsonb_contains", Map<JsonbContains>},
    {"jsonb_contained", Map<Contained>},
    {"jsonb_exists", Map<JsonbExists>},
    {"jsonb_exists_any", Map<ExistsAny>},
    {"jsonb_exists_all", Map<ExistsAll>},
    {"jsonb_concat", Map<JsonbConcat>},
    {"jsonb_delete", Map<JsonbDeleteKey>},
    {"jsonb_delete_idx", Map<DeleteIndex>},
    {"jsonb_delete_array", Map<DeleteKeys>},
    {"jsonb_delete_path", Map<DeletePath>},
    {"jsonb_set", Map<Set>},
    {"jsonb_set_lax", SetLax},
    {"jsonb_insert", Map<Insert>},
    {"jsonb_bool", Map<ToBool>},
    {"jsonb_numeric", Map<ToNumeric>},
    {"jsonb_int2", Map<ToInt16>},
    {"jsonb_int4", Map<ToInt32>},
    {"jsonb_int8", Map<ToInt64>},
    {"jsonb_float4", Map<ToFloat>},
    {"jsonb_float8", Map<ToDouble>},
};

constexpr TableKernelEntry kTableKernels[] = {
    {"json_each", StartEach<false, false>},
    {"json_each_text", StartEach<false, true>},
    {"jsonb_each", StartEach<true, false>},
    {"jsonb_each_text", StartEach<true, true>},
    {"json_array_elements", StartElements<false, false>},
    {"json_array_elements_text", StartElements<false, true>},
    {"jsonb_array_elements", StartElements<true, false>},
    {"jsonb_array_elements_text", StartElements<true, true>},
    {"json_object_keys", StartKeys<false>},
    {"jsonb_object_keys", StartKeys<true>},
};

}  // namespace

std::span<const KernelEntry> JsonKernels() { return kKernels; }
std::span<const TableKernelEntry> JsonRowFunctions() { return kTableKernels; }

}  // namespace helios::expr
