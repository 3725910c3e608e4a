#pragma once

#include <cstdint>
#include <string_view>

namespace helios {

// Every error that a caller or a client acts on. The list is error_codes.def.
enum class ErrorCode : uint16_t {
#define HELIOS_ERROR_CODE(name, number, sqlstate, retryable) name = number,
#include "base/error_codes.def"
#undef HELIOS_ERROR_CODE
};

// Five characters, as PostgreSQL 15 names the condition.
std::string_view SqlState(ErrorCode code);

// The name without its leading k, as in "UniqueViolation".
std::string_view ErrorCodeName(ErrorCode code);

// Whether the same transaction, run again from its start, may succeed.
bool IsRetryable(ErrorCode code);

}  // namespace helios
