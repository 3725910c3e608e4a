// json and jsonb made of SQL values: to_json, json_build_*, json_object, and the json aggregates.

#include "expr/function_registry.h"
#include "expr/internal/aggregate.h"
#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "expr/internal/json_writer.h"
#include "types/json.h"

namespace helios::expr {
namespace {

// Stores json text as it is, or as jsonb when that is the result's type.
Status StoreJson(std::string_view json, Vector* out, size_t row) {
  if (out->type().oid != type_oid::kJsonb) {
    out->SetString(row, json);
    return Status::Ok();
  }
  HELIOS_TRY(const std::string canonical, ParseJsonb(json));
  out->SetString(row, canonical);
  return Status::Ok();
}

Status ToJson(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  JsonWriter writer(call.context);
  std::string json;
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    const bool pretty = arguments.size() > 1 && arguments[1]->At<uint8_t>(row) != 0;
    writer.SetFieldNames(FieldNamesOf(call, 0));
    json.clear();
    HELIOS_TRY(writer.Value(*arguments[0], row, &json, pretty));
    HELIOS_TRY(StoreJson(json, out, row));
  }
  return Status::Ok();
}

Status BuildArray(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  JsonWriter writer(call.context);
  std::string json;
  for (size_t row = 0; row < row_count; ++row) {
    json = "[";
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (i > 0) json.append(", ");
      writer.SetFieldNames(FieldNamesOf(call, i));
      HELIOS_TRY(writer.Value(*arguments[i], row, &json));
    }
    json.push_back(']');
    HELIOS_TRY(StoreJson(json, out, row));
  }
  return Status::Ok();
}

Status BuildObject(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  const bool is_jsonb = out->type().oid == type_oid::kJsonb;
  if (arguments.size() % 2 != 0) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("argument list must have even number of elements")
        .Hint("The arguments of {}() must consist of alternating keys and values.",
              is_jsonb ? "jsonb_build_object" : "json_build_object");
  }
  JsonWriter writer(call.context);
  std::string json;
  for (size_t row = 0; row < row_count; ++row) {
    json = "{";
    for (size_t i = 0; i < arguments.size(); i += 2) {
      if (arguments[i]->IsNull(row)) {
        if (is_jsonb) {
          return Error(ErrorCode::kInvalidParameterValue)
              .Message("argument {}: key must not be null", i + 1);
        }
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("argument {} cannot be null", i + 1)
            .Hint("Object keys should be text.");
      }
      if (i > 0) json.append(", ");
      HELIOS_TRY(writer.Key(*arguments[i], row, &json));
      json.append(" : ");
      writer.SetFieldNames(FieldNamesOf(call, i + 1));
      HELIOS_TRY(writer.Value(*arguments[i + 1], row, &json));
    }
    json.push_back('}');
    HELIOS_TRY(StoreJson(json, out, row));
  }
  return Status::Ok();
}

// json_object of one array of pairs, or of two arrays.
Status ObjectOfTexts(FunctionCall&, Arguments arguments, size_t row_count, Vector* out) {
  for (size_t row = 0; row < row_count; ++row) {
    if (!out->validity().IsValid(row)) continue;
    const ArrayReader first(arguments[0]->View(row));
    std::vector<bool> key_nulls;
    std::vector<std::string> keys = TextElements(arguments[0]->View(row), &key_nulls);
    std::vector<bool> value_nulls;
    std::vector<std::string> values;
    if (arguments.size() == 2) {
      values = TextElements(arguments[1]->View(row), &value_nulls);
      if (first.dimension_count() > 1) {
        return Error(ErrorCode::kArraySubscriptError).Message("wrong number of array subscripts");
      }
      if (values.size() != keys.size()) {
        return Error(ErrorCode::kArraySubscriptError).Message("mismatched array dimensions");
      }
    } else {
      if (first.dimension_count() > 2) {
        return Error(ErrorCode::kArraySubscriptError).Message("wrong number of array subscripts");
      }
      if (first.dimension_count() == 2 && first.dimension(1) != 2) {
        return Error(ErrorCode::kArraySubscriptError).Message("array must have two columns");
      }
      if (keys.size() % 2 != 0) {
        return Error(ErrorCode::kArraySubscriptError)
            .Message("array must have even number of elements");
      }
      std::vector<std::string> only_keys;
      std::vector<bool> only_key_nulls;
      for (size_t i = 0; i < keys.size(); i += 2) {
        only_keys.push_back(keys[i]);
        only_key_nulls.push_back(key_nulls[i]);
        values.push_back(keys[i + 1]);
        value_nulls.push_back(key_nulls[i + 1]);
      }
      keys = std::move(only_keys);
      key_nulls = std::move(only_key_nulls);
    }
    std::string json = "{";
    for (size_t i = 0; i < keys.size(); ++i) {
      if (key_nulls[i]) {
        return Error(ErrorCode::kNullNotAllowed).Message("null value not allowed for object key");
      }
      if (i > 0) json.append(", ");
      JsonEscape(keys[i], &json);
      json.append(" : ");
      if (value_nulls[i]) {
        json.append("null");
      } else {
        JsonEscape(values[i], &json);
      }
    }
    json.push_back('}');
    HELIOS_TRY(StoreJson(json, out, row));
  }
  return Status::Ok();
}

// --- aggregates ---

struct JsonState {
  ArenaBuffer text;
  bool has_value = false;
};
Status UpdateArray(AggregateCall& call, Arguments arguments, size_t row_count,
                   uint8_t* const* states) {
  JsonWriter writer(call.context);
  std::string json;
  const SqlType type = call.argument_types[0];
  const bool structured = IsStructured(call.context, type) || type.typmod == kJsonOfRowTypmod;
  for (size_t row = 0; row < row_count; ++row) {
    JsonState& state = StateOf<JsonState>(states[row]);
    json.clear();
    if (state.has_value) json = structured && !arguments[0]->IsNull(row) ? ", \n " : ", ";
    HELIOS_TRY(writer.Value(*arguments[0], row, &json));
    state.has_value = true;
    state.text.Append(call.arena, json);
  }
  return Status::Ok();
}
Status UpdateObject(AggregateCall& call, Arguments arguments, size_t row_count,
                    uint8_t* const* states) {
  JsonWriter writer(call.context);
  std::string json;
  for (size_t row = 0; row < row_count; ++row) {
    JsonState& state = StateOf<JsonState>(states[row]);
    if (arguments[0]->IsNull(row)) {
      return Error(ErrorCode::kInvalidParameterValue).Message("field name must not be null");
    }
    json.clear();
    if (state.has_value) json = ", ";
    HELIOS_TRY(writer.Key(*arguments[0], row, &json));
    json.append(" : ");
    HELIOS_TRY(writer.Value(*arguments[1], row, &json));
    state.has_value = true;
    state.text.Append(call.arena, json);
  }
  return Status::Ok();
}
template <bool kObject>
Status Finalize(AggregateCall&, uint8_t* const* states, size_t count, Vector* out,
                size_t first_row) {
  std::string json;
  for (size_t i = 0; i < count; ++i) {
    const JsonState& state = StateOf<JsonState>(states[i]);
    if (!state.has_value) {
      out->SetNull(first_row + i);
      continue;
    }
    json = kObject ? "{ " : "[";
    json.append(state.text.view()).append(kObject ? " }" : "]");
    out->validity().SetValid(first_row + i);
    HELIOS_TRY(StoreJson(json, out, first_row + i));
  }
  return Status::Ok();
}
AggregateFunction MakeAggregate(bool object) {
  AggregateFunction function;
  function.ignores_nulls = false;
  function.order_matters = true;
  function.state_bytes = sizeof(JsonState);
  function.init = InitState<JsonState>;
  function.update = object ? UpdateObject : UpdateArray;
  function.finalize = object ? Finalize<true> : Finalize<false>;
  return function;
}

constexpr KernelEntry kKernels[] = {
    {"to_json", ToJson},
    {"to_jsonb", ToJson},
    {"array_to_json", ToJson},
    {"array_to_json_pretty", ToJson},
    {"row_to_json", ToJson},
    {"row_to_json_pretty", ToJson},
    {"json_build_array", BuildArray},
    {"json_build_array_noargs", BuildArray},
    {"jsonb_build_array", BuildArray},
    {"jsonb_build_array_noargs", BuildArray},
    {"json_build_object", BuildObject},
    {"json_build_object_noargs", BuildObject},
    {"jsonb_build_object", BuildObject},
    {"jsonb_build_object_noargs", BuildObject},
    {"json_object", ObjectOfTexts},
    {"json_object_two_arg", ObjectOfTexts},
    {"jsonb_object", ObjectOfTexts},
    {"jsonb_object_two_arg", ObjectOfTexts},
};

}  // namespace

std::span<const KernelEntry> JsonBuildKernels() { return kKernels; }

std::span<const AggregateEntry> JsonAggregates() {
  static const std::vector<AggregateEntry>* const entries = new std::vector<AggregateEntry>{
      {"json_agg", "*", MakeAggregate(false)},
      {"jsonb_agg", "*", MakeAggregate(false)},
      {"json_object_agg", "*", MakeAggregate(true)},
      {"jsonb_object_agg", "*", MakeAggregate(true)},
  };
  return *entries;
}

}  // namespace helios::expr
