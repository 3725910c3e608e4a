// json text: validation, the canonical form of jsonb, and navigation without copying.

#include "types/json.h"

#include <algorithm>

#include "types/internal/json_lexer.h"
#include "types/internal/json_scan.h"

namespace helios {

namespace {

using Token = JsonLexer::Token;

Status TooDeep() {
  return Error(ErrorCode::kStatementTooComplex)
      .Message("stack depth limit exceeded")
      .Hint("Flatten the JSON value: it is nested more than {} levels deep.", kJsonDepthMax);
}

Status ZeroCharacter() {
  return Error(ErrorCode::kUntranslatableCharacter)
      .Message("unsupported Unicode escape sequence")
      .Detail("\\u0000 cannot be converted to text.");
}

// Walks one json text; with an output it writes the canonical form, else it only validates.
class JsonReader {
 public:
  JsonReader(std::string_view text, bool builds) : lexer_(text, builds), builds_(builds) {}

  Status Read(std::string* out) {
    HELIOS_TRY(lexer_.Next());
    HELIOS_TRY(ReadValue(0, "JSON value", out));
    HELIOS_TRY(lexer_.Next());
    return lexer_.token() == Token::kEnd ? Status::Ok() : lexer_.Expected("end of input");
  }

 private:
  struct Member {
    std::string key;
    std::string value;
  };

  // The current token starts the value; ends on the value's last token.
  Status ReadValue(int32_t depth, std::string_view expected, std::string* out) {
    switch (lexer_.token()) {
      case Token::kObjectBegin:
        return ReadObject(depth, out);
      case Token::kArrayBegin:
        return ReadArray(depth, out);
      case Token::kString:
        return builds_ ? AppendString(out) : Status::Ok();
      case Token::kNumber:
        return builds_ ? AppendNumber(out) : Status::Ok();
      case Token::kTrue:
      case Token::kFalse:
      case Token::kNull:
        if (builds_) out->append(lexer_.text());
        return Status::Ok();
      default:
        return lexer_.Expected(expected);
    }
  }

  Status AppendString(std::string* out) {
    if (!lexer_.string_has_escapes()) {
      out->append(lexer_.text());
      return Status::Ok();
    }
    std::string text;
    if (!AppendJsonUnescaped(lexer_.text(), &text)) return ZeroCharacter();
    JsonEscape(text, out);
    return Status::Ok();
  }

  Status AppendNumber(std::string* out) {
    const std::string_view text = lexer_.text();
    // Digits that numeric would print the same way.
    if (text.find_first_of("eE") == std::string_view::npos && !text.starts_with("-0") &&
        text.size() < 1000) {
      out->append(text);
      return Status::Ok();
    }
    HELIOS_TRY(const Numeric value, Numeric::Parse(text));
    value.Format(out);
    return Status::Ok();
  }

  Status ReadArray(int32_t depth, std::string* out) {
    if (depth >= kJsonDepthMax) return TooDeep();
    if (builds_) out->push_back('[');
    HELIOS_TRY(lexer_.Next());
    if (lexer_.token() != Token::kArrayEnd) {
      std::string_view expected = "array element or \"]\"";
      while (true) {
        HELIOS_TRY(ReadValue(depth + 1, expected, out));
        expected = "JSON value";
        HELIOS_TRY(lexer_.Next());
        if (lexer_.token() == Token::kArrayEnd) break;
        if (lexer_.token() != Token::kComma) return lexer_.Expected("\",\" or \"]\"");
        if (builds_) out->append(", ");
        HELIOS_TRY(lexer_.Next());
      }
    }
    if (builds_) out->push_back(']');
    return Status::Ok();
  }

  Status ReadObject(int32_t depth, std::string* out) {
    if (depth >= kJsonDepthMax) return TooDeep();
    std::vector<Member> members;
    HELIOS_TRY(lexer_.Next());
    if (lexer_.token() != Token::kObjectEnd) {
      if (lexer_.token() != Token::kString) return lexer_.Expected("string or \"}\"");
      while (true) {
        Member member;
        if (builds_ && !AppendJsonUnescaped(lexer_.text(), &member.key)) return ZeroCharacter();
        HELIOS_TRY(lexer_.Next());
        if (lexer_.token() != Token::kColon) return lexer_.Expected("\":\"");
        HELIOS_TRY(lexer_.Next());
        HELIOS_TRY(ReadValue(depth + 1, "JSON value", &member.value));
        if (builds_) members.push_back(std::move(member));
        HELIOS_TRY(lexer_.Next());
        if (lexer_.token() == Token::kObjectEnd) break;
        if (lexer_.token() != Token::kComma) return lexer_.Expected("\",\" or \"}\"");
        HELIOS_TRY(lexer_.Next());
        if (lexer_.token() != Token::kString) return lexer_.Expected("string");
      }
    }
    if (!builds_) return Status::Ok();
    std::vector<std::pair<std::string, std::string>> pairs;
    pairs.reserve(members.size());
    for (Member& member : members) {
      pairs.emplace_back(std::move(member.key), std::move(member.value));
    }
    out->append(JsonbFromMembers(std::move(pairs)));
    return Status::Ok();
  }

  JsonLexer lexer_;
  const bool builds_;
};

}  // namespace

Status ValidateJson(std::string_view text) {
  std::string unused;
  return JsonReader(text, false).Read(&unused);
}

Result<std::string> ParseJsonb(std::string_view text) {
  std::string out;
  HELIOS_TRY(JsonReader(text, true).Read(&out));
  return out;
}

void JsonEscape(std::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    switch (c) {
      case '\b':
        out->append("\\b");
        break;
      case '\f':
        out->append("\\f");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out->append(fmt::format("\\u{:04x}", static_cast<unsigned char>(c)));
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

std::string JsonbString(std::string_view text) {
  std::string out;
  JsonEscape(text, &out);
  return out;
}

bool JsonKeyLess(std::string_view left, std::string_view right) {
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

std::string JsonbFromMembers(std::vector<std::pair<std::string, std::string>> members) {
  // Shorter keys first; of equal keys the last one stays.
  std::stable_sort(members.begin(), members.end(), [](const auto& left, const auto& right) {
    return JsonKeyLess(left.first, right.first);
  });
  std::string out = "{";
  bool first = true;
  for (size_t i = 0; i < members.size(); ++i) {
    if (i + 1 < members.size() && members[i + 1].first == members[i].first) continue;
    if (!first) out.append(", ");
    first = false;
    JsonEscape(members[i].first, &out);
    out.append(": ");
    out.append(members[i].second);
  }
  out.push_back('}');
  return out;
}

std::string JsonbFromElements(const std::vector<std::string>& elements) {
  std::string out = "[";
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) out.append(", ");
    out.append(elements[i]);
  }
  out.push_back(']');
  return out;
}

JsonType JsonTypeOf(std::string_view json) {
  switch (json[JsonSkipSpace(json, 0)]) {
    case '{':
      return JsonType::kObject;
    case '[':
      return JsonType::kArray;
    case '"':
      return JsonType::kString;
    case 't':
    case 'f':
      return JsonType::kBool;
    case 'n':
      return JsonType::kNull;
    default:
      return JsonType::kNumber;
  }
}

std::string_view JsonTypeName(JsonType type) {
  switch (type) {
    case JsonType::kNull:
      return "null";
    case JsonType::kString:
      return "string";
    case JsonType::kNumber:
      return "number";
    case JsonType::kBool:
      return "boolean";
    case JsonType::kArray:
      return "array";
    case JsonType::kObject:
      return "object";
  }
  return "null";
}

size_t JsonSkipSpace(std::string_view json, size_t at) {
  while (at < json.size() &&
         (json[at] == ' ' || json[at] == '\t' || json[at] == '\n' || json[at] == '\r')) {
    ++at;
  }
  return at;
}

namespace {

// Past the closing quote of the string that starts at `at`.
size_t SkipString(std::string_view json, size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

size_t JsonSkipValue(std::string_view json, size_t at) {
  if (json[at] == '"') return SkipString(json, at);
  if (json[at] != '{' && json[at] != '[') {
    while (at < json.size() && json[at] != ',' && json[at] != '}' && json[at] != ']' &&
           json[at] != ' ' && json[at] != '\n' && json[at] != '\t' && json[at] != '\r') {
      ++at;
    }
    return at;
  }
  size_t depth = 0;
  while (at < json.size()) {
    switch (json[at]) {
      case '"':
        at = SkipString(json, at);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return at;
}

JsonIterator::JsonIterator(std::string_view json) : json_(json) {
  at_ = JsonSkipSpace(json_, 0);
  is_object_ = json_[at_] == '{';
  ++at_;
}

bool JsonIterator::Next(JsonMember* out) {
  at_ = JsonSkipSpace(json_, at_);
  if (at_ >= json_.size() || json_[at_] == '}' || json_[at_] == ']') return false;
  if (json_[at_] == ',') at_ = JsonSkipSpace(json_, at_ + 1);
  if (is_object_) {
    const size_t key_end = SkipString(json_, at_);
    out->key = json_.substr(at_, key_end - at_);
    at_ = JsonSkipSpace(json_, JsonSkipSpace(json_, key_end) + 1);
  }
  const size_t end = JsonSkipValue(json_, at_);
  out->value = json_.substr(at_, end - at_);
  at_ = end;
  return true;
}

std::string JsonKeyText(std::string_view key_token) {
  std::string out;
  if (key_token.find('\\') == std::string_view::npos) {
    return std::string(key_token.substr(1, key_token.size() - 2));
  }
  AppendJsonUnescaped(key_token, &out);
  return out;
}

bool JsonKeyIs(std::string_view key_token, std::string_view key) {
  if (key_token.find('\\') == std::string_view::npos) {
    return key_token.substr(1, key_token.size() - 2) == key;
  }
  return JsonKeyText(key_token) == key;
}

std::vector<JsonMember> JsonMembers(std::string_view json) {
  std::vector<JsonMember> members;
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member);) members.push_back(member);
  return members;
}

std::optional<std::string_view> JsonField(std::string_view json, std::string_view key) {
  if (JsonTypeOf(json) != JsonType::kObject) return std::nullopt;
  std::optional<std::string_view> found;
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member);) {
    if (JsonKeyIs(member.key, key)) found = member.value;
  }
  return found;
}

int64_t JsonArrayLength(std::string_view json) {
  int64_t count = 0;
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member);) ++count;
  return count;
}

std::optional<std::string_view> JsonElement(std::string_view json, int64_t index) {
  if (JsonTypeOf(json) != JsonType::kArray) return std::nullopt;
  if (index < 0) index += JsonArrayLength(json);
  if (index < 0) return std::nullopt;
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member); --index) {
    if (index == 0) return member.value;
  }
  return std::nullopt;
}

std::optional<int64_t> JsonPathIndex(std::string_view text) {
  if (text.empty()) return std::nullopt;
  size_t at = text[0] == '-' || text[0] == '+' ? 1 : 0;
  if (at == text.size()) return std::nullopt;
  int64_t value = 0;
  for (; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    value = value * 10 + (text[at] - '0');
    if (value > INT32_MAX) return std::nullopt;
  }
  return text[0] == '-' ? -value : value;
}

std::optional<std::string_view> JsonPath(std::string_view json,
                                         const std::vector<std::string>& path) {
  std::optional<std::string_view> current = json;
  for (const std::string& step : path) {
    switch (JsonTypeOf(*current)) {
      case JsonType::kObject:
        current = JsonField(*current, step);
        break;
      case JsonType::kArray: {
        const std::optional<int64_t> index = JsonPathIndex(step);
        if (!index.has_value()) return std::nullopt;
        current = JsonElement(*current, *index);
        break;
      }
      default:
        return std::nullopt;
    }
    if (!current.has_value()) return std::nullopt;
  }
  return current;
}

Result<std::string> JsonUnescape(std::string_view string_token) {
  std::string out;
  if (!AppendJsonUnescaped(string_token, &out)) return ZeroCharacter();
  return out;
}

Result<std::optional<std::string>> JsonToText(std::string_view json) {
  const JsonType type = JsonTypeOf(json);
  if (type == JsonType::kNull) return std::optional<std::string>();
  if (type != JsonType::kString) return std::optional<std::string>(std::string(json));
  const size_t begin = JsonSkipSpace(json, 0);
  HELIOS_TRY(std::string text,
             JsonUnescape(json.substr(begin, JsonSkipValue(json, begin) - begin)));
  return std::optional<std::string>(std::move(text));
}

}  // namespace helios
