#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

// jsonb values as bytes whose memcmp order is that of CompareJsonb (docs/formats/keys.md).
Status AppendJsonbKey(std::string_view json, std::string* key);

// Reads what AppendJsonbKey wrote from the front of `*key` and removes it there; false on malformed
// bytes. Numbers come back without their scale.
bool ReadJsonbKey(std::string_view* key, std::string* json);

}  // namespace helios
