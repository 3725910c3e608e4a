// A tag in the order of the types, then the value: strings and numbers as keys of text and numeric;
// of arrays and objects the number of members, then the members, a name before its value. At the
// top, and only there, an empty array comes before all else: it has a tag of its own.
#include "types/internal/jsonb_key.h"

#include "base/codec.h"
#include "types/json.h"
#include "types/key_codec.h"

namespace helios {
namespace {

constexpr char kTagEmptyTopArray = 0x01;
constexpr char kTagNull = 0x02;
constexpr char kTagString = 0x03;
constexpr char kTagNumber = 0x04;
constexpr char kTagFalse = 0x05;
constexpr char kTagTrue = 0x06;
constexpr char kTagArray = 0x07;
constexpr char kTagObject = 0x08;

const KeyColumn& TextColumn() {
  static const KeyColumn column{SqlType{type_oid::kText}};
  return column;
}

const KeyColumn& NumericColumn() {
  static const KeyColumn column{SqlType{type_oid::kNumeric}};
  return column;
}

Status AppendString(std::string_view token, std::string* key) {
  HELIOS_TRY(const std::string text, JsonUnescape(token));
  return AppendKey(TextColumn(), Value::Text(text), key);
}

Status AppendValue(std::string_view json, std::string* key) {
  const JsonType type = JsonTypeOf(json);
  switch (type) {
    case JsonType::kNull:
      key->push_back(kTagNull);
      return Status::Ok();
    case JsonType::kString:
      key->push_back(kTagString);
      return AppendString(json, key);
    case JsonType::kNumber: {
      key->push_back(kTagNumber);
      HELIOS_TRY(const Numeric number, Numeric::Parse(json));
      return AppendKey(NumericColumn(), Value::Bytes({type_oid::kNumeric}, number.Encode()), key);
    }
    case JsonType::kBool:
      key->push_back(json[0] == 't' ? kTagTrue : kTagFalse);
      return Status::Ok();
    case JsonType::kArray:
    case JsonType::kObject:
      break;
  }
  key->push_back(type == JsonType::kArray ? kTagArray : kTagObject);
  const std::vector<JsonMember> members = JsonMembers(json);
  AppendBigEndian(key, static_cast<uint32_t>(members.size()));
  for (const JsonMember& member : members) {
    if (type == JsonType::kObject) HELIOS_TRY(AppendString(member.key, key));
    HELIOS_TRY(AppendValue(member.value, key));
  }
  return Status::Ok();
}

bool ReadString(std::string_view* key, std::string* text) {
  Vector value{TextColumn().type};
  if (!DecodeKey(TextColumn(), key, &value, 0).ok() || value.IsNull(0)) return false;
  text->assign(value.View(0));
  return text->find('\0') == std::string::npos;
}

bool ReadNumber(std::string_view* key, std::string* json) {
  Vector value{NumericColumn().type};
  if (!DecodeKey(NumericColumn(), key, &value, 0).ok() || value.IsNull(0)) return false;
  const Numeric number = Numeric::Decode(value.View(0));
  if (!number.is_finite()) return false;
  *json += number.ToString();
  return true;
}

bool ReadValue(std::string_view* key, int32_t depth, std::string* json);

bool ReadMembers(std::string_view* key, bool object, int32_t depth, std::string* json) {
  if (depth >= kJsonDepthMax || key->size() < sizeof(uint32_t)) return false;
  const auto count = LoadBigEndian<uint32_t>(key->data());
  key->remove_prefix(sizeof(uint32_t));
  json->push_back(object ? '{' : '[');
  std::string last;
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) *json += ", ";
    if (object) {
      std::string name;
      if (!ReadString(key, &name)) return false;
      // Names ascend by length, then by bytes.
      const bool ascends = name.size() != last.size() ? name.size() > last.size() : name > last;
      if (i > 0 && !ascends) return false;
      *json += JsonbString(name);
      *json += ": ";
      last = std::move(name);
    }
    if (!ReadValue(key, depth + 1, json)) return false;
  }
  json->push_back(object ? '}' : ']');
  return true;
}

bool ReadValue(std::string_view* key, int32_t depth, std::string* json) {
  if (key->empty()) return false;
  const char tag = (*key)[0];
  key->remove_prefix(1);
  switch (tag) {
    case kTagNull:
      *json += "null";
      return true;
    case kTagString: {
      std::string text;
      if (!ReadString(key, &text)) return false;
      *json += JsonbString(text);
      return true;
    }
    case kTagNumber:
      return ReadNumber(key, json);
    case kTagFalse:
      *json += "false";
      return true;
    case kTagTrue:
      *json += "true";
      return true;
    case kTagArray:
    case kTagObject:
      return ReadMembers(key, tag == kTagObject, depth, json);
    default:
      return false;
  }
}

}  // namespace

Status AppendJsonbKey(std::string_view json, std::string* key) {
  if (JsonTypeOf(json) == JsonType::kArray && JsonArrayLength(json) == 0) {
    key->push_back(kTagEmptyTopArray);
    return Status::Ok();
  }
  return AppendValue(json, key);
}

bool ReadJsonbKey(std::string_view* key, std::string* json) {
  json->clear();
  if (!key->empty() && (*key)[0] == kTagEmptyTopArray) {
    key->remove_prefix(1);
    *json = "[]";
    return true;
  }
  const bool ok = ReadValue(key, 0, json);
  return ok && *json != "[]";
}

}  // namespace helios
