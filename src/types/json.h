#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/numeric.h"

namespace helios {

// json values are stored as their input text; jsonb values as PostgreSQL's canonical text: keys
// without duplicates, sorted by length and then bytes, numbers as numeric prints them, `: ` and `,
// ` between tokens. Two equal jsonb values have equal bytes, except for numbers of different scale.

inline constexpr int32_t kJsonDepthMax = 6400;

enum class JsonType : uint8_t { kNull, kString, kNumber, kBool, kArray, kObject };

// 22P02 `invalid input syntax for type json` with PostgreSQL's DETAIL and CONTEXT.
Status ValidateJson(std::string_view text);
// The canonical form of any json text.
Result<std::string> ParseJsonb(std::string_view text);

// Type of a json or jsonb value (valid text).
JsonType JsonTypeOf(std::string_view json);
std::string_view JsonTypeName(JsonType type);  // json_typeof: "null", "string", …

// Navigation in valid text; nothing is copied. For `json`, the last of duplicate keys wins.
std::optional<std::string_view> JsonField(std::string_view json, std::string_view key);
// Negative indexes count from the end.
std::optional<std::string_view> JsonElement(std::string_view json, int64_t index);
std::optional<std::string_view> JsonPath(std::string_view json,
                                         const std::vector<std::string>& path);
// The value as `->>` gives it: strings unescaped, null as nullopt. 22P05 for \u0000.
Result<std::optional<std::string>> JsonToText(std::string_view json);
// Requires: a string token with its quotes.
Result<std::string> JsonUnescape(std::string_view string_token);
// Quotes and escapes as to_json does.
void JsonEscape(std::string_view text, std::string* out);

// Elements of an array, or members of an object, in the text's order.
struct JsonMember {
  std::string_view key;    // The raw token with its quotes; empty for array elements.
  std::string_view value;  // The raw text of the value.
};
std::vector<JsonMember> JsonMembers(std::string_view json);
int64_t JsonArrayLength(std::string_view json);  // Requires: an array.

// jsonb operators. Arguments are canonical; so are results.
bool JsonbContains(std::string_view left, std::string_view right);  // @>
bool JsonbExists(std::string_view json, std::string_view key);      // ?
Result<std::string> JsonbConcat(std::string_view left, std::string_view right);
Result<std::string> JsonbDeleteKey(std::string_view json, std::string_view key);
Result<std::string> JsonbDeleteIndex(std::string_view json, int64_t index);
Result<std::string> JsonbDeletePath(std::string_view json, const std::vector<std::string>& path);
Result<std::string> JsonbSet(std::string_view json, const std::vector<std::string>& path,
                             std::string_view value, bool create_missing);
Result<std::string> JsonbInsert(std::string_view json, const std::vector<std::string>& path,
                                std::string_view value, bool insert_after);
// `json[path...] = value`: makes what the path lacks, arrays filled up with nulls.
Result<std::string> JsonbAssign(std::string_view json, const std::vector<std::string>& path,
                                std::string_view value);
std::string JsonbPretty(std::string_view json);
std::string JsonbStripNulls(std::string_view json);
// json_strip_nulls of plain json text.
std::string JsonStripNulls(std::string_view json);

// Builds canonical objects and arrays from canonical values.
std::string JsonbFromMembers(std::vector<std::pair<std::string, std::string>> members);
std::string JsonbFromElements(const std::vector<std::string>& elements);
// A number or string as a canonical value.
std::string JsonbString(std::string_view text);

// btree order and hash of jsonb.
int CompareJsonb(std::string_view left, std::string_view right);
uint64_t HashJsonb(std::string_view json);

}  // namespace helios
