// Which words the grammar knows, and where they may still be names.
#pragma once

#include <cstdint>
#include <string_view>

namespace helios::sql {

enum class KeywordCategory : uint8_t {
  kNone,                // Not a key word.
  kUnreserved,          // May name anything.
  kColumnName,          // May not name a function or a type.
  kTypeOrFunctionName,  // May name a function or a type only.
  kReserved,
};

KeywordCategory FindKeyword(std::string_view lower_case_word);

}  // namespace helios::sql
