// Operators on canonical jsonb text.

#include <algorithm>

#include "base/hash.h"
#include "types/internal/json_scan.h"
#include "types/json.h"

namespace helios {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool IsContainer(JsonType type) { return type == JsonType::kArray || type == JsonType::kObject; }

bool ScalarsEqual(std::string_view left, std::string_view right) {
  if (left == right) return true;
  if (JsonTypeOf(left) != JsonType::kNumber || JsonTypeOf(right) != JsonType::kNumber) return false;
  return CompareJsonb(left, right) == 0;
}

bool ArrayHoldsScalar(std::string_view array, std::string_view scalar) {
  JsonIterator iterator(array);
  for (JsonMember member; iterator.Next(&member);) {
    if (!IsContainer(JsonTypeOf(member.value)) && ScalarsEqual(member.value, scalar)) return true;
  }
  return false;
}

// Both are containers of the same type.
bool DeepContains(std::string_view left, std::string_view right) {
  JsonIterator wanted(right);
  if (JsonTypeOf(right) == JsonType::kObject) {
    for (JsonMember member; wanted.Next(&member);) {
      const std::optional<std::string_view> found = JsonField(left, JsonKeyText(member.key));
      if (!found.has_value()) return false;
      const JsonType type = JsonTypeOf(member.value);
      if (JsonTypeOf(*found) != type) return false;
      const bool holds = IsContainer(type) ? DeepContains(*found, member.value)
                                           : ScalarsEqual(*found, member.value);
      if (!holds) return false;
    }
    return true;
  }
  for (JsonMember member; wanted.Next(&member);) {
    const JsonType type = JsonTypeOf(member.value);
    if (!IsContainer(type)) {
      if (!ArrayHoldsScalar(left, member.value)) return false;
      continue;
    }
    bool holds = false;
    JsonIterator candidates(left);
    for (JsonMember candidate; !holds && candidates.Next(&candidate);) {
      holds = JsonTypeOf(candidate.value) == type && DeepContains(candidate.value, member.value);
    }
    if (!holds) return false;
  }
  return true;
}

Pairs PairsOf(std::string_view object) {
  Pairs pairs;
  JsonIterator iterator(object);
  for (JsonMember member; iterator.Next(&member);) {
    pairs.emplace_back(JsonKeyText(member.key), std::string(member.value));
  }
  return pairs;
}

std::vector<std::string> ElementsOf(std::string_view json) {
  std::vector<std::string> elements;
  if (JsonTypeOf(json) != JsonType::kArray) {
    elements.emplace_back(json);
    return elements;
  }
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member);) elements.emplace_back(member.value);
  return elements;
}

Status ScalarError(std::string_view message) {
  return Error(ErrorCode::kInvalidParameterValue).Message("{}", message);
}

enum class PathAction : uint8_t {
  kReplace,
  kCreate,
  kInsertBefore,
  kInsertAfter,
  kDelete,
  kAssign,  // As kCreate, and the way to the place is made too, arrays filled up with nulls.
};

// One change along a path, rebuilding what lies on the way.
class PathEditor {
 public:
  PathEditor(const std::vector<std::string>& path, PathAction action, std::string_view value)
      : path_(path), action_(action), value_(value) {}

  Result<std::string> Edit(std::string_view json, size_t level) {
    switch (JsonTypeOf(json)) {
      case JsonType::kObject:
        return EditObject(json, level);
      case JsonType::kArray:
        return EditArray(json, level);
      default:
        if (action_ != PathAction::kAssign) return std::string(json);
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("cannot replace existing key")
            .Detail("The path assumes key is a composite object, but it is a scalar value.");
    }
  }

 private:
  // The value wrapped in what the steps from `level` on need.
  Result<std::string> Wrapped(size_t level) const {
    std::string value(value_);
    for (size_t i = path_.size(); i-- > level;) {
      const std::optional<int64_t> index = JsonPathIndex(path_[i]);
      if (!index.has_value()) {
        value = JsonbFromMembers({{path_[i], std::move(value)}});
        continue;
      }
      HELIOS_TRY(value, WithElementAt({}, std::max<int64_t>(*index, 0), std::move(value)));
    }
    return value;
  }
  // `elements`, filled up with nulls, and then `value` at `index`.
  static Result<std::string> WithElementAt(std::vector<std::string> elements, int64_t index,
                                           std::string value) {
    constexpr int64_t kGapMax = 10'000'000;  // Elements; more would not fit a value.
    if (index > kGapMax) {
      return Error(ErrorCode::kProgramLimitExceeded)
          .Message("total size of jsonb array elements exceeds the maximum of {} bytes", 268435455);
    }
    elements.resize(static_cast<size_t>(index), "null");
    elements.push_back(std::move(value));
    return JsonbFromElements(elements);
  }
  bool inserts() const {
    return action_ == PathAction::kInsertBefore || action_ == PathAction::kInsertAfter;
  }
  bool assigns() const { return action_ == PathAction::kAssign; }
  bool adds() const { return inserts() || assigns() || action_ == PathAction::kCreate; }

  Result<std::string> EditObject(std::string_view json, size_t level) {
    const bool last = level + 1 == path_.size();
    Pairs pairs;
    bool found = false;
    for (auto& [key, value] : PairsOf(json)) {
      if (key != path_[level]) {
        pairs.emplace_back(std::move(key), std::move(value));
        continue;
      }
      found = true;
      if (!last) {
        HELIOS_TRY(std::string edited, Edit(value, level + 1));
        pairs.emplace_back(std::move(key), std::move(edited));
      } else if (inserts()) {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("cannot replace existing key")
            .Hint("Try using the function jsonb_set to replace key value.");
      } else if (action_ != PathAction::kDelete) {
        pairs.emplace_back(std::move(key), std::string(value_));
      }
    }
    if (!found && last && adds()) pairs.emplace_back(path_[level], std::string(value_));
    if (!found && !last && assigns()) {
      HELIOS_TRY(std::string made, Wrapped(level + 1));
      pairs.emplace_back(path_[level], std::move(made));
    }
    return JsonbFromMembers(std::move(pairs));
  }

  Result<std::string> EditArray(std::string_view json, size_t level) {
    const bool last = level + 1 == path_.size();
    std::vector<std::string> elements = ElementsOf(json);
    const auto count = static_cast<int64_t>(elements.size());
    const std::optional<int64_t> step = JsonPathIndex(path_[level]);
    if (!step.has_value()) {
      return Error(ErrorCode::kInvalidTextRepresentation)
          .Message("path element at position {} is not an integer: \"{}\"", level + 1,
                   path_[level]);
    }
    if (assigns()) {
      if (*step < -count) {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("path element at position {} is out of range: {}", level + 1, *step);
      }
      if (*step >= count) {
        HELIOS_TRY(std::string made, Wrapped(level + 1));
        return WithElementAt(std::move(elements), *step, std::move(made));
      }
    }
    int64_t index = *step < 0 ? *step + count : std::min(*step, count);
    std::vector<std::string> out;
    if ((index < 0 || count == 0) && last && adds()) {
      out.emplace_back(value_);
      index = -1;
    }
    for (int64_t i = 0; i < count; ++i) {
      const std::string& element = elements[static_cast<size_t>(i)];
      if (i != index) {
        out.push_back(element);
      } else if (!last) {
        HELIOS_TRY(std::string edited, Edit(element, level + 1));
        out.push_back(std::move(edited));
      } else {
        if (action_ == PathAction::kInsertBefore) out.emplace_back(value_);
        if (inserts()) out.push_back(element);
        if (action_ != PathAction::kInsertBefore && action_ != PathAction::kDelete) {
          out.emplace_back(value_);
        }
      }
    }
    if (index == count && count > 0 && last && adds()) out.emplace_back(value_);
    return JsonbFromElements(out);
  }

  const std::vector<std::string>& path_;
  const PathAction action_;
  const std::string_view value_;
};

void AppendIndent(size_t level, std::string* out) {
  out->push_back('\n');
  out->append(level * 4, ' ');
}

void AppendPretty(std::string_view json, size_t level, std::string* out) {
  const JsonType type = JsonTypeOf(json);
  if (!IsContainer(type)) {
    out->append(json);
    return;
  }
  out->push_back(type == JsonType::kObject ? '{' : '[');
  bool first = true;
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member);) {
    if (!first) out->push_back(',');
    first = false;
    AppendIndent(level + 1, out);
    if (type == JsonType::kObject) {
      out->append(member.key);
      out->append(": ");
    }
    AppendPretty(member.value, level + 1, out);
  }
  AppendIndent(level, out);
  out->push_back(type == JsonType::kObject ? '}' : ']');
}

// `separator` and `colon` are the punctuation of the form at hand.
void AppendWithoutNulls(std::string_view json, std::string_view separator, std::string_view colon,
                        std::string* out) {
  const JsonType type = JsonTypeOf(json);
  if (!IsContainer(type)) {
    out->append(json);
    return;
  }
  const bool is_object = type == JsonType::kObject;
  out->push_back(is_object ? '{' : '[');
  bool first = true;
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member);) {
    if (is_object && JsonTypeOf(member.value) == JsonType::kNull) continue;
    if (!first) out->append(separator);
    first = false;
    if (is_object) {
      out->append(member.key);
      out->append(colon);
    }
    AppendWithoutNulls(member.value, separator, colon, out);
  }
  out->push_back(is_object ? '}' : ']');
}

int CompareViews(std::string_view left, std::string_view right) {
  const int order = left.compare(right);
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

int CompareScalars(JsonType type, std::string_view left, std::string_view right) {
  switch (type) {
    case JsonType::kString:
      return CompareViews(JsonKeyText(left), JsonKeyText(right));
    case JsonType::kNumber: {
      if (left == right) return 0;
      return Numeric::Compare(Numeric::Parse(left).value(), Numeric::Parse(right).value());
    }
    case JsonType::kBool:
      return static_cast<int>(left[0] == 't') - static_cast<int>(right[0] == 't');
    default:
      return 0;
  }
}

int CompareContainers(JsonType type, std::string_view left, std::string_view right);

int CompareValues(std::string_view left, std::string_view right) {
  const JsonType left_type = JsonTypeOf(left);
  const JsonType right_type = JsonTypeOf(right);
  if (left_type != right_type) return left_type < right_type ? -1 : 1;
  if (IsContainer(left_type)) return CompareContainers(left_type, left, right);
  return CompareScalars(left_type, left, right);
}

// More members are greater; then member by member, key before value.
int CompareContainers(JsonType type, std::string_view left, std::string_view right) {
  const int64_t left_count = JsonArrayLength(left);
  const int64_t right_count = JsonArrayLength(right);
  if (left_count != right_count) return left_count < right_count ? -1 : 1;
  JsonIterator left_members(left);
  JsonIterator right_members(right);
  JsonMember a;
  JsonMember b;
  while (left_members.Next(&a) && right_members.Next(&b)) {
    if (type == JsonType::kObject) {
      const int order = CompareViews(JsonKeyText(a.key), JsonKeyText(b.key));
      if (order != 0) return order;
    }
    const int order = CompareValues(a.value, b.value);
    if (order != 0) return order;
  }
  return 0;
}

}  // namespace

bool JsonbContains(std::string_view left, std::string_view right) {
  const JsonType left_type = JsonTypeOf(left);
  const JsonType right_type = JsonTypeOf(right);
  // An array may contain a bare scalar, never the other way round.
  if (!IsContainer(right_type)) {
    if (left_type == JsonType::kArray) return ArrayHoldsScalar(left, right);
    return !IsContainer(left_type) && ScalarsEqual(left, right);
  }
  return left_type == right_type && DeepContains(left, right);
}

bool JsonbExists(std::string_view json, std::string_view key) {
  switch (JsonTypeOf(json)) {
    case JsonType::kObject:
      return JsonField(json, key).has_value();
    case JsonType::kString:
      return JsonKeyIs(json, key);
    case JsonType::kArray: {
      JsonIterator iterator(json);
      for (JsonMember member; iterator.Next(&member);) {
        if (JsonTypeOf(member.value) == JsonType::kString && JsonKeyIs(member.value, key)) {
          return true;
        }
      }
      return false;
    }
    default:
      return false;
  }
}

Result<std::string> JsonbConcat(std::string_view left, std::string_view right) {
  if (JsonTypeOf(left) == JsonType::kObject && JsonTypeOf(right) == JsonType::kObject) {
    Pairs pairs = PairsOf(left);
    for (auto& pair : PairsOf(right)) pairs.push_back(std::move(pair));
    return JsonbFromMembers(std::move(pairs));
  }
  std::vector<std::string> elements = ElementsOf(left);
  for (std::string& element : ElementsOf(right)) elements.push_back(std::move(element));
  return JsonbFromElements(elements);
}

Result<std::string> JsonbDeleteKey(std::string_view json, std::string_view key) {
  switch (JsonTypeOf(json)) {
    case JsonType::kObject: {
      Pairs pairs = PairsOf(json);
      std::erase_if(pairs, [key](const auto& pair) { return pair.first == key; });
      return JsonbFromMembers(std::move(pairs));
    }
    case JsonType::kArray: {
      std::vector<std::string> elements = ElementsOf(json);
      std::erase_if(elements, [key](const std::string& element) {
        return element[0] == '"' && JsonKeyIs(element, key);
      });
      return JsonbFromElements(elements);
    }
    default:
      return ScalarError("cannot delete from scalar");
  }
}

Result<std::string> JsonbDeleteIndex(std::string_view json, int64_t index) {
  switch (JsonTypeOf(json)) {
    case JsonType::kObject:
      return ScalarError("cannot delete from object using integer index");
    case JsonType::kArray: {
      std::vector<std::string> elements = ElementsOf(json);
      if (index < 0) index += static_cast<int64_t>(elements.size());
      if (index >= 0 && index < static_cast<int64_t>(elements.size())) {
        elements.erase(elements.begin() + index);
      }
      return JsonbFromElements(elements);
    }
    default:
      return ScalarError("cannot delete from scalar");
  }
}

Result<std::string> JsonbDeletePath(std::string_view json, const std::vector<std::string>& path) {
  if (!IsContainer(JsonTypeOf(json))) return ScalarError("cannot delete path in scalar");
  if (path.empty() || JsonArrayLength(json) == 0) return std::string(json);
  return PathEditor(path, PathAction::kDelete, "").Edit(json, 0);
}

Result<std::string> JsonbSet(std::string_view json, const std::vector<std::string>& path,
                             std::string_view value, bool create_missing) {
  if (!IsContainer(JsonTypeOf(json))) return ScalarError("cannot set path in scalar");
  if (path.empty() || (!create_missing && JsonArrayLength(json) == 0)) return std::string(json);
  return PathEditor(path, create_missing ? PathAction::kCreate : PathAction::kReplace, value)
      .Edit(json, 0);
}

Result<std::string> JsonbInsert(std::string_view json, const std::vector<std::string>& path,
                                std::string_view value, bool insert_after) {
  if (!IsContainer(JsonTypeOf(json))) return ScalarError("cannot set path in scalar");
  if (path.empty()) return std::string(json);
  return PathEditor(path, insert_after ? PathAction::kInsertAfter : PathAction::kInsertBefore,
                    value)
      .Edit(json, 0);
}

Result<std::string> JsonbAssign(std::string_view json, const std::vector<std::string>& path,
                                std::string_view value) {
  return PathEditor(path, PathAction::kAssign, value).Edit(json, 0);
}

std::string JsonbPretty(std::string_view json) {
  std::string out;
  AppendPretty(json, 0, &out);
  return out;
}

std::string JsonbStripNulls(std::string_view json) {
  std::string out;
  AppendWithoutNulls(json, ", ", ": ", &out);
  return out;
}

std::string JsonStripNulls(std::string_view json) {
  std::string out;
  AppendWithoutNulls(json, ",", ":", &out);
  return out;
}

int CompareJsonb(std::string_view left, std::string_view right) {
  const JsonType left_type = JsonTypeOf(left);
  const JsonType right_type = JsonTypeOf(right);
  // At the top, and only there, PostgreSQL sorts an empty array below every scalar.
  if (left_type == JsonType::kArray && !IsContainer(right_type) && JsonArrayLength(left) == 0) {
    return -1;
  }
  if (right_type == JsonType::kArray && !IsContainer(left_type) && JsonArrayLength(right) == 0) {
    return 1;
  }
  return CompareValues(left, right);
}

uint64_t HashJsonb(std::string_view json) {
  const JsonType type = JsonTypeOf(json);
  if (type == JsonType::kNumber) return Numeric::Parse(json).value().Hash();
  if (!IsContainer(type)) return HashBytes(json);
  uint64_t hash = HashInt(static_cast<uint64_t>(type) + 1);
  JsonIterator iterator(json);
  for (JsonMember member; iterator.Next(&member);) {
    if (type == JsonType::kObject) hash = HashCombine(hash, HashBytes(member.key));
    hash = HashCombine(hash, HashJsonb(member.value));
  }
  return hash;
}

}  // namespace helios
