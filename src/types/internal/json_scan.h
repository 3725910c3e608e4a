#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "types/json.h"

namespace helios {

// Walking valid json text.
size_t JsonSkipSpace(std::string_view json, size_t at);
// Past the value that starts at `at`.
size_t JsonSkipValue(std::string_view json, size_t at);

// Members of an object or elements of an array, from front to back.
class JsonIterator {
 public:
  // Requires: an array or object.
  explicit JsonIterator(std::string_view json);
  bool Next(JsonMember* out);

 private:
  std::string_view json_;
  size_t at_;
  bool is_object_;
};

std::string JsonKeyText(std::string_view key_token);
bool JsonKeyIs(std::string_view key_token, std::string_view key);
// Order of keys in a canonical object: by length, then by bytes.
bool JsonKeyLess(std::string_view left, std::string_view right);
// A path step as an array index.
std::optional<int64_t> JsonPathIndex(std::string_view text);

}  // namespace helios
